// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/catalog"
)

// Who acted lately is not offered to be deactivated, nor is anyone while that is not
// known; and the rows say who changed them last.
func TestDivergences_events(t *testing.T) {
	t.Parallel()
	long, recent := time.Now().AddDate(0, 0, -60).UTC().Format(time.RFC3339), time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	world := func() simulator.State {
		st := loggedWorld()
		st.AuditEvents = []simulator.AuditEvent{
			event(1, "updateUser", "scim", "", entraAgent, "targetUserId", "103"), event(1, "tokenLogin", "", "user103@example.com", "x"), event(1, "tokenLogin", "", "user104@example.com", "x"),
			event(1, "addPrincipalToGroup", "accountConsole", "user101@example.com", "Mozilla/5.0", "targetGroupId", "201", "targetUserId", "103"),
		}
		for i, at := range []string{long, recent, long, long} {
			st.AuditEvents[i].EventTime = at
		}
		st.Users = append(st.Users, simulator.User{ID: "104", UserName: "user104@example.com", Active: true, ExternalID: entraID(998)})
		// A divergent group: a member whom the IdP does not confirm.
		st.Groups[0].Members = append(st.Groups[0].Members, simulator.Member{Value: "101"})
		return st
	}
	offered := func(id string) string { return "deactivate/user/" + id }
	for name, tt := range map[string]struct {
		assumed            catalog.AuditLogAssumptions
		faults             []simulator.Fault
		inputs             map[string]any
		of103, of104       string // reason; "" is offered
		complete, observed bool
		failure            string
	}{
		"recent days":     {inputs: map[string]any{"recent_days": 30}, of103: "deactivation_recent", complete: true, observed: true},
		"long ago":        {inputs: map[string]any{"recent_days": 90}, of103: "deactivation_recent", of104: "deactivation_recent", complete: true, observed: true},
		"does not matter": {inputs: map[string]any{}, complete: true, observed: true},
		"forbidden": {assumed: catalog.AuditLogAssumptions{Access: "forbidden"}, inputs: map[string]any{"recent_days": 30}, of103: "deactivation_unproven", of104: "deactivation_unproven",
			failure: "the caller does not see system.access.audit"},
		"fewer rows": {assumed: catalog.AuditLogAssumptions{Access: "own"}, inputs: map[string]any{"recent_days": 30}, of103: "deactivation_unproven", of104: "deactivation_unproven", complete: true, observed: true},
		"no column": {assumed: catalog.AuditLogAssumptions{Without: "response"}, inputs: map[string]any{"recent_days": 30}, of103: "deactivation_unproven", of104: "deactivation_unproven",
			failure: "no column response"},
		"warehouse fails": {faults: []simulator.Fault{{Kind: simulator.FaultStatus, Path: "**/statements", Status: 400}}, inputs: map[string]any{}, failure: "400"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := startAccount(t, world(), simulator.Options{Assumed: simulator.Assumed{AuditLog: tt.assumed}, Faults: tt.faults})
			s := a.serve(map[string]any{"idp": map[string]any{"databricks": map[string]any{}}, "automatic_identity_management": "off"})
			input := map[string]any{"workspace_id": "7007", "sql_warehouse_id": loggedWarehouse, "since": "2026-01-01"}
			for key, value := range tt.inputs {
				input[key] = value
			}
			got, _ := s.read("dbxidentity_divergences", map[string]any{"primary_domains": []string{"example.com"}, "suggest_deactivations": true, "events": input})
			reasons := map[string]any{}
			for _, row := range rowsIn(got["manual_actions"]) {
				reasons[fmt.Sprint(row["principal_id"])] = row["reason"]
			}
			for id, want := range map[string]string{"103": tt.of103, "104": tt.of104} {
				_, is := objectsIn(got["deactivations"])[offered(id)]
				if is != (want == "") || want != "" && reasons[id] != want {
					t.Errorf("%s: offered %v, reason %v, want %q", id, is, reasons[id], want)
				}
			}
			if text := fmt.Sprint(got["failures"]); got["complete"] != tt.complete || !strings.Contains(text, tt.failure) {
				t.Errorf("complete %v: %s", got["complete"], text)
			}
			if (got["observed"] != nil) != tt.observed {
				t.Errorf("observed: %v", got["observed"])
			}
			if tt.failure != "" || tt.assumed.Access != "" {
				return
			}
			seen := objectsIn(got["observed"])
			user, group := seen["user/103"], seen["group/201"]
			if user["changed_by"] != entraAgent || user["changed_at"] != long || user["last_activity"] != recent {
				t.Errorf("user: %v", user)
			}
			if group["changed_by"] != "user101@example.com" || group["changed_at"] != long || group["last_activity"] != nil {
				t.Errorf("group: %v", group)
			}
		})
	}
}

