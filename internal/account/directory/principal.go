// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// SCIMKind is the SCIM resource of a type; "" for an unknown one.
func SCIMKind(t audit.PrincipalType) string {
	switch t {
	case audit.TypeUser:
		return "Users"
	case audit.TypeGroup:
		return "Groups"
	case audit.TypeServicePrincipal:
		return "ServicePrincipals"
	default:
		return ""
	}
}

// SCIMResource has what is read of users, groups and service principals
// (docs/reference/databricks-account-api.md 4.1).
type SCIMResource struct {
	ID            api.Text `json:"id"`
	UserName      string   `json:"userName"`
	DisplayName   string   `json:"displayName"`
	ApplicationID string   `json:"applicationId"`
	ExternalID    string   `json:"externalId"`
	Active        *bool    `json:"active"`
	Roles         []struct {
		Value string `json:"value"`
	} `json:"roles"`
	// Entitlements are seen on workspace SCIM; account SCIM need not have them.
	Entitlements []struct {
		Value string `json:"value"`
	} `json:"entitlements"`
	Members []SCIMMember `json:"members"`
	// Groups that a user or service principal is in directly (unofficial).
	Groups []struct {
		Value   api.Text `json:"value"`
		Display string   `json:"display"`
	} `json:"groups"`
	Emails []struct {
		Value string `json:"value"`
	} `json:"emails"`
	// Meta holds when it was created, read by [Directory.Details] alone.
	Meta json.RawMessage `json:"meta"`

	began time.Time // of the reading, where it was one by itself
}

func (r *SCIMResource) toAudit(t audit.PrincipalType) (audit.Principal, error) {
	p := audit.Principal{
		Ref: audit.Ref{Type: t, ID: string(r.ID)}, Name: r.UserName, DisplayName: r.DisplayName,
		ExternalID: r.ExternalID, Active: r.Active,
	}
	switch t {
	case audit.TypeGroup:
		p.Name, p.Active = r.DisplayName, nil // Groups have no such state.
	case audit.TypeServicePrincipal:
		p.Name = r.ApplicationID
	default: // Users, as above.
	}
	return p, checkPrincipal(p)
}

// Odd is an entry that cannot be attributed, as null is, or nil: a role or a group
// above that is there and cannot be read is not absent. Members are judged by those who
// read them, since the rest of a group is known.
func (r *SCIMResource) Odd() error {
	if r.ID == "" {
		return errors.New("an entry without id")
	}
	odd := ""
	for _, e := range r.Roles {
		if e.Value == "" {
			odd = "role"
		}
	}
	for _, e := range r.Entitlements {
		if e.Value == "" {
			odd = "entitlement"
		}
	}
	for _, e := range r.Groups {
		if e.Value == "" {
			odd = "group above"
		}
	}
	if odd == "" {
		return nil
	}
	return fmt.Errorf("a %s without value, of the principal %s", odd, r.ID)
}

// HasOddMember reports whether a member is there and cannot be read.
func (r *SCIMResource) HasOddMember() bool {
	return slices.ContainsFunc(r.Members, func(m SCIMMember) bool { return m.Value == "" })
}

// NameAs is the name by which rules and owners name a principal of a type: user
// name, name of the group, or application id.
func (r *SCIMResource) NameAs(t audit.PrincipalType) string {
	switch t {
	case audit.TypeUser:
		return r.UserName
	case audit.TypeServicePrincipal:
		return r.ApplicationID
	default:
		return r.DisplayName
	}
}

// checkPrincipal refuses what no rule could judge.
func checkPrincipal(p audit.Principal) error {
	switch {
	case p.ID == "":
		return fmt.Errorf("a %s without id", p.Type)
	case p.Name == "":
		return fmt.Errorf("%s has no name", p.Ref)
	}
	return nil
}

// Principal reads one principal: GET /api/2.1/accounts/{account}/scim/v2/{kind}/{id}.
//
// errors.Is(err, ErrNotFound) holds only when the account itself says that the
// principal does not exist.
func (d *reader) Principal(ctx context.Context, ref audit.Ref) (audit.Principal, error) {
	_, p, err := d.ResourceNow(ctx, ref)
	return p, err
}

// ResourceNow is [Directory.Principal] with all that the request returns.
func (d *reader) ResourceNow(ctx context.Context, ref audit.Ref) (*SCIMResource, audit.Principal, error) {
	r, err := d.scimGet(ctx, ref)
	if err != nil {
		return nil, audit.Principal{}, err
	}
	p, err := r.toAudit(ref.Type)
	if err != nil {
		return nil, audit.Principal{}, fmt.Errorf("reading %s: the account answered with %w", ref, err)
	}
	return r, p, nil
}

func (d *reader) scimGet(ctx context.Context, ref audit.Ref) (*SCIMResource, error) {
	kind := SCIMKind(ref.Type)
	if kind == "" || ref.ID == "" || ref.ID == "." || ref.ID == ".." {
		return nil, fmt.Errorf("%q is not a principal: write user/<id>, group/<id> or service_principal/<id>", ref)
	}
	r := SCIMResource{began: time.Now()}
	err := d.api.Do(ctx, api.Call{Method: http.MethodGet, Path: d.api.SCIMPath(kind, ref.ID), Limit: api.LimitSCIMGet}, &r)
	if err != nil {
		return nil, d.missing(ctx, ref, err)
	}
	if string(r.ID) != ref.ID {
		return nil, fmt.Errorf("reading %s: the account answered with the object %q", ref, string(r.ID))
	}
	if r.NameAs(ref.Type) == "" {
		// Without a name it is half an object, and what else it lacks is not known.
		return nil, fmt.Errorf("reading %s: the account answered with %s has no name", ref, ref)
	}
	if err := r.Odd(); err != nil {
		return nil, fmt.Errorf("reading %s: the account sent %w", ref, err)
	}
	return &r, nil
}

// missing turns a 404 that is about the principal into ErrNotFound. An account
// that has not answered anything well so far is asked for something else first:
// with a wrong account id every principal is "not found".
func (d *reader) missing(ctx context.Context, ref audit.Ref, err error) error {
	if !api.IsMissing(err) {
		return fmt.Errorf("reading %s: %w", ref, err)
	}
	if !d.api.HasAnswered() {
		if _, perr := d.scimPage(ctx, audit.TypeUser, SCIMQuery{Attributes: "id", count: 1}, 1); perr != nil {
			return fmt.Errorf("reading %s: %w (and the account cannot be read at all: %w)", ref, err, perr)
		}
	}
	return fmt.Errorf("reading %s: %w: %w", ref, api.ErrNotFound, err)
}

// Resource is one account SCIM GET, kept.
func (d *memberships) Resource(ctx context.Context, ref audit.Ref) (*SCIMResource, error) {
	return d.resources.Get(ctx, ref, func(ctx context.Context) (*SCIMResource, error) {
		return d.scimGet(ctx, ref)
	})
}

// RoleNames are the roles that the principal holds itself.
func (r *SCIMResource) RoleNames() []string {
	var out []string
	for _, role := range r.Roles {
		if role.Value != "" {
			out = append(out, role.Value)
		}
	}
	return out
}

// EntitlementNames are the entitlements of the principal, sorted.
func (r *SCIMResource) EntitlementNames() []string {
	var out []string
	for _, e := range r.Entitlements {
		if e.Value != "" {
			out = append(out, e.Value)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
