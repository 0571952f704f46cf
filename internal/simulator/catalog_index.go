// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Types of securables, as in API paths. A model is a function to the
// permissions API, which has no type of its own for it.
const (
	typeMetastore = "metastore"
	typeCatalog   = "catalog"
	typeSchema    = "schema"
	typeTable     = "table"
	typeVolume    = "volume"
	typeFunction  = "function"
	typeModel     = "model"
	typeLocation  = "external_location"
	typeStorage   = "storage_credential"
	typeService   = "credential"
)

// securableDepth is how many names a full name of a type has.
var securableDepth = map[string]int{
	typeCatalog: 1, typeSchema: 2, typeTable: 3, typeVolume: 3, typeFunction: 3, typeModel: 3,
	typeLocation: 1, typeStorage: 1, typeService: 1, "connection": 1, "share": 1,
}

// metastoreIndex finds the securables of a metastore. Names are compared in any
// case, as Unity Catalog stores them in lower case.
type metastoreIndex struct {
	doc    *Metastore
	byName map[string]*Securable   // securableKey
	below  map[string][]*Securable // securableKey of type and parent's name -> sorted by name
}

func securableKey(kind, fullName string) string { return kind + "/" + strings.ToLower(fullName) }

// nameParts are the names of a full name. Names of catalogs and schemas hold no
// dots, so that what is left over belongs to the last one.
func nameParts(s *Securable) []string {
	return strings.SplitN(s.FullName, ".", securableDepth[s.Type])
}

// parentName is the full name of the catalog or schema that a securable is in,
// "" for what is in the metastore itself.
func parentName(s *Securable) string {
	parts := nameParts(s)
	return strings.Join(parts[:len(parts)-1], ".")
}

// indexCatalogs takes over a copy of the metastores. The error names the entry
// that cannot be.
func (w *world) indexCatalogs(uc UnityCatalog) error {
	w.catalogs = map[string]*metastoreIndex{}
	w.unityCatalog = UnityCatalog{Metastores: slices.Clone(uc.Metastores)}
	for i := range w.unityCatalog.Metastores {
		m := &w.unityCatalog.Metastores[i]
		if m.MetastoreID == "" || w.catalogs[m.MetastoreID] != nil {
			return fmt.Errorf("unity_catalog.metastores[%d]: metastore_id %q is empty or used twice", i, m.MetastoreID)
		}
		m.Grants = slices.Clone(m.Grants)
		m.Securables = slices.Clone(m.Securables)
		ix := &metastoreIndex{doc: m, byName: map[string]*Securable{}, below: map[string][]*Securable{}}
		for j := range m.Securables {
			m.Securables[j].Grants = slices.Clone(m.Securables[j].Grants)
			if err := ix.add(&m.Securables[j]); err != nil {
				return fmt.Errorf("unity_catalog.metastores[%d].securables[%d]: %w", i, j, err)
			}
		}
		if err := ix.link(); err != nil {
			return fmt.Errorf("unity_catalog.metastores[%d]: %w", i, err)
		}
		w.catalogs[m.MetastoreID] = ix
	}
	return nil
}

func (ix *metastoreIndex) add(s *Securable) error {
	depth, known := securableDepth[s.Type]
	key := securableKey(s.Type, s.FullName)
	switch {
	case !known:
		return fmt.Errorf("unknown type %q", s.Type)
	case s.FullName == "" || len(nameParts(s)) != depth || slices.Contains(nameParts(s), ""):
		return fmt.Errorf("full_name %q is no name of a %s: it has %d part(s)", s.FullName, s.Type, depth)
	case ix.byName[key] != nil:
		return fmt.Errorf("%s %q is there twice", s.Type, s.FullName)
	}
	ix.byName[key] = s
	return nil
}

// link puts every securable below its parent, which has to be there.
func (ix *metastoreIndex) link() error {
	for i := range ix.doc.Securables {
		s := &ix.doc.Securables[i]
		parent := parentName(s)
		if parent != "" && ix.parent(s) == nil {
			return fmt.Errorf("securables[%d]: %s %q is in %q, which is not there", i, s.Type, s.FullName, parent)
		}
		key := securableKey(s.Type, parent)
		ix.below[key] = append(ix.below[key], s)
	}
	for _, list := range ix.below {
		slices.SortFunc(list, func(a, b *Securable) int {
			return cmp.Compare(strings.ToLower(a.FullName), strings.ToLower(b.FullName))
		})
	}
	return nil
}

