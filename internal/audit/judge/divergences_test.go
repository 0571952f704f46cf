// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"
)

func TestDivergences_empty(t *testing.T) {
	t.Parallel()
	r := Divergences(Input{Inventory: audit.Inventory{Coverage: fullCoverage}}, Options{})
	if !r.Complete || !r.Clean || r.Fixable != 0 || len(r.Failures) != 0 {
		t.Errorf("an empty account is complete and clean, got %+v", r)
	}
	same(t, "scanned", r.Scanned, map[audit.PrincipalType][]string{audit.TypeUser: {}, audit.TypeGroup: {}, audit.TypeServicePrincipal: {}})
}

// One match that fails leaves the others judged, and the report says so.
func TestDivergences_unknownMatch(t *testing.T) {
	t.Parallel()
	failed := audit.Match{Principal: user("2", "b", "x"), Unknown: "503 after 5 attempts"}
	in := scope([]audit.Match{{Principal: user("1", "a", "gone")}, failed, {Principal: user("3", "c", "gone")}})
	r := Divergences(in, directory())
	same(t, "rows", len(r.Users), 2)
	same(t, "scanned", r.Scanned[audit.TypeUser], []string{"1", "2", "3"})
	same(t, "failures", r.Failures, []audit.Failure{
		{Type: audit.TypeUser, ID: "2", Call: "match with the identity provider", Reason: "503 after 5 attempts"},
	})
	if r.Complete || r.Clean {
		t.Errorf("complete = %t, clean = %t; want neither", r.Complete, r.Clean)
	}
}

func TestDivergences_failures(t *testing.T) {
	t.Parallel()
	linkedGroup := func(m *audit.MemberMatch) audit.Match {
		return audit.Match{Principal: group("5", "g", "x"), ByExternalID: ptr(identity("x", "g")), Members: m}
	}
	told := audit.Failure{Type: audit.TypeUser, ID: "2", Call: "matchWithIdp", Reason: "503"}
	cases := map[string]struct {
		change func(*Input)
		want   []audit.Failure
	}{
		"none": {func(*Input) {}, []audit.Failure{}},
		"told by the IdP": {func(in *Input) {
			in.Matches = []audit.Match{{Principal: user("2", "b", ""), Unknown: "503"}}
			in.Failures = []audit.Failure{told, told}
		}, []audit.Failure{told}},
		"a whole call stands for all that it left unknown": {func(in *Input) {
			in.Matches = []audit.Match{
				{Principal: user("2", "b", ""), Unknown: "needs User.Read.All"}, {Principal: user("3", "c", ""), Unknown: "needs User.Read.All"},
			}
			in.Failures = []audit.Failure{{Type: audit.TypeUser, Call: "list users of the IdP", Reason: "needs User.Read.All"}}
		}, []audit.Failure{{Type: audit.TypeUser, Call: "list users of the IdP", Reason: "needs User.Read.All"}}},
		"a whole call of another type does not": {func(in *Input) {
			in.Matches = []audit.Match{{Principal: user("2", "b", ""), Unknown: "503"}}
			in.Failures = []audit.Failure{{Type: audit.TypeGroup, Call: "list groups of the IdP", Reason: "403"}}
		}, []audit.Failure{
			{Type: audit.TypeUser, ID: "2", Call: "match with the identity provider", Reason: "503"}, {Type: audit.TypeGroup, Call: "list groups of the IdP", Reason: "403"},
		}},
		"members unknown": {func(in *Input) {
			in.Matches = []audit.Match{linkedGroup(&audit.MemberMatch{Unknown: "hidden membership"})}
		}, []audit.Failure{{Type: audit.TypeGroup, ID: "5", Call: "compare the members with the identity provider", Reason: "hidden membership"}}},
		"a list with a hole, told": {func(in *Input) {
			in.Inventory.Coverage.Groups = false
			in.Inventory.Failures = []audit.Failure{{Type: audit.TypeGroup, Call: "list groups", Reason: "403"}}
		}, []audit.Failure{{Type: audit.TypeGroup, Call: "list groups", Reason: "403"}}},
		"a list with a hole, not told": {func(in *Input) {
			in.Inventory.Coverage.ServicePrincipals = false
		}, []audit.Failure{{Type: audit.TypeServicePrincipal, Call: "list service principals", Reason: "the list was not read to its end"}}},
		"order": {func(in *Input) {
			in.Failures = []audit.Failure{{Call: "token", Reason: "401"}, {Type: audit.TypeGroup, ID: "1"}, {Type: audit.TypeUser, ID: "10"}, {Type: audit.TypeUser, ID: "9"}}
		}, []audit.Failure{{Type: audit.TypeUser, ID: "9"}, {Type: audit.TypeUser, ID: "10"}, {Type: audit.TypeGroup, ID: "1"}, {Call: "token", Reason: "401"}}},
	}
	for label, c := range cases {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			in := scope(nil)
			c.change(&in)
			r := Divergences(in, directory())
			if len(c.want)+len(r.Failures) > 0 {
				same(t, "failures", r.Failures, c.want)
			}
			same(t, "complete and clean", []bool{r.Complete, r.Clean}, []bool{len(c.want) == 0, len(c.want) == 0})
		})
	}
}

