// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// clock is a time that tests move.
type clock struct{ nanos atomic.Int64 }

func (c *clock) now() time.Time          { return time.Unix(1_800_000_000, c.nanos.Load()).UTC() }
func (c *clock) advance(d time.Duration) { c.nanos.Add(int64(d)) }

// credentialAccount is smallAccount with credentials of its own: an admin
// through nested groups, a principal that is no admin, an inactive one, and an
// account SCIM token.
func credentialAccount() State {
	st := smallAccount()
	st.ServicePrincipals = append(st.ServicePrincipals,
		ServicePrincipal{ID: "402", ApplicationID: "0a000000-0000-4000-8000-000000000402", DisplayName: "plain", Active: true},
		ServicePrincipal{ID: "403", ApplicationID: "0a000000-0000-4000-8000-000000000403", DisplayName: "asleep"})
	for _, sp := range st.ServicePrincipals {
		st.Account.OAuthClients = append(st.Account.OAuthClients, OAuthClient{ClientID: sp.ApplicationID, ClientSecret: "secret-" + sp.ID})
		st.Account.Tokens = append(st.Account.Tokens, world.Token{Token: "pat-" + sp.ID, PrincipalID: sp.ID})
	}
	st.Account.Tokens = append(st.Account.Tokens, world.Token{Token: "scim-token", SCIMOnly: true})
	return st
}

