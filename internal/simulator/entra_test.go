// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

const graphScope = "https://graph.microsoft.com/.default"

// startIDP runs a simulator that ends with the test.
func startIDP(t *testing.T, idp simulator.IDP, opts simulator.Options) *simulator.Running {
	t.Helper()
	sim, err := simulator.Start(simulator.State{IDP: idp}, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Errorf("closing the simulator: %v", err)
		}
	})
	return sim
}

// trusting is a client that trusts the CA file of the authority only.
func trusting(t *testing.T, sim *simulator.Running) *http.Client {
	t.Helper()
	raw, err := os.ReadFile(sim.IDP.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(raw) {
		t.Fatalf("%s holds no certificate", sim.IDP.CAFile)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 2 * time.Minute}
}

func entraOptions(client *http.Client, authority string) azcore.ClientOptions {
	return azcore.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: authority},
		Transport: client, Retry: policy.RetryOptions{MaxRetries: -1},
	}
}

func TestEntra_azidentity(t *testing.T) {
	t.Parallel()
	sim := startIDP(t, simulator.IDP{}, simulator.Options{})
	client := trusting(t, sim)
	secret, err := azidentity.NewClientSecretCredential(sim.IDP.EntraTenantID, sim.IDP.EntraClientID, sim.IDP.EntraClientSecret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: entraOptions(client, sim.IDP.EntraAuthorityHost), DisableInstanceDiscovery: true})
	if err != nil {
		t.Fatal(err)
	}
	assertion, err := azidentity.NewClientAssertionCredential(sim.IDP.EntraTenantID, sim.IDP.EntraClientID,
		func(context.Context) (string, error) { return federatedAssertion(t), nil },
		&azidentity.ClientAssertionCredentialOptions{ClientOptions: entraOptions(client, sim.IDP.EntraAuthorityHost), DisableInstanceDiscovery: true})
	if err != nil {
		t.Fatal(err)
	}
	for name, credential := range map[string]azcore.TokenCredential{"secret": secret, "assertion": assertion} {
		for _, scope := range []string{graphScope, sim.IDP.GraphEndpoint + "/.default"} {
			token, err := credential.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{scope}})
			if err != nil {
				t.Fatalf("%s for %s: %v", name, scope, err)
			}
			if left := time.Until(token.ExpiresOn); left < 50*time.Minute || left > time.Hour {
				t.Errorf("%s: the token lives for %s, want about an hour", name, left)
			}
			if status, body := graphGet(t, sim, token.Token, "/v1.0/users"); status != http.StatusOK {
				t.Errorf("%s: users answers %d %v", name, status, body)
			}
		}
	}
}

// federatedAssertion is what a foreign issuer would sign.
func federatedAssertion(t *testing.T) string {
	t.Helper()
	claims := jwt.RegisteredClaims{
		Issuer: "https://issuer.example.com", Subject: "system:workload", Audience: jwt.ClaimStrings{"api://AzureADTokenExchange"},
		ExpiresAt: jwt.NewNumericDate(time.Now().Add(time.Hour)),
	}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte("key of the foreign issuer"))
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestEntra_azidentityTellsTheCause(t *testing.T) {
	t.Parallel()
	sim := startIDP(t, simulator.IDP{}, simulator.Options{})
	credential, err := azidentity.NewClientSecretCredential(sim.IDP.EntraTenantID, sim.IDP.EntraClientID, "wrong",
		&azidentity.ClientSecretCredentialOptions{
			ClientOptions: entraOptions(trusting(t, sim), sim.IDP.EntraAuthorityHost), DisableInstanceDiscovery: true,
		})
	if err != nil {
		t.Fatal(err)
	}
	_, err = credential.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{graphScope}})
	if err == nil || !strings.Contains(err.Error(), "AADSTS7000215") {
		t.Errorf("got %v, want an error with AADSTS7000215", err)
	}
}

