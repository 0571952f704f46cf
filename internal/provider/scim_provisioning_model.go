// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/provisioning"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/redact"
)

// scimProvisioningModel is the data source's configuration and result.
type scimProvisioningModel struct {
	ConnectorIDs       types.Set      `tfsdk:"connector_ids"`
	ConnectorAddresses types.Map      `tfsdk:"connector_addresses"`
	LogSince           types.String   `tfsdk:"log_since"`
	CompareAccount     types.Bool     `tfsdk:"compare_account"`
	Timeouts           timeouts.Value `tfsdk:"timeouts"`

	InScopeAbsent    types.List `tfsdk:"in_scope_absent"`
	LinkedOutOfScope types.List `tfsdk:"linked_out_of_scope"`
	NestedOnly       types.List `tfsdk:"nested_only"`
	WorkspaceOnly    types.List `tfsdk:"workspace_only"`
	Uncompared       types.List `tfsdk:"uncompared"`

	Connectors types.List `tfsdk:"connectors"`
	Observed   types.Map  `tfsdk:"observed"`
	Complete   types.Bool `tfsdk:"complete"`
	Failures   types.List `tfsdk:"failures"`
}

type connectorModel struct {
	ID                      string               `tfsdk:"id"`
	AppID                   *string              `tfsdk:"app_id"`
	DisplayName             string               `tfsdk:"display_name"`
	Enabled                 *bool                `tfsdk:"enabled"`
	Target                  connectorTargetModel `tfsdk:"target"`
	Status                  string               `tfsdk:"status"`
	Reason                  string               `tfsdk:"reason"`
	Cause                   *string              `tfsdk:"cause"`
	Interval                *string              `tfsdk:"interval"`
	SyncsUsers              *bool                `tfsdk:"syncs_users"`
	SyncsGroups             *bool                `tfsdk:"syncs_groups"`
	SyncAll                 *bool                `tfsdk:"sync_all"`
	AssignmentRequired      *bool                `tfsdk:"assignment_required"`
	SkipOutOfScopeDeletions *bool                `tfsdk:"skip_out_of_scope_deletions"`
	NotificationAddresses   []string             `tfsdk:"notification_addresses"`
	Assigned                assignedModel        `tfsdk:"assigned"`
	Mappings                types.List           `tfsdk:"mappings"`
	ScopingFilters          []filterModel        `tfsdk:"scoping_filters"`
	Features                []string             `tfsdk:"features"`
	GroupPushes             []groupPushModel     `tfsdk:"group_pushes"`
	Failing                 types.List           `tfsdk:"failing"`
	Contradictions          types.List           `tfsdk:"contradictions"`
	Findings                []findModel          `tfsdk:"findings"`
}

type connectorTargetModel struct {
	Level         string  `tfsdk:"level"`
	Host          *string `tfsdk:"host"`
	Address       *string `tfsdk:"address"`
	AccountID     *string `tfsdk:"account_id"`
	WorkspaceID   *string `tfsdk:"workspace_id"`
	IsThisAccount *bool   `tfsdk:"is_this_account"`
	Stated        bool    `tfsdk:"stated"`
	UnknownReason *string `tfsdk:"unknown_reason"`
}

type assignedModel struct {
	Users             types.List `tfsdk:"users"`
	Groups            types.List `tfsdk:"groups"`
	ServicePrincipals types.List `tfsdk:"service_principals"`
}

type assignedOneModel struct {
	ExternalID string  `tfsdk:"external_id"`
	Name       *string `tfsdk:"name"`
}

type assignedGroupModel struct {
	ExternalID    string      `tfsdk:"external_id"`
	Name          *string     `tfsdk:"name"`
	UserCount     types.Int64 `tfsdk:"user_count"`
	NestedGroups  []string    `tfsdk:"nested_groups"`
	OnlyHere      []string    `tfsdk:"only_here"`
	UnknownReason *string     `tfsdk:"unknown_reason"`
}

