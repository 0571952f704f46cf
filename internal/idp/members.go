// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// groupNode is one IdP group with its direct members.
type groupNode struct {
	members map[string]struct{} // canonical ids
	groups  []string            // canonical ids of the members that are groups
	// unknown is why the members could not be read whole.
	unknown string
}

func newGroupNode(size int) *groupNode { return &groupNode{members: make(map[string]struct{}, size)} }

func (n *groupNode) add(id string, isGroup bool) {
	key := audit.CanonicalExternalID(id)
	if _, there := n.members[key]; there {
		return
	}
	n.members[key] = struct{}{}
	if isGroup {
		n.groups = append(n.groups, key)
	}
}

func (n *groupNode) has(key string) bool { _, ok := n.members[key]; return ok }

// fetchNodes reads the members of IdP groups, by canonical id, into the
// directory's nodes. What cannot be read gets a node that says why; an error
// ends the audit.
type fetchNodes func(ctx context.Context, groups []string) error

// memberAudit compares the members of all linked groups of a request.
type memberAudit struct {
	d       *directory
	req     Request
	matches []audit.Match
	fetch   fetchNodes
}

// run fills Members of every group match that is known: nil when nobody asked,
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
	for len(members) > 0 {
		missing := map[string]bool{}
		for i, list := range members {
			verdict, unread := a.compare(a.matches[i].ByExternalID.ExternalID, list)
			if len(unread) == 0 {
				a.matches[i].Members = verdict
				delete(members, i)
			}
			for _, key := range unread {
				missing[key] = true
			}
		}
		if err := a.read(ctx, missing); err != nil {
			return nil, err
		}
	}
	told := map[string]bool{}
	for _, f := range failures {
		told[f.ID] = true
	}
	for _, i := range linked {
		m := &a.matches[i]
		if why := m.Members.Unknown; why != "" && !told[m.Principal.ID] {
			failures = append(failures, audit.Failure{Type: audit.TypeGroup, ID: m.Principal.ID, Call: callIDPMembers, Reason: why})
		}
	}
	return failures, nil
}

// read makes sure that every group asked for has a node afterwards.
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
		if a.d.nodes[key] == nil {
			a.d.nodes[key] = &groupNode{unknown: fmt.Sprintf("the members of IdP group %s were not read", key)}
		}
	}
	return nil
}

