// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"net/http"
	"strconv"
	"time"
)

// fail answers, or does not answer, as a fault wants it.
func (s *Server) fail(rw http.ResponseWriter, r *http.Request, f *Fault, nested bool) {
	switch f.Kind {
	case FaultStatus:
		if f.AfterHandler {
			s.run(r, nested)
		}
		s.faultAnswer(f, r).sendTo(rw)
	case FaultReset:
		resetConnection(rw)
	case FaultHang:
		select {
		case <-r.Context().Done():
		case <-s.stop:
		}
		panic(http.ErrAbortHandler) // Gives up the connection without an answer.
	case FaultTruncate:
		a := s.run(r, nested)
		rw.Header().Set("Content-Length", strconv.Itoa(max(1, a.body.Len())))
		half := a.body.Bytes()[:a.body.Len()/2]
		for key, values := range a.Header() {
			rw.Header()[key] = values
		}
		rw.WriteHeader(max(a.status, http.StatusOK))
		_, _ = rw.Write(half)
		_ = http.NewResponseController(rw).Flush()
		panic(http.ErrAbortHandler)
	case FaultLost:
		s.run(r, nested)
		resetConnection(rw)
	case FaultNoop:
		s.runNoop(r, nested).sendTo(rw)
	case FaultExpiredToken:
		s.tokenExpired(r).sendTo(rw)
	}
}

// faultAnswer is the answer of a fault of kind status.
func (s *Server) faultAnswer(f *Fault, r *http.Request) *answer {
	a := newAnswer()
	contentType, body := f.render()
	if f.Body == "" && (f.BodyForm == "" || f.BodyForm == "json") {
		if shape, ok := s.idpErrorBody(r.URL.Path, f.Status, f.ErrorCode, f.text()); ok {
			body = marshal(shape)
		}
	}
	if contentType != "" {
		a.Header().Set("Content-Type", contentType)
	}
	if f.RetryAfterSeconds != nil {
		value := strconv.Itoa(*f.RetryAfterSeconds)
		if f.RetryAfterForm == "date" {
			value = s.opts.Now().Add(time.Duration(*f.RetryAfterSeconds) * time.Second).UTC().Format(http.TimeFormat)
		}
		a.Header().Set("Retry-After", value)
	}
	for key, value := range f.Headers {
		a.Header().Set(key, value)
	}
	a.status = f.Status
	a.body.WriteString(body)
	return a
}

// runNoop runs a write on a throw-away copy of the world, so that refusals stay
// what they are. A PATCH or PUT that would have succeeded is answered with the
// resource as it still is, where a GET of it has a body.
func (s *Server) runNoop(r *http.Request, nested bool) *answer {
	if nested { // The parts of a batch only read.
		return s.run(r, nested)
	}
	out := newAnswer()
	s.store.alone(func() { s.noop(&out, r) })
	return out
}

// noop runs inside [store.alone].
func (s *Server) noop(reply **answer, r *http.Request) {
	out := *reply
	if err := s.store.onCopy(func() { s.answerRoute(out, r) }); err != nil {
		*reply = newAnswer()
		writeError(*reply, http.StatusInternalServerError, "INTERNAL_ERROR", "simulator: "+err.Error())
		return
	}
	changes := r.Method == http.MethodPatch || r.Method == http.MethodPut
	if !changes || out.status >= http.StatusMultipleChoices || out.body.Len() == 0 {
		return
	}
	get := r.Clone(r.Context())
	get.Method, get.Body = http.MethodGet, http.NoBody
	get.URL.RawQuery = ""
	if s.route(get) == "" {
		return
	}
	now := newAnswer()
	s.answerRoute(now, get)
	if now.status == http.StatusOK {
		*reply = now
	}
}
