// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/databricks/databricks-sdk-go/service/iam"
	"github.com/google/go-cmp/cmp"
)

// scimWorkspace is catalogAccount with local groups in workspace 11.
func scimWorkspace() State {
	st := catalogAccount()
	ws := &st.Workspaces[0]
	ws.LocalGroups = []Group{{ID: "7001", DisplayName: "local-team", Members: []Member{{Value: "201"}, {Value: "402"}}}}
	ws.PermissionAssignments[1].Entitlements = []string{"DATABRICKS_SQL_ACCESS", "WORKSPACE_ACCESS"}
	st.Users = append(st.Users, User{ID: "202", UserName: "user202@example.com", Active: true})
	return st
}

func TestSDK_workspaceSCIM(t *testing.T) {
	t.Parallel()
	sim := startTest(t, scimWorkspace(), Options{})
	c := workspaceSDK(t, sim, 11, "token-402")
	groups, err := iam.NewGroupsV2(c).ListAll(t.Context(), iam.ListGroupsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	got := names(groups, func(g iam.Group) string {
		kind := ""
		if g.Meta != nil {
			kind = g.Meta.ResourceType
		}
		return fmt.Sprintf("%s %s %d %v", g.DisplayName, kind, len(g.Members), names(g.Entitlements, func(e iam.ComplexValue) string { return e.Value }))
	})
	want := []string{
		"local-team WorkspaceGroup 2 []",
		"users WorkspaceGroup 2 []", "admins WorkspaceGroup 1 []",
		"owners Group 1 []",
	}
	if len(groups) == len(want) && groups[1].DisplayName == "admins" { // Their ids are in no order that is known.
		want[1], want[2] = want[2], want[1]
	}
	if !slices.IsSorted(names(groups[1:min(3, len(groups))], func(g iam.Group) string { return g.Id })) {
		t.Errorf("the groups of the workspace itself are not in order of their ids")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	users, err := iam.NewUsersV2(c).ListAll(t.Context(), iam.ListUsersRequest{})
	if err != nil || len(users) != 1 || users[0].UserName != "user201@example.com" {
		t.Errorf("users: %v, %v; want the member of the local group only", users, err)
	}
	sps, err := iam.NewServicePrincipalsV2(c).ListAll(t.Context(), iam.ListServicePrincipalsRequest{Filter: `displayName eq "reader"`})
	if err != nil || len(sps) != 1 || len(sps[0].Entitlements) != 2 || len(sps[0].Groups) != 2 {
		t.Errorf("service principals: %+v, %v", sps, err)
	}
	me, err := iam.NewCurrentUser(c).Me(t.Context(), iam.MeRequest{})
	if err != nil || me.UserName != "0a000000-0000-4000-8000-000000000402" || me.Id != "402" {
		t.Errorf("Me: %+v, %v", me, err)
	}
}

func TestWorkspaceSCIM_answers(t *testing.T) {
	t.Parallel()
	sim := startTest(t, scimWorkspace(), Options{})
	hosts, err := sim.WorkspaceHosts()
	if err != nil {
		t.Fatal(err)
	}
	const base = "/api/2.0/preview/scim/v2/"
	for name, tt := range map[string]struct {
		path, token string
		status      int
		contains    string
		lacks       string
	}{
		"local group":              {base + "Groups/7001", "token-402", 200, "WorkspaceGroup", "account_id"},
		"assigned account group":   {base + "Groups/301", "token-402", 200, `"resourceType":"Group"`, "account_admin"},
		"other account group":      {base + "Groups/302", "token-402", 404, `"status":"404"`, ""},
		"roles are not account's":  {base + "ServicePrincipals/401", "token-402", 200, "robot", "account_admin"},
		"unknown user":             {base + "Users/202", "token-402", 404, "not found", ""},
		"projection":               {base + "Groups?attributes=displayName&count=1", "token-402", 200, "displayName", "members"},
		"no members wanted":        {base + "Groups?excludedAttributes=members", "token-402", 200, "local-team", "members"},
		"bad filter":               {base + "Groups?filter=displayName", "token-402", 400, "invalidFilter", ""},
		"second page":              {base + "Groups?startIndex=4&count=5", "token-402", 200, `"itemsPerPage":1`, ""},
		"proxy, workspace admin":   {"/api/2.0/account/scim/v2/Groups", "token-401", 200, "analysts", ""},
		"proxy of one":             {"/api/2.0/account/scim/v2/Groups/302", "token-401", 200, "analysts", ""},
		"proxy, workspace user":    {"/api/2.0/account/scim/v2/Groups", "token-402", 403, "workspace admins", ""},
		"account SCIM is not here": {"/api/2.0/accounts/" + sim.AccountID + "/scim/v2/Groups", "token-401", 404, "ENDPOINT_NOT_FOUND", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := callHost(t, hosts["11"], http.MethodGet, tt.path, "", bearer(tt.token))
			if got.status != tt.status || !strings.Contains(got.body, tt.contains) || tt.lacks != "" && strings.Contains(got.body, tt.lacks) {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
}

func TestWorkspaceSCIM_localGroupsRefused(t *testing.T) {
	t.Parallel()
	for _, g := range []Group{{DisplayName: "no id"}, {ID: "7002"}, {ID: "301", DisplayName: "taken"}} {
		st := scimWorkspace()
		st.Workspaces[0].LocalGroups = append(st.Workspaces[0].LocalGroups, g)
		if _, err := New(st, Options{}); err == nil || !strings.Contains(err.Error(), "workspaces[0].local_groups[1]") {
			t.Errorf("%+v: %v", g, err)
		}
	}
}

func TestSDK_ruleSetUpdate(t *testing.T) {
	t.Parallel()
	st := catalogAccount()
	name := "accounts/" + st.Account.AccountID + "/ruleSets/default"
	st.AccountRoles = []RuleSet{{Name: name, GrantRules: []GrantRule{{Role: "roles/billing.admin", Principals: []string{"groups/analysts"}}}}}
	sim := startTest(t, st, Options{})
	api := iam.NewAccountAccessControl(sdkToken(t, sim))
	before, err := api.GetRuleSet(t.Context(), iam.GetRuleSetRequest{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	update := iam.UpdateRuleSetRequest{Name: name, RuleSet: iam.RuleSetUpdateRequest{Name: name, Etag: before.Etag, GrantRules: []iam.GrantRule{
		{Role: "roles/marketplace.admin", Principals: []string{"groups/analysts", "groups/owners"}},
	}}}
	after, err := api.UpdateRuleSet(t.Context(), update)
	if err != nil || after.Etag == before.Etag || len(after.GrantRules) != 1 {
		t.Fatalf("%+v, %v", after, err)
	}
	if _, err := api.UpdateRuleSet(t.Context(), update); err == nil || !strings.Contains(err.Error(), "etag") {
		t.Errorf("an old etag: %v", err)
	}
	group := "/api/2.1/accounts/{a}/scim/v2/Groups/"
	patch := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"displayName","value":"renamed"}]}`
	if got := call(t, sim, http.MethodPatch, group+"302", patch); got.status != http.StatusOK {
		t.Fatalf("renaming: %s", got.body)
	}
	if got := call(t, sim, http.MethodDelete, group+"301", ""); got.status != http.StatusNoContent {
		t.Fatalf("deleting: %s", got.body)
	}
	raw := call(t, sim, http.MethodGet, "/api/2.0/preview/accounts/{a}/access-control/rule-sets?etag=&name="+name, "")
	var now RuleSet
	if err := json.Unmarshal([]byte(raw.body), &now); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]GrantRule{{Role: "roles/marketplace.admin", Principals: []string{"groups/renamed"}}}, now.GrantRules); diff != "" {
		t.Errorf("rules follow their principals (-want +got):\n%s", diff)
	}
}
