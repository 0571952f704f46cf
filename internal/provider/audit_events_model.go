// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	auditevents "github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/events"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/redact"
)

// auditEventsModel is the data source's configuration and result.
type auditEventsModel struct {
	WorkspaceID    types.String   `tfsdk:"workspace_id"`
	SQLWarehouseID types.String   `tfsdk:"sql_warehouse_id"`
	Since          types.String   `tfsdk:"since"`
	Until          types.String   `tfsdk:"until"`
	Kinds          types.Set      `tfsdk:"kinds"`
	Timeouts       timeouts.Value `tfsdk:"timeouts"`

	AIM               types.List   `tfsdk:"aim"`
	AIMSince          types.String `tfsdk:"aim_since"`
	AIMPolicy         types.List   `tfsdk:"aim_policy"`
	Provisioned       types.List   `tfsdk:"provisioned"`
	MembershipEdits   types.List   `tfsdk:"membership_edits"`
	ExternalIDChanges types.List   `tfsdk:"external_id_changes"`
	SCIMWriters       types.List   `tfsdk:"scim_writers"`
	Errors            types.List   `tfsdk:"errors"`
	LastActivity      types.Map    `tfsdk:"last_activity"`
	Departed          types.List   `tfsdk:"departed"`
	Coverage          types.Object `tfsdk:"coverage"`
	Truncated         types.Bool   `tfsdk:"truncated"`
	Complete          types.Bool   `tfsdk:"complete"`
	Failures          types.List   `tfsdk:"failures"`
}

type aimDayModel struct {
	Day    string `tfsdk:"day"`
	Action string `tfsdk:"action"`
	Status string `tfsdk:"status"`
	Count  int64  `tfsdk:"count"`
}

type aimPolicyModel struct {
	Action string       `tfsdk:"action"`
	Actor  *string      `tfsdk:"actor"`
	Agent  *string      `tfsdk:"agent"`
	Count  int64        `tfsdk:"count"`
	Last   types.String `tfsdk:"last"`
}

type provisionedModel struct {
	PrincipalType string       `tfsdk:"principal_type"`
	PrincipalID   *string      `tfsdk:"principal_id"`
	Name          *string      `tfsdk:"name"`
	Time          types.String `tfsdk:"time"`
}

type membershipEditModel struct {
	GroupID    string       `tfsdk:"group_id"`
	GroupName  string       `tfsdk:"group_name"`
	MemberID   *string      `tfsdk:"member_id"`
	MemberName *string      `tfsdk:"member_name"`
	Change     string       `tfsdk:"change"`
	Actor      *string      `tfsdk:"actor"`
	Agent      *string      `tfsdk:"agent"`
	Writer     string       `tfsdk:"writer"`
	Endpoint   *string      `tfsdk:"endpoint"`
	Count      int64        `tfsdk:"count"`
	Last       types.String `tfsdk:"last"`
}

type identityChangeModel struct {
	PrincipalType string       `tfsdk:"principal_type"`
	PrincipalID   *string      `tfsdk:"principal_id"`
	Name          *string      `tfsdk:"name"`
	Action        string       `tfsdk:"action"`
	Actor         *string      `tfsdk:"actor"`
	Agent         *string      `tfsdk:"agent"`
	Writer        string       `tfsdk:"writer"`
	Endpoint      *string      `tfsdk:"endpoint"`
	Count         int64        `tfsdk:"count"`
	Last          types.String `tfsdk:"last"`
}

type scimWriterModel struct {
	Level       string       `tfsdk:"level"`
	WorkspaceID *string      `tfsdk:"workspace_id"`
	Actor       *string      `tfsdk:"actor"`
	Agent       *string      `tfsdk:"agent"`
	Writer      string       `tfsdk:"writer"`
	Count       int64        `tfsdk:"count"`
	First       types.String `tfsdk:"first"`
	Last        types.String `tfsdk:"last"`
}

