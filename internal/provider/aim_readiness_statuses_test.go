// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/readiness"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/provider"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// reading is one readiness report through the CLI: of an account and the IdP of another one.
type reading struct {
	name, about string
	of, idp     account
	// settings are of the provider block, inputs of the data source.
	settings, inputs string
	limits           provider.Limits
}

// reports reads them all in one run of the CLI, each through a provider of its own, and
// returns what the CLI stored.
func reports(t *testing.T, readings []reading) map[string]map[string]any {
	t.Helper()
	s := newStepper(t, nil)
	var required, config strings.Builder
	served := map[string][]provider.Option{}
	for _, r := range readings {
		served[r.name] = append(r.idp.trusting(), provider.WithLimits(r.limits))
		fmt.Fprintf(&required, "    %s = { source = \"dbxidentity/%[1]s\" }\n", r.name)
		config.WriteString(strings.Replace(r.of.config(r.settings, ""), `provider "dbxidentity"`, fmt.Sprintf("provider %q", r.name), 1))
		fmt.Fprintf(&config, "data \"dbxidentity_aim_readiness\" %q {\n  provider = %[1]s\n%s}\n", r.name, r.inputs)
	}
	s.write("required.tf", "terraform {\n  required_providers {\n"+required.String()+"  }\n}\n")
	s.write("main.tf", config.String())
	if _, _, err := s.servedBy(served, "apply", "-auto-approve", "-input=false", fmt.Sprint("-parallelism=", len(readings))); err != nil {
		t.Fatal(err)
	}
	stored, out := s.instances(), map[string]map[string]any{}
	for _, r := range readings {
		if out[r.name] = stored["data.dbxidentity_aim_readiness."+r.name]; len(rowsIn(out[r.name]["checks"])) != len(readiness.Checks()) {
			t.Fatalf("%s: the CLI has stored not every check: %v", r.name, out[r.name])
		}
	}
	return out
}

// checkShown is a check as the data source shows it.
type checkShown struct {
	status, summary string
	// affected are "<subject> <name>: <detail>", subjects the first of it, each once.
	affected, subjects []string
	// unanswered: a host that it asks does not answer at all.
	unanswered bool
}

func checksOf(report map[string]any) map[string]checkShown {
	out := map[string]checkShown{}
	for _, c := range rowsIn(report["checks"]) {
		shown := checkShown{status: fmt.Sprint(c["status"]), summary: fmt.Sprint(c["summary"]), unanswered: strings.Contains(fmt.Sprint(c["unknown_reasons"]), "does not answer")}
		for _, a := range rowsIn(c["affected"]) {
			shown.subjects = append(shown.subjects, fmt.Sprint(a["subject"]))
			shown.affected = append(shown.affected, fmt.Sprint(a["subject"], " ", a["name"], ": ", a["detail"]))
		}
		slices.Sort(shown.subjects)
		shown.subjects = slices.Compact(shown.subjects)
		out[fmt.Sprint(c["id"])] = shown
	}
	return out
}

// What the readings ask for.
const (
	everyDecision = `
  decisions       = ["enable_aim", "disable_scim", "disable_aim"]
  primary_domains = ["example.com"]
`
	// The preset migration has these in one of its workspaces.
	migrationSQL = `
  sql_definitions = [{ workspace_id = "8000000000000001", sql_warehouse_id = "d3a0c1f5e7b2946a" }]
`
	migrationEvents = `
  events = { workspace_id = "8000000000000001", sql_warehouse_id = "d3a0c1f5e7b2946a", since = "2026-11-01" }
`
	allConnectors = "  connector_ids = [\"*\"]\n"
	aimOn         = "\n  automatic_identity_management = \"on\""
	aimOff        = "\n  automatic_identity_management = \"off\""
)

// connectors asks for the connectors of an account whose addresses a person states.
func (a account) connectors() string {
	out := allConnectors + "  connector_addresses = {\n"
	for id, address := range a.connectorAddresses() {
		out += fmt.Sprintf("    %q = %q\n", id, address)
	}
	return out + "  }\n"
}

// everythingAccepted waives each check.
func everythingAccepted() string {
	out := "  waivers = [\n"
	for _, c := range readiness.Checks() {
		out += fmt.Sprintf("    { check = %q, reason = \"accepted\" },\n", c.ID)
	}
	return out + "  ]\n"
}

