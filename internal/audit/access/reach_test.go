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

// told is a way in short.
func (w Way) told() string {
	return fmt.Sprintf("%t %s %s", w.Direct, strings.Join(w.Via, ","), strings.Join(w.Path, ">"))
}

// toldReach are all rows in short, each list sorted as it is.
func toldReach(r Reach) []string {
	var out []string
	for _, g := range r.Groups {
		direct := "unknown"
		if g.Direct != nil {
			direct = fmt.Sprint(*g.Direct)
		}
		out = append(out, fmt.Sprintf("group %s %s %s", g.GroupID, direct, strings.Join(g.Path, ">")))
	}
	for _, w := range r.Workspaces {
		out = append(out, fmt.Sprintf("workspace %s %s %s", w.WorkspaceID, w.Level, w.told()))
	}
	for _, e := range r.Entitlements {
		out = append(out, fmt.Sprintf("entitlement %s %s %s", e.WorkspaceID, e.Entitlement, e.told()))
	}
	for _, g := range r.Grants {
		out = append(out, fmt.Sprintf("grant %s %s %s %s", g.SecurableType, g.FullName, g.Privilege, g.told()))
	}
	for _, role := range r.Roles {
		out = append(out, fmt.Sprintf("role %s %s", role.Role, role.told()))
	}
	return out
}

// Each access with the way to it: held itself, through one group, through several,
// and at the end of a chain.
func TestReachTellsEveryWay(t *testing.T) {
	t.Parallel()
	g := listed(group("1", "engineers", "u1"), group("2", "analysts", "u1"), group("3", "platform", "1"), group("9", "others", "u2"))
	in := ReachInput{Graph: g, Facts: factsOf(g), Principal: user("u1", "u1@example.com")}
	f := &in.Facts
	f.Workspaces = []WorkspaceAccess{
		workspace("100", "prod", map[string][]string{"1": {LevelUser}, "2": {LevelUser}, "3": {LevelAdmin}, "9": {LevelUser}}),
		workspace("101", "dev", map[string][]string{"u1": {LevelUser}, "1": {LevelUser}}),
	}
	f.Workspaces[1].Status = "FAILED"
	f.Workspaces[1].Entitlements = map[string]Entitlements{"u1": {Values: []string{"WORKSPACE_ACCESS"}}, "1": {Values: []string{"SQL_ACCESS"}}}
	f.Holdings[groupRef("3")] = Holding{Roles: []string{"billing.admin"}, Entitlements: []string{"allow-cluster-create"}}
	f.Metastores[0].Owner = "platform"
	f.Metastores[0].Securables = []Securable{
		{Type: "catalog", FullName: "prod", Owner: "u1@example.com", Grants: []Grant{{Principal: "analysts", Privileges: []string{"USE_CATALOG", "BROWSE"}}}},
		{Type: "schema", FullName: "prod.sales", Grants: []Grant{{PrincipalID: "u1", Principal: "u1@example.com", Privileges: []string{"SELECT"}}, {Principal: "others", Privileges: []string{"MODIFY"}}}},
	}
	got := ReachOf(in)
	want := []string{
		"group 2 true u1@example.com>analysts",
		"group 1 true u1@example.com>engineers",
		"group 3 false u1@example.com>engineers>platform",
		"workspace 100 ADMIN false 3 u1@example.com>engineers>platform",
		"workspace 100 USER false 1,2 u1@example.com>engineers",
		"workspace 101 USER true 1 ",
		"entitlement  allow-cluster-create false 3 u1@example.com>engineers>platform",
		"entitlement 101 SQL_ACCESS false 1 u1@example.com>engineers",
		"entitlement 101 WORKSPACE_ACCESS true  ",
		"grant catalog prod BROWSE false 2 u1@example.com>analysts",
		"grant catalog prod OWNER true  ",
		"grant catalog prod USE_CATALOG false 2 u1@example.com>analysts",
		"grant metastore main OWNER false 3 u1@example.com>engineers>platform",
		"grant schema prod.sales SELECT true  ",
		"role billing.admin false 3 u1@example.com>engineers>platform",
	}
	if diff := cmp.Diff(want, toldReach(got)); diff != "" {
		t.Error(diff)
	}
	if !got.Complete || !isTrue(got.Privileged) || len(got.Powers) != 3 {
		t.Errorf("complete %t, failures %v, privileged %v: %v", got.Complete, got.Failures, got.Privileged, got.Powers)
	}
	// The account lists no one as a member of the group of everyone.
	if !slices.ContainsFunc(got.NotLookedAt, func(s string) bool { return strings.Contains(s, "account users") }) {
		t.Errorf("not looked at: %v", got.NotLookedAt)
	}
	in.WorkspaceIDs = map[string]bool{"101": true}
	chosen := ReachOf(in)
	if len(chosen.Workspaces) != 1 || len(chosen.Entitlements) != 3 || !slices.Equal(chosen.Powers, got.Powers) {
		t.Errorf("with workspace_ids: %v, powers %v", toldReach(chosen), chosen.Powers)
	}
}

