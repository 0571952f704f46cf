// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// encodedState is the state that a data source has read, as it goes to Terraform.
//
// The framework (1.19) walks the value of a data source three times before it encodes it, and
// resolves the path of every null in it, to find empty blocks and values that mean the same:
// more than half of the provider's time and memory with 10,000 rows. No data source of this
// provider has blocks or such values (TestDataSources_encodedByThemselves), so that its state is encoded
// when it has been read, and the framework is given none.
type encodedState struct{ value *tfprotov6.DynamicValue }

type encodedStateKey struct{}

// keepState encodes what a data source has read, where the server of the request asks for it.
func keepState(ctx context.Context, resp *datasource.ReadResponse) {
	kept, asked := ctx.Value(encodedStateKey{}).(*encodedState)
	if !asked || resp.Diagnostics.HasError() || resp.Deferred != nil || resp.State.Raw.IsNull() {
		return
	}
	as := resp.State.Schema.Type().TerraformType(ctx)
	value, err := tfprotov6.NewDynamicValue(as, resp.State.Raw)
	if err != nil {
		return // The framework says what is wrong.
	}
	kept.value = &value
	resp.State.Raw = tftypes.NewValue(as, nil)
}

// ReadDataSource is that of the framework, with the state of keepState.
func (s requestScopedServer) ReadDataSource(ctx context.Context, r *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	kept := &encodedState{}
	answer, err := cleaned(s.frameworkServer.ReadDataSource(context.WithValue(ctx, encodedStateKey{}, kept), r))
	if err == nil && answer != nil && kept.value != nil {
		answer.State = kept.value
	}
	return answer, err
}
