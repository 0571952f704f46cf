// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

func (s *Server) ruleSetRoutes() {
	const base = "/api/2.0/preview/accounts/{account_id}/access-control"
	s.handle("GET "+base+"/rule-sets", s.getRuleSet)
	s.handle("GET "+base+"/assignable-roles", s.listAssignableRoles)
}

// getRuleSet answers one rule set by name. That something without rules has an
// empty rule set, rather than none, is assumed; so are the etags.
func (s *Server) getRuleSet(rw http.ResponseWriter, r *http.Request, _ caller) {
	name := r.URL.Query().Get("name")
	out := RuleSet{Name: name}
	var failed *apiError
	s.view(func(w *world) {
		if _, failed = w.roleHolder(strings.TrimSuffix(name, "/ruleSets/default"), strings.HasSuffix(name, "/ruleSets/default")); failed != nil {
			return
		}
		at := slices.IndexFunc(w.accountRoles, func(rs RuleSet) bool { return rs.Name == name })
		if at >= 0 {
			out = w.accountRoles[at]
			out.GrantRules = slices.Clone(out.GrantRules)
		}
	})
	if failed != nil {
		writeJSON(rw, failed.Status, failed)
		return
	}
	if out.Etag == "" {
		raw, err := json.Marshal(out)
		if err != nil {
			writeError(rw, http.StatusInternalServerError, "INTERNAL_ERROR", err.Error())
			return
		}
		sum := sha256.Sum256(raw)
		out.Etag = hex.EncodeToString(sum[:12])
	}
	writeJSON(rw, http.StatusOK, out)
}

// roleHolder tells what kind of resource a name is: "account", "group" or
// "servicePrincipal". The name is refused when it is none, or not there.
func (w *world) roleHolder(resource string, wellFormed bool) (string, *apiError) {
	rest, ok := strings.CutPrefix(resource, "accounts/"+w.account.AccountID)
	kind, id, _ := strings.Cut(strings.TrimPrefix(rest, "/"), "/")
	exists := false
	switch {
	case !ok || !wellFormed:
		return "", &apiError{Status: http.StatusBadRequest, Code: "INVALID_PARAMETER_VALUE", Message: "'" + resource + "' is not a resource of account " + w.account.AccountID + "."}
	case rest == "":
		return "account", nil
	case kind == "groups":
		_, exists = w.find(kindGroup, id)
		kind = "group"
	case kind == "servicePrincipals":
		_, exists = w.servicePrincipal(id)
		kind = "servicePrincipal"
	}
	if !exists {
		return "", &apiError{Status: http.StatusNotFound, Code: "RESOURCE_DOES_NOT_EXIST", Message: "Resource '" + resource + "' does not exist."}
	}
	return kind, nil
}

// assignableRoles by kind of resource (unofficial list).
var assignableRoles = map[string][]string{
	"account":          {"roles/billing.admin", "roles/marketplace.admin"},
	"group":            {"roles/group.manager"},
	"servicePrincipal": {"roles/servicePrincipal.manager", "roles/servicePrincipal.user"},
}

func (s *Server) listAssignableRoles(rw http.ResponseWriter, r *http.Request, _ caller) {
	var kind string
	var failed *apiError
	s.view(func(w *world) { kind, failed = w.roleHolder(r.URL.Query().Get("resource"), true) })
	if failed != nil {
		writeJSON(rw, failed.Status, failed)
		return
	}
	roles := []map[string]string{}
	for _, name := range assignableRoles[kind] {
		roles = append(roles, map[string]string{"name": name})
	}
	writeJSON(rw, http.StatusOK, map[string]any{"roles": roles})
}
