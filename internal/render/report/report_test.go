// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package report

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// hostile are names that would be markup, code or confusion where they are not
// escaped.
var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `${x}`, `{{.}}`, "`code`", `[link](http://example.com)`, `| cell |`,
	"\u202egnp.exe", "a\nb", "a\x00b", "\u200d", "👩‍💻 emoji", `'; drop table`, `</style><b>`, `--><b>`, "@someone #1", `\`,
}

// manyRows is a divergences section with n users in hostile names.
func manyRows(n int) *Divergences {
	d := &Divergences{Complete: true, ExternalIDFixes: map[string]Fix{}, Scanned: Scanned{Users: n, Groups: 3, ServicePrincipals: 2}}
	causes := []string{"linkable_by_name", "stale_own_domain", "name_drift", "stale_foreign_domain"}
	actions := []string{"set_external_id", "review_stale", "request_name_change", "escalate_foreign_domain"}
	for i := range causes {
		d.Summary = append(d.Summary, SummaryRow{PrincipalType: "user", Cause: causes[i], Count: n / 4, Remedy: "Look.", Owner: "account admin", Consequence: "Bad.", Examples: hostile[i : i+3]})
	}
	for i := range n {
		name := fmt.Sprintf("user%d@example.com", i)
		if i < len(hostile) {
			name = hostile[i]
		}
		d.Users = append(d.Users, Row{ID: fmt.Sprint(1000 + i), Username: name, Cause: causes[i%4], Action: actions[i%4]})
		if i%4 == 0 {
			d.ExternalIDFixes[fmt.Sprintf("user/%d", 1000+i)] = Fix{PrincipalType: "user", PrincipalID: fmt.Sprint(1000 + i), PrincipalName: name, ExternalID: "abc"}
			d.Fixable++
		} else {
			d.ManualActions = append(d.ManualActions, ManualAction{PrincipalType: "user", PrincipalID: fmt.Sprint(1000 + i), PrincipalName: name, Reason: "no_candidate", Detail: "detail " + name, Remedy: "Look."})
		}
		if i < len(hostile) {
			d.Duplicates = append(d.Duplicates, Duplicate{PrincipalType: "user", ExternalID: "abc", PrincipalID: fmt.Sprint(1000 + i), PrincipalName: name, Suggestion: "keep", Reason: "The only one that is active."})
		}
	}
	return d
}

func sampleReadiness() *Readiness {
	no := false
	return &Readiness{
		EnableAIM: &no, EnableAIMReason: "No, because this check is not met: guests.", DisableSCIMReason: "Not known.", Complete: true,
		MigrationPath: "with_scim", PathReason: "The connector " + hostile[0] + " writes to this account.",
		WorkspaceAdmins: []Notice{{WorkspaceID: "7", WorkspaceName: hostile[1], People: []string{hostile[2], "ada@example.com"}, UnknownReason: hostile[0]}},
		Checks: []Check{
			{ID: "guests", Title: "No guests", Decision: "enable_aim", Severity: "breaking", Status: "not_met", Summary: hostile[0], AffectedCount: 1, Remedy: "Decide.",
				Affected: []Affected{{Kind: "user", ID: "1", Name: hostile[1], Detail: hostile[2]}}},
			{ID: "leavers", Title: "Leavers", Decision: "disable_scim", Severity: "info", Status: "met"},
			{ID: "scim_ready", Title: "SCIM is set up", Decision: "disable_aim", Severity: "blocker", Status: "unknown"},
		},
	}
}

func sampleLocalGroups() *LocalGroups {
	var out LocalGroups
	raw := fmt.Sprintf(`{"complete":false,"groups":[{"workspace_id":"1","workspace_name":%[1]q,"group_id":"7","group_name":%[1]q,"advisories":["HAS_EXTERNAL_ID"],
		"members":[{"id":"2"}]}],"failures":[{"workspace_id":"3","call":"list","reason":%[1]q}]}`, "a <b> group")
	if err := json.Unmarshal([]byte(raw), &out); err != nil {
		panic(err)
	}
	return &out
}

// sampleProvisioning has a hostile text in every place that has one.
func sampleProvisioning() *Provisioning {
	var out Provisioning
	raw := fmt.Sprintf(`{"complete":false,"connectors":[
		{"id":"c-1","display_name":%[1]q,"status":"quarantined","reason":%[2]q,"target":{"level":"account"},
			"mappings":[{"object":"user","target":"externalId","source_type":"function","source":%[3]q,"correct":false},{"object":"group","target":"externalId","source_type":"attribute","source":"objectId","correct":true}],
			"failing":[{"principal_type":"user","external_id":"u-1","name":%[4]q,"action":"create","error":%[2]q,"remedy":%[1]q}],
			"findings":[{"code":"STATUS","summary":%[2]q,"remedy":"Restart it."}]},
		{"id":"c-2","display_name":"fine","status":"healthy","reason":"It works.","target":{"level":"workspace","workspace_id":"7007","host":"adb-7007.example.com"},"mappings":null,"failing":null,"findings":[]}],
		"in_scope_absent":[{"principal_type":"user","external_id":"u-2","name":%[4]q,"reason":"name_taken","principal_id":"102","principal_name":%[1]q}],
		"linked_out_of_scope":null,"nested_only":[],"workspace_only":[{"principal_type":"user","external_id":"u-3","name":%[4]q,"workspace_id":"7007"}],
		"uncompared":[{"list":"linked_out_of_scope","reason":%[2]q}],"failures":[{"call":"read","reason":%[2]q}]}`, "a <b> name", "because <i>", "Mid(<x>)", "someone@<example>.com")
	if err := json.Unmarshal([]byte(raw), &out); err != nil {
		panic(err)
	}
	return &out
}

// sampleEvents has a hostile text in every place that has one.
func sampleEvents() *Events {
	var out Events
	raw := fmt.Sprintf(`{"complete":true,"aim":[{"day":"2026-11-02","action":"add","status":"ok","count":3}],"aim_since":"2026-11-02T01:00:00Z",
		"aim_policy":[{"action":%[1]q,"actor":%[2]q,"agent":%[1]q,"count":1,"last":"2026-11-02T02:00:00Z"}],
		"provisioned":[{"principal_type":"user","principal_id":"101","name":%[2]q,"time":"2026-11-02T01:00:00Z"}],
		"membership_edits":[{"group_id":"201","group_name":%[1]q,"member_id":"103","member_name":%[2]q,"change":"added","actor":%[2]q,"agent":"Mozilla/5.0","writer":"browser","count":1,"last":"2026-11-02T03:00:00Z"}],
		"external_id_changes":[{"principal_type":"user","principal_id":"103","name":%[2]q,"action":"updateUser","actor":null,"agent":%[3]q,"count":1,"last":"2026-11-02T04:00:00Z"}],
		"scim_writers":[{"level":"WORKSPACE_LEVEL","workspace_id":"7007","actor":%[2]q,"agent":%[3]q,"writer":"entra_connector","count":4,"last":"2026-11-02T05:00:00Z"}],
		"errors":[{"action":"updateGroup","code":"403","count":1,"endpoint":"scim","error":%[4]q,"last":"2026-11-02T06:00:00Z"}],
		"departed":[{"name":%[2]q,"principal_id":null,"state":"absent","left":null,"last":"2026-11-02T09:00:00Z"}],
		"last_activity":{"101":"2026-11-02T09:00:00Z"},"coverage":{"summary":"One region. <b>"},"truncated":false,"failures":[]}`,
		"a <b> group", "someone@<example>.com", "Entra<i>", "because <i>")
	if err := json.Unmarshal([]byte(raw), &out); err != nil {
		panic(err)
	}
	return &out
}

// The audit log is shown as what to look at first; nothing in it is never good news, and a
// list that was not asked for is not an empty one.
func TestMarkdown_events(t *testing.T) {
	t.Parallel()
	got := Markdown(Sections{Events: sampleEvents()}, Options{})
	for _, want := range []string{
		"The audit log shows 1 membership of groups of the identity provider edited by hand, 1 identity at work after leaving, 1 SCIM writer, automatic identity management at work.",
		"| workspace | `7007` | entra connector |", "`2026-11-02T03:00:00Z`", "| `user/103` |", "How far the audit log reaches", "Changes that failed",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the report lacks %q:\n%s", want, got)
		}
	}
	hidden := Markdown(Sections{Events: sampleEvents()}, Options{Redact: true})
	for _, secret := range []string{"someone", "Entra<", "because", "Mozilla", "One region"} {
		if strings.Contains(hidden, secret) {
			t.Errorf("the redacted report has %q:\n%s", secret, hidden)
		}
	}
	for raw, want := range map[string]string{
		`{"events":{"complete":true,"aim":[],"departed":[]}}`:                                        "shows nothing to look at, which is not proof that nothing happened.",
		`{"events":{"complete":false,"failures":[{"call":"read","reason":"forbidden"}]}}`:            "**Unknown:** The audit log was not read.",
		`{"events":{"complete":false,"aim":[],"failures":[{"call":"read","reason":"shortened"}]}}`:   "; something could not be read.",
		`{"events":{"complete":true,"scim_writers":[{"level":"ACCOUNT_LEVEL"},{"level":"","x":1}]}}`: "The audit log shows 2 SCIM writers.",
	} {
		s, err := Decode([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		if text := Markdown(s, Options{}); !strings.Contains(text, want) {
			t.Errorf("%s: no %q in\n%s", raw, want, text)
		}
	}
}

// Rows say who changed their principal last where the audit log was read, and have no such
// columns where it was not.
func TestMarkdown_observed(t *testing.T) {
	t.Parallel()
	d := manyRows(2)
	if got := Markdown(Sections{Divergences: d}, Options{}); strings.Contains(got, "Last changed") {
		t.Errorf("no log was read:\n%s", got)
	}
	d.Observed = map[string]Observed{"user/1001": {ChangedBy: "eve@example.com", ChangedAt: "2026-11-02T03:00:00Z"}}
	got := Markdown(Sections{Divergences: d}, Options{})
	for _, want := range []string{"| Advisories | Last changed by | Last changed | Last acted |", "| `eve@example.com` | `2026-11-02T03:00:00Z` |  |"} {
		if !strings.Contains(got, want) {
			t.Errorf("the report lacks %q:\n%s", want, got)
		}
	}
	if got := Markdown(Sections{Divergences: d}, Options{Redact: true}); strings.Contains(got, "eve@") || !strings.Contains(got, "2026-11-02T03") {
		t.Errorf("redacted:\n%s", got)
	}
}

// A list that is not known is not shown as an empty one, and an unhealthy connector makes
// the verdict.
func TestMarkdown_provisioning(t *testing.T) {
	t.Parallel()
	got := Markdown(Sections{Provisioning: sampleProvisioning()}, Options{})
	for _, want := range []string{"2 SCIM connectors for Databricks, 1 of them with trouble or of unknown state, and something could not be read.", "Restart it.", "the account", "7007", "name taken"} {
		if !strings.Contains(got, want) {
			t.Errorf("the report lacks %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "Linked here") || !strings.Contains(got, "In scope by nesting only") || !strings.Contains(got, "may have more rows") {
		t.Errorf("lists of the comparison:\n%s", got)
	}
	hidden := Markdown(Sections{Provisioning: sampleProvisioning()}, Options{Redact: true})
	for _, secret := range []string{"name", "because", "Mid(", "someone"} {
		if strings.Contains(strings.NewReplacer("Name", "", "name taken", "").Replace(hidden), secret) {
			t.Errorf("the redacted report has %q:\n%s", secret, hidden)
		}
	}
	if none := Markdown(Sections{Provisioning: &Provisioning{Complete: true}}, Options{}); !strings.Contains(none, "No SCIM connector for Databricks was found.") {
		t.Errorf("without a connector:\n%s", none)
	}
}

// What was not asked for is not shown, and an answer that is not known is not good news.
func TestMarkdown_readiness(t *testing.T) {
	t.Parallel()
	got := Markdown(Sections{Readiness: sampleReadiness(), LocalGroups: sampleLocalGroups()}, Options{})
	for _, want := range []string{
		"Ready to switch on automatic identity management: no. Ready to switch off SCIM: not known.", "No, because this check is not met: guests.", "Decide.",
		"1 group of workspaces that the account does not manage.", "path of the migration guide with SCIM", "Whom to tell", "ada@example.com",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the report lacks %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "SCIM is set up") {
		t.Error("the report shows a decision that was not asked for")
	}
}

// Workspaces without federation stand first, with what to do; names that have commas are on lines
// of their own.
func TestReport_workspacesAndNames(t *testing.T) {
	t.Parallel()
	s := Sections{
		WorkspaceFederation: &Federation{Workspaces: []Workspace{{ID: "1", Name: "on", Federation: "enabled"}, {ID: "2", Name: "who knows", Federation: "unknown"}, {ID: "3", Name: "off", Federation: "disabled"}}},
		Divergences:         &Divergences{Summary: []SummaryRow{{PrincipalType: "group", Examples: []string{`Labs, North; Pilot`, "ml"}}}},
	}
	got := Markdown(s, Options{})
	last := -1
	for _, want := range []string{"By an account admin: Switch identity federation on", "| `off` |", "| `who knows` |", "| `on` |"} {
		at := strings.Index(got, want)
		if at <= last {
			t.Errorf("%q is missing or in another place in\n%s", want, got)
		}
		last = at
	}
	page, err := HTML(s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if want := "<bdi>Labs, North; Pilot</bdi><br><bdi>ml</bdi>"; !strings.Contains(page, want) {
		t.Errorf("the page lacks %s", want)
	}
}

// What is open stands first, with the id that the verdict names and an answer that is no double
// negation; a workspace without people says so.
func TestReport_readinessOrder(t *testing.T) {
	t.Parallel()
	no := false
	r := &Readiness{EnableAIM: &no, EnableAIMReason: "No.", WorkspaceAdmins: []Notice{{WorkspaceID: "7", WorkspaceName: "prod"}}, Checks: []Check{
		{ID: "a", Title: "A holds", Decision: "enable_aim", Severity: "breaking", Status: "met"}, {ID: "b", Title: "A note", Decision: "enable_aim", Severity: "info", Status: "not_met"},
		{ID: "c", Title: "No one knows", Decision: "enable_aim", Severity: "breaking", Status: "unknown"}, {ID: "d", Title: "No one gains it", Decision: "enable_aim", Severity: "breaking", Status: "not_met"},
		{ID: "e", Title: "Another decision", Decision: "disable_scim", Severity: "breaking", Status: "not_met"}, {ID: "f", Title: "No matter", Decision: "enable_aim", Severity: "info", Status: "not_applicable"},
	}}
	got := Markdown(Sections{Readiness: r}, Options{})
	last := -1
	for _, want := range []string{
		"**Before automatic identity management is switched on**", "| No one gains it | `d` | no | breaking |", "| No one knows | `c` | not known | breaking |", "| A note | `b` | no | info |",
		"| A holds | `a` | yes | breaking |", "| `prod` | `7` | no active user is known to be an admin here |",
	} {
		at := strings.Index(got, want)
		if at <= last {
			t.Errorf("%q is missing or in another place in\n%s", want, got)
		}
		last = at
	}
	if strings.Contains(got, "Another decision") || strings.Contains(got, "No matter") {
		t.Errorf("what does not apply is shown:\n%s", got)
	}
}

func sample() Sections {
	yes, no := true, false
	before := manyRows(40)
	equal := false
	return Sections{
		Divergences: manyRows(20), Before: &Sections{Divergences: before},
		Readiness: sampleReadiness(), LocalGroups: sampleLocalGroups(), Provisioning: sampleProvisioning(), Events: sampleEvents(),
		Diff: &Diff{
			A: Principal{PrincipalType: "user", PrincipalID: "1", PrincipalName: hostile[0]}, B: Principal{PrincipalType: "user", PrincipalID: "2"},
			OnlyInA: []DiffRow{{GroupID: "9", GroupName: hostile[1], Source: "internal", DirectInA: &yes, DirectInB: &no, PathInA: []string{hostile[0], hostile[1]}, Hint: "add_in_idp"}},
			Local:   []LocalDiffRow{{WorkspaceID: "100", WorkspaceName: hostile[2], GroupID: "77", GroupName: hostile[3], InA: &yes}},
			Equal:   &equal, Complete: true,
		},
		Clone: &Clone{
			Source: Principal{PrincipalName: "anna"}, Target: Principal{PrincipalName: "ben"}, Complete: true,
			IDPActions: []CloneRow{{GroupID: "5", GroupName: "engineers", Path: []string{"anna", "engineers"}}},
			DatabricksActions: []CloneRow{
				{GroupID: "6", GroupName: "consumers", Path: []string{"anna", "engineers", "consumers"}},
				{GroupID: "7", GroupName: "engineer-admins", Path: []string{"anna", "engineer-admins"}, Reason: "held back, because the group is privileged"},
			},
			NotCloned: []NotCloned{{Kind: "account_role", Value: "billing.admin"}},
		},
		Access: sampleAccess(),
	}
}

// sampleAccess has a hostile name in every place that has one.
func sampleAccess() *Access {
	yes := true
	way := []string{hostile[0], hostile[1]}
	return &Access{
		Principal: Principal{PrincipalType: "user", PrincipalID: "1", PrincipalName: hostile[0]}, Complete: true, Privileged: &yes, Powers: []string{"ADMIN of " + hostile[2]},
		Groups:       []AccessGroup{{GroupID: "9", GroupName: hostile[1], Source: "internal", Direct: &yes, Path: way}},
		Workspaces:   []AccessRow{{WorkspaceID: "100", WorkspaceName: hostile[3], WorkspaceStatus: "RUNNING", Level: "ADMIN", Via: []string{"9"}, Path: way}, {WorkspaceID: "100", Level: "USER", Direct: true}},
		Entitlements: []AccessRow{{Entitlement: "allow-cluster-create", Via: []string{"9"}}},
		Grants:       []AccessRow{{SecurableType: "catalog", FullName: hostile[4], Privilege: "SELECT", Via: []string{"9"}, Path: way}},
		Counts:       map[string]int{"unity_catalog_grants": 3}, NotLookedAt: []string{"places"},
		Roles:       []AccessRow{{Role: "account_admin", Direct: true}},
		LocalGroups: []AccessRow{{WorkspaceID: "100", GroupID: "77", GroupName: hostile[5], Via: []string{"9"}, Path: way}},
	}
}

// What an apply holds back is said to be held back in every place, and what is not copied is
// counted on top, since a clone is not equality.
func TestReport_cloneHeldBackAndNotCopied(t *testing.T) {
	t.Parallel()
	c := sample().Clone
	page, err := HTML(Sections{Clone: c}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"1 group to be added in the identity provider, 1 in Databricks by terraform apply. Held back: 1. Not copied, because the source holds it itself: 1.",
		`<text x="8" y="14">engineer-admins</text><text class="note" x="8" y="27">held back</text>`,
		"<h3>To be added in Databricks by terraform apply</h3>", "<h3>Held back</h3>", "<h3>Not copied: the source holds these itself</h3>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	c.IDPActions, c.DatabricksActions = nil, nil
	if got := c.verdict(); got.State != stateNeutral || got.Text != "Nothing is left to be added. Not copied, because the source holds it itself: 1." {
		t.Errorf("%+v", got)
	}
	c.DatabricksActions, c.Problems = []CloneRow{{GroupName: "consumers"}}, []string{"a group could not be read"}
	if add, held := c.additions(); len(add) != 0 || len(held) != 1 {
		t.Errorf("a plan with a problem adds %v, and holds back %v", add, held)
	}
}

// Titles of checks are shown as they are written, with their apostrophes.
func TestReport_titlesWhole(t *testing.T) {
	t.Parallel()
	no := false
	r := &Readiness{EnableAIM: &no, EnableAIMReason: "No.", Checks: []Check{{ID: "a", Decision: "enable_aim", Status: "met", Title: "The account's connector is healthy: of 1,000 users"}}}
	page, err := HTML(Sections{Readiness: r}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, has := range map[string]bool{
		"html":     strings.Contains(page, "The account&#39;s connector is healthy: of 1,000 users"),
		"markdown": strings.Contains(Markdown(Sections{Readiness: r}, Options{}), "The account's connector is healthy: of 1&#44;000 users"),
	} {
		if !has {
			t.Errorf("%s changed the title", name)
		}
	}
}

// No box of a graph reaches over the edge of the drawing.
func TestPaths_drawnInside(t *testing.T) {
	t.Parallel()
	g := paths{List: []path{{Names: []string{"anna", "a", "b"}}, {Names: []string{"anna", "c"}}}}.Drawn()
	const frame = 1
	for _, n := range g.Nodes {
		if n.X < frame || n.Y < frame || n.X+nodeWidth+frame > g.Width || n.Y+nodeHeight+frame > g.Height {
			t.Errorf("%s at %d, %d leaves the drawing of %d x %d", n.Name, n.X, n.Y, g.Width, g.Height)
		}
	}
}

// Each row says how the principal comes to it, and what is left out is counted.
func TestMarkdown_access(t *testing.T) {
	t.Parallel()
	a := sampleAccess()
	a.Groups[0].GroupName, a.Groups[0].Path = "engineers", []string{"anna", "engineers"}
	got := Markdown(Sections{Access: a}, Options{})
	for _, want := range []string{
		"1 group, 1 workspace, 3 privileges in Unity Catalog, 1 account role.", "| `engineers` | `9` | internal | yes | `anna` \u2192 `engineers` |",
		"| `account_admin` | itself |", "| `account` | `allow-cluster-create` | `9` |", "there are 2 more", "Privileged:", "Not looked at:",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the report lacks %q:\n%s", want, got)
		}
	}
	a.Complete, a.Grants = false, nil
	if got := Markdown(Sections{Access: a}, Options{}); !strings.Contains(got, "At least 1 group, 1 workspace, 1 account role: something could not be read") {
		t.Errorf("not complete:\n%s", got)
	}
	if got := Markdown(Sections{Access: a}, Options{Redact: true}); strings.Contains(got, "engineers") || strings.Contains(got, "anna") {
		t.Errorf("redacted:\n%s", got)
	}
}

// A name is text in both formats, whatever it looks like.
func TestReport_namesAreText(t *testing.T) {
	t.Parallel()
	html, err := HTML(sample(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	// The page has one script and one style of its own; nothing of the account can add to them.
	for text, want := range map[string]int{"<script": 1, "</script": 1, "<style": 1, "<img": 0, "onerror=alert": 0, "\u202e": 0, "\x00": 0} {
		if text == "onerror=alert" {
			text, want = ` onerror=alert(1)>`, 0
		}
		if got := strings.Count(html, text); got != want {
			t.Errorf("the page has %q %d times, want %d", text, got, want)
		}
	}
	for _, text := range []string{"&lt;script&gt;alert(1)&lt;/script&gt;", "${x}", "{{.}}"} {
		if !strings.Contains(html, text) {
			t.Errorf("the page does not show %q", text)
		}
	}
	markdown := Markdown(sample(), Options{})
	for _, text := range []string{"\u202e", "\x00", "| [link]", " @someone #1 |", "<script>alert(1)</script> |", "\na\n"} {
		if strings.Contains(markdown, text) {
			t.Errorf("the Markdown has %q outside code", text)
		}
	}
}

// Nothing is loaded from anywhere.
func TestHTML_noOutsideResource(t *testing.T) {
	t.Parallel()
	html, err := HTML(sample(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{" src=", "url(", "@import", "<link", "<iframe", "fetch("} {
		if strings.Contains(strings.ReplaceAll(html, "img src=x", ""), text) {
			t.Errorf("the page has %q", text)
		}
	}
}

func TestReport_redacted(t *testing.T) {
	t.Parallel()
	s := sample()
	s.Divergences.Users[0].Username = "secret.person@example.com"
	s.Divergences.ManualActions[0].Detail = "secret.person@example.com"
	s.Divergences.Failures = []Failure{{Call: "GET /x", Reason: "secret.person@example.com"}}
	s.Clone.Source.PrincipalName = "secret.person@example.com"
	html, err := HTML(s, Options{Redact: true})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"html": html, "markdown": Markdown(s, Options{Redact: true})} {
		for _, word := range []string{"secret.person", "example.com", "anna", "engineers"} {
			if strings.Contains(text, word) {
				t.Errorf("%s still has %q", name, word)
			}
		}
		if !strings.Contains(text, "user/1000") {
			t.Errorf("%s lost the ids", name)
		}
	}
	if s.Divergences.Users[0].Username == "" {
		t.Error("the input was changed")
	}
}

func TestReport_sayWhatIsUnknown(t *testing.T) {
	t.Parallel()
	s := Sections{Divergences: &Divergences{Failures: []Failure{
		{PrincipalType: "user", PrincipalID: "1", Call: "GET /a", Reason: "POST /users/1/x: status 403"}, {PrincipalType: "group", PrincipalID: "2", Call: "GET /a", Reason: "POST /groups/2/x: status 403"},
	}}}
	for name, text := range map[string]string{"markdown": Markdown(s, Options{})} {
		for _, want := range []string{"Not known", "2 times GET /a: POST /{principal}/x: status 403", "not judged"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q:\n%s", name, want, text)
			}
		}
	}
}

func TestMarkdown_staysShort(t *testing.T) {
	t.Parallel()
	text := Markdown(Sections{Divergences: manyRows(10_000)}, Options{})
	if len(text) > 60_000 {
		t.Errorf("%d bytes; a comment on GitHub takes 65,536 characters", len(text))
	}
	if !strings.Contains(text, "and 9975 more rows") {
		t.Error("it does not say that rows were left out")
	}
}

func TestReport_fast(t *testing.T) { //nolint:paralleltest // It counts the memory of the process.
	sections := Sections{Divergences: manyRows(10_000)}
	for format, render := range map[string]func() (string, error){
		"html":     func() (string, error) { return HTML(sections, Options{}) },
		"markdown": func() (string, error) { return Markdown(sections, Options{}), nil },
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		begin := time.Now()
		page, err := render()
		took := time.Since(begin)
		runtime.ReadMemStats(&after)
		if err != nil {
			t.Fatal(err)
		}
		used := (after.TotalAlloc - before.TotalAlloc) >> 20
		t.Logf("%s, 10,000 rows: %s, %d KiB, %d MiB allocated", format, took, len(page)>>10, used)
		if took > 10*time.Second || used > 200 {
			t.Errorf("%s of 10,000 rows took %s and %d MiB", format, took, used)
		}
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	raw, err := json.Marshal(map[string]any{"divergences": map[string]any{"users": []any{map[string]any{"id": "1", "cause": nil, "username": "a"}}, "complete": true}, "clone": nil})
	if err != nil {
		t.Fatal(err)
	}
	s, err := Decode(raw)
	if err != nil || len(s.Divergences.Users) != 1 || s.Clone != nil {
		t.Fatalf("%+v, %v", s, err)
	}
	for raw, want := range map[string]string{
		`[]`:                               "sections must be an object",
		`null`:                             "sections must be an object",
		`{}`:                               "nothing to report",
		`{"before":{"divergences":{}}}`:    "nothing to report",
		`{"divergence":{}}`:                `unknown section "divergence"`,
		`{"divergences":[]}`:               "section divergences is not the value of its data source",
		`{"divergences":{"users":"all"}}`:  `attribute "users"`,
		`{"diff":{},"before":{"clone":1}}`: "before: section clone",
	} {
		if _, err := Decode([]byte(raw)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", raw, err, want)
		}
	}
}

// FuzzReport: no name breaks out of either format.
func FuzzReport(f *testing.F) {
	for _, name := range hostile {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		s := Sections{
			Divergences: &Divergences{Users: []Row{{ID: name, Username: name, ExternalID: name, Cause: name, Action: name, Advisories: []string{name}}},
				Summary:       []SummaryRow{{PrincipalType: name, Cause: name, Consequence: name, Remedy: name, Owner: name, Examples: []string{name}}},
				ManualActions: []ManualAction{{PrincipalName: name, Reason: name, Detail: name, Remedy: name}}, Failures: []Failure{{Call: name, Reason: name}}},
			Clone: &Clone{IDPActions: []CloneRow{{GroupName: name, Path: []string{name, name}, Reason: name}}},
		}
		page, err := HTML(s, Options{})
		if err != nil {
			t.Fatal(err)
		}
		plain, err := HTML(Sections{Divergences: &Divergences{Users: []Row{{ID: "1"}}}}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := strings.Count(page, "<script"), strings.Count(plain, "<script"); got != want {
			t.Errorf("%d scripts, want %d", got, want)
		}
		for _, line := range strings.Split(Markdown(s, Options{}), "\n") {
			if strings.HasPrefix(line, "| ") && strings.ContainsAny(line, "<>") && !strings.Contains(line, "<code>") && !strings.Contains(line, "`") {
				t.Errorf("a row has markup: %s", line)
			}
		}
	})
}

