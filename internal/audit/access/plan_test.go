// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package access

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

func workspace(id, name string, levels map[string][]string) WorkspaceAccess {
	return WorkspaceAccess{Workspace: audit.Workspace{ID: id, Name: name, Status: "RUNNING"}, Levels: levels}
}

// factsOf are whole facts about a graph in which no one has anything: no hole,
// one workspace, one metastore scanned to the end by its admin.
func factsOf(g Graph) Facts {
	f := Facts{
		Workspaces: []WorkspaceAccess{workspace("100", "prod-workspace", nil)},
		Metastores: []Metastore{{ID: "m1", Name: "main", Owner: "metastore-admins", Scanned: true, AdminProven: true}},
		Depth:      DepthAll, Holdings: map[audit.Ref]Holding{userRef("u1"): {}}, Names: map[string][]audit.Ref{},
	}
	for _, one := range g.Groups {
		f.Holdings[one.Ref] = Holding{}
		if key := NameKey(one.Name); !slices.Contains(f.Names[key], one.Ref) {
			f.Names[key] = append(f.Names[key], one.Ref)
		}
	}
	f.Names["u1@example.com"] = []audit.Ref{userRef("u1")}
	return f
}

func sourceAndTarget() (source, target audit.Principal) {
	source, target = user("u1", "u1@example.com"), user("u2", "u2@example.com")
	return source, target
}

func planOf(g Graph, change func(*PlanInput)) ClonePlan {
	in := PlanInput{Graph: g, Facts: factsOf(g)}
	in.Source, in.Target = sourceAndTarget()
	if change != nil {
		change(&in)
	}
	return Plan(in)
}

func rowNames(rows []PlanRow) string {
	var out []string
	for _, r := range rows {
		out = append(out, r.GroupName)
	}
	return strings.Join(out, " ")
}

// verdicts is a plan in one line per list.
func verdicts(p ClonePlan) map[string]string {
	out := map[string]string{}
	for name, rows := range map[string][]PlanRow{
		"idp": p.IDPActions, "databricks": p.DatabricksActions, "skipped": p.Skipped, "unverified": p.Unverified,
		"already": p.AlreadyMember, "follows": p.Follows, "system": p.System,
	} {
		if len(rows) > 0 {
			out[name] = rowNames(rows)
		}
	}
	var given []string
	for _, id := range sortedKeys(p.Memberships) {
		given = append(given, p.Memberships[id].GroupName)
	}
	if p.Memberships != nil {
		out["memberships"] = strings.Join(given, " ")
	}
	return out
}

