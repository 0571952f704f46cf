// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package access

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// The closure, the paths and the direct groups against an oracle that tries
// everything (part 4, groups 2 and 4).
func TestClosureEqualsTheOracle(t *testing.T) {
	t.Parallel()
	check(t, func(t *rapid.T) {
		g := drawGraph(t)
		subject := user("u1", "A")
		if rapid.Bool().Draw(t, "linked") {
			subject.ExternalID = "ext-u1"
		}
		if len(g.Groups) > 0 && rapid.IntRange(0, 3).Draw(t, "a group") == 0 {
			subject = g.Groups[0].Principal
		}
		c := newIndex(nil, &g).closureOf(subject, nil)
		vias := c.vias()
		sure, possible := oracleOf(g, subject, false), oracleOf(g, subject, true)
		for _, id := range sure.nodes {
			if id == subject.ID {
				if c.must[id] {
					t.Fatalf("%s is its own member", id)
				}
				continue
			}
			paths := sure.paths(id)
			want := boolean(true)
			if len(paths) == 0 {
				want = boolean(false)
				if !g.Listed || len(possible.paths(id)) > 0 {
					want = nil
				}
			}
			if diff := cmp.Diff(want, c.in(id)); diff != "" {
				t.Errorf("in(%s): %s", id, diff)
			}
			if diff := cmp.Diff(best(paths), c.path(id)); diff != "" {
				t.Errorf("path(%s): %s", id, diff)
			}
			if diff := cmp.Diff(oracleVia(sure, id), vias[id]); diff != "" {
				t.Errorf("via(%s): %s", id, diff)
			}
			direct := boolean(sure.edges[[2]string{subject.ID, id}])
			if !*direct && possible.edges[[2]string{subject.ID, id}] {
				direct = nil
			}
			if diff := cmp.Diff(direct, c.direct(id)); diff != "" {
				t.Errorf("direct(%s): %s", id, diff)
			}
		}
	})
}

// oracleVia are the first steps of all ways there, other than the group.
func oracleVia(o oracle, id string) []string {
	var out []string
	for _, first := range o.nodes {
		if first == id || first == o.subject || !o.edges[[2]string{o.subject, first}] {
			continue
		}
		from := o
		from.subject = first
		if slices.ContainsFunc(from.paths(id), func(way []string) bool { return !slices.Contains(way, o.subject) }) {
			out = append(out, first)
		}
	}
	return out
}

// Cycles against the definition: two groups are in one when each leads to the
// other (R8).
func TestCyclesEqualTheOracle(t *testing.T) {
	t.Parallel()
	check(t, func(t *rapid.T) {
		g := drawGraph(t)
		all := map[string]bool{}
		for _, one := range g.Groups {
			all[one.ID] = true
		}
		leads := func(from, to string) bool {
			o := oracleOf(g, audit.Principal{Ref: groupRef(from)}, false)
			if from == to {
				return o.edges[[2]string{from, from}]
			}
			return len(o.paths(to)) > 0
		}
		var want [][]string
		done := map[string]bool{}
		for _, a := range sortedIDs(all) {
			var cycle []string
			for _, b := range sortedIDs(all) {
				if a == b || leads(a, b) && leads(b, a) {
					cycle = append(cycle, b)
				}
			}
			if !done[a] && (len(cycle) > 1 || leads(a, a)) {
				want = append(want, cycle)
			}
			for _, b := range cycle {
				done[b] = true
			}
		}
		if diff := cmp.Diff(want, newIndex(nil, &g).cycles(all)); diff != "" {
			t.Error(diff)
		}
	})
}

