// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package readiness

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// nearLimit is the part of a limit, in percent, from which it is worth knowing.
const nearLimit = 80

// Limit is one documented limit and how much of it is used
// (docs/reference/aim-migration.md 6).
type Limit struct {
	Metric string
	// WorkspaceID is empty for limits of the account.
	WorkspaceID  string
	Value, Limit int
	// Fixed limits cannot be raised.
	Fixed bool
	// Subject is the principal or group with the highest value; zero for counts.
	Subject audit.Ref
}

// The documented limits.
const (
	mostPrincipals  = 10_000
	mostGroups      = 5_000
	mostMemberships = 1_500
	mostLayers      = 10
	mostDenyRules   = audit.MaxDenyRules
)

// Limits are the numbers of the account, sorted by metric and workspace. What could
// not be read is left out.
func Limits(f *Facts) []Limit {
	var out []Limit
	cover := f.Inventory.Coverage
	if cover.Users && cover.ServicePrincipals {
		out = append(out, Limit{Metric: "users_and_service_principals", Limit: mostPrincipals,
			Value: len(f.principals(audit.TypeUser)) + len(f.principals(audit.TypeServicePrincipal))})
	}
	if cover.Groups {
		out = append(out, Limit{Metric: "groups", Value: len(f.principals(audit.TypeGroup)), Limit: mostGroups, Fixed: true})
	}
	if len(f.Unknown[NeedGroupMembers]) == 0 {
		memberships := f.mostMemberships()
		memberships.Metric, memberships.Limit, memberships.Fixed = "direct_memberships_of_one_principal", mostMemberships, true
		layers := f.mostLayers()
		layers.Metric, layers.Limit, layers.Fixed = "layers_of_nested_groups", mostLayers, true
		out = append(out, memberships, layers)
	}
	if len(f.Unknown[NeedDenylist]) == 0 {
		out = append(out, Limit{Metric: "denylist_rules", Value: len(f.Denylist), Limit: mostDenyRules})
	}
	out = append(out, f.workspaceLimits()...)
	slices.SortStableFunc(out, func(a, b Limit) int {
		return cmp.Or(cmp.Compare(a.Metric, b.Metric), audit.CompareIDs(a.WorkspaceID, b.WorkspaceID))
	})
	return out
}

// workspaceLimits counts who has access to each workspace that was read.
func (f *Facts) workspaceLimits() []Limit {
	people, groups := map[string]int{}, map[string]int{}
	seen := map[Access]bool{}
	for _, a := range f.Access {
		a.Direct = false
		switch {
		case seen[a]:
		case a.Type == audit.TypeGroup:
			groups[a.WorkspaceID]++
		default:
			people[a.WorkspaceID]++
		}
		seen[a] = true
	}
	var out []Limit
	for id, n := range people {
		out = append(out, Limit{Metric: "workspace_users_and_service_principals", WorkspaceID: id, Value: n, Limit: mostPrincipals})
	}
	for id, n := range groups {
		out = append(out, Limit{Metric: "workspace_groups", WorkspaceID: id, Value: n, Limit: mostGroups})
	}
	return out
}

// mostMemberships is the principal in the most groups, the first by id.
func (f *Facts) mostMemberships() Limit {
	count := map[audit.Ref]int{}
	for _, members := range f.Members {
		for _, m := range members {
			count[m.Ref]++
		}
	}
	var out Limit
	for ref, n := range count {
		if n > out.Value || n == out.Value && audit.CompareRefs(ref, out.Subject) < 0 {
			out.Value, out.Subject = n, ref
		}
	}
	return out
}

// mostLayers is the longest chain of groups, each a member of the one before. A group
// in a cycle counts once.
func (f *Facts) mostLayers() Limit {
	const open = -1
	depth := map[string]int{}
	var below func(id string) int
	below = func(id string) int {
		if n, known := depth[id]; known {
			return max(n, 0)
		}
		depth[id] = open
		deepest := 0
		for _, m := range f.Members[id] {
			if m.Type == audit.TypeGroup {
				deepest = max(deepest, below(m.ID))
			}
		}
		depth[id] = deepest + 1
		return deepest + 1
	}
	ids := make([]string, 0, len(f.Members))
	for id := range f.Members {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, audit.CompareIDs)
	var out Limit
	for _, id := range ids {
		if n := below(id); n > out.Value {
			out.Value, out.Subject = n, audit.Ref{Type: audit.TypeGroup, ID: id}
		}
	}
	return out
}

// judgeLimits finds the limits of which that much, in percent, is used.
func judgeLimits(f *Facts, percent int) (out finding) {
	for _, l := range Limits(f) {
		out.evidence = append(out.evidence, l.String())
		if l.Value*100 < l.Limit*percent || percent < 100 && l.Value >= l.Limit {
			continue
		}
		a := Affected{Kind: kindAccount, Name: l.Metric, WorkspaceID: l.WorkspaceID, Detail: l.String()}
		if l.WorkspaceID != "" {
			a.Kind, a.ID = kindWorkspace, l.WorkspaceID
		}
		if l.Subject != (audit.Ref{}) {
			a.Kind, a.ID = string(l.Subject.Type), l.Subject.ID
		}
		out.affected = append(out.affected, a)
	}
	return out
}

func (l Limit) String() string {
	at := ""
	if l.WorkspaceID != "" {
		at = " in workspace " + l.WorkspaceID
	}
	return fmt.Sprintf("%s%s: %d of %d", l.Metric, at, l.Value, l.Limit)
}
