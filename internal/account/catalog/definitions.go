// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package catalog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/readiness"
)

// SQLWarehouse is a warehouse through which definitions are read: those of the metastore
// of its workspace.
type SQLWarehouse struct{ WorkspaceID, WarehouseID string }

// Definitions are what was read through warehouses.
type Definitions struct {
	// List is sorted by kind and name.
	List []readiness.Definition
	// Unknown are the reasons why there may be others, sorted.
	Unknown []string
}

// The bounds of one statement: definitions, and characters of each.
const (
	mostDefinitions   = 5_000
	mostDefinitionLen = 100_000
)

// SQLDefinitions reads the views and functions that ask for groups, in two statements
// for each metastore, once for each warehouse. What could not be read, and every other
// metastore with workspaces, is a reason why there may be more. The error is for what
// makes everything else worthless.
func (c *Catalog) SQLDefinitions(ctx context.Context, through []SQLWarehouse) (Definitions, error) {
	var out Definitions
	read, seen, shown, unbound := map[string]bool{}, map[[3]string]bool{}, map[[2]string]bool{}, map[[2]string]string{}
	for _, w := range through {
		found, err := c.definitions.Get(ctx, w, func(ctx context.Context) (metastoreDefinitions, error) { return c.readDefinitions(ctx, w) })
		if err != nil {
			return Definitions{}, err
		}
		read[found.metastore] = true
		for _, d := range found.List {
			if key := [3]string{found.metastore, d.Kind, d.Name}; !seen[key] {
				seen[key] = true
				out.List = append(out.List, d)
			}
		}
		for _, name := range found.catalogs {
			if found.shown[name] {
				shown[[2]string{found.metastore, name}] = true
			} else {
				unbound[[2]string{found.metastore, name}] = w.WorkspaceID
			}
		}
		out.Unknown = append(out.Unknown, found.Unknown...)
	}
	for catalog, workspace := range unbound {
		if !shown[catalog] {
			out.Unknown = append(out.Unknown, fmt.Sprintf("the catalog %q of the metastore %s is not shown in the workspace %s: give a warehouse of a workspace that it is bound to", catalog[1], catalog[0], workspace))
		}
	}
	others, err := c.otherMetastores(ctx, read)
	if err != nil {
		return Definitions{}, err
	}
	out.Unknown = append(out.Unknown, others...)
	slices.Sort(out.Unknown)
	out.Unknown = slices.Compact(out.Unknown)
	slices.SortFunc(out.List, func(a, b readiness.Definition) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Text, b.Text))
	})
	return out, nil
}

// otherMetastores are reasons: those that nothing was read of.
func (c *Catalog) otherMetastores(ctx context.Context, read map[string]bool) ([]string, error) {
	all, err := c.power.ListMetastores(ctx)
	if err != nil {
		if api.IsLost(ctx, err) {
			return nil, err
		}
		return []string{"which other metastores the account has could not be read: " + oneLine(err)}, nil
	}
	var out []string
	for _, m := range all {
		if read[m.ID] {
			continue
		}
		workspaces, err := c.metastoreWorkspaces(ctx, m.ID)
		switch {
		case err != nil && api.IsLost(ctx, err):
			return nil, err
		case err != nil:
			out = append(out, fmt.Sprintf("the metastore %q (%s) was not read, and whether a workspace uses it is not known: %s", m.Name, m.ID, oneLine(err)))
		case len(workspaces) > 0: // Without a workspace nothing in it can be used.
			out = append(out, fmt.Sprintf("the metastore %q (%s) was not read: no warehouse of its workspaces was given", m.Name, m.ID))
		}
	}
	return out, nil
}

// metastoreDefinitions are those of one metastore.
type metastoreDefinitions struct {
	Definitions

	metastore string
	// catalogs are all that the caller sees, and shown those that the workspace shows.
	catalogs []string
	shown    map[string]bool
}

