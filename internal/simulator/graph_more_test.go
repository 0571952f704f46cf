// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

func graphPost(t *testing.T, sim *simulator.Running, token, path string, body any) (int, map[string]any) {
	t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{"Authorization": {"Bearer " + token}, "Content-Type": {"application/json"}}
	status, _, answer := send(t, http.DefaultClient, http.MethodPost, sim.IDP.GraphEndpoint+path, h, string(raw))
	return status, object(t, answer)
}

func TestGraph_permissions(t *testing.T) {
	t.Parallel()
	calls := map[string]string{
		"users": "/v1.0/users", "groups": "/v1.0/groups", "members": "/v1.0/groups/" + gid(2, 1) + "/members", "sps": "/v1.0/servicePrincipals",
		"sp by key": "/v1.0/servicePrincipals(appId='" + gid(4, 1) + "')", "deleted users": "/v1.0/directory/deletedItems/microsoft.graph.user",
		"deleted groups": "/v1.0/directory/deletedItems/microsoft.graph.group", "organization": "/v1.0/organization", "domains": "/v1.0/domains",
	}
	all := slices.Sorted(maps.Keys(calls))
	tests := map[string][]string{
		"none":                           {},
		"User.Read.All":                  {"deleted users", "users"},
		"GroupMember.Read.All":           {"groups", "members"},
		"Group.Read.All":                 {"deleted groups", "groups", "members"},
		"Application.ReadWrite.All":      {"sp by key", "sps"},
		"Directory.Read.All":             all,
		"":                               all,
		"User.Read.All, Domain.Read.All": {"deleted users", "domains", "users"},
	}
	for granted, want := range tests {
		t.Run(granted, func(t *testing.T) {
			t.Parallel()
			sim := startIDP(t, smallDirectory(), simulator.Options{
				Assumed: simulator.Assumed{Graph: simulator.GraphAssumptions{Permissions: granted}},
			})
			token := graphToken(t, sim)
			got := []string{}
			for _, name := range all {
				status, body := graphGet(t, sim, token, calls[name])
				switch {
				case status == http.StatusOK:
					got = append(got, name)
				case status != http.StatusForbidden || errorCode(body) != "Authorization_RequestDenied":
					t.Errorf("%s: got %d %v", name, status, body)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("allowed (-want +got):\n%s", diff)
			}
		})
	}
}

// A grant reaches tokens that are issued afterwards; a type that must not be
// read shows its ids only.
func TestGraph_grantsAndBareRows(t *testing.T) {
	t.Parallel()
	sim := startIDP(t, smallDirectory(), simulator.Options{
		Assumed: simulator.Assumed{Graph: simulator.GraphAssumptions{Permissions: "GroupMember.Read.All", LookupAnyPermission: true}},
	})
	before := graphToken(t, sim)
	_, body := graphGet(t, sim, before, "/beta/groups/"+gid(2, 1)+"/members?$select=id,displayName")
	want := []map[string]any{
		{"@odata.type": "#microsoft.graph.user", "id": gid(1, 1), "displayName": nil},
		{"@odata.type": "#microsoft.graph.group", "id": gid(2, 2), "displayName": "Beta"},
		{"@odata.type": "#microsoft.graph.servicePrincipal", "id": gid(3, 1), "displayName": nil},
	}
	if diff := cmp.Diff(want, list(body, "value")); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	_, body = graphPost(t, sim, before, "/v1.0/directoryObjects/getByIds", map[string]any{"ids": []string{gid(1, 1)}})
	if row := list(body, "value")[0]; row["userPrincipalName"] != nil || row["id"] != gid(1, 1) {
		t.Errorf("getByIds without User.Read.All shows %v", row)
	}
	sim.Server.SetGraphPermissions("User.Read.All", "GroupMember.Read.All")
	if status, _ := graphGet(t, sim, before, "/v1.0/users"); status != http.StatusForbidden {
		t.Errorf("the old token answers %d, want 403", status)
	}
	if status, _ := graphGet(t, sim, graphToken(t, sim), "/v1.0/users"); status != http.StatusOK {
		t.Errorf("a new token answers %d, want 200", status)
	}
}

func TestGraph_hiddenMembership(t *testing.T) {
	t.Parallel()
	path := "/beta/groups/" + gid(2, 3) + "/members"
	for forbidden, want := range map[bool]int{false: http.StatusOK, true: http.StatusForbidden} {
		sim := startIDP(t, smallDirectory(), simulator.Options{Assumed: simulator.Assumed{Graph: simulator.GraphAssumptions{
			Permissions: "Directory.Read.All", HiddenMembersForbidden: forbidden,
		}}})
		status, body := graphGet(t, sim, graphToken(t, sim), path)
		if status != want || len(list(body, "value")) != 0 {
			t.Errorf("forbidden %v: got %d %v, want %d and no members", forbidden, status, body, want)
		}
	}
}

func TestGraph_getByIds(t *testing.T) {
	t.Parallel()
	sim := startIDP(t, smallDirectory(), simulator.Options{})
	token := graphToken(t, sim)
	many := make([]string, 1001)
	for i := range many {
		many[i] = gid(1, i)
	}
	tests := map[string]struct {
		ids, types []string
		status     int
		want       []string
	}{
		"of all types":              {ids: []string{gid(3, 1), gid(1, 1), gid(2, 1)}, status: 200, want: []string{gid(3, 1), gid(1, 1), gid(2, 1)}},
		"unknown ones are missing":  {ids: []string{gid(1, 99), gid(1, 1)}, status: 200, want: []string{gid(1, 1)}},
		"deleted ones are missing":  {ids: []string{gid(1, 4)}, status: 200, want: []string{}},
		"each once":                 {ids: []string{gid(1, 1), gid(1, 1)}, status: 200, want: []string{gid(1, 1)}},
		"types in any case":         {ids: []string{gid(1, 1), gid(2, 1), gid(3, 1)}, types: []string{"USER", "serviceprincipal"}, status: 200, want: []string{gid(1, 1), gid(3, 1)}},
		"1000":                      {ids: many[:1000], status: 200, want: []string{gid(1, 1), gid(1, 2), gid(1, 3)}},
		"1001":                      {ids: many, status: 400, want: []string{}},
		"malformed spoils the call": {ids: []string{gid(1, 1), "x"}, status: 400, want: []string{}},
		"empty":                     {ids: []string{}, status: 400, want: []string{}},
		"unknown type":              {ids: []string{gid(1, 1)}, types: []string{"thing"}, status: 400, want: []string{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			request := map[string]any{"ids": tt.ids}
			if tt.types != nil {
				request["types"] = tt.types
			}
			status, body := graphPost(t, sim, token, "/v1.0/directoryObjects/getByIds?$select=id,accountEnabled", request)
			if status != tt.status {
				t.Fatalf("got %d %v", status, body)
			}
			if diff := cmp.Diff(tt.want, ids(body)); diff != "" {
				t.Errorf("ids (-want +got):\n%s", diff)
			}
			for _, row := range list(body, "value") {
				if _, ok := row["accountEnabled"]; ok && row["@odata.type"] == "#microsoft.graph.user" {
					t.Errorf("$select is honoured: %v", row)
				}
			}
		})
	}
}

func TestGraph_getByIdsInPages(t *testing.T) {
	t.Parallel()
	sim := startIDP(t, smallDirectory(), simulator.Options{Assumed: simulator.Assumed{Graph: simulator.GraphAssumptions{
		LookupPageSize: 2, LookupSelect: true,
	}}})
	token := graphToken(t, sim)
	want := []string{gid(1, 1), gid(1, 2), gid(1, 3), gid(2, 1), gid(3, 1)}
	_, body := graphPost(t, sim, token, "/v1.0/directoryObjects/getByIds?$select=id,accountEnabled", map[string]any{"ids": want})
	if list(body, "value")[1]["accountEnabled"] != false {
		t.Errorf("$select is not honoured: %v", body)
	}
	next, _ := body["@odata.nextLink"].(string)
	rest, pages := crawl(t, token, next)
	if diff := cmp.Diff(want, append(ids(body), rest...)); diff != "" || pages != 2 {
		t.Errorf("%d pages more, want 2 (-want +got):\n%s", pages, diff)
	}
}

func TestGraph_batch(t *testing.T) {
	t.Parallel()
	one := 1
	sim := startIDP(t, smallDirectory(), simulator.Options{Faults: []simulator.Fault{{
		Kind: simulator.FaultStatus, Path: "/graph/v1.0/groups/" + gid(2, 2) + "/members", Status: 429, RetryAfterSeconds: &one, Times: 1,
	}}})
	token := graphToken(t, sim)
	sim.Server.ResetRequests()
	get := func(id, url string) map[string]any { return map[string]any{"id": id, "method": "GET", "url": url} }
	status, body := graphPost(t, sim, token, "/v1.0/$batch", map[string]any{"requests": []any{
		get("1", "/groups/"+gid(2, 1)+"/members?$select=id&$top=1"), get("2", "groups/"+gid(2, 2)+"/members"),
		get("3", "/users/nobody@example.com"), get("4", "/users/ann%40example.com?$select=id"), map[string]any{"id": "5", "method": "POST", "url": "/$batch"},
		get("6", "https://graph.example.net/v1.0/users"),
		map[string]any{"id": "7", "method": "POST", "url": "/directoryObjects/getByIds", "body": map[string]any{"ids": []string{gid(1, 1)}}, "headers": map[string]string{"Content-Type": "application/json"}},
		map[string]any{"id": "8", "method": "GET", "url": "/users", "dependsOn": []string{"3"}},
		get("9", "/users/$count"),
	}})
	if status != http.StatusOK {
		t.Fatalf("got %d %v", status, body)
	}
	got, order := map[string]float64{}, []string{}
	parts := map[string]map[string]any{}
	for _, part := range list(body, "responses") {
		id, _ := part["id"].(string)
		got[id], _ = part["status"].(float64)
		parts[id] = part
		order = append(order, id)
	}
	want := map[string]float64{"1": 200, "2": 429, "3": 404, "4": 200, "5": 400, "6": 400, "7": 200, "8": 424, "9": 400}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
	if slices.IsSorted(order) {
		t.Errorf("the answers come in the order of the requests: %v", order)
	}
	if headers, _ := parts["2"]["headers"].(map[string]any); headers["Retry-After"] != "1" {
		t.Errorf("the throttled part has the headers %v", headers)
	}
	if throttled, _ := parts["2"]["body"].(map[string]any); errorCode(throttled) != "TooManyRequests" {
		t.Errorf("the throttled part is %v", throttled)
	}
	page, _ := parts["1"]["body"].(map[string]any)
	next, _ := page["@odata.nextLink"].(string)
	if rest, _ := crawl(t, token, next); !slices.Equal(append(ids(page), rest...), []string{gid(1, 1), gid(2, 2)}) {
		t.Errorf("the part's page goes on at %q with %v", next, rest)
	}
	if n := sim.Server.Requests().ByRoute["POST /graph/v1.0/$batch"]; n != 1 {
		t.Errorf("the log counts %d batches, want 1: %v", n, sim.Server.Requests().ByRoute)
	}
}

func TestGraph_batchRefusals(t *testing.T) {
	t.Parallel()
	sim := startIDP(t, smallDirectory(), simulator.Options{})
	token := graphToken(t, sim)
	parts := func(n int) []any {
		out := []any{}
		for i := range n {
			out = append(out, map[string]any{"id": fmt.Sprint(i), "method": "GET", "url": "/users"})
		}
		return out
	}
	tests := map[string]struct {
		requests []any
		status   int
	}{
		"20": {parts(20), 200}, "21": {parts(21), 400}, "none": {nil, 400},
		"id twice": {append(parts(1), parts(1)...), 400},
		"no url":   {[]any{map[string]any{"id": "1", "method": "GET"}}, 400},
	}
	for name, tt := range tests {
		if status, body := graphPost(t, sim, token, "/v1.0/$batch", map[string]any{"requests": tt.requests}); status != tt.status {
			t.Errorf("%s: got %d %v, want %d", name, status, body, tt.status)
		}
	}
}

// Small tenants have 3,500 units in ten seconds; a list of users costs 2, every
// part of a batch is charged by itself.
func TestGraph_throttling(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	clock := now
	sim := startIDP(t, smallDirectory(), simulator.Options{RateLimits: "documented", Now: func() time.Time { return clock }})
	token := graphToken(t, sim)
	auth := http.Header{"Authorization": {"Bearer " + token}}
	_, headers, _ := send(t, http.DefaultClient, http.MethodGet, sim.IDP.GraphEndpoint+"/v1.0/users", auth, "")
	if got := headers.Get("x-ms-resource-unit"); got != "2" {
		t.Errorf("a list of users costs %q, want 2", got)
	}
	_, headers, _ = send(t, http.DefaultClient, http.MethodGet, sim.IDP.GraphEndpoint+"/v1.0/groups/"+gid(2, 1)+"/transitiveMembers?$select=id&$top=5", auth, "")
	if got := headers.Get("x-ms-resource-unit"); got != "3" {
		t.Errorf("selected transitive members with a small page cost %q, want 3", got)
	}
	requests := []any{}
	for i := range 20 {
		requests = append(requests, map[string]any{"id": fmt.Sprint(i), "method": "GET", "url": "/groups/" + gid(2, 1) + "/transitiveMembers"})
	}
	refused := false
	for range 40 { // 100 units each: 35 are too many.
		_, body := graphPost(t, sim, token, "/v1.0/$batch", map[string]any{"requests": requests})
		for _, part := range list(body, "responses") {
			refused = refused || part["status"] == 429.0
		}
	}
	status, headers, raw := send(t, http.DefaultClient, http.MethodGet, sim.IDP.GraphEndpoint+"/v1.0/groups/"+gid(2, 1)+"/transitiveMembers", auth, "")
	if !refused || status != http.StatusTooManyRequests || !strings.Contains(string(raw), "TooManyRequests") {
		t.Fatalf("after the quota: refused %v, %d %s", refused, status, raw)
	}
	for _, name := range []string{"Retry-After", "x-ms-throttle-scope", "x-ms-throttle-information", "x-ms-throttle-limit-percentage"} {
		if headers.Get(name) == "" {
			t.Errorf("%s is missing in %v", name, headers)
		}
	}
	clock = now.Add(10 * time.Second)
	if status, _ := graphGet(t, sim, token, "/v1.0/users"); status != http.StatusOK {
		t.Errorf("ten seconds later: %d", status)
	}
}

func TestGraph_faultsHaveItsShape(t *testing.T) {
	t.Parallel()
	sim := startIDP(t, smallDirectory(), simulator.Options{Faults: []simulator.Fault{
		{Kind: simulator.FaultStatus, Path: "/graph/v1.0/users", Status: 503, Times: 1},
		{Kind: simulator.FaultExpiredToken, Path: "/graph/v1.0/users", Times: 1},
		{Kind: simulator.FaultStatus, Path: "/graph/v1.0/groups", Status: 403, Times: 1},
	}})
	token := graphToken(t, sim)
	for _, tt := range []struct {
		path, code string
	}{
		{"/v1.0/users", "ServiceUnavailable"},
		{"/v1.0/users", "InvalidAuthenticationToken"},
		{"/v1.0/groups", "Authorization_RequestDenied"},
	} {
		if status, body := graphGet(t, sim, token, tt.path); status < 400 || errorCode(body) != tt.code {
			t.Errorf("%s: got %d %v, want %s", tt.path, status, body, tt.code)
		}
	}
}
