// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package entra

import (
	"maps"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// hidden reports whether the caller must not see the members of a group.
func (c *graphCall) hidden(g *world.IDPGroup) bool {
	return strings.EqualFold(g.Visibility, "HiddenMembership") && !c.may("Member.Read.Hidden")
}

// members lists direct members. v1.0 leaves out service principals, a known
// issue that its documentation mentions; beta has them.
func (c *graphCall) members() *graphError {
	return c.listMembers(func(g *world.IDPGroup) []string { return g.Members }, false)
}

// transitiveMembers lists the members over all nesting levels, each once; the
// group itself is not among them, not even inside a cycle (assumed).
func (c *graphCall) transitiveMembers() *graphError {
	return c.listMembers(func(g *world.IDPGroup) []string { return c.s.closure(c.d, g) },
		c.s.Assumed.V1ServicePrincipalMembers)
}

// closureOf is the last answer of [Face.closure].
type closureOf struct {
	d   *world.Directory
	id  string
	ids []string
}

// closure is the sorted ids below a group. The last one is kept, so that the
// pages of a big group do not compute it again.
func (s *Face) closure(d *world.Directory, g *world.IDPGroup) []string {
	s.mu.Lock()
	last := s.last
	s.mu.Unlock()
	if last.d == d && last.id == g.ID {
		return last.ids
	}
	ids := slices.Sorted(maps.Keys(d.TransitiveMembers(g)))
	s.mu.Lock()
	s.last = closureOf{d: d, id: g.ID, ids: ids}
	s.mu.Unlock()
	return ids
}

func (c *graphCall) listMembers(of func(*world.IDPGroup) []string, withSPs bool) *graphError {
	o, fail := c.addressed(graphGroup)
	if fail != nil {
		return fail
	}
	return c.related(func() ([]string, *graphError) {
		switch {
		case !c.hidden(o.group):
			return of(o.group), nil
		case c.s.Assumed.HiddenMembersForbidden:
			return nil, graphForbidden
		}
		return nil, nil
	}, withSPs)
}

// related lists the objects that a relation leads to: all of them or, behind a
// cast, those of one type.
func (c *graphCall) related(to func() ([]string, *graphError), withSPs bool) *graphError {
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
	ids, fail := to()
	if fail != nil {
		return fail
	}
	// What v1.0 does with service principals under their cast is unknown.
	withSPs = withSPs || c.version == "beta" || kind == graphSP && c.s.Assumed.V1ServicePrincipalMembers
	seq := graphSeq{len(ids), func(i int) (graphObject, bool) {
		m, ok := liveObject(c.d, ids[i])
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

// memberOf lists the groups that an object is a direct member of; those with
// hidden membership need the permission for it, as from their own side.
func memberOf(k *graphKind) graphHandler {
	return func(c *graphCall) *graphError {
		return c.listParents(k, func(key string) []string { return c.d.ParentIDs(key) })
	}
}

// transitiveMemberOf goes up over all levels, through hidden groups too.
func transitiveMemberOf(k *graphKind) graphHandler {
	return func(c *graphCall) *graphError { return c.listParents(k, c.d.AncestorIDs) }
}

func (c *graphCall) listParents(k *graphKind, of func(key string) []string) *graphError {
	o, fail := c.addressed(k)
	if fail != nil {
		return fail
	}
	return c.related(func() ([]string, *graphError) {
		return c.visibleGroups(of(strings.ToLower(o.id()))), nil
	}, false)
}

// manager is a reference to one object, which the state does not hold either.
func (c *graphCall) manager() *graphError {
	if _, fail := c.addressed(graphUser); fail != nil {
		return fail
	}
	return graphNotFound("manager")
}

// nothing answers for a relation of an object that the state does not hold:
// owners, assignments to other apps.
func nothing(k *graphKind) graphHandler {
	return func(c *graphCall) *graphError {
		if _, fail := c.addressed(k); fail != nil {
			return fail
		}
		return c.ok("", map[string]any{"value": []any{}})
	}
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
