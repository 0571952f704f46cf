// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// SortedFailures sorts failures by type, id, call and reason, and keeps each once.
// Those of no type come last. The list given is changed.
func SortedFailures(list []Failure) []Failure {
	slices.SortFunc(list, compareFailures)
	return slices.Compact(list)
}

func compareFailures(x, y Failure) int {
	return cmp.Or(
		CompareRefs(Ref{Type: x.Type, ID: x.ID}, Ref{Type: y.Type, ID: y.ID}),
		strings.Compare(x.Call, y.Call),
		strings.Compare(x.Reason, y.Reason),
		cmp.Compare(x.Type, y.Type),
	)
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

// CountOf is n of a thing in words: "1 entry", "3 entries".
func CountOf(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	if stem, ok := strings.CutSuffix(thing, "y"); ok {
		return fmt.Sprintf("%d %sies", n, stem)
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
