// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
)

// mostGrants is how many grants of one group go into state; the rest is counted.
const mostGrants = 100

// clonePlanModel is the data source's configuration and result.
type clonePlanModel struct {
	Source                types.Object   `tfsdk:"source"`
	Target                types.Object   `tfsdk:"target"`
	ScanUnityCatalog      types.Bool     `tfsdk:"scan_unity_catalog"`
	UnityCatalogDepth     types.String   `tfsdk:"unity_catalog_depth"`
	SQLWarehouseID        types.String   `tfsdk:"sql_warehouse_id"`
	ScanLocalGroups       types.Bool     `tfsdk:"scan_workspace_local_groups"`
	AllowPrivilegedGroups types.Set      `tfsdk:"allow_privileged_groups"`
	AllowDifferentTypes   types.Bool     `tfsdk:"allow_different_types"`
	MaxAdditions          types.Number   `tfsdk:"max_additions"`
	AllowIncomplete       types.Bool     `tfsdk:"allow_incomplete"`
	Timeouts              timeouts.Value `tfsdk:"timeouts"`

	ResolvedSource types.Object `tfsdk:"resolved_source"`
	ResolvedTarget types.Object `tfsdk:"resolved_target"`

	IDPActions        types.List `tfsdk:"idp_actions"`
	DatabricksActions types.List `tfsdk:"databricks_actions"`
	Skipped           types.List `tfsdk:"skipped"`
	Unverified        types.List `tfsdk:"unverified"`
	AlreadyMember     types.List `tfsdk:"already_member"`
	Follows           types.List `tfsdk:"follows"`
	SystemGroups      types.List `tfsdk:"system_groups"`
	NotCloned         types.List `tfsdk:"not_cloned"`
	Memberships       types.Map  `tfsdk:"memberships"`

	Counts      types.Map    `tfsdk:"counts"`
	Route       types.String `tfsdk:"route"`
	Cycles      types.List   `tfsdk:"cycles"`
	DeadMembers types.Int64  `tfsdk:"dead_members"`
	Problems    types.List   `tfsdk:"problems"`
	Complete    types.Bool   `tfsdk:"complete"`
	Failures    types.List   `tfsdk:"failures"`
	NotLookedAt types.List   `tfsdk:"not_looked_at"`
}

type (
	planRowModel struct {
		GroupID             string                 `tfsdk:"group_id"`
		GroupName           string                 `tfsdk:"group_name"`
		Source              *string                `tfsdk:"source"`
		ExternalID          *string                `tfsdk:"external_id"`
		InIDP               *bool                  `tfsdk:"in_idp"`
		Origin              string                 `tfsdk:"origin"`
		Direct              bool                   `tfsdk:"direct"`
		Path                []string               `tfsdk:"path"`
		Via                 []string               `tfsdk:"via"`
		PendingVia          []string               `tfsdk:"pending_via"`
		WorkspaceAccesses   []workspaceAccessModel `tfsdk:"workspace_accesses"`
		UnityCatalogGrants  []catalogGrantModel    `tfsdk:"unity_catalog_grants"`
		UnityCatalogCount   int64                  `tfsdk:"unity_catalog_grant_count"`
		RolesAndEntitlement []holdingModel         `tfsdk:"roles_and_entitlements"`
		Privileged          *bool                  `tfsdk:"privileged"`
		Powers              []string               `tfsdk:"powers"`
		AlreadyTransitive   *bool                  `tfsdk:"already_transitive"`
		Reason              *string                `tfsdk:"reason"`
	}
	workspaceAccessModel struct {
		WorkspaceID   string `tfsdk:"workspace_id"`
		WorkspaceName string `tfsdk:"workspace_name"`
		Level         string `tfsdk:"level"`
		GroupID       string `tfsdk:"group_id"`
		GroupName     string `tfsdk:"group_name"`
	}
	catalogGrantModel struct {
		MetastoreID   string   `tfsdk:"metastore_id"`
		SecurableType string   `tfsdk:"securable_type"`
		FullName      string   `tfsdk:"full_name"`
		Privileges    []string `tfsdk:"privileges"`
		GroupID       string   `tfsdk:"group_id"`
		GroupName     string   `tfsdk:"group_name"`
	}
	holdingModel struct {
		Kind      string `tfsdk:"kind"`
		Value     string `tfsdk:"value"`
		GroupID   string `tfsdk:"group_id"`
		GroupName string `tfsdk:"group_name"`
	}
	notClonedModel struct {
		Kind  string  `tfsdk:"kind"`
		Place *string `tfsdk:"place"`
		Value *string `tfsdk:"value"`
		Note  *string `tfsdk:"note"`
	}
)

