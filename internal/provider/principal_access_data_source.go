// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/catalog"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/assess"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
)

var (
	_ datasource.DataSourceWithConfigure      = (*principalAccessDataSource)(nil)
	_ datasource.DataSourceWithValidateConfig = (*principalAccessDataSource)(nil)
)

// principalAccessDataSource lists everything that one principal can reach. It needs no
// IdP, and it never writes.
type principalAccessDataSource struct{ sessionDataSource }

func newPrincipalAccessDataSource() datasource.DataSource { return &principalAccessDataSource{} }

func (d *principalAccessDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_principal_access"
}

// ValidateConfig refuses what configuration alone can decide.
func (d *principalAccessDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var model principalAccessModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	validateSelector(ctx, path.Root("principal"), model.Principal, &resp.Diagnostics)
	validateCatalogScan(model.ScanUnityCatalog, model.UnityCatalogDepth, model.SQLWarehouseID, &resp.Diagnostics)
}

func (d *principalAccessDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model principalAccessModel
	diags := &resp.Diagnostics
	diags.Append(req.Config.Get(ctx, &model)...)
	limit, more := model.Timeouts.Read(ctx, defaultReadTimeout)
	diags.Append(more...)
	selector := selectorFrom(ctx, model.Principal, diags)
	if diags.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	reach, ok := d.reach(ctx, &model, selector, diags)
	if !ok {
		return
	}
	if isInactive(reach.Principal) {
		diags.AddAttributeWarning(path.Root("principal"), "Inactive Principal",
			principalTitle(reach.Principal)+" is inactive in Databricks: its access is shown, but it cannot use it.")
	}
	if !reach.Complete {
		addHolesWarning(diags, "Incomplete Principal Access", "complete is false. Every row is a fact, and there may be more of them.", reach.Failures)
	}
	model.fromAccess(ctx, reach, diags)
	setState(ctx, resp, &model)
}

// reach reads what the access depends on, and lists it. Nothing is known when it returns
// false: the diagnostics say why.
func (d *principalAccessDataSource) reach(ctx context.Context, model *principalAccessModel, selector selectorModel, diags *diag.Diagnostics) (access.Reach, bool) {
	const thing = "Principal Access"
	p, found := d.session.findPrincipal(ctx, path.Root("principal"), selector, diags)
	if !found {
		return access.Reach{}, false
	}
	wanted, ok := d.wanted(ctx, model, thing, diags)
	if !ok {
		return access.Reach{}, false
	}
	graph, err := d.session.account.AccessGraph(ctx, p)
	if err != nil {
		addGraphError(diags, err, p)
		return access.Reach{}, false
	}
	facts, ok := d.session.accessFacts(ctx, thing, catalog.AccessRequest{
		Graph: graph, Source: p, Target: p, GroupEntitlements: true, EntitlementsIn: wanted,
		Depth: catalogDepth(model.ScanUnityCatalog, model.UnityCatalogDepth), WarehouseID: model.SQLWarehouseID.ValueString(),
	}, diags)
	if !ok {
		return access.Reach{}, false
	}
	if facts.LocalGroups = model.ScanLocalGroups.ValueBool(); facts.LocalGroups {
		within := slices.DeleteFunc(access.WorkspacesWithin(&graph, facts.Workspaces, p), func(w audit.Workspace) bool { return wanted != nil && !wanted[w.ID] })
		d.session.addLocalGroupsOf(ctx, within, facts.Workspaces)
	}
	out, err := access.ReachUntil(assess.StopAt(ctx), access.ReachInput{Graph: graph, Facts: facts, Principal: p, WorkspaceIDs: wanted})
	if err != nil {
		addReadError(diags, thing, "judging what was read", err)
	}
	return out, err == nil
}

// wanted are the workspaces of workspace_ids; nil is all.
func (d *principalAccessDataSource) wanted(ctx context.Context, model *principalAccessModel, thing string, diags *diag.Diagnostics) (map[string]bool, bool) {
	if model.WorkspaceIDs.IsNull() {
		return nil, true
	}
	all, err := d.session.account.Workspaces(ctx)
	if err != nil {
		addReadError(diags, thing, "listing the workspaces of the account", err)
		return nil, false
	}
	out := map[string]bool{}
	for _, w := range chosenWorkspaces(all, model.WorkspaceIDs, diags) {
		out[w.ID] = true
	}
	return out, !diags.HasError()
}
