// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/judge"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/file"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/matchwithidp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

const (
	attackedAccount = "11111111-2222-4333-8444-555555555555"
	attackedApp     = "aaaaaaaa-0000-4000-8000-000000000041"
)

// attack is one way to get privileges in an account: the attacker may make objects of any
// name in the IdP, and no more.
type attack struct {
	// ref is the principal in the account that the attacker is after.
	ref audit.Ref
	// reason is why nothing is offered by default, and power a part of its detail.
	reason, power string
	// needs is the reason that comes before the power is looked at; the switches
	// other than allow_privileged_principals do not help the attacker either.
	needs string
}

// attacked is an account with a principal of each kind of privilege, and an IdP in
// which someone has made the objects that would take it.
func attacked() (simulator.State, map[string]attack) {
	const fake = "99999999-0000-4000-8000-%012d"
	user := func(id string) audit.Ref { return audit.Ref{Type: audit.TypeUser, ID: id} }
	group := func(id string) audit.Ref { return audit.Ref{Type: audit.TypeGroup, ID: id} }
	members := func(ids ...string) (out []simulator.Member) {
		for _, id := range ids {
			out = append(out, simulator.Member{Value: id})
		}
		return out
	}
	dead := func(n int) string { return fmt.Sprintf("dddddddd-0000-4000-8000-%012d", n) }
	rules := func(resource, role, principal string) simulator.RuleSet {
		return simulator.RuleSet{Name: "accounts/" + attackedAccount + resource + "/ruleSets/default", GrantRules: []simulator.GrantRule{{Role: role, Principals: []string{principal}}}}
	}
	const alive = "eeeeeeee-0000-4000-8000-000000000105" // Whose user name has changed.
	st := simulator.State{
		Account: simulator.Account{AccountID: attackedAccount},
		Users: []simulator.User{
			{ID: "101", UserName: "leaver.admin@example.com", ExternalID: dead(101), Active: true},
			{ID: "102", UserName: "leaver.operator@example.com", ExternalID: dead(102), Active: true},
			{ID: "103", UserName: "leaver.deployer@example.com", ExternalID: dead(103), Active: true},
			{ID: "104", UserName: "never.linked@example.com", Active: true, Roles: []simulator.Role{{Value: "account_admin"}}},
			{ID: "105", UserName: "married.admin@example.com", ExternalID: alive, Active: true, Roles: []simulator.Role{{Value: "account_admin"}}},
		},
		Groups: []simulator.Group{
			{ID: "201", DisplayName: "operators", Members: members("102", "206"), Roles: []simulator.Role{{Value: "account_admin"}}},
			{ID: "202", DisplayName: "workspace-admins-parent", Members: members("203")},
			{ID: "203", DisplayName: "team-in-parent", ExternalID: dead(203)},
			{ID: "204", DisplayName: "Lake Owners", ExternalID: dead(204)},
			{ID: "205", DisplayName: "recruiters", ExternalID: dead(205)},
			{ID: "206", DisplayName: "nested", ExternalID: dead(206)},
			{ID: "207", DisplayName: "billing", ExternalID: dead(207)},
		},
		ServicePrincipals: []simulator.ServicePrincipal{
			{ID: "41", ApplicationID: attackedApp, DisplayName: "deployer", Active: true, Roles: []simulator.Role{{Value: "account_admin"}}},
		},
		Workspaces: []simulator.Workspace{{
			WorkspaceID: 100, WorkspaceName: "prod", Status: "RUNNING", FederationInfo: &simulator.FederationInfo{EnableIdentityFederation: true},
			PermissionAssignments: []simulator.PermissionAssignment{{PrincipalID: "202", Permissions: []string{"ADMIN"}}, {PrincipalID: "101", Permissions: []string{"ADMIN"}}},
		}},
		UnityCatalog: simulator.UnityCatalog{Metastores: []simulator.Metastore{{MetastoreID: "m1", Name: "main", Owner: "LAKE OWNERS"}}},
		AccountRoles: []simulator.RuleSet{
			rules("", "roles/billing.admin", "groups/billing"),
			rules("/groups/201", "roles/group.manager", "groups/recruiters"),
			rules("/servicePrincipals/"+attackedApp, "roles/servicePrincipal.user", "users/leaver.deployer@example.com"),
		},
	}
	st.IDP = simulator.IDP{TenantID: "99999999-0000-4000-8000-000000000000", VerifiedDomains: []string{"example.com"}}
	for i, u := range st.Users {
		st.IDP.Users = append(st.IDP.Users, simulator.IDPUser{ID: fmt.Sprintf(fake, 100+i), UserPrincipalName: u.UserName, AccountEnabled: true, UserType: "Member"})
	}
	st.IDP.Users = append(st.IDP.Users, simulator.IDPUser{ID: alive, UserPrincipalName: "new.name@example.com", AccountEnabled: true, UserType: "Member"})
	for i, g := range st.Groups {
		st.IDP.Groups = append(st.IDP.Groups, simulator.IDPGroup{ID: fmt.Sprintf(fake, 200+i), DisplayName: g.DisplayName, SecurityEnabled: true})
	}
	// An app that took the name of the service principal, but not its application id.
	st.IDP.ServicePrincipals = []simulator.IDPServicePrincipal{
		{ID: fmt.Sprintf(fake, 300), AppID: "bbbbbbbb-0000-4000-8000-000000000001", DisplayName: "deployer", AccountEnabled: true},
	}
	return st, map[string]attack{
		"UPN of a leaver with ADMIN of a workspace":              {ref: user("101"), reason: "privileged", power: `ADMIN of workspace "prod"`},
		"UPN of a leaver in an admin group":                      {ref: user("102"), reason: "privileged", power: "account_admin (through group"},
		"UPN of a leaver who may act as an admin's app":          {ref: user("103"), reason: "privileged", power: "servicePrincipal.user"},
		"UPN of an admin who was never linked":                   {ref: user("104"), reason: "privileged", power: "account_admin"},
		"former UPN of an admin who is still there":              {ref: user("105"), reason: "privileged", power: "account_admin", needs: "needs_relink"},
		"name of a local admin group":                            {ref: group("201"), reason: "privileged", power: "account_admin", needs: "needs_link_groups"},
		"name of the local group above, ADMIN":                   {ref: group("202"), reason: "privileged", power: `ADMIN of workspace "prod"`, needs: "needs_link_groups"},
		"name of a group below one with ADMIN":                   {ref: group("203"), reason: "privileged", power: "(through group"},
		"name of a metastore's owner, in another case":           {ref: group("204"), reason: "privileged", power: "owner of metastore"},
		"name of a group whose members manage the admin group":   {ref: group("205"), reason: "privileged", power: "group.manager"},
		"name of a group nested in the admin group":              {ref: group("206"), reason: "privileged", power: "account_admin (through group"},
		"name of a group with a role in the account's rules":     {ref: group("207"), reason: "privileged", power: "billing.admin"},
		"display name of a service principal that is privileged": {ref: audit.Ref{Type: audit.TypeServicePrincipal, ID: "41"}},
	}
}

