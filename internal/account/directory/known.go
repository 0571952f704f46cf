// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"
	"errors"
	"fmt"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
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
// whole listing of its type lacks it. Reads lag behind writes, and a caller that
// hears of a missing principal forgets what it knew of it.
func (d *principals) Known(ctx context.Context, ref audit.Ref) (audit.Principal, error) {
	inv, listed := d.listedInventory()
	if !listed && d.singleGets.Add(1) <= maxSingleGets {
		return d.found(ctx, ref)
	}
	if !listed {
		var err error
		if inv, err = d.Listing(ctx); err != nil {
			return audit.Principal{}, err
		}
	}
	if p, ok := d.Lookup(inv, ref.ID, ref.Type); ok {
		return p, nil
	}
	return d.found(ctx, ref)
}

// KnownHolding is [Directory.KnownAs] for an externalId.
func (d *principals) KnownHolding(ctx context.Context, ref audit.Ref, externalID string) (audit.Principal, error) {
	return d.KnownAs(ctx, ref, func(p audit.Principal) bool { return SameShown(p.ExternalID, externalID) })
}

// KnownAs is Known for someone who believes something of the principal: what speaks
// against it is believed only when the principal itself shows it too. Listings lag
// behind writes, and reads of groups go back and forth
// (docs/reference/databricks-account-api.md 4.5), so a group is asked twice.
func (d *principals) KnownAs(ctx context.Context, ref audit.Ref, believed func(audit.Principal) bool) (audit.Principal, error) {
	p, err := d.Known(ctx, ref)
	readings := 1
	if ref.Type == audit.TypeGroup {
		readings = 2
	}
	for ; err == nil && !believed(p) && readings > 0; readings-- {
		p, err = d.found(ctx, ref)
	}
	return p, err
}

// found reads one principal by itself; see [Directory.Known] for ErrNotFound.
func (d *principals) found(ctx context.Context, ref audit.Ref) (audit.Principal, error) {
	p, err := d.Principal(ctx, ref)
	if !errors.Is(err, api.ErrNotFound) {
		return p, err
	}
	inv, lerr := d.Listing(ctx)
	if lerr != nil {
		return audit.Principal{}, lerr
	}
	if p, ok := d.Lookup(inv, ref.ID, ref.Type); ok {
		return p, nil
	}
	if !inv.Coverage.Of(ref.Type) {
		return audit.Principal{}, &api.IncompleteError{Need: "Finding out whether " + ref.String() + " is deleted", Failures: inv.Failures}
	}
	return audit.Principal{}, err
}

// listedInventory is the listing, if it was taken.
func (d *principals) listedInventory() (*Listing, bool) {
	var out *Listing
	d.inventory.cell.Peek(func(inv *Listing) { out = inv })
	if out == nil {
		return nil, false
	}
	return d.doubtEmpty(out), true
}

// someOf are the principals of a type by the listing, if it was taken, and else by a
// list of their own: a listing that is taken here would be what a later write judges
// by. whole is false where there may be more.
func (d *principals) someOf(ctx context.Context, t audit.PrincipalType) (some []audit.Principal, whole bool) {
	inv, taken := d.listedInventory()
	if !taken {
		l := d.list(ctx, t)
		return l.principals, l.err == nil
	}
	for _, p := range d.Shown(inv).Principals {
		if p.Type == t {
			some = append(some, p)
		}
	}
	return some, inv.Coverage.Of(t)
}

// KnownID reads the principal with an id, of whichever type: ids are of one
// number range (docs/reference/databricks-account-api.md 4.1). It takes the listing when that was
// taken already, asks for user, service principal and group by themselves for
// the first few, and takes the listing once for all the others. ErrNotFound as
// for [Directory.Known].
func (d *principals) KnownID(ctx context.Context, id string) (audit.Principal, error) {
	types := []audit.PrincipalType{audit.TypeUser, audit.TypeServicePrincipal, audit.TypeGroup}
	inv, listed := d.listedInventory()
	if listed {
		if p, ok := d.Lookup(inv, id, types...); ok {
			return p, nil
		}
	}
	if listed || d.singleGets.Add(1) <= maxSingleGets {
		for _, t := range types {
			p, err := d.Principal(ctx, audit.Ref{Type: t, ID: id})
			if !errors.Is(err, api.ErrNotFound) {
				return p, err
			}
		}
	}
	inv, err := d.Listing(ctx)
	if err != nil {
		return audit.Principal{}, err
	}
	if p, ok := d.Lookup(inv, id, types...); ok {
		return p, nil
	}
	if !inv.Coverage.All() {
		return audit.Principal{}, &api.IncompleteError{Need: "Finding the principal " + id, Failures: inv.Failures}
	}
	return audit.Principal{}, fmt.Errorf("%w: the account has no user, service principal or group with the id %s", api.ErrNotFound, id)
}

// Membership is what the account shows of one membership.
type Membership struct {
	// Group and Member are the two. A member that is deleted has its Ref only.
	Group, Member audit.Principal
	Present       bool
	// Source is who owns it; "" when it is not there.
	Source audit.MembershipSource
}

// KnownMembership reads a membership as cheaply as this run can, for someone
// who believes that it is there, or is not: the opposite is believed only when
// two fresh readings of the group show it too. Lists lag behind writes, and reads
// of groups go back and forth (docs/reference/databricks-account-api.md 4.5).
//
// errors.Is(err, ErrNotFound) means that the group is deleted, by the two
// witnesses of [Directory.Known]. A deleted member is no member.
//
// Requests: the members of the group once per client, and the two principals as
// Known reads them.
func (d *memberships) KnownMembership(ctx context.Context, groupID string, member audit.Ref, believed bool) (Membership, error) {
	var (
		out Membership
		err error
	)
	if out.Group, err = d.Known(ctx, audit.Ref{Type: audit.TypeGroup, ID: groupID}); err != nil {
		return out, err
	}
	members, err := d.Members(ctx, groupID)
	for again := 2; err == nil && again > 0 && IndexMember(members, member.ID) >= 0 != believed; again-- {
		members, err = d.MembersNow(ctx, groupID)
	}
	if err != nil {
		return out, d.groupMissing(ctx, groupID, err)
	}
	out.Member, err = d.Known(ctx, member)
	switch {
	case errors.Is(err, api.ErrNotFound):
		out.Member = audit.Principal{Ref: member}
		return out, nil
	case err != nil:
		return out, err
	}
	if i := IndexMember(members, member.ID); i >= 0 {
		out.Present, out.Source = true, members[i].Source
	}
	return out, nil
}

// groupMissing finds out whether the members of a group could not be read because
// the listing that knows it is older than its end.
func (d *reader) groupMissing(ctx context.Context, groupID string, err error) error {
	if !api.IsMissing(err) {
		return err
	}
	if _, gerr := d.Principal(ctx, audit.Ref{Type: audit.TypeGroup, ID: groupID}); gerr != nil {
		return gerr
	}
	return err
}
