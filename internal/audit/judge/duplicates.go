// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Suggestion is what to do with one of several principals of the same external id.
type Suggestion string

// The suggestions. SuggestFix is for those that get an id of their own by a fix; where that leaves
// one, it is SuggestKeep. With SuggestKeep for one, the others are SuggestRetire: what they have
// is moved to it. SuggestDecide is for all of them where the facts do not prefer one.
const (
	SuggestFix    Suggestion = "fix"
	SuggestKeep   Suggestion = "keep"
	SuggestRetire Suggestion = "retire"
	SuggestDecide Suggestion = "decide"
)

// Duplicate is one of several principals of one type that store the same external id. Nothing is
// offered: support cannot merge two records, and moving what one of them has is a
// person's work.
type Duplicate struct {
	audit.Ref
	Name, DisplayName string
	// ExternalID is the id in the form in which ids are compared, the same for all of them.
	ExternalID string
	// Active is nil where it is not known and for groups; NameMatches, whether the IdP calls the
	// identity so, in any case, nil where it could not be asked.
	Active, NameMatches *bool
	audit.Details

	Suggestion Suggestion
	// Why is the reason of the suggestion, a sentence.
	Why string
}

// DuplicateHolders are the principals that [Divergences] reports as duplicates, sorted: those
// whose [audit.Details] help to choose.
func DuplicateHolders(in Input, o Options) []audit.Ref {
	var out []audit.Ref
	for _, cluster := range (duplicateFinder{newAuditor(nil, in, o)}).clusters() {
		out = append(out, cluster.refs...)
	}
	slices.SortFunc(out, audit.CompareRefs)
	return out
}

// cluster is the principals of one type that hold one external id, sorted.
type cluster struct {
	id   string // in the form in which ids are compared
	refs []audit.Ref
}

// duplicateFinder finds principals that store the same external id.
type duplicateFinder struct{ *auditor }

// clusters are those of which at least one principal is in scope, in the order of their
// first.
func (f duplicateFinder) clusters() []cluster {
	var out []cluster
	for id, more := range f.holders.byID.more {
		holders := append([]*audit.Ref{f.holders.byID.first[id]}, more...)
		for _, t := range audit.PrincipalTypes() {
			var refs []audit.Ref
			scoped := false
			for _, ref := range holders {
				if ref.Type == t {
					_, in := f.matchAt(*ref)
					scoped, refs = scoped || in, append(refs, *ref)
				}
			}
			slices.SortFunc(refs, audit.CompareRefs)
			if refs = slices.Compact(refs); scoped && len(refs) > 1 {
				out = append(out, cluster{id, refs})
			}
		}
	}
	slices.SortFunc(out, func(x, y cluster) int {
		return cmp.Or(audit.CompareRefs(x.refs[0], y.refs[0]), strings.Compare(x.id, y.id))
	})
	return out
}

// list are the members of all clusters, cluster by cluster.
func (f duplicateFinder) list(fixes []ExternalIDFix) []Duplicate {
	var out []Duplicate
	fixed := map[audit.Ref]string{}
	for i := range fixes {
		fixed[fixes[i].Ref] = fixes[i].ExternalID
	}
	for _, of := range f.clusters() {
		list := make([]Duplicate, len(of.refs))
		identity, known := f.sharedIdentity(of.refs)
		for i, ref := range of.refs {
			p := f.listed(ref)
			if at, found := f.matchAt(ref); found {
				p = withListed(f.matches[at].Principal, p)
			}
			d := Duplicate{Ref: ref, Name: p.Name, DisplayName: p.DisplayName, Active: p.Active, ExternalID: of.id, Details: f.in.Details[ref]}
			if ref.Type == audit.TypeGroup {
				d.Active = nil
			}
			if known {
				matches := identity != nil && hasNameInAnyCase(identity, p.Name)
				d.NameMatches = &matches
			}
			list[i] = d
		}
		var left []*Duplicate
		for i := range list {
			if id, found := fixed[list[i].Ref]; found && !audit.SameExternalID(id, of.id) {
				list[i].Suggestion, list[i].Why = SuggestFix, "Its fix in external_id_fixes gives it another external id ("+cmp.Or(id, "none")+")."
				continue
			}
			left = append(left, &list[i])
		}
		f.suggest(left)
		out = append(out, list...)
	}
	return out
}

