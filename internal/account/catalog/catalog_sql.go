// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package catalog

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
)

// sqlView is how information_schema shows one type of securable: a view of
// privileges, and one of objects with their owner.
type sqlView struct {
	kind           string
	grants         string
	objects, owner string   // "" where the REST list has the owners
	names          []string // the columns of the full name
	depth          access.Depth
}

// sqlViews by docs/reference/databricks-account-api.md 10. Some of the columns are unofficial,
// so that the columns view is asked first. Shares and models are not among them.
var sqlViews = []sqlView{
	{kind: typeMetastore, grants: "metastore_privileges", names: []string{"metastore_id"}, depth: access.DepthCatalog},
	{kind: typeCatalog, grants: "catalog_privileges", objects: "catalogs", owner: "catalog_owner", names: []string{"catalog_name"}, depth: access.DepthCatalog},
	{kind: typeLocation, grants: "external_location_privileges", names: []string{"external_location_name"}, depth: access.DepthCatalog},
	{kind: typeStorage, grants: "storage_credential_privileges", names: []string{"storage_credential_name"}, depth: access.DepthCatalog},
	{kind: typeService, grants: "credential_privileges", names: []string{"credential_name"}, depth: access.DepthCatalog},
	{kind: typeConn, grants: "connection_privileges", names: []string{"connection_name"}, depth: access.DepthCatalog},
	{kind: typeSchema, grants: "schema_privileges", objects: "schemata", owner: "schema_owner", names: []string{"catalog_name", "schema_name"}, depth: access.DepthSchema},
	{kind: typeTable, grants: "table_privileges", objects: "tables", owner: "table_owner", names: threeParts("table"), depth: access.DepthAll},
	{kind: typeVolume, grants: "volume_privileges", objects: "volumes", owner: "volume_owner", names: threeParts("volume"), depth: access.DepthAll},
	{kind: typeFunction, grants: "routine_privileges", objects: "routines", owner: "routine_owner", names: threeParts("routine"), depth: access.DepthAll},
}

func threeParts(prefix string) []string {
	return []string{prefix + "_catalog", prefix + "_schema", prefix + "_name"}
}

// within reports whether a scan of that depth looks at the view.
func (v *sqlView) within(depth access.Depth) bool {
	order := []access.Depth{access.DepthCatalog, access.DepthSchema, access.DepthAll}
	return slices.Index(order, v.depth) <= slices.Index(order, depth)
}

// sqlRows are what information_schema returned, by type and full name.
type sqlRows struct {
	grants map[string]map[string][]access.Grant
	owners map[string]map[string]string
	// queried are the types whose grants were asked for.
	queried map[string]bool
}

// of are the grants on an object. known is false where the query says nothing of
// it, and it has to be read by itself.
func (r *sqlRows) of(o *catalogObject) (grants []access.Grant, known bool) {
	if r == nil || o.walk || !r.queried[o.Type] {
		return nil, false
	}
	return r.grants[o.Type][o.FullName], true
}

// querySchema reads information_schema of the workspace's metastore: which
// columns it has, then all privileges that are held directly, and the owners, by
// one query. What it does not show of an object it cannot prove: objects that
// belong to some workspaces only, and types without a view, are read by
// themselves.
func (s *catalogScan) querySchema(ctx context.Context) error {
	sql, queried, missing, err := s.composeQuery(ctx)
	if err != nil {
		return err
	}
	for _, m := range missing {
		s.hole(m)
	}
	cells, err := s.c.api.Query(ctx, s.via, s.warehouse, sql)
	if err != nil {
		return err
	}
	s.rows = &sqlRows{grants: map[string]map[string][]access.Grant{}, owners: map[string]map[string]string{}, queried: queried}
	return s.rows.read(s.out.ID, cells)
}

// composeQuery makes one query of the views that there are. A nested type whose
// view is not as expected is a hole; others are read by themselves.
func (s *catalogScan) composeQuery(ctx context.Context) (sql string, queried map[string]bool, missing []string, err error) {
	columns, err := s.schemaColumns(ctx)
	if err != nil {
		return "", nil, nil, err
	}
	queried = map[string]bool{}
	var parts []string
	for i := range sqlViews {
		v := &sqlViews[i]
		if !v.within(s.depth) {
			continue
		}
		if lack := v.lacks(columns); lack != "" {
			if len(v.names) > 1 {
				missing = append(missing, lack)
			}
			continue
		}
		queried[v.kind] = true
		parts = append(parts, v.selectGrants())
		if v.objects != "" {
			parts = append(parts, v.selectOwners())
		}
	}
	if len(parts) == 0 {
		return "", nil, nil, fmt.Errorf("system.information_schema shows none of the views that were expected")
	}
	return strings.Join(parts, " UNION ALL "), queried, missing, nil
}

// schemaColumns are the columns of information_schema, as "<view>.<column>".
func (s *catalogScan) schemaColumns(ctx context.Context) (map[string]bool, error) {
	cells, err := s.c.api.Query(ctx, s.via, s.warehouse, "SELECT table_name, column_name FROM system.information_schema.columns "+
		"WHERE table_catalog = 'system' AND table_schema = 'information_schema'")
	if err != nil {
		return nil, err
	}
	columns := map[string]bool{}
	for _, row := range cells {
		if len(row) == 2 && row[0] != nil && row[1] != nil {
			columns[strings.ToLower(*row[0]+"."+*row[1])] = true
		}
	}
	return columns, nil
}

