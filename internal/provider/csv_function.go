// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

var _ function.Function = csvFunction{}

// csvFunction renders results as the files of the prep script.
type csvFunction struct{}

func newCSVFunction() function.Function { return csvFunction{} }

// optionDefuse is the one option of the function.
const optionDefuse = "defuse_formulas"

func (csvFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "csv"
}

func (csvFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Render results as the prep script's CSV files",
		MarkdownDescription: "Renders rows of a data source as the file that the AIM enablement prep script writes of them: the same header, columns, " +
			"`;` joins, quoting and CRLF line ends, byte for byte. Rows and list cells stay in the order given (the data sources sort by id, " +
			"the script keeps the order of the listing: compare sorted). Unknown rows give an unknown string.",
		Parameters: []function.Parameter{
			function.StringParameter{
				Name: "kind",
				MarkdownDescription: "The file: `" + strings.Join(audit.CSVKinds(), "`, `") + "`. " +
					"`users`, `groups` and `service_principals` take the lists of `dbxidentity_divergences` of that name, `failures` takes `failures`, " +
					"`workspaces` takes the list of `dbxidentity_workspace_federation` (workspaces without an error category are left out, as in the script), " +
					"`identities_to_process` takes a list of ids, for example of `scanned`.",
			},
			function.DynamicParameter{
				Name: "rows", AllowUnknownValues: true, AllowNullValue: true,
				MarkdownDescription: "A list, set or tuple of objects with the attributes of the data source; more attributes do no harm.",
			},
		},
		VariadicParameter: function.StringParameter{
			Name: "options",
			MarkdownDescription: "`" + optionDefuse + "` puts a single quote before cells that a spreadsheet would run as a formula " +
				"(those that start with `=`, `+`, `-`, `@`, a tab or a carriage return). It changes bytes, so it is off by default.",
		},
		Return: function.StringReturn{},
	}
}

func (csvFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var (
		kind    string
		rows    types.Dynamic
		options []string
	)
	if resp.Error = req.Arguments.Get(ctx, &kind, &rows, &options); resp.Error != nil {
		return
	}
	if !slices.Contains(audit.CSVKinds(), kind) {
		resp.Error = function.NewArgumentFuncError(0, fmt.Sprintf("%q is no kind of file; the kinds are %s.", kind, strings.Join(audit.CSVKinds(), ", ")))
		return
	}
	var render audit.CSVOptions
	for i, option := range options {
		if option != optionDefuse {
			resp.Error = function.NewArgumentFuncError(int64(2+i), fmt.Sprintf("%q is no option; the only one is %q.", option, optionDefuse))
			return
		}
		render.DefuseFormulas = true
	}
	decoded, known, err := csvRows(ctx, kind, rows)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(1, err.Error())
		return
	}
	if !known {
		resp.Error = resp.Result.Set(ctx, types.StringUnknown())
		return
	}
	if kind == audit.CSVWorkspaces {
		decoded = slices.DeleteFunc(decoded, func(row audit.CSVRow) bool {
			categories, given := row["error_categories"]
			return given && len(categories) == 0
		})
	}
	text, err := audit.RenderCSV(kind, decoded, render)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(1, err.Error()+".")
		return
	}
	resp.Error = resp.Result.Set(ctx, text)
}

// csvRows reads rows of any type. They are not known when anything inside is
// unknown. The error says which row is wrong, counted from 0.
func csvRows(ctx context.Context, kind string, rows types.Dynamic) (out []audit.CSVRow, known bool, err error) {
	elements, known, err := elementsOf(ctx, rows)
	if err != nil || !known {
		return nil, known, err
	}
	for i, element := range elements {
		element = unwrap(element)
		if element.IsUnknown() {
			return nil, false, nil
		}
		if kind == audit.CSVIdentitiesToProcess {
			if cell, ok := textOf(element); ok {
				out = append(out, audit.CSVRow{"id": {cell}})
				continue
			}
		}
		attributes, ok := attributesOf(element)
		if !ok || element.IsNull() {
			return nil, false, fmt.Errorf("row %d is not an object with the attributes of the data source", i)
		}
		row := audit.CSVRow{}
		for name, value := range attributes {
			cells, known, err := cellsOf(ctx, value)
			switch {
			case err != nil:
				continue // Attributes that are no cells are ignored; a missing one is named by the renderer.
			case !known:
				return nil, false, nil
			}
			row[name] = cells
		}
		out = append(out, row)
	}
	return out, true, nil
}

// elementsOf are the elements of a list, set or tuple in a dynamic value.
func elementsOf(ctx context.Context, value types.Dynamic) (elements []attr.Value, known bool, err error) {
	if value.IsUnknown() || value.IsUnderlyingValueUnknown() {
		return nil, false, nil
	}
	if value.IsNull() || value.IsUnderlyingValueNull() {
		return nil, false, fmt.Errorf("rows are null; an empty list [] renders the header alone")
	}
	switch v := value.UnderlyingValue().(type) {
	case types.List:
		return v.Elements(), true, nil
	case types.Set:
		return v.Elements(), true, nil
	case types.Tuple:
		return v.Elements(), true, nil
	default:
		return nil, false, fmt.Errorf("rows are a %s, and must be a list of objects", value.UnderlyingValue().Type(ctx))
	}
}

// unwrap takes the value out of a dynamic one.
func unwrap(value attr.Value) attr.Value {
	if d, ok := value.(types.Dynamic); ok && !d.IsNull() && !d.IsUnknown() {
		return d.UnderlyingValue()
	}
	return value
}

func attributesOf(value attr.Value) (map[string]attr.Value, bool) {
	switch v := value.(type) {
	case types.Object:
		return v.Attributes(), true
	case types.Map:
		return v.Elements(), true
	default:
		return nil, false
	}
}

// cellsOf are the texts of one attribute: none for null, one for a single value,
// all for a list.
func cellsOf(ctx context.Context, value attr.Value) (cells []string, known bool, err error) {
	value = unwrap(value)
	switch {
	case value.IsUnknown():
		return nil, false, nil
	case value.IsNull():
		return []string{}, true, nil
	}
	var elements []attr.Value
	switch v := value.(type) {
	case types.List:
		elements = v.Elements()
	case types.Set:
		elements = v.Elements()
	case types.Tuple:
		elements = v.Elements()
	default:
		cell, ok := textOf(value)
		if !ok {
			return nil, true, fmt.Errorf("a %s is no cell", value.Type(ctx))
		}
		return []string{cell}, true, nil
	}
	cells = []string{}
	for _, element := range elements {
		one, known, err := cellsOf(ctx, element)
		if err != nil || !known {
			return nil, known, err
		}
		cells = append(cells, one...)
	}
	return cells, true, nil
}

// textOf is a known string, number or bool as Terraform writes it.
func textOf(value attr.Value) (string, bool) {
	switch v := value.(type) {
	case basetypes.StringValue:
		return v.ValueString(), !v.IsNull() && !v.IsUnknown()
	case basetypes.NumberValue:
		if v.IsNull() || v.IsUnknown() {
			return "", false
		}
		return v.ValueBigFloat().Text('f', -1), true
	case basetypes.BoolValue:
		return fmt.Sprint(v.ValueBool()), !v.IsNull() && !v.IsUnknown()
	default:
		return "", false
	}
}