// What no one chose to leave out makes the result incomplete, what someone chose is
// said beside it.
func TestReachHoles(t *testing.T) {
	t.Parallel()
	g := listed(group("1", "one", "u1"), group("2", "One"))
	for name, c := range map[string]struct {
		change   func(*ReachInput)
		failure  string // part of a failure; empty for a complete result
		notThere string // part of NotLookedAt
	}{
		"whole":           {func(*ReachInput) {}, "", ""},
		"no scan":         {func(in *ReachInput) { in.Facts.Depth = DepthNone }, "", "scan_unity_catalog"},
		"catalogs":        {func(in *ReachInput) { in.Facts.Depth = DepthCatalog }, "", "unity_catalog_depth"},
		"no IAM v2":       {func(in *ReachInput) { in.Facts.EntitlementsUntold = "no IAM v2" }, "", "no IAM v2"},
		"not admin":       {func(in *ReachInput) { in.Facts.Metastores[0].AdminProven = false }, "not proven to be admin", ""},
		"no workspace":    {func(in *ReachInput) { in.Facts.Workspaces = nil }, "no workspace is visible", ""},
		"assignments 403": {func(in *ReachInput) { in.Facts.Workspaces[0].Unknown = "403" }, "403", ""},
		"entitlements 500": {func(in *ReachInput) {
			in.Facts.Workspaces[0].Entitlements = map[string]Entitlements{"1": {Unknown: "500"}}
		}, "500", ""},
		"roles unread": {func(in *ReachInput) { delete(in.Facts.Holdings, groupRef("1")) }, "not read", ""},
		"two of one name": {func(in *ReachInput) {
			in.Facts.Metastores[0].Securables = []Securable{{Type: "schema", FullName: "a.b", Grants: []Grant{{Principal: "one", Privileges: []string{"SELECT"}}}}}
		}, "that of several principals", ""},
		"group unread": {func(in *ReachInput) { in.Graph.Groups[1] = unread(in.Graph.Groups[1]) }, "403 on group 2", ""},
	} {
		in := ReachInput{Graph: shuffled(g, 1), Facts: factsOf(g), Principal: user("u1", "u1@example.com")}
		c.change(&in)
		got := ReachOf(in)
		if got.Complete != (c.failure == "") || !strings.Contains(fmt.Sprint(got.Failures), c.failure) {
			t.Errorf("%s: complete %t, failures %v", name, got.Complete, got.Failures)
		}
		if !strings.Contains(strings.Join(got.NotLookedAt, "\n"), c.notThere) {
			t.Errorf("%s: not looked at %v", name, got.NotLookedAt)
		}
		if (got.Grants == nil) != (in.Facts.Depth == DepthNone) {
			t.Errorf("%s: grants %v", name, got.Grants)
		}
	}
}

func drawReach(t *rapid.T, holes bool) ReachInput {
	plan := drawInput(t, holes)
	in := ReachInput{Graph: plan.Graph, Facts: plan.Facts, Principal: plan.Source}
	if groups := in.Graph.Groups; len(groups) > 0 && rapid.Bool().Draw(t, "a group") {
		in.Principal = groups[0].Principal
	}
	f := &in.Facts
	for i := range f.Workspaces {
		w := &f.Workspaces[i]
		if rapid.Bool().Draw(t, "own assignment") {
			w.Levels[in.Principal.ID] = []string{LevelUser}
		}
		w.Entitlements = map[string]Entitlements{}
		for id := range w.Levels {
			w.Entitlements[id] = Entitlements{Values: []string{rapid.SampledFrom([]string{"WORKSPACE_ACCESS", "SQL_ACCESS"}).Draw(t, "entitlement")}}
		}
	}
	return in
}

