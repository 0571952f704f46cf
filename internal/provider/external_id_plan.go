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
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// validate refuses what configuration alone can decide.
func (r *externalIDResource) validate(_ context.Context, config *externalIDModel, diags *diag.Diagnostics) {
	if config.PrincipalType.IsUnknown() || config.ExternalID.IsUnknown() || config.ExternalID.IsNull() {
		return
	}
	kind, value := config.ref().Type, config.ExternalID.ValueString()
	switch {
	case value == "" && kind != audit.TypeGroup:
		diags.AddAttributeError(path.Root("external_id"), "External ID Cannot Be Cleared",
			fmt.Sprintf("The Databricks API clears the externalId of groups only, and this is a %s. "+
				"Set the id of the right identity, or leave the principal as it is.", kind))
	case value != "" && audit.ValidateExternalID(audit.TypeUser, value) == nil: // What no type can have, the validator has refused.
		if err := audit.ValidateExternalID(kind, value); err != nil {
			diags.AddAttributeError(path.Root("external_id"), "Invalid External ID", err.Error()+".")
		}
	}
}

func (r *externalIDResource) modifyPlan(ctx context.Context, p *planning[*externalIDModel]) {
	plan, known := p.plan, r.fact(p.plan) != ""
	if known && !plan.ExternalID.IsUnknown() {
		r.session.wantExternalID(plan.ref(), plan.ExternalID.ValueString(), p.exists, p.diags())
	}
	if p.unchanged {
		// Nothing will be written; most of thousands of instances are so.
		planAcceptance(ctx, p)
		return
	}
	if p.diags().HasError() || !known {
		return
	}
	// A replacement is planned as a create for the new principal.
	expected, previous, drifted := plan.ExpectedCurrentExternalID, types.StringNull(), false
	if p.exists && p.state.ref() == plan.ref() {
		previous = p.state.PreviousExternalID
		var writes bool
		if expected, writes, drifted = planUpdate(ctx, p); !writes {
			return
		}
	}
	if plan.ExternalID.IsUnknown() || expected.IsUnknown() {
		return
	}
	if !p.exists {
		r.warnUnrestorable(ctx, plan, expected, p.diags())
	}
	plan.PreviousExternalID = previous
	var found diag.Diagnostics
	r.guardWrite(ctx, plan, expected, &found)
	if drifted && found.HasError() {
		// Someone else made it so after the refresh, or there was none: that must not stop
		// the plan of everything else. The planned value stays, since Terraform plans once
		// more in the apply, where the account may be another; the apply looks again.
		p.diags().AddAttributeWarning(path.Root("external_id"), "External ID Will Be Refused", fmt.Sprintf("The account holds %q for %s, and as it is now, "+
			"writing %q again is refused. %s", p.state.ExternalID.ValueString(), plan.ref(), plan.ExternalID.ValueString(), found.Errors()[0].Detail()))
		return
	}
	p.diags().Append(found...)
}

// planAcceptance plans an update that only records that the configuration has taken
// over a value which someone else wrote: from then on the instance may replace it. No
// other call sees the configuration and can record something.
func planAcceptance(ctx context.Context, p *planning[*externalIDModel]) {
	wanted := p.plan.ExternalID.ValueString()
	applied, known, found := remembered(ctx, p.private, keyApplied)
	p.diags().Append(found...)
	if !known || directory.SameShown(applied, wanted) {
		return
	}
	p.diags().AddAttributeWarning(path.Root("external_id"), "External ID Taken Over", fmt.Sprintf("The account holds %q for %s, as configured. Someone else wrote it: "+
		"applied here last was %q. The apply writes nothing to the account; it records that the value is this instance's now.", wanted, p.plan.ref(), applied))
	p.set(ctx, "previous_external_id", types.StringUnknown())
}

