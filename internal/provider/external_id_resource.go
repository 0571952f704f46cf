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

// thingExternalID is what summaries of diagnostics call this resource.
const thingExternalID = "External ID"

// externalIDResource is one remote fact: the externalId of one principal.
type externalIDResource struct{ kindBase[*externalIDModel] }

func newExternalIDResource() resource.Resource {
	return newImportable[externalIDModel](&externalIDResource{})
}

func (r *externalIDResource) names() resourceNames {
	return resourceNames{typeName: "external_id", thing: thingExternalID, labels: []string{"principal_name"}}
}

func (r *externalIDResource) fact(plan *externalIDModel) string {
	if plan.PrincipalType.IsUnknown() || plan.PrincipalID.IsUnknown() {
		return ""
	}
	return plan.ref().String()
}

func (r *externalIDResource) identity(m *externalIDModel) any {
	return r.session.principalIdentity(m.ref())
}

func (r *externalIDResource) create(ctx context.Context, plan *externalIDModel, private privateWriter, diags *diag.Diagnostics) {
	result, err := r.session.account.SetExternalID(ctx, write.ExternalIDRequest{
		Ref: plan.ref(), Want: plan.ExternalID.ValueString(), Expected: plan.ExpectedCurrentExternalID.ValueStringPointer(),
		Name: plan.PrincipalName.ValueString(), Adopts: true,
	})
	warnUnchecked(diags, thingExternalID, plan.ref().String(), result.Unchecked)
	warnDoubted(diags, result.Principal.Type, result.Doubted)
	if err != nil {
		addWriteError(diags, "Create", principalOf(plan.ref(), result.Principal), err)
		return
	}
	plan.PrincipalName = types.StringValue(result.Principal.Name)
	plan.PreviousExternalID = types.StringNull()
	if result.PreviousKnown {
		plan.PreviousExternalID = types.StringValue(result.Previous)
	}
	diags.Append(remember(ctx, private, keyApplied, plan.ExternalID.ValueString())...)
	if result.Wrote { // What was found is not this instance's to undo.
		diags.Append(rememberWritten(ctx, private, plan.ExternalID.ValueString())...)
		diags.Append(rememberReplaced(ctx, private, result.Previous)...)
	}
}

func (r *externalIDResource) read(ctx context.Context, state *externalIDModel, private privateStore, diags *diag.Diagnostics) readOutcome {
	p, err := r.session.account.KnownHolding(ctx, state.ref(), state.ExternalID.ValueString())
	switch {
	case errors.Is(err, api.ErrNotFound):
		// It stays in state: Terraform would plan it anew, which nothing can fulfil.
		warnStays(diags, thingExternalID, state.ID.ValueString(), fmt.Sprintf("%s does not exist in the account any more",
			principalTitle(audit.Principal{Ref: state.ref(), Name: state.PrincipalName.ValueString()})))
		return unchanged
	case err != nil:
		addReadError(diags, thingExternalID, "reading "+state.ref().String(), err)
		return unchanged
	}
	if p.ExternalID == "" {
		if wanted, why := r.refusedAgain(ctx, state, private, diags); why != "" {
			warnStays(diags, thingExternalID, state.ID.ValueString(), why)
			state.ExternalID = types.StringValue(wanted)
			return refreshed
		}
	}
	before := *state
	if !directory.SameShown(p.ExternalID, before.ExternalID.ValueString()) {
		diags.Append(remember(ctx, private, keyShown, before.ExternalID.ValueString())...)
	}
	state.ExternalID, state.PrincipalName = types.StringValue(p.ExternalID), types.StringValue(p.Name)
	if state.ExternalID.Equal(before.ExternalID) && state.PrincipalName.Equal(before.PrincipalName) && state.AccountID.Equal(r.session.accountID()) {
		return unchanged
	}
	return refreshed
}

// refusedAgain is for a value that someone else has cleared. It reports whether the guards
// would refuse to write it again, and why. That is decided here and not in the plan: what
// a plan shows must not depend on when it looks at the account.
func (r *externalIDResource) refusedAgain(ctx context.Context, state *externalIDModel, private privateReader, diags *diag.Diagnostics) (wanted, why string) {
	wanted, known, found := remembered(ctx, private, keyApplied)
	diags.Append(found...)
	if !known || wanted == "" {
		return "", ""
	}
	again := *state
	again.ExternalID = types.StringValue(wanted)
	var refused diag.Diagnostics
	if r.guardWrite(ctx, &again, types.StringNull(), &refused); !refused.HasError() {
		return "", ""
	}
	return wanted, fmt.Sprintf("the account holds \"\", and writing %q again would be refused. %s", wanted, refused.Errors()[0].Detail())
}

