// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package access

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// story is part 0 of the contract: the source u1, the target u2.
func story() Graph {
	return listed(
		external(group("1", "data-engineers", "u1")), external(group("2", "bi-consumers", "1")), group("3", "npb-platform-users", "u1"),
		group("4", "scratch-workspace-admins", "u1"), group("5", "ml-catalog-readers", "u1"), group("6", "legacy-etl-users", "u2"),
		group("7", "npb-developers", "u1", "u2"), group("8", "account users", "u1", "u2"), group("9", "npb-platform-admins", "u1"),
	)
}

func TestCompareTellsTheStory(t *testing.T) {
	t.Parallel()
	d := Compare(story(), user("u1", "Sam"), user("u2", "Tony"))
	type line struct {
		name, source string
		hint         Hint
	}
	lines := func(rows []DiffRow) (out []line) {
		for _, r := range rows {
			out = append(out, line{r.GroupName, r.Source, r.Hint})
		}
		return out
	}
	want := []line{
		{"bi-consumers", SourceExternal, HintFollows}, {"data-engineers", SourceExternal, HintAddInIDP},
		{"ml-catalog-readers", SourceInternal, HintUnchecked}, {"npb-platform-admins", SourceInternal, HintUnchecked},
		{"npb-platform-users", SourceInternal, HintUnchecked}, {"scratch-workspace-admins", SourceInternal, HintUnchecked},
	}
	if diff := cmp.Diff(want, lines(d.OnlyInA), cmp.AllowUnexported(line{})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]line{{"legacy-etl-users", SourceInternal, HintUnchecked}}, lines(d.OnlyInB), cmp.AllowUnexported(line{})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]line{{"account users", SourceInternal, HintNone}, {"npb-developers", SourceInternal, HintNone}},
		lines(d.Both), cmp.AllowUnexported(line{})); diff != "" {
		t.Error(diff)
	}
	bi := d.OnlyInA[0]
	if diff := cmp.Diff([]string{"Sam", "data-engineers", "bi-consumers"}, bi.PathInA); diff != "" {
		t.Error(diff)
	}
	if !slices.Equal(bi.ViaA, []string{"1"}) || !isFalse(bi.DirectInA) || !isFalse(bi.InB) || !isFalse(d.Equal) || !d.Complete {
		t.Errorf("row %+v, equal %v, complete %v", bi, d.Equal, d.Complete)
	}
}

func TestCompareCases(t *testing.T) {
	t.Parallel()
	a, b := user("u1", "A"), user("u2", "B")
	idpMember := group("1", "one", "u1")
	idpMember.Members[0].Source = audit.SourceIdentityProvider
	ownMember := external(group("1", "one", "u1"))
	ownMember.Members[0].Source = audit.SourceInternal
	nameless := group("1", "", "u1")
	nameless.Unknown = "500"
	hidden := listed(external(group("1", "one", "u1")), group("2", "two", "u1", "u2"))
	hidden.Hidden = "automatic identity management is on"
	linked := a
	linked.ExternalID = "ext-u1"
	linkedB := b
	linkedB.ExternalID = "ext-u2"
	dead := group("1", "one", "u1", "u2")
	dead.DeadMembers = 3
	for _, c := range []struct {
		name     string
		graph    Graph
		a, b     audit.Principal
		hint     Hint
		origin   Origin
		equal    *bool
		complete bool
	}{
		{"external id set", listed(external(group("1", "one", "u1"))), a, b, HintAddInIDP, OriginIDP, boolean(false), true},
		{"IdP membership in an internal group", listed(idpMember), a, b, HintAddInIDP, OriginIDP, boolean(false), true},
		{"Databricks' membership in an external group", listed(ownMember), a, b, HintAddInIDP, OriginDatabricks, boolean(false), true},
		{"system group", listed(group("1", "Account Users", "u1")), a, b, HintSystem, OriginSystem, boolean(false), true},
		{"group that could not be read", listed(nameless), a, b, HintUnknown, OriginUnknown, boolean(false), false},
		{"hole off the path: the difference stays certain", listed(group("1", "one", "u1"), unread(group("2", "two"))), a, b, HintUnchecked, OriginDatabricks, boolean(false), false},
		{"hole on the path", listed(unread(group("1", "one", "u1"))), a, b, HintUnknown, OriginDatabricks, nil, false},
		{"hole below the group", listed(group("1", "one", "u1", "2"), unread(group("2", "two"))), a, b, HintUnknown, OriginDatabricks, nil, false},
		{"the list was cut", Graph{Route: RouteSCIM, Groups: []Group{group("1", "one", "u1")}}, a, b, HintUnknown, OriginDatabricks, nil, false},
		{"automatic identity management hides the other's membership", hidden, linked, linkedB, HintUnknown, OriginIDP, nil, false},
		{"dead members are counted", listed(dead), a, b, HintNone, OriginDatabricks, boolean(true), true},
		{"the same principal", listed(group("1", "one", "u1")), a, a, HintNone, OriginDatabricks, boolean(true), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := Compare(c.graph, c.a, c.b)
			row := slices.Concat(d.OnlyInA, d.Both)[0]
			if row.Hint != c.hint || row.Origin != c.origin || d.Complete != c.complete {
				t.Errorf("hint %q, origin %q, complete %v; failures %v", row.Hint, row.Origin, d.Complete, d.Failures)
			}
			if diff := cmp.Diff(c.equal, d.Equal); diff != "" {
				t.Errorf("equal: %s", diff)
			}
			if d.Complete != (len(d.Failures) == 0) || c.name == "dead members are counted" && d.DeadMembers != 3 {
				t.Errorf("failures %v, dead %d", d.Failures, d.DeadMembers)
			}
		})
	}
}

