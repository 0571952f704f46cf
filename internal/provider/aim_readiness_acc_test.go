// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/readiness"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// readinessOutputs show what the data source found.
const readinessOutputs = `
output "status" { value = { for c in data.dbxidentity_aim_readiness.this.checks : c.id => c.status } }
output "summary" { value = { for c in data.dbxidentity_aim_readiness.this.checks : c.id => c.summary } }
output "detail" { value = { for c in data.dbxidentity_aim_readiness.this.checks : c.id => [for a in c.affected : "${a.subject} ${coalesce(a.name, "-")} ${a.detail}"] } }
output "verdicts" { value = [for v in [
  data.dbxidentity_aim_readiness.this.ready_to_enable_aim, data.dbxidentity_aim_readiness.this.ready_to_disable_scim,
  data.dbxidentity_aim_readiness.this.ready_to_disable_aim,
] : v == null ? "null" : tostring(v)] }
output "reason" { value = data.dbxidentity_aim_readiness.this.ready_to_enable_aim_reason }
output "complete" { value = data.dbxidentity_aim_readiness.this.complete }
output "failures" { value = [for f in data.dbxidentity_aim_readiness.this.failures : "${f.call}: ${f.reason}"] }
output "needed" { value = data.dbxidentity_aim_readiness.this.workspace_assignments_needed }
output "renames" { value = data.dbxidentity_aim_readiness.this.service_principal_renames }
`

// readiness reads the data source with these inputs and returns its outputs.
func (a account) readiness(t *testing.T, settings, inputs string) capture {
	t.Helper()
	got := capture{}
	acceptanceWith(t, a.trusting(), resource.TestStep{
		Config:            a.config(settings, "data \"dbxidentity_aim_readiness\" \"this\" {\n"+inputs+"\n}\n"+readinessOutputs),
		ConfigStateChecks: []statecheck.StateCheck{got},
	})
	return got
}

// readinessInProcess is readiness for all decisions, of this account and the IdP of
// another one, without the command line between: the same values under the same names.
func (a account) readinessInProcess(t *testing.T, idp account, kind string, settings document, inputs ...document) capture {
	t.Helper()
	config := document{"decisions": []any{"enable_aim", "disable_scim", "disable_aim"}, "primary_domains": []any{"example.com"}}
	for _, more := range inputs {
		maps.Copy(config, more)
	}
	w := a.dials(t, idp, kind, settings)
	result := w.data("dbxidentity_aim_readiness", config)
	if w.failed() {
		t.Fatal(textOf(w.diags))
	}
	status, summary, detail := document{}, document{}, document{}
	for _, check := range result["checks"].([]any) { //nolint:forcetypeassert // The schema says so.
		c := asMap(t, check)
		id := fmt.Sprint(c["id"])
		affected := []any{}
		for _, of := range c["affected"].([]any) { //nolint:forcetypeassert // The schema says so.
			o := asMap(t, of)
			if o["name"] == nil || o["name"] == "" {
				o["name"] = "-"
			}
			affected = append(affected, fmt.Sprint(o["subject"], " ", o["name"], " ", o["detail"]))
		}
		status[id], summary[id], detail[id] = c["status"], c["summary"], affected
	}
	verdicts := []any{}
	for _, name := range []string{"ready_to_enable_aim", "ready_to_disable_scim", "ready_to_disable_aim"} {
		verdict := "null"
		if result[name] != nil {
			verdict = fmt.Sprint(result[name])
		}
		verdicts = append(verdicts, verdict)
	}
	return capture{
		"status": status, "summary": summary, "detail": detail, "verdicts": verdicts,
		"reason": result["ready_to_enable_aim_reason"], "complete": result["complete"], "failures": result["failures"],
	}
}

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

// everyDecision asks for all of them.
const everyDecision = `
  decisions       = ["enable_aim", "disable_scim", "disable_aim"]
  primary_domains = ["example.com"]
`

func (c capture) statuses(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for id, status := range asMap(t, c["status"]) {
		out[id] = fmt.Sprint(status)
	}
	if len(out) != len(readiness.Checks()) {
		t.Fatalf("%d checks are in the result, the registry has %d", len(out), len(readiness.Checks()))
	}
	return out
}

