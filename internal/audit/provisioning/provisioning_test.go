// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provisioning_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/provisioning"
)

var now = time.Date(2026, 11, 28, 9, 30, 0, 0, time.UTC)

// healthyJob succeeded 20 minutes ago and runs every 40.
func healthyJob() provisioning.Job {
	last := provisioning.Execution{State: "Succeeded", Ended: now.Add(-20 * time.Minute)}
	return provisioning.Job{
		ID: "dataBricks.1", ScheduleState: "Active", Interval: "PT40M", Code: "Active", Last: &last, LastSuccessful: &last, SteadyState: "2025-03-02T10:11:12Z",
	}
}

func judge(c provisioning.Connector) provisioning.Verdict {
	return provisioning.Judge(&c, &provisioning.Account{ID: "11111111-2222-4333-8444-555555555555", Workspaces: []audit.Workspace{
		{ID: "6006", Host: "https://dbc-1.cloud.databricks.com"}, {ID: "7007", Host: "https://adb-7007.5.azuredatabricks.net"},
	}})
}

func TestHealth(t *testing.T) {
	t.Parallel()
	began := now.Add(-48 * time.Hour)
	for _, tt := range []struct {
		name   string
		edit   func(j *provisioning.Job)
		clock  time.Time
		want   provisioning.Status
		reason string
	}{
		{"healthy", func(*provisioning.Job) {}, now, provisioning.Healthy, "succeeded"},
		{"escrows", func(j *provisioning.Job) { j.Last.Escrowed = 3 }, now, provisioning.HealthyWithErrors, "fail each time"},
		{"entry errors", func(j *provisioning.Job) { j.Last.State = "EntryLevelErrors" }, now, provisioning.HealthyWithErrors, ""},
		{"just in time", func(j *provisioning.Job) { j.LastSuccessful = &provisioning.Execution{Ended: now.Add(-2 * time.Hour)} }, now, provisioning.Healthy, ""},
		{"too old", func(j *provisioning.Job) {
			j.LastSuccessful = &provisioning.Execution{Ended: now.Add(-2*time.Hour - time.Second)}
		}, now, provisioning.Stale, "3 intervals of PT40M"},
		{"failed", func(j *provisioning.Job) { j.Last.State, j.Last.ErrorCode = "Failed", "Timeout" }, now, provisioning.Stale, "(Timeout)"},
		{"quarantine", func(j *provisioning.Job) {
			j.Quarantine = &provisioning.Quarantine{Reason: "EncounteredQuarantineException", SeriesBegan: began}
		}, now, provisioning.Quarantined, "(EncounteredQuarantineException)"},
		{"quarantine by code", func(j *provisioning.Job) { j.Code = "Quarantine" }, now, provisioning.Quarantined, ""},
		{"unknown quarantine", func(j *provisioning.Job) { j.Quarantine = &provisioning.Quarantine{Reason: "SomethingNew"} }, now, provisioning.Quarantined, "SomethingNew"},
		{"quarantine, disabled", func(j *provisioning.Job) { j.Quarantine, j.ScheduleState = &provisioning.Quarantine{}, "Disabled" }, now, provisioning.Quarantined, "was disabled"},
		{"not run", func(j *provisioning.Job) { j.Code = "NotRun" }, now, provisioning.FirstRun, ""},
		{"no steady state", func(j *provisioning.Job) { j.SteadyState = "0001-01-01T00:00:00Z" }, now, provisioning.FirstRun, ""},
		{"paused", func(j *provisioning.Job) { j.Code = "Paused" }, now, provisioning.Paused, ""},
		{"paused, pruned", func(j *provisioning.Job) { j.Code, j.EscrowsPruned = "Paused", true }, now, provisioning.Paused, "dropped"},
		{"schedule paused, pruned", func(j *provisioning.Job) { j.ScheduleState, j.EscrowsPruned = "Paused", true }, now, provisioning.Paused, "dropped"},
		{"pruned, and not paused", func(j *provisioning.Job) { j.EscrowsPruned = true }, now, provisioning.Healthy, ""},
		{"disabled", func(j *provisioning.Job) { j.ScheduleState = "Disabled" }, now, provisioning.Off, ""},
		{"not configured", func(j *provisioning.Job) { j.Code = "NotConfigured" }, now, provisioning.Off, ""},
		{"new schedule word", func(j *provisioning.Job) { j.ScheduleState = "Resting" }, now, provisioning.Unknown, `"Resting"`},
		{"new code", func(j *provisioning.Job) { j.Code = "Dreaming" }, now, provisioning.Unknown, `"Dreaming"`},
		{"new execution state", func(j *provisioning.Job) { j.Last.State = "Halfway" }, now, provisioning.Unknown, `"Halfway"`},
		{"no clock", func(*provisioning.Job) {}, time.Time{}, provisioning.Unknown, "no date"},
		{"no execution", func(j *provisioning.Job) { j.Last = nil }, now, provisioning.Unknown, ""},
		{"no success", func(j *provisioning.Job) { j.LastSuccessful = nil }, now, provisioning.Unknown, ""},
		{"no interval", func(j *provisioning.Job) { j.Interval = "often" }, now, provisioning.Unknown, `"often"`},
	} {
		j := healthyJob()
		tt.edit(&j)
		got := judge(provisioning.Connector{Jobs: []provisioning.Job{j}, Now: tt.clock}).Health
		if got.Status != tt.want || !strings.Contains(got.Reason, tt.reason) || !strings.HasSuffix(got.Reason, ".") {
			t.Errorf("%s: %s: %s", tt.name, got.Status, got.Reason)
		}
		if tt.name == "quarantine" && (!got.Since.Equal(began) || !got.DisabledOn.Equal(began.AddDate(0, 0, 28))) {
			t.Errorf("quarantine since %s, disabled on %s", got.Since, got.DisabledOn)
		}
	}
	if got := judge(provisioning.Connector{}).Health.Status; got != provisioning.Off {
		t.Errorf("no job: %s", got)
	}
	if got := judge(provisioning.Connector{Unread: map[provisioning.Part]string{provisioning.PartJobs: "forbidden"}}).Health; got.Status != provisioning.Unknown {
		t.Errorf("jobs that were not read: %+v", got)
	}
	dead := healthyJob()
	dead.ScheduleState = "Disabled"
	if got := judge(provisioning.Connector{Jobs: []provisioning.Job{dead, healthyJob()}, Now: now}).Health.Status; got != provisioning.Healthy {
		t.Errorf("a job that works beside one that is switched off: %s", got)
	}
}

