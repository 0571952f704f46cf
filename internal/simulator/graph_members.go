// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"maps"
	"slices"
	"strings"
)

// hidden tells whether the caller must not see the members of a group.
func (c *graphCall) hidden(g *IDPGroup) bool {
	return strings.EqualFold(g.Visibility, "HiddenMembership") && !c.may("Member.Read.Hidden")
}

// members lists direct members. v1.0 leaves out service principals, a known
// issue that its documentation tells; beta has them.
func (c *graphCall) members() *graphError {
	return c.listMembers(func(g *IDPGroup) []string { return g.Members }, false)
}

// transitiveMembers lists the members over all nesting levels, each once; the
// group itself is not among them, not even inside a cycle (assumed).
func (c *graphCall) transitiveMembers() *graphError {
	return c.listMembers(func(g *IDPGroup) []string { return c.s.idp.closure(c.d, g) },
		c.s.opts.Assumed.Graph.V1ServicePrincipalMembers)
}

// closureOf is the last answer of [idpFace.closure].
type closureOf struct {
	d   *directory
	id  string
	ids []string
}

// closure is the sorted ids below a group. The last one is kept, so that the
// pages of a big group do not compute it again.
func (f *idpFace) closure(d *directory, g *IDPGroup) []string {
	f.mu.Lock()
	last := f.last
	f.mu.Unlock()
	if last.d == d && last.id == g.ID {
		return last.ids
	}
	ids := slices.Sorted(maps.Keys(d.transitiveMembers(g)))
	f.mu.Lock()
	f.last = closureOf{d: d, id: g.ID, ids: ids}
	f.mu.Unlock()
	return ids
}

func (c *graphCall) listMembers(of func(*IDPGroup) []string, withSPs bool) *graphError {
	id := c.r.PathValue("id")
	o, ok := c.d.liveObject(id)
	if !ok || o.group == nil {
		if !ok && !guidPattern.MatchString(id) {
			return graphBadRequest("Request_BadRequest", "Invalid object identifier '%s'.", id)
		}
		return graphNotFound(id)
	}
	segment := c.r.PathValue("cast")
	kind, fail := c.memberCast(segment)
	if fail != nil {
		return fail
	}
	cast := segment != "" && segment != "$count"
	q, fail := c.query(kind)
	if fail != nil {
		return fail
	}
	if cast && !q.advanced {
		return graphBadRequest("Request_UnsupportedQuery", "The specified cast '%s' needs the header 'ConsistencyLevel:eventual' and $count=true.", segment)
	}
	var ids []string
	switch {
	case !c.hidden(o.group):
		ids = of(o.group)
	case c.s.opts.Assumed.Graph.HiddenMembersForbidden:
		return graphForbidden
	}
	// What v1.0 does with service principals under their cast is unknown.
	withSPs = withSPs || c.version == "beta" || kind == graphSP && c.s.opts.Assumed.Graph.V1ServicePrincipalMembers
	seq := graphSeq{len(ids), func(i int) (graphObject, bool) {
		m, ok := c.d.liveObject(ids[i])
		ok = ok && (m.sp == nil || withSPs) && (!cast || kind != nil && m.kind() == kind)
		return m, ok
	}}
	if segment == "$count" {
		return c.sendCount(q, seq)
	}
	if kind != nil {
		return c.sendPage(selection(kind.path, q), q, c.ordered(q, seq, false), func(m graphObject) map[string]any {
			if c.may(kind.needs...) {
				return kind.render(m, q.selected)
			}
			return kind.bare(m, q.selected)
		})
	}
	return c.sendPage(selection("directoryObjects", q), q, seq, func(m graphObject) map[string]any {
		return c.mixedRow(m, q.selected)
	})
}

// memberCast reads the segment behind members; nil is every type.
func (c *graphCall) memberCast(segment string) (*graphKind, *graphError) {
	if segment == "" || segment == "$count" {
		return nil, nil
	}
	kind, ok := castKind(segment)
	if !ok {
		return nil, graphBadRequest("BadRequest", "Resource not found for the segment '%s'.", segment)
	}
	return kind, nil
}
