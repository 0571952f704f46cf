// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package accounttest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"syscall"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// StartInside is start without a listener, for tests within [synctest.Test], whose
// time passes only while everyone waits: what has to happen within a second
// does, however busy the machine is, and a minute of waiting costs nothing.
// Sockets have no place in it, so quick reaches the account through memory.
func StartInside(t *testing.T, st simulator.State, opts simulator.Options) *simulator.Running {
	t.Helper()
	server, err := simulator.New(st, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop) // Requests that hang end.
	return &simulator.Running{URL: insideURL, Credentials: server.Credentials(), Server: server}
}

// insideURL is where nothing listens.
const insideURL = "http://127.0.0.1:1"

// Memory carries requests to a handler of this process as a connection would.
type Memory struct{ Handler http.Handler }

// RoundTrip implements [http.RoundTripper].
func (m Memory) RoundTrip(r *http.Request) (*http.Response, error) {
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
	body := io.ReadCloser(http.NoBody)
	if r.Body != nil {
		body = r.Body
	}
	arrived := httptest.NewRequestWithContext(r.Context(), r.Method, r.URL.String(), body)
	arrived.Header = r.Header.Clone()
	answer := make(chan *http.Response, 1)
	go func() { answer <- m.answer(arrived) }()
	select {
	case resp := <-answer:
		if resp == nil {
			return nil, syscall.ECONNRESET
		}
		resp.Request = r
		return resp, nil
	case <-r.Context().Done():
		return nil, context.Cause(r.Context())
	}
}

// answer is nil for a connection that was given up before a byte of it.
func (m Memory) answer(r *http.Request) (resp *http.Response) {
	recorder := httptest.NewRecorder()
	defer func() {
		failure := recover()
		if failure == nil {
			return
		}
		if err, ok := failure.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
			panic(failure)
		}
		if resp = nil; recorder.Flushed {
			resp = recorder.Result()
			resp.Body = io.NopCloser(io.MultiReader(resp.Body, cutOff{}))
		}
	}()
	m.Handler.ServeHTTP(recorder, r)
	return recorder.Result()
}

// cutOff is the end of a body that breaks off.
type cutOff struct{}

func (cutOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
