// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// What happens to the remote fact when its instance is destroyed.
const (
	onDestroyKeep    = "keep"
	onDestroyRestore = "restore"
)

type externalIDModel struct {
	timedModel
	PrincipalType             types.String `tfsdk:"principal_type"`
	PrincipalID               types.String `tfsdk:"principal_id"`
	PrincipalName             types.String `tfsdk:"principal_name"`
	ExternalID                types.String `tfsdk:"external_id"`
	ExpectedCurrentExternalID types.String `tfsdk:"expected_current_external_id"`
	AllowUnknownExternalID    types.Bool   `tfsdk:"allow_unknown_external_id"`
	PreviousExternalID        types.String `tfsdk:"previous_external_id"`
	OnDestroy                 types.String `tfsdk:"on_destroy"`
}

func (m externalIDModel) ref() audit.Ref {
	return audit.Ref{Type: audit.PrincipalType(m.PrincipalType.ValueString()), ID: m.PrincipalID.ValueString()}
}

// principal is what the instance knows of it.
func (m externalIDModel) principal() audit.Principal {
	return audit.Principal{Ref: m.ref(), Name: m.PrincipalName.ValueString(), ExternalID: m.ExternalID.ValueString()}
}

// restoreImpossible says why the value before the first write of an instance cannot
// be written back; empty when it can be tried. wrote reports that there was a write.
func restoreImpossible(ref audit.Ref, before string, wrote bool) string {
	switch {
	case !wrote:
		return "this instance wrote nothing, it found the value there"
	case before == "" && ref.Type != audit.TypeGroup:
		return "it was blank before, and the Databricks API clears the externalId of groups only"
	}
	if err := audit.CheckExternalID(ref.Type, before); err != nil {
		return fmt.Sprintf("the value before, %q, cannot be written: %s", before, err)
	}
	return ""
}

// kept says that a destroy left the value in place.
func (r *externalIDResource) kept(m *externalIDModel, reason string, diags *diag.Diagnostics) {
	diags.AddWarning("External ID Kept", fmt.Sprintf("on_destroy is %q, but the externalId of %s stays %q: %s. The value before was %s.",
		onDestroyRestore, m.ref(), m.ExternalID.ValueString(), reason, quotedOrUnknown(m.PreviousExternalID)))
}

func quotedOrUnknown(v types.String) string {
	if v.IsNull() || v.IsUnknown() {
		return "not recorded"
	}
	return fmt.Sprintf("%q", v.ValueString())
}

func (r *externalIDResource) schema(ctx context.Context) schema.Schema {
	replace := []planmodifier.String{stringplanmodifier.RequiresReplace()}
	keepState := []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
	return schema.Schema{
		MarkdownDescription: "The externalId of one user, group or service principal: its link to the identity provider. " +
			"Create re-reads the principal, refuses to overwrite a value that was not reviewed, writes one PATCH and reads it back. " +
			"Destroy keeps the value unless `on_destroy` is `restore`." +
			"\n\n~> **Warning:** The externalId decides who a principal is once automatic identity management is on: anyone who signs in as that " +
			"identity gets the access of the principal. Take it from `external_id_fixes`, which holds back what is not safe, rather than from a list. " +
			"For users and service principals a blank value cannot be brought back. The plan warns where the principal is privileged and no audit of the same plan offers the value.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed: true, PlanModifiers: keepState,
				MarkdownDescription: "`user/<id>`, `group/<id>` or `service_principal/<id>`.",
			},
			"principal_type": schema.StringAttribute{
				Required: true, PlanModifiers: replace, MarkdownDescription: "`user`, `group` or `service_principal`. A change replaces the instance.",
				Validators: []validator.String{stringvalidator.OneOf(principalTypeNames()...)},
			},
			"principal_id": schema.StringAttribute{
				Required: true, PlanModifiers: replace, MarkdownDescription: "Internal Databricks id of the principal. A change replaces the instance.",
				Validators: []validator.String{principalIDValidator()},
			},
			"principal_name": labelAttribute("User name, group name or application id"),
			"external_id": schema.StringAttribute{
				Required: true, Validators: []validator.String{externalIDValidator{}},
				MarkdownDescription: "Id of the IdP object that the principal is linked to, in the spelling of the IdP. " +
					"The empty string clears it, for groups only: the API cannot clear it for users and service principals.",
			},
			"expected_current_external_id": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "The value that may be overwritten: what the account held when the change was reviewed (`current_external_id` of a fix; " +
					"empty for blank). Without it, only a blank value and the one that this instance applied last are overwritten. Any other value that someone " +
					"else has written since is kept, with a warning; a new `external_id` is refused while the account holds it.",
			},
			"allow_unknown_external_id": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether to write a value that the configured identity provider (`idp`) does not have; default false. " +
					"Not needed for a value that an audit of the same plan offers, or for `previous_external_id`.",
			},
			"previous_external_id": schema.StringAttribute{
				Computed: true, PlanModifiers: keepState,
				MarkdownDescription: "The value before this instance's first write. Where the account held the wanted value already, it is " +
					"`expected_current_external_id`, which this instance did not replace; null when it is not known.",
			},
			"on_destroy": onDestroyAttribute("leaves the value in the account; `restore` writes back what the first write of this " +
				"instance replaced, if the account still holds the value of this instance, no other principal has the old one, and the API can clear or set it. If the value was there before, nothing is written back. A destroy is never blocked by it."),
			"timeouts": writeTimeouts(ctx, timeouts.Opts{Create: true, Read: true, Update: true, Delete: true}),
		},
	}
}

