// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package audit

import "testing"

func TestDivergences_empty(t *testing.T) {
	t.Parallel()
	r := Divergences(Input{Inventory: Inventory{Coverage: fullCoverage}}, Options{})
	if !r.Complete || !r.Clean || r.Fixable != 0 || len(r.Failures) != 0 {
		t.Errorf("an empty account is complete and clean, got %+v", r)
	}
	same(t, "scanned", r.Scanned, map[PrincipalType][]string{TypeUser: {}, TypeGroup: {}, TypeServicePrincipal: {}})
}

// One match that fails leaves the others judged, and the report says so.
func TestDivergences_unknownMatch(t *testing.T) {
	t.Parallel()
	failed := Match{Principal: user("2", "b", "x"), Unknown: "503 after 5 attempts"}
	in := scope([]Match{{Principal: user("1", "a", "gone")}, failed, {Principal: user("3", "c", "gone")}})
	r := Divergences(in, directory())
	same(t, "rows", len(r.Users), 2)
	same(t, "scanned", r.Scanned[TypeUser], []string{"1", "2", "3"})
	same(t, "failures", r.Failures, []Failure{
		{Type: TypeUser, ID: "2", Call: "match with the identity provider", Reason: "503 after 5 attempts"},
	})
	if r.Complete || r.Clean {
		t.Errorf("complete = %t, clean = %t; want neither", r.Complete, r.Clean)
	}
}

func TestDivergences_failures(t *testing.T) {
	t.Parallel()
	linkedGroup := func(m *MemberMatch) Match {
		return Match{Principal: group("5", "g", "x"), ByExternalID: ptr(identity("x", "g")), Members: m}
	}
	told := Failure{Type: TypeUser, ID: "2", Call: "matchWithIdp", Reason: "503"}
	cases := map[string]struct {
		change func(*Input)
		want   []Failure
	}{
		"none": {func(*Input) {}, []Failure{}},
		"told by the IdP": {func(in *Input) {
			in.Matches = []Match{{Principal: user("2", "b", ""), Unknown: "503"}}
			in.Failures = []Failure{told, told}
		}, []Failure{told}},
		"a whole call stands for all that it left unknown": {func(in *Input) {
			in.Matches = []Match{
				{Principal: user("2", "b", ""), Unknown: "needs User.Read.All"}, {Principal: user("3", "c", ""), Unknown: "needs User.Read.All"},
			}
			in.Failures = []Failure{{Type: TypeUser, Call: "list users of the IdP", Reason: "needs User.Read.All"}}
		}, []Failure{{Type: TypeUser, Call: "list users of the IdP", Reason: "needs User.Read.All"}}},
		"a whole call of another type does not": {func(in *Input) {
			in.Matches = []Match{{Principal: user("2", "b", ""), Unknown: "503"}}
			in.Failures = []Failure{{Type: TypeGroup, Call: "list groups of the IdP", Reason: "403"}}
		}, []Failure{
			{TypeUser, "2", "match with the identity provider", "503"}, {Type: TypeGroup, Call: "list groups of the IdP", Reason: "403"},
		}},
		"members unknown": {func(in *Input) {
			in.Matches = []Match{linkedGroup(&MemberMatch{Unknown: "hidden membership"})}
		}, []Failure{{TypeGroup, "5", "compare the members with the identity provider", "hidden membership"}}},
		"a list with a hole, told": {func(in *Input) {
			in.Inventory.Coverage.Groups = false
			in.Inventory.Failures = []Failure{{Type: TypeGroup, Call: "list groups", Reason: "403"}}
		}, []Failure{{Type: TypeGroup, Call: "list groups", Reason: "403"}}},
		"a list with a hole, not told": {func(in *Input) {
			in.Inventory.Coverage.ServicePrincipals = false
		}, []Failure{{Type: TypeServicePrincipal, Call: "list service principals", Reason: "the list was not read to its end"}}},
		"order": {func(in *Input) {
			in.Failures = []Failure{{Call: "token", Reason: "401"}, {Type: TypeGroup, ID: "1"}, {Type: TypeUser, ID: "10"}, {Type: TypeUser, ID: "9"}}
		}, []Failure{{Type: TypeUser, ID: "9"}, {Type: TypeUser, ID: "10"}, {Type: TypeGroup, ID: "1"}, {Call: "token", Reason: "401"}}},
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
	in := scope([]Match{m})
	in.Matches = append(in.Matches, again)
	r := Divergences(in, directory())
	same(t, "scanned", r.Scanned[TypeUser], []string{"1"})
	same(t, "fixes", fixes(r), map[string]string{"user/1": "ann-id"})
}

// A match is fresher than the list: until both agree, both ids count as held.
func TestDivergences_fresherMatch(t *testing.T) {
	t.Parallel()
	moved := Match{Principal: user("2", "b", "new"), ByExternalID: ptr(identity("new", "b"))}
	for label, wanted := range map[string]string{"the match's id": "new", "the list's id": "old"} {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			m := linkable()
			m.ByName[0].ExternalID = wanted
			in := scope([]Match{m, moved})
			in.Inventory.Principals[1].ExternalID = "old"
			same(t, "reason", reasons(Divergences(in, directory()))["user/1"], ReasonHeld)
		})
	}
}
