// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

const comparisonOutputs = `
locals {
  found = data.dbxidentity_scim_provisioning.this
  lists = { in_scope_absent = local.found.in_scope_absent, linked_out_of_scope = local.found.linked_out_of_scope, nested_only = local.found.nested_only, workspace_only = local.found.workspace_only }
}
output "lists" { value = { for name, rows in local.lists : name => rows == null ? ["unknown"] : [for r in rows : join(" ", [r.principal_type, coalesce(r.name, "-"), coalesce(r.principal_id, "-"), coalesce(r.workspace_id, "-"), coalesce(r.via_group, "-"), coalesce(r.reason, "-")])] } }
output "uncompared" { value = local.found.uncompared == null ? ["not asked"] : [for u in local.found.uncompared : "${u.list}: ${u.reason}"] }
output "failing" { value = flatten([for c in local.found.connectors : c.failing == null ? ["not asked"] : [for f in c.failing : join(" ", [f.principal_type, f.name, f.action, coalesce(f.error_code, "-"), coalesce(f.holder, "-"), f.remedy])]]) }
output "contradictions" { value = flatten([for c in local.found.connectors : c.contradictions == null ? ["not asked"] : [for r in c.contradictions : "${r.principal_type} ${r.principal_id} ${r.external_id} ${coalesce(r.current_external_id, "-")}"]]) }
output "only_here" { value = { for g in flatten([for c in local.found.connectors : c.assigned.groups]) : g.name => g.only_here == null ? ["unknown"] : g.only_here } }
output "assigned_service_principals" { value = flatten([for c in local.found.connectors : [for p in c.assigned.service_principals : p.name]]) }
`

