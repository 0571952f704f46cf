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

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// thingGroupMember is what summaries of diagnostics call this resource.
const thingGroupMember = "Group Member"

// groupMemberResource is one remote fact: one direct member of one group.
type groupMemberResource struct{ kindBase[*groupMemberModel] }

func newGroupMemberResource() resource.Resource {
	return newImportable[groupMemberModel](&groupMemberResource{})
}

func (r *groupMemberResource) names() resourceNames {
	return resourceNames{typeName: "group_member", thing: thingGroupMember, labels: membershipLabels, mustUndo: true}
}

func (r *groupMemberResource) fact(plan *groupMemberModel) string {
	return plan.fact(membershipPrefix)
}

func (r *groupMemberResource) identity(m *groupMemberModel) any {
	return r.session.membershipIdentity(&m.memberModel)
}

func (r *groupMemberResource) create(ctx context.Context, plan *groupMemberModel, _ privateWriter, diags *diag.Diagnostics) {
	ask := plan.request()
	ask.Adopts, ask.GroupName = true, plan.GroupName.ValueString()
	result, err := r.session.account.AddMember(ctx, ask)
	warnUnchecked(diags, thingGroupMember, plan.ID.ValueString(), result.Unchecked)
	warnDoubted(diags, audit.TypeGroup, result.Doubted)
	if err != nil {
		addMemberError(diags, "Create", thingGroupMember, &plan.memberModel, err)
		return
	}
	plan.fill(result.Group, result.Member)
	plan.Added = types.BoolValue(result.Wrote)
	if !result.Wrote {
		r.session.warnNotOurs(diags, plan.ID.ValueString(), "added")
	}
}

func (r *groupMemberResource) read(ctx context.Context, state *groupMemberModel, _ privateStore, diags *diag.Diagnostics) readOutcome {
	found, err := r.session.account.KnownMembership(ctx, state.GroupID.ValueString(), state.member(), true)
	switch {
	case errors.Is(err, api.ErrNotFound):
		warnStays(diags, thingGroupMember, state.ID.ValueString(), err.Error())
		return unchanged
	case err != nil:
		addReadError(diags, thingGroupMember, "reading "+state.ID.ValueString(), err)
		return unchanged
	case !found.Present:
		now := fmt.Sprintf("%s is not in group/%s any more", state.member(), state.GroupID.ValueString())
		return leaveState(ctx, thingGroupMember, &state.memberModel, now, state.request(), r.session.account.CheckAddMember, diags)
	}
	state.fill(found.Group, found.Member)
	return refreshed
}

// update changes settings only; no request is sent.
func (r *groupMemberResource) update(_ context.Context, u updating[*groupMemberModel], _ *diag.Diagnostics) bool {
	u.plan.keep(&u.state.memberModel)
	u.plan.Added = u.state.Added
	return true
}

// undoes reports whether this instance added the member, unless on_destroy says
// otherwise.
func (r *groupMemberResource) undoes(_ context.Context, state *groupMemberModel, _ privateReader, _ *diag.Diagnostics) bool {
	return state.removesOnDestroy()
}

// undo removes the member. A removal that fails is an error: access that was to be
// taken away must not be forgotten.
func (r *groupMemberResource) undo(ctx context.Context, state *groupMemberModel, _ privateReader, diags *diag.Diagnostics) {
	_, err := r.session.account.RemoveMember(ctx, state.request())
	var refused *write.RefusedError
	switch {
	case err == nil, errors.Is(err, api.ErrNotFound): // What is deleted has no members, and is none.
	case errors.As(err, &refused) && isOnlyIDPs(refused.Refusals):
		warnMembershipKept(diags, &state.memberModel)
	default:
		addMemberError(diags, "Delete", thingGroupMember, &state.memberModel, err)
	}
}

// kept says that a destroy leaves what another instance is for.
func (r *groupMemberResource) kept(state *groupMemberModel, why string, diags *diag.Diagnostics) {
	diags.AddWarning("Membership Kept", fmt.Sprintf("%s stays a member of group/%s: %s. That one found the member and did not add it (added = false), so "+
		"a destroy of it keeps the membership unless its on_destroy is %q. A moved block renames an instance without all that.",
		state.member(), state.GroupID.ValueString(), why, onDestroyRemove))
}

// warnMembershipKept says that a destroy leaves what is not its own.
func warnMembershipKept(diags *diag.Diagnostics, m *memberModel) {
	diags.AddWarning("Membership Kept", fmt.Sprintf("%s stays a member of group/%s: the membership comes from the identity provider now. "+
		"To remove it, take it out of the group there.", m.member(), m.GroupID.ValueString()))
}

// imported takes "group/1/member/2" or the identity. An imported instance did
// not add the member, so a destroy keeps it unless on_destroy says otherwise.
func (r *groupMemberResource) imported(ctx context.Context, req resource.ImportStateRequest, m *groupMemberModel, _ privateWriter, diags *diag.Diagnostics) {
	r.session.importMembership(ctx, req, &m.memberModel, membershipImport{
		thing: thingGroupMember, prefix: membershipPrefix, present: true, refusal: "is not a member of",
	}, diags)
	m.Added = types.BoolValue(false)
}
