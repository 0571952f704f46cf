// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

var (
	_ resource.ResourceWithConfigure      = (*resolvedPrincipalResource)(nil)
	_ resource.ResourceWithIdentity       = (*resolvedPrincipalResource)(nil)
	_ resource.ResourceWithImportState    = (*resolvedPrincipalResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*resolvedPrincipalResource)(nil)
	_ resource.ResourceWithValidateConfig = (*resolvedPrincipalResource)(nil)
)

// thingResolvedPrincipal is what summaries of diagnostics call this resource.
const thingResolvedPrincipal = "Resolved Principal"

// resolvedPrincipalResource is one remote fact: an identity of the IdP exists in
// the account. Only create asks for that; read looks at what came of it.
type resolvedPrincipalResource struct{ sessionResource }

func newResolvedPrincipalResource() resource.Resource { return &resolvedPrincipalResource{} }

func (r *resolvedPrincipalResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_resolved_principal"
}

// ValidateConfig refuses ids that no identity has.
func (r *resolvedPrincipalResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config resolvedPrincipalModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() || config.PrincipalType.IsUnknown() || config.ExternalID.IsUnknown() || config.ExternalID.IsNull() {
		return
	}
	value := config.ExternalID.ValueString()
	if value != "" && audit.ValidateExternalID(audit.TypeUser, value) != nil {
		return // The validator of the attribute has refused it.
	}
	if err := audit.ValidateExternalID(config.kind(), value); err != nil {
		resp.Diagnostics.AddAttributeError(path.Root("external_id"), "Invalid External ID", fmt.Sprintf("No identity can be resolved by it: %s.", err))
	}
}