// The scopes of a connector of the account and one of a workspace, held against the
// account, and what the log says of the same objects.
func TestAccSCIMProvisioning_comparison(t *testing.T) {
	t.Parallel()
	st := smallWorld()
	st.Workspaces = []simulator.Workspace{{WorkspaceID: 7007, WorkspaceName: "main", Status: "RUNNING", Cloud: "azure", DeploymentName: "adb-7007.7"}}
	user := func(n int, enabled bool) {
		st.IDP.Users = append(st.IDP.Users, simulator.IDPUser{ID: entraID(n), UserPrincipalName: fmt.Sprintf("user%d@example.com", n), AccountEnabled: enabled, UserType: "Member"})
	}
	for n := 401; n <= 404; n++ {
		user(n, n != 402)
	}
	st.Users = append(st.Users, simulator.User{ID: "104", UserName: "user404@example.com", Active: true, ExternalID: entraID(404)})
	st.IDP.Groups = append(st.IDP.Groups,
		simulator.IDPGroup{ID: entraID(501), DisplayName: "assigned", SecurityEnabled: true, Members: []string{entraID(101), entraID(401), entraID(402), entraID(502)}},
		simulator.IDPGroup{ID: entraID(502), DisplayName: "nested", SecurityEnabled: true, Members: []string{entraID(102), entraID(401), entraID(501)}},
	)
	st.IDP.ServicePrincipals = append(st.IDP.ServicePrincipals,
		connectorApp(1, "account", func(sp *simulator.IDPServicePrincipal) {
			sp.AppRoleAssignedTo = []simulator.AppRoleAssignment{{PrincipalID: entraID(501)}, {PrincipalID: entraID(202)}, {PrincipalID: entraID(401)}, {PrincipalID: entraID(301)}}
		}),
		connectorApp(2, "workspace", func(sp *simulator.IDPServicePrincipal) {
			sp.Synchronization.Secrets[0].Value = "https://adb-7007.7.azuredatabricks.net/api/2.0/preview/scim"
			sp.AppRoleAssignedTo = []simulator.AppRoleAssignment{{PrincipalID: entraID(401)}, {PrincipalID: entraID(403)}, {PrincipalID: entraID(404)}}
		}),
	)
	event := func(minutes, id int, kind, action, status, code, target string) {
		reason := ""
		if strings.HasSuffix(code, "EntryConflict") {
			reason = "HTTP 409"
		}
		st.IDP.ProvisioningLog = append(st.IDP.ProvisioningLog, world.ProvisioningEvent{
			ID: fmt.Sprint("event ", len(st.IDP.ProvisioningLog)), ActivityDateTime: fmt.Sprintf("-PT%dM", minutes), ServicePrincipalID: entraID(9001), Action: action, Status: status,
			ErrorCode: code, Reason: reason, SourceID: entraID(id), SourceName: fmt.Sprint("object ", id), IdentityType: kind, TargetID: target,
		})
	}
	event(90, 401, "User", "create", "success", "", "")
	event(50, 401, "User", "create", "failure", "Timeout", "")
	event(10, 401, "User", "create", "failure", "Timeout", "")
	event(10, 202, "Group", "create", "failure", "DatabricksEntryConflict", "")
	event(10, 101, "User", "update", "success", "", "103") // 103 stores another id.
	event(10, 102, "User", "update", "success", "", "102")
	event(60*24*20, 402, "User", "create", "failure", "TooOldToBeRead", "")

	a := startAccount(t, st, withSettings())
	config := func(inputs string) string { return a.config(a.entra(), scimProvisioning(inputs)+comparisonOutputs) }
	asked := fmt.Sprintf("compare_account = true\n  log_since = %q", time.Now().AddDate(0, 0, -7).Format(time.DateOnly))
	plain, compared, hidden, forbidden := capture{}, capture{}, capture{}, capture{}
	step := func(got capture, inputs string, before func()) resource.TestStep {
		return resource.TestStep{PreConfig: before, Config: config(inputs), ConfigStateChecks: []statecheck.StateCheck{got}}
	}
	acceptanceWith(t, append(a.trusting(), hasty()...),
		step(plain, "", nil),
		step(compared, asked, nil),
		step(hidden, "compare_account = true", func() {
			a.change(func(st *simulator.State) {
				sync := st.IDP.ServicePrincipals[len(st.IDP.ServicePrincipals)-2].Synchronization
				sync.Secrets[0].Value = "*"
			})
		}),
		step(forbidden, asked, func() {
			a.faults(simulator.Fault{Kind: "status", Status: 403, Path: "**/auditLogs/**"}, simulator.Fault{Kind: "status", Status: 403, Path: "**/secrets"})
		}),
	)
	check := func(name string, want, got any) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	check("not asked", []any{"not asked"}, plain["uncompared"])
	check("not asked", []any{"not asked", "not asked"}, plain["failing"])
	lists := map[string]any{
		"in_scope_absent": []any{
			"user user101@example.com 101 - - name_taken", "user user401@example.com - - - failing", "user user402@example.com - - - disabled",
			"group local-group 202 - - name_taken", "group assigned - - - not_written",
		},
		"linked_out_of_scope": []any{"user user102@example.com 102 - - -", "user user404@example.com 104 - - -", "group linked-group 201 - - -"},
		"nested_only":         []any{"user user102@example.com 102 - " + entraID(502) + " -", "group nested - - " + entraID(501) + " -"},
		"workspace_only":      []any{"user user403@example.com - 7007 - -", "user user404@example.com 104 7007 - -"},
	}
	check("lists", lists, compared["lists"])
	check("uncompared", []any{}, compared["uncompared"])
	check("complete", true, compared["complete"])
	check("failing", []any{
		"user object 401 create Timeout - Look at the error; when its cause is gone, the next cycle or provisioning on demand writes the object.",
		"group object 202 create DatabricksEntryConflict - The name is taken in Databricks. Find the principal with that name; link it, or rename it.",
	}, compared["failing"])
	// Ids of the workspace's connector are not those of the account.
	check("contradictions", []any{"user 103 " + entraID(101) + " " + entraID(999), "not asked"}, compared["contradictions"])
	check("only here", map[string]any{"assigned": []any{entraID(101), entraID(402)}, "local-group": []any{}}, compared["only_here"])
	check("service principals", []any{"job-runner"}, compared["assigned_service_principals"])

	// Those whom the hidden connector does not cover, wherever it writes to.
	unknown := map[string]any{"in_scope_absent": []any{"unknown"}, "linked_out_of_scope": []any{"unknown"}, "nested_only": lists["nested_only"], "workspace_only": lists["workspace_only"]}
	check("hidden address", unknown, hidden["lists"])
	if text := fmt.Sprint(hidden["uncompared"]); strings.Count(text, "where it writes to is not known") != 2 || !strings.Contains(text, "linked_out_of_scope: no connector is known to write to this account") {
		t.Errorf("uncompared: %s", text)
	}
	unknown["nested_only"], unknown["workspace_only"] = []any{"unknown"}, []any{"unknown"} // Whether everyone is in scope is not known either.
	check("forbidden", unknown, forbidden["lists"])
	check("forbidden log", []any{"not asked", "not asked"}, forbidden["failing"])
	if text := fmt.Sprint(forbidden["failures"]); forbidden["complete"] != false || strings.Count(text, "ProvisioningLog.Read.All") != 2 {
		t.Errorf("a forbidden log: %s", text)
	}
}
