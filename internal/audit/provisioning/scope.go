// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provisioning

import (
	"cmp"
	"maps"
	"slices"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Scope is whom a connector covers by assignment.
type Scope struct {
	// SyncAll: everyone is in scope, assigned or not. SkipDeletions: who leaves the scope
	// stays active. Nil where that could not be read.
	SyncAll, SkipDeletions *bool
	// Users and ServicePrincipals are assigned by themselves. A connector never writes
	// service principals.
	Users, ServicePrincipals []Assignment
	Groups                   []ScopedGroup
	// Unknown is why the assignments could not be read.
	Unknown string
}

// ScopedGroup is an assigned group. Only its direct members are in scope.
type ScopedGroup struct {
	Assignment
	// Users is the number of users who are direct members.
	Users int
	// Nested are the groups in it, which are not expanded, by id.
	Nested []string
	// Only are the users whom nothing else brings into scope: they are deactivated when
	// the group is removed. Nil where that is not known.
	Only []string
	// Unknown is why its members could not be read.
	Unknown string
}

// SkipOutOfScopeDeletions reports whether leavers stay active; known is false where that
// could not be read.
func (s *Scope) SkipOutOfScopeDeletions() (skips, known bool) {
	if s.SkipDeletions == nil {
		return false, false
	}
	return *s.SkipDeletions, true
}

func (s *Scope) nestedGroups() int {
	n := 0
	for i := range s.Groups {
		n += len(s.Groups[i].Nested)
	}
	return n
}

func scopeOf(c *Connector) Scope {
	out := Scope{Unknown: c.Unread[PartAssignments]}
	if value, known := c.flag(keySyncAll); known {
		out.SyncAll = &value
	}
	if value, known := c.flag(keySkipDeletions); known {
		out.SkipDeletions = &value
	}
	if c.Push != nil {
		everyone, skips := false, !c.Push.DeactivatesLeavers()
		out.SyncAll, out.SkipDeletions = &everyone, &skips
	}
	brings := map[string]int{} // how many assignments bring a user into scope
	whole := out.Unknown == ""
	for _, a := range assigned(c) {
		switch a.Type {
		case audit.TypeUser:
			out.Users = append(out.Users, a)
			brings[a.ID]++
		case audit.TypeServicePrincipal:
			out.ServicePrincipals = append(out.ServicePrincipals, a)
		case audit.TypeGroup:
			members, read := c.Members[a.ID]
			group := ScopedGroup{Assignment: a, Users: len(members.Users), Nested: slices.Sorted(slices.Values(members.Groups)), Unknown: members.Unknown}
			if !read {
				group.Unknown = cmp.Or(c.Unread[PartMembers], "its members were not read")
			}
			whole = whole && group.Unknown == ""
			for _, id := range members.Users {
				brings[id]++
			}
			out.Groups = append(out.Groups, group)
		}
	}
	if !whole || out.SyncAll == nil || *out.SyncAll {
		return out
	}
	for i := range out.Groups {
		g := &out.Groups[i]
		g.Only = []string{}
		for _, id := range c.Members[g.ID].Users {
			if brings[id] == 1 {
				g.Only = append(g.Only, id)
			}
		}
		slices.Sort(g.Only)
	}
	return out
}

// assigned are the assignments, each principal once (an app has several roles), sorted by
// type and id.
func assigned(c *Connector) []Assignment {
	byKey := map[audit.Ref]Assignment{}
	for _, a := range c.Assigned {
		byKey[audit.Ref{Type: a.Type, ID: a.ID}] = a
	}
	keys := slices.SortedFunc(maps.Keys(byKey), audit.CompareRefs)
	out := make([]Assignment, 0, len(keys))
	for _, k := range keys {
		out = append(out, byKey[k])
	}
	return out
}
