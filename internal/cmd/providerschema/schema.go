// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

func schemaJSON(s *tfprotov6.Schema) map[string]any {
	if s == nil {
		return map[string]any{"version": 0, "block": map[string]any{}}
	}
	return map[string]any{"version": s.Version, "block": blockJSON(s.Block)}
}

func blockJSON(b *tfprotov6.SchemaBlock) map[string]any {
	out := map[string]any{
		"description":      b.Description,
		"description_kind": kindJSON(b.DescriptionKind),
		"deprecated":       b.Deprecated,
	}
	if len(b.Attributes) > 0 {
		out["attributes"] = attributesJSON(b.Attributes)
	}
	if len(b.BlockTypes) > 0 {
		blocks := map[string]any{}
		for _, nested := range b.BlockTypes {
			blocks[nested.TypeName] = map[string]any{
				"nesting_mode": blockNesting[nested.Nesting],
				"block":        blockJSON(nested.Block),
				"min_items":    nested.MinItems,
				"max_items":    nested.MaxItems,
			}
		}
		out["block_types"] = blocks
	}
	return out
}

var blockNesting = map[tfprotov6.SchemaNestedBlockNestingMode]string{
	tfprotov6.SchemaNestedBlockNestingModeSingle: "single",
	tfprotov6.SchemaNestedBlockNestingModeList:   "list",
	tfprotov6.SchemaNestedBlockNestingModeSet:    "set",
	tfprotov6.SchemaNestedBlockNestingModeMap:    "map",
	tfprotov6.SchemaNestedBlockNestingModeGroup:  "group",
}

var objectNesting = map[tfprotov6.SchemaObjectNestingMode]string{
	tfprotov6.SchemaObjectNestingModeSingle: "single",
	tfprotov6.SchemaObjectNestingModeList:   "list",
	tfprotov6.SchemaObjectNestingModeSet:    "set",
	tfprotov6.SchemaObjectNestingModeMap:    "map",
}

func attributesJSON(attributes []*tfprotov6.SchemaAttribute) map[string]any {
	out := make(map[string]any, len(attributes))
	for _, a := range attributes {
		attribute := map[string]any{
			"description":      a.Description,
			"description_kind": kindJSON(a.DescriptionKind),
			"deprecated":       a.Deprecated,
			"required":         a.Required,
			"optional":         a.Optional,
			"computed":         a.Computed,
			"sensitive":        a.Sensitive,
			"write_only":       a.WriteOnly,
		}
		if a.NestedType != nil {
			attribute["nested_type"] = map[string]any{
				"attributes":   attributesJSON(a.NestedType.Attributes),
				"nesting_mode": objectNesting[a.NestedType.Nesting],
			}
		} else {
			attribute["type"] = typeJSON(a.Type)
		}
		out[a.Name] = attribute
	}
	return out
}

func identityJSON(s *tfprotov6.ResourceIdentitySchema) map[string]any {
	attributes := make(map[string]any, len(s.IdentityAttributes))
	for _, a := range s.IdentityAttributes {
		attributes[a.Name] = map[string]any{
			"type":                typeJSON(a.Type),
			"description":         a.Description,
			"required_for_import": a.RequiredForImport,
			"optional_for_import": a.OptionalForImport,
		}
	}
	return map[string]any{"version": s.Version, "attributes": attributes}
}

func functionJSON(f *tfprotov6.Function) map[string]any {
	out := map[string]any{
		"description":         f.Description,
		"summary":             f.Summary,
		"deprecation_message": f.DeprecationMessage,
		"return_type":         typeJSON(f.Return.Type),
	}
	parameters := make([]any, len(f.Parameters))
	for i, p := range f.Parameters {
		parameters[i] = parameterJSON(p)
	}
	if len(parameters) > 0 {
		out["parameters"] = parameters
	}
	if f.VariadicParameter != nil {
		out["variadic_parameter"] = parameterJSON(f.VariadicParameter)
	}
	return out
}

func parameterJSON(p *tfprotov6.FunctionParameter) map[string]any {
	return map[string]any{
		"name":        p.Name,
		"description": p.Description,
		"is_nullable": p.AllowNullValue,
		"type":        typeJSON(p.Type),
	}
}

func kindJSON(k tfprotov6.StringKind) string {
	if k == tfprotov6.StringKindMarkdown {
		return "markdown"
	}
	return "plain"
}

// typeJSON is Terraform's JSON form of a type: "string", or an array of the
// collection's word and what it holds.
func typeJSON(t tftypes.Type) any {
	switch t := t.(type) {
	case tftypes.List:
		return []any{"list", typeJSON(t.ElementType)}
	case tftypes.Set:
		return []any{"set", typeJSON(t.ElementType)}
	case tftypes.Map:
		return []any{"map", typeJSON(t.ElementType)}
	case tftypes.Tuple:
		elements := make([]any, len(t.ElementTypes))
		for i, e := range t.ElementTypes {
			elements[i] = typeJSON(e)
		}
		return []any{"tuple", elements}
	case tftypes.Object:
		attributes := make(map[string]any, len(t.AttributeTypes))
		for name, a := range t.AttributeTypes {
			attributes[name] = typeJSON(a)
		}
		return []any{"object", attributes}
	}
	switch {
	case t.Equal(tftypes.String):
		return "string"
	case t.Equal(tftypes.Number):
		return "number"
	case t.Equal(tftypes.Bool):
		return "bool"
	case t.Equal(tftypes.DynamicPseudoType):
		return "dynamic"
	}
	return fmt.Sprint(t)
}
