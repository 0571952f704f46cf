// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package ledger says what a remediation ledger will hold: pure, and without knowing what
// its entries are.
package ledger

import (
	"maps"
	"slices"
)

// Input is what the plan of a remediation ledger depends on: nothing but
// configuration and prior state, so that Terraform gets the same answer when it
// plans again during apply.
type Input[E any] struct {
	// Pending is what the data sources want now, by key.
	Pending map[string]E
	// Tracked is what the ledger remembers, by key.
	Tracked map[string]E
	// Observed is what the account held at the last refresh, by key. A key
	// that is missing was not checked since it was tracked.
	Observed map[string]string
	// Exclude are keys that the ledger must not hold.
	Exclude map[string]bool
	// Wanted is the value that an entry wants the account to hold. Two entries
	// of one key with equal wanted values are the same entry.
	Wanted func(E) string
	// Shown is what Observed has once the entry is in effect; nil is Wanted.
	Shown func(E) string
	// Renew is for a pending entry that is tracked with the same wanted value. It
	// returns the tracked entry with the current value of the pending one, and true,
	// where applying it would replace another value than the one that was reviewed;
	// nil where that cannot be.
	Renew func(tracked, pending E) (E, bool)
}

// Plan is what the ledger will hold, and how it gets there. The key lists
// are sorted.
type Plan[E any] struct {
	Entries map[string]E
	// New are keys that were not tracked; Changed have a new wanted value, or are
	// going to replace another current value than the one that was reviewed.
	New, Changed []string
	// Settled are tracked keys that are not pending any more although the
	// account holds something else than they wanted; Excluded were tracked.
	Settled, Excluded []string
}

// Same reports whether the ledger stays exactly as it is.
func (p Plan[E]) Same() bool {
	return len(p.New)+len(p.Changed)+len(p.Settled)+len(p.Excluded) == 0
}

// Merge puts together what is pending and what was tracked.
//
//   - A pending key that is tracked with the same wanted value keeps the tracked
//     entry: current value, names and category stay as they were first seen. Only
//     a current value that is neither the one first seen nor the wanted one is
//     taken over, so that the plan shows which value would be replaced. A new
//     wanted value replaces the entry.
//   - A tracked key that is not pending stays: its divergence is gone because the
//     fix worked. If the account was seen to hold something else than the wanted
//     value, it was settled in another way, and the entry is dropped. That the
//     audit could not judge it makes no difference: nothing is written on a ground
//     that is not known now.
//   - Excluded keys are dropped and not taken in.
func Merge[E any](in Input[E]) Plan[E] {
	shown := in.Shown
	if shown == nil {
		shown = in.Wanted
	}
	p := Plan[E]{Entries: make(map[string]E, max(len(in.Tracked), len(in.Pending)))}
	for _, key := range slices.Sorted(maps.Keys(in.Pending)) {
		if in.Exclude[key] {
			continue
		}
		entry, tracked := in.Tracked[key]
		switch {
		case !tracked:
			p.New = append(p.New, key)
			entry = in.Pending[key]
		case in.Wanted(entry) != in.Wanted(in.Pending[key]):
			p.Changed = append(p.Changed, key)
			entry = in.Pending[key]
		case in.Renew != nil:
			var renewed bool
			if entry, renewed = in.Renew(entry, in.Pending[key]); renewed {
				p.Changed = append(p.Changed, key)
			}
		}
		p.Entries[key] = entry
	}
	for _, key := range slices.Sorted(maps.Keys(in.Tracked)) {
		entry := in.Tracked[key]
		if in.Exclude[key] {
			p.Excluded = append(p.Excluded, key)
			continue
		}
		if _, pending := in.Pending[key]; pending {
			continue
		}
		if observed, seen := in.Observed[key]; seen && observed != shown(entry) {
			p.Settled = append(p.Settled, key)
			continue
		}
		p.Entries[key] = entry
	}
	return p
}
