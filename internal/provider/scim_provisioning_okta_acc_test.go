// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// What Okta reports of its apps for Databricks; what it does not report is unknown. Each
// app of the second reading has another failure.
func TestAccSCIMProvisioning_okta(t *testing.T) {
	t.Parallel()
	st := smallWorld()
	full := []string{"PUSH_NEW_USERS", "PUSH_USER_DEACTIVATION", "PUSH_PROFILE_UPDATES", "GROUP_PUSH"}
	add := func(name string, app *world.OktaApp) string {
		id := entraID(9000 + len(st.IDP.ServicePrincipals))
		st.IDP.ServicePrincipals = append(st.IDP.ServicePrincipals, simulator.IDPServicePrincipal{ID: id, DisplayName: name, AccountEnabled: !strings.Contains(name, "inactive"), OktaApp: app})
		return id
	}
	address := accountAddress(st.Account.AccountID)
	main := add("Databricks", &world.OktaApp{
		Name: "databricks", Features: full, Connection: "ENABLED", BaseURL: address, Groups: []string{entraID(201)},
		Users: []world.OktaAppUser{
			{ID: entraID(101), SyncState: "ERROR"},
			{ID: entraID(102), Scope: "GROUP", ExternalID: "103"}, // 103 stores another id.
			{ID: entraID(103), Status: "DEPROVISIONED", SyncState: "ERROR"},
		},
		Pushes: []world.OktaGroupPush{
			{ID: "p1", Status: "ACTIVE", SourceGroupID: entraID(201), TargetGroupID: "201"}, {ID: "p2", Status: "ERROR", SourceGroupID: entraID(202), ErrorSummary: "409 conflict"},
			{ID: "p3", Status: "INACTIVE", SourceGroupID: entraID(203)},
		},
	})
	add("Databricks without address", &world.OktaApp{Name: "databricks", Features: full[:1], Connection: "ENABLED"})
	add("Databricks sign-in only", &world.OktaApp{Name: "databricks"})
	add("Databricks disconnected", &world.OktaApp{Name: "databricks", Features: full[:3], Connection: "DISABLED"})
	add("Databricks inactive", &world.OktaApp{Name: "databricks", Features: full, Connection: "ENABLED"})
	other := add("Own name", &world.OktaApp{Name: "scim2", Features: full, Connection: "ENABLED", BaseURL: "https://scim.example.com"})
	add("Databricks AIM", nil) // A service app, as automatic identity management has one.
	a := startAccount(t, st, simulator.Options{})
	config := func(inputs string) string {
		return a.config(a.okta(), scimProvisioning(inputs)+comparisonOutputs+`
output "pushes" { value = { for n, c in local.connectors : n => c.group_pushes == null ? ["unknown"] : [for p in c.group_pushes : "${p.external_id} ${coalesce(p.principal_id, "-")} ${p.state}"] } }
output "features" { value = { for n, c in local.connectors : n => length(c.features) } }
`)
	}
	// Mappings are null, so that the output of their sources is left out.
	without := regexp.MustCompile(`(?m)^output "(sources|only_here|assigned_service_principals)".*$`)
	got, dark, named := capture{}, capture{}, capture{}
	step := func(got capture, inputs string, before func()) resource.TestStep {
		return resource.TestStep{PreConfig: before, Config: without.ReplaceAllString(config(inputs), ""), ConfigStateChecks: []statecheck.StateCheck{got}}
	}
	path := "**/apps/" + main
	acceptanceWith(t, append(a.trusting(), hasty()...),
		step(got, "compare_account = true", nil),
		step(named, fmt.Sprintf("connector_ids = [%q]", other), nil),
		resource.TestStep{Config: config(`connector_ids = ["0oaNone"]`), ExpectError: regexp.MustCompile(`(?s)Connector Not Found.*0oaNone`)},
		resource.TestStep{Config: config(`connector_ids = ["../users"]`), ExpectError: regexp.MustCompile(`(?s)Connector Not Found.*\.\./users`)},
		resource.TestStep{
			Config:      a.config(a.okta(), "data \"dbxidentity_divergences\" \"all\" {\n  principal_types = [\"user\"]\n  connector_ids = [\"*\"]\n}"),
			ExpectError: regexp.MustCompile(`(?s)No Connectors in This Identity Provider.*needs\s+idp = \{ entra`),
		},
		step(dark, fmt.Sprintf("connector_ids = [%q]\n  compare_account = true", main), func() {
			a.faults(
				simulator.Fault{Kind: "status", Status: 403, Path: path + "/users**"}, simulator.Fault{Kind: "status", Status: 200, Body: "{}", Path: path + "/group-push/**"},
				simulator.Fault{Kind: "status", Status: 200, Body: "{}", Path: path + "/connections/**"},
			)
		}),
	)
	check := func(name string, want, got any) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	check("status", map[string]any{
		"Databricks": "healthy_with_errors", "Databricks without address": "unknown", "Databricks sign-in only": "off", "Databricks disconnected": "off", "Databricks inactive": "off",
	}, got["status"])
	target := map[string]any{}
	for name := range asMap(t, got["status"]) {
		target[name] = "unknown - ?"
	}
	target["Databricks"] = "account - true"
	check("target", target, got["target"])
	findings := asMap(t, got["findings"])
	check("findings", []any{"STATUS"}, findings["Databricks"])
	check("findings", []any{"LEAVERS_STAY_ACTIVE", "STATUS", "TARGET_UNKNOWN"}, findings["Databricks without address"])
	check("pushes", []any{entraID(201) + " 201 ACTIVE", entraID(202) + " - ERROR", entraID(203) + " - INACTIVE"}, asMap(t, got["pushes"])["Databricks"])
	check("failing", []any{
		"user user101@example.com push - - Look at the error; when its cause is gone, the next cycle or provisioning on demand writes the object.",
		"group local-group push - group/202 The name is taken by group/202, which has no external id. Link it with dbxidentity_external_id, external id " + entraID(202) + "; the next cycle finds it then.",
	}, got["failing"])
	check("contradictions", []any{"user 103 " + entraID(102) + " " + entraID(999), "not asked", "not asked", "not asked", "not asked"}, got["contradictions"])
	// The app without address may cover someone, too, so that who is out of scope is known
	// only as far as no app covers them.
	check("lists", map[string]any{
		"in_scope_absent":     []any{"user user101@example.com 101 - - name_taken", "group local-group 202 - - name_taken"},
		"linked_out_of_scope": []any{}, "nested_only": []any{}, "workspace_only": []any{"unknown"},
	}, got["lists"])
	check("complete", true, got["complete"])

	check("by name", map[string]any{"Own name": "other - ?"}, named["target"])

	check("dark", []any{map[string]any{"Databricks": "unknown"}, map[string]any{"Databricks": "unknown - ?"}, false}, []any{dark["status"], dark["target"], dark["complete"]})
	check("dark lists", map[string]any{"in_scope_absent": []any{"unknown"}, "linked_out_of_scope": []any{"unknown"}, "nested_only": []any{"unknown"}, "workspace_only": []any{"unknown"}}, dark["lists"])
	if text := fmt.Sprint(dark["failures"]); strings.Count(text, "read the ") != 3 || !strings.Contains(text, "okta.apps.read") || !strings.Contains(text, "no status") {
		t.Errorf("failures: %s", text)
	}
}
