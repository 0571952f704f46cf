// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"regexp"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

const removalAddress = "dbxidentity_group_member_removal.this"

// removalOf is one instance with more settings in it.
func removalOf(group, member, settings string) string {
	return `
resource "dbxidentity_group_member_removal" "this" {
  group_id  = "` + group + `"
  member_id = "` + member + `"
  ` + settings + `
}`
}

func TestAccGroupMemberRemoval_lifecycle(t *testing.T) {
	t.Parallel()
	a := startAccount(t, groupWorld(), simulator.Options{})
	create := planned{removalAddress: "create"}
	config := a.config("", removalOf("201", "102", ""))
	acceptance(t,
		applies(config, create, a.has("201"), accountCheck(func() error { return a.wrote(1) }),
			text(removalAddress, "id", "removal/201/member/102"), text(removalAddress, "group_name", "linked-group"),
			text(removalAddress, "member_type", "user"), text(removalAddress, "member_name", "user102@example.com"),
			text(removalAddress, "on_destroy", "keep"), truth(removalAddress, "removed", true)),
		resource.TestStep{
			ResourceName: removalAddress, ImportState: true, ImportStateId: "removal/201/member/102", ImportStateVerify: true,
			ImportStateVerifyIgnore: []string{"removed"}, // An import has removed nothing.
		},
		// The member returns: drift, removed again.
		before(applies(config, create, a.has("201")), a.setMembers("201", "102")),
		before(applies(a.config("", removalOf("201", "102", `on_destroy = "restore"`)), planned{removalAddress: "update"},
			accountCheck(func() error { return a.wrote(0) })), a.Server.ResetRequests),
		// Another member replaces the instance, and the first one is put back; the
		// second was not there.
		applies(a.config("", removalOf("201", "101", `on_destroy = "restore"`)), planned{removalAddress: "delete+create"}, a.has("201", "102"),
			truth(removalAddress, "removed", false)),
		applies(a.config("", ""), planned{removalAddress: "delete"}, a.has("201", "102")),
		// Kept by default.
		applies(config, create, a.has("201")),
		applies(a.config("", ""), planned{removalAddress: "delete"}, a.has("201")),
	)
}

// The group or the member is deleted: the member is away for good, and nothing is
// to be done. It comes back through the identity provider: refused.
func TestAccGroupMemberRemoval_afterwards(t *testing.T) {
	t.Parallel()
	a := startAccount(t, groupWorld(), simulator.Options{})
	config := a.config("", removalOf("201", "102", `on_destroy = "restore"`))
	fromIDP := func() {
		a.change(func(st *simulator.State) {
			st.Groups[0].Members = []simulator.Member{{Value: "102", Source: "IDENTITY_PROVIDER"}}
		})
	}
	remove := func(group bool) func() {
		return func() {
			a.change(func(st *simulator.State) {
				if group {
					st.Groups = slices.DeleteFunc(st.Groups, func(g simulator.Group) bool { return g.ID == "201" })
					return
				}
				for i := range st.Groups {
					st.Groups[i].Members = slices.DeleteFunc(st.Groups[i].Members, func(m simulator.Member) bool { return m.Value == "102" })
				}
				st.Users = slices.DeleteFunc(st.Users, func(u simulator.User) bool { return u.ID == "102" })
			})
		}
	}
	acceptance(t,
		applies(config, planned{removalAddress: "create"}, a.has("201")),
		before(applies(config, planned{}), fromIDP), // It cannot be removed, and someone else put it there.
		before(applies(config, planned{removalAddress: "create"}), a.setMembers("201", "102")),
		before(applies(config, planned{}), remove(false)),
		before(applies(config, planned{}), remove(true)),
	)
}

