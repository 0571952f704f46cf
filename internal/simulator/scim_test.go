// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

const scimPath = "/api/2.1/accounts/{a}/scim/v2/"

// anyRole is an account that stores any role.
func anyRole() Options {
	return Options{Assumed: Assumed{SCIM: SCIMAssumptions{UnknownRoles: "accepted"}}}
}

const patchSchema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

// scimAccount has users 1 to 4, groups 10 to 13 and service principal 20. The
// built-in credential opens it.
func scimAccount() State {
	return State{
		Account: Account{AccountID: "5a3e0f0a-0000-4000-8000-00000000005c"},
		Users: []User{
			{ID: "1", UserName: "Ann@example.com", DisplayName: "Ann", ExternalID: "ext-1", Active: true,
				Name:   &world.PersonName{GivenName: "Ann", FamilyName: "Example"},
				Emails: []world.Email{{Value: "ann@example.com", Type: "work", Primary: true}},
				Roles:  []Role{{Value: "account_admin"}, {Value: "billing"}}},
			{ID: "2", UserName: "bob@example.com", Active: true},
			{ID: "3", UserName: "cat@example.com"},
			{ID: "4", UserName: "dan@example.com", DisplayName: "Dan", Active: true},
		},
		Groups: []Group{
			{ID: "10", DisplayName: "local", Members: []Member{{Value: "1"}, {Value: "20"}, {Value: "11"}},
				Roles: []Role{{Value: "account_admin"}}},
			{ID: "11", DisplayName: "external", ExternalID: "ext-11", Members: []Member{
				{Value: "1"}, {Value: "2", Source: world.SourceIDP}}},
			{ID: "12", DisplayName: "empty"},
			{ID: "13", DisplayName: "account users", System: true, Members: []Member{{Value: "1"}}},
		},
		ServicePrincipals: []ServicePrincipal{
			{ID: "20", ApplicationID: "0a000000-0000-4000-8000-000000000020", DisplayName: "robot", ExternalID: "ext-20", Active: true},
		},
	}
}

// scimJSON decodes an answer.
func scimJSON(t *testing.T, got httpAnswer) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(got.body), &out); err != nil {
		t.Fatalf("status %d, body %q: %v", got.status, got.body, err)
	}
	return out
}

// scimCall sends a request below the SCIM root. In bodies ' stands for ".
func scimCall(t *testing.T, sim *Running, method, path, body string) httpAnswer {
	t.Helper()
	return call(t, sim, method, scimPath+path, strings.ReplaceAll(body, "'", `"`))
}

// patchOps is a PATCH body around operations; ' stands for ".
func patchOps(ops string) string {
	return "{'schemas':['" + patchSchema + "'],'Operations':[" + ops + "]}"
}

func idsOf(t *testing.T, list map[string]any) string {
	t.Helper()
	resources, ok := list["Resources"].([]any)
	if !ok && list["itemsPerPage"] != float64(0) {
		t.Fatalf("no Resources: %v", list)
	}
	ids := make([]string, 0, len(resources))
	for _, r := range resources {
		m, ok := r.(map[string]any)
		if !ok {
			t.Fatalf("resource %v", r)
		}
		ids = append(ids, fmt.Sprint(m["id"]))
	}
	return strings.Join(ids, " ")
}

