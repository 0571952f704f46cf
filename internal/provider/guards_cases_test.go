// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"slices"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// guardCase is one row of the table of guards. Each has a group, a second group
// and two users of its own.
type guardCase struct {
	resource, guard string
	// config are the settings of the instance; %[1]d is the group, %[2]d the other
	// group, %[3]d and %[4]d are the users. Empty is the pair of group and user.
	config string
	// provider is the alias of the provider; empty is the default one.
	provider string
	// member is who is a member of the group from the start.
	member string
	// hostile is what happens in the account between plan and apply.
	hostile func(st *simulator.State, w guardIDs)
	faults  []string // paths that cannot be read from then on
	// round is when the case is run.
	round string
}

// The rounds. What configuration alone decides never gets into a saved plan; what
// hides other cases when it cannot be read comes last.
const (
	roundValidate = "validate"
	roundPlan     = "plan"
	roundApply    = ""
	roundLate     = "late"
	roundHoles    = "holes"
)

// guardIDs are the ids that one case may use.
type guardIDs struct{ group, other, user, second int }

func idsOf(i int) guardIDs {
	return guardIDs{group: 1000 + 10*i, other: 1001 + 10*i, user: 1002 + 10*i, second: 1003 + 10*i}
}

func groupIn(st *simulator.State, id int) *simulator.Group {
	return &st.Groups[slices.IndexFunc(st.Groups, func(g simulator.Group) bool { return g.ID == fmt.Sprint(id) })]
}

func userIn(st *simulator.State, id int) *simulator.User {
	return &st.Users[slices.IndexFunc(st.Users, func(u simulator.User) bool { return u.ID == fmt.Sprint(id) })]
}

func noGroup(st *simulator.State, id int) {
	st.Groups = slices.DeleteFunc(st.Groups, func(g simulator.Group) bool { return g.ID == fmt.Sprint(id) })
}

func noUser(st *simulator.State, id int) {
	st.Users = slices.DeleteFunc(st.Users, func(u simulator.User) bool { return u.ID == fmt.Sprint(id) })
	for i := range st.Groups {
		st.Groups[i].Members = slices.DeleteFunc(st.Groups[i].Members, func(m simulator.Member) bool { return m.Value == fmt.Sprint(id) })
	}
}

func memberIs(id int) simulator.Member { return simulator.Member{Value: fmt.Sprint(id)} }

const (
	memberResource   = "dbxidentity_group_member"
	removalResource  = "dbxidentity_group_member_removal"
	idResource       = "dbxidentity_external_id"
	resolvedResource = "dbxidentity_resolved_principal"
	ledgerResource   = "dbxidentity_remediation_ledger"
	statusResource   = "dbxidentity_principal_status"
	nameResource     = "dbxidentity_group_name"
	ruleResource     = "dbxidentity_account_access_identity_rule"
)

// guardCases are all rows.
func guardCases() []guardCase {
	return slices.Concat(addGuardCases(), removalGuardCases(), externalIDGuardCases(), statusGuardCases(), nameGuardCases(), ruleGuardCases(), otherGuardCases())
}

// mayHide gives the account a privileged linked group: its members do not tell who else is in
// it, so that each principal is asked for by itself.
func mayHide(st *simulator.State, w guardIDs) {
	g := groupIn(st, w.other)
	g.ExternalID, g.Roles = entraID(w.other), []simulator.Role{{Value: "account_admin"}}
}

