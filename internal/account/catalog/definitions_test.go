// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package catalog_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/catalog"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/readiness"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// defined is the estate with a view and functions that ask for groups, and one that does not.
func defined() simulator.State {
	st := accounttest.Estate()
	for i := range st.Workspaces {
		st.Workspaces[i].Warehouses = []simulator.Warehouse{{ID: "w1", Name: "shared"}}
	}
	m := &st.UnityCatalog.Metastores[0]
	for i := range m.Securables {
		switch one := &m.Securables[i]; one.FullName {
		case "c.s.v":
			one.Definition = "SELECT * FROM t WHERE IS_MEMBER('other')"
		case "c.s.mask":
			one.Definition = "is_account_group_member('other')"
		case "c.s.t":
			one.RowFilter, one.ColumnMasks = "c.s.mask", map[string]string{"a": "c.s.mask", "b": "c.s.mask", "d": "c.s.plain"}
		}
	}
	m.Securables = append(m.Securables,
		simulator.Securable{Type: "function", FullName: "c.s.plain", Owner: accounttest.Owners, Definition: "1"},
		simulator.Securable{Type: "function", FullName: "c.s.python", Owner: accounttest.Owners, Definition: "return is_member(x)", Language: "PYTHON"})
	return st
}

func readDefinitions(t *testing.T, st simulator.State, options simulator.Options, faults []simulator.Fault, through ...string) catalog.Definitions {
	t.Helper()
	sim := accounttest.Start(t, st, options)
	if err := sim.Server.SetFaults(faults); err != nil {
		t.Fatal(err)
	}
	if len(through) == 0 {
		through = []string{"101"}
	}
	var warehouses []catalog.SQLWarehouse
	for _, w := range through {
		warehouses = append(warehouses, catalog.SQLWarehouse{WorkspaceID: w, WarehouseID: "w1"})
	}
	found, err := accounttest.Connect(t, accounttest.AsCaller(accounttest.Config(sim))).SQLDefinitions(t.Context(), warehouses)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// All that ask for groups, whatever the columns of filters are called, in any chunks.
func TestSQLDefinitions(t *testing.T) {
	t.Parallel()
	want := catalog.Definitions{List: []readiness.Definition{
		{Kind: "function", Name: "c.s.mask", Text: "is_account_group_member('other')", Uses: []string{"column mask of 2 columns, the first in c.s.t", "row filter of 1 tables, the first in c.s.t"}},
		{Kind: "function", Name: "c.s.python", Text: "return is_member(x)", Language: "PYTHON"},
		{Kind: "view", Name: "c.s.v", Text: "SELECT * FROM t WHERE IS_MEMBER('other')"},
	}}
	for _, assumed := range []simulator.Assumed{
		{}, {UnityCatalog: simulator.UnityCatalogAssumptions{FilterTables: "table_catalog"}, Statements: simulator.StatementAssumptions{ChunkRows: 2, Polls: 2}},
	} {
		if diff := cmp.Diff(want, readDefinitions(t, defined(), simulator.Options{Assumed: assumed}, nil, "101", "102")); diff != "" {
			t.Errorf("%+v:\n%s", assumed, diff)
		}
	}
}

// Whatever may hide a definition is a reason.
func TestSQLDefinitions_hidden(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change  func(*simulator.State)
		options simulator.Options
		faults  []simulator.Fault
		through []string
		want    string
		list    int
	}{
		"a view of someone else": {change: func(st *simulator.State) {
			for i := range st.UnityCatalog.Metastores[0].Securables {
				if s := &st.UnityCatalog.Metastores[0].Securables[i]; s.FullName == "c.s.v" {
					s.Owner = accounttest.Direct
				}
			}
		}, want: "1 definitions of kind view in the catalog c are not shown, the first is c.s.v: only their owner sees them", list: 2},
		"no admin": {options: simulator.Options{Assumed: simulator.Assumed{UnityCatalog: simulator.UnityCatalogAssumptions{MetastoreAdmin: "nobody"}}},
			want: "the caller is not known to be admin of the metastore m-1", list: 3},
		"a catalog of another workspace": {change: func(st *simulator.State) {
			st.UnityCatalog.Metastores[0].Securables = append(st.UnityCatalog.Metastores[0].Securables,
				simulator.Securable{Type: "catalog", FullName: "elsewhere", Owner: accounttest.Owners, WorkspaceIDs: []int64{102}})
		}, want: `the catalog "elsewhere" of the metastore m-1 is not shown in the workspace 101`, list: 3},
		"another metastore": {change: func(st *simulator.State) {
			st.UnityCatalog.Metastores = append(st.UnityCatalog.Metastores, simulator.Metastore{MetastoreID: "m-9", Name: "far", Owner: accounttest.Owners},
				simulator.Metastore{MetastoreID: "m-8", Name: "unused", Owner: accounttest.Owners})
			st.Workspaces[1].MetastoreID = "m-9"
		}, want: `the metastore "far" (m-9) was not read`, list: 3},
		"no right": {options: simulator.Options{Assumed: simulator.Assumed{Statements: simulator.StatementAssumptions{InsufficientPermissions: true}}},
			want: "INSUFFICIENT_PERMISSIONS", list: 0},
		"no workspace":  {through: []string{"999"}, want: "it is not one of the account's", list: 0},
		"no list":       {faults: []simulator.Fault{{Kind: "status", Status: http.StatusForbidden, Path: "**/unity-catalog/catalogs"}}, want: "which catalogs it has could not be read", list: 3},
		"no metastores": {faults: []simulator.Fault{{Kind: "status", Status: http.StatusForbidden, Path: "/api/2.0/accounts/*/metastores"}}, want: "which other metastores the account has could not be read", list: 3},
		"a strange answer": {faults: []simulator.Fault{{Kind: "status", Status: http.StatusOK, Path: "/api/2.0/sql/statements",
			Body: `{"statement_id":"1","status":{"state":"SUCCEEDED"},"manifest":{"total_row_count":1},"result":{"data_array":[["view","c"]]}}`}}, want: "", list: 0},
		"an empty answer": {faults: []simulator.Fault{{Kind: "status", Status: http.StatusOK, Path: "/api/2.0/sql/statements", Body: `{}`}}, want: "did not show them", list: 0},
	} {
		st := defined()
		if c.change != nil {
			c.change(&st)
		}
		got := readDefinitions(t, st, c.options, c.faults, c.through...)
		if text := strings.Join(got.Unknown, "\n"); len(got.List) != c.list || len(got.Unknown) == 0 || !strings.Contains(text, c.want) {
			t.Errorf("%s: %d definitions, unknown: %s", name, len(got.List), text)
		} else if absent := "is not shown in the workspace"; strings.Contains(text, absent) && !strings.Contains(c.want, absent) {
			t.Errorf("%s: what was not read is said not to be there: %s", name, text)
		}
	}
	// Both workspaces together show both catalogs.
	st := defined()
	for name, id := range map[string]int64{"here": 101, "there": 102} {
		st.UnityCatalog.Metastores[0].Securables = append(st.UnityCatalog.Metastores[0].Securables, simulator.Securable{Type: "catalog", FullName: name, Owner: accounttest.Owners, WorkspaceIDs: []int64{id}})
	}
	if got := readDefinitions(t, st, simulator.Options{}, nil, "101", "102"); len(got.Unknown) > 0 {
		t.Errorf("both workspaces: %v", got.Unknown)
	}
}
