// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package power

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// adminHolders are the principals that hold account_admin themselves, and who is
// active, by one listing with roles.
type adminHolders struct {
	listsRead

	groups []string
	direct []audit.Ref
	active map[string]bool // ids of users and service principals
}

// listsRead is when lists began and ended.
type listsRead struct {
	turn  int64
	ended time.Time
}

// AdminsLeft reports whether an active account admin is left without a membership,
// and without those that this process removes or has removed before the write of that order:
// 1 when there is, 0 when there is none. Groups are resolved downwards; the first
// admin ends the search.
//
// Requests: the three account SCIM lists with roles, pages of 100, which began at the
// turn since or later and are shared by all who ask for them, then the members of the
// admin groups. The error is for whatever could not be read.
func (pw *Power) AdminsLeft(ctx context.Context, without directory.Edge, order, since int64) (int, error) {
	holders, err := pw.adminsSince(ctx, since)
	if err != nil {
		return 0, err
	}
	counts := func(id string) bool { return holders.active[id] }
	if len(holders.groups) == 0 && !slices.ContainsFunc(holders.direct, func(ref audit.Ref) bool { return counts(ref.ID) }) {
		return 0, errors.New("the lists of the account show no one who is an account admin, although the group is one")
	}
	gone := pw.dir.Edges.Before(order, false)
	gone[without] = true
	return pw.adminsAmong(ctx, holders, counts, gone)
}

// AdminsWithout reports whether an active account admin is left without some
// principals: 1 when there is, 0 when there is none. It reads what [Power.AdminsLeft]
// reads, always anew.
func (pw *Power) AdminsWithout(ctx context.Context, out map[string]bool) (int, error) {
	holders, err := pw.adminsSince(ctx, pw.dir.Turns.Next())
	if err != nil {
		return 0, err
	}
	return pw.adminsAmong(ctx, holders, func(id string) bool { return holders.active[id] && !out[id] }, nil)
}

// Admins are all account admins, active or not, by themselves or through groups, sorted,
// by lists that began at the turn since or later. The groups are gone through once for
// each such lists, and anew after a membership that this process has written. The error is
// for whatever could not be read; those that were seen are certain all the same.
func (pw *Power) Admins(ctx context.Context, since int64) ([]audit.Ref, error) {
	holders, err := pw.adminsSince(ctx, since)
	if err != nil {
		return nil, err
	}
	out, err := pw.allAdmins.Get(ctx, holders.listsRead, func(ctx context.Context) ([]audit.Ref, error) {
		all := map[audit.Ref]bool{}
		for _, ref := range holders.direct {
			all[ref] = true
		}
		_, err := pw.membersBelow(ctx, holders.groups, nil, func(m audit.Member) bool {
			all[m.Ref] = true
			return false
		})
		return slices.SortedFunc(maps.Keys(all), audit.CompareRefs), err
	})
	return slices.Clone(out), err
}

// Below are those of some users and service principals that are in groups, at any depth,
// as the account shows it now.
func (pw *Power) Below(ctx context.Context, groups []string, some []audit.Ref) ([]audit.Ref, error) {
	found := map[audit.Ref]bool{}
	_, err := pw.membersBelow(ctx, groups, nil, func(m audit.Member) bool {
		if slices.Contains(some, m.Ref) {
			found[m.Ref] = true
		}
		return len(found) == len(some)
	})
	return slices.SortedFunc(maps.Keys(found), audit.CompareRefs), err
}

// adminsAmong goes through who is an account admin, directly or by a group, but for
// memberships that are gone; the first one that counts ends the search.
func (pw *Power) adminsAmong(ctx context.Context, holders adminHolders, counts func(id string) bool, gone map[directory.Edge]bool) (int, error) {
	if slices.ContainsFunc(holders.direct, func(ref audit.Ref) bool { return counts(ref.ID) }) {
		return 1, nil
	}
	return pw.adminsBelow(ctx, holders.groups, counts, gone)
}

// adminsBelow looks for an admin in groups, downwards.
func (pw *Power) adminsBelow(ctx context.Context, groups []string, counts func(id string) bool, gone map[directory.Edge]bool) (int, error) {
	found, err := pw.membersBelow(ctx, groups, gone, func(m audit.Member) bool { return counts(m.ID) })
	if found {
		return 1, nil
	}
	return 0, err
}

