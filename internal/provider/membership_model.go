// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// memberModel is what a membership and its absence have in common.
type memberModel struct {
	timedModel
	GroupID          types.String `tfsdk:"group_id"`
	MemberID         types.String `tfsdk:"member_id"`
	GroupName        types.String `tfsdk:"group_name"`
	MemberType       types.String `tfsdk:"member_type"`
	MemberName       types.String `tfsdk:"member_name"`
	AllowSelfRemoval types.Bool   `tfsdk:"allow_self_removal"`
	OnDestroy        types.String `tfsdk:"on_destroy"`
}

func (m *memberModel) member() audit.Ref {
	return audit.Ref{Type: audit.PrincipalType(m.MemberType.ValueString()), ID: m.MemberID.ValueString()}
}

// isKnown reports whether the plan says which membership is meant.
func (m *memberModel) isKnown() bool { return !m.GroupID.IsUnknown() && !m.MemberID.IsUnknown() }

// fact is the id of the instance; "" while it is not known.
func (m *memberModel) fact(prefix string) string {
	if !m.isKnown() {
		return ""
	}
	return membershipID(prefix, m.GroupID.ValueString(), m.MemberID.ValueString())
}

func (m *memberModel) isSame(o *memberModel) bool {
	return m.GroupID.Equal(o.GroupID) && m.MemberID.Equal(o.MemberID)
}

// request asks for the membership; the type of the member is known from state only.
func (m *memberModel) request() write.MemberRequest {
	return write.MemberRequest{
		GroupID: m.GroupID.ValueString(), MemberID: m.MemberID.ValueString(), MemberType: audit.PrincipalType(m.MemberType.ValueString()),
		AllowSelfRemoval: m.AllowSelfRemoval.ValueBool(),
	}
}

// fill takes what was read. Where a member is deleted, what was known of it stays.
func (m *memberModel) fill(group, member audit.Principal) {
	m.GroupName = types.StringValue(group.Name)
	m.MemberType = types.StringValue(string(member.Type))
	if member.Name != "" {
		m.MemberName = types.StringValue(member.Name)
	}
}

// keep takes the computed values of the prior state.
func (m *memberModel) keep(state *memberModel) {
	m.GroupName, m.MemberType, m.MemberName = state.GroupName, state.MemberType, state.MemberName
}

var membershipLabels = []string{"group_name", "member_name"}

// What the ids of memberships and of removals begin with.
const (
	membershipPrefix = "group"
	removalPrefix    = "removal"
)

func membershipID(prefix, group, member string) string {
	return prefix + "/" + group + "/member/" + member
}

// membershipAttributes are the attributes in common, but for those whose meaning
// differs.
func membershipAttributes(ctx context.Context, prefix string) map[string]schema.Attribute {
	replace := []planmodifier.String{stringplanmodifier.RequiresReplace()}
	keepState := []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
	id := []validator.String{principalIDValidator()}
	return map[string]schema.Attribute{
		"id": schema.StringAttribute{
			Computed: true, PlanModifiers: keepState, MarkdownDescription: "`" + membershipID(prefix, "<group id>", "<member id>") + "`.",
		},
		"group_id": schema.StringAttribute{
			Required: true, PlanModifiers: replace, Validators: id,
			MarkdownDescription: "Internal Databricks id of the group. A change replaces the instance.",
		},
		"member_id": schema.StringAttribute{
			Required: true, PlanModifiers: replace, Validators: id,
			MarkdownDescription: "Internal Databricks id of the user, group or service principal. A change replaces the instance.",
		},
		"group_name":  labelAttribute("Name of the group"),
		"member_type": schema.StringAttribute{Computed: true, PlanModifiers: keepState, MarkdownDescription: "`user`, `group` or `service_principal`."},
		"member_name": schema.StringAttribute{
			Optional: true, Computed: true, PlanModifiers: keepState,
			MarkdownDescription: "User name, group name or application id of the member, as last read; or a label, as `group_name`, which no create compares.",
		},
		"timeouts": writeTimeouts(ctx, timeouts.Opts{Create: true, Read: true, Delete: true}),
	}
}

// membershipIdentity names the remote fact for import by identity.
type membershipIdentity struct {
	AccountID types.String `tfsdk:"account_id"`
	GroupID   types.String `tfsdk:"group_id"`
	MemberID  types.String `tfsdk:"member_id"`
}

func membershipIdentitySchema() identityschema.Schema {
	return identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"account_id": identityschema.StringAttribute{OptionalForImport: true, Description: "Databricks account id; default: the provider's."},
		"group_id":   identityschema.StringAttribute{RequiredForImport: true, Description: "Internal Databricks id of the group."},
		"member_id":  identityschema.StringAttribute{RequiredForImport: true, Description: "Internal Databricks id of the member."},
	}}
}

func (s *session) membershipIdentity(m *memberModel) membershipIdentity {
	return membershipIdentity{AccountID: s.accountID(), GroupID: m.GroupID, MemberID: m.MemberID}
}

var membershipIDs = regexp.MustCompile(`^([a-z]+)/([0-9]{1,19})/member/([0-9]{1,19})$`)

// importedMembership takes the membership that an import names, by id or by identity,
// into the model.
func importedMembership(ctx context.Context, req resource.ImportStateRequest, prefix, accountID string, m *memberModel, diags *diag.Diagnostics) {
	var identity membershipIdentity
	if req.ID == "" && req.Identity != nil && !req.Identity.Raw.IsNull() {
		diags.Append(req.Identity.Get(ctx, &identity)...)
	}
	checkImportAccount(identity.AccountID, accountID, diags)
	id := req.ID
	if id == "" {
		id = membershipID(prefix, identity.GroupID.ValueString(), identity.MemberID.ValueString())
	}
	groupID, memberID, ok := parseMembershipID(prefix, id)
	if !ok {
		diags.AddError("Invalid Import ID", fmt.Sprintf("%q names no membership: write %s, with internal Databricks ids.",
			id, membershipID(prefix, "<group id>", "<member id>")))
	}
	m.ID, m.GroupID, m.MemberID = types.StringValue(id), types.StringValue(groupID), types.StringValue(memberID)
}

// parseMembershipID reads what [membershipID] writes, with internal ids.
func parseMembershipID(prefix, id string) (groupID, memberID string, ok bool) {
	parts := membershipIDs.FindStringSubmatch(id)
	if parts == nil || parts[1] != prefix {
		return "", "", false
	}
	return parts[2], parts[3], true
}