type mappingModel struct {
	Object     string  `tfsdk:"object"`
	Target     string  `tfsdk:"target"`
	SourceType string  `tfsdk:"source_type"`
	Source     *string `tfsdk:"source"`
	Correct    *bool   `tfsdk:"correct"`
	Overwrites bool    `tfsdk:"overwrites"`
}

type filterModel struct {
	Object string `tfsdk:"object"`
	Filter string `tfsdk:"filter"`
}

type groupPushModel struct {
	ExternalID  string  `tfsdk:"external_id"`
	PrincipalID *string `tfsdk:"principal_id"`
	State       string  `tfsdk:"state"`
}

type failingModel struct {
	PrincipalType *string `tfsdk:"principal_type"`
	ExternalID    string  `tfsdk:"external_id"`
	Name          *string `tfsdk:"name"`
	PrincipalID   *string `tfsdk:"principal_id"`
	Action        string  `tfsdk:"action"`
	ErrorCode     *string `tfsdk:"error_code"`
	Error         *string `tfsdk:"error"`
	Holder        *string `tfsdk:"holder"`
	Remedy        string  `tfsdk:"remedy"`
}

type contradictionModel struct {
	PrincipalType     string  `tfsdk:"principal_type"`
	PrincipalID       string  `tfsdk:"principal_id"`
	PrincipalName     string  `tfsdk:"principal_name"`
	ExternalID        string  `tfsdk:"external_id"`
	Name              *string `tfsdk:"name"`
	CurrentExternalID *string `tfsdk:"current_external_id"`
}

type findModel struct {
	Code    string `tfsdk:"code"`
	Summary string `tfsdk:"summary"`
	Remedy  string `tfsdk:"remedy"`
}

// observedConnectorModel has the times and counts of a moving world.
type observedConnectorModel struct {
	Since        types.String      `tfsdk:"since"`
	NextAttempt  types.String      `tfsdk:"next_attempt"`
	DisabledOn   types.String      `tfsdk:"disabled_on"`
	LastSuccess  types.String      `tfsdk:"last_success"`
	Counts       map[string]int64  `tfsdk:"counts"`
	FailingSince map[string]string `tfsdk:"failing_since"`
}

// The object types of the results.
var (
	connectorTargetType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"level": types.StringType, "host": types.StringType, "address": types.StringType, "stated": types.BoolType, "account_id": types.StringType, "workspace_id": types.StringType,
		"is_this_account": types.BoolType, "unknown_reason": types.StringType,
	}}
	assignedOneType   = types.ObjectType{AttrTypes: map[string]attr.Type{"external_id": types.StringType, "name": types.StringType}}
	assignedGroupType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"external_id": types.StringType, "name": types.StringType, "user_count": types.Int64Type, "nested_groups": textList, "only_here": textList,
		"unknown_reason": types.StringType,
	}}
	assignedType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"users": types.ListType{ElemType: assignedOneType}, "groups": types.ListType{ElemType: assignedGroupType}, "service_principals": types.ListType{ElemType: assignedOneType},
	}}
	mappingType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"object": types.StringType, "target": types.StringType, "source_type": types.StringType, "source": types.StringType, "correct": types.BoolType, "overwrites": types.BoolType,
	}}
	filterType    = types.ObjectType{AttrTypes: map[string]attr.Type{"object": types.StringType, "filter": types.StringType}}
	groupPushType = types.ObjectType{AttrTypes: map[string]attr.Type{"external_id": types.StringType, "principal_id": types.StringType, "state": types.StringType}}
	failingType   = types.ObjectType{AttrTypes: map[string]attr.Type{
		"principal_type": types.StringType, "external_id": types.StringType, "name": types.StringType, "principal_id": types.StringType, "action": types.StringType,
		"error_code": types.StringType, "error": types.StringType, "holder": types.StringType, "remedy": types.StringType,
	}}
	contradictionType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"principal_type": types.StringType, "principal_id": types.StringType, "principal_name": types.StringType, "external_id": types.StringType, "name": types.StringType,
		"current_external_id": types.StringType,
	}}
	connectorFindingType = types.ObjectType{AttrTypes: map[string]attr.Type{"code": types.StringType, "summary": types.StringType, "remedy": types.StringType}}
	connectorType        = types.ObjectType{AttrTypes: map[string]attr.Type{
		"id": types.StringType, "app_id": types.StringType, "display_name": types.StringType, "enabled": types.BoolType, "target": connectorTargetType,
		"status": types.StringType, "reason": types.StringType, "cause": types.StringType, "interval": types.StringType, "syncs_users": types.BoolType,
		"syncs_groups": types.BoolType, "sync_all": types.BoolType, "assignment_required": types.BoolType, "skip_out_of_scope_deletions": types.BoolType,
		"notification_addresses": textList, "assigned": assignedType, "mappings": types.ListType{ElemType: mappingType},
		"features": textList, "group_pushes": types.ListType{ElemType: groupPushType},
		"scoping_filters": types.ListType{ElemType: filterType}, "failing": types.ListType{ElemType: failingType},
		"contradictions": types.ListType{ElemType: contradictionType}, "findings": types.ListType{ElemType: connectorFindingType},
	}}
	observedConnectorType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"since": types.StringType, "next_attempt": types.StringType, "disabled_on": types.StringType, "last_success": types.StringType,
		"counts": types.MapType{ElemType: types.Int64Type}, "failing_since": types.MapType{ElemType: types.StringType},
	}}
)

