// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account"
)

var (
	_ resource.ResourceWithConfigure   = (*groupMemberResource)(nil)
	_ resource.ResourceWithIdentity    = (*groupMemberResource)(nil)
	_ resource.ResourceWithImportState = (*groupMemberResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*groupMemberResource)(nil)
)

// thingGroupMember is what summaries of diagnostics call this resource.
const thingGroupMember = "Group Member"

// groupMemberResource is one remote fact: one direct member of one group.
type groupMemberResource struct{ sessionResource }

func newGroupMemberResource() resource.Resource { return &groupMemberResource{} }

func (r *groupMemberResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_group_member"
}

func (r *groupMemberResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan groupMemberModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	limit, diags := plan.Timeouts.Create(ctx, defaultWriteTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	fact := membershipID(membershipPrefix, plan.GroupID.ValueString(), plan.MemberID.ValueString())
	if err := r.session.handover.take(ctx, fact); err != nil {
		addMemberError(&resp.Diagnostics, "Create", thingGroupMember, &plan.memberModel, err)
		return
	}
	ask := plan.request()
	ask.Adopts, ask.GroupName = true, plan.GroupName.ValueString()
	result, err := r.session.account.AddMember(ctx, ask)
	r.session.warnJournal(&resp.Diagnostics)
	warnUnchecked(&resp.Diagnostics, thingGroupMember, fact, result.Unchecked)
	if err != nil {
		// Nothing is put into state, so nothing is tainted: what was not confirmed
		// is planned again, and the next create re-reads before it writes.
		addMemberError(&resp.Diagnostics, "Create", thingGroupMember, &plan.memberModel, err)
		return
	}
	plan.fill(result.Group, result.Member)
	plan.AccountID = r.session.accountID()
	plan.Added = types.BoolValue(result.Wrote)
	if !result.Wrote {
		r.session.warnNotOurs(&resp.Diagnostics, fact, "added")
	}
	plan.ID = types.StringValue(fact)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(setMembershipIdentity(ctx, resp.Identity, r.session.account.AccountID(), &plan.memberModel)...)
	resp.Diagnostics.Append(r.session.rememberAccount(ctx, resp.Private)...)
	resp.Diagnostics.Append(r.session.handover.remember(ctx, resp.Private)...)
}

func (r *groupMemberResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state groupMemberModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	found, err := r.session.readMembership(ctx, thingGroupMember, true, &state.memberModel, req, resp)
	switch {
	case resp.Diagnostics.HasError():
	case errors.Is(err, account.ErrNotFound):
		warnStays(&resp.Diagnostics, thingGroupMember, state.ID.ValueString(), err.Error())
	case err == nil && !found.Present:
		r.session.leaveState(ctx, thingGroupMember, &state.memberModel, state.request(), r.session.account.CheckAddMember, resp)
	case err != nil:
		addReadError(&resp.Diagnostics, thingGroupMember, "reading "+state.ID.ValueString(), err)
	default:
		state.fill(found.Group, found.Member)
		state.AccountID = r.session.accountID()
		resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
	}
}

// Update changes settings only; no request is sent.
func (r *groupMemberResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state groupMemberModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	plan.keep(&state.memberModel)
	plan.AccountID = r.session.accountID()
	plan.Added = state.Added
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(setMembershipIdentity(ctx, resp.Identity, r.session.account.AccountID(), &plan.memberModel)...)
}

// Delete removes the member only if this instance added it, unless on_destroy
// says otherwise. A removal that fails is an error: access that was to be taken
// away must not be forgotten.
func (r *groupMemberResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state groupMemberModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !state.removesOnDestroy() {
		return
	}
	limit, diags := state.Timeouts.Delete(ctx, defaultWriteTimeout)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(r.session.checkAccount(ctx, req.Private, thingGroupMember)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	done, free := r.session.handover.give(ctx, state.ID.ValueString(), req.Private)
	if !free {
		warnMembershipHeld(&resp.Diagnostics, &state.memberModel)
		return
	}
	defer done()
	_, err := r.session.account.RemoveMember(ctx, state.request())
	r.session.warnJournal(&resp.Diagnostics)
	var refused *account.RefusedError
	switch {
	case err == nil, errors.Is(err, account.ErrNotFound): // Of what is deleted nobody is a member.
	case errors.As(err, &refused) && isOnlyIDPs(refused.Refusals):
		warnMembershipKept(&resp.Diagnostics, &state.memberModel)
	default:
		addMemberError(&resp.Diagnostics, "Delete", thingGroupMember, &state.memberModel, err)
	}
}

// warnMembershipKept says that a destroy leaves what is not its own.
func warnMembershipKept(diags *diag.Diagnostics, m *memberModel) {
	diags.AddWarning("Membership Kept", fmt.Sprintf("%s stays a member of group/%s: the membership comes from the identity provider now. "+
		"Take it out of the group there, if it shall go.", m.member(), m.GroupID.ValueString()))
}

// warnMembershipHeld says that a destroy leaves what another instance is for.
func warnMembershipHeld(diags *diag.Diagnostics, m *memberModel) {
	diags.AddWarning("Membership Kept", fmt.Sprintf("%s stays a member of group/%s: %s. That one found the member and did not add it (added = false), so "+
		"a destroy of it keeps the membership unless its on_destroy is %q. A moved block renames an instance without all that.",
		m.member(), m.GroupID.ValueString(), heldElsewhere, onDestroyRemove))
}

// ImportState takes "group/1/member/2" or the identity. An imported instance did
// not add the member, so a destroy keeps it unless on_destroy says otherwise.
func (r *groupMemberResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	r.session.importMembership(ctx, req, resp, membershipImport{
		thing: thingGroupMember, prefix: membershipPrefix, present: true, did: "added", refusal: "is not a member of",
	})
}
