// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
)

// wholeNumber refuses halves and what is out of bounds. An integer attribute of the
// framework would blame the provider for 0.5 and 1e30, before any validator sees them.
type wholeNumber struct{ least, most int64 }

func (v wholeNumber) Description(context.Context) string {
	return fmt.Sprintf("must be a whole number between %d and %d", v.least, v.most)
}

func (v wholeNumber) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v wholeNumber) ValidateNumber(ctx context.Context, req validator.NumberRequest, resp *validator.NumberResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	number := req.ConfigValue.ValueBigFloat()
	if n, _ := number.Int64(); !number.IsInt() || n < v.least || n > v.most {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid Number", fmt.Sprintf("%s %s, and it is %s.", req.Path, v.Description(ctx), number.String()))
	}
}

// wholeNumberOf is the number; 0 for null and unknown, and the nearest integer of 64
// bits for what no validator has seen: a value that was unknown before.
func wholeNumberOf(v types.Number) int64 {
	if v.IsNull() || v.IsUnknown() {
		return 0
	}
	n, _ := v.ValueBigFloat().Int64()
	return n
}

// objectFrom decodes an element of a list or map. Null is refused; of an unknown one
// nothing is known, and it is left out.
func objectFrom[T any](ctx context.Context, at path.Path, element attr.Value, diags *diag.Diagnostics) (T, bool) {
	var out T
	object, is := element.(types.Object)
	switch {
	case !is || element.IsNull():
		diags.AddAttributeError(topOf(at), "Invalid Element", fmt.Sprintf("%s is null. Leave it out, or filter it out with a for expression.", at))
		return out, false
	case element.IsUnknown():
		return out, false
	}
	if setFields(&out, object.Attributes()) {
		return out, true
	}
	more := object.As(ctx, &out, basetypes.ObjectAsOptions{})
	diags.Append(more...)
	return out, !more.HasError()
}

// objectsFrom decodes the elements of a list; those of which nothing is known are blank.
func objectsFrom[T any](ctx context.Context, at path.Path, elements []attr.Value, diags *diag.Diagnostics) []T {
	out := make([]T, len(elements))
	for i, element := range elements {
		out[i], _ = objectFrom[T](ctx, at.AtListIndex(i), element, diags)
	}
	return out
}

// textsFrom are the elements of a list or set of strings; null is refused.
func textsFrom(at path.Path, elements []attr.Value, diags *diag.Diagnostics) []string {
	var out []string
	for _, element := range elements {
		text, is := element.(types.String)
		switch {
		case !is || element.IsNull():
			diags.AddAttributeError(at, "Invalid Element", fmt.Sprintf("%s has an element that is null. Leave it out, or filter it out with a for expression.", at))
		case !element.IsUnknown():
			out = append(out, text.ValueString())
		}
	}
	return out
}
