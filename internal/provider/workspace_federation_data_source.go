// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/judge"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var _ datasource.DataSourceWithConfigure = (*workspaceFederationDataSource)(nil)

type workspaceFederationDataSource struct{ sessionDataSource }

func newWorkspaceFederationDataSource() datasource.DataSource {
	return &workspaceFederationDataSource{}
}

type workspaceFederationModel struct {
	Workspaces []workspaceFederationRow `tfsdk:"workspaces"`
	Counts     map[string]int64         `tfsdk:"counts"`
	Clean      types.Bool               `tfsdk:"clean"`
	Complete   types.Bool               `tfsdk:"complete"`
	Failures   []failureModel           `tfsdk:"failures"`
	Timeouts   timeouts.Value           `tfsdk:"timeouts"`
}

type workspaceFederationRow struct {
	ID              string   `tfsdk:"id"`
	Name            string   `tfsdk:"name"`
	Host            *string  `tfsdk:"host"`
	Status          string   `tfsdk:"status"`
	Federation      string   `tfsdk:"federation"`
	ErrorCategories []string `tfsdk:"error_categories"`
}

func (d *workspaceFederationDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_workspace_federation"
}

func (d *workspaceFederationDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Whether each workspace of the account takes its identities from the account (identity federation). " +
			"Automatic identity management works in federated workspaces only. One request.",
		Attributes: map[string]schema.Attribute{
			"workspaces": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "Every workspace of the account, whatever its status, sorted by id.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"id":     schema.StringAttribute{Computed: true, MarkdownDescription: "Workspace id."},
					"name":   schema.StringAttribute{Computed: true, MarkdownDescription: "Workspace name."},
					"host":   schema.StringAttribute{Computed: true, MarkdownDescription: "URL of the workspace; null when it cannot be derived from the account host (see `workspace_hosts`)."},
					"status": schema.StringAttribute{Computed: true, MarkdownDescription: "Status in the words of the account API, for example `RUNNING`."},
					"federation": schema.StringAttribute{Computed: true, MarkdownDescription: "`enabled`, `disabled`, or `unknown` when the account sends the federation " +
						"key for no workspace at all."},
					"error_categories": schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "`IDENTITY_FEDERATION_DISABLED` unless the account says " +
						"that federation is enabled; a missing key counts as disabled, as in the AIM enablement prep script."},
				}},
			},
			"counts": schema.MapAttribute{
				Computed: true, ElementType: types.Int64Type,
				MarkdownDescription: "Number of workspaces per federation (`enabled`, `disabled`, `unknown`) and with `IDENTITY_FEDERATION_DISABLED`.",
			},
			"clean":    schema.BoolAttribute{Computed: true, MarkdownDescription: "True when the list is complete and no workspace has an error category."},
			"complete": completeAttribute(),
			"failures": failuresAttribute(),
			"timeouts": readTimeouts(ctx),
		},
	}
}

func (d *workspaceFederationDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model workspaceFederationModel
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, pathTimeouts, &model.Timeouts)...)
	limit, diags := model.Timeouts.Read(ctx, defaultReadTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	// There is one request, so there is no partial answer: it fails or it is whole.
	workspaces, err := d.session.account.Workspaces(ctx)
	if err != nil {
		addReadError(&resp.Diagnostics, "Workspace Federation", "listing the workspaces of the account", err)
		return
	}
	report := judge.Federation(workspaces)
	model.Workspaces = make([]workspaceFederationRow, 0, len(report.Workspaces))
	for _, w := range report.Workspaces {
		model.Workspaces = append(model.Workspaces, workspaceFederationRow{
			ID: w.ID, Name: w.Name, Host: emptyAsNil(w.Host), Status: w.Status,
			Federation: w.Federation, ErrorCategories: notNil(w.ErrorCategories),
		})
	}
	model.Counts = countsFromAudit(report.Counts)
	model.Clean = types.BoolValue(report.Clean)
	model.Complete = types.BoolValue(true)
	model.Failures = []failureModel{}
	setState(ctx, resp, &model)
}
