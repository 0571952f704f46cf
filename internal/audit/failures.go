// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package audit

import (
	"cmp"
	"slices"
	"strings"
)

// failures collects everything that was not read: the inventory's and the
// IdP's failures, and one for each hole that nobody reported. Each is there
// once, sorted by type, id, call and reason; those of no type come last.
//
// A whole call that failed on the IdP's side (a missing permission) stands for
// every principal that it left unknown: thousands of copies of one reason would
// bury the others, and fill the state.
func (a *auditor) failures() []Failure {
	out := slices.Concat(a.in.Inventory.Failures, a.in.Failures)
	told := make(map[Ref]bool, len(out))
	for _, f := range out {
		told[Ref{Type: f.Type, ID: f.ID}] = true
	}
	explained := make(map[PrincipalType]bool, len(PrincipalTypes()))
	for _, t := range PrincipalTypes() {
		explained[t] = wholeCallTold(a.in.Failures, t)
	}
	for _, m := range a.matches {
		call, reason := "match with the identity provider", m.Unknown
		if reason == "" && m.Members != nil && m.Members.Unknown != "" {
			call, reason = "compare the members with the identity provider", m.Members.Unknown
		}
		if reason != "" && !told[m.Principal.Ref] && !explained[m.Principal.Type] {
			out = append(out, Failure{Type: m.Principal.Type, ID: m.Principal.ID, Call: call, Reason: reason})
		}
	}
	for _, t := range PrincipalTypes() {
		if !a.in.Inventory.Coverage.Of(t) && !wholeCallTold(a.in.Inventory.Failures, t) {
			out = append(out, Failure{
				Type: t, Call: "list " + plural(t), Reason: "the list was not read to its end",
			})
		}
	}
	return SortedFailures(out)
}

// SortedFailures sorts failures by type, id, call and reason, and keeps each once.
// Those of no type come last. The list given is changed.
func SortedFailures(list []Failure) []Failure {
	slices.SortFunc(list, compareFailures)
	return slices.Compact(list)
}

// wholeCallTold tells whether a failure of a whole call explains a hole of that
// type.
func wholeCallTold(failures []Failure, t PrincipalType) bool {
	return slices.ContainsFunc(failures, func(f Failure) bool {
		return f.ID == "" && (f.Type == t || f.Type == "")
	})
}

func compareFailures(x, y Failure) int {
	return cmp.Or(
		CompareRefs(Ref{Type: x.Type, ID: x.ID}, Ref{Type: y.Type, ID: y.ID}),
		strings.Compare(x.Call, y.Call),
		strings.Compare(x.Reason, y.Reason),
		cmp.Compare(x.Type, y.Type),
	)
}

// plural is the name of a type in texts.
func plural(t PrincipalType) string {
	switch t {
	case TypeUser:
		return "users"
	case TypeGroup:
		return "groups"
	case TypeServicePrincipal:
		return "service principals"
	default:
		return "principals"
	}
}
