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
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// thingGroupName is what summaries of diagnostics call this resource.
const thingGroupName = "Group Name"

// groupNameAttributes are the attributes that errors of a write are about.
var groupNameAttributes = fieldAttributes{id: "group_id", reviewed: "expected_current_name"}

// groupNameResource is one remote fact: the name of one account group.
type groupNameResource struct{ kindBase[*groupNameModel] }

func newGroupNameResource() resource.Resource {
	return newImportable[groupNameModel](&groupNameResource{})
}

func (r *groupNameResource) names() resourceNames {
	return resourceNames{typeName: "group_name", thing: thingGroupName}
}

func (r *groupNameResource) fact(plan *groupNameModel) string {
	if plan.GroupID.IsUnknown() {
		return ""
	}
	return plan.ref().String()
}

func (r *groupNameResource) identity(m *groupNameModel) any {
	return groupNameIdentity{AccountID: r.session.accountID(), GroupID: m.GroupID}
}

func (r *groupNameResource) create(ctx context.Context, plan *groupNameModel, private privateWriter, diags *diag.Diagnostics) {
	wanted := plan.Name.ValueString()
	ask := write.GroupNameRequest{GroupID: plan.GroupID.ValueString(), Want: wanted, Expected: wanted, AllowPrivileged: plan.AllowPrivileged.ValueBool(), Adopts: true}
	if !plan.ExpectedCurrentName.IsNull() { // Else the wanted name is the only one that is accepted.
		ask.Expected = plan.ExpectedCurrentName.ValueString()
	}
	result, err := r.session.account.SetGroupName(ctx, ask)
	warnDoubted(diags, audit.TypeGroup, result.Doubted)
	if err != nil {
		addFieldError(diags, "Create", thingGroupName, groupNameAttributes, principalOf(plan.ref(), result.Principal), err)
		return
	}
	plan.PreviousName = types.StringNull()
	if result.Wrote { // What was found is not this instance's to undo.
		plan.PreviousName = types.StringValue(result.Previous)
	}
	diags.Append(remember(ctx, private, keyApplied, wanted)...)
}

func (r *groupNameResource) read(ctx context.Context, state *groupNameModel, private privateStore, diags *diag.Diagnostics) readOutcome {
	before := state.Name.ValueString()
	p, err := r.session.account.KnownAs(ctx, state.ref(), func(p audit.Principal) bool { return directory.SameShown(p.Name, before) })
	switch {
	case errors.Is(err, api.ErrNotFound):
		// It stays in state: Terraform would plan it anew, which nothing can fulfil.
		warnStays(diags, thingGroupName, state.ID.ValueString(), fmt.Sprintf("%s does not exist in the account any more", principalTitle(state.principal())))
		return unchanged
	case err != nil:
		addReadError(diags, thingGroupName, "reading "+state.ref().String(), err)
		return unchanged
	case directory.SameShown(p.Name, before):
		return unchanged
	}
	diags.Append(remember(ctx, private, keyShown, before)...)
	state.Name = types.StringValue(p.Name)
	return refreshed
}

// update writes when the wanted name changed; other changes need no request.
func (r *groupNameResource) update(ctx context.Context, u updating[*groupNameModel], diags *diag.Diagnostics) bool {
	plan, state := u.plan, u.state
	plan.PreviousName = state.PreviousName
	if plan.Name.Equal(state.Name) {
		var config groupNameModel
		if diags.Append(u.config.Get(ctx, &config)...); config.Name.Equal(plan.Name) { // Else someone else's name stays.
			diags.Append(remember(ctx, u.private, keyApplied, plan.Name.ValueString())...)
		}
		return true
	}
	result, err := r.session.account.SetGroupName(ctx, write.GroupNameRequest{
		GroupID: plan.GroupID.ValueString(), Want: plan.Name.ValueString(), Expected: state.Name.ValueString(), AllowPrivileged: plan.AllowPrivileged.ValueBool(),
	})
	warnDoubted(diags, audit.TypeGroup, result.Doubted)
	if err != nil {
		addFieldError(diags, "Update", thingGroupName, groupNameAttributes, principalOf(plan.ref(), result.Principal), err)
		return false
	}
	if result.Wrote && plan.PreviousName.IsNull() {
		plan.PreviousName = types.StringValue(result.Previous)
	}
	diags.Append(remember(ctx, u.private, keyApplied, plan.Name.ValueString())...)
	return true
}

// restoration asks for the name before this instance's first write.
func (r *groupNameResource) restoration(state *groupNameModel) write.GroupNameRequest {
	return write.GroupNameRequest{GroupID: state.GroupID.ValueString(), Want: state.PreviousName.ValueString(), Restores: true}
}

func (r *groupNameResource) undoes(_ context.Context, state *groupNameModel, _ privateReader, _ *diag.Diagnostics) bool {
	return state.OnDestroy.ValueString() == onDestroyRestore && !state.PreviousName.IsNull()
}

// undo never blocks a destroy: what could not be restored is said in a warning.
func (r *groupNameResource) undo(ctx context.Context, state *groupNameModel, private privateReader, diags *diag.Diagnostics) {
	ask := r.restoration(state)
	var known bool
	if ask.Expected, known, _ = remembered(ctx, private, keyApplied); !known {
		r.kept(state, "what this instance wrote is not known: Terraform gives no record of an instance that is tainted", diags)
		return
	}
	_, err := r.session.account.SetGroupName(ctx, ask)
	var conflict *write.ConflictError
	switch {
	case err == nil, errors.Is(err, api.ErrNotFound):
	case errors.Is(err, write.ErrReadOnly):
		addFieldError(diags, "Delete", thingGroupName, groupNameAttributes, state.principal(), err)
	case errors.As(err, &conflict):
		r.kept(state, fmt.Sprintf("it is called %q now, which this instance did not write", conflict.Name), diags)
	default:
		r.kept(state, withoutStop(err), diags)
	}
}

func (r *groupNameResource) kept(state *groupNameModel, why string, diags *diag.Diagnostics) {
	r.stays(state, thingGroupName+" Kept", why, diags)
}

func (r *groupNameResource) stays(state *groupNameModel, summary, why string, diags *diag.Diagnostics) {
	diags.AddWarning(summary, fmt.Sprintf("on_destroy is %q, but %s does not get its name %s back: %s.",
		onDestroyRestore, principalTitle(state.principal()), quotedOrUnknown(state.PreviousName), why))
}

// imported takes "group/123" or the identity. An imported instance keeps the name when it
// is destroyed: it did not write it.
func (r *groupNameResource) imported(ctx context.Context, req resource.ImportStateRequest, m *groupNameModel, private privateWriter, diags *diag.Diagnostics) {
	if req.ID == "" && req.Identity != nil && !req.Identity.Raw.IsNull() {
		var identity groupNameIdentity
		diags.Append(req.Identity.Get(ctx, &identity)...)
		checkImportAccount(identity.AccountID, r.session.account.AccountID(), diags)
		req.ID = audit.Ref{Type: audit.TypeGroup, ID: identity.GroupID.ValueString()}.String()
	}
	p, ok := r.session.importPrincipal(ctx, req, thingGroupName, []audit.PrincipalType{audit.TypeGroup}, diags)
	if !ok || diags.HasError() {
		return
	}
	m.ID, m.GroupID, m.Name, m.OnDestroy = types.StringValue(p.String()), types.StringValue(p.ID), types.StringValue(p.Name), types.StringValue(onDestroyKeep)
	diags.Append(remember(ctx, private, keyApplied, p.Name)...)
}
