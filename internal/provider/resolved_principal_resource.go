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
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// thingResolvedPrincipal is what summaries of diagnostics call this resource.
const thingResolvedPrincipal = "Resolved Principal"

// resolvedPrincipalResource is one remote fact: an identity of the IdP exists in
// the account. Only create asks for that; read looks at what came of it. A destroy
// keeps the principal: others may use it by now, and Databricks would provision it
// again at its next sign-in.
type resolvedPrincipalResource struct {
	kindBase[*resolvedPrincipalModel]
}

func newResolvedPrincipalResource() resource.Resource {
	return newImportable[resolvedPrincipalModel](&resolvedPrincipalResource{})
}

func (r *resolvedPrincipalResource) names() resourceNames {
	return resourceNames{typeName: "resolved_principal", thing: thingResolvedPrincipal}
}

// fact is unknown before the identity was resolved.
func (r *resolvedPrincipalResource) fact(*resolvedPrincipalModel) string { return "" }

func (r *resolvedPrincipalResource) identity(m *resolvedPrincipalModel) any {
	return r.session.principalIdentity(m.ref())
}

// validate refuses ids that no identity has.
func (r *resolvedPrincipalResource) validate(_ context.Context, config *resolvedPrincipalModel, diags *diag.Diagnostics) {
	if config.PrincipalType.IsUnknown() || config.ExternalID.IsUnknown() || config.ExternalID.IsNull() {
		return
	}
	value := config.ExternalID.ValueString()
	if value != "" && audit.ValidateExternalID(audit.TypeUser, value) != nil {
		return // The validator of the attribute has refused it.
	}
	if err := audit.ValidateExternalID(config.kind(), value); err != nil {
		diags.AddAttributeError(path.Root("external_id"), "Invalid External ID", fmt.Sprintf("No identity can be resolved by it: %s.", err))
	}
}

// modifyPlan refuses what the provider block alone can decide, and to make a second
// principal of one identity. No API reports whether automatic identity management is on,
// so otherwise the apply finds out.
func (r *resolvedPrincipalResource) modifyPlan(ctx context.Context, p *planning[*resolvedPrincipalModel]) {
	keepLinkedElsewhere(ctx, p)
	if !p.exists && !p.diags().HasError() { // So is a replacement planned.
		r.refuseCreate(ctx, p.plan, p.diags())
	}
}

// refuseCreate reports what speaks against resolving an identity.
func (r *resolvedPrincipalResource) refuseCreate(ctx context.Context, plan *resolvedPrincipalModel, diags *diag.Diagnostics) {
	switch {
	case r.session.settings.aim == audit.AIMOff:
		diags.AddError("Refusing to Plan "+thingResolvedPrincipal, aimOffText+" The provider says automatic_identity_management = \"off\".")
	case !plan.PrincipalType.IsUnknown() && !plan.ExternalID.IsUnknown():
		r.lookForTwins(ctx, plan, diags)
	}
}

// planDestroy says that a destroy deletes no one.
func (r *resolvedPrincipalResource) planDestroy(ctx context.Context, state *resolvedPrincipalModel, _ privateReader, diags *diag.Diagnostics) {
	if r.session.isGone(ctx, state.ref()) {
		return
	}
	r.session.warnOfDestroy(staysInAccount, fmt.Sprintf("%s (%s) stays in the account, with everything that it may do, when this instance is destroyed: nothing that was resolved is deleted.",
		state.ref(), state.PrincipalName.ValueString()), diags)
}

const aimOffText = "Databricks provisions identities of the identity provider only where automatic identity management (AIM) is on. " +
	"Without it, users, groups and service principals come from SCIM provisioning or are made in the account, and their " +
	"externalId is set with dbxidentity_external_id."

func (r *resolvedPrincipalResource) create(ctx context.Context, plan *resolvedPrincipalModel, private privateWriter, diags *diag.Diagnostics) {
	ask := write.ResolveRequest{Type: plan.kind(), ExternalID: plan.ExternalID.ValueString()}
	ask.Names = r.session.lookUpIdentity(ctx, ask.Type, ask.ExternalID).Names // The plan has asked.
	result, err := r.session.account.Resolve(ctx, ask)
	warnUnchecked(diags, thingResolvedPrincipal, plan.wanted(), result.Unchecked)
	if err != nil { // The next create finds what this one made.
		addResolveError(diags, plan, err)
		return
	}
	plan.take(result.Principal)
	diags.Append(remember(ctx, private, keyApplied, plan.ExternalID.ValueString())...)
}

