// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/databricks/databricks-sdk-go/apierr"
	"github.com/databricks/databricks-sdk-go/client"
	"github.com/databricks/databricks-sdk-go/common/types/fieldmask"
	"github.com/databricks/databricks-sdk-go/config"
	"github.com/databricks/databricks-sdk-go/service/iamv2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// identityClient is the SDK's account service on a simulator, away from this
// machine's environment and profile.
func identityClient(t *testing.T, p *peer) *iamv2.AccountIamV2API {
	t.Helper()
	c, err := client.New(&config.Config{
		Host: p.URL, AccountID: p.AccountID, ClientID: p.ClientID, ClientSecret: p.ClientSecret,
		AuthType: "oauth-m2m", Loaders: []config.Loader{config.ConfigAttributes}, RateLimitPerSecond: 10000,
	})
	if err != nil {
		t.Fatalf("client.New: %v", err)
	}
	return iamv2.NewAccountIamV2(c)
}

// wantAPIError checks status and code of an SDK error.
func wantAPIError(t *testing.T, what string, err error, status int, code string) {
	t.Helper()
	var apiErr *apierr.APIError
	if !errors.As(err, &apiErr) || apiErr.StatusCode != status || apiErr.ErrorCode != code {
		t.Errorf("%s: got %v, want %d %s", what, err, status, code)
	}
}

func number(t *testing.T, id string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

var ignoreSent = cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".ForceSendFields" }, cmp.Ignore())

func TestIdentity_sdkUsers(t *testing.T) {
	t.Parallel()
	p := startPeer(t, mustPreset(t, "empty"), Options{})
	api, ctx := identityClient(t, p), t.Context()
	u := must[*iamv2.User](t)(api.CreateUser(ctx, iamv2.CreateUserRequest{User: iamv2.User{
		Username: "user01@example.com", ExternalId: "one", FullName: iamv2.UserFullName{GivenName: "A", FamilyName: "B"},
	}}))
	want := iamv2.User{
		UserId: u.UserId, AccountId: p.AccountID, Username: "user01@example.com", ExternalId: "one",
		AccountUserStatus: iamv2.StateActive, FullName: iamv2.UserFullName{GivenName: "A", FamilyName: "B"},
	}
	if diff := cmp.Diff(want, *u, ignoreSent); diff != "" {
		t.Errorf("created (-want +got):\n%s", diff)
	}
	_, err := api.CreateUser(ctx, iamv2.CreateUserRequest{User: iamv2.User{Username: "USER01@example.com"}})
	wantAPIError(t, "a taken name", err, 409, "ALREADY_EXISTS")
	_, err = api.CreateUser(ctx, iamv2.CreateUserRequest{})
	wantAPIError(t, "no name", err, 400, "INVALID_PARAMETER_VALUE")

	// The SDK always sends username and status; only the mask decides.
	u = must[*iamv2.User](t)(api.UpdateUser(ctx, iamv2.UpdateUserRequest{
		UserId: u.UserId, UpdateMask: "external_id", User: iamv2.User{Username: "other", ExternalId: "two"},
	}))
	want.ExternalId = "two"
	if diff := cmp.Diff(want, *u, ignoreSent); diff != "" {
		t.Errorf("updated by mask (-want +got):\n%s", diff)
	}
	u = must[*iamv2.User](t)(api.UpdateUser(ctx, iamv2.UpdateUserRequest{
		UserId: u.UserId, UpdateMask: "external_id", User: iamv2.User{ForceSendFields: []string{"ExternalId"}},
	}))
	if u.ExternalId != "two" {
		t.Errorf("clearing a user's external_id took effect: %q", u.ExternalId)
	}
	u = must[*iamv2.User](t)(api.UpdateUser(ctx, iamv2.UpdateUserRequest{
		UserId: u.UserId, UpdateMask: "account_user_status,full_name.given_name",
		User: iamv2.User{AccountUserStatus: iamv2.StateInactive, FullName: iamv2.UserFullName{GivenName: "C"}},
	}))
	want.AccountUserStatus, want.FullName = iamv2.StateInactive, iamv2.UserFullName{GivenName: "C", FamilyName: "B"}
	if diff := cmp.Diff(want, *u, ignoreSent); diff != "" {
		t.Errorf("two paths (-want +got):\n%s", diff)
	}
	for _, mask := range []string{"", "username", "external_id,nonsense"} {
		_, err = api.UpdateUser(ctx, iamv2.UpdateUserRequest{UserId: u.UserId, UpdateMask: mask, User: iamv2.User{ExternalId: "x"}})
		wantAPIError(t, "mask "+mask, err, 400, "INVALID_PARAMETER_VALUE")
	}
	if err := api.DeleteUser(ctx, iamv2.DeleteUserRequest{UserId: u.UserId}); err != nil {
		t.Error(err)
	}
	_, err = api.GetUser(ctx, iamv2.GetUserRequest{UserId: u.UserId})
	wantAPIError(t, "a deleted user", err, 404, "RESOURCE_DOES_NOT_EXIST")
	if err := api.DeleteUser(ctx, iamv2.DeleteUserRequest{UserId: u.UserId}); err == nil {
		t.Error("deleting twice succeeded")
	}
}

