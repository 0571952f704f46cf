// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/catalog"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

const loggedWarehouse = "3f2a9c41d07be586"

// entraAgent is how a connector of Entra ID names itself.
const entraAgent = "Azure-AD-Provisioning/1.0"

// event is one of 2026-11-02, with pairs of keys and values as its parameters.
func event(hour int, action, endpoint, actor, agent string, params ...string) simulator.AuditEvent {
	e := simulator.AuditEvent{
		EventTime: fmt.Sprintf("2026-11-02T%02d:00:00Z", hour), ActionName: action, RequestParams: map[string]string{}, UserAgent: agent,
		UserIdentity: world.AuditIdentity{Email: actor},
	}
	if endpoint != "" {
		e.RequestParams["endpoint"] = endpoint
	}
	for i := 0; i < len(params); i += 2 {
		e.RequestParams[params[i]] = params[i+1]
	}
	return e
}

// loggedWorld is the small world with a SQL warehouse and a log: AIM at work, SCIM on both
// levels, an edit by hand of the linked group, a failure, and someone who left.
func loggedWorld() simulator.State {
	st := smallWorld()
	metastore := entraID(4000)
	st.UnityCatalog.Metastores = []simulator.Metastore{{MetastoreID: metastore, Name: "main", Owner: "owners", Region: "westeurope"}}
	st.Workspaces = []simulator.Workspace{{
		WorkspaceID: 7007, WorkspaceName: "main", Status: "RUNNING", FederationInfo: &simulator.FederationInfo{EnableIdentityFederation: true}, MetastoreID: metastore,
		Warehouses: []simulator.Warehouse{{ID: loggedWarehouse, Name: "shared"}},
	}}
	const ann = "user101@example.com"
	workspaceSCIM := event(5, "add", "scim", ann, entraAgent, "targetUserId", "102", "targetUserName", "user102@example.com")
	workspaceSCIM.AuditLevel, workspaceSCIM.WorkspaceID = "WORKSPACE_LEVEL", 7007
	failed := event(6, "updateGroup", "scim", ann, "curl/8", "targetGroupId", "201")
	failed.Response = world.AuditResponse{StatusCode: http.StatusForbidden, ErrorMessage: "no"}
	login := event(9, "tokenLogin", "", "gone@example.com", "x")
	query := event(8, "runCommand", "", ann, "x")
	query.ServiceName, query.Repeat = "notebook", 5
	st.AuditEvents = []simulator.AuditEvent{
		event(1, "add", "autoUserCreation", "", "", "targetUserId", "101", "targetUserName", ann),
		event(2, "updateUser", "autoUserCreation", ann, ""),
		event(3, "addPrincipalToGroup", "accountConsole", ann, "Mozilla/5.0", "targetGroupId", "201", "targetGroupName", "old name", "targetUserId", "103", "targetUserName", "user103@example.com"),
		event(4, "updateUser", "scim", "", entraAgent, "targetUserId", "103", "targetUserName", "user103@example.com"),
		workspaceSCIM, failed, query, login,
	}
	return st
}

func auditEvents(inputs string) string {
	const it = "data.dbxidentity_audit_events.this."
	text := fmt.Sprintf("data \"dbxidentity_audit_events\" \"this\" {\n workspace_id = \"7007\"\n sql_warehouse_id = %q\n %s\n}\n", loggedWarehouse, inputs)
	for _, name := range []string{
		"aim", "aim_since", "aim_policy", "provisioned", "membership_edits", "external_id_changes", "scim_writers", "errors", "last_activity", "departed", "coverage",
		"truncated", "complete",
	} {
		text += "output \"" + name + "\" { value = jsonencode(" + it + name + ") }\n"
	}
	return text + "output \"failures\" { value = jsonencode([for f in " + it + "failures : \"${f.call}: ${f.reason}\"]) }\n"
}