func TestSCIMGet(t *testing.T) {
	t.Parallel()
	const a = "5a3e0f0a-0000-4000-8000-00000000005c"
	sim := startTest(t, scimAccount(), Options{})
	aim := startTest(t, scimAccount(), Options{AIM: true})
	user := `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"1","account_id":"` + a + `","userName":"Ann@example.com",
		"externalId":"ext-1","displayName":"Ann","active":true,"name":{"givenName":"Ann","familyName":"Example"},
		"emails":[{"value":"ann@example.com","type":"work","primary":true}],"roles":[{"value":"account_admin"},{"value":"billing"}],
		"groups":[{"value":"10","display":"local","$ref":"Groups/10","type":"direct"},{"value":"11","display":"external","$ref":"Groups/11","type":"direct"},
		{"value":"13","display":"account users","$ref":"Groups/13","type":"direct"}],"meta":{"resourceType":"User"}}`
	group := `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"id":"10","account_id":"` + a + `","displayName":"local",
		"roles":[{"value":"account_admin"}],"members":[
		{"value":"1","display":"Ann","$ref":"Users/1"},
		{"value":"20","display":"robot","$ref":"ServicePrincipals/20"},
		{"value":"11","display":"external","$ref":"Groups/11"}]}`
	for _, tc := range []struct {
		name, path, want string
		sim              *Running
	}{
		{"user", "Users/1", user, sim},
		{"group", "Groups/10", group, sim},
		{"blank attributes", "Users/3?excludedAttributes=account_id,meta,schemas,id",
			`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"3","userName":"cat@example.com","active":false}`, sim},
		{"service principal", "ServicePrincipals/20?excludedAttributes=META,Account_ID,groups",
			`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:ServicePrincipal"],"id":"20","applicationId":"0a000000-0000-4000-8000-000000000020",
			"displayName":"robot","externalId":"ext-20","active":true}`, sim},
		{"attributes", "Users/1?attributes=username,Name.GivenName,%20roles",
			`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"1","userName":"Ann@example.com","name":{"givenName":"Ann"},
			"roles":[{"value":"account_admin"},{"value":"billing"}]}`, sim},
		{"sub-attribute of a list", "Users/1?attributes=emails.value&excludedAttributes=",
			`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"1","emails":[{"value":"ann@example.com"}]}`, sim},
		{"excluded sub-attribute", "Users/1?attributes=emails,active&excludedAttributes=emails.type",
			`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"1","active":true,"emails":[{"value":"ann@example.com","primary":true}]}`, sim},
		{"IdP members without AIM", "Groups/11?attributes=members.value",
			`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"id":"11","members":[{"value":"1"},{"value":"2"}]}`, sim},
		{"IdP members under AIM", "Groups/11?attributes=members.value",
			`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"id":"11","members":[{"value":"1"}]}`, aim},
		{"IdP parents under AIM", "Users/2?attributes=groups,userName",
			`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"2","userName":"bob@example.com"}`, aim},
	} {
		got := scimCall(t, tc.sim, "GET", tc.path, "")
		if got.status != http.StatusOK {
			t.Errorf("%s: status %d: %s", tc.name, got.status, got.body)
			continue
		}
		var want map[string]any
		if err := json.Unmarshal([]byte(tc.want), &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, scimJSON(t, got)); diff != "" {
			t.Errorf("%s:\n%s", tc.name, diff)
		}
	}
}

func TestSCIM_mediaTypes(t *testing.T) {
	t.Parallel()
	sim := startTest(t, scimAccount(), Options{})
	for _, version := range []string{"2.0", "2.1"} {
		for _, tc := range []struct {
			accept, contentType, want string
			status                    int
		}{
			{"", "", "application/json; charset=utf-8", 200},
			{"application/json", "application/json; charset=utf-8", "application/json; charset=utf-8", 200},
			{"application/scim+json", "application/scim+json", "application/scim+json; charset=utf-8", 200},
			{"*/*", "Application/SCIM+JSON", "application/json; charset=utf-8", 200},
			{"application/scim+json", "text/plain", "application/scim+json; charset=utf-8", 415},
			{"application/json", "a/b/c", "application/json; charset=utf-8", 415},
		} {
			h := http.Header{"Accept": {tc.accept}}
			if tc.contentType != "" {
				h.Set("Content-Type", tc.contentType)
			}
			body := strings.ReplaceAll(patchOps("{'op':'replace','path':'active','value':true}"), "'", `"`)
			got, err := tryCall(t, sim, "PATCH", "/api/"+version+"/accounts/{a}/scim/v2/Users/1", body, h)
			if err != nil || got.status != tc.status || got.header.Get("Content-Type") != tc.want {
				t.Errorf("%s %q %q: %v %d %q", version, tc.accept, tc.contentType, err, got.status, got.header.Get("Content-Type"))
			}
		}
	}
}

