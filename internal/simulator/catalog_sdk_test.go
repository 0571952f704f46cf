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
	"github.com/databricks/databricks-sdk-go/client"
	"github.com/databricks/databricks-sdk-go/listing"
	"github.com/databricks/databricks-sdk-go/service/catalog"
	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// catalogAccount has two workspaces on one metastore and one without. The
// service principal "robot" is in the group "owners", which owns the metastore;
// "reader" is in workspace 11 and holds little; "outsider" is in none.
func catalogAccount() State {
	on := &FederationInfo{EnableIdentityFederation: true}
	app := func(n int) string { return fmt.Sprintf("0a000000-0000-4000-8000-%012d", n) }
	users := []PermissionAssignment{{PrincipalID: "301", Permissions: []string{"ADMIN"}}, {PrincipalID: "402", Permissions: []string{"USER"}}}
	grant := func(principal string, privileges ...string) Grant {
		return Grant{Principal: principal, Privileges: privileges}
	}
	return State{
		Account: Account{
			AccountID: "5a3e0f0a-0000-4000-8000-000000000002",
			OAuthClients: []OAuthClient{{ClientID: app(401), ClientSecret: "secret-401"}, {ClientID: app(402), ClientSecret: "secret-402"},
				{ClientID: app(403), ClientSecret: "secret-403"}},
			Tokens: []world.Token{{Token: "token-401", PrincipalID: "401"}, {Token: "token-402", PrincipalID: "402"}, {Token: "token-403", PrincipalID: "403"}},
		},
		Users: []User{{ID: "201", UserName: "user201@example.com", Active: true}},
		Groups: []Group{
			{ID: "301", DisplayName: "owners", Members: []Member{{Value: "401"}}},
			{ID: "302", DisplayName: "analysts", Members: []Member{{Value: "402"}}},
		},
		ServicePrincipals: []ServicePrincipal{
			{ID: "401", ApplicationID: app(401), DisplayName: "robot", Active: true, Roles: []Role{{Value: "account_admin"}}},
			{ID: "402", ApplicationID: app(402), DisplayName: "reader", Active: true},
			{ID: "403", ApplicationID: app(403), DisplayName: "outsider", Active: true, Roles: []Role{{Value: "account_admin"}}},
		},
		Workspaces: []Workspace{
			{WorkspaceID: 11, WorkspaceName: "one", FederationInfo: on, MetastoreID: "m-1", PermissionAssignments: users},
			{WorkspaceID: 12, WorkspaceName: "two", FederationInfo: on, MetastoreID: "m-1", PermissionAssignments: users},
			{WorkspaceID: 13, WorkspaceName: "bare", FederationInfo: on, PermissionAssignments: users},
			{WorkspaceID: 14, WorkspaceName: "down", Status: "FAILED", FederationInfo: on, MetastoreID: "m-1", PermissionAssignments: users},
		},
		UnityCatalog: UnityCatalog{Metastores: []Metastore{{
			MetastoreID: "m-1", Name: "main", Owner: "owners", Region: "westeurope",
			Grants: []Grant{grant("analysts", "CREATE_CATALOG")},
			Securables: []Securable{
				{Type: "catalog", FullName: "prod", Owner: "user201@example.com",
					Grants: []Grant{grant("analysts", "USE_CATALOG", "SELECT"), grant("user201@example.com", "ALL_PRIVILEGES")}},
				{Type: "catalog", FullName: "hidden", Owner: "owners"},
				{Type: "catalog", FullName: "bound", Owner: "owners", WorkspaceIDs: []int64{12}},
				{Type: "catalog", FullName: "browsed", Owner: "owners", Grants: []Grant{grant("analysts", "BROWSE")}},
				{Type: "schema", FullName: "prod.sales", Owner: "owners", Grants: []Grant{grant("analysts", "USE_SCHEMA")}},
				{Type: "table", FullName: "prod.sales.orders", Owner: "owners", Grants: []Grant{grant("analysts", "MODIFY")}},
				{Type: "table", FullName: "prod.sales.what? 100%/a#b", Kind: "VIEW", Owner: "owners"},
				{Type: "volume", FullName: "prod.sales.files", Owner: "owners"},
				{Type: "function", FullName: "prod.sales.mask", Owner: "owners"},
				{Type: "model", FullName: "prod.sales.churn", Owner: "owners", Grants: []Grant{grant("owners", "EXECUTE")}},
				{Type: "external_location", FullName: "landing", Owner: "owners", Grants: []Grant{{PrincipalID: "999", Privileges: []string{"READ_FILES"}}}},
				{Type: "storage_credential", FullName: "lake", Owner: "owners"},
				{Type: "credential", FullName: "vault", Owner: "owners"},
				{Type: "connection", FullName: "erp", Owner: "owners"},
				{Type: "share", FullName: "partners", Owner: "owners"},
			},
		}}},
	}
}

