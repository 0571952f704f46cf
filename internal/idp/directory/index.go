// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package directory is what the kinds of IdP have in common that read a whole
// directory: the index of its objects and how principals match it, the names that
// lead to a user, the members of groups at any depth, and how the answers of a web
// API are checked.
package directory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
)

// Entry is one object of a directory.
type Entry struct {
	Identity audit.Identity
	// Named are further names that lead to the identity as strongly as its
	// Names do: the UPN of a guest whose name in Databricks is the mail address.
	Named []string
	// Aliases lead to it only when no one has the name as a UPN: mail addresses.
	Aliases []string
}

// Index is what was read of an IdP, indexed. It answers as matchWithIdp
// does as far as that is known (databricks-account-api, section 6; idp-apis,
// section 1), and more:
//
//   - Ids compare as [audit.SameExternalID] does. An id with spaces around it or
//     in upper case is that of the identity; the audit reports its spelling.
//   - ByName compares in any case. Users are found by their names and by UPN, and
//     when no one has that UPN, by mail address too. All of them are listed,
//     sorted by external id, while matchWithIdp names one of them; so an
//     ambiguous name shows up here and not there.
//   - NearName is what differs further only in surrounding space or in the
//     Unicode normal form; it is empty while ByName is not.
//   - Deleted objects have no name and are found by id only.
//
// It is not safe for concurrent use.
type Index struct {
	Entries []Entry
	byID    map[string]int // canonical id -> entry
	names   [3]map[string][]int
	aliases [3]map[string][]int
	near    [3]map[string][]int // built on first use
	// Unread says of a type why it could not be read; of a principal of that
	// type nothing is known then.
	Unread map[audit.PrincipalType]string
	// holes are names and ids that could not be looked for.
	holes map[holeKey]hole
	Nodes map[string]*Node // canonical group id -> members, where read
	// NodesWhole is true where every group has its node without a request.
	NodesWhole bool
}

// New is an empty index.
func New() *Index {
	d := &Index{byID: map[string]int{}, Unread: map[audit.PrincipalType]string{},
		holes: map[holeKey]hole{}, Nodes: map[string]*Node{}}
	for i := range d.names {
		d.names[i], d.aliases[i] = map[string][]int{}, map[string][]int{}
	}
	return d
}

// ForAudit is the directory for one of several audits that read it at the same
// time: what an audit adds is its own.
func (d *Index) ForAudit() *Index {
	out := *d
	out.Nodes = maps.Clone(d.Nodes)
	return &out
}

// Add takes an object in. Of an id that is there already, as pages that shift
// while they are being read repeat it, the first object stays.
func (d *Index) Add(e Entry) {
	key := audit.CanonicalExternalID(e.Identity.ExternalID)
	if _, there := d.byID[key]; there || key == "" {
		return
	}
	at, kind := len(d.Entries), e.Identity.Type.Order()
	d.Entries = append(d.Entries, e)
	d.byID[key] = at
	if e.Identity.Deleted {
		return
	}
	d.near[kind] = nil
	for _, name := range e.strongNames() {
		d.names[kind][name] = append(d.names[kind][name], at)
	}
	for _, alias := range e.Aliases {
		if alias != "" {
			key := foldName(alias)
			d.aliases[kind][key] = append(d.aliases[kind][key], at)
		}
	}
}

// strongNames are the folded names, each once.
func (e *Entry) strongNames() []string {
	out := make([]string, 0, 2)
	for _, name := range slices.Concat(e.Identity.Names, e.Named) {
		if key := foldName(name); key != "" && !slices.Contains(out, key) {
			out = append(out, key)
		}
	}
	return out
}

// Kinds of holes: what a look-up that failed was for.
const (
	NameHole = "name"
	IDHole   = "id"
)

type holeKey struct {
	t        audit.PrincipalType
	of, what string // a folded name or a canonical id
}

type hole struct{ call, why string }

// MarkHole marks a name or id as not looked for: the principals that it is of are
// unknown.
func (d *Index) MarkHole(t audit.PrincipalType, of, what, call, why string) {
	d.holes[holeKey{t, of, what}] = hole{call, why}
}

// holeOf is the hole that a principal is in.
func (d *Index) holeOf(p audit.Principal) (hole, bool) {
	if len(d.holes) == 0 {
		return hole{}, false
	}
	if h, in := d.holes[holeKey{p.Type, IDHole, audit.CanonicalExternalID(p.ExternalID)}]; in {
		return h, true
	}
	h, in := d.holes[holeKey{p.Type, NameHole, foldName(p.Name)}]
	return h, in
}

