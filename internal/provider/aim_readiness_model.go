// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/catalog"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/readiness"
)

// aimReadinessModel is the data source's configuration and result.
type aimReadinessModel struct {
	Decisions          types.Set      `tfsdk:"decisions"`
	PrimaryDomains     types.Set      `tfsdk:"primary_domains"`
	PlannedPrincipals  types.List     `tfsdk:"planned_principals"`
	SearchTexts        types.Map      `tfsdk:"search_texts"`
	ConnectorIDs       types.Set      `tfsdk:"connector_ids"`
	ConnectorAddresses types.Map      `tfsdk:"connector_addresses"`
	Events             types.Object   `tfsdk:"events"`
	SQLDefinitions     types.List     `tfsdk:"sql_definitions"`
	Waivers            types.List     `tfsdk:"waivers"`
	Timeouts           timeouts.Value `tfsdk:"timeouts"`

	ReadyToEnableAIM         types.Bool   `tfsdk:"ready_to_enable_aim"`
	ReadyToEnableAIMReason   types.String `tfsdk:"ready_to_enable_aim_reason"`
	ReadyToDisableSCIM       types.Bool   `tfsdk:"ready_to_disable_scim"`
	ReadyToDisableSCIMReason types.String `tfsdk:"ready_to_disable_scim_reason"`
	ReadyToDisableAIM        types.Bool   `tfsdk:"ready_to_disable_aim"`
	ReadyToDisableAIMReason  types.String `tfsdk:"ready_to_disable_aim_reason"`

	MigrationPath       types.String `tfsdk:"migration_path"`
	MigrationPathReason types.String `tfsdk:"migration_path_reason"`

	Checks                     types.List `tfsdk:"checks"`
	WorkspaceAdmins            types.List `tfsdk:"workspace_admins"`
	WorkspaceAssignmentsNeeded types.Map  `tfsdk:"workspace_assignments_needed"`
	ServicePrincipalRenames    types.List `tfsdk:"service_principal_renames"`
	Limits                     types.List `tfsdk:"limits"`
	GroupNamesInSQL            types.Map  `tfsdk:"group_names_in_sql"`
	AIMEvidence                types.List `tfsdk:"aim_evidence"`
	Counts                     types.Map  `tfsdk:"counts"`
	Complete                   types.Bool `tfsdk:"complete"`
	Failures                   types.List `tfsdk:"failures"`
}

type readinessWaiverModel struct {
	Check   types.String `tfsdk:"check"`
	Subject types.String `tfsdk:"subject"`
	Reason  types.String `tfsdk:"reason"`
	Expires types.String `tfsdk:"expires"`
}

type sqlWarehouseModel struct {
	WorkspaceID    types.String `tfsdk:"workspace_id"`
	SQLWarehouseID types.String `tfsdk:"sql_warehouse_id"`
}

type plannedPrincipalModel struct {
	PrincipalType types.String `tfsdk:"principal_type"`
	Name          types.String `tfsdk:"name"`
	ExternalID    types.String `tfsdk:"external_id"`
}

type checkModel struct {
	ID             string     `tfsdk:"id"`
	Title          string     `tfsdk:"title"`
	Decision       string     `tfsdk:"decision"`
	Severity       string     `tfsdk:"severity"`
	Status         string     `tfsdk:"status"`
	Summary        string     `tfsdk:"summary"`
	AffectedCount  int64      `tfsdk:"affected_count"`
	Affected       types.List `tfsdk:"affected"`
	Evidence       []string   `tfsdk:"evidence"`
	UnknownReasons []string   `tfsdk:"unknown_reasons"`
	Consequence    string     `tfsdk:"consequence"`
	Remedy         string     `tfsdk:"remedy"`
	Source         string     `tfsdk:"source"`
}

type affectedModel struct {
	Kind        string  `tfsdk:"kind"`
	ID          *string `tfsdk:"id"`
	Name        *string `tfsdk:"name"`
	WorkspaceID *string `tfsdk:"workspace_id"`
	Detail      string  `tfsdk:"detail"`
	Subject     string  `tfsdk:"subject"`
	Waived      bool    `tfsdk:"waived"`
}

type assignmentNeededModel struct {
	WorkspaceID   string `tfsdk:"workspace_id"`
	WorkspaceName string `tfsdk:"workspace_name"`
	GroupID       string `tfsdk:"group_id"`
	GroupName     string `tfsdk:"group_name"`
}

