// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
)

// leaveState is the outcome of a read whose membership someone else has changed, as now
// says: it is planned anew. What the guards would refuse stays in the state.
func leaveState(
	ctx context.Context, thing string, m *memberModel, now string, ask write.MemberRequest,
	check func(context.Context, write.MemberRequest) (write.MemberCheck, error), diags *diag.Diagnostics,
) readOutcome {
	found, err := check(ctx, ask)
	switch {
	case errors.Is(err, api.ErrNotFound):
		warnStays(diags, thing, m.ID.ValueString(), err.Error())
		return unchanged
	case err != nil, len(found.Refusals) == 0:
		warnUndone(diags, thing, now)
		return vanished // The plan looks again.
	}
	why := "the membership has changed, and making it so again would be refused"
	for _, refusal := range found.Refusals {
		why += "\n  - " + refusal.Error()
	}
	warnStays(diags, thing, m.ID.ValueString(), why)
	return unchanged
}

// membershipImport is what differs between importing a membership and a removal.
type membershipImport struct {
	thing, prefix string
	// present is what must be true in the account, and refusal the verb of the
	// sentence that says that it is not.
	present bool
	refusal string
}

// importMembership looks the membership up, and fills the model.
func (s *session) importMembership(ctx context.Context, req resource.ImportStateRequest, m *memberModel, kind membershipImport, diags *diag.Diagnostics) {
	importedMembership(ctx, req, kind.prefix, s.account.AccountID(), m, diags)
	if diags.HasError() {
		return
	}
	group, member := m.GroupID.ValueString(), m.MemberID.ValueString()
	p, err := s.account.KnownID(ctx, member)
	var found directory.Membership
	if err == nil {
		found, err = s.account.KnownMembership(ctx, group, p.Ref, kind.present)
	}
	switch {
	case errors.Is(err, api.ErrNotFound):
		diags.AddError(kind.thing+" Not Found", fmt.Sprintf("Cannot import %s: %s.", m.ID.ValueString(), err))
		return
	case err != nil:
		diags.AddError("Unable to Import "+kind.thing, fmt.Sprintf("Failed while reading %s: %s%s", m.ID.ValueString(), err, nextStep(err)))
		return
	case found.Present != kind.present:
		diags.AddError(kind.thing+" Not Found", fmt.Sprintf("Cannot import %s: %s %s group/%s. Create the instance instead, to have that changed.",
			m.ID.ValueString(), p.Ref, kind.refusal, group))
		return
	}
	m.fill(found.Group, found.Member)
}
