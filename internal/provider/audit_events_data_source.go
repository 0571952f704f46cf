// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/events"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	auditevents "github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/events"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
)

var (
	_ datasource.DataSourceWithConfigure      = (*auditEventsDataSource)(nil)
	_ datasource.DataSourceWithValidateConfig = (*auditEventsDataSource)(nil)
)

// auditEventsDataSource shows what AIM, SCIM and people did to identities. It needs no
// IdP, and it never writes; the warehouse that it asks starts.
type auditEventsDataSource struct{ sessionDataSource }

func newAuditEventsDataSource() datasource.DataSource { return &auditEventsDataSource{} }

func (d *auditEventsDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_audit_events"
}

func (d *auditEventsDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var model auditEventsModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if !resp.Diagnostics.HasError() {
		model.period(&resp.Diagnostics)
	}
}

// period is since and until. The day that until names is a part of it.
func (m *auditEventsModel) period(diags *diag.Diagnostics) (since, until time.Time) {
	since = parseSince(path.Root("since"), m.Since, diags)
	until = endOf(path.Root("until"), m.Until, diags)
	if !since.IsZero() && !until.IsZero() && !since.Before(until) {
		diags.AddAttributeError(path.Root("until"), "Empty Period", fmt.Sprintf("until is %q, which is not after since, %q: no event can be between them.", m.Until.ValueString(), m.Since.ValueString()))
	}
	return since, until
}

// endOf reads a date (to its end, UTC) or an RFC 3339 time.
func endOf(at path.Path, v types.String, diags *diag.Diagnostics) time.Time {
	end := parseSince(at, v, diags)
	if _, err := time.Parse(time.DateOnly, v.ValueString()); err == nil {
		end = end.AddDate(0, 0, 1)
	}
	return end
}

func (d *auditEventsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model auditEventsModel
	diags := &resp.Diagnostics
	diags.Append(req.Config.Get(ctx, &model)...)
	limit, more := model.Timeouts.Read(ctx, defaultReadTimeout)
	diags.Append(more...)
	if diags.HasError() {
		return
	}
	asked := events.Request{WorkspaceID: model.WorkspaceID.ValueString(), WarehouseID: model.SQLWarehouseID.ValueString()}
	asked.Since, asked.Until = model.period(diags)
	kinds := eventKinds
	if !model.Kinds.IsNull() {
		kinds = textsFrom(path.Root("kinds"), model.Kinds.Elements(), diags)
	}
	asked.Activity = slices.Contains(kinds, kindActivity)
	if diags.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	found, err := d.session.events(ctx, asked)
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		addEventsError(diags, path.Root("workspace_id"), err)
		return
	}
	switch {
	case len(found.failures) > 0:
		addHolesWarning(diags, "Incomplete Report of Audit Events", "complete is false. What was read is valid, what was not is unknown.", found.failures)
	case found.report.Events == 0:
		diags.AddWarning("No Audit Events", found.coverageText())
	}
	model.fill(ctx, found, kinds, diags)
	setState(ctx, resp, &model)
}

// addEventsError is about a log of which nothing could be read.
func addEventsError(diags *diag.Diagnostics, workspace path.Path, err error) {
	var (
		place  *events.WorkspaceError
		column *events.MissingColumnError
	)
	switch {
	case errors.As(err, &place):
		diags.AddAttributeError(workspace, "Workspace Cannot Be Asked", fmt.Sprintf("Failed while reading system.access.audit: %s. "+
			"Use the id of a workspace of this account that the caller may enter, in the region whose events you want.", err))
	case errors.As(err, &column):
		diags.AddError("Unknown Form of system.access.audit", fmt.Sprintf("Failed while reading the audit log: %s. Databricks may have changed the table. "+
			"Run DESCRIBE TABLE system.access.audit, look for a newer version of this provider, and report what you see.", err))
	case api.StatusOf(err) == http.StatusForbidden || api.StatusOf(err) == http.StatusUnauthorized || api.StatusOf(err) == http.StatusNotFound:
		addReadError(diags, "Audit Events", "reading system.access.audit", fmt.Errorf("%w. Check that the workspace has the SQL warehouse, and that the caller is in the workspace and has CAN USE on the warehouse", err))
	default:
		addReadError(diags, "Audit Events", "reading system.access.audit", err)
	}
}

// foundEvents is one reading of the log, judged.
type foundEvents struct {
	events.Found
	report   auditevents.Report
	failures []audit.Failure
}

// events reads and judges the log, and the account as it is now beside it.
func (s *session) events(ctx context.Context, asked events.Request) (foundEvents, error) {
	found, err := s.account.AuditEvents(ctx, asked)
	if err != nil {
		return foundEvents{}, err
	}
	inventory, err := s.account.Inventory(ctx)
	if err != nil {
		return foundEvents{}, err
	}
	out := foundEvents{Found: found, report: auditevents.Judge(&auditevents.Input{Rows: found.Rows, Truncated: found.Truncated, Inventory: inventory})}
	out.failures = idp.SortFailures(slices.Concat(out.report.Holes, found.Failures()))
	return out, nil
}

// coverageText says how far the result reaches.
func (f *foundEvents) coverageText() string {
	if f.Unreadable != "" {
		return "The log could not be read, so nothing is known: " + f.Unreadable + "."
	}
	where := "the metastore " + f.Metastore
	if f.Region != "" {
		where += " (" + f.Region + ")"
	}
	if f.report.Events == 0 {
		return "system.access.audit of " + where + " shows no event of this period. That is not proof that nothing happened: the caller may see fewer rows than there are, " +
			"other regions have logs of their own, and events arrive minutes to hours late."
	}
	return "These are the events that the caller sees in system.access.audit of " + where + ". Other regions have logs of their own, events are kept for about a year and arrive minutes to hours late: " +
		"what is not listed may still have happened."
}
