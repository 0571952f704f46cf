// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package audit

import (
	"slices"
	"strings"
)

// Selector names one principal: exactly one of ID, UserName, ApplicationID,
// ExternalID and DisplayName is set. Type narrows the search; empty is any.
type Selector struct {
	Type                                                 PrincipalType
	ID, UserName, ApplicationID, ExternalID, DisplayName string
	// Form brings names and external ids into the form that they are compared in;
	// nil compares them as they are. The selector's own values are in that form.
	Form func(string) string
}

func (s Selector) form(text string) string {
	if s.Form == nil {
		return text
	}
	return s.Form(text)
}

// Unique reports whether Databricks keeps the selector's value from belonging to
// two principals: then one hit is the hit, whatever else could not be read.
func (s Selector) Unique() bool { return s.ID != "" || s.UserName != "" || s.ApplicationID != "" }

// Types are the types that the selector can mean, in the usual order.
func (s Selector) Types() []PrincipalType {
	var out []PrincipalType
	for _, t := range PrincipalTypes() {
		switch {
		case s.Type != "" && s.Type != t,
			s.UserName != "" && t != TypeUser,
			s.ApplicationID != "" && t != TypeServicePrincipal:
		default:
			out = append(out, t)
		}
	}
	return out
}

// Covers reports whether every principal that the selector can mean was listed.
func (s Selector) Covers(c Coverage) bool {
	for _, t := range s.Types() {
		if !c.Of(t) {
			return false
		}
	}
	return true
}

// Find lists the principals that a selector means, sorted. More than one is an
// ambiguity, which is for a human. User names and application ids compare in any
// case, external ids as [SameExternalID] does. Display names compare exactly; next
// to an exact hit, one that differs only in case is a hit too, because a guess
// between the two would be wrong as often as right.
func Find(inv Inventory, s Selector) []Principal {
	wanted := map[PrincipalType]bool{}
	for _, t := range s.Types() {
		wanted[t] = true
	}
	var out []Principal
	for _, p := range inv.Principals {
		if wanted[p.Type] && s.means(p) {
			out = append(out, p)
		}
	}
	if s.DisplayName != "" && !slices.ContainsFunc(out, s.isExact) {
		return nil
	}
	slices.SortFunc(out, func(a, b Principal) int { return CompareRefs(a.Ref, b.Ref) })
	return out
}

func (s Selector) means(p Principal) bool {
	switch {
	case s.ID != "":
		return p.ID == s.ID
	case s.UserName != "":
		return strings.EqualFold(s.form(p.Name), s.UserName)
	case s.ApplicationID != "":
		return strings.EqualFold(p.Name, s.ApplicationID)
	case s.ExternalID != "":
		return p.ExternalID != "" && SameExternalID(s.form(p.ExternalID), s.ExternalID)
	case s.DisplayName != "":
		return strings.EqualFold(s.form(p.DisplayName), s.DisplayName) || p.Type == TypeGroup && strings.EqualFold(s.form(p.Name), s.DisplayName)
	default:
		return false
	}
}

// isExact reports whether a display name is the selector's, case included.
func (s Selector) isExact(p Principal) bool {
	return s.form(p.DisplayName) == s.DisplayName || p.Type == TypeGroup && s.form(p.Name) == s.DisplayName
}