func TestIdentity_sdkGroupsAndServicePrincipals(t *testing.T) {
	t.Parallel()
	p := startPeer(t, mustPreset(t, "empty"), Options{Assumed: Assumed{Identity: IdentityAssumptions{ExternalIDCollision: "refused"}}})
	api, ctx := identityClient(t, p), t.Context()
	g := must[*iamv2.Group](t)(api.CreateGroup(ctx, iamv2.CreateGroupRequest{Group: iamv2.Group{GroupName: "team", ExternalId: "g1"}}))
	g = must[*iamv2.Group](t)(api.UpdateGroup(ctx, iamv2.UpdateGroupRequest{
		GroupId: g.GroupId, UpdateMask: "external_id,group_name",
		Group: iamv2.Group{GroupName: "crew", ForceSendFields: []string{"ExternalId"}},
	}))
	want := iamv2.Group{GroupId: g.GroupId, AccountId: p.AccountID, GroupName: "crew"}
	if diff := cmp.Diff(want, *must[*iamv2.Group](t)(api.GetGroup(ctx, iamv2.GetGroupRequest{GroupId: g.GroupId})), ignoreSent); diff != "" {
		t.Errorf("a group's external_id can be cleared (-want +got):\n%s", diff)
	}
	must[*iamv2.Group](t)(api.CreateGroup(ctx, iamv2.CreateGroupRequest{Group: iamv2.Group{GroupName: "team", ExternalId: "g1"}}))
	_, err := api.UpdateGroup(ctx, iamv2.UpdateGroupRequest{GroupId: g.GroupId, UpdateMask: "group_name", Group: iamv2.Group{GroupName: "TEAM"}})
	wantAPIError(t, "a taken group name", err, 409, "ALREADY_EXISTS")
	_, err = api.UpdateGroup(ctx, iamv2.UpdateGroupRequest{GroupId: g.GroupId, UpdateMask: "external_id", Group: iamv2.Group{ExternalId: "G1"}})
	wantAPIError(t, "a taken external_id, switched to reject", err, 409, "ALREADY_EXISTS")
	if err := api.DeleteGroup(ctx, iamv2.DeleteGroupRequest{GroupId: g.GroupId}); err != nil {
		t.Error(err)
	}

	sp := must[*iamv2.ServicePrincipal](t)(api.CreateServicePrincipal(ctx, iamv2.CreateServicePrincipalRequest{
		ServicePrincipal: iamv2.ServicePrincipal{DisplayName: "job"}}))
	if len(sp.ApplicationId) != 36 || sp.AccountSpStatus != iamv2.StateActive {
		t.Errorf("created %+v", sp)
	}
	sp = must[*iamv2.ServicePrincipal](t)(api.UpdateServicePrincipal(ctx, iamv2.UpdateServicePrincipalRequest{
		ServicePrincipalId: sp.ServicePrincipalId, UpdateMask: "display_name,account_sp_status",
		ServicePrincipal: iamv2.ServicePrincipal{DisplayName: "job 2", AccountSpStatus: iamv2.StateInactive},
	}))
	got := must[*iamv2.ServicePrincipal](t)(api.GetServicePrincipal(ctx, iamv2.GetServicePrincipalRequest{ServicePrincipalId: sp.ServicePrincipalId}))
	if got.DisplayName != "job 2" || got.AccountSpStatus != iamv2.StateInactive {
		t.Errorf("read %+v", got)
	}
	if err := api.DeleteServicePrincipal(ctx, iamv2.DeleteServicePrincipalRequest{ServicePrincipalId: sp.ServicePrincipalId}); err != nil {
		t.Error(err)
	}
}