// The cases of part 4, group 2 by name.
func TestClosureCases(t *testing.T) {
	t.Parallel()
	many := func(n int) (out []Group) {
		for i := range n {
			out = append(out, group(fmt.Sprint(i+1), fmt.Sprintf("g%04d", i+1), "u1"))
		}
		return out
	}
	for _, c := range []struct {
		name    string
		graph   Graph
		subject audit.Principal
		want    map[string][]string // id -> path
		whole   bool
	}{
		{"no groups", listed(), user("u1", "A"), map[string][]string{}, true},
		{"direct", listed(group("1", "one", "u1")), user("u1", "A"), map[string][]string{"1": {"1"}}, true},
		{
			"nested three deep", listed(group("3", "c", "2"), group("2", "b", "1"), group("1", "a", "u1")), user("u1", "A"),
			map[string][]string{"1": {"1"}, "2": {"1", "2"}, "3": {"1", "2", "3"}}, true,
		},
		{
			"diamond takes the smaller id", listed(group("1", "a", "u1"), group("2", "b", "10"), group("9", "c", "1"), group("10", "d", "1"), group("11", "e", "10", "9")),
			user("u1", "A"), map[string][]string{"1": {"1"}, "9": {"1", "9"}, "10": {"1", "10"}, "2": {"1", "10", "2"}, "11": {"1", "9", "11"}}, true,
		},
		{"cycle of two", listed(group("1", "a", "u1", "2"), group("2", "b", "1")), user("u1", "A"), map[string][]string{"1": {"1"}, "2": {"1", "2"}}, true},
		{"cycle of one", listed(group("1", "a", "u1", "1")), user("u1", "A"), map[string][]string{"1": {"1"}}, true},
		{
			"a group inside the cycle is never its own member", listed(group("1", "a", "2"), group("2", "b", "1")), group("1", "a").Principal,
			map[string][]string{"2": {"2"}}, true,
		},
		{"duplicate members", listed(group("1", "a", "u1", "u1")), user("u1", "A"), map[string][]string{"1": {"1"}}, true},
		{"the same group twice", listed(group("1", "a"), group("1", "a", "u1")), user("u1", "A"), map[string][]string{"1": {"1"}}, true},
		{
			"a member of unknown kind", listed(Group{Principal: group("1", "a").Principal, Members: []audit.Member{{Ref: audit.Ref{ID: "u1"}}}}),
			user("u1", "A"), map[string][]string{"1": {"1"}}, true,
		},
		{"an unread group", listed(group("1", "a", "u1"), unread(group("2", "b"))), user("u1", "A"), map[string][]string{"1": {"1"}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := newIndex(nil, &c.graph).closureOf(c.subject, nil)
			paths := map[string][]string{}
			for id := range got.must {
				paths[id] = got.path(id)
			}
			if diff := cmp.Diff(c.want, paths); diff != "" {
				t.Error(diff)
			}
			if got.whole() != c.whole {
				t.Errorf("whole = %v", got.whole())
			}
		})
	}
	for _, n := range []int{0, 1, 100, 101, 250, 5000} {
		t.Run(fmt.Sprintf("%d groups", n), func(t *testing.T) {
			t.Parallel()
			d := Compare(listed(many(n)...), user("u1", "A"), user("u2", "B"))
			if len(d.OnlyInA) != n || !d.Complete || isTrue(d.Equal) != (n == 0) {
				t.Errorf("%d groups only in A, complete %v, equal %v", len(d.OnlyInA), d.Complete, d.Equal)
			}
		})
	}
}

// IAM v2 returns the groups above as ids, which are certain without any edge (R6).
func TestGroupsAboveAreCertain(t *testing.T) {
	t.Parallel()
	a := user("u1", "A")
	g := Graph{
		Route: RouteIAMv2, Groups: []Group{group("1", "one", "u1"), unread(group("2", "two"))},
		Above: map[audit.Ref]Above{a.Ref: {IDs: []string{"1", "2"}}},
	}
	c := newIndex(nil, &g).closureOf(a, nil)
	if !c.whole() || !isTrue(c.in("2")) || c.direct("2") != nil || c.path("2") != nil || !isFalse(c.in("3")) {
		t.Errorf("whole %v, in %v, direct %v, path %v", c.whole(), c.in("2"), c.direct("2"), c.path("2"))
	}
	g.Above[a.Ref] = Above{IDs: []string{"1"}, Unknown: "500 on the second page"}
	if c = newIndex(nil, &g).closureOf(a, nil); c.whole() || c.in("3") != nil || !isTrue(c.in("1")) {
		t.Errorf("a list that broke off: whole %v, in %v", c.whole(), c.in("3"))
	}
}

// Groups of which only the id is known are there too, and no one twice.
func TestGroupsAbove(t *testing.T) {
	t.Parallel()
	g := listed(group("1", "one", "u1", "3"), group("2", "two", "1"), group("3", "three", "1", "u2"), group("4", "beside"))
	g.Above = map[audit.Ref]Above{userRef("u2"): {IDs: []string{"3", "9"}}}
	var got []string
	for _, p := range GroupsAbove(&g, user("u1", "one@example.com"), user("u2", "two@example.com")) {
		got = append(got, p.ID+" "+p.Name)
	}
	if want := []string{"1 one", "2 two", "3 three", "9 "}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
