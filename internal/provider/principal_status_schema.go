// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/boolvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/boolplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

type principalStatusModel struct {
	timedModel
	PrincipalType   types.String `tfsdk:"principal_type"`
	PrincipalID     types.String `tfsdk:"principal_id"`
	PrincipalName   types.String `tfsdk:"principal_name"`
	Active          types.Bool   `tfsdk:"active"`
	AllowPrivileged types.Bool   `tfsdk:"allow_privileged"`
	PreviousActive  types.Bool   `tfsdk:"previous_active"`
	OnDestroy       types.String `tfsdk:"on_destroy"`
}

func (m *principalStatusModel) ref() audit.Ref {
	return audit.Ref{Type: audit.PrincipalType(m.PrincipalType.ValueString()), ID: m.PrincipalID.ValueString()}
}

func (m *principalStatusModel) principal() audit.Principal {
	return audit.Principal{Ref: m.ref(), Name: m.PrincipalName.ValueString()}
}

func (m *principalStatusModel) request() write.ActiveRequest {
	return write.ActiveRequest{Ref: m.ref(), AllowPrivileged: m.AllowPrivileged.ValueBool()}
}

func (r *principalStatusResource) schema(ctx context.Context) schema.Schema {
	replace := []planmodifier.String{stringplanmodifier.RequiresReplace()}
	return schema.Schema{
		MarkdownDescription: "That one user or service principal is deactivated. Create re-reads the principal, writes one PATCH and reads it back; one that is " +
			"inactive already is not written. Deleting is never done: what the principal owns stays, with its permissions." +
			"\n\n~> **Warning:** A deactivated user cannot log in, their tokens are refused, and scheduled jobs that run as them fail. Look for these first: " +
			"[people who join and leave](../guides/people). Take the users from `deactivations`, which holds back what is not safe, rather than from a list. " +
			"Refused, in the plan where it can be known there: the identity that the provider logs in as, the last account admin, and principals that are privileged " +
			"or whose privileges could not be read, unless `allow_privileged` is set.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed: true, PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
				MarkdownDescription: "`user/<id>` or `service_principal/<id>`.",
			},
			"principal_type": schema.StringAttribute{
				Required: true, PlanModifiers: replace, MarkdownDescription: "`user` or `service_principal`. A change replaces the instance.",
				Validators: []validator.String{stringvalidator.OneOf(string(audit.TypeUser), string(audit.TypeServicePrincipal))},
			},
			"principal_id": schema.StringAttribute{
				Required: true, PlanModifiers: replace, Validators: []validator.String{principalIDValidator()},
				MarkdownDescription: "Internal Databricks id of the principal. A change replaces the instance.",
			},
			"principal_name": labelAttribute("User name or application id"),
			"active": schema.BoolAttribute{
				Required: true, Validators: []validator.Bool{boolvalidator.Equals(false)},
				MarkdownDescription: "Must be `false`. Someone who was made active again is drift, and is deactivated by the next apply, unless a guard speaks against it.",
			},
			"allow_privileged": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Allows the deactivation of a principal that is privileged, or whose privileges could not be read: account roles, ADMIN of a workspace, " +
					"ownership of a metastore, or a role on a group or service principal with such privileges; directly or through groups. Default: false.",
			},
			"previous_active": schema.BoolAttribute{
				Computed: true, PlanModifiers: []planmodifier.Bool{boolplanmodifier.UseStateForUnknown()},
				MarkdownDescription: "`true` once this instance has deactivated the principal, `false` where it was found inactive, null after an import.",
			},
			"on_destroy": onDestroyAttribute("leaves the principal inactive; `restore` makes it active again, if this instance deactivated it, and the configured identity provider has it, " +
				"enabled, at that moment. Who has left stays inactive, with a warning. A destroy is never blocked by it."),
			"timeouts": writeTimeouts(ctx, timeouts.Opts{Create: true, Read: true, Update: true, Delete: true}),
		},
	}
}

func (r *principalStatusResource) identitySchema() identityschema.Schema {
	return principalIdentitySchema()
}
