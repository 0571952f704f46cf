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

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

var (
	_ datasource.DataSourceWithConfigure      = (*principalDataSource)(nil)
	_ datasource.DataSourceWithValidateConfig = (*principalDataSource)(nil)
)

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
	if resp.Diagnostics.HasError() || model.Principal.IsUnknown() || model.Principal.IsNull() {
		return
	}
	selector := model.selector(ctx, &resp.Diagnostics)
	given, unknown := selector.given()
	if len(given) > 1 || len(given) == 0 && !unknown {
		resp.Diagnostics.AddAttributeError(path.Root("principal"), "Invalid Principal Selector",
			fmt.Sprintf("Give exactly one of id, user_name, application_id, external_id and display_name; %d are given.", len(given)))
	}
}

func (d *principalDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model principalModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	limit, diags := model.Timeouts.Read(ctx, defaultReadTimeout)
	resp.Diagnostics.Append(diags...)
	selector := model.selector(ctx, &resp.Diagnostics)
	source := d.session.requireIDP("dbxidentity_principal", &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	ref, ok := d.find(ctx, selector, &resp.Diagnostics)
	if !ok {
		return
	}
	run := auditRun{types: []audit.PrincipalType{ref.Type}, targets: []audit.Ref{ref}, options: d.session.auditOptions()}
	in, err := run.read(ctx, d.session.account, source)
	switch {
	case err != nil:
		addReadError(&resp.Diagnostics, "Principal", "asking about "+ref.String(), err)
		return
	case len(in.Matches) == 0:
		// The one principal could not be read: there is nothing to show.
		addReadError(&resp.Diagnostics, "Principal", "reading "+ref.String(), errors.New(reasonsOf(in.Failures)))
		return
	}
	report := audit.Divergences(in, run.options)
	d.session.noteAudit(report)
	if !report.Complete {
		addIncompleteWarning(&resp.Diagnostics, report.Failures)
	}
	model.fromAudit(ctx, source.Kind(), in.Matches[0], report, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

// find resolves the selector in the listing that all data sources of a run
// share. Anything but one certain hit is an error: several hits name the
// candidates, and a hole in the listing is never "not found".
func (d *principalDataSource) find(ctx context.Context, s selectorModel, diags *diag.Diagnostics) (audit.Ref, bool) {
	inventory, err := d.session.account.Inventory(ctx)
	if err != nil {
		addReadError(diags, "Principal", "looking for it", err)
		return audit.Ref{}, false
	}
	selector := s.toAudit()
	hits := audit.Find(inventory, selector)
	covered := selector.Covers(inventory.Coverage)
	switch {
	case len(hits) > 1:
		diags.AddAttributeError(path.Root("principal"), "Ambiguous Principal", fmt.Sprintf("%s means %d principals:%s\n\nSelect one of them by id.",
			s.text(), len(hits), candidateList(hits)))
	case len(hits) == 1 && (covered || selector.Unique()):
		return hits[0].Ref, true
	case !covered:
		addReadError(diags, "Principal", "looking for "+s.text(), fmt.Errorf("not every principal of the account could be listed: %s", reasonsOf(inventory.Failures)))
	case selector.ID != "":
		return d.findUnlisted(ctx, selector, s, diags)
	default:
		d.notFound(s, diags)
	}
	return audit.Ref{}, false
}

// findUnlisted asks for an id that the listing does not have, since a listing
// may lag behind.
func (d *principalDataSource) findUnlisted(ctx context.Context, selector audit.Selector, s selectorModel, diags *diag.Diagnostics) (audit.Ref, bool) {
	for _, t := range selector.Types() {
		ref := audit.Ref{Type: t, ID: selector.ID}
		_, err := d.session.account.Principal(ctx, ref)
		switch {
		case err == nil:
			return ref, true
		case !errors.Is(err, account.ErrNotFound):
			addReadError(diags, "Principal", "looking for "+ref.String(), err)
			return audit.Ref{}, false
		}
	}
	d.notFound(s, diags)
	return audit.Ref{}, false
}

func (d *principalDataSource) notFound(s selectorModel, diags *diag.Diagnostics) {
	diags.AddAttributeError(path.Root("principal"), "Principal Not Found",
		fmt.Sprintf("The account was listed whole, and %s means nobody in it. Display names and external ids are compared exactly, "+
			"user names and application ids in any case.", s.text()))
}

// candidateList shows up to ten candidates, one a line.
func candidateList(hits []audit.Principal) string {
	const shown = 10
	var b strings.Builder
	for i, p := range hits {
		if i == shown {
			fmt.Fprintf(&b, "\n  ... and %d more", len(hits)-shown)
			break
		}
		state := ""
		if p.Active != nil && !*p.Active {
			state = ", inactive"
		}
		fmt.Fprintf(&b, "\n  - %s%s", principalTitle(p), state)
	}
	return b.String()
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
