// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
)

// mostReachGrants is how many grants go into state; the rest is counted.
const mostReachGrants = 10_000

// principalAccessModel is the data source's configuration and result.
type principalAccessModel struct {
	Principal         types.Object   `tfsdk:"principal"`
	WorkspaceIDs      types.Set      `tfsdk:"workspace_ids"`
	ScanUnityCatalog  types.Bool     `tfsdk:"scan_unity_catalog"`
	UnityCatalogDepth types.String   `tfsdk:"unity_catalog_depth"`
	SQLWarehouseID    types.String   `tfsdk:"sql_warehouse_id"`
	ScanLocalGroups   types.Bool     `tfsdk:"scan_workspace_local_groups"`
	Timeouts          timeouts.Value `tfsdk:"timeouts"`

	ResolvedPrincipal types.Object `tfsdk:"resolved_principal"`

	Groups             types.List `tfsdk:"groups"`
	Workspaces         types.List `tfsdk:"workspaces"`
	Entitlements       types.List `tfsdk:"entitlements"`
	UnityCatalogGrants types.List `tfsdk:"unity_catalog_grants"`
	Roles              types.List `tfsdk:"roles"`
	LocalGroups        types.List `tfsdk:"workspace_local_groups"`

	Privileged types.Bool `tfsdk:"privileged"`
	Powers     types.List `tfsdk:"powers"`

	Counts      types.Map    `tfsdk:"counts"`
	Route       types.String `tfsdk:"route"`
	Cycles      types.List   `tfsdk:"cycles"`
	DeadMembers types.Int64  `tfsdk:"dead_members"`
	Complete    types.Bool   `tfsdk:"complete"`
	Failures    types.List   `tfsdk:"failures"`
	NotLookedAt types.List   `tfsdk:"not_looked_at"`
}

type (
	reachGroupModel struct {
		GroupID   string   `tfsdk:"group_id"`
		GroupName string   `tfsdk:"group_name"`
		Source    *string  `tfsdk:"source"`
		Origin    string   `tfsdk:"origin"`
		Direct    *bool    `tfsdk:"direct"`
		Path      []string `tfsdk:"path"`
		Via       []string `tfsdk:"via"`
	}
	reachWorkspaceModel struct {
		WorkspaceID     string   `tfsdk:"workspace_id"`
		WorkspaceName   string   `tfsdk:"workspace_name"`
		WorkspaceStatus *string  `tfsdk:"workspace_status"`
		Level           string   `tfsdk:"level"`
		Direct          bool     `tfsdk:"direct"`
		Via             []string `tfsdk:"via"`
		Path            []string `tfsdk:"path"`
	}
	reachEntitlementModel struct {
		WorkspaceID   *string  `tfsdk:"workspace_id"`
		WorkspaceName *string  `tfsdk:"workspace_name"`
		Entitlement   string   `tfsdk:"entitlement"`
		Direct        bool     `tfsdk:"direct"`
		Via           []string `tfsdk:"via"`
		Path          []string `tfsdk:"path"`
	}
	reachGrantModel struct {
		MetastoreID   string   `tfsdk:"metastore_id"`
		SecurableType string   `tfsdk:"securable_type"`
		FullName      string   `tfsdk:"full_name"`
		Privilege     string   `tfsdk:"privilege"`
		Owner         bool     `tfsdk:"owner"`
		Direct        bool     `tfsdk:"direct"`
		Via           []string `tfsdk:"via"`
		Path          []string `tfsdk:"path"`
	}
	reachLocalGroupModel struct {
		WorkspaceID   string   `tfsdk:"workspace_id"`
		WorkspaceName string   `tfsdk:"workspace_name"`
		GroupID       string   `tfsdk:"group_id"`
		GroupName     string   `tfsdk:"group_name"`
		Entitlements  []string `tfsdk:"entitlements"`
		Direct        bool     `tfsdk:"direct"`
		Via           []string `tfsdk:"via"`
		Path          []string `tfsdk:"path"`
	}
	reachRoleModel struct {
		Role   string   `tfsdk:"role"`
		Direct bool     `tfsdk:"direct"`
		Via    []string `tfsdk:"via"`
		Path   []string `tfsdk:"path"`
	}
)

