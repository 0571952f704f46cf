// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Caller is the principal that the client logs in as: by the application id under
// oauth-m2m, else by the claims of the token, where that is a JWT. It is found in
// the listing of the account, and kept. The error wraps [api.ErrCallerUnknown] where
// nothing says; account SCIM tokens belong to no one.
func (d *principals) Caller(ctx context.Context) (audit.Principal, error) {
	return d.caller.Get(ctx, d.findCaller)
}

func (d *principals) findCaller(ctx context.Context) (audit.Principal, error) {
	claims, err := d.api.CallerClaims(ctx)
	if err != nil {
		return audit.Principal{}, err
	}
	inv, err := d.Inventory(ctx)
	if err != nil {
		return audit.Principal{}, err
	}
	for _, p := range inv.Principals {
		if claims.Match(&p) {
			return p, nil
		}
	}
	if !inv.Coverage.Users || !inv.Coverage.ServicePrincipals {
		return audit.Principal{}, &api.IncompleteError{Need: "Finding the principal that this program logs in as", Failures: inv.Failures}
	}
	return audit.Principal{}, fmt.Errorf("%w: no user or service principal of the account has what the login says of it", api.ErrCallerUnknown)
}

// withCaller makes a hole of a list that lacks the caller, where the token says who
// that is: such a list is not that of the account.
func (d *reader) withCaller(ctx context.Context, t audit.PrincipalType, l listed) listed {
	if l.err != nil || t == audit.TypeGroup {
		return l
	}
	claims, err := d.api.TokenClaims(ctx)
	if err != nil || claims.PrincipalType() != t || slices.ContainsFunc(l.principals, func(p audit.Principal) bool { return claims.Match(&p) }) {
		return l
	}
	l.err = fmt.Errorf("the list of %d lacks the one that this program logs in as (%s), so that it is not that of the whole account",
		len(l.principals), cmp.Or(claims.UPN, claims.AppID, claims.Subject))
	return l.withFailure(t)
}

// HoldsCaller reports whether a principal is the caller, or a group that holds it at
// any depth; anew reads the groups of the caller again. Who the caller is may be unknown: then it is false, and for the
// plan to warn of.
func (d *hierarchy) HoldsCaller(ctx context.Context, ref audit.Ref, anew bool) (bool, error) {
	caller, err := d.Caller(ctx)
	switch {
	case errors.Is(err, api.ErrCallerUnknown):
		return false, nil
	case err != nil:
		return false, err
	case caller.Ref == ref:
		return true, nil
	case ref.Type != audit.TypeGroup:
		return false, nil
	}
	if anew {
		d.parents.Outdate(caller.Ref)
	}
	above, err := d.Above(ctx, caller.Ref, LastTurn)
	if slices.Contains(above, ref.ID) {
		return true, nil
	}
	return false, err
}

// CallerIDs are the caller's id and those of the groups above it, as far as they
// are known.
func (d *hierarchy) CallerIDs(ctx context.Context) []string {
	caller, err := d.Caller(ctx)
	if err != nil {
		return nil
	}
	above, _ := d.groupsAbove(ctx, caller.Ref) // What was seen is certain, also with a hole.
	return append([]string{caller.ID}, above...)
}
