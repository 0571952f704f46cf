// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/boolplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// onDestroyDelete has a destroy remove the rule that the instance added.
const onDestroyDelete = "delete"

type accessRuleModel struct {
	timedModel
	ExternalPrincipalID types.String `tfsdk:"external_principal_id"`
	DisplayName         types.String `tfsdk:"display_name"`
	PrincipalType       types.String `tfsdk:"principal_type"`
	Action              types.String `tfsdk:"action"`
	Added               types.Bool   `tfsdk:"added"`
	OnDestroy           types.String `tfsdk:"on_destroy"`
}

func (r *accessRuleResource) schema(ctx context.Context) schema.Schema {
	keepState := []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
	return schema.Schema{
		MarkdownDescription: "One rule of the account access denylist: an identity of the identity provider that is denied access to the account, with everyone in it, directly or " +
			"through nested groups, if it is a group. Create reads the denylist, adds the rule and reads it back; a rule that is there already is taken over as it is. " +
			"A rule takes effect within 10 minutes, and those who are denied become inactive." +
			"\n\n~> **Warning:** Refused, in the plan where it can be known there: a rule that would deny the identity that the provider logs in as, an account admin, or a group that holds " +
			"one of them, directly or through other groups, in the identity provider or in the account; and any rule of which that is not certain. For a group the `idp` has to be " +
			"`entra`, `okta` or `file`. An account holds 100 rules. The conditions are in [what is refused](../guides/guards)." +
			"\n\n-> **Note:** The API of the denylist is in no public documentation, and not every account has it. Where it answers 404, that is an error, never a rule that is gone." +
			"\n\nThe import id is `rule/<object id in the identity provider>`.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{Computed: true, PlanModifiers: keepState, MarkdownDescription: "`rule/<external_principal_id>`."},
			"external_principal_id": schema.StringAttribute{
				Required: true, PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()}, Validators: []validator.String{externalIDValidator{}, stringvalidator.LengthAtLeast(1)},
				MarkdownDescription: "Id of the user, group or service principal in the identity provider (Entra: the object id, of a service principal that of the enterprise application; " +
					"Okta: the user or group id). A change replaces the instance.",
			},
			"display_name":   schema.StringAttribute{Computed: true, PlanModifiers: keepState, MarkdownDescription: "What the account calls the identity; null where it does not say."},
			"principal_type": schema.StringAttribute{Computed: true, PlanModifiers: keepState, MarkdownDescription: "`user`, `group` or `service_principal`; null where the account does not say."},
			"action":         schema.StringAttribute{Computed: true, PlanModifiers: keepState, MarkdownDescription: "`DENY`, the only one that there is."},
			"added": schema.BoolAttribute{
				Computed: true, PlanModifiers: []planmodifier.Bool{boolplanmodifier.UseStateForUnknown()},
				MarkdownDescription: "Whether this instance added the rule. It is false for a rule that was found or imported.",
			},
			"on_destroy": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(onDestroyKeep),
				Validators: []validator.String{stringvalidator.OneOf(onDestroyKeep, onDestroyDelete)},
				MarkdownDescription: "What destroy does: `keep` (the default) leaves the rule; `delete` removes it, if this instance added it. " +
					"The plan of a destroy says who may enter the account again.",
			},
			"timeouts": writeTimeouts(ctx, timeouts.Opts{Create: true, Read: true, Update: true, Delete: true}),
		},
	}
}

// accessRuleIdentity names the remote fact for import by identity.
type accessRuleIdentity struct {
	AccountID           types.String `tfsdk:"account_id"`
	ExternalPrincipalID types.String `tfsdk:"external_principal_id"`
}

func (r *accessRuleResource) identitySchema() identityschema.Schema {
	return identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"account_id":            identityschema.StringAttribute{OptionalForImport: true, Description: "Databricks account id; default: the provider's."},
		"external_principal_id": identityschema.StringAttribute{RequiredForImport: true, Description: "Id of the denied identity in the identity provider."},
	}}
}
