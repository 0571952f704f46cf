// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package access

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// index is a graph ready to be walked upward.
type index struct {
	audit.Stopper
	graph  *Graph
	groups map[string]*Group
	// parents are the groups that list a member, by the member's id, sorted. Ids
	// are unique over the types, so a member of unknown kind is found too (R7).
	parents map[string][]string
	// unread are groups that may have members that were not returned; linked those
	// that belong to the IdP, or may: both sorted.
	unread, linked []string
}

func newIndex(stop audit.Stop, g *Graph) *index {
	g = understood(g)
	x := &index{Stopper: audit.Stopper{Ask: stop}, graph: g, groups: make(map[string]*Group, len(g.Groups)), parents: map[string][]string{}}
	for i := range g.Groups {
		x.add(&g.Groups[i])
	}
	for _, id := range slices.SortedFunc(maps.Keys(x.groups), audit.CompareIDs) {
		group := x.groups[id]
		if group.MembersUnknown != "" {
			x.unread = append(x.unread, id)
		}
		if group.linked() || group.Unknown != "" {
			x.linked = append(x.linked, id)
		}
		for _, m := range group.Members {
			x.parents[m.ID] = append(x.parents[m.ID], id)
		}
	}
	for id, parents := range x.parents {
		x.parents[id] = slices.Compact(parents) // Sorted, as the groups are.
	}
	return x
}

// add merges entries of one group; a hole in either stays one.
func (x *index) add(group *Group) {
	old := x.groups[group.ID]
	if old == nil {
		x.groups[group.ID] = group
		return
	}
	first, second := old, group
	if cmp.Or(comparePrincipals(second.Principal, first.Principal), strings.Compare(second.Unknown, first.Unknown), strings.Compare(second.MembersUnknown, first.MembersUnknown)) < 0 {
		first, second = second, first // Not the order of the list decides.
	}
	merged := *first
	merged.Members = slices.Concat(first.Members, second.Members)
	merged.Unknown = firstOf(first.Unknown, second.Unknown)
	merged.MembersUnknown = firstOf(first.MembersUnknown, second.MembersUnknown)
	merged.DeadMembers = max(first.DeadMembers, second.DeadMembers)
	if merged.ExternalID == "" {
		merged.ExternalID = second.ExternalID // The stricter of the two.
	}
	x.groups[group.ID] = &merged
}

// maybeHides reports whether automatic identity management may hide that the
// principal is in the group (R10): both are, or may be, linked to the IdP.
func (x *index) maybeHides(memberLinked bool, group *Group) bool {
	return x.graph.Hidden != "" && memberLinked && (group.linked() || group.Unknown != "")
}

// closure is the groups above one principal, with what is certain and what is
// only possible.
type closure struct {
	x       *index
	subject audit.Principal
	// must are the groups that it is in for certain; never itself (R8).
	must map[string]bool
	// previous is the step before each group of must on the shortest path, the
	// subject's id at the beginning; missing where no path is known.
	previous map[string]string
	// may are the groups that it could be in, those of must among them; nil when
	// it could be in groups that no one mentioned.
	may map[string]bool
}

// closureOf walks up from a principal (R5, R8). within bounds what is possible;
// nil is no bound.
func (x *index) closureOf(subject audit.Principal, within map[string]bool) *closure {
	c := &closure{x: x, subject: subject, must: map[string]bool{}, previous: map[string]string{}}
	above, asked := x.graph.Above[subject.Ref]
	for _, id := range above.IDs {
		if id != subject.ID {
			c.must[id] = true
		}
	}
	// Breadth first with sorted neighbours: of several shortest paths the one with
	// the smallest ids from its beginning is found first.
	for queue := []string{subject.ID}; len(queue) > 0 && !x.Stopped(); queue = queue[1:] {
		for _, id := range x.parents[queue[0]] {
			if _, seen := c.previous[id]; seen || id == subject.ID {
				continue
			}
			c.previous[id], c.must[id] = queue[0], true
			queue = append(queue, id)
		}
	}
	switch {
	case asked && above.Unknown == "":
		c.may = maps.Clone(c.must)
	case within != nil || x.graph.Listed:
		c.may = c.possible(within)
	}
	return c
}

// GroupsAbove are the groups above principals that the graph shows, at any
// depth, sorted by id, each once: those whose facts a clone plan asks for. A
// group of which the graph has only the id has no name.
func GroupsAbove(g *Graph, of ...audit.Principal) []audit.Principal {
	x := newIndex(nil, g)
	ids := map[string]bool{}
	for _, p := range of {
		maps.Copy(ids, x.closureOf(p, nil).must)
	}
	out := make([]audit.Principal, 0, len(ids))
	for _, id := range sortedIDs(ids) {
		p := audit.Principal{Ref: audit.Ref{Type: audit.TypeGroup, ID: id}}
		if group := x.groups[id]; group != nil {
			p = group.Principal
		}
		out = append(out, p)
	}
	return out
}

