// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"maps"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// dials starts a provider in this process for this account and the IdP of another one.
func (a account) dials(t *testing.T, idp account, kind string, more document) *wire {
	t.Helper()
	settings := auditing(kind)(idp)
	maps.Copy(settings, document{
		"host": a.URL, "account_id": a.AccountID, "client_id": a.ClientID, "client_secret": a.ClientSecret,
		"auth_type": "oauth-m2m", "config_file": "/dev/null",
	})
	maps.Copy(settings, more)
	return dial(t.Context(), t, settings, append(idp.trusting(), impatient()...)...)
}

// orderly is an account of which every check is met that can be: linked, with a rule
// that denies someone else, memberships of the identity provider, and no local group.
func orderly() simulator.State {
	object := func(n int) string { return fmt.Sprintf("%08x-0000-4000-8000-000000000000", n) }
	var st simulator.State
	st.Account = simulator.Account{
		AccountID: "5f0c1a52-6d0e-4c0b-9a57-0d6b1f4e2a31", OAuthClients: []simulator.OAuthClient{{ClientID: "caller-app", ClientSecret: "caller-secret"}},
		AccessRules: []simulator.AccessRule{{ExternalPrincipalID: object(2), PrincipalType: "USER"}},
	}
	st.IDP.TenantID = object(99)
	st.Users = []simulator.User{
		{ID: "101", UserName: "ada@example.com", Active: true, Roles: []simulator.Role{{Value: "account_admin"}}},
		{ID: "102", UserName: "bob@example.com", Active: true, ExternalID: object(2)},
	}
	st.ServicePrincipals = []simulator.ServicePrincipal{
		{ID: "301", ApplicationID: "caller-app", DisplayName: "audit", Active: true, Roles: []simulator.Role{{Value: "account_admin"}}},
		{ID: "302", ApplicationID: object(32), DisplayName: "etl", Active: true, ExternalID: object(3)},
	}
	st.Groups = []simulator.Group{
		{ID: "201", DisplayName: "data", ExternalID: object(4), Members: []simulator.Member{{Value: "102", Source: "IDENTITY_PROVIDER"}}},
	}
	st.IDP.Users = []simulator.IDPUser{{ID: object(2), UserPrincipalName: "bob@example.com", UserType: "Member", AccountEnabled: true}}
	st.IDP.ServicePrincipals = []simulator.IDPServicePrincipal{{ID: object(3), AppID: object(32), DisplayName: "etl", AccountEnabled: true, AppOwnerOrganizationID: object(99)}}
	st.IDP.Groups = []simulator.IDPGroup{{ID: object(4), DisplayName: "data", SecurityEnabled: true, Members: []string{object(2)}}}
	st.Workspaces = []simulator.Workspace{{
		WorkspaceID: 11, WorkspaceName: "main", Status: "RUNNING", Cloud: "azure", PricingTier: "PREMIUM", DeploymentName: "adb-11.1",
		FederationInfo:        &simulator.FederationInfo{EnableIdentityFederation: true},
		PermissionAssignments: []simulator.PermissionAssignment{{PrincipalID: "201", Permissions: []string{"USER"}}, {PrincipalID: "301", Permissions: []string{"ADMIN"}}},
		MetastoreID:           "m-1", Warehouses: []simulator.Warehouse{{ID: "w1"}},
	}}
	st.UnityCatalog.Metastores = []simulator.Metastore{{MetastoreID: "m-1", Name: "main", Owner: "caller-app", Securables: []simulator.Securable{
		{Type: "catalog", FullName: "c", Owner: "caller-app"}, {Type: "schema", FullName: "c.s", Owner: "caller-app"},
		{Type: "function", FullName: "c.s.f", Owner: "caller-app", Definition: "is_account_group_member('data')"},
	}}}
	return st
}

// The identity provider says whom a rule of the denylist covers, where the account does
// not know the group, and which rule is about no one.
func TestAccReadiness_deniedInIDP(t *testing.T) {
	t.Parallel()
	object := func(n int) string { return fmt.Sprintf("%08x-0000-4000-8000-000000000000", n) }
	st := orderly()
	st.Users[0].ExternalID = object(5)
	st.IDP.Users = append(st.IDP.Users, simulator.IDPUser{ID: object(5), UserPrincipalName: "ada@example.com", UserType: "Member", AccountEnabled: true})
	st.IDP.Groups = append(st.IDP.Groups,
		simulator.IDPGroup{ID: object(6), DisplayName: "contractors", SecurityEnabled: true, Members: []string{object(7)}},
		simulator.IDPGroup{ID: object(7), DisplayName: "inner", SecurityEnabled: true, Members: []string{object(5)}})
	st.Account.AccessRules = []simulator.AccessRule{
		{ExternalPrincipalID: object(6), DisplayName: "contractors", PrincipalType: "GROUP"}, {ExternalPrincipalID: object(8), DisplayName: "nobody", PrincipalType: "USER"},
	}
	a := startAccount(t, st, simulator.Options{})
	w := a.dials(t, a, "entra", document{"automatic_identity_management": "on"})
	got := checksOf(w.data("dbxidentity_aim_readiness", document{}))
	if w.failed() {
		t.Fatal(textOf(w.diags))
	}
	for check, want := range map[string]string{
		"denylist_spares_admins": "[rule/" + object(6) + " contractors: denies user/101 (ada@example.com)]",
		"denylist_rules_known":   "[rule/" + object(8) + " nobody: the identity provider has no identity with this id]",
	} {
		if text := fmt.Sprint(got[check].affected); text != want {
			t.Errorf("%s: %s, want %s", check, text, want)
		}
	}
}

// Beside the data sources that look at the same account, readiness asks for what only
// it needs: the least is the lists of principals, workspaces and roles, the members of
// each group here and there, and access and groups of each workspace.
func TestAccReadiness_requests(t *testing.T) {
	t.Parallel()
	const block = `data "dbxidentity_%s" "this" {}` + "\n"
	read := func(sources ...string) int {
		a := startPreset(t, "migration", simulator.Options{})
		config := ""
		for _, s := range sources {
			config += fmt.Sprintf(block, s)
		}
		settings := a.entra() + "\n  automatic_identity_management = \"on\""
		w := newWorkspace(t, a.config(settings, config)).trustsIDP(a)
		w.must(0, "plan")
		return len(a.Server.Requests().Log)
	}
	divergences, federation, local, alone := read("divergences"), read("workspace_federation"), read("workspace_local_groups"), read("aim_readiness")
	together := read("divergences", "workspace_federation", "workspace_local_groups", "aim_readiness")
	t.Logf("divergences %d, federation %d, local groups %d, readiness %d, together %d", divergences, federation, local, alone, together)
	// Readiness reads what the others read, but for the privileges of candidates and the
	// workspace that has no identity federation.
	if most := max(divergences, alone) + 25; together > most {
		t.Errorf("%d requests together, at most %d", together, most)
	}
}
