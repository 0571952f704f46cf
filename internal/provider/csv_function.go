// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/render/csv"
)

var _ function.Function = csvFunction{}

// csvFunction renders results as the files of the prep script and of
// databricks-access-audit.
type csvFunction struct{}

func newCSVFunction() function.Function { return csvFunction{} }

// optionDefuse is the one option of the function.
const optionDefuse = "defuse_formulas"

func (csvFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "csv"
}

func (csvFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Render results as CSV files, those of other tools among them",
		MarkdownDescription: "Renders rows of a data source as the file that the AIM enablement prep script writes of them: the same header, columns, " +
			"`;` joins, quoting and CRLF line ends, byte for byte. Rows and list cells stay in the order given (the data sources sort by id, " +
			"the script keeps the order of the listing: compare sorted). Unknown rows give an unknown string." +
			"\n\nThe kinds `compare` and `clone` are the files of databricks-access-audit in the same way, made of a whole data source: give " +
			"`data.dbxidentity_principal_diff.x` or `data.dbxidentity_clone_plan.x` itself. `compare` lists what only A has, what only B has, and what both have; " +
			"what could not be read is an empty cell instead of `True` or `False`. `clone` lists the actions in the IdP, those in Databricks, what is unverified " +
			"and what is skipped; what the target has already is left out, and `applied` is `False`, because a plan has applied nothing. `error` says what is held back and why, or that the " +
			"identity provider does not have the group; else it is empty. `clone_result` is the same file after an apply: it takes `{ plan = data.dbxidentity_clone_plan.x, journal = " +
			"file(\"...\") }` with the provider's `journal_path`, and `applied` and `error` are those of the last write of each membership in the journal; empty is not known. " +
			"Neither file can say that something could not be read: look at `complete` before you use it." +
			"\n\nThe kinds `remediation_1_users_PATCH_externalid` to `remediation_8_sps_STALE_review` are the worklists of the AIM remediation executor, by the names of its files: give " +
			"`data.dbxidentity_divergences.x` itself. Each divergent principal is in the list in which the executor puts it; waived ones are in none. The executor writes every " +
			"target that its lists hold, so `targetExternalId` is filled only where `external_id_fixes` offers the value; it skips the other rows (`SKIP_no_target`), and `manual_actions` says why." +
			"\n\nThe kinds `fixes`, `member_removals`, `deactivations`, `manual_actions`, `duplicates`, `readiness`, `membership_edits` and `external_id_changes` are for people: their columns are named as the attributes, and cells that a spreadsheet " +
			"would run as a formula always have a single quote before them.",
		Parameters: []function.Parameter{
			function.StringParameter{
				Name: "kind",
				MarkdownDescription: "The file: `" + strings.Join(csv.Kinds(), "`, `") + "`. " +
					"`users`, `groups` and `service_principals` take the lists of `dbxidentity_divergences` of that name, `failures` takes `failures`, " +
					"`workspaces` takes the list of `dbxidentity_workspace_federation` (workspaces without an error category are left out, as in the script), " +
					"`identities_to_process` takes a list of ids, for example of `scanned`; `fixes` takes `external_id_fixes`, `member_removals`, `deactivations`, `manual_actions` and `duplicates` take the attribute of " +
					"that name, `readiness` takes `checks` of `dbxidentity_aim_readiness`, `membership_edits` and `external_id_changes` the attribute of that name of `dbxidentity_audit_events`; the worklists (`remediation_...`) take a `dbxidentity_divergences`, `compare` takes a `dbxidentity_principal_diff` and " +
					"`clone` a `dbxidentity_clone_plan` as a whole, `clone_result` an object of a `plan` and its `journal`.",
			},
			function.DynamicParameter{
				Name: "rows", AllowUnknownValues: true, AllowNullValue: true,
				MarkdownDescription: "A list, set or tuple of objects with the attributes of the data source, or a map of them (`fixes`, `member_removals`, `deactivations`); more attributes do no harm. " +
					"For `compare`, `clone` and the worklists the data source itself, or an object with its lists (`only_in_a`, `only_in_b`, `in_both`; " +
					"`idp_actions`, `databricks_actions`, `unverified`, `skipped`).",
			},
		},
		VariadicParameter: function.StringParameter{
			Name: "options",
			MarkdownDescription: "`" + optionDefuse + "` puts a single quote before cells that a spreadsheet would run as a formula " +
				"(those that start with `=`, `+`, `-`, `@`, a tab, a carriage return or a line feed; full width forms too). It changes bytes, so it is off by default in files that other tools write or read.",
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
	if !slices.Contains(csv.Kinds(), kind) {
		resp.Error = function.NewArgumentFuncError(0, fmt.Sprintf("Unknown kind %q. Use one of: %s.", kind, strings.Join(csv.Kinds(), ", ")))
		return
	}
	var render csv.Options
	for i, option := range options {
		if option != optionDefuse {
			resp.Error = function.NewArgumentFuncError(int64(2+i), fmt.Sprintf("Unknown option %q. The only option is %q.", option, optionDefuse))
			return
		}
		render.DefuseFormulas = true
	}
	decoded, known, err := csvRows(ctx, kind, rows)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(1, err.Error()+".")
		return
	}
	if !known {
		resp.Error = resp.Result.Set(ctx, types.StringUnknown())
		return
	}
	if kind == csv.Workspaces {
		decoded = slices.DeleteFunc(decoded, func(row csv.Row) bool {
			categories, given := row["error_categories"]
			return given && len(categories) == 0
		})
	}
	text, err := csv.Render(kind, decoded, render)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(1, err.Error()+".")
		return
	}
	resp.Error = resp.Result.Set(ctx, text)
}

