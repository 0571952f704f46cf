// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/databricks/databricks-sdk-go/apierr"
	"github.com/databricks/databricks-sdk-go/client"
	"github.com/databricks/databricks-sdk-go/service/iam"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// tfSCIM sends account SCIM requests as the Databricks Terraform provider does:
// through the SDK's raw client, as application/scim+json, with its own query
// strings. The bodies of these tests are those that its resources send.
type tfSCIM struct {
	*client.DatabricksClient
	ctx  context.Context
	base string
}

func newTFSCIM(t *testing.T, sim *Running) tfSCIM {
	t.Helper()
	return tfSCIM{sdkOAuth(t, sim), t.Context(), "/api/2.0/accounts/" + sim.AccountID + "/scim/v2/"}
}

func (c tfSCIM) call(method, path string, body any) (map[string]any, error) {
	var out map[string]any
	err := c.Do(c.ctx, method, c.base+path, map[string]string{"Content-Type": "application/scim+json; charset=utf-8"}, nil, body, &out)
	return out, err
}

func (c tfSCIM) must(t *testing.T, method, path string, body any) map[string]any {
	t.Helper()
	out, err := c.call(method, path, body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return out
}

type anyMap = map[string]any

func tfPatch(op, path string, value any) anyMap {
	operation := anyMap{"op": op, "path": path}
	if value != nil {
		operation["value"] = value
	}
	return anyMap{"schemas": []string{patchSchema}, "Operations": []anyMap{operation}}
}

// tfDisable is what destroys users and service principals of an account by default.
var tfDisable = tfPatch("replace", "active", []anyMap{{"value": "false"}})

// TestTerraformUser: create, read, update and destroy of databricks_user.
func TestTerraformUser(t *testing.T) {
	t.Parallel()
	c := newTFSCIM(t, startTest(t, scimAccount(), Options{}))
	const read = "?attributes=userName,displayName,active,externalId,entitlements"
	made := c.must(t, "POST", "Users", anyMap{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": "Tf@example.com", "displayName": "TF",
		"active": true, "entitlements": []anyMap{{}}})
	path, _ := made["id"].(string)
	path = "Users/" + path
	c.must(t, "PATCH", path, tfPatch("add", "roles", []anyMap{{"value": "account_admin"}}))
	held := c.must(t, "GET", path+"?attributes=groups,roles", nil)
	c.must(t, "PUT", path, anyMap{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": "Tf@example.com", "displayName": "TF 2",
		"active": true, "entitlements": []anyMap{{}}, "roles": held["roles"], "externalId": "e-1"})
	got := c.must(t, "GET", path+read, nil)
	if got["displayName"] != "TF 2" || got["externalId"] != "e-1" || got["active"] != true || got["roles"] != nil {
		t.Errorf("after the update: %v", got)
	}
	if roles := c.must(t, "GET", path, nil)["roles"]; roles == nil {
		t.Error("the update lost the roles that it sent back")
	}
	c.must(t, "PATCH", path, tfDisable)
	if got := c.must(t, "GET", path+read, nil); got["active"] != false {
		t.Errorf("destroyed: %v", got)
	}
}

// TestTerraformForce: force = true takes over what exists, if the error begins
// with the wording, in any case, and finds it by a filter.
func TestTerraformForce(t *testing.T) {
	t.Parallel()
	sim := startTest(t, scimAccount(), Options{})
	c := newTFSCIM(t, sim)
	const app = "0a000000-0000-4000-8000-000000000020"
	for _, tc := range []struct {
		path   string
		body   anyMap
		begins string
		filter string
	}{
		{"Users", anyMap{"userName": "ann@example.com"}, "user with email ann@example.com already exists in this account", `userName eq "ann@example.com"`},
		{"Groups", anyMap{"displayName": "local"}, "group with name local already exists.", `displayName eq "local"`},
		{"ServicePrincipals", anyMap{"applicationId": app}, "service principal with application id " + app + " already exists.", `applicationId eq '` + app + `'`},
	} {
		_, err := c.call("POST", tc.path, tc.body)
		if err == nil || !strings.HasPrefix(strings.ToLower(err.Error()), tc.begins) || !errors.Is(err, apierr.ErrResourceConflict) {
			t.Errorf("%s: %v, want a conflict that begins with %q", tc.path, err, tc.begins)
		}
		found := c.must(t, "GET", tc.path+"?excludedAttributes=roles&filter="+url.QueryEscape(tc.filter), nil)
		if list, _ := found["Resources"].([]any); len(list) != 1 {
			t.Errorf("%s: %d found by %s", tc.path, len(list), tc.filter)
		}
	}
	rfc := newTFSCIM(t, startTest(t, scimAccount(), Options{Assumed: Assumed{SCIM: SCIMAssumptions{ConflictType: "uniqueness"}}}))
	if _, err := rfc.call("POST", "Users", anyMap{"userName": "ann@example.com"}); err == nil || !strings.HasPrefix(err.Error(), "uniqueness ") {
		t.Errorf("with scim.conflict_type=uniqueness: %v", err)
	}
}

// TestTerraformGroup: databricks_group, _group_member, _group_role and
// databricks_service_principal, and what their deletion leaves.
func TestTerraformGroup(t *testing.T) {
	t.Parallel()
	c := newTFSCIM(t, startTest(t, scimAccount(), Options{}))
	id, _ := c.must(t, "POST", "Groups", anyMap{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}, "displayName": "tf", "entitlements": []anyMap{{}}})["id"].(string)
	sp, _ := c.must(t, "POST", "ServicePrincipals", anyMap{"displayName": "tf", "active": true, "entitlements": []anyMap{{}}})["id"].(string)
	path := "Groups/" + id
	c.must(t, "PATCH", path, tfPatch("add", "members", []anyMap{{"value": sp}}))
	c.must(t, "PATCH", path, tfPatch("add", "roles", []anyMap{{"value": "account_admin"}}))
	held := c.must(t, "GET", path+"?attributes=displayName,entitlements,groups,members,externalId", nil)
	if members, _ := held["members"].([]any); len(members) != 1 {
		t.Fatalf("members: %v", held)
	}
	c.must(t, "PUT", path, anyMap{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}, "displayName": "tf 2", "members": held["members"], "entitlements": []anyMap{{}}})
	got := c.must(t, "GET", path, nil)
	if got["displayName"] != "tf 2" || got["members"] == nil || got["roles"] != nil {
		t.Errorf("a rename keeps the members that it sends and loses the roles that it does not (TF #4516): %v", got)
	}
	c.must(t, "PATCH", path, tfPatch("remove", `members[value eq "`+sp+`"]`, nil))
	if got := c.must(t, "GET", path+"?attributes=members", nil); got["members"] != nil {
		t.Errorf("the member is still there: %v", got)
	}
	c.must(t, "PATCH", "ServicePrincipals/"+sp, tfDisable)
	if got := c.must(t, "GET", "ServicePrincipals/"+sp, nil); got["active"] != false {
		t.Errorf("destroyed: %v", got)
	}
	c.must(t, "DELETE", path, nil)
	if _, err := c.call("GET", path, nil); !errors.Is(err, apierr.ErrNotFound) {
		t.Errorf("deleted: %v", err)
	}
}

