// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"math/bits"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"
)

// categoryNames are the five categories of identities, in the script's order. Nothing
// writes to it.
var categoryNames = rules.IdentityCategories()

// categorySet holds identity categories as bits, in the order of
// [rules.IdentityCategories].
type categorySet uint8

const (
	setNotInIDP categorySet = 1 << iota
	setNameMismatch
	setIDMismatch
	setLocalMembers
	setExternalMembers

	setLink    = setNotInIDP | setNameMismatch | setIDMismatch
	setMembers = setLocalMembers | setExternalMembers
)

// count is the number of categories in the set.
func (s categorySet) count() int { return bits.OnesCount8(uint8(s)) }

// names lists the categories in the script's order; nil for none.
func (s categorySet) names() []string {
	if s == 0 {
		return nil
	}
	out := make([]string, 0, s.count())
	for i, name := range categoryNames {
		if s&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return out
}

// categorySetOf is the set of one category; empty for a name that is none.
func categorySetOf(name string) categorySet {
	if i := slices.Index(categoryNames, name); i >= 0 {
		return 1 << i
	}
	return 0
}

// categoriesOf judges one match as the prep script does: names and ids compare
// exactly, and only a missing or empty externalId is blank. A match that is
// unknown has no category, and neither have members that are.
func categoriesOf(m *audit.Match) categorySet {
	if m.Unknown != "" {
		return 0
	}
	var s categorySet
	if linked := linkedIdentity(m); linked != nil {
		if !hasName(linked, m.Principal.Name) {
			s |= setNameMismatch
		}
	} else if m.Principal.ExternalID != "" {
		s |= setNotInIDP
	}
	if namePointsElsewhere(m) {
		s |= setIDMismatch
	}
	if m.Principal.Type == audit.TypeGroup && m.Members != nil && m.Members.Unknown == "" {
		if len(m.Members.Local) > 0 {
			s |= setLocalMembers
		}
		if len(m.Members.External) > 0 {
			s |= setExternalMembers
		}
	}
	return s
}

// linkedIdentity is the existing IdP identity with the stored id, or nil. What
// lies in a recycle bin does not exist.
func linkedIdentity(m *audit.Match) *audit.Identity {
	if m.ByExternalID == nil || m.ByExternalID.Deleted {
		return nil
	}
	return m.ByExternalID
}

// hasName compares exactly with every name; an identity without one has the
// name "", as in the script.
func hasName(id *audit.Identity, name string) bool {
	if len(id.Names) == 0 {
		return name == ""
	}
	return slices.Contains(id.Names, name)
}

// hasNameInAnyCase is hasName without regard to case.
func hasNameInAnyCase(id *audit.Identity, name string) bool {
	return slices.ContainsFunc(id.Names, func(n string) bool { return strings.EqualFold(n, name) })
}

// namePointsElsewhere is category 3: some identity of that name has an id, and
// none of these ids is the stored one.
func namePointsElsewhere(m *audit.Match) bool {
	found := false
	for i := range m.ByName {
		id := &m.ByName[i]
		if id.Deleted || id.ExternalID == "" {
			continue
		}
		if id.ExternalID == m.Principal.ExternalID {
			return false
		}
		found = true
	}
	return found
}

// nameMatchIDs are the ids of all identities with the principal's name, sorted,
// blank ones left out, duplicates kept.
func nameMatchIDs(m *audit.Match) []string {
	var ids []string
	for i := range m.ByName {
		if id := &m.ByName[i]; !id.Deleted && id.ExternalID != "" {
			ids = append(ids, id.ExternalID)
		}
	}
	slices.Sort(ids)
	return ids
}

// candidatesOf are the different identities with the principal's name, in the
// IdP's order. The same id twice is one identity; identities without an id
// cannot be told apart, so each counts.
func candidatesOf(m *audit.Match) []*audit.Identity {
	var out []*audit.Identity
	seen := make(map[string]bool, len(m.ByName))
	for i := range m.ByName {
		id := &m.ByName[i]
		key := audit.CanonicalExternalID(id.ExternalID)
		if id.Deleted || seen[key] {
			continue
		}
		seen[key] = key != ""
		out = append(out, id)
	}
	return out
}