// The object types of the result. Each is the single source for its schema below.
var (
	reachGroupType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"group_id": types.StringType, "group_name": types.StringType, "source": types.StringType, "origin": types.StringType,
		"direct": types.BoolType, "path": textList, "via": textList,
	}}
	reachWorkspaceType = withWay(map[string]attr.Type{
		"workspace_id": types.StringType, "workspace_name": types.StringType, "workspace_status": types.StringType, "level": types.StringType,
	})
	reachEntitlementType = withWay(map[string]attr.Type{
		"workspace_id": types.StringType, "workspace_name": types.StringType, "entitlement": types.StringType,
	})
	reachGrantType = withWay(map[string]attr.Type{
		"metastore_id": types.StringType, "securable_type": types.StringType, "full_name": types.StringType, "privilege": types.StringType, "owner": types.BoolType,
	})
	reachLocalGroupType = withWay(map[string]attr.Type{
		"workspace_id": types.StringType, "workspace_name": types.StringType, "group_id": types.StringType, "group_name": types.StringType, "entitlements": textList,
	})
	reachRoleType = withWay(map[string]attr.Type{"role": types.StringType})
)

// withWay adds the attributes that say how the principal comes to something.
func withWay(attributes map[string]attr.Type) types.ObjectType {
	maps.Copy(attributes, map[string]attr.Type{"direct": types.BoolType, "via": textList, "path": textList})
	return types.ObjectType{AttrTypes: attributes}
}

var wayTexts = map[string]string{
	"direct": "Whether the principal holds it itself.",
	"via":    "Ids of all groups that the principal is in and that hold it, sorted; `groups` has the way to each.",
	"path": "Names on the shortest way from the principal to one of the groups in `via`, both included; empty where the principal holds it itself, " +
		"or no way is known.",
}

// withWayTexts adds the descriptions of a way.
func withWayTexts(texts map[string]string) map[string]string {
	maps.Copy(texts, wayTexts)
	return texts
}