func TestIdentity_sdkListsWholeAccount(t *testing.T) {
	t.Parallel()
	st := mustPreset(t, "field-scan")
	p := startPeer(t, st, Options{})
	api, ctx := identityClient(t, p), t.Context()
	users, groups, sps := principalIDs(st)
	for _, size := range []int{0, 100, 5000} {
		p.Server.ResetRequests()
		var got []string
		for _, u := range must[[]iamv2.User](t)(api.ListUsersAll(ctx, iamv2.ListUsersRequest{PageSize: size})) {
			got = append(got, u.UserId)
		}
		if !slices.Equal(got, users) {
			t.Errorf("page size %d: %d users, not the %d of the state in order", size, len(got), len(users))
		}
		want := map[int]int{0: 3, 100: 26, 5000: 3}[size]
		route := "GET /api/2.0/identity/accounts/{account_id}/users"
		if n := p.Server.Requests().ByRoute[route]; n != want {
			t.Errorf("page size %d: %d requests, want %d", size, n, want)
		}
	}
	if n := len(must[[]iamv2.Group](t)(api.ListGroupsAll(ctx, iamv2.ListGroupsRequest{}))); n != len(groups) {
		t.Errorf("%d groups, want %d", n, len(groups))
	}
	if n := len(must[[]iamv2.ServicePrincipal](t)(api.ListServicePrincipalsAll(ctx, iamv2.ListServicePrincipalsRequest{}))); n != len(sps) {
		t.Errorf("%d service principals, want %d", n, len(sps))
	}
}

func TestIdentity_sdkMembersAndParents(t *testing.T) {
	t.Parallel()
	st := mustPreset(t, "demo")
	p := startPeer(t, st, Options{})
	api, ctx := identityClient(t, p), t.Context()
	b := lookup{st}
	engineers, engineersExternal := b.principal(world.KindGroup, "data-engineers")
	consumers, consumersExternal := b.principal(world.KindGroup, "bi-consumers")
	legacy, _ := b.principal(world.KindGroup, "legacy-etl-users")
	source, sourceExternal := b.both("user31@example.com")

	var names []string
	for _, size := range []int{0, 1} {
		names = nil
		for _, m := range must[[]iamv2.DirectGroupMember](t)(api.ListDirectGroupMembersAll(ctx,
			iamv2.ListDirectGroupMembersRequest{GroupId: number(t, engineers), PageSize: size})) {
			names = append(names, fmt.Sprint(m.PrincipalType, " ", m.DisplayName, " ", m.MembershipSource))
		}
		want := []string{"USER user31 INTERNAL", "USER user33 INTERNAL", "SERVICE_PRINCIPAL nightly-export INTERNAL"}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Errorf("members, page size %d (-want +got):\n%s", size, diff)
		}
	}
	m := must[*iamv2.DirectGroupMember](t)(api.GetDirectGroupMember(ctx,
		iamv2.GetDirectGroupMemberRequest{GroupId: number(t, engineers), PrincipalId: number(t, source)}))
	wantMember := iamv2.DirectGroupMember{
		PrincipalId: number(t, source), PrincipalType: iamv2.PrincipalTypeUser, DisplayName: "user31",
		ExternalId: sourceExternal, MembershipSource: iamv2.GroupMembershipSourceInternal, GroupId: number(t, engineers),
	}
	if diff := cmp.Diff(wantMember, *m, ignoreSent); diff != "" {
		t.Errorf("member (-want +got):\n%s", diff)
	}

	parents := must[*iamv2.ListTransitiveParentGroupsResponse](t)(api.ListTransitiveParentGroups(ctx,
		iamv2.ListTransitiveParentGroupsRequest{PrincipalId: number(t, source)}))
	got := map[string]string{}
	for _, g := range parents.TransitiveParentGroups {
		got[g.GroupId] = g.ExternalId
	}
	if got[engineers] != engineersExternal || got[consumers] != consumersExternal || len(got) != 8 {
		t.Errorf("parents of the clone's source: %v", got)
	}

	add := iamv2.CreateDirectGroupMemberRequest{
		GroupId: number(t, legacy), DirectGroupMember: iamv2.DirectGroupMember{PrincipalId: number(t, source)}}
	must[*iamv2.DirectGroupMember](t)(api.CreateDirectGroupMember(ctx, add))
	_, err := api.CreateDirectGroupMember(ctx, add)
	wantAPIError(t, "adding twice", err, 409, "ALREADY_EXISTS")
	add.DirectGroupMember.PrincipalId = 42
	_, err = api.CreateDirectGroupMember(ctx, add)
	wantAPIError(t, "an unknown member", err, 404, "RESOURCE_DOES_NOT_EXIST")
	remove := iamv2.DeleteDirectGroupMemberRequest{GroupId: number(t, legacy), PrincipalId: number(t, source)}
	if err := api.DeleteDirectGroupMember(ctx, remove); err != nil {
		t.Error(err)
	}
	wantAPIError(t, "removing twice", api.DeleteDirectGroupMember(ctx, remove), 404, "RESOURCE_DOES_NOT_EXIST")
	if after := must[State](t)(p.Server.State()); mustJSON(t, after) != mustJSON(t, st) {
		t.Error("adding and removing a member left something behind")
	}
}