// csvRows reads rows of any type, or the data source that a kind is made of. They
// are not known when anything inside is unknown. The error says which row is
// wrong, counted from 0.
func csvRows(ctx context.Context, kind string, rows types.Dynamic) (out []csv.Row, known bool, err error) {
	switch kind {
	case csv.Compare:
		diff, known, err := decodeWhole(ctx, rows, "the comparison", diffOf)
		return access.CompareRows(diff), known, err
	case csv.Clone:
		plan, known, err := decodeWhole(ctx, rows, "the clone plan", cloneActionsOf)
		return access.CloneRows(plan), known, err
	case csv.CloneResult:
		return decodeWhole(ctx, rows, "the plan with its journal", cloneResultOf)
	}
	if slices.Contains(csv.Worklists(), kind) {
		divergences, known, err := decodeWhole(ctx, rows, "the divergences", worklistInput)
		if err != nil || !known {
			return nil, known, err
		}
		out, err = csv.WorklistRows(kind, divergences)
		return out, true, err
	}
	elements, known, err := elementsOf(ctx, rows, slices.Contains(kindsOfMaps, kind))
	if err != nil || !known {
		return nil, known, err
	}
	return cellRows(ctx, kind, elements)
}

// worklistInput reads what the executor's worklists are made of.
func worklistInput(r entryReader) csv.Divergences {
	rows := func(name string) []csv.Row {
		value := r.need(name)
		if value == nil {
			return nil
		}
		elements, ok := listOf(value)
		if !ok {
			r.fail("%s is no list", name)
			return nil
		}
		out, known, err := cellRows(context.Background(), name, elements)
		if err != nil {
			r.fail("%s: %w", name, err)
		}
		r.state.unknown = r.state.unknown || !known && err == nil
		return out
	}
	d := csv.Divergences{
		Users: rows("users"), Groups: rows("groups"), ServicePrincipals: rows("service_principals"),
		Offered: map[string]string{}, PrimaryDomains: r.texts("primary_domains"),
	}
	for key, fix := range r.object("external_id_fixes").attributes {
		attributes, ok := attributesOf(unwrap(fix))
		if !ok {
			r.fail("external_id_fixes[%q] is no object", key)
			break
		}
		d.Offered[key] = entryReader{attributes: attributes, state: r.state}.text("external_id")
	}
	return d
}

// kindsOfMaps are the kinds whose rows are values of a map.
var kindsOfMaps = []string{csv.Fixes, csv.MemberRemovals, csv.Deactivations}

// cellRows are the attributes of objects that can be cells.
func cellRows(ctx context.Context, kind string, elements []attr.Value) (out []csv.Row, known bool, err error) {
	for i, element := range elements {
		element = unwrap(element)
		if element.IsUnknown() {
			return nil, false, nil
		}
		if kind == csv.IdentitiesToProcess {
			if cell, ok := textOf(element); ok {
				out = append(out, csv.Row{"id": {cell}})
				continue
			}
		}
		attributes, ok := attributesOf(element)
		if !ok || element.IsNull() {
			return nil, false, fmt.Errorf("row %d is not an object with the attributes of the data source", i)
		}
		row := csv.Row{}
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
		if kind == csv.ManualActions {
			r := entryReader{attributes: attributes, state: &entryState{}}
			row["member_ids"] = []string{}
			for _, member := range r.objects("members") {
				row["member_ids"] = append(row["member_ids"], member.text("member_id"))
			}
			if r.state.err != nil || r.state.unknown {
				return nil, !r.state.unknown, r.state.err
			}
		}
		out = append(out, row)
	}
	return out, true, nil
}

// elementsOf are the elements of a list, set or tuple in a dynamic value, or the
// values of a map by its keys.
func elementsOf(ctx context.Context, value types.Dynamic, isMap bool) (elements []attr.Value, known bool, err error) {
	if value.IsUnknown() || value.IsUnderlyingValueUnknown() {
		return nil, false, nil
	}
	if value.IsNull() || value.IsUnderlyingValueNull() {
		return nil, false, fmt.Errorf("rows are null; an empty list [] renders the header alone")
	}
	if entries, is := attributesOf(value.UnderlyingValue()); is && isMap {
		for _, key := range slices.SortedFunc(maps.Keys(entries), csv.CompareKeys) {
			elements = append(elements, entries[key])
		}
		return elements, true, nil
	}
	elements, ok := listOf(value.UnderlyingValue())
	if !ok {
		return nil, false, fmt.Errorf("rows are a %s, and must be a list of objects", value.UnderlyingValue().Type(ctx))
	}
	return elements, true, nil
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
	elements, ok := listOf(value)
	if !ok {
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