func TestPlanTellsTheStory(t *testing.T) {
	t.Parallel()
	g := story()
	story := func(in *PlanInput) {
		in.Facts.Workspaces = []WorkspaceAccess{
			workspace("101", "prod-workspace", map[string][]string{"1": {LevelUser}, "3": {LevelUser}, "9": {LevelAdmin}}),
			workspace("102", "dev-workspace", map[string][]string{"1": {LevelUser}, "7": {LevelUser}, "u1": {LevelUser}}),
			workspace("103", "scratch-workspace", map[string][]string{"4": {LevelUser}, "6": {LevelUser}}),
		}
	}
	p := planOf(g, story)
	want := map[string]string{
		"idp": "data-engineers", "follows": "bi-consumers", "databricks": "npb-platform-admins npb-platform-users scratch-workspace-admins",
		"skipped": "ml-catalog-readers", "already": "npb-developers", "system": "account users",
		"memberships": "npb-platform-users scratch-workspace-admins npb-developers",
	}
	if diff := cmp.Diff(want, verdicts(p)); diff != "" {
		t.Error(diff)
	}
	if !slices.Equal(p.Follows[0].PendingVia, []string{"1"}) || !p.Complete || len(p.Problems) != 0 {
		t.Errorf("pending %v, complete %v, problems %v", p.Follows[0].PendingVia, p.Complete, p.Problems)
	}
	if diff := cmp.Diff([]NotCloned{{Kind: KindAssignment, Place: "102", Value: LevelUser}}, p.NotCloned); diff != "" {
		t.Error(diff)
	}
	places := []string{p.IDPActions[0].Workspaces[0].WorkspaceName, p.IDPActions[0].Workspaces[1].WorkspaceName}
	if diff := cmp.Diff([]string{"prod-workspace", "dev-workspace"}, places); diff != "" {
		t.Error(diff)
	}
	// The guard of the privileged group, and the deliberate way past it (R24).
	if row := p.DatabricksActions[0]; !isTrue(row.Privileged) || !strings.Contains(row.Reason, "allow_privileged_groups") {
		t.Errorf("%+v", row)
	}
	p = planOf(g, func(in *PlanInput) { story(in); in.AllowPrivileged = map[string]bool{"9": true} })
	if m, there := p.Memberships["9"]; !there || !m.Privileged || m.MemberID != "u2" {
		t.Errorf("%+v", p.Memberships)
	}
	// Someone who names a group has also decided about what only the guard of the
	// write sees, such as roles on other groups.
	p = planOf(g, func(in *PlanInput) { story(in); in.AllowPrivileged = map[string]bool{"3": true} })
	if m := p.Memberships["3"]; !m.Privileged || p.Memberships["4"].Privileged {
		t.Errorf("%+v", p.Memberships)
	}
	// After the apply, the map is the same (R19).
	for i := range g.Groups {
		if id := g.Groups[i].ID; id == "3" || id == "4" {
			g.Groups[i].Members = append(g.Groups[i].Members, audit.Member{Ref: userRef("u2")})
		}
	}
	after := planOf(g, story)
	if got := verdicts(after); got["memberships"] != want["memberships"] || got["already"] != "npb-developers npb-platform-users scratch-workspace-admins" {
		t.Errorf("%v", got)
	}
}

