// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package audit

import "sort"

// SortFunc is [slices.SortFunc], which is compiled anew for each type of element, 15 to 35 KiB a
// time: a megabyte of code to sort the rows of reports. This is a few instructions around
// [sort.Slice], which has the same steps, so that equal rows end up in the same places. The
// principals of a whole account, which have to be sorted fast, keep slices.SortFunc.
func SortFunc[S ~[]E, E any](list S, compare func(a, b E) int) {
	sort.Slice(list, func(i, j int) bool { return compare(list[i], list[j]) < 0 })
}

// SortStableFunc is [slices.SortStableFunc] in the same way.
func SortStableFunc[S ~[]E, E any](list S, compare func(a, b E) int) {
	sort.SliceStable(list, func(i, j int) bool { return compare(list[i], list[j]) < 0 })
}