func TestTarget(t *testing.T) {
	t.Parallel()
	const account = "11111111-2222-4333-8444-555555555555"
	for _, tt := range []struct {
		address, level, workspace, ours string
	}{
		{"https://accounts.azuredatabricks.net/api/2.0/accounts/" + account + "/scim/v2", "account", "", "true"},
		{"https://accounts.cloud.databricks.com/api/2.1/accounts/" + strings.ToUpper(account) + "/scim/v2/", "account", "", "true"},
		{"https://accounts.gcp.databricks.com/api/2.0/accounts/22222222-2222-4333-8444-555555555555/scim/v2?aadOptscim062020", "account", "", "false"},
		{"https://adb-7007.5.azuredatabricks.net/api/2.0/preview/scim", "workspace", "7007", "true"},
		{"https://DBC-1.cloud.databricks.com/api/2.0/preview/scim/v2", "workspace", "6006", "true"},
		{"https://adb-8008.5.azuredatabricks.net/api/2.0/preview/scim", "workspace", "", "false"},
		{"https://dbc-9.cloud.databricks.com/api/2.0/preview/scim", "workspace", "", "unknown"},
		{"https://adb-7007.5.azuredatabricks.net", "other", "", "unknown"},
		{"https://scim.example.com/api/2.0/preview/scim", "other", "", "unknown"},
		{"https://accounts.azuredatabricks.net/scim", "other", "", "unknown"},
		{"https://scim.example.com/api/2.0/accounts/" + account + "/scim/v2", "other", "", "unknown"},
		{"*", "unknown", "", "unknown"},
		{"", "unknown", "", "unknown"},
		{"dose-of-secret", "unknown", "", "unknown"},
	} {
		got := judge(provisioning.Connector{Settings: map[string]string{"BaseAddress": tt.address}}).Target
		ours := "unknown"
		if got.IsThisAccount != nil {
			ours = map[bool]string{true: "true", false: "false"}[*got.IsThisAccount]
		}
		if string(got.Level) != tt.level || got.WorkspaceID != tt.workspace || ours != tt.ours {
			t.Errorf("%s: %s, workspace %q, this account %s", tt.address, got.Level, got.WorkspaceID, ours)
		}
		if (got.Level == provisioning.LevelUnknown) != (got.Reason != "") || strings.Contains(got.Address+got.Reason, "secret") {
			t.Errorf("%s: %q %q", tt.address, got.Address, got.Reason)
		}
	}
	if got := judge(provisioning.Connector{Settings: map[string]string{"BaseAddress": "https://user:secret@scim.example.com/x"}}).Target; strings.Contains(got.Address, "secret") {
		t.Errorf("credentials are in %s", got.Address)
	}
	if got := judge(provisioning.Connector{Unread: map[provisioning.Part]string{provisioning.PartSettings: "forbidden"}}).Target; got.Level != provisioning.LevelUnknown || got.Reason != "forbidden" {
		t.Errorf("settings that were not read: %+v", got)
	}
}