// workspaceSDK is the official SDK's client for one workspace host.
func workspaceSDK(t *testing.T, sim *Running, id int64, token string) *client.DatabricksClient {
	t.Helper()
	host, err := sim.WorkspaceHost(id)
	if err != nil {
		t.Fatal(err)
	}
	cfg := sdkConfig(sim)
	cfg.Host, cfg.AccountID, cfg.Token = host, "", token
	c, err := client.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSDK_workspaceHost(t *testing.T) {
	t.Parallel()
	sim := startTest(t, catalogAccount(), Options{})
	host, err := sim.WorkspaceHost(11)
	if err != nil {
		t.Fatal(err)
	}
	signIn := func(n, host string) error {
		cfg := sdkConfig(sim)
		cfg.Host, cfg.AccountID, cfg.AuthType = host, "", "oauth-m2m"
		cfg.ClientID, cfg.ClientSecret = "0a000000-0000-4000-8000-000000000"+n, "secret-"+n
		c, err := client.New(cfg)
		if err != nil {
			return err
		}
		got, err := catalog.NewMetastores(c).Current(t.Context())
		if err == nil && (got.MetastoreId != "m-1" || got.WorkspaceId != 11) {
			t.Errorf("current metastore: %+v", got)
		}
		return err
	}
	if err := signIn("401", host); err != nil {
		t.Errorf("a member of an assigned group: %v", err)
	}
	if err := signIn("403", host); err == nil || !strings.Contains(err.Error(), "invalid_client") {
		t.Errorf("an account admin who is not in the workspace: %v", err)
	}
	want := map[string]int{
		"GET /.well-known/databricks-config":                      2,
		"GET /oidc/.well-known/oauth-authorization-server":        2,
		"POST /oidc/v1/token":                                     2,
		"GET /api/2.1/unity-catalog/current-metastore-assignment": 1,
	}
	counts := sim.Server.Requests()
	if diff := cmp.Diff(want, counts.ByRoute); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	for _, e := range counts.Log {
		if e.WorkspaceID != 11 {
			t.Errorf("log without workspace: %+v", e)
		}
	}
}

func TestWorkspaceHost_separation(t *testing.T) {
	t.Parallel()
	sim := startTest(t, catalogAccount(), Options{})
	const current = "/api/2.1/unity-catalog/current-metastore-assignment"
	for name, tt := range map[string]struct {
		host   int64 // 0 is the account host
		header string
		path   string
		token  string
		status int
		code   string
	}{
		"workspace API":              {host: 11, path: current, token: "token-402", status: 200},
		"header on the account host": {header: "12", path: current, token: "token-402", status: 200},
		"account host, no header":    {path: current, token: "token-401", status: 404, code: "ENDPOINT_NOT_FOUND"},
		"header, account API":        {header: "12", path: "/api/2.0/accounts/{a}/workspaces", token: "token-401", status: 200},
		"account API on a workspace": {host: 11, path: "/api/2.0/accounts/{a}/workspaces", token: "token-401", status: 404, code: "ENDPOINT_NOT_FOUND"},
		"no metastore":               {host: 13, path: current, token: "token-401", status: 404, code: "METASTORE_DOES_NOT_EXIST"},
		"not running":                {host: 14, path: current, token: "token-401", status: 400, code: "INVALID_STATE"},
		"no such workspace":          {host: 99, path: current, token: "token-401", status: 404, code: "RESOURCE_DOES_NOT_EXIST"},
		"account admin, not in it":   {host: 11, path: current, token: "token-403", status: 403, code: "PERMISSION_DENIED"},
		"no token":                   {host: 11, path: current, status: 401, code: "UNAUTHENTICATED"},
		"wrong token":                {host: 11, path: current, token: "nothing", status: 401, code: "UNAUTHENTICATED"},
		"wrong method":               {host: 11, path: "/api/2.1/unity-catalog/catalogs/a/b", token: "token-401", status: 404, code: "ENDPOINT_NOT_FOUND"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := sim.URL
			if tt.host != 0 {
				var err error
				if base, err = sim.WorkspaceHost(tt.host); err != nil {
					t.Fatal(err)
				}
			}
			header := http.Header{wire.WorkspaceHeader: {tt.header}}
			if tt.token != "" {
				header.Set("Authorization", "Bearer "+tt.token)
			}
			got := callHost(t, base, http.MethodGet, strings.ReplaceAll(tt.path, "{a}", sim.AccountID), "", header)
			if got.status != tt.status || !strings.Contains(got.body, tt.code) {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
}

// callHost sends a request to a host that may be a workspace's.
func callHost(t *testing.T, base, method, path, body string, header http.Header) httpAnswer {
	t.Helper()
	got, err := tryCall(t, &Running{URL: base}, method, path, body, header)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return got
}

func names[T any](list []T, name func(T) string) []string {
	out := []string{}
	for _, item := range list {
		out = append(out, name(item))
	}
	return out
}

func TestSDK_catalogWalk(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]Options{
		"one page":    {},
		"small pages": {Assumed: Assumed{UnityCatalog: UnityCatalogAssumptions{PageSize: 1}}},
		"empty pages": {Assumed: Assumed{UnityCatalog: UnityCatalogAssumptions{EmptyPages: true}}},
		"fault":       {Faults: []Fault{{Kind: FaultEmptyPage, Path: "/api/2.1/unity-catalog/catalogs", Times: 2}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := startTest(t, catalogAccount(), opts)
			c := workspaceSDK(t, sim, 11, "token-401")
			got := map[string][]string{}
			keep := func(key string, list []string, err error) {
				if err != nil {
					t.Errorf("%s: %v", key, err)
				}
				got[key] = list
			}
			catalogs, err := catalog.NewCatalogs(c).ListAll(t.Context(), catalog.ListCatalogsRequest{})
			keep("catalogs", names(catalogs, func(i catalog.CatalogInfo) string { return i.Name + " " + i.Owner + " " + string(i.IsolationMode) }), err)
			unbound, err := catalog.NewCatalogs(c).ListAll(t.Context(), catalog.ListCatalogsRequest{IncludeUnbound: true})
			keep("unbound", names(unbound, func(i catalog.CatalogInfo) string { return i.Name }), err)
			schemas, err := catalog.NewSchemas(c).ListAll(t.Context(), catalog.ListSchemasRequest{CatalogName: "PROD"})
			keep("schemas", names(schemas, func(i catalog.SchemaInfo) string { return i.FullName }), err)
			tables, err := catalog.NewTables(c).ListAll(t.Context(), catalog.ListTablesRequest{CatalogName: "prod", SchemaName: "sales"})
			keep("tables", names(tables, func(i catalog.TableInfo) string { return i.Name + " " + string(i.TableType) }), err)
			sums, err := catalog.NewTables(c).ListSummariesAll(t.Context(), catalog.ListSummariesRequest{CatalogName: "prod"})
			keep("summaries", names(sums, func(i catalog.TableSummary) string { return i.FullName }), err)
			volumes, err := catalog.NewVolumes(c).ListAll(t.Context(), catalog.ListVolumesRequest{CatalogName: "prod", SchemaName: "sales"})
			keep("volumes", names(volumes, func(i catalog.VolumeInfo) string { return i.FullName }), err)
			functions, err := catalog.NewFunctions(c).ListAll(t.Context(), catalog.ListFunctionsRequest{CatalogName: "prod", SchemaName: "sales"})
			keep("functions", names(functions, func(i catalog.FunctionInfo) string { return i.FullName }), err)
			models, err := catalog.NewRegisteredModels(c).ListAll(t.Context(), catalog.ListRegisteredModelsRequest{})
			keep("models", names(models, func(i catalog.RegisteredModelInfo) string { return i.FullName }), err)
			locations, err := catalog.NewExternalLocations(c).ListAll(t.Context(), catalog.ListExternalLocationsRequest{})
			keep("locations", names(locations, func(i catalog.ExternalLocationInfo) string { return i.Name }), err)
			storage, err := catalog.NewStorageCredentials(c).ListAll(t.Context(), catalog.ListStorageCredentialsRequest{})
			keep("storage", names(storage, func(i catalog.StorageCredentialInfo) string { return i.Name }), err)
			creds, err := catalog.NewCredentials(c).ListCredentialsAll(t.Context(), catalog.ListCredentialsRequest{})
			keep("credentials", names(creds, func(i catalog.CredentialInfo) string { return i.Name + " " + string(i.Purpose) }), err)
			connections, err := catalog.NewConnections(c).ListAll(t.Context(), catalog.ListConnectionsRequest{})
			keep("connections", names(connections, func(i catalog.ConnectionInfo) string { return i.Name }), err)
			want := map[string][]string{
				"catalogs": {"browsed owners OPEN", "hidden owners OPEN", "prod user201@example.com OPEN"},
				"unbound":  {"bound", "browsed", "hidden", "prod"},
				"schemas":  {"prod.sales"}, "tables": {"orders MANAGED", "what? 100%/a#b VIEW"},
				"summaries": {"prod.sales.orders", "prod.sales.what? 100%/a#b"},
				"volumes":   {"prod.sales.files"}, "functions": {"prod.sales.mask"}, "models": {"prod.sales.churn"},
				"locations": {"landing"}, "storage": {"lake"}, "credentials": {"vault SERVICE", "lake STORAGE"}, "connections": {"erp"},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSDK_catalogGrants(t *testing.T) {
	t.Parallel()
	sim := startTest(t, catalogAccount(), Options{})
	grants := catalog.NewGrants(workspaceSDK(t, sim, 11, "token-401"))
	get := func(kind, name string) []string {
		got, err := grants.Get(t.Context(), catalog.GetGrantRequest{SecurableType: kind, FullName: name})
		if err != nil {
			t.Errorf("%s %s: %v", kind, name, err)
			return nil
		}
		return names(got.PrivilegeAssignments, func(a catalog.PrivilegeAssignment) string { return a.Principal + fmt.Sprint(a.Privileges) })
	}
	for _, tt := range []struct {
		kind, name string
		want       []string
	}{
		{"catalog", "prod", []string{"analysts[USE_CATALOG SELECT]", "user201@example.com[ALL_PRIVILEGES]"}},
		{"CATALOG", "Prod", []string{"analysts[USE_CATALOG SELECT]", "user201@example.com[ALL_PRIVILEGES]"}},
		{"schema", "prod.sales", []string{"analysts[USE_SCHEMA]"}},
		{"table", "prod.sales.what%3F%20100%25%2Fa%23b", []string{}},
		{"function", "prod.sales.churn", []string{"owners[EXECUTE]"}},
		{"metastore", "m-1", []string{"analysts[CREATE_CATALOG]"}},
		{"external_location", "landing", []string{"[READ_FILES]"}},
	} {
		if diff := cmp.Diff(tt.want, get(tt.kind, tt.name)); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", tt.kind, tt.name, diff)
		}
	}
	effective, err := grants.GetEffective(t.Context(), catalog.GetEffectiveRequest{SecurableType: "table", FullName: "prod.sales.orders"})
	if err != nil {
		t.Fatal(err)
	}
	want := []catalog.EffectivePrivilegeAssignment{
		{Principal: "analysts", Privileges: []catalog.EffectivePrivilege{
			{Privilege: "MODIFY"}, {Privilege: "SELECT", InheritedFromType: "CATALOG", InheritedFromName: "prod"},
		}},
		{Principal: "user201@example.com", Privileges: []catalog.EffectivePrivilege{
			{Privilege: "ALL_PRIVILEGES", InheritedFromType: "CATALOG", InheritedFromName: "prod"},
		}},
	}
	ignore := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".ForceSendFields" }, cmp.Ignore())
	if diff := cmp.Diff(want, effective.PrivilegeAssignments, ignore); diff != "" {
		t.Errorf("effective (-want +got):\n%s", diff)
	}
	for name, kind := range map[string]string{"model": "model", "nonsense": "nonsense"} {
		_, err := grants.Get(t.Context(), catalog.GetGrantRequest{SecurableType: kind, FullName: "prod.sales.churn"})
		var apiErr *apierr.APIError
		if !errors.As(err, &apiErr) || apiErr.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %v", name, err)
		}
	}
	host, err := sim.WorkspaceHost(11)
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{"Authorization": {"Bearer token-401"}}
	newer := callHost(t, host, http.MethodGet, "/api/2.1/unity-catalog/privilege-assignments/catalog/prod?page_size=1", "", header)
	if !strings.Contains(newer.body, `"principal":"analysts"`) || !strings.Contains(newer.body, "next_page_token") {
		t.Errorf("privilege-assignments: %+v", newer)
	}
	newer = callHost(t, host, http.MethodGet, "/api/2.1/unity-catalog/effective-privilege-assignments/table/prod.sales.orders", "", header)
	if !strings.Contains(newer.body, `"effective_privilege_assignments":[`) {
		t.Errorf("effective-privilege-assignments: %+v", newer)
	}
	for value, status := range map[string]int{"-1": 400, "1": 400, "149": 400, "150": 200, "0": 200, "x": 400} {
		got := callHost(t, host, http.MethodGet, "/api/2.1/unity-catalog/permissions/catalog/prod?max_results="+value, "", header)
		if got.status != status {
			t.Errorf("max_results=%s: %d %s", value, got.status, got.body)
		}
	}
}

// A caller without rights sees less, mostly without a word.
func TestSDK_catalogVisibility(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		assumed UnityCatalogAssumptions
		token   string
		want    map[string]string
	}{
		"metastore admin": {token: "token-401", want: map[string]string{
			"catalogs": "browsed hidden prod", "browse": "browsed hidden prod", "schemas of hidden": "",
			"grants of prod": "2", "grants of metastore": "1", "grants of bound": "403", "grants of nothing": "404",
		}},
		"holder of a privilege": {token: "token-402", want: map[string]string{
			"catalogs": "prod", "browse": "browsed prod", "schemas of hidden": "",
			"grants of prod": "403", "grants of metastore": "403", "grants of bound": "403", "grants of nothing": "404",
		}},
		"holder, lists refused": {token: "token-402", assumed: UnityCatalogAssumptions{ForbiddenLists: true}, want: map[string]string{
			"catalogs": "prod", "browse": "browsed prod", "schemas of hidden": "403",
			"grants of prod": "403", "grants of metastore": "403", "grants of bound": "403", "grants of nothing": "404",
		}},
		"everybody is admin": {token: "token-402", assumed: UnityCatalogAssumptions{MetastoreAdmin: "everybody"}, want: map[string]string{
			"catalogs": "browsed hidden prod", "browse": "browsed hidden prod", "schemas of hidden": "",
			"grants of prod": "2", "grants of metastore": "1", "grants of bound": "403", "grants of nothing": "404",
		}},
		"nobody is admin": {token: "token-401", assumed: UnityCatalogAssumptions{MetastoreAdmin: "nobody"}, want: map[string]string{
			"catalogs": "browsed hidden", "browse": "browsed hidden", "schemas of hidden": "",
			"grants of prod": "403", "grants of metastore": "403", "grants of bound": "403", "grants of nothing": "404",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := startTest(t, catalogAccount(), Options{Assumed: Assumed{UnityCatalog: tt.assumed}})
			c := workspaceSDK(t, sim, 11, tt.token)
			got := map[string]string{}
			result := func(key, text string, err error) {
				var apiErr *apierr.APIError
				if errors.As(err, &apiErr) {
					text = fmt.Sprint(apiErr.StatusCode)
				} else if err != nil {
					text = err.Error()
				}
				got[key] = text
			}
			list := func(it listing.Iterator[catalog.CatalogInfo]) (string, error) {
				all, err := listing.ToSlice(t.Context(), it)
				return strings.Join(names(all, func(i catalog.CatalogInfo) string { return i.Name }), " "), err
			}
			text, err := list(catalog.NewCatalogs(c).List(t.Context(), catalog.ListCatalogsRequest{}))
			result("catalogs", text, err)
			text, err = list(catalog.NewCatalogs(c).List(t.Context(), catalog.ListCatalogsRequest{IncludeBrowse: true}))
			result("browse", text, err)
			schemas, err := catalog.NewSchemas(c).ListAll(t.Context(), catalog.ListSchemasRequest{CatalogName: "hidden"})
			result("schemas of hidden", strings.Repeat("x", len(schemas)), err)
			for key, of := range map[string][2]string{
				"grants of prod": {"catalog", "prod"}, "grants of metastore": {"metastore", "m-1"},
				"grants of bound": {"catalog", "bound"}, "grants of nothing": {"catalog", "nothing"},
			} {
				g, err := catalog.NewGrants(c).Get(t.Context(), catalog.GetGrantRequest{SecurableType: of[0], FullName: of[1]})
				n := 0
				if g != nil {
					n = len(g.PrivilegeAssignments)
				}
				result(key, fmt.Sprint(n), err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
