// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package access

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// LocalGroup is a group that a workspace has of its own, and that the account does not
// manage.
type LocalGroup struct {
	ID, Name string
	// Members are the direct ones: principals of the account, and local groups.
	Members      []audit.Member
	Entitlements []string
}

// statusRunning is the status of a workspace that people can enter.
const statusRunning = "RUNNING"

// runs reports whether people can enter the workspace, or may.
func (w *WorkspaceAccess) runs() bool { return w.Status == "" || w.Status == statusRunning }

// WorkspacesWithin are the workspaces whose own groups can matter to principals: those
// that run and to which one of them is assigned, itself or through a group, or may be.
// Without identity federation the account knows of no assignment; see [unfederated].
func WorkspacesWithin(g *Graph, workspaces []WorkspaceAccess, of ...audit.Principal) []audit.Workspace {
	x := newIndex(nil, g)
	var out []audit.Workspace
	for i := range workspaces {
		w := &workspaces[i]
		if w.runs() && slices.ContainsFunc(of, func(p audit.Principal) bool { return x.closureOf(p, nil).mayEnter(w) }) {
			out = append(out, w.Workspace)
		}
	}
	return out
}

// mayEnter reports whether the principal is assigned to the workspace, or may be.
func (c *closure) mayEnter(w *WorkspaceAccess) bool {
	if w.hole() != "" {
		return true
	}
	for id, levels := range w.Levels {
		if len(levels) > 0 && (id == c.subject.ID || c.may == nil || c.may[id]) {
			return true
		}
	}
	return false
}

// localHole is why the workspace's own groups are not known, although they can matter to
// the principal. It did not fail where no one can enter the workspace.
func (c *closure) localHole(w *WorkspaceAccess) (why string, failed bool) {
	switch {
	case !c.mayEnter(w) || w.LocalRead && w.LocalUnknown == "":
		return "", false
	case !w.runs():
		return "the workspace is not running (" + w.Status + ")", false
	default:
		return cmp.Or(w.LocalUnknown, "not read"), true
	}
}

// unfederated says which workspaces have users and groups that the account does not know
// at all; empty for none.
func unfederated(workspaces []WorkspaceAccess, of ...*closure) string {
	var names []string
	for i := range workspaces {
		w := &workspaces[i]
		if !isTrue(w.Federation) && !slices.ContainsFunc(of, func(c *closure) bool { return c.mayEnter(w) }) {
			names = append(names, fmt.Sprintf("%q, id %s", w.Name, w.ID))
		}
	}
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	return "workspaces that are not known to have identity federation, with users and groups of their own that the account does not know: " + firstTexts(names) +
		". dbxidentity_workspace_local_groups lists their groups, for an admin of the workspace."
}

// localFailures are the workspaces whose own groups could not be read.
func (c *closure) localFailures(asked bool, workspaces []WorkspaceAccess) []audit.Failure {
	var out []audit.Failure
	for i := range workspaces {
		if why, failed := c.localHole(&workspaces[i]); asked && failed {
			out = append(out, audit.Failure{Call: "list the groups of workspace " + workspaces[i].ID, Reason: why})
		}
	}
	return out
}

// localWays are the workspace's own groups that the principal is in for certain, by id,
// with the way to each: Via are the groups of the account that are members.
func (c *closure) localWays(w *WorkspaceAccess) map[string]Way {
	paths, ways := map[string][]string{}, map[string]Way{}
	names := map[string]string{}
	for _, g := range w.Local {
		names[g.ID] = g.Name
	}
	// Of a member of unknown type only the id is known; ids are unique over the types.
	before := func(id string) (path []string, within bool) {
		switch {
		case id == c.subject.ID:
			return []string{}, true
		case c.must[id]:
			return c.path(id), true
		default:
			path, within = paths[id]
			return path, within
		}
	}
	for changed := true; changed; {
		changed = false
		for _, g := range w.Local {
			for _, m := range g.Members {
				path, within := before(m.ID)
				if !within {
					continue
				}
				next := append(slices.Clone(path), g.ID)
				if path == nil { // The way to the member is not known.
					next = nil
				}
				old, there := paths[g.ID]
				if !there || shorter(next, old) {
					paths[g.ID], changed = next, true
				}
			}
		}
	}
	for id, path := range paths {
		way := c.localMembers(w, id)
		if !way.Direct && path != nil {
			way.Path = []string{shownName(c.subject)}
			for _, step := range path {
				way.Path = append(way.Path, cmp.Or(names[step], c.x.name(step)))
			}
		}
		ways[id] = way
	}
	return ways
}