// The audit log finds the connector of a workspace that no one named, and whose token it
// has; a log that cannot be read is a failure, and decides nothing.
func TestAIMReadiness_events(t *testing.T) {
	t.Parallel()
	input := map[string]any{"workspace_id": "7007", "sql_warehouse_id": loggedWarehouse, "since": "2026-11-01"}
	for name, tt := range map[string]struct {
		assumed catalog.AuditLogAssumptions
		config  map[string]any
		status  string
		text    string
	}{
		"read":      {config: map[string]any{"events": input}, status: "not_met", text: "writes with a token of user101@example.com"},
		"not asked": {config: map[string]any{}, status: "unknown"},
		"forbidden": {assumed: catalog.AuditLogAssumptions{Access: "forbidden"}, config: map[string]any{"events": input}, status: "unknown", text: "does not see system.access.audit"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := startAccount(t, loggedWorld(), simulator.Options{Assumed: simulator.Assumed{AuditLog: tt.assumed}})
			s := a.serve(map[string]any{"idp": map[string]any{"databricks": map[string]any{}}, "automatic_identity_management": "off"})
			got, said := s.read("dbxidentity_aim_readiness", tt.config)
			text := fmt.Sprint(got["failures"])
			for _, c := range rowsIn(got["checks"]) {
				if c["id"] == "scim_token_owner" {
					text += fmt.Sprint(c["evidence"])
				}
				if c["id"] == "workspace_scim" {
					if c["status"] != tt.status {
						t.Errorf("%v", c)
					}
				}
			}
			if !strings.Contains(text, tt.text) || strings.Contains(text, "system.access.audit") != (tt.assumed.Access != "") {
				t.Errorf("%s\n%s", text, said)
			}
		})
	}
	a := startAccount(t, loggedWorld(), simulator.Options{})
	s := a.serve(map[string]any{"idp": map[string]any{"databricks": map[string]any{}}, "automatic_identity_management": "off"})
	for _, of := range []string{"dbxidentity_aim_readiness", "dbxidentity_divergences"} {
		_, said := s.read(of, map[string]any{"events": map[string]any{"workspace_id": "7", "sql_warehouse_id": loggedWarehouse, "since": "2026-11-01"}})
		if !strings.Contains(said, "Workspace Cannot Be Asked") || !strings.Contains(said, "events") {
			t.Errorf("%s: %s", of, said)
		}
	}
}

// The audit log says whose token the connector of a workspace has, the workspace whether
// that person is admin there, and the connectors whether they cover them.
func TestAIMReadiness_tokenOwner(t *testing.T) {
	t.Parallel()
	config := document{
		"events": document{"workspace_id": "7007", "sql_warehouse_id": loggedWarehouse, "since": "2026-11-01"}, "connector_ids": []any{"*"}, "decisions": []any{"disable_scim"},
	}
	for name, tt := range map[string]struct {
		levels   []string
		assigned bool
		fault    string
		status   string
		text     string
	}{
		"admin":               {levels: []string{"ADMIN"}, status: "met"},
		"no admin":            {levels: []string{"USER"}, status: "not_met", text: "the owner is no admin of the workspace"},
		"in scope":            {levels: []string{"ADMIN"}, assigned: true, status: "not_met", text: "the owner is in the scope of the connector \"SCIM\""},
		"admins forbidden":    {levels: []string{"ADMIN"}, fault: "**/permissionassignments", status: "unknown"},
		"assignments unknown": {levels: []string{"ADMIN"}, fault: "**/appRoleAssignedTo", status: "unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := loggedWorld()
			st.Workspaces[0].PermissionAssignments = []simulator.PermissionAssignment{{PrincipalID: "101", Permissions: tt.levels}}
			scim := connectorApp(1, "SCIM", nil)
			if tt.assigned {
				scim.AppRoleAssignedTo = []simulator.AppRoleAssignment{{PrincipalID: entraID(101)}}
			}
			st.IDP.ServicePrincipals = append(st.IDP.ServicePrincipals, scim)
			a := startAccount(t, st, withSettings())
			if tt.fault != "" {
				a.faults(simulator.Fault{Kind: simulator.FaultStatus, Status: 403, Path: tt.fault})
			}
			w := a.dialEntra()
			got := w.data("dbxidentity_aim_readiness", config)
			if w.failed() {
				t.Fatal(w.diags)
			}
			list, _ := got["checks"].([]any)
			for _, one := range list {
				if c := asMap(t, one); c["id"] == "scim_token_owner" && (c["status"] != tt.status || !strings.Contains(fmt.Sprint(c["affected"]), tt.text)) {
					t.Errorf("%v", c)
				}
			}
		})
	}
}
