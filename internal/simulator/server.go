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

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/assume"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/entra"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/faults"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/okta"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
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
	Entra entra.Options
	Okta  okta.Options
	// Faults are injected failures, matched in order.
	Faults []faults.Fault
	// Assumed are the switches for behaviour that no source settles.
	Assumed Assumed
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Server is the simulated world behind one http.Handler. It is safe for
// concurrent use.
type Server struct {
	opts     Options
	store    *world.Store
	faults   faults.Set
	limiter  *faults.Limiter
	requests *requestLog

	host  *host.Host
	entra *entra.Face
	okta  *okta.Face

	mux          *http.ServeMux // the account host, the IdPs
	workspaceMux *http.ServeMux // every workspace host
	controlMux   *http.ServeMux
	hosts        hostOpener
	stop         chan struct{}
	stopOnce     sync.Once
}

// New builds a server on a state document. The error names the entry of the
// document, or the option, that cannot be. An account without an id gets one.
func New(st world.State, opts Options) (*Server, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	world, err := world.NewStore(withAccountID(st), opts.ConsistencyLag, opts.Now)
	if err != nil {
		return nil, err
	}
	if err := assume.Settle(&opts.Assumed); err != nil {
		return nil, err
	}
	s := &Server{
		opts: opts, store: world, requests: newRequestLog(),
		mux: http.NewServeMux(), workspaceMux: http.NewServeMux(), controlMux: http.NewServeMux(), stop: make(chan struct{}),
	}
	if s.limiter, err = faults.NewLimiter(opts.RateLimits, opts.Now); err != nil {
		return nil, err
	}
	if err := s.SetFaults(opts.Faults); err != nil {
		return nil, err
	}
	s.host = host.New(world, host.Options{
		AIM: opts.AIM, NoIAMv2: opts.NoIAMv2, TokenLifetime: opts.TokenLifetime, Assumed: opts.Assumed.ofHost(),
	}, s.mux, s.workspaceMux)
	ids := &wire.RequestIDs{}
	if s.entra, err = entra.New(world, opts.Entra, entra.Parts{
		Assumed: opts.Assumed.Graph, Paging: opts.Assumed.Paging, Limiter: s.limiter, IDs: ids, Mux: s.mux, Dispatch: s.dispatch,
	}); err != nil {
		return nil, err
	}
	if s.okta, err = okta.New(world, opts.Okta, okta.Parts{
		Assumed: opts.Assumed.Okta, Paging: opts.Assumed.Paging, Limited: opts.RateLimits == "documented", IDs: ids, Mux: s.mux,
	}); err != nil {
		return nil, err
	}
	s.controlRoutes()
	return s, nil
}

// Credentials are those of the state's first account admin that has any, else
// the first ones of the state, else the built-in ones.
func (s *Server) Credentials() api.Credentials { return s.host.Credentials() }

// SetGraphPermissions replaces the granted application permissions. As in Entra
// a token keeps those that were granted when it was issued.
func (s *Server) SetGraphPermissions(permissions ...string) {
	s.entra.SetPermissions(permissions...)
}

// Stop ends hanging and delayed answers. The server answers no more delays
// afterwards; it is the last call.
func (s *Server) Stop() { s.stopOnce.Do(func() { close(s.stop) }) }