func TestIdentity_sdkWorkspaces(t *testing.T) {
	t.Parallel()
	st := mustPreset(t, "demo")
	p := startPeer(t, st, Options{})
	api, ctx := identityClient(t, p), t.Context()
	const prod, legacy = 7000000000000001, 7000000000000004
	b := lookup{st}
	source := number(t, idOf(b.both("user31@example.com")))
	target := number(t, idOf(b.both("user32@example.com")))

	access := must[*iamv2.WorkspaceAccessDetail](t)(api.GetWorkspaceAccessDetail(ctx, iamv2.GetWorkspaceAccessDetailRequest{
		WorkspaceId: prod, PrincipalId: source, View: iamv2.WorkspaceAccessDetailViewFull}))
	want := iamv2.WorkspaceAccessDetail{
		AccessType: iamv2.WorkspaceAccessDetailAccessTypeIndirect, AccountId: p.AccountID, PrincipalId: source, WorkspaceId: prod,
		PrincipalType: iamv2.PrincipalTypeUser, Status: iamv2.StateActive,
		Permissions: []iamv2.WorkspacePermission{iamv2.WorkspacePermissionAdminPermission, iamv2.WorkspacePermissionUserPermission},
	}
	if diff := cmp.Diff(want, *access, ignoreSent); diff != "" {
		t.Errorf("access through groups (-want +got):\n%s", diff)
	}
	_, err := api.GetWorkspaceAccessDetail(ctx, iamv2.GetWorkspaceAccessDetailRequest{WorkspaceId: prod, PrincipalId: target})
	wantAPIError(t, "no access", err, 404, "RESOURCE_DOES_NOT_EXIST")
	_, err = api.ListWorkspaceAssignmentsAll(ctx, iamv2.ListWorkspaceAssignmentsRequest{WorkspaceId: legacy})
	wantAPIError(t, "no federation", err, 400, "INVALID_PARAMETER_VALUE")

	sql := []iamv2.Entitlement{iamv2.EntitlementDatabricksSqlAccess}
	created := must[*iamv2.WorkspaceAssignment](t)(api.CreateWorkspaceAssignment(ctx, iamv2.CreateWorkspaceAssignmentRequest{
		WorkspaceId: prod, WorkspaceAssignment: iamv2.WorkspaceAssignment{PrincipalId: target, Entitlements: sql}}))
	if diff := cmp.Diff(sql, created.Entitlements); diff != "" {
		t.Errorf("created (-want +got):\n%s", diff)
	}
	for _, a := range must[[]iamv2.WorkspaceAssignment](t)(api.ListWorkspaceAssignmentsAll(ctx,
		iamv2.ListWorkspaceAssignmentsRequest{WorkspaceId: prod, PageSize: 2})) {
		if len(a.Entitlements)+len(a.EffectiveEntitlements) > 0 {
			t.Errorf("a list shows entitlements: %+v", a)
		}
	}
	admin := []iamv2.Entitlement{iamv2.EntitlementWorkspaceAdmin}
	must[*iamv2.WorkspaceAssignment](t)(api.UpdateWorkspaceAssignment(ctx, iamv2.UpdateWorkspaceAssignmentRequest{
		WorkspaceId: prod, PrincipalId: target, UpdateMask: *fieldmask.New([]string{"entitlements"}),
		WorkspaceAssignment: iamv2.WorkspaceAssignment{PrincipalId: target, Entitlements: admin}}))
	_, err = api.UpdateWorkspaceAssignment(ctx, iamv2.UpdateWorkspaceAssignmentRequest{
		WorkspaceId: prod, PrincipalId: target, UpdateMask: *fieldmask.New([]string{"entitlements"})})
	wantAPIError(t, "no entitlements", err, 400, "INVALID_PARAMETER_VALUE")
	detail := must[*iamv2.WorkspaceAssignmentDetail](t)(api.GetWorkspaceAssignmentDetail(ctx,
		iamv2.GetWorkspaceAssignmentDetailRequest{WorkspaceId: prod, PrincipalId: target}))
	if diff := cmp.Diff(admin, detail.EffectiveEntitlements); diff != "" {
		t.Errorf("updated (-want +got):\n%s", diff)
	}
	if err := api.DeleteWorkspaceAssignment(ctx, iamv2.DeleteWorkspaceAssignmentRequest{WorkspaceId: prod, PrincipalId: target}); err != nil {
		t.Error(err)
	}
	_, err = api.GetWorkspaceAssignment(ctx, iamv2.GetWorkspaceAssignmentRequest{WorkspaceId: prod, PrincipalId: target})
	wantAPIError(t, "a deleted assignment", err, 404, "RESOURCE_DOES_NOT_EXIST")

	// The twin of the same resource under its other name.
	must[*iamv2.WorkspaceAssignmentDetail](t)(api.CreateWorkspaceAssignmentDetail(ctx, iamv2.CreateWorkspaceAssignmentDetailRequest{
		WorkspaceId: prod, WorkspaceAssignmentDetail: iamv2.WorkspaceAssignmentDetail{PrincipalId: target, Entitlements: sql}}))
	must[*iamv2.WorkspaceAssignmentDetail](t)(api.UpdateWorkspaceAssignmentDetail(ctx, iamv2.UpdateWorkspaceAssignmentDetailRequest{
		WorkspaceId: prod, PrincipalId: target, UpdateMask: *fieldmask.New([]string{"entitlements"}),
		WorkspaceAssignmentDetail: iamv2.WorkspaceAssignmentDetail{PrincipalId: target, Entitlements: admin}}))
	must[*iamv2.WorkspaceAssignment](t)(api.GetWorkspaceAssignment(ctx, iamv2.GetWorkspaceAssignmentRequest{WorkspaceId: prod, PrincipalId: target}))
	if n := len(must[[]iamv2.WorkspaceAssignmentDetail](t)(api.ListWorkspaceAssignmentDetailsAll(ctx,
		iamv2.ListWorkspaceAssignmentDetailsRequest{WorkspaceId: prod}))); n != 5 {
		t.Errorf("%d assignments, want 5", n)
	}
	if err := api.DeleteWorkspaceAssignmentDetail(ctx, iamv2.DeleteWorkspaceAssignmentDetailRequest{WorkspaceId: prod, PrincipalId: target}); err != nil {
		t.Error(err)
	}
}

