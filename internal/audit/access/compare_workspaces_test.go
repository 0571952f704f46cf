// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package access

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// The story of part 0 with its workspaces: one group has none, and only a scan of
// Unity Catalog can tell what it gives (R14).
func TestCompareInTellsTheStory(t *testing.T) {
	t.Parallel()
	w := Assignments{Workspaces: []WorkspaceAccess{
		workspace("7", "prod", map[string][]string{"1": {LevelUser}, "3": {LevelUser}, "9": {LevelAdmin}}),
		workspace("8", "scratch", map[string][]string{"4": {LevelUser}}),
	}}
	d := CompareIn(w, story(), user("u1", "Sam"), user("u2", "Tony"))
	got := map[string]Hint{}
	for _, row := range slices.Concat(d.OnlyInA, d.OnlyInB, d.Both) {
		got[row.GroupName] = row.Hint
	}
	want := map[string]Hint{
		"data-engineers": HintAddInIDP, "bi-consumers": HintFollows, "npb-platform-users": HintAddInDatabricks, "scratch-workspace-admins": HintAddInDatabricks,
		"npb-platform-admins": HintAddInDatabricks, "ml-catalog-readers": HintNoWorkspace, "legacy-etl-users": HintNoWorkspace,
		"npb-developers": HintNone, "account users": HintNone,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !d.Complete || !isFalse(d.Equal) {
		t.Errorf("complete %t, equal %v", d.Complete, d.Equal)
	}
}

// What a hole may hide is unknown, what was seen stays seen (R11).
func TestCompareInHoles(t *testing.T) {
	t.Parallel()
	nested := listed(group("1", "one", "u1"), group("2", "two", "1"))
	of := func(levels map[string][]string) Assignments {
		return Assignments{Workspaces: []WorkspaceAccess{workspace("7", "w", levels), workspace("8", "v", nil)}}
	}
	broken := func(levels map[string][]string) Assignments {
		out := of(levels)
		out.Workspaces[1].Unknown = "403"
		out.Failures = []audit.Failure{{Call: "read permission assignments of workspace 8", Reason: "403"}}
		return out
	}
	own, above := map[string][]string{"1": {LevelUser}}, map[string][]string{"2": {LevelUser}}
	short := of(nil)
	short.Unknown, short.Failures = "500", []audit.Failure{{Call: "list workspaces", Reason: "500"}}
	stopped := of(own)
	stopped.Workspaces[0].Status = "FAILED"
	byIAMv2 := nested
	byIAMv2.Route, byIAMv2.Listed = RouteIAMv2, false
	byIAMv2.Above = map[audit.Ref]Above{userRef("u1"): {IDs: []string{"1", "2"}}, userRef("u2"): {}}
	for name, c := range map[string]struct {
		in       Assignments
		graph    Graph
		hint     Hint
		complete bool
	}{
		"its own":                     {of(own), nested, HintAddInDatabricks, true},
		"that of a group above":       {of(above), nested, HintAddInDatabricks, true},
		"that of somebody else":       {of(map[string][]string{"9": {LevelUser}, "u1": {LevelUser}}), nested, HintNoWorkspace, true},
		"by IAM v2, above":            {of(above), byIAMv2, HintAddInDatabricks, true},
		"by IAM v2, none":             {of(nil), byIAMv2, HintNoWorkspace, true},
		"in a workspace that is down": {stopped, nested, HintAddInDatabricks, true},
		"seen beside a hole":          {broken(own), nested, HintAddInDatabricks, false},
		"a workspace unread":          {broken(nil), nested, HintUnknown, false},
		"the list cut short":          {short, nested, HintUnknown, false},
		"no workspace visible":        {Assignments{}, nested, HintUnknown, true},
		"what is above unread":        {of(nil), listed(group("1", "one", "u1"), unread(group("2", "two"))), HintUnknown, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := CompareIn(c.in, c.graph, user("u1", "A"), user("u2", "B"))
			if len(d.OnlyInA) == 0 || d.OnlyInA[0].Hint != c.hint || d.Complete != c.complete {
				t.Errorf("rows %+v, complete %t, failures %v", d.OnlyInA, d.Complete, d.Failures)
			}
			// The assignments decide hints, and nothing else.
			plain := Compare(c.graph, user("u1", "A"), user("u2", "B"))
			for i := range d.OnlyInA {
				plain.OnlyInA[i].Hint = d.OnlyInA[i].Hint
			}
			plain.Complete, plain.Failures = d.Complete, d.Failures
			if diff := cmp.Diff(plain, d); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// An assignment without any level gives nothing.
func TestCompareIn_assignmentWithoutLevel(t *testing.T) {
	t.Parallel()
	for want, levels := range map[Hint][]string{HintNoWorkspace: {}, HintAddInDatabricks: {LevelUser}} {
		in := Assignments{Workspaces: []WorkspaceAccess{workspace("7", "w", map[string][]string{"1": levels})}}
		d := CompareIn(in, listed(group("1", "one", "u1")), user("u1", "a"), user("u2", "b"))
		if len(d.OnlyInA) != 1 || d.OnlyInA[0].Hint != want {
			t.Errorf("levels %v: %+v", levels, d.OnlyInA)
		}
	}
}

// The membership of a system group is Databricks' own, where the group was read.
func TestCompareIn_systemGroup(t *testing.T) {
	t.Parallel()
	system := group("1", "users", "u1")
	unknown := system
	unknown.Unknown = "500"
	for want, g := range map[Origin]Group{OriginSystem: system, OriginUnknown: unknown} {
		d := CompareIn(Assignments{}, listed(g), user("u1", "a"), user("u2", "b"))
		if len(d.OnlyInA) != 1 || d.OnlyInA[0].Origin != want {
			t.Errorf("want %s: %+v", want, d.OnlyInA)
		}
	}
}