// impossible are the statuses that a check never has, and why. Only those of
// applicable ones can be not applicable.
func impossible(c readiness.Check, status readiness.Status) string {
	switch {
	case status == readiness.NotApplicable && !slices.Contains([]string{
		"one_tenant", "guests", "entra_premium", "planned_principals", "idp_connection", "account_scim_healthy", "scim_token_owner",
		"scim_ready", "synced_identities_stay", "synced_memberships_end", "members_never_signed_in", "nested_groups_flatten",
	}, c.ID):
		return "applies to every account"
	case slices.Contains(c.Needs, readiness.NeedPerson) && (status == readiness.Met || status == readiness.NotMet):
		return "no API reports it"
	}
	return ""
}

// statusReadings are accounts that show every check in every status.
func statusReadings(t *testing.T) []reading {
	t.Helper()
	forbidden := func(path string) simulator.Fault {
		return simulator.Fault{Kind: simulator.FaultStatus, Status: 403, Path: path}
	}
	asked := everyDecision + "  planned_principals = [{ principal_type = \"user\", name = \"bob@example.com\" }]\n"

	company := startPreset(t, "migration", simulator.Options{})
	ofCompany := everyDecision + migrationSQL + migrationEvents + company.connectors() + `
  planned_principals = [{ principal_type = "group", name = "not-there" }]
  search_texts       = { "main.tf" = "display_name = \"nightly-job\"" }
`
	st := orderly()
	scim := connectorApp(1, "SCIM", nil)
	scim.Synchronization.Secrets[0].Value = accountAddress(st.Account.AccountID)
	st.IDP.ServicePrincipals = append(st.IDP.ServicePrincipals, scim)
	tidy := startAccount(t, st, withSettings())

	st = orderly()
	st.Groups[0].Members, st.Account.AccessRules, st.Users[1].ExternalID = nil, nil, ""
	off := startAccount(t, st, simulator.Options{})

	st = orderly()
	st.Users, st.ServicePrincipals, st.Groups, st.Account.AccessRules = st.Users[:1], st.ServicePrincipals[:1], nil, nil
	st.Users[0].Roles, st.Workspaces[0].PermissionAssignments = nil, st.Workspaces[0].PermissionAssignments[1:]
	st.Workspaces[0].PricingTier, st.Workspaces[0].FederationInfo.EnableIdentityFederation = "STANDARD", false
	for i := range 11 {
		st.Groups = append(st.Groups, simulator.Group{ID: fmt.Sprint(401 + i), DisplayName: fmt.Sprint("level", i), Members: []simulator.Member{{Value: fmt.Sprint(402 + i)}}})
	}
	st.Groups = append(st.Groups, simulator.Group{ID: "412", DisplayName: "level11"})
	poor := startAccount(t, st, simulator.Options{})
	st.Groups = st.Groups[:9]
	st.Groups[8].Members = nil
	st.Groups[0].Members = append(st.Groups[0].Members, simulator.Member{Value: "301", Source: "IDENTITY_PROVIDER"})
	near := startAccount(t, st, simulator.Options{})

	st = orderly()
	st.ServicePrincipals[1].ExternalID, st.Groups[0].ExternalID = "", ""
	noUsers := startAccount(t, st, simulator.Options{})
	noUsers.faults(forbidden("/api/2.0/identity/**/users"), forbidden("**/scim/v2/Users"))
	dark := startAccount(t, orderly(), simulator.Options{})
	dark.faults(forbidden("/api/2.0/accounts/**"), forbidden("**/direct-members**"), forbidden("**/scim/v2/**"), forbidden("**/v1.0/**"), forbidden("**/settings-metadata"))
	// Others get 403 everywhere: only such a list shows a caller without the role.
	noRole := startAccount(t, orderly(), simulator.Options{})
	noRole.faults(simulator.Fault{Kind: simulator.FaultStatus, Status: 200, Path: "/api/2.1/**/scim/v2/ServicePrincipals", Body: `{"totalResults":2,"startIndex":1,"itemsPerPage":2,"Resources":[
		{"id":"301","applicationId":"caller-app","displayName":"audit","active":true},{"id":"302","applicationId":"00000020-0000-4000-8000-000000000000","displayName":"etl","active":true}]}`})

	st = loggedWorld()
	st.Workspaces[0].PermissionAssignments = []simulator.PermissionAssignment{{PrincipalID: "101", Permissions: []string{"ADMIN"}}}
	st.IDP.ServicePrincipals = append(st.IDP.ServicePrincipals, connectorApp(1, "SCIM", nil))
	logged := startAccount(t, st, withSettings())

	return []reading{
		{name: "company", about: "the preset `migration`, read with everything that can be asked for", of: company, settings: company.entra(), inputs: ofCompany},
		{name: "accepted", about: "the same, with a waiver for each check", of: company, settings: company.entra(), inputs: ofCompany + everythingAccepted()},
		{name: "tidy", about: "everything linked, healthy SCIM, AIM on", of: tidy, settings: tidy.entra() + aimOn,
			inputs: asked + allConnectors + "  sql_definitions = [{ workspace_id = \"11\", sql_warehouse_id = \"w1\" }]\n"},
		{name: "off", about: "Okta, AIM off", of: off, idp: tidy, settings: tidy.okta() + aimOff, inputs: everyDecision},
		{name: "poor", about: "one workspace of the Standard tier without identity federation, no person as account admin, too many layers of groups", of: poor, settings: poor.entra() + aimOn, inputs: everyDecision + allConnectors},
		{name: "near", about: "nearly too many layers, AIM declared off although it is seen", of: near, settings: near.entra() + aimOff, inputs: everyDecision},
		{name: "no-users", about: "users cannot be listed", of: noUsers, settings: noUsers.entra() + aimOn, inputs: asked},
		{name: "dark", about: "nothing can be read but the names of principals", of: dark, settings: dark.entra() + aimOn, inputs: asked},
		{name: "dark-accepted", about: "the same, with a waiver for each check", of: dark, settings: dark.entra() + aimOn, inputs: asked + everythingAccepted()},
		{name: "no-role", about: "the list of service principals shows the caller without the role", of: noRole, settings: noRole.entra() + aimOn, inputs: asked},
		{name: "logged", about: "the audit log shows a workspace's connector that writes with the token of an admin", of: logged, settings: logged.entra() + aimOff,
			inputs: everyDecision + allConnectors + fmt.Sprintf("  events = { workspace_id = \"7007\", sql_warehouse_id = %q, since = \"2026-11-01\" }\n", loggedWarehouse)},
	}
}

