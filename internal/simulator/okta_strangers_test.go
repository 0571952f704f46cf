// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// TestOkta_strangers: what Okta's SDKs and Terraform provider ask for beyond the
// lists that an audit reads.
func TestOkta_strangers(t *testing.T) {
	t.Parallel()
	sim := startIDP(t, oktaDirectory(), simulator.Options{})
	search := func(expr string) string { return "search=" + url.QueryEscape(expr) }
	for path, want := range map[string][]string{
		"/users?" + search("id pr") + "&sortBy=profile.login&sortOrder=desc": {"00uC", "00uB", "00uA"},
		"/users?" + search("id pr") + "&sortBy=profile.login&sortOrder=0":    {"00uA", "00uB", "00uC"},
		"/users?sortBy=profile.login&sortOrder=desc":                         {"00uA", "00uC"}, // Searches only.
		"/groups?" + search("id pr") + "&sortBy=profile.name&sortOrder=DESC": {"00gB", "00gA"},
		"/groups/00gA/users?sortBy=profile.login":                            {"00uA", "00uC"},
		"/groups/00gA/users?" + search(`status eq "SUSPENDED"`):              {"00uC"},
		"/users/00uA/roles":          {},
		"/users/me/groups":           {"00gA"},
		"/apps/0oaA/users?limit=1":   {},
		"/apps/0oaA/groups?limit=20": {},
		"/users?limit=1&" + search("profile.login sw \"b\"") + "&sortBy=id": {"00uB"},
	} {
		status, _, raw := oktaGet(t, sim.IDP.OktaOrgURL+"/api/v1"+path, "SSWS "+sim.IDP.OktaAPIToken)
		if status != http.StatusOK {
			t.Errorf("%s: %d %s", path, status, raw)
			continue
		}
		if diff := cmp.Diff(want, rowIDs(t, raw)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	for _, tt := range []struct {
		method, path string
		status       int
		in           string
	}{
		{"GET", "/users/me", 200, `"id":"00uA"`},
		{"GET", "/users/nobody/roles", 404, "E0000007"},
		{"GET", "/apps/0oaX/users", 404, "E0000007"},
		{"GET", "/apps/0oaA/users?limit=501", 400, "between 1 and 500"},
		{"GET", "/apps/0oaA/groups?limit=19", 400, "between 20 and 200"},
		{"GET", "/groups/00gA/users?" + search("nothing pr"), 400, "E0000031"},
		{"POST", "/groups", 405, "The endpoint does not support the provided HTTP method"},
	} {
		h := http.Header{"Authorization": {"SSWS " + sim.IDP.OktaAPIToken}}
		if status, _, raw := send(t, http.DefaultClient, tt.method, sim.IDP.OktaOrgURL+"/api/v1"+tt.path, h, ""); status != tt.status || !strings.Contains(string(raw), tt.in) {
			t.Errorf("%s %s: %d %s, want %d with %s", tt.method, tt.path, status, raw, tt.status, tt.in)
		}
	}
	if me, _, raw := oktaGet(t, startIDP(t, simulator.IDP{}, simulator.Options{}).IDP.OktaOrgURL+"/api/v1/users/me", "SSWS "+sim.IDP.OktaAPIToken); me != http.StatusNotFound {
		t.Errorf("me of an org without users: %d %s", me, raw)
	}
}

// TestOkta_atRoot: Okta's Go SDK keeps the host of an org URL and drops its path.
// What it is answered there stays there, and the log and faults know one path.
func TestOkta_atRoot(t *testing.T) {
	t.Parallel()
	sim := startIDP(t, oktaDirectory(), simulator.Options{Faults: []simulator.Fault{
		{Kind: simulator.FaultStatus, Path: "/okta/api/v1/groups", Status: 429, Times: 1},
	}})
	token := "SSWS " + sim.IDP.OktaAPIToken
	_, headers, raw := oktaGet(t, sim.URL+"/api/v1/users?limit=1", token)
	next := oktaNext(headers)
	if !strings.HasPrefix(next, sim.URL+"/api/v1/users?after=") || !cmp.Equal(rowIDs(t, raw), []string{"00uA"}) {
		t.Fatalf("the next page is %q after %s", next, raw)
	}
	if _, _, raw := oktaGet(t, next, token); !cmp.Equal(rowIDs(t, raw), []string{"00uC"}) {
		t.Errorf("the next page: %s", raw)
	}
	if status, _, raw := oktaGet(t, sim.URL+"/api/v1/groups", token); status != 429 || object(t, raw)["errorCode"] != "E0000047" {
		t.Errorf("a fault: %d %s", status, raw)
	}
	if status, _, raw := oktaGet(t, sim.URL+"/api/v1/users/00uA", "SSWS x"); status != 401 || object(t, raw)["errorCode"] != "E0000011" {
		t.Errorf("a wrong token: %d %s", status, raw)
	}
	if status, body := postForm(t, http.DefaultClient, sim.URL+"/oauth2/v1/token", url.Values{}); status != 400 || body["error"] != "unsupported_grant_type" {
		t.Errorf("the token endpoint: %d %v", status, body)
	}
	if n := sim.Server.Requests().ByRoute["GET /okta/api/v1/users"]; n != 2 {
		t.Errorf("the log: %v", sim.Server.Requests().ByRoute)
	}
}

// TestEverythingBehindTLS: one listener with TLS and HTTP/2 for all APIs.
func TestEverythingBehindTLS(t *testing.T) {
	t.Parallel()
	sim := startIDP(t, oktaDirectory(), simulator.Options{})
	client := trusting(t, sim)
	transport, _ := client.Transport.(*http.Transport)
	transport.ForceAttemptHTTP2 = true
	for path, auth := range map[string]string{
		"/api/2.1/accounts/" + sim.AccountID + "/scim/v2/Users": "Bearer " + sim.Token,
		"/api/v1/users":                  "SSWS " + sim.IDP.OktaAPIToken,
		"/v1.0/users":                    "Bearer " + graphToken(t, sim),
		"/.well-known/databricks-config": "",
		"/oidc/accounts/" + sim.AccountID + "/.well-known/oauth-authorization-server": "",
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, sim.IDP.EntraAuthorityHost+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", auth)
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK || resp.ProtoMajor != 2 {
			t.Errorf("%s: %d over %s", path, resp.StatusCode, resp.Proto)
		}
	}
}

// TestOkta_apps: what the parts of an app answer, and who is assigned by a group.
func TestOkta_apps(t *testing.T) {
	t.Parallel()
	doc := oktaDirectory()
	doc.ServicePrincipals = append(doc.ServicePrincipals, simulator.IDPServicePrincipal{ID: "0oaD", DisplayName: "Databricks", AccountEnabled: true, OktaApp: &world.OktaApp{
		Name: "databricks", Features: []string{"GROUP_PUSH"}, Connection: "ENABLED", Groups: []string{"00gA"},
		Users:  []world.OktaAppUser{{ID: "00uB", SyncState: "ERROR"}},
		Pushes: []world.OktaGroupPush{{ID: "p1", Status: "ERROR", SourceGroupID: "00gA", ErrorSummary: "409"}},
	}})
	sim := startIDP(t, doc, simulator.Options{})
	for _, tt := range []struct {
		path   string
		status int
		ids    []string
		in     string
	}{
		{"/apps?q=databricks", 200, []string{"0oaD"}, `"features":["GROUP_PUSH"]`},
		{"/apps/0oaD/users", 200, []string{"00uB", "00uC", "00uA"}, `"syncState":"ERROR"`},
		{"/apps/0oaD/groups", 200, []string{"00gA"}, ""},
		{"/apps/0oaD/group-push/mappings", 200, []string{"p1"}, `"errorSummary":"409"`},
		{"/apps/0oaD/connections/default", 200, nil, `"status":"ENABLED"`},
		{"/apps/0oaA/connections/default", 404, nil, "E0000007"},
		{"/apps/0oaA/group-push/mappings", 400, nil, "not enabled"},
		{"/apps/0oaX/group-push/mappings", 404, nil, "E0000007"},
		{"/apps/0oaD/group-push/mappings?limit=0", 400, nil, "limit"},
	} {
		status, _, raw := oktaGet(t, sim.IDP.OktaOrgURL+"/api/v1"+tt.path, "SSWS "+sim.IDP.OktaAPIToken)
		if status != tt.status || !strings.Contains(string(raw), tt.in) {
			t.Errorf("%s: %d %s", tt.path, status, raw)
		} else if tt.ids != nil {
			if diff := cmp.Diff(tt.ids, rowIDs(t, raw)); diff != "" {
				t.Errorf("%s: %s", tt.path, diff)
			}
		}
	}
}
