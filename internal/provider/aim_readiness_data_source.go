// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/events"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/assess"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/readiness"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
)

var (
	_ datasource.DataSourceWithConfigure      = (*aimReadinessDataSource)(nil)
	_ datasource.DataSourceWithValidateConfig = (*aimReadinessDataSource)(nil)
)

// aimReadinessDataSource says whether the account is ready for automatic identity
// management, for leaving SCIM, and for going back.
type aimReadinessDataSource struct{ sessionDataSource }

func newAIMReadinessDataSource() datasource.DataSource { return &aimReadinessDataSource{} }

func (d *aimReadinessDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_aim_readiness"
}

// ValidateConfig refuses what configuration alone can decide.
func (d *aimReadinessDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var model aimReadinessModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	model.waivers(ctx, &resp.Diagnostics)
	statedAddresses(model.ConnectorAddresses, &resp.Diagnostics)
	if !model.ConnectorAddresses.IsNull() && model.ConnectorIDs.IsNull() {
		resp.Diagnostics.AddAttributeError(path.Root("connector_addresses"), "Addresses Without Connectors", "connector_addresses says where connectors write to, and none are read without connector_ids.")
	}
	for i, p := range model.planned(ctx, &resp.Diagnostics) {
		if (p.Name.IsNull() == p.ExternalID.IsNull()) && !p.Name.IsUnknown() && !p.ExternalID.IsUnknown() {
			resp.Diagnostics.AddAttributeError(path.Root("planned_principals"), "Planned Principal Without Selector",
				fmt.Sprintf("planned_principals[%d] needs exactly one of name and external_id.", i))
		}
	}
}

func (d *aimReadinessDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model aimReadinessModel
	diags := &resp.Diagnostics
	diags.Append(req.Config.Get(ctx, &model)...)
	limit, more := model.Timeouts.Read(ctx, defaultReadTimeout)
	diags.Append(more...)
	if diags.HasError() {
		return
	}
	waivers := model.waivers(ctx, diags)
	run := d.run(ctx, &model, diags)
	run.source = d.session.requireIDP("dbxidentity_aim_readiness", diags)
	if !model.ConnectorIDs.IsNull() {
		run.connectorIDs = chosenConnectors(model.ConnectorIDs, diags)
		run.connectors = requireSource[idp.ConnectorSource](d.session, "connector_ids of dbxidentity_aim_readiness", "entra (or okta)", diags)
	}
	run.addresses = statedAddresses(model.ConnectorAddresses, diags)
	run.events = eventsInput(model.Events, diags)
	run.warehouses = model.warehouses(ctx, diags)
	if diags.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	facts, err := run.read(ctx)
	var missing *missingConnectorsError
	if errors.As(err, &missing) {
		addMissingConnectors(diags, missing.ids)
		return
	}
	var place *events.WorkspaceError
	if errors.As(err, &place) {
		addEventsError(diags, path.Root("events"), err)
		return
	}
	if err != nil {
		addReadError(diags, "AIM Readiness", "reading the account", err)
		return
	}
	d.session.findings.addGroupNamesInSQL(readiness.GroupNamesInSQL(facts))
	report := readiness.Assess(facts, waivers)
	failures := run.failures()
	if len(failures) > 0 {
		addHolesWarning(diags, "Incomplete Readiness Report", "checks that need what could not be read are unknown, and every other one is valid.", failures)
	}
	if len(facts.Unknown[readiness.NeedConnectors]) == 0 {
		warnStatedAddresses(run.addresses, func(id string) bool {
			return slices.ContainsFunc(facts.Connectors, func(c readiness.Connector) bool { return c.ID == id })
		}, diags)
	}
	warnReadinessWaivers(report, diags)
	warnUnmatchedDomains(facts.Report, diags)
	model.fromReport(ctx, facts, report, failures, diags)
	setState(ctx, resp, &model)
}

// warnReadinessWaivers names waivers without effect.
func warnReadinessWaivers(report readiness.Report, diags *diag.Diagnostics) {
	lines := ""
	for i, w := range report.Waivers {
		at := path.Root("waivers").AtListIndex(i)
		switch w.State {
		case audit.WaiverExpired:
			lines += expiredWaiver(at, w.Reason)
		case audit.WaiverUnused:
			lines += fmt.Sprintf("\n  - %s (%q) covers nothing: the check %s is met without it, or names no such subject.", at, w.Reason, w.Check)
		case audit.WaiverActive, audit.WaiverUnjudged:
		}
	}
	warnIdleWaivers(lines, diags)
}

// run turns configuration into what is to be read.
func (d *aimReadinessDataSource) run(ctx context.Context, model *aimReadinessModel, diags *diag.Diagnostics) *readinessRun {
	options := d.session.auditOptions()
	if !model.PrimaryDomains.IsNull() {
		options.PrimaryDomains = textsFrom(path.Root("primary_domains"), model.PrimaryDomains.Elements(), diags)
	}
	out := &readinessRun{
		session: d.session,
		audit:   assess.Run{Types: audit.PrincipalTypes(), Membership: idp.MembershipTransitive, Options: options, InIDP: true, NoOffers: true, Shared: &d.session.matches},
		facts: &readiness.Facts{
			Now: options.Now, AIM: options.AIM, TenantID: options.TenantID, Capabilities: options.IDP, PrimaryDomains: options.PrimaryDomains,
			Texts: map[string]string{},
		},
	}
	if d.session.idp != nil {
		out.facts.IDP = d.session.idp.Kind()
	}
	for _, p := range model.planned(ctx, diags) {
		out.facts.Planned = append(out.facts.Planned, readiness.Planned{
			Type: audit.PrincipalType(p.PrincipalType.ValueString()), Name: p.Name.ValueString(), ExternalID: p.ExternalID.ValueString(),
		})
	}
	for name, text := range model.SearchTexts.Elements() {
		for _, content := range textsFrom(path.Root("search_texts"), []attr.Value{text}, diags) {
			out.facts.Texts[name] = content
		}
	}
	return out
}
