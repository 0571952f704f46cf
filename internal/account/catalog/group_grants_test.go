// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package catalog_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/catalog"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/readiness"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// granted is a metastore in which a group with a quote in its name holds and owns things.
func granted() simulator.State {
	const it = "O'Hara"
	may := func(privileges ...string) []simulator.Grant {
		return []simulator.Grant{{Principal: it, Privileges: privileges}, {Principal: "someone else", Privileges: []string{"MODIFY"}}}
	}
	st := accounttest.Estate()
	for i := range st.Workspaces {
		st.Workspaces[i].Warehouses = []simulator.Warehouse{{ID: "w1", Name: "shared"}}
	}
	st.UnityCatalog.Metastores[0].Securables = []simulator.Securable{
		{Type: "catalog", FullName: "c", Owner: accounttest.Owners, Grants: may("USE_CATALOG")}, {Type: "catalog", FullName: "d", Owner: it},
		{Type: "schema", FullName: "c.s", Owner: accounttest.Owners, Grants: may("SELECT")},
		{Type: "table", FullName: "c.s.t", Owner: accounttest.Owners, Grants: may("SELECT", "MODIFY")}, {Type: "table", FullName: "c.s.a", Owner: accounttest.Owners, Grants: may("SELECT")},
		{Type: "external_location", FullName: "l", Owner: accounttest.Owners, Grants: may("READ_FILES")},
	}
	return st
}

// What a group holds directly and owns is counted by type and privilege, whatever its name
// is; what may hide more is a reason.
func TestGroupGrants(t *testing.T) {
	t.Parallel()
	const it = "O'Hara"
	want := []readiness.Grant{
		{Group: it, Kind: "catalog", Privilege: readiness.Owner, Objects: 1, First: "d"}, {Group: it, Kind: "catalog", Privilege: "USE_CATALOG", Objects: 1, First: "c"},
		{Group: it, Kind: "external_location", Privilege: "READ_FILES", Objects: 1, First: "l"},
		{Group: it, Kind: "schema", Privilege: "SELECT", Objects: 1, First: "c.s"}, {Group: it, Kind: "table", Privilege: "MODIFY", Objects: 1, First: "c.s.t"},
		{Group: it, Kind: "table", Privilege: "SELECT", Objects: 2, First: "c.s.a"},
	}
	many := []string{"o'HARA"}
	for i := range 200 {
		many = append(many, fmt.Sprint("g", i))
	}
	for name, tc := range map[string]struct {
		options simulator.Options
		fault   *simulator.Fault
		groups  []string
		want    []readiness.Grant
		unknown string
	}{
		"whole":     {groups: []string{"o'HARA"}, want: want},
		"too many":  {groups: many, want: want, unknown: "1 groups more than 200 were not looked up"},
		"null":      {groups: []string{"o'HARA"}, want: want, options: simulator.Options{Assumed: simulator.Assumed{UnityCatalog: simulator.UnityCatalogAssumptions{NullInheritedFrom: true}}}},
		"forbidden": {groups: []string{"o'HARA"}, fault: &simulator.Fault{Kind: "status", Status: http.StatusForbidden, Path: "/api/2.0/sql/statements"}, unknown: "grants could not be read through the workspace 101"},
		"no admin": {groups: []string{"nobody"}, options: simulator.Options{Assumed: simulator.Assumed{UnityCatalog: simulator.UnityCatalogAssumptions{MetastoreAdmin: "nobody"}}},
			unknown: "the caller is not known to be admin of the metastore m-1"},
		"another form": {groups: []string{"o'HARA"}, unknown: "none of the views that were expected",
			fault: &simulator.Fault{Kind: "status", Status: http.StatusOK, Path: "/api/2.0/sql/statements",
				Body: `{"statement_id":"1","status":{"state":"SUCCEEDED"},"manifest":{"total_row_count":1},"result":{"data_array":[["table","c"]]}}`}},
	} {
		sim := accounttest.Start(t, granted(), tc.options)
		if tc.fault != nil {
			if err := sim.Server.SetFaults([]simulator.Fault{*tc.fault}); err != nil {
				t.Fatal(err)
			}
		}
		through := []catalog.SQLWarehouse{{WorkspaceID: "101", WarehouseID: "w1"}, {WorkspaceID: "102", WarehouseID: "w1"}}
		got, unknown, err := accounttest.Connect(t, accounttest.AsCaller(accounttest.Config(sim))).GroupGrants(t.Context(), through, tc.groups)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
		if said := strings.Join(unknown, "; "); (said == "") != (tc.unknown == "") || !strings.Contains(said, tc.unknown) {
			t.Errorf("%s: %q, want %q", name, said, tc.unknown)
		}
	}
}
