// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

func oktaDirectory() simulator.IDP {
	return simulator.IDP{
		Users: []simulator.IDPUser{
			{ID: "00uA", UserPrincipalName: "ann@example.com", Mail: "ann@example.com", DisplayName: "Ann Archer", AccountEnabled: true},
			{ID: "00uB", UserPrincipalName: "bob@example.com", DisplayName: "Bob Baker", AccountEnabled: false},
			{ID: "00uC", UserPrincipalName: "cat@example.com", DisplayName: "Cat Carter", AccountEnabled: true, OktaStatus: "SUSPENDED"},
			{ID: "00uD", UserPrincipalName: "dan@example.com", Deleted: true},
		},
		Groups: []simulator.IDPGroup{
			{ID: "00gA", DisplayName: "Alpha", Members: []string{"00uC", "00uA", "00gB", "0oaA", "00uD"}},
			{ID: "00gB", DisplayName: "Beta", Members: []string{"00uB"}},
		},
		ServicePrincipals: []simulator.IDPServicePrincipal{{ID: "0oaA", AppID: "0oaA", DisplayName: "Loader", AccountEnabled: true}},
	}
}

func oktaGet(t *testing.T, url, authorization string) (int, http.Header, []byte) {
	t.Helper()
	return send(t, http.DefaultClient, http.MethodGet, url, http.Header{"Authorization": {authorization}}, "")
}

func rowIDs(t *testing.T, raw []byte) []string {
	t.Helper()
	var rows []struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(raw, &rows); err != nil {
		t.Fatalf("no bare array: %v: %s", err, raw)
	}
	out := []string{}
	for _, row := range rows {
		out = append(out, row.ID)
	}
	return out
}

func TestOkta_lists(t *testing.T) {
	t.Parallel()
	sim := startIDP(t, oktaDirectory(), simulator.Options{})
	tests := map[string][]string{
		"/users": {"00uA", "00uC"},
		"/users?filter=" + url.QueryEscape(`status eq "DEPROVISIONED"`):                                 {"00uB"},
		"/users?filter=" + url.QueryEscape(`status eq "ACTIVE" or status eq "DEPROVISIONED"`):           {"00uA", "00uB"},
		"/users?search=" + url.QueryEscape(`profile.login eq "BOB@example.com"`):                        {"00uB"},
		"/users?search=" + url.QueryEscape(`profile.email sw "c" or profile.login sw "a"`):              {"00uA", "00uC"},
		"/users?search=" + url.QueryEscape(`(profile.email sw "c" or id pr) and status eq "SUSPENDED"`): {"00uC"},
		"/users?search=" + url.QueryEscape(`id eq "00uA" or id eq "00uB" and status eq "ACTIVE"`):       {"00uA"},
		"/users?q=arch": {"00uA"},
		"/groups":       {"00gA", "00gB"},
		"/groups?q=be":  {"00gB"},
		"/groups?filter=" + url.QueryEscape(`type eq "APP_GROUP"`):     {},
		"/groups?search=" + url.QueryEscape(`profile.name eq "Alpha"`): {"00gA"},
		"/groups/00gA/users": {"00uC", "00uA"},
		"/groups/00gB/users": {"00uB"},
		"/users/00uA/groups": {"00gA"},
		"/apps":              {"0oaA"},
	}
	for path, want := range tests {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			status, headers, raw := oktaGet(t, sim.IDP.OktaOrgURL+"/api/v1"+path, "SSWS "+sim.IDP.OktaAPIToken)
			if status != http.StatusOK {
				t.Fatalf("got %d %s", status, raw)
			}
			if diff := cmp.Diff(want, rowIDs(t, raw)); diff != "" {
				t.Errorf("ids (-want +got):\n%s", diff)
			}
			for _, name := range []string{"X-Rate-Limit-Limit", "X-Rate-Limit-Remaining", "X-Rate-Limit-Reset", "Date", "X-Okta-Request-Id"} {
				if headers.Get(name) == "" {
					t.Errorf("%s is missing", name)
				}
			}
		})
	}
}