// membersBelow goes through the members of groups that are no groups, downwards, but for
// memberships that are gone, until enough says that it has seen enough.
func (pw *Power) membersBelow(ctx context.Context, groups []string, gone map[directory.Edge]bool, enough func(audit.Member) bool) (bool, error) {
	seen := map[string]bool{}
	var holes []error
	for queue := slices.Clone(groups); len(queue) > 0; queue = queue[1:] {
		id := queue[0]
		if seen[id] {
			continue
		}
		seen[id] = true
		members, err := pw.dir.ReadMembers(ctx, id, nil)
		if err != nil {
			holes = append(holes, fmt.Errorf("the members of group/%s: %w", id, err))
			continue
		}
		for _, m := range members {
			switch {
			case gone[directory.Edge{Group: id, Member: m.ID}]:
			case m.Type == audit.TypeGroup:
				queue = append(queue, m.ID)
			case enough(m):
				return true, nil
			}
		}
	}
	return false, errors.Join(holes...)
}

func (pw *Power) adminsSince(ctx context.Context, since int64) (adminHolders, error) {
	for {
		pw.admins.DropIf(func(h adminHolders) bool { return h.turn < since || time.Since(h.ended) > pw.api.Config.MaxListingAge })
		if h, err := pw.admins.Get(ctx, pw.listAdmins); err != nil || h.turn >= since {
			return h, err
		}
	}
}

// listAdmins reads GET /api/2.1/accounts/{account}/scim/v2/{kind} with roles: no
// other list has them (docs/reference/databricks-account-api.md 7).
func (pw *Power) listAdmins(ctx context.Context) (adminHolders, error) {
	out := adminHolders{listsRead: listsRead{turn: pw.dir.Turns.Now()}, active: map[string]bool{}}
	for _, t := range audit.PrincipalTypes() {
		pages, err := pw.dir.SCIMPages(ctx, t, directory.SCIMQuery{Attributes: "id,active,roles"})
		if err != nil {
			return out, fmt.Errorf("listing the %s with their roles: %w", directory.Plural(t), err)
		}
		ids := map[api.Text]bool{}
		for _, page := range pages {
			for i := range page.Resources {
				r := &page.Resources[i]
				ids[r.ID] = true
				out.take(r, t)
			}
		}
		if total := pages[0].Total; total != nil && *total != len(ids) {
			return out, fmt.Errorf("listing the %s with their roles: %d different entries came, %d were announced", directory.Plural(t), len(ids), *total)
		}
	}
	out.ended = time.Now()
	return out, nil
}

func (h *adminHolders) take(r *directory.SCIMResource, t audit.PrincipalType) {
	admin := slices.Contains(r.RoleNames(), RoleAccountAdmin)
	switch {
	case t == audit.TypeGroup && admin:
		h.groups = append(h.groups, string(r.ID))
	case t == audit.TypeGroup:
	default:
		h.active[string(r.ID)] = r.Active != nil && *r.Active
		if admin {
			h.direct = append(h.direct, audit.Ref{Type: t, ID: string(r.ID)})
		}
	}
}

// RoleAccountAdmin is the role of account admins (docs/reference/databricks-account-api.md 7).
const RoleAccountAdmin = "account_admin"

// GivesAdmin reports whether the members of the group are account admins by it.
func (pw *Power) GivesAdmin(ctx context.Context, group *directory.GroupNow) (bool, error) {
	if slices.Contains(group.Resource.RoleNames(), RoleAccountAdmin) {
		return true, nil
	}
	ids, err := pw.dir.Above(ctx, group.Ref, directory.LastTurn)
	for _, id := range ids {
		r, rerr := pw.dir.Resource(ctx, audit.Ref{Type: audit.TypeGroup, ID: id})
		if rerr != nil {
			err = errors.Join(err, rerr)
			continue
		}
		if slices.Contains(r.RoleNames(), RoleAccountAdmin) {
			return true, nil
		}
	}
	if err != nil {
		return false, fmt.Errorf("the groups above %s: %s", group.Ref, strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return false, nil
}