func TestEntra_tokenErrors(t *testing.T) {
	t.Parallel()
	sim := startIDP(t, simulator.IDP{VerifiedDomains: []string{"example.com"}}, simulator.Options{})
	client := trusting(t, sim)
	good := map[string]string{
		"grant_type": "client_credentials", "client_id": sim.IDP.EntraClientID,
		"client_secret": sim.IDP.EntraClientSecret, "scope": graphScope,
	}
	tests := map[string]struct {
		tenant string
		change map[string]string
		status int
		code   string
		number float64
	}{
		"good":                 {},
		"tenant by domain":     {tenant: "example.com"},
		"wrong secret":         {change: map[string]string{"client_secret": "x"}, status: 401, code: "invalid_client", number: 7000215},
		"no secret":            {change: map[string]string{"client_secret": ""}, status: 401, code: "invalid_client", number: 7000218},
		"unknown app":          {change: map[string]string{"client_id": "00000000-0000-0000-0000-000000000001"}, status: 400, code: "unauthorized_client", number: 700016},
		"unknown tenant":       {tenant: "00000000-0000-0000-0000-000000000002", status: 400, code: "invalid_request", number: 90002},
		"scope of a user":      {change: map[string]string{"scope": "https://graph.microsoft.com/User.Read.All"}, status: 400, code: "invalid_scope", number: 1002012},
		"unknown resource":     {change: map[string]string{"scope": "https://graph.example.com/.default"}, status: 400, code: "invalid_resource", number: 500011},
		"no scope":             {change: map[string]string{"scope": ""}, status: 400, code: "invalid_request", number: 900144},
		"other grant":          {change: map[string]string{"grant_type": "password"}, status: 400, code: "unsupported_grant_type", number: 70003},
		"assertion of nothing": {change: map[string]string{"client_assertion": "x", "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, status: 400, code: "invalid_request", number: 50027},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			form := url.Values{}
			for key, value := range good {
				form.Set(key, value)
			}
			for key, value := range tt.change {
				form.Set(key, value)
			}
			tenant := tt.tenant
			if tenant == "" {
				tenant = sim.IDP.EntraTenantID
			}
			status, body := postForm(t, client, sim.IDP.EntraAuthorityHost+"/"+tenant+"/oauth2/v2.0/token", form)
			if tt.status == 0 {
				if status != http.StatusOK || body["token_type"] != "Bearer" || body["access_token"] == "" || body["expires_in"] != 3599.0 {
					t.Errorf("got %d %v, want a token", status, body)
				}
				return
			}
			codes, _ := body["error_codes"].([]any)
			if status != tt.status || body["error"] != tt.code || len(codes) != 1 || codes[0] != tt.number {
				t.Errorf("got %d %v, want %d %s %v", status, body, tt.status, tt.code, tt.number)
			}
			for _, key := range []string{"error_description", "timestamp", "trace_id", "correlation_id", "error_uri"} {
				if body[key] == nil || body[key] == "" {
					t.Errorf("%s is missing in %v", key, body)
				}
			}
		})
	}
}

func TestEntra_discovery(t *testing.T) {
	t.Parallel()
	sim := startIDP(t, simulator.IDP{}, simulator.Options{})
	client := trusting(t, sim)
	own := sim.IDP.EntraAuthorityHost + "/" + sim.IDP.EntraTenantID
	_, configuration := fetch(t, client, own+"/v2.0/.well-known/openid-configuration", nil)
	want := map[string]any{"issuer": own + "/v2.0", "token_endpoint": own + "/oauth2/v2.0/token", "jwks_uri": own + "/discovery/v2.0/keys"}
	for key, value := range want {
		if configuration[key] != value {
			t.Errorf("%s is %v, want %v", key, configuration[key], value)
		}
	}
	if _, keys := fetch(t, client, own+"/discovery/v2.0/keys", nil); len(list(keys, "keys")) != 1 {
		t.Errorf("keys: %v", keys)
	}
	_, instance := fetch(t, client, sim.IDP.EntraAuthorityHost+"/common/discovery/instance?api-version=1.1", nil)
	if instance["tenant_discovery_endpoint"] != own+"/v2.0/.well-known/openid-configuration" {
		t.Errorf("instance: %v", instance)
	}
	if status, _ := fetch(t, client, sim.IDP.EntraAuthorityHost+"/nobody/v2.0/.well-known/openid-configuration", nil); status != http.StatusBadRequest {
		t.Errorf("an unknown tenant answers %d, want 400", status)
	}
}

