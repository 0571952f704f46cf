// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

var (
	_ resource.ResourceWithConfigure      = (*externalIDResource)(nil)
	_ resource.ResourceWithIdentity       = (*externalIDResource)(nil)
	_ resource.ResourceWithImportState    = (*externalIDResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*externalIDResource)(nil)
	_ resource.ResourceWithValidateConfig = (*externalIDResource)(nil)
)

// thingExternalID is what summaries of diagnostics call this resource.
const thingExternalID = "External ID"

// externalIDResource is one remote fact: the externalId of one principal.
type externalIDResource struct{ sessionResource }

func newExternalIDResource() resource.Resource { return &externalIDResource{} }

func (r *externalIDResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_external_id"
}

func (r *externalIDResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan externalIDModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	limit, diags := plan.Timeouts.Create(ctx, defaultWriteTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	r.session.applying.Store(true)
	if err := r.session.handover.take(ctx, plan.ref().String()); err != nil {
		addWriteError(&resp.Diagnostics, "Create", thingExternalID, principalOf(plan.ref(), audit.Principal{}), err)
		return
	}
	result, err := r.session.account.SetExternalID(ctx, account.ExternalIDRequest{
		Ref: plan.ref(), Want: plan.ExternalID.ValueString(), Expected: plan.ExpectedCurrentExternalID.ValueStringPointer(),
		Name: plan.PrincipalName.ValueString(), Adopts: true,
	})
	r.session.warnJournal(&resp.Diagnostics)
	warnUnchecked(&resp.Diagnostics, thingExternalID, plan.ref().String(), result.Unchecked)
	if err != nil {
		// Nothing is put into state: what was not confirmed is planned again, and
		// the next create re-reads before it writes.
		addWriteError(&resp.Diagnostics, "Create", thingExternalID, principalOf(plan.ref(), result.Principal), err)
		return
	}
	plan.PrincipalName = types.StringValue(result.Principal.Name)
	plan.PreviousExternalID = types.StringNull()
	if result.PreviousKnown {
		plan.PreviousExternalID = types.StringValue(result.Previous)
	}
	plan.ID, plan.AccountID = types.StringValue(plan.ref().String()), r.session.accountID()
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(setPrincipalIdentity(ctx, resp.Identity, r.session.account.AccountID(), plan.ref())...)
	resp.Diagnostics.Append(r.session.rememberAccount(ctx, resp.Private)...)
	resp.Diagnostics.Append(r.session.handover.remember(ctx, resp.Private)...)
	resp.Diagnostics.Append(remember(ctx, resp.Private, keyApplied, plan.ExternalID.ValueString())...)
	if result.Wrote { // What was found is not this instance's to undo.
		resp.Diagnostics.Append(rememberWritten(ctx, resp.Private, plan.ExternalID.ValueString())...)
		resp.Diagnostics.Append(rememberReplaced(ctx, resp.Private, result.Previous)...)
	}
}

func (r *externalIDResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state externalIDModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	limit, diags := state.Timeouts.Read(ctx, defaultWriteTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(r.session.checkAccount(ctx, req.Private, thingExternalID)...)
	resp.Diagnostics.Append(r.session.rememberAccount(ctx, resp.Private)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	// The identity comes from state and before anything else: below Terraform
	// 1.12 it is always null here, and the framework fails a read that removes
	// the resource without one (docs/reference/terraform-semantics.md 11).
	resp.Diagnostics.Append(setPrincipalIdentity(ctx, resp.Identity, r.session.account.AccountID(), state.ref())...)

	p, err := r.session.account.KnownHolding(ctx, state.ref(), state.ExternalID.ValueString())
	switch {
	case errors.Is(err, account.ErrNotFound):
		// It stays in state: Terraform would plan it anew, which nothing can fulfil.
		warnStays(&resp.Diagnostics, thingExternalID, state.ID.ValueString(), fmt.Sprintf("%s does not exist in the account any more",
			principalTitle(audit.Principal{Ref: state.ref(), Name: state.PrincipalName.ValueString()})))
		return
	case err != nil:
		addReadError(&resp.Diagnostics, thingExternalID, "reading "+state.ref().String(), err)
		return
	}
	before := state
	if !account.SameShown(p.ExternalID, before.ExternalID.ValueString()) {
		resp.Diagnostics.Append(remember(ctx, resp.Private, keyShown, before.ExternalID.ValueString())...)
	}
	state.ExternalID, state.PrincipalName, state.AccountID = types.StringValue(p.ExternalID), types.StringValue(p.Name), r.session.accountID()
	if state.ExternalID.Equal(before.ExternalID) && state.PrincipalName.Equal(before.PrincipalName) && state.AccountID.Equal(before.AccountID) {
		return // The answer is the prior state already.
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

// Update writes when the wanted value changed; a change of on_destroy, of
// timeouts or of the expected value alone needs no request.
func (r *externalIDResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state externalIDModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	limit, diags := plan.Timeouts.Update(ctx, defaultWriteTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	r.session.applying.Store(true)
	// The name stays as it was planned; the next read brings a new one.
	plan.ID, plan.PrincipalName, plan.AccountID = state.ID, state.PrincipalName, r.session.accountID()
	firstWrite := plan.PreviousExternalID.IsUnknown()
	plan.PreviousExternalID = state.PreviousExternalID
	if !plan.ExternalID.Equal(state.ExternalID) {
		history, diags := readHistory(ctx, req.Private)
		resp.Diagnostics.Append(diags...)
		expected, _ := history.replaceable(plan, state)
		result, err := r.session.account.SetExternalID(ctx, account.ExternalIDRequest{
			Ref: plan.ref(), Want: plan.ExternalID.ValueString(), Expected: expected.ValueStringPointer(),
		})
		r.session.warnJournal(&resp.Diagnostics)
		warnUnchecked(&resp.Diagnostics, thingExternalID, plan.ref().String(), result.Unchecked)
		if err != nil {
			addWriteError(&resp.Diagnostics, "Update", thingExternalID, principalOf(plan.ref(), result.Principal), err)
		}
		var broken *account.BrokenError
		switch {
		case errors.As(err, &broken):
			plan.ExternalID = types.StringValue(result.Principal.ExternalID) // It was written, and read back.
		case err != nil:
			return // The response state is the prior state: nothing is called done.
		}
		if firstWrite {
			plan.PreviousExternalID = types.StringNull()
			if result.PreviousKnown {
				plan.PreviousExternalID = types.StringValue(result.Previous)
			}
		}
		if result.Wrote {
			_, known, diags := replaced(ctx, req.Private)
			resp.Diagnostics.Append(diags...)
			if !known {
				resp.Diagnostics.Append(rememberReplaced(ctx, resp.Private, result.Previous)...)
			}
			resp.Diagnostics.Append(rememberWritten(ctx, resp.Private, result.Principal.ExternalID)...)
		}
		resp.Diagnostics.Append(remember(ctx, resp.Private, keyApplied, result.Principal.ExternalID)...)
	} else {
		resp.Diagnostics.Append(rememberAccepted(ctx, req, plan, resp)...)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(setPrincipalIdentity(ctx, resp.Identity, r.session.account.AccountID(), plan.ref())...)
}

// Delete keeps the value unless on_destroy is "restore", and even then writes
// only what is certainly the undoing of this instance. It never blocks a
// destroy: what could not be restored is said in a warning.
func (r *externalIDResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state externalIDModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || state.OnDestroy.ValueString() != onDestroyRestore {
		return
	}
	limit, diags := state.Timeouts.Delete(ctx, defaultWriteTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	// Neither is taken from the attributes: a refresh takes what somebody else wrote
	// into external_id, and previous_external_id may be what was only expected.
	ours, known, diags := written(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	before, replacedOne, diags := replaced(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	if _, recorded, _ := remembered(ctx, req.Private, keyAccount); !recorded {
		warnKept(&resp.Diagnostics, state, "what this instance wrote is not known: Terraform gives no record of an instance that is tainted")
		return
	}
	if reason := restoreImpossible(state.ref(), before, known && replacedOne); reason != "" {
		warnKept(&resp.Diagnostics, state, reason)
		return
	}
	if r.session.checkAccount(ctx, req.Private, thingExternalID).HasError() {
		warnKept(&resp.Diagnostics, state, "it was written in another account than the provider is configured for")
		return
	}
	if before == ours {
		return // The value is what it was before.
	}
	done, free := r.session.handover.give(ctx, state.ID.ValueString(), req.Private)
	if !free {
		warnKept(&resp.Diagnostics, state, heldElsewhere)
		return
	}
	defer done()
	current, err := r.session.account.Principal(ctx, state.ref())
	if err == nil && !account.SameShown(current.ExternalID, ours) {
		// Reads lag behind writes: what speaks against the restoration is looked at twice.
		current, err = r.session.account.Principal(ctx, state.ref())
	}
	switch {
	case errors.Is(err, account.ErrNotFound):
		return
	case err != nil:
		warnKept(&resp.Diagnostics, state, fmt.Sprintf("its present value could not be read: %s", err))
		return
	case current.ExternalID == before:
		return // Somebody restored it already.
	case !account.SameShown(current.ExternalID, ours):
		warnKept(&resp.Diagnostics, state, fmt.Sprintf("the account now holds %q, which this resource did not write", current.ExternalID))
		return
	}
	_, err = r.session.account.SetExternalID(ctx, account.ExternalIDRequest{
		Ref: state.ref(), Want: before, Expected: &ours,
	})
	r.session.warnJournal(&resp.Diagnostics)
	switch {
	case errors.Is(err, account.ErrReadOnly):
		addWriteError(&resp.Diagnostics, "Delete", thingExternalID, current, err)
	case err != nil:
		warnKept(&resp.Diagnostics, state, err.Error())
	}
}

// ImportState takes "user/123" or the identity. Imported instances keep the
// value when they are destroyed: they did not write it.
func (r *externalIDResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	ref, err := importedRef(ctx, req, r.session.account.AccountID(), &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if err != nil {
		resp.Diagnostics.AddError("Invalid Import ID", err.Error()+".")
		return
	}
	p, err := r.session.account.Principal(ctx, ref)
	switch {
	case errors.Is(err, account.ErrNotFound):
		resp.Diagnostics.AddError(thingExternalID+" Not Found", fmt.Sprintf("Cannot import: the account has no %s.", ref))
		return
	case err != nil:
		resp.Diagnostics.AddError("Unable to Import "+thingExternalID, fmt.Sprintf("Failed while reading %s: %s%s", ref, err, nextStep(err)))
		return
	}
	for name, value := range map[string]string{
		"id": ref.String(), "principal_type": string(ref.Type), "principal_id": ref.ID, "principal_name": p.Name,
		"external_id": p.ExternalID, "on_destroy": onDestroyKeep, attributeAccountID: r.session.account.AccountID(),
	} {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(name), value)...)
	}
	resp.Diagnostics.Append(setPrincipalIdentity(ctx, resp.Identity, r.session.account.AccountID(), ref)...)
	resp.Diagnostics.Append(r.session.rememberAccount(ctx, resp.Private)...)
	resp.Diagnostics.Append(remember(ctx, resp.Private, keyApplied, p.ExternalID)...)
}

// principalOf is the principal to name in an error, even when it was never read.
func principalOf(ref audit.Ref, p audit.Principal) audit.Principal {
	p.Ref = ref
	return p
}
