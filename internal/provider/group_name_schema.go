// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

type groupNameModel struct {
	timedModel
	GroupID             types.String `tfsdk:"group_id"`
	Name                types.String `tfsdk:"name"`
	ExpectedCurrentName types.String `tfsdk:"expected_current_name"`
	AllowPrivileged     types.Bool   `tfsdk:"allow_privileged"`
	PreviousName        types.String `tfsdk:"previous_name"`
	OnDestroy           types.String `tfsdk:"on_destroy"`
}

func (m *groupNameModel) ref() audit.Ref {
	return audit.Ref{Type: audit.TypeGroup, ID: m.GroupID.ValueString()}
}

func (m *groupNameModel) principal() audit.Principal {
	return audit.Principal{Ref: m.ref(), Name: m.Name.ValueString()}
}

func (r *groupNameResource) schema(ctx context.Context) schema.Schema {
	replace := []planmodifier.String{stringplanmodifier.RequiresReplace()}
	keepState := []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
	return schema.Schema{
		MarkdownDescription: "The name of one account group that Databricks manages. Create re-reads the group, refuses to replace a name that was not reviewed, " +
			"writes one PATCH and reads it back until two readings agree. Destroy keeps the name unless `on_destroy` is `restore`." +
			"\n\n~> **Warning:** Grants, row filters and code that name the group do not find it under its new name, and find a later group of the old name. Look for these first: " +
			"[people who join and leave](../guides/people). The plan names views and functions that ask for the group, if `dbxidentity_aim_readiness` has read them in the same run " +
			"(`sql_definitions` there, and that data source in `depends_on` here). Refused, in the plan where it can be known there: groups of the identity provider and of Databricks itself, " +
			"a name that another group has in any case, and groups that are privileged or whose privileges could not be read, unless `allow_privileged` is set.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{Computed: true, PlanModifiers: keepState, MarkdownDescription: "`group/<id>`."},
			"group_id": schema.StringAttribute{
				Required: true, PlanModifiers: replace, Validators: []validator.String{principalIDValidator()},
				MarkdownDescription: "Internal Databricks id of the group. A change replaces the instance.",
			},
			"name": schema.StringAttribute{
				Required: true, Validators: []validator.String{groupNameValidator{}},
				MarkdownDescription: "The name of the group, at most 255 characters.",
			},
			"expected_current_name": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "The name that may be replaced: what the group was called when the change was reviewed (`current_name` of a rename). Without it, only the name that " +
					"this instance applied last is replaced. A name that someone else has given the group since is kept, with a warning; a new `name` is refused while the group has it.",
			},
			"allow_privileged": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Allows a group that is privileged, or whose privileges could not be read: account roles, ADMIN of a workspace, ownership of a metastore, or a " +
					"role on a group or service principal with such privileges; directly or through groups above it. Default: false.",
			},
			"previous_name": schema.StringAttribute{
				Computed: true, PlanModifiers: keepState,
				MarkdownDescription: "The name that this instance's first write replaced; null while it has written nothing.",
			},
			"on_destroy": onDestroyAttribute("leaves the name; `restore` writes back `previous_name`, if the group still has our name and the one before is free. A destroy is never blocked by it."),
			"timeouts":   writeTimeouts(ctx, timeouts.Opts{Create: true, Read: true, Update: true, Delete: true}),
		},
	}
}

// groupNameIdentity names the remote fact for import by identity.
type groupNameIdentity struct {
	AccountID types.String `tfsdk:"account_id"`
	GroupID   types.String `tfsdk:"group_id"`
}

func (r *groupNameResource) identitySchema() identityschema.Schema {
	return identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"account_id": identityschema.StringAttribute{OptionalForImport: true, Description: "Databricks account id; default: the provider's."},
		"group_id":   identityschema.StringAttribute{RequiredForImport: true, Description: "Internal Databricks id of the group."},
	}}
}