func idOf(id, _ string) string { return id }

func TestIdentity_sdkResolve(t *testing.T) {
	t.Parallel()
	st := mustPreset(t, "demo")
	b := lookup{st}
	p := startPeer(t, st, Options{AIM: true})
	api, ctx := identityClient(t, p), t.Context()
	_, staffExternal := idpGroupNamed(st, "all-staff")
	marketing, marketingExternal := b.principal(world.KindGroup, "marketing")

	// Created from the IdP, with the members that are provisioned; then found.
	for range 2 {
		reply := must[*iamv2.ResolveGroupResponse](t)(api.ResolveGroup(ctx, iamv2.ResolveGroupRequest{ExternalId: staffExternal}))
		if reply.Group.GroupName != "all-staff" || reply.Group.ExternalId != staffExternal {
			t.Errorf("resolved %+v", reply.Group)
		}
		members := must[[]iamv2.DirectGroupMember](t)(api.ListDirectGroupMembersAll(ctx,
			iamv2.ListDirectGroupMembersRequest{GroupId: number(t, reply.Group.GroupId)}))
		if len(members) != 3 || members[0].MembershipSource != iamv2.GroupMembershipSourceIdentityProvider {
			t.Errorf("members of the resolved group: %+v", members)
		}
	}
	// A stale name is refreshed.
	reply := must[*iamv2.ResolveGroupResponse](t)(api.ResolveGroup(ctx, iamv2.ResolveGroupRequest{ExternalId: marketingExternal}))
	if reply.Group.GroupId != marketing || reply.Group.GroupName != "marketing-and-events" {
		t.Errorf("resolved %+v", reply.Group)
	}
	// A user whose name a blank one has already: the documented duplicate.
	candidate := idpUserNamed(st, "user11@example.com")
	user := must[*iamv2.ResolveUserResponse](t)(api.ResolveUser(ctx, iamv2.ResolveUserRequest{ExternalId: candidate}))
	if old, _ := b.both("user11@example.com"); user.User.UserId == old || user.User.Username != "user11@example.com" {
		t.Errorf("resolved %+v", user.User)
	}
	_, err := api.ResolveServicePrincipal(ctx, iamv2.ResolveServicePrincipalRequest{ExternalId: candidate})
	wantAPIError(t, "an id of another type", err, 404, "RESOURCE_DOES_NOT_EXIST")
	_, export := b.principal(world.KindServicePrincipal, "nightly-export")
	sp := must[*iamv2.ResolveServicePrincipalResponse](t)(api.ResolveServicePrincipal(ctx, iamv2.ResolveServicePrincipalRequest{ExternalId: export}))
	if sp.ServicePrincipal.ExternalId != export {
		t.Errorf("resolved %+v", sp.ServicePrincipal)
	}

	off := identityClient(t, startPeer(t, st, Options{}))
	_, err = off.ResolveUser(ctx, iamv2.ResolveUserRequest{ExternalId: candidate})
	wantAPIError(t, "resolve without automatic identity management", err, 400, "FEATURE_DISABLED")
}

