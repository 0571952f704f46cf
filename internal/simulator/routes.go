// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"net/http"
	"strings"
)

// Assumed are switches for behaviour that no source settles or that differs from
// account to account. The zero value is what was seen or, where nothing was, what
// hurts a client most. The tag of a text switch has its words, the default first;
// one without a tag takes any text.
type Assumed struct {
	Paging       PagingAssumptions
	SCIM         SCIMAssumptions
	Identity     IdentityAssumptions
	Match        MatchAssumptions
	Workspaces   WorkspaceAssumptions
	UnityCatalog UnityCatalogAssumptions
	Statements   StatementAssumptions
	Graph        GraphAssumptions
	Okta         OktaAssumptions
	Denylist     DenylistAssumptions
	AuditLog     AuditLogAssumptions
}

// PagingAssumptions are about the pages of every list: Databricks, Graph, Okta.
type PagingAssumptions struct {
	// MaxEntries, if not 0, is the most that any page holds, however many are
	// asked for: so that small accounts have lists of several pages.
	MaxEntries int
}

// pageSize is how many entries a page holds of which that many are due.
func (s *Server) pageSize(due int) int {
	if most := s.opts.Assumed.Paging.MaxEntries; most > 0 {
		return min(due, most)
	}
	return due
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
	s.settingsRoutes()
	s.denylistRoutes()
	s.matchRoutes()
	s.graphRoutes()
	s.oktaRoutes()
	s.catalogRoutes()
	s.workspaceSCIMRoutes()
	s.statementRoutes()
}

// handle registers an account API under a pattern of [http.ServeMux] that holds
// {account_id}. The caller is authenticated, may use the API, and names the
// account that this is.
func (s *Server) handle(pattern string, h apiHandler) {
	s.mux.HandleFunc(pattern, func(rw http.ResponseWriter, r *http.Request) {
		c, refusal := s.authenticate(r)
		if refusal == nil {
			refusal = s.wrongAccount(r)
		}
		if refusal == nil {
			refusal = s.authorize(r, c)
		}
		if refusal != nil {
			refusal.writeTo(rw)
			return
		}
		h(rw, r, c)
	})
}

// wrongAccount refuses account ids that are not this account's. Assumed: 404.
func (s *Server) wrongAccount(r *http.Request) *answer {
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
