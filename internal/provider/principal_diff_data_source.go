// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/assess"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
)

var (
	_ datasource.DataSourceWithConfigure      = (*principalDiffDataSource)(nil)
	_ datasource.DataSourceWithValidateConfig = (*principalDiffDataSource)(nil)
)

var pathPrincipalA, pathPrincipalB = path.Root("principal_a"), path.Root("principal_b")

// principalDiffDataSource compares the groups of two principals (R14, R15). It
// needs no IdP, and it never writes.
type principalDiffDataSource struct{ sessionDataSource }

func newPrincipalDiffDataSource() datasource.DataSource { return &principalDiffDataSource{} }

func (d *principalDiffDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_principal_diff"
}

// ValidateConfig wants exactly one selector on each side, as far as values are
// known.
func (d *principalDiffDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var model principalDiffModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	validateSelector(ctx, pathPrincipalA, model.PrincipalA, &resp.Diagnostics)
	validateSelector(ctx, pathPrincipalB, model.PrincipalB, &resp.Diagnostics)
	if model.ScanLocalGroups.ValueBool() && !model.CheckWorkspaces.IsUnknown() && !model.CheckWorkspaces.ValueBool() {
		resp.Diagnostics.AddAttributeError(path.Root("scan_workspace_local_groups"), "Workspaces Are Not Checked",
			"The groups of workspaces are looked at in those that A or B can enter. Set check_workspaces = true too, or remove scan_workspace_local_groups.")
	}
}

// Read finds both principals, reads one graph for them (R5) and compares. It fails
// where a principal or all groups cannot be read; every other hole is in the
// result (R13).
func (d *principalDiffDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	diags := &resp.Diagnostics
	var model principalDiffModel
	diags.Append(req.Config.Get(ctx, &model)...)
	limit, more := model.Timeouts.Read(ctx, defaultReadTimeout)
	diags.Append(more...)
	selectorA, selectorB := selectorFrom(ctx, model.PrincipalA, diags), selectorFrom(ctx, model.PrincipalB, diags)
	if diags.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	a, foundA := d.session.findPrincipal(ctx, pathPrincipalA, selectorA, diags)
	b, foundB := d.session.findPrincipal(ctx, pathPrincipalB, selectorB, diags)
	if !foundA || !foundB {
		return
	}
	graph, err := d.session.account.AccessGraph(ctx, a, b)
	if err != nil {
		addGraphError(diags, err, a, b)
		return
	}
	result, err := d.compare(ctx, model.CheckWorkspaces.ValueBool(), model.ScanLocalGroups.ValueBool(), graph, a, b)
	if err != nil {
		addReadError(diags, "Workspace Assignments", "reading who has which workspace", err)
		return
	}
	warnAboutPair(diags, a, b)
	if !result.Complete {
		addHolesWarning(diags, "Incomplete Principal Diff", "complete is false. Rows, paths and flags that are shown are facts; what "+
			"could not be read is null, and so is equal, unless a difference is certain.", result.Failures)
	}
	model.fromAccess(ctx, result, diags)
	setState(ctx, resp, &model)
}

// compare compares, with the workspaces and their own groups where they were asked for.
func (d *principalDiffDataSource) compare(ctx context.Context, workspaces, local bool, graph access.Graph, a, b audit.Principal) (access.Diff, error) {
	if !workspaces {
		return access.CompareUntil(assess.StopAt(ctx), graph, a, b, nil)
	}
	assignments, err := d.session.account.AccessAssignments(ctx)
	if err != nil {
		return access.Diff{}, err
	}
	if assignments.LocalGroups = local; local {
		d.session.addLocalGroups(ctx, &graph, assignments.Workspaces, a, b)
	}
	return access.CompareUntil(assess.StopAt(ctx), graph, a, b, &assignments)
}

// addGraphError says that the groups of principals could not be read at all.
func addGraphError(diags *diag.Diagnostics, err error, of ...audit.Principal) {
	titles := make([]string, len(of))
	for i, p := range of {
		titles[i] = principalTitle(p)
	}
	tried := "reading the groups of " + strings.Join(titles, " and of ")
	if errors.Is(err, api.ErrNotFound) {
		diags.AddError("Unable to Read Groups", fmt.Sprintf("Failed while %s: %s\n\nAccount SCIM knows them, and IAM v2 does not. "+
			"A principal that was just made or deleted looks like that for a minute: plan again. "+
			"Set identity_api = \"scim\" if it stays so.", tried, err))
		return
	}
	addReadError(diags, "Groups", tried, err)
}

// warnAboutPair says what a reader of a diff may overlook.
func warnAboutPair(diags *diag.Diagnostics, a, b audit.Principal) {
	if a.Ref == b.Ref {
		diags.AddWarning("Same Principal on Both Sides", fmt.Sprintf("principal_a and principal_b both mean %s, so there is no difference to find.", principalTitle(a)))
	}
	for _, one := range []struct {
		at path.Path
		p  audit.Principal
	}{{pathPrincipalA, a}, {pathPrincipalB, b}} {
		if isInactive(one.p) {
			diags.AddAttributeWarning(one.at, "Inactive Principal", fmt.Sprintf("%s is inactive in Databricks: its memberships are shown, but it cannot use them.",
				principalTitle(one.p)))
		}
	}
}
