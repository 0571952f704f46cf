// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package write

import (
	"context"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/guard"
)

// memberFacts is what the guards of one write start from.
type memberFacts struct {
	req    MemberRequest
	group  *directory.GroupNow
	member guard.PrincipalFact
	// order is that of the write among the writes of memberships of this process; those
	// that began later give way. A check in a plan comes before all others.
	order int64
	// since is the turn that all facts must be newer than: that of the attempt before.
	// asked is that of the look itself; 0 is a plan's, which may go by what is known.
	since, asked int64
}

func (w *Writer) addFacts(ctx context.Context, f memberFacts) guard.AddMemberFacts {
	out := guard.AddMemberFacts{
		Group: guard.PrincipalFact{Principal: f.group.Principal}, Member: f.member, Members: f.group.Members,
		AllowPrivileged: f.req.AllowPrivileged, Restores: f.req.Restores,
	}
	if !f.req.AllowPrivileged && !f.req.Restores {
		w.power.RenewPower(f.since)
		out.Privilege = w.power.PrivilegeNow(ctx, f.group.Ref, func(context.Context) (*directory.SCIMResource, error) { return f.group.Resource, nil })
	}
	if f.member.Type == audit.TypeGroup {
		above, err := w.dir.Above(ctx, f.group.Ref, f.order)
		out.Above = above
		if err != nil {
			out.AboveUnknown = err.Error()
		}
	}
	return out
}

func (w *Writer) removeFacts(ctx context.Context, f memberFacts) guard.RemoveMemberFacts {
	out := guard.RemoveMemberFacts{
		Group: guard.PrincipalFact{Principal: f.group.Principal}, Member: f.member,
		Source: f.group.Source(f.req.MemberID), AIM: w.dir.AIM(), AllowSelfRemoval: f.req.AllowSelfRemoval,
	}
	if len(guard.RemoveMember(out)) > 0 {
		return out // Whose membership it is comes first, and costs nothing.
	}
	w.power.RenewPower(f.since)
	if f.asked > 0 {
		w.dir.OutdateParents(f.group.Ref)
	}
	within, err := w.dir.HoldsCaller(ctx, f.member.Ref, f.asked > 0)
	out.RemovesCaller = within
	if err != nil {
		out.CallerUnknown = err.Error()
	}
	gives, err := w.power.GivesAdmin(ctx, f.group)
	switch {
	case err != nil:
		out.AdminsUnknown = err.Error()
	case gives:
		out.GivesAdmin = true
		if out.AdminsAfter, err = w.power.AdminsLeft(ctx, directory.Edge{Group: f.group.ID, Member: f.req.MemberID}, f.order, f.asked); err != nil {
			out.AdminsUnknown = err.Error()
		}
	}
	return out
}