// What the log shows, in either spelling, and what a person does at that moment.
func TestAccAuditEvents(t *testing.T) {
	t.Parallel()
	const period = `since = "2026-11-01"` + "\n" + `until = "2026-11-02"`
	want := map[string]string{
		"aim":       `[{"action":"add","count":1,"day":"2026-11-02","status":"ok"},{"action":"updateUser","count":1,"day":"2026-11-02","status":"ok"}]`,
		"aim_since": `"2026-11-02T01:00:00Z"`, "aim_policy": "[]",
		"provisioned": `[{"name":"user101@example.com","principal_id":"101","principal_type":"user","time":"2026-11-02T01:00:00Z"}]`,
		"membership_edits": `[{"actor":"user101@example.com","agent":"Mozilla/5.0","change":"added","count":1,"endpoint":"accountConsole","group_id":"201","group_name":"linked-group",` +
			`"last":"2026-11-02T03:00:00Z","member_id":"103","member_name":"user103@example.com","writer":"browser"}]`,
		"external_id_changes": `[{"action":"updateUser","actor":null,"agent":"` + entraAgent + `","count":1,"endpoint":"scim","last":"2026-11-02T04:00:00Z","name":"user103@example.com",` +
			`"principal_id":"103","principal_type":"user","writer":"entra_connector"}]`,
		"scim_writers": `[{"actor":null,"agent":"` + entraAgent + `","count":1,"first":"2026-11-02T04:00:00Z","last":"2026-11-02T04:00:00Z","level":"ACCOUNT_LEVEL","workspace_id":null,"writer":"entra_connector"},` +
			`{"actor":"user101@example.com","agent":"curl/8","count":1,"first":"2026-11-02T06:00:00Z","last":"2026-11-02T06:00:00Z","level":"ACCOUNT_LEVEL","workspace_id":null,"writer":"sdk"},` +
			`{"actor":"user101@example.com","agent":"` + entraAgent + `","count":1,"first":"2026-11-02T05:00:00Z","last":"2026-11-02T05:00:00Z","level":"WORKSPACE_LEVEL","workspace_id":"7007","writer":"entra_connector"}]`,
		"errors":        `[{"action":"updateGroup","code":"403","count":1,"endpoint":"scim","error":"no","last":"2026-11-02T06:00:00Z"}]`,
		"last_activity": `{"101":"2026-11-02T08:00:04Z"}`,
		"departed":      `[{"last":"2026-11-02T09:00:00Z","left":null,"name":"gone@example.com","principal_id":null,"state":"absent"}]`,
		"truncated":     "false", "complete": "true", "failures": "[]",
	}
	for _, assumed := range []catalog.AuditLogAssumptions{{}, {Fields: "camel", Keys: "snake", Params: "struct"}} {
		a := startAccount(t, loggedWorld(), simulator.Options{Assumed: simulator.Assumed{AuditLog: assumed, Statements: simulator.StatementAssumptions{ChunkRows: 3}}})
		got, parts, empty := capture{}, capture{}, capture{}
		steps := []resource.TestStep{{Config: a.config("", auditEvents(period)), ConfigStateChecks: []statecheck.StateCheck{got}}}
		if assumed.Fields == "" {
			steps = append(steps,
				resource.TestStep{Config: a.config("", auditEvents(period+"\n kinds = [\"scim_writers\"]")), ConfigStateChecks: []statecheck.StateCheck{parts}},
				resource.TestStep{Config: a.config("", auditEvents(`since = "2026-10-01T00:00:00Z"`+"\n"+`until = "2026-10-02"`)), ConfigStateChecks: []statecheck.StateCheck{empty}},
				resource.TestStep{Config: a.config("", auditEvents(`since = "yesterday"`)), ExpectError: regexp.MustCompile(`(?s)Invalid Date.*"yesterday"`)},
				resource.TestStep{Config: a.config("", auditEvents(`since = "2026-11-03"`+"\n"+`until = "2026-11-02"`)), ExpectError: regexp.MustCompile(`Empty Period`)},
				resource.TestStep{Config: a.config("", auditEvents(period+"\n kinds = [\"logins\"]")), ExpectError: regexp.MustCompile(`(?s)kinds.*logins`)},
				resource.TestStep{Config: a.config("", strings.Replace(auditEvents(period), `"7007"`, `"7"`, 1)), ExpectError: regexp.MustCompile(`(?s)Workspace Cannot Be Asked.*the workspace 7 is not one\s+of\s+the\s+account's`)},
			)
		}
		acceptance(t, steps...)
		for name, text := range want {
			if diff := cmp.Diff(text, got[name]); diff != "" {
				t.Errorf("%+v: %s: %s", assumed, name, diff)
			}
		}
		coverage := fmt.Sprint(got["coverage"])
		for _, part := range []string{`"events":12`, `"schema_state":"ENABLE_COMPLETED"`, `"region":"westeurope"`, `"last":"2026-11-02T09:00:00Z"`, "Other regions"} {
			if !strings.Contains(coverage, part) {
				t.Errorf("%+v: no %s in %s", assumed, part, coverage)
			}
		}
		if assumed.Fields != "" {
			continue
		}
		if parts["scim_writers"] != want["scim_writers"] || parts["aim"] != "null" || parts["departed"] != "null" || parts["last_activity"] != "null" || parts["complete"] != "true" {
			t.Errorf("kinds: %v", parts)
		}
		if c := fmt.Sprint(empty["coverage"]); empty["aim"] != "[]" || empty["aim_since"] != "null" || !strings.Contains(c, "not proof") {
			t.Errorf("nothing happened: %v", empty)
		}
	}
}

// A log that is closed is not an empty one, and a form that is not known is an error.
func TestAccAuditEvents_closed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		assumed catalog.AuditLogAssumptions
		reason  string
		err     string
	}{
		"off":       {assumed: catalog.AuditLogAssumptions{Schema: "AVAILABLE"}, reason: "not enabled on the metastore"},
		"forbidden": {assumed: catalog.AuditLogAssumptions{Access: "forbidden"}, reason: "the caller does not see system.access.audit"},
		"warehouse": {err: `(?s)Unable to Read Audit Events.*CAN USE on\s+the\s+warehouse`},
		"column":    {assumed: catalog.AuditLogAssumptions{Without: "request_params"}, err: `(?s)Unknown Form of system.access.audit.*no\s+column\s+request_params`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := startAccount(t, loggedWorld(), simulator.Options{Assumed: simulator.Assumed{AuditLog: tt.assumed}})
			got := capture{}
			step := resource.TestStep{Config: a.config("", auditEvents(`since = "2026-11-01"`))}
			if name == "warehouse" {
				step.Config = strings.Replace(step.Config, loggedWarehouse, "0", 1)
			}
			if tt.err != "" {
				step.ExpectError = regexp.MustCompile(tt.err)
			} else {
				step.ConfigStateChecks = []statecheck.StateCheck{got}
			}
			acceptance(t, step)
			if tt.err != "" {
				return
			}
			for _, list := range []string{"aim", "membership_edits", "scim_writers", "departed", "last_activity", "errors"} {
				if got[list] != "null" {
					t.Errorf("%s is %v", list, got[list])
				}
			}
			if f := fmt.Sprint(got["failures"]); got["complete"] != "false" || !strings.Contains(f, tt.reason) {
				t.Errorf("complete %v: %s", got["complete"], f)
			}
		})
	}
}
