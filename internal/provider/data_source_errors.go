// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
)

// fullDataSource is what every data source of this provider is.
type fullDataSource interface {
	datasource.DataSourceWithConfigure
	datasource.DataSourceWithValidateConfig
}

// dataSourceWithTheWay says in every error of a read how to destroy in spite of it: a
// principal that is selected by name may be gone, and Terraform reads data sources before
// it plans a destroy.
type dataSourceWithTheWay struct{ fullDataSource }

func (d dataSourceWithTheWay) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	d.fullDataSource.Read(ctx, req, resp)
	sayHowToDestroy(&resp.Diagnostics)
	dropState(ctx, resp)
}

// eachWithTheWay makes the data sources of the provider that.
func eachWithTheWay(constructors ...func() datasource.DataSource) []func() datasource.DataSource {
	out := make([]func() datasource.DataSource, len(constructors))
	for i, construct := range constructors {
		out[i] = func() datasource.DataSource {
			return dataSourceWithTheWay{construct().(fullDataSource)} //nolint:forcetypeassert // sessionDataSource has the methods.
		}
	}
	return out
}
