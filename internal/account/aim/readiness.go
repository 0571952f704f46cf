// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package aim reads what only the readiness for automatic identity management (AIM)
// needs: names of settings, who has access to workspaces,
// and local groups. Package audit/readiness judges it.
package aim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/readiness"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/once"
)

// Readiness reads what only the readiness for automatic identity management needs, each
// once.
type Readiness struct {
	api *api.Conn
	dir *directory.Directory

	settings    once.Value[[]string]
	access      once.Map[string, []readiness.Access]
	localGroups once.Map[string, []readiness.LocalGroup]
}

// New is a reader with empty caches.
func New(a *api.Conn, d *directory.Directory) *Readiness { return &Readiness{api: a, dir: d} }

type settingsPage struct {
	api.PageEnd

	Settings []struct {
		Name string `json:"name"`
	} `json:"settings_metadata"`
}

// SettingNames lists the names of the account's settings
// (docs/reference/aim-migration.md 2), of which every account has some.
func (rd *Readiness) SettingNames(ctx context.Context) ([]string, error) {
	out, err := rd.settings.Get(ctx, func(ctx context.Context) ([]string, error) {
		var out []string
		list := api.Call{Path: "/api/2.1/accounts/" + rd.api.AccountID + "/settings-metadata", Limit: api.LimitAccount, Query: url.Values{"page_size": {"1000"}}}
		err := api.WholeList(ctx, rd.api, list, "settings_metadata", func(p *settingsPage) (int, error) {
			for _, s := range p.Settings {
				if s.Name == "" {
					return 0, errors.New("a setting without name")
				}
				out = append(out, s.Name)
			}
			return api.SizeOf(p.Settings), nil
		})
		slices.Sort(out)
		return out, err
	})
	if err != nil {
		return nil, fmt.Errorf("listing the settings of the account: %w", err)
	}
	return slices.Clone(out), nil
}

const familyAccess = "workspace-access-details"

type accessPage struct {
	api.PageEnd

	Details []struct {
		PrincipalID api.Text `json:"principal_id"`
		Type        string   `json:"principal_type"`
		Access      string   `json:"access_type"`
	} `json:"workspace_access_details"`
}

// WorkspaceAccess are the principals with access to a workspace, sorted.
//
// Requests: IAM v2 workspace-access-details in pages of 1,000
// (docs/reference/aim-migration.md 1). Without IAM v2 the permission assignments, and
// the members of assigned groups at any depth.
func (rd *Readiness) WorkspaceAccess(ctx context.Context, workspace string) ([]readiness.Access, error) {
	out, err := rd.access.Get(ctx, workspace, func(ctx context.Context) ([]readiness.Access, error) {
		out, err := rd.accessDetails(ctx, workspace)
		if err != nil && rd.api.FallBack(ctx, familyAccess, err) || errors.Is(err, api.ErrNoIAMv2) {
			out, err = rd.accessByAssignments(ctx, workspace)
		}
		slices.SortFunc(out, func(a, b readiness.Access) int { return audit.CompareRefs(a.Ref, b.Ref) })
		return out, err
	})
	if err != nil {
		return nil, fmt.Errorf("listing who has access to workspace %s: %w", workspace, err)
	}
	return slices.Clone(out), nil
}

func (rd *Readiness) accessDetails(ctx context.Context, workspace string) ([]readiness.Access, error) {
	if !rd.api.UseIAMv2(familyAccess) {
		return nil, api.ErrNoIAMv2
	}
	var out []readiness.Access
	shown, err := api.TokenPages(ctx, rd.api, rd.api.IAMList("workspaces", workspace, familyAccess), "workspace_access_details", nil, func(p *accessPage) (int, error) {
		for _, d := range p.Details {
			t := directory.TypeOfWord(d.Type)
			if t == "" || d.PrincipalID == "" || d.Access != "DIRECT" && d.Access != "INDIRECT" {
				return 0, fmt.Errorf("an access of principal %q with type %q and access_type %q, which is not understood", string(d.PrincipalID), d.Type, d.Access)
			}
			out = append(out, readiness.Access{WorkspaceID: workspace, Ref: audit.Ref{Type: t, ID: string(d.PrincipalID)}, Direct: d.Access == "DIRECT"})
		}
		return api.SizeOf(p.Details), nil
	})
	var e *api.Error
	if errors.As(err, &e) && e.Status == http.StatusBadRequest && strings.Contains(e.Message, directory.NotAvailable) {
		return nil, nil // A workspace without identity federation: a fact, as for assignments.
	}
	if err != nil || shown {
		return out, err
	}
	// No list at all: IAM v2 leaves out empty ones. Then no one may be assigned.
	assigned := rd.dir.WorkspaceAssignments(ctx, workspace)
	if assigned.Unknown != nil || len(assigned.Levels) > 0 {
		return nil, errors.Join(fmt.Errorf("IAM v2 shows no one, and %d principals are assigned", len(assigned.Levels)), assigned.Unknown)
	}
	return nil, nil
}