func idpGroupNamed(st State, name string) (members []string, id string) {
	for _, g := range st.IDP.Groups {
		if g.DisplayName == name {
			return g.Members, g.ID
		}
	}
	return nil, ""
}

func idpUserNamed(st State, upn string) string {
	for _, u := range st.IDP.Users {
		if u.UserPrincipalName == upn {
			return u.ID
		}
	}
	return ""
}

func TestIdentity_automaticIdentityManagement(t *testing.T) {
	t.Parallel()
	st := mustPreset(t, "demo")
	b := lookup{st}
	api, ctx := identityClient(t, startPeer(t, st, Options{AIM: true})), t.Context()
	_, err := api.CreateUser(ctx, iamv2.CreateUserRequest{User: iamv2.User{Username: "new@example.com", ExternalId: "x"}})
	wantAPIError(t, "creating with external_id", err, 400, "INVALID_PARAMETER_VALUE")
	linked, _ := b.both("user01@example.com")
	status := iamv2.User{AccountUserStatus: iamv2.StateInactive}
	_, err = api.UpdateUser(ctx, iamv2.UpdateUserRequest{UserId: linked, UpdateMask: "account_user_status", User: status})
	wantAPIError(t, "a field of an external identity", err, 400, "INVALID_PARAMETER_VALUE")
	local, _ := b.both("user21@example.com")
	must[*iamv2.User](t)(api.UpdateUser(ctx, iamv2.UpdateUserRequest{UserId: local, UpdateMask: "account_user_status", User: status}))
	must[*iamv2.User](t)(api.UpdateUser(ctx, iamv2.UpdateUserRequest{UserId: linked, UpdateMask: "external_id", User: iamv2.User{ExternalId: "x"}}))

	engineers, _ := b.principal(world.KindGroup, "data-engineers")
	_, err = api.CreateDirectGroupMember(ctx, iamv2.CreateDirectGroupMemberRequest{
		GroupId: number(t, engineers), DirectGroupMember: iamv2.DirectGroupMember{PrincipalId: number(t, local)}})
	wantAPIError(t, "a member of an external group", err, 403, "PERMISSION_DENIED")
}