func TestSCIMList(t *testing.T) {
	t.Parallel()
	sim := startTest(t, scimAccount(), Options{})
	for _, tc := range []struct {
		query, ids         string
		total, start, size int
	}{
		{"Users", "1 2 3 4", 4, 1, 4},
		{"Users?startIndex=2&count=2", "2 3", 4, 2, 2},
		{"Users?startIndex=-3&count=1", "1", 4, 1, 1},
		{"Users?startIndex=0&count=1", "1", 4, 1, 1},
		{"Users?startIndex=5", "", 4, 5, 0},
		{"Users?startIndex=99999999999999999999", "", 4, 9223372036854775807, 0},
		{"Users?count=0", "", 4, 1, 0},
		{"Users?count=-1", "", 4, 1, 0},
		{"Users?count=10000", "1 2 3 4", 4, 1, 4},
		{"Users?filter=userName+eq+%22ANN@example.com%22", "1", 1, 1, 1},
		{"Users?filter=userName+eq+%22nobody%22", "", 0, 1, 0},
		{"Users?filter=userName%20co%20%22example%22&startIndex=3", "3 4", 4, 3, 2},
		{"Users?filter=externalId+eq+%22nothing%22", "1 2 3 4", 4, 1, 4},
		{"Users?sortBy=userName&sortOrder=descending", "4 3 2 1", 4, 1, 4},
		{"Users?sortBy=displayName", "1 4 2 3", 4, 1, 4},
		{"Users?sortBy=displayName&sortOrder=DESCENDING&count=3", "2 3 4", 4, 1, 3},
		{"Users?sortBy=emails.value&count=2", "1 2", 4, 1, 2},
		{"Users?sortBy=active&count=1", "3", 4, 1, 1},
		{"Users?sortBy=shoeSize", "1 2 3 4", 4, 1, 4},
		{"Groups?filter=displayName+eq+%22Local%22", "10", 1, 1, 1},
		{"Groups?filter=displayName+sw+%22e%22+or+displayName+eq+%22local%22", "10 11 12", 3, 1, 3},
		{"ServicePrincipals?filter=applicationId+eq+%220A000000-0000-4000-8000-000000000020%22", "20", 1, 1, 1},
		{"ServicePrincipals?filter=displayName+eq+%22robot%22", "20", 1, 1, 1},
	} {
		got := scimJSON(t, scimCall(t, sim, "GET", tc.query, ""))
		want := map[string]any{
			"schemas": []any{"urn:ietf:params:scim:api:messages:2.0:ListResponse"}, "totalResults": float64(tc.total), "startIndex": float64(tc.start),
			"itemsPerPage": float64(tc.size),
		}
		if tc.size > 0 { // An empty page does not have the key.
			want["Resources"] = got["Resources"]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", tc.query, diff)
		}
		if ids := idsOf(t, got); ids != tc.ids {
			t.Errorf("%s: ids %q, want %q", tc.query, ids, tc.ids)
		}
	}
}

func TestSCIMList_pageCap(t *testing.T) {
	t.Parallel()
	var st State
	for i := range 250 {
		st.Users = append(st.Users, User{ID: fmt.Sprint(1000 + i), UserName: fmt.Sprintf("user%d@example.com", i)})
	}
	sim := startTest(t, st, Options{})
	for _, query := range []string{"Users", "Users?count=101", "Users?filter=userName+sw+%22user%22"} {
		got := scimJSON(t, scimCall(t, sim, "GET", query, ""))
		if got["itemsPerPage"] != float64(100) || got["totalResults"] != float64(250) {
			t.Errorf("%s: %v of %v", query, got["itemsPerPage"], got["totalResults"])
		}
	}
}

