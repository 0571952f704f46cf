// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
)

// crawl is every group of the account, read one by one over account SCIM.
type crawl struct {
	groups []crawledGroup // sorted by id
	// parents are the ids of the groups that list a member, by the member's id.
	parents map[string][]string
	// principals are the ids of all principals that were listed, coverage says of
	// which types these are all.
	principals map[string]bool
	coverage   audit.Coverage
	failures   []audit.Failure // of the lists
	ended      time.Time
}

// crawledGroup is a group as the list has it, and the answer to its GET or what
// became of it.
type crawledGroup struct {
	audit.Principal
	scim *SCIMResource
	err  error
}

// hole is what is missing: nil when every group was read.
func (all *crawl) hole() error {
	if !all.coverage.Groups {
		return &api.IncompleteError{Need: "Finding the groups above a principal", Failures: all.failures}
	}
	for i := range all.groups {
		if err := all.groups[i].err; err != nil {
			return err
		}
		if all.groups[i].scim.HasOddMember() {
			return fmt.Errorf("reading %s: the account sent a member without value", all.groups[i].Ref)
		}
	}
	return nil
}

// crawled is the crawl of the account, made once per client and shared by all
// who need it (R20). The error is for an account of which nothing can be read.
//
// Requests: the three lists, if they were not taken yet, and one account SCIM GET
// per group, since lists carry no members (docs/reference/databricks-account-api.md 4.2).
func (d *hierarchy) crawled(ctx context.Context) (*crawl, error) {
	return d.crawl.Get(ctx, d.crawlGroups)
}

func (d *hierarchy) crawlGroups(ctx context.Context) (*crawl, error) {
	inv, err := d.Inventory(ctx)
	if err != nil {
		return nil, err
	}
	all := &crawl{
		coverage: inv.Coverage, failures: inv.Failures,
		parents: map[string][]string{}, principals: make(map[string]bool, len(inv.Principals)),
	}
	for _, p := range inv.Principals {
		all.principals[p.ID] = true
		if p.Type == audit.TypeGroup {
			all.groups = append(all.groups, crawledGroup{Principal: p})
		}
	}
	d.api.Log(ctx, "reading every group of the account over SCIM", map[string]any{"groups": len(all.groups)})
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(d.api.Readers())
	for i := range all.groups {
		g := &all.groups[i]
		group.Go(func() error {
			if g.scim, g.err = d.Resource(gctx, g.Ref); g.err != nil && api.IsLost(gctx, g.err) {
				return g.err
			}
			if done := i + 1; done%1000 == 0 {
				d.api.Log(gctx, "still reading groups", map[string]any{"about": done, "of": len(all.groups)})
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("reading the groups of the account: %w", err)
	}
	if err := d.leaveGone(ctx, all); err != nil {
		return nil, fmt.Errorf("reading the groups of the account: %w", err)
	}
	for i := range all.groups {
		if r := all.groups[i].scim; r != nil {
			for _, m := range r.Members {
				all.parents[string(m.Value)] = append(all.parents[string(m.Value)], string(r.ID))
			}
		}
	}
	all.ended = time.Now()
	return all, nil
}

// leaveGone takes out the groups that were deleted since they were listed. That takes
// two witnesses, as in [Directory.Known]: the GET says 404, and another list does not
// have the group. Reads are not monotonic, and a group that is there, and missing
// for one of them, is read again, and else a hole.
func (d *hierarchy) leaveGone(ctx context.Context, all *crawl) error {
	missing := func(g crawledGroup) bool { return errors.Is(g.err, api.ErrNotFound) }
	if !slices.ContainsFunc(all.groups, missing) {
		return nil
	}
	again := d.list(ctx, audit.TypeGroup)
	if again.err != nil {
		if api.IsLost(ctx, again.err) {
			return again.err
		}
		return nil // The 404s stay holes.
	}
	there := make(map[string]bool, len(again.principals))
	for _, p := range again.principals {
		there[p.ID] = true
	}
	all.groups = slices.DeleteFunc(all.groups, func(g crawledGroup) bool { return missing(g) && !there[g.ID] })
	for i := range all.groups {
		g := &all.groups[i]
		if !missing(*g) {
			continue
		}
		if g.scim, g.err = d.Resource(ctx, g.Ref); g.err != nil && api.IsLost(ctx, g.err) {
			return g.err
		}
	}
	return nil
}

// graphByCrawl is the graph by account SCIM: every group of the account.
func (d *hierarchy) graphByCrawl(ctx context.Context, of []audit.Principal) (access.Graph, error) {
	all, err := d.crawled(ctx)
	if err == nil && d.newer(all, of) {
		d.inventory.cell.Outdate()
		d.outdate()
		all, err = d.crawled(ctx)
	}
	if err != nil {
		return access.Graph{}, err
	}
	g := access.Graph{Route: access.RouteSCIM, Listed: all.coverage.Groups, Hidden: d.hidden()}
	for _, f := range all.failures {
		if f.Call == "list "+Plural(audit.TypeGroup) {
			g.Failures = append(g.Failures, f)
		}
	}
	subjects := map[string]bool{}
	for _, p := range of {
		subjects[p.ID] = true
	}
	unread := 0
	for i := range all.groups {
		one, failure := d.crawledGroup(&all.groups[i], all.dead(subjects))
		if failure != nil {
			g.Failures = append(g.Failures, *failure)
		}
		if all.groups[i].err != nil {
			unread++
		}
		g.Groups = append(g.Groups, one)
	}
	switch {
	case unread > 0 && unread == len(all.groups):
		return access.Graph{}, noneReadable(unread, all.groups[0].err)
	case len(all.groups) == 0 && !all.coverage.Groups:
		return access.Graph{}, &api.IncompleteError{Need: "Finding the groups above a principal", Failures: g.Failures}
	}
	return g, nil
}

// newer reports whether a principal came after the lists were taken: then its
// memberships did, too. It asks for one renewal per principal.
func (d *hierarchy) newer(all *crawl, of []audit.Principal) bool {
	for _, p := range of {
		if all.coverage.Of(p.Type) && !all.principals[p.ID] && !d.renewed.Has(p.Ref) {
			d.renewed.Add(p.Ref)
			return true
		}
	}
	return false
}

// dead reports whether a member does not exist any more. subjects exist.
func (all *crawl) dead(subjects map[string]bool) func(*SCIMMember) bool {
	return func(m *SCIMMember) bool {
		covered := all.coverage.All()
		if t := m.PrincipalType(); t != "" {
			covered = all.coverage.Of(t)
		}
		id := string(m.Value)
		return covered && !all.principals[id] && !subjects[id]
	}
}

func (d *hierarchy) crawledGroup(one *crawledGroup, dead func(*SCIMMember) bool) (access.Group, *audit.Failure) {
	g := access.Group{Principal: one.Principal}
	if one.err != nil {
		g.MembersUnknown = one.err.Error()
		return g, &audit.Failure{Type: audit.TypeGroup, ID: g.ID, Call: callGroup, Reason: g.MembersUnknown}
	}
	began := one.scim.began
	if p, err := one.scim.toAudit(audit.TypeGroup); err == nil {
		g.Principal = p
	}
	g.Principal = d.inventory.latest(g.Principal, began)
	if d.takeMembers(&g, one.scim, dead); g.MembersUnknown != "" {
		return g, &audit.Failure{Type: audit.TypeGroup, ID: g.ID, Call: callMembers, Reason: g.MembersUnknown}
	}
	return g, nil
}