func TestIdentity_pagesUnderFaults(t *testing.T) {
	t.Parallel()
	st := mustPreset(t, "demo")
	users, _, _ := principalIDs(st)
	path := "/api/2.0/identity/accounts/*/users"
	for _, test := range []struct {
		name  string
		fault Fault
		want  func() []string
	}{
		{"empty page", Fault{Kind: FaultEmptyPage, Path: path, Skip: 1, Times: 1}, func() []string { return users }},
		{"duplicate", Fault{Kind: FaultDuplicate, Path: path, Skip: 1, Times: 1}, func() []string { return slices.Insert(slices.Clone(users), 5, users[4]) }},
		{"shift", Fault{Kind: FaultShift, Path: path, Skip: 1, Times: 1}, func() []string { return slices.Insert(slices.Clone(users), 5, users[4]) }},
		{"shrink", Fault{Kind: FaultShrink, Path: path, Skip: 1, Times: 1}, func() []string { return slices.Delete(slices.Clone(users), 5, 6) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			api := identityClient(t, startPeer(t, st, Options{Faults: []Fault{test.fault}}))
			var got []string
			for _, u := range must[[]iamv2.User](t)(api.ListUsersAll(t.Context(), iamv2.ListUsersRequest{PageSize: 5})) {
				got = append(got, u.UserId)
			}
			if diff := cmp.Diff(test.want(), got); diff != "" {
				t.Errorf("listed (-want +got):\n%s", diff)
			}
		})
	}
}

func TestIdentity_switches(t *testing.T) {
	t.Parallel()
	st := mustPreset(t, "demo")
	users, groups, _ := principalIDs(st)
	b := lookup{st}
	local, _ := b.both("user01@example.com")
	external, _ := b.principal(world.KindGroup, "finance-analysts")
	list, one := "/users", "/users/"+local
	clearID := one + "?update_mask=external_id"
	members := "/groups/" + external + "/direct-members"
	switched := func(set func(*IdentityAssumptions)) Options {
		o := Options{AIM: true}
		set(&o.Assumed.Identity)
		return o
	}
	none := func(*IdentityAssumptions) {}
	for _, test := range []struct {
		name         string
		opts         Options
		method, path string
		body         string
		status       int
		code         string
	}{
		{"no IAM v2", Options{NoIAMv2: true}, "GET", list, "", 404, "ENDPOINT_NOT_FOUND"},
		{"no IAM v2, forbidden", Options{NoIAMv2: true, Assumed: Assumed{Identity: IdentityAssumptions{Disabled: "403"}}}, "GET", one, "", 403, "PERMISSION_DENIED"},
		{"no IAM v2, not implemented", Options{NoIAMv2: true, Assumed: Assumed{Identity: IdentityAssumptions{Disabled: "501"}}}, "GET", members, "", 501, "NOT_IMPLEMENTED"},
		{"a filter passed over", switched(func(a *IdentityAssumptions) { a.Filter = "ignored" }), "GET", list + "?filter=username+eq+x", "", 200, ""},
		{"a filter refused", switched(none), "GET", list + "?filter=x", "", 400, "INVALID_PARAMETER_VALUE"},
		{"a bad token", switched(none), "GET", list + "?page_token=bm9uc2Vuc2U", "", 400, "INVALID_PARAMETER_VALUE"},
		{"a token of another list", switched(none), "GET", "/groups?page_token=" + base64.RawURLEncoding.EncodeToString([]byte("1:/elsewhere")), "", 400, "INVALID_PARAMETER_VALUE"},
		{"a negative page size", switched(none), "GET", list + "?page_size=-1", "", 400, "INVALID_PARAMETER_VALUE"},
		{"a page size in words", switched(none), "GET", list + "?page_size=ten", "", 400, "INVALID_PARAMETER_VALUE"},
		{"a group under users", switched(none), "GET", "/users/" + groups[0], "", 404, "RESOURCE_DOES_NOT_EXIST"},
		{"clearing refused", switched(func(a *IdentityAssumptions) { a.ClearExternalID = "refused" }), "PATCH", clearID, `{"external_id":""}`, 400, "INVALID_PARAMETER_VALUE"},
		{"a malformed body", switched(none), "POST", list, `{`, 400, "MALFORMED_REQUEST"},
		{"an external group, ignored", switched(func(a *IdentityAssumptions) { a.ExternalGroupMembers = "ignored" }), "POST", members, `{"principal_id":"` + users[9] + `"}`, 200, ""},
		{"an external group, accepted", switched(func(a *IdentityAssumptions) { a.ExternalGroupMembers = "accepted" }), "POST", members, `{"principal_id":` + users[9] + `}`, 200, ""},
		{"a group in itself", switched(func(a *IdentityAssumptions) { a.ExternalGroupMembers = "accepted" }), "POST", members, `{"principal_id":` + external + `}`, 400, "INVALID_PARAMETER_VALUE"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := startPeer(t, st, test.opts)
			var got wire.Error
			status := p.call(test.method, p.path+test.path, test.body, &got)
			if status != test.status || got.Code != test.code {
				t.Errorf("got %d %s %q, want %d %s", status, got.Code, got.Message, test.status, test.code)
			}
		})
	}
}