// TestTerraformAccess: databricks_mws_permission_assignment and
// databricks_access_control_rule_set.
func TestTerraformAccess(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	sim := startTest(t, smallAccount(), Options{})
	c := sdkOAuth(t, sim)
	workspace := sim.firstFederated(t)
	assignments := iam.NewWorkspaceAssignment(c)
	if _, err := assignments.Update(ctx, iam.UpdateWorkspaceAssignments{WorkspaceId: workspace, PrincipalId: 201,
		Permissions: []iam.WorkspacePermission{iam.WorkspacePermissionUser}}); err != nil {
		t.Fatal(err)
	}
	if err := assignments.DeleteByWorkspaceIdAndPrincipalId(ctx, workspace, 201); err != nil {
		t.Error(err)
	}
	if err := assignments.DeleteByWorkspaceIdAndPrincipalId(ctx, workspace, 201); !errors.Is(err, apierr.ErrNotFound) {
		t.Errorf("a second delete: %v", err)
	}
	rules := iam.NewAccountAccessControl(c)
	name := "accounts/" + sim.AccountID + "/groups/301/ruleSets/default"
	write := func(etag string, grants ...iam.GrantRule) (*iam.RuleSetResponse, error) {
		return rules.UpdateRuleSet(ctx, iam.UpdateRuleSetRequest{Name: name, RuleSet: iam.RuleSetUpdateRequest{Name: name, Etag: etag, GrantRules: grants}})
	}
	before, err := rules.GetRuleSet(ctx, iam.GetRuleSetRequest{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	grant := iam.GrantRule{Role: "roles/group.manager", Principals: []string{"users/user201@example.com"}}
	after, err := write(before.Etag, grant)
	if err != nil || len(after.GrantRules) != 1 || after.Etag == before.Etag {
		t.Fatalf("%v %v", after, err)
	}
	var refused *apierr.APIError
	if _, err := write(before.Etag, grant); !errors.As(err, &refused) || refused.StatusCode != http.StatusConflict || refused.ErrorCode != "RESOURCE_CONFLICT" {
		t.Errorf("with an old etag: %v", err)
	}
	for code, wrong := range map[string]iam.GrantRule{
		"INVALID_PARAMETER_VALUE": {Role: "roles/group.manger", Principals: grant.Principals},
		"RESOURCE_DOES_NOT_EXIST": {Role: "roles/group.manager", Principals: []string{"groups/"}},
	} {
		if _, err := write(after.Etag, wrong); !errors.As(err, &refused) || refused.ErrorCode != code {
			t.Errorf("%v: %v, want %s", wrong, err, code)
		}
	}
	if emptied, err := write(after.Etag); err != nil || len(emptied.GrantRules) != 0 {
		t.Errorf("emptied: %v %v", emptied, err)
	}
	if roles, err := rules.GetAssignableRolesForResource(ctx, iam.GetAssignableRolesForResourceRequest{Resource: "accounts/" + sim.AccountID + "/groups/301"}); err != nil || len(roles.Roles) != 2 {
		t.Errorf("assignable: %v %v", roles, err)
	}
}

// firstFederated is a workspace that takes permission assignments.
func (r *Running) firstFederated(t *testing.T) (id int64) {
	t.Helper()
	r.Server.store.View(func(w *world.World) {
		for _, ws := range w.Workspaces {
			if id == 0 && ws.FederationInfo != nil && ws.FederationInfo.EnableIdentityFederation {
				id = ws.WorkspaceID
			}
		}
	})
	if id == 0 {
		t.Fatal("no workspace has identity federation")
	}
	return id
}