// No default configuration hands privileges over: not by any source of matches, and not
// with the other switches either. The manual action names the privilege and says what
// to check.
func TestAttack_namesInTheIDP(t *testing.T) {
	t.Parallel()
	st, attacks := attacked()
	w := newWorld(t, st, simulator.Options{})
	client := w.account(t)
	for name, source := range map[string]idp.Source{
		"databricks": matchwithidp.New(client, 4), "entra": w.entra(t), "file": file.New(writeDirectory(t, t.TempDir(), st.IDP)),
	} {
		for kind, options := range map[string]judge.Options{
			"default": {IDP: source.Capabilities().Capabilities}, "all other switches": {IDP: source.Capabilities().Capabilities, LinkGroups: true, Relink: true, SuggestGroupClears: true},
		} {
			report := auditWith(t, client, source, options)
			if len(report.ExternalIDFixes) > 0 || len(report.MemberRemovals) > 0 {
				t.Errorf("%s, %s: it offers %+v and %+v", name, kind, report.ExternalIDFixes, report.MemberRemovals)
			}
			for title, a := range attacks {
				a.check(t, fmt.Sprintf("%s, %s, %s", name, kind, title), report, kind == "default")
			}
		}
	}
}

// auditWith is an audit as dbxidentity_divergences makes it.
func auditWith(t *testing.T, client *account.Client, source idp.Source, options judge.Options) judge.Report {
	t.Helper()
	inventory, err := client.Inventory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	result, err := source.Match(t.Context(), idp.Request{Principals: inventory.Principals, Membership: idp.MembershipTransitive, Members: client.Members})
	if err != nil {
		t.Fatal(err)
	}
	in := judge.Input{Inventory: inventory, Matches: result.Matches, Failures: result.Failures}
	in.Privileges = client.Privileges(t.Context(), judge.Candidates(in, options))
	return judge.Divergences(in, options)
}

