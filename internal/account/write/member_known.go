// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package write

import (
	"context"
	"errors"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/guard"
)

// MemberCheck is what a plan can know of a write.
type MemberCheck struct {
	directory.Membership
	// Refusals are what would be refused; none where nothing would be written.
	Refusals []guard.Refusal
	// Privilege is that of the group, where the addition undoes a removal: that is not
	// refused for it, and a reviewer of the plan should know.
	Privilege audit.Privilege
	// CallerUnknown says that no one knows whether a removal is the caller's.
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
	r, err := w.dir.Resource(ctx, out.Group.Ref)
	if err != nil {
		return out, err
	}
	members, err := w.dir.Members(ctx, req.GroupID)
	if err != nil {
		return out, err
	}
	facts := memberFacts{
		req: req, member: guard.PrincipalFact{Principal: member}, order: directory.LastTurn,
		group: &directory.GroupNow{Principal: out.Group, Resource: r, Members: members},
	}
	if add {
		out.Refusals = guard.AddMember(w.addFacts(ctx, facts))
		if req.Restores && len(out.Refusals) == 0 {
			w.power.RenewPower(0)
			out.Privilege = w.power.Privileges(ctx, []audit.Ref{out.Group.Ref})[out.Group.Ref]
		}
		return out, nil
	}
	out.Refusals = guard.RemoveMember(w.removeFacts(ctx, facts))
	if _, err := w.dir.Caller(ctx); errors.Is(err, api.ErrCallerUnknown) {
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