func asMap(t *testing.T, v any) map[string]any {
	t.Helper()
	out, is := v.(map[string]any)
	if !is {
		t.Fatalf("%v is no map", v)
	}
	return out
}

// neverDecided are the checks whose source this version does not read.
var neverDecided = []string{"entra_premium", "idp_connection"}

// migrationSQL reads the SQL definitions of the preset migration.
const migrationSQL = `
  sql_definitions = [{ workspace_id = "8000000000000001", sql_warehouse_id = "d3a0c1f5e7b2946a" }]
`

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

// Each check is met, not met, unknown, not applicable and waived once, as far as an API
// can say so.
func TestAccReadiness_everyStatus(t *testing.T) {
	t.Parallel()
	on, off := document{"automatic_identity_management": "on"}, document{"automatic_identity_management": "off"}
	seen := map[string]map[string]bool{}
	note := func(name string, got map[string]string) {
		for id, status := range got {
			if seen[id] == nil {
				seen[id] = map[string]bool{}
			}
			seen[id][status] = true
		}
		t.Logf("%s: %v", name, got)
	}

	company := startPreset(t, "migration", simulator.Options{})
	found := company.readiness(t, company.entra(), everyDecision+migrationSQL+`
  planned_principals = [{ principal_type = "group", name = "not-there" }]
  search_texts       = { "main.tf" = "display_name = \"nightly-job\"" }
`)
	note("migration", found.statuses(t))
	if reason := fmt.Sprint(found["reason"]); !strings.HasPrefix(reason, "No, because these checks are not met: ") || !strings.Contains(reason, "external_ids_agree") {
		t.Errorf("reason: %s", reason)
	}
	if found["complete"] != true {
		t.Errorf("failures: %v", found["failures"])
	}

	// The command line adds nothing to the others.
	var waivers []any
	for _, c := range readiness.Checks() {
		waivers = append(waivers, document{"check": c.ID, "reason": "accepted"})
	}
	everythingAccepted := document{"waivers": waivers}
	accepted := company.readinessInProcess(t, company, "entra", nil, document{
		"planned_principals": []any{document{"principal_type": "group", "name": "not-there"}},
		"search_texts":       document{"main.tf": `display_name = "nightly-job"`},
	}, everythingAccepted)
	note("waived", accepted.statuses(t))
	if verdicts, is := accepted["verdicts"].([]any); !is || !slices.Equal(verdicts, []any{"true", "true", "true"}) {
		t.Errorf("verdicts with everything waived: %v", accepted["verdicts"])
	}

	connected, bob := document{"connector_ids": []any{"*"}}, document{"planned_principals": []any{document{"principal_type": "user", "name": "bob@example.com"}}}
	st := orderly()
	scim := connectorApp(1, "SCIM", nil)
	scim.Synchronization.Secrets[0].Value = accountAddress(st.Account.AccountID)
	st.IDP.ServicePrincipals = append(st.IDP.ServicePrincipals, scim)
	met := startAccount(t, st, withSettings())
	all := met.readinessInProcess(t, met, "entra", on, connected, bob, document{
		"sql_definitions": []any{document{"workspace_id": "11", "sql_warehouse_id": "w1"}},
	})
	note("orderly", all.statuses(t))
	if verdicts, is := all["verdicts"].([]any); !is || len(verdicts) != 3 || verdicts[1] != "true" {
		t.Errorf("SCIM may go, and the verdicts are %v: %v", all["verdicts"], all["summary"])
	}
	st.IDP.ServicePrincipals[len(st.IDP.ServicePrincipals)-1].Synchronization.Jobs[0].Status.Quarantine = &world.SyncQuarantine{Reason: "EncounteredQuarantineException"}
	sick := startAccount(t, st, withSettings())
	quarantined := sick.readinessInProcess(t, sick, "entra", on, connected)
	note("quarantined", quarantined.statuses(t))
	if got := fmt.Sprint(asMap(t, quarantined["detail"])["account_scim_healthy"]); got != "[connector/"+scim.ID+" SCIM is quarantined: The job is in quarantine (EncounteredQuarantineException).]" {
		t.Errorf("account_scim_healthy: %s", got)
	}
	st.IDP.ServicePrincipals = st.IDP.ServicePrincipals[:len(st.IDP.ServicePrincipals)-1]
	st.Groups[0].Members, st.Account.AccessRules = nil, nil
	st.Users[1].ExternalID, st.IDP.Groups[0].Members = "", nil
	note("off", startAccount(t, st, simulator.Options{}).readinessInProcess(t, met, "okta", off).statuses(t))
	unlinked := orderly()
	unlinked.Users, unlinked.ServicePrincipals, unlinked.Groups, unlinked.Account.AccessRules = unlinked.Users[:1], unlinked.ServicePrincipals[:1], nil, nil
	unlinked.Users[0].Roles, unlinked.Workspaces[0].PermissionAssignments = nil, unlinked.Workspaces[0].PermissionAssignments[1:]
	unlinked.Workspaces[0].PricingTier, unlinked.Workspaces[0].FederationInfo.EnableIdentityFederation = "STANDARD", false
	for range 12 {
		unlinked.Groups = append(unlinked.Groups, simulator.Group{ID: fmt.Sprint(401 + len(unlinked.Groups)), DisplayName: fmt.Sprint("level", len(unlinked.Groups))})
	}
	for i := range 11 {
		unlinked.Groups[i].Members = []simulator.Member{{Value: unlinked.Groups[i+1].ID}}
	}
	a := startAccount(t, unlinked, simulator.Options{})
	note("poor", a.readinessInProcess(t, a, "entra", on).statuses(t))
	note("poor, accepted", a.readinessInProcess(t, a, "entra", on, everythingAccepted).statuses(t))
	unlinked.Groups = unlinked.Groups[:9]
	unlinked.Groups[8].Members = nil
	unlinked.Groups[0].Members = append(unlinked.Groups[0].Members, simulator.Member{Value: "301", Source: "IDENTITY_PROVIDER"})
	a = startAccount(t, unlinked, simulator.Options{})
	note("near", a.readinessInProcess(t, a, "entra", off).statuses(t))

	note("near, accepted", a.readinessInProcess(t, a, "entra", on, everythingAccepted).statuses(t))
	if err := a.Server.SetFaults([]simulator.Fault{{Kind: "status", Status: 403, Path: "/api/2.0/identity/**/users"}, {Kind: "status", Status: 403, Path: "**/scim/v2/Users"}}); err != nil {
		t.Fatal(err)
	}
	note("no users", a.readinessInProcess(t, a, "entra", on, bob).statuses(t))

	a = startAccount(t, orderly(), simulator.Options{})
	if err := a.Server.SetFaults([]simulator.Fault{
		{Kind: "status", Status: 403, Path: "/api/2.0/accounts/**"}, {Kind: "status", Status: 403, Path: "**/direct-members**"},
		{Kind: "status", Status: 403, Path: "**/scim/v2/**"}, {Kind: "status", Status: 403, Path: "**/v1.0/**"}, {Kind: "status", Status: 403, Path: "**/settings-metadata"},
	}); err != nil {
		t.Fatal(err)
	}
	dark := a.readinessInProcess(t, a, "entra", on, bob)
	note("dark", dark.statuses(t))
	if dark["complete"] != false {
		t.Error("nothing could be read, and the result is complete")
	}

	for _, c := range readiness.Checks() {
		for _, status := range []string{"met", "not_met", "unknown", "waived"} {
			switch {
			case seen[c.ID][status], slices.Contains(neverDecided, c.ID) && (status == "met" || status == "not_met"):
			case c.ID == "scim_token_owner" && (status == "met" || status == "not_met"): // By the audit log: TestAIMReadiness_tokenOwner.
			case c.ID == "idp_connection" && status == "waived", // On Azure it does not apply.
				c.ID == "caller_is_account_admin" && (status == "not_met" || status == "waived"): // Such a caller can read nothing.
			default:
				t.Errorf("%s was never %s", c.ID, status)
			}
		}
	}
	for _, id := range []string{"one_tenant", "guests", "entra_premium", "planned_principals", "scim_ready", "synced_identities_stay", "synced_memberships_end", "members_never_signed_in",
		"nested_groups_flatten", "idp_connection"} {
		if !seen[id]["not_applicable"] {
			t.Errorf("%s was always applicable", id)
		}
	}
}

