// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// modifyPlan refuses or warns where the account already shows what the apply would
// run into.
func (r *groupMemberResource) modifyPlan(ctx context.Context, p *planning[*groupMemberModel]) {
	step := membershipStep{prefix: membershipPrefix, thing: thingGroupMember, exists: p.exists, plan: &p.plan.memberModel, state: &p.state.memberModel}
	if !step.changes(r.session, p.diags()) {
		return
	}
	step.refuse(ctx, r.session, p.plan.request(), r.session.account.CheckAddMember, p.diags())
	if p.exists {
		r.planDestroy(ctx, p.state, p.private, p.diags())
	}
}

func (r *groupMemberResource) planDestroy(ctx context.Context, state *groupMemberModel, _ privateReader, diags *diag.Diagnostics) {
	switch {
	case r.session.isGone(ctx, state.member()):
	case state.removesOnDestroy():
		r.guardDestroy(ctx, state, diags)
	default:
		r.warnStays(state, diags)
	}
}

// warnStays says that a destroy keeps a membership: the plan and the output of a
// destroy look the same for those that are kept and those that end.
func (r *groupMemberResource) warnStays(state *groupMemberModel, diags *diag.Diagnostics) {
	why := fmt.Sprintf("on_destroy is %q", state.OnDestroy.ValueString())
	if state.OnDestroy.IsNull() {
		why = "it was found there, and not added (added = false, on_destroy is not set)"
	}
	r.session.warnOfDestroy(staysInAccount, fmt.Sprintf("%s stays a member of group/%s when this instance is destroyed: %s. To end it, set on_destroy = %q and apply first.",
		state.member(), state.GroupID.ValueString(), why, onDestroyRemove), diags)
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
	for i := range found.Refusals {
		found.Refusals[i].Remedy += fmt.Sprintf(" To leave the membership as it is, set on_destroy = %q and apply; then destroy.", onDestroyKeep)
	}
	addRefusals(diags, "Destroy", thingGroupMember, found.Refusals)
	if len(found.Refusals) == 0 {
		r.session.warnOfDestroy(accessRemoved, fmt.Sprintf("%s will not be a member of group/%s any more, and loses what the group gives. To keep it, set on_destroy = %q and apply first.",
			state.member(), state.GroupID.ValueString(), onDestroyKeep), diags)
	}
}