func (c *Catalog) readDefinitions(ctx context.Context, w SQLWarehouse) (out metastoreDefinitions, err error) {
	s, err := c.definitionScan(ctx, w)
	if err != nil {
		if api.IsLost(ctx, err) {
			return out, err
		}
		out.Unknown = []string{fmt.Sprintf("nothing could be read through the workspace %s: %s", w.WorkspaceID, oneLine(err))}
		return out, nil
	}
	out.metastore = s.out.ID
	if err := s.prove(ctx); err != nil {
		return out, err
	}
	for _, h := range s.holes {
		out.Unknown = append(out.Unknown, "metastore "+s.out.ID+": "+h)
	}
	if !s.out.AdminProven {
		out.Unknown = append(out.Unknown, fmt.Sprintf("the caller is not known to be admin of the metastore %s, and system.information_schema shows only what the caller may use: "+
			"make a group that has the caller its owner", s.out.ID))
	}
	catalogs, err := s.list(ctx, s.via, rootLists[0], "")
	if err != nil {
		if api.IsLost(ctx, err) {
			return out, err
		}
		out.Unknown = append(out.Unknown, fmt.Sprintf("metastore %s: which catalogs it has could not be read: %s", s.out.ID, oneLine(err)))
	}
	for _, one := range catalogs {
		if !slices.Contains(foreignCatalogs, one.FullName) {
			out.catalogs = append(out.catalogs, one.FullName)
		}
	}
	rows, missing, err := s.queryDefinitions(ctx)
	switch {
	case errors.Is(err, api.ErrTruncated), err == nil && len(rows) > mostDefinitions:
		rows = rows[:min(len(rows), mostDefinitions)]
		out.Unknown = append(out.Unknown, fmt.Sprintf("the metastore %s has more than %d definitions that ask for groups, and the rest was not read", s.out.ID, len(rows)))
	case err != nil && api.IsLost(ctx, err):
		return out, err
	case err != nil:
		out.Unknown = append(out.Unknown, fmt.Sprintf("the SQL warehouse %s of the workspace %s did not show them: %s. It needs CAN USE on the warehouse, and in Unity Catalog USE CATALOG on system "+
			"and USE SCHEMA on system.information_schema", w.WarehouseID, w.WorkspaceID, oneLine(err)))
	}
	out.Unknown = append(out.Unknown, missing...)
	whole := err == nil || errors.Is(err, api.ErrTruncated)
	more, err := out.take(rows)
	if err != nil {
		more = append(more, err.Error())
	}
	if !whole || err != nil {
		out.catalogs = nil // Which of them the workspace shows is not known: the answer says so above.
	}
	for _, why := range more {
		out.Unknown = append(out.Unknown, "metastore "+s.out.ID+": "+why)
	}
	return out, nil
}

// definitionScan is a scan through one workspace, of the metastore that it says it has.
func (c *Catalog) definitionScan(ctx context.Context, w SQLWarehouse) (*catalogScan, error) {
	all, err := c.dir.Workspaces(ctx)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(all, func(one audit.Workspace) bool { return one.ID == w.WorkspaceID })
	if at < 0 {
		return nil, errors.New("it is not one of the account's")
	}
	s := &catalogScan{c: c, warehouse: w.WarehouseID}
	if s.via, err = c.api.SiteOf(ctx, all[at]); err != nil {
		return nil, err
	}
	var summary struct {
		ID    api.Text `json:"metastore_id"`
		Owner string   `json:"owner"`
	}
	if err := s.get(ctx, s.via, "metastore_summary", &summary); err != nil {
		return nil, err
	}
	if summary.ID == "" {
		return nil, errors.New("it has no metastore")
	}
	s.out = access.Metastore{ID: string(summary.ID), Owner: summary.Owner}
	// The summary of a workspace need not have the owner; the account's list does.
	if metastores, err := c.power.ListMetastores(ctx); err == nil {
		for _, m := range metastores {
			if m.ID == s.out.ID {
				s.out.Owner = m.Owner
			}
		}
	}
	return s, nil
}

// definitionViews are the parts of the query. The columns of views and routines are
// documented; those that name the table of a filter or mask are written in two ways.
var definitionViews = []struct {
	view, kind, text string
	names            [3]string
	uses, of         string // for a view of uses in the place of texts: "row filter", of how many "tables"
}{
	{view: "views", kind: readiness.KindView, text: "view_definition", names: [3]string{"table_catalog", "table_schema", "table_name"}},
	{view: "routines", kind: readiness.KindFunction, text: "routine_definition", names: [3]string{"routine_catalog", "routine_schema", "routine_name"}},
	{view: "row_filters", uses: "row filter", of: "tables", names: [3]string{"filter_catalog", "filter_schema", "filter_name"}},
	{view: "column_masks", uses: "column mask", of: "columns", names: [3]string{"mask_catalog", "mask_schema", "mask_name"}},
}

// Databricks' own catalogs have no definitions of the account.
var foreignCatalogs = []string{"system", "samples", "__databricks_internal"}

// rowHidden begins the kind of a row that counts definitions which are not shown; a
// rowCatalog is a catalog that is.
const (
	rowHidden  = "hidden "
	rowCatalog = "catalog"
)