// fill takes in what was found.
func (m *scimProvisioningModel) fill(ctx context.Context, found foundConnectors, diags *diag.Diagnostics) {
	rows, observed := make([]connectorModel, len(found.connectors)), map[string]observedConnectorModel{}
	for i := range found.connectors {
		c, v := &found.connectors[i], &found.verdicts[i]
		rows[i] = connectorRow(ctx, c, v, diags)
		if c.Log == nil {
			rows[i].Failing = types.ListNull(failingType)
		}
		if !v.PairsCompared {
			rows[i].Contradictions = types.ListNull(contradictionType)
		}
		one := observedConnectorModel{
			Since: timeText(v.Health.Since), NextAttempt: timeText(v.Health.NextAttempt), DisabledOn: timeText(v.Health.DisabledOn), LastSuccess: timeText(v.Health.LastSuccess),
			Counts: v.Health.Counts, FailingSince: map[string]string{},
		}
		for _, f := range v.Failing {
			if !f.Since.IsZero() {
				one.FailingSince[f.SourceID] = f.Since.Format(time.RFC3339)
			}
		}
		observed[c.ID] = one
	}
	m.Connectors = listFrom(ctx, connectorType, rows, same[connectorModel], diags)
	m.Observed = mapFrom(ctx, observedConnectorType, observed, diags)
	m.fillComparison(ctx, found.comparison, diags)
	m.Failures = listFrom(ctx, failureType, failuresFromAudit(found.failures), same[failureModel], diags)
	m.Complete = types.BoolValue(len(found.failures) == 0)
}

// timeText is null for a time that is not known.
func timeText(t time.Time) types.String {
	if t.IsZero() {
		return types.StringNull()
	}
	return types.StringValue(t.UTC().Format(time.RFC3339))
}

