// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
)

// membershipStep is one plan of a membership, or of its absence.
type membershipStep struct {
	prefix, thing string
	plan, state   *memberModel
	// exists is true when there is an instance in state.
	exists bool
}

// changes reports whether anything will be written. It reports instances that
// contradict each other.
func (s *membershipStep) changes(session *session, diags *diag.Diagnostics) bool {
	if !s.plan.isKnown() {
		return true
	}
	session.wantMembership(s.thing, s.plan.GroupID.ValueString(), s.plan.MemberID.ValueString(), s.prefix == membershipPrefix, s.exists, diags)
	return !s.exists || !s.plan.isSame(s.state)
}

// refuse reports what speaks against the new membership, or against its end. A
// replacement is planned as a create: what the framework kept from state is the
// old member's.
func (s *membershipStep) refuse(
	ctx context.Context, session *session, ask write.MemberRequest,
	check func(context.Context, write.MemberRequest) (write.MemberCheck, error), diags *diag.Diagnostics,
) {
	if !s.plan.isKnown() || session.applying.Load() {
		return
	}
	ask.MemberType = ""
	found := session.checkMembership(ctx, s.thing, s.plan, ask, check, diags)
	if !s.exists && found.Present != (s.prefix == membershipPrefix) {
		warnRenamed("group_name", s.plan.GroupName, found.Group, diags)
	}
	addRefusals(diags, "Plan", s.thing, found.Refusals)
}