// accessByAssignments goes down from the assigned groups.
func (rd *Readiness) accessByAssignments(ctx context.Context, workspace string) ([]readiness.Access, error) {
	assigned := rd.dir.WorkspaceAssignments(ctx, workspace)
	if assigned.Unknown != nil {
		return nil, assigned.Unknown
	}
	inv, err := rd.dir.Listing(ctx)
	if err != nil {
		return nil, err
	}
	if !inv.Coverage.All() {
		return nil, &api.IncompleteError{Need: "Finding who has access to a workspace", Failures: inv.Failures}
	}
	var out []readiness.Access
	var groups []string
	seen := map[string]bool{}
	take := func(ref audit.Ref, direct bool) {
		if seen[ref.ID] {
			return
		}
		seen[ref.ID] = true
		out = append(out, readiness.Access{WorkspaceID: workspace, Ref: ref, Direct: direct})
		if ref.Type == audit.TypeGroup {
			groups = append(groups, ref.ID)
		}
	}
	for id := range assigned.Levels {
		if p, known := rd.dir.Lookup(inv, id, audit.PrincipalTypes()...); known {
			take(p.Ref, true)
		}
	}
	for ; len(groups) > 0; groups = groups[1:] {
		members, err := rd.dir.Members(ctx, groups[0])
		if err != nil {
			return nil, err
		}
		for _, m := range members {
			take(m.Ref, false)
		}
	}
	return out, nil
}

// WorkspaceAdmins are the principals that are assigned to a workspace as ADMIN, sorted.
// The assignments are those that everything else asks for.
func (rd *Readiness) WorkspaceAdmins(ctx context.Context, workspace string) readiness.WorkspaceAdmins {
	var out readiness.WorkspaceAdmins
	assigned := rd.dir.WorkspaceAssignments(ctx, workspace)
	if assigned.Unknown != nil {
		out.Unknown = assigned.Unknown.Error()
	}
	for id, levels := range assigned.Levels {
		if slices.Contains(levels, access.LevelAdmin) {
			out.IDs = append(out.IDs, id)
		}
	}
	slices.SortFunc(out.IDs, audit.CompareIDs)
	return out
}

// AccountRoles are the account roles of every principal that has some, by the lists
// with roles (docs/reference/databricks-account-api.md 7), shared with the look-up of
// privileges.
func (rd *Readiness) AccountRoles(ctx context.Context) (map[audit.Ref][]string, error) {
	types := audit.PrincipalTypes()
	lists, errs := make([]*directory.RolesList, len(types)), make([]error, len(types))
	var wait sync.WaitGroup
	for i, t := range types {
		wait.Go(func() { lists[i], errs[i] = rd.dir.WithRoles(ctx, t) })
	}
	wait.Wait()
	// All of them, so that the same failures give the same text.
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	out := map[audit.Ref][]string{}
	for i, list := range lists {
		for id, r := range list.ByID {
			if roles := r.RoleNames(); len(roles) > 0 {
				out[audit.Ref{Type: types[i], ID: id}] = roles
			}
		}
	}
	if len(out) == 0 {
		return nil, errors.New("the lists of the account show roles of no one, although the caller holds some")
	}
	return out, nil
}

// workspaceSCIM is one read of the groups of a workspace.
func (rd *Readiness) workspaceSCIM(ctx context.Context, at *api.Site, query url.Values, out any, id ...string) error {
	path := "/api/2.0/preview/scim/v2/Groups"
	for _, part := range id {
		path += "/" + url.PathEscape(part)
	}
	return rd.api.Do(ctx, api.Call{Method: http.MethodGet, Path: path, Query: query, Limit: at.Limit(), At: at}, out)
}
