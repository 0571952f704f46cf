// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// ValidateConfig refuses what configuration alone can decide.
func (r *externalIDResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config externalIDModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() || config.PrincipalType.IsUnknown() || config.ExternalID.IsUnknown() || config.ExternalID.IsNull() {
		return
	}
	kind, value := config.ref().Type, config.ExternalID.ValueString()
	switch {
	case value == "" && kind != audit.TypeGroup:
		resp.Diagnostics.AddAttributeError(path.Root("external_id"), "External ID Cannot Be Cleared",
			fmt.Sprintf("The Databricks API clears the externalId of groups only, and this is a %s. "+
				"Set the id of the right identity, or leave the principal as it is.", kind))
	case value != "" && audit.ValidateExternalID(audit.TypeUser, value) == nil: // What no type can have, the validator has refused.
		if err := audit.ValidateExternalID(kind, value); err != nil {
			resp.Diagnostics.AddAttributeError(path.Root("external_id"), "Invalid External ID", err.Error()+".")
		}
	}
}

// ModifyPlan fills the id from configuration, and refuses or warns where the
// account already tells what the apply would run into. It fills no value from
// the account: Terraform plans again during apply and compares.
func (r *externalIDResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		if !req.State.Raw.IsNull() {
			var state externalIDModel
			resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
			ours, known, diags := written(ctx, req.Private)
			resp.Diagnostics.Append(diags...)
			if warnBeforeDestroy(&resp.Diagnostics, state, ours, known) && r.session != nil && state.PreviousExternalID.ValueString() != ours {
				r.warnRestored(ctx, state, &resp.Diagnostics)
			}
		}
		return
	}
	if r.session != nil && !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(r.session.checkAccount(ctx, req.Private, thingExternalID)...)
		if resp.Diagnostics.HasError() {
			return
		}
	}
	if req.Plan.Raw.Equal(req.State.Raw) {
		return // Nothing will be written; most of thousands of instances are so.
	}
	r.session.bindToAccount(ctx, req, resp)
	var plan externalIDModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() || plan.PrincipalType.IsUnknown() || plan.PrincipalID.IsUnknown() {
		return
	}
	resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("id"), plan.ref().String())...)

	// A replacement is planned as a create for the new principal.
	expected := plan.ExpectedCurrentExternalID
	if !req.State.Raw.IsNull() {
		var state externalIDModel
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
		if resp.Diagnostics.HasError() {
			return
		}
		if state.ref() == plan.ref() {
			if plan.ExternalID.Equal(state.ExternalID) {
				return // Nothing will be written.
			}
			expected = state.ExternalID
			if state.PreviousExternalID.IsNull() {
				// Imported or adopted: this may be the instance's first write, and only
				// the write knows what was there before it.
				resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("previous_external_id"), types.StringUnknown())...)
			}
		}
	}
	if r.session == nil || plan.ExternalID.IsUnknown() || expected.IsUnknown() {
		return
	}
	if req.State.Raw.IsNull() {
		warnUnrestorable(&resp.Diagnostics, plan, expected)
	}
	r.guardWrite(ctx, plan, expected, &resp.Diagnostics)
}

// guardWrite refuses in the plan what create or update would refuse. It looks
// at the shared snapshot of the account, so any number of instances cost one
// listing, and what [account.Client.NextPrivilege] reads where no audit of the run
// offers the value. What cannot be looked up is left to the apply, which looks again.
func (r *externalIDResource) guardWrite(ctx context.Context, plan externalIDModel, expected types.String, diags *diag.Diagnostics) {
	ctx, cancel := context.WithTimeout(ctx, defaultWriteTimeout)
	defer cancel()
	want := plan.ExternalID.ValueString()
	// Holders first: it takes the listing that Known then answers from.
	holders, holdersErr := r.session.account.Holders(ctx, want, plan.ref())
	current, err := r.session.account.Known(ctx, plan.ref())
	if err == nil && current.ExternalID != want && !account.MayOverwrite(current.ExternalID, expected.ValueStringPointer()) {
		// A listing may lag behind: what speaks against a plan is looked at again.
		current, err = r.session.account.KnownHolding(ctx, plan.ref(), want)
	}
	switch {
	case errors.Is(err, account.ErrNotFound):
		addWriteError(diags, "Plan", thingExternalID, audit.Principal{Ref: plan.ref()}, err)
		return
	case err != nil:
		diags.AddWarning("External ID Not Checked", fmt.Sprintf("The guards for %s could not be evaluated while planning: %s. "+
			"They are evaluated again before the write.", plan.ref(), err))
		return
	case current.ExternalID == want:
		return
	}
	conflict := &account.ConflictError{
		Ref: plan.ref(), Current: current.ExternalID, Expected: expected.ValueStringPointer(), Wanted: want,
	}
	switch {
	case !account.MayOverwrite(current.ExternalID, conflict.Expected):
		addWriteError(diags, "Plan", thingExternalID, current, conflict)
	case holdersErr != nil:
		diags.AddWarning("External ID Not Checked", fmt.Sprintf("Whether another principal holds the externalId that is planned for %s could not be "+
			"looked up while planning: %s. It is looked up again before the write, and a write without an answer is refused.", plan.ref(), holdersErr))
	case len(holders) > 0:
		for _, h := range holders {
			conflict.Holders = append(conflict.Holders, h.Ref)
		}
		addWriteError(diags, "Plan", thingExternalID, current, conflict)
	default:
		r.warnPower(ctx, current, want, diags)
	}
}