// shorter reports whether a way is to be shown rather than another one; none is no way.
func shorter(a, b []string) bool {
	switch {
	case a == nil:
		return false
	case b == nil:
		return true
	default:
		return cmp.Or(len(a)-len(b), slices.CompareFunc(a, b, audit.CompareIDs)) < 0
	}
}

// localMembers says whether a local group lists the principal, and which of its groups
// of the account are in it, also in local groups in between.
func (c *closure) localMembers(w *WorkspaceAccess, id string) Way {
	var out Way
	via, seen := map[string]bool{}, map[string]bool{id: true}
	for queue := []string{id}; len(queue) > 0; queue = queue[1:] {
		at := slices.IndexFunc(w.Local, func(g LocalGroup) bool { return g.ID == queue[0] })
		if at < 0 {
			continue
		}
		for _, m := range w.Local[at].Members {
			switch {
			case m.ID == c.subject.ID:
				out.Direct = out.Direct || queue[0] == id
			case c.must[m.ID]:
				via[m.ID] = true
			case !seen[m.ID]:
				seen[m.ID] = true
				queue = append(queue, m.ID)
			}
		}
	}
	out.Via = sortedIDs(via)
	return out
}

// inLocal reports whether the principal is in a local group; nil is unknown.
func (c *closure) inLocal(w *WorkspaceAccess, ways map[string]Way, id string) *bool {
	if _, in := ways[id]; in {
		return boolean(true)
	}
	if c.whole() {
		return boolean(false)
	}
	seen := map[string]bool{id: true}
	for queue := []string{id}; len(queue) > 0; queue = queue[1:] {
		at := slices.IndexFunc(w.Local, func(g LocalGroup) bool { return g.ID == queue[0] })
		if at < 0 {
			continue
		}
		for _, m := range w.Local[at].Members {
			if c.may == nil && m.Type != audit.TypeUser && m.Type != audit.TypeServicePrincipal || c.may[m.ID] {
				return nil
			}
			if !seen[m.ID] {
				seen[m.ID] = true
				queue = append(queue, m.ID)
			}
		}
	}
	return boolean(false)
}

// localOf are the workspaces' own groups that list each member, in words, by the
// member's id: what such a group gives is not known.
func localOf(workspaces []WorkspaceAccess) map[string][]string {
	out := map[string][]string{}
	for _, w := range workspaces {
		for _, g := range w.Local {
			text := fmt.Sprintf("it is in the group %q, id %s, that workspace %q, id %s, has of its own: what that gives there is not known", g.Name, g.ID, w.Name, w.ID)
			for _, m := range g.Members {
				if !slices.Contains(out[m.ID], text) {
					out[m.ID] = append(out[m.ID], text)
				}
			}
		}
	}
	return out
}

// moveLocal says how someone gets what a workspace's own group gives.
func moveLocal(w *WorkspaceAccess, g *LocalGroup, way Way) string {
	where := fmt.Sprintf("group %s of workspace %q", g.ID, cmp.Or(w.Name, w.ID))
	if !way.Direct && len(way.Via) > 0 {
		return where + ": the target is in it once it is in one of the groups " + strings.Join(way.Via, ", ")
	}
	return where + ": add the target there, in the settings of the workspace, or move the group into the account first (guide before-aim)"
}
