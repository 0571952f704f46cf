// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package aim

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/readiness"
)

// localGroup is a group as the SCIM of a workspace has it
// (docs/reference/databricks-account-api.md 8).
type localGroup struct {
	directory.SCIMResource

	Meta struct {
		Kind string `json:"resourceType"`
	} `json:"meta"`
}

// The kinds of groups of a workspace: local ones, and those of the account.
const (
	kindLocal   = "WorkspaceGroup"
	kindAccount = "Group"
)

// systemLocalGroups are in every workspace.
func isSystemLocal(name string) bool { return name == "admins" || name == "users" }

// LocalGroups are the groups of a workspace that the account does not manage, sorted by
// id, without "admins" and "users". What tells them apart is meta.resourceType, never
// the name; a group without it is an error.
//
// Requests: the list of the workspace's groups without members, which lists with members
// would time out on large workspaces, then one GET per local group.
func (rd *Readiness) LocalGroups(ctx context.Context, w audit.Workspace) ([]readiness.LocalGroup, error) {
	out, err := rd.localGroups.Get(ctx, w.ID, func(ctx context.Context) ([]readiness.LocalGroup, error) {
		return rd.readLocalGroups(ctx, w)
	})
	if err != nil {
		return nil, fmt.Errorf("listing the groups of workspace %s (%s): %w", w.ID, w.Name, err)
	}
	return slices.Clone(out), nil
}

func (rd *Readiness) readLocalGroups(ctx context.Context, w audit.Workspace) ([]readiness.LocalGroup, error) {
	at, err := rd.api.SiteOf(ctx, w)
	if err != nil {
		return nil, err
	}
	listed, err := rd.listLocalGroups(ctx, at)
	if errors.Is(err, directory.ErrUnstable) {
		listed, err = rd.listLocalGroups(ctx, at)
	}
	if err != nil {
		return nil, err
	}
	out, errs := make([]readiness.LocalGroup, len(listed)), make([]error, len(listed))
	var group errgroup.Group
	group.SetLimit(rd.api.Readers())
	for i, id := range listed {
		group.Go(func() error {
			out[i], errs[i] = rd.readLocalGroup(ctx, at, id)
			return nil
		})
	}
	_ = group.Wait()
	// The first by id, so that the same failures give the same text.
	if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
		return nil, errs[i]
	}
	return out, nil
}

// listLocalGroups are the ids of the local groups, sorted.
func (rd *Readiness) listLocalGroups(ctx context.Context, at *api.Site) ([]string, error) {
	var out []string
	var total *int // of the first page
	seen := map[string]bool{}
	for {
		var page struct {
			Total  *int         `json:"totalResults"`
			Groups []localGroup `json:"Resources"`
		}
		query := url.Values{
			"attributes": {"id,displayName,externalId,meta"}, "count": {strconv.Itoa(api.SCIMPage)}, "startIndex": {strconv.Itoa(1 + len(seen))},
		}
		if err := rd.workspaceSCIM(ctx, at, query, &page); err != nil {
			return nil, err
		}
		if total == nil {
			total = page.Total
		}
		before := len(seen)
		for i := range page.Groups {
			g := &page.Groups[i]
			switch id := string(g.ID); {
			case id == "" || g.Meta.Kind != kindLocal && g.Meta.Kind != kindAccount:
				return nil, fmt.Errorf("the workspace does not say of the group %q (%q) whether it is its own or the account's: meta.resourceType is %q", id, g.DisplayName, g.Meta.Kind)
			case seen[id]:
			default:
				seen[id] = true
				if g.Meta.Kind == kindLocal && !isSystemLocal(g.DisplayName) {
					out = append(out, id)
				}
			}
		}
		switch {
		case page.Total == nil:
			return nil, errors.New("the workspace's list of groups has no totalResults")
		case *page.Total > api.MostEntries:
			return nil, fmt.Errorf("the workspace's list of groups announces %d entries, which no workspace has", *page.Total)
		case *page.Total != *total:
			// What moved up from a page that was not read yet to one that was is never seen.
			return nil, fmt.Errorf("%w: it had first %d groups, then %d", directory.ErrUnstable, *total, *page.Total)
		case len(seen) == *page.Total && *page.Total > 0:
			slices.SortFunc(out, audit.CompareIDs)
			return out, nil
		case len(seen) == 0:
			// Every workspace has "admins" and "users".
			return nil, errors.New("the workspace's list of groups is empty, although every workspace has the groups admins and users")
		case len(seen) == before || len(seen) > *page.Total:
			return nil, fmt.Errorf("%w: %d groups came, %d were announced", directory.ErrUnstable, len(seen), *page.Total)
		}
	}
}

func (rd *Readiness) readLocalGroup(ctx context.Context, at *api.Site, id string) (readiness.LocalGroup, error) {
	var g localGroup
	if err := rd.workspaceSCIM(ctx, at, nil, &g, id); err != nil {
		return readiness.LocalGroup{}, err
	}
	switch {
	case string(g.ID) != id:
		return readiness.LocalGroup{}, fmt.Errorf("the answer for group %s is for %q", id, string(g.ID))
	case g.HasOddMember() || g.Odd() != nil:
		return readiness.LocalGroup{}, errors.Join(fmt.Errorf("group %s has a member or an entitlement that cannot be attributed", id), g.Odd())
	}
	out := readiness.LocalGroup{WorkspaceID: at.Workspace, ID: id, Name: g.DisplayName, ExternalID: g.ExternalID}
	for _, m := range g.Members {
		out.Members = append(out.Members, audit.Member{Ref: audit.Ref{Type: m.PrincipalType(), ID: string(m.Value)}, Name: m.Display, Source: audit.SourceUnknown})
	}
	slices.SortFunc(out.Members, func(a, b audit.Member) int { return audit.CompareRefs(a.Ref, b.Ref) })
	for _, e := range g.Entitlements {
		out.Entitlements = append(out.Entitlements, e.Value)
	}
	slices.Sort(out.Entitlements)
	return out, nil
}
