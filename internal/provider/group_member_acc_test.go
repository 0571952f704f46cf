// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

const groupMemberAddress = "dbxidentity_group_member.this"

// groupMemberOf is one instance with more settings in it.
func groupMemberOf(group, member, settings string) string {
	return `
resource "dbxidentity_group_member" "this" {
  group_id  = "` + group + `"
  member_id = "` + member + `"
  ` + settings + `
}`
}

// groupWorld is the small world with more groups: 203 is an account admin and holds
// user 102 and the caller (service principal 302), 204 holds group 202, 205 is a
// system group, and user 104 is inactive.
func groupWorld() simulator.State {
	const caller = "aaaaaaaa-0000-4000-8000-000000000302"
	st := smallWorld()
	st.Account.OAuthClients = []simulator.OAuthClient{{ClientID: caller, ClientSecret: "runner-secret"}}
	st.ServicePrincipals = append(st.ServicePrincipals, simulator.ServicePrincipal{ID: "302", ApplicationID: caller, DisplayName: "runner", Active: true})
	st.Users = append(st.Users, simulator.User{ID: "104", UserName: "user104@example.com"})
	st.Groups = append(st.Groups,
		simulator.Group{ID: "203", DisplayName: "operators", Roles: []simulator.Role{{Value: "account_admin"}}, Members: []simulator.Member{{Value: "102"}, {Value: "302"}}},
		simulator.Group{ID: "204", DisplayName: "outer", Members: []simulator.Member{{Value: "202"}}},
		simulator.Group{ID: "205", DisplayName: "account users"},
	)
	return st
}

// members are the direct members of a group.
func (a account) members(group string) []string {
	a.t.Helper()
	for _, g := range a.state().Groups {
		if g.ID == group {
			out := []string{}
			for _, m := range g.Members {
				out = append(out, m.Value)
			}
			return out
		}
	}
	a.t.Fatalf("the account has no group %s", group)
	return nil
}

// has checks who is in a group.
func (a account) has(group string, members ...string) statecheck.StateCheck {
	return accountCheck(func() error {
		if got := a.members(group); !slices.Equal(got, members) {
			return fmt.Errorf("group %s has %v, want %v", group, got, members)
		}
		return nil
	})
}

func truth(address, name string, value bool) statecheck.StateCheck {
	return attribute(address, name, knownvalue.Bool(value))
}

func TestAccGroupMember_lifecycle(t *testing.T) {
	t.Parallel()
	a := startAccount(t, groupWorld(), simulator.Options{})
	wrote := func(n int) statecheck.StateCheck { return accountCheck(func() error { return a.wrote(n) }) }
	none := planned{groupMemberAddress: "delete"}
	acceptance(t,
		applies(a.config("", groupMemberOf("202", "101", "")), planned{groupMemberAddress: "create"}, a.has("202", "101"), wrote(1),
			text(groupMemberAddress, "id", "group/202/member/101"), text(groupMemberAddress, "group_name", "local-group"),
			text(groupMemberAddress, "member_type", "user"), text(groupMemberAddress, "member_name", "user101@example.com"),
			truth(groupMemberAddress, "added", true)),
		resource.TestStep{
			ResourceName: groupMemberAddress, ImportState: true, ImportStateId: "group/202/member/101", ImportStateVerify: true,
			ImportStateVerifyIgnore: []string{"added"}, // An import has added nothing.
		},
		// Drift: removed by someone.
		before(applies(a.config("", groupMemberOf("202", "101", "")), planned{groupMemberAddress: "create"}, a.has("202", "101")), a.setMembers("202")),
		// A setting that concerns Terraform alone sends no write.
		before(applies(a.config("", groupMemberOf("202", "101", `on_destroy = "keep"`)), planned{groupMemberAddress: "update"}, wrote(0),
			truth(groupMemberAddress, "added", true)), a.Server.ResetRequests),
		applies(a.config("", groupMemberOf("202", "101", "")), planned{groupMemberAddress: "update"}),
		// Another member replaces the instance: what it added goes.
		applies(a.config("", groupMemberOf("202", "301", "")), planned{groupMemberAddress: "delete+create"}, a.has("202", "301"),
			text(groupMemberAddress, "member_type", "service_principal")),
		applies(a.config("", ""), none, a.has("202")),
	)
}

