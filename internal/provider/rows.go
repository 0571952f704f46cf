// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"reflect"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// The framework reads the tags of a model anew for each value, and compiles a
// regular expression for each tag: half of the time of a data source with 10,000
// rows. Here they are read once per list. What is not a plain row is left to the
// framework, and so is every complaint.

// listFrom maps rows, in their order, to a list.
func listFrom[A, M any](ctx context.Context, elementType attr.Type, rows []A, convert func(A) M, diags *diag.Diagnostics) types.List {
	models := make([]M, len(rows))
	for i := range rows {
		models[i] = convert(rows[i])
	}
	if l, ok := layoutOf[M](elementType); ok {
		values := make([]attr.Value, 0, len(models))
		for i := range models {
			object, d := l.object(reflect.ValueOf(&models[i]).Elem())
			diags.Append(d...)
			values = append(values, object)
		}
		out, d := types.ListValue(elementType, values)
		diags.Append(d...)
		return out
	}
	out, d := types.ListValueFrom(ctx, elementType, models)
	diags.Append(d...)
	return out
}

// mapFrom maps entries to a map of objects.
func mapFrom[M any](ctx context.Context, objectType types.ObjectType, entries map[string]M, diags *diag.Diagnostics) types.Map {
	if l, ok := layoutOf[M](objectType); ok {
		values := make(map[string]attr.Value, len(entries))
		for key, entry := range entries {
			object, d := l.object(reflect.ValueOf(&entry).Elem())
			diags.Append(d...)
			values[key] = object
		}
		out, d := types.MapValue(objectType, values)
		diags.Append(d...)
		return out
	}
	out, d := types.MapValueFrom(ctx, objectType, entries)
	diags.Append(d...)
	return out
}

// layout is where the attributes of an object are in a model.
type layout struct {
	types  map[string]attr.Type
	fields map[string][]int // by attribute
}

// layoutOf is false for models that are not plain: every field a string, a
// *string, a bool, a *bool, an int64, a []string or a value of the framework, under
// exactly the object's attributes.
func layoutOf[M any](elementType attr.Type) (layout, bool) {
	object, ok := elementType.(types.ObjectType)
	model := reflect.TypeFor[M]()
	if !ok || model.Kind() != reflect.Struct {
		return layout{}, false
	}
	l := layout{types: object.AttrTypes, fields: map[string][]int{}}
	for _, f := range reflect.VisibleFields(model) {
		name, tagged := f.Tag.Lookup("tfsdk")
		switch {
		case f.Anonymous && !tagged:
			continue // Its fields are visible themselves.
		case !tagged || !f.IsExported() || !plain(f.Type, object.AttrTypes[name]):
			return layout{}, false
		}
		l.fields[name] = f.Index
	}
	return l, len(l.fields) == len(object.AttrTypes)
}

// plain reports whether a field's values can be made an attribute's.
func plain(field reflect.Type, attribute attr.Type) bool {
	if attribute == nil {
		return false
	}
	switch reflect.Zero(field).Interface().(type) {
	case string, *string:
		return attribute.Equal(types.StringType)
	case bool, *bool:
		return attribute.Equal(types.BoolType)
	case int64:
		return attribute.Equal(types.Int64Type)
	case []string:
		return attribute.Equal(textList)
	case types.String, types.Bool, types.Int64, types.List:
		return true
	}
	return false
}

// object is the value of one model. Nil is null, as in the framework.
func (l layout) object(model reflect.Value) (types.Object, diag.Diagnostics) {
	values := make(map[string]attr.Value, len(l.fields))
	for name, index := range l.fields {
		values[name] = plainValue(model.FieldByIndex(index).Interface())
	}
	return types.ObjectValue(l.types, values)
}

func plainValue(field any) attr.Value {
	switch v := field.(type) {
	case string:
		return types.StringValue(v)
	case *string:
		return types.StringPointerValue(v)
	case bool:
		return types.BoolValue(v)
	case *bool:
		return types.BoolPointerValue(v)
	case int64:
		return types.Int64Value(v)
	case []string:
		if v == nil {
			return types.ListNull(types.StringType)
		}
		texts := make([]attr.Value, len(v))
		for i, text := range v {
			texts[i] = types.StringValue(text)
		}
		return types.ListValueMust(types.StringType, texts)
	case attr.Value:
		return v
	}
	return nil // layoutOf lets no other type through.
}