// The report counts what has to be done, as the warning of the plan does: what differs and
// needs nothing is beside it.
func TestReport_needsNothing(t *testing.T) {
	t.Parallel()
	zero := 0
	d := &Divergences{Complete: true, Unjudged: &zero, Users: []Row{
		{ID: "1", Cause: "stale_own_domain", Action: "review_stale"}, {ID: "2", Cause: "stale_inactive", Action: "none"},
		{ID: "3", Cause: "stale", Action: "none", Waived: true},
	}, ManualActions: []ManualAction{{PrincipalType: "user", PrincipalID: "1", Reason: "no_candidate", Remedy: "Find out *who* | set link_groups."}}}
	got := Markdown(Sections{Divergences: d}, Options{})
	for _, want := range []string{"Not clean. Identities that differ from the identity provider: 3 (0 for terraform apply, 1 for people, 1 needs nothing, 1 is waived). Changes that terraform apply offers: 0.", "- differ: 3\n", "- need nothing: 1\n", "| user | 3 |", "only where the identity was renamed or moved; of those who left, nothing is noticed | 1 |", "| Find out &#42;who&#42; &#124; set link&#95;groups. |"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	d.Users, d.Clean = d.Users[1:], true
	if got := Markdown(Sections{Divergences: d}, Options{}); !strings.Contains(got, "Clean: every identity agrees with the identity provider, is waived, or needs nothing.") {
		t.Error(got)
	}
}
