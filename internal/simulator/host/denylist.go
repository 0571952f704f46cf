// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package host

import (
	"net/http"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// DenylistAssumptions are about the account access denylist
// (docs/reference/aim-migration.md 3).
type DenylistAssumptions struct {
	// Missing is an account that does not have the API: 404.
	Missing bool
	// Empty is how an empty list is sent: as {}, or under its name.
	Empty string `words:"left_out named"`
}

// maxAccessRules is the limit of an account (docs/reference/aim-migration.md 3).
const maxAccessRules = 100

// denylistPath is not below /identity/.
const denylistPath = "/api/2.0/accounts/{account_id}/account-access-identity-rules"

func (s denylistAPI) denylistRoutes() {
	s.Handle("POST "+denylistPath, s.createAccessRule)
	s.Handle("DELETE "+denylistPath+"/{external_id}", s.deleteAccessRule)
	s.Handle("GET "+denylistPath, s.listAccessRules)
	s.Handle("GET "+denylistPath+"/{external_id}", s.getAccessRule)
}

// accessRuleJSON is a rule as the API shows it.
func accessRuleJSON(w *world.World, rule *world.AccessRule) map[string]any {
	out := map[string]any{
		"name":                  "accounts/" + w.Account.AccountID + "/account-access-identity-rules/" + rule.ExternalPrincipalID,
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
func (s denylistAPI) noDenylist() *wire.Error {
	if !s.opts.Assumed.Denylist.Missing {
		return nil
	}
	return api.Refuse(http.StatusNotFound, "ENDPOINT_NOT_FOUND", "No API found for this path.")
}

func (s denylistAPI) listAccessRules(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
	var reply any
	refusal := s.noDenylist()
	if refusal == nil {
		s.View(func(w *world.World) {
			var items []any
			for i := range w.Account.AccessRules {
				items = append(items, accessRuleJSON(w, &w.Account.AccessRules[i]))
			}
			part, refused := s.Page(r, len(items))
			if refusal = refused; refusal == nil {
				page := part.Reply("account_access_identity_rules", items[part.From:part.To])
				if len(items) == 0 && s.opts.Assumed.Denylist.Empty == "named" {
					page["account_access_identity_rules"] = []any{}
				}
				reply = page
			}
		})
	}
	finish(rw, reply, refusal)
}

// accessRuleIndex is the position of a rule; -1 for none.
func accessRuleIndex(w *world.World, id string) int {
	return slices.IndexFunc(w.Account.AccessRules, func(r world.AccessRule) bool { return strings.EqualFold(r.ExternalPrincipalID, id) })
}

func noSuchRule(id string) *wire.Error {
	return api.Refuse(http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST", "There is no rule for "+id+".")
}

func (s denylistAPI) getAccessRule(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
	id := r.PathValue("external_id")
	var reply any
	refusal := s.noDenylist()
	if refusal == nil {
		s.View(func(w *world.World) {
			if i := accessRuleIndex(w, id); i >= 0 {
				reply = accessRuleJSON(w, &w.Account.AccessRules[i])
				return
			}
			refusal = noSuchRule(id)
		})
	}
	finish(rw, reply, refusal)
}

// createAccessRule denies an identity. What it is and what it is called comes from the
// identity provider; assumed: one that it does not have is refused, and a second rule
// for one identity is.
func (s denylistAPI) createAccessRule(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
	var body struct {
		Action string `json:"action"`
	}
	id := r.URL.Query().Get("external_principal_id")
	refusal := s.noDenylist()
	if refusal == nil {
		refusal = decode(r, &body)
	}
	var reply any
	switch {
	case refusal != nil:
	case id == "":
		refusal = api.Invalid("external_principal_id is required.")
	case body.Action != "DENY":
		refusal = api.Invalid("action must be DENY.")
	default:
		s.Update(func(w *world.World) { reply, refusal = addAccessRule(w, id) })
	}
	finish(rw, reply, refusal)
}

func addAccessRule(w *world.World, id string) (any, *wire.Error) {
	if accessRuleIndex(w, id) >= 0 {
		return nil, api.Refuse(http.StatusConflict, "ALREADY_EXISTS", "There is a rule for "+id+" already.")
	}
	if len(w.Account.AccessRules) >= maxAccessRules {
		return nil, api.Refuse(http.StatusBadRequest, "RESOURCE_EXHAUSTED", "The account has 100 rules already.")
	}
	rule := world.AccessRule{ExternalPrincipalID: id}
	key := strings.ToLower(id)
	switch {
	case w.IDP.Users[key] != nil:
		rule.DisplayName, rule.PrincipalType = w.IDP.Users[key].DisplayName, "USER"
	case w.IDP.Groups[key] != nil:
		rule.DisplayName, rule.PrincipalType = w.IDP.Groups[key].DisplayName, "GROUP"
	case w.IDP.SPs[key] != nil:
		rule.DisplayName, rule.PrincipalType = w.IDP.SPs[key].DisplayName, "SERVICE_PRINCIPAL"
	default:
		return nil, api.Invalid("The identity provider has no identity with the id " + id + ".")
	}
	w.Account.AccessRules = append(w.Account.AccessRules, rule)
	slices.SortFunc(w.Account.AccessRules, func(a, b world.AccessRule) int { return strings.Compare(a.ExternalPrincipalID, b.ExternalPrincipalID) })
	return accessRuleJSON(w, &rule), nil
}

func (s denylistAPI) deleteAccessRule(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
	id := r.PathValue("external_id")
	refusal := s.noDenylist()
	if refusal == nil {
		s.Update(func(w *world.World) {
			i := accessRuleIndex(w, id)
			if i < 0 {
				refusal = noSuchRule(id)
				return
			}
			w.Account.AccessRules = slices.Delete(w.Account.AccessRules, i, i+1)
		})
	}
	finish(rw, map[string]any{}, refusal)
}
