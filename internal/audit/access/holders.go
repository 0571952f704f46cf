// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package access

import (
	"fmt"
	"slices"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// ownerPrivilege stands for ownership among privileges; securableMetastore is the
// type of the metastore itself.
const (
	ownerPrivilege     = "OWNER"
	securableMetastore = "metastore"
)

// holders finds what a principal holds in Unity Catalog: by id where a grant has
// one, else by name (R18).
type holders struct {
	facts *Facts
	// byID has grants with an id; byName the rest and the owners, by [NameKey].
	byID   map[string][]CatalogEffect
	byName map[string][]namedHold
}

// namedHold is a grant or an ownership under the name that it was given to.
type namedHold struct {
	name   string
	effect CatalogEffect
}

func newHolders(f *Facts) holders {
	h := holders{facts: f, byID: map[string][]CatalogEffect{}, byName: map[string][]namedHold{}}
	for i := range f.Metastores {
		m := &f.Metastores[i]
		for _, s := range m.Securables {
			at := CatalogEffect{MetastoreID: m.ID, SecurableType: s.Type, FullName: s.FullName}
			if s.Type != securableMetastore { // Its owner is the metastore's.
				h.add("", s.Owner, at, []string{ownerPrivilege})
			}
			for _, g := range s.Grants {
				h.add(g.PrincipalID, g.Principal, at, g.Privileges)
			}
		}
	}
	return h
}

func (h *holders) add(id, name string, at CatalogEffect, privileges []string) {
	if len(privileges) == 0 || id == "" && name == "" {
		return // Nothing is held, or by no one who exists.
	}
	at.Privileges = slices.Compact(slices.Sorted(slices.Values(privileges)))
	if id != "" {
		h.byID[id] = append(h.byID[id], at)
		return
	}
	key := NameKey(name)
	h.byName[key] = append(h.byName[key], namedHold{name, at})
}

// held is what a principal holds, and why there may be more.
type held struct {
	effects []CatalogEffect
	// hole is a read that failed; limit a name that proves nothing.
	hole, limit string
}

func (o *held) doubt(what string, d nameDoubt) {
	if d.hole {
		o.hole = firstOf(o.hole, what+": "+d.why)
		return
	}
	o.limit = firstOf(o.limit, what+": "+d.why)
}

// of is what a principal holds on securables, ownership of metastores included.
func (h *holders) of(p audit.Principal) held {
	out := held{effects: slices.Clone(h.byID[p.ID])}
	if p.Name == "" {
		return out // The caller knows that the name is missing.
	}
	for _, one := range h.byName[NameKey(p.Name)] {
		if d := h.doubt(p, one.name); d.why != "" {
			out.doubt(fmt.Sprintf("%s %s of metastore %s", one.effect.SecurableType, one.effect.FullName, one.effect.MetastoreID), d)
			continue
		}
		out.effects = append(out.effects, one.effect)
	}
	for _, m := range h.metastores(p) {
		if d := h.doubt(p, m.Owner); d.why != "" {
			out.doubt("owner of metastore "+m.ID, d)
			continue
		}
		out.effects = append(out.effects, CatalogEffect{
			MetastoreID: m.ID, SecurableType: securableMetastore, FullName: m.Name, Privileges: []string{ownerPrivilege},
		})
	}
	return out
}

// metastores are those whose owner has the principal's name in any case: as a
// privileges, a doubtful name counts.
func (h *holders) metastores(p audit.Principal) []Metastore {
	var out []Metastore
	for _, m := range h.facts.Metastores {
		if m.Owner != "" && p.Name != "" && NameKey(m.Owner) == NameKey(p.Name) {
			out = append(out, m)
		}
	}
	return out
}

// nameDoubt is why a name does not prove that a principal is meant.
type nameDoubt struct {
	why string
	// hole is true when a read failed, false when the name itself is the reason.
	hole bool
}

// doubt judges a name: one of several principals proves nothing, and neither
// does another case, except for the names of users and service principals, which
// Databricks compares in any case.
func (h *holders) doubt(p audit.Principal, name string) nameDoubt {
	refs := h.facts.Names[NameKey(name)]
	switch {
	case slices.ContainsFunc(refs, func(r audit.Ref) bool { return r != p.Ref }):
		return nameDoubt{why: fmt.Sprintf("the name %q is that of several principals", name)}
	case p.Type == audit.TypeGroup && name != p.Name:
		return nameDoubt{why: fmt.Sprintf("%q differs from the group's name in case", name)}
	case h.facts.NamesUnknown != "":
		return nameDoubt{why: fmt.Sprintf("whether the name %q is that of several principals is not known (%s)", name, h.facts.NamesUnknown), hole: true}
	case len(refs) == 0:
		return nameDoubt{why: fmt.Sprintf("no principal of the name %q was listed", name), hole: true}
	default:
		return nameDoubt{}
	}
}
