// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package ledger

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

type ledgerEntry struct{ wanted, seen string }

func wantedOf(e ledgerEntry) string { return e.wanted }

func TestMerge(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in   Input[ledgerEntry]
		want Plan[ledgerEntry]
	}{
		"empty": {want: Plan[ledgerEntry]{Entries: map[string]ledgerEntry{}}},
		"a new divergence is taken in": {
			in: Input[ledgerEntry]{Pending: map[string]ledgerEntry{"user/1": {"a", "first"}}},
			want: Plan[ledgerEntry]{
				Entries: map[string]ledgerEntry{"user/1": {"a", "first"}}, New: []string{"user/1"},
			},
		},
		"a tracked entry stays frozen while it is pending": {
			in: Input[ledgerEntry]{
				Pending: map[string]ledgerEntry{"user/1": {"a", "drifted"}},
				Tracked: map[string]ledgerEntry{"user/1": {"a", "first"}},
				// Drift: pending again, so what the account holds does not matter.
				Observed: map[string]string{"user/1": "wrong"},
			},
			want: Plan[ledgerEntry]{Entries: map[string]ledgerEntry{"user/1": {"a", "first"}}},
		},
		"a new wanted value wins": {
			in: Input[ledgerEntry]{
				Pending: map[string]ledgerEntry{"user/1": {"b", "second"}},
				Tracked: map[string]ledgerEntry{"user/1": {"a", "first"}},
			},
			want: Plan[ledgerEntry]{
				Entries: map[string]ledgerEntry{"user/1": {"b", "second"}}, Changed: []string{"user/1"},
			},
		},
		"a value that was not reviewed is taken over": {
			in: Input[ledgerEntry]{
				Pending: map[string]ledgerEntry{"user/1": {"a", "third"}, "user/2": {"a", "a"}, "user/3": {"a", "first"}},
				Tracked: map[string]ledgerEntry{"user/1": {"a", "first"}, "user/2": {"a", "first"}, "user/3": {"a", "first"}},
				Renew: func(tracked, pending ledgerEntry) (ledgerEntry, bool) {
					return pending, pending.seen != tracked.seen && pending.seen != tracked.wanted
				},
			},
			want: Plan[ledgerEntry]{
				Entries: map[string]ledgerEntry{"user/1": {"a", "third"}, "user/2": {"a", "a"}, "user/3": {"a", "first"}}, Changed: []string{"user/1"},
			},
		},
		"a fixed entry stays": {
			in: Input[ledgerEntry]{
				Tracked:  map[string]ledgerEntry{"user/1": {"a", "first"}},
				Observed: map[string]string{"user/1": "a"},
			},
			want: Plan[ledgerEntry]{Entries: map[string]ledgerEntry{"user/1": {"a", "first"}}},
		},
		"what is shown decides whether it is settled, not what makes entries the same": {
			in: Input[ledgerEntry]{
				Tracked:  map[string]ledgerEntry{"1/2": {"a", "first"}, "1/3": {"a", "first"}},
				Observed: map[string]string{"1/2": "present", "1/3": "a"},
				Shown:    func(ledgerEntry) string { return "present" },
			},
			want: Plan[ledgerEntry]{Entries: map[string]ledgerEntry{"1/2": {"a", "first"}}, Settled: []string{"1/3"}},
		},
		"an entry that was not checked since stays": {
			in: Input[ledgerEntry]{
				Tracked: map[string]ledgerEntry{"user/1": {"a", "first"}},
			},
			want: Plan[ledgerEntry]{Entries: map[string]ledgerEntry{"user/1": {"a", "first"}}},
		},
		"what was settled otherwise is dropped": {
			in: Input[ledgerEntry]{
				Tracked:  map[string]ledgerEntry{"user/1": {"a", "first"}, "user/2": {"b", "first"}},
				Observed: map[string]string{"user/1": "other", "user/2": ""},
			},
			want: Plan[ledgerEntry]{
				Entries: map[string]ledgerEntry{}, Settled: []string{"user/1", "user/2"},
			},
		},
		"excluded keys are dropped and not taken in": {
			in: Input[ledgerEntry]{
				Pending: map[string]ledgerEntry{"user/1": {"a", ""}, "user/2": {"b", ""}},
				Tracked: map[string]ledgerEntry{"user/2": {"b", ""}},
				Exclude: map[string]bool{"user/1": true, "user/2": true},
			},
			want: Plan[ledgerEntry]{Entries: map[string]ledgerEntry{}, Excluded: []string{"user/2"}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.in.Wanted = wantedOf
			got := Merge(tt.in)
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(ledgerEntry{})); diff != "" {
				t.Errorf("plan differs (-want +got):\n%s", diff)
			}
		})
	}
}

// The fixed point: once the planned entries are the account's truth, nothing is
// pending any more, and the ledger stays as it is.
func TestMerge_fixedPoint(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SampledFrom([]string{"user/1", "user/2", "group/3", "service_principal/4"})
		entry := rapid.Custom(func(t *rapid.T) ledgerEntry {
			return ledgerEntry{rapid.StringMatching("[ab]").Draw(t, "wanted"), rapid.StringMatching("[xy]?").Draw(t, "seen")}
		})
		in := Input[ledgerEntry]{
			Pending:  rapid.MapOf(keys, entry).Draw(t, "pending"),
			Tracked:  rapid.MapOf(keys, entry).Draw(t, "tracked"),
			Observed: rapid.MapOf(keys, rapid.StringMatching("[abx]?")).Draw(t, "observed"),
			Exclude:  rapid.MapOf(keys, rapid.Just(true)).Draw(t, "exclude"),
			Wanted:   wantedOf,
		}
		first := Merge(in)
		again := Merge(in)
		if diff := cmp.Diff(first, again, cmp.AllowUnexported(ledgerEntry{})); diff != "" {
			t.Fatalf("the second plan of an apply differs:\n%s", diff)
		}
		for key := range first.Entries {
			if in.Exclude[key] {
				t.Fatalf("excluded key %s was taken in", key)
			}
		}
		next := in
		next.Tracked = first.Entries
		next.Pending = nil
		next.Observed = map[string]string{}
		for key, e := range first.Entries {
			next.Observed[key] = e.wanted
		}
		second := Merge(next)
		if !second.Same() || !maps.Equal(second.Entries, first.Entries) {
			t.Fatalf("after a successful apply the ledger changes: %+v", second)
		}
	})
}

// A plan is the same only where nothing of any kind changes.
func TestPlan_same(t *testing.T) {
	t.Parallel()
	k := []string{"user/1"}
	for want, plans := range map[bool][]Plan[ledgerEntry]{
		true: {{}},
		false: {
			{New: k}, {Changed: k}, {Settled: k}, {Excluded: k}, {New: k, Changed: k}, {New: k, Settled: k}, {New: k, Excluded: k},
			{Changed: k, Settled: k}, {Settled: k, Excluded: k}, {New: k, Changed: k, Settled: k, Excluded: k},
		},
	} {
		for _, p := range plans {
			if p.Same() != want {
				t.Errorf("%+v is the same: %t", p, !want)
			}
		}
	}
}
