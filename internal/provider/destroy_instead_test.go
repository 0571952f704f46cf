// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// A refusal of what the configuration newly asks for stops `terraform destroy`, which
// plans the configuration first; the way that the refusal names does not.
func TestProcess_destroyInstead(t *testing.T) {
	t.Parallel()
	membership := func(resource, group, member string) string {
		return `
resource "` + resource + `" "this" {
  group_id  = "` + group + `"
  member_id = "` + member + `"
}`
	}
	const before = `
resource "dbxidentity_group_member" "before" {
  group_id  = "202"
  member_id = "102"
}`
	for name, tt := range map[string]struct{ settings, config, refusal string }{
		"group of the IdP":   {"", membership("dbxidentity_group_member", "201", "101"), "the group belongs to the identity provider"},
		"inactive member":    {"", membership("dbxidentity_group_member", "202", "104"), "the member is inactive"},
		"cycle":              {"", membership("dbxidentity_group_member", "202", "203"), "the group is within the member already"},
		"privileged group":   {"", membership("dbxidentity_group_member", "204", "101"), "account role account_admin"},
		"deleted group":      {"", membership("dbxidentity_group_member", "4711", "101"), "does not exist in the account"},
		"deleted member":     {"", membership("dbxidentity_group_member", "202", "4711"), "does not exist in the account"},
		"last admin":         {"", membership("dbxidentity_group_member_removal", "204", "103"), "without an active account admin"},
		"removal of the IdP": {"", membership("dbxidentity_group_member_removal", "201", "102"), "comes from the identity provider"},
		"held":               {"", externalIDOf("user", "101", entraID(102), ""), "belongs to user/102"},
		"other value":        {"", externalIDOf("user", "103", entraID(1), ""), "may be overwritten"},
		"deleted principal":  {"", externalIDOf("user", "4711", entraID(1), ""), "Principal Not Found"},
		"name taken":         {"", nameOf("202", "linked-group", reviewedName), `group/201 has the name "linked-group"`},
		"other name":         {"", nameOf("202", "mine", ""), "expected is none"},
		"privileged user":    {"", inactiveOf("user", "105", ""), "user/105 is privileged"},
		"selected principal": {`idp = { databricks = {} }`, `
data "dbxidentity_principal" "gone" {
  principal = { user_name = "gone@example.com" }
}`, "Principal Not Found"},
		"target": {`idp = { databricks = {} }`, `
data "dbxidentity_divergences" "gone" {
  targets = [{ principal_type = "user", principal_id = "4711" }]
}`, "Principal Not Found"},
		"AIM off": {`automatic_identity_management = "off"`, resolvedOf("user", entraID(1), ""), "Refusing to Plan Resolved Principal"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := smallWorld()
			st.Users = append(st.Users, simulator.User{ID: "104", UserName: "user104@example.com"},
				simulator.User{ID: "105", UserName: "user105@example.com", Active: true, Roles: []simulator.Role{{Value: "billing.admin"}}})
			st.Groups[0].Members = []simulator.Member{{Value: "102", Source: "IDENTITY_PROVIDER"}}
			st.Groups = append(st.Groups,
				simulator.Group{ID: "203", DisplayName: "inner", Members: []simulator.Member{}},
				simulator.Group{ID: "204", DisplayName: "admins of ours", Roles: []simulator.Role{{Value: "account_admin"}}, Members: []simulator.Member{{Value: "103"}}})
			st.Groups[2].Members = []simulator.Member{{Value: "202"}}
			if name == "last admin" {
				st.ServicePrincipals = nil
			}
			a := startAccount(t, st, simulator.Options{})
			if name == "last admin" {
				a.change(func(st *simulator.State) {
					for i := range st.ServicePrincipals {
						st.ServicePrincipals[i].Roles = nil
					}
				})
			}
			w := newWorkspace(t, a.config(tt.settings, before))
			w.must(0, "apply", "-auto-approve")
			w.write("main.tf", requiredProviders+a.config(tt.settings, before+tt.config))
			refusal := w.must(1, "destroy", "-auto-approve")
			saysAll(t, refusal, tt.refusal)
			w.destroysInstead(refusal)
			if slices.Contains(a.membersOf("202"), "102") {
				t.Error("the membership is still there")
			}
		})
	}
}

// A destroy that must not do what it would do says how to do without.
func TestProcess_refusedDestroyNamesTheWay(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	config := func(settings string) string {
		return requiredProviders + a.config("", `
resource "dbxidentity_group_member" "this" {
  group_id  = "202"
  member_id = "103"
  `+settings+`
}`)
	}
	w := newWorkspace(t, "")
	w.write("main.tf", config(""))
	w.must(0, "apply", "-auto-approve")
	a.change(func(st *simulator.State) {
		for i := range st.ServicePrincipals {
			st.ServicePrincipals[i].Roles = nil
		}
		st.Groups[1].Roles = []simulator.Role{{Value: "account_admin"}}
	})
	out := w.must(1, "destroy", "-auto-approve", "-refresh=false")
	saysAll(t, out, "without an active account admin", `set on_destroy = "keep" and apply`)
	w.write("main.tf", config(`on_destroy = "keep"`))
	w.must(0, "apply", "-auto-approve")
	w.must(0, "destroy", "-auto-approve")
	if !strings.Contains(strings.Join(a.membersOf("202"), " "), "103") {
		t.Error("the last admin was removed")
	}
}