// parent is the schema or catalog that a securable is in, nil if it is in the metastore.
func (ix *metastoreIndex) parent(s *Securable) *Securable {
	switch securableDepth[s.Type] {
	case 3:
		return ix.byName[securableKey(typeSchema, parentName(s))]
	case 2:
		return ix.byName[securableKey(typeCatalog, parentName(s))]
	default:
		return nil
	}
}

// ancestors are the schema and the catalog above a securable, the nearest first.
func (ix *metastoreIndex) ancestors(s *Securable) []*Securable {
	var out []*Securable
	for p := ix.parent(s); p != nil; p = ix.parent(p) {
		out = append(out, p)
	}
	return out
}

// find looks a securable up by a type as in API paths, of any case.
func (ix *metastoreIndex) find(kind, fullName string) *Securable {
	kind = strings.ToLower(kind)
	if s := ix.byName[securableKey(kind, fullName)]; s != nil {
		return s
	}
	if kind == typeFunction {
		return ix.byName[securableKey(typeModel, fullName)]
	}
	return nil
}

// eachGrants visits the grants of every metastore and securable.
func (w *world) eachGrants(visit func(grants []Grant)) {
	for i := range w.unityCatalog.Metastores {
		m := &w.unityCatalog.Metastores[i]
		visit(m.Grants)
		for j := range m.Securables {
			visit(m.Securables[j].Grants)
		}
	}
}

// sameGrantee compares the name on a grant: groups exactly, the others in any case.
func sameGrantee(kind principalKind, a, b string) bool {
	return a == b || kind != kindGroup && strings.EqualFold(a, b)
}

// renameInGrants: grants and owners hold identities and show their names.
func (w *world) renameInGrants(kind principalKind, before, after string) {
	if before == after || len(w.byName[kind][strings.ToLower(before)]) > 0 {
		return // Somebody else has the name too: whose the grants are cannot be told.
	}
	w.eachGrants(func(grants []Grant) {
		for i := range grants {
			if sameGrantee(kind, grants[i].Principal, before) {
				grants[i].Principal = after
			}
		}
	})
	w.renameInRules(kind, before, after)
	for i := range w.unityCatalog.Metastores {
		m := &w.unityCatalog.Metastores[i]
		if sameGrantee(kind, m.Owner, before) {
			m.Owner = after
		}
		for j := range m.Securables {
			if sameGrantee(kind, m.Securables[j].Owner, before) {
				m.Securables[j].Owner = after
			}
		}
	}
}

// orphanGrants: a deleted principal stays on its grants, with its id and without
// its name (documented). That it stays the owner by name is assumed.
func (w *world) orphanGrants(p principalRef) {
	if len(w.byName[p.kind][strings.ToLower(p.name())]) > 0 {
		return
	}
	w.renameInRules(p.kind, p.name(), "")
	w.eachGrants(func(grants []Grant) {
		for i := range grants {
			if grants[i].Principal != "" && sameGrantee(p.kind, grants[i].Principal, p.name()) {
				grants[i].Principal, grants[i].PrincipalID = "", p.id()
			}
		}
	})
}

func cloneRuleSets(list []RuleSet) []RuleSet {
	out := slices.Clone(list)
	for i := range out {
		out[i].GrantRules = slices.Clone(out[i].GrantRules)
		for j := range out[i].GrantRules {
			out[i].GrantRules[j].Principals = slices.Clone(out[i].GrantRules[j].Principals)
		}
	}
	return out
}

// renameInRules lets rules follow a principal; after "" takes it out (assumed).
func (w *world) renameInRules(kind principalKind, before, after string) {
	for _, rs := range w.accountRoles {
		for i := range rs.GrantRules {
			rule := &rs.GrantRules[i]
			for j, p := range rule.Principals {
				if name, ok := strings.CutPrefix(p, rulePrefix[kind]); ok && sameGrantee(kind, name, before) {
					rule.Principals[j] = rulePrefix[kind] + after
				}
			}
			rule.Principals = slices.DeleteFunc(rule.Principals, func(p string) bool { return p == rulePrefix[kind] })
		}
	}
}

// everyOf is every securable of a type, by name.
func (ix *metastoreIndex) everyOf(kind string) []*Securable {
	var out []*Securable
	for i := range ix.doc.Securables {
		if ix.doc.Securables[i].Type == kind {
			out = append(out, &ix.doc.Securables[i])
		}
	}
	slices.SortFunc(out, func(a, b *Securable) int {
		return cmp.Compare(strings.ToLower(a.FullName), strings.ToLower(b.FullName))
	})
	return out
}

// rulePrefix is how rules name principals of a kind.
var rulePrefix = map[principalKind]string{
	kindUser: "users/", kindGroup: "groups/", kindServicePrincipal: "servicePrincipals/",
}

