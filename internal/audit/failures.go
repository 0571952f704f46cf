// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package audit

import (
	"cmp"
	"slices"
	"strings"
)

// failures collects everything that was not read: the inventory's and the
// IdP's failures, and one for each hole that no one reported. Each is there
// once, sorted by type, id, call and reason; those of no type come last.
//
// A whole call that failed on the IdP's side (a missing permission) stands for
// every principal that it left unknown: thousands of copies of one reason would
// bury the others, and fill the state.
func (a *auditor) failures() []Failure {
	out := slices.Concat(a.in.Inventory.Failures, a.in.Failures)
	reported := make(map[Ref]bool, len(out))
	for _, f := range out {
		reported[Ref{Type: f.Type, ID: f.ID}] = true
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
		if reason != "" && !reported[m.Principal.Ref] && !explained[m.Principal.Type] {
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
	for i := range a.in.Connectors {
		if f := &a.in.Connectors[i]; f.Unknown != "" {
			out = append(out, f.failure())
		}
	}
	if a.in.Activity != nil {
		out = append(out, a.in.Activity.Failures...)
	}
	return SortedFailures(out)
}

// SortedFailures sorts failures by type, id, call and reason, and keeps each once.
// Those of no type come last. The list given is changed.
func SortedFailures(list []Failure) []Failure {
	slices.SortFunc(list, compareFailures)
	return slices.Compact(list)
}

// wholeCallTold reports whether a failure of a whole call explains a hole of that
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

// FailureGroup are failures of one call with the same reason.
type FailureGroup struct {
	Failure // the first of them, its reason as it is
	Count   int
}

// GroupFailures puts failures together that differ in nothing but the principal, in
// the order of their first ones.
func GroupFailures(list []Failure) []FailureGroup {
	var out []FailureGroup
	at := map[[2]string]int{}
	for _, f := range list {
		key := [2]string{f.Call, WithoutPrincipal(f.Reason, f.Type, f.ID)}
		i, found := at[key]
		if !found {
			i = len(out)
			at[key] = i
			out = append(out, FailureGroup{Failure: f})
		}
		out[i].Count++
	}
	for i := range out {
		if out[i].Count > 1 {
			out[i].Reason = WithoutPrincipal(out[i].Reason, out[i].Type, out[i].ID)
		}
	}
	return out
}

// WithoutPrincipal is a reason that does not name its principal: reasons hold paths
// with the id, and the names of types in the spellings of the APIs.
func WithoutPrincipal(reason string, t PrincipalType, id string) string {
	if id == "" {
		return reason
	}
	kind := map[PrincipalType][]string{
		TypeUser: {"user", "users", "Users"}, TypeGroup: {"group", "groups", "Groups"},
		TypeServicePrincipal: {"service_principal", "servicePrincipals", "service-principals", "ServicePrincipals"},
	}[t]
	for _, k := range kind {
		reason = strings.ReplaceAll(reason, k+"/"+id, "{principal}")
	}
	return reason
}
