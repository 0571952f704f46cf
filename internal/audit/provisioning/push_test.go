// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provisioning_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/provisioning"
)

// An app of Okta is never called healthy: no error that is reported is no proof.
func TestPush_health(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	all := []string{"PUSH_NEW_USERS", "PUSH_PROFILE_UPDATES", "PUSH_USER_DEACTIVATION", "GROUP_PUSH"}
	failed := []provisioning.LogEntry{{SourceID: "u", SourceType: "User", Status: "failure"}}
	for name, tt := range map[string]struct {
		connector provisioning.Connector
		want      provisioning.Status
	}{
		"no error":     {provisioning.Connector{Enabled: &yes, Push: &provisioning.Push{Features: all, Connection: "ENABLED"}}, provisioning.Unknown},
		"an error":     {provisioning.Connector{Enabled: &yes, Push: &provisioning.Push{Features: all}, Log: failed}, provisioning.HealthyWithErrors},
		"not read":     {provisioning.Connector{Push: &provisioning.Push{Features: all}, Unread: map[provisioning.Part]string{provisioning.PartLog: "403"}}, provisioning.Unknown},
		"no feature":   {provisioning.Connector{Enabled: &yes, Push: &provisioning.Push{Features: []string{"IMPORT_PROFILE_UPDATES"}}, Log: failed}, provisioning.Off},
		"disconnected": {provisioning.Connector{Push: &provisioning.Push{Features: all, Connection: "DISABLED"}, Log: failed}, provisioning.Off},
		"inactive":     {provisioning.Connector{Enabled: &no, Push: &provisioning.Push{Features: all}, Log: failed}, provisioning.Off},
	} {
		if got := judge(tt.connector).Health.Status; got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

// Everyone assigned is covered, and groups where they are pushed; what could not be read
// leaves the rest open.
func TestPush_comparison(t *testing.T) {
	t.Parallel()
	build := func() provisioning.Connector {
		return provisioning.Connector{
			ID: "app", DisplayName: "Databricks", Settings: map[string]string{"BaseAddress": atAccount}, Unread: map[provisioning.Part]string{},
			Push: &provisioning.Push{
				Features: []string{"PUSH_NEW_USERS", "GROUP_PUSH"}, Covered: []string{"direct", "by group"},
				Groups: []provisioning.PushedGroup{{ID: "pushed", State: "ACTIVE"}, {ID: "failing", State: "ERROR"}, {ID: "former", State: "INACTIVE"}},
			},
			Assigned: []provisioning.Assignment{{Type: audit.TypeUser, ID: "direct"}, {Type: audit.TypeGroup, ID: "assigned"}},
			Members:  map[string]provisioning.GroupMembers{"assigned": {Users: []string{"by group"}}},
		}
	}
	account := provisioning.Account{ID: thisAccount, Coverage: audit.Coverage{Users: true, Groups: true}}
	for i, p := range []audit.Principal{
		{Ref: audit.Ref{Type: audit.TypeUser}, ExternalID: "by group"}, {Ref: audit.Ref{Type: audit.TypeUser}, ExternalID: "someone"},
		{Ref: audit.Ref{Type: audit.TypeGroup}, ExternalID: "pushed"}, {Ref: audit.Ref{Type: audit.TypeGroup}, ExternalID: "former"}, {Ref: audit.Ref{Type: audit.TypeGroup}, ExternalID: "assigned"},
	} {
		p.ID = string(rune('1' + i))
		account.Principals = append(account.Principals, p)
	}
	ids := func(l provisioning.Compared) []string {
		out := []string{}
		for _, r := range l.Rows {
			out = append(out, r.ExternalID)
		}
		return out
	}
	compare := func(edit func(c *provisioning.Connector)) map[string]any {
		c := build()
		edit(&c)
		got := compareAll([]provisioning.Connector{c}, &account, "")
		return map[string]any{"absent": ids(got.InScopeAbsent), "out": ids(got.LinkedOutOfScope), "unknown": len(got.InScopeAbsent.Unknown) + len(got.LinkedOutOfScope.Unknown)}
	}
	for name, tt := range map[string]struct {
		edit        func(c *provisioning.Connector)
		absent, out []string
		unknown     int
	}{
		"read whole":     {func(*provisioning.Connector) {}, []string{"direct", "failing"}, []string{"someone", "assigned", "former"}, 0},
		"members hidden": {func(c *provisioning.Connector) { c.Members = nil }, []string{"direct", "failing"}, []string{"someone", "assigned", "former"}, 0},
		"users hidden": {func(c *provisioning.Connector) { c.Push.Covered, c.Push.CoveredUnknown = nil, "403" },
			[]string{"failing"}, []string{"assigned", "former"}, 2},
		"pushes hidden": {func(c *provisioning.Connector) { c.Push.Groups, c.Push.GroupsUnknown = nil, "403" }, []string{"direct"}, []string{"someone"}, 2},
		"no group push": {func(c *provisioning.Connector) { c.Push.Features = c.Push.Features[:1] }, []string{"direct"}, []string{"someone", "assigned", "former", "pushed"}, 0},
	} {
		want := map[string]any{"absent": tt.absent, "out": tt.out, "unknown": tt.unknown}
		if diff := cmp.Diff(want, compare(tt.edit)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
