// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"slices"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// failures collects everything that was not read: the inventory's and the
// IdP's failures, and one for each hole that no one reported. Each is there
// once, sorted by type, id, call and reason; those of no type come last.
//
// A whole call that failed on the IdP's side (a missing permission) stands for
// every principal that it left unknown: thousands of copies of one reason would
// bury the others, and fill the state.
func (a *auditor) failures() []audit.Failure {
	out := slices.Concat(a.in.Inventory.Failures, a.in.Failures)
	reported := make(map[audit.Ref]bool, len(out))
	for _, f := range out {
		reported[audit.Ref{Type: f.Type, ID: f.ID}] = true
	}
	explained := make(map[audit.PrincipalType]bool, len(audit.PrincipalTypes()))
	for _, t := range audit.PrincipalTypes() {
		explained[t] = wholeCallTold(a.in.Failures, t)
	}
	for _, m := range a.matches {
		call, reason := "match with the identity provider", m.Unknown
		if reason == "" && m.Members != nil && m.Members.Unknown != "" {
			call, reason = "compare the members with the identity provider", m.Members.Unknown
		}
		if reason != "" && !reported[m.Principal.Ref] && !explained[m.Principal.Type] {
			out = append(out, audit.Failure{Type: m.Principal.Type, ID: m.Principal.ID, Call: call, Reason: reason})
		}
	}
	for _, t := range audit.PrincipalTypes() {
		if !a.in.Inventory.Coverage.Of(t) && !wholeCallTold(a.in.Inventory.Failures, t) {
			out = append(out, audit.Failure{
				Type: t, Call: "list " + plural(t), Reason: "the list was not read to its end",
			})
		}
	}
	for i := range a.in.Connectors {
		if f := &a.in.Connectors[i]; f.Unknown != "" {
			out = append(out, f.failure())
		}
	}
	if a.in.Activity != nil {
		out = append(out, a.in.Activity.Failures...)
	}
	return audit.SortedFailures(out)
}

// wholeCallTold reports whether a failure of a whole call explains a hole of that
// type.
func wholeCallTold(failures []audit.Failure, t audit.PrincipalType) bool {
	return slices.ContainsFunc(failures, func(f audit.Failure) bool {
		return f.ID == "" && (f.Type == t || f.Type == "")
	})
}

// plural is the name of a type in texts.
func plural(t audit.PrincipalType) string {
	switch t {
	case audit.TypeUser:
		return "users"
	case audit.TypeGroup:
		return "groups"
	case audit.TypeServicePrincipal:
		return "service principals"
	default:
		return "principals"
	}
}