// planDestroy warns of what a destroy will not undo, or of whose privileges it hands over.
func (r *externalIDResource) planDestroy(ctx context.Context, state *externalIDModel, private privateReader, diags *diag.Diagnostics) {
	ours, known, found := written(ctx, private)
	diags.Append(found...)
	before, replacedOne, found := replaced(ctx, private)
	diags.Append(found...)
	if r.warnBeforeDestroy(ctx, state, ours, before, known && replacedOne, diags) && before != ours {
		r.warnRestored(ctx, state, before, diags)
	}
	if state.OnDestroy.ValueString() != onDestroyRestore && !r.session.isGone(ctx, state.ref()) {
		r.session.warnOfDestroy(staysInAccount, fmt.Sprintf("%s keeps the externalId %q when this instance is destroyed (on_destroy = %q).",
			state.ref(), state.ExternalID.ValueString(), onDestroyKeep), diags)
	}
}

// planUpdate is the plan of an instance for the same principal as before. It gives
// the value that may be overwritten, whether anything is going to be written, and
// whether only the account has changed, and not the configuration.
func planUpdate(ctx context.Context, p *planning[*externalIDModel]) (expected types.String, writes, drifted bool) {
	plan, state := p.plan, p.state
	if plan.ExternalID.Equal(state.ExternalID) {
		return expected, false, false
	}
	history, found := readHistory(ctx, p.private)
	p.diags().Append(found...)
	expected, may := history.replaceable(state.ExternalID, plan.ExpectedCurrentExternalID)
	changed := history.isChanged(plan.ExternalID, plan.ExpectedCurrentExternalID, state.ExpectedCurrentExternalID)
	if !may && !expected.IsUnknown() && !plan.ExternalID.IsUnknown() {
		addForeignValue(p.diags(), *plan, *state, history, changed)
		if !changed {
			// Terraform takes the prior value of an attribute in place of the configured one.
			p.set(ctx, "external_id", state.ExternalID)
		}
		return expected, false, !changed
	}
	if history.undone(state.ExternalID, plan.ExternalID) {
		warnUndone(p.diags(), thingExternalID, fmt.Sprintf("%s holds the externalId %q, and %q was applied here last", state.ref(), state.ExternalID.ValueString(), plan.ExternalID.ValueString()))
	}
	if state.PreviousExternalID.IsNull() {
		// Imported or adopted: this may be the instance's first write, and only
		// the write knows what was there before it.
		p.set(ctx, "previous_external_id", types.StringUnknown())
	}
	return expected, true, !changed
}

// guardWrite refuses in the plan what create or update would refuse. It looks
// at the shared snapshot of the account, so any number of instances cost one
// listing, and what [power.Power.NextPrivilege] reads where no audit of the run
// offers the value. What cannot be looked up is left to the apply, which looks again.
func (r *externalIDResource) guardWrite(ctx context.Context, plan *externalIDModel, expected types.String, diags *diag.Diagnostics) {
	ctx, cancel := context.WithTimeout(ctx, defaultWriteTimeout)
	defer cancel()
	want := plan.ExternalID.ValueString()
	// Holders first: it takes the listing that Known then answers from.
	holders, holdersErr := r.session.account.Holders(ctx, want, plan.ref())
	current, err := r.session.account.Known(ctx, plan.ref())
	if err == nil && current.ExternalID != want && !write.MayOverwrite(current.ExternalID, expected.ValueStringPointer()) {
		// A listing may lag behind: what speaks against a plan is looked at again.
		current, err = r.session.account.KnownHolding(ctx, plan.ref(), want)
	}
	switch {
	case errors.Is(err, api.ErrNotFound):
		addWriteError(diags, "Plan", audit.Principal{Ref: plan.ref()}, err)
		return
	case err != nil:
		diags.AddWarning("External ID Not Checked", fmt.Sprintf("The guards for %s could not be evaluated while planning: %s. "+
			"They are evaluated again before the write.", plan.ref(), err))
		return
	case current.ExternalID == want:
		return
	}
	if plan.ID.IsUnknown() {
		warnRenamed("principal_name", plan.PrincipalName, current, diags)
	}
	conflict := &write.ConflictError{
		Ref: plan.ref(), Current: current.ExternalID, Expected: expected.ValueStringPointer(), Wanted: want,
	}
	switch {
	case !write.MayOverwrite(current.ExternalID, conflict.Expected):
		addWriteError(diags, "Plan", current, conflict)
	case holdersErr != nil:
		diags.AddWarning("External ID Not Checked", fmt.Sprintf("Whether another principal holds the externalId that is planned for %s could not be "+
			"looked up while planning: %s. It is looked up again before the write, and a write without an answer is refused.", plan.ref(), holdersErr))
	case len(holders) > 0:
		for _, h := range holders {
			conflict.Holders = append(conflict.Holders, h.Ref)
		}
		addWriteError(diags, "Plan", current, conflict)
	case current.Type == audit.TypeServicePrincipal && audit.SameExternalID(current.Name, want):
		diags.AddAttributeError(path.Root("external_id"), "Refusing to Plan "+thingExternalID, fmt.Sprintf("%q is the application id (client id) of %s itself. "+
			"Its externalId is another id: in Entra ID the object id of the enterprise application (not of the app registration). "+
			"The Databricks API cannot clear the externalId of a service principal, so a wrong one would stay.", want, current.Ref))
	default:
		r.checkIdentity(ctx, plan, current, diags)
		r.warnPrivileged(ctx, current, want, diags)
	}
}

