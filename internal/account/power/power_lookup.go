// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package power

import (
	"context"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// powerLookup is how one run finds out about the privileges of several principals.
type powerLookup struct {
	pw *Power
	*grants
	// listed are principals as lists with roles show them, which stand in for a GET
	// of each; of a type whose list is not to be believed there are none.
	listed map[audit.PrincipalType]map[string]*directory.SCIMResource
	// holders are the memberships that lead to privileged groups; nil where each principal has to
	// be asked for.
	holders *holderPower
	// read is what shows what a principal holds itself; nil: the lists and what was read.
	read func(context.Context) (*directory.SCIMResource, error)
}

// powerLookup decides what is read for all principals at once. What it leaves out,
// and whatever is doubtful for one principal, is asked for by itself, as for a
// single principal:
//
//   - what they hold themselves: from the lists of groups and service principals,
//     which [Power.powerByRules] has read, and from the list of users where its pages
//     are fewer than the users (see rolesByList);
//   - what the groups above them hold: from the members of the privileged groups,
//     which powerByRules has read, and one account SCIM GET of each of these groups
//     (see powerFromHolders).
//
// number are the principals in question, by type.
func (pw *Power) powerLookup(ctx context.Context, number map[audit.PrincipalType]int, g *grants) *powerLookup {
	l := &powerLookup{pw: pw, grants: g, listed: map[audit.PrincipalType]map[string]*directory.SCIMResource{}}
	all := total(number)
	if all < 2 {
		return l
	}
	for t, n := range number {
		l.listed[t] = pw.rolesByList(ctx, t, n)
	}
	l.holders = pw.powerFromHolders(ctx, all, g)
	return l
}

func total(number map[audit.PrincipalType]int) (all int) {
	for _, n := range number {
		all += n
	}
	return all
}

// singles are the principals that were asked about one at a time.
type singles struct {
	mu     sync.Mutex
	seen   map[audit.Ref]bool
	number map[audit.PrincipalType]int
}

// add counts one more, and returns how many there are, by type.
func (s *singles) add(ref audit.Ref) map[audit.PrincipalType]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen, s.number = map[audit.Ref]bool{}, map[audit.PrincipalType]int{}
	}
	if !s.seen[ref] {
		s.seen[ref] = true
		s.number[ref.Type]++
	}
	return maps.Clone(s.number)
}

// rolesByList is the list of a type with its roles, where that takes fewer requests
// than so many GETs, and shows roles of someone; else nil.
func (pw *Power) rolesByList(ctx context.Context, t audit.PrincipalType, n int) map[string]*directory.SCIMResource {
	if t == audit.TypeUser && !pw.dir.FewerPages(t, n) {
		return nil
	}
	list, err := pw.dir.WithRoles(ctx, t)
	switch {
	case err != nil:
		pw.api.Log(ctx, "the list with roles cannot be used, asking for each principal", map[string]any{"type": string(t)})
		return nil
	case !list.ShowsRoles:
		return nil
	}
	return list.ByID
}

// self is a principal with what it holds itself.
func (l *powerLookup) self(ctx context.Context, ref audit.Ref) (*directory.SCIMResource, error) {
	if l.read != nil {
		return l.read(ctx)
	}
	if r := l.listed[ref.Type][ref.ID]; r != nil && r.NameAs(ref.Type) != "" {
		return r, nil
	}
	return l.pw.dir.Resource(ctx, ref)
}

// aboveByHolders are the groups above a principal, at least those that are privileged or are
// within one that has. self is nil where it could not be read.
func (l *powerLookup) aboveByHolders(ctx context.Context, ref audit.Ref, self *directory.SCIMResource) ([]string, error) {
	if self == nil || l.holders.doubtful(ref.ID, self) {
		return l.pw.dir.Above(ctx, ref, directory.LastTurn)
	}
	return directory.Closure(l.holders.parents, ref.ID), nil
}

// holderPower is the account read downwards, from the privileged groups: someone who is
// not in it is not privileged through a group.
type holderPower struct {
	groups map[string]bool
	// parents are the groups among them that a principal is in, by its id.
	parents map[string][]string
	// doubts are the members that account SCIM alone shows.
	doubts map[string]bool
}