func connectorRow(ctx context.Context, c *provisioning.Connector, v *provisioning.Verdict, diags *diag.Diagnostics) connectorModel {
	out := connectorModel{
		ID: c.ID, AppID: emptyAsNil(c.AppID), DisplayName: c.DisplayName, Enabled: c.Enabled, AssignmentRequired: c.AssignmentRequired, NotificationAddresses: c.Notify,
		Target: connectorTargetModel{
			Level: string(v.Target.Level), Host: emptyAsNil(v.Target.Host), Address: emptyAsNil(v.Target.Address), AccountID: emptyAsNil(v.Target.AccountID),
			WorkspaceID: emptyAsNil(v.Target.WorkspaceID), IsThisAccount: v.Target.IsThisAccount, Stated: v.Target.Stated, UnknownReason: emptyAsNil(redact.Text(v.Target.Reason)),
		},
		Status: string(v.Health.Status), Reason: redact.Text(v.Health.Reason), Cause: emptyAsNil(v.Health.Cause), Interval: emptyAsNil(v.Health.Interval),
		SyncsUsers: syncs(v, "user"), SyncsGroups: syncs(v, "group"), SyncAll: v.Scope.SyncAll, SkipOutOfScopeDeletions: v.Scope.SkipDeletions,
		ScopingFilters: []filterModel{}, Findings: []findModel{},
	}
	if c.Push != nil {
		out.Features, out.GroupPushes = notNil(c.Push.Features), []groupPushModel{}
		for _, g := range c.Push.Groups {
			out.GroupPushes = append(out.GroupPushes, groupPushModel{ExternalID: g.ID, PrincipalID: emptyAsNil(g.TargetID), State: g.State})
		}
	}
	for _, f := range v.Filters {
		out.ScopingFilters = append(out.ScopingFilters, filterModel{Object: string(f.Object), Filter: f.Text})
	}
	for _, f := range v.Findings {
		out.Findings = append(out.Findings, findModel(f))
	}
	out.Assigned = assignedRow(ctx, &v.Scope, diags)
	out.Mappings = listFrom(ctx, mappingType, v.Mappings, func(r provisioning.MappingRow) mappingModel {
		return mappingModel{Object: string(r.Object), Target: r.Target, SourceType: r.SourceType, Source: emptyAsNil(r.Source), Correct: r.Correct, Overwrites: r.Overwrites}
	}, diags)
	if c.Push != nil {
		out.Mappings = types.ListNull(mappingType) // Okta does not report them.
	}
	out.Failing = listFrom(ctx, failingType, v.Failing, failingRow, diags)
	out.Contradictions = listFrom(ctx, contradictionType, v.Contradictions, func(r provisioning.Contradiction) contradictionModel {
		return contradictionModel{
			PrincipalType: string(r.Type), PrincipalID: r.Principal.ID, PrincipalName: r.Principal.Name, ExternalID: r.SourceID, Name: emptyAsNil(r.Name),
			CurrentExternalID: emptyAsNil(r.Principal.ExternalID),
		}
	}, diags)
	if v.Scope.Unknown != "" {
		out.Assigned = assignedModel{Users: types.ListNull(assignedOneType), Groups: types.ListNull(assignedGroupType), ServicePrincipals: types.ListNull(assignedOneType)}
	}
	return out
}

func failingRow(f provisioning.Failing) failingModel {
	out := failingModel{
		PrincipalType: emptyAsNil(string(f.Type)), ExternalID: f.SourceID, Name: emptyAsNil(f.Name), PrincipalID: emptyAsNil(f.DatabricksID), Action: f.Action,
		ErrorCode: emptyAsNil(f.ErrorCode), Error: emptyAsNil(f.Error), Remedy: f.Remedy,
	}
	if f.Holder != nil {
		out.Holder = emptyAsNil(f.Holder.Ref.String())
	}
	return out
}

// syncs is null where it is not known whether a type is written.
func syncs(v *provisioning.Verdict, t string) *bool {
	for known, does := range v.Syncs {
		if string(known) == t {
			return &does
		}
	}
	return nil
}

func assignedRow(ctx context.Context, s *provisioning.Scope, diags *diag.Diagnostics) assignedModel {
	one := func(a provisioning.Assignment) assignedOneModel {
		return assignedOneModel{ExternalID: a.ID, Name: emptyAsNil(a.Name)}
	}
	return assignedModel{
		Users:             listFrom(ctx, assignedOneType, s.Users, one, diags),
		ServicePrincipals: listFrom(ctx, assignedOneType, s.ServicePrincipals, one, diags),
		Groups: listFrom(ctx, assignedGroupType, s.Groups, func(g provisioning.ScopedGroup) assignedGroupModel {
			row := assignedGroupModel{
				ExternalID: g.ID, Name: emptyAsNil(g.Name), UserCount: types.Int64Value(int64(g.Users)), NestedGroups: notNil(g.Nested), OnlyHere: g.Only,
				UnknownReason: emptyAsNil(redact.Text(g.Unknown)),
			}
			if g.Unknown != "" {
				row.UserCount, row.NestedGroups = types.Int64Null(), nil
			}
			return row
		}, diags),
	}
}
