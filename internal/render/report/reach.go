// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Access is dbxidentity_principal_access.
type Access struct {
	Principal    Principal     `json:"resolved_principal"`
	Groups       []AccessGroup `json:"groups"`
	Workspaces   []AccessRow   `json:"workspaces"`
	Entitlements []AccessRow   `json:"entitlements"`
	// Grants are nil without a scan.
	Grants      []AccessRow    `json:"unity_catalog_grants"`
	Counts      map[string]int `json:"counts"`
	Roles       []AccessRow    `json:"roles"`
	LocalGroups []AccessRow    `json:"workspace_local_groups"`
	Privileged  *bool          `json:"privileged"`
	Powers      []string       `json:"powers"`
	NotLookedAt []string       `json:"not_looked_at"`
	Complete    bool           `json:"complete"`
	Failures    []Failure      `json:"failures"`
}

// AccessGroup is one group of the principal.
type AccessGroup struct {
	GroupID   string   `json:"group_id"`
	GroupName string   `json:"group_name"`
	Source    string   `json:"source"`
	Direct    *bool    `json:"direct"`
	Path      []string `json:"path"`
}

// AccessRow is one row of any other list, each with what its list has.
type AccessRow struct {
	WorkspaceID     string   `json:"workspace_id"`
	WorkspaceName   string   `json:"workspace_name"`
	WorkspaceStatus string   `json:"workspace_status"`
	Level           string   `json:"level"`
	Entitlement     string   `json:"entitlement"`
	SecurableType   string   `json:"securable_type"`
	FullName        string   `json:"full_name"`
	Privilege       string   `json:"privilege"`
	Role            string   `json:"role"`
	GroupID         string   `json:"group_id"`
	GroupName       string   `json:"group_name"`
	Direct          bool     `json:"direct"`
	Via             []string `json:"via"`
	Path            []string `json:"path"`
}

// way says how the principal comes to it.
func (r AccessRow) way() cell {
	switch {
	case r.Direct:
		return prose("itself")
	case len(r.Path) == 0:
		return value(r.Via...)
	default:
		return cell{Values: r.Path, Join: arrow}
	}
}

func (a *Access) verdict() verdict {
	text := fmt.Sprintf("%s, %s", audit.CountOf(len(a.Groups), "group"), audit.CountOf(len(a.workspaces()), "workspace"))
	if a.Grants != nil {
		text += ", " + audit.CountOf(a.grants(), "privilege") + " in Unity Catalog"
	}
	if n := len(a.Roles); n > 0 {
		text += ", " + audit.CountOf(n, "account role")
	}
	if !a.Complete {
		return verdict{stateUnknown, "At least " + text + ": something could not be read, and there may be more."}
	}
	return verdict{stateNeutral, text + "."}
}

// grants is the number of grants, also of those that the data source leaves out.
func (a *Access) grants() int { return max(len(a.Grants), a.Counts["unity_catalog_grants"]) }

func (a *Access) workspaces() []string {
	var out []string
	for _, w := range a.Workspaces {
		out = append(out, w.WorkspaceID)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (a *Access) section() section {
	s := section{ID: "access", Title: "Access"}
	s.add(notice{State: stateNeutral, Text: "Access:", Lines: []string{"of " + a.Principal.name()}})
	if a.Privileged == nil {
		s.add(paragraph{"Whether it is privileged could not be read."})
	}
	if len(a.Powers) > 0 {
		s.add(notice{State: stateNeutral, Text: "Privileged:", Lines: a.Powers})
	}
	s.add(failures(a.Failures)...)
	groups := table{Title: "Groups", Long: len(a.Groups) > 20, Columns: []string{"Group", "Id", "Source", "Direct", "Path"}}
	drawn := paths{Title: "Memberships"}
	for _, g := range a.Groups {
		groups.Rows = append(groups.Rows, []cell{value(g.GroupName), value(g.GroupID), prose(word(g.Source)), prose(truth(g.Direct)), {Values: g.Path, Join: arrow}})
		if len(g.Path) > 0 {
			drawn.List = append(drawn.List, path{Names: g.Path})
		}
	}
	rows := func(title string, list []AccessRow, columns []string, cells func(AccessRow) []cell) table {
		t := table{Title: title, Long: len(list) > 20, Columns: append(columns, "Way")}
		for _, r := range list {
			t.Rows = append(t.Rows, append(cells(r), r.way()))
		}
		return t
	}
	s.add(groups,
		rows("Workspaces", a.Workspaces, []string{"Workspace", "Level", "Status"}, func(r AccessRow) []cell {
			return []cell{value(cmp.Or(r.WorkspaceName, r.WorkspaceID)), value(r.Level), prose(word(r.WorkspaceStatus))}
		}),
		rows("Entitlements", a.Entitlements, []string{"Where", "Entitlement"}, func(r AccessRow) []cell {
			return []cell{value(cmp.Or(r.WorkspaceName, r.WorkspaceID, "account")), value(r.Entitlement)}
		}),
		rows("Unity Catalog", a.Grants, []string{"Type", "Object", "Privilege"}, func(r AccessRow) []cell {
			return []cell{prose(words(r.SecurableType)), value(r.FullName), value(r.Privilege)}
		}),
		rows("Account roles", a.Roles, []string{"Role"}, func(r AccessRow) []cell { return []cell{value(r.Role)} }),
		rows("Groups that workspaces have of their own", a.LocalGroups, []string{"Workspace", "Group", "Id"}, func(r AccessRow) []cell {
			return []cell{value(cmp.Or(r.WorkspaceName, r.WorkspaceID)), value(r.GroupName), value(r.GroupID)}
		}))
	if more := a.grants() - len(a.Grants); more > 0 {
		s.add(paragraph{fmt.Sprintf("In Unity Catalog there are %d more, which the data source leaves out.", more)})
	}
	if len(a.NotLookedAt) > 0 {
		s.add(notice{State: stateNeutral, Text: "Not looked at:", Lines: a.NotLookedAt})
	}
	s.add(drawn)
	return s
}

func (a *Access) redacted() *Access {
	out := *a
	out.Principal = a.Principal.redacted()
	out.Failures = redactedFailures(a.Failures)
	out.Powers = nil
	for range a.Powers {
		out.Powers = append(out.Powers, left)
	}
	out.Groups = slices.Clone(a.Groups)
	for i := range out.Groups {
		out.Groups[i].GroupName, out.Groups[i].Path = left, nil
	}
	for _, list := range []*[]AccessRow{&out.Workspaces, &out.Entitlements, &out.Grants, &out.Roles, &out.LocalGroups} {
		*list = slices.Clone(*list)
		for i := range *list {
			r := &(*list)[i]
			r.WorkspaceName, r.Path = "", nil
			for _, name := range []*string{&r.FullName, &r.GroupName} {
				if *name != "" {
					*name = left
				}
			}
		}
	}
	return &out
}
