// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// fillInIDP says of every linked group what the IdP has in it, at any depth, and who of
// them is no member of the Databricks group, neither directly nor through a group in
// it. Groups that the verdict on the members did not need are read here.
func (a *memberAudit) fillInIDP(ctx context.Context, linked []int, members map[string][]audit.Member) ([]audit.Failure, error) {
	var below []string
	var at []int
	for _, i := range linked {
		if list, read := members[a.matches[i].Principal.ID]; read {
			at = append(at, i)
			below = append(below, groupsIn(list)...)
		}
	}
	failures, err := a.readBelow(ctx, below, members)
	if err != nil {
		return nil, err
	}
	trees := make([]*tree, len(at))
	for n, i := range at {
		trees[n] = newTree(a.matches[i].ByExternalID.ExternalID)
	}
	for open := trees; len(open) > 0; {
		missing := map[string]bool{}
		var waiting []*tree
		for n, t := range open {
			if err := Interrupted(ctx, n); err != nil {
				return nil, err
			}
			if unread := t.resume(a.d); len(unread) > 0 {
				waiting = append(waiting, t)
				for _, key := range unread {
					missing[key] = true
				}
			}
		}
		if err := a.read(ctx, missing); err != nil {
			return nil, err
		}
		open = waiting
	}
	for n, i := range at {
		m := &a.matches[i]
		m.Members.InIDP = a.inIDP(trees[n], whoIsIn(m.Principal.ID, members))
	}
	return failures, nil
}

// tree is an IdP group with everything in it.
type tree struct {
	root    string
	queue   []string
	seen    map[string]bool
	ids     map[string]bool // of members that are no groups
	unknown string
}

func newTree(root string) *tree {
	key := audit.CanonicalExternalID(root)
	return &tree{root: key, queue: []string{key}, seen: map[string]bool{key: true}}
}

// resume goes on until everything is there, or it lacks the groups that it returns.
func (t *tree) resume(d *Index) (unread []string) {
	for at := 0; at < len(t.queue); at++ {
		node := d.Nodes[t.queue[at]]
		if node == nil {
			unread = append(unread, t.queue[at])
			continue
		}
		t.unknown = Smaller(Smaller(t.unknown, node.Unknown), node.Below)
		if t.ids == nil {
			t.ids = make(map[string]bool, len(node.members))
		}
		nested := setOf(node.groups)
		for id := range node.members {
			switch {
			case node.others[id]:
			case !nested[id]:
				t.ids[id] = true
			case !t.seen[id]:
				t.seen[id] = true
				t.queue = append(t.queue, id)
			}
		}
	}
	t.queue = unread
	return unread
}

// held are the members of a Databricks group, at any depth.
type held struct {
	ids   map[string]bool // canonical external ids
	count int             // of members that are no groups
	whole bool            // false where a group in it could not be read
}

func whoIsIn(group string, members map[string][]audit.Member) held {
	out := held{ids: make(map[string]bool, len(members[group])), whole: true}
	seen := make(map[audit.Ref]bool, len(members[group]))
	for queue := []string{group}; len(queue) > 0; queue = queue[1:] {
		list, read := members[queue[0]]
		out.whole = out.whole && read
		for _, m := range list {
			if seen[m.Ref] || m.ID == group && m.Type == audit.TypeGroup {
				continue
			}
			seen[m.Ref] = true
			if m.ExternalID != "" {
				out.ids[audit.CanonicalExternalID(m.ExternalID)] = true
			}
			if m.Type == audit.TypeGroup {
				queue = append(queue, m.ID)
			} else {
				out.count++
			}
		}
	}
	return out
}

func (a *memberAudit) inIDP(t *tree, here held) *audit.IDPMembers {
	out := &audit.IDPMembers{Unknown: t.unknown, Here: here.count}
	if !here.whole {
		out.Unknown = Smaller(out.Unknown, "the members of a group within it could not be read in Databricks")
	}
	// A source need not read the objects that no principal is linked to: of these only
	// the id is known.
	describe := func(id string, kind audit.PrincipalType) (_ *audit.Identity, counts bool) {
		at, known := a.d.byID[id]
		if !known {
			return &audit.Identity{Type: kind, ExternalID: id}, true
		}
		identity := &a.d.Entries[at].Identity
		return identity, !identity.Deleted
	}
	for id := range t.ids {
		identity, counts := describe(id, "")
		if !counts {
			continue
		}
		out.Count++
		if !here.ids[id] && here.whole {
			out.Missing = append(out.Missing, *identity)
		}
	}
	for id := range t.seen {
		if identity, counts := describe(id, audit.TypeGroup); counts && id != t.root {
			out.Nested = append(out.Nested, *identity)
		}
	}
	byID := func(x, y audit.Identity) int { return strings.Compare(x.ExternalID, y.ExternalID) }
	slices.SortFunc(out.Missing, byID)
	slices.SortFunc(out.Nested, byID)
	return out
}
