// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
)

// The calls that failures of a graph name; package access names holes so, too.
const (
	callAbove   = "list the groups above"
	callGroup   = "read the group"
	callMembers = "read the members of the group"
)

// AccessGraph reads what shows the groups of some principals, at any depth: one
// graph for all of them, so that both sides of a comparison have the same age
// (R5). Groups can be principals too. Own writes are kept in it.
//
// Requests on the route of IAM v2 (R6): per principal one transitive-parent-groups
// page of up to 1,000; per group above any of them one account SCIM GET (name,
// externalId, roles) and its direct members in pages of 1,000. Each is read once
// per client, and the GETs are those of [power.Power.Privileges]. System groups, which
// may hold the whole account, take their members from the GET. Without IAM v2, or
// with identity_api "scim", every group of the account is read once per client,
// whatever the number of graphs (see crawled).
//
// What fails is a hole with its reason (R11, R12): in the group, in Above, and in
// Failures. The error is for a login that fails, a caller who gives up, a
// principal whose groups cannot be read at all, and groups of which none can be
// read (R13). errors.Is(err, ErrNotFound) when IAM v2 itself says that a
// principal does not exist, which is no reason to do without IAM v2.
//
// Members that do not exist any more are counted (R7): with IAM v2, which lists
// provisioned members only, those that account SCIM shows and it does not; over
// SCIM, those that a whole list of their type lacks.
func (d *hierarchy) AccessGraph(ctx context.Context, of ...audit.Principal) (access.Graph, error) {
	reads := make([]parentsRead, len(of))
	errs := make([]error, len(of))
	var group errgroup.Group
	group.SetLimit(d.api.Config.MaxConcurrency)
	for i, p := range of {
		group.Go(func() error {
			reads[i], errs[i] = d.keptIAMParents(ctx, p.Ref)
			return nil
		})
	}
	_ = group.Wait() // The errors are judged one by one.
	crawl := false
	for i, err := range errs {
		switch {
		case err != nil && (api.IsLost(ctx, err) || len(reads[i].ids) == 0):
			return access.Graph{}, noGroupsAbove(of[i].Ref, err)
		case err == nil && !reads[i].fromIAMv2:
			crawl = true
		}
	}
	if crawl {
		return d.graphByCrawl(ctx, of)
	}
	return d.graphByIAMv2(ctx, of, reads, errs)
}

func noGroupsAbove(ref audit.Ref, err error) error {
	if api.IsMissing(err) {
		return fmt.Errorf("the groups above %s: %w: %w", ref, api.ErrNotFound, err)
	}
	return fmt.Errorf("the groups above %s: %w", ref, err)
}

// graphByIAMv2 is the graph by IAM v2: the groups above the principals, and those
// principals that are groups, since they may be in a cycle (R8).
func (d *hierarchy) graphByIAMv2(ctx context.Context, of []audit.Principal, reads []parentsRead, errs []error) (access.Graph, error) {
	g := access.Graph{Route: access.RouteIAMv2, Above: make(map[audit.Ref]access.Above, len(of))}
	ids := map[string]bool{}
	for i, p := range of {
		above := d.aboveNow(ctx, p.Ref, reads[i], errs[i])
		if above.Unknown != "" {
			g.Failures = append(g.Failures, audit.Failure{Type: p.Type, ID: p.ID, Call: callAbove, Reason: above.Unknown})
		}
		g.Above[p.Ref] = above
		for _, id := range above.IDs {
			ids[id] = true
		}
		if p.Type == audit.TypeGroup {
			ids[p.ID] = true
		}
	}
	groups, err := d.readGraphGroups(ctx, slices.SortedFunc(maps.Keys(ids), audit.CompareIDs))
	if err != nil {
		return access.Graph{}, err
	}
	gone, bySCIM := map[string]bool{}, false
	alive := make(map[string]bool, len(of)+len(groups))
	for _, p := range of {
		alive[p.ID] = true
	}
	for i := range groups {
		gone[groups[i].ID], alive[groups[i].ID] = groups[i].gone, !groups[i].gone
	}
	for _, one := range groups {
		if one.gone {
			continue
		}
		one.contradict(alive)
		bySCIM = bySCIM || one.bySCIM
		g.Groups = append(g.Groups, one.Group)
		g.Failures = append(g.Failures, one.failures...)
	}
	for i, p := range of {
		above := g.Above[p.Ref]
		above.IDs = slices.DeleteFunc(above.IDs, func(id string) bool { return gone[id] })
		above.IDs = withoutRemoved(above.IDs, p.ID, g.Groups, d.Edges.confirmedFor(reads[i].began, false))
		g.Above[p.Ref] = above
	}
	if bySCIM {
		g.Hidden = d.hidden()
	}
	return g, nil
}

