// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"
)

// Federation states of a workspace; also keys of [FederationReport.Counts].
const (
	FederationEnabled  = "enabled"
	FederationDisabled = "disabled"
	FederationUnknown  = "unknown"
)

// WorkspaceFederation is the verdict on one workspace.
type WorkspaceFederation struct {
	audit.Workspace
	// Federation is enabled, disabled or unknown. It shadows the field of
	// [audit.Workspace], which stays reachable by its full name.
	Federation string
	// ErrorCategories is empty or holds IDENTITY_FEDERATION_DISABLED.
	ErrorCategories []string
}

// FederationReport is the verdict on all workspaces, sorted by id.
type FederationReport struct {
	Workspaces []WorkspaceFederation
	// Counts has the keys enabled, disabled, unknown and
	// IDENTITY_FEDERATION_DISABLED, always all of them.
	Counts map[string]int
	// Clean is true when no workspace has an error category.
	Clean bool
}

// Federation judges workspaces of every status, as the prep script does: a
// missing key is IDENTITY_FEDERATION_DISABLED. The state is unknown where the
// account sent the key for no workspace at all: then it is the account that does
// not tell, and clean is false all the same.
func Federation(ws []audit.Workspace) FederationReport {
	told := slices.ContainsFunc(ws, func(w audit.Workspace) bool { return w.Federation != nil })
	r := FederationReport{
		Workspaces: make([]WorkspaceFederation, 0, len(ws)),
		Counts: map[string]int{
			FederationEnabled: 0, FederationDisabled: 0, FederationUnknown: 0,
			rules.CategoryFederationDisabled: 0,
		},
	}
	for _, w := range ws {
		row := WorkspaceFederation{Workspace: w}
		switch {
		case w.Federation != nil && *w.Federation:
			row.Federation = FederationEnabled
		case told:
			row.Federation = FederationDisabled
		default:
			row.Federation = FederationUnknown
		}
		if row.Federation != FederationEnabled {
			row.ErrorCategories = []string{rules.CategoryFederationDisabled}
			r.Counts[rules.CategoryFederationDisabled]++
		}
		r.Counts[row.Federation]++
		r.Workspaces = append(r.Workspaces, row)
	}
	slices.SortFunc(r.Workspaces, func(a, b WorkspaceFederation) int {
		if c := audit.CompareIDs(a.ID, b.ID); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	r.Clean = r.Counts[rules.CategoryFederationDisabled] == 0
	return r
}