func TestMapping(t *testing.T) {
	t.Parallel()
	of := func(sourceType, source string) []provisioning.AttributeMapping {
		return []provisioning.AttributeMapping{{Target: "userName", SourceType: "Attribute", Source: "userPrincipalName", FlowType: "Always"}, {Target: "externalId", SourceType: sourceType, Source: source, FlowType: "Always"}}
	}
	for _, tt := range []struct {
		name       string
		attributes []provisioning.AttributeMapping
		right      bool
		text       string
	}{
		{"objectId", of("Attribute", "objectId"), true, ""},
		{"in another case", of("attribute", "ObjectID"), true, ""},
		{"mailNickname", of("Attribute", "mailNickname"), false, "the attribute mailNickname"},
		{"user name", of("Attribute", "userPrincipalName"), false, "the attribute userPrincipalName"},
		{"employee id", of("Attribute", "employeeId"), false, "the attribute employeeId"},
		{"function", of("Function", "Mid([objectId], 1, 8)"), false, "the function Mid([objectId], 1, 8)"},
		{"constant", of("Constant", "objectId"), false, "the constant objectId"},
		{"none", of("", "")[:1], false, "nothing"},
	} {
		c := provisioning.Connector{Jobs: []provisioning.Job{healthyJob()}, Mappings: []provisioning.ObjectMapping{
			{Enabled: true, Target: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", Attributes: tt.attributes},
			{Enabled: false, Target: "urn:ietf:params:scim:schemas:core:2.0:Group", Attributes: of("Attribute", "mailNickname")},
			{Enabled: true, Target: "Device", Attributes: of("Attribute", "mailNickname")},
		}}
		v := judge(c)
		at := slices.IndexFunc(v.Mappings, func(m provisioning.MappingRow) bool { return m.Target == "externalId" })
		if len(v.Mappings) != 2 || *v.Mappings[at].Correct != tt.right || v.Mappings[at].Overwrites {
			t.Errorf("%s: %+v", tt.name, v.Mappings)
		}
		if name := v.Mappings[1-at]; name.Correct != nil || !name.Overwrites {
			t.Errorf("%s: %+v", tt.name, name)
		}
		found := slices.IndexFunc(v.Findings, func(f provisioning.Finding) bool { return f.Code == provisioning.FindingWrongExternalID })
		if (found < 0) != tt.right || found >= 0 && !strings.Contains(v.Findings[found].Summary, tt.text+" instead of objectId") {
			t.Errorf("%s: %+v", tt.name, v.Findings)
		}
		if diff := cmp.Diff(map[audit.PrincipalType]bool{audit.TypeUser: true, audit.TypeGroup: false}, v.Syncs); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
	unread := judge(provisioning.Connector{Jobs: []provisioning.Job{healthyJob()}, Unread: map[provisioning.Part]string{provisioning.PartSchema: "forbidden"}})
	if len(unread.Mappings) != 0 || len(unread.Syncs) != 0 {
		t.Errorf("a mapping that was not read: %+v", unread)
	}
}

func TestFindings(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	codes := func(c provisioning.Connector) []string {
		var out []string
		for _, f := range judge(c).Findings {
			out = append(out, f.Code)
		}
		return out
	}
	account := "https://accounts.azuredatabricks.net/api/2.0/accounts/11111111-2222-4333-8444-555555555555/scim/v2"
	sound := provisioning.Connector{
		AssignmentRequired: &no, Notify: []string{"admin@example.com"}, Jobs: []provisioning.Job{healthyJob()}, Now: now,
		Settings: map[string]string{"BaseAddress": account, "SyncAll": "False"},
	}
	if got := codes(sound); len(got) != 0 {
		t.Errorf("a sound connector: %v", got)
	}
	bad := sound
	bad.AssignmentRequired, bad.Notify = &yes, []string{}
	bad.Settings = map[string]string{"BaseAddress": account, "SkipOutOfScopeDeletions": "True"}
	bad.Assigned = []provisioning.Assignment{{Type: audit.TypeServicePrincipal, ID: "sp"}, {Type: audit.TypeGroup, ID: "g"}}
	bad.Members = map[string]provisioning.GroupMembers{"g": {Groups: []string{"n"}}}
	want := []string{"ASSIGNMENT_REQUIRED", "LEAVERS_STAY_ACTIVE", "NESTED_GROUPS_SKIPPED", "NO_NOTIFICATION_ADDRESS", "SERVICE_PRINCIPALS_NEVER_SYNC"}
	if diff := cmp.Diff(want, codes(bad)); diff != "" {
		t.Error(diff)
	}
	legacy := sound
	legacy.Settings = map[string]string{"BaseAddress": "https://adb-7007.5.azuredatabricks.net/api/2.0/preview/scim"}
	if diff := cmp.Diff([]string{"ASSIGNMENT_REQUIRED", "WORKSPACE_LEVEL"}, codes(legacy)); diff != "" {
		t.Error(diff)
	}
	dark := provisioning.Connector{Unread: map[provisioning.Part]string{}}
	for _, p := range provisioning.Parts() {
		dark.Unread[p] = "forbidden"
	}
	if diff := cmp.Diff([]string{"STATUS", "TARGET_UNKNOWN"}, codes(dark)); diff != "" {
		t.Errorf("of a connector that could not be read: %s", diff)
	}
}

// The scope agrees with an obvious account of it: who is left when a group is taken away.
func TestScope_onlyHere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		id := func(label string) string { return rapid.StringMatching(`[a-e]`).Draw(t, label) }
		c := provisioning.Connector{Settings: map[string]string{}, Members: map[string]provisioning.GroupMembers{}}
		for range rapid.IntRange(0, 3).Draw(t, "users") {
			c.Assigned = append(c.Assigned, provisioning.Assignment{Type: audit.TypeUser, ID: id("user")})
		}
		for range rapid.IntRange(0, 4).Draw(t, "groups") {
			g := "group " + id("group")
			if _, there := c.Members[g]; there {
				continue
			}
			members := map[string]bool{}
			for range rapid.IntRange(0, 4).Draw(t, "members") {
				members[id("member")] = true
			}
			var list []string
			for m := range members {
				list = append(list, m)
			}
			c.Assigned = append(c.Assigned, provisioning.Assignment{Type: audit.TypeGroup, ID: g})
			c.Members[g] = provisioning.GroupMembers{Users: list}
		}
		covered := func(without string) map[string]bool {
			out := map[string]bool{}
			for _, a := range c.Assigned {
				if a.Type == audit.TypeUser {
					out[a.ID] = true
				}
			}
			for g, m := range c.Members {
				for _, user := range m.Users {
					if g != without {
						out[user] = true
					}
				}
			}
			return out
		}
		all := covered("")
		for _, g := range judge(c).Scope.Groups {
			rest := covered(g.ID)
			want := []string{}
			for user := range all {
				if !rest[user] {
					want = append(want, user)
				}
			}
			slices.Sort(want)
			if diff := cmp.Diff(want, g.Only); diff != "" {
				t.Fatalf("%s: %s", g.ID, diff)
			}
		}
	})
}

