// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package access

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// local is a group of a workspace; a member "u.." is a user, any other is a group.
func local(id, name string, members ...string) LocalGroup {
	g := group(id, name, members...)
	return LocalGroup{ID: id, Name: name, Members: g.Members, Entitlements: []string{"workspace-access"}}
}

// withLocal is a federated workspace that the holders can enter, with its own groups.
func withLocal(id string, holders []string, groups ...LocalGroup) WorkspaceAccess {
	w := workspace(id, "workspace "+id, map[string][]string{})
	for _, h := range holders {
		w.Levels[h] = []string{LevelUser}
	}
	w.Federation = boolean(true)
	w.Local, w.LocalRead = groups, true
	return w
}

// The case that was reported: what gives the access is a group of the workspace, and an
// account group of its name gives nothing.
func TestLocalGroupsInAPlan(t *testing.T) {
	t.Parallel()
	g := listed(group("11", "analysts", "u1"), group("12", "nested", "u1"), group("13", "idle", "u1"))
	p := planOf(g, func(in *PlanInput) {
		in.Facts.LocalGroups = true
		in.Facts.Workspaces = []WorkspaceAccess{
			withLocal("100", []string{"u1"}, local("77", "analysts", "u1"), local("78", "others", "u2"), local("79", "through", "12"), local("80", "outer", "79")),
		}
	})
	want := map[string]string{"unverified": "nested", "skipped": "analysts idle", "memberships": ""}
	if diff := cmp.Diff(want, verdicts(p)); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(p.Unverified[0].Reason, `"through", id 79`) || strings.Contains(p.Skipped[0].Reason, "not looked at") || !p.Complete || len(p.NotLookedAt) != 0 {
		t.Errorf("%+v\n%q\nnot looked at %v, failures %v", p.Unverified[0], p.Skipped[0].Reason, p.NotLookedAt, p.Failures)
	}
	var got []string
	for _, n := range p.NotCloned {
		if n.Kind == KindLocalGroup {
			got = append(got, n.Place+" "+n.Value+": "+n.Note)
		}
	}
	wantRows := []string{
		`100 analysts: group 77 of workspace "workspace 100": add the target there, in the settings of the workspace, or move the group into the account first (guide before-aim)`,
		`100 outer: group 80 of workspace "workspace 100": the target is in it once it is in one of the groups 12`,
		`100 through: group 79 of workspace "workspace 100": the target is in it once it is in one of the groups 12`,
	}
	if diff := cmp.Diff(wantRows, got); diff != "" {
		t.Error(diff)
	}
}

// A workspace that could not be checked is not known, never without groups; one that
// no one in question can enter does not matter.
func TestLocalGroupsNotRead(t *testing.T) {
	t.Parallel()
	g := listed(group("11", "idle", "u1"))
	for name, c := range map[string]struct {
		change   func(*WorkspaceAccess)
		asked    bool
		complete bool
		list     string // where the group is
		unknown  bool
	}{
		"read":                 {func(*WorkspaceAccess) {}, true, true, "skipped", false},
		"failed":               {func(w *WorkspaceAccess) { w.LocalUnknown, w.Local = "403", nil }, true, false, "unverified", true},
		"not read":             {func(w *WorkspaceAccess) { w.LocalRead = false }, true, false, "unverified", true},
		"not running":          {func(w *WorkspaceAccess) { w.LocalRead, w.Status = false, "FAILED" }, true, true, "unverified", true},
		"not asked":            {func(w *WorkspaceAccess) { w.LocalRead = false }, false, true, "skipped", false},
		"nobody can enter":     {func(w *WorkspaceAccess) { w.LocalRead, w.Levels = false, nil }, true, true, "skipped", false},
		"assignments unread":   {func(w *WorkspaceAccess) { w.LocalRead, w.Levels, w.Unknown = false, nil, "403" }, true, false, "unverified", true},
		"without federation":   {func(w *WorkspaceAccess) { w.LocalRead, w.Levels, w.Federation = false, nil, boolean(false) }, true, true, "skipped", false},
		"federation not known": {func(w *WorkspaceAccess) { w.LocalRead, w.Levels, w.Federation = false, nil, nil }, true, true, "skipped", false},
	} {
		w := withLocal("100", []string{"u1"}, local("77", "analysts", "u2"))
		c.change(&w)
		in := PlanInput{Graph: g, Facts: factsOf(g)}
		in.Source, in.Target = sourceAndTarget()
		in.Facts.LocalGroups, in.Facts.Workspaces = c.asked, []WorkspaceAccess{w}
		p := Plan(in)
		unknown := slices.ContainsFunc(p.NotCloned, func(n NotCloned) bool { return n.Kind == KindLocalGroup && n.Value == "" })
		if p.Complete != c.complete || verdicts(p)[c.list] != "idle" || unknown != c.unknown || len(p.Problems) != 0 && w.Unknown == "" {
			t.Errorf("%s: complete %t, %v, not cloned %v, problems %v", name, p.Complete, verdicts(p), p.NotCloned, p.Problems)
		}
		reach := ReachOf(ReachInput{Graph: g, Facts: in.Facts, Principal: in.Source})
		said := !reach.Complete || strings.Contains(strings.Join(reach.NotLookedAt, "\n"), "of its own")
		if reach.Complete != c.complete || said != c.unknown || (reach.LocalGroups == nil) == c.asked {
			t.Errorf("%s: reach complete %t, failures %v, not looked at %v", name, reach.Complete, reach.Failures, reach.NotLookedAt)
		}
		if outside := strings.Contains(strings.Join(p.NotLookedAt, "\n"), "identity federation"); outside != strings.Contains(name, "federation") {
			t.Errorf("%s: not looked at %v", name, p.NotLookedAt)
		}
		d := CompareIn(Assignments{Workspaces: in.Facts.Workspaces, LocalGroups: c.asked}, g, in.Source, in.Source)
		if d.Complete != c.complete || isTrue(d.Equal) == c.unknown {
			t.Errorf("%s: comparison complete %t, equal %v", name, d.Complete, d.Equal)
		}
		within := WorkspacesWithin(&g, in.Facts.Workspaces, in.Source)
		if want := c.asked && !w.LocalRead && w.runs() && c.unknown || name == "read" || name == "failed" || name == "not asked"; (len(within) == 1) != want {
			t.Errorf("%s: to look at %v", name, within)
		}
	}
}

