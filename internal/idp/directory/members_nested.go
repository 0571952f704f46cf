// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// nestedGroup is a group of Databricks, member of a linked group, that the IdP does
// not have there.
type nestedGroup struct {
	in  *search // Below the IdP group of the parent
	ref *audit.MemberRef
}

// settleNested finds out of every nested group that is not confirmed whether it
// holds anyone, at any depth, whom the IdP has in the parent: someone who removes it
// takes access away that the IdP grants. The people in it are compared by externalId
// and by every identity that their names lead to. NestedInIDP stays nil where any of
// that is not known.
func (a *memberAudit) settleNested(ctx context.Context, linked []int, members map[string][]audit.Member) ([]audit.Failure, error) {
	var groups []nestedGroup
	var searches []*search
	var open []string
	for _, i := range linked {
		m := a.matches[i].Members
		var s *search
		for _, list := range [2][]audit.MemberRef{m.Local, m.External} {
			for k := range list {
				ref := &list[k]
				if ref.Type != audit.TypeGroup || ref.NestedInIDP != nil {
					continue
				}
				if s == nil {
					s = newSearch(a.matches[i].ByExternalID.ExternalID, 0)
					searches = append(searches, s)
				}
				groups, open = append(groups, nestedGroup{s, ref}), append(open, ref.ID)
			}
		}
	}
	if len(groups) == 0 {
		return nil, nil
	}
	failures, err := a.readBelow(ctx, open, members)
	if err != nil {
		return nil, err
	}
	within := carried{matches: make(map[audit.Ref]*audit.Match, len(a.matches)), members: members, known: map[string]*content{}}
	for i := range a.matches {
		within.matches[a.matches[i].Principal.Ref] = &a.matches[i]
	}
	for _, g := range groups {
		content, err := within.of(ctx, g.ref.ID)
		if err != nil {
			return nil, err
		}
		for _, id := range content.ids {
			g.in.want(id)
		}
	}
	if err := a.search(ctx, searches); err != nil {
		return nil, err
	}
	for _, g := range groups {
		content := within.known[g.ref.ID]
		has := slices.ContainsFunc(content.ids, func(id string) bool {
			key := audit.CanonicalExternalID(id)
			return key != g.in.root && g.in.unknown == "" && !g.in.open[key]
		})
		if has || content.whole && (g.in.below == "" || len(content.ids) == 0) {
			g.ref.NestedInIDP = &has
		}
	}
	return failures, nil
}

// readBelow reads the members of groups of Databricks, and of all groups within
// them, into members. One that cannot be read is left out.
func (a *memberAudit) readBelow(ctx context.Context, groups []string, members map[string][]audit.Member) ([]audit.Failure, error) {
	var failures []audit.Failure
	seen := map[string]bool{}
	for len(groups) > 0 {
		var unread, next []string
		for at := 0; at < len(groups); at++ {
			if seen[groups[at]] {
				continue
			}
			seen[groups[at]] = true
			if list, read := members[groups[at]]; read {
				groups = append(groups, groupsIn(list)...)
			} else {
				unread = append(unread, groups[at])
			}
		}
		reading, inner := errgroup.WithContext(ctx)
		for list := range a.databricksMembers(inner, reading, unread) {
			if list.err != nil {
				failures = append(failures, list.failure())
				continue
			}
			members[list.group] = list.members
			next = append(next, groupsIn(list.members)...)
		}
		if err := reading.Wait(); err != nil {
			return nil, err
		}
		groups = next
	}
	return failures, nil
}

func groupsIn(members []audit.Member) (ids []string) {
	for _, m := range members {
		if m.Type == audit.TypeGroup {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

// carried knows whom groups of Databricks hold.
type carried struct {
	matches map[audit.Ref]*audit.Match
	members map[string][]audit.Member
	known   map[string]*content
}

// content are the ids in the IdP of everyone in a group, at any depth. whole is
// false where there may be more.
type content struct {
	ids   []string
	whole bool
}

func (c *carried) of(ctx context.Context, group string) (*content, error) {
	if known := c.known[group]; known != nil {
		return known, nil
	}
	out := &content{whole: true}
	c.known[group] = out
	seen := map[string]bool{group: true}
	count := 0
	for queue := []string{group}; len(queue) > 0; queue = queue[1:] {
		list, read := c.members[queue[0]]
		out.whole = out.whole && read
		for _, m := range list {
			if err := Interrupted(ctx, count); err != nil {
				return nil, err
			}
			count++
			c.add(out, &m)
			if m.Type == audit.TypeGroup && !seen[m.ID] {
				seen[m.ID] = true
				queue = append(queue, m.ID)
			}
		}
	}
	return out, nil
}

// Add takes in every identity that the member may be. Of one that was not matched
// only the stored id is known.
func (c *carried) add(out *content, m *audit.Member) {
	if m.ExternalID != "" {
		out.ids = append(out.ids, m.ExternalID)
	}
	match := c.matches[m.Ref]
	if match == nil || match.Unknown != "" {
		out.whole = false
		return
	}
	for _, list := range [2][]audit.Identity{match.ByName, match.NearName} {
		for i := range list {
			out.ids = append(out.ids, list[i].ExternalID)
		}
	}
}