// addResolveError says what an identity that could not be resolved means.
func addResolveError(diags *diag.Diagnostics, plan *resolvedPrincipalModel, err error) {
	var (
		unconfirmed *write.UnconfirmedError
		twin        *write.TwinError
	)
	what := plan.wanted()
	err = addBroken(diags, thingResolvedPrincipal, err)
	switch {
	case err == nil: // That was all.
	case addNotSent(diags, "Refusing to Create "+thingResolvedPrincipal, what+" was not resolved", err):
	case errors.As(err, &twin):
		addTwin(diags, "Create", plan, twin.Twin)
	case errors.Is(err, write.ErrAIMOff):
		diags.AddError("Automatic Identity Management Is Off", fmt.Sprintf("The account did not resolve %s. %s\n\n%s.", what, aimOffText, withoutStop(err)))
	case errors.Is(err, write.ErrNotInIDP):
		diags.AddAttributeError(path.Root("external_id"), "Identity Not Found", fmt.Sprintf("The identity provider of the account has no such identity: %s. "+
			"Check principal_type and external_id (Entra: the object id, of a service principal that of the enterprise application, not of the app registration; "+
			"Okta: the user or group id).\n\n%s.", what, withoutStop(err)))
	case errors.As(err, &unconfirmed):
		diags.AddError("Unable to Confirm "+thingResolvedPrincipal, withoutStop(err)+"."+nextStep(err))
	default:
		diags.AddError("Unable to Create "+thingResolvedPrincipal, fmt.Sprintf("Failed while %s.%s", withoutStop(err), nextStep(err)))
	}
}

func (r *resolvedPrincipalResource) read(ctx context.Context, state *resolvedPrincipalModel, _ privateStore, diags *diag.Diagnostics) readOutcome {
	p, err := r.session.account.KnownHolding(ctx, state.ref(), state.ExternalID.ValueString())
	switch {
	case errors.Is(err, api.ErrNotFound):
		var refused diag.Diagnostics
		if r.refuseCreate(ctx, state, &refused); !refused.HasError() {
			return vanished
		}
		warnStays(diags, thingResolvedPrincipal, state.ID.ValueString(), fmt.Sprintf("%s does not exist in the account any more, and "+
			"resolving %q again would be refused: %s", principalTitle(audit.Principal{Ref: state.ref(), Name: state.PrincipalName.ValueString()}),
			state.ExternalID.ValueString(), refused.Errors()[0].Detail()))
		return unchanged
	case err != nil:
		addReadError(diags, thingResolvedPrincipal, "reading "+state.ref().String(), err)
		return unchanged
	}
	state.take(p)
	return refreshed
}

// update is for timeouts and the spelling of the id; everything else replaces.
func (r *resolvedPrincipalResource) update(_ context.Context, u updating[*resolvedPrincipalModel], _ *diag.Diagnostics) bool {
	timeouts, externalID := u.plan.Timeouts, u.plan.ExternalID
	*u.plan = *u.state
	u.plan.Timeouts, u.plan.ExternalID = timeouts, externalID
	return true
}

// imported takes "user/external/<external id>" or the identity, which has the
// internal id. It looks the principal up and resolves nothing.
func (r *resolvedPrincipalResource) imported(
	ctx context.Context, req resource.ImportStateRequest, m *resolvedPrincipalModel, private privateWriter, diags *diag.Diagnostics,
) {
	var (
		p   audit.Principal
		ref audit.Ref
		err error
	)
	if req.ID != "" {
		p, err = r.importedByExternalID(ctx, req.ID)
	} else if ref, err = importedRef(ctx, req, r.session.account.AccountID(), diags); err == nil && !diags.HasError() {
		p, err = r.session.account.Principal(ctx, ref)
	}
	if diags.HasError() {
		return
	}
	if err == nil && p.ExternalID == "" {
		err = fmt.Errorf("%s has no externalId, so no identity provider knows it", p.Ref)
	}
	if err != nil {
		diags.AddError("Unable to Import "+thingResolvedPrincipal, fmt.Sprintf("Cannot import: %s.%s", withoutStop(err), nextStep(err)))
		return
	}
	m.PrincipalType, m.ExternalID = types.StringValue(string(p.Type)), types.StringValue(p.ExternalID)
	m.take(p)
	diags.Append(remember(ctx, private, keyApplied, p.ExternalID)...)
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