// One group that could not be read makes the verdict on all others unknown: it may hold
// the same people.
func TestScope_unknown(t *testing.T) {
	t.Parallel()
	c := provisioning.Connector{
		Assigned: []provisioning.Assignment{{Type: audit.TypeGroup, ID: "a"}, {Type: audit.TypeGroup, ID: "b"}, {Type: audit.TypeGroup, ID: "a", Name: "again"}},
		Members:  map[string]provisioning.GroupMembers{"a": {Users: []string{"u"}}, "b": {Unknown: "forbidden"}},
	}
	groups := judge(c).Scope.Groups
	if len(groups) != 2 || groups[0].Only != nil || groups[1].Only != nil || groups[1].Unknown != "forbidden" {
		t.Errorf("%+v", groups)
	}
	c.Members["b"] = provisioning.GroupMembers{}
	if groups = judge(c).Scope.Groups; !slices.Equal(groups[0].Only, []string{"u"}) {
		t.Errorf("%+v", groups)
	}
	c.Settings = map[string]string{"SyncAll": "True"}
	if groups = judge(c).Scope.Groups; groups[0].Only != nil {
		t.Errorf("with everyone in scope nobody depends on a group: %+v", groups)
	}
}

func TestLog(t *testing.T) {
	t.Parallel()
	at := func(minutes int) time.Time { return now.Add(time.Duration(minutes) * time.Minute) }
	c := provisioning.Connector{
		Settings: map[string]string{"BaseAddress": "https://accounts.azuredatabricks.net/api/2.0/accounts/11111111-2222-4333-8444-555555555555/scim/v2"},
		Log: []provisioning.LogEntry{
			{At: at(-5), SourceID: "g", SourceName: "sales", SourceType: "Group", Action: "create", Status: "failure", ErrorCode: "DatabricksEntryConflict", Reason: "status 409"},
			{At: at(-45), SourceID: "g", SourceName: "sales", SourceType: "Group", Action: "create", Status: "failure", ErrorCode: "DatabricksEntryConflict"},
			{At: at(-90), SourceID: "g", SourceType: "Group", Status: "success"},
			{At: at(-95), SourceID: "g", SourceType: "Group", Status: "failure"},
			{At: at(-4), SourceID: "g", SourceType: "Group", Action: "other", Status: "skipped"},
			{At: at(-30), SourceID: "u", SourceType: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", Status: "failure"},
			{At: at(-10), SourceID: "u", SourceType: "User", TargetID: "101", Status: "success"},
			{At: at(-10), SourceID: "v", SourceType: "User", TargetID: "102", Status: "success"},
			{At: at(-10), SourceID: "w", SourceType: "User", TargetID: "103", Status: "success"},
		},
	}
	account := provisioning.Account{ID: "11111111-2222-4333-8444-555555555555"}
	account.Principals = []audit.Principal{
		{Ref: audit.Ref{Type: audit.TypeUser, ID: "101"}, Name: "u@example.com", ExternalID: "u"}, {Ref: audit.Ref{Type: audit.TypeUser, ID: "102"}, Name: "v@example.com", ExternalID: "vnick"},
		{Ref: audit.Ref{Type: audit.TypeGroup, ID: "201"}, Name: "Sales"},
	}
	v := provisioning.Judge(&c, &account)
	if len(v.Failing) != 1 {
		t.Fatalf("failing: %+v", v.Failing)
	}
	if f := v.Failing[0]; f.SourceID != "g" || f.Type != audit.TypeGroup || !f.Since.Equal(at(-45)) || f.Count != 2 || f.Error != "status 409" || f.Holder == nil || f.Holder.ID != "201" ||
		!strings.Contains(f.Remedy, "group/201, which has no external id") {
		t.Errorf("failing: %+v", f)
	}
	if len(v.Contradictions) != 1 || v.Contradictions[0].Principal.ID != "102" || v.Contradictions[0].SourceID != "v" {
		t.Errorf("contradictions: %+v", v.Contradictions)
	}
	c.Settings = nil
	if v = provisioning.Judge(&c, &account); len(v.Contradictions) != 0 || v.Failing[0].Holder != nil {
		t.Errorf("ids of an account that may be another one are compared: %+v", v)
	}
}