// Clients that send credentials over https only (the Graph client for JavaScript,
// Okta's SDKs) find Graph and Okta beside the authority, and their pages stay
// there.
func TestEntra_graphAndOktaBehindTLS(t *testing.T) {
	t.Parallel()
	var idp simulator.IDP
	for i := range 3 {
		idp.Users = append(idp.Users, simulator.IDPUser{
			ID: fmt.Sprintf("10000000-0000-4000-8000-00000000000%d", i), UserPrincipalName: fmt.Sprintf("user%d@example.com", i), AccountEnabled: true,
		})
	}
	sim := startIDP(t, idp, simulator.Options{})
	client := trusting(t, sim)
	get := func(link, authorization string) *http.Response {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, link, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", authorization)
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = resp.Body.Close() })
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%s answers %d", link, resp.StatusCode)
		}
		return resp
	}
	credential, err := azidentity.NewClientSecretCredential(sim.IDP.EntraTenantID, sim.IDP.EntraClientID, sim.IDP.EntraClientSecret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: entraOptions(client, sim.IDP.EntraAuthorityHost), DisableInstanceDiscovery: true})
	if err != nil {
		t.Fatal(err)
	}
	token, err := credential.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{graphScope}})
	if err != nil {
		t.Fatal(err)
	}
	host := sim.IDP.EntraAuthorityHost
	var page struct {
		Next string `json:"@odata.nextLink"`
	}
	if err := json.NewDecoder(get(host+"/graph/v1.0/users?$top=2", "Bearer "+token.Token).Body).Decode(&page); err != nil ||
		!strings.HasPrefix(page.Next, host+"/graph/v1.0/users?") {
		t.Errorf("the next page of Graph is %q, %v", page.Next, err)
	}
	links := strings.Join(get(host+"/okta/api/v1/users?limit=2", "SSWS "+sim.IDP.OktaAPIToken).Header.Values("Link"), "\n")
	if !strings.Contains(links, "<"+host+"/okta/api/v1/users?after=") {
		t.Errorf("the links of Okta are %s", links)
	}
}

func TestEntra_closeRemovesTheCAFile(t *testing.T) {
	t.Parallel()
	sim, err := simulator.Start(simulator.State{}, simulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(sim.IDP.CAFile); err != nil {
		t.Errorf("while running: %v", err)
	}
	if err := sim.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(sim.IDP.CAFile); !os.IsNotExist(err) {
		t.Errorf("after Close: %v, want that the file is gone", err)
	}
}

// A fault on the authority's path is met by its clients, and the log has them.
func TestEntra_faultsAndLog(t *testing.T) {
	t.Parallel()
	sim := startIDP(t, simulator.IDP{}, simulator.Options{Faults: []simulator.Fault{
		{Kind: simulator.FaultStatus, Method: "POST", Path: "/entra/*/oauth2/v2.0/token", Status: 503, Times: 1},
	}})
	client := trusting(t, sim)
	endpoint := sim.IDP.EntraAuthorityHost + "/" + sim.IDP.EntraTenantID + "/oauth2/v2.0/token"
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {sim.IDP.EntraClientID},
		"client_secret": {sim.IDP.EntraClientSecret}, "scope": {graphScope},
	}
	first, _ := postForm(t, client, endpoint, form)
	second, _ := postForm(t, client, endpoint, form)
	if diff := cmp.Diff([]int{503, 200}, []int{first, second}); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
	if got := sim.Server.Requests().ByRoute["POST /entra/{tenant}/oauth2/v2.0/token"]; got != 2 {
		t.Errorf("the log counts %d token requests, want 2: %v", got, sim.Server.Requests().ByRoute)
	}
}

// graphToken signs in and returns an access token for Graph.
func graphToken(t *testing.T, sim *simulator.Running) string {
	t.Helper()
	status, body := postForm(t, http.DefaultClient, sim.URL+"/entra/"+sim.IDP.EntraTenantID+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {sim.IDP.EntraClientID},
		"client_secret": {sim.IDP.EntraClientSecret}, "scope": {graphScope},
	})
	token, ok := body["access_token"].(string)
	if !ok {
		t.Fatalf("signing in: %d %v", status, body)
	}
	return token
}

func graphGet(t *testing.T, sim *simulator.Running, token, path string, headers ...string) (int, map[string]any) {
	t.Helper()
	h := http.Header{"Authorization": {"Bearer " + token}}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return fetch(t, http.DefaultClient, sim.IDP.GraphEndpoint+path, h)
}

func fetch(t *testing.T, client *http.Client, url string, headers http.Header) (int, map[string]any) {
	t.Helper()
	status, _, raw := send(t, client, http.MethodGet, url, headers, "")
	return status, object(t, raw)
}

func postForm(t *testing.T, client *http.Client, url string, form url.Values) (int, map[string]any) {
	t.Helper()
	status, _, raw := send(t, client, http.MethodPost, url, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, form.Encode())
	return status, object(t, raw)
}

func send(t *testing.T, client *http.Client, method, url string, headers http.Header, body string) (int, http.Header, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range headers {
		req.Header[name] = values
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	return resp.StatusCode, resp.Header, raw
}

func object(t *testing.T, raw []byte) map[string]any {
	t.Helper()
	if len(raw) == 0 {
		return nil
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatalf("no JSON object: %v: %s", err, raw)
	}
	return out
}

// list is an array of objects in a body.
func list(body map[string]any, key string) []map[string]any {
	items, _ := body[key].([]any)
	out := []map[string]any{}
	for _, item := range items {
		m, _ := item.(map[string]any)
		out = append(out, m)
	}
	return out
}
