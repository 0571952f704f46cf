// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package simulator is a Databricks account on loopback, with its workspaces
// and the identity provider behind it: stateful, faithful to what is known of
// the real APIs, and built for clients that its authors did not write.
//
// It refuses what the real account refuses. Where a fact is unknown it does
// what hurts a client most, and [Options] has a switch; each such behaviour is
// marked "assumed" in a comment.
package simulator

import (
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// Options say how the account behaves; what it holds is in [State].
type Options struct {
	// AIM switches automatic identity management on.
	AIM bool
	// NoIAMv2 makes every IAM v2 path answer 404, as accounts without the beta do.
	NoIAMv2 bool
	// Latency is added to every API answer.
	Latency time.Duration
	// RateLimits "documented" enforces the published rates; "" or "off" none.
	RateLimits string
	// ConsistencyLag is how long after a write reads may still show the old
	// value, not monotonically.
	ConsistencyLag time.Duration
	// TokenLifetime is how long OAuth tokens are valid; 0 means an hour.
	TokenLifetime time.Duration
	// Entra and Okta are the credentials of the IdPs' faces.
	Entra EntraOptions
	Okta  OktaOptions
	// Faults are injected failures, matched in order.
	Faults []Fault
	// Assumed are the switches for behaviour that no source settles.
	Assumed Assumed
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Server is the simulated world behind one http.Handler. It is safe for
// concurrent use.
type Server struct {
	opts Options
	now  func() time.Time
	// started is what durations in the state are before.
	started time.Time

	mu    sync.RWMutex // guards world and everything it points to
	world *world

	// gate is held for reading by every handler, and for writing by one that
	// runs on a throw-away copy of the world. It is taken before mu.
	gate sync.RWMutex

	faults     faultSet
	history    *history
	limiter    *limiter
	requests   *requestLog
	tokens     tokenStore
	statements statementStore
	idp        *idpFace
	mux        *http.ServeMux // the account host, the IdPs
	// workspaceMux is every workspace host.
	workspaceMux *http.ServeMux
	controlMux   *http.ServeMux
	hosts        hostOpener
	stop         chan struct{}
	stopOnce     sync.Once
}

// New builds a server on a state document. The error names the entry of the
// document, or the option, that cannot be. An account without an id gets one.
func New(st State, opts Options) (*Server, error) {
	w, err := newWorld(withAccountID(st))
	if err != nil {
		return nil, err
	}
	if err := opts.Assumed.settle(); err != nil {
		return nil, err
	}
	s := &Server{
		opts: opts, now: opts.Now, world: w,
		requests: newRequestLog(), tokens: tokenStore{tokens: map[string]issuedToken{}},
		mux: http.NewServeMux(), workspaceMux: http.NewServeMux(), controlMux: http.NewServeMux(), stop: make(chan struct{}),
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.started = s.now()
	s.history = newHistory(opts.ConsistencyLag, s.now)
	if s.limiter, err = newLimiter(opts.RateLimits, s.now); err != nil {
		return nil, err
	}
	if err := s.SetFaults(opts.Faults); err != nil {
		return nil, err
	}
	if s.idp, err = newIDPFace(opts.Entra, opts.Okta, opts.Assumed.Graph.Permissions); err != nil {
		return nil, err
	}
	s.routes()
	return s, nil
}

// Stop ends hanging and delayed answers. The server answers no more delays
// afterwards; it is the last call.
func (s *Server) Stop() { s.stopOnce.Do(func() { close(s.stop) }) }

// view runs f with the world locked for reading. f must not keep pointers.
func (s *Server) view(f func(w *world)) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	f(s.world)
}

// update runs f with the world locked for writing.
func (s *Server) update(f func(w *world)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.world)
}

// caller is who sent a request, after authentication.
type caller struct {
	// PrincipalID is empty for the built-in credential of an account whose
	// state does not hold its service principal.
	PrincipalID  string
	AccountAdmin bool
	// SCIMOnly marks an account SCIM token, which opens nothing else.
	SCIMOnly bool
	// Scopes are the OAuth scopes of the token; nil for other tokens.
	Scopes []string
}

// apiError is an answer in the normal Databricks shape.
type apiError struct {
	Status  int    `json:"-"`
	Code    string `json:"error_code"`
	Message string `json:"message"`
}

func (e *apiError) Error() string { return e.Code + ": " + e.Message }

// writeJSON answers with status and a JSON body.
func writeJSON(rw http.ResponseWriter, status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		http.Error(rw, err.Error(), http.StatusInternalServerError)
		return
	}
	rw.Header().Set("Content-Type", "application/json; charset=utf-8")
	rw.WriteHeader(status)
	_, _ = rw.Write(raw)
}

// writeError answers in the normal Databricks shape.
func writeError(rw http.ResponseWriter, status int, code, message string) {
	writeJSON(rw, status, &apiError{Status: status, Code: code, Message: message})
}
