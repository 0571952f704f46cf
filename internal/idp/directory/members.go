// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
)

// Node is one IdP group with its direct members.
type Node struct {
	members map[string]struct{} // canonical ids
	groups  []string            // canonical ids of the members that are groups
	others  map[string]bool     // canonical ids of members that can be no principal: devices, contacts
	// Unknown is why the members could not be read in full.
	Unknown string
	// Below is why the group may hold more than its members and their groups say: it
	// has a member of which the directory does not tell what it is.
	Below string
}

// NewNode is a group without members yet, with room for so many.
func NewNode(size int) *Node { return &Node{members: make(map[string]struct{}, size)} }

// Add takes in a member, once.
func (n *Node) Add(id string, isGroup bool) {
	key := audit.CanonicalExternalID(id)
	if _, there := n.members[key]; there {
		return
	}
	n.members[key] = struct{}{}
	if isGroup {
		n.groups = append(n.groups, key)
	}
}

// Members are the canonical ids of all direct members, sorted.
func (n *Node) Members() []string { return slices.Sorted(maps.Keys(n.members)) }

// AddOther takes in a member that can be no principal.
func (n *Node) AddOther(id string) {
	n.Add(id, false)
	if n.others == nil {
		n.others = map[string]bool{}
	}
	n.others[audit.CanonicalExternalID(id)] = true
}

func (n *Node) has(key string) bool { _, ok := n.members[key]; return ok }

// fetchNodes reads the members of IdP groups, by canonical id, into the
// directory's nodes. What cannot be read gets a node that says why; an error
// ends the audit.
type fetchNodes func(ctx context.Context, groups []string) error

// memberAudit compares the members of all linked groups of a request.
type memberAudit struct {
	d       *Index
	req     idp.Request
	matches []audit.Match
	fetch   fetchNodes
}

// run fills Members of every group match that is known: nil when no one asked,
// empty lists for a group that is linked to no IdP group (there is nothing to
// compare with; the server is assumed to do the same), else the verdict.
//
// IdP groups are read in rounds. The first round has the linked groups of which
// some member has an externalId: a member without one cannot be confirmed by
// any IdP group. The next rounds have the groups nested in those whose members
// were not all confirmed yet, so that nesting is read only where it decides
// something. Each group is read once, so cycles end.
func (a *memberAudit) run(ctx context.Context) ([]audit.Failure, error) {
	if a.req.Members == nil {
		return nil, nil
	}
	var linked []int
	for i := range a.matches {
		m := &a.matches[i]
		if m.Principal.Type != audit.TypeGroup || m.Unknown != "" {
			continue
		}
		m.Members = &audit.MemberMatch{}
		if m.ByExternalID != nil {
			linked = append(linked, i)
		}
	}
	members, failures, err := a.readBoth(ctx, linked)
	if err != nil {
		return nil, err
	}
	if err := a.confirm(ctx, linked, members); err != nil {
		return nil, err
	}
	unread, err := a.settleNested(ctx, linked, members)
	if err != nil {
		return nil, err
	}
	failures = append(failures, unread...)
	if a.req.InIDP {
		if unread, err = a.fillInIDP(ctx, linked, members); err != nil {
			return nil, err
		}
		failures = append(failures, unread...)
	}
	reported := map[string]bool{}
	for _, f := range failures {
		reported[f.ID] = true
	}
	for _, i := range linked {
		m := &a.matches[i]
		if why := m.Members.Unknown; why != "" && !reported[m.Principal.ID] {
			failures = append(failures, audit.Failure{Type: audit.TypeGroup, ID: m.Principal.ID, Call: CallIDPMembers, Reason: why})
		}
	}
	return failures, nil
}

