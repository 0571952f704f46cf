// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package audit

import (
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The order is that of package slices, of equal rows too: of short lists, which are sorted by
// insertion, and of long ones.
func TestSortFunc_equalsSlices(t *testing.T) {
	t.Parallel()
	type row struct{ key, at int }
	compare := func(a, b row) int { return cmp.Compare(a.key, b.key) }
	rapid.Check(t, func(rt *rapid.T) {
		keys := rapid.IntRange(0, rapid.SampledFrom([]int{1, 9, 1000}).Draw(rt, "keys"))
		list := make([]row, rapid.IntRange(0, rapid.SampledFrom([]int{13, 60, 600}).Draw(rt, "most")).Draw(rt, "rows"))
		for i := range list {
			list[i] = row{keys.Draw(rt, "key"), i}
		}
		for name, sorts := range map[string][2]func([]row, func(a, b row) int){
			"SortFunc":       {slices.SortFunc[[]row], SortFunc[[]row]},
			"SortStableFunc": {slices.SortStableFunc[[]row], SortStableFunc[[]row]},
		} {
			want, got := slices.Clone(list), slices.Clone(list)
			sorts[0](want, compare)
			sorts[1](got, compare)
			if !slices.Equal(want, got) {
				rt.Errorf("%s of %v: %v, want %v", name, list, got, want)
			}
		}
	})
}