// ModifyPlan refuses what the provider block alone can decide, and to make a second
// principal of one identity. No API tells whether automatic identity management is on,
// so otherwise the apply finds out.
func (r *resolvedPrincipalResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if r.session == nil {
		return
	}
	if req.Plan.Raw.IsNull() {
		r.warnStays(ctx, req, &resp.Diagnostics)
		return
	}
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(r.session.checkAccount(ctx, req.Private, thingResolvedPrincipal)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	defer sayHowToDestroy(&resp.Diagnostics)
	r.session.bindToAccount(ctx, req, resp)
	var plan resolvedPrincipalModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	keepLinkedElsewhere(ctx, plan, req, resp)
	if req.State.Raw.IsNull() && !resp.Diagnostics.HasError() { // So is a replacement planned.
		r.refuseCreate(ctx, plan, &resp.Diagnostics)
	}
}

// refuseCreate reports what speaks against resolving an identity.
func (r *resolvedPrincipalResource) refuseCreate(ctx context.Context, plan resolvedPrincipalModel, diags *diag.Diagnostics) {
	switch {
	case r.session.settings.aim == audit.AIMOff:
		diags.AddError("Refusing to Plan "+thingResolvedPrincipal, aimOffText+" The provider says automatic_identity_management = \"off\".")
	case !plan.PrincipalType.IsUnknown() && !plan.ExternalID.IsUnknown():
		r.lookForTwins(ctx, plan, diags)
	}
}

// warnStays says that a destroy deletes nobody.
func (r *resolvedPrincipalResource) warnStays(ctx context.Context, req resource.ModifyPlanRequest, diags *diag.Diagnostics) {
	var state resolvedPrincipalModel
	if req.State.Raw.IsNull() {
		return
	}
	diags.Append(req.State.Get(ctx, &state)...)
	ref := audit.Ref{Type: state.kind(), ID: state.PrincipalID.ValueString()}
	if diags.HasError() || r.session.isGone(ctx, ref) {
		return
	}
	r.session.warnOfDestroy(staysInAccount, fmt.Sprintf("%s (%s) stays in the account, with everything that it may do, when this instance is destroyed: nothing that was resolved is deleted.",
		ref, state.PrincipalName.ValueString()), diags)
}

const aimOffText = "Databricks provisions identities of the identity provider only where automatic identity management (AIM) is on. " +
	"Without it, users, groups and service principals come from SCIM provisioning or are made in the account, and their " +
	"externalId is set with dbxidentity_external_id."

func (r *resolvedPrincipalResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan resolvedPrincipalModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	limit, diags := plan.Timeouts.Create(ctx, defaultWriteTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	p, err := r.session.account.Resolve(ctx, plan.kind(), plan.ExternalID.ValueString())
	r.session.warnJournal(&resp.Diagnostics)
	if err != nil {
		// Nothing is put into state: the next create finds what this one made.
		addResolveError(&resp.Diagnostics, plan, err)
		return
	}
	plan.take(p)
	plan.AccountID = r.session.accountID()
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(setPrincipalIdentity(ctx, resp.Identity, r.session.account.AccountID(), p.Ref)...)
	resp.Diagnostics.Append(r.session.rememberAccount(ctx, resp.Private)...)
	resp.Diagnostics.Append(remember(ctx, resp.Private, keyApplied, plan.ExternalID.ValueString())...)
	r.warnTwins(ctx, p, &resp.Diagnostics)
}

// addResolveError says what an identity that could not be resolved means.
func addResolveError(diags *diag.Diagnostics, plan resolvedPrincipalModel, err error) {
	var (
		untold      *account.JournalError
		unconfirmed *account.UnconfirmedError
	)
	what := fmt.Sprintf("the %s with the external id %s", plan.kind(), plan.ExternalID.ValueString())
	refusing := "Refusing to Create " + thingResolvedPrincipal
	switch {
	case errors.Is(err, account.ErrReadOnly):
		diags.AddError(refusing, fmt.Sprintf("The provider is configured with read_only = true, so %s was not resolved. "+
			"Remove read_only (or DBXIDENTITY_READ_ONLY) to apply the plan.", what))
	case errors.As(err, &untold):
		diags.AddError(refusing, untold.Error()+".")
	case errors.Is(err, account.ErrAIMOff):
		diags.AddError("Automatic Identity Management Is Off", fmt.Sprintf("The account did not resolve %s. %s\n\n%s.", what, aimOffText, withoutStop(err)))
	case errors.Is(err, account.ErrNotInIDP):
		diags.AddAttributeError(path.Root("external_id"), "Identity Not Found", fmt.Sprintf("The identity provider of the account has no such identity: %s. "+
			"Check principal_type and external_id (Entra: the object id, of a service principal that of the enterprise application, not of the app registration; "+
			"Okta: the user or group id).\n\n%s.", what, withoutStop(err)))
	case errors.As(err, &unconfirmed):
		diags.AddError("Unable to Confirm "+thingResolvedPrincipal, withoutStop(err)+"."+nextStep(err))
	default:
		diags.AddError("Unable to Create "+thingResolvedPrincipal, fmt.Sprintf("Failed while %s.%s", withoutStop(err), nextStep(err)))
	}
}

func (r *resolvedPrincipalResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state resolvedPrincipalModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	limit, diags := state.Timeouts.Read(ctx, defaultWriteTimeout)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(r.session.checkAccount(ctx, req.Private, thingResolvedPrincipal)...)
	resp.Diagnostics.Append(r.session.rememberAccount(ctx, resp.Private)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	// Before anything else, and from state: see externalIDResource.Read.
	resp.Diagnostics.Append(setPrincipalIdentity(ctx, resp.Identity, r.session.account.AccountID(), state.ref())...)

	p, err := r.session.account.KnownHolding(ctx, state.ref(), state.ExternalID.ValueString())
	switch {
	case errors.Is(err, account.ErrNotFound):
		var refused diag.Diagnostics
		if r.refuseCreate(ctx, state, &refused); !refused.HasError() {
			resp.State.RemoveResource(ctx)
			return
		}
		warnStays(&resp.Diagnostics, thingResolvedPrincipal, state.ID.ValueString(), fmt.Sprintf("%s does not exist in the account any more, and "+
			"resolving %q again would be refused: %s", principalTitle(audit.Principal{Ref: state.ref(), Name: state.PrincipalName.ValueString()}),
			state.ExternalID.ValueString(), refused.Errors()[0].Detail()))
		return
	case err != nil:
		addReadError(&resp.Diagnostics, thingResolvedPrincipal, "reading "+state.ref().String(), err)
		return
	}
	state.take(p)
	state.AccountID = r.session.accountID()
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

// Update is for timeouts and the spelling of the id; everything else replaces.
func (r *resolvedPrincipalResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state resolvedPrincipalModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	state.Timeouts, state.ExternalID, state.AccountID = plan.Timeouts, plan.ExternalID, r.session.accountID()
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
	resp.Diagnostics.Append(setPrincipalIdentity(ctx, resp.Identity, r.session.account.AccountID(), state.ref())...)
}

// Delete keeps the principal: others may use it by now, and Databricks would
// provision it again at its next sign-in.
func (r *resolvedPrincipalResource) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {
}

// ImportState takes "user/external/<external id>" or the identity, which has the
// internal id. It looks the principal up and resolves nothing.
func (r *resolvedPrincipalResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	var (
		p   audit.Principal
		ref audit.Ref
		err error
	)
	if req.ID != "" {
		p, err = r.importedByExternalID(ctx, req.ID)
	} else if ref, err = importedRef(ctx, req, r.session.account.AccountID(), &resp.Diagnostics); err == nil && !resp.Diagnostics.HasError() {
		p, err = r.session.account.Principal(ctx, ref)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if err == nil && p.ExternalID == "" {
		err = fmt.Errorf("%s has no externalId, so no identity provider knows it", p.Ref)
	}
	if err != nil {
		resp.Diagnostics.AddError("Unable to Import "+thingResolvedPrincipal, fmt.Sprintf("Cannot import: %s.%s", withoutStop(err), nextStep(err)))
		return
	}
	for name, value := range map[string]any{
		"id": p.Ref.String(), "principal_type": string(p.Type), "principal_id": p.ID, "principal_name": p.Name,
		"external_id": p.ExternalID, "active": p.Active, attributeAccountID: r.session.account.AccountID(),
	} {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(name), value)...)
	}
	resp.Diagnostics.Append(setPrincipalIdentity(ctx, resp.Identity, r.session.account.AccountID(), p.Ref)...)
	resp.Diagnostics.Append(r.session.rememberAccount(ctx, resp.Private)...)
	resp.Diagnostics.Append(remember(ctx, resp.Private, keyApplied, p.ExternalID)...)
}

// importedByExternalID finds the principal of an import id in the listing.
func (r *resolvedPrincipalResource) importedByExternalID(ctx context.Context, id string) (audit.Principal, error) {
	kind, externalID, ok := parseExternalImport(id)
	if !ok {
		return audit.Principal{}, fmt.Errorf("%q is no import id of a resolved principal: write user/external/<external id>, "+
			"group/external/<external id> or service_principal/external/<external id>", id)
	}
	holders, err := r.session.account.Holders(ctx, externalID, audit.Ref{})
	if err != nil {
		return audit.Principal{}, err
	}
	var found []audit.Principal
	for _, p := range holders {
		if string(p.Type) == kind {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 0:
		return audit.Principal{}, fmt.Errorf("the account has no %s with the externalId %q; create the resource to have it resolved", kind, externalID)
	case 1:
		return found[0], nil
	}
	return audit.Principal{}, fmt.Errorf("the externalId %q belongs to %s and %s: repair that first, or import by identity, which has the internal id",
		externalID, found[0].Ref, found[1].Ref)
}

// parseExternalImport reads "user/external/<external id>" and its like; the
// externalId is everything behind the second slash.
func parseExternalImport(id string) (kind, externalID string, ok bool) {
	kind, rest, _ := strings.Cut(id, "/")
	word, externalID, _ := strings.Cut(rest, "/")
	if !slices.Contains(principalTypeNames(), kind) || word != "external" || externalID == "" {
		return "", "", false
	}
	return kind, externalID, true
}
