// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package access

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// An entry that no one can attribute is a hole: nothing is equal, absent or a dead end
// because of it.
func TestNotUnderstood(t *testing.T) {
	t.Parallel()
	a := audit.Principal{Ref: audit.Ref{Type: audit.TypeUser, ID: "1"}, Name: "a", Active: boolean(true)}
	b := audit.Principal{Ref: audit.Ref{Type: audit.TypeUser, ID: "2"}, Name: "b", Active: boolean(true)}
	team := audit.Principal{Ref: audit.Ref{Type: audit.TypeGroup, ID: "10"}, Name: "team"}
	world := func() PlanInput {
		return PlanInput{
			Graph: Graph{Listed: true, Groups: []Group{{Principal: team, Members: []audit.Member{{Ref: a.Ref}, {Ref: b.Ref}}}}},
			Facts: Facts{
				Workspaces: []WorkspaceAccess{{Workspace: audit.Workspace{ID: "7"}, Levels: map[string][]string{"10": {LevelUser}}}},
				Metastores: []Metastore{{ID: "m", Scanned: true, AdminProven: true}}, Depth: DepthAll,
				Holdings: map[audit.Ref]Holding{a.Ref: {}, team.Ref: {}},
			},
			Source: a, Target: b,
		}
	}
	above := func(in *PlanInput) {
		in.Graph.Listed = false
		in.Graph.Above = map[audit.Ref]Above{a.Ref: {IDs: []string{"10"}}, b.Ref: {IDs: []string{"10"}}, team.Ref: {}}
	}
	for name, c := range map[string]struct {
		change func(*PlanInput)
		whole  bool
	}{
		"base":                        {func(*PlanInput) {}, true},
		"base, IAM v2":                {above, true},
		"a group without id":          {func(in *PlanInput) { in.Graph.Groups = append(in.Graph.Groups, Group{}) }, false},
		"a member without id":         {func(in *PlanInput) { in.Graph.Groups[0].Members[1].ID = "" }, false},
		"a group above without id":    {func(in *PlanInput) { above(in); in.Graph.Above[b.Ref] = Above{IDs: []string{"10", ""}} }, false},
		"an assignment of nobody":     {func(in *PlanInput) { in.Facts.Workspaces[0].Levels[""] = []string{LevelUser} }, false},
		"an assignment, no level yet": {func(in *PlanInput) { in.Facts.Workspaces[0].Levels[""] = nil }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := world()
			c.change(&in)
			d := CompareIn(Assignments{Workspaces: in.Facts.Workspaces}, in.Graph, a, b)
			p := Plan(in)
			facts := len(in.Facts.Workspaces[0].Levels) > 1
			if got := d.Complete && isTrue(d.Equal); got != (c.whole || facts) {
				t.Errorf("the comparison is complete %t, equal %v", d.Complete, d.Equal)
			}
			if p.Complete != c.whole {
				t.Errorf("the plan is complete %t, failures %+v", p.Complete, p.Failures)
			}
		})
	}
}

// Only what cannot be attributed is left out; the rest stays, and what was given too.
func TestUnderstood(t *testing.T) {
	t.Parallel()
	blank := group("", "", "u1")
	named := group("1", "one", "u1")
	halfNamed := group("2", "two", "u1", "")
	of := func(groups ...Group) Graph {
		g := listed(groups...)
		g.Above = map[audit.Ref]Above{userRef("u1"): {IDs: []string{"1", "", "2"}}, userRef("u2"): {IDs: []string{"1"}}}
		return g
	}
	for label, c := range map[string]struct {
		in      Graph
		groups  string
		listed  bool
		members string
	}{
		"a group without id alone": {of(blank), "", false, ""},
		"beside another":           {of(blank, named), "1", false, ""},
		"a member without id":      {of(named, halfNamed), "1 2", true, entryWithoutID},
		"nothing odd":              {of(named), "1", true, ""},
	} {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			before := len(c.in.Groups)
			got := understood(&c.in)
			var ids []string
			unknown := ""
			for _, g := range got.Groups {
				ids = append(ids, g.ID)
				unknown += g.MembersUnknown
				if len(g.Members) != 1 {
					t.Errorf("group %s has the members %v", g.ID, g.Members)
				}
			}
			if strings.Join(ids, " ") != c.groups || got.Listed != c.listed || unknown != c.members || len(c.in.Groups) != before {
				t.Errorf("groups %v, listed %t, members %q; %d groups were given, now %d", ids, got.Listed, unknown, before, len(c.in.Groups))
			}
			want := map[audit.Ref]Above{userRef("u1"): {IDs: []string{"1", "2"}, Unknown: entryWithoutID}, userRef("u2"): {IDs: []string{"1"}}}
			if diff := cmp.Diff(want, got.Above); diff != "" {
				t.Error(diff)
			}
		})
	}
}
