// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"testing"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"
)

func TestDivergences_waivers(t *testing.T) {
	t.Parallel()
	o := directory()
	matches := []audit.Match{
		{Principal: user("1", "a", "gone"), ByName: []audit.Identity{identity("y", "a")}}, // categories 1 and 3
		{Principal: group("1", "g", "gone")},                                              // category 1
	}
	cases := map[string]struct {
		waivers []audit.Waiver
		waived  map[string]bool
		clean   bool
		states  []audit.WaiverState
		matches []int
	}{
		"none": {nil, map[string]bool{"user/1": false, "group/1": false}, false, []audit.WaiverState{}, []int{}},
		"by id": {
			[]audit.Waiver{{ID: "1"}}, map[string]bool{"user/1": true, "group/1": true}, true,
			[]audit.WaiverState{audit.WaiverActive}, []int{3},
		},
		"by type and id": {
			[]audit.Waiver{{Type: audit.TypeUser, ID: "1"}}, map[string]bool{"user/1": true, "group/1": false}, false,
			[]audit.WaiverState{audit.WaiverActive}, []int{2},
		},
		"by category": {
			[]audit.Waiver{{Category: rules.CategoryExternalIDNotInIDP}}, map[string]bool{"user/1": false, "group/1": true}, false,
			[]audit.WaiverState{audit.WaiverActive}, []int{2},
		},
		"by cause": {
			[]audit.Waiver{{Cause: rules.CauseStale}}, map[string]bool{"user/1": false, "group/1": true}, false,
			[]audit.WaiverState{audit.WaiverActive}, []int{1},
		},
		"by cause and type": {
			[]audit.Waiver{{Cause: rules.CauseStale, Type: audit.TypeUser}, {Cause: rules.CauseLinkable, Type: audit.TypeUser}}, map[string]bool{"user/1": true, "group/1": false}, false,
			[]audit.WaiverState{audit.WaiverUnused, audit.WaiverActive}, []int{0, 2},
		},
		"by cause and category": {
			[]audit.Waiver{{Cause: rules.CauseLinkable, Category: rules.CategoryExternalIDNotInIDP}}, map[string]bool{"user/1": false, "group/1": false}, false,
			[]audit.WaiverState{audit.WaiverActive}, []int{1},
		},
		"several together": {
			[]audit.Waiver{{Category: rules.CategoryExternalIDNotInIDP}, {Type: audit.TypeUser, ID: "1", Category: rules.CategoryExternalIDMismatch}},
			map[string]bool{"user/1": true, "group/1": true}, true,
			[]audit.WaiverState{audit.WaiverActive, audit.WaiverActive}, []int{2, 1},
		},
		"expires later": {
			[]audit.Waiver{{ID: "1", Expires: o.Now.Add(time.Second)}}, map[string]bool{"user/1": true, "group/1": true}, true,
			[]audit.WaiverState{audit.WaiverActive}, []int{3},
		},
		"expires now": {
			[]audit.Waiver{{ID: "1", Expires: o.Now}}, map[string]bool{"user/1": false, "group/1": false}, false,
			[]audit.WaiverState{audit.WaiverExpired}, []int{3},
		},
		"expired and without a match": {
			[]audit.Waiver{{ID: "7", Expires: o.Now}}, map[string]bool{"user/1": false, "group/1": false}, false,
			[]audit.WaiverState{audit.WaiverExpired}, []int{0},
		},
		"unused": {
			[]audit.Waiver{{ID: "7"}, {Category: rules.CategoryLocalMembers}, {Category: rules.CategoryFederationDisabled}},
			map[string]bool{"user/1": false, "group/1": false}, false,
			[]audit.WaiverState{audit.WaiverUnused, audit.WaiverUnused, audit.WaiverUnused}, []int{0, 0, 0},
		},
		"an empty one matches nothing": {
			[]audit.Waiver{{Reason: "all of it"}}, map[string]bool{"user/1": false, "group/1": false}, false,
			[]audit.WaiverState{audit.WaiverUnused}, []int{0},
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
			states, counts := []audit.WaiverState{}, []int{}
			for i, s := range r.Waivers {
				same(t, "order", s.Waiver, c.waivers[i])
				states, counts = append(states, s.State), append(counts, s.Matches)
			}
			same(t, "states", states, c.states)
			same(t, "matches", counts, c.matches)
			same(t, "counts include waived ones", r.Counts[rules.CategoryExternalIDNotInIDP], 2)
		})
	}
}

// A waiver for a principal that could not be judged is not called unused.
func TestDivergences_waiverUnjudged(t *testing.T) {
	t.Parallel()
	o := directory()
	o.Waivers = []audit.Waiver{{ID: "1"}}
	r := Divergences(scope([]audit.Match{{Principal: user("1", "a", "x"), Unknown: "500"}}), o)
	same(t, "state", r.Waivers[0].State, audit.WaiverUnjudged)
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
		"the link's":       {stale, rules.CauseStale, false, 2},
		"the members'":     {members, rules.CauseMembers, true, 0},
		"not the members'": {members, rules.CauseStale, false, 2},
	} {
		o := o
		o.Waivers = []audit.Waiver{{Type: audit.TypeGroup, Cause: c.cause}}
		r := Divergences(c.in, o)
		if len(r.Groups) != 1 || r.Groups[0].Waived != c.waived || len(r.MemberRemovals)+len(r.ManualActions) != c.open {
			t.Errorf("%s: rows %+v, removals %v, manual actions %v", label, r.Groups, r.MemberRemovals, r.ManualActions)
		}
	}
}