// A membership that was found is kept by replacement, taint and destroy, unless
// on_destroy says otherwise.
func TestAccGroupMember_found(t *testing.T) {
	t.Parallel()
	a := startAccount(t, groupWorld(), simulator.Options{})
	a.setMembers("202", "101", "102")()
	a.Server.ResetRequests()
	acceptance(t,
		applies(a.config("", groupMemberOf("202", "101", "")), planned{groupMemberAddress: "create"}, truth(groupMemberAddress, "added", false)),
		resource.TestStep{Config: a.config("", groupMemberOf("202", "101", "")), Taint: []string{groupMemberAddress}, ConfigStateChecks: []statecheck.StateCheck{a.has("202", "101", "102")}},
		applies(a.config("", groupMemberOf("202", "102", "")), planned{groupMemberAddress: "delete+create"}, a.has("202", "101", "102")),
		applies(a.config("", groupMemberOf("202", "102", `on_destroy = "remove"`)), planned{groupMemberAddress: "update"},
			accountCheck(func() error { return a.wrote(0) })),
		applies(a.config("", ""), planned{groupMemberAddress: "delete"}, a.has("202", "101")),
	)
}

// The group or the member is deleted: the instance stays in the state, and nothing is
// planned for it.
func TestAccGroupMember_disappears(t *testing.T) {
	t.Parallel()
	a := startAccount(t, groupWorld(), simulator.Options{})
	config := a.config("", groupMemberOf("202", "101", ""))
	deleteUser := func() {
		a.change(func(st *simulator.State) {
			st.Users = st.Users[1:]
			st.Groups[1].Members = nil
		})
	}
	acceptance(t,
		applies(config, planned{groupMemberAddress: "create"}),
		before(applies(config, planned{}), deleteUser),
		applies(a.config("", groupMemberOf("202", "102", "")), planned{groupMemberAddress: "delete+create"}),
		before(applies(a.config("", groupMemberOf("202", "102", "")), planned{}), func() {
			a.change(func(st *simulator.State) {
				st.Groups = slices.DeleteFunc(st.Groups, func(g simulator.Group) bool { return g.ID == "202" })
				st.Groups[2].Members = nil // It held 202.
			})
		}),
	)
}

// Each is refused while planning, and nothing is written.
func TestAccGroupMember_refusals(t *testing.T) {
	t.Parallel()
	refusing := `(?s)Refusing to Plan Group Member.*`
	tests := []struct{ group, member, settings, want string }{
		{"local-group", "101", "", `(?s)group_id.*internal Databricks id`},
		{"202", "user101@example.com", "", `(?s)member_id.*internal Databricks id`},
		{"202", "101", `on_destroy = "restore"`, `(?s)on_destroy.*"keep".*"remove"`},
		{"202", "4711", "", `(?s)Principal Not Found.*member_id.*principal 4711.*Check\s+member_id`},
		{"4711", "101", "", `(?s)Principal Not Found.*group_id.*group/4711 does.*Check\s+group_id`},
		{"201", "101", "", refusing + `belongs to the identity.*provider.*Add.*in the identity`},
		{"205", "101", "", refusing + `Databricks keeps`},
		{"203", "101", "", refusing + `account role account_admin.*allow_privileged = true`},
		{"202", "104", "", refusing + `inactive`},
		{"202", "202", "", refusing + `same group`},
		{"202", "204", "", refusing + `within the member already`},
	}
	a := startAccount(t, groupWorld(), simulator.Options{})
	a.Server.ResetRequests()
	var steps []resource.TestStep
	for _, tt := range tests {
		steps = append(steps, resource.TestStep{
			Config: a.config("", groupMemberOf(tt.group, tt.member, tt.settings)), PlanOnly: true, ExpectError: regexp.MustCompile(tt.want),
		})
	}
	importing := func(id, want string) resource.TestStep {
		return resource.TestStep{
			Config: a.config("", groupMemberOf("202", "101", "")), ResourceName: groupMemberAddress, ImportState: true, ImportStateId: id,
			ExpectError: regexp.MustCompile(want),
		}
	}
	steps = append(steps,
		importing("202/101", `(?s)Invalid Import ID.*group/<group id>/member/<member id>`),
		importing("removal/202/member/101", `Invalid Import ID`),
		importing("group/202/member/4711", `(?s)Group Member Not Found.*4711`),
		importing("group/202/member/101", `(?s)Group Member Not Found.*is not a member`),
		resource.TestStep{Config: a.config("read_only = true", groupMemberOf("202", "101", "")), PlanOnly: true, ExpectNonEmptyPlan: true},
		resource.TestStep{Config: a.config("read_only = true", groupMemberOf("202", "101", "")), ExpectError: regexp.MustCompile(`(?s)Refusing to Create Group.*read_only`)},
	)
	acceptance(t, steps...)
	if err := a.wrote(0); err != nil {
		t.Error(err)
	}
}

