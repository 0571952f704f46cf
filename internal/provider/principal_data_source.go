// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/assess"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/judge"
)

var (
	_ datasource.DataSourceWithConfigure      = (*principalDataSource)(nil)
	_ datasource.DataSourceWithValidateConfig = (*principalDataSource)(nil)
)

var pathPrincipal = path.Root("principal")

// principalDataSource is one principal, what the IdP knows of it, and the
// verdict.
type principalDataSource struct{ sessionDataSource }

func newPrincipalDataSource() datasource.DataSource { return &principalDataSource{} }

func (d *principalDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_principal"
}

// ValidateConfig wants exactly one selector, as far as values are known.
func (d *principalDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var model principalModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	validateSelector(ctx, pathPrincipal, model.Principal, &resp.Diagnostics)
}

func (d *principalDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model principalModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	limit, diags := model.Timeouts.Read(ctx, defaultReadTimeout)
	resp.Diagnostics.Append(diags...)
	selector := selectorFrom(ctx, model.Principal, &resp.Diagnostics)
	source := d.session.requireIDP("dbxidentity_principal", &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	principal, ok := d.session.findPrincipal(ctx, pathPrincipal, selector, &resp.Diagnostics)
	if !ok {
		return
	}
	ref := principal.Ref
	run := assess.Run{Types: []audit.PrincipalType{ref.Type}, Targets: []audit.Ref{ref}, Options: d.session.auditOptions(), InIDP: true}
	in, err := run.Read(ctx, d.session.account, source)
	switch {
	case err != nil:
		addReadError(&resp.Diagnostics, "Principal", "asking about "+ref.String(), err)
		return
	case len(in.Matches) == 0:
		// The one principal could not be read: there is nothing to show.
		addReadError(&resp.Diagnostics, "Principal", "reading "+ref.String(), errors.New(reasonsOf(in.Failures)))
		return
	}
	report, err := judge.DivergencesUntil(assess.StopAt(ctx), in, run.Options)
	if err != nil {
		addReadError(&resp.Diagnostics, "Principal", "judging "+ref.String(), err)
		return
	}
	d.session.findings.addAudit(report)
	if !report.Complete {
		addIncompleteWarning(&resp.Diagnostics, report.Failures)
	}
	model.fromAudit(ctx, source.Kind(), in.Matches[0], report, &resp.Diagnostics)
	setState(ctx, resp, &model)
}

// reasonsOf joins what failed, the first few.
func reasonsOf(failures []audit.Failure) string {
	const shown = 3
	var parts []string
	for i, f := range failures {
		if i == shown {
			parts = append(parts, fmt.Sprintf("and %d more", len(failures)-shown))
			break
		}
		parts = append(parts, f.Call+": "+f.Reason)
	}
	return strings.Join(parts, "; ")
}
