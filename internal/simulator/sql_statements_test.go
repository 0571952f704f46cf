// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/databricks/databricks-sdk-go/apierr"
	"github.com/databricks/databricks-sdk-go/service/sql"
	"github.com/google/go-cmp/cmp"
)

// sqlAccount is catalogAccount with warehouses in workspace 11.
func sqlAccount() State {
	st := catalogAccount()
	st.Workspaces[0].Warehouses = []Warehouse{
		{ID: "w-on", Name: "on", State: "RUNNING"}, {ID: "w-off", Name: "off", State: "STOPPED"}, {ID: "w-gone", Name: "gone", State: "DELETED"},
	}
	st.Workspaces[2].Warehouses = []Warehouse{{ID: "w-bare", Name: "bare"}}
	return st
}

func sqlClient(t *testing.T, sim *Running, token string) *sql.StatementExecutionAPI {
	t.Helper()
	return sql.NewStatementExecution(workspaceSDK(t, sim, 11, token))
}

// rowsOf are the cells joined by a bar; the SDK makes an empty text of a null.
func rowsOf(data *sql.ResultData) []string {
	out := []string{}
	if data == nil {
		return out
	}
	for _, row := range data.DataArray {
		out = append(out, strings.Join(row, "|"))
	}
	return out
}

func TestSDK_informationSchema(t *testing.T) {
	t.Parallel()
	const (
		admin    = "token-401"
		holder   = "token-402"
		prefix   = "FROM system.information_schema."
		catalogs = "SELECT grantee, catalog_name, privilege_type, inherited_from " + prefix + "catalog_privileges ORDER BY 2, 1, 3"
	)
	for name, tt := range map[string]struct {
		token, query string
		assumed      UnityCatalogAssumptions
		want         []string
	}{
		"catalog privileges, admin": {token: admin, query: catalogs, want: []string{
			"analysts|browsed|BROWSE|NONE", "analysts|prod|SELECT|NONE", "analysts|prod|USE_CATALOG|NONE", "user201@example.com|prod|ALL_PRIVILEGES|NONE",
		}},
		"catalog privileges, holder": {token: holder, query: catalogs, want: []string{"analysts|prod|SELECT|NONE", "analysts|prod|USE_CATALOG|NONE"}},
		"null for NONE": {token: holder, assumed: UnityCatalogAssumptions{NullInheritedFrom: true}, query: catalogs,
			want: []string{"analysts|prod|SELECT|", "analysts|prod|USE_CATALOG|"}},
		"inherited": {token: admin, query: "SELECT grantee, table_name, privilege_type, inherited_from, is_grantable, grantor " + prefix + "table_privileges WHERE table_name = 'orders' ORDER BY 4, 3", want: []string{
			"user201@example.com|orders|ALL_PRIVILEGES|CATALOG|NO|user201@example.com", "analysts|orders|SELECT|CATALOG|NO|user201@example.com", "analysts|orders|MODIFY|NONE|NO|owners",
		}},
		"one catalog's own schema": {token: admin, query: "SELECT schema_name FROM prod.information_schema.schemata", want: []string{"sales"}},
		"a hidden catalog's":       {token: holder, query: "SELECT schema_name FROM hidden.information_schema.schemata", want: []string{"[TABLE_OR_VIEW_NOT_FOUND]"}},
		"deleted principal":        {token: admin, query: "SELECT grantee " + prefix + "external_location_privileges", want: []string{"999"}},
		"owners in one query": {token: admin, query: "SELECT 'catalog' AS kind, catalog_name AS name, catalog_owner AS owner " + prefix + "catalogs WHERE catalog_name <> 'browsed' " +
			"UNION ALL SELECT 'metastore', metastore_id, metastore_owner " + prefix + "metastores " +
			"UNION ALL SELECT 'location', external_location_name, external_location_owner " + prefix + "external_locations ORDER BY 1, 2", want: []string{
			"catalog|hidden|owners", "catalog|prod|user201@example.com", "location|landing|owners", "metastore|m-1|owners",
		}},
		"a catalog of other workspaces": {token: admin, query: "SELECT catalog_name " + prefix + "catalogs WHERE catalog_name = 'bound'", want: []string{}},
		"metastore privileges":          {token: admin, query: "SELECT grantee, privilege_type " + prefix + "metastore_privileges", want: []string{"analysts|CREATE_CATALOG"}},
		"models are not there":          {token: admin, query: "SELECT routine_name " + prefix + "routines", want: []string{"mask"}},
		"unless they are": {token: admin, assumed: UnityCatalogAssumptions{ModelsAsRoutines: true},
			query: "SELECT specific_name " + prefix + "routine_privileges WHERE grantee='owners'", want: []string{"churn"}},
		"both kinds of credentials": {token: admin, query: "SELECT credential_name " + prefix + "credentials", want: []string{"vault", "lake"}},
		"columns of a view": {token: holder, query: "SELECT column_name " + prefix + "columns WHERE table_name = 'connection_privileges' ORDER BY ordinal_position",
			want: []string{"grantor", "grantee", "connection_name", "privilege_type", "is_grantable", "inherited_from"}},
		"another table": {token: admin, query: "SELECT * FROM prod.sales.orders", want: []string{"[TABLE_OR_VIEW_NOT_FOUND]"}},
		"no SELECT":     {token: admin, query: "GRANT SELECT ON TABLE x TO y", want: []string{"[PARSE_SYNTAX_ERROR]"}},
		"parameter":     {token: admin, query: "SELECT privilege_type " + prefix + "catalog_privileges WHERE grantee = :who AND catalog_name = 'prod'", want: []string{"ALL_PRIVILEGES"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := startTest(t, sqlAccount(), Options{Assumed: Assumed{UnityCatalog: tt.assumed}})
			got, err := sqlClient(t, sim, tt.token).ExecuteStatement(t.Context(), sql.ExecuteStatementRequest{
				Statement: tt.query, WarehouseId: "w-on", WaitTimeout: "30s",
				Parameters: []sql.StatementParameterListItem{{Name: "who", Value: "user201@example.com"}},
			})
			if err != nil {
				t.Fatal(err)
			}
			rows := rowsOf(got.Result)
			if got.Status.Error != nil {
				code, _, _ := strings.Cut(got.Status.Error.Message, " ")
				rows = []string{code}
				if got.Status.State != sql.StatementStateFailed {
					t.Errorf("state %s with an error", got.Status.State)
				}
			} else if got.Manifest.TotalRowCount != int64(len(rows)) {
				t.Errorf("manifest: %+v", got.Manifest)
			}
			if diff := cmp.Diff(tt.want, rows); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What a client has to go through until it has the rows.
func TestSDK_statementStates(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		warehouse, wait, onWait string
		assumed                 StatementAssumptions
		want                    string
	}{
		"at once":                   {warehouse: "w-on", wait: "30s", want: "SUCCEEDED"},
		"default wait":              {warehouse: "w-on", want: "SUCCEEDED"},
		"no wait":                   {warehouse: "w-on", wait: "0s", want: "PENDING RUNNING SUCCEEDED"},
		"stopped warehouse":         {warehouse: "w-off", wait: "30s", want: "PENDING RUNNING SUCCEEDED"},
		"stopped, canceled on wait": {warehouse: "w-off", wait: "5s", onWait: "CANCEL", want: "CANCELED"},
		"longer":                    {warehouse: "w-on", wait: "30s", assumed: StatementAssumptions{Polls: 3}, want: "PENDING RUNNING RUNNING SUCCEEDED"},
		"no permission":             {warehouse: "w-on", wait: "30s", assumed: StatementAssumptions{InsufficientPermissions: true}, want: "FAILED"},
		"deleted warehouse":         {warehouse: "w-gone", wait: "30s", want: "400"},
		"no such warehouse":         {warehouse: "w-none", wait: "30s", want: "404"},
		"wait too short":            {warehouse: "w-on", wait: "3s", want: "400"},
		"wait without unit":         {warehouse: "w-on", wait: "30", want: "400"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := startTest(t, sqlAccount(), Options{Assumed: Assumed{Statements: tt.assumed}})
			api := sqlClient(t, sim, "token-401")
			got, err := api.ExecuteStatement(t.Context(), sql.ExecuteStatementRequest{
				Statement: "SELECT 1", WarehouseId: tt.warehouse, WaitTimeout: tt.wait, OnWaitTimeout: sql.ExecuteStatementRequestOnWaitTimeout(tt.onWait),
			})
			var states []string
			for range 10 {
				var apiErr *apierr.APIError
				if errors.As(err, &apiErr) {
					states = append(states, fmt.Sprint(apiErr.StatusCode))
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				states = append(states, string(got.Status.State))
				if got.Status.State != sql.StatementStatePending && got.Status.State != sql.StatementStateRunning {
					break
				}
				got, err = api.GetStatementByStatementId(t.Context(), got.StatementId)
			}
			if diff := cmp.Diff(tt.want, strings.Join(states, " ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSDK_statementChunks(t *testing.T) {
	t.Parallel()
	sim := startTest(t, sqlAccount(), Options{Assumed: Assumed{Statements: StatementAssumptions{ChunkRows: 2}}})
	api := sqlClient(t, sim, "token-401")
	query := sql.ExecuteStatementRequest{Statement: "SELECT grantee FROM system.information_schema.catalog_privileges", WarehouseId: "w-on", RowLimit: 3}
	got, err := api.ExecuteStatement(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	if got.Manifest.TotalChunkCount != 2 || !got.Manifest.Truncated || got.Manifest.Schema.ColumnCount != 1 {
		t.Errorf("manifest: %+v", got.Manifest)
	}
	rows := rowsOf(got.Result)
	next, err := api.GetStatementResultChunkN(t.Context(), sql.GetStatementResultChunkNRequest{StatementId: got.StatementId, ChunkIndex: got.Result.NextChunkIndex})
	if err != nil || next.NextChunkInternalLink != "" {
		t.Fatalf("%+v, %v", next, err)
	}
	if rows = append(rows, rowsOf(next)...); len(rows) != 3 {
		t.Errorf("rows: %v", rows)
	}
	if _, err := api.GetStatementResultChunkN(t.Context(), sql.GetStatementResultChunkNRequest{StatementId: got.StatementId, ChunkIndex: 2}); !isStatus(err, 404) {
		t.Errorf("a chunk too far: %v", err)
	}
	if _, err := sqlClient(t, sim, "token-402").GetStatementByStatementId(t.Context(), got.StatementId); !isStatus(err, 404) {
		t.Errorf("somebody else's statement: %v", err)
	}
	query.WaitTimeout = "0s"
	pending, err := api.ExecuteStatement(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := api.GetStatementResultChunkN(t.Context(), sql.GetStatementResultChunkNRequest{StatementId: pending.StatementId}); !isStatus(err, 400) {
		t.Errorf("a chunk of a pending statement: %v", err)
	}
	if err := api.CancelExecution(t.Context(), sql.CancelExecutionRequest{StatementId: pending.StatementId}); err != nil {
		t.Error(err)
	}
	if after, err := api.GetStatementByStatementId(t.Context(), pending.StatementId); err != nil || after.Status.State != sql.StatementStateCanceled {
		t.Errorf("after the cancellation: %+v, %v", after, err)
	}
}

func isStatus(err error, status int) bool {
	var apiErr *apierr.APIError
	return errors.As(err, &apiErr) && apiErr.StatusCode == status
}

func TestStatement_edges(t *testing.T) {
	t.Parallel()
	sim := startTest(t, sqlAccount(), Options{Assumed: Assumed{Statements: StatementAssumptions{OmitEmptyResult: true}}})
	hosts, err := sim.WorkspaceHosts()
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		host, body, contains string
		status               int
	}{
		"no metastore":   {"13", `{"statement":"SELECT 1","warehouse_id":"w-bare"}`, `"state":"FAILED"`, 200},
		"external links": {"11", `{"statement":"SELECT 1","warehouse_id":"w-on","disposition":"EXTERNAL_LINKS"}`, "INLINE", 400},
		"no statement":   {"11", `{"warehouse_id":"w-on"}`, "statement is required", 400},
		"no warehouse":   {"11", `{"statement":"SELECT 1"}`, "warehouse_id is required", 400},
		"bad on_wait":    {"11", `{"statement":"SELECT 1","warehouse_id":"w-on","on_wait_timeout":"STOP"}`, "on_wait_timeout", 400},
		"row limit":      {"11", `{"statement":"SELECT 1","warehouse_id":"w-on","row_limit":0}`, "row_limit", 400},
		"no JSON":        {"11", `SELECT 1`, "MALFORMED_REQUEST", 400},
		"null parameter": {"11", `{"statement":"SELECT :p AS p","warehouse_id":"w-on","parameters":[{"name":"p"}]}`, `"data_array":[[null]]`, 200},
		"default schema": {"11", `{"statement":"SELECT count(*) FROM catalogs","warehouse_id":"w-on","catalog":"system","schema":"information_schema"}`, `[["3"]]`, 200},
	} {
		got := callHost(t, hosts[tt.host], http.MethodPost, "/api/2.0/sql/statements", tt.body, bearer("token-401"))
		if got.status != tt.status || !strings.Contains(got.body, tt.contains) {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	empty := callHost(t, hosts["11"], http.MethodPost, "/api/2.0/sql/statements", `{"statement":"SELECT 1 LIMIT 0","warehouse_id":"w-on"}`, bearer("token-401"))
	if strings.Contains(empty.body, `"result"`) || !strings.Contains(empty.body, `"total_row_count":0`) {
		t.Errorf("an empty result: %s", empty.body)
	}
}

func TestSDK_warehouses(t *testing.T) {
	t.Parallel()
	sim := startTest(t, sqlAccount(), Options{})
	api := sql.NewWarehouses(workspaceSDK(t, sim, 11, "token-402"))
	list, err := api.ListAll(t.Context(), sql.ListWarehousesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	got := names(list, func(w sql.EndpointInfo) string { return w.Id + " " + string(w.State) })
	if diff := cmp.Diff([]string{"w-on RUNNING", "w-off STOPPED", "w-gone DELETED"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := api.Start(t.Context(), sql.StartRequest{Id: "w-off"}); err != nil {
		t.Error(err)
	}
	if now, err := api.GetById(t.Context(), "w-off"); err != nil || now.State != sql.StateRunning {
		t.Errorf("after a start: %+v, %v", now, err)
	}
	if _, err := api.GetById(t.Context(), "w-none"); !isStatus(err, 404) {
		t.Errorf("unknown: %v", err)
	}
}