// Taking the caller out, and the last account admin, is refused in the plan of a
// destroy: Terraform does not plan again before it.
func TestAccGroupMember_destroyIsGuarded(t *testing.T) {
	t.Parallel()
	a := startAccount(t, groupWorld(), simulator.Options{})
	caller := func(settings string) string {
		return a.config("", groupMemberOf("203", "302", "on_destroy = \"remove\"\n"+settings))
	}
	acceptance(t,
		applies(caller(""), planned{groupMemberAddress: "create"}, truth(groupMemberAddress, "added", false)),
		resource.TestStep{Config: a.config("", ""), ExpectError: regexp.MustCompile(`(?s)Refusing to Destroy Group Member.*identity that runs this.*allow_self_removal`)},
		before(applies(caller("allow_self_removal = true"), planned{groupMemberAddress: "update"}), a.setMembers("203", "302")),
		resource.TestStep{Config: a.config("", ""), ExpectError: regexp.MustCompile(`(?s)Refusing to Destroy Group Member.*without an active\s+account\s+admin`)},
		applies(caller("allow_self_removal = true\nallow_privileged = true"), planned{groupMemberAddress: "update"}),
		applies(a.config("", groupMemberOf("203", "302", `on_destroy = "keep"`)), planned{groupMemberAddress: "update"}),
		applies(a.config("", ""), planned{groupMemberAddress: "delete"}, a.has("203", "302")),
	)
}

// Ten members of one group in one apply share one PATCH, one of them fails
// alone, and the next apply does that one only.
func TestProcess_groupMembersShareOnePATCH(t *testing.T) {
	t.Parallel()
	st := manyStale(10)
	st.Groups = []simulator.Group{{ID: "202", DisplayName: "local-group"}}
	a := startAccount(t, st, simulator.Options{})
	w := newWorkspace(t, a.config("", `
resource "dbxidentity_group_member" "this" {
  for_each  = toset([for n in range(1000, 1010) : tostring(n)])
  group_id  = "202"
  member_id = each.key
}`))
	w.must(0, "apply", "-auto-approve")
	if got := a.members("202"); len(got) != 10 || a.writes() >= 10 {
		t.Errorf("the group has %v after %d PATCH requests; want ten after one (some more, where the machine is slow)", got, a.writes())
	}
	w.must(0, "plan", "-detailed-exitcode")
	// Another apply finds half of them removed: refused in shared PATCHes, then
	// one by one.
	a.setMembers("202", "1005", "1006", "1007", "1008", "1009")()
	a.faults(simulator.Fault{Kind: simulator.FaultStatus, Status: 400, Method: "PATCH", Times: 2, Message: "no"})
	a.Server.ResetRequests()
	if _, out := w.run("apply", "-auto-approve"); strings.Count(out, "Unable to Create Group Member") > 2 {
		t.Errorf("one failure is more than that:\n%s", out)
	}
	a.faults()
	w.must(0, "apply", "-auto-approve")
	w.must(0, "destroy", "-auto-approve")
	if got := a.members("202"); len(got) != 0 {
		t.Errorf("after destroy the group has %v", got)
	}
}
