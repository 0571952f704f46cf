// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package catalog

import (
	"maps"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/minisql"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// viewKinds are the tables that are views.
var viewKinds = []string{"VIEW", "MATERIALIZED_VIEW", "METRIC_VIEW"}

// shown are the securables of a type that the caller sees, in a catalog if it is not
// empty.
func (x *informationSchema) shown(kind, catalog string) []*world.Securable {
	var out []*world.Securable
	for _, sec := range x.EveryOf(kind) {
		if x.isBound(sec) && x.sees(sec, false) && (catalog == "" || strings.EqualFold(world.NameParts(sec)[0], catalog)) {
			out = append(out, sec)
		}
	}
	return out
}

// definition is the text of a view or function: NULL for those who do not own it, be
// they admins of the metastore or not.
func (x *informationSchema) definition(sec *world.Securable) minisql.Value {
	if x.assumed.Definitions == "everybody" || x.isName(sec.Owner) {
		return minisql.Text(sec.Definition)
	}
	return minisql.Null
}

func (x *informationSchema) viewsView(catalog string) minisql.Table {
	out := minisql.Table{Columns: append(threeNames("TABLE"), "VIEW_DEFINITION", "CHECK_OPTION", "IS_UPDATABLE")}
	for _, sec := range x.shown(world.TypeTable, catalog) {
		if slices.Contains(viewKinds, sec.Kind) {
			out.Rows = append(out.Rows, append(nameValues(informationView{}, sec), x.definition(sec), minisql.Text("NONE"), minisql.Text("NO")))
		}
	}
	return out
}

// routinesView is the list of functions with what they do.
func (x *informationSchema) routinesView(catalog string) minisql.Table {
	v := informationViews["routines"]
	out := x.view(v, catalog)
	out.Columns = append(out.Columns, "ROUTINE_DEFINITION", "EXTERNAL_LANGUAGE")
	byName := map[string]*world.Securable{}
	for _, sec := range x.EveryOf(world.TypeFunction) {
		byName[sec.FullName] = sec
	}
	for i, row := range out.Rows {
		text, language := minisql.Text(""), minisql.Null // Models are listed as routines, and do nothing.
		if sec := byName[strings.Join([]string{row[0].Text, row[1].Text, row[2].Text}, ".")]; sec != nil {
			text = x.definition(sec)
			if sec.Language != "" {
				language = minisql.Text(sec.Language)
			}
		}
		out.Rows[i] = append(row, text, language)
	}
	return out
}

// filtersView lists the row filters or column masks of tables.
func (x *informationSchema) filtersView(view, catalog string) minisql.Table {
	table := []string{"CATALOG_NAME", "SCHEMA_NAME", "TABLE_NAME"}
	if x.assumed.FilterTables == "table_catalog" {
		table = threeNames("TABLE")
	}
	row := func(sec *world.Securable, function string, column ...minisql.Value) []minisql.Value {
		return slices.Concat(nameValues(informationView{}, sec), column, nameValues(informationView{}, &world.Securable{Type: world.TypeFunction, FullName: function}))
	}
	if view == "row_filters" {
		out := minisql.Table{Columns: append(table, threeNames("FILTER")...)}
		for _, sec := range x.shown(world.TypeTable, catalog) {
			if sec.RowFilter != "" {
				out.Rows = append(out.Rows, row(sec, sec.RowFilter))
			}
		}
		return out
	}
	out := minisql.Table{Columns: append(append(table, "COLUMN_NAME"), threeNames("MASK")...)}
	for _, sec := range x.shown(world.TypeTable, catalog) {
		for _, column := range slices.Sorted(maps.Keys(sec.ColumnMasks)) {
			out.Rows = append(out.Rows, row(sec, sec.ColumnMasks[column], minisql.Text(column)))
		}
	}
	return out
}