func TestOkta_refusals(t *testing.T) {
	t.Parallel()
	sim := startIDP(t, oktaDirectory(), simulator.Options{})
	good := "SSWS " + sim.IDP.OktaAPIToken
	tests := map[string]struct {
		path, auth string
		status     int
		code       string
	}{
		"wrong token":          {"/users", "SSWS x", 401, "E0000011"},
		"no token":             {"/users", "", 401, "E0000011"},
		"unknown bearer":       {"/users", "Bearer x", 401, "E0000011"},
		"user by id":           {"/users/00uB", good, 200, ""},
		"user by login":        {"/users/bob@example.com", good, 200, ""},
		"user by short login":  {"/users/bob", good, 200, ""},
		"id in another case":   {"/users/00UB", good, 404, "E0000007"},
		"deleted user":         {"/users/00uD", good, 404, "E0000007"},
		"unknown group":        {"/groups/00gX", good, 404, "E0000007"},
		"users of nobody":      {"/groups/00gX/users", good, 404, "E0000007"},
		"app":                  {"/apps/0oaA", good, 200, ""},
		"unknown app":          {"/apps/0oaX", good, 404, "E0000007"},
		"limit 200":            {"/users?limit=200", good, 200, ""},
		"limit 201":            {"/users?limit=201", good, 400, "E0000001"},
		"limit 0":              {"/groups?limit=0", good, 400, "E0000001"},
		"limit of members":     {"/groups/00gA/users?limit=1001", good, 400, "E0000001"},
		"cursor of nobody":     {"/users?after=x", good, 400, "E0000001"},
		"filter of co":         {"/users?filter=" + url.QueryEscape(`profile.login co "x"`), good, 400, "E0000031"},
		"search of nothing":    {"/users?search=" + url.QueryEscape(`nothing eq "x"`), good, 400, "E0000031"},
		"search without quote": {"/users?search=" + url.QueryEscape(`profile.login eq x`), good, 400, "E0000031"},
		"open quote":           {"/users?search=" + url.QueryEscape(`profile.login eq "x`), good, 400, "E0000031"},
		"unknown route":        {"/nothing", good, 404, "E0000022"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, _, raw := oktaGet(t, sim.IDP.OktaOrgURL+"/api/v1"+tt.path, tt.auth)
			code := ""
			if status != http.StatusOK {
				code, _ = object(t, raw)["errorCode"].(string)
			}
			if status != tt.status || code != tt.code {
				t.Errorf("got %d %s, want %d %q", status, raw, tt.status, tt.code)
			}
		})
	}
}

var nextRelation = regexp.MustCompile(`<([^>]+)>; rel="next"`)

func oktaNext(h http.Header) string {
	if m := nextRelation.FindStringSubmatch(strings.Join(h.Values("Link"), ", ")); m != nil {
		return m[1]
	}
	return ""
}

