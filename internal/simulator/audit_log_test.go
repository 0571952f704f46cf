// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/databricks/databricks-sdk-go/service/sql"
)

// The queries that the guide prints give what it says, to a stranger's client.
func TestGuideQueries(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../templates/guides/scim-still-needed.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	queries := regexp.MustCompile("(?s)```sql\n(.*?)```").FindAllStringSubmatch(string(guide), -1)
	st := sqlAccount()
	st.AuditEvents = []AuditEvent{
		{EventTime: "2026-11-21T01:00:00Z", ActionName: "add", RequestParams: map[string]string{"endpoint": "autoUserCreation"}},
		{EventTime: "2026-11-21T02:00:00Z", ActionName: "add", RequestParams: map[string]string{"endpoint": "autoUserCreation"}, Repeat: 2},
		{EventTime: "2026-11-22T01:00:00Z", ActionName: "updateUser", RequestParams: map[string]string{"endpoint": "scim"}, UserAgent: "connector", AuditLevel: "WORKSPACE_LEVEL", WorkspaceID: 11},
		{EventTime: "2026-11-19T01:00:00Z", ActionName: "updateUser", RequestParams: map[string]string{"endpoint": "scim"}, UserAgent: "too early"},
	}
	want := []string{"2026-11-21|add|200|3", "WORKSPACE_LEVEL|11|connector||1|2026-11-22T01:00:00.000Z", "2026-11-21|2026-11-22T01:00:00.000Z|4"}
	if len(queries) != len(want) {
		t.Fatalf("%d queries", len(queries))
	}
	sim := startTest(t, st, Options{})
	for i, query := range queries {
		reply, err := sqlClient(t, sim, "token-401").ExecuteStatement(t.Context(), sql.ExecuteStatementRequest{Statement: query[1], WarehouseId: "w-on", WaitTimeout: "30s"})
		if err != nil || reply.Status.State != sql.StatementStateSucceeded {
			t.Fatalf("%s: %v %+v", query[1], err, reply)
		}
		if got := strings.Join(rowsOf(reply.Result), " "); got != want[i] {
			t.Errorf("%s: %s, want %s", query[1], got, want[i])
		}
	}
}

func TestAuditEvents_refused(t *testing.T) {
	t.Parallel()
	for want, event := range map[string]AuditEvent{
		`audit_events[0].event_time "yesterday"`: {EventTime: "yesterday", ActionName: "add"},
		"audit_events[0].audit_level":            {EventTime: "2026-11-21T01:00:00Z", ActionName: "add", AuditLevel: "OTHER"},
		"audit_events[0].action_name is empty":   {EventTime: "2026-11-21T01:00:00Z"},
	} {
		if _, err := New(State{AuditEvents: []AuditEvent{event}}, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