// Effects, case by case (part 4, group 5): one direct group "one" of the source,
// nested in "two", which is nested in "three".
func TestPlanEffects(t *testing.T) {
	t.Parallel()
	levels := func(id, level string) func(*Facts) {
		return func(f *Facts) { f.Workspaces[0].Levels = map[string][]string{id: {level}} }
	}
	securable := func(s Securable) func(*Facts) {
		return func(f *Facts) { f.Metastores[0].Securables = append(f.Metastores[0].Securables, s) }
	}
	grantOn := func(kind, name string, g Grant) func(*Facts) {
		return securable(Securable{Type: kind, FullName: name, Grants: []Grant{g}})
	}
	toOne := Grant{Principal: "one", Privileges: []string{"USE_CATALOG"}}
	cases := []struct {
		name   string
		change func(*Facts)
		want   string // effective, effective privileged, dead end, unverified, hole
	}{
		{"nothing anywhere", nil, "dead end"},
		{"own assignment", levels("1", LevelUser), "effective"},
		{"parent's assignment", levels("2", LevelUser), "effective"},
		{"grandparent's assignment", levels("3", LevelUser), "effective"},
		{"ADMIN", levels("1", LevelAdmin), "effective privileged"},
		{"grandparent's ADMIN", levels("3", LevelAdmin), "effective privileged"},
		{"role on the group", func(f *Facts) { f.Holdings[groupRef("1")] = Holding{Roles: []string{"billing.admin"}} }, "effective privileged"},
		{"role on an ancestor", func(f *Facts) { f.Holdings[groupRef("3")] = Holding{Roles: []string{"account_admin"}} }, "effective privileged"},
		{"entitlement", func(f *Facts) { f.Holdings[groupRef("1")] = Holding{Entitlements: []string{"databricks-sql-access"}} }, "effective"},
		{"ownership", securable(Securable{Type: "table", FullName: "a.b.c", Owner: "one"}), "effective"},
		{"ancestor's ownership", securable(Securable{Type: "schema", FullName: "a.b", Owner: "three"}), "effective"},
		{"metastore ownership", func(f *Facts) { f.Metastores[0].Owner = "two" }, "effective privileged"},
		{"metastore ownership without a scan", func(f *Facts) { f.Metastores[0] = Metastore{ID: "m1", Name: "main", Owner: "two"}; f.Depth = DepthNone }, "effective privileged"},
		{"grant by id", grantOn("catalog", "a", Grant{PrincipalID: "1", Principal: "other", Privileges: []string{"SELECT"}}), "effective"},
		{"grant to another id with this name", grantOn("catalog", "a", Grant{PrincipalID: "77", Principal: "one", Privileges: []string{"SELECT"}}), "dead end"},
		{"grant without privileges", grantOn("catalog", "a", Grant{Principal: "one"}), "dead end"},
		{"deleted principal on a grant", grantOn("catalog", "a", Grant{Privileges: []string{"SELECT"}}), "dead end"},
		{"grant to somebody else", grantOn("catalog", "a", Grant{Principal: "four", Privileges: []string{"SELECT"}}), "dead end"},
		{"grant to a name in another case", grantOn("catalog", "a", Grant{Principal: "ONE", Privileges: []string{"SELECT"}}), "unverified"},
		{"grant to a name shared by two groups", func(f *Facts) {
			grantOn("catalog", "a", toOne)(f)
			f.Names["one"] = append(f.Names["one"], groupRef("99"))
		}, "unverified"},
		{"grant to a name while names are not known whole", func(f *Facts) { grantOn("catalog", "a", toOne)(f); f.NamesUnknown = "503" }, "hole"},
		{"403 on one catalog", securable(Securable{Type: "catalog", FullName: "secret", Unknown: "403"}), "hole"},
		{"403 on one catalog, effect elsewhere", func(f *Facts) {
			securable(Securable{Type: "catalog", FullName: "secret", Unknown: "403"})(f)
			levels("1", LevelUser)(f)
		}, "effective"},
		{"the list of catalogs broke off", func(f *Facts) { f.Metastores[0].Unknown = "500" }, "hole"},
		{"metastores could not be listed", func(f *Facts) { f.MetastoresUnknown = "403" }, "hole"},
		{"no workspace visible", func(f *Facts) { f.Workspaces = nil }, "unverified"},
		{"workspaces could not be listed", func(f *Facts) { f.WorkspacesUnknown = "500" }, "hole"},
		{"assignments 500", func(f *Facts) { f.Workspaces[0].Unknown = "500" }, "hole"},
		{"assignments 500, grant elsewhere: maybe ADMIN there", func(f *Facts) {
			f.Workspaces[0].Unknown = "500"
			grantOn("catalog", "a", toOne)(f)
		}, "effective hole"},
		{"workspace that is not running", func(f *Facts) { levels("1", LevelUser)(f); f.Workspaces[0].Status = "CANCELLED" }, "unverified"},
		{"workspace without federation", func(f *Facts) {
			f.Workspaces = append(f.Workspaces, WorkspaceAccess{Workspace: audit.Workspace{ID: "200", Federation: boolean(false)}})
		}, "dead end"},
		{"roles could not be read", func(f *Facts) { f.Holdings[groupRef("3")] = Holding{Unknown: "403"} }, "hole"},
		{"roles were not read", func(f *Facts) { delete(f.Holdings, groupRef("2")) }, "hole"},
		{"no scan", func(f *Facts) { f.Depth = DepthNone; f.Metastores[0] = Metastore{ID: "m1", Owner: "x"} }, "unverified"},
		{"scan of catalogs only", func(f *Facts) { f.Depth = DepthCatalog }, "unverified"},
		{"scan of schemas only", func(f *Facts) { f.Depth = DepthSchema }, "unverified"},
		{"caller is not proven metastore admin", func(f *Facts) { f.Metastores[0].AdminProven = false }, "unverified"},
		{"one metastore was not scanned", func(f *Facts) { f.Metastores = append(f.Metastores, Metastore{ID: "m2"}) }, "unverified"},
	}
	for _, kind := range []string{
		"metastore", "catalog", "schema", "table", "view", "volume", "function", "model", "external_location", "storage_credential", "connection", "share",
	} {
		cases = append(cases, struct {
			name   string
			change func(*Facts)
			want   string
		}{"grant on " + kind, grantOn(kind, "x", toOne), "effective"})
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := listed(group("1", "one", "u1"), group("2", "two", "1"), group("3", "three", "2"))
			p := planOf(g, func(in *PlanInput) {
				if c.change != nil {
					c.change(&in.Facts)
				}
			})
			if got := summaryOf(p); got != c.want {
				t.Errorf("%s, want %s; problems %v; %+v", got, c.want, p.Problems, verdicts(p))
			}
			if p.Complete != (len(p.Failures) == 0) {
				t.Errorf("complete %v, failures %v", p.Complete, p.Failures)
			}
		})
	}
}

