// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// fail answers, or does not answer, as a fault wants it.
func (s *Server) fail(rw http.ResponseWriter, r *http.Request, f *Fault, nested bool) {
	switch f.Kind {
	case FaultStatus:
		if f.AfterHandler {
			s.run(r, nested)
		}
		s.faultAnswer(f, r).writeTo(rw)
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
		for key, values := range a.header {
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
		s.runNoop(r, nested).writeTo(rw)
	case FaultExpiredToken:
		if a := s.idpTokenExpired(r); a != nil {
			a.writeTo(rw)
			return
		}
		tokenExpired().writeTo(rw)
	}
}

// faultAnswer is the answer of a fault of kind status.
func (s *Server) faultAnswer(f *Fault, r *http.Request) *answer {
	a := newAnswer()
	contentType, body := f.body()
	if f.Body == "" && (f.BodyForm == "" || f.BodyForm == "json") {
		if shape, ok := s.idpErrorBody(r.URL.Path, f.Status, f.ErrorCode, f.message()); ok {
			body = marshal(shape)
		}
	}
	if contentType != "" {
		a.header.Set("Content-Type", contentType)
	}
	if f.RetryAfterSeconds != nil {
		value := strconv.Itoa(*f.RetryAfterSeconds)
		if f.RetryAfterForm == "date" {
			value = s.now().Add(time.Duration(*f.RetryAfterSeconds) * time.Second).UTC().Format(http.TimeFormat)
		}
		a.header.Set("Retry-After", value)
	}
	for key, value := range f.Headers {
		a.header.Set(key, value)
	}
	a.status = f.Status
	a.body.WriteString(body)
	return a
}

// defaultCodes are the error codes that the real APIs use with a status.
var defaultCodes = map[int]string{
	400: "BAD_REQUEST", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "RESOURCE_DOES_NOT_EXIST",
	409: "RESOURCE_CONFLICT", 429: "REQUEST_LIMIT_EXCEEDED", 500: "INTERNAL_ERROR", 501: "NOT_IMPLEMENTED",
	502: "BAD_GATEWAY", 503: "TEMPORARILY_UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}

func (f *Fault) body() (contentType, body string) {
	code, message := f.ErrorCode, f.message()
	if code == "" {
		code = defaultCodes[f.Status]
	}
	var shape any = &apiError{Code: code, Message: message}
	contentType = "application/json; charset=utf-8"
	switch f.BodyForm {
	case "empty":
		return "", f.Body
	case "text":
		contentType, body = "text/plain; charset=utf-8", message
	case "html":
		contentType = "text/html; charset=utf-8"
		body = "<html><head><title>Error</title></head><body><pre>" + htmlText.Replace(message) + "</pre></body></html>"
	case "scim":
		contentType = "application/scim+json; charset=utf-8"
		shape = map[string]any{
			"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:Error"},
			"status":  strconv.Itoa(f.Status), "detail": message,
		}
	}
	if f.Body != "" {
		return contentType, f.Body
	}
	if body == "" {
		body = marshal(shape)
	}
	return contentType, body
}

func (f *Fault) message() string {
	if f.Message != "" {
		return f.Message
	}
	return "Injected fault: " + strconv.Itoa(f.Status) + " " + http.StatusText(f.Status)
}

// marshal is the JSON text of shapes that always have one.
func marshal(shape any) string {
	raw, err := json.Marshal(shape)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

var htmlText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// runNoop runs a write on a throw-away copy of the world, so that refusals stay
// what they are. A PATCH or PUT that would have succeeded is answered with the
// resource as it still is, where a GET of it has a body.
func (s *Server) runNoop(r *http.Request, nested bool) *answer {
	if nested { // The parts of a batch only read.
		return s.run(r, nested)
	}
	s.gate.Lock()
	defer s.gate.Unlock()
	out, err := s.onCopy(r)
	if err != nil {
		out = newAnswer()
		writeError(out, http.StatusInternalServerError, "INTERNAL_ERROR", "simulator: "+err.Error())
		return out
	}
	changes := r.Method == http.MethodPatch || r.Method == http.MethodPut
	if !changes || out.status >= http.StatusMultipleChoices || out.body.Len() == 0 {
		return out
	}
	get := r.Clone(r.Context())
	get.Method, get.Body = http.MethodGet, http.NoBody
	get.URL.RawQuery = ""
	if s.route(get) == "" {
		return out
	}
	now := newAnswer()
	s.answerRoute(now, get)
	if now.status == http.StatusOK {
		return now
	}
	return out
}

// onCopy runs the handler on a copy of the world. The gate is locked.
func (s *Server) onCopy(r *http.Request) (*answer, error) {
	st, err := s.dump()
	if err != nil {
		return nil, err
	}
	scratch, err := newWorld(st)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	original := s.world
	s.world = scratch
	s.mu.Unlock()
	s.history.pause(true)
	defer func() {
		s.history.pause(false)
		s.mu.Lock()
		s.world = original
		s.mu.Unlock()
	}()
	out := newAnswer()
	s.answerRoute(out, r)
	return out, nil
}