type renameModel struct {
	PrincipalID   string   `tfsdk:"principal_id"`
	ApplicationID string   `tfsdk:"application_id"`
	NameNow       string   `tfsdk:"name_now"`
	NameAfter     string   `tfsdk:"name_after"`
	CollidesWith  []string `tfsdk:"collides_with"`
}

type noticeModel struct {
	WorkspaceID   string   `tfsdk:"workspace_id"`
	WorkspaceName string   `tfsdk:"workspace_name"`
	People        []string `tfsdk:"people"`
	UnknownReason *string  `tfsdk:"unknown_reason"`
}

type limitModel struct {
	Metric      string  `tfsdk:"metric"`
	WorkspaceID *string `tfsdk:"workspace_id"`
	Value       int64   `tfsdk:"value"`
	Limit       int64   `tfsdk:"limit"`
	Fixed       bool    `tfsdk:"fixed"`
}

// The object types of the results.
var (
	affectedType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"kind": types.StringType, "id": types.StringType, "name": types.StringType, "workspace_id": types.StringType, "detail": types.StringType,
		"subject": types.StringType, "waived": types.BoolType,
	}}
	checkType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"id": types.StringType, "title": types.StringType, "decision": types.StringType, "severity": types.StringType, "status": types.StringType,
		"summary": types.StringType, "affected_count": types.Int64Type, "affected": types.ListType{ElemType: affectedType}, "evidence": textList,
		"unknown_reasons": textList, "consequence": types.StringType, "remedy": types.StringType, "source": types.StringType,
	}}
	assignmentNeededType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"workspace_id": types.StringType, "workspace_name": types.StringType, "group_id": types.StringType, "group_name": types.StringType,
	}}
	renameType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"principal_id": types.StringType, "application_id": types.StringType, "name_now": types.StringType, "name_after": types.StringType, "collides_with": textList,
	}}
	noticeType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"workspace_id": types.StringType, "workspace_name": types.StringType, "people": textList, "unknown_reason": types.StringType,
	}}
	limitType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"metric": types.StringType, "workspace_id": types.StringType, "value": types.Int64Type, "limit": types.Int64Type, "fixed": types.BoolType,
	}}
)

// decisions are those that were asked for; the first two by default.
func (m *aimReadinessModel) decisions(diags *diag.Diagnostics) []readiness.Decision {
	if m.Decisions.IsNull() {
		return []readiness.Decision{readiness.EnableAIM, readiness.DisableSCIM}
	}
	var out []readiness.Decision
	for _, d := range textsFrom(path.Root("decisions"), m.Decisions.Elements(), diags) {
		out = append(out, readiness.Decision(d))
	}
	return out
}

func (m *aimReadinessModel) planned(ctx context.Context, diags *diag.Diagnostics) []plannedPrincipalModel {
	return objectsFrom[plannedPrincipalModel](ctx, path.Root("planned_principals"), m.PlannedPrincipals.Elements(), diags)
}

// warehouses are those through which SQL definitions are read.
func (m *aimReadinessModel) warehouses(ctx context.Context, diags *diag.Diagnostics) []catalog.SQLWarehouse {
	var out []catalog.SQLWarehouse
	for _, w := range objectsFrom[sqlWarehouseModel](ctx, path.Root("sql_definitions"), m.SQLDefinitions.Elements(), diags) {
		out = append(out, catalog.SQLWarehouse{WorkspaceID: w.WorkspaceID.ValueString(), WarehouseID: w.SQLWarehouseID.ValueString()})
	}
	return out
}

func (m *aimReadinessModel) waivers(ctx context.Context, diags *diag.Diagnostics) []readiness.Waiver {
	at := path.Root("waivers")
	var out []readiness.Waiver
	for i, w := range objectsFrom[readinessWaiverModel](ctx, at, m.Waivers.Elements(), diags) {
		expires, err := parseExpiry(w.Expires)
		if err != nil {
			diags.AddAttributeError(at, "Invalid Waiver Expiry", fmt.Sprintf("%s: %s.", at.AtListIndex(i).AtName("expires"), err))
		}
		out = append(out, readiness.Waiver{Check: w.Check.ValueString(), Subject: w.Subject.ValueString(), Reason: w.Reason.ValueString(), Expires: expires})
	}
	return out
}

