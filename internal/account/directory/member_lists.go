// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// ListedMembers are the direct members of groups by the list of groups: one request for
// a hundred of them, where [Audit.Members] takes one for each. Sources are unknown.
//
// Group lists have not held members since 2025-08-22, but for accounts that relied on
// that before (docs/reference/databricks-account-api.md 4.2). So nothing of it is
// believed at once: a list may lack members of some groups, or be cut. Left out, and to
// be read by themselves, are groups without members, groups of a size at which lists are
// cut, groups with roles, and groups with a member that the account does not list. The
// map is empty where lists hold no members, or could not be read in full: nothing is lost
// by that, because every group can be read by itself.
//
// Requests: one for an account whose lists hold none, else one page of 100 groups each.
func (a *Audit) ListedMembers(ctx context.Context) (map[string][]audit.Member, error) {
	d, began := a.dir, time.Now()
	inv, err := a.load(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing the principals of the account: %w", err)
	}
	groups, err := d.groupsWithMembers(ctx)
	if err != nil {
		if api.IsLost(ctx, err) {
			return nil, fmt.Errorf("listing the members of groups: %w", err)
		}
		d.api.Log(ctx, "the members of groups could not be listed, so each group is read by itself", map[string]any{"reason": err.Error()})
		return nil, nil
	}
	out := make(map[string][]audit.Member, len(groups))
	for i := range groups {
		g := &groups[i]
		if isCut(len(g.Members)) || len(g.Roles) > 0 || !d.allListed(inv, g.Members) {
			continue
		}
		list, err := d.membersSCIM(ctx, g, func(context.Context) (*Listing, error) { return inv, nil })
		if err == nil {
			out[string(g.ID)] = d.withOwnWrites(string(g.ID), list, began)
		}
	}
	return out, nil
}

// isCut reports whether a number of members may be less than all: none, and full
// pages.
func isCut(members int) bool { return members%api.SCIMPage == 0 }

// groupsWithMembers is the list of groups with their members; empty where the first
// page has none.
func (d *reader) groupsWithMembers(ctx context.Context) ([]SCIMResource, error) {
	query := SCIMQuery{Attributes: "id,displayName,roles,members"}
	first, err := d.scimPage(ctx, audit.TypeGroup, query, 1)
	if err != nil || !slices.ContainsFunc(first.Resources, func(g SCIMResource) bool { return len(g.Members) > 0 }) {
		return nil, err
	}
	pages, err := d.scimRest(ctx, audit.TypeGroup, query, first)
	if err != nil {
		return nil, err
	}
	var out []SCIMResource
	seen := map[api.Text]bool{}
	for _, page := range pages {
		for _, g := range page.Resources {
			if !seen[g.ID] {
				seen[g.ID] = true
				out = append(out, g)
			}
		}
	}
	if total := first.Total; total != nil && len(out) != *total {
		return nil, fmt.Errorf("%w: %d different groups came, %d were announced", ErrUnstable, len(out), *total)
	}
	return out, nil
}

// allListed reports whether a listing has every one of these members.
func (d *principals) allListed(inv *Listing, members []SCIMMember) bool {
	for i := range members {
		types := []audit.PrincipalType{members[i].PrincipalType()}
		if types[0] == "" {
			types = audit.PrincipalTypes()
		}
		if _, known := d.Lookup(inv, string(members[i].Value), types...); !known {
			return false
		}
	}
	return true
}
