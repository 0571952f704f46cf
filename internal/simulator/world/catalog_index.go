// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package world

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Types of securables, as in API paths. A model is a function to the
// permissions API, which has no type of its own for it.
const (
	TypeMetastore = "metastore"
	TypeCatalog   = "catalog"
	TypeSchema    = "schema"
	TypeTable     = "table"
	TypeVolume    = "volume"
	TypeFunction  = "function"
	TypeModel     = "model"
	TypeLocation  = "external_location"
	TypeStorage   = "storage_credential"
	TypeService   = "credential"
)

// SecurableDepth is how many names a full name of a type has.
var SecurableDepth = map[string]int{
	TypeCatalog: 1, TypeSchema: 2, TypeTable: 3, TypeVolume: 3, TypeFunction: 3, TypeModel: 3,
	TypeLocation: 1, TypeStorage: 1, TypeService: 1, "connection": 1, "share": 1,
}

// MetastoreIndex finds the securables of a metastore. Names are compared in any
// case, as Unity Catalog stores them in lower case.
type MetastoreIndex struct {
	Doc    *Metastore
	ByName map[string]*Securable   // SecurableKey
	Below  map[string][]*Securable // SecurableKey of type and parent's name -> sorted by name
}

// SecurableKey is the key of [MetastoreIndex].ByName: names are the same in any case.
func SecurableKey(kind, fullName string) string { return kind + "/" + strings.ToLower(fullName) }

// NameParts are the names of a full name. Names of catalogs and schemas hold no
// dots, so that what is left over belongs to the last one.
func NameParts(s *Securable) []string {
	return strings.SplitN(s.FullName, ".", SecurableDepth[s.Type])
}

// parentName is the full name of the catalog or schema that a securable is in,
// "" for what is in the metastore itself.
func parentName(s *Securable) string {
	parts := NameParts(s)
	return strings.Join(parts[:len(parts)-1], ".")
}

// indexCatalogs takes over a copy of the metastores. The error names the entry
// that cannot be.
func (w *World) indexCatalogs(uc UnityCatalog) error {
	w.Catalogs = map[string]*MetastoreIndex{}
	w.UnityCatalog = UnityCatalog{Metastores: slices.Clone(uc.Metastores)}
	for i := range w.UnityCatalog.Metastores {
		m := &w.UnityCatalog.Metastores[i]
		if m.MetastoreID == "" || w.Catalogs[m.MetastoreID] != nil {
			return fmt.Errorf("unity_catalog.metastores[%d]: metastore_id %q is empty or used twice", i, m.MetastoreID)
		}
		m.Grants = slices.Clone(m.Grants)
		m.Securables = slices.Clone(m.Securables)
		ix := &MetastoreIndex{Doc: m, ByName: map[string]*Securable{}, Below: map[string][]*Securable{}}
		for j := range m.Securables {
			m.Securables[j].Grants = slices.Clone(m.Securables[j].Grants)
			if err := ix.add(&m.Securables[j]); err != nil {
				return fmt.Errorf("unity_catalog.metastores[%d].securables[%d]: %w", i, j, err)
			}
		}
		if err := ix.link(); err != nil {
			return fmt.Errorf("unity_catalog.metastores[%d]: %w", i, err)
		}
		w.Catalogs[m.MetastoreID] = ix
	}
	return nil
}

func (ix *MetastoreIndex) add(s *Securable) error {
	depth, known := SecurableDepth[s.Type]
	key := SecurableKey(s.Type, s.FullName)
	switch {
	case !known:
		return fmt.Errorf("unknown type %q", s.Type)
	case s.FullName == "" || len(NameParts(s)) != depth || slices.Contains(NameParts(s), ""):
		return fmt.Errorf("full_name %q is no name of a %s: it has %d part(s)", s.FullName, s.Type, depth)
	case ix.ByName[key] != nil:
		return fmt.Errorf("%s %q is there twice", s.Type, s.FullName)
	}
	ix.ByName[key] = s
	return nil
}

// link puts every securable below its parent, which has to be there.
func (ix *MetastoreIndex) link() error {
	for i := range ix.Doc.Securables {
		s := &ix.Doc.Securables[i]
		parent := parentName(s)
		if parent != "" && ix.parent(s) == nil {
			return fmt.Errorf("securables[%d]: %s %q is in %q, which is not there", i, s.Type, s.FullName, parent)
		}
		key := SecurableKey(s.Type, parent)
		ix.Below[key] = append(ix.Below[key], s)
	}
	for _, list := range ix.Below {
		slices.SortFunc(list, func(a, b *Securable) int {
			return cmp.Compare(strings.ToLower(a.FullName), strings.ToLower(b.FullName))
		})
	}
	return nil
}

