// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package access

import (
	"maps"
	"slices"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// The reasons of entries that cannot be attributed to anyone.
const (
	entryWithoutID      = "the list has an entry without id"
	assignmentWithoutID = "an assignment has no principal"
)

// understood is the graph in which entries that no one can attribute are holes. The
// graph that is given stays as it is.
func understood(g *Graph) *Graph {
	out := *g
	unnamed := func(m audit.Member) bool { return m.ID == "" }
	odd := func(group Group) bool { return group.ID == "" || slices.ContainsFunc(group.Members, unnamed) }
	if slices.ContainsFunc(g.Groups, odd) {
		out.Groups = nil
		for _, group := range g.Groups {
			if group.ID == "" {
				out.Listed = false
				out.Failures = append(slices.Clone(g.Failures), audit.Failure{Type: audit.TypeGroup, Call: "list groups", Reason: entryWithoutID})
				continue
			}
			if slices.ContainsFunc(group.Members, unnamed) {
				group.Members = slices.DeleteFunc(slices.Clone(group.Members), unnamed)
				group.MembersUnknown = firstOf(group.MembersUnknown, entryWithoutID)
			}
			out.Groups = append(out.Groups, group)
		}
	}
	for ref, above := range g.Above {
		if slices.Contains(above.IDs, "") {
			out.Above = maps.Clone(out.Above)
			out.Above[ref] = Above{
				IDs:     slices.DeleteFunc(slices.Clone(above.IDs), func(id string) bool { return id == "" }),
				Unknown: firstOf(above.Unknown, entryWithoutID),
			}
		}
	}
	return &out
}

// hole is why the assignments of the workspace could not be read in full.
func (w *WorkspaceAccess) hole() string {
	if _, blank := w.Levels[""]; blank {
		return firstOf(w.Unknown, assignmentWithoutID)
	}
	return w.Unknown
}
