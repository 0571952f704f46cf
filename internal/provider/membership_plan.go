// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account"
)

// membershipStep is what one call of ModifyPlan is about.
type membershipStep struct {
	prefix, thing string
	plan, state   *memberModel
	// exists tells that the instance in state will be destroyed; known that a new
	// one will be created, and which.
	exists, known bool
}

// read takes plan and state, fills the id, and tells whether anything will be
// written. into and from hold s.plan and s.state.
func (s *membershipStep) read(
	ctx context.Context, session *session, into, from any, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse,
) bool {
	planned := !req.Plan.Raw.IsNull()
	s.exists = !req.State.Raw.IsNull()
	if planned {
		resp.Diagnostics.Append(req.Plan.Get(ctx, into)...)
	}
	if s.exists {
		resp.Diagnostics.Append(req.State.Get(ctx, from)...)
	}
	if s.exists && session != nil {
		resp.Diagnostics.Append(session.checkAccount(ctx, req.Private, s.thing)...)
	}
	if resp.Diagnostics.HasError() {
		return false
	}
	session.bindToAccount(ctx, req, resp)
	s.known = planned && s.plan.isKnown()
	if s.known && session != nil {
		session.wantMembership(s.thing, s.plan.GroupID.ValueString(), s.plan.MemberID.ValueString(), s.prefix == membershipPrefix, s.exists, &resp.Diagnostics)
		sayHowToDestroy(&resp.Diagnostics)
	}
	if s.known {
		id := membershipID(s.prefix, s.plan.GroupID.ValueString(), s.plan.MemberID.ValueString())
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("id"), id)...)
	}
	stays := s.exists && s.known && s.plan.isSame(s.state)
	return session != nil && !stays
}

// refuse reports what speaks against the new membership, or against its end. A
// replacement is planned as a create: what the framework kept from state is the
// old member's.
func (s *membershipStep) refuse(
	ctx context.Context, session *session, ask account.MemberRequest,
	check func(context.Context, account.MemberRequest) (account.MemberCheck, error), diags *diag.Diagnostics,
) {
	ask.MemberType = ""
	found := session.checkMembership(ctx, s.thing, s.plan, ask, check, diags)
	addRefusals(diags, "Plan", s.thing, found.Refusals)
	sayHowToDestroy(diags)
}
