// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package catalog

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/minisql"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// informationView is a view of information_schema over securables of some
// types: its name columns, and either the objects with their owner or the
// privileges on them.
type informationView struct {
	types   []string
	names   []string // one per part of the full name
	aliases []string // the same again, as routines have it
	// kind and owner are columns of objects; a view without owner is one of privileges.
	kind, owner string
}

// informationViews by name. The privilege views and their columns are
// documented; the owner columns and the columns of object views are unofficial.
var informationViews = map[string]informationView{
	"catalogs":            {types: []string{world.TypeCatalog}, names: []string{"CATALOG_NAME"}, owner: "CATALOG_OWNER"},
	"schemata":            {types: []string{world.TypeSchema}, names: []string{"CATALOG_NAME", "SCHEMA_NAME"}, owner: "SCHEMA_OWNER"},
	"tables":              {types: []string{world.TypeTable}, names: threeNames("TABLE"), kind: "TABLE_TYPE", owner: "TABLE_OWNER"},
	"volumes":             {types: []string{world.TypeVolume}, names: threeNames("VOLUME"), kind: "VOLUME_TYPE", owner: "VOLUME_OWNER"},
	"routines":            {types: []string{world.TypeFunction}, names: threeNames("ROUTINE"), aliases: threeNames("SPECIFIC"), owner: "ROUTINE_OWNER"},
	"external_locations":  {types: []string{world.TypeLocation}, names: []string{"EXTERNAL_LOCATION_NAME"}, owner: "EXTERNAL_LOCATION_OWNER"},
	"storage_credentials": {types: []string{world.TypeStorage}, names: []string{"STORAGE_CREDENTIAL_NAME"}, owner: "STORAGE_CREDENTIAL_OWNER"},
	"credentials":         {types: []string{world.TypeService, world.TypeStorage}, names: []string{"CREDENTIAL_NAME"}, owner: "CREDENTIAL_OWNER"},
	"connections":         {types: []string{"connection"}, names: []string{"CONNECTION_NAME"}, kind: "CONNECTION_TYPE", owner: "CONNECTION_OWNER"},
	"shares":              {types: []string{"share"}, names: []string{"SHARE_NAME"}, owner: "SHARE_OWNER"},

	"catalog_privileges":            {types: []string{world.TypeCatalog}, names: []string{"CATALOG_NAME"}},
	"schema_privileges":             {types: []string{world.TypeSchema}, names: []string{"CATALOG_NAME", "SCHEMA_NAME"}},
	"table_privileges":              {types: []string{world.TypeTable}, names: threeNames("TABLE")},
	"volume_privileges":             {types: []string{world.TypeVolume}, names: threeNames("VOLUME")},
	"routine_privileges":            {types: []string{world.TypeFunction}, names: threeNames("ROUTINE"), aliases: threeNames("SPECIFIC")},
	"external_location_privileges":  {types: []string{world.TypeLocation}, names: []string{"EXTERNAL_LOCATION_NAME"}},
	"storage_credential_privileges": {types: []string{world.TypeStorage}, names: []string{"STORAGE_CREDENTIAL_NAME"}},
	"credential_privileges":         {types: []string{world.TypeService, world.TypeStorage}, names: []string{"CREDENTIAL_NAME"}},
	"connection_privileges":         {types: []string{"connection"}, names: []string{"CONNECTION_NAME"}},
}

func threeNames(prefix string) []string {
	return []string{prefix + "_CATALOG", prefix + "_SCHEMA", prefix + "_NAME"}
}

// privilegeColumns follow the name columns of a privilege view.
var privilegeColumns = []string{"PRIVILEGE_TYPE", "IS_GRANTABLE", "INHERITED_FROM"}

func (v informationView) columns() []string {
	out := slices.Concat(v.names, v.aliases)
	if v.owner == "" {
		return slices.Concat([]string{"GRANTOR", "GRANTEE"}, out, privilegeColumns)
	}
	if v.kind != "" {
		out = append(out, v.kind)
	}
	return append(out, v.owner)
}

