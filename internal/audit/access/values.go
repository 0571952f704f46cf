// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package access

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// boolean is a known truth value; nil is unknown.
func boolean(b bool) *bool { return &b }

func isTrue(b *bool) bool  { return b != nil && *b }
func isFalse(b *bool) bool { return b != nil && !*b }

// firstOf is the smaller of two reasons, or the one that there is.
func firstOf(a, b string) string {
	if a != "" && b != "" {
		return min(a, b)
	}
	return cmp.Or(a, b)
}

func sortedIDs(set map[string]bool) []string {
	return slices.SortedFunc(maps.Keys(set), audit.CompareIDs)
}

// shownName is the name of a principal for people.
func shownName(p audit.Principal) string { return cmp.Or(p.DisplayName, p.Name, p.String()) }

// comparePrincipals orders two entries of one group.
func comparePrincipals(a, b audit.Principal) int {
	return cmp.Or(
		strings.Compare(a.Name, b.Name), strings.Compare(a.ExternalID, b.ExternalID), strings.Compare(a.DisplayName, b.DisplayName),
	)
}

// compareNames is the order of rows (R14): by lower-cased name, then id.
func compareNames(nameA, idA, nameB, idB string) int {
	return cmp.Or(strings.Compare(strings.ToLower(nameA), strings.ToLower(nameB)), audit.CompareIDs(idA, idB))
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.SortedFunc(maps.Keys(m), audit.CompareIDs)
}