// lacks says which column of the view is not as expected; empty for none.
func (v *sqlView) lacks(columns map[string]bool) string {
	lack := func(view string, names ...string) string {
		for _, name := range names {
			if !columns[view+"."+name] {
				return fmt.Sprintf("system.information_schema has no column %s.%s", view, name)
			}
		}
		return ""
	}
	missing := lack(v.grants, append([]string{"grantee", "privilege_type", "inherited_from"}, v.names...)...)
	if v.objects != "" {
		missing = cmp.Or(missing, lack(v.objects, append([]string{v.owner}, v.names...)...))
	}
	return missing
}

// The first column of the query says what a row is.
const (
	rowGrant = "grant"
	rowOwner = "owner"
)

// nameColumns are always three.
func (v *sqlView) nameColumns() string {
	columns := slices.Clone(v.names)
	for len(columns) < 3 {
		columns = append(columns, "CAST(NULL AS STRING)")
	}
	return strings.Join(columns, ", ")
}

// selectGrants leaves inherited rows out. Whether direct ones say NONE or null is
// not known.
func (v *sqlView) selectGrants() string {
	return fmt.Sprintf("SELECT '%s', '%s', %s, grantee, privilege_type FROM system.information_schema.%s WHERE inherited_from IS NULL OR inherited_from = 'NONE'",
		rowGrant, v.kind, v.nameColumns(), v.grants)
}

func (v *sqlView) selectOwners() string {
	return fmt.Sprintf("SELECT '%s', '%s', %s, %s, CAST(NULL AS STRING) FROM system.information_schema.%s",
		rowOwner, v.kind, v.nameColumns(), v.owner, v.objects)
}

// read takes the rows of a metastore: what, type, three names, who, privilege.
func (r *sqlRows) read(metastore string, cells [][]*string) error {
	for _, row := range cells {
		if len(row) != 7 || row[0] == nil || row[1] == nil || row[2] == nil {
			return fmt.Errorf("the query returned a row whose columns are not those that were asked for")
		}
		var parts []string
		for _, part := range row[2:5] {
			if part != nil {
				parts = append(parts, *part)
			}
		}
		kind, name := *row[1], strings.Join(parts, ".")
		if kind == typeMetastore {
			name = metastore // The views are of one metastore, in whatever form they write its id.
		}
		who := ""
		if row[5] != nil {
			who = *row[5]
		}
		if *row[0] == rowOwner {
			if r.owners[kind] == nil {
				r.owners[kind] = map[string]string{}
			}
			r.owners[kind][name] = who
			continue
		}
		if row[6] == nil {
			return fmt.Errorf("the answer of the query has a grant on %s %s without privilege", kind, name)
		}
		r.grant(kind, name, who, *row[6])
	}
	return nil
}

// grant adds one privilege. SQL writes some of them with spaces, the API with
// underscores.
func (r *sqlRows) grant(kind, name, who, privilege string) {
	privilege = strings.ReplaceAll(privilege, " ", "_")
	if r.grants[kind] == nil {
		r.grants[kind] = map[string][]access.Grant{}
	}
	list := r.grants[kind][name]
	at := slices.IndexFunc(list, func(g access.Grant) bool { return g.Principal == who })
	if at < 0 {
		r.grants[kind][name] = append(list, access.Grant{Principal: who, Privileges: []string{privilege}})
		return
	}
	list[at].Privileges = append(list[at].Privileges, privilege)
}

// rowsOf are the objects of a type that the query shows, below catalogs that need
// not be walked. The schema information_schema is left out, as on the walk. Views of
// objects and of privileges need not show the same ones: where a grant is all that
// is known of an object, its owner is a hole.
func (s *catalogScan) rowsOf(kind string) []*catalogObject {
	walked := map[string]bool{}
	for _, catalog := range s.ofType(typeCatalog) {
		walked[catalog.FullName] = catalog.walk
	}
	names := map[string]bool{}
	for name := range s.rows.owners[kind] {
		names[name] = true
	}
	for name := range s.rows.grants[kind] {
		names[name] = true
	}
	var out []*catalogObject
	for name := range names {
		parts := strings.SplitN(name, ".", 3)
		if walked[parts[0]] || len(parts) > 1 && parts[1] == "information_schema" {
			continue
		}
		o := &catalogObject{Securable: access.Securable{Type: kind, FullName: name}, at: s.via}
		owner, shown := s.rows.owners[kind][name]
		if o.Owner = owner; !shown {
			o.hole("system.information_schema shows grants on it, and not whose it is")
		}
		out = append(out, o)
	}
	return out
}

// mark reports which of the roots have to be walked: those of some workspaces only,
// and catalogs that the query does not show.
func (s *catalogScan) mark(roots []*catalogObject) {
	if s.rows == nil {
		return
	}
	for _, o := range roots {
		_, shown := s.rows.owners[typeCatalog][o.FullName]
		o.walk = o.isolated || o.Type == typeCatalog && !shown
	}
}
