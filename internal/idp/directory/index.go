// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// entry is one object of a directory.
type entry struct {
	identity audit.Identity
	// named are further names that lead to the identity as strongly as its
	// Names do: the UPN of a guest whose name in Databricks is the mail address.
	named []string
	// aliases lead to it only when nobody has the name as a UPN: mail addresses.
	aliases []string
}

// directory is what was read of an IdP, indexed. It answers as matchWithIdp
// does as far as that is known (databricks-account-api, section 6; idp-apis,
// section 1), and more:
//
//   - Ids compare as [audit.SameExternalID] does. An id with spaces around it or
//     in upper case is that of the identity; the audit reports its spelling.
//   - ByName compares in any case. Users are found by their names and by UPN, and
//     when nobody has that UPN, by mail address too. All of them are listed,
//     sorted by external id, while matchWithIdp names one of them; so an
//     ambiguous name shows up here and not there.
//   - NearName is what differs further only in surrounding space or in the
//     Unicode normal form; it is empty while ByName is not.
//   - Deleted objects have no name and are found by id only.
//
// It is not safe for concurrent use.
type directory struct {
	entries []entry
	byID    map[string]int // canonical id -> entry
	names   [3]map[string][]int
	aliases [3]map[string][]int
	near    [3]map[string][]int // built on first use
	// unread says of a type why it could not be read; of a principal of that
	// type nothing is known then.
	unread map[audit.PrincipalType]string
	// holes are names and ids that could not be looked for.
	holes map[holeKey]hole
	nodes map[string]*groupNode // canonical group id -> members, where read
	// nodesWhole is true where every group has its node without a request.
	nodesWhole bool
}

func newDirectory() *directory {
	d := &directory{byID: map[string]int{}, unread: map[audit.PrincipalType]string{},
		holes: map[holeKey]hole{}, nodes: map[string]*groupNode{}}
	for i := range d.names {
		d.names[i], d.aliases[i] = map[string][]int{}, map[string][]int{}
	}
	return d
}

// forAudit is the directory for one of several audits that read it at the same
// time: what an audit adds is its own.
func (d *directory) forAudit() *directory {
	out := *d
	out.nodes = maps.Clone(d.nodes)
	return &out
}

// add takes an object in. Of an id that is there already, as pages that shift
// while they are being read repeat it, the first object stays.
func (d *directory) add(e entry) {
	key := audit.CanonicalExternalID(e.identity.ExternalID)
	if _, there := d.byID[key]; there || key == "" {
		return
	}
	at, kind := len(d.entries), e.identity.Type.Order()
	d.entries = append(d.entries, e)
	d.byID[key] = at
	if e.identity.Deleted {
		return
	}
	d.near[kind] = nil
	for _, name := range e.strongNames() {
		d.names[kind][name] = append(d.names[kind][name], at)
	}
	for _, alias := range e.aliases {
		if alias != "" {
			key := foldName(alias)
			d.aliases[kind][key] = append(d.aliases[kind][key], at)
		}
	}
}

// strongNames are the folded names, each once.
func (e *entry) strongNames() []string {
	out := make([]string, 0, 2)
	for _, name := range slices.Concat(e.identity.Names, e.named) {
		if key := foldName(name); key != "" && !slices.Contains(out, key) {
			out = append(out, key)
		}
	}
	return out
}

// Kinds of holes: what a look-up that failed was for.
const (
	nameHole   = "name"
	storedHole = "id"
)

type holeKey struct {
	t        audit.PrincipalType
	of, what string // a folded name or a canonical id
}

type hole struct{ call, why string }

// hole marks a name or id as not looked for: the principals that it is of are
// unknown.
func (d *directory) hole(t audit.PrincipalType, of, what, call, why string) {
	d.holes[holeKey{t, of, what}] = hole{call, why}
}

// holeOf is the hole that a principal is in.
func (d *directory) holeOf(p audit.Principal) (hole, bool) {
	if len(d.holes) == 0 {
		return hole{}, false
	}
	if h, in := d.holes[holeKey{p.Type, storedHole, audit.CanonicalExternalID(p.ExternalID)}]; in {
		return h, true
	}
	h, in := d.holes[holeKey{p.Type, nameHole, foldName(p.Name)}]
	return h, in
}

// foldName is a name without its case.
func foldName(name string) string { return audit.FoldName(name) }

// nearForm is a name without its case, surrounding space and Unicode normal form.
func nearForm(name string) string {
	return norm.NFC.String(foldName(norm.NFC.String(strings.TrimSpace(name))))
}