// The identity provider says whom a rule of the denylist covers, where the account does
// not know the group, and which rule is about nobody.
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
	got := a.readinessInProcess(t, a, "entra", document{"automatic_identity_management": "on"})
	for check, want := range map[string]string{
		"denylist_spares_admins": "[rule/" + object(6) + " contractors denies user/101 (ada@example.com)]",
		"denylist_rules_known":   "[rule/" + object(8) + " nobody the identity provider has no identity with this id]",
	} {
		if text := fmt.Sprint(asMap(t, got["detail"])[check]); text != want {
			t.Errorf("%s: %s, want %s", check, text, want)
		}
	}
}

// A source that is forbidden, empty or malformed makes the checks that need it unknown,
// and no others.
func TestAccReadiness_failedReads(t *testing.T) {
	t.Parallel()
	const details, assigned = "**/workspace-access-details", "**/permissionassignments"
	sources := map[string]struct {
		paths []string
		needs []readiness.Need
	}{
		"workspaces":   {[]string{"/api/2.0/accounts/*/workspaces"}, []readiness.Need{readiness.NeedWorkspaces, readiness.NeedAccess, readiness.NeedPrivileges, readiness.NeedLocalGroups}},
		"access":       {[]string{details, assigned}, []readiness.Need{readiness.NeedAccess, readiness.NeedPrivileges}},
		"local groups": {[]string{"/api/2.0/preview/scim/v2/Groups**"}, []readiness.Need{readiness.NeedLocalGroups}},
		"denylist":     {[]string{"**/account-access-identity-rules"}, []readiness.Need{readiness.NeedDenylist}},
		"settings":     {[]string{"**/settings-metadata"}, []readiness.Need{readiness.NeedSettings}},
		"definitions":  {[]string{"/api/2.0/sql/statements"}, []readiness.Need{readiness.NeedSQL}},
		"roles":        {[]string{"/api/2.1/**/scim/v2/*"}, []readiness.Need{readiness.NeedRoles}},
		"users there":  {[]string{"**/v1.0/users**", "**/v1.0/$batch"}, []readiness.Need{readiness.NeedIDP, readiness.NeedMembers, readiness.NeedIDPMembers}},
		"members": {[]string{"**/direct-members", "/api/2.1/**/scim/v2/Groups/*"}, []readiness.Need{
			readiness.NeedGroups, readiness.NeedMembers, readiness.NeedIDPMembers,
		}},
	}
	a := startPreset(t, "migration", simulator.Options{})
	// Its definitions are right, so that a failed read shows.
	settled := a.state()
	world.SettleMigration(&settled)
	st := a.state()
	st.UnityCatalog = settled.UnityCatalog
	if err := a.Server.SetState(st); err != nil {
		t.Fatal(err)
	}
	read := func(faults []simulator.Fault) (statuses map[string]string, complete any) {
		if err := a.Server.SetFaults(faults); err != nil {
			t.Fatal(err)
		}
		got := a.readinessInProcess(t, a, "entra", document{"automatic_identity_management": "on"}, document{
			"sql_definitions": []any{document{"workspace_id": "8000000000000001", "sql_warehouse_id": "d3a0c1f5e7b2946a"}},
		})
		return got.statuses(t), got["complete"]
	}
	was, _ := read(nil)
	for name, source := range sources {
		for kind, fault := range map[string]simulator.Fault{
			"forbidden": {Kind: "status", Status: 403}, "empty": {Kind: "status", Status: 200, Body: "{}"}, "malformed": {Kind: "status", Status: 200, Body: `{"x":[{"y":1}]}`},
		} {
			if kind == "empty" && name != "access" && name != "roles" && name != "users there" {
				continue // The denylist and settings leave out empty lists; the others are tested where they are read.
			}
			var list []simulator.Fault
			for _, path := range source.paths {
				fault.Path = path
				list = append(list, fault)
			}
			now, complete := read(list)
			changed := 0
			for _, c := range readiness.Checks() {
				needed := slices.ContainsFunc(c.Needs, func(n readiness.Need) bool { return slices.Contains(source.needs, n) })
				switch {
				case now[c.ID] == was[c.ID]:
				case !needed || now[c.ID] != "unknown":
					t.Errorf("%s %s: %s is %s, and it was %s", name, kind, c.ID, now[c.ID], was[c.ID])
				default:
					changed++
				}
			}
			if changed == 0 || complete != false {
				t.Errorf("%s %s: %d checks changed, complete is %v", name, kind, changed, complete)
			}
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
