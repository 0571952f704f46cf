// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// valueHistory is what an instance remembers of its value: an externalId, or a name. State does not say
// it: a refresh puts there what the account holds, no matter who wrote it.
type valueHistory struct {
	applied *string // last written, found at creation, or imported; nil if not known
	shown   *string // what state showed before a refresh brought another value
}

func readHistory(ctx context.Context, private privateReader) (valueHistory, diag.Diagnostics) {
	var (
		h     valueHistory
		diags diag.Diagnostics
	)
	for key, into := range map[string]**string{keyApplied: &h.applied, keyShown: &h.shown} {
		value, known, some := remembered(ctx, private, key)
		diags.Append(some...)
		if known {
			*into = &value
		}
	}
	return h, diags
}

// replaceable is the value that an update may overwrite, and whether that is the one
// in state: a blank one, the one that the instance applied last, or the one that the
// configuration expects.
func (h valueHistory) replaceable(present, expected types.String) (types.String, bool) {
	for _, value := range []*string{h.applied, expected.ValueStringPointer()} {
		if write.MayOverwrite(present.ValueString(), value) {
			return present, true
		}
	}
	return expected, false
}

// isChanged reports whether the configuration asks for something that it did not ask
// for before. A value that state once showed was there, or accepted, already.
func (h valueHistory) isChanged(wanted, expected, expectedBefore types.String) bool {
	asked := func(v *string) bool { return v != nil && directory.SameShown(*v, wanted.ValueString()) }
	return !expected.Equal(expectedBefore) || !slices.ContainsFunc([]*string{h.applied, h.shown}, asked)
}

// undone reports whether the wanted value was written here before, and the account holds
// another one now.
func (h valueHistory) undone(present, wanted types.String) bool {
	return h.applied != nil && directory.SameShown(*h.applied, wanted.ValueString()) && !directory.SameShown(present.ValueString(), wanted.ValueString())
}

// rememberAccepted records a value that is in the account already, if the configuration
// asks for it: what is planned may be the value that someone else wrote.
func rememberAccepted(ctx context.Context, u updating[*externalIDModel]) diag.Diagnostics {
	var config externalIDModel
	diags := u.config.Get(ctx, &config)
	if !diags.HasError() && config.ExternalID.Equal(u.plan.ExternalID) {
		diags.Append(remember(ctx, u.private, keyApplied, u.plan.ExternalID.ValueString())...)
	}
	return diags
}

// addForeignValue reports a value that someone else wrote: in a new configuration it
// is an error, and otherwise the plan keeps it.
func addForeignValue(diags *diag.Diagnostics, plan, state externalIDModel, h valueHistory, changed bool) {
	present, applied := state.ExternalID.ValueString(), "not recorded"
	if h.applied != nil {
		applied = fmt.Sprintf("%q", *h.applied)
	}
	text := fmt.Sprintf("The account holds the externalId %q for %s. Applied here last was %s, expected is %s, wanted is %q. So someone else has written the value: another "+
		"administrator, SCIM provisioning, automatic identity management or another Terraform configuration. ",
		present, principalTitle(audit.Principal{Ref: state.ref(), Name: state.PrincipalName.ValueString()}), applied,
		quotedOrBlankOnly(plan.ExpectedCurrentExternalID), plan.ExternalID.ValueString())
	const ways = "To keep the value, set external_id = %[1]q (for an entry of dbxidentity_remediation_ledger, put its key into exclude). " +
		"To overwrite it, set expected_current_external_id = %[1]q."
	if changed {
		diags.AddAttributeError(path.Root("external_id"), "Refusing to Plan "+thingExternalID, text+fmt.Sprintf(ways, present))
		return
	}
	diags.AddAttributeWarning(path.Root("external_id"), "External ID Written by Someone Else", text+"It is not overwritten. "+fmt.Sprintf(ways, present))
}

func quotedOrBlankOnly(v types.String) string {
	if v.IsNull() {
		return "a blank one only"
	}
	return quotedOrUnknown(v)
}
