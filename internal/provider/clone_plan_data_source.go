// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/catalog"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/assess"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
)

var (
	_ datasource.DataSourceWithConfigure      = (*clonePlanDataSource)(nil)
	_ datasource.DataSourceWithValidateConfig = (*clonePlanDataSource)(nil)
)

// clonePlanDataSource says what a target needs to have the access of a source.
type clonePlanDataSource struct{ sessionDataSource }

func newClonePlanDataSource() datasource.DataSource { return &clonePlanDataSource{} }

// thingClonePlan is what summaries of diagnostics call this data source.
const thingClonePlan = "Clone Plan"

func (d *clonePlanDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_clone_plan"
}

// ValidateConfig refuses what configuration alone can decide.
func (d *clonePlanDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var model clonePlanModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	validateSelector(ctx, path.Root("source"), model.Source, &resp.Diagnostics)
	validateSelector(ctx, path.Root("target"), model.Target, &resp.Diagnostics)
	validateCatalogScan(model.ScanUnityCatalog, model.UnityCatalogDepth, model.SQLWarehouseID, &resp.Diagnostics)
}

func (d *clonePlanDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model clonePlanModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	limit, diags := model.Timeouts.Read(ctx, defaultReadTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	plan, ok := d.plan(ctx, &model, &resp.Diagnostics)
	if !ok {
		return
	}
	d.session.findings.addClone(plan.Target.ID, slices.Collect(maps.Keys(plan.Memberships)), plan.Complete)
	if reportPlanProblems(&resp.Diagnostics, plan, model.AllowIncomplete.ValueBool()); resp.Diagnostics.HasError() {
		return
	}
	if plan.Complete && len(plan.AllowedNothing) > 0 {
		resp.Diagnostics.AddAttributeWarning(path.Root("allow_privileged_groups"), "Allowed Groups Not Found",
			fmt.Sprintf("The source %s is no direct member of a group with the id %s. Remove them, or correct them if another group was meant.",
				principalTitle(plan.Source), strings.Join(plan.AllowedNothing, ", ")))
	}
	model.fromAudit(ctx, plan, &resp.Diagnostics)
	setState(ctx, resp, &model)
}

// plan reads what the plan depends on, and makes it. Nothing is known when it
// returns false: the diagnostics say why.
func (d *clonePlanDataSource) plan(ctx context.Context, model *clonePlanModel, diags *diag.Diagnostics) (access.ClonePlan, bool) {
	client := d.session.account
	source, found := d.session.findPrincipal(ctx, path.Root("source"), selectorFrom(ctx, model.Source, diags), diags)
	target, foundToo := d.session.findPrincipal(ctx, path.Root("target"), selectorFrom(ctx, model.Target, diags), diags)
	if !found || !foundToo {
		return access.ClonePlan{}, false
	}
	graph, err := client.AccessGraph(ctx, source, target)
	if err != nil {
		addReadError(diags, thingClonePlan, fmt.Sprintf("reading the groups of %s and %s", source.Ref, target.Ref), err)
		return access.ClonePlan{}, false
	}
	facts, ok := d.session.accessFacts(ctx, thingClonePlan, catalog.AccessRequest{
		Graph: graph, Source: source, Target: target, Depth: catalogDepth(model.ScanUnityCatalog, model.UnityCatalogDepth), WarehouseID: model.SQLWarehouseID.ValueString(),
	}, diags)
	if !ok {
		return access.ClonePlan{}, false
	}
	if facts.LocalGroups = model.ScanLocalGroups.ValueBool(); facts.LocalGroups {
		d.session.addLocalGroups(ctx, &graph, facts.Workspaces, source)
	}
	in := access.PlanInput{
		Graph: graph, Facts: facts, Source: source, Target: target, AllowPrivileged: map[string]bool{},
		AllowDifferentTypes: model.AllowDifferentTypes.ValueBool(),
	}
	if !model.MaxAdditions.IsNull() {
		most := int(wholeNumberOf(model.MaxAdditions))
		in.MaxAdditions = &most
	}
	var allowed []string
	if !model.AllowPrivilegedGroups.IsNull() {
		allowed = textsFrom(path.Root("allow_privileged_groups"), model.AllowPrivilegedGroups.Elements(), diags)
	}
	for _, id := range allowed {
		in.AllowPrivileged[id] = true
	}
	plan, err := access.PlanUntil(assess.StopAt(ctx), in)
	if err != nil {
		addReadError(diags, thingClonePlan, "judging what was read", err)
	}
	d.askIDP(ctx, &plan)
	return plan, !diags.HasError()
}

// askIDP asks the identity provider, where one is configured that takes such questions,
// whether it has the groups that someone must be added to there.
func (d *clonePlanDataSource) askIDP(ctx context.Context, plan *access.ClonePlan) {
	lookup, can := d.session.idp.(idp.Lookup)
	var ids []string
	for _, row := range plan.IDPActions {
		if row.ExternalID != "" {
			ids = append(ids, row.ExternalID)
		}
	}
	if !can || len(ids) == 0 {
		return
	}
	has := map[string]bool{}
	for id, found := range lookup.Lookup(ctx, audit.TypeGroup, ids) {
		if found.Unknown == "" {
			has[id] = found.Identity != nil && found.Identity.Type == audit.TypeGroup
		}
	}
	plan.Found(lookup.Kind(), has)
}

// reportPlanProblems makes an error of each problem, on the input that it is
// about. With allow_incomplete the holes are one warning.
func reportPlanProblems(diags *diag.Diagnostics, plan access.ClonePlan, allowIncomplete bool) {
	var holes []string
	for _, p := range plan.Problems {
		summary := "Refusing to Plan Clone"
		switch {
		case p.Incomplete && allowIncomplete:
			holes = append(holes, p.Text)
			continue
		case p.Incomplete:
			summary = "Incomplete Clone Plan"
		}
		detail := p.Text + ". " + p.Remedy
		if p.Input == "" {
			diags.AddError(summary, detail)
			continue
		}
		diags.AddAttributeError(path.Root(p.Input), summary, detail)
	}
	switch {
	case len(holes) > 0:
		diags.AddWarning("Incomplete Clone Plan", "allow_incomplete is set, so the plan is shown, and memberships is null:\n  - "+
			strings.Join(holes, "\n  - ")+"\n\nAnything that depends on what could not be read is reported as unknown, neither there nor absent.")
	case !plan.Complete && len(plan.Problems) == 0:
		addHolesWarning(diags, "Incomplete Clone Plan", "complete is false. No verdict and no membership depends on them.", plan.Failures)
	}
}
