// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// TestGraph_batchURLs: BatchRequestContent of the JavaScript client strips
// scheme and host of a URL, not the version, which Graph takes for a segment.
func TestGraph_batchURLs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		urls, url string
		status    float64
		message   string
	}{
		{"", "/users/" + gid(1, 1), 200, ""},
		{"", "users/" + gid(1, 1), 200, ""},
		{"", "/v1.0/users/" + gid(1, 1), 400, "Resource not found for the segment 'v1.0'."},
		{"", "/beta/users", 400, "Resource not found for the segment 'beta'."},
		{"", "https://graph.microsoft.com/v1.0/users", 400, "Invalid request URL 'https://graph.microsoft.com/v1.0/users': it has to be relative to the version root."},
		{"any", "/v1.0/users/ann%40example.com?$select=id", 200, ""},
		{"any", "/graph/v1.0/users/" + gid(1, 1), 200, ""},
		{"any", "https://graph.microsoft.com/v1.0/users/" + gid(1, 1), 200, ""},
		{"any", "/users/" + gid(1, 1), 200, ""},
		{"any", "/beta/users", 400, "Resource not found for the segment 'beta'."},
	} {
		sim := startIDP(t, smallDirectory(), simulator.Options{Assumed: simulator.Assumed{Graph: simulator.GraphAssumptions{BatchURLs: tt.urls}}})
		_, body := graphPost(t, sim, graphToken(t, sim), "/v1.0/$batch", map[string]any{"requests": []any{
			map[string]any{"id": "1", "method": "GET", "url": tt.url}}})
		part := list(body, "responses")[0]
		inner, _ := part["body"].(map[string]any)
		refusal, _ := inner["error"].(map[string]any)
		message, _ := refusal["message"].(string)
		if part["status"] != tt.status || message != tt.message || tt.status == 200 && inner["id"] != gid(1, 1) {
			t.Errorf("%q %s: %v %q %v, want %v %q", tt.urls, tt.url, part["status"], message, inner["id"], tt.status, tt.message)
		}
		headers, _ := part["headers"].(map[string]any)
		if tt.status == 200 && (headers["OData-Version"] != "4.0" || headers["request-id"] == nil) {
			t.Errorf("%s: headers of the part: %v", tt.url, headers)
		}
	}
}

// TestGraph_notRouted: what Graph says of paths and methods that are not there.
func TestGraph_notRouted(t *testing.T) {
	t.Parallel()
	sim := startIDP(t, smallDirectory(), simulator.Options{})
	token := graphToken(t, sim)
	for _, tt := range []struct {
		method, path, token string
		status              int
		in                  string
	}{
		{"GET", "/v1.0/users/x/calendar/events", token, 400, "segment 'calendar'"},
		{"GET", "/v1.0/users/" + gid(1, 1) + "/memberOf/microsoft.graph.group/x", token, 400, "segment 'x'"},
		{"GET", "/v1.0/v1.0/users", token, 400, "segment 'v1.0'"},
		{"GET", "/v1.0/users/x/calendar", "", 401, "InvalidAuthenticationToken"},
		{"POST", "/v1.0/users", token, 403, "Authorization_RequestDenied"},
		{"PATCH", "/v1.0/users/" + gid(1, 1), token, 403, "Authorization_RequestDenied"},
		{"DELETE", "/v1.0/groups/" + gid(2, 1), token, 403, "Authorization_RequestDenied"},
		{"DELETE", "/v1.0/groups/" + gid(2, 1), "", 401, "InvalidAuthenticationToken"},
		{"PUT", "/v1.0/users", token, 405, "Specified HTTP method is not allowed"},
	} {
		h := http.Header{}
		if tt.token != "" {
			h.Set("Authorization", "Bearer "+tt.token)
		}
		if status, _, raw := send(t, http.DefaultClient, tt.method, sim.IDP.GraphEndpoint+tt.path, h, "{}"); status != tt.status || !strings.Contains(string(raw), tt.in) {
			t.Errorf("%s %s: %d %s, want %d with %s", tt.method, tt.path, status, raw, tt.status, tt.in)
		}
	}
}