func TestOkta_paging(t *testing.T) {
	t.Parallel()
	var dir simulator.IDP
	var want []string
	for i := range 450 {
		id := fmt.Sprintf("00u%05d", i)
		dir.Users = append(dir.Users, simulator.IDPUser{ID: id, UserPrincipalName: id + "@example.com", AccountEnabled: i%3 != 0})
		if i%3 != 0 {
			want = append(want, id)
		}
	}
	for name, assumed := range map[string]simulator.OktaAssumptions{"headers": {}, "one header": {LinksInOneHeader: true}} {
		sim := startIDP(t, dir, simulator.Options{Assumed: simulator.Assumed{Okta: assumed}})
		var got []string
		pages := 0
		for next := sim.IDP.OktaOrgURL + "/api/v1/users"; next != "" && pages < 100; pages++ {
			_, headers, raw := oktaGet(t, next, "SSWS "+sim.IDP.OktaAPIToken)
			got = append(got, rowIDs(t, raw)...)
			next = oktaNext(headers)
			if links := len(headers.Values("Link")); next != "" && (links == 1) != assumed.LinksInOneHeader {
				t.Errorf("%s: %d Link headers", name, links)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" || pages != 2 {
			t.Errorf("%s: %d pages, want 2 (-want +got):\n%s", name, pages, diff)
		}
	}
	sim := startIDP(t, dir, simulator.Options{
		Assumed: simulator.Assumed{Okta: simulator.OktaAssumptions{NextLinkHost: "https://okta.example.net"}},
		Faults:  []simulator.Fault{{Kind: simulator.FaultEmptyPage, Path: "/okta/api/v1/users", Times: 1}},
	})
	_, headers, raw := oktaGet(t, sim.IDP.OktaOrgURL+"/api/v1/users", "SSWS "+sim.IDP.OktaAPIToken)
	if next := oktaNext(headers); !strings.HasPrefix(next, "https://okta.example.net/okta/api/v1/users?") || string(raw) != "[]" {
		t.Errorf("an empty page with a hostile link: %s, next %q", raw, next)
	}
}

func TestOkta_rateLimit(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 30, 0, time.UTC)
	clock := now
	sim := startIDP(t, oktaDirectory(), simulator.Options{RateLimits: "documented", Now: func() time.Time { return clock }})
	get := func() (int, http.Header, []byte) {
		return oktaGet(t, sim.IDP.OktaOrgURL+"/api/v1/apps", "SSWS "+sim.IDP.OktaAPIToken)
	}
	for i := range 100 {
		if status, headers, raw := get(); status != http.StatusOK || headers.Get("X-Rate-Limit-Remaining") != fmt.Sprint(99-i) {
			t.Fatalf("request %d: %d, %s remaining, %s", i+1, status, headers.Get("X-Rate-Limit-Remaining"), raw)
		}
	}
	status, headers, raw := get()
	if status != http.StatusTooManyRequests || object(t, raw)["errorCode"] != "E0000047" {
		t.Errorf("request 101: %d %s", status, raw)
	}
	if headers.Get("X-Rate-Limit-Reset") != fmt.Sprint(now.Add(30*time.Second).Unix()) || headers.Get("Date") != now.Format(http.TimeFormat) {
		t.Errorf("Reset and Date: %v", headers)
	}
	clock = now.Add(30 * time.Second)
	if status, _, _ := get(); status != http.StatusOK {
		t.Errorf("in the next minute: %d", status)
	}
}

type oktaSigner struct {
	method jwt.SigningMethod
	key    crypto.Signer
}

