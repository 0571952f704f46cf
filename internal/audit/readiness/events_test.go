// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package readiness_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/events"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/readiness"
)

// The audit log finds connectors of workspaces, and is evidence of four checks; a log
// without events changes nothing.
func TestAssess_events(t *testing.T) {
	t.Parallel()
	result := func(f *readiness.Facts, id string) readiness.Result {
		for _, r := range readiness.Assess(f, nil).Results {
			if r.ID == id {
				return r
			}
		}
		t.Fatalf("no check %s", id)
		return readiness.Result{}
	}
	f := spared()
	f.Events = &events.Report{}
	if diff := cmp.Diff(statuses(spared()), statuses(f)); diff != "" {
		t.Errorf("without events: %s", diff)
	}
	breaks()["stale_users"](f)
	gone := result(f, "stale_users").Affected[0]
	workspace := f.Workspaces[0].ID
	group := audit.Principal{Ref: audit.Ref{Type: audit.TypeGroup, ID: "7"}, Name: "data"}
	f.Events = &events.Report{
		AIM:          []events.AIMDay{{Day: "2026-11-02", Action: "deactivateUser", Outcome: events.OutcomeOK, Count: 1}},
		Edits:        []events.Edit{{Group: group, Actor: "eve@example.com", Added: true}, {Group: group, Actor: "eve@example.com"}},
		Deactivated:  []events.Change{{Agent: "Okta"}},
		LastActivity: map[string]time.Time{gone.ID: time.Unix(1, 0), "4711": time.Unix(1, 0)},
		Writers: []events.SCIMWriter{
			{Level: "WORKSPACE_LEVEL", Workspace: workspace, Actor: "who@example.com", Agent: "Azure-AD"},
			{Level: "WORKSPACE_LEVEL", Workspace: workspace, Agent: "Okta"},
			{Level: "WORKSPACE_LEVEL", Workspace: workspace, Actor: "script@example.com", Agent: "curl/8"},
			{Level: "WORKSPACE_LEVEL", Workspace: "999", Actor: "who@example.com", Agent: "Azure-AD"},
			{Level: "ACCOUNT_LEVEL", Agent: "Azure-AD"},
		},
	}
	for id, want := range map[string]string{
		"scim_token_owner": "the connector of the workspace " + workspace + " writes with a token of who@example.com, according to the audit log",
		"local_edits":      "eve@example.com changed members of group/7 (data) here, according to the audit log",
		"stale_users":      "user/" + gone.ID + " (" + gone.Name + ") acted, according to the audit log",
		"leavers":          "Okta deactivated users, according to the audit log; automatic identity management deactivated users, according to the audit log",
		"aim_evidence":     "the audit log has changes by automatic identity management (just-in-time provisioning may be logged in the same way)",
	} {
		if got := strings.Join(result(f, id).Evidence, "; "); !strings.HasSuffix(got, want) {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
	r := result(f, "workspace_scim")
	if r.Status != readiness.NotMet || len(r.Affected) != 1 || r.Affected[0].Subject() != "workspace/"+workspace {
		t.Errorf("workspace_scim: %+v", r)
	}
}