// queryDefinitions asks for the columns that there are, and then for everything at once.
// missing are reasons: a view of texts that there is not.
func (s *catalogScan) queryDefinitions(ctx context.Context) (rows [][]*string, missing []string, err error) {
	cells, err := s.c.api.Query(ctx, s.via, s.warehouse, "SELECT table_name, column_name FROM system.information_schema.columns "+
		"WHERE table_catalog = 'system' AND table_schema = 'information_schema' AND lower(table_name) IN ('views', 'routines', 'row_filters', 'column_masks')")
	if err != nil {
		return nil, nil, err
	}
	columns := map[string]bool{}
	for _, row := range cells {
		if len(row) == 2 && row[0] != nil && row[1] != nil {
			columns[strings.ToLower(*row[0]+"."+*row[1])] = true
		}
	}
	parts := []string{"SELECT '" + rowCatalog + "', catalog_name" + strings.Repeat(", CAST(NULL AS STRING)", definitionCells-2) + " FROM system.information_schema.catalogs"}
	for i := range definitionViews {
		v := &definitionViews[i]
		table := [3]string{"table_catalog", "table_schema", "table_name"}
		if v.uses != "" && !columns[v.view+".table_catalog"] { // As the documentation has them.
			table = [3]string{"catalog_name", "schema_name", "table_name"}
		}
		needed := slices.Concat(v.names[:], table[:])
		if v.uses == "" {
			needed = append(v.names[:], v.text)
		}
		lacks := slices.IndexFunc(needed, func(name string) bool { return !columns[v.view+"."+name] })
		switch {
		case lacks < 0 && v.uses == "":
			parts = append(parts, definitionSelects(v.view, v.kind, v.text, v.names, columns[v.view+".external_language"])...)
		case lacks < 0:
			parts = append(parts, fmt.Sprintf("SELECT '%s', %s, CAST(NULL AS STRING), CAST(NULL AS STRING), CAST(count(*) AS STRING), min(concat(%s)) FROM system.information_schema.%s GROUP BY %s",
				v.uses+" of "+v.of, strings.Join(v.names[:], ", "), strings.Join(table[:], ", '.', "), v.view, strings.Join(v.names[:], ", ")))
		case v.uses == "": // Uses are only more words.
			missing = append(missing, fmt.Sprintf("system.information_schema of the metastore %s has no column %s.%s", s.out.ID, v.view, needed[lacks]))
		}
	}
	rows, err = s.c.api.Query(ctx, s.via, s.warehouse, strings.Join(parts, " UNION ALL ")+" ORDER BY 1, 2, 3, 4 LIMIT "+strconv.Itoa(mostDefinitions+1))
	return rows, missing, err
}

// definitionSelects are those for texts that ask for groups, and for the number of texts
// that are not shown, by catalog.
func definitionSelects(view, kind, text string, names [3]string, languages bool) []string {
	language := "CAST(NULL AS STRING)"
	if languages {
		language = "external_language"
	}
	own := fmt.Sprintf("%s NOT IN (%s) AND %s <> 'information_schema'", names[0], "'"+strings.Join(foreignCatalogs, "', '")+"'", names[1])
	return []string{
		fmt.Sprintf("SELECT '%s', %s, substring(%s, 1, %d), %s, CAST(NULL AS STRING), CAST(NULL AS STRING) FROM system.information_schema.%s "+
			"WHERE %s AND (lower(%s) LIKE '%%is_member%%' OR lower(%s) LIKE '%%is_account_group_member%%')",
			kind, strings.Join(names[:], ", "), text, mostDefinitionLen+1, language, view, own, text, text),
		fmt.Sprintf("SELECT '%s', %s, CAST(NULL AS STRING), CAST(NULL AS STRING), CAST(NULL AS STRING), CAST(NULL AS STRING), CAST(count(*) AS STRING), min(concat(%s)) "+
			"FROM system.information_schema.%s WHERE %s AND %s IS NULL GROUP BY %s",
			rowHidden+kind, names[0], strings.Join(names[:], ", '.', "), view, own, text, names[0]),
	}
}

// definitionCells are: what, three names, text, language, count, example.
const definitionCells = 8

// take reads the rows of a metastore; unknown are the texts that are not shown.
func (d *metastoreDefinitions) take(rows [][]*string) (unknown []string, err error) {
	uses := map[string][]string{}
	d.shown = map[string]bool{}
	for _, row := range rows {
		if len(row) != definitionCells || row[0] == nil || row[1] == nil {
			return unknown, errors.New("the answer of the query for definitions has a row of another form than was asked for")
		}
		cell := func(i int) string {
			if row[i] == nil {
				return ""
			}
			return *row[i]
		}
		kind, name := *row[0], strings.Join([]string{cell(1), cell(2), cell(3)}, ".")
		switch {
		case kind == rowCatalog:
			d.shown[cell(1)] = true
		case strings.HasPrefix(kind, rowHidden):
			unknown = append(unknown, fmt.Sprintf("%s definitions of kind %s in the catalog %s are not shown, the first is %s: only their owner sees them; make a group that has the caller their owner",
				cell(6), strings.TrimPrefix(kind, rowHidden), cell(1), cell(7)))
		case kind == readiness.KindView, kind == readiness.KindFunction:
			one := readiness.Definition{Kind: kind, Name: name, Text: cell(4), Language: cell(5)}
			if row[4] == nil || row[2] == nil || row[3] == nil {
				return unknown, fmt.Errorf("the answer of the query for definitions has a %s without name or text", kind)
			}
			if utf8.RuneCountInString(one.Text) > mostDefinitionLen {
				one.Cut = true
			}
			d.List = append(d.List, one)
		case row[6] != nil:
			use, of, _ := strings.Cut(kind, " of ")
			uses[name] = append(uses[name], fmt.Sprintf("%s of %s %s, the first in %s", use, cell(6), of, cell(7)))
		default:
			return unknown, fmt.Errorf("the answer of the query for definitions has a row %q, which was not asked for", kind)
		}
	}
	for i := range d.List {
		if one := &d.List[i]; one.Kind == readiness.KindFunction {
			one.Uses = uses[one.Name]
		}
	}
	return unknown, nil
}
