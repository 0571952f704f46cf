// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/events"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	auditevents "github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/events"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/judge"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
)

// eventsAttribute is the input; without recent there is no recent_days.
func eventsAttribute(text string, recent bool) schema.Attribute {
	some := []validator.String{stringvalidator.LengthAtLeast(1)}
	out := schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Read the audit log of Databricks (`system.access.audit`) by one query on a SQL warehouse, as [`dbxidentity_audit_events`](audit_events) does: " + text +
			" It starts the warehouse. A log that cannot be read is in `failures`. Default: it is not read.",
		Attributes: map[string]schema.Attribute{
			"workspace_id":     schema.StringAttribute{Required: true, MarkdownDescription: "Id of the workspace whose warehouse is asked.", Validators: some},
			"sql_warehouse_id": schema.StringAttribute{Required: true, MarkdownDescription: "Id of the SQL warehouse.", Validators: some},
			"since":            schema.StringAttribute{Required: true, MarkdownDescription: "First day to look at (`2026-11-01`, UTC), or an RFC 3339 time."},
			"recent_days": schema.NumberAttribute{
				Optional: true, Validators: []validator.Number{wholeNumber{least: 1, most: 365}},
				MarkdownDescription: "Do not offer to deactivate users who acted in the last so many days, with `suggest_deactivations`; nor anyone while that is not known. The log is read at least that " +
					"far back. Other regions have logs of their own. Default: it does not matter who acted.",
			},
		},
	}
	if !recent {
		delete(out.Attributes, "recent_days")
	}
	return out
}

// eventsRequest is an events input that was read.
type eventsRequest struct {
	events.Request
	recentDays int
}

// eventsInput is nil where nothing was asked for.
func eventsInput(v types.Object, diags *diag.Diagnostics) *eventsRequest {
	if v.IsNull() || v.IsUnknown() {
		return nil
	}
	given := v.Attributes()
	text := func(name string) types.String {
		s, _ := given[name].(types.String)
		return s
	}
	days, _ := given["recent_days"].(types.Number)
	out := eventsRequest{recentDays: int(wholeNumberOf(days))}
	out.WorkspaceID, out.WarehouseID, out.Activity = text("workspace_id").ValueString(), text("sql_warehouse_id").ValueString(), true
	out.Since = parseSince(path.Root("events").AtName("since"), text("since"), diags)
	return &out
}

// activity reads what the audit log says of who acts. Where it cannot be read, that is a
// failure of the audit; the error is for what no one can go on from.
func (s *session) activity(ctx context.Context, asked eventsRequest) (*judge.Activity, *auditevents.Report, error) {
	out := &judge.Activity{Days: asked.recentDays, Now: s.now()}
	if asked.recentDays > 0 {
		// Whole days, so that all who ask on a day share one reading.
		if from := out.Now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -asked.recentDays); from.Before(asked.Since) {
			asked.Since = from
		}
	}
	found, err := s.events(ctx, asked.Request)
	var place *events.WorkspaceError
	switch {
	case err == nil:
		// Below.
	case errors.As(err, &place) || idp.EndsAll(ctx, err):
		return nil, nil, err
	default:
		out.Failures = []audit.Failure{{Call: "read system.access.audit", Reason: err.Error()}}
		return out, nil, nil
	}
	out.Last, out.Events = found.report.LastActivity, found.report.Events
	// The account's own holes are in the audit already.
	out.Failures = slices.DeleteFunc(found.failures, func(f audit.Failure) bool { return f.Call != "read system.access.audit" })
	if found.Unreadable != "" {
		return out, nil, nil
	}
	return out, &found.report, nil
}

type observedChangeModel struct {
	ChangedBy    *string      `tfsdk:"changed_by"`
	ChangedAt    types.String `tfsdk:"changed_at"`
	LastActivity types.String `tfsdk:"last_activity"`
}

var observedChangeType = textsAnd(false, "changed_by", "changed_at", "last_activity")

var observedChangeTexts = map[string]string{
	"changed_by":    "Who changed the principal last, other than automatic identity management, as the log names them; where it names no one, the program. The log does not say what was changed. Null where it shows no change.",
	"changed_at":    "When that was.",
	"last_activity": "The last successful event of the user or service principal; null where the log shows none, which is not proof of anything.",
}

// observedChanges are what the log shows of the principals in the report; null without a log.
func observedChanges(ctx context.Context, r judge.Report, seen *auditevents.Report, diags *diag.Diagnostics) types.Map {
	if seen == nil {
		return types.MapNull(observedChangeType)
	}
	changes, out := seen.LastChanges(), map[string]observedChangeModel{}
	add := func(ref audit.Ref) {
		c, changed := changes[ref]
		last := seen.LastActivity[ref.ID]
		if !changed && last.IsZero() {
			return
		}
		out[ref.String()] = observedChangeModel{ChangedBy: emptyAsNil(cmp.Or(c.Actor, c.Agent)), ChangedAt: timeText(c.Last), LastActivity: timeText(last)}
	}
	for i := range r.Users {
		add(r.Users[i].Ref)
	}
	for i := range r.Groups {
		add(r.Groups[i].Ref)
	}
	for i := range r.ServicePrincipals {
		add(r.ServicePrincipals[i].Ref)
	}
	for i := range r.Deactivations { // Whom the IdP has disabled has no row.
		add(r.Deactivations[i].Ref)
	}
	return mapFrom(ctx, observedChangeType, out, diags)
}
