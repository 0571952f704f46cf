// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package assess

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/judge"
)

// memberLists gives an audit the members that the list of groups has (group_members =
// "list"), as far as they can be relied on: what is reported, and a sample of the rest,
// is read group by group as well, and one list that is wrong takes the others with it.
// A nil one was never asked for.
type memberLists struct {
	reader  *directory.Audit
	readers int

	once   sync.Once
	groups map[string][]audit.Member
	err    error
}

func newMemberLists(reader *directory.Audit, readers int) *memberLists {
	return &memberLists{reader: reader, readers: readers}
}

// members is [idp.Request.Members]. The groups are listed at the first call.
func (l *memberLists) members(ctx context.Context, groupID string) ([]audit.Member, error) {
	l.once.Do(func() { l.groups, l.err = l.reader.ListedMembers(ctx) })
	if l.err != nil {
		return nil, l.err
	}
	if list, ok := l.groups[groupID]; ok {
		return list, nil
	}
	return l.reader.Members(ctx, groupID)
}

func (l *memberLists) used() bool { return l != nil && len(l.groups) > 0 }

// membersSampled is how many lists are checked that nothing is reported of.
const membersSampled = 20

// verify reads groups by themselves and compares: those whose members the IdP does not
// confirm, that lack members of the IdP or that could not be judged, those that an offer depends on, every group nested in
// one of them, and a sample. Their lists are used no more, and no list is where one is
// wrong. again is true where what the IdP was asked depends on a list that is gone, or on
// one of a group that cannot be read by itself.
func (l *memberLists) verify(ctx context.Context, in judge.Input, o judge.Options) (again bool, err error) {
	candidates, err := judge.CandidatesUntil(StopAt(ctx), in, o)
	if err != nil {
		return false, err
	}
	var doubtful []string
	for _, m := range in.Matches {
		if v := m.Members; v != nil && (v.Unknown != "" || len(v.Local)+len(v.External) > 0 || v.InIDP != nil && len(v.InIDP.Missing) > 0) {
			doubtful = append(doubtful, m.Principal.ID)
		}
	}
	for _, ref := range candidates {
		if ref.Type == audit.TypeGroup {
			doubtful = append(doubtful, ref.ID)
		}
	}
	check := l.within(doubtful)
	again = len(check) > 0
	for _, id := range l.sample() {
		check[id] = true
	}
	wrong, unread, err := l.compare(ctx, check)
	if err != nil {
		return false, err
	}
	if wrong {
		l.groups = nil
		return true, nil
	}
	for id := range check {
		delete(l.groups, id)
	}
	return again || unread, nil
}

// within are the groups that were listed, of these and of all groups nested in them.
func (l *memberLists) within(groups []string) map[string]bool {
	out := map[string]bool{}
	for len(groups) > 0 {
		id := groups[len(groups)-1]
		groups = groups[:len(groups)-1]
		list, listed := l.groups[id]
		if !listed || out[id] {
			continue
		}
		out[id] = true
		for _, m := range list {
			if m.Type == audit.TypeGroup {
				groups = append(groups, m.ID)
			}
		}
	}
	return out
}

// sample are some of the groups that were listed, the same ones for the same account.
func (l *memberLists) sample() []string {
	ids := make([]string, 0, len(l.groups))
	for id := range l.groups {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, audit.CompareIDs)
	step := max(1, len(ids)/membersSampled)
	var out []string
	for at := 0; at < len(ids); at += step {
		out = append(out, ids[at])
	}
	return out
}

// compare reads groups by themselves: whether any has other members than were listed,
// and whether any could not be read.
func (l *memberLists) compare(ctx context.Context, groups map[string]bool) (wrong, unread bool, err error) {
	var mu sync.Mutex
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(l.readers)
	for id := range groups {
		group.Go(func() error {
			read, err := l.reader.Members(gctx, id)
			if gctx.Err() != nil {
				return context.Cause(gctx)
			}
			same := slices.EqualFunc(read, l.groups[id], func(a, b audit.Member) bool { return a.Ref == b.Ref })
			mu.Lock()
			defer mu.Unlock()
			wrong, unread = wrong || err == nil && !same, unread || err != nil
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return false, false, fmt.Errorf("reading group members: %w", err)
	}
	return wrong, unread, nil
}

// relied is the number of linked groups that are judged by their lists alone.
func (l *memberLists) relied(matches []audit.Match) int {
	n := 0
	for _, m := range matches {
		if _, listed := l.groups[m.Principal.ID]; listed && m.Principal.Type == audit.TypeGroup && m.ByExternalID != nil {
			n++
		}
	}
	return n
}
