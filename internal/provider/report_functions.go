// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/render/report"
)

var _ function.Function = reportFunction{}

// reportFunction renders the results of data sources for people.
type reportFunction struct {
	name, summary, description string
	render                     func(report.Sections, report.Options) (string, error)
}

func newReportMarkdownFunction() function.Function {
	return reportFunction{
		name: "report_markdown", summary: "Render findings as Markdown",
		description: "Renders the results of data sources as Markdown for a pull request or a wiki: the verdict first, then what diverges by cause, with counts, the next step, " +
			"who takes it, and examples. Tables of principals are folded and cut after 25 rows, so that the text fits a comment on GitHub.",
		render: func(s report.Sections, o report.Options) (string, error) { return report.Markdown(s, o), nil },
	}
}

func newReportHTMLFunction() function.Function {
	return reportFunction{
		name: "report_html", summary: "Render findings as an HTML page",
		description: "Renders the results of data sources as one HTML file: the verdict first, then what diverges by cause, charts, and every row. The file loads nothing from " +
			"anywhere and works without JavaScript, which adds filters and sorting. It can be read on a phone, in the dark, in print and with a keyboard. " +
			"Write it with `terraform output -raw report > report.html`.",
		render: report.HTML,
	}
}

// optionRedact leaves out names.
const optionRedact = "redact"

func (f reportFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = f.name
}

func (f reportFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: f.summary,
		MarkdownDescription: f.description + " The same results give the same text. Everything from the account is escaped. If a part is not known yet, neither is the text; " +
			"if a part is sensitive, so is the text.",
		Parameters: []function.Parameter{function.DynamicParameter{
			Name: "sections", AllowUnknownValues: true, AllowNullValue: true,
			MarkdownDescription: "An object with any of `" + strings.Join(report.Names(), "`, `") + "`, each the value of a data source, for example " +
				"`{ divergences = data.dbxidentity_divergences.this }`. A part that is null is left out. `before` holds the same parts of an earlier run, for a comparison.",
		}},
		VariadicParameter: function.StringParameter{
			Name:                "options",
			MarkdownDescription: "`" + optionRedact + "` leaves out names, mail addresses and texts that may hold them. Ids stay.",
		},
		Return: function.StringReturn{},
	}
}

func (f reportFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var (
		value   types.Dynamic
		options []string
		chosen  report.Options
	)
	if resp.Error = req.Arguments.Get(ctx, &value, &options); resp.Error != nil {
		return
	}
	for i, option := range options {
		if option != optionRedact {
			resp.Error = function.NewArgumentFuncError(int64(1+i), fmt.Sprintf("Unknown option %q. The only option is %q.", option, optionRedact))
			return
		}
		chosen.Redact = true
	}
	plain, known, err := jsonValue(value)
	if err == nil && !known {
		resp.Error = resp.Result.Set(ctx, types.StringUnknown())
		return
	}
	var text string
	if err == nil {
		text, err = f.text(plain, chosen)
	}
	if err != nil {
		resp.Error = function.NewArgumentFuncError(0, err.Error()+".")
		return
	}
	resp.Error = resp.Result.Set(ctx, text)
}

func (f reportFunction) text(plain any, o report.Options) (string, error) {
	raw, err := json.Marshal(plain)
	if err != nil {
		return "", err
	}
	sections, err := report.Decode(raw)
	if err != nil {
		return "", err
	}
	return f.render(sections, o)
}

// jsonValue is a value of Terraform in the terms of encoding/json. It is not known
// when any part is not.
func jsonValue(value attr.Value) (plain any, known bool, err error) {
	value = unwrap(value)
	switch {
	case value.IsUnknown():
		return nil, false, nil
	case value.IsNull():
		return nil, true, nil
	}
	if attributes, ok := attributesOf(value); ok {
		out := make(map[string]any, len(attributes))
		for name, one := range attributes {
			if out[name], known, err = jsonValue(one); err != nil || !known {
				return nil, known, err
			}
		}
		return out, true, nil
	}
	if elements, ok := listOf(value); ok {
		out := make([]any, len(elements))
		for i, one := range elements {
			if out[i], known, err = jsonValue(one); err != nil || !known {
				return nil, known, err
			}
		}
		return out, true, nil
	}
	switch v := value.(type) {
	case basetypes.StringValue:
		return v.ValueString(), true, nil
	case basetypes.BoolValue:
		return v.ValueBool(), true, nil
	case basetypes.NumberValue:
		return json.Number(v.ValueBigFloat().Text('f', -1)), true, nil
	case basetypes.Int64Value:
		return v.ValueInt64(), true, nil
	default:
		return nil, false, fmt.Errorf("a %T cannot be shown in a report", value)
	}
}