func addGuardCases() []guardCase {
	groupInGroup := "group_id = %[1]d\n  member_id = %[2]d"
	cases := []guardCase{
		{guard: "group_unreadable", faults: []string{"/api/2.1/**/Groups/%[1]d"}},
		{guard: "group_deleted", hostile: func(st *simulator.State, w guardIDs) { noGroup(st, w.group) }},
		{guard: "member_unreadable", faults: []string{"/api/2.1/**/Users/%[3]d"}},
		{guard: "member_deleted", hostile: func(st *simulator.State, w guardIDs) { noUser(st, w.user) }},
		{guard: "member_inactive", hostile: func(st *simulator.State, w guardIDs) { userIn(st, w.user).Active = false }},
		{guard: "system_group", hostile: func(st *simulator.State, w guardIDs) { groupIn(st, w.group).DisplayName = "account users" }},
		{guard: "idp_group", hostile: func(st *simulator.State, w guardIDs) { groupIn(st, w.group).ExternalID = entraID(w.group) }},
		{guard: "origin_unknown", faults: []string{"/api/2.0/**/groups/%[1]d/direct-members"}},
		{guard: "self_membership", config: "group_id = %[1]d\n  member_id = %[1]d", round: roundPlan},
		{guard: "membership_cycle", config: groupInGroup, hostile: func(st *simulator.State, w guardIDs) {
			groupIn(st, w.other).Members = []simulator.Member{memberIs(w.group)}
		}},
		{guard: "membership_cycle_unknown", config: groupInGroup + "\n  allow_privileged = true", faults: []string{"/api/2.0/**/principals/%[1]d/transitive-parent-groups"}},
		{guard: "privileged_group", config: "group_id = %[1]d\n  member_id = %[3]d\n  allow_privileged = var.allow", hostile: func(st *simulator.State, w guardIDs) {
			// By nesting, which no one sees at the group itself.
			g := groupIn(st, w.other)
			g.Members, g.Roles = []simulator.Member{memberIs(w.group)}, []simulator.Role{{Value: "account_admin"}}
		}},
		{guard: "privileges_unknown", config: "group_id = %[1]d\n  member_id = %[3]d\n  allow_privileged = var.allow",
			hostile: mayHide, faults: []string{"/api/2.0/**/principals/%[1]d/transitive-parent-groups"}},
	}
	return of(memberResource, cases)
}

func removalGuardCases() []guardCase {
	const holder = "group_id = %[1]d\n  member_id = %[2]d\n  allow_self_removal = var.allow"
	cases := []guardCase{
		{guard: "group_unreadable", member: "%[3]d", faults: []string{"/api/2.1/**/Groups/%[1]d"}},
		{guard: "member_unreadable", member: "%[3]d", faults: []string{"/api/2.1/**/Users/%[3]d"}},
		{guard: "system_group", member: "%[3]d", hostile: func(st *simulator.State, w guardIDs) { groupIn(st, w.group).DisplayName = "users" }},
		{guard: "idp_membership", member: "%[3]d", hostile: func(st *simulator.State, w guardIDs) {
			g := groupIn(st, w.group)
			g.ExternalID, g.Members[0].Source = entraID(w.group), "IDENTITY_PROVIDER"
		}},
		{guard: "membership_source_unknown", provider: "scim", member: "%[3]d", hostile: func(st *simulator.State, w guardIDs) {
			groupIn(st, w.group).ExternalID = entraID(w.group)
		}},
		{guard: "removes_caller", config: holder, member: "%[2]d", hostile: func(st *simulator.State, w guardIDs) {
			groupIn(st, w.other).Members = []simulator.Member{{Value: guardCaller}}
		}},
		{guard: "caller_unknown", config: holder, member: "%[2]d", round: roundLate, faults: []string{"/api/2.0/**/principals/" + guardCaller + "/transitive-parent-groups"}},
		{guard: "last_account_admin", config: "group_id = %[1]d\n  member_id = " + guardCaller + "\n  allow_self_removal = true", member: guardCaller, hostile: func(st *simulator.State, w guardIDs) {
			groupIn(st, guardAdmins).Roles = nil
			groupIn(st, w.group).Roles = []simulator.Role{{Value: "account_admin"}}
		}},
		{guard: "account_admins_unknown", member: "%[3]d", round: roundLate, hostile: func(st *simulator.State, w guardIDs) {
			groupIn(st, w.group).Roles = []simulator.Role{{Value: "account_admin"}}
		}, faults: []string{"/api/2.1/**/scim/v2/ServicePrincipals"}},
	}
	return of(removalResource, cases)
}

func externalIDGuardCases() []guardCase {
	cases := []guardCase{
		{guard: "external_id_held", hostile: func(st *simulator.State, w guardIDs) { userIn(st, w.second).ExternalID = entraID(w.user) }},
		{guard: "unexpected_value", hostile: func(st *simulator.State, w guardIDs) { userIn(st, w.user).ExternalID = entraID(4711) }},
		{guard: "own_application_id", config: "principal_type = \"service_principal\"\n  principal_id = " + guardCaller + "\n  external_id = \"aaaaaaaa-0000-4000-8000-000000000021\"", round: roundPlan},
		{guard: "not_in_idp", provider: "file", config: "principal_type = \"user\"\n  principal_id = %[3]d\n  external_id = \"mistyped\"\n  allow_unknown_external_id = var.allow", round: roundPlan},
		{guard: "principal_deleted", hostile: func(st *simulator.State, w guardIDs) { noUser(st, w.user) }},
		{guard: "principal_unreadable", faults: []string{"/api/2.1/**/Users/%[3]d"}},
		{guard: "holders_unknown", round: roundLate, faults: []string{"/api/2.0/identity/**/service-principals"}},
		{guard: "cannot_be_cleared", config: "principal_type = \"user\"\n  principal_id = %[3]d\n  external_id = \"\"", round: roundValidate},
		{guard: "invalid_value", config: "principal_type = \"user\"\n  principal_id = %[3]d\n  external_id = \" x\"", round: roundValidate},
		{guard: "read_only", provider: "reader", config: "principal_type = \"user\"\n  principal_id = %[3]d\n  external_id = \"written\"\n  allow_unknown_external_id = true"},
	}
	return of(idResource, cases)
}

