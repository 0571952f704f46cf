// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"slices"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// holderIndex finds the principals that hold an externalId, over all types.
// Chains are arrays of positions, so that a million principals cost one map
// and three slices.
type holderIndex struct {
	form func(string) string
	byID map[string]chain
	refs []audit.Ref
	next []int32
}

type chain struct{ head, tail int32 }

// newHolderIndex indexes the inventory and, where a match is fresher than the
// list, both of its values: an id counts as held while either says so.
// Inventory and matches are sorted.
func newHolderIndex(inventory []audit.Principal, matches []*audit.Match, form func(string) string) *holderIndex {
	x := &holderIndex{
		form: form,
		byID: make(map[string]chain, len(inventory)),
		refs: make([]audit.Ref, 0, len(inventory)),
		next: make([]int32, 0, len(inventory)),
	}
	for i := range inventory {
		x.add(inventory[i].Ref, inventory[i].ExternalID)
	}
	at := 0
	for _, m := range matches {
		for at < len(inventory) && audit.CompareRefs(inventory[at].Ref, m.Principal.Ref) < 0 {
			at++
		}
		listed := at < len(inventory) && inventory[at].Ref == m.Principal.Ref &&
			inventory[at].ExternalID == m.Principal.ExternalID
		if !listed {
			x.add(m.Principal.Ref, m.Principal.ExternalID)
		}
	}
	return x
}

func (x *holderIndex) add(ref audit.Ref, externalID string) {
	if externalID == "" {
		return
	}
	key, at := audit.CanonicalExternalID(x.form(externalID)), int32(len(x.refs))
	x.refs = append(x.refs, ref)
	x.next = append(x.next, -1)
	c, found := x.byID[key]
	if !found {
		x.byID[key] = chain{head: at, tail: at}
		return
	}
	x.next[c.tail] = at
	c.tail = at
	x.byID[key] = c
}

// other is a principal besides ref that holds the id in any spelling of it.
// A blank id is held by no one.
func (x *holderIndex) other(externalID string, ref audit.Ref) (audit.Ref, bool) {
	if externalID == "" {
		return audit.Ref{}, false
	}
	c, found := x.byID[audit.CanonicalExternalID(x.form(externalID))]
	if !found {
		return audit.Ref{}, false
	}
	for at := c.head; at >= 0; at = x.next[at] {
		if x.refs[at] != ref {
			return x.refs[at], true
		}
	}
	return audit.Ref{}, false
}

// sortedPrincipals is the list in order; it is copied only where it must be.
func sortedPrincipals(list []audit.Principal) []audit.Principal {
	byRef := func(a, b audit.Principal) int { return audit.CompareRefs(a.Ref, b.Ref) }
	if slices.IsSortedFunc(list, byRef) {
		return list
	}
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, byRef)
	return sorted
}

// sortedMatches points at the matches in order, the first of each principal.
func sortedMatches(list []audit.Match) []*audit.Match {
	sorted := make([]*audit.Match, len(list))
	for i := range list {
		sorted[i] = &list[i]
	}
	byRef := func(a, b *audit.Match) int { return audit.CompareRefs(a.Principal.Ref, b.Principal.Ref) }
	if !slices.IsSortedFunc(sorted, byRef) {
		slices.SortStableFunc(sorted, byRef)
	}
	return slices.CompactFunc(sorted, func(a, b *audit.Match) bool { return a.Principal.Ref == b.Principal.Ref })
}