// aboveNow are the groups above a principal as they were read, and those that
// additions of this process lead to, which IAM v2 may not show yet.
func (d *hierarchy) aboveNow(ctx context.Context, ref audit.Ref, read parentsRead, err error) access.Above {
	ids, err := d.withAdded(ctx, ref, read.ids, err, d.Edges.confirmedFor(read.began, true))
	above := access.Above{IDs: ids}
	if err != nil {
		above.Unknown = err.Error()
	}
	return above
}

// withoutRemoved takes from the groups above a principal those that nothing leads
// to but memberships that this process has removed: IAM v2 may go on returning them
// for a while. A group that no membership leads to is left in otherwise, since its
// way may go through identities that are not provisioned, and so is everything
// where members are unknown.
func withoutRemoved(above []string, subject string, groups []access.Group, removed []Edge) []string {
	within := map[string]bool{subject: true}
	for _, id := range above {
		within[id] = true
	}
	parents := map[string][]string{}
	for _, g := range groups {
		if g.MembersUnknown != "" {
			return above
		}
		for _, m := range g.Members {
			parents[m.ID] = append(parents[m.ID], g.ID)
		}
	}
	suspect := map[string]bool{}
	for _, e := range removed {
		if within[e.Member] && within[e.Group] {
			suspect[e.Group] = true
			for _, id := range Closure(parents, e.Group) {
				suspect[id] = true
			}
		}
	}
	if len(suspect) == 0 {
		return above
	}
	reached := map[string]bool{}
	for _, id := range Closure(parents, subject) {
		reached[id] = true
	}
	return slices.DeleteFunc(above, func(id string) bool { return suspect[id] && !reached[id] })
}

// graphGroup is a group as IAM v2 and account SCIM show it together.
type graphGroup struct {
	access.Group
	// onlySCIM are the members that account SCIM shows and IAM v2 does not, sorted.
	onlySCIM []string
	// gone is true when both say that it does not exist.
	gone bool
	// bySCIM is true when the members are those that SCIM shows.
	bySCIM   bool
	failures []audit.Failure
	err      error // the first failure
}

func (g *graphGroup) fail(call string, err error) string {
	g.failures = append(g.failures, audit.Failure{Type: audit.TypeGroup, ID: g.ID, Call: call, Reason: err.Error()})
	if g.err == nil {
		g.err = err
	}
	return err.Error()
}