func statusGuardCases() []guardCase {
	const user = "principal_type = \"user\"\n  active = false\n  principal_id = %[3]d\n  allow_privileged = "
	cases := []guardCase{
		{guard: "principal_deleted", hostile: func(st *simulator.State, w guardIDs) { noUser(st, w.user) }},
		{guard: "principal_unreadable", config: user + "true", faults: []string{"/api/2.1/**/Users/%[3]d"}},
		{guard: "deactivates_caller", config: "principal_type = \"service_principal\"\n  active = false\n  principal_id = " + guardCaller, round: roundPlan},
		{guard: "caller_unknown", round: roundLate},
		{guard: "privileged_principal", config: user + "var.allow", hostile: func(st *simulator.State, w guardIDs) {
			userIn(st, w.user).Roles = []simulator.Role{{Value: "billing.admin"}}
		}},
		{guard: "privileges_unknown", config: user + "var.allow",
			hostile: mayHide, faults: []string{"/api/2.0/**/principals/%[3]d/transitive-parent-groups"}},
	}
	return of(statusResource, cases)
}

func nameGuardCases() []guardCase {
	const named = "group_id = %[1]d\n  name = \"new %[1]d\"\n  expected_current_name = \"group %[1]d\"\n  allow_privileged = var.allow"
	cases := []guardCase{
		{guard: "group_deleted", hostile: func(st *simulator.State, w guardIDs) { noGroup(st, w.group) }},
		{guard: "group_unreadable", faults: []string{"/api/2.1/**/Groups/%[1]d"}},
		{guard: "unexpected_name", hostile: func(st *simulator.State, w guardIDs) { groupIn(st, w.group).DisplayName += " of others" }},
		{guard: "name_taken", hostile: func(st *simulator.State, w guardIDs) {
			groupIn(st, w.other).DisplayName = fmt.Sprintf("NEW %d", w.group)
		}},
		{guard: "names_unknown", round: roundHoles, faults: []string{"/api/2.0/identity/**/groups"}},
		{guard: "system_group", config: "group_id = 24\n  name = \"mine\"\n  expected_current_name = \"account users\"", round: roundPlan},
		{guard: "idp_group", hostile: func(st *simulator.State, w guardIDs) { groupIn(st, w.group).ExternalID = entraID(w.group) }},
		{guard: "privileged_principal", config: named, hostile: func(st *simulator.State, w guardIDs) {
			groupIn(st, w.group).Roles = []simulator.Role{{Value: "billing.admin"}}
		}},
		{guard: "privileges_unknown", config: named,
			hostile: mayHide, faults: []string{"/api/2.0/**/principals/%[1]d/transitive-parent-groups"}},
		{guard: "invalid_name", config: "group_id = %[1]d\n  name = \" x\"", round: roundValidate},
	}
	return of(nameResource, cases)
}