// checkIdentity refuses a value that the configured IdP does not have, as a mistyped
// one: a wrong value of a user or service principal can be replaced, but not cleared.
// What an audit of this plan offers comes from the IdP, and what is written back was
// there before.
func (r *externalIDResource) checkIdentity(ctx context.Context, plan *externalIDModel, current audit.Principal, diags *diag.Diagnostics) {
	want := plan.ExternalID.ValueString()
	if want == "" || plan.AllowUnknownExternalID.IsUnknown() || plan.AllowUnknownExternalID.ValueBool() ||
		plan.ExternalID.Equal(plan.PreviousExternalID) || r.session.findings.offersValue(current.Ref, want) {
		return
	}
	at := path.Root("external_id")
	const hint = "Check the id (Entra: the object id, of a service principal that of the enterprise application and not of the app registration; " +
		"Okta: the user or group id). "
	found := r.session.lookUpIdentity(ctx, current.Type, want)
	switch id := found.Identity; {
	case found.Unknown != "":
		if !r.session.applying.Load() {
			diags.AddAttributeWarning(at, "External ID Not Looked Up", fmt.Sprintf("Whether the identity provider has an identity with the id %q, planned for %s, "+
				"is not known: %s. Make sure that the value is right.", want, principalTitle(current), strings.TrimSuffix(found.Unknown, ".")))
		}
	case id == nil:
		diags.AddAttributeError(at, "Refusing to Plan "+thingExternalID, fmt.Sprintf("The identity provider (%s) has no identity with the id %q, which is planned for %s. "+
			hint+"If it is right although the identity provider does not show it, set allow_unknown_external_id = true.", r.session.settings.idp.kind, want, principalTitle(current)))
	case id.Type != current.Type:
		diags.AddAttributeError(at, "Refusing to Plan "+thingExternalID, fmt.Sprintf("In the identity provider (%s), %q is the id of a %s (%s), and it is planned for %s. "+
			hint+"To write it anyway, set allow_unknown_external_id = true.", r.session.settings.idp.kind, want, id.Type, id.DisplayName, principalTitle(current)))
	case id.Enabled != nil && !*id.Enabled:
		diags.AddAttributeWarning(at, "Identity Is Disabled", fmt.Sprintf("The identity %q, planned for %s, is disabled in the identity provider (%s).",
			want, principalTitle(current), r.session.settings.idp.kind))
	}
}

