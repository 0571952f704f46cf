// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"errors"
	"testing"

	"github.com/databricks/databricks-sdk-go/apierr"
	"github.com/databricks/databricks-sdk-go/service/iam"
	"github.com/databricks/databricks-sdk-go/service/iamv2"
	"github.com/databricks/databricks-sdk-go/service/settingsv2"
)

// TestSDK_identityTwins: IAM v2 and rule sets on a workspace host, for admins of the workspace,
// whether or not they are admins of the account.
func TestSDK_identityTwins(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	sim := startTest(t, catalogAccount(), Options{})
	api := iamv2.NewWorkspaceIamV2(workspaceSDK(t, sim, 11, "token-401"))
	if groups, err := api.ListGroupsProxyAll(ctx, iamv2.ListGroupsProxyRequest{}); err != nil || len(groups) != 2 {
		t.Errorf("groups: %v %v", groups, err)
	}
	if g, err := api.GetGroupProxy(ctx, iamv2.GetGroupProxyRequest{GroupId: "301"}); err != nil || g.GroupName != "owners" {
		t.Errorf("group: %v %v", g, err)
	}
	if members, err := api.ListDirectGroupMembersProxyAll(ctx, iamv2.ListDirectGroupMembersProxyRequest{GroupId: 301}); err != nil || len(members) != 1 {
		t.Errorf("members: %v %v", members, err)
	}
	if above, err := api.ListTransitiveParentGroupsProxy(ctx, iamv2.ListTransitiveParentGroupsProxyRequest{PrincipalId: 401}); err != nil || len(above.TransitiveParentGroups) != 1 {
		t.Errorf("parents: %v %v", above, err)
	}
	if access, err := api.GetWorkspaceAccessDetailLocal(ctx, iamv2.GetWorkspaceAccessDetailLocalRequest{PrincipalId: 401}); err != nil || access.WorkspaceId != 11 {
		t.Errorf("access: %v %v", access, err)
	}
	if all, err := api.ListWorkspaceAssignmentsProxyAll(ctx, iamv2.ListWorkspaceAssignmentsProxyRequest{}); err != nil || len(all) != 2 {
		t.Errorf("assignments: %v %v", all, err)
	}
	if made, err := api.CreateUserProxy(ctx, iamv2.CreateUserProxyRequest{User: iamv2.User{Username: "new@example.com"}}); err != nil || made.UserId == "" {
		t.Errorf("create: %v %v", made, err)
	}
	rules := iam.NewAccountAccessControlProxy(workspaceSDK(t, sim, 11, "token-401"))
	name := "accounts/" + sim.AccountID + "/groups/301/ruleSets/default"
	set, err := rules.GetRuleSet(ctx, iam.GetRuleSetRequest{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	if after, err := rules.UpdateRuleSet(ctx, iam.UpdateRuleSetRequest{Name: name, RuleSet: iam.RuleSetUpdateRequest{Name: name, Etag: set.Etag,
		GrantRules: []iam.GrantRule{{Role: "roles/group.manager", Principals: []string{"users/user201@example.com"}}}}}); err != nil || len(after.GrantRules) != 1 {
		t.Errorf("rule set: %v %v", after, err)
	}
	user := iamv2.NewWorkspaceIamV2(workspaceSDK(t, sim, 11, "token-402"))
	if _, err := user.GetUserProxy(ctx, iamv2.GetUserProxyRequest{UserId: "201"}); !errors.Is(err, apierr.ErrPermissionDenied) {
		t.Errorf("a user of the workspace: %v", err)
	}
	without := startTest(t, catalogAccount(), Options{NoIAMv2: true})
	if _, err := iamv2.NewWorkspaceIamV2(workspaceSDK(t, without, 11, "token-401")).GetUserProxy(ctx, iamv2.GetUserProxyRequest{UserId: "201"}); !errors.Is(err, apierr.ErrNotFound) {
		t.Errorf("without IAM v2: %v", err)
	}
}

func TestSDK_accountSettings(t *testing.T) {
	t.Parallel()
	sim := startTest(t, smallAccount(), Options{})
	api := settingsv2.NewAccountSettingsV2(sdkOAuth(t, sim))
	if all, err := api.ListAccountSettingsMetadataAll(t.Context(), settingsv2.ListAccountSettingsMetadataRequest{PageSize: 200}); err != nil || len(all) != 0 {
		t.Errorf("settings: %v %v", all, err)
	}
	if _, err := api.GetPublicAccountSetting(t.Context(), settingsv2.GetPublicAccountSettingRequest{Name: "x"}); !errors.Is(err, apierr.ErrNotFound) {
		t.Errorf("a setting: %v", err)
	}
	if _, err := api.ListAccountSettingsMetadataAll(t.Context(), settingsv2.ListAccountSettingsMetadataRequest{PageSize: -1}); !errors.Is(err, apierr.ErrInvalidParameterValue) {
		t.Errorf("a negative page: %v", err)
	}
}