// Each is refused while planning, and nothing is written.
func TestAccGroupMemberRemoval_refusals(t *testing.T) {
	t.Parallel()
	refusing := `(?s)Refusing to Plan Group Member Removal.*`
	st := groupWorld()
	st.Groups[0].Members = append(st.Groups[0].Members, simulator.Member{Value: "101", Source: "IDENTITY_PROVIDER"})
	st.Groups[1].Members = []simulator.Member{{Value: "203"}} // The caller is in 203.
	st.Groups = append(st.Groups, simulator.Group{ID: "206", DisplayName: "admins", Members: []simulator.Member{{Value: "101"}}})
	a := startAccount(t, st, simulator.Options{})
	tests := []struct{ group, member, settings, want string }{
		{"201", "102", `on_destroy = "remove"`, `(?s)on_destroy.*"keep".*"restore"`},
		{"201", "4711", "", `(?s)Principal Not Found.*4711`},
		{"4711", "101", "", `(?s)Principal Not Found.*4711`},
		{"201", "101", "", refusing + `comes from the\s+identity\s+provider`},
		{"206", "101", "", refusing + `Databricks keeps`},
		{"203", "302", "", refusing + `identity\s+that\s+runs\s+this.*allow_self_removal\s+=\s+true`},
		{"202", "203", "", refusing + `identity\s+that\s+runs\s+this.*allow_self_removal\s+=\s+true`},
	}
	var steps []resource.TestStep
	for _, tt := range tests {
		steps = append(steps, resource.TestStep{
			Config: a.config("", removalOf(tt.group, tt.member, tt.settings)), PlanOnly: true, ExpectError: regexp.MustCompile(tt.want),
		})
	}
	importing := resource.TestStep{
		Config: a.config("", removalOf("201", "102", "")), ResourceName: removalAddress, ImportState: true, ImportStateId: "removal/201/member/102",
		ExpectError: regexp.MustCompile(`(?s)Group Member Removal Not Found.*is a member`),
	}
	acceptance(t, append(steps, importing,
		resource.TestStep{
			Config: a.config(`identity_api = "scim"`, removalOf("201", "102", "")), PlanOnly: true,
			ExpectError: regexp.MustCompile(refusing + `automatic_identity_management`),
		},
		resource.TestStep{Config: a.config("read_only = true", removalOf("201", "102", "")), PlanOnly: true, ExpectNonEmptyPlan: true},
		resource.TestStep{Config: a.config("read_only = true", removalOf("201", "102", "")), ExpectError: regexp.MustCompile(`(?s)Refusing to Create Group.*read_only`)},
	)...)
	if err := a.wrote(0); err != nil {
		t.Error(err)
	}
}

// What an audit finds is removed, the next plan is empty, and the second audit
// finds nothing that could be fixed. A destroy gives the members back.
func TestProcess_memberRemovalsOfAnAudit(t *testing.T) {
	t.Parallel()
	st := groupWorld()
	st.Groups[0].Members = append(st.Groups[0].Members, simulator.Member{Value: "101"})
	a := startAccount(t, st, simulator.Options{})
	a.setUserExternalID("101", entraID(101))()
	config := a.audited(`
data "dbxidentity_divergences" "all" {}

resource "dbxidentity_remediation_ledger" "this" {
  pending_member_removals = data.dbxidentity_divergences.all.member_removals
}

resource "dbxidentity_group_member_removal" "fix" {
  for_each   = dbxidentity_remediation_ledger.this.member_removals
  group_id   = each.value.group_id
  member_id  = each.value.member_id
  on_destroy = "restore"
}

output "removals" {
  value = length(data.dbxidentity_divergences.all.member_removals)
}
`)
	w := newWorkspace(t, config)
	w.must(0, "apply", "-auto-approve")
	if got := a.members("201"); !slices.Equal(got, []string{"102"}) {
		t.Errorf("group 201 has %v, want 102 alone, whom the identity provider has too", got)
	}
	w.must(0, "apply", "-auto-approve")
	saysAll(t, w.must(0, "plan", "-detailed-exitcode"), "No changes")
	saysAll(t, w.must(0, "output", "removals"), "0")
	// Since then the group became privileged and the member was deactivated: it is put back
	// as it was, and the plan says what that gives.
	a.change(func(st *simulator.State) {
		st.Groups[0].Roles = []simulator.Role{{Value: "account_admin"}}
		st.Users[0].Active = false
	})
	saysAll(t, w.must(0, "destroy", "-auto-approve"), "Membership Gives Privileges", "user/101 a member of group/201 again", "account role account_admin")
	if got := a.members("201"); len(got) != 2 {
		t.Errorf("after destroy group 201 has %v, want both", got)
	}
}
