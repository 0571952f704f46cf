// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package provider is the Terraform surface: schemas, the mapping between
// Terraform values and the engine's types, and diagnostics. It is the only
// package that imports the plugin libraries, and it decides nothing about
// identities: rules and plans are in internal/audit, calls in internal/account
// and internal/idp.
package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

var (
	_ provider.Provider              = (*dbxidentityProvider)(nil)
	_ provider.ProviderWithFunctions = (*dbxidentityProvider)(nil)

	_ provider.ProviderWithListResources = (*dbxidentityProvider)(nil)
)

type dbxidentityProvider struct {
	version string
	options []Option
	// session is what is configured; nil before.
	session *session
}

const providerTypeName = "dbxidentity"

// Option changes how a provider is built; tests shorten time limits with it.
type Option func(*settings)

// New returns the factory of the provider. Version goes into the User-Agent.
func New(version string, options ...Option) func() provider.Provider {
	return func() provider.Provider {
		return &dbxidentityProvider{version: version, options: options}
	}
}

func (p *dbxidentityProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = providerTypeName
	resp.Version = p.version
}

// Configure resolves the settings and builds the clients. It sends no request:
// a provider block that no data source or resource uses costs nothing.
func (p *dbxidentityProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	p.session = nil
	s := newSettings(p.version)
	for _, option := range p.options {
		option(&s)
	}
	s.read(ctx, req.Config, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	session := newSession(ctx, s, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	p.session = session
	resp.DataSourceData = session
	resp.ResourceData = session
	resp.ListResourceData = session
}

func (p *dbxidentityProvider) DataSources(context.Context) []func() datasource.DataSource {
	return eachWithTheWay(
		newAIMReadinessDataSource,
		newClonePlanDataSource,
		newDivergencesDataSource,
		newPrincipalDataSource,
		newPrincipalAccessDataSource,
		newPrincipalDiffDataSource,
		newSCIMProvisioningDataSource,
		newAuditEventsDataSource,
		newWorkspaceFederationDataSource,
		newWorkspaceLocalGroupsDataSource,
	)
}

func (p *dbxidentityProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		newAccessRuleResource,
		newExternalIDResource,
		newGroupMemberResource,
		newGroupMemberRemovalResource,
		newGroupNameResource,
		newPrincipalStatusResource,
		newRemediationLedgerResource,
		newResolvedPrincipalResource,
	}
}

// ListResources are for terraform query; CLIs that do not know it pass over them.
func (p *dbxidentityProvider) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{newExternalIDList, newGroupMemberList, newGroupNameList, newPrincipalStatusList}
}

func (p *dbxidentityProvider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{newCloneMarkdownFunction, newCloneTextFunction, newCompareTextFunction, newCSVFunction, newFixesTFVarsFunction, newFixesHCLFunction, newReportMarkdownFunction, newReportHTMLFunction, newTicketFunction}
}
