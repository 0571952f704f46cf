// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
)

type principalDiffModel struct {
	PrincipalA types.Object `tfsdk:"principal_a"`
	PrincipalB types.Object `tfsdk:"principal_b"`

	CheckWorkspaces types.Bool `tfsdk:"check_workspaces"`
	ScanLocalGroups types.Bool `tfsdk:"scan_workspace_local_groups"`

	Timeouts timeouts.Value `tfsdk:"timeouts"`

	ResolvedA types.Object `tfsdk:"resolved_a"`
	ResolvedB types.Object `tfsdk:"resolved_b"`

	OnlyInA types.List `tfsdk:"only_in_a"`
	OnlyInB types.List `tfsdk:"only_in_b"`
	InBoth  types.List `tfsdk:"in_both"`
	Local   types.List `tfsdk:"workspace_local_groups"`
	Equal   types.Bool `tfsdk:"equal"`
	Counts  types.Map  `tfsdk:"counts"`

	Route       types.String `tfsdk:"route"`
	Cycles      types.List   `tfsdk:"cycles"`
	DeadMembers types.Int64  `tfsdk:"dead_members"`

	Complete types.Bool `tfsdk:"complete"`
	Failures types.List `tfsdk:"failures"`

	NotLookedAt types.List `tfsdk:"not_looked_at"`
}

// diffRowModel is one group; see [access.DiffRow].
type diffRowModel struct {
	GroupID   string   `tfsdk:"group_id"`
	GroupName string   `tfsdk:"group_name"`
	Source    *string  `tfsdk:"source"`
	Origin    string   `tfsdk:"origin"`
	InA       *bool    `tfsdk:"in_a"`
	InB       *bool    `tfsdk:"in_b"`
	DirectInA *bool    `tfsdk:"direct_in_a"`
	DirectInB *bool    `tfsdk:"direct_in_b"`
	PathInA   []string `tfsdk:"path_in_a"`
	PathInB   []string `tfsdk:"path_in_b"`
	Via       []string `tfsdk:"via"`
	Hint      *string  `tfsdk:"hint"`
}

var (
	diffRowType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"group_id": types.StringType, "group_name": types.StringType, "source": types.StringType, "origin": types.StringType,
		"in_a": types.BoolType, "in_b": types.BoolType, "direct_in_a": types.BoolType, "direct_in_b": types.BoolType,
		"path_in_a": textList, "path_in_b": textList, "via": textList, "hint": types.StringType,
	}}
	diffRowTexts = map[string]string{
		"group_name": "Name of the group; `group <id>` where it could not be read.",
		"source":     "`external` when the group has an externalId, else `internal`; null where the group could not be read.",
		"origin": "Who owns the membership that puts the principal there (A, or B where only B has the group): `idp`, `databricks`, " +
			"`system` for the groups that Databricks keeps itself, or `unknown`. IAM v2 returns it per membership; over SCIM it follows `source`.",
		"in_a":        "Whether A is in the group, at any depth; null when that could not be read.",
		"in_b":        "Whether B is in the group, at any depth; null when that could not be read.",
		"direct_in_a": "Whether the group lists A itself; null when that could not be read.",
		"direct_in_b": "Whether the group lists B itself; null when that could not be read.",
		"path_in_a": "Names on the shortest way from A to the group, both included; of several the one with the smallest ids. " +
			"Empty when A is not there, or no way is known.",
		"path_in_b": "The same for B.",
		"via":       "Ids of all direct groups that lead to this one, sorted, the group itself not among them: those of A, of B where only B has the group, of either where both have it.",
		"hint": "How the side that lacks the group comes to it: `add_in_idp`, `unchecked` (Databricks can add to it, and what it gives was not checked: set `check_workspaces`), `add_in_databricks`, `follows` (from a group of the same list that leads here), " +
			"`system_group` (no one can add to it), or `unknown`, where something could not be read or no way to the group is known. Null where both have it. With `check_workspaces` " +
			"also `no_workspace_assignment`: Databricks can add to it, but no workspace is assigned to it or to a group above it, so that only the scan of " +
			"`dbxidentity_clone_plan` can find out whether it gives anything.",
	}
)

