// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"net/http"
	"strconv"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/faults"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
)

// fail answers, or does not answer, as a fault wants it.
func (s *Server) fail(rw http.ResponseWriter, r *http.Request, f *faults.Fault, nested bool) {
	switch f.Kind {
	case faults.Status:
		if f.AfterHandler {
			s.run(r, nested)
		}
		s.faultAnswer(f, r).SendTo(rw)
	case faults.Reset:
		resetConnection(rw)
	case faults.Hang:
		select {
		case <-r.Context().Done():
		case <-s.stop:
		}
		panic(http.ErrAbortHandler) // Gives up the connection without an answer.
	case faults.Truncate:
		a := s.run(r, nested)
		rw.Header().Set("Content-Length", strconv.Itoa(max(1, a.Body.Len())))
		half := a.Body.Bytes()[:a.Body.Len()/2]
		for key, values := range a.Header() {
			rw.Header()[key] = values
		}
		rw.WriteHeader(max(a.Status, http.StatusOK))
		_, _ = rw.Write(half)
		_ = http.NewResponseController(rw).Flush()
		panic(http.ErrAbortHandler)
	case faults.Lost:
		s.run(r, nested)
		resetConnection(rw)
	case faults.Noop:
		s.runNoop(r, nested).SendTo(rw)
	case faults.ExpiredToken:
		s.tokenExpired(r).SendTo(rw)
	}
}

// faultAnswer is the answer of a fault of kind status.
func (s *Server) faultAnswer(f *faults.Fault, r *http.Request) *wire.Answer {
	a := wire.NewAnswer()
	contentType, body := f.Render()
	if f.Body == "" && (f.BodyForm == "" || f.BodyForm == "json") {
		if shape, ok := s.idpErrorBody(r.URL.Path, f.Status, f.ErrorCode, f.Text()); ok {
			body = wire.Marshal(shape)
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
	a.Status = f.Status
	a.Body.WriteString(body)
	return a
}

// runNoop runs a write on a throw-away copy of the world, so that refusals stay
// what they are. A PATCH or PUT that would have succeeded is answered with the
// resource as it still is, where a GET of it has a body.
func (s *Server) runNoop(r *http.Request, nested bool) *wire.Answer {
	if nested { // The parts of a batch only read.
		return s.run(r, nested)
	}
	out := wire.NewAnswer()
	s.store.Alone(func() { s.noop(&out, r) })
	return out
}

// noop runs inside [world.Store.Alone].
func (s *Server) noop(reply **wire.Answer, r *http.Request) {
	out := *reply
	if err := s.store.OnCopy(func() { s.answerRoute(out, r) }); err != nil {
		*reply = wire.NewAnswer()
		wire.WriteError(*reply, http.StatusInternalServerError, "INTERNAL_ERROR", "simulator: "+err.Error())
		return
	}
	changes := r.Method == http.MethodPatch || r.Method == http.MethodPut
	if !changes || out.Status >= http.StatusMultipleChoices || out.Body.Len() == 0 {
		return
	}
	get := r.Clone(r.Context())
	get.Method, get.Body = http.MethodGet, http.NoBody
	get.URL.RawQuery = ""
	if s.route(get) == "" {
		return
	}
	now := wire.NewAnswer()
	s.answerRoute(now, get)
	if now.Status == http.StatusOK {
		*reply = now
	}
}