// onDestroyAttribute is that of resources that can write back what was before; keeps says
// what keep does, and goes on from there.
func onDestroyAttribute(keeps string) schema.StringAttribute {
	return schema.StringAttribute{
		Optional: true, Computed: true, Default: stringdefault.StaticString(onDestroyKeep),
		Validators:          []validator.String{stringvalidator.OneOf(onDestroyKeep, onDestroyRestore)},
		MarkdownDescription: "What destroy does: `keep` (the default) " + keeps,
	}
}

// principalIdentity names a remote fact of one principal for import by identity.
type principalIdentity struct {
	AccountID     types.String `tfsdk:"account_id"`
	PrincipalType types.String `tfsdk:"principal_type"`
	PrincipalID   types.String `tfsdk:"principal_id"`
}

func (r *externalIDResource) identitySchema() identityschema.Schema { return principalIdentitySchema() }

func principalIdentitySchema() identityschema.Schema {
	return identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"account_id":     identityschema.StringAttribute{OptionalForImport: true, Description: "Databricks account id; default: the provider's."},
		"principal_type": identityschema.StringAttribute{RequiredForImport: true, Description: "user, group or service_principal."},
		"principal_id":   identityschema.StringAttribute{RequiredForImport: true, Description: "Internal Databricks id of the principal."},
	}}
}

func (s *session) principalIdentity(ref audit.Ref) principalIdentity {
	return principalIdentity{AccountID: s.accountID(), PrincipalType: types.StringValue(string(ref.Type)), PrincipalID: types.StringValue(ref.ID)}
}

// importedRef is the principal that an import names, by id or by identity.
func importedRef(ctx context.Context, req resource.ImportStateRequest, accountID string, diags *diag.Diagnostics) (audit.Ref, error) {
	if req.ID != "" {
		return parseImport(req.ID)
	}
	var identity principalIdentity
	if req.Identity != nil && !req.Identity.Raw.IsNull() {
		diags.Append(req.Identity.Get(ctx, &identity)...)
	}
	checkImportAccount(identity.AccountID, accountID, diags)
	return parseImport(identity.PrincipalType.ValueString() + "/" + identity.PrincipalID.ValueString())
}

// checkImportAccount refuses an identity of another account.
func checkImportAccount(of types.String, accountID string, diags *diag.Diagnostics) {
	if given := of.ValueString(); given != "" && !strings.EqualFold(given, accountID) {
		diags.AddAttributeError(path.Root("account_id"), "Other Account",
			fmt.Sprintf("The identity belongs to account %s, and the provider is configured for account %s.", given, accountID))
	}
}

// importPrincipal looks up the principal that an import names; kinds are the types that
// the resource is for. It is false after an error.
func (s *session) importPrincipal(
	ctx context.Context, req resource.ImportStateRequest, thing string, kinds []audit.PrincipalType, diags *diag.Diagnostics,
) (audit.Principal, bool) {
	ref, err := importedRef(ctx, req, s.account.AccountID(), diags)
	if diags.HasError() {
		return audit.Principal{}, false
	}
	if err == nil && !slices.Contains(kinds, ref.Type) {
		err = fmt.Errorf("%q is a %s, and this resource is for: %s", ref, ref.Type, joined(kinds))
	}
	if err != nil {
		diags.AddError("Invalid Import ID", err.Error()+".")
		return audit.Principal{}, false
	}
	p, err := s.account.Principal(ctx, ref)
	switch {
	case errors.Is(err, api.ErrNotFound):
		diags.AddError(thing+" Not Found", fmt.Sprintf("Cannot import: the account has no %s.", ref))
	case err != nil:
		diags.AddError("Unable to Import "+thing, fmt.Sprintf("Failed while reading %s: %s%s", ref, err, nextStep(err)))
	}
	return p, err == nil
}

func joined(kinds []audit.PrincipalType) string {
	out := make([]string, len(kinds))
	for i, kind := range kinds {
		out[i] = string(kind)
	}
	return strings.Join(out, ", ")
}

var internalID = regexp.MustCompile(`^[0-9]{1,19}$`)

// parseImport reads "user/123" and its like.
func parseImport(text string) (audit.Ref, error) {
	ref, err := audit.ParseRef(text)
	if err == nil && !internalID.MatchString(ref.ID) {
		err = fmt.Errorf("%q names no principal: behind the slash stands the internal Databricks id, a decimal number such as %s/4567890123456, "+
			"not a name, externalId or application id. The data source dbxidentity_principal returns it (principal_id)", text, ref.Type)
	}
	return ref, err
}