// Of two matches of one principal the first counts.
func TestDivergences_duplicateMatch(t *testing.T) {
	t.Parallel()
	m := linkable()
	again := m
	again.ByName = nil
	in := scope([]audit.Match{m})
	in.Matches = append(in.Matches, again)
	r := Divergences(in, directory())
	same(t, "scanned", r.Scanned[audit.TypeUser], []string{"1"})
	same(t, "fixes", fixes(r), map[string]string{"user/1": "ann-id"})
}

// A match is fresher than the list: until both agree, both ids count as held.
func TestDivergences_fresherMatch(t *testing.T) {
	t.Parallel()
	moved := audit.Match{Principal: user("2", "b", "new"), ByExternalID: ptr(identity("new", "b"))}
	for label, wanted := range map[string]string{"the match's id": "new", "the list's id": "old"} {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			m := linkable()
			m.ByName[0].ExternalID = wanted
			in := scope([]audit.Match{m, moved})
			in.Inventory.Principals[1].ExternalID = "old"
			same(t, "reason", reasons(Divergences(in, directory()))["user/1"], rules.ReasonHeld)
		})
	}
}

// A match that is not in the list holds its id too, beside the listed one of the same id.
func TestDivergences_matchOutsideTheList(t *testing.T) {
	t.Parallel()
	m := linkable()
	m.ByName[0].ExternalID = "shared"
	in := scope([]audit.Match{m, {Principal: user("2", "b", "shared"), ByExternalID: ptr(identity("shared", "b"))}}, user("3", "c", "shared"))
	in.Inventory.Principals = slices.DeleteFunc(in.Inventory.Principals, func(p audit.Principal) bool { return p.ID == "2" })
	x := newHolderIndex(in.Inventory.Principals, []*audit.Match{&in.Matches[0], &in.Matches[1]}, func(s string) string { return s })
	for _, ref := range []audit.Ref{{Type: audit.TypeUser, ID: "2"}, {Type: audit.TypeUser, ID: "3"}} {
		if other, found := x.other("shared", ref); !found || other == ref {
			t.Errorf("beside %s: %v, %t", ref, other, found)
		}
	}
	if other, found := newHolderIndex(nil, nil, func(s string) string { return s }).other("shared", audit.Ref{}); found {
		t.Errorf("an empty index has %v", other)
	}
	listed := []audit.Principal{user("1", "a", "x"), user("2", "b", "y")}
	x = newHolderIndex(listed, []*audit.Match{{Principal: listed[0]}, {Principal: listed[1]}}, func(s string) string { return s })
	same(t, "ids that are held more than once", len(x.byID.more), 0)
}

// What the options name is looked for where it can be: domains among users only.
func TestDivergences_unmatchedOptions(t *testing.T) {
	t.Parallel()
	in := scope(nil, user("1", "a@one.example", ""), user("2", "@two.example", ""), user("4", "three.example", ""), group("3", "team@three.example", ""))
	o := directory()
	o.PrimaryDomains, o.AllowPrivileged = []string{"one.example", "two.example", "three.example"}, map[string]bool{"1": true, "3": true, "9": true}
	same(t, "unmatched", Divergences(in, o).Unmatched, Unmatched{Domains: []string{"three.example"}, AllowPrivileged: []string{"9"}})
}

// A row takes from the list what the match does not say, and only that.
func TestDivergences_rowFromTheList(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ matched, listed, name, active string }{
		{"", "", "", ""},
		{"matched true", "listed false", "matched", "true"},
		{"matched", "listed false", "matched", "false"},
		{" true", "listed false", "listed", "true"},
		{"", "listed false", "listed", "false"},
	} {
		state := func(p audit.Principal, text string) audit.Principal {
			name, active, _ := strings.Cut(text, " ")
			if p.DisplayName = name; active != "" {
				p.Active = ptr(active == "true")
			} else {
				p.Active = nil
			}
			return p
		}
		p := user("1", "a", "gone")
		in := scope([]audit.Match{{Principal: state(p, c.matched)}})
		in.Inventory.Principals = []audit.Principal{state(p, c.listed)}
		row, active := Divergences(in, directory()).Users[0], ""
		if row.Active != nil {
			active = fmt.Sprint(*row.Active)
		}
		same(t, fmt.Sprintf("%+v", c), []string{row.DisplayName, active}, []string{c.name, c.active})
	}
}