// withListed is a principal with what only the list has of it.
func withListed(p audit.Principal, listed *audit.Principal) *audit.Principal {
	if listed != nil {
		p.Name, p.DisplayName = cmp.Or(p.Name, listed.Name), cmp.Or(p.DisplayName, listed.DisplayName)
		if p.Active == nil {
			p.Active = listed.Active
		}
	}
	return &p
}

// sharedIdentity is the identity of the id that principals share, nil where the IdP has none;
// not known where the IdP could not be asked about any of them.
func (f duplicateFinder) sharedIdentity(refs []audit.Ref) (identity *audit.Identity, known bool) {
	for _, ref := range refs {
		at, found := f.matchAt(ref)
		if !found || f.matches[at].Unknown != "" {
			continue
		}
		known = true
		if id := linkedIdentity(f.matches[at]); id != nil {
			return id, len(id.Names) > 0
		}
	}
	return nil, known
}

// preference is one question by which principals of a cluster are told apart, in the order of
// the executor (docs/reference/prep-script-contract.md 8.5).
type preference struct {
	// rank is higher for what is to be kept; false where it is not known.
	rank func(d *Duplicate) (int64, bool)
	// won is the reason of the one that is left; unknown is why there is none.
	won     func(d *Duplicate) string
	unknown string
}

func rankOf(b *bool) (int64, bool) {
	switch {
	case b == nil:
		return 0, false
	case *b:
		return 1, true
	default:
		return 0, true
	}
}

func preferences() []preference {
	return []preference{
		{
			func(d *Duplicate) (int64, bool) {
				if d.Type == audit.TypeGroup { // Groups have no such state.
					return 0, true
				}
				return rankOf(d.Active)
			},
			func(*Duplicate) string { return "the only one that is active" },
			"whether they are active is not known",
		},
		{
			func(d *Duplicate) (int64, bool) { return rankOf(d.NameMatches) },
			func(*Duplicate) string { return "the only one with the name that the identity provider has" },
			"the name that the identity provider has is not known",
		},
		{
			func(d *Duplicate) (int64, bool) {
				if d.Groups == nil {
					return 0, false
				}
				return int64(*d.Groups), true
			},
			func(d *Duplicate) string { return fmt.Sprintf("in more groups than the others (%d)", *d.Groups) },
			"the number of groups that they are in is not known",
		},
		{
			func(d *Duplicate) (int64, bool) { return d.Created.Unix(), !d.Created.IsZero() },
			func(d *Duplicate) string {
				return "created last (" + d.Created.UTC().Format(time.RFC3339) + ")"
			},
			"when they were created is not known",
		},
	}
}

// suggest fills in which one of a cluster to keep. What is not known of those that are left ends the
// search: no one is preferred for a reason that may hold for another one as well.
func (f duplicateFinder) suggest(cluster []*Duplicate) {
	left, equal := cluster, "they are equal in all that was compared"
	switch {
	case len(cluster) == 0:
		return
	case !f.in.Inventory.Coverage.Of(cluster[0].Type):
		equal = "the list of principals was not read in full, so there may be more of them"
	case len(cluster) == 1:
		decided(cluster, cluster[0], "the only one that keeps the external id: fixes give the others another one")
		return
	default:
		for _, p := range preferences() {
			var best []*Duplicate
			top, whole := int64(0), true
			for _, d := range left {
				rank, known := p.rank(d)
				whole = whole && known
				switch {
				case len(best) == 0 || rank > top:
					best, top = []*Duplicate{d}, rank
				case rank == top:
					best = append(best, d)
				}
			}
			if !whole {
				equal = p.unknown
				break
			}
			if left = best; len(left) == 1 {
				decided(cluster, left[0], p.won(left[0]))
				return
			}
		}
	}
	for i := range cluster {
		cluster[i].Suggestion, cluster[i].Why = SuggestDecide, "No one is preferred: "+equal+"."
	}
}

func decided(cluster []*Duplicate, keep *Duplicate, why string) {
	for _, d := range cluster {
		if d == keep {
			d.Suggestion, d.Why = SuggestKeep, strings.ToUpper(why[:1])+why[1:]+"."
			continue
		}
		d.Suggestion, d.Why = SuggestRetire, fmt.Sprintf("Move what it has to %s, which is %s.", keep.Ref, why)
	}
}