// foldName is a name without its case.
func foldName(name string) string { return audit.FoldName(name) }

// nearForm is a name without its case, surrounding space and Unicode normal form.
func nearForm(name string) string {
	return norm.NFC.String(foldName(norm.NFC.String(strings.TrimSpace(name))))
}

// Find is the object with an id, whatever its type; nil for none.
func (d *Index) Find(externalID string) *Entry {
	if at, ok := d.byID[audit.CanonicalExternalID(externalID)]; ok && externalID != "" {
		return &d.Entries[at]
	}
	return nil
}

// Match is what the directory knows of a principal, members left out.
func (d *Index) Match(p audit.Principal) audit.Match {
	m := audit.Match{Principal: p}
	if why := d.Unread[p.Type]; why != "" {
		m.Unknown = why
		return m
	}
	if h, in := d.holeOf(p); in {
		m.Unknown = h.why
		return m
	}
	if e := d.Find(p.ExternalID); e != nil {
		id := e.Identity
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

// Misses reports whether entries lack the stored id or the name of a user or group
// among the principals. Then a list of several pages is read once more: where its
// tokens stand for positions, an object that is deleted from a page already read
// moves another one across the border of the next. What one of two readings shows
// is there, or was a moment ago.
func Misses(principals []audit.Principal, t audit.PrincipalType, entries func(add func(Entry))) bool {
	if t == audit.TypeServicePrincipal {
		return false // Those that are Databricks' own are always missing.
	}
	d := New()
	entries(func(e Entry) { d.Add(e) })
	return slices.ContainsFunc(principals, func(p audit.Principal) bool {
		return p.Type == t && (p.ExternalID != "" && d.Find(p.ExternalID) == nil || len(d.bearing(p)) == 0)
	})
}

func (d *Index) named(p audit.Principal) []audit.Identity { return d.identities(d.bearing(p)) }

// bearing are the entries that the name of a principal leads to.
func (d *Index) bearing(p audit.Principal) []int {
	kind, key := p.Type.Order(), foldName(p.Name)
	if kind > 2 || key == "" {
		return nil
	}
	found, aliases := d.names[kind][key], d.aliases[kind][key]
	if len(aliases) == 0 {
		return found
	}
	for _, at := range found {
		for _, name := range d.Entries[at].Named {
			if foldName(name) == key {
				return found
			}
		}
	}
	return slices.Concat(found, aliases)
}

func (d *Index) nearlyNamed(p audit.Principal) []audit.Identity {
	kind, key := p.Type.Order(), nearForm(p.Name)
	if kind > 2 || key == "" {
		return nil
	}
	if d.near[kind] == nil {
		d.near[kind] = map[string][]int{}
		for at := range d.Entries {
			if e := &d.Entries[at]; e.Identity.Type == p.Type && !e.Identity.Deleted {
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
func (d *Index) identities(at []int) []audit.Identity {
	var out []audit.Identity
	for _, i := range at {
		out = append(out, d.Entries[i].Identity)
	}
	slices.SortFunc(out, func(a, b audit.Identity) int { return cmp.Compare(a.ExternalID, b.ExternalID) })
	return slices.CompactFunc(out, func(a, b audit.Identity) bool { return a.ExternalID == b.ExternalID })
}

// matchAll matches principals in their order.
func (d *Index) matchAll(ctx context.Context, principals []audit.Principal) ([]audit.Match, error) {
	out := make([]audit.Match, len(principals))
	for i, p := range principals {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		out[i] = d.Match(p)
	}
	return out, nil
}

// Found is the answer to a look-up that leads to the entry: none where it is deleted.
func (e *Entry) Found() idp.Found {
	id := e.Identity
	if id.Deleted {
		return idp.Found{}
	}
	out := idp.Found{Identity: &id}
	for _, name := range slices.Concat(id.Names, e.Named, e.Aliases) {
		if name != "" && !slices.Contains(out.Names, name) {
			out.Names = append(out.Names, name)
		}
	}
	if id.Type != audit.TypeUser && id.DisplayName != "" && !slices.Contains(out.Names, id.DisplayName) {
		out.Names = append(out.Names, id.DisplayName)
	}
	return out
}