// informationSchema answers the tables of a query, as one caller sees them.
type informationSchema struct {
	*catalogView
	assumed         UnityCatalogAssumptions
	catalog, schema string // where names without a catalog are looked up
	audit           AuditLogAssumptions
	auditLog        func() (minisql.Table, error)
}

// table resolves a name of one to three parts.
func (x *informationSchema) table(name []string) (minisql.Table, error) {
	full := name
	switch len(name) {
	case 1:
		full = []string{x.catalog, x.schema, name[0]}
	case 2:
		full = []string{x.catalog, name[0], name[1]}
	case 3:
	default:
		full = []string{"", "", ""}
	}
	missing := errors.New("[TABLE_OR_VIEW_NOT_FOUND] The table or view `" + strings.Join(name, "`.`") +
		"` cannot be found. Verify the spelling and correctness of the schema and catalog. SQLSTATE: 42P01")
	catalog := strings.ToLower(full[0])
	if strings.EqualFold(strings.Join(full, "."), "system.access.audit") {
		return x.auditLog()
	}
	if !strings.EqualFold(full[1], "information_schema") {
		return minisql.Table{}, missing
	}
	if catalog != "system" {
		if c := x.Find(world.TypeCatalog, catalog); c == nil || !x.sees(c, false) || !x.isBound(c) {
			return minisql.Table{}, missing
		}
	}
	view := strings.ToLower(full[2])
	switch view {
	case "metastores", "metastore_privileges":
		if catalog != "system" {
			return minisql.Table{}, missing
		}
		return x.metastoreView(view), nil
	case "columns":
		return x.columnsView(), nil
	}
	if catalog == "system" {
		catalog = ""
	}
	switch view {
	case "views":
		return x.viewsView(catalog), nil
	case "routines":
		return x.routinesView(catalog), nil
	case "row_filters", "column_masks":
		return x.filtersView(view, catalog), nil
	}
	v, ok := informationViews[view]
	if !ok {
		return minisql.Table{}, missing
	}
	return x.view(v, catalog), nil
}

// view lists a view; a catalog other than "" limits it to what is in there.
func (x *informationSchema) view(v informationView, catalog string) minisql.Table {
	out := minisql.Table{Columns: v.columns()}
	types := v.types
	if x.assumed.ModelsAsRoutines && slices.Contains(types, world.TypeFunction) {
		types = append(slices.Clone(types), world.TypeModel)
	}
	for _, kind := range types {
		for _, sec := range x.EveryOf(kind) {
			if !x.isBound(sec) || !x.sees(sec, false) || catalog != "" && !strings.EqualFold(world.NameParts(sec)[0], catalog) {
				continue
			}
			if v.owner != "" {
				out.Rows = append(out.Rows, objectRow(v, sec))
				continue
			}
			out.Rows = append(out.Rows, x.privilegeRows(v, sec)...)
		}
	}
	return out
}

func objectRow(v informationView, sec *world.Securable) []minisql.Value {
	row := nameValues(v, sec)
	if v.kind != "" {
		row = append(row, minisql.Text(cmp.Or(sec.Kind, kindKeys[sec.Type][1])))
	}
	if sec.Owner == "" {
		return append(row, minisql.Null)
	}
	return append(row, minisql.Text(sec.Owner))
}

func nameValues(v informationView, sec *world.Securable) []minisql.Value {
	var row []minisql.Value
	for range 1 + min(1, len(v.aliases)) {
		for _, part := range world.NameParts(sec) {
			row = append(row, minisql.Text(part))
		}
	}
	return row
}

