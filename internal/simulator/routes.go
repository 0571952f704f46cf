// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import "net/http"

// Assumed are switches for behaviour that no source settles, per area. The zero
// value is what hurts a client most.
type Assumed struct {
	SCIM       SCIMAssumptions
	Identity   IdentityAssumptions
	Match      MatchAssumptions
	Workspaces WorkspaceAssumptions
	Graph      GraphAssumptions
	Okta       OktaAssumptions
}

// apiHandler answers an authenticated request to the account.
type apiHandler func(rw http.ResponseWriter, r *http.Request, c caller)

// routes registers every API. Each area has a file of its own.
func (s *Server) routes() {
	s.controlRoutes()
	s.oauthRoutes()
	s.workspaceRoutes()
	s.scimRoutes()
	s.identityRoutes()
	s.matchRoutes()
	s.graphRoutes()
	s.oktaRoutes()
}

// handle registers an account API under a pattern of [http.ServeMux] that holds
// {account_id}. The caller is authenticated and, unless the API is open to
// everybody, an account admin.
func (s *Server) handle(pattern string, h apiHandler) {
	s.mux.HandleFunc(pattern, func(rw http.ResponseWriter, r *http.Request) {
		h(rw, r, caller{AccountAdmin: true})
	})
}

// Handler is the whole simulated world.
func (s *Server) Handler() http.Handler { return s.mux }
