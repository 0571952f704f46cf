// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package readiness_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/provisioning"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/readiness"
)

func connector(id string, level provisioning.Level, ours *bool, status provisioning.Status) readiness.Connector {
	target := provisioning.Target{Level: level, IsThisAccount: ours}
	switch level {
	case provisioning.LevelUnknown:
		target.Reason = "hidden"
	case provisioning.LevelWorkspace:
		target.WorkspaceID = "100"
	case provisioning.LevelAccount, provisioning.LevelOther:
	}
	return readiness.Connector{ID: id, Name: "SCIM", Verdict: provisioning.Verdict{
		Target: target, Health: provisioning.Health{Status: status, Reason: "It says so."}, Syncs: map[audit.PrincipalType]bool{audit.TypeGroup: true},
	}}
}

// The three checks that connectors decide: workspace_scim, account_scim_healthy and
// scim_ready.
func TestAssess_connectors(t *testing.T) {
	t.Parallel()
	const met, open, unknown, none = readiness.Met, readiness.NotMet, readiness.Unknown, readiness.NotApplicable
	yes, no := ptr(true), ptr(false)
	account, workspace, hidden := provisioning.LevelAccount, provisioning.LevelWorkspace, provisioning.LevelUnknown
	healthy := connector("c1", account, yes, provisioning.Healthy)
	hostOf := func(host string) readiness.Connector {
		c := connector("c2", provisioning.LevelOther, nil, provisioning.Healthy)
		c.Verdict.Target.Host = host
		return c
	}
	for name, tt := range map[string]struct {
		connectors []readiness.Connector
		want       [3]readiness.Status
	}{
		"none":                 {nil, [3]readiness.Status{met, none, open}},
		"healthy":              {[]readiness.Connector{healthy}, [3]readiness.Status{met, met, met}},
		"errors":               {[]readiness.Connector{connector("c1", account, yes, provisioning.HealthyWithErrors)}, [3]readiness.Status{met, open, open}},
		"quarantined":          {[]readiness.Connector{healthy, connector("c2", account, yes, provisioning.Quarantined)}, [3]readiness.Status{met, open, open}},
		"stale":                {[]readiness.Connector{connector("c1", account, yes, provisioning.Stale)}, [3]readiness.Status{met, open, open}},
		"first run":            {[]readiness.Connector{connector("c1", account, yes, provisioning.FirstRun)}, [3]readiness.Status{met, open, open}},
		"paused":               {[]readiness.Connector{connector("c1", account, yes, provisioning.Paused)}, [3]readiness.Status{met, open, open}},
		"off":                  {[]readiness.Connector{connector("c1", account, yes, provisioning.Off)}, [3]readiness.Status{met, none, open}},
		"state not known":      {[]readiness.Connector{connector("c1", account, yes, provisioning.Unknown)}, [3]readiness.Status{met, unknown, unknown}},
		"of another account":   {[]readiness.Connector{connector("c1", account, no, provisioning.Quarantined)}, [3]readiness.Status{met, none, open}},
		"of a workspace":       {[]readiness.Connector{healthy, connector("c2", workspace, yes, provisioning.Healthy)}, [3]readiness.Status{open, met, met}},
		"of some workspace":    {[]readiness.Connector{healthy, connector("c2", workspace, nil, provisioning.Healthy)}, [3]readiness.Status{unknown, met, met}},
		"off in a workspace":   {[]readiness.Connector{healthy, connector("c2", workspace, yes, provisioning.Off)}, [3]readiness.Status{met, met, met}},
		"hidden":               {[]readiness.Connector{connector("c1", hidden, nil, provisioning.Healthy)}, [3]readiness.Status{unknown, unknown, unknown}},
		"hidden and off":       {[]readiness.Connector{connector("c1", hidden, nil, provisioning.Off)}, [3]readiness.Status{met, none, open}},
		"bare workspace host":  {[]readiness.Connector{hostOf("adb-100.1.azuredatabricks.net")}, [3]readiness.Status{unknown, unknown, unknown}},
		"of another product":   {[]readiness.Connector{healthy, hostOf("scim.example.com")}, [3]readiness.Status{met, met, met}},
		"quarantine, one dark": {[]readiness.Connector{connector("c1", account, yes, provisioning.Quarantined), connector("c2", hidden, nil, provisioning.Healthy)}, [3]readiness.Status{unknown, open, open}},
	} {
		f := spared()
		f.Connectors = tt.connectors
		got := statuses(f)
		if have := [3]readiness.Status{got["workspace_scim"], got["account_scim_healthy"], got["scim_ready"]}; have != tt.want {
			t.Errorf("%s: %v, want %v", name, have, tt.want)
		}
		f.Unknown[readiness.NeedConnectors] = []string{"not read"}
		for id, status := range statuses(f) {
			if slices.Contains([]string{"workspace_scim", "account_scim_healthy", "scim_ready"}, id) && status != unknown && status != open {
				t.Errorf("%s: %s is %s although connectors may be missing", name, id, status)
			}
		}
	}
	f := spared()
	f.Connectors = []readiness.Connector{connector("c1", workspace, yes, provisioning.Healthy)}
	f.Workspaces[0].Federation = no
	if got := statuses(f)["workspace_scim"]; got != met {
		t.Errorf("a workspace without identity federation needs its SCIM: %s", got)
	}
}

// What connectors do is evidence of two more checks.
func TestAssess_connectorEvidence(t *testing.T) {
	t.Parallel()
	skips := true
	f := spared()
	f.Connectors = []readiness.Connector{connector("c1", provisioning.LevelAccount, ptr(true), provisioning.Healthy)}
	breaks()["copied_memberships"](f)
	breaks()["leavers"](f)
	evidence := func(id string) string {
		for _, r := range readiness.Assess(f, nil).Results {
			if r.ID == id {
				return strings.Join(r.Evidence, "; ")
			}
		}
		return ""
	}
	if got := evidence("copied_memberships"); !strings.Contains(got, `the connector "SCIM" (c1) still writes groups`) {
		t.Errorf("copies: %q", got)
	}
	if got := evidence("leavers"); got != "" {
		t.Errorf("leavers, not known: %q", got)
	}
	f.Connectors[0].Verdict.Scope.SkipDeletions = &skips
	if got := evidence("leavers"); !strings.Contains(got, "leaves those active who leave its scope") {
		t.Errorf("leavers: %q", got)
	}
	skips = false
	if got := evidence("leavers"); !strings.Contains(got, "deactivates those who leave its scope") {
		t.Errorf("leavers: %q", got)
	}
}