// find is the object with an id, whatever its type; nil for none.
func (d *directory) find(externalID string) *entry {
	if at, ok := d.byID[audit.CanonicalExternalID(externalID)]; ok && externalID != "" {
		return &d.entries[at]
	}
	return nil
}

// match is what the directory knows of a principal, members left out.
func (d *directory) match(p audit.Principal) audit.Match {
	m := audit.Match{Principal: p}
	if why := d.unread[p.Type]; why != "" {
		m.Unknown = why
		return m
	}
	if h, in := d.holeOf(p); in {
		m.Unknown = h.why
		return m
	}
	if e := d.find(p.ExternalID); e != nil {
		id := e.identity
		switch {
		case id.Type == p.Type && id.Deleted:
			m.DeletedByExternalID = &id
		case id.Type == p.Type:
			m.ByExternalID = &id
		case !id.Deleted:
			m.ByExternalIDOtherType = &id
		}
	}
	m.ByName = d.named(p)
	if len(m.ByName) == 0 {
		m.NearName = d.nearlyNamed(p)
	}
	return m
}

// misses tells whether entries lack the stored id or the name of a user or group
// among the principals. Then a list of several pages is read once more: where its
// tokens stand for positions, an object that is deleted from a page already read
// moves another one across the border of the next. What one of two readings shows
// is there, or was a moment ago.
func misses(principals []audit.Principal, t audit.PrincipalType, entries func(add func(entry))) bool {
	if t == audit.TypeServicePrincipal {
		return false // Those that are Databricks' own are always missing.
	}
	d := newDirectory()
	entries(func(e entry) { d.add(e) })
	return slices.ContainsFunc(principals, func(p audit.Principal) bool {
		return p.Type == t && (p.ExternalID != "" && d.find(p.ExternalID) == nil || len(d.bearing(p)) == 0)
	})
}

func (d *directory) named(p audit.Principal) []audit.Identity { return d.identities(d.bearing(p)) }

// bearing are the entries that the name of a principal leads to.
func (d *directory) bearing(p audit.Principal) []int {
	kind, key := p.Type.Order(), foldName(p.Name)
	if kind > 2 || key == "" {
		return nil
	}
	found, aliases := d.names[kind][key], d.aliases[kind][key]
	if len(aliases) == 0 {
		return found
	}
	for _, at := range found {
		for _, name := range d.entries[at].named {
			if foldName(name) == key {
				return found
			}
		}
	}
	return slices.Concat(found, aliases)
}

func (d *directory) nearlyNamed(p audit.Principal) []audit.Identity {
	kind, key := p.Type.Order(), nearForm(p.Name)
	if kind > 2 || key == "" {
		return nil
	}
	if d.near[kind] == nil {
		d.near[kind] = map[string][]int{}
		for at := range d.entries {
			if e := &d.entries[at]; e.identity.Type == p.Type && !e.identity.Deleted {
				for _, name := range e.strongNames() {
					near := nearForm(name)
					d.near[kind][near] = append(d.near[kind][near], at)
				}
			}
		}
	}
	return d.identities(d.near[kind][key])
}

// identities are copies, sorted by external id, each once.
func (d *directory) identities(at []int) []audit.Identity {
	var out []audit.Identity
	for _, i := range at {
		out = append(out, d.entries[i].identity)
	}
	slices.SortFunc(out, func(a, b audit.Identity) int { return cmp.Compare(a.ExternalID, b.ExternalID) })
	return slices.CompactFunc(out, func(a, b audit.Identity) bool { return a.ExternalID == b.ExternalID })
}

// matchAll matches principals in their order.
func (d *directory) matchAll(ctx context.Context, principals []audit.Principal) ([]audit.Match, error) {
	out := make([]audit.Match, len(principals))
	for i, p := range principals {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		out[i] = d.match(p)
	}
	return out, nil
}

func (e *entry) found() Found {
	id := e.identity
	if id.Deleted {
		return Found{}
	}
	out := Found{Identity: &id}
	for _, name := range slices.Concat(id.Names, e.named, e.aliases) {
		if name != "" && !slices.Contains(out.Names, name) {
			out.Names = append(out.Names, name)
		}
	}
	if id.Type != audit.TypeUser && id.DisplayName != "" && !slices.Contains(out.Names, id.DisplayName) {
		out.Names = append(out.Names, id.DisplayName)
	}
	return out
}