// summaryOf is the verdict on the one direct group of a plan.
func summaryOf(p ClonePlan) string {
	var words []string
	switch {
	case len(p.DatabricksActions) == 1:
		words = append(words, "effective")
		if isTrue(p.DatabricksActions[0].Privileged) {
			words = append(words, "privileged")
		}
	case len(p.Skipped) == 1:
		words = append(words, "dead end")
	case len(p.Unverified) == 1 && len(p.Problems) == 0:
		words = append(words, "unverified")
	}
	if len(p.Problems) > 0 {
		words = append(words, "hole")
	}
	return strings.Join(words, " ")
}

// A transitive group names all routes, and those of them that wait for the IdP;
// what the target holds already is no longer waited for (R19).
func TestPlanFollows(t *testing.T) {
	t.Parallel()
	g := func(holders ...string) Graph {
		return listed(external(group("1", "idp", append(holders, "u1")...)), group("2", "own", "u1"), group("3", "both", "1", "2"), group("4", "top", "3"))
	}
	for name, c := range map[string]struct {
		graph   Graph
		pending []string
	}{
		"through the IdP and not":           {g(), []string{"1"}},
		"through the IdP, and held already": {g("u2"), nil},
	} {
		p := planOf(c.graph, nil)
		if rowNames(p.Follows) != "both top" {
			t.Fatalf("%s: %v", name, verdicts(p))
		}
		for _, row := range p.Follows {
			if !slices.Equal(row.Via, []string{"1", "2"}) || !slices.Equal(row.PendingVia, c.pending) {
				t.Errorf("%s: %s via %v, pending %v", name, row.GroupName, row.Via, row.PendingVia)
			}
		}
	}
}

