// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/provisioning"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
)

var (
	_ datasource.DataSourceWithConfigure      = (*scimProvisioningDataSource)(nil)
	_ datasource.DataSourceWithValidateConfig = (*scimProvisioningDataSource)(nil)
)

// scimProvisioningDataSource shows the SCIM connectors that the identity provider has for
// Databricks. It never writes and starts nothing.
type scimProvisioningDataSource struct{ sessionDataSource }

func newSCIMProvisioningDataSource() datasource.DataSource { return &scimProvisioningDataSource{} }

func (d *scimProvisioningDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_scim_provisioning"
}

func (d *scimProvisioningDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var model scimProvisioningModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if !resp.Diagnostics.HasError() {
		parseSince(path.Root("log_since"), model.LogSince, &resp.Diagnostics)
		statedAddresses(model.ConnectorAddresses, &resp.Diagnostics)
	}
}

// parseSince reads a date (from its beginning, UTC) or an RFC 3339 time; zero when there
// is none or it is not known yet.
func parseSince(at path.Path, v types.String, diags *diag.Diagnostics) time.Time {
	if v.IsNull() || v.IsUnknown() {
		return time.Time{}
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if since, err := time.Parse(layout, v.ValueString()); err == nil {
			return since
		}
	}
	diags.AddAttributeError(at, "Invalid Date", fmt.Sprintf("%s is %q, which is neither a date such as 2026-11-01 nor an RFC 3339 time such as 2026-11-01T18:00:00Z.", at, v.ValueString()))
	return time.Time{}
}

func (d *scimProvisioningDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model scimProvisioningModel
	diags := &resp.Diagnostics
	diags.Append(req.Config.Get(ctx, &model)...)
	limit, more := model.Timeouts.Read(ctx, defaultReadTimeout)
	diags.Append(more...)
	if diags.HasError() {
		return
	}
	asked := connectorsAsked{compare: model.CompareAccount.ValueBool(), addresses: statedAddresses(model.ConnectorAddresses, diags)}
	asked.Scope, asked.Nested, asked.LogSince = true, asked.compare, parseSince(path.Root("log_since"), model.LogSince, diags)
	asked.IDs = chosenConnectors(model.ConnectorIDs, diags)
	source := requireSource[idp.ConnectorSource](d.session, "dbxidentity_scim_provisioning", "entra (or okta)", diags)
	if diags.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	found, err := d.session.connectors(ctx, source, asked)
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		addReadError(diags, "SCIM Provisioning", "reading the SCIM connectors", err)
		return
	}
	if addMissingConnectors(diags, found.missing); diags.HasError() {
		return
	}
	if len(found.unfound) == 0 {
		warnStatedAddresses(asked.addresses, found.has, diags)
	}
	if len(found.failures) > 0 {
		addHolesWarning(diags, "Incomplete Report of SCIM Connectors", "complete is false. What was read is valid, what was not is unknown.", found.failures)
	}
	model.fill(ctx, found, diags)
	setState(ctx, resp, &model)
}

// addMissingConnectors is about ids in connector_ids that the identity provider does not have.
func addMissingConnectors(diags *diag.Diagnostics, missing []string) {
	for _, id := range missing {
		diags.AddAttributeError(path.Root("connector_ids"), "Connector Not Found", fmt.Sprintf("The identity provider has no app with the id %q. In Entra ID it is the object id of the "+
			"enterprise application (the service principal), not the application id.", id))
	}
}

// requireSource is the configured identity provider, if its kind can report connectors
// (T is idp.ConnectorSource) or what they write (idp.MappingSource).
func requireSource[T idp.ConnectorSource](s *session, need, kinds string, diags *diag.Diagnostics) T {
	source, has := s.idp.(T)
	if !has {
		kind := "none"
		if s.idp != nil {
			kind = s.idp.Kind()
		}
		diags.AddError("No Connectors in This Identity Provider", fmt.Sprintf("%s needs idp = { %s = { .. } } in the provider block, and the provider's idp is %s.", need, kinds, kind))
	}
	return source
}

// connectorsAsked says what to read of connectors, and what to make of it.
type connectorsAsked struct {
	idp.ConnectorRequest
	// compare holds them against the account.
	compare bool
	// addresses are stated, by connector.
	addresses map[string]string
}

// foundConnectors is one reading of connectors, judged.
type foundConnectors struct {
	connectors []provisioning.Connector
	verdicts   []provisioning.Verdict
	missing    []string
	// unfound are why connectors may be missing; they are among the failures.
	unfound  []audit.Failure
	failures []audit.Failure
	// comparison is nil where none was asked for.
	comparison *provisioning.Comparison
}

func (f *foundConnectors) has(id string) bool {
	return slices.ContainsFunc(f.connectors, func(c provisioning.Connector) bool { return c.ID == id })
}

// connectors reads and judges connectors, and holds them against the account where that
// is asked for. The error is for an identity provider of which
// nothing can be read.
func (s *session) connectors(ctx context.Context, source idp.ConnectorSource, asked connectorsAsked) (foundConnectors, error) {
	account, compare := provisioning.Account{ID: s.account.AccountID(), Addresses: asked.addresses}, asked.compare
	var (
		wait      sync.WaitGroup
		failed    error
		inventory audit.Inventory
		unlisted  error
	)
	wait.Go(func() { account.Workspaces, failed = s.account.Workspaces(ctx) })
	if compare || !asked.LogSince.IsZero() {
		wait.Go(func() { inventory, unlisted = s.account.Inventory(ctx) })
	}
	result, err := source.Connectors(ctx, asked.ConnectorRequest)
	wait.Wait()
	if err = cmp.Or(err, unlisted); err != nil {
		return foundConnectors{}, err
	}
	out := foundConnectors{connectors: result.Connectors, missing: result.Missing, unfound: result.Failures, failures: slices.Concat(result.Failures, inventory.Failures)}
	if failed != nil {
		account.WorkspacesUnknown = failed.Error()
		out.failures = append(out.failures, audit.Failure{Call: "list workspaces", Reason: failed.Error()})
	}
	account.Principals, account.Coverage = inventory.Principals, inventory.Coverage
	for i := range out.connectors {
		c := &out.connectors[i]
		v := provisioning.Judge(c, &account)
		out.verdicts = append(out.verdicts, v)
		out.failures = append(out.failures, connectorFailures(c, &v)...)
	}
	out.failures = idp.SortFailures(out.failures)
	if compare {
		out.comparison = comparedWithAccount(ctx, source, &out, &account)
	}
	return out, nil
}

// connectorFailures are what could not be read of one connector.
func connectorFailures(c *provisioning.Connector, v *provisioning.Verdict) []audit.Failure {
	var out []audit.Failure
	for _, part := range provisioning.Parts() {
		if why := c.Unread[part]; why != "" {
			out = append(out, audit.Failure{Call: fmt.Sprintf("read the %s of the connector %s", part, c.ID), Reason: why})
		}
	}
	for i := range v.Scope.Groups {
		if g := &v.Scope.Groups[i]; g.Unknown != "" {
			out = append(out, audit.Failure{Call: fmt.Sprintf("read the members of the assigned group %s", g.ID), Reason: g.Unknown})
		}
	}
	slices.SortFunc(out, func(a, b audit.Failure) int { return strings.Compare(a.Call, b.Call) })
	return out
}
