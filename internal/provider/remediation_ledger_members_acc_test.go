// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"regexp"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// setMembers gives a group other members.
func (a account) setMembers(groupID string, memberIDs ...string) func() {
	return func() {
		a.change(func(st *simulator.State) {
			for i := range st.Groups {
				if st.Groups[i].ID != groupID {
					continue
				}
				st.Groups[i].Members = nil
				for _, id := range memberIDs {
					st.Groups[i].Members = append(st.Groups[i].Members, simulator.Member{Value: id})
				}
			}
		})
	}
}

func keysOf(attributeName string, keys ...string) statecheck.StateCheck {
	want := map[string]knownvalue.Check{}
	for _, key := range keys {
		want[key] = knownvalue.NotNull()
	}
	return attribute(ledgerAddress, attributeName, knownvalue.MapExact(want))
}

func removalEntry(groupID, memberID string) string {
	return `"` + groupID + "/" + memberID + `" = { group_id = "` + groupID + `", member_id = "` + memberID + `", member_type = "user" }`
}

func membershipEntry(key, groupID, memberID string) string {
	return `"` + key + `" = { group_id = "` + groupID + `", member_id = "` + memberID + `", privileged = false }`
}

// A removal stays tracked while the member is away, and is dropped when it
// is back for good: the identity provider has it now, and nothing removes it.
func TestAccRemediationLedger_memberRemovals(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	change := planned{ledgerAddress: "update"}
	step := func(settings string, want planned, keys ...string) resource.TestStep {
		return applies(a.config("", ledgerOf(settings)), want, keysOf("member_removals", keys...))
	}
	pending := `pending_member_removals = { ` + removalEntry("201", "102") + ` }`
	acceptance(t,
		step(pending, planned{ledgerAddress: "create"}, "201/102"),
		before(step("", planned{}, "201/102"), a.setMembers("201")),
		step("exclude = [\"201/999\"]", change, "201/102"),
		before(step("exclude = [\"201/999\"]", change), a.setMembers("201", "102")),
		step(pending, change, "201/102"),
		step(pending+"\nexclude = [\"201/102\"]", change),
		step(pending, change, "201/102"),
		// The member is deleted, then the group of another entry.
		before(step("", planned{}), func() {
			a.change(func(st *simulator.State) {
				st.Groups[0].Members = nil
				st.Users = slices.DeleteFunc(st.Users, func(u simulator.User) bool { return u.ID == "102" })
			})
		}),
	)
	if err := a.wrote(0); err != nil {
		t.Error(err)
	}
}

// A membership stays given when no one asks for it any more, and is dropped when
// someone took it away.
func TestAccRemediationLedger_memberships(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	change := planned{ledgerAddress: "update"}
	step := func(settings string, want planned, keys ...string) resource.TestStep {
		return applies(a.config("", ledgerOf(settings)), want, keysOf("memberships", keys...))
	}
	acceptance(t,
		step(`pending_memberships = { `+membershipEntry("202", "202", "101")+`, `+membershipEntry("202/103", "202", "103")+` }`,
			planned{ledgerAddress: "create"}, "202", "202/103"),
		before(step("", planned{}, "202", "202/103"), a.setMembers("202", "101", "103")),
		// Another target under the same key is another entry.
		step(`pending_memberships = { `+membershipEntry("202", "202", "102")+` }`, change, "202", "202/103"),
		before(step("", change, "202/103"), a.setMembers("202", "103")),
		before(step("exclude = [\"202/999\"]", change), func() {
			a.change(func(st *simulator.State) {
				st.Groups = slices.DeleteFunc(st.Groups, func(g simulator.Group) bool { return g.ID == "202" })
			})
		}),
	)
}

// IAM v2 leaves empty lists out of its answers: one that says nothing of the members
// of a group, while account SCIM shows them, drops no membership of the ledger.
func TestAccRemediationLedger_membersContradicted(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	change := planned{ledgerAddress: "update"}
	step := func(settings string, want planned, keys ...string) resource.TestStep {
		return applies(a.config("", ledgerOf(settings)), want, keysOf("memberships", keys...))
	}
	acceptance(t,
		step(`pending_memberships = { `+membershipEntry("202", "202", "101")+` }`, planned{ledgerAddress: "create"}, "202"),
		before(step("", planned{}, "202"), a.setMembers("202", "101")),
		before(step("exclude = [\"202/999\"]", change, "202"), func() {
			a.faults(simulator.Fault{Kind: simulator.FaultStatus, Status: 200, Method: "GET", Path: "/api/**/groups/202/direct-members"})
		}),
		before(step("exclude = [\"202/998\"]", change, "202"), func() { a.faults() }),
		before(step("exclude = [\"202/999\"]", change), a.setMembers("202")),
	)
}

// Limits, contradictions and keys are refused in the plan.
func TestAccRemediationLedger_memberRefusals(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	removals := func(entries string) string { return `pending_member_removals = { ` + entries + " }\n" }
	memberships := func(entries string) string { return `pending_memberships = { ` + entries + " }\n" }
	for name, tt := range map[string]struct{ settings, want string }{
		"key of another removal":    {removals(`"201/101" = { group_id = "201", member_id = "102" }`), `(?s)Invalid Ledger Key.*201/101.*201/102`},
		"key of another membership": {memberships(membershipEntry("201", "202", "101")), `(?s)Invalid Ledger Key.*202/101`},
		"short key of a removal":    {removals(`"201" = { group_id = "201", member_id = "102" }`), `(?s)Invalid Ledger Key.*201/102`},
		"too many removals": {
			removals(removalEntry("201", "101")+", "+removalEntry("201", "102")) + "max_new_member_removals = 1",
			`(?s)Too Many New Member Removals.*2 member\s+removals.*max_new_member_removals\s+allows\s+1`,
		},
		"too many memberships": {
			memberships(membershipEntry("202", "202", "101")) + "max_new_memberships = 0", `(?s)Too Many New Memberships`,
		},
		"added and removed": {
			removals(removalEntry("202", "101")) + memberships(membershipEntry("202", "202", "101")), `(?s)Contradicting Ledger Entries.*101.*group/202`,
		},
		"one membership twice": {
			memberships(membershipEntry("202", "202", "101") + ", " + membershipEntry("202/101", "202", "101")), `(?s)Duplicate Ledger Entries.*202/101`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acceptance(t, resource.TestStep{Config: a.config("", ledgerOf(tt.settings)), PlanOnly: true, ExpectError: regexp.MustCompile(tt.want)})
		})
	}
}