// update writes when the wanted value changed; a change of on_destroy, of
// timeouts or of the expected value alone needs no request.
func (r *externalIDResource) update(ctx context.Context, u updating[*externalIDModel], diags *diag.Diagnostics) bool {
	plan, state := u.plan, u.state
	// The name stays as it was planned; the next read brings a new one.
	plan.PrincipalName = state.PrincipalName
	firstWrite := plan.PreviousExternalID.IsUnknown()
	plan.PreviousExternalID = state.PreviousExternalID
	if plan.ExternalID.Equal(state.ExternalID) {
		diags.Append(rememberAccepted(ctx, u)...)
		return true
	}
	history, found := readHistory(ctx, u.private)
	diags.Append(found...)
	expected, _ := history.replaceable(state.ExternalID, plan.ExpectedCurrentExternalID)
	result, err := r.session.account.SetExternalID(ctx, write.ExternalIDRequest{
		Ref: plan.ref(), Want: plan.ExternalID.ValueString(), Expected: expected.ValueStringPointer(),
	})
	warnUnchecked(diags, thingExternalID, plan.ref().String(), result.Unchecked)
	warnDoubted(diags, result.Principal.Type, result.Doubted)
	if err != nil {
		addWriteError(diags, "Update", principalOf(plan.ref(), result.Principal), err)
	}
	var broken *write.BrokenError
	switch {
	case errors.As(err, &broken):
		plan.ExternalID = types.StringValue(result.Principal.ExternalID) // It was written, and read back.
	case err != nil:
		return false
	}
	if firstWrite {
		plan.PreviousExternalID = types.StringNull()
		if result.PreviousKnown {
			plan.PreviousExternalID = types.StringValue(result.Previous)
		}
	}
	if result.Wrote {
		_, known, found := replaced(ctx, u.private)
		diags.Append(found...)
		if !known {
			diags.Append(rememberReplaced(ctx, u.private, result.Previous)...)
		}
		diags.Append(rememberWritten(ctx, u.private, result.Principal.ExternalID)...)
	}
	diags.Append(remember(ctx, u.private, keyApplied, result.Principal.ExternalID)...)
	return true
}

// undoes reports whether on_destroy is "restore" and this instance has something to
// restore. Neither value is taken from the attributes: a refresh takes what someone
// else wrote into external_id, and previous_external_id may be what was only expected.
func (r *externalIDResource) undoes(ctx context.Context, state *externalIDModel, private privateReader, diags *diag.Diagnostics) bool {
	if state.OnDestroy.ValueString() != onDestroyRestore {
		return false
	}
	ours, known, found := written(ctx, private)
	diags.Append(found...)
	before, replacedOne, found := replaced(ctx, private)
	diags.Append(found...)
	if _, recorded, _ := remembered(ctx, private, keyAccount); !recorded {
		r.kept(state, "what this instance wrote is not known: Terraform gives no record of an instance that is tainted", diags)
		return false
	}
	if reason := restoreImpossible(state.ref(), before, known && replacedOne); reason != "" {
		r.kept(state, reason, diags)
		return false
	}
	return before != ours
}

// undo writes only what is certainly the undoing of this instance. It never blocks a
// destroy: what could not be restored is said in a warning.
func (r *externalIDResource) undo(ctx context.Context, state *externalIDModel, private privateReader, diags *diag.Diagnostics) {
	ours, _, _ := written(ctx, private)
	before, _, _ := replaced(ctx, private)
	current, err := r.session.account.Principal(ctx, state.ref())
	if err == nil && !directory.SameShown(current.ExternalID, ours) {
		// Reads lag behind writes: what speaks against the restoration is looked at twice.
		current, err = r.session.account.Principal(ctx, state.ref())
	}
	switch {
	case errors.Is(err, api.ErrNotFound):
		return
	case err != nil:
		r.kept(state, fmt.Sprintf("its present value could not be read: %s", err), diags)
		return
	case current.ExternalID == before:
		return // Someone restored it already.
	case !directory.SameShown(current.ExternalID, ours):
		r.kept(state, fmt.Sprintf("the account now holds %q, which this resource did not write", current.ExternalID), diags)
		return
	}
	_, err = r.session.account.SetExternalID(ctx, write.ExternalIDRequest{
		Ref: state.ref(), Want: before, Expected: &ours,
	})
	switch {
	case errors.Is(err, write.ErrReadOnly):
		addWriteError(diags, "Delete", current, err)
	case err != nil:
		r.kept(state, err.Error(), diags)
	}
}

// imported takes "user/123" or the identity. Imported instances keep the
// value when they are destroyed: they did not write it.
func (r *externalIDResource) imported(ctx context.Context, req resource.ImportStateRequest, m *externalIDModel, private privateWriter, diags *diag.Diagnostics) {
	p, ok := r.session.importPrincipal(ctx, req, thingExternalID, audit.PrincipalTypes(), diags)
	if !ok {
		return
	}
	m.ID, m.PrincipalType, m.PrincipalID = types.StringValue(p.String()), types.StringValue(string(p.Type)), types.StringValue(p.ID)
	m.PrincipalName, m.ExternalID, m.OnDestroy = types.StringValue(p.Name), types.StringValue(p.ExternalID), types.StringValue(onDestroyKeep)
	diags.Append(remember(ctx, private, keyApplied, p.ExternalID)...)
}

// principalOf is the principal to name in an error, even when it was never read.
func principalOf(ref audit.Ref, p audit.Principal) audit.Principal {
	p.Ref = ref
	return p
}
