// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package audit

import (
	"testing"
	"time"
)

func TestDivergences_waivers(t *testing.T) {
	t.Parallel()
	o := directory()
	matches := []Match{
		{Principal: user("1", "a", "gone"), ByName: []Identity{identity("y", "a")}}, // categories 1 and 3
		{Principal: group("1", "g", "gone")},                                        // category 1
	}
	cases := map[string]struct {
		waivers []Waiver
		waived  map[string]bool
		clean   bool
		states  []WaiverState
		matches []int
	}{
		"none": {nil, map[string]bool{"user/1": false, "group/1": false}, false, []WaiverState{}, []int{}},
		"by id": {
			[]Waiver{{ID: "1"}}, map[string]bool{"user/1": true, "group/1": true}, true,
			[]WaiverState{WaiverActive}, []int{3},
		},
		"by type and id": {
			[]Waiver{{Type: TypeUser, ID: "1"}}, map[string]bool{"user/1": true, "group/1": false}, false,
			[]WaiverState{WaiverActive}, []int{2},
		},
		"by category": {
			[]Waiver{{Category: CategoryExternalIDNotInIDP}}, map[string]bool{"user/1": false, "group/1": true}, false,
			[]WaiverState{WaiverActive}, []int{2},
		},
		"by cause": {
			[]Waiver{{Cause: CauseStale}}, map[string]bool{"user/1": false, "group/1": true}, false,
			[]WaiverState{WaiverActive}, []int{1},
		},
		"by cause and type": {
			[]Waiver{{Cause: CauseStale, Type: TypeUser}, {Cause: CauseLinkable, Type: TypeUser}}, map[string]bool{"user/1": true, "group/1": false}, false,
			[]WaiverState{WaiverUnused, WaiverActive}, []int{0, 2},
		},
		"by cause and category": {
			[]Waiver{{Cause: CauseLinkable, Category: CategoryExternalIDNotInIDP}}, map[string]bool{"user/1": false, "group/1": false}, false,
			[]WaiverState{WaiverActive}, []int{1},
		},
		"several together": {
			[]Waiver{{Category: CategoryExternalIDNotInIDP}, {Type: TypeUser, ID: "1", Category: CategoryExternalIDMismatch}},
			map[string]bool{"user/1": true, "group/1": true}, true,
			[]WaiverState{WaiverActive, WaiverActive}, []int{2, 1},
		},
		"expires later": {
			[]Waiver{{ID: "1", Expires: o.Now.Add(time.Second)}}, map[string]bool{"user/1": true, "group/1": true}, true,
			[]WaiverState{WaiverActive}, []int{3},
		},
		"expires now": {
			[]Waiver{{ID: "1", Expires: o.Now}}, map[string]bool{"user/1": false, "group/1": false}, false,
			[]WaiverState{WaiverExpired}, []int{3},
		},
		"expired and without a match": {
			[]Waiver{{ID: "7", Expires: o.Now}}, map[string]bool{"user/1": false, "group/1": false}, false,
			[]WaiverState{WaiverExpired}, []int{0},
		},
		"unused": {
			[]Waiver{{ID: "7"}, {Category: CategoryLocalMembers}, {Category: CategoryFederationDisabled}},
			map[string]bool{"user/1": false, "group/1": false}, false,
			[]WaiverState{WaiverUnused, WaiverUnused, WaiverUnused}, []int{0, 0, 0},
		},
		"an empty one matches nothing": {
			[]Waiver{{Reason: "all of it"}}, map[string]bool{"user/1": false, "group/1": false}, false,
			[]WaiverState{WaiverUnused}, []int{0},
		},
	}
	for label, c := range cases {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			o := o
			o.Waivers = c.waivers
			r := Divergences(scope(matches), o)
			waived := map[string]bool{}
			for ref, d := range divergences(r) {
				waived[ref] = d.Waived
			}
			same(t, "waived", waived, c.waived)
			same(t, "clean", r.Clean, c.clean)
			states, counts := []WaiverState{}, []int{}
			for i, s := range r.Waivers {
				same(t, "order", s.Waiver, c.waivers[i])
				states, counts = append(states, s.State), append(counts, s.Matches)
			}
			same(t, "states", states, c.states)
			same(t, "matches", counts, c.matches)
			same(t, "counts include waived ones", r.Counts[CategoryExternalIDNotInIDP], 2)
		})
	}
}

// A waiver for a principal that could not be judged is not called unused.
func TestDivergences_waiverUnjudged(t *testing.T) {
	t.Parallel()
	o := directory()
	o.Waivers = []Waiver{{ID: "1"}}
	r := Divergences(scope([]Match{{Principal: user("1", "a", "x"), Unknown: "500"}}), o)
	same(t, "state", r.Waivers[0].State, WaiverUnjudged)
}

// A row has one cause. That of its link does not excuse its members, nor the other way.
func TestDivergences_waivedCauseAndMembers(t *testing.T) {
	t.Parallel()
	stale, o := removable()
	stale.Matches[2].ByExternalID = nil // The group is not in the IdP, and its members are not either.
	members, _ := removable()
	for label, c := range map[string]struct {
		in     Input
		cause  string
		waived bool
		open   int
	}{
		"the link's":       {stale, CauseStale, false, 2},
		"the members'":     {members, CauseMembers, true, 0},
		"not the members'": {members, CauseStale, false, 2},
	} {
		o := o
		o.Waivers = []Waiver{{Type: TypeGroup, Cause: c.cause}}
		r := Divergences(c.in, o)
		if len(r.Groups) != 1 || r.Groups[0].Waived != c.waived || len(r.MemberRemovals)+len(r.ManualActions) != c.open {
			t.Errorf("%s: rows %+v, removals %v, manual actions %v", label, r.Groups, r.MemberRemovals, r.ManualActions)
		}
	}
}
