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

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// thingRemoval is what summaries of diagnostics call this resource.
const thingRemoval = "Group Member Removal"

// groupMemberRemovalResource is one remote fact: that a principal is no direct
// member of a group.
type groupMemberRemovalResource struct {
	kindBase[*groupMemberRemovalModel]
}

func newGroupMemberRemovalResource() resource.Resource {
	return newImportable[groupMemberRemovalModel](&groupMemberRemovalResource{})
}

func (r *groupMemberRemovalResource) names() resourceNames {
	return resourceNames{typeName: "group_member_removal", thing: thingRemoval, labels: membershipLabels}
}

func (r *groupMemberRemovalResource) fact(plan *groupMemberRemovalModel) string {
	return plan.fact(removalPrefix)
}

func (r *groupMemberRemovalResource) identity(m *groupMemberRemovalModel) any {
	return r.session.membershipIdentity(&m.memberModel)
}

func (r *groupMemberRemovalResource) create(ctx context.Context, plan *groupMemberRemovalModel, _ privateWriter, diags *diag.Diagnostics) {
	ask := plan.request()
	ask.Adopts, ask.GroupName = true, plan.GroupName.ValueString()
	result, err := r.session.account.RemoveMember(ctx, ask)
	warnUnchecked(diags, thingRemoval, plan.ID.ValueString(), result.Unchecked)
	warnDoubted(diags, audit.TypeGroup, result.Doubted)
	if err != nil {
		addMemberError(diags, "Create", thingRemoval, &plan.memberModel, err)
		return
	}
	plan.fill(result.Group, result.Member)
	plan.Removed = types.BoolValue(result.Wrote)
	if !result.Wrote {
		r.session.warnNotOurs(diags, plan.ID.ValueString(), "removed")
	}
}

// read keeps the instance while the member is away, also when the group or the
// member is deleted: then it is away for good.
func (r *groupMemberRemovalResource) read(ctx context.Context, state *groupMemberRemovalModel, _ privateStore, diags *diag.Diagnostics) readOutcome {
	found, err := r.session.account.KnownMembership(ctx, state.GroupID.ValueString(), state.member(), false)
	switch {
	case errors.Is(err, api.ErrNotFound):
		return unchanged
	case err != nil:
		addReadError(diags, thingRemoval, "reading "+state.ID.ValueString(), err)
		return unchanged
	case found.Present:
		now := fmt.Sprintf("%s is in group/%s again", state.member(), state.GroupID.ValueString())
		return leaveState(ctx, thingRemoval, &state.memberModel, now, state.request(), r.session.account.CheckRemoveMember, diags)
	}
	state.fill(found.Group, found.Member)
	return refreshed
}

// update changes settings only; no request is sent.
func (r *groupMemberRemovalResource) update(_ context.Context, u updating[*groupMemberRemovalModel], _ *diag.Diagnostics) bool {
	u.plan.keep(&u.state.memberModel)
	u.plan.Removed = u.state.Removed
	return true
}

// undoes reports whether on_destroy is "restore" and this instance removed the member;
// the plan has warned where there is nothing to put back.
func (r *groupMemberRemovalResource) undoes(_ context.Context, state *groupMemberRemovalModel, _ privateReader, _ *diag.Diagnostics) bool {
	return state.OnDestroy.ValueString() == onDestroyRestore && state.Removed.ValueBool()
}

// undo puts the member back. It never blocks a destroy: what could not be put back
// is said in a warning.
func (r *groupMemberRemovalResource) undo(ctx context.Context, state *groupMemberRemovalModel, _ privateReader, diags *diag.Diagnostics) {
	_, err := r.session.account.AddMember(ctx, state.restoration())
	switch {
	case err == nil:
	case errors.Is(err, write.ErrReadOnly):
		addMemberError(diags, "Delete", thingRemoval, &state.memberModel, err)
	default:
		r.kept(state, strings.TrimSuffix(err.Error(), "."), diags)
	}
}

func (r *groupMemberRemovalResource) kept(state *groupMemberRemovalModel, why string, diags *diag.Diagnostics) {
	state.warnNotRestored(diags, "Membership Not Restored", why)
}

// imported takes "removal/1/member/2" or the identity. An imported instance
// did not remove the member, so there is nothing to put back.
func (r *groupMemberRemovalResource) imported(
	ctx context.Context, req resource.ImportStateRequest, m *groupMemberRemovalModel, _ privateWriter, diags *diag.Diagnostics,
) {
	r.session.importMembership(ctx, req, &m.memberModel, membershipImport{thing: thingRemoval, prefix: removalPrefix, refusal: "is a member of"}, diags)
	m.Removed, m.OnDestroy = types.BoolValue(false), types.StringValue(onDestroyKeep)
}

// modifyPlan is that of groupMemberResource, the other way round.
func (r *groupMemberRemovalResource) modifyPlan(ctx context.Context, p *planning[*groupMemberRemovalModel]) {
	step := membershipStep{prefix: removalPrefix, thing: thingRemoval, exists: p.exists, plan: &p.plan.memberModel, state: &p.state.memberModel}
	if !step.changes(r.session, p.diags()) {
		return
	}
	if p.exists {
		r.planDestroy(ctx, p.state, p.private, p.diags())
	}
	step.refuse(ctx, r.session, p.plan.request(), r.session.account.CheckRemoveMember, p.diags())
}

func (r *groupMemberRemovalResource) planDestroy(ctx context.Context, state *groupMemberRemovalModel, _ privateReader, diags *diag.Diagnostics) {
	switch {
	case state.OnDestroy.ValueString() == onDestroyRestore:
		r.warnUnrestorable(ctx, state, diags)
	case !r.session.isGone(ctx, state.member()):
		r.session.warnOfDestroy(staysInAccount, fmt.Sprintf("%s stays out of group/%s when this instance is destroyed (on_destroy = %q).",
			state.member(), state.GroupID.ValueString(), onDestroyKeep), diags)
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
	case errors.Is(err, api.ErrNotFound):
		state.warnNotRestored(diags, summary, "the group or the member is deleted")
	case err != nil: // The write looks again.
	case len(found.Refusals) > 0:
		state.warnNotRestored(diags, summary, strings.TrimSuffix(found.Refusals[0].Error(), "."))
	case len(found.Privilege.Powers) > 0:
		diags.AddWarning("Membership Gives Privileges", fmt.Sprintf("A destroy makes %s a member of group/%s again, as it was before this instance "+
			"removed it. The group is privileged, perhaps since then: %s. If the member should not have that, set on_destroy = %q and apply first.",
			state.member(), state.GroupID.ValueString(), strings.Join(found.Privilege.Powers, "; "), onDestroyKeep))
	}
}
