// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"slices"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// refIndex finds principals by a key. Nearly every key is that of one principal, so the
// others lie in a map of their own: without any, a million principals cost one map.
type refIndex struct {
	first map[string]*audit.Ref
	more  map[string][]*audit.Ref // without the first
}

func newRefIndex(size int) refIndex {
	return refIndex{first: make(map[string]*audit.Ref, size), more: map[string][]*audit.Ref{}}
}

func (x *refIndex) add(key string, ref *audit.Ref) {
	if _, found := x.first[key]; found {
		x.more[key] = append(x.more[key], ref)
		return
	}
	x.first[key] = ref
}

// other is the first principal with the key that is not ref.
func (x *refIndex) other(key string, ref audit.Ref) (audit.Ref, bool) {
	if first, found := x.first[key]; found && *first != ref {
		return *first, true
	}
	return x.besides(key, ref)
}

// besides is other for a ref that was added with the key: a look into the small map is
// all that most need.
func (x *refIndex) besides(key string, ref audit.Ref) (audit.Ref, bool) {
	more := x.more[key]
	if len(more) == 0 {
		return audit.Ref{}, false
	}
	if first := x.first[key]; *first != ref {
		return *first, true
	}
	if i := slices.IndexFunc(more, func(r *audit.Ref) bool { return *r != ref }); i >= 0 {
		return *more[i], true
	}
	return audit.Ref{}, false
}

// holderIndex finds the principals that hold an externalId, over all types.
type holderIndex struct {
	form func(string) string
	byID refIndex
}

// newHolderIndex indexes the inventory and, where a match is fresher than the
// list, both of its values: an id counts as held while either says so.
// Inventory and matches are sorted.
func newHolderIndex(inventory []audit.Principal, matches []*audit.Match, form func(string) string) *holderIndex {
	x := &holderIndex{form: form, byID: newRefIndex(len(inventory))}
	for i := range inventory {
		x.add(&inventory[i])
	}
	at := 0
	for _, m := range matches {
		for at < len(inventory) && audit.CompareRefs(inventory[at].Ref, m.Principal.Ref) < 0 {
			at++
		}
		listed := at < len(inventory) && inventory[at].Ref == m.Principal.Ref &&
			inventory[at].ExternalID == m.Principal.ExternalID
		if !listed {
			x.add(&m.Principal)
		}
	}
	return x
}

func (x *holderIndex) add(p *audit.Principal) {
	if p.ExternalID != "" {
		x.byID.add(x.key(p.ExternalID), &p.Ref)
	}
}

// key is an id in the form in which ids are compared.
func (x *holderIndex) key(externalID string) string {
	return audit.CanonicalExternalID(x.form(externalID))
}

// other is a principal besides ref that holds the id in any spelling of it.
// A blank id is held by no one.
func (x *holderIndex) other(externalID string, ref audit.Ref) (audit.Ref, bool) {
	if externalID == "" {
		return audit.Ref{}, false
	}
	return x.byID.other(x.key(externalID), ref)
}

// besides is other for the id of a principal that is indexed with it.
func (x *holderIndex) besides(p *audit.Principal) (audit.Ref, bool) {
	if p.ExternalID == "" || len(x.byID.more) == 0 {
		return audit.Ref{}, false
	}
	return x.byID.besides(x.key(p.ExternalID), p.Ref)
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
