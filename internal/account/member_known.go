// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// KnownID reads the principal with an id, of whichever type: ids are of one
// number range (docs/reference/databricks-account-api.md 4.1). It takes the listing when that was
// taken already, asks for user, service principal and group by themselves for
// the first few, and takes the listing once for all the others. ErrNotFound as
// for [Directory.Known].
func (d *Directory) KnownID(ctx context.Context, id string) (audit.Principal, error) {
	types := []audit.PrincipalType{audit.TypeUser, audit.TypeServicePrincipal, audit.TypeGroup}
	inv, listed := d.listedInventory()
	if listed {
		if p, ok := d.lookup(inv, id, types...); ok {
			return p, nil
		}
	}
	if listed || d.singleGets.Add(1) <= maxSingleGets {
		for _, t := range types {
			p, err := d.Principal(ctx, audit.Ref{Type: t, ID: id})
			if !errors.Is(err, ErrNotFound) {
				return p, err
			}
		}
	}
	inv, err := d.loadInventory(ctx)
	if err != nil {
		return audit.Principal{}, err
	}
	if p, ok := d.lookup(inv, id, types...); ok {
		return p, nil
	}
	if !inv.Coverage.All() {
		return audit.Principal{}, &IncompleteError{Need: "Finding the principal " + id, Failures: inv.Failures}
	}
	return audit.Principal{}, fmt.Errorf("%w: the account has no user, service principal or group with the id %s", ErrNotFound, id)
}

// Membership is what the account shows of one membership.
type Membership struct {
	// Group and Member are the two. A member that is deleted has its Ref only.
	Group, Member audit.Principal
	Present       bool
	// Source is who owns it; "" when it is not there.
	Source audit.MembershipSource
}

// KnownMembership reads a membership as cheaply as this run can, for somebody
// who believes that it is there, or is not: the opposite is believed only when
// two fresh readings of the group show it too. Lists lag behind writes, and reads
// of groups go back and forth (docs/reference/databricks-account-api.md 4.5).
//
// errors.Is(err, ErrNotFound) means that the group is deleted, by the two
// witnesses of [Directory.Known]. A deleted member is no member.
//
// Requests: the members of the group once per client, and the two principals as
// Known reads them.
func (d *Directory) KnownMembership(ctx context.Context, groupID string, member audit.Ref, believed bool) (Membership, error) {
	var (
		out Membership
		err error
	)
	if out.Group, err = d.Known(ctx, audit.Ref{Type: audit.TypeGroup, ID: groupID}); err != nil {
		return out, err
	}
	members, err := d.Members(ctx, groupID)
	for again := 2; err == nil && again > 0 && indexMember(members, member.ID) >= 0 != believed; again-- {
		members, err = d.MembersNow(ctx, groupID)
	}
	if err != nil {
		return out, d.groupMissing(ctx, groupID, err)
	}
	out.Member, err = d.Known(ctx, member)
	switch {
	case errors.Is(err, ErrNotFound):
		out.Member = audit.Principal{Ref: member}
		return out, nil
	case err != nil:
		return out, err
	}
	if i := indexMember(members, member.ID); i >= 0 {
		out.Present, out.Source = true, members[i].Source
	}
	return out, nil
}

// groupMissing finds out whether the members of a group could not be read because
// the listing that knows it is older than its end.
func (d *Directory) groupMissing(ctx context.Context, groupID string, err error) error {
	var e *APIError
	if !errors.As(err, &e) || !e.explicit404 {
		return err
	}
	if _, gerr := d.Principal(ctx, audit.Ref{Type: audit.TypeGroup, ID: groupID}); gerr != nil {
		return gerr
	}
	return err
}

// MemberCheck is what a plan can know of a write.
type MemberCheck struct {
	Membership
	// Refusals are what would be refused; none where nothing would be written.
	Refusals []audit.Refusal
	// Power is that of the group, where the addition undoes a removal: that is not
	// refused for it, and whoever reviews the plan should know.
	Power audit.Privilege
	// CallerUnknown tells that nobody knows whether a removal is the caller's.
	CallerUnknown bool
}

// CheckAddMember judges an addition by what this client knows already, and never
// writes. The error says what could not be read: then nothing is judged, and
// [Writer.AddMember] judges again. errors.Is(err, ErrNotFound) when the group or
// the member does not exist.
func (w *Writer) CheckAddMember(ctx context.Context, req MemberRequest) (MemberCheck, error) {
	return w.checkMember(ctx, req, true)
}

// CheckRemoveMember is the same for a removal.
func (w *Writer) CheckRemoveMember(ctx context.Context, req MemberRequest) (MemberCheck, error) {
	return w.checkMember(ctx, req, false)
}

func (w *Writer) checkMember(ctx context.Context, req MemberRequest, add bool) (MemberCheck, error) {
	var out MemberCheck
	if err := req.check(); err != nil {
		return out, err
	}
	member, err := w.memberOf(ctx, req)
	if err != nil {
		return out, missing(false, err)
	}
	if out.Membership, err = w.dir.KnownMembership(ctx, req.GroupID, member.Ref, add); err != nil {
		return out, missing(true, err)
	}
	if out.Present == add {
		return out, nil
	}
	r, err := w.dir.resource(ctx, out.Group.Ref)
	if err != nil {
		return out, err
	}
	members, err := w.dir.Members(ctx, req.GroupID)
	if err != nil {
		return out, err
	}
	facts := memberFacts{
		req: req, member: audit.PrincipalFact{Principal: member}, order: lastTurn,
		group: &groupNow{Principal: out.Group, roles: r.roles(), members: members},
	}
	if add {
		out.Refusals = audit.GuardAddMember(w.addFacts(ctx, facts))
		if req.Restores && len(out.Refusals) == 0 {
			w.power.renewPower(0)
			out.Power = w.power.Privileges(ctx, []audit.Ref{out.Group.Ref})[out.Group.Ref]
		}
		return out, nil
	}
	out.Refusals = audit.GuardRemoveMember(w.removeFacts(ctx, facts))
	if _, err := w.dir.Caller(ctx); errors.Is(err, ErrCallerUnknown) {
		out.CallerUnknown = true
	}
	return out, nil
}

func (w *Writer) memberOf(ctx context.Context, req MemberRequest) (audit.Principal, error) {
	if req.MemberType == "" {
		return w.dir.KnownID(ctx, req.MemberID)
	}
	return w.dir.Known(ctx, audit.Ref{Type: req.MemberType, ID: req.MemberID})
}
