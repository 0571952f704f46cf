// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
)

// keepLinkedElsewhere puts the prior state back where the configuration is what it was
// and someone else has given the principal another externalId: resolving once more
// would make another principal.
func keepLinkedElsewhere(ctx context.Context, p *planning[*resolvedPrincipalModel]) {
	if !p.exists || p.plan.ExternalID.IsUnknown() {
		return
	}
	applied, known, found := remembered(ctx, p.private, keyApplied)
	p.diags().Append(found...)
	wanted, present := p.plan.ExternalID.ValueString(), p.state.ExternalID.ValueString()
	if p.diags().HasError() || !p.plan.PrincipalType.Equal(p.state.PrincipalType) || audit.SameExternalID(wanted, present) ||
		!known || !audit.SameExternalID(applied, wanted) {
		return
	}
	p.diags().AddAttributeWarning(path.Root("external_id"), "External ID Written by Someone Else", fmt.Sprintf("%s was resolved for the external id %q, and "+
		"the account now holds %q for it. Nothing is changed: resolving %[2]q again would make another principal. To link this one again, use dbxidentity_external_id; "+
		"to resolve the identity anyway, replace the instance (-replace).",
		principalTitle(audit.Principal{Ref: p.state.ref(), Name: p.state.PrincipalName.ValueString()}), applied, present))
	p.set(ctx, "external_id", p.state.ExternalID)
}

// lookForTwins refuses to resolve an identity that the account knows by its name, but
// not by its id: Databricks would make a second principal of that name, which is
// the divergence that this provider is there to repair.
func (r *resolvedPrincipalResource) lookForTwins(ctx context.Context, plan *resolvedPrincipalModel, diags *diag.Diagnostics) {
	ctx, cancel := context.WithTimeout(ctx, defaultWriteTimeout)
	defer cancel()
	externalID, kind := plan.ExternalID.ValueString(), plan.kind()
	holders, err := r.session.account.Holders(ctx, externalID, audit.Ref{})
	if err == nil && slices.ContainsFunc(holders, func(p audit.Principal) bool { return p.Type == kind }) {
		return // It is there: nothing will be made.
	}
	found := r.session.lookUpIdentity(ctx, kind, externalID)
	warnIdentity(diags, r.session.settings.idp.kind, plan, found)
	why := found.Unknown
	if why == "" && err == nil {
		var named []audit.Principal
		if named, err = r.session.account.Named(ctx, kind, found.Names); err == nil {
			named = slices.DeleteFunc(named, func(p audit.Principal) bool { return r.session.renames(p) })
			reportTwins(diags, plan, found, named)
			return
		}
	}
	if why == "" {
		why = err.Error()
	}
	diags.AddAttributeWarning(path.Root("external_id"), "Second Principal Not Ruled Out", fmt.Sprintf("If the account already has a %s of the same name without the "+
		"external id %q, resolving it makes another principal of that name. Whether it has one could not be looked up: %s. Look for the name in the account first; "+
		"what is there already is linked with dbxidentity_external_id.", inWords(kind), externalID, strings.TrimSuffix(why, ".")))
}

// warnIdentity says what the apply will run into.
func warnIdentity(diags *diag.Diagnostics, source string, plan *resolvedPrincipalModel, found idp.Found) {
	at, externalID := path.Root("external_id"), plan.ExternalID.ValueString()
	switch id := found.Identity; {
	case found.Unknown != "":
	case id == nil:
		diags.AddAttributeWarning(at, "Identity Not Found", fmt.Sprintf("The identity provider (%s) has no identity with the id %q, so Databricks will probably not "+
			"resolve it.", source, externalID))
	case id.Type != plan.kind():
		diags.AddAttributeWarning(at, "Identity of Another Type", fmt.Sprintf("In the identity provider (%s), %q is the id of a %s (%s), and principal_type is %q.",
			source, externalID, inWords(id.Type), id.DisplayName, plan.kind()))
	case id.Enabled != nil && !*id.Enabled:
		diags.AddAttributeWarning(at, "Identity Is Disabled", fmt.Sprintf("The identity %q is disabled in the identity provider (%s): the principal will be there, "+
			"but it cannot sign in.", externalID, source))
	}
}

// reportTwins reports principals that have a name of the identity and not its id. Two
// service principals with different application ids are two applications, whatever
// they are called.
func reportTwins(diags *diag.Diagnostics, plan *resolvedPrincipalModel, found idp.Found, named []audit.Principal) {
	at, externalID := path.Root("external_id"), plan.ExternalID.ValueString()
	for _, p := range named {
		if !write.IsTwin(p, found.Names) {
			diags.AddAttributeWarning(at, "Service Principal with the Same Name", fmt.Sprintf("The account already has %s with the name %q and another application id. "+
				"Resolving %q makes another service principal of the same name.", principalTitle(p), p.DisplayName, externalID))
			continue
		}
		addTwin(diags, "Plan", plan, p)
	}
}

// addTwin refuses to make a second principal of the name of one that is there.
func addTwin(diags *diag.Diagnostics, verb string, plan *resolvedPrincipalModel, p audit.Principal) {
	externalID := plan.ExternalID.ValueString()
	diags.AddAttributeError(path.Root("external_id"), fmt.Sprintf("Refusing to %s %s", verb, thingResolvedPrincipal), fmt.Sprintf("The account already has %s, with %s. Resolving %q would make another "+
		"%s of the same name. If it is the same identity, link it instead:\n\n"+
		"resource \"dbxidentity_external_id\" \"this\" {\n  principal_type               = %q\n  principal_id                 = %q\n"+
		"  external_id                  = %q\n  expected_current_external_id = %q\n}\n\nOtherwise rename or remove one of the two first.",
		principalTitle(p), externalIDInWords(p.ExternalID), externalID, inWords(p.Type), p.Type, p.ID, externalID, p.ExternalID))
}

func externalIDInWords(externalID string) string {
	if externalID == "" {
		return "no externalId"
	}
	return fmt.Sprintf("the externalId %q", externalID)
}