// The plan, case by case (part 4, group 6), and the guards (R23 to R26).
func TestPlanCases(t *testing.T) {
	t.Parallel()
	used := func(in *PlanInput) {
		in.Facts.Workspaces[0].Levels = map[string][]string{"1": {LevelUser}, "2": {LevelUser}}
	}
	idpMember := group("1", "one", "u1", "u3")
	idpMember.Members[1].Source = audit.SourceIdentityProvider
	two := []Group{group("1", "one", "u1"), group("2", "two", "u1")}
	asGroup := func(id string) func(*PlanInput) {
		return func(in *PlanInput) {
			in.Target = audit.Principal{Ref: groupRef(id), Name: "target"}
			in.AllowDifferentTypes = true
		}
	}
	for _, c := range []struct {
		name    string
		graph   Graph
		change  func(*PlanInput)
		want    map[string]string
		problem string // part of the text; empty is none
	}{
		{"target has it directly", listed(group("1", "one", "u1", "u2")), nil, map[string]string{"already": "one", "memberships": "one"}, ""},
		{"target has it through another", listed(group("1", "one", "u1", "5"), group("5", "five", "u2")), nil, map[string]string{"databricks": "one", "memberships": "one"}, ""},
		{"target has not", listed(group("1", "one", "u1")), nil, map[string]string{"databricks": "one", "memberships": "one"}, ""},
		{"everything already there", listed(group("1", "one", "u1", "u2"), group("2", "two", "u1", "u2")), nil, map[string]string{"already": "one two", "memberships": "one two"}, ""},
		{"external id set", listed(external(group("1", "one", "u1"))), nil, map[string]string{"idp": "one", "memberships": ""}, ""},
		{"external and held already", listed(external(group("1", "one", "u1", "u2"))), nil, map[string]string{"already": "one", "memberships": ""}, ""},
		{"IdP membership in an internal group", listed(idpMember), nil, map[string]string{"idp": "one", "memberships": ""}, ""},
		{"system group", listed(group("1", "users", "u1")), nil, map[string]string{"system": "users", "memberships": ""}, ""},
		{"source without groups", listed(), nil, map[string]string{"memberships": ""}, ""},
		{"a cycle above", listed(group("1", "one", "u1", "2"), group("2", "two", "1")), nil, map[string]string{"databricks": "one", "follows": "two", "memberships": "one"}, ""},
		{"service principal to user", listed(two...), func(in *PlanInput) {
			in.Source.Type = audit.TypeServicePrincipal
		}, map[string]string{"databricks": "one two"}, "different types"},
		{"service principal to user, allowed", listed(two...), func(in *PlanInput) {
			in.Source.Type, in.AllowDifferentTypes = audit.TypeServicePrincipal, true
			in.Facts.Holdings[in.Source.Ref] = Holding{}
		}, map[string]string{"databricks": "one two", "memberships": "one two"}, ""},
		{"same principal", listed(two...), func(in *PlanInput) { in.Target = in.Source }, map[string]string{"already": "one two"}, "same principal"},
		{"inactive target", listed(two...), func(in *PlanInput) { in.Target.Active = boolean(false) }, map[string]string{"databricks": "one two"}, "target user/u2 (u2@example.com) is inactive"},
		{"inactive source", listed(two...), func(in *PlanInput) { in.Source.Active = boolean(false) }, map[string]string{"databricks": "one two"}, "source user/u1 (u1@example.com) is inactive"},
		{"target that does not say", listed(two...), func(in *PlanInput) { in.Target.Active = nil }, map[string]string{"databricks": "one two"}, "does not say"},
		{"target is a group", listed(append(two, group("7", "seven"))...), asGroup("7"), map[string]string{"databricks": "one two", "memberships": "one two"}, ""},
		{"target is the group", listed(two...), asGroup("1"), map[string]string{"databricks": "one two"}, "group/1"},
		{"target is an ancestor of the group", listed(append(two, group("7", "seven", "2"))...), asGroup("7"), map[string]string{"databricks": "one two", "follows": "seven"}, "group/2"},
		{"cap reached", listed(two...), func(in *PlanInput) { n := 2; in.MaxAdditions = &n }, map[string]string{"databricks": "one two", "memberships": "one two"}, ""},
		{"cap + 1", listed(two...), func(in *PlanInput) { n := 1; in.MaxAdditions = &n }, map[string]string{"databricks": "one two"}, "adds 2 memberships"},
		{"what is held already does not count", listed(group("1", "one", "u1", "u2"), two[1]), func(in *PlanInput) { n := 1; in.MaxAdditions = &n },
			map[string]string{"already": "one", "databricks": "two", "memberships": "one two"}, ""},
		{"unread group elsewhere", listed(append(two, unread(group("7", "seven")))...), nil, map[string]string{"databricks": "one two"}, "Not every group of the source"},
		{"unread members of the source's group", listed(unread(group("1", "one", "u1"))), nil, map[string]string{"unverified": "one"}, "without a verdict: group/1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := planOf(c.graph, func(in *PlanInput) {
				used(in)
				if c.change != nil {
					c.change(in)
				}
			})
			if diff := cmp.Diff(c.want, verdicts(p)); diff != "" {
				t.Error(diff)
			}
			if (len(p.Problems) > 0) != (c.problem != "") || (p.Memberships == nil) != (c.problem != "") {
				t.Errorf("problems %+v", p.Problems)
			}
			if c.problem != "" && !slices.ContainsFunc(p.Problems, func(q Problem) bool { return strings.Contains(q.Text, c.problem) }) {
				t.Errorf("%q is not in %+v", c.problem, p.Problems)
			}
		})
	}
}

