// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"bytes"
	"context"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/vmihailenco/msgpack/v5"
)

// encodedState is the state that a data source has read, as it goes to Terraform.
//
// The framework (1.19) makes a second tree of a value to encode it, with the types of each row
// anew, walks it three times before, and resolves the path of every null in it, to find
// empty blocks and values that mean the same: most of the provider's time and memory with
// 10,000 rows. No data source of this provider has blocks or such values
// (TestDataSources_encodedByThemselves), so that its state is encoded when it has been read,
// and the framework is given none.
type encodedState struct{ value *tfprotov6.DynamicValue }

type encodedStateKey struct{}

// setState sets what a data source has read. It is encoded at once where the server of the
// request asks for it.
func setState(ctx context.Context, resp *datasource.ReadResponse, model any) {
	kept, asked := ctx.Value(encodedStateKey{}).(*encodedState)
	object, isObject := resp.State.Schema.Type().(types.ObjectType)
	if asked && isObject {
		if attributes := fieldValues(ctx, object.AttrTypes, model); attributes != nil {
			out := valueEncoder{}
			out.enc = msgpack.NewEncoder(&out.buf)
			if err := out.named(ctx, attributes); err == nil {
				kept.value = &tfprotov6.DynamicValue{MsgPack: out.buf.Bytes()}
				resp.State.Raw = tftypes.NewValue(object.TerraformType(ctx), nil)
				return
			}
		}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...) // The framework also says what is wrong.
}

// dropState leaves the state of a read that failed after all to the framework.
func dropState(ctx context.Context, resp *datasource.ReadResponse) {
	if kept, asked := ctx.Value(encodedStateKey{}).(*encodedState); asked && (resp.Diagnostics.HasError() || resp.Deferred != nil) {
		kept.value = nil
	}
}

// valueEncoder writes values of the framework as MessagePack, as Terraform reads it. What it
// has no case for goes the way of the plugin library.
type valueEncoder struct {
	buf bytes.Buffer
	enc *msgpack.Encoder
}

func (e *valueEncoder) value(ctx context.Context, v attr.Value) error {
	if v.IsNull() {
		return e.enc.EncodeNil()
	}
	if v.IsUnknown() {
		return e.other(ctx, v)
	}
	switch v := v.(type) {
	case types.String:
		return e.enc.EncodeString(v.ValueString())
	case types.Bool:
		return e.enc.EncodeBool(v.ValueBool())
	case types.Int64:
		return e.enc.EncodeInt(v.ValueInt64())
	case types.List:
		return e.elements(ctx, v.Elements())
	case types.Set:
		return e.elements(ctx, v.Elements())
	case types.Map:
		return e.named(ctx, v.Elements())
	case types.Object:
		return e.named(ctx, v.Attributes())
	default:
		return e.other(ctx, v)
	}
}

func (e *valueEncoder) elements(ctx context.Context, all []attr.Value) error {
	err := e.enc.EncodeArrayLen(len(all))
	for _, v := range all {
		if err == nil {
			err = e.value(ctx, v)
		}
	}
	return err
}

func (e *valueEncoder) named(ctx context.Context, all map[string]attr.Value) error {
	err := e.enc.EncodeMapLen(len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if err == nil {
			err = e.enc.EncodeString(name)
		}
		if err == nil {
			err = e.value(ctx, all[name])
		}
	}
	return err
}

func (e *valueEncoder) other(ctx context.Context, v attr.Value) error {
	tree, err := v.ToTerraformValue(ctx)
	if err != nil {
		return err
	}
	encoded, err := tfprotov6.NewDynamicValue(v.Type(ctx).TerraformType(ctx), tree)
	if err != nil {
		return err
	}
	_, err = e.buf.Write(encoded.MsgPack)
	return err
}

// ReadDataSource is that of the framework, with the state of setState.
func (s requestScopedServer) ReadDataSource(ctx context.Context, r *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	kept := &encodedState{}
	answer, err := cleaned(s.frameworkServer.ReadDataSource(context.WithValue(ctx, encodedStateKey{}, kept), r))
	if err == nil && answer != nil && kept.value != nil {
		answer.State = kept.value
	}
	kept.value = nil // The framework keeps the context until the provider is stopped.
	return answer, err
}