// Read makes sure that every group asked for has a node afterwards.
func (a *memberAudit) read(ctx context.Context, missing map[string]bool) error {
	if len(missing) == 0 {
		return nil
	}
	keys := make([]string, 0, len(missing))
	for key := range missing {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	if err := a.fetch(ctx, keys); err != nil {
		return err
	}
	for _, key := range keys {
		if a.d.Nodes[key] == nil {
			a.d.Nodes[key] = &Node{Unknown: fmt.Sprintf("the members of IdP group %s were not read", key)}
		}
	}
	return nil
}

// readBoth reads the Databricks members of the groups at these positions of
// matches and, while that goes on, the IdP groups of which they show that they
// will be needed: the two sides do not wait for each other. A Databricks list that
// cannot be read makes the group's members unknown.
func (a *memberAudit) readBoth(ctx context.Context, at []int) (map[string][]audit.Member, []audit.Failure, error) {
	var (
		members  = make(map[string][]audit.Member, len(at))
		failures []audit.Failure
		wanted   []string
		asked    = map[string]bool{}
	)
	group, inner := errgroup.WithContext(ctx)
	groups, position := make([]string, len(at)), make(map[string]int, len(at))
	for n, i := range at {
		groups[n] = a.matches[i].Principal.ID
		position[groups[n]] = i
	}
	lists := a.databricksMembers(inner, group, groups)
	for list := range lists {
		m := &a.matches[position[list.group]]
		if list.err != nil {
			m.Members.Unknown = "the members in Databricks could not be read: " + list.err.Error()
			failures = append(failures, list.failure())
			continue
		}
		members[list.group] = list.members
		root := audit.CanonicalExternalID(m.ByExternalID.ExternalID)
		linked := slices.ContainsFunc(list.members, func(m audit.Member) bool { return m.ExternalID != "" })
		if linked && a.d.Nodes[root] == nil && !asked[root] {
			asked[root] = true
			wanted = append(wanted, root)
		}
		// Whole batches only, so that going ahead costs no request. What comes
		// meanwhile waits in the channel.
		if whole := len(wanted) / readAhead * readAhead; whole > 0 && len(lists) == 0 {
			if err := a.read(inner, setOf(wanted[:whole])); err != nil {
				group.Go(func() error { return err })
				break
			}
			wanted = wanted[whole:]
		}
	}
	if err := group.Wait(); err != nil {
		return nil, nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, fmt.Errorf("reading group members: %w", err)
	}
	return members, failures, nil
}

// readAhead is a number of IdP groups that is whole batches of Microsoft Graph,
// which hold 20.
const readAhead = 100

func setOf(keys []string) map[string]bool {
	out := make(map[string]bool, len(keys))
	for _, key := range keys {
		out[key] = true
	}
	return out
}

// memberList is what the account says of the members of a group.
type memberList struct {
	group   string
	members []audit.Member
	err     error
}

func (l *memberList) failure() audit.Failure {
	return audit.Failure{Type: audit.TypeGroup, ID: l.group, Call: callMembers, Reason: l.err.Error()}
}

// databricksMembers reads the lists from many goroutines of the errgroup, and closes
// the channel after the last one. An error that ends the audit is the errgroup's.
func (a *memberAudit) databricksMembers(ctx context.Context, group *errgroup.Group, groups []string) <-chan memberList {
	out := make(chan memberList, len(groups)) // No one waits for the reader of the channel.
	next := make(chan string, len(groups))
	for _, id := range groups {
		next <- id
	}
	close(next)
	var readers sync.WaitGroup
	for range min(readersOf(a.req), len(groups)) {
		readers.Add(1)
		group.Go(func() error {
			defer readers.Done()
			for id := range next {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				list, err := a.req.Members(ctx, id)
				if idp.EndsAll(ctx, err) {
					return fmt.Errorf("reading the members of group/%s: %w", id, err)
				}
				out <- memberList{id, list, err}
			}
			return nil
		})
	}
	go func() {
		readers.Wait()
		close(out)
	}()
	return out
}

// confirm compares the members of every linked group that was read.
//
// A member is confirmed by its externalId alone: one without it is local,
// whatever its name. A group never confirms itself, not even through a cycle.
func (a *memberAudit) confirm(ctx context.Context, linked []int, members map[string][]audit.Member) error {
	var searches []*search
	var at []int
	for _, i := range linked {
		list, read := members[a.matches[i].Principal.ID]
		if !read {
			continue
		}
		s := newSearch(a.matches[i].ByExternalID.ExternalID, len(list))
		for _, m := range list {
			s.want(m.ExternalID)
			// Where everything is at hand, what lies below is looked at for the members
			// without externalId too.
			s.toTheEnd = s.toTheEnd || a.d.NodesWhole && m.ExternalID == ""
		}
		searches, at = append(searches, s), append(at, i)
	}
	if err := a.search(ctx, searches); err != nil {
		return err
	}
	for n, s := range searches {
		m := &a.matches[at[n]]
		m.Members = a.verdict(s, members[m.Principal.ID])
	}
	return nil
}

// verdict judges the members of one group after their search.
func (a *memberAudit) verdict(s *search, members []audit.Member) *audit.MemberMatch {
	switch {
	case s.unknown != "":
		return &audit.MemberMatch{Unknown: s.unknown}
	case s.below != "" && (len(s.open) > 0 || s.toTheEnd) && a.req.Membership != idp.MembershipDirect:
		return &audit.MemberMatch{Unknown: s.below}
	}
	verdict := &audit.MemberMatch{}
	for _, m := range members {
		if m.ExternalID != "" && len(s.open)+len(s.nested) == 0 {
			continue // Confirmed, as everyone is.
		}
		key := audit.CanonicalExternalID(m.ExternalID)
		ref := audit.MemberRef{Ref: m.Ref, Name: m.Name, ExternalID: m.ExternalID, Source: m.Source}
		isNested := s.nested[key]
		if isNested || s.below == "" && m.Type != audit.TypeGroup {
			ref.NestedInIDP = &isNested
		}
		switch {
		case m.ExternalID == "":
			verdict.Local = append(verdict.Local, ref)
		case s.open[key] || isNested && a.req.Membership == idp.MembershipDirect:
			verdict.External = append(verdict.External, ref)
		}
	}
	byID := func(x, y audit.MemberRef) int { return audit.CompareRefs(audit.Ref{ID: x.ID}, audit.Ref{ID: y.ID}) }
	slices.SortStableFunc(verdict.Local, byID)
	slices.SortStableFunc(verdict.External, byID)
	return verdict
}