// IAM v2 names the groups above a principal in one answer and their members in
// others. Where they contradict each other, a group of Databricks' own is not said
// to follow from somewhere: it would silently fall out of the memberships.
// What the source may hold itself and no one could see is a row that says so; an allowed
// id that is no direct group of the source is named.
func TestPlanNotKnown(t *testing.T) {
	t.Parallel()
	p := planOf(listed(group("1", "one", "u1"), group("2", "above", "1")), func(in *PlanInput) {
		in.Facts.Workspaces = []WorkspaceAccess{
			workspace("101", "here", map[string][]string{"u1": {LevelUser}}), workspace("102", "there", map[string][]string{"1": {LevelUser}}), workspace("103", "unread", nil),
		}
		in.Facts.Workspaces[2].Unknown = "403"
		in.Facts.EntitlementsUntold = "no IAM v2"
		in.Facts.Holdings[userRef("u1")] = Holding{Unknown: "500"}
		in.AllowPrivileged = map[string]bool{"1": true, "2": true, "7": true}
	})
	want := []NotCloned{
		{Kind: KindRole, Note: "not known: 500"}, {Kind: KindEntitlement, Note: "not known: 500"}, {Kind: KindEntitlement, Place: "101", Note: "not known: no IAM v2"},
		{Kind: KindAssignment, Place: "101", Value: LevelUser}, {Kind: KindAssignment, Place: "103", Note: "not known: 403"},
	}
	if diff := cmp.Diff(want, p.NotCloned); diff != "" {
		t.Error(diff)
	}
	if !slices.Equal(p.AllowedNothing, []string{"2", "7"}) || p.Complete {
		t.Errorf("allowed nothing %v, complete %t", p.AllowedNothing, p.Complete)
	}
}

func TestPlanOfAnswersThatContradict(t *testing.T) {
	t.Parallel()
	source, _ := sourceAndTarget()
	for name, c := range map[string]struct {
		groups []Group
		whole  bool
	}{
		"nobody is in it":            {[]Group{group("1", "one")}, false},
		"others are in it":           {[]Group{group("1", "one", "u9")}, false},
		"itself":                     {[]Group{group("1", "one", "1")}, false},
		"the source":                 {[]Group{group("1", "one", source.ID)}, true},
		"linked":                     {[]Group{external(group("1", "one"))}, true},
		"by way of a linked one":     {[]Group{group("1", "one", "2"), external(group("2", "two"))}, true},
		"of a system":                {[]Group{group("1", "account users")}, true},
		"by way of one that is not":  {[]Group{group("1", "one", "2"), group("2", "two")}, false},
		"its members are not known":  {[]Group{unread(group("1", "one"))}, false},
		"its name is not known":      {[]Group{{Principal: audit.Principal{Ref: groupRef("1")}, Unknown: "403"}}, false},
		"nothing of it is known":     {nil, false},
		"the source in another case": {[]Group{group("1", "One", source.ID)}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := Graph{Route: RouteIAMv2, Groups: c.groups, Above: map[audit.Ref]Above{source.Ref: {IDs: []string{"1"}}}}
			for _, one := range c.groups {
				if one.ID == "2" {
					g.Above[source.Ref] = Above{IDs: []string{"1", "2"}}
				}
			}
			p := planOf(g, func(in *PlanInput) { in.Graph.Above[in.Target.Ref] = Above{} })
			if p.Complete != c.whole || (p.Memberships != nil) != c.whole {
				t.Errorf("complete %v, memberships %v, problems %v, failures %v", p.Complete, p.Memberships, p.Problems, p.Failures)
			}
		})
	}
}