type eventErrorModel struct {
	Action   string       `tfsdk:"action"`
	Endpoint *string      `tfsdk:"endpoint"`
	Code     *string      `tfsdk:"code"`
	Error    *string      `tfsdk:"error"`
	Count    int64        `tfsdk:"count"`
	Last     types.String `tfsdk:"last"`
}

type departedModel struct {
	Name        string       `tfsdk:"name"`
	PrincipalID *string      `tfsdk:"principal_id"`
	State       string       `tfsdk:"state"`
	Left        types.String `tfsdk:"left"`
	Last        types.String `tfsdk:"last"`
}

type eventCoverageModel struct {
	MetastoreID string       `tfsdk:"metastore_id"`
	Region      *string      `tfsdk:"region"`
	SchemaState *string      `tfsdk:"schema_state"`
	First       types.String `tfsdk:"first"`
	Last        types.String `tfsdk:"last"`
	Events      int64        `tfsdk:"events"`
	Summary     string       `tfsdk:"summary"`
}

// textsAnd are the types of texts and of a count.
func textsAnd(count bool, names ...string) types.ObjectType {
	out := types.ObjectType{AttrTypes: map[string]attr.Type{}}
	for _, name := range names {
		out.AttrTypes[name] = types.StringType
	}
	if count {
		out.AttrTypes["count"] = types.Int64Type
	}
	return out
}

// The object types of the results.
var (
	aimDayType         = textsAnd(true, "day", "action", "status")
	aimPolicyType      = textsAnd(true, "action", "actor", "agent", "last")
	provisionedType    = textsAnd(false, "principal_type", "principal_id", "name", "time")
	membershipEditType = textsAnd(true, "group_id", "group_name", "member_id", "member_name", "change", "actor", "agent", "writer", "endpoint", "last")
	identityChangeType = textsAnd(true, "principal_type", "principal_id", "name", "action", "actor", "agent", "writer", "endpoint", "last")
	scimWriterType     = textsAnd(true, "level", "workspace_id", "actor", "agent", "writer", "first", "last")
	eventErrorType     = textsAnd(true, "action", "endpoint", "code", "error", "last")
	departedType       = textsAnd(false, "name", "principal_id", "state", "left", "last")
	eventCoverageType  = types.ObjectType{AttrTypes: map[string]attr.Type{
		"metastore_id": types.StringType, "region": types.StringType, "schema_state": types.StringType, "first": types.StringType, "last": types.StringType,
		"events": types.Int64Type, "summary": types.StringType,
	}}
)

