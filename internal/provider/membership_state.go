// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account"
)

// readMembership is the part of a read that a membership and its absence share.
// The caller looks at the diagnostics first.
func (s *session) readMembership(
	ctx context.Context, thing string, believed bool, m *memberModel, req resource.ReadRequest, resp *resource.ReadResponse,
) (account.Membership, error) {
	limit, diags := m.Timeouts.Read(ctx, defaultWriteTimeout)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(s.checkAccount(ctx, req.Private, thing)...)
	resp.Diagnostics.Append(s.rememberAccount(ctx, resp.Private)...)
	// The identity comes from state and before anything else: see externalIDResource.Read.
	resp.Diagnostics.Append(setMembershipIdentity(ctx, resp.Identity, s.account.AccountID(), m)...)
	if resp.Diagnostics.HasError() {
		return account.Membership{}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return s.account.KnownMembership(ctx, m.GroupID.ValueString(), m.member(), believed)
}

// leaveState takes an instance out of the state whose membership someone else has
// changed, so that it is planned anew. What the guards would refuse stays in the state.
func (s *session) leaveState(
	ctx context.Context, thing string, m *memberModel, ask account.MemberRequest,
	check func(context.Context, account.MemberRequest) (account.MemberCheck, error), resp *resource.ReadResponse,
) {
	ctx, cancel := context.WithTimeout(ctx, defaultWriteTimeout)
	defer cancel()
	found, err := check(ctx, ask)
	switch {
	case errors.Is(err, account.ErrNotFound):
		warnStays(&resp.Diagnostics, thing, m.ID.ValueString(), err.Error())
		return
	case err != nil, len(found.Refusals) == 0:
		resp.State.RemoveResource(ctx) // The plan looks again.
		return
	}
	why := "the membership has changed, and making it so again would be refused"
	for _, refusal := range found.Refusals {
		why += "\n  - " + refusal.Error()
	}
	warnStays(&resp.Diagnostics, thing, m.ID.ValueString(), why)
}

// membershipImport is what differs between importing a membership and a removal.
type membershipImport struct {
	thing, prefix string
	// present is what must be true in the account, and refusal the verb of the
	// sentence that says that it is not.
	present bool
	refusal string
	// did is the attribute that says what the instance itself has done.
	did       string
	onDestroy string // "": null
}

func (s *session) importMembership(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse, kind membershipImport) {
	m := importedMembership(ctx, req, kind.prefix, s.account.AccountID(), &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	group, member := m.GroupID.ValueString(), m.MemberID.ValueString()
	p, err := s.account.KnownID(ctx, member)
	var found account.Membership
	if err == nil {
		found, err = s.account.KnownMembership(ctx, group, p.Ref, kind.present)
	}
	switch {
	case errors.Is(err, account.ErrNotFound):
		resp.Diagnostics.AddError(kind.thing+" Not Found", fmt.Sprintf("Cannot import %s: %s.", m.ID.ValueString(), err))
		return
	case err != nil:
		resp.Diagnostics.AddError("Unable to Import "+kind.thing, fmt.Sprintf("Failed while reading %s: %s%s", m.ID.ValueString(), err, nextStep(err)))
		return
	case found.Present != kind.present:
		resp.Diagnostics.AddError(kind.thing+" Not Found", fmt.Sprintf("Cannot import %s: %s %s group/%s. Create the instance instead, to have that changed.",
			m.ID.ValueString(), p.Ref, kind.refusal, group))
		return
	}
	m.fill(found.Group, found.Member)
	for name, value := range map[string]types.String{
		"id": m.ID, attributeAccountID: s.accountID(), "group_id": m.GroupID, "member_id": m.MemberID, "group_name": m.GroupName, "member_type": m.MemberType, "member_name": m.MemberName,
	} {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(name), value)...)
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(kind.did), false)...)
	if kind.onDestroy != "" {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("on_destroy"), kind.onDestroy)...)
	}
	resp.Diagnostics.Append(setMembershipIdentity(ctx, resp.Identity, s.account.AccountID(), &m)...)
	resp.Diagnostics.Append(s.rememberAccount(ctx, resp.Private)...)
}