// One hole per table of a large metastore is reported once per failure, not once more
// in each of the rows that rest on it; an error names groups by id and name.
func TestPlanOfManyHoles(t *testing.T) {
	t.Parallel()
	source, _ := sourceAndTarget()
	var groups []Group
	for i := range 30 {
		groups = append(groups, group(fmt.Sprint(i+1), fmt.Sprintf("team-%d", i+1), source.ID))
	}
	p := planOf(listed(groups...), func(in *PlanInput) {
		for i := range 3000 {
			in.Facts.Metastores[0].Securables = append(in.Facts.Metastores[0].Securables,
				Securable{Type: "table", FullName: fmt.Sprintf("c.s.t%04d", i), Unknown: "403"})
		}
	})
	if len(p.Unverified) != 30 || len(p.Failures) != 3000 || len(p.Problems) != 1 || p.Memberships != nil {
		t.Fatalf("%d unverified, %d failures, problems %v", len(p.Unverified), len(p.Failures), p.Problems)
	}
	for _, row := range p.Unverified {
		if len(row.Reason) > 500 || !strings.Contains(row.Reason, "table c.s.t0000 of metastore m1: 403") || !strings.HasSuffix(row.Reason, "and 2995 more") {
			t.Fatalf("reason of %d bytes: %.600s", len(row.Reason), row.Reason)
		}
	}
	if text := p.Problems[0].Text; len(text) > 1000 || !strings.Contains(text, "group/1 (team-1), group/2 (team-2)") || !strings.Contains(text, "and 20 more. ") {
		t.Errorf("problem of %d bytes: %.1200s", len(text), text)
	}
}

// The texts of many: the first ones, and how many more, only where there are more.
func TestTextsOfMany(t *testing.T) {
	t.Parallel()
	five := []string{"a", "b", "c", "d", "e"}
	if got := firstTexts(five); got != "a; b; c; d; e" {
		t.Error(got)
	}
	if got := firstTexts(append(five, "f")); got != "a; b; c; d; e, and 1 more" {
		t.Error(got)
	}
	if got := firstReasons(nil); got != "" {
		t.Error(got)
	}
	if got := firstReasons([]audit.Failure{{Reason: "x"}, {Reason: "x"}}); got != ": x" {
		t.Error(got)
	}
	var groups []Group
	var ids []string
	for i := range 11 {
		ids = append(ids, fmt.Sprint(i))
		groups = append(groups, group(ids[i], "g"))
	}
	p := &planner{judge: &judge{x: newIndex(nil, &Graph{Groups: groups})}}
	if got := p.groups(ids[:10]); strings.Contains(got, "more") {
		t.Error(got)
	}
	if got := p.groups(ids); !strings.HasSuffix(got, "group/9 (g), and 1 more") {
		t.Error(got)
	}
}

// That no metastore is visible is said where the list of metastores was read, and only there.
func TestPlanOfNoMetastore(t *testing.T) {
	t.Parallel()
	const limit = "no metastore is visible"
	for unknown, want := range map[string]bool{"": true, "500": false} {
		p := planOf(listed(group("1", "one", "u1")), func(in *PlanInput) {
			in.Facts.Metastores, in.Facts.MetastoresUnknown = nil, unknown
		})
		text := ""
		for _, row := range p.Unverified {
			text += row.Reason
		}
		if strings.Contains(text, limit) != want {
			t.Errorf("metastores %q: %s", unknown, text)
		}
	}
}