// parent is the schema or catalog that a securable is in, nil if it is in the metastore.
func (ix *MetastoreIndex) parent(s *Securable) *Securable {
	switch SecurableDepth[s.Type] {
	case 3:
		return ix.ByName[SecurableKey(TypeSchema, parentName(s))]
	case 2:
		return ix.ByName[SecurableKey(TypeCatalog, parentName(s))]
	default:
		return nil
	}
}

// Ancestors are the schema and the catalog above a securable, the nearest first.
func (ix *MetastoreIndex) Ancestors(s *Securable) []*Securable {
	var out []*Securable
	for p := ix.parent(s); p != nil; p = ix.parent(p) {
		out = append(out, p)
	}
	return out
}

// Find looks a securable up by a type as in API paths, of any case.
func (ix *MetastoreIndex) Find(kind, fullName string) *Securable {
	kind = strings.ToLower(kind)
	if s := ix.ByName[SecurableKey(kind, fullName)]; s != nil {
		return s
	}
	if kind == TypeFunction {
		return ix.ByName[SecurableKey(TypeModel, fullName)]
	}
	return nil
}

// eachGrants visits the grants of every metastore and securable.
func (w *World) eachGrants(visit func(grants []Grant)) {
	for i := range w.UnityCatalog.Metastores {
		m := &w.UnityCatalog.Metastores[i]
		visit(m.Grants)
		for j := range m.Securables {
			visit(m.Securables[j].Grants)
		}
	}
}

// SameGrantee compares the name on a grant: groups exactly, the others in any case.
func SameGrantee(kind Kind, a, b string) bool {
	return a == b || kind != KindGroup && strings.EqualFold(a, b)
}

// renameInGrants: grants and owners hold identities and show their names.
func (w *World) renameInGrants(kind Kind, before, after string) {
	if before == after || len(w.ByName[kind][strings.ToLower(before)]) > 0 {
		return // Someone else has the name too: whose the grants are is not known.
	}
	w.eachGrants(func(grants []Grant) {
		for i := range grants {
			if SameGrantee(kind, grants[i].Principal, before) {
				grants[i].Principal = after
			}
		}
	})
	w.renameInRules(kind, before, after)
	for i := range w.UnityCatalog.Metastores {
		m := &w.UnityCatalog.Metastores[i]
		if SameGrantee(kind, m.Owner, before) {
			m.Owner = after
		}
		for j := range m.Securables {
			if SameGrantee(kind, m.Securables[j].Owner, before) {
				m.Securables[j].Owner = after
			}
		}
	}
}

// orphanGrants: a deleted principal stays on its grants, with its id and without
// its name (documented). That it stays the owner by name is assumed.
func (w *World) orphanGrants(p Principal) {
	if len(w.ByName[p.Kind][strings.ToLower(p.Name())]) > 0 {
		return
	}
	w.renameInRules(p.Kind, p.Name(), "")
	w.eachGrants(func(grants []Grant) {
		for i := range grants {
			if grants[i].Principal != "" && SameGrantee(p.Kind, grants[i].Principal, p.Name()) {
				grants[i].Principal, grants[i].PrincipalID = "", p.ID()
			}
		}
	})
}

// CloneRuleSets shares nothing with the list.
func CloneRuleSets(list []RuleSet) []RuleSet {
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
func (w *World) renameInRules(kind Kind, before, after string) {
	for _, rs := range w.AccountRoles {
		for i := range rs.GrantRules {
			rule := &rs.GrantRules[i]
			for j, p := range rule.Principals {
				if name, ok := strings.CutPrefix(p, RulePrefix[kind]); ok && SameGrantee(kind, name, before) {
					rule.Principals[j] = RulePrefix[kind] + after
				}
			}
			rule.Principals = slices.DeleteFunc(rule.Principals, func(p string) bool { return p == RulePrefix[kind] })
		}
	}
}

// EveryOf is every securable of a type, by name.
func (ix *MetastoreIndex) EveryOf(kind string) []*Securable {
	var out []*Securable
	for i := range ix.Doc.Securables {
		if ix.Doc.Securables[i].Type == kind {
			out = append(out, &ix.Doc.Securables[i])
		}
	}
	slices.SortFunc(out, func(a, b *Securable) int {
		return cmp.Compare(strings.ToLower(a.FullName), strings.ToLower(b.FullName))
	})
	return out
}

// RulePrefix is how rules name principals of a kind.
var RulePrefix = map[Kind]string{
	KindUser: "users/", KindGroup: "groups/", KindServicePrincipal: "servicePrincipals/",
}
