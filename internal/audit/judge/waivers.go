// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"
)

// waiverSet answers which categories of a principal are waived. Waivers are
// few, so they are tried one by one; those bound to one id are found by it.
type waiverSet struct {
	list    []audit.Waiver
	expired []bool
	matches []int
	byID    map[string][]int
	general []int
}

func newWaiverSet(o Options) *waiverSet {
	w := &waiverSet{
		list:    o.Waivers,
		expired: make([]bool, len(o.Waivers)),
		matches: make([]int, len(o.Waivers)),
		byID:    map[string][]int{},
	}
	for i, waiver := range o.Waivers {
		w.expired[i] = !waiver.Expires.IsZero() && !o.Now.Before(waiver.Expires)
		switch {
		case waiver.ID != "":
			w.byID[waiver.ID] = append(w.byID[waiver.ID], i)
		case waiver.Type != "" || waiver.Category != "" || waiver.Cause != "":
			w.general = append(w.general, i)
		}
	}
	return w
}

// apply is the part of the set that is waived. Each principal is asked for once,
// because it counts what every waiver covers.
//
// cause is that of the principal's row; it is asked for only where a waiver names one.
func (w *waiverSet) apply(ref audit.Ref, s categorySet, cause func() string) categorySet {
	if s == 0 || len(w.list) == 0 {
		return 0
	}
	var waived categorySet
	for _, positions := range [2][]int{w.byID[ref.ID], w.general} {
		for _, i := range positions {
			covered := w.covers(i, ref, s, cause)
			w.matches[i] += covered.count()
			if !w.expired[i] {
				waived |= covered
			}
		}
	}
	return waived
}

func (w *waiverSet) covers(i int, ref audit.Ref, s categorySet, cause func() string) categorySet {
	waiver := &w.list[i]
	if waiver.Type != "" && waiver.Type != ref.Type {
		return 0
	}
	if waiver.Category != "" {
		s &= categorySetOf(waiver.Category)
	}
	switch {
	case waiver.Cause == "" || s == 0:
		return s
	case waiver.Cause != cause():
		return 0
	case waiver.Cause == rules.CauseMembers || waiver.Cause == rules.CauseMembersNested:
		return s & setMembers
	default:
		return s &^ setMembers // A row has one cause: that of its link does not excuse its members.
	}
}

// statuses reports every waiver in the order of the options. What matches
// nothing in a report with a hole could match in the hole.
func (w *waiverSet) statuses(complete bool) []audit.WaiverStatus {
	out := make([]audit.WaiverStatus, 0, len(w.list))
	for i, waiver := range w.list {
		s := audit.WaiverStatus{Waiver: waiver, State: audit.WaiverActive, Matches: w.matches[i]}
		switch {
		case w.expired[i]:
			s.State = audit.WaiverExpired
		case s.Matches > 0:
		case complete:
			s.State = audit.WaiverUnused
		default:
			s.State = audit.WaiverUnjudged
		}
		out = append(out, s)
	}
	return out
}
