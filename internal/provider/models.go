// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"maps"
	"reflect"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// The framework (1.19) reads the tags of a model anew for each value, compiles a regular
// expression for each tag, takes each value apart and makes it anew. Models whose fields are
// values of the framework go in and out directly here. What does not fit is left to the
// framework, and so is every complaint.

// decode fills a model from what Terraform sent.
func decode[S tfsdk.Config | tfsdk.Plan | tfsdk.State](ctx context.Context, from S, model any) diag.Diagnostics {
	of := tfsdk.State(from)
	if !of.Raw.IsNull() && of.Raw.IsKnown() {
		value, err := of.Schema.Type().ValueFromTerraform(ctx, of.Raw)
		if object, is := value.(types.Object); err == nil && is && setFields(model, object.Attributes()) {
			return nil
		}
	}
	switch from := any(from).(type) {
	case tfsdk.Config:
		return from.Get(ctx, model)
	case tfsdk.Plan:
		return from.Get(ctx, model)
	}
	return of.Get(ctx, model)
}

// setAll fills the whole plan from a model.
func (p *planning[P]) setAll(ctx context.Context, model P) {
	if object, is := p.resp.Plan.Schema.Type().(types.ObjectType); is {
		if attributes := fieldValues(ctx, object.AttrTypes, model); attributes != nil {
			value, diags := types.ObjectValue(object.AttrTypes, attributes)
			if raw, err := value.ToTerraformValue(ctx); err == nil && !diags.HasError() {
				p.resp.Plan.Raw = raw
				return
			}
		}
	}
	p.resp.Diagnostics.Append(p.resp.Plan.Set(ctx, model)...)
}

// withAttributes is an object with other values of some attributes.
func withAttributes(of tftypes.Value, attributes map[string]tftypes.Value) tftypes.Value {
	var all map[string]tftypes.Value
	if of.IsNull() || !of.IsKnown() || of.As(&all) != nil {
		return of
	}
	all = maps.Clone(all) // It is the object's own.
	maps.Copy(all, attributes)
	return tftypes.NewValue(of.Type(), all)
}

// modelField is an attribute of a model.
type modelField struct {
	name  string
	index []int
}

var modelFields sync.Map // by reflect.Type

// fieldsOf are the attributes of a struct; nil where it has more than that.
func fieldsOf(model reflect.Type) []modelField {
	if known, ok := modelFields.Load(model); ok {
		fields, _ := known.([]modelField)
		return fields
	}
	var out []modelField
	for _, f := range reflect.VisibleFields(model) {
		name, tagged := f.Tag.Lookup("tfsdk")
		if f.Anonymous && !tagged {
			continue // Its fields are visible themselves.
		}
		if !tagged || !f.IsExported() {
			out = nil
			break
		}
		out = append(out, modelField{name, f.Index})
	}
	modelFields.Store(model, out)
	return out
}

// setFields fills a pointer to a model whose fields are exactly these attributes. It is
// false, and the model of no account, where a value does not fit.
func setFields(model any, attributes map[string]attr.Value) bool {
	into := reflect.ValueOf(model).Elem()
	fields := fieldsOf(into.Type())
	if len(fields) != len(attributes) {
		return false
	}
	for _, f := range fields {
		value, field := reflect.ValueOf(attributes[f.name]), into.FieldByIndex(f.index)
		if !value.IsValid() || value.Type() != field.Type() {
			return false
		}
		field.Set(value)
	}
	return true
}

// fieldValues are the fields of a pointer to a model as values of the attributes. It is nil
// where they do not fit.
func fieldValues(ctx context.Context, attributes map[string]attr.Type, model any) map[string]attr.Value {
	from := reflect.ValueOf(model).Elem()
	fields := fieldsOf(from.Type())
	if len(fields) != len(attributes) {
		return nil
	}
	out := make(map[string]attr.Value, len(attributes))
	for _, f := range fields {
		as := attributes[f.name]
		if as == nil {
			return nil
		}
		field := from.FieldByIndex(f.index).Interface()
		value, is := field.(attr.Value)
		if !is && tfsdk.ValueFrom(ctx, field, as, &value).HasError() || !value.Type(ctx).Equal(as) {
			return nil
		}
		out[f.name] = value
	}
	return out
}
