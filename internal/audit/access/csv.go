// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package access

import (
	"fmt"
	"slices"
	"strings"
)

// The action types of the clone file, as databricks-access-audit spells them
// (docs/reference/clone-and-diff-contract.md 1.5).
const (
	actionIDP        = "IdP required"
	actionDatabricks = "Databricks"
	actionUnverified = "Unverified"
	actionSkipped    = "Skipped"
)

// CompareRows are the rows of the file csv.Compare: what only A has, what only B
// has, what both have, each in the order of the comparison (1.7, R22). What a
// hole hides is an empty cell, neither True nor False.
func CompareRows(d Diff) []map[string][]string {
	rows := slices.Concat(d.OnlyInA, d.OnlyInB, d.Both)
	out := make([]map[string][]string, 0, len(rows))
	for _, row := range rows {
		out = append(out, map[string][]string{
			"group_id": {row.GroupID}, "group_name": {row.GroupName}, "source": {row.Source},
			"in_a": csvTruth(row.InA), "in_b": csvTruth(row.InB),
			"is_direct_in_a": csvTruth(row.DirectInA), "is_direct_in_b": csvTruth(row.DirectInB),
			"path_in_a": row.PathInA, "path_in_b": row.PathInB,
		})
	}
	return out
}

// CloneRows are the rows of the file csv.Clone: actions in the IdP, actions in
// Databricks, unverified, skipped, each in the order of the plan (1.7, R22). What
// the target has already is left out. A plan has applied nothing and failed
// nowhere: an error says what is held back, and why.
func CloneRows(p ClonePlan) []map[string][]string {
	var out []map[string][]string
	for _, list := range []struct {
		action string
		rows   []PlanRow
	}{
		{actionIDP, p.IDPActions}, {actionDatabricks, p.DatabricksActions}, {actionUnverified, p.Unverified}, {actionSkipped, p.Skipped},
	} {
		for _, row := range list.rows {
			out = append(out, map[string][]string{
				"action_type": {list.action}, "group_name": {row.GroupName}, "group_id": {row.GroupID}, "source": {row.Source},
				"path": row.Path, "workspace_accesses": workspaceNames(row.Workspaces), "uc_grants_summary": catalogSummary(row),
				"applied": {"false"}, "error": heldBack(list.action, row),
			})
		}
	}
	return out
}

// heldBack is why an action is not among the memberships.
func heldBack(action string, row PlanRow) []string {
	if row.Reason == "" || action != actionDatabricks && action != actionIDP {
		return nil
	}
	return []string{row.Reason}
}

// Outcome is what became of a membership that a plan gives.
type Outcome struct {
	// Applied is nil when no one knows.
	Applied *bool
	// Error is for people; empty when there was none.
	Error string
}

// CloneResultRows are the rows of [CloneRows] after an apply, with the outcomes by
// group id. A plan that was made after it has the group among those that the target
// holds already, so that these count as actions if they have an outcome.
func CloneResultRows(p ClonePlan, outcomes map[string]Outcome) []map[string][]string {
	p.DatabricksActions = slices.Clone(p.DatabricksActions)
	for _, row := range p.AlreadyMember {
		if _, written := outcomes[row.GroupID]; written {
			p.DatabricksActions = append(p.DatabricksActions, row)
		}
	}
	slices.SortStableFunc(p.DatabricksActions, func(a, b PlanRow) int { return compareNames(a.GroupName, a.GroupID, b.GroupName, b.GroupID) })
	out := CloneRows(p)
	for _, row := range out {
		o, written := outcomes[row["group_id"][0]]
		if row["action_type"][0] != actionDatabricks || !written {
			continue
		}
		row["applied"], row["error"] = csvTruth(o.Applied), nil
		if o.Error != "" {
			row["error"] = []string{o.Error}
		}
	}
	return out
}

func csvTruth(b *bool) []string {
	if b == nil {
		return nil
	}
	return []string{fmt.Sprint(*b)}
}

// workspaceNames are the names of the workspaces, each once, sorted; a workspace
// without a name has its id.
func workspaceNames(effects []WorkspaceEffect) []string {
	var out []string
	for _, e := range effects {
		name := e.WorkspaceName
		if name == "" {
			name = e.WorkspaceID
		}
		out = append(out, name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// catalogSummary says what is held where, each once: "SELECT, USE_SCHEMA on
// prod.sales". Groups above the row's count like the group itself.
func catalogSummary(row PlanRow) []string {
	var out []string
	for _, e := range row.Catalog {
		if text := strings.Join(e.Privileges, ", ") + " on " + e.FullName; !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	if row.CatalogMore > 0 {
		out = append(out, fmt.Sprintf("and %d more", row.CatalogMore))
	}
	return out
}