func TestIdentity_cyclesEndAndCanBeRefused(t *testing.T) {
	t.Parallel()
	st := mustPreset(t, "demo")
	b := lookup{st}
	parent, _ := b.principal(world.KindGroup, "bi-consumers")
	child, _ := b.principal(world.KindGroup, "data-engineers")
	nest := func(p *peer) int {
		return p.call("POST", p.path+"/groups/"+child+"/direct-members", `{"principal_id":`+parent+`}`, nil)
	}
	p := startPeer(t, st, Options{})
	if status := nest(p); status != http.StatusOK {
		t.Errorf("closing a cycle: %d", status)
	}
	var reply struct {
		Groups []struct {
			GroupID string `json:"group_id"`
		} `json:"transitive_parent_groups"`
	}
	p.call("GET", p.path+"/principals/"+child+"/transitive-parent-groups", "", &reply)
	if len(reply.Groups) != 1 || reply.Groups[0].GroupID != parent {
		t.Errorf("parents inside a cycle: %+v", reply.Groups)
	}
	refusing := startPeer(t, st, Options{Assumed: Assumed{Identity: IdentityAssumptions{NestingCycles: "refused"}}})
	if status := nest(refusing); status != http.StatusBadRequest {
		t.Errorf("closing a cycle where that is refused: %d", status)
	}
}

func TestIdentity_shortPagesListEverything(t *testing.T) {
	t.Parallel()
	st := mustPreset(t, "demo")
	users, _, _ := principalIDs(st)
	api := identityClient(t, startPeer(t, st, Options{Assumed: Assumed{Identity: IdentityAssumptions{ShortPages: true}}}))
	var got []string
	for _, u := range must[[]iamv2.User](t)(api.ListUsersAll(t.Context(), iamv2.ListUsersRequest{PageSize: 3})) {
		got = append(got, u.UserId)
	}
	if diff := cmp.Diff(users, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
}

// Reads through IAM v2 are stale after a write, and not monotonically.
func TestIdentity_consistencyLag(t *testing.T) {
	t.Parallel()
	st := mustPreset(t, "demo")
	b := lookup{st}
	user, before := b.both("user01@example.com")
	noon := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	p := startPeer(t, st, Options{ConsistencyLag: time.Minute, Now: func() time.Time { return noon }})
	api, ctx := identityClient(t, p), t.Context()
	must[*iamv2.User](t)(api.UpdateUser(ctx, iamv2.UpdateUserRequest{
		UserId: user, UpdateMask: "external_id", User: iamv2.User{ExternalId: "after"}}))
	var got []string
	for range 3 {
		got = append(got, must[*iamv2.User](t)(api.GetUser(ctx, iamv2.GetUserRequest{UserId: user})).ExternalId)
	}
	if diff := cmp.Diff([]string{before, "after", before}, got); diff != "" {
		t.Errorf("three reads (-want +got):\n%s", diff)
	}
	group, _ := b.principal(world.KindGroup, "npb-developers")
	path := p.path + "/groups/" + group + "/direct-members/" + user
	p.call("POST", p.path+"/groups/"+group+"/direct-members", `{"principal_id":`+user+`}`, nil)
	if first, second := p.call("GET", path, "", nil), p.call("GET", path, "", nil); first != 404 || second != 200 {
		t.Errorf("a new member: %d, then %d", first, second)
	}
}