// oracleReach goes every way, holder by holder and place by place.
func oracleReach(in ReachInput) []string {
	o := oracleOf(in.Graph, in.Principal, false)
	holders := []audit.Principal{in.Principal}
	names, folded := map[string]string{}, map[string]map[string]bool{}
	for _, g := range in.Graph.Groups {
		names[g.ID] = g.Name
		key := NameKey(g.Name)
		if folded[key] == nil {
			folded[key] = map[string]bool{}
		}
		folded[key][g.ID] = true
		if len(o.paths(g.ID)) > 0 {
			holders = append(holders, g.Principal)
		}
	}
	spell := func(ids []string) string {
		text := []string{shownName(in.Principal)}
		for _, id := range ids {
			text = append(text, names[id])
		}
		return strings.Join(text, ">")
	}
	var out []string
	held := map[string][]string{}
	for _, p := range holders {
		if p.ID != in.Principal.ID {
			direct := o.edges[[2]string{in.Principal.ID, p.ID}]
			out = append(out, fmt.Sprintf("group %s %t %s", p.ID, direct, spell(best(o.paths(p.ID)))))
		}
		give := func(format string, values ...any) {
			what := fmt.Sprintf(format, values...)
			held[what] = append(held[what], p.ID)
		}
		for _, w := range in.Facts.Workspaces {
			for _, level := range w.Levels[p.ID] {
				give("workspace %s %s", w.ID, level)
			}
			for _, e := range w.Entitlements[p.ID].Values {
				give("entitlement %s %s", w.ID, e)
			}
		}
		for _, role := range in.Facts.Holdings[p.Ref].Roles {
			give("role %s", role)
		}
		for _, s := range in.Facts.Metastores[0].Securables {
			if s.Grants[0].Principal == p.Name && len(folded[NameKey(p.Name)]) == 1 {
				give("grant %s %s %s", s.Type, s.FullName, "SELECT")
			}
		}
	}
	for what, ids := range held {
		var via []string
		var ways [][]string
		for _, id := range ids {
			if id != in.Principal.ID && !slices.Contains(via, id) {
				via = append(via, id)
				ways = append(ways, best(o.paths(id)))
			}
		}
		slices.SortFunc(via, audit.CompareIDs)
		direct, path := slices.Contains(ids, in.Principal.ID), ""
		if !direct {
			path = spell(best(ways))
		}
		out = append(out, fmt.Sprintf("%s %t %s %s", what, direct, strings.Join(via, ","), path))
	}
	slices.Sort(out)
	return out
}

func TestReachEqualsTheOracle(t *testing.T) {
	t.Parallel()
	check(t, func(t *rapid.T) {
		in := drawReach(t, false)
		got := toldReach(ReachOf(in))
		slices.Sort(got)
		if diff := cmp.Diff(oracleReach(in), got); diff != "" {
			t.Error(diff)
		}
	})
}

// A hole adds no row, and none goes without a word; order is of no account.
func TestReachHolesHideAndNeverInvent(t *testing.T) {
	t.Parallel()
	check(t, func(t *rapid.T) {
		before := drawReach(t, rapid.Bool().Draw(t, "holes before"))
		worse := hole(t, PlanInput{Graph: before.Graph, Facts: before.Facts})
		after := before
		after.Graph, after.Facts = worse.Graph, worse.Facts
		was, is := ReachOf(before), ReachOf(after)
		known := map[string]bool{}
		for _, row := range rowsWithoutWay(was) {
			known[row] = true
		}
		there := map[string]bool{}
		for _, row := range rowsWithoutWay(is) {
			there[row] = true
			if !known[row] {
				t.Errorf("a hole made %q", row)
			}
		}
		for _, row := range slices.Sorted(maps.Keys(known)) {
			if !there[row] && is.Complete {
				t.Errorf("%q is gone, and the result says that it is complete", row)
			}
		}
		if isFalse(is.Privileged) && isTrue(was.Privileged) {
			t.Error("a hole took the privileges away")
		}
		other := before
		other.Graph = shuffled(before.Graph, rapid.Int64().Draw(t, "seed"))
		other.Facts.Workspaces = slices.Clone(before.Facts.Workspaces)
		slices.Reverse(other.Facts.Workspaces)
		if diff := cmp.Diff(bytesOf(was), bytesOf(ReachOf(other))); diff != "" {
			t.Error(diff)
		}
	})
}

// rowsWithoutWay say what is held; a hole may hide names and ways.
func rowsWithoutWay(r Reach) []string {
	var out []string
	for _, g := range r.Groups {
		out = append(out, "group "+g.GroupID)
	}
	for _, w := range r.Workspaces {
		out = append(out, "workspace "+w.WorkspaceID+" "+w.Level)
	}
	for _, e := range r.Entitlements {
		out = append(out, "entitlement "+e.WorkspaceID+" "+e.Entitlement)
	}
	for _, g := range r.Grants {
		out = append(out, "grant "+g.FullName+" "+g.Privilege)
	}
	for _, role := range r.Roles {
		out = append(out, "role "+role.Role)
	}
	return out
}