func TestSCIMList_groupMembers(t *testing.T) {
	t.Parallel()
	without := startTest(t, scimAccount(), Options{})
	with := startTest(t, scimAccount(), Options{Assumed: Assumed{SCIM: SCIMAssumptions{GroupListMembers: "returned"}}})
	for _, query := range []string{"Groups", "Groups?attributes=members", "Groups?filter=displayName+eq+%22local%22"} {
		if got := scimCall(t, without, "GET", query, ""); strings.Contains(got.body, "members") {
			t.Errorf("%s: %s", query, got.body)
		}
		if got := scimCall(t, with, "GET", query, ""); !strings.Contains(got.body, `"members":[{`) {
			t.Errorf("%s on an old account: %s", query, got.body)
		}
	}
}

func TestSCIMList_refused(t *testing.T) {
	t.Parallel()
	sim := startTest(t, scimAccount(), Options{})
	for query, scimType := range map[string]string{
		"Users?filter=userName":             "invalidFilter",
		"Users?filter=userName+gt+%22a%22":  "invalidFilter",
		"Groups?filter=userName+eq+%22a%22": "invalidFilter",
		"Users?filter=" + strings.Repeat("userName+eq+%22a%22+or+", 100) + "userName+eq+%22a%22": "invalidFilter",
		"Users?startIndex=one":               "invalidValue",
		"Users?count=1.5":                    "invalidValue",
		"Users?sortBy=userName&sortOrder=up": "invalidValue",
	} {
		got := scimCall(t, sim, "GET", query, "")
		body := scimJSON(t, got)
		if got.status != 400 || body["status"] != "400" || body["scimType"] != scimType || body["detail"] == "" {
			t.Errorf("%.60s: %d %s", query, got.status, got.body)
		}
	}
}

// TestSCIMList_shift pages by two while the faults move the list.
func TestSCIMList_shift(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		kind, second string
		total, start float64
	}{
		{FaultShift, "2 3", 5, 3}, {FaultShrink, "4", 3, 3}, {FaultDuplicate, "2 3 4", 4, 2},
	} {
		sim := startTest(t, scimAccount(), Options{Faults: []Fault{{Kind: tc.kind, Path: "/api/*/accounts/*/scim/v2/Users"}}})
		if got := idsOf(t, scimJSON(t, scimCall(t, sim, "GET", "Users?count=2", ""))); got != "1 2" {
			t.Errorf("%s: first page %q", tc.kind, got)
		}
		page := scimJSON(t, scimCall(t, sim, "GET", "Users?count=2&startIndex=3", ""))
		if got := idsOf(t, page); got != tc.second || page["totalResults"] != tc.total || page["startIndex"] != tc.start {
			t.Errorf("%s: %q of %v from %v", tc.kind, got, page["totalResults"], page["startIndex"])
		}
	}
}

// TestSCIM_lag sees the old value once after each write, then the new one.
func TestSCIM_lag(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	sim := startTest(t, scimAccount(), Options{ConsistencyLag: time.Minute, Now: func() time.Time { return at }})
	if got := scimCall(t, sim, "PATCH", "Users/2", patchOps("{'op':'replace','path':'externalId','value':'new'}")); !strings.Contains(got.body, `"new"`) {
		t.Fatalf("PATCH: %s", got.body)
	}
	for i, fresh := range []bool{false, true, false, true} {
		if got := scimCall(t, sim, "GET", "Users/2", ""); strings.Contains(got.body, `"new"`) != fresh {
			t.Errorf("read %d: %s", i, got.body)
		}
	}
	scimCall(t, sim, "DELETE", "Users/1", "")
	if got := scimCall(t, sim, "GET", "Groups/10", ""); !strings.Contains(got.body, `"value":"1"`) {
		t.Errorf("the first read of a group after its member was deleted: %s", got.body)
	}
	if got := idsOf(t, scimJSON(t, scimCall(t, sim, "GET", "Users", ""))); got != "1 2 3 4" {
		t.Errorf("the first list after a deletion: %s", got)
	}
}
