// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// ModifyPlan fills the id from configuration, and refuses or warns where the
// account already tells what the apply would run into. It fills no value from
// the account: Terraform plans again during apply and compares.
func (r *groupMemberResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var plan, state groupMemberModel
	planned, exists := !req.Plan.Raw.IsNull(), !req.State.Raw.IsNull()
	if planned {
		resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	}
	if exists {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if exists && r.session != nil {
		resp.Diagnostics.Append(r.session.checkAccount(ctx, req.Private, thingGroupMember)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	known := planned && plan.isKnown()
	if known {
		id := membershipID(membershipPrefix, plan.GroupID.ValueString(), plan.MemberID.ValueString())
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("id"), id)...)
	}
	stays := exists && known && plan.isSame(&state.memberModel)
	if r.session == nil || stays {
		return // Nothing will be written.
	}
	if exists && state.removesOnDestroy() {
		r.guardDestroy(ctx, &state, &resp.Diagnostics)
	}
	if !known {
		return
	}
	// A replacement is planned as a create of the new membership; what the
	// framework kept from state is the old member's.
	ask := plan.request()
	ask.MemberType = ""
	found := r.session.checkMembership(ctx, thingGroupMember, &plan.memberModel, ask, r.session.account.CheckAddMember, &resp.Diagnostics)
	addRefusals(&resp.Diagnostics, "Plan", thingGroupMember, found.Refusals)
}

// guardDestroy refuses in the plan what a destroy would refuse: Terraform does
// not ask again before it.
func (r *groupMemberResource) guardDestroy(ctx context.Context, state *groupMemberModel, diags *diag.Diagnostics) {
	var missing diag.Diagnostics // What is gone needs no removal.
	found := r.session.checkMembership(ctx, thingGroupMember, &state.memberModel, state.request(), r.session.account.CheckRemoveMember, &missing)
	diags.Append(missing.Warnings()...)
	if isOnlyIDPs(found.Refusals) {
		warnMembershipKept(diags, &state.memberModel)
		return
	}
	addRefusals(diags, "Destroy", thingGroupMember, found.Refusals)
}