// doubtful reports whether the account contradicts itself about the groups of a
// principal.
func (b *holderPower) doubtful(id string, self *directory.SCIMResource) bool {
	if b.doubts[id] {
		return true
	}
	for _, g := range self.Groups {
		if group := string(g.Value); b.groups[group] && !slices.Contains(b.parents[id], group) {
			return true
		}
	}
	return false
}

// powerFromHolders reads the account downwards, where that takes fewer requests than
// asking for the groups above so many principals, and where it can miss nothing:
// every privileged group is known, and the members of each were read; the list of
// groups shows roles; this process has added nothing to one of them; and no membership
// can lead there through an identity that is not provisioned, which the members of
// groups do not show. Else it is nil.
func (pw *Power) powerFromHolders(ctx context.Context, n int, g *grants) *holderPower {
	if !g.byRules.whole {
		return nil
	}
	for e := range pw.dir.Edges.Before(directory.LastTurn, true) {
		if slices.Contains(g.byRules.groups, e.Group) {
			return nil
		}
	}
	all, err := pw.dir.WithRoles(ctx, audit.TypeGroup)
	if err != nil {
		return nil
	}
	each := n
	if !pw.api.UseIAMv2(directory.FamilyParents) || !pw.api.UseIAMv2("list "+string(audit.TypeGroup)) {
		each = len(all.ByID)
	}
	need := g.byRules.groups
	if !all.ShowsRoles { // No one has any, if each group says so itself.
		need = slices.Collect(maps.Keys(all.ByID))
	}
	if len(need) >= each {
		return nil
	}
	read, err := pw.readPowerful(ctx, need)
	if err != nil || read.ShowsRoles != all.ShowsRoles {
		return nil
	}
	return pw.joinHolders(ctx, g.byRules.groups, read.ByID)
}

// readPowerful reads groups by themselves.
func (pw *Power) readPowerful(ctx context.Context, ids []string) (*directory.RolesList, error) {
	read := make([]*directory.SCIMResource, len(ids))
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(pw.api.Config.MaxConcurrency)
	for i, id := range ids {
		group.Go(func() error {
			var err error
			read[i], err = pw.dir.Resource(gctx, audit.Ref{Type: audit.TypeGroup, ID: id})
			return err
		})
	}
	err := group.Wait()
	if err != nil {
		return nil, err
	}
	out := &directory.RolesList{ByID: make(map[string]*directory.SCIMResource, len(ids))}
	for _, r := range read {
		out.Take(r)
	}
	return out, nil
}

// joinHolders joins the members of the privileged groups.
func (pw *Power) joinHolders(ctx context.Context, ids []string, read map[string]*directory.SCIMResource) *holderPower {
	b := &holderPower{groups: make(map[string]bool, len(ids)), parents: map[string][]string{}, doubts: map[string]bool{}}
	for _, id := range ids {
		b.groups[id] = true
	}
	for _, id := range ids {
		held, err := pw.membersOf(ctx, id) // Read by powerByRules, and kept.
		if err != nil || read[id] == nil || pw.mayHide(held, read[id]) {
			return nil
		}
		in := make(map[string]bool, len(held.refs))
		for _, m := range held.refs {
			if in[m.ID] = true; m.Type == audit.TypeGroup && !b.groups[m.ID] {
				return nil // It came after the groups were listed.
			}
			b.parents[m.ID] = append(b.parents[m.ID], id)
		}
		for i := range read[id].Members {
			switch m := &read[id].Members[i]; {
			case in[string(m.Value)]:
			case m.Value == "" || m.PrincipalType() != audit.TypeUser && m.PrincipalType() != audit.TypeServicePrincipal:
				return nil // Who is in that group is not known, then.
			default:
				b.doubts[string(m.Value)] = true
			}
		}
	}
	return b
}

// mayHide reports whether a privileged group may have members through identities that
// are not provisioned: under automatic identity management, if it is linked. Account
// SCIM does not tell the memberships of the identity provider, so that then nothing
// is certain without IAM v2.
func (pw *Power) mayHide(held groupMembers, group *directory.SCIMResource) bool {
	return pw.dir.AIM() != audit.AIMOff && (!held.fromIAMv2 || group.ExternalID != "")
}