// fromAudit fills the result. Memberships are null where the plan has a problem.
func (m *clonePlanModel) fromAudit(ctx context.Context, p access.ClonePlan, diags *diag.Diagnostics) {
	m.ResolvedSource, m.ResolvedTarget = resolvedFrom(ctx, p.Source, diags), resolvedFrom(ctx, p.Target, diags)
	counts := map[string]int64{}
	for name, list := range map[string]struct {
		to   *types.List
		rows []access.PlanRow
	}{
		"idp_actions": {&m.IDPActions, p.IDPActions}, "databricks_actions": {&m.DatabricksActions, p.DatabricksActions},
		"skipped": {&m.Skipped, p.Skipped}, "unverified": {&m.Unverified, p.Unverified}, "already_member": {&m.AlreadyMember, p.AlreadyMember},
		"follows": {&m.Follows, p.Follows}, "system_groups": {&m.SystemGroups, p.System},
	} {
		*list.to = listFrom(ctx, planRowType, list.rows, planRowFromAudit, diags)
		counts[name] = int64(len(list.rows))
	}
	m.NotCloned = listFrom(ctx, notClonedType, p.NotCloned, func(n access.NotCloned) notClonedModel {
		return notClonedModel{Kind: n.Kind, Place: emptyAsNil(n.Place), Value: emptyAsNil(n.Value), Note: emptyAsNil(n.Note)}
	}, diags)
	counts["not_cloned"] = int64(len(p.NotCloned))
	value, d := types.MapValueFrom(ctx, types.Int64Type, counts)
	diags.Append(d...)
	m.Counts = value

	m.Memberships = types.MapNull(membershipType)
	if p.Memberships != nil {
		entries := make(map[string]membershipModel, len(p.Memberships))
		for id, e := range p.Memberships {
			entries[id] = membershipModel{
				GroupID: types.StringValue(e.GroupID), GroupName: types.StringValue(e.GroupName),
				MemberID: types.StringValue(e.MemberID), MemberName: types.StringValue(e.MemberName), Privileged: types.BoolValue(e.Privileged),
			}
		}
		m.Memberships = mapFrom(ctx, membershipType, entries, diags)
	}
	m.Route, m.DeadMembers = types.StringValue(string(p.Route)), types.Int64Value(int64(p.DeadMembers))
	m.Cycles = listFrom(ctx, textList, p.Cycles, same[[]string], diags)
	m.Problems = listFrom(ctx, types.StringType, p.Problems, func(q access.Problem) string { return q.Text }, diags)
	m.NotLookedAt = listFrom(ctx, types.StringType, p.NotLookedAt, same[string], diags)
	m.Complete = types.BoolValue(p.Complete)
	m.Failures = listFrom(ctx, failureType, failuresFromAudit(p.Failures), same[failureModel], diags)
}

func planRowFromAudit(r access.PlanRow) planRowModel {
	out := planRowModel{
		GroupID: r.GroupID, GroupName: r.GroupName, Source: emptyAsNil(r.Source), ExternalID: emptyAsNil(r.ExternalID), InIDP: r.InIDP, Origin: string(r.Origin), Direct: r.Direct,
		Path: notNil(r.Path), Via: notNil(r.Via), PendingVia: notNil(r.PendingVia), Powers: notNil(r.Powers),
		Privileged: r.Privileged, AlreadyTransitive: r.AlreadyTransitive, Reason: emptyAsNil(r.Reason),
		UnityCatalogCount: int64(len(r.Catalog)),
		WorkspaceAccesses: make([]workspaceAccessModel, 0, len(r.Workspaces)), RolesAndEntitlement: make([]holdingModel, 0, len(r.Holdings)),
		UnityCatalogGrants: make([]catalogGrantModel, 0, min(len(r.Catalog), mostGrants)),
	}
	for _, e := range r.Workspaces {
		out.WorkspaceAccesses = append(out.WorkspaceAccesses, workspaceAccessModel(e))
	}
	for _, e := range r.Catalog[:min(len(r.Catalog), mostGrants)] {
		e.Privileges = notNil(e.Privileges)
		out.UnityCatalogGrants = append(out.UnityCatalogGrants, catalogGrantModel(e))
	}
	for _, e := range r.Holdings {
		out.RolesAndEntitlement = append(out.RolesAndEntitlement, holdingModel(e))
	}
	return out
}