// Each check has each status that it can have, in what the command line stores.
func TestAccReadiness_statuses(t *testing.T) {
	t.Parallel()
	readings := statusReadings(t)
	for i := range readings {
		r := &readings[i]
		if r.idp.Running == nil {
			r.idp = r.of
		}
		r.limits = calm
	}
	stored := reports(t, readings)
	seen := map[string]map[readiness.Status]string{} // the first reading
	for _, r := range readings {
		for id, c := range checksOf(stored[r.name]) {
			if seen[id] == nil {
				seen[id] = map[readiness.Status]string{}
			}
			if seen[id][readiness.Status(c.status)] == "" {
				seen[id][readiness.Status(c.status)] = r.name
			}
		}
	}
	var b strings.Builder
	b.WriteString("\n| check | `" + joined(readiness.Statuses(), "` | `") + "` |\n| --- |" + strings.Repeat(" --- |", len(readiness.Statuses())) + "\n")
	for _, c := range readiness.Checks() {
		fmt.Fprintf(&b, "| `%s` |", c.ID)
		for _, status := range readiness.Statuses() {
			shown, never := seen[c.ID][status], impossible(c, status)
			if (shown == "") == (never == "") {
				t.Errorf("%s as %s: shown by %q, and impossible: %q", c.ID, status, shown, never)
			}
			fmt.Fprintf(&b, " %s |", shown+never)
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
	for _, r := range readings {
		fmt.Fprintf(&b, "- %s: %s\n", r.name, r.about)
	}
	compareTable(t, "../../docs/reliability.md", "<!-- Begin of the statuses: generated by TestAccReadiness_statuses -update -->\n", "<!-- End of the statuses -->", b.String())
}

func joined[T ~string](list []T, by string) string {
	var out []string
	for _, one := range list {
		out = append(out, string(one))
	}
	return strings.Join(out, by)
}

func asMap(t *testing.T, v any) map[string]any {
	t.Helper()
	out, is := v.(map[string]any)
	if !is {
		t.Fatalf("%v is no map", v)
	}
	return out
}
