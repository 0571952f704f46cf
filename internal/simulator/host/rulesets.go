// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package host

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

func (s roleAPI) ruleSetRoutes() {
	const base = "/api/2.0/preview/accounts/{account_id}/access-control"
	for pattern, h := range map[string]api.Handler{
		"GET " + base + "/rule-sets": s.getRuleSet, "PUT " + base + "/rule-sets": s.putRuleSet,
		"GET " + base + "/assignable-roles": s.listAssignableRoles,
	} {
		s.Handle(pattern, h)
		s.HandleTwin(strings.Replace(pattern, "/{account_id}", "", 1), h)
	}
}

// getRuleSet answers one rule set by name. That something without rules has an
// empty rule set, rather than none, is assumed; so are the etags.
func (s roleAPI) getRuleSet(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
	var out world.RuleSet
	var failed *wire.Error
	s.View(func(w *world.World) { out, failed = ruleSetOf(w, r.URL.Query().Get("name")) })
	if failed != nil {
		wire.WriteJSON(rw, failed.Status, failed)
		return
	}
	wire.WriteJSON(rw, http.StatusOK, out)
}

// ruleSetOf is a copy of a rule set with its etag.
func ruleSetOf(w *world.World, name string) (world.RuleSet, *wire.Error) {
	resource, ok := strings.CutSuffix(name, "/ruleSets/default")
	if _, failed := roleHolder(w, resource, ok); failed != nil {
		return world.RuleSet{}, failed
	}
	out := world.RuleSet{Name: name}
	if at := slices.IndexFunc(w.AccountRoles, func(rs world.RuleSet) bool { return rs.Name == name }); at >= 0 {
		out = world.CloneRuleSets(w.AccountRoles[at : at+1])[0]
	}
	if out.Etag == "" {
		sum := sha256.Sum256([]byte(wire.Marshal(out)))
		out.Etag = hex.EncodeToString(sum[:12])
	}
	return out, nil
}

// putRuleSet replaces all rules of a rule set, if the etag is that of the last
// read. Status and code of the refusal are assumed.
func (s roleAPI) putRuleSet(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
	var body struct {
		Name    string        `json:"name"`
		RuleSet world.RuleSet `json:"rule_set"`
	}
	failed := api.ReadJSON(r, &body)
	if failed == nil && body.RuleSet.Name != "" && body.RuleSet.Name != body.Name {
		failed = api.Invalid("name and rule_set.name differ.")
	}
	var out world.RuleSet
	if failed == nil {
		s.Update(func(w *world.World) { out, failed = s.setRuleSet(w, body.Name, body.RuleSet) })
	}
	if failed != nil {
		wire.WriteJSON(rw, failed.Status, failed)
		return
	}
	wire.WriteJSON(rw, http.StatusOK, out)
}

func (s roleAPI) setRuleSet(w *world.World, name string, rules world.RuleSet) (world.RuleSet, *wire.Error) {
	now, failed := ruleSetOf(w, name)
	if failed != nil {
		return world.RuleSet{}, failed
	}
	if rules.Etag != now.Etag {
		return world.RuleSet{}, api.Refuse(http.StatusConflict, "RESOURCE_CONFLICT",
			"The etag is not that of the current rule set '"+name+"'; read it again.")
	}
	if failed := checkRules(w, now, rules.GrantRules); failed != nil && s.opts.Assumed.SCIM.UnknownRoles == "refused" {
		return world.RuleSet{}, failed
	}
	w.AccountRoles = slices.DeleteFunc(w.AccountRoles, func(rs world.RuleSet) bool { return rs.Name == name })
	w.AccountRoles = append(w.AccountRoles, world.RuleSet{Name: name, GrantRules: rules.GrantRules})
	slices.SortFunc(w.AccountRoles, func(a, b world.RuleSet) int { return strings.Compare(a.Name, b.Name) })
	return ruleSetOf(w, name)
}

// checkRules refuses a role that the resource does not have and a principal that
// the account does not have (assumed: status and code). Rules that are there
// already stay allowed, so that a rule set can be read and written back.
func checkRules(w *world.World, now world.RuleSet, rules []world.GrantRule) *wire.Error {
	kind, failed := roleHolder(w, strings.TrimSuffix(now.Name, "/ruleSets/default"), true)
	if failed != nil {
		return failed
	}
	for _, rule := range rules {
		at := slices.IndexFunc(now.GrantRules, func(old world.GrantRule) bool { return old.Role == rule.Role })
		if at < 0 && !slices.Contains(assignableRoles[kind], rule.Role) {
			return api.Invalid("Role '" + rule.Role + "' cannot be assigned on '" + now.Name + "'.")
		}
		for _, p := range rule.Principals {
			if (at < 0 || !slices.Contains(now.GrantRules[at].Principals, p)) && !isRulePrincipal(w, p) {
				return api.Refuse(http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST", "Principal '"+p+"' not found in account.")
			}
		}
	}
	return nil
}

// isRulePrincipal reports whether a principal of a rule is one of the account.
func isRulePrincipal(w *world.World, text string) bool {
	for kind, prefix := range world.RulePrefix {
		if name, ok := strings.CutPrefix(text, prefix); ok {
			return slices.ContainsFunc(w.Named(kind, strings.ToLower(name)), func(p world.Principal) bool { return world.SameGrantee(kind, p.Name(), name) })
		}
	}
	return false
}

// roleHolder is what kind of resource a name is: "account", "group" or
// "servicePrincipal". The name is refused when it is none, or not there.
func roleHolder(w *world.World, resource string, wellFormed bool) (string, *wire.Error) {
	rest, ok := strings.CutPrefix(resource, "accounts/"+w.Account.AccountID)
	kind, id, _ := strings.Cut(strings.TrimPrefix(rest, "/"), "/")
	exists := false
	switch {
	case !ok || !wellFormed:
		return "", &wire.Error{Status: http.StatusBadRequest, Code: "INVALID_PARAMETER_VALUE", Message: "'" + resource + "' is not a resource of account " + w.Account.AccountID + "."}
	case rest == "":
		return "account", nil
	case kind == "groups":
		_, exists = w.Find(world.KindGroup, id)
		kind = "group"
	case kind == "servicePrincipals":
		_, exists = w.ServicePrincipal(id)
		kind = "servicePrincipal"
	}
	if !exists {
		return "", &wire.Error{Status: http.StatusNotFound, Code: "RESOURCE_DOES_NOT_EXIST", Message: "Resource '" + resource + "' does not exist."}
	}
	return kind, nil
}

// assignableRoles by kind of resource: those that the Databricks Terraform
// provider documents.
var assignableRoles = map[string][]string{
	"account": {
		"roles/billing.admin", "roles/marketplace.admin",
		"roles/tagPolicy.assigner", "roles/tagPolicy.creator", "roles/tagPolicy.manager",
	},
	"group":            {"roles/group.assumer", "roles/group.manager"},
	"servicePrincipal": {"roles/servicePrincipal.manager", "roles/servicePrincipal.user"},
}

func (s roleAPI) listAssignableRoles(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
	var kind string
	var failed *wire.Error
	s.View(func(w *world.World) { kind, failed = roleHolder(w, r.URL.Query().Get("resource"), true) })
	if failed != nil {
		wire.WriteJSON(rw, failed.Status, failed)
		return
	}
	roles := []map[string]string{}
	for _, name := range assignableRoles[kind] {
		roles = append(roles, map[string]string{"name": name})
	}
	wire.WriteJSON(rw, http.StatusOK, map[string]any{"roles": roles})
}