// fromAccess fills in the result.
func (m *principalAccessModel) fromAccess(ctx context.Context, r access.Reach, diags *diag.Diagnostics) {
	m.ResolvedPrincipal = resolvedFrom(ctx, r.Principal, diags)
	m.Groups = listFrom(ctx, reachGroupType, r.Groups, func(g access.ReachGroup) reachGroupModel {
		return reachGroupModel{
			GroupID: g.GroupID, GroupName: g.GroupName, Source: emptyAsNil(g.Source), Origin: string(g.Origin), Direct: g.Direct,
			Path: notNil(g.Path), Via: notNil(g.Via),
		}
	}, diags)
	m.Workspaces = listFrom(ctx, reachWorkspaceType, r.Workspaces, func(w access.ReachWorkspace) reachWorkspaceModel {
		return reachWorkspaceModel{
			WorkspaceID: w.WorkspaceID, WorkspaceName: w.WorkspaceName, WorkspaceStatus: emptyAsNil(w.Status), Level: w.Level,
			Direct: w.Direct, Via: notNil(w.Via), Path: notNil(w.Path),
		}
	}, diags)
	m.Entitlements = listFrom(ctx, reachEntitlementType, r.Entitlements, func(e access.ReachEntitlement) reachEntitlementModel {
		return reachEntitlementModel{
			WorkspaceID: emptyAsNil(e.WorkspaceID), WorkspaceName: emptyAsNil(e.WorkspaceName), Entitlement: e.Entitlement,
			Direct: e.Direct, Via: notNil(e.Via), Path: notNil(e.Path),
		}
	}, diags)
	m.Roles = listFrom(ctx, reachRoleType, r.Roles, func(role access.ReachRole) reachRoleModel {
		return reachRoleModel{Role: role.Role, Direct: role.Direct, Via: notNil(role.Via), Path: notNil(role.Path)}
	}, diags)
	counts := map[string]int64{
		"groups": int64(len(r.Groups)), "workspaces": int64(len(r.Workspaces)), "entitlements": int64(len(r.Entitlements)), "roles": int64(len(r.Roles)),
	}
	m.UnityCatalogGrants = types.ListNull(reachGrantType)
	if r.Grants != nil {
		counts["unity_catalog_grants"] = int64(len(r.Grants))
		m.UnityCatalogGrants = listFrom(ctx, reachGrantType, r.Grants[:min(len(r.Grants), mostReachGrants)], func(g access.ReachGrant) reachGrantModel {
			return reachGrantModel{
				MetastoreID: g.MetastoreID, SecurableType: g.SecurableType, FullName: g.FullName, Privilege: g.Privilege, Owner: g.Owner(),
				Direct: g.Direct, Via: notNil(g.Via), Path: notNil(g.Path),
			}
		}, diags)
	}
	m.LocalGroups = types.ListNull(reachLocalGroupType)
	if r.LocalGroups != nil {
		counts["workspace_local_groups"] = int64(len(r.LocalGroups))
		m.LocalGroups = listFrom(ctx, reachLocalGroupType, r.LocalGroups, func(g access.ReachLocalGroup) reachLocalGroupModel {
			return reachLocalGroupModel{
				WorkspaceID: g.WorkspaceID, WorkspaceName: g.WorkspaceName, GroupID: g.GroupID, GroupName: g.GroupName, Entitlements: notNil(g.Entitlements),
				Direct: g.Direct, Via: notNil(g.Via), Path: notNil(g.Path),
			}
		}, diags)
	}
	value, more := types.MapValueFrom(ctx, types.Int64Type, counts)
	diags.Append(more...)
	m.Counts = value
	m.Privileged = types.BoolPointerValue(r.Privileged)
	m.Powers = listFrom(ctx, types.StringType, r.Powers, same[string], diags)
	m.Route, m.DeadMembers = types.StringValue(string(r.Route)), types.Int64Value(int64(r.DeadMembers))
	m.Cycles = listFrom(ctx, textList, r.Cycles, same[[]string], diags)
	m.NotLookedAt = listFrom(ctx, types.StringType, r.NotLookedAt, same[string], diags)
	m.Complete = types.BoolValue(r.Complete)
	m.Failures = listFrom(ctx, failureType, failuresFromAudit(r.Failures), same[failureModel], diags)
}

