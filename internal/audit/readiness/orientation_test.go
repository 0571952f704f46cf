// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package readiness_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/events"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/provisioning"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/readiness"
)

// A connector that writes here, read or in the audit log, is SCIM; that there is none is
// known only where all of them could be read.
func TestPath(t *testing.T) {
	t.Parallel()
	unread := func(f *readiness.Facts) { f.Unknown[readiness.NeedConnectors] = []string{"connector_ids is not set"} }
	with := func(c readiness.Connector) func(*readiness.Facts) {
		return func(f *readiness.Facts) { f.Connectors = []readiness.Connector{c} }
	}
	wrote := func(agent string) func(*readiness.Facts) {
		return func(f *readiness.Facts) {
			unread(f)
			f.Events = &events.Report{Writers: []events.SCIMWriter{{Level: "ACCOUNT_LEVEL", Agent: agent}}}
		}
	}
	const none = "No SCIM connector of the identity provider writes to this account."
	for name, tc := range map[string]struct {
		change       func(*readiness.Facts)
		path, reason string
	}{
		"none":           {func(*readiness.Facts) {}, "without_scim", none},
		"of the account": {with(connector("c1", provisioning.LevelAccount, ptr(true), provisioning.Stale)), "with_scim", `The connector "SCIM" (c1) writes to this account.`},
		"of a workspace": {with(connector("c1", provisioning.LevelWorkspace, ptr(true), provisioning.Healthy)), "with_scim", `The connector "SCIM" (c1) writes to this account.`},
		"off":            {with(connector("c1", provisioning.LevelAccount, ptr(true), provisioning.Off)), "without_scim", none},
		"elsewhere":      {with(connector("c1", provisioning.LevelAccount, ptr(false), provisioning.Healthy)), "without_scim", none},
		"somewhere": {with(connector("c1", provisioning.LevelUnknown, nil, provisioning.Healthy)), "",
			`Whether SCIM writes to this account is not known: where the connector "SCIM" (c1) writes to is not known: hidden.`},
		"not read":         {unread, "", "Whether SCIM writes to this account is not known: SCIM connectors: connector_ids is not set."},
		"seen in the log":  {wrote("Azure-AD"), "with_scim", "A SCIM connector wrote to this account, according to the audit log."},
		"another in there": {wrote("terraform"), "", "Whether SCIM writes to this account is not known: SCIM connectors: connector_ids is not set."},
	} {
		f := ready()
		tc.change(f)
		if path, reason := readiness.Path(f); path != tc.path || reason != tc.reason {
			t.Errorf("%s: %q %q, want %q %q", name, path, reason, tc.path, tc.reason)
		}
	}
}

// Whom to tell are active people, by themselves and through groups, in workspaces with
// identity federation; what hides others is said.
func TestNotices(t *testing.T) {
	t.Parallel()
	f := ready()
	gone := user("3", "gone@example.com", "")
	gone.Active = ptr(false)
	f.Inventory.Principals = append(f.Inventory.Principals, gone, group("11", "admins", ""))
	f.Members = map[string][]audit.Member{"11": {{Ref: audit.Ref{Type: audit.TypeUser, ID: "2"}}, {Ref: audit.Ref{Type: audit.TypeUser, ID: "3"}}}}
	f.Workspaces = []audit.Workspace{
		{ID: "1000", Name: "late", Federation: ptr(true)}, {ID: "100", Name: "main", Federation: ptr(true)}, {ID: "200", Name: "old"}, {ID: "300", Name: "linked", Federation: ptr(true)},
		{ID: "400", Name: "forbidden", Federation: ptr(true)},
	}
	f.WorkspaceAdmins = map[string]readiness.WorkspaceAdmins{
		"100": {IDs: []string{"11", "1", "20"}}, "200": {IDs: []string{"1"}}, "300": {IDs: []string{"10"}}, "400": {IDs: []string{"1"}, Unknown: "403"},
	}
	want := []readiness.Notice{
		{WorkspaceID: "100", WorkspaceName: "main", People: []string{"ada@example.com", "bob@example.com"}},
		{WorkspaceID: "300", WorkspaceName: "linked", Unknown: "admins of the workspace are in group/10 (data), to which the identity provider may give members whom no list here shows"},
		{WorkspaceID: "400", WorkspaceName: "forbidden", People: []string{"ada@example.com"}, Unknown: "who is admin of the workspace could not be read: 403"},
		{WorkspaceID: "1000", WorkspaceName: "late", Unknown: "who is admin of the workspace could not be read: it was not asked"},
	}
	if diff := cmp.Diff(want, readiness.Notices(f)); diff != "" {
		t.Error(diff)
	}
	// Where the account does not report identity federation, every workspace may have it.
	f.Workspaces = []audit.Workspace{{ID: "200", Name: "old"}}
	if got := readiness.Notices(f); len(got) != 1 || len(got[0].People) != 1 {
		t.Errorf("%+v", got)
	}
}