// Any order of the facts gives the same bytes (R15; part 4, group 3).
func TestCompareIsBlindToOrder(t *testing.T) {
	t.Parallel()
	check(t, func(t *rapid.T) {
		g := drawGraph(t)
		a, b := user("u1", "A"), user("u2", "B")
		if rapid.Bool().Draw(t, "twice") && len(g.Groups) > 0 {
			again := group(g.Groups[0].ID, rapid.SampledFrom([]string{"alpha", "zeta"}).Draw(t, "other name"), "u2")
			g.Groups = append(g.Groups, again)
		}
		want, got := bytesOf(Compare(g, a, b)), bytesOf(Compare(shuffled(g, rapid.Int64().Draw(t, "seed")), a, b))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// A hole takes certainty away and never adds any: what was unknown stays so, and
// no row disappears (R11, part 4 group 4).
func TestHolesOnlyTakeAway(t *testing.T) {
	t.Parallel()
	check(t, func(t *rapid.T) {
		g := drawGraph(t)
		a, b := user("u1", "A"), user("u2", "B")
		before := Compare(g, a, b)
		holed := shuffled(g, 1)
		if len(holed.Groups) == 0 || rapid.IntRange(0, 4).Draw(t, "cut") == 0 {
			holed.Listed = false
		} else {
			at := rapid.IntRange(0, len(holed.Groups)-1).Draw(t, "at")
			holed.Groups[at] = unread(holed.Groups[at])
		}
		after := Compare(holed, a, b)
		rows := map[string]DiffRow{}
		for _, r := range slices.Concat(after.OnlyInA, after.OnlyInB, after.Both) {
			rows[r.GroupID] = r
		}
		weaker := func(was, is *bool) bool { return is == nil || was != nil && *was == *is }
		for _, r := range slices.Concat(before.OnlyInA, before.OnlyInB, before.Both) {
			now, there := rows[r.GroupID]
			if !there {
				t.Fatalf("group %s is lost", r.GroupID)
			}
			if !weaker(r.InA, now.InA) || !weaker(r.InB, now.InB) || !weaker(r.DirectInA, now.DirectInA) || !weaker(r.DirectInB, now.DirectInB) {
				t.Errorf("group %s became more certain: %+v, was %+v", r.GroupID, now, r)
			}
			if r.Hint == HintUnknown && now.Hint != HintUnknown {
				t.Errorf("the hint of group %s became %q", r.GroupID, now.Hint)
			}
		}
		if !weaker(before.Equal, after.Equal) || after.Complete {
			t.Errorf("equal %v after %v, complete %v", after.Equal, before.Equal, after.Complete)
		}
	})
}

// A group that is compared is in its own cycle, once, and never a group of its
// own (R8).
func TestCompareCycleThroughThePrincipal(t *testing.T) {
	t.Parallel()
	g := listed(group("1", "one", "2", "u1"), group("2", "two", "1"), group("3", "self", "3"))
	for _, pair := range [][2]audit.Principal{
		{g.Groups[0].Principal, user("u2", "nobody")}, {user("u2", "nobody"), g.Groups[1].Principal}, {g.Groups[0].Principal, g.Groups[1].Principal},
	} {
		d := Compare(g, pair[0], pair[1])
		if diff := cmp.Diff([][]string{{"1", "2"}}, d.Cycles); diff != "" {
			t.Errorf("%s and %s: %s", pair[0].Ref, pair[1].Ref, diff)
		}
	}
	d := Compare(g, g.Groups[2].Principal, g.Groups[2].Principal)
	if !cmp.Equal([][]string{{"3"}}, d.Cycles) || len(d.Both) != 0 || !isTrue(d.Equal) {
		t.Errorf("got %+v", d)
	}
}

// A group that IAM v2 returns, and that no membership leads to, follows from nothing
// that can be named.
func TestCompareGroupWithoutAWay(t *testing.T) {
	t.Parallel()
	a, b := user("u1", "A"), user("u2", "B")
	d := Compare(Graph{
		Route: RouteIAMv2, Groups: []Group{group("1", "one", "u1"), external(group("2", "two")), group("3", "three", "2")},
		Above: map[audit.Ref]Above{a.Ref: {IDs: []string{"1", "2", "3"}}, b.Ref: {}},
	}, a, b)
	hints := map[string]Hint{}
	for _, r := range d.OnlyInA {
		hints[r.GroupID] = r.Hint
		if r.GroupID != "1" && (!isFalse(r.DirectInA) || r.PathInA != nil || r.Origin != OriginUnknown) {
			t.Errorf("row %+v", r)
		}
	}
	if diff := cmp.Diff(map[string]Hint{"1": HintUnchecked, "2": HintUnknown, "3": HintUnknown}, hints); diff != "" || !d.Complete {
		t.Errorf("complete %v\n%s", d.Complete, diff)
	}
}
