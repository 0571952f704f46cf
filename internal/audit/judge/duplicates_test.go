// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestDuplicates(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	account := func(first, second audit.Principal) Input {
		first.ExternalID, second.ExternalID = "i1", "i1"
		identity := &audit.Identity{Type: first.Type, ExternalID: "i1", Names: []string{"Ann@example.com"}}
		return Input{
			Inventory: audit.Inventory{Principals: []audit.Principal{first, second}, Coverage: fullCoverage},
			Matches:   []audit.Match{{Principal: first, ByExternalID: identity}, {Principal: second, ByExternalID: identity}},
		}
	}
	a, b := user("1", "ann@example.com", ""), user("2", "old@example.com", "")
	a.Active, b.Active = ptr(true), ptr(true)
	inactive := a
	inactive.Active = ptr(false)
	unknown := a
	unknown.Active = nil
	b2 := b
	b2.Name = a.Name
	details := func(in Input, first, second audit.Details) Input {
		in.Details = map[audit.Ref]audit.Details{a.Ref: first, b.Ref: second}
		return in
	}
	cut := account(a, b)
	cut.Inventory.Coverage.Users = false
	unasked := account(a, b)
	unasked.Matches = []audit.Match{{Principal: unasked.Inventory.Principals[0], Unknown: "503"}}
	absent := account(a, b2)
	absent.Matches[0].ByExternalID, absent.Matches[1].ByExternalID = nil, nil
	group := func(id, name string) audit.Principal {
		return audit.Principal{Ref: audit.Ref{Type: audit.TypeGroup, ID: id}, Name: name}
	}
	for label, c := range map[string]struct {
		in   Input
		keep string // id; empty for none
		why  string
	}{
		"active wins over the name":      {account(inactive, b), "2", "The only one that is active."},
		"the name, in any case":          {account(a, b), "1", "The only one with the name that the identity provider has."},
		"activity not known":             {account(unknown, b), "", "No one is preferred: whether they are active is not known."},
		"groups":                         {details(account(a, b2), audit.Details{Groups: ptr(1)}, audit.Details{Groups: ptr(3)}), "2", "In more groups than the others (3)."},
		"groups of one not known":        {details(account(a, b2), audit.Details{Groups: ptr(1)}, audit.Details{}), "", "No one is preferred: the number of groups that they are in is not known."},
		"the newer one":                  {details(account(a, b2), audit.Details{Groups: ptr(1), Created: day(2)}, audit.Details{Groups: ptr(1), Created: day(1)}), "1", "Created last (2026-01-02T00:00:00Z)."},
		"equal":                          {details(account(a, b2), audit.Details{Groups: ptr(1), Created: day(2)}, audit.Details{Groups: ptr(1), Created: day(2)}), "", "No one is preferred: they are equal in all that was compared."},
		"no details":                     {account(a, b2), "", "No one is preferred: the number of groups that they are in is not known."},
		"a list with a hole":             {cut, "", "No one is preferred: the list of principals was not read in full, so there may be more of them."},
		"the IdP could not be asked":     {unasked, "", "No one is preferred: the name that the identity provider has is not known."},
		"not in the IdP, nobody matches": {details(absent, audit.Details{Groups: ptr(2)}, audit.Details{Groups: ptr(1)}), "1", "In more groups than the others (2)."},
		"groups have no state":           {account(group("1", "ann@example.com"), group("2", "b")), "1", "The only one with the name that the identity provider has."},
	} {
		r := Divergences(c.in, directory())
		if len(r.Duplicates) != 2 {
			t.Errorf("%s: %+v", label, r.Duplicates)
			continue
		}
		for _, d := range r.Duplicates {
			want := SuggestRetire
			switch {
			case c.keep == "":
				want = SuggestDecide
			case d.ID == c.keep:
				want = SuggestKeep
			}
			if d.Suggestion != want || want != SuggestRetire && d.Why != c.why || want == SuggestRetire && !strings.Contains(d.Why, "/"+c.keep+", which is ") {
				t.Errorf("%s: %s %s %q", label, d.Ref, d.Suggestion, d.Why)
			}
		}
	}
	apart := account(a, b)
	apart.Matches = nil
	if r := Divergences(apart, directory()); len(r.Duplicates) != 0 {
		t.Errorf("out of scope: %+v", r.Duplicates)
	}
}

// What was read of one by itself goes before what the list has of it, which fills what is
// missing; one that the list does not have yet is there all the same.
func TestDuplicates_listed(t *testing.T) {
	t.Parallel()
	listed := user("1", "ann@example.com", "i1")
	listed.DisplayName, listed.Active = "Ann", ptr(false)
	read := listed
	read.DisplayName, read.Active = "", ptr(true)
	late := user("2", "late@example.com", "i1")
	late.Active = ptr(false)
	silent := late
	silent.Active = nil
	identity := &audit.Identity{Type: audit.TypeUser, ExternalID: "i1"}
	r := Divergences(Input{
		Inventory: audit.Inventory{Principals: []audit.Principal{listed}, Coverage: fullCoverage},
		Matches:   []audit.Match{{Principal: read, ByExternalID: identity}, {Principal: late, ByExternalID: identity}},
	}, directory())
	if len(r.Duplicates) != 2 || r.Duplicates[0].DisplayName != "Ann" || r.Duplicates[0].Suggestion != SuggestKeep || r.Duplicates[1].Name != "late@example.com" {
		t.Fatalf("%+v", r.Duplicates)
	}
	if r.Duplicates[0].NameMatches != nil {
		t.Error("an identity without a name was compared by its name")
	}
	r = Divergences(Input{
		Inventory: audit.Inventory{Principals: []audit.Principal{listed, late}, Coverage: fullCoverage},
		Matches:   []audit.Match{{Principal: read, ByExternalID: identity}, {Principal: silent, ByExternalID: identity}},
	}, directory())
	if len(r.Duplicates) != 2 || r.Duplicates[1].Active == nil || *r.Duplicates[1].Active {
		t.Errorf("%+v", r.Duplicates)
	}
}