func (a attack) check(t *testing.T, title string, report judge.Report, byDefault bool) {
	t.Helper()
	want := a.reason
	if byDefault && a.needs != "" {
		want = a.needs
	}
	for _, m := range report.ManualActions {
		if m.Ref != a.ref {
			continue
		}
		told := want == a.reason && strings.Contains(m.Detail, a.power) || want != a.reason
		if m.Reason != want || !told || !strings.Contains(m.Remedy(), "by whom") && !strings.Contains(m.Remedy(), "Check who") {
			t.Errorf("%s: %+v: %s", title, m, m.Remedy())
		}
		return
	}
	if want != "" {
		t.Errorf("%s: nothing is said", title)
	}
}

// A privilege that cannot be read is not an absent one; and without any privilege there
// is nothing to withhold, so that it is the privilege that is seen above.
func TestAttack_whileBlind(t *testing.T) {
	t.Parallel()
	st, _ := attacked()
	powerless := st
	powerless.UnityCatalog, powerless.Workspaces, powerless.AccountRoles = simulator.UnityCatalog{}, nil, nil
	powerless.Users, powerless.Groups = slices.Clone(st.Users), slices.Clone(st.Groups)
	powerless.Users[3].Roles, powerless.Users[4].Roles, powerless.Groups[0].Roles, powerless.ServicePrincipals = nil, nil, nil, nil
	offered := func(st simulator.State, blind ...string) []judge.ExternalIDFix {
		w := newWorld(t, st, simulator.Options{})
		var faults []simulator.Fault
		for _, path := range blind {
			faults = append(faults, simulator.Fault{Kind: simulator.FaultStatus, Status: 400, Path: path, Message: "no"})
		}
		if err := w.sim.Server.SetFaults(faults); err != nil {
			t.Fatal(err)
		}
		source := file.New(writeDirectory(t, t.TempDir(), st.IDP))
		return auditWith(t, w.account(t), source, judge.Options{IDP: source.Capabilities().Capabilities}).ExternalIDFixes
	}
	if got := offered(powerless); len(got) != 9 {
		t.Errorf("without power %d fixes are offered, want 9: %+v", len(got), got)
	}
	for _, path := range []string{"**/metastores", "**/workspaces", "**/access-control/rule-sets", "**/scim/v2/Groups"} {
		if got := offered(powerless, path); len(got) > 0 {
			t.Errorf("without a look at %s it offers %+v", path, got)
		}
	}
	// Who is in which group matters once a group is privileged: then its members are
	// read, and without them no one is known to be outside (ADR 008).
	powerful := powerless
	powerful.Groups = slices.Clone(powerless.Groups)
	powerful.Groups[0].Roles = st.Groups[0].Roles // Of which user 102 and group 206 are members.
	if got := offered(powerful); len(got) != 7 {
		t.Errorf("with a group with power %d fixes are offered, want 7: %+v", len(got), got)
	}
	if got := offered(powerful, "**/direct-members"); len(got) > 0 {
		t.Errorf("without a look at the members of a group with power it offers %+v", got)
	}
}