// fill takes in what was found. What was not asked for, and what could not be read, is null.
func (m *auditEventsModel) fill(ctx context.Context, found foundEvents, kinds []string, diags *diag.Diagnostics) {
	r := &found.report
	has := func(kind string) bool { return found.Unreadable == "" && slices.Contains(kinds, kind) }
	m.AIM, m.AIMPolicy, m.AIMSince = types.ListNull(aimDayType), types.ListNull(aimPolicyType), types.StringNull()
	if has(kindAIM) {
		m.AIM = listFrom(ctx, aimDayType, r.AIM, func(d auditevents.AIMDay) aimDayModel { return aimDayModel{d.Day, d.Action, d.Outcome, int64(d.Count)} }, diags)
		m.AIMPolicy = listFrom(ctx, aimPolicyType, r.Policy, func(c auditevents.Change) aimPolicyModel {
			return aimPolicyModel{c.Action, emptyAsNil(c.Actor), emptyAsNil(c.Agent), int64(c.Count), timeText(c.Last)}
		}, diags)
		m.AIMSince = timeText(r.Since)
	}
	m.Provisioned = types.ListNull(provisionedType)
	if has(kindProvisioned) {
		m.Provisioned = listFrom(ctx, provisionedType, r.Created, func(c auditevents.Created) provisionedModel {
			return provisionedModel{string(c.Type), emptyAsNil(c.ID), emptyAsNil(c.Name), timeText(c.At)}
		}, diags)
	}
	m.MembershipEdits = types.ListNull(membershipEditType)
	if has(kindEdits) {
		m.MembershipEdits = listFrom(ctx, membershipEditType, r.Edits, editRow, diags)
	}
	m.ExternalIDChanges = types.ListNull(identityChangeType)
	if has(kindUpdates) {
		m.ExternalIDChanges = listFrom(ctx, identityChangeType, r.Updates, func(c auditevents.Change) identityChangeModel {
			return identityChangeModel{
				string(c.Type), emptyAsNil(c.ID), emptyAsNil(c.Name), c.Action, emptyAsNil(c.Actor), emptyAsNil(c.Agent), auditevents.Writer(c.Agent), emptyAsNil(c.Endpoint),
				int64(c.Count), timeText(c.Last),
			}
		}, diags)
	}
	m.SCIMWriters = types.ListNull(scimWriterType)
	if has(kindWriters) {
		m.SCIMWriters = listFrom(ctx, scimWriterType, r.Writers, writerRow, diags)
	}
	m.Errors = types.ListNull(eventErrorType)
	if has(kindErrors) {
		m.Errors = listFrom(ctx, eventErrorType, r.Failures, func(f auditevents.Failed) eventErrorModel {
			return eventErrorModel{f.Action, emptyAsNil(f.Endpoint), emptyAsNil(f.Status), emptyAsNil(redact.Text(f.Message)), int64(f.Count), timeText(f.Last)}
		}, diags)
	}
	m.LastActivity, m.Departed = types.MapNull(types.StringType), types.ListNull(departedType)
	if has(kindActivity) {
		last := map[string]attr.Value{}
		for id, at := range r.LastActivity {
			last[id] = timeText(at)
		}
		m.LastActivity = types.MapValueMust(types.StringType, last)
		m.Departed = listFrom(ctx, departedType, r.Departed, func(d auditevents.Departed) departedModel {
			out := departedModel{Name: d.Name, State: "absent", Left: timeText(d.Left), Last: timeText(d.Last)}
			if d.Principal != nil {
				out.State, out.PrincipalID = "inactive", &d.Principal.ID
			}
			return out
		}, diags)
	}
	var more diag.Diagnostics
	m.Coverage, more = types.ObjectValueFrom(ctx, eventCoverageType.AttrTypes, eventCoverageModel{
		MetastoreID: found.Metastore, Region: emptyAsNil(found.Region), SchemaState: emptyAsNil(found.Schema), First: timeText(r.First), Last: timeText(r.Last),
		Events: int64(r.Events), Summary: found.coverageText(),
	})
	diags.Append(more...)
	m.Truncated = types.BoolValue(found.Truncated)
	m.Failures = listFrom(ctx, failureType, failuresFromAudit(found.failures), same[failureModel], diags)
	m.Complete = types.BoolValue(len(found.failures) == 0)
}

func editRow(e auditevents.Edit) membershipEditModel {
	out := membershipEditModel{
		GroupID: e.Group.ID, GroupName: e.Group.Name, MemberID: emptyAsNil(e.MemberID), MemberName: emptyAsNil(e.MemberName), Change: "removed",
		Actor: emptyAsNil(e.Actor), Agent: emptyAsNil(e.Agent), Writer: auditevents.Writer(e.Agent), Endpoint: emptyAsNil(e.Endpoint), Count: int64(e.Count), Last: timeText(e.Last),
	}
	if e.Added {
		out.Change = "added"
	}
	return out
}

func writerRow(w auditevents.SCIMWriter) scimWriterModel {
	out := scimWriterModel{
		Level: w.Level, WorkspaceID: emptyAsNil(w.Workspace), Actor: emptyAsNil(w.Actor), Agent: emptyAsNil(w.Agent), Writer: auditevents.Writer(w.Agent), Count: int64(w.Count),
		First: timeText(w.First), Last: timeText(w.Last),
	}
	if w.Workspace == "0" { // So the log writes the account.
		out.WorkspaceID = nil
	}
	return out
}
