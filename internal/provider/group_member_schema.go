// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/boolplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
)

// onDestroyRemove takes a membership away with its instance, no matter who made it.
const onDestroyRemove = "remove"

type groupMemberModel struct {
	memberModel
	AllowPrivileged types.Bool `tfsdk:"allow_privileged"`
	Added           types.Bool `tfsdk:"added"`
}

func (m *groupMemberModel) request() write.MemberRequest {
	req := m.memberModel.request()
	req.AllowPrivileged = m.AllowPrivileged.ValueBool()
	return req
}

// removesOnDestroy reports what a destroy does to the account.
func (m *groupMemberModel) removesOnDestroy() bool {
	switch m.OnDestroy.ValueString() {
	case onDestroyKeep:
		return false
	case onDestroyRemove:
		return true
	default:
		return m.Added.ValueBool()
	}
}

func (r *groupMemberResource) schema(ctx context.Context) schema.Schema {
	attributes := membershipAttributes(ctx, membershipPrefix)
	attributes["allow_privileged"] = schema.BoolAttribute{
		Optional: true,
		MarkdownDescription: "Allows the addition to a group that is privileged, or whose privileges could not be read: account roles, ADMIN of a workspace, " +
			"ownership of a metastore, or a role on such a group or service principal; directly or through groups above it. Looked at when the member is added. Default: false.",
	}
	attributes["allow_self_removal"] = schema.BoolAttribute{
		Optional: true,
		MarkdownDescription: "Allows a destroy to remove the identity that the provider logs in as, or a group that holds it. It must be applied before. " +
			"The last account admin is never removed. Default: false.",
	}
	attributes["on_destroy"] = schema.StringAttribute{
		Optional: true, Validators: []validator.String{stringvalidator.OneOf(onDestroyKeep, onDestroyRemove)},
		MarkdownDescription: "What destroy does: `keep` leaves the membership, `remove` removes it, no matter who made it. " +
			"Null (the default) removes it only if this instance added it (`added`).",
	}
	attributes["added"] = schema.BoolAttribute{
		Computed: true, PlanModifiers: []planmodifier.Bool{boolplanmodifier.UseStateForUnknown()},
		MarkdownDescription: "Whether this instance added the member; false where it was found, and after an import.",
	}
	return schema.Schema{
		MarkdownDescription: "One direct member of one group that is Databricks' own. Create re-reads the group; a member that is there already is not " +
			"written. Else it is added by PATCH (never PUT; several of one group share one request) and read back until two readings agree. " +
			"Destroy removes it only if this instance added it." +
			"\n\n~> **Warning:** Refused, in the plan where it can be known there: groups of the identity provider and of Databricks itself, inactive members, " +
			"nesting that makes a cycle, and privileged groups unless `allow_privileged` is set. Do not manage the members of one group here and " +
			"with a resource that replaces the whole list.",
		Attributes: attributes,
	}
}

func (r *groupMemberResource) identitySchema() identityschema.Schema {
	return membershipIdentitySchema()
}