func (d *principalAccessDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := map[string]schema.Attribute{
		"principal": selectorSchema("Whose access to list"),
		"workspace_ids": schema.SetAttribute{
			Optional: true, ElementType: types.StringType, MarkdownDescription: "Workspaces to list in `workspaces`, `entitlements` and `workspace_local_groups`. Default: all.",
		},
		"resolved_principal": resolvedAttribute("Who it is. The access of an inactive principal is listed like any other, with a warning."),
		"groups": resultList(reachGroupType, "The groups that the principal is in, directly or through other groups, sorted by lower-cased name, then id.", map[string]string{
			"group_name": "Name of the group; `group <id>` where it could not be read.",
			"source":     "`external` when the group has an externalId, else `internal`; null where the group could not be read.",
			"origin":     "Whose the membership is that puts the principal there: `idp`, `databricks`, `system` for the groups that Databricks keeps itself, or `unknown`.",
			"direct":     "Whether the group lists the principal itself; null when that could not be read.",
			"path":       "Names on the shortest way from the principal to the group, both included; empty where no way is known.",
			"via":        "Ids of all direct groups of the principal that lead there, sorted; empty for direct groups that no other one leads to.",
		}),
		"workspaces": resultList(reachWorkspaceType, "The workspaces that the principal can enter, one row per level, sorted by workspace.", withWayTexts(map[string]string{
			"workspace_id": "Workspace id.", "workspace_name": "Workspace name.", "level": "`USER` or `ADMIN`.",
			"workspace_status": "`RUNNING`, or why no one can enter the workspace now; null when the account does not say.",
		})),
		"entitlements": resultList(reachEntitlementType, "Entitlements, sorted by workspace. Entitlements in a workspace need an assignment there, and only IAM v2 returns them; "+
			"where it is not available, `not_looked_at` says so.", withWayTexts(map[string]string{
			"workspace_id": "Workspace id; null for an entitlement that account SCIM shows.", "workspace_name": "Workspace name.",
			"entitlement": "For example `WORKSPACE_ACCESS`.",
		})),
		"unity_catalog_grants": resultList(reachGrantType, "Grants and ownership in Unity Catalog, one row per object and privilege, sorted; the first 10,000, and `counts` has their "+
			"number. Privileges on a catalog or schema also hold for what is inside, which is not repeated here. Null without `scan_unity_catalog`.", withWayTexts(map[string]string{
			"metastore_id": "Metastore id.", "securable_type": "`metastore`, `catalog`, `schema`, `table`, `external_location` and so on.",
			"full_name": "Full name of the object.", "privilege": "For example `SELECT`; `OWNER` for ownership.", "owner": "Whether it is ownership.",
		})),
		"roles": resultList(reachRoleType, "Account roles, sorted.", withWayTexts(map[string]string{"role": "For example `account_admin`."})),
		"workspace_local_groups": resultList(reachLocalGroupType, "Groups that workspaces have of their own, sorted by workspace and id: what they give in the workspace beside `entitlements` no "+
			"API of the account knows. Null without `scan_workspace_local_groups`.", withWayTexts(map[string]string{
			"workspace_id": "Workspace id.", "workspace_name": "Workspace name.", "group_id": "Id of the group in the workspace.",
			"entitlements": "Entitlements that the group holds itself, sorted.",
		})),
		"scan_workspace_local_groups": scanLocalGroupsInput(""),
		"privileged": schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the principal, or a group that it is in, holds an account role, workspace ADMIN or a metastore; " +
			"null when that could not be read."},
		"powers":        schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "Why it is privileged, one sentence each."},
		"counts":        schema.MapAttribute{Computed: true, ElementType: types.Int64Type, MarkdownDescription: "Number of rows per list; `unity_catalog_grants` and `workspace_local_groups` are missing without a scan."},
		"route":         schema.StringAttribute{Computed: true, MarkdownDescription: "The API that returned the memberships: `iam_v2` or `scim`."},
		"cycles":        schema.ListAttribute{Computed: true, ElementType: textList, MarkdownDescription: "Groups that contain each other, each cycle once, ids sorted."},
		"dead_members":  schema.Int64Attribute{Computed: true, MarkdownDescription: "Number of members of these groups that do not exist any more."},
		"not_looked_at": notLookedAtAttribute(),
		"complete":      completeAttribute(),
		"failures":      failuresAttribute(),
		"timeouts":      readTimeouts(ctx),
	}
	maps.Copy(attributes, catalogScanInputs("Without it `unity_catalog_grants` is null."))
	resp.Schema = schema.Schema{
		MarkdownDescription: "Everything that one user, service principal or group can reach: groups, workspaces, entitlements, grants in Unity Catalog and account roles, each with the " +
			"way to it. It needs no identity provider to be configured and writes nothing. Every row is a fact; where `complete` is false there may be more." +
			"\n\nCost with IAM v2: a few requests, three per group that the principal is in, one per workspace, and one per assignment that it has; with SCIM one listing of the " +
			"account and one request per group, once per run for any number of data sources. The scan costs what it costs in `dbxidentity_clone_plan`, and is shared with it.",
		Attributes: attributes,
	}
}
