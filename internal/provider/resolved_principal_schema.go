// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/boolplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

type resolvedPrincipalModel struct {
	timedModel
	PrincipalType types.String `tfsdk:"principal_type"`
	ExternalID    types.String `tfsdk:"external_id"`
	PrincipalID   types.String `tfsdk:"principal_id"`
	PrincipalName types.String `tfsdk:"principal_name"`
	Active        types.Bool   `tfsdk:"active"`
}

func (m resolvedPrincipalModel) kind() audit.PrincipalType {
	return audit.PrincipalType(m.PrincipalType.ValueString())
}

func (m resolvedPrincipalModel) ref() audit.Ref {
	return audit.Ref{Type: m.kind(), ID: m.PrincipalID.ValueString()}
}

// take brings what the account holds into the model. Another spelling of the
// same id is no difference; another id is, and replaces the instance.
// wanted is what is to be resolved, in words.
func (m *resolvedPrincipalModel) wanted() string {
	return fmt.Sprintf("the %s with the external id %s", m.kind(), m.ExternalID.ValueString())
}

func (m *resolvedPrincipalModel) take(p audit.Principal) {
	m.ID, m.PrincipalID, m.PrincipalName = types.StringValue(p.Ref.String()), types.StringValue(p.ID), types.StringValue(p.Name)
	m.Active = types.BoolPointerValue(p.Active)
	if !audit.SameExternalID(m.ExternalID.ValueString(), p.ExternalID) {
		m.ExternalID = types.StringValue(p.ExternalID)
	}
}

// otherExternalID tells another id from another spelling of the same, and from the one
// that the instance was resolved for, which someone else has changed in the account.
func otherExternalID(ctx context.Context, req planmodifier.StringRequest, resp *stringplanmodifier.RequiresReplaceIfFuncResponse) {
	applied, known, diags := remembered(ctx, req.Private, keyApplied)
	resp.Diagnostics.Append(diags...)
	wanted := req.PlanValue.ValueString()
	resp.RequiresReplace = !audit.SameExternalID(req.StateValue.ValueString(), wanted) && !(known && audit.SameExternalID(applied, wanted))
}

func (r *resolvedPrincipalResource) schema(ctx context.Context) schema.Schema {
	replace := []planmodifier.String{stringplanmodifier.RequiresReplace()}
	keepState := []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
	return schema.Schema{
		MarkdownDescription: "An identity of the identity provider that exists in the account: a user, group or service principal that can be given " +
			"Unity Catalog grants, workspace assignments and memberships before it ever signed in. Create asks Databricks to resolve the external id, " +
			"which provisions the identity if it is not there; it needs automatic identity management (AIM). Read looks at the principal by its " +
			"internal id and never resolves again. Destroy keeps the principal." +
			"\n\n~> **Warning:** Creating this resource adds a principal to the account, and nothing here removes it. Resolving a group also refreshes " +
			"its name, and a new principal gets the memberships that the identity provider has for it." +
			"\n\nThe plan refuses to resolve an identity whose name the account has already without its id, because Databricks would make a second principal " +
			"of that name; `dbxidentity_external_id` links the one that is there. It asks the configured `idp` for the names (`entra`, `okta` or `file`), and warns " +
			"where it cannot. A disabled identity is warned of." +
			"\n\n-> **Note:** If someone else changes the principal's externalId, the plan warns and keeps the instance as it is. If the principal is deleted, the plan creates it, or warns where that would be refused." +
			"\n\nThe import id is `<principal_type>/external/<external id>`, for example `user/external/3561efdc-b86d-4c51-81f0-972c874f3721`: it finds the " +
			"principal that holds the id, and resolves nothing. An import by identity has the internal id instead.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed: true, PlanModifiers: keepState,
				MarkdownDescription: "`user/<id>`, `group/<id>` or `service_principal/<id>`.",
			},
			"principal_type": schema.StringAttribute{
				Required: true, PlanModifiers: replace, Validators: []validator.String{stringvalidator.OneOf(principalTypeNames()...)},
				MarkdownDescription: "`user`, `group` or `service_principal`. A change replaces the instance.",
			},
			"external_id": schema.StringAttribute{
				Required: true, Validators: []validator.String{externalIDValidator{}},
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplaceIf(otherExternalID,
					"Another id replaces the instance.", "Another id replaces the instance.")},
				MarkdownDescription: "Id of the identity in the identity provider (Entra: the object id, of a service principal that of the enterprise " +
					"application; Okta: the user or group id). Another id replaces the instance.",
			},
			"principal_id": schema.StringAttribute{
				Computed: true, PlanModifiers: keepState,
				MarkdownDescription: "Internal Databricks id, as permission assignments and memberships want it.",
			},
			"principal_name": schema.StringAttribute{
				Computed: true, PlanModifiers: keepState,
				MarkdownDescription: "User name, group name or application id, as last read: what Unity Catalog grants want.",
			},
			"active": schema.BoolAttribute{
				Computed: true, PlanModifiers: []planmodifier.Bool{boolplanmodifier.UseStateForUnknown()},
				MarkdownDescription: "Whether the principal is active, as last read; null for groups, and where the account does not say.",
			},
			"timeouts": writeTimeouts(ctx, timeouts.Opts{Create: true, Read: true}),
		},
	}
}

func (r *resolvedPrincipalResource) identitySchema() identityschema.Schema {
	return principalIdentitySchema()
}
