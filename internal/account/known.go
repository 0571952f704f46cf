// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package account

import (
	"context"
	"errors"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// maxSingleGets is how many principals are read one by one before the listing
// is taken instead: a listing of 100 users costs one request, and so does one GET.
const maxSingleGets = 20

// Known reads one principal as cheaply as this run can: from the listing when it
// was taken already, by [Directory.Principal] for the first few, and by taking the
// listing once for all the others. A principal that the listing does not have is
// asked for by itself.
//
// ErrNotFound takes two witnesses: the account says 404 for the principal, and a
// whole listing of its type lacks it. Reads lag behind writes, and whoever is
// told of a missing principal forgets what it knew of it.
func (d *Directory) Known(ctx context.Context, ref audit.Ref) (audit.Principal, error) {
	inv, listed := d.listedInventory()
	if !listed && d.singleGets.Add(1) <= maxSingleGets {
		return d.found(ctx, ref)
	}
	if !listed {
		var err error
		if inv, err = d.loadInventory(ctx); err != nil {
			return audit.Principal{}, err
		}
	}
	if p, ok := d.lookup(inv, ref.ID, ref.Type); ok {
		return p, nil
	}
	return d.found(ctx, ref)
}

// KnownHolding is Known for somebody who believes that the principal holds an
// externalId: another one is believed only when the principal itself shows it
// too. Listings lag behind writes, and reads of groups go back and forth
// (docs/reference/databricks-account-api.md 4.5), so a group is asked twice.
func (d *Directory) KnownHolding(ctx context.Context, ref audit.Ref, externalID string) (audit.Principal, error) {
	p, err := d.Known(ctx, ref)
	readings := 1
	if ref.Type == audit.TypeGroup {
		readings = 2
	}
	for ; err == nil && !SameShown(p.ExternalID, externalID) && readings > 0; readings-- {
		p, err = d.found(ctx, ref)
	}
	return p, err
}

// found reads one principal by itself; see [Directory.Known] for ErrNotFound.
func (d *Directory) found(ctx context.Context, ref audit.Ref) (audit.Principal, error) {
	p, err := d.Principal(ctx, ref)
	if !errors.Is(err, ErrNotFound) {
		return p, err
	}
	inv, lerr := d.loadInventory(ctx)
	if lerr != nil {
		return audit.Principal{}, lerr
	}
	if p, ok := d.lookup(inv, ref.ID, ref.Type); ok {
		return p, nil
	}
	if !inv.Coverage.Of(ref.Type) {
		return audit.Principal{}, &IncompleteError{Need: "Finding out whether " + ref.String() + " is deleted", Failures: inv.Failures}
	}
	return audit.Principal{}, err
}

// listedInventory is the listing, if it was taken.
func (d *Directory) listedInventory() (*inventory, bool) {
	var out *inventory
	d.inventory.cell.peek(func(inv *inventory) { out = inv })
	if out == nil {
		return nil, false
	}
	return d.doubtEmpty(out), true
}

// someOf are the principals of a type by the listing, if it was taken, and else by a
// list of their own: a listing that is taken here would be what a later write judges
// by. whole is false where there may be more.
func (d *Directory) someOf(ctx context.Context, t audit.PrincipalType) (some []audit.Principal, whole bool) {
	inv, taken := d.listedInventory()
	if !taken {
		l := d.list(ctx, t)
		return l.principals, l.err == nil
	}
	for _, p := range d.shown(inv).Principals {
		if p.Type == t {
			some = append(some, p)
		}
	}
	return some, inv.Coverage.Of(t)
}