// readBoth reads the Databricks members of the groups at these positions of
// matches and, while that goes on, the IdP groups of which they show that they
// will be needed: the two sides do not wait for each other. A Databricks list that
// cannot be read makes the group's members unknown.
func (a *memberAudit) readBoth(ctx context.Context, at []int) (map[int][]audit.Member, []audit.Failure, error) {
	var (
		members  = make(map[int][]audit.Member, len(at))
		failures []audit.Failure
		wanted   []string
		asked    = map[string]bool{}
	)
	group, inner := errgroup.WithContext(ctx)
	lists := a.databricksMembers(inner, group, at)
	for list := range lists {
		p := a.matches[list.at].Principal
		if list.err != nil {
			a.matches[list.at].Members.Unknown = "the members in Databricks could not be read: " + list.err.Error()
			failures = append(failures, audit.Failure{Type: p.Type, ID: p.ID, Call: callMembers, Reason: list.err.Error()})
			continue
		}
		members[list.at] = list.members
		root := audit.CanonicalExternalID(a.matches[list.at].ByExternalID.ExternalID)
		linked := slices.ContainsFunc(list.members, func(m audit.Member) bool { return m.ExternalID != "" })
		if linked && a.d.nodes[root] == nil && !asked[root] {
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

// readAhead is a number of IdP groups that is whole batches of Microsoft Graph.
const readAhead = 5 * maxParts

func setOf(keys []string) map[string]bool {
	out := make(map[string]bool, len(keys))
	for _, key := range keys {
		out[key] = true
	}
	return out
}

// memberList is the answer for the group at a position of matches.
type memberList struct {
	at      int
	members []audit.Member
	err     error
}

// databricksMembers reads the lists from many goroutines of the group, and closes
// the channel after the last one. An error that ends the audit is the group's.
func (a *memberAudit) databricksMembers(ctx context.Context, group *errgroup.Group, at []int) <-chan memberList {
	out := make(chan memberList, len(at)) // Nobody waits for the reader of the channel.
	next := make(chan int, len(at))
	for _, i := range at {
		next <- i
	}
	close(next)
	var readers sync.WaitGroup
	for range min(a.req.readers(), len(at)) {
		readers.Add(1)
		group.Go(func() error {
			defer readers.Done()
			for i := range next {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				p := a.matches[i].Principal
				list, err := a.req.Members(ctx, p.ID)
				if endsAll(ctx, err) {
					return fmt.Errorf("reading the members of %s: %w", p.Ref, err)
				}
				out <- memberList{i, list, err}
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

// compare judges the members of one linked group. unread lists the groups that
// must be read before it can; the verdict is nil then.
//
// A member is confirmed by its externalId alone: one without it is local,
// whatever its name. A group never confirms itself, not even through a cycle.
func (a *memberAudit) compare(groupID string, members []audit.Member) (verdict *audit.MemberMatch, unread []string) {
	root := audit.CanonicalExternalID(groupID)
	verdict = &audit.MemberMatch{}
	open := map[string]bool{} // ids that no group has confirmed
	for _, m := range members {
		if m.ExternalID != "" {
			open[audit.CanonicalExternalID(m.ExternalID)] = true
		}
	}
	nested := map[string]bool{} // ids that only a nested group has
	below := ""                 // why the nesting could not be read whole
	if len(open) > 0 {
		node := a.d.nodes[root]
		switch {
		case node == nil:
			return nil, []string{root}
		case node.unknown != "":
			return &audit.MemberMatch{Unknown: node.unknown}, nil
		}
		for key := range open {
			if key != root && node.has(key) {
				delete(open, key)
			}
		}
		if below, unread = a.walk(root, node, open, nested); len(unread) > 0 {
			return nil, unread
		}
	}
	if below != "" && len(open) > 0 && a.req.Membership != MembershipDirect {
		return &audit.MemberMatch{Unknown: below}, nil
	}
	a.list(verdict, members, open, nested, below)
	return verdict, nil
}

// walk goes through the groups below a group until every open id is found,
// moving what it finds from open to nested.
func (a *memberAudit) walk(root string, node *groupNode, open, nested map[string]bool) (unknown string, unread []string) {
	seen := map[string]bool{root: true}
	for queue := slices.Clone(node.groups); len(queue) > 0 && len(open) > 0; queue = queue[1:] {
		key := queue[0]
		if seen[key] {
			continue
		}
		seen[key] = true
		child := a.d.nodes[key]
		switch {
		case child == nil:
			unread = append(unread, key)
			continue
		case child.unknown != "":
			unknown = child.unknown
			continue
		}
		for id := range open {
			if id != root && child.has(id) {
				delete(open, id)
				nested[id] = true
			}
		}
		queue = append(queue, child.groups...)
	}
	if len(open) == 0 {
		return "", nil
	}
	return unknown, unread
}

// list writes the unconfirmed members, sorted by id.
func (a *memberAudit) list(verdict *audit.MemberMatch, members []audit.Member, open, nested map[string]bool, below string) {
	for _, m := range members {
		key := audit.CanonicalExternalID(m.ExternalID)
		ref := audit.MemberRef{Ref: m.Ref, Name: m.Name, ExternalID: m.ExternalID, Source: m.Source}
		switch isNested := nested[key]; {
		case m.ExternalID == "":
			ref.NestedInIDP = new(bool)
			verdict.Local = append(verdict.Local, ref)
		case open[key] || isNested && a.req.Membership == MembershipDirect:
			if isNested || below == "" {
				ref.NestedInIDP = &isNested
			}
			verdict.External = append(verdict.External, ref)
		}
	}
	byID := func(x, y audit.MemberRef) int { return audit.CompareRefs(audit.Ref{ID: x.ID}, audit.Ref{ID: y.ID}) }
	slices.SortStableFunc(verdict.Local, byID)
	slices.SortStableFunc(verdict.External, byID)
}
