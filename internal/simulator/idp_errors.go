// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"net/http"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
)

// face is a simulated identity provider, asked about paths that may be its own.
type face interface {
	// ErrorBody is an error in the words of its API, with the usual code of the
	// status where none is given. It is nil for paths that are not its own.
	ErrorBody(path string, status int, code, message string) any
	// NotRouted is the answer to a path of its own that has no route; a nil body
	// for other paths.
	NotRouted(r *http.Request, status int) (int, any)
	// TokenExpired is the 401 for an expired token; nil for other paths.
	TokenExpired(path string) any
}

func (s *Server) faces() []face { return []face{s.entra, s.okta} }

// idpErrorBody is an error in the shape of the IdP that the path belongs to; ok
// is false for paths of the account.
func (s *Server) idpErrorBody(path string, status int, code, message string) (body any, ok bool) {
	for _, f := range s.faces() {
		if body := f.ErrorBody(path, status, code, message); body != nil {
			return body, true
		}
	}
	return nil, false
}

// idpNotRouted answers for a path that no route of an IdP has, and returns
// whether the path is an IdP's.
func (s *Server) idpNotRouted(rw http.ResponseWriter, r *http.Request, status int) bool {
	for _, f := range s.faces() {
		if status, body := f.NotRouted(r, status); body != nil {
			wire.WriteJSON(rw, status, body)
			return true
		}
	}
	return false
}

// tokenExpired is the 401 for an expired token, of the account or of an IdP.
func (s *Server) tokenExpired(r *http.Request) *wire.Answer {
	for _, f := range s.faces() {
		if body := f.TokenExpired(r.URL.Path); body != nil {
			a := wire.NewAnswer()
			wire.WriteJSON(a, http.StatusUnauthorized, body)
			return a
		}
	}
	return api.TokenExpired()
}