func TestServe_refusals(t *testing.T) {
	t.Parallel()
	sim := startTest(t, credentialAccount(), Options{})
	if sim.Token != "pat-401" {
		t.Fatalf("the admin's token is %q", sim.Token)
	}
	const list = "/api/2.0/accounts/{a}/workspaces"
	auth := func(value string) http.Header { return http.Header{"Authorization": {value}} }
	for name, tt := range map[string]struct {
		method, path, body string
		header             http.Header
		status             int
		want               string // part of the body
	}{
		"admin through nested groups": {"GET", list, "", nil, 200, `"workspace_id":11`},
		"no credential":               {"GET", list, "", http.Header{"Authorization": nil}, 401, `"error_code":"UNAUTHENTICATED"`},
		"not bearer":                  {"GET", list, "", auth("Basic eDp5"), 401, "unsupported type"},
		"wrong token":                 {"GET", list, "", auth("Bearer nonsense"), 401, "Invalid access token"},
		"built-in token":              {"GET", list, "", auth("Bearer simulator-token"), 401, "Invalid access token"},
		"inactive principal":          {"GET", list, "", auth("Bearer pat-403"), 401, "Invalid access token"},
		"no admin": {"GET", list, "", auth("Bearer pat-402"), 403,
			`{"error_code":"PERMISSION_DENIED","message":"This API is disabled for users without account admin status"}`},
		"SCIM token":       {"GET", list, "", auth("Bearer scim-token"), 401, "Invalid access token"},
		"wrong account":    {"GET", strings.ReplaceAll(list, "{a}", "5a3e0f0a-0000-4000-8000-00000000dead"), "", nil, 404, "RESOURCE_DOES_NOT_EXIST"},
		"empty account":    {"GET", strings.ReplaceAll(list, "{a}", ""), "", nil, 404, "ENDPOINT_NOT_FOUND"},
		"unknown route":    {"GET", "/api/2.0/accounts/{a}/moon", "", nil, 404, "No API found for 'GET /api/2.0/accounts/"},
		"wrong method":     {"PATCH", list, "", nil, 405, "METHOD_NOT_ALLOWED"},
		"HEAD":             {"HEAD", list, "", nil, 200, ""},
		"no such id":       {"GET", list + "/99", "", nil, 404, "Workspace 99 does not exist"},
		"id is no number":  {"GET", list + "/first", "", nil, 400, "MALFORMED_REQUEST"},
		"malformed body":   {"PUT", list + "/11/permissionassignments/principals/201", "{", nil, 400, "MALFORMED_REQUEST"},
		"wrong type":       {"PUT", list + "/11/permissionassignments/principals/201", `{"permissions":"USER"}`, nil, 400, "MALFORMED_REQUEST"},
		"unknown grantee":  {"PUT", list + "/11/permissionassignments/principals/999", `{"permissions":["USER"]}`, nil, 404, "Principal not found in account."},
		"nothing to take":  {"DELETE", list + "/11/permissionassignments/principals/202", "", nil, 404, "Principal 202 not in workspace 11."},
		"no federation":    {"GET", list + "/13/permissionassignments", "", nil, 400, `"message":"Permission assignment APIs are not available for this workspace."`},
		"no key":           {"GET", list + "/14/permissionassignments/permissions", "", nil, 400, "not available for this workspace."},
		"body too large":   {"PUT", list + "/11/permissionassignments/principals/201", strings.Repeat(" ", maxBody+1), nil, 413, "MAX_REQUEST_SIZE_EXCEEDED"},
		"no metastore":     {"GET", list + "/11/metastore", "", nil, 404, "METASTORE_DOES_NOT_EXIST"},
		"metastore":        {"GET", list + "/12/metastore", "", nil, 200, `{"metastore_assignment":{"metastore_id":"m-1","workspace_id":12}}`},
		"metastores":       {"GET", "/api/2.0/accounts/{a}/metastores", "", nil, 200, `"owner":"admins-by-group"`},
		"its workspaces":   {"GET", "/api/2.0/accounts/{a}/metastores/m-1/workspaces", "", nil, 200, `{"workspace_ids":[12]}`},
		"other metastore":  {"GET", "/api/2.0/accounts/{a}/metastores/m-2/workspaces", "", nil, 404, "METASTORE_DOES_NOT_EXIST"},
		"rule set":         {"GET", "/api/2.0/preview/accounts/{a}/access-control/rule-sets?etag=&name=accounts/{a}/groups/301/ruleSets/default", "", nil, 200, `"etag":"`},
		"rule set of none": {"GET", "/api/2.0/preview/accounts/{a}/access-control/rule-sets?name=accounts/{a}/groups/999/ruleSets/default", "", nil, 404, "does not exist"},
		"rule set name":    {"GET", "/api/2.0/preview/accounts/{a}/access-control/rule-sets?name=default", "", nil, 400, "INVALID_PARAMETER_VALUE"},
		"assignable roles": {"GET", "/api/2.0/preview/accounts/{a}/access-control/assignable-roles?resource=accounts/{a}/groups/301", "", nil, 200, `{"roles":[{"name":"roles/group.assumer"},{"name":"roles/group.manager"}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tryCall(t, sim, tt.method, tt.path, tt.body, tt.header)
			if err != nil {
				t.Fatal(err)
			}
			if got.status != tt.status || !strings.Contains(got.body, tt.want) {
				t.Errorf("got %d %s\nwant %d with %s", got.status, got.body, tt.status, tt.want)
			}
			if kind := got.header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
				t.Errorf("Content-Type %q", kind)
			}
			if tt.status == 405 && got.header.Get("Allow") == "" {
				t.Error("405 without Allow")
			}
		})
	}
}

// TestServe_federationKey wants the undocumented key as true, false and absent.
func TestServe_federationKey(t *testing.T) {
	t.Parallel()
	sim := startTest(t, smallAccount(), Options{})
	var list []map[string]any
	if err := json.Unmarshal([]byte(call(t, sim, "GET", "/api/2.0/accounts/{a}/workspaces", "").body), &list); err != nil {
		t.Fatal(err)
	}
	var got []any
	for _, ws := range list {
		got = append(got, ws["identity_federation_info"])
	}
	on, off := map[string]any{"enable_identity_federation": true}, map[string]any{"enable_identity_federation": false}
	if diff := cmp.Diff([]any{on, on, off, nil}, got); diff != "" {
		t.Errorf("identity_federation_info (-want +got):\n%s", diff)
	}
}

func TestOAuth_forms(t *testing.T) {
	t.Parallel()
	sim := startTest(t, credentialAccount(), Options{})
	const account = "/oidc/accounts/{a}/v1/token"
	form := func(pairs ...string) string {
		v := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return v.Encode()
	}
	id, secret := sim.ClientID, sim.ClientSecret
	good := form("grant_type", "client_credentials", "scope", "all-apis", "client_id", id, "client_secret", secret)
	for name, tt := range map[string]struct {
		path, body string
		status     int
		want       string
	}{
		"in the form":        {account, good, 200, `"expires_in":3600`},
		"workspace endpoint": {"/oidc/v1/token", good, 200, `"token_type":"Bearer"`},
		"wrong secret": {account, form("grant_type", "client_credentials", "scope", "all-apis", "client_id", id, "client_secret", "no"), 401,
			`{"error":"invalid_client","error_description":"Client authentication failed"}`},
		"nobody":        {account, form("grant_type", "client_credentials", "scope", "all-apis"), 401, "invalid_client"},
		"inactive":      {account, form("grant_type", "client_credentials", "scope", "all-apis", "client_id", "0a000000-0000-4000-8000-000000000403", "client_secret", "secret-403"), 401, "invalid_client"},
		"wrong account": {"/oidc/accounts/other/v1/token", good, 401, "invalid_client"},
		"no grant":      {account, form("scope", "all-apis", "client_id", id, "client_secret", secret), 400, "invalid_request"},
		"other grant":   {account, form("grant_type", "password", "client_id", id, "client_secret", secret), 400, "unsupported_grant_type"},
		"no scope":      {account, form("grant_type", "client_credentials", "client_id", id, "client_secret", secret), 400, "invalid_scope"},
		"other scope":   {account, form("grant_type", "client_credentials", "scope", "moon", "client_id", id, "client_secret", secret), 400, "invalid_scope"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tryCall(t, sim, "POST", tt.path, tt.body, http.Header{
				"Authorization": nil, "Content-Type": {"application/x-www-form-urlencoded"},
			})
			if err != nil {
				t.Fatal(err)
			}
			if got.status != tt.status || !strings.Contains(got.body, tt.want) {
				t.Errorf("got %d %s\nwant %d with %s", got.status, got.body, tt.status, tt.want)
			}
		})
	}
}

// oauthToken fetches a token with the simulator's own credential.
func oauthToken(t *testing.T, sim *Running, scope string) string {
	t.Helper()
	got, err := tryCall(t, sim, "POST", "/oidc/accounts/{a}/v1/token",
		url.Values{"grant_type": {"client_credentials"}, "scope": {scope}, "client_id": {sim.ClientID}, "client_secret": {sim.ClientSecret}}.Encode(),
		http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
	var body struct {
		AccessToken string `json:"access_token"`
	}
	if err != nil || json.Unmarshal([]byte(got.body), &body) != nil || body.AccessToken == "" {
		t.Fatalf("token: %v %s", err, got.body)
	}
	return body.AccessToken
}

func TestOAuth_expiryAndScope(t *testing.T) {
	t.Parallel()
	var c clock
	sim := startTest(t, smallAccount(), Options{Now: c.now, TokenLifetime: time.Minute})
	token := oauthToken(t, sim, "access-management")
	status := func(path string) int {
		got, err := tryCall(t, sim, "GET", path, "", http.Header{"Authorization": {"Bearer " + token}})
		if err != nil {
			t.Fatal(err)
		}
		return got.status
	}
	const assignments = "/api/2.0/accounts/{a}/workspaces/11/permissionassignments"
	if got := status(assignments); got != 200 {
		t.Errorf("with the right scope: %d", got)
	}
	if got := status("/api/2.0/accounts/{a}/workspaces"); got != 403 {
		t.Errorf("with the wrong scope: %d", got)
	}
	c.advance(59 * time.Second)
	if got := status(assignments); got != 200 {
		t.Errorf("a second before the end: %d", got)
	}
	c.advance(time.Second)
	if got := status(assignments); got != 401 {
		t.Errorf("at the end: %d", got)
	}
}

func TestServe_rateLimits(t *testing.T) {
	t.Parallel()
	var c clock
	sim := startTest(t, smallAccount(), Options{Now: c.now, RateLimits: "documented"})
	const group = "/api/2.0/accounts/{a}/scim/v2/Groups/301"
	const patch = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[]}`
	for range 2 {
		if got := call(t, sim, "PATCH", group, patch); got.status == 429 {
			t.Fatalf("refused within 2/s: %s", got.body)
		}
	}
	got := call(t, sim, "PATCH", group, patch)
	if got.status != 429 || got.header.Get("Retry-After") != "1" || !strings.Contains(got.body, "REQUEST_LIMIT_EXCEEDED") {
		t.Errorf("third PATCH: %d %v %s", got.status, got.header, got.body)
	}
	if got := call(t, sim, "GET", group, ""); got.status == 429 {
		t.Error("GET shares the bucket of PATCH")
	}
	c.advance(500 * time.Millisecond)
	if got := call(t, sim, "PATCH", group, patch); got.status == 429 {
		t.Error("refused after the bucket had refilled")
	}
	if got := call(t, sim, "GET", "/api/2.0/accounts/{a}/workspaces", ""); got.status != 200 {
		t.Errorf("an API without a limit: %d", got.status)
	}
}