// oracleKeeper is the one of a cluster that is better than every other one, pair by
// pair; "" for none.
func oracleKeeper(cluster []Duplicate) string {
	better := func(x, y Duplicate) bool {
		if x.Type != audit.TypeGroup {
			if x.Active == nil || y.Active == nil {
				return false
			}
			if *x.Active != *y.Active {
				return *x.Active
			}
		}
		if x.NameMatches == nil || y.NameMatches == nil {
			return false
		}
		if *x.NameMatches != *y.NameMatches {
			return *x.NameMatches
		}
		if x.Groups == nil || y.Groups == nil {
			return false
		}
		if *x.Groups != *y.Groups {
			return *x.Groups > *y.Groups
		}
		return !x.Created.IsZero() && !y.Created.IsZero() && x.Created.After(y.Created)
	}
	for i, x := range cluster {
		all := true
		for j, y := range cluster {
			all = all && (i == j || better(x, y))
		}
		if all {
			return x.ID
		}
	}
	return ""
}

// The clusters, members and keepers are those of slow loops over the whole account.
func TestProperty_duplicatesEqualOracle(t *testing.T) {
	t.Parallel()
	kept, undecided := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWorld(rt)
		in := w.input(nil)
		in.Details = map[audit.Ref]audit.Details{}
		for _, p := range w.principals {
			var d audit.Details
			if rapid.IntRange(0, 5).Draw(rt, "groups known") > 0 {
				d.Groups = ptr(rapid.IntRange(0, 2).Draw(rt, "groups"))
			}
			if rapid.IntRange(0, 5).Draw(rt, "created known") > 0 {
				d.Created = time.Unix(rapid.Int64Range(1, 3).Draw(rt, "created"), 0)
			}
			in.Details[p.Ref] = d
		}
		r := Divergences(in, directory())
		got := map[string][]string{} // members of each cluster, by each member
		clusters := map[string][]Duplicate{}
		for _, d := range r.Duplicates {
			key := string(d.Type) + audit.CanonicalExternalID(d.ExternalID)
			clusters[key] = append(clusters[key], d)
		}
		for _, cluster := range clusters {
			var ids []string
			keeper := ""
			for _, d := range cluster {
				ids = append(ids, d.Ref.String())
				if d.Suggestion == SuggestKeep {
					keeper = d.ID
				}
			}
			for _, id := range ids {
				got[id] = ids
			}
			if want := oracleKeeper(cluster); keeper != want {
				rt.Fatalf("keeps %q, the oracle %q: %+v", keeper, want, cluster)
			}
			if keeper == "" {
				undecided++
			} else {
				kept++
			}
		}
		want := map[string][]string{}
		for _, p := range w.principals {
			var same []string
			for _, q := range w.principals {
				if p.Type == q.Type && p.ExternalID != "" && audit.SameExternalID(p.ExternalID, q.ExternalID) {
					same = append(same, q.Ref.String())
				}
			}
			if len(same) > 1 {
				want[p.Ref.String()] = same
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("(-oracle +got):\n%s", diff)
		}
		var refs []string
		for _, ref := range DuplicateHolders(in, directory()) {
			refs = append(refs, ref.String())
		}
		if len(refs) != len(want) || slices.ContainsFunc(refs, func(id string) bool { return want[id] == nil }) {
			rt.Fatalf("%v hold an id together, of %v", refs, want)
		}
	})
	if kept == 0 || undecided == 0 {
		t.Errorf("%d with a keeper, %d without", kept, undecided)
	}
}

// Principals that get an id of their own by a fix are not a choice for anyone: where all but one
// do, the fixes end it.
func TestDuplicates_endedByFixes(t *testing.T) {
	t.Parallel()
	people := []audit.Principal{user("1", "ann@example.com", "shared"), user("2", "ben@example.com", "shared"), user("3", "cy@example.com", "shared")}
	for label, c := range map[string]struct {
		fixed int
		want  []Suggestion
	}{
		"all":         {3, []Suggestion{SuggestFix, SuggestFix, SuggestFix}},
		"all but one": {2, []Suggestion{SuggestFix, SuggestFix, SuggestKeep}},
		"one":         {1, []Suggestion{SuggestFix, SuggestDecide, SuggestDecide}},
	} {
		in := Input{Inventory: audit.Inventory{Principals: people, Coverage: fullCoverage}, Privileges: map[audit.Ref]audit.Privilege{}}
		for i, p := range people {
			m := audit.Match{Principal: p}
			if i < c.fixed {
				m.ByName = []audit.Identity{{Type: audit.TypeUser, ExternalID: "own-" + p.ID, Names: []string{p.Name}, Enabled: ptr(true)}}
			}
			in.Matches = append(in.Matches, m)
			in.Privileges[p.Ref] = audit.Privilege{}
		}
		r := Divergences(in, directory())
		if len(r.ExternalIDFixes) != c.fixed || len(r.Duplicates) != 3 {
			t.Fatalf("%s: %d fixes, %+v", label, len(r.ExternalIDFixes), r.Duplicates)
		}
		for i, d := range r.Duplicates {
			if d.Suggestion != c.want[i] || d.Suggestion == SuggestFix && d.Why != "Its fix in external_id_fixes gives it another external id (own-"+d.ID+")." {
				t.Errorf("%s: %s %s %q", label, d.Ref, d.Suggestion, d.Why)
			}
		}
	}
}