// warnPower says whose power the change hands over: an audit holds such fixes back,
// and a value that is written by hand must not go through in silence, nor one that a
// destroy writes back: where an instance wrote nothing, the configuration names it. It looks in
// the plan only, which somebody reviews; Terraform plans once more in the apply.
func (r *externalIDResource) warnPower(ctx context.Context, p audit.Principal, want string, diags *diag.Diagnostics) {
	if want == "" || r.session.applying.Load() || r.session.isVetted(p.Ref, want) {
		return
	}
	switch power := r.session.account.NextPrivilege(ctx, p.Ref); {
	case len(power.Powers) > 0:
		diags.AddAttributeWarning(path.Root("external_id"), "External ID Gives Power", fmt.Sprintf("%s has power: %s. Whoever is %q in the identity "+
			"provider will have it%s. No audit of this plan offers this change: make sure that it is the same person, group or application.",
			principalTitle(p), strings.Join(power.Powers, "; "), want, insteadOf(p.ExternalID)))
	case power.Unknown != "":
		diags.AddAttributeWarning(path.Root("external_id"), "Power Not Checked", fmt.Sprintf("Whoever is %q in the identity provider will have what %s has, and "+
			"whether that is power (account roles, ADMIN of workspaces, metastores) could not be looked at: %s. Make sure that it is the same person, "+
			"group or application.", want, principalTitle(p), strings.TrimSuffix(power.Unknown, ".")))
	}
}

// warnRestored is [externalIDResource.warnPower] for what a destroy writes back.
func (r *externalIDResource) warnRestored(ctx context.Context, state externalIDModel, diags *diag.Diagnostics) {
	ctx, cancel := context.WithTimeout(ctx, defaultWriteTimeout)
	defer cancel()
	if _, err := r.session.account.Known(ctx, state.ref()); errors.Is(err, account.ErrNotFound) {
		return // Nothing will be written to what is gone.
	}
	r.warnPower(ctx, state.principal(), state.PreviousExternalID.ValueString(), diags)
}

// insteadOf names who loses what an externalId stands for.
func insteadOf(externalID string) string {
	if externalID == "" {
		return ""
	}
	return fmt.Sprintf(" instead of %q", externalID)
}

// warnUnrestorable says at plan time that on_destroy = "restore" is a promise
// that the API cannot keep.
func warnUnrestorable(diags *diag.Diagnostics, plan externalIDModel, expected types.String) {
	if plan.OnDestroy.ValueString() == onDestroyRestore && plan.ref().Type != audit.TypeGroup && expected.ValueString() == "" {
		diags.AddAttributeWarning(path.Root("on_destroy"), "External ID Cannot Be Restored",
			fmt.Sprintf("The externalId of %s is blank before the change, and the Databricks API clears it for groups only: "+
				"destroying this instance will keep the value.", plan.ref()))
	}
}

// warnBeforeDestroy says at plan time what a destroy will not undo, and tells whether
// it will undo anything.
func warnBeforeDestroy(diags *diag.Diagnostics, state externalIDModel, ours string, known bool) bool {
	if state.OnDestroy.ValueString() != onDestroyRestore {
		return false
	}
	reason := state.restoreImpossible()
	if present := state.ExternalID.ValueString(); reason == "" && known && present != ours && present != state.PreviousExternalID.ValueString() {
		reason = "somebody else wrote it"
	}
	if reason != "" {
		diags.AddWarning("External ID Will Be Kept", fmt.Sprintf("on_destroy is %q, but the externalId of %s will stay %q: %s.",
			onDestroyRestore, state.ref(), state.ExternalID.ValueString(), reason))
	}
	return reason == "" && known
}
