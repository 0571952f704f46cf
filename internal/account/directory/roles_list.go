// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// RolesList is a list of principals with their roles, which no other list has.
type RolesList struct {
	ByID map[string]*SCIMResource
	// ShowsRoles and showsGroups say that someone in it has roles, and groups. Lists
	// that leave out attributes which were asked for were seen
	// (docs/reference/databricks-account-api.md 4.2), and what no one has cannot be distinguished from what is
	// left out.
	ShowsRoles, showsGroups bool
}

// Take adds a principal to the list.
func (l *RolesList) Take(r *SCIMResource) {
	l.ByID[string(r.ID)] = r
	l.ShowsRoles = l.ShowsRoles || len(r.RoleNames()) > 0
	l.showsGroups = l.showsGroups || len(r.Groups) > 0
}

// WithRoles lists the principals of a type with their roles, once per client.
// groups of users and service principals are unofficial.
func (d *hierarchy) WithRoles(ctx context.Context, t audit.PrincipalType) (*RolesList, error) {
	attributes := map[audit.PrincipalType]string{
		audit.TypeUser: "id,userName,roles,groups", audit.TypeGroup: "id,displayName,roles",
		audit.TypeServicePrincipal: "id,displayName,applicationId,roles,groups",
	}[t]
	return d.roles.Get(ctx, t, func(ctx context.Context) (*RolesList, error) {
		began := time.Now()
		pages, err := d.SCIMPages(ctx, t, SCIMQuery{Attributes: attributes})
		if err != nil {
			return nil, fmt.Errorf("listing the %s with their roles: %w", Plural(t), err)
		}
		out := &RolesList{ByID: map[string]*SCIMResource{}}
		for _, page := range pages {
			for i := range page.Resources {
				page.Resources[i].began = began
				out.Take(&page.Resources[i])
			}
		}
		if total := pages[0].Total; total != nil && *total != len(out.ByID) {
			return nil, fmt.Errorf("listing the %s with their roles: %d different entries came, %d were announced", Plural(t), len(out.ByID), *total)
		}
		if len(out.ByID) == 0 {
			return out, d.reallyNobody(ctx, t)
		}
		return out, nil
	})
}

// reallyNobody is an error where the listing of the account has someone of a type.
func (d *hierarchy) reallyNobody(ctx context.Context, t audit.PrincipalType) error {
	if some, whole := d.someOf(ctx, t); !whole || len(some) > 0 {
		return fmt.Errorf("listing the %s with their roles: the list is empty, and the listing of the account is not", Plural(t))
	}
	return nil
}

// ListsGroup reports whether a new list of the groups has one, or may have.
func (d *reader) ListsGroup(ctx context.Context, id string) bool {
	again := d.list(ctx, audit.TypeGroup)
	return again.err != nil || slices.ContainsFunc(again.principals, func(p audit.Principal) bool { return p.ID == id })
}