func ruleGuardCases() []guardCase {
	inGroup := func(st *simulator.State, w guardIDs, member string) {
		for i := range st.IDP.Groups {
			if g := &st.IDP.Groups[i]; g.ID == entraID(w.other) { // By nesting.
				g.Members = append(g.Members, member)
			}
		}
	}
	cases := []guardCase{
		{guard: "denies_caller", hostile: func(st *simulator.State, w guardIDs) {
			st.IDP.ServicePrincipals = append(st.IDP.ServicePrincipals, simulator.IDPServicePrincipal{ID: entraID(21), AppID: st.ServicePrincipals[0].ApplicationID, DisplayName: "runner", AccountEnabled: true})
			inGroup(st, w, entraID(21))
		}},
		{guard: "denies_account_admin", hostile: func(st *simulator.State, w guardIDs) {
			u := userIn(st, w.user) // Inactive: no admin to other guards.
			u.Active, u.Roles = false, []simulator.Role{{Value: "account_admin"}}
			st.IDP.Users = append(st.IDP.Users, simulator.IDPUser{ID: entraID(w.user), UserPrincipalName: u.UserName, UserType: "Member", AccountEnabled: true})
			inGroup(st, w, entraID(w.user))
		}},
		{guard: "denied_admins_unknown", round: roundLate, faults: []string{"/api/2.1/**/scim/v2/ServicePrincipals"}},
		{guard: "denied_identity_unknown", provider: "reader", round: roundPlan},
		{guard: "denied_identity_not_found", hostile: func(st *simulator.State, w guardIDs) {
			st.IDP.Groups = slices.DeleteFunc(st.IDP.Groups, func(g simulator.IDPGroup) bool { return g.ID == entraID(w.group) })
		}},
		{guard: "denied_members_unknown", hostile: func(st *simulator.State, w guardIDs) {
			groupIn(st, w.group).ExternalID = entraID(w.group)
		}, faults: []string{"/api/2.0/**/groups/%[1]d/direct-members"}},
		{guard: "denylist_full", hostile: func(st *simulator.State, w guardIDs) {
			for n := range 100 {
				st.Account.AccessRules = append(st.Account.AccessRules, simulator.AccessRule{ExternalPrincipalID: entraID(900000 + n)})
			}
		}},
	}
	return of(ruleResource, cases)
}

func otherGuardCases() []guardCase {
	entry := `"user/%[3]d" = { principal_type = "user", principal_id = %[3]d, external_id = "` + entraID(1) + `" }`
	removal := `"%[1]d/%[3]d" = { group_id = %[1]d, member_id = %[3]d }`
	membership := `"%[1]d" = { group_id = %[1]d, member_id = %[3]d }`
	deactivation := `"deactivate/user/%[3]d" = { principal_type = "user", principal_id = %[3]d }`
	rename := `"rename/group/%[1]d" = { group_id = %[1]d, name = "x" }`
	ledger := []guardCase{
		{guard: "max_new_external_ids", config: "pending_external_ids = { " + entry + " }\n  max_new_external_ids = var.allow ? 1 : 0", round: roundPlan},
		{guard: "max_new_member_removals", config: "pending_member_removals = { " + removal + " }\n  max_new_member_removals = var.allow ? 1 : 0", round: roundPlan},
		{guard: "max_new_memberships", config: "pending_memberships = { " + membership + " }\n  max_new_memberships = var.allow ? 1 : 0", round: roundPlan},
		{guard: "max_new_deactivations", config: "pending_deactivations = { " + deactivation + " }\n  max_new_deactivations = var.allow ? 1 : 0", round: roundPlan},
		{guard: "max_new_group_names", config: "pending_group_names = { " + rename + " }\n  max_new_group_names = var.allow ? 1 : 0", round: roundPlan},
		{guard: "contradicting_entries", config: "pending_memberships = { " + membership + " }\n  pending_member_removals = { " + removal + " }", round: roundPlan},
	}
	resolved := []guardCase{
		{guard: "aim_off", provider: "off", config: "principal_type = \"user\"\n  external_id = \"" + entraID(1) + "\"", round: roundPlan},
	}
	resolved = append(resolved, guardCase{
		guard: "same_name", provider: "entra", config: "principal_type = \"user\"\n  external_id = \"" + entraID(2) + "\"", round: roundPlan,
	})
	return slices.Concat(of(ledgerResource, ledger), of(resolvedResource, resolved))
}

// with fills the ids of a case into a text.
func (w guardIDs) with(text string) string {
	return fmt.Sprintf(text+"%[5]s", w.group, w.other, w.user, w.second, "")
}

func of(resource string, cases []guardCase) []guardCase {
	for i := range cases {
		cases[i].resource = resource
		if cases[i].config != "" {
			continue
		}
		cases[i].config = "group_id = %[1]d\n  member_id = %[3]d"
		switch resource {
		case statusResource:
			cases[i].config = "principal_type = \"user\"\n  active = false\n  principal_id = %[3]d"
		case ruleResource:
			if cases[i].provider == "" {
				cases[i].provider = "entra"
			}
			cases[i].config = "external_principal_id = format(\"00000000-0000-4000-8000-%%012d\", %[1]d)"
		case nameResource:
			cases[i].config = "group_id = %[1]d\n  name = \"new %[1]d\"\n  expected_current_name = \"group %[1]d\""
		case idResource:
			cases[i].config = "principal_type = \"user\"\n  principal_id = %[3]d\n  external_id = format(\"00000000-0000-4000-8000-%%012d\", %[3]d)"
		}
	}
	return cases
}
