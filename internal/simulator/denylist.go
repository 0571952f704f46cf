// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"net/http"
	"strings"
)

// DenylistAssumptions are about the account access denylist
// (docs/reference/aim-migration.md 3).
type DenylistAssumptions struct {
	// Missing is an account that does not have the API: 404.
	Missing bool
}

// denylistPath is not below /identity/.
const denylistPath = "/api/2.0/accounts/{account_id}/account-access-identity-rules"

// denylistRoutes registers the reading part.
func (s *Server) denylistRoutes() {
	s.handle("GET "+denylistPath, s.listAccessRules)
	s.handle("GET "+denylistPath+"/{external_id}", s.getAccessRule)
}

// accessRuleJSON is a rule as the API shows it.
func (w *world) accessRuleJSON(rule *AccessRule) map[string]any {
	out := map[string]any{
		"name":                  "accounts/" + w.account.AccountID + "/account-access-identity-rules/" + rule.ExternalPrincipalID,
		"external_principal_id": rule.ExternalPrincipalID,
		"action":                "DENY",
	}
	if rule.DisplayName != "" {
		out["display_name"] = rule.DisplayName
	}
	if rule.PrincipalType != "" {
		out["principal_type"] = rule.PrincipalType
	}
	return out
}

// noDenylist is what an account without the API answers.
func (s *Server) noDenylist() *apiError {
	if !s.opts.Assumed.Denylist.Missing {
		return nil
	}
	return refuse(http.StatusNotFound, "ENDPOINT_NOT_FOUND", "No API found for this path.")
}

func (s *Server) listAccessRules(rw http.ResponseWriter, r *http.Request, _ caller) {
	var reply any
	refusal := s.noDenylist()
	if refusal == nil {
		s.view(func(w *world) {
			var items []any
			for i := range w.account.AccessRules {
				items = append(items, w.accessRuleJSON(&w.account.AccessRules[i]))
			}
			part, refused := s.page(r, len(items))
			if refusal = refused; refusal == nil {
				reply = part.reply("account_access_identity_rules", items[part.from:part.to])
			}
		})
	}
	finish(rw, reply, refusal)
}

func (s *Server) getAccessRule(rw http.ResponseWriter, r *http.Request, _ caller) {
	id := r.PathValue("external_id")
	var reply any
	refusal := s.noDenylist()
	if refusal == nil {
		s.view(func(w *world) {
			for i := range w.account.AccessRules {
				if rule := &w.account.AccessRules[i]; strings.EqualFold(rule.ExternalPrincipalID, id) {
					reply = w.accessRuleJSON(rule)
					return
				}
			}
			refusal = refuse(http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST", "There is no rule for "+id+".")
		})
	}
	finish(rw, reply, refusal)
}
