// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/boolplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
)

type groupMemberRemovalModel struct {
	memberModel
	Removed types.Bool `tfsdk:"removed"`
}

// restoration asks for the member to be put back where it was.
func (m *groupMemberRemovalModel) restoration() write.MemberRequest {
	req := m.request()
	req.Restores = true
	return req
}

// warnNotRestored says that a destroy does not put the member back.
func (m *groupMemberRemovalModel) warnNotRestored(diags *diag.Diagnostics, summary, reason string) {
	diags.AddWarning(summary, fmt.Sprintf("on_destroy is %q, but %s is not put back into group/%s: %s.",
		onDestroyRestore, m.member(), m.GroupID.ValueString(), reason))
}

func (r *groupMemberRemovalResource) schema(ctx context.Context) schema.Schema {
	attributes := membershipAttributes(ctx, removalPrefix)
	attributes["allow_self_removal"] = schema.BoolAttribute{
		Optional: true,
		MarkdownDescription: "Allows the removal of the identity that the provider logs in as, or of a group that holds it. " +
			"The last account admin is never removed. Default: false.",
	}
	attributes["on_destroy"] = onDestroyAttribute("leaves the member out; `restore` puts it back, if this instance removed it (`removed`) " +
		"and the API can: it refuses changes of the members of groups that automatic identity management keeps. A destroy is never blocked by it.")
	attributes["removed"] = schema.BoolAttribute{
		Computed: true, PlanModifiers: []planmodifier.Bool{boolplanmodifier.UseStateForUnknown()},
		MarkdownDescription: "Whether this instance removed the member; false where it was not there, and after an import.",
	}
	return schema.Schema{
		MarkdownDescription: "The absence of one direct member from one group. Create re-reads the group; a member that is not there is not removed again. " +
			"Else it is removed by PATCH (never PUT; several of one group share one request) and read back until two readings agree. " +
			"A member that returns is drift, and is removed again by the next apply. Destroy does nothing unless `on_destroy` is `restore`." +
			"\n\n~> **Warning:** Take the memberships from `member_removals`, which holds back what is not safe, rather than from a list. " +
			"Refused, in the plan where it can be known there: memberships that IAM v2 marks as the identity provider's (take the member out there), " +
			"memberships of linked groups that may be (no IAM v2, and automatic identity management is not declared off), the last account admin, and the provider's own identity unless `allow_self_removal` is set.",
		Attributes: attributes,
	}
}

func (r *groupMemberRemovalResource) identitySchema() identityschema.Schema {
	return membershipIdentitySchema()
}