// fromReport fills the result.
func (m *aimReadinessModel) fromReport(ctx context.Context, facts *readiness.Facts, report readiness.Report, failures []audit.Failure, diags *diag.Diagnostics) {
	asked := m.decisions(diags)
	verdict := func(d readiness.Decision) (types.Bool, types.String) {
		if !slices.Contains(asked, d) {
			return types.BoolNull(), types.StringNull()
		}
		v := report.Verdicts[d]
		return types.BoolPointerValue(v.Ready), types.StringValue(v.Reason)
	}
	m.ReadyToEnableAIM, m.ReadyToEnableAIMReason = verdict(readiness.EnableAIM)
	m.ReadyToDisableSCIM, m.ReadyToDisableSCIMReason = verdict(readiness.DisableSCIM)
	m.ReadyToDisableAIM, m.ReadyToDisableAIMReason = verdict(readiness.DisableAIM)
	counts := map[string]int64{}
	for _, s := range readiness.Statuses() {
		counts[string(s)] = 0
	}
	for i := range report.Results {
		if slices.Contains(asked, report.Results[i].Decision) {
			counts[string(report.Results[i].Status)]++
		}
	}
	var more diag.Diagnostics
	m.Counts, more = types.MapValueFrom(ctx, types.Int64Type, counts)
	diags.Append(more...)
	m.Checks = listFrom(ctx, checkType, report.Results, func(r readiness.Result) checkModel { return checkRow(ctx, &r, diags) }, diags)
	m.fromFacts(ctx, facts, diags)
	m.Complete = types.BoolValue(len(failures) == 0)
	m.Failures = listFrom(ctx, failureType, failuresFromAudit(failures), same[failureModel], diags)
}

// fromFacts fills what no verdict is needed for.
func (m *aimReadinessModel) fromFacts(ctx context.Context, facts *readiness.Facts, diags *diag.Diagnostics) {
	way, reason := readiness.Path(facts)
	m.MigrationPath, m.MigrationPathReason = types.StringPointerValue(emptyAsNil(way)), types.StringValue(reason)
	m.WorkspaceAdmins = listFrom(ctx, noticeType, readiness.Notices(facts), func(n readiness.Notice) noticeModel {
		return noticeModel{WorkspaceID: n.WorkspaceID, WorkspaceName: n.WorkspaceName, People: notNil(n.People), UnknownReason: emptyAsNil(n.Unknown)}
	}, diags)
	needed := map[string]assignmentNeededModel{}
	for _, a := range readiness.AssignmentsNeeded(facts) {
		needed[a.WorkspaceID+"/"+a.GroupID] = assignmentNeededModel(a)
	}
	m.WorkspaceAssignmentsNeeded = mapFrom(ctx, assignmentNeededType, needed, diags)
	m.ServicePrincipalRenames = listFrom(ctx, renameType, readiness.Renames(facts), func(r readiness.Rename) renameModel {
		return renameModel{PrincipalID: r.ID, ApplicationID: r.ApplicationID, NameNow: r.Now, NameAfter: r.After, CollidesWith: notNil(r.CollidesWith)}
	}, diags)
	m.Limits = listFrom(ctx, limitType, readiness.Limits(facts), func(l readiness.Limit) limitModel {
		return limitModel{Metric: l.Metric, WorkspaceID: emptyAsNil(l.WorkspaceID), Value: int64(l.Value), Limit: int64(l.Limit), Fixed: l.Fixed}
	}, diags)
	var more diag.Diagnostics
	m.GroupNamesInSQL = types.MapNull(textList)
	if !m.SQLDefinitions.IsNull() {
		m.GroupNamesInSQL, more = types.MapValueFrom(ctx, textList, readiness.GroupNamesInSQL(facts))
		diags.Append(more...)
	}
	m.AIMEvidence, more = types.ListValueFrom(ctx, types.StringType, notNil(readiness.Evidence(facts)))
	diags.Append(more...)
}

func checkRow(ctx context.Context, r *readiness.Result, diags *diag.Diagnostics) checkModel {
	return checkModel{
		ID: r.ID, Title: r.Title, Decision: string(r.Decision), Severity: string(r.Severity), Status: string(r.Status), Summary: r.Summary,
		AffectedCount: int64(len(r.Affected)), Evidence: notNil(r.Evidence), UnknownReasons: notNil(r.Unknown), Consequence: r.Consequence,
		Remedy: r.Remedy, Source: r.Source,
		Affected: listFrom(ctx, affectedType, r.Affected, func(a readiness.Affected) affectedModel {
			return affectedModel{
				Kind: a.Kind, ID: emptyAsNil(a.ID), Name: emptyAsNil(a.Name), WorkspaceID: emptyAsNil(a.WorkspaceID), Detail: a.Detail, Subject: a.Subject(), Waived: a.Waived,
			}
		}, diags),
	}
}