func TestLocalGroupsInAComparison(t *testing.T) {
	t.Parallel()
	g := listed(group("11", "one", "u1"), unread(group("12", "two")))
	w := Assignments{LocalGroups: true, Workspaces: []WorkspaceAccess{withLocal("100", []string{"u1", "u2"},
		local("77", "a", "u1"), local("78", "b", "11"), local("79", "c", "12"), local("80", "d", "u2"), local("81", "e", "u1", "12"))}}
	d := CompareIn(w, g, user("u1", "Sam"), user("u2", "Tony"))
	var got []string
	show := func(b *bool) string {
		if b == nil {
			return "?"
		}
		return fmt.Sprint(*b)
	}
	for _, r := range d.LocalGroups {
		got = append(got, fmt.Sprintf("%s %s %s %s", r.GroupID, show(r.InA), show(r.InB), strings.Join(r.WayA.Path, ">")))
	}
	want := []string{"77 true false ", "78 true false Sam>one>b", "80 false true ", "81 true ? "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !isFalse(d.Equal) {
		t.Errorf("equal %v", d.Equal)
	}
}

// The groups of a workspace that a principal is in, and the way, against an oracle that
// adds them to the account's.
func TestLocalWaysEqualTheOracle(t *testing.T) {
	t.Parallel()
	check(t, func(t *rapid.T) {
		in := drawReach(t, false)
		w := withLocal("900", []string{in.Principal.ID})
		w.Local = nil
		count := rapid.IntRange(0, 4).Draw(t, "local groups")
		members := []string{"u1", "u2", "1", "2", "3"}
		for i := range count {
			members = append(members, fmt.Sprint(70+i))
		}
		all := in.Graph
		all.Groups = slices.Clone(all.Groups)
		for i := range count {
			g := local(fmt.Sprint(70+i), fmt.Sprintf("local %d", i))
			for _, m := range members {
				if rapid.IntRange(0, 3).Draw(t, "member") == 0 {
					g.Members = append(g.Members, group("", "", m).Members...)
				}
			}
			w.Local = append(w.Local, g)
			all.Groups = append(all.Groups, Group{Principal: audit.Principal{Ref: groupRef(g.ID), Name: g.Name}, Members: g.Members})
		}
		o := oracleOf(all, in.Principal, false)
		c := newIndex(nil, &in.Graph).closureOf(in.Principal, nil)
		ways := c.localWays(&w)
		var want []string
		for _, g := range w.Local {
			way := best(o.paths(g.ID))
			if way == nil {
				continue
			}
			want = append(want, g.ID)
			names := []string{}
			if len(way) > 1 {
				names = append(names, shownName(in.Principal))
				for _, id := range way {
					at := slices.IndexFunc(all.Groups, func(one Group) bool { return one.ID == id })
					names = append(names, all.Groups[at].Name)
				}
			}
			got := ways[g.ID]
			if got.Direct != (len(way) == 1) || strings.Join(got.Path, ">") != strings.Join(names, ">") {
				t.Errorf("group %s: %+v, want %v", g.ID, got, names)
			}
		}
		got := slices.Sorted(maps.Keys(ways))
		if !slices.Equal(got, want) {
			t.Errorf("in %v, want %v", got, want)
		}
		for i := range w.Local { // Without a hole nothing is unknown.
			if in := c.inLocal(&w, ways, w.Local[i].ID); in == nil || *in != slices.Contains(want, w.Local[i].ID) {
				t.Errorf("in %s: %v", w.Local[i].ID, in)
			}
		}
	})
}
