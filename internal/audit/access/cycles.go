// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package access

import (
	"maps"
	"slices"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// around are the groups of some closures and, where they are groups, the
// principals themselves: a group is never above itself, and may be in a cycle.
func around(closures ...*closure) map[string]bool {
	out := map[string]bool{}
	for _, c := range closures {
		maps.Copy(out, c.must)
		if c.subject.Type == audit.TypeGroup {
			out[c.subject.ID] = true
		}
	}
	return out
}

// cycles are the groups among ids that contain each other, each set once and
// sorted; a group that is its own member is a cycle of one (R8).
func (x *index) cycles(ids map[string]bool) [][]string {
	w := cycleWalk{x: x, among: ids, number: map[string]int{}, low: map[string]int{}, open: map[string]bool{}}
	for _, id := range sortedIDs(ids) {
		if w.number[id] == 0 {
			w.visit(id)
		}
	}
	slices.SortFunc(w.found, func(a, b []string) int { return audit.CompareIDs(a[0], b[0]) })
	return w.found
}

// cycleWalk is Tarjan's search for strongly connected components.
type cycleWalk struct {
	x           *index
	among       map[string]bool
	number, low map[string]int
	stack       []string
	open        map[string]bool
	found       [][]string
}

func (w *cycleWalk) visit(id string) {
	w.number[id] = len(w.number) + 1
	w.low[id] = w.number[id]
	w.stack, w.open[id] = append(w.stack, id), true
	for _, parent := range w.x.parents[id] {
		switch {
		case !w.among[parent]:
		case w.number[parent] == 0:
			w.visit(parent)
			w.low[id] = min(w.low[id], w.low[parent])
		case w.open[parent]:
			w.low[id] = min(w.low[id], w.number[parent])
		}
	}
	if w.low[id] != w.number[id] {
		return
	}
	at := slices.Index(w.stack, id)
	component := slices.Clone(w.stack[at:])
	w.stack = w.stack[:at]
	for _, member := range component {
		delete(w.open, member)
	}
	if len(component) > 1 || w.x.lists(id, id) {
		slices.SortFunc(component, audit.CompareIDs)
		w.found = append(w.found, component)
	}
}