// readGraphGroups reads groups. The error is for none of them readable, and for what
// ends everything.
func (d *hierarchy) readGraphGroups(ctx context.Context, ids []string) ([]graphGroup, error) {
	out := make([]graphGroup, len(ids))
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(d.api.Readers())
	for i, id := range ids {
		group.Go(func() error {
			out[i] = d.readGraphGroup(gctx, id)
			if err := out[i].err; err != nil && api.IsLost(gctx, err) {
				return fmt.Errorf("reading group/%s: %w", id, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	unread := 0
	for i := range out {
		if out[i].Unknown != "" && out[i].MembersUnknown != "" {
			unread++
		}
	}
	if unread > 0 && unread == len(out) {
		return nil, noneReadable(unread, out[0].err)
	}
	return out, nil
}

func noneReadable(groups int, err error) error {
	return fmt.Errorf("none of %d groups could be read, the first one because: %w", groups, err)
}

func (d *hierarchy) readGraphGroup(ctx context.Context, id string) graphGroup {
	ref := audit.Ref{Type: audit.TypeGroup, ID: id}
	out := graphGroup{Group: access.Group{Principal: audit.Principal{Ref: ref}}}
	r, err := d.Resource(ctx, ref)
	missing := errors.Is(err, api.ErrNotFound)
	if err == nil {
		out.Principal, err = r.toAudit(audit.TypeGroup)
		out.Principal = d.inventory.latest(out.Principal, r.began)
	}
	if r != nil && audit.IsSystemGroup(out.Principal) && len(r.Members) > 0 {
		d.takeMembers(&out.Group, r, nil)
		return out
	}
	read, merr := d.keptIAMMembers(ctx, id)
	// IAM v2 is a witness only where it was asked: else the 404 is a hole, since IAM v2
	// has named the group.
	if out.gone = missing && merr == nil && !read.FromIAMv2 && d.api.UseIAMv2(familyMembers); out.gone {
		return out
	}
	if err != nil {
		out.Unknown = out.fail(callGroup, err)
	}
	switch {
	case merr != nil:
		out.Members, out.MembersUnknown = read.List, out.fail(callMembers, merr)
	case read.FromIAMv2:
		out.Members = d.Edges.overlay(id, slices.Clone(read.List), read.began)
		out.onlySCIM = d.besides(out.Members, r, id)
		out.DeadMembers = len(out.onlySCIM)
	case r != nil:
		out.bySCIM = true
		d.takeMembers(&out.Group, r, nil)
	default:
		out.MembersUnknown = err.Error()
	}
	return out
}

// besides are the members that account SCIM shows and IAM v2 does not, sorted.
func (d *memberships) besides(shownByIAM []audit.Member, r *SCIMResource, id string) []string {
	if r == nil {
		return nil
	}
	shown := make([]audit.Member, 0, len(r.Members))
	for i := range r.Members {
		shown = append(shown, audit.Member{Ref: audit.Ref{ID: string(r.Members[i].Value)}})
	}
	exists := make(map[string]bool, len(shownByIAM))
	for _, m := range shownByIAM {
		exists[m.ID] = true
	}
	only := map[string]bool{}
	for _, m := range d.Edges.overlay(id, sortMembers(shown), r.began) {
		if !exists[m.ID] {
			only[m.ID] = true
		}
	}
	return slices.SortedFunc(maps.Keys(only), audit.CompareIDs)
}

// contradict makes a hole of members that account SCIM shows, IAM v2 does not, and
// that exist for certain: one of the two is behind, or IAM v2 does not return what
// it is taken to return. alive are ids of principals that exist.
func (g *graphGroup) contradict(alive map[string]bool) {
	missing := slices.DeleteFunc(slices.Clone(g.onlySCIM), func(id string) bool { return !alive[id] })
	if len(missing) == 0 {
		return
	}
	g.DeadMembers -= len(missing)
	g.MembersUnknown = g.fail(callMembers, fmt.Errorf("account SCIM shows the members %s, and IAM v2 does not. "+
		"Right after a change one of them may be behind: read again in a minute. If it stays so, set identity_api = \"scim\"", api.Summary(missing)))
}

// takeMembers fills in the members that account SCIM shows; none is an empty
// group (R7). dead reports which of them do not exist; nil for no one.
func (d *hierarchy) takeMembers(g *access.Group, r *SCIMResource, dead func(*SCIMMember) bool) {
	gone := map[string]bool{}
	members := make([]audit.Member, 0, len(r.Members))
	for i := range r.Members {
		m := &r.Members[i]
		switch {
		case m.Value == "":
			g.MembersUnknown = "the account sent a member without value"
		case dead != nil && dead(m):
			gone[string(m.Value)] = true
		default:
			members = append(members, audit.Member{
				Ref: audit.Ref{Type: m.PrincipalType(), ID: string(m.Value)}, Name: m.Display, Source: audit.SourceUnknown,
			})
		}
	}
	g.Members = d.Edges.overlay(g.ID, sortMembers(members), r.began)
	g.DeadMembers = len(gone)
}
