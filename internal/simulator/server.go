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
	opts     Options
	store    *store
	faults   faultSet
	limiter  *limiter
	requests *requestLog

	host  *host
	entra *entraFace
	okta  *oktaFace

	mux          *http.ServeMux // the account host, the IdPs
	workspaceMux *http.ServeMux // every workspace host
	controlMux   *http.ServeMux
	hosts        hostOpener
	stop         chan struct{}
	stopOnce     sync.Once
}

// New builds a server on a state document. The error names the entry of the
// document, or the option, that cannot be. An account without an id gets one.
func New(st State, opts Options) (*Server, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	world, err := newStore(withAccountID(st), opts.ConsistencyLag, opts.Now)
	if err != nil {
		return nil, err
	}
	if err := settleSwitches(&opts.Assumed); err != nil {
		return nil, err
	}
	s := &Server{
		opts: opts, store: world, requests: newRequestLog(),
		mux: http.NewServeMux(), workspaceMux: http.NewServeMux(), controlMux: http.NewServeMux(), stop: make(chan struct{}),
	}
	if s.limiter, err = newLimiter(opts.RateLimits, opts.Now); err != nil {
		return nil, err
	}
	if err := s.SetFaults(opts.Faults); err != nil {
		return nil, err
	}
	s.host = newHost(world, hostOptions{
		AIM: opts.AIM, NoIAMv2: opts.NoIAMv2, TokenLifetime: opts.TokenLifetime, Assumed: opts.Assumed.ofHost(),
	}, s.mux, s.workspaceMux)
	ids := &requestIDs{}
	if s.entra, err = newEntraFace(world, opts.Entra, entraParts{
		assumed: opts.Assumed.Graph, paging: opts.Assumed.Paging, limiter: s.limiter, ids: ids, mux: s.mux, dispatch: s.dispatch,
	}); err != nil {
		return nil, err
	}
	if s.okta, err = newOktaFace(world, opts.Okta, oktaParts{
		assumed: opts.Assumed.Okta, paging: opts.Assumed.Paging, limited: opts.RateLimits == "documented", ids: ids, mux: s.mux,
	}); err != nil {
		return nil, err
	}
	s.controlRoutes()
	return s, nil
}

// Credentials are those of the state's first account admin that has any, else
// the first ones of the state, else the built-in ones.
func (s *Server) Credentials() Credentials { return s.host.credentials() }

// SetGraphPermissions replaces the granted application permissions. As in Entra
// a token keeps those that were granted when it was issued.
func (s *Server) SetGraphPermissions(permissions ...string) {
	s.entra.setPermissions(permissions...)
}

// Stop ends hanging and delayed answers. The server answers no more delays
// afterwards; it is the last call.
func (s *Server) Stop() { s.stopOnce.Do(func() { close(s.stop) }) }
