// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account"
)

var (
	_ resource.ResourceWithConfigure   = (*groupMemberRemovalResource)(nil)
	_ resource.ResourceWithIdentity    = (*groupMemberRemovalResource)(nil)
	_ resource.ResourceWithImportState = (*groupMemberRemovalResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*groupMemberRemovalResource)(nil)
)

// thingRemoval is what summaries of diagnostics call this resource.
const thingRemoval = "Group Member Removal"

// groupMemberRemovalResource is one remote fact: that somebody is no direct
// member of a group.
type groupMemberRemovalResource struct{ sessionResource }

func newGroupMemberRemovalResource() resource.Resource { return &groupMemberRemovalResource{} }

func (r *groupMemberRemovalResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_group_member_removal"
}

func (r *groupMemberRemovalResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan groupMemberRemovalModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	limit, diags := plan.Timeouts.Create(ctx, defaultWriteTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	fact := membershipID(removalPrefix, plan.GroupID.ValueString(), plan.MemberID.ValueString())
	if err := r.session.handover.take(ctx, fact); err != nil {
		addMemberError(&resp.Diagnostics, "Create", thingRemoval, &plan.memberModel, err)
		return
	}
	ask := plan.request()
	ask.Adopts, ask.GroupName = true, plan.GroupName.ValueString()
	result, err := r.session.account.RemoveMember(ctx, ask)
	r.session.warnJournal(&resp.Diagnostics)
	warnUnchecked(&resp.Diagnostics, thingRemoval, fact, result.Unchecked)
	if err != nil {
		// As in groupMemberResource.Create: state holds what was confirmed.
		addMemberError(&resp.Diagnostics, "Create", thingRemoval, &plan.memberModel, err)
		return
	}
	plan.fill(result.Group, result.Member)
	plan.AccountID = r.session.accountID()
	plan.Removed = types.BoolValue(result.Wrote)
	if !result.Wrote {
		r.session.warnNotOurs(&resp.Diagnostics, fact, "removed")
	}
	plan.ID = types.StringValue(fact)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(setMembershipIdentity(ctx, resp.Identity, r.session.account.AccountID(), &plan.memberModel)...)
	resp.Diagnostics.Append(r.session.rememberAccount(ctx, resp.Private)...)
	resp.Diagnostics.Append(r.session.handover.remember(ctx, resp.Private)...)
}

// Read keeps the instance while the member is away, also when the group or the
// member is deleted: then it is away for good.
func (r *groupMemberRemovalResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state groupMemberRemovalModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	found, err := r.session.readMembership(ctx, thingRemoval, false, &state.memberModel, req, resp)
	switch {
	case resp.Diagnostics.HasError(), errors.Is(err, account.ErrNotFound):
	case err != nil:
		addReadError(&resp.Diagnostics, thingRemoval, "reading "+state.ID.ValueString(), err)
	case found.Present:
		r.session.leaveState(ctx, thingRemoval, &state.memberModel, state.request(), r.session.account.CheckRemoveMember, resp)
	default:
		state.fill(found.Group, found.Member)
		state.AccountID = r.session.accountID()
		resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
	}
}

// Update changes settings only; no request is sent.
func (r *groupMemberRemovalResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state groupMemberRemovalModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	plan.keep(&state.memberModel)
	plan.AccountID = r.session.accountID()
	plan.Removed = state.Removed
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(setMembershipIdentity(ctx, resp.Identity, r.session.account.AccountID(), &plan.memberModel)...)
}

// Delete puts the member back only if on_destroy is "restore" and this instance
// removed it. It never blocks a destroy: what could not be put back is said in a
// warning.
func (r *groupMemberRemovalResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state groupMemberRemovalModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || state.OnDestroy.ValueString() != onDestroyRestore || !state.Removed.ValueBool() {
		return // The plan has warned where there is nothing to put back.
	}
	limit, diags := state.Timeouts.Delete(ctx, defaultWriteTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	const kept = "Membership Not Restored"
	if r.session.checkAccount(ctx, req.Private, thingRemoval).HasError() {
		state.warnNotRestored(&resp.Diagnostics, kept, "it was removed in another account than the provider is configured for")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	done, free := r.session.handover.give(ctx, state.ID.ValueString(), req.Private)
	if !free {
		state.warnNotRestored(&resp.Diagnostics, kept, heldElsewhere)
		return
	}
	defer done()
	_, err := r.session.account.AddMember(ctx, state.restoration())
	r.session.warnJournal(&resp.Diagnostics)
	switch {
	case err == nil:
	case errors.Is(err, account.ErrReadOnly):
		addMemberError(&resp.Diagnostics, "Delete", thingRemoval, &state.memberModel, err)
	default:
		state.warnNotRestored(&resp.Diagnostics, kept, strings.TrimSuffix(err.Error(), "."))
	}
}

// ImportState takes "removal/1/member/2" or the identity. An imported instance
// did not remove the member, so there is nothing to put back.
func (r *groupMemberRemovalResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	r.session.importMembership(ctx, req, resp, membershipImport{
		thing: thingRemoval, prefix: removalPrefix, did: "removed", refusal: "is a member of", onDestroy: onDestroyKeep,
	})
}

// ModifyPlan is that of groupMemberResource, the other way round.
func (r *groupMemberRemovalResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var plan, state groupMemberRemovalModel
	step := membershipStep{prefix: removalPrefix, thing: thingRemoval, plan: &plan.memberModel, state: &state.memberModel}
	if !step.read(ctx, r.session, &plan, &state, req, resp) {
		return
	}
	switch {
	case !step.exists:
	case state.OnDestroy.ValueString() == onDestroyRestore:
		r.warnUnrestorable(ctx, &state, &resp.Diagnostics)
	case !r.session.isGone(ctx, state.member()):
		r.session.warnOfDestroy(staysInAccount, fmt.Sprintf("%s stays out of group/%s when this instance is destroyed (on_destroy = %q).",
			state.member(), state.GroupID.ValueString(), onDestroyKeep), &resp.Diagnostics)
	}
	if step.known {
		step.refuse(ctx, r.session, plan.request(), r.session.account.CheckRemoveMember, &resp.Diagnostics)
	}
}

// warnUnrestorable says at plan time what a destroy will not undo.
func (r *groupMemberRemovalResource) warnUnrestorable(ctx context.Context, state *groupMemberRemovalModel, diags *diag.Diagnostics) {
	const summary = "Membership Will Not Be Restored"
	if !state.Removed.ValueBool() {
		state.warnNotRestored(diags, summary, "this instance did not remove it")
		return
	}
	check, cancel := context.WithTimeout(ctx, defaultWriteTimeout)
	defer cancel()
	found, err := r.session.account.CheckAddMember(check, state.restoration())
	switch {
	case errors.Is(err, account.ErrNotFound):
		state.warnNotRestored(diags, summary, "the group or the member is deleted")
	case err != nil: // The write looks again.
	case len(found.Refusals) > 0:
		state.warnNotRestored(diags, summary, strings.TrimSuffix(found.Refusals[0].Error(), "."))
	case len(found.Power.Powers) > 0:
		diags.AddWarning("Membership Gives Power", fmt.Sprintf("A destroy makes %s a member of group/%s again, as it was before this instance "+
			"removed it. The group has power, perhaps since then: %s. If the member shall not have that, set on_destroy = %q and apply first.",
			state.member(), state.GroupID.ValueString(), strings.Join(found.Power.Powers, "; "), onDestroyKeep))
	}
}