// privilegeRows are the grants on a securable and those that it inherits: all
// of them for metastore admins and owners, their own for everyone else, holders
// of MANAGE too (documented).
func (x *informationSchema) privilegeRows(v informationView, sec *world.Securable) [][]minisql.Value {
	chain := append([]*world.Securable{sec}, x.Ancestors(sec)...)
	everything := x.admin || slices.ContainsFunc(chain, func(s *world.Securable) bool { return x.isName(s.Owner) })
	var rows [][]minisql.Value
	for _, at := range chain {
		for _, g := range at.Grants {
			for _, privilege := range g.Privileges {
				if at != sec && !reaches(privilege, sec.Type) || !everything && !x.isName(g.Principal) {
					continue
				}
				row := []minisql.Value{minisql.Text(at.Owner), minisql.Text(cmp.Or(g.Principal, g.PrincipalID))}
				row = append(row, nameValues(v, sec)...)
				rows = append(rows, append(row, x.privilege(privilege, at, sec)...))
			}
		}
	}
	return rows
}

// privilege are the last columns of a privilege view. What INHERITED_FROM says
// of inherited grants is assumed: the type they come from.
func (x *informationSchema) privilege(privilege string, at, sec *world.Securable) []minisql.Value {
	inherited := minisql.Text("NONE")
	if x.assumed.NullInheritedFrom {
		inherited = minisql.Null
	}
	if at != sec {
		inherited = minisql.Text(strings.ToUpper(at.Type))
	}
	return []minisql.Value{minisql.Text(privilege), minisql.Text("NO"), inherited}
}

func (x *informationSchema) metastoreView(name string) minisql.Table {
	id := minisql.Text(x.Doc.MetastoreID)
	if name == "metastores" {
		return minisql.Table{Columns: []string{"METASTORE_ID", "METASTORE_NAME", "METASTORE_OWNER"},
			Rows: [][]minisql.Value{{id, minisql.Text(x.Doc.Name), minisql.Text(x.Doc.Owner)}}}
	}
	out := minisql.Table{Columns: slices.Concat([]string{"GRANTOR", "GRANTEE", "METASTORE_ID"}, privilegeColumns)}
	for _, g := range x.Doc.Grants {
		for _, privilege := range g.Privileges {
			if x.admin || x.isName(g.Principal) {
				row := []minisql.Value{minisql.Text(x.Doc.Owner), minisql.Text(cmp.Or(g.Principal, g.PrincipalID)), id}
				out.Rows = append(out.Rows, append(row, x.privilege(privilege, nil, nil)...))
			}
		}
	}
	return out
}

// columnsView describes the views themselves, so that a client can find out
// which columns there are.
func (x *informationSchema) columnsView() minisql.Table {
	out := minisql.Table{Columns: []string{"TABLE_CATALOG", "TABLE_SCHEMA", "TABLE_NAME", "COLUMN_NAME", "ORDINAL_POSITION", "FULL_DATA_TYPE"}}
	one := func(schema, view, column, kind string, at int) {
		out.Rows = append(out.Rows, []minisql.Value{minisql.Text("system"), minisql.Text(schema),
			minisql.Text(view), minisql.Text(strings.ToLower(column)), minisql.Text(strconv.Itoa(at)), minisql.Text(kind)})
	}
	add := func(view string, columns []string) {
		for i, column := range columns {
			one("information_schema", view, column, "string", i)
		}
	}
	if x.audit.shown() {
		for i, c := range x.audit.columns() {
			one("access", "audit", c.name, c.kind, i)
		}
	}
	var names []string
	for name := range informationViews {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		add(name, informationViews[name].columns())
	}
	empty := &informationSchema{catalogView: &catalogView{MetastoreIndex: &world.MetastoreIndex{Doc: &world.Metastore{}}}}
	empty.assumed = x.assumed
	for _, name := range []string{"metastores", "metastore_privileges"} {
		add(name, empty.metastoreView(name).Columns)
	}
	add("views", empty.viewsView("").Columns)
	for _, column := range empty.routinesView("").Columns[len(informationViews["routines"].columns()):] {
		one("information_schema", "routines", column, "string", len(out.Rows))
	}
	for _, name := range []string{"row_filters", "column_masks"} {
		add(name, empty.filtersView(name, "").Columns)
	}
	return out
}