// fromAccess fills in the result.
func (m *principalDiffModel) fromAccess(ctx context.Context, d access.Diff, diags *diag.Diagnostics) {
	m.ResolvedA, m.ResolvedB = resolvedFrom(ctx, d.A, diags), resolvedFrom(ctx, d.B, diags)
	m.OnlyInA = listFrom(ctx, diffRowType, d.OnlyInA, diffRowFromAccess, diags)
	m.OnlyInB = listFrom(ctx, diffRowType, d.OnlyInB, diffRowFromAccess, diags)
	m.InBoth = listFrom(ctx, diffRowType, d.Both, diffRowFromAccess, diags)
	m.Equal = types.BoolPointerValue(d.Equal)
	counts, more := types.MapValueFrom(ctx, types.Int64Type, map[string]int64{
		"only_in_a": int64(len(d.OnlyInA)), "only_in_b": int64(len(d.OnlyInB)), "in_both": int64(len(d.Both)),
	})
	diags.Append(more...)
	m.Counts = counts
	m.Route, m.DeadMembers = types.StringValue(string(d.Route)), types.Int64Value(int64(d.DeadMembers))
	m.Cycles = listFrom(ctx, textList, d.Cycles, same[[]string], diags)
	m.Local = types.ListNull(localDiffType)
	if m.ScanLocalGroups.ValueBool() {
		m.Local = listFrom(ctx, localDiffType, d.LocalGroups, localDiffFromAccess, diags)
	}
	m.NotLookedAt = listFrom(ctx, types.StringType, d.NotLookedAt, same[string], diags)
	m.Complete = types.BoolValue(d.Complete)
	m.Failures = listFrom(ctx, failureType, failuresFromAudit(d.Failures), same[failureModel], diags)
}

func diffRowFromAccess(r access.DiffRow) diffRowModel {
	via := slices.Concat(r.ViaA, r.ViaB)
	slices.SortFunc(via, audit.CompareIDs)
	return diffRowModel{
		GroupID: r.GroupID, GroupName: r.GroupName, Source: emptyAsNil(r.Source), Origin: string(r.Origin),
		InA: r.InA, InB: r.InB, DirectInA: r.DirectInA, DirectInB: r.DirectInB,
		PathInA: notNil(r.PathInA), PathInB: notNil(r.PathInB), Via: notNil(slices.Compact(via)), Hint: emptyAsNil(string(r.Hint)),
	}
}

func (d *principalDiffDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	rows := func(which string) schema.Attribute {
		return resultList(diffRowType, which+", sorted by lower-cased name, then id.", diffRowTexts)
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Which groups two principals are in, directly or through other groups: what only A has, what only B has, and what both have. " +
			"Users, service principals and groups can be compared, also with each other. No identity provider is needed, and nothing is written.\n\n" +
			"With IAM v2 it costs two requests per group that one of them is in, and a few more, whatever the size of the account. Without it, " +
			"every group of the account is read once, one request each, for all data sources of the run together: at 20 requests " +
			"per second, 5,000 groups take more than four minutes. `check_workspaces` adds one request per workspace. `route` says which way was taken. Automatic identity management hides " +
			"memberships from SCIM: where it is on, or `automatic_identity_management` does not say, a diff of linked principals over SCIM is incomplete.",
		Attributes: map[string]schema.Attribute{
			"principal_a": selectorSchema("The one principal"),
			"principal_b": selectorSchema("The other principal"),
			"check_workspaces": schema.BoolAttribute{
				Optional: true, MarkdownDescription: "Read who has which workspace (one request per workspace, once per run), so that `hint` says which groups " +
					"give none. Default `false`.",
			},
			"scan_workspace_local_groups": scanLocalGroupsInput("It needs `check_workspaces`. "),
			"resolved_a":                  resolvedAttribute("Who A is. An inactive principal is compared like any other, with a warning."),
			"resolved_b":                  resolvedAttribute("Who B is."),
			"only_in_a":                   rows("The groups that A is in and B is not, or may not be (then `in_b` is null)"),
			"only_in_b":                   rows("The groups that B is in and A is not, or may not be (then `in_a` is null)"),
			"in_both":                     rows("The groups that both are in"),
			"workspace_local_groups":      localDiffAttribute(),
			"equal": schema.BoolAttribute{Computed: true, MarkdownDescription: "True when both are in the same groups, false when a difference is certain, " +
				"null when what could not be read may hide one. Direct or through another group makes no difference here. With `scan_workspace_local_groups` the groups of workspaces count too."},
			"counts": schema.MapAttribute{Computed: true, ElementType: types.Int64Type,
				MarkdownDescription: "Number of groups per list: `only_in_a`, `only_in_b`, `in_both`."},
			"route": schema.StringAttribute{Computed: true, MarkdownDescription: "The API that returned the memberships: `iam_v2` or `scim`."},
			"cycles": schema.ListAttribute{Computed: true, ElementType: textList,
				MarkdownDescription: "Groups shown that contain each other, each cycle once, as lists of ids; a group that contains itself is a cycle of one."},
			"dead_members":  schema.Int64Attribute{Computed: true, MarkdownDescription: "Number of members of the groups shown that do not exist any more."},
			"not_looked_at": notLookedAtAttribute(),
			"complete":      completeAttribute(),
			"failures":      failuresAttribute(),
			"timeouts":      readTimeouts(ctx),
		},
	}
}
