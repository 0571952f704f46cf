// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/faults"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/okta"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
)

// maxBody is the largest request body that is read. Assumed: no source says
// the real limit.
const maxBody = 16 << 20

// Handler is the whole simulated world. A connection that has to break is
// hijacked, or given up with [http.ErrAbortHandler] where that is not possible.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.serve) }

func (s *Server) serve(rw http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/_simulator/") {
		s.controlMux.ServeHTTP(rw, r)
		return
	}
	rc := &wire.Context{}
	r = okta.AtRoot(wire.WithContext(r, rc))
	entry := s.requests.begin(LoggedRequest{Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, WorkspaceID: wire.WorkspaceOf(r)}, s.route(r))
	out := &statusWriter{ResponseWriter: rw}
	// Before the answer leaves: who has it finds it in the log, and sends the next
	// request at once.
	out.answers = sync.OnceFunc(func() { s.requests.end(entry, out.status, rc.Fault) })
	defer out.answers() // There are requests without an answer.
	// Read whole, so that the server notices a client that goes away meanwhile.
	body, err := io.ReadAll(http.MaxBytesReader(out, r.Body, maxBody))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			wire.WriteError(out, http.StatusRequestEntityTooLarge, "MAX_REQUEST_SIZE_EXCEEDED",
				"The request body is larger than "+strconv.Itoa(maxBody)+" bytes.")
			return
		}
		wire.WriteError(out, http.StatusBadRequest, "MALFORMED_REQUEST", "The request body could not be read.")
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.wait(r, s.opts.Latency)
	s.dispatch(out, r)
}

// dispatch applies rate limits and faults to a request and lets its handler
// answer. Handlers that carry requests within a request (batches) call it for
// every part, with a [wire.Answer] as the writer.
func (s *Server) dispatch(rw http.ResponseWriter, r *http.Request) {
	if s.limited(rw, r) {
		return
	}
	rc := wire.ContextOf(r)
	nested := rc == nil || wire.IsNested(r)
	if nested {
		rc = &wire.Context{}
		r = wire.WithContext(r, rc)
	}
	hit := s.faults.Pick(r)
	rc.Stale, rc.List = hit.Stale, hit.List
	s.wait(r, hit.Delay)
	if hit.Decides == nil {
		s.run(r, nested).SendTo(rw)
		return
	}
	rc.Fault = hit.Decides.Kind
	s.fail(rw, r, hit.Decides, nested)
}

// limited answers 429 when the account's rate for this request is used up.
// The body's error_code and the presence of Retry-After are assumed.
func (s *Server) limited(rw http.ResponseWriter, r *http.Request) bool {
	category := faults.AccountLimit(r)
	bucket := category
	if s.toWorkspace(r) {
		category = faults.WorkspaceLimit(r.URL.Path)
		bucket = s.limiter.Each(category, strconv.FormatInt(wire.WorkspaceOf(r), 10))
	}
	if category == "" {
		return false
	}
	q := s.limiter.Take(bucket, 1)
	if q.OK {
		return false
	}
	rw.Header().Set("Retry-After", faults.RetryAfterSeconds(q.RetryAfter))
	wire.WriteError(rw, http.StatusTooManyRequests, "REQUEST_LIMIT_EXCEEDED",
		"The rate limit of "+category+" requests is exceeded. Retry later.")
	return true
}

// run lets the handler answer. A part runs inside its request's turn.
func (s *Server) run(r *http.Request, nested bool) *wire.Answer {
	out := wire.NewAnswer()
	if nested {
		s.answerRoute(out, r)
	} else {
		s.store.Turn(func() { s.answerRoute(out, r) })
	}
	return out
}

// answerRoute is the routing: a handler, or 404 and 405 in the Databricks shape.
func (s *Server) answerRoute(rw http.ResponseWriter, r *http.Request) {
	if s.route(r) != "" {
		s.muxFor(r).ServeHTTP(rw, r)
		return
	}
	probe := wire.NewAnswer()
	if isCleanPath(r) {
		h, _ := s.muxFor(r).Handler(r)
		h.ServeHTTP(probe, r)
	}
	if probe.Status == http.StatusMethodNotAllowed {
		rw.Header().Set("Allow", probe.Header().Get("Allow"))
		if s.idpNotRouted(rw, r, http.StatusMethodNotAllowed) {
			return
		}
		wire.WriteError(rw, http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED",
			"Method "+r.Method+" is not allowed for "+r.URL.Path+"; allowed: "+probe.Header().Get("Allow")+".")
		return
	}
	if s.idpNotRouted(rw, r, http.StatusNotFound) {
		return
	}
	wire.WriteError(rw, http.StatusNotFound, "ENDPOINT_NOT_FOUND", "No API found for '"+r.Method+" "+r.URL.Path+"'")
}

// route is method and pattern of the route that answers, or "". The mux would
// redirect paths with empty or dot segments; the real APIs know no such path.
func (s *Server) route(r *http.Request) string {
	if !isCleanPath(r) {
		return ""
	}
	_, pattern := s.muxFor(r).Handler(r)
	if pattern == "" {
		return ""
	}
	if _, rest, ok := strings.Cut(pattern, " "); ok {
		pattern = rest
	}
	return r.Method + " " + pattern
}

func isCleanPath(r *http.Request) bool {
	p := r.URL.EscapedPath()
	clean := path.Clean(p)
	return p == clean || p == clean+"/"
}

// wait is a delay that ends early when the client or the server goes away.
func (s *Server) wait(r *http.Request, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	case <-s.stop:
	}
}

// statusWriter remembers the status for the log, and reports when it is known.
type statusWriter struct {
	http.ResponseWriter
	status  int
	answers func()
}

// WriteHeader implements [http.ResponseWriter].
func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
		w.answers()
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (w *statusWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets [http.ResponseController] reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// resetConnection cuts the connection so that the client sees a reset.
func resetConnection(rw http.ResponseWriter) {
	conn, _, err := http.NewResponseController(rw).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // The way net/http offers to give up a connection.
	}
	raw := conn
	if wrapped, ok := conn.(interface{ NetConn() net.Conn }); ok {
		raw = wrapped.NetConn()
	}
	if tcp, ok := raw.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // Closing then sends RST in place of FIN.
	}
	_ = raw.Close()
}
