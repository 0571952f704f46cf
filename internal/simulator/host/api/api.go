// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package api is what every API of the account shares: who calls and whether they may,
// on the account host and on workspace hosts, pages, and the answers that refuse.
package api

import (
	"net/http"
	"strings"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// Options say how the account behaves towards every API.
type Options struct {
	// AIM switches automatic identity management on.
	AIM bool
	// TokenLifetime is how long OAuth tokens are valid; 0 means an hour.
	TokenLifetime time.Duration
	Paging        wire.PagingAssumptions
	// ShortPages fills pages with half of what was asked for.
	ShortPages bool
	// AccountAdminsEnter lets account admins call the APIs of every workspace.
	AccountAdminsEnter bool
}

// Base is what the APIs of the account share: the world, and who may call.
type Base struct {
	*world.Store
	Options
	tokens       tokenStore
	mux          *http.ServeMux // the account host
	workspaceMux *http.ServeMux // every workspace host
}

// New registers the login, on the account host and on the workspace hosts, which
// share one mux.
func New(world *world.Store, opts Options, mux, workspaceMux *http.ServeMux) *Base {
	b := &Base{Store: world, Options: opts, tokens: tokenStore{tokens: map[string]issuedToken{}}, mux: mux, workspaceMux: workspaceMux}
	oauthAPI{b}.oauthRoutes()
	return b
}

// Endpoints in request_params. The first is documented, the others are assumed.
const (
	EndpointAIM     = "autoUserCreation"
	EndpointSCIM    = "scim"
	endpointConsole = "accountConsole"
	EndpointAPI     = "api"
)

// UpdateAs is an update with an audit log that says who called, and through what.
func (s *Base) UpdateAs(r *http.Request, endpoint string, f func(w *world.World)) {
	c, _ := s.authenticate(r)
	s.UpdateBy(func(w *world.World) world.AuditEvent {
		e := world.AuditEvent{UserAgent: r.UserAgent(), SourceIP: "127.0.0.1", RequestParams: map[string]string{"endpoint": endpoint}}
		p := w.ByID[c.PrincipalID]
		switch {
		case endpoint == EndpointAIM: // Automated actions of the platform (documented).
			e.UserIdentity.Email = "System-User"
		case p.Kind != "":
			e.UserIdentity.Email = p.Name()
		}
		if endpoint != EndpointAIM && strings.HasPrefix(e.UserAgent, "Mozilla/") {
			e.RequestParams["endpoint"] = endpointConsole
		}
		return e
	}, f)
}

// Caller is who sent a request, after authentication.
type Caller struct {
	// PrincipalID is empty for the built-in credential of an account whose
	// state does not hold its service principal.
	PrincipalID  string
	AccountAdmin bool
	// SCIMOnly marks an account SCIM token, which opens nothing else.
	SCIMOnly bool
	// Scopes are the OAuth scopes of the token; nil for other tokens.
	Scopes []string
}

// Handler answers an authenticated request to the account.
type Handler func(rw http.ResponseWriter, r *http.Request, c Caller)

// Handle registers an account API under a pattern of [http.ServeMux] that holds
// {account_id}. The caller is authenticated, may use the API, and names the
// account that this is.
func (s *Base) Handle(pattern string, h Handler) {
	s.mux.HandleFunc(pattern, func(rw http.ResponseWriter, r *http.Request) {
		c, refusal := s.authenticate(r)
		if refusal == nil {
			refusal = s.wrongAccount(r)
		}
		if refusal == nil {
			refusal = s.authorize(r, c)
		}
		if refusal != nil {
			refusal.SendTo(rw)
			return
		}
		h(rw, r, c)
	})
}

// wrongAccount refuses account ids that are not this account's. Assumed: 404.
func (s *Base) wrongAccount(r *http.Request) *wire.Answer {
	id := r.PathValue("account_id")
	known := false
	s.View(func(w *world.World) { known = strings.EqualFold(id, w.Account.AccountID) })
	if known {
		return nil
	}
	a := wire.NewAnswer()
	wire.WriteError(a, http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST", "Account "+id+" does not exist.")
	return a
}