func TestOkta_privateKeyJWT(t *testing.T) {
	t.Parallel()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sim := startIDP(t, oktaDirectory(), simulator.Options{Okta: simulator.OktaOptions{Clients: []simulator.OktaClient{{
		ClientID: "0oaService", Scopes: []string{"okta.users.read", "okta.groups.read"},
		Keys: map[string]crypto.PublicKey{"rsa": &rsaKey.PublicKey, "ec": &ecKey.PublicKey},
	}}}})
	endpoint := sim.IDP.OktaOrgURL + "/oauth2/v1/token"
	rs, es := oktaSigner{jwt.SigningMethodRS256, rsaKey}, oktaSigner{jwt.SigningMethodES256, ecKey}
	claims := func(change func(c *jwt.RegisteredClaims)) jwt.RegisteredClaims {
		c := jwt.RegisteredClaims{
			Issuer: "0oaService", Subject: "0oaService", Audience: jwt.ClaimStrings{endpoint},
			ExpiresAt: jwt.NewNumericDate(time.Now().Add(time.Hour)), IssuedAt: jwt.NewNumericDate(time.Now()),
		}
		if change != nil {
			change(&c)
		}
		return c
	}
	const scope = "okta.users.read okta.groups.read"
	tests := map[string]struct {
		signer  oktaSigner
		kid     string
		claims  jwt.RegisteredClaims
		scope   string
		inQuery bool
		refusal string
	}{
		"RS256":          {signer: rs, kid: "rsa", claims: claims(nil), scope: scope},
		"ES256":          {signer: es, kid: "ec", claims: claims(nil), scope: "okta.users.read"},
		"in the query":   {signer: rs, kid: "rsa", claims: claims(nil), scope: scope, inQuery: true},
		"foreign key":    {signer: oktaSigner{jwt.SigningMethodES256, other}, kid: "ec", claims: claims(nil), scope: scope, refusal: "invalid_client"},
		"unknown kid":    {signer: rs, kid: "x", claims: claims(nil), scope: scope, refusal: "invalid_client"},
		"other audience": {signer: rs, kid: "rsa", claims: claims(func(c *jwt.RegisteredClaims) { c.Audience = jwt.ClaimStrings{"https://example.com"} }), scope: scope, refusal: "invalid_client"},
		"too long": {signer: rs, kid: "rsa", claims: claims(func(c *jwt.RegisteredClaims) {
			c.ExpiresAt = jwt.NewNumericDate(time.Now().Add(2 * time.Hour))
		}), scope: scope, refusal: "invalid_client"},
		"expired": {signer: rs, kid: "rsa", claims: claims(func(c *jwt.RegisteredClaims) {
			c.ExpiresAt = jwt.NewNumericDate(time.Now().Add(-time.Minute))
		}), scope: scope, refusal: "invalid_client"},
		"other subject":  {signer: rs, kid: "rsa", claims: claims(func(c *jwt.RegisteredClaims) { c.Subject = "x" }), scope: scope, refusal: "invalid_client"},
		"unknown client": {signer: rs, kid: "rsa", claims: claims(func(c *jwt.RegisteredClaims) { c.Issuer, c.Subject = "x", "x" }), scope: scope, refusal: "invalid_client"},
		"scope not had":  {signer: rs, kid: "rsa", claims: claims(nil), scope: "okta.apps.read", refusal: "invalid_scope"},
		"no scope":       {signer: rs, kid: "rsa", claims: claims(nil), refusal: "invalid_scope"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			token := jwt.NewWithClaims(tt.signer.method, tt.claims)
			token.Header["kid"] = tt.kid
			assertion, err := token.SignedString(tt.signer.key)
			if err != nil {
				t.Fatal(err)
			}
			form := url.Values{
				"grant_type": {"client_credentials"}, "scope": {tt.scope}, "client_assertion": {assertion},
				"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
			}
			target := endpoint
			if tt.inQuery {
				target, form = endpoint+"?"+form.Encode(), url.Values{}
			}
			status, body := postForm(t, http.DefaultClient, target, form)
			if tt.refusal != "" {
				if status < 400 || body["error"] != tt.refusal || body["error_description"] == "" {
					t.Errorf("got %d %v, want %s", status, body, tt.refusal)
				}
				return
			}
			access, _ := body["access_token"].(string)
			if status != http.StatusOK || body["token_type"] != "Bearer" || body["scope"] != tt.scope {
				t.Fatalf("got %d %v", status, body)
			}
			if status, _, raw := oktaGet(t, sim.IDP.OktaOrgURL+"/api/v1/users", "Bearer "+access); status != http.StatusOK {
				t.Errorf("users: %d %s", status, raw)
			}
			wantGroups := map[bool]int{true: 200, false: 403}[slices.Contains(strings.Fields(tt.scope), "okta.groups.read")]
			if status, _, raw := oktaGet(t, sim.IDP.OktaOrgURL+"/api/v1/groups", "Bearer "+access); status != wantGroups {
				t.Errorf("groups: %d %s, want %d", status, raw, wantGroups)
			}
		})
	}
}

func TestOkta_assertionOnce(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sim := startIDP(t, oktaDirectory(), simulator.Options{Okta: simulator.OktaOptions{Clients: []simulator.OktaClient{{
		ClientID: "0oaService", Scopes: []string{"okta.users.read"}, Keys: map[string]crypto.PublicKey{"k": &key.PublicKey},
	}}}})
	endpoint := sim.IDP.OktaOrgURL + "/oauth2/v1/token"
	token := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.RegisteredClaims{
		Issuer: "0oaService", Subject: "0oaService", Audience: jwt.ClaimStrings{endpoint}, ID: "once",
		ExpiresAt: jwt.NewNumericDate(time.Now().Add(time.Hour)),
	})
	token.Header["kid"] = "k"
	assertion, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{
		"grant_type": {"client_credentials"}, "scope": {"okta.users.read"}, "client_assertion": {assertion},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
	}
	first, _ := postForm(t, http.DefaultClient, endpoint, form)
	second, _ := postForm(t, http.DefaultClient, endpoint, form)
	if first != http.StatusOK || second != http.StatusUnauthorized {
		t.Errorf("an assertion used twice: %d and %d, want 200 and 401", first, second)
	}
	if _, err := simulator.New(simulator.State{}, simulator.Options{Okta: simulator.OktaOptions{Clients: []simulator.OktaClient{{ClientID: "x"}}}}); err == nil {
		t.Error("a client without keys is accepted")
	}
}