// possible walks up over the edges that exist and those that a hole may hide.
func (c *closure) possible(within map[string]bool) map[string]bool {
	may := maps.Clone(c.must)
	allowed := func(id string) bool { return id != c.subject.ID && (within == nil || within[id]) }
	queue := slices.Collect(maps.Keys(may))
	reach := func(ids []string) {
		for _, id := range ids {
			if !may[id] && allowed(id) {
				may[id] = true
				queue = append(queue, id)
			}
		}
	}
	reach(c.x.unread)
	linkedDone := false
	reachLinked := func(linked bool) {
		if linked && !linkedDone && c.x.graph.Hidden != "" {
			linkedDone = true
			reach(c.x.linked)
		}
	}
	reachLinked(c.linked())
	for ; len(queue) > 0 && !c.x.Stopped(); queue = queue[1:] {
		reach(c.x.parents[queue[0]])
		if group := c.x.groups[queue[0]]; group != nil {
			reachLinked(group.linked() || group.Unknown != "")
		}
	}
	return may
}

// linked reports whether the principal belongs to the IdP, or may.
func (c *closure) linked() bool {
	group := c.x.groups[c.subject.ID]
	return c.subject.ExternalID != "" || group != nil && (group.linked() || group.Unknown != "")
}

// whole reports whether no hole could add a group.
func (c *closure) whole() bool { return c.may != nil && len(c.may) == len(c.must) }

// in reports whether the principal is in the group at any depth; nil is unknown.
func (c *closure) in(id string) *bool {
	switch {
	case c.must[id]:
		return boolean(true)
	case c.may == nil || c.may[id]:
		return nil
	default:
		return boolean(false)
	}
}

// direct reports whether the group lists the principal; nil is unknown.
func (c *closure) direct(id string) *bool {
	group := c.x.groups[id]
	switch {
	case c.x.lists(id, c.subject.ID) && id != c.subject.ID:
		return boolean(true)
	case c.may != nil && !c.may[id]:
		return boolean(false)
	case group == nil || group.MembersUnknown != "" || c.x.maybeHides(c.linked(), group) || c.unexplained(group):
		return nil
	default:
		return boolean(false)
	}
}

// unexplained reports a group that an API names above the principal, although
// none of its members leads there. Ways through identities that are not
// provisioned begin in the IdP and end in a group that is linked to it; to a group
// of Databricks' own there is none, so that one of the two answers is behind.
func (c *closure) unexplained(group *Group) bool {
	if _, explained := c.previous[group.ID]; explained || !c.must[group.ID] || group.linked() || group.MembersUnknown != "" ||
		audit.IsSystemGroup(group.Principal) { // Databricks need not list whom it keeps there.
		return false
	}
	return !slices.ContainsFunc(group.Members, func(m audit.Member) bool { return m.ID != group.ID && c.must[m.ID] })
}

// path are the ids from the principal's first group to the group, both
// included; nil when the way is not known.
func (c *closure) path(id string) []string {
	if _, known := c.previous[id]; !known {
		return nil
	}
	var out []string
	for at := id; at != c.subject.ID; at = c.previous[at] {
		out = append(out, at)
	}
	slices.Reverse(out)
	return out
}

// names are the path in names, the principal's first.
func (c *closure) names(id string) []string {
	ids := c.path(id)
	if ids == nil {
		return nil
	}
	out := []string{shownName(c.subject)}
	for _, id := range ids {
		out = append(out, c.x.name(id))
	}
	return out
}

// vias are, by group, all direct groups of the principal that lead there, other
// than the group itself, sorted (R8). Ways through the principal do not count.
func (c *closure) vias() map[string][]string {
	out := make(map[string][]string, len(c.must))
	for _, first := range c.x.parents[c.subject.ID] {
		if first == c.subject.ID {
			continue
		}
		seen := map[string]bool{first: true, c.subject.ID: true}
		for queue := []string{first}; len(queue) > 0 && !c.x.Stopped(); queue = queue[1:] {
			for _, id := range c.x.parents[queue[0]] {
				if !seen[id] {
					seen[id] = true
					out[id] = append(out[id], first) // first comes in order.
					queue = append(queue, id)
				}
			}
		}
	}
	return out
}

// lists reports whether the group has the member, as far as it was read.
func (x *index) lists(id, memberID string) bool {
	_, found := slices.BinarySearchFunc(x.parents[memberID], id, audit.CompareIDs)
	return found
}

// name is the name of a group, or what can be said instead.
func (x *index) name(id string) string {
	if group := x.groups[id]; group != nil && group.Name != "" {
		return group.Name
	}
	return "group " + id
}

// origin is who owns the membership of a member in a group (R9).
func (x *index) origin(id, memberID string) Origin {
	group := x.groups[id]
	if group == nil || group.Unknown != "" {
		return OriginUnknown
	}
	if audit.IsSystemGroup(group.Principal) {
		return OriginSystem
	}
	source := audit.MembershipSource("")
	for _, m := range group.Members {
		if m.ID == memberID && source != audit.SourceIdentityProvider { // The stricter counts.
			source = m.Source
		}
	}
	switch {
	case source == audit.SourceIdentityProvider:
		return OriginIDP
	case source == audit.SourceInternal:
		return OriginDatabricks
	case source == "" && group.MembersUnknown != "":
		return OriginUnknown
	case group.linked():
		return OriginIDP
	default:
		return OriginDatabricks
	}
}