// TestGraph_memberOf: what the Azure CLI and the Graph SDKs ask from the side of
// the member. Groups 1 and 2 are in each other; 3 hides its members.
func TestGraph_memberOf(t *testing.T) {
	t.Parallel()
	sim := startIDP(t, smallDirectory(), simulator.Options{})
	all := graphToken(t, sim)
	sim.Server.SetGraphPermissions("User.Read.All", "GroupMember.Read.All")
	some := graphToken(t, sim)
	for _, tt := range []struct {
		token, path string
		want        []string
	}{
		{all, "/users/ann@example.com/memberOf", []string{gid(2, 1), gid(2, 3)}},
		{some, "/users/" + gid(1, 1) + "/memberOf", []string{gid(2, 1)}},
		{all, "/users/" + gid(1, 1) + "/transitiveMemberOf", []string{gid(2, 1), gid(2, 2), gid(2, 3)}},
		{all, "/users/" + gid(1, 1) + "/transitiveMemberOf/microsoft.graph.group?$count=true", []string{gid(2, 1), gid(2, 2), gid(2, 3)}},
		{all, "/users/" + gid(1, 1) + "/memberOf/graph.group?$count=true", []string{gid(2, 1), gid(2, 3)}},
		{all, "/users/" + gid(1, 1) + "/memberOf/graph.directoryRole?$count=true", []string{}},
		{all, "/groups/" + gid(2, 1) + "/members/graph.user?$count=true", []string{gid(1, 1)}},
		{all, "/directory/deletedItems/graph.user", []string{gid(1, 4)}},
		{all, "/groups/" + gid(2, 1) + "/transitiveMemberOf", []string{gid(2, 2)}},
		{all, "/servicePrincipals/" + gid(3, 1) + "/memberOf", []string{gid(2, 1)}},
		{all, "/servicePrincipals/" + gid(3, 2) + "/memberOf", []string{}},
		{all, "/groups/" + gid(2, 1) + "/owners", []string{}},
		{all, "/servicePrincipals/" + gid(3, 1) + "/appRoleAssignedTo", []string{}},
	} {
		status, body := graphGet(t, sim, tt.token, "/v1.0"+tt.path, "ConsistencyLevel", "eventual")
		if got := ids(body); status != http.StatusOK || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %d %v, want %v", tt.path, status, got, tt.want)
		}
	}
	for path, want := range map[string]int{
		"/users/nobody@example.com/memberOf": 404, "/users/ann@example.com/manager": 404, "/groups/x/owners": 400, "/servicePrincipals/" + gid(3, 1) + "/synchronization/jobs": 403,
	} {
		if status, body := graphGet(t, sim, some, "/v1.0"+path); status != want {
			t.Errorf("%s: %d %v, want %d", path, status, body, want)
		}
	}
	sim.Server.SetGraphPermissions("Application.Read.All", "Synchronization.Read.All")
	if status, body := graphGet(t, sim, graphToken(t, sim), "/v1.0/servicePrincipals/"+gid(3, 1)+"/synchronization/jobs"); status != 200 || len(list(body, "value")) != 0 {
		t.Errorf("jobs: %d %v", status, body)
	}
}

func TestGraph_memberGroups(t *testing.T) {
	t.Parallel()
	sim := startIDP(t, smallDirectory(), simulator.Options{})
	token := graphToken(t, sim)
	ask := map[string]any{"securityEnabledOnly": false}
	for _, tt := range []struct {
		path   string
		body   any
		status int
		want   []any
	}{
		{"/users/ann@example.com/getMemberGroups", ask, 200, []any{gid(2, 1), gid(2, 2), gid(2, 3)}},
		{"/directoryObjects/" + gid(1, 1) + "/microsoft.graph.getMemberGroups", map[string]any{"securityEnabledOnly": true}, 200, []any{gid(2, 1), gid(2, 2)}},
		{"/directoryObjects/" + gid(3, 1) + "/checkMemberGroups", map[string]any{"groupIds": []string{gid(2, 2), gid(2, 3)}}, 200, []any{gid(2, 2)}},
		{"/groups/" + gid(2, 1) + "/checkMemberGroups", map[string]any{"groupIds": []string{}}, 400, nil},
		{"/users/nobody@example.com/getMemberGroups", ask, 404, nil},
		{"/directoryObjects/" + gid(9, 9) + "/getMemberGroups", ask, 404, nil},
		{"/users/ann@example.com/getMemberGroups", "x", 400, nil},
	} {
		status, body := graphPost(t, sim, token, "/v1.0"+tt.path, tt.body)
		if got, _ := body["value"].([]any); status != tt.status || !cmp.Equal(got, tt.want) {
			t.Errorf("%s: %d %v, want %d %v", tt.path, status, body, tt.status, tt.want)
		}
	}
}

// TestGraph_select: clients select long lists of properties of a type.
func TestGraph_select(t *testing.T) {
	t.Parallel()
	sim := startIDP(t, smallDirectory(), simulator.Options{})
	token := graphToken(t, sim)
	for _, tt := range []struct {
		path, name string
		want       any
	}{
		{"/users/" + gid(1, 1) + "?$select=id,ageGroup,onPremisesSamAccountName,assignedLicenses,signInActivity,state", "ageGroup", nil},
		{"/users/" + gid(1, 1) + "?$select=assignedlicenses", "assignedLicenses", []any{}},
		{"/groups/" + gid(2, 1) + "?$select=onPremisesNetBiosName,resourceProvisioningOptions", "resourceProvisioningOptions", []any{}},
		{"/servicePrincipals/" + gid(3, 1) + "?$select=appRoles,signInAudience", "appRoles", []any{}},
	} {
		status, body := graphGet(t, sim, token, "/v1.0"+tt.path)
		if got, ok := body[tt.name]; status != http.StatusOK || !ok || !cmp.Equal(got, tt.want) {
			t.Errorf("%s: %d %v", tt.path, status, body)
		}
	}
	_, page := graphGet(t, sim, token, "/v1.0/users?$select=id,mail")
	if context := page["@odata.context"]; context != sim.IDP.GraphEndpoint+"/v1.0/$metadata#users(id,mail)" {
		t.Errorf("the context of a selection: %v", context)
	}
	if status, body := graphGet(t, sim, token, "/v1.0/users/"+gid(1, 1)+"?$select=shoeSize"); status != 400 || errorCode(body) != "BadRequest" {
		t.Errorf("a property that is none: %d %v", status, body)
	}
}
