// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"net/http"
	"strings"
	"time"
)

// hostOptions say how the account behaves.
type hostOptions struct {
	// AIM switches automatic identity management on.
	AIM bool
	// NoIAMv2 makes every IAM v2 path answer 404, as accounts without the beta do.
	NoIAMv2 bool
	// TokenLifetime is how long OAuth tokens are valid; 0 means an hour.
	TokenLifetime time.Duration
	Assumed       hostAssumed
}

// hostAssumed are the switches of the account's APIs.
type hostAssumed struct {
	Paging       PagingAssumptions
	SCIM         SCIMAssumptions
	Identity     IdentityAssumptions
	Match        MatchAssumptions
	Workspaces   WorkspaceAssumptions
	UnityCatalog UnityCatalogAssumptions
	Statements   StatementAssumptions
	Denylist     DenylistAssumptions
	AuditLog     AuditLogAssumptions
}

// base is what the APIs of the account share: the world, and who may call.
type base struct {
	*store
	opts         hostOptions
	tokens       tokenStore
	mux          *http.ServeMux // the account host
	workspaceMux *http.ServeMux // every workspace host
}

// Each API of the account is a small type over what they share.
type (
	oauthAPI      struct{ *base }
	workspaceAPI  struct{ *base }
	roleAPI       struct{ *base }
	scimAPI       struct{ *base }
	iamAPI        struct{ *base }
	settingsAPI   struct{ *base }
	denylistAPI   struct{ *base }
	matchAPI      struct{ *base }
	catalogAPI    struct{ *base }
	workspaceSCIM struct{ scimAPI }
	sqlAPI        struct {
		catalogAPI
		statements statementStore
	}
)

// host is the account and its workspaces.
type host struct{ *base }

// newHost registers every API of the account: those of the account host, and those
// of the workspace hosts, which share one mux.
func newHost(world *store, opts hostOptions, mux, workspaceMux *http.ServeMux) *host {
	b := &base{store: world, opts: opts, tokens: tokenStore{tokens: map[string]issuedToken{}}, mux: mux, workspaceMux: workspaceMux}
	oauthAPI{b}.oauthRoutes()
	workspaceAPI{b}.workspaceRoutes()
	roleAPI{b}.ruleSetRoutes()
	scimAPI{b}.scimRoutes()
	iamAPI{b}.identityRoutes()
	settingsAPI{b}.settingsRoutes()
	denylistAPI{b}.denylistRoutes()
	matchAPI{b}.matchRoutes()
	catalogAPI{b}.catalogRoutes()
	workspaceSCIM{scimAPI{b}}.workspaceSCIMRoutes()
	(&sqlAPI{catalogAPI: catalogAPI{b}}).statementRoutes()
	return &host{b}
}

// Endpoints in request_params. The first is documented, the others are assumed.
const (
	endpointAIM     = "autoUserCreation"
	endpointSCIM    = "scim"
	endpointConsole = "accountConsole"
	endpointAPI     = "api"
)

// updateAs is update with an audit log that says who called, and through what.
func (s *base) updateAs(r *http.Request, endpoint string, f func(w *world)) {
	c, _ := s.authenticate(r)
	s.updateBy(func(w *world) AuditEvent {
		e := AuditEvent{UserAgent: r.UserAgent(), SourceIP: "127.0.0.1", RequestParams: map[string]string{"endpoint": endpoint}}
		p := w.byID[c.PrincipalID]
		switch {
		case endpoint == endpointAIM: // Automated actions of the platform (documented).
			e.UserIdentity.Email = "System-User"
		case p.kind != "":
			e.UserIdentity.Email = p.name()
		}
		if endpoint != endpointAIM && strings.HasPrefix(e.UserAgent, "Mozilla/") {
			e.RequestParams["endpoint"] = endpointConsole
		}
		return e
	}, f)
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

// apiHandler answers an authenticated request to the account.
type apiHandler func(rw http.ResponseWriter, r *http.Request, c caller)

// handle registers an account API under a pattern of [http.ServeMux] that holds
// {account_id}. The caller is authenticated, may use the API, and names the
// account that this is.
func (s *base) handle(pattern string, h apiHandler) {
	s.mux.HandleFunc(pattern, func(rw http.ResponseWriter, r *http.Request) {
		c, refusal := s.authenticate(r)
		if refusal == nil {
			refusal = s.wrongAccount(r)
		}
		if refusal == nil {
			refusal = s.authorize(r, c)
		}
		if refusal != nil {
			refusal.sendTo(rw)
			return
		}
		h(rw, r, c)
	})
}

// wrongAccount refuses account ids that are not this account's. Assumed: 404.
func (s *base) wrongAccount(r *http.Request) *answer {
	id := r.PathValue("account_id")
	known := false
	s.view(func(w *world) { known = strings.EqualFold(id, w.account.AccountID) })
	if known {
		return nil
	}
	a := newAnswer()
	writeError(a, http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST", "Account "+id+" does not exist.")
	return a
}
