// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
)

// NotAvailable is what a workspace without identity federation answers
// (docs/reference/databricks-account-api.md 3.2; the error_code is not known).
const NotAvailable = "Permission assignment APIs are not available"

// Assignments are the levels in one workspace by the id of the principal, of
// those who are assigned directly. unknown is why there may be more.
type Assignments struct {
	Levels  map[string][]string
	Unknown error
}

// WorkspaceAssignments reads the permission assignments of a workspace
// (docs/reference/databricks-account-api.md 3.3), once per client. A workspace without
// identity federation has none: that is a fact. With an unknown reason the
// levels are those that were read.
func (d *workspaces) WorkspaceAssignments(ctx context.Context, workspace string) Assignments {
	levels, err := d.assignments.Get(ctx, workspace, func(ctx context.Context) (map[string][]string, error) {
		return d.readAssignments(ctx, workspace)
	})
	return Assignments{levels, err}
}

// assignmentPage is a page of the permission assignments of a workspace. Every field
// of an assignment may be missing.
type assignmentPage struct {
	api.PageEnd

	Assignments []assignment `json:"permission_assignments"`
}

type assignment struct {
	Principal struct {
		ID    api.Text `json:"principal_id"`
		User  string   `json:"user_name"`
		Group string   `json:"group_name"`
		App   string   `json:"service_principal_name"`
	} `json:"principal"`
	Permissions []string `json:"permissions"`
	Error       string   `json:"error"`
}

// odd is why an assignment does not say who holds which level; nil when it does.
func (a *assignment) odd() error {
	switch id := string(a.Principal.ID); {
	case id == "":
		return errors.New("the account sent an assignment without principal_id, which cannot be attributed")
	case a.Error != "" && len(a.Permissions) == 0:
		return fmt.Errorf("the account could not return the permissions of principal %s: %s", id, a.Error)
	case len(a.Permissions) == 0:
		return fmt.Errorf("the account names no permission of principal %s", id)
	default:
		return nil
	}
}

func (d *workspaces) readAssignments(ctx context.Context, workspace string) (map[string][]string, error) {
	out := map[string][]string{}
	var failed error
	list := api.Call{
		Path:  "/api/2.0/accounts/" + d.api.AccountID + "/workspaces/" + url.PathEscape(workspace) + "/permissionassignments",
		Limit: api.LimitAccount,
	}
	err := api.WholeList(ctx, d.api, list, "permission_assignments", func(p *assignmentPage) (int, error) {
		for i := range p.Assignments {
			a := &p.Assignments[i]
			for t, name := range map[audit.PrincipalType]string{
				audit.TypeUser: a.Principal.User, audit.TypeGroup: a.Principal.Group, audit.TypeServicePrincipal: a.Principal.App,
			} {
				if name != "" {
					d.referred.note(t, "one is assigned to a workspace")
				}
			}
			if err := a.odd(); err != nil {
				failed = err
				continue
			}
			id := string(a.Principal.ID)
			for _, level := range a.Permissions {
				switch {
				case level != access.LevelUser && level != access.LevelAdmin:
					failed = fmt.Errorf("the account names the permission %q for principal %s, which says nothing", level, id)
				case !slices.Contains(out[id], level):
					out[id] = append(out[id], level)
				}
			}
		}
		return api.SizeOf(p.Assignments), nil
	})
	var e *api.Error
	if errors.As(err, &e) && e.Status == http.StatusBadRequest && strings.Contains(e.Message, NotAvailable) {
		return map[string][]string{}, nil
	}
	for id := range out {
		slices.Sort(out[id])
	}
	return out, errors.Join(err, failed)
}

// entitlementAdmin goes with the level ADMIN, and says nothing beside it.
const entitlementAdmin = "WORKSPACE_ADMIN"

// EntitlementsIn are the entitlements that the assignment of a principal in a
// workspace names (IAM v2 workspace-assignments/{id}, docs/reference/databricks-account-api.md
// 5.2; its list leaves them out). No other API of the account has them: without
// IAM v2 the error is api.ErrNoIAMv2.
func (d *workspaces) EntitlementsIn(ctx context.Context, workspace, principal string) ([]string, error) {
	const family = "workspace-assignments"
	if !d.api.UseIAMv2(family) {
		return nil, api.ErrNoIAMv2
	}
	return d.entitlements.Get(ctx, workspace+"/"+principal, func(ctx context.Context) ([]string, error) {
		var reply struct {
			PrincipalID  api.Text `json:"principal_id"`
			Entitlements []string `json:"entitlements"`
		}
		err := d.api.Do(ctx, api.Call{Method: http.MethodGet, Path: d.api.IAMPath("workspaces", workspace, family, principal), Limit: api.LimitIAM}, &reply)
		switch {
		case api.IsMissing(err):
			return nil, nil // Not assigned any more.
		case err != nil && d.api.FallBack(ctx, family, err):
			return nil, api.ErrNoIAMv2
		case err == nil && string(reply.PrincipalID) != principal:
			err = fmt.Errorf("the answer for principal %s is for %q", principal, string(reply.PrincipalID))
		}
		out := slices.DeleteFunc(reply.Entitlements, func(s string) bool { return s == entitlementAdmin })
		slices.Sort(out)
		return slices.Compact(out), err
	})
}
