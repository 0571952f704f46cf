// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// search looks for ids among the members of an IdP group, at any depth. It goes on
// where it had to wait for a group to be read, so that it looks at each group once,
// however deep they are nested.
type search struct {
	root string
	// open are ids that were not found, nested those that only groups below the root
	// have. All ids are canonical.
	open, nested map[string]bool
	// toTheEnd looks at every group below the root, also when nothing is open.
	toTheEnd bool
	queue    []string
	seen     map[string]bool
	// Unknown is why the members of the root could not be read, below why there may
	// be more than was found.
	unknown, below string
}

// newSearch has room for so many ids.
func newSearch(root string, size int) *search {
	key := audit.CanonicalExternalID(root)
	return &search{root: key, open: make(map[string]bool, size), nested: map[string]bool{}, queue: []string{key}, seen: map[string]bool{key: true}}
}

// want adds an id to look for; a blank one is no one's.
func (s *search) want(externalID string) {
	if externalID != "" {
		s.open[audit.CanonicalExternalID(externalID)] = true
	}
}

func (s *search) done() bool { return s.unknown != "" || len(s.open) == 0 && !s.toTheEnd }

// resume goes on until the search is done, or lacks the groups that it returns.
func (s *search) resume(ctx context.Context, d *Index) (unread []string, err error) {
	for at := 0; at < len(s.queue) && !s.done(); at++ {
		if err := Interrupted(ctx, at); err != nil {
			return nil, err
		}
		node := d.Nodes[s.queue[at]]
		if node == nil {
			unread = append(unread, s.queue[at])
			continue
		}
		s.visit(s.queue[at], node)
	}
	if s.done() {
		unread = nil
	}
	s.queue = unread
	if len(unread) == 0 {
		s.seen = nil
	}
	return unread, nil
}

// visit takes from open what the group has. It goes through the smaller of the two
// sets: many searches meet one group of 100,000 members.
func (s *search) visit(key string, node *Node) {
	if node.Unknown != "" {
		if key == s.root {
			s.unknown = node.Unknown
		}
		s.below = Smaller(s.below, node.Unknown)
		return
	}
	s.below = Smaller(s.below, node.Below)
	found := func(id string) {
		if id == s.root || !s.open[id] {
			return
		}
		delete(s.open, id)
		if key != s.root {
			s.nested[id] = true
		}
	}
	if len(node.members) < len(s.open) {
		for id := range node.members {
			found(id)
		}
	} else {
		for id := range s.open {
			if node.has(id) {
				found(id)
			}
		}
	}
	for _, group := range node.groups {
		if !s.seen[group] {
			s.seen[group] = true
			s.queue = append(s.queue, group)
		}
	}
}

// Smaller is the smaller of two reasons, or the one that there is: not the order in
// which groups were met decides.
func Smaller(a, b string) string {
	if a == "" || b != "" && b < a {
		return b
	}
	return a
}

// Interrupted is the cause of a context that has ended. Loops over much data ask it with
// their position.
func Interrupted(ctx context.Context, at int) error {
	if at%1024 == 0 && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// search carries out searches, and reads the groups that they lack in rounds.
func (a *memberAudit) search(ctx context.Context, searches []*search) error {
	for len(searches) > 0 {
		missing := map[string]bool{}
		var waiting []*search
		for _, s := range searches {
			unread, err := s.resume(ctx, a.d)
			if err != nil {
				return err
			}
			for _, key := range unread {
				missing[key] = true
			}
			if len(unread) > 0 {
				waiting = append(waiting, s)
			}
		}
		searches = waiting
		if err := a.read(ctx, missing); err != nil {
			return err
		}
	}
	return nil
}