// warnPrivileged says whose privileges the change hands over: an audit holds such fixes back,
// and a value that is written by hand must not go through in silence, nor one that a
// destroy writes back: where an instance wrote nothing, the configuration names it. It looks in
// the plan only, which someone reviews; Terraform plans once more in the apply.
func (r *externalIDResource) warnPrivileged(ctx context.Context, p audit.Principal, want string, diags *diag.Diagnostics) {
	if want == "" || r.session.applying.Load() || r.session.findings.offersValue(p.Ref, want) {
		return
	}
	switch power := r.session.account.NextPrivilege(ctx, p.Ref); {
	case len(power.Powers) > 0:
		diags.AddAttributeWarning(path.Root("external_id"), "External ID of a Privileged Principal", fmt.Sprintf("%s is privileged: %s. The identity %q of the identity "+
			"provider will get what it has%s. No audit of this plan offers this change: make sure that it is the same person, group or application.",
			principalTitle(p), strings.Join(power.Powers, "; "), want, insteadOf(p.ExternalID)))
	case power.Unknown != "":
		diags.AddAttributeWarning(path.Root("external_id"), "Privileges Not Checked", fmt.Sprintf("The identity %q of the identity provider will get what %s has, and "+
			"whether that is privileged (account roles, ADMIN of workspaces, metastores) could not be checked: %s. Make sure that it is the same person, "+
			"group or application.", want, principalTitle(p), strings.TrimSuffix(power.Unknown, ".")))
	}
}

// warnRestored is [externalIDResource.warnPrivileged] for what a destroy writes back.
func (r *externalIDResource) warnRestored(ctx context.Context, state *externalIDModel, before string, diags *diag.Diagnostics) {
	ctx, cancel := context.WithTimeout(ctx, defaultWriteTimeout)
	defer cancel()
	if _, err := r.session.account.Known(ctx, state.ref()); errors.Is(err, api.ErrNotFound) {
		return // Nothing will be written to what is gone.
	}
	r.warnPrivileged(ctx, state.principal(), before, diags)
}

// insteadOf names who loses what an externalId stands for.
func insteadOf(externalID string) string {
	if externalID == "" {
		return ""
	}
	return fmt.Sprintf(" instead of %q", externalID)
}

// warnUnrestorable says at plan time that on_destroy = "restore" is a promise
// that cannot be kept.
func (r *externalIDResource) warnUnrestorable(ctx context.Context, plan *externalIDModel, expected types.String, diags *diag.Diagnostics) {
	if plan.OnDestroy.ValueString() != onDestroyRestore {
		return
	}
	before := expected.ValueString()
	reason := restoreImpossible(plan.ref(), before, true)
	if reason == "" {
		reason = r.session.heldByAnother(ctx, plan.ref(), before)
	}
	if reason != "" {
		diags.AddAttributeWarning(path.Root("on_destroy"), "External ID Cannot Be Restored",
			fmt.Sprintf("Destroying this instance will keep the new externalId of %s: %s.", plan.ref(), reason))
	}
}

// heldByAnother says who else holds the value that a destroy is to write back; empty
// for no one, and where it could not be looked up: the destroy looks again.
func (s *session) heldByAnother(ctx context.Context, ref audit.Ref, before string) string {
	holders, err := s.account.Holders(ctx, before, ref)
	if err != nil || len(holders) == 0 {
		return ""
	}
	return fmt.Sprintf("the value before, %q, belongs to %s as well, and one identity can be linked to one principal only", before, principalTitle(holders[0]))
}

// warnBeforeDestroy says at plan time what a destroy will not undo, and reports whether
// it will undo anything.
func (r *externalIDResource) warnBeforeDestroy(ctx context.Context, state *externalIDModel, ours, before string, wrote bool, diags *diag.Diagnostics) bool {
	if state.OnDestroy.ValueString() != onDestroyRestore {
		return false
	}
	reason := restoreImpossible(state.ref(), before, wrote)
	if present := state.ExternalID.ValueString(); reason == "" && present != ours && present != before {
		reason = "someone else wrote it"
	}
	if reason == "" && before != ours {
		reason = r.session.heldByAnother(ctx, state.ref(), before)
	}
	if reason != "" {
		diags.AddWarning("External ID Will Be Kept", fmt.Sprintf("on_destroy is %q, but the externalId of %s will stay %q: %s.",
			onDestroyRestore, state.ref(), state.ExternalID.ValueString(), reason))
	}
	return reason == ""
}