// A grant is held by an id, by a name, by both; not by neither, and not without a privilege.
func TestHolders_add(t *testing.T) {
	t.Parallel()
	h := newHolders(&Facts{})
	h.add("1", "", CatalogEffect{}, []string{"SELECT"})
	h.add("", "one", CatalogEffect{}, []string{"SELECT"})
	h.add("2", "two", CatalogEffect{}, []string{"SELECT"})
	h.add("", "", CatalogEffect{}, []string{"SELECT"})
	h.add("3", "", CatalogEffect{}, nil)
	if len(h.byID["1"]) != 1 || len(h.byID["2"]) != 1 || len(h.byID) != 2 || len(h.byName) != 1 || len(h.byName[NameKey("one")]) != 1 {
		t.Errorf("by id %v, by name %v", h.byID, h.byName)
	}
}

// Why a group could not be read ends the sentence; a group that was read has no reason.
func TestClosure_because(t *testing.T) {
	t.Parallel()
	g := Graph{
		Route: RouteIAMv2, Groups: []Group{group("1", "one", "u1"), unread(group("2", "two")), group("3", "three")},
		Above: map[audit.Ref]Above{userRef("u1"): {IDs: []string{"1", "2", "3"}}},
	}
	x := newIndex(nil, &g)
	c := x.closureOf(user("u1", "a"), nil)
	for id, want := range map[string]string{"1": "", "2": ": 403 on group 2", "9": "", "3": ": " + c.contradiction()} {
		if got := c.because(id); got != want {
			t.Errorf("group %s: %q, want %q", id, got, want)
		}
	}
	holes := x.holes(c)
	if len(holes) != 2 {
		t.Errorf("holes %+v", holes)
	}
	// Where nothing bounds what is above, each group that was not read is a hole; where the
	// groups above are known, those beside them are none.
	for want, above := range map[int]map[audit.Ref]Above{2: nil, 0: {userRef("u1"): {IDs: []string{"1"}}}} {
		g := Graph{Route: RouteIAMv2, Groups: []Group{group("1", "one", "u1"), unread(group("2", "two"))}, Above: above}
		x := newIndex(nil, &g)
		if got := x.holes(x.closureOf(user("u1", "a"), nil)); len(got) != want {
			t.Errorf("above %v: holes %+v", above, got)
		}
	}
}

// A hidden membership matters to who is linked, or in a group that is or may be.
func TestClosure_hiddenSome(t *testing.T) {
	t.Parallel()
	unknown := group("1", "", "u1")
	unknown.Unknown = "500"
	for label, c := range map[string]struct {
		groups []Group
		above  []string
		want   bool
	}{
		"in a plain group":            {[]Group{group("1", "one", "u1")}, nil, false},
		"in a linked group":           {[]Group{external(group("1", "one", "u1"))}, nil, true},
		"in a group not read":         {[]Group{unknown}, nil, true},
		"in a group nobody lists":     {nil, []string{"9"}, false},
		"beside a group of the IdP's": {[]Group{external(group("1", "one"))}, nil, false},
	} {
		g := listed(c.groups...)
		if c.above != nil {
			g.Above = map[audit.Ref]Above{userRef("u1"): {IDs: c.above}}
		}
		if got := newIndex(nil, &g).closureOf(user("u1", "a"), nil).hiddenSome(); got != c.want {
			t.Errorf("%s: %t", label, got)
		}
	}
}

// What has a reason is held back, and with one problem everything is.
func TestClonePlan_Additions(t *testing.T) {
	t.Parallel()
	free, withReason := PlanRow{GroupID: "1"}, PlanRow{GroupID: "2", Reason: "it is privileged"}
	ids := func(rows []PlanRow) string {
		var out []string
		for _, r := range rows {
			out = append(out, r.GroupID)
		}
		return strings.Join(out, " ")
	}
	for want, problems := range map[string][]Problem{"1, held 2": nil, ", held 1 2": {{Input: InputMaxAdditions}}} {
		add, held := (&ClonePlan{DatabricksActions: []PlanRow{free, withReason}, Problems: problems}).Additions()
		if got := ids(add) + ", held " + ids(held); got != want {
			t.Errorf("with %d problems: %s, want %s", len(problems), got, want)
		}
	}
}
