// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"testing"

	"github.com/databricks/databricks-sdk-go/apierr"
	"github.com/databricks/databricks-sdk-go/listing"
	"github.com/databricks/databricks-sdk-go/service/iam"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestSCIM_sdkList reads 250 principals of each kind with the official SDK, with
// its iterator and at once: 100 a page, until a page is empty.
func TestSCIM_sdkList(t *testing.T) {
	t.Parallel()
	var st State
	for i := range 250 {
		st.Users = append(st.Users, User{ID: fmt.Sprint(1000 + i), UserName: fmt.Sprintf("user%03d@example.com", i)})
		st.Groups = append(st.Groups, Group{ID: fmt.Sprint(2000 + i), DisplayName: fmt.Sprintf("group%03d", i)})
		st.ServicePrincipals = append(st.ServicePrincipals, ServicePrincipal{
			ID: fmt.Sprint(3000 + i), ApplicationID: fmt.Sprintf("0a000000-0000-4000-8000-%012d", i)})
	}
	sim := startTest(t, st, Options{})
	c := sdkToken(t, sim)
	users, groups, sps := iam.NewAccountUsersV2(c), iam.NewAccountGroupsV2(c), iam.NewAccountServicePrincipalsV2(c)
	for _, tc := range []struct {
		kind  string
		first int
		list  func() ([]string, error)
	}{
		{"Users", 1000, func() ([]string, error) {
			return drain(t, users.List(t.Context(), iam.ListAccountUsersRequest{}), func(u iam.AccountUser) string { return u.Id })
		}},
		{"Groups", 2000, func() ([]string, error) {
			return drain(t, groups.List(t.Context(), iam.ListAccountGroupsRequest{}), func(g iam.AccountGroup) string { return g.Id })
		}},
		{"ServicePrincipals", 3000, func() ([]string, error) {
			return drain(t, sps.List(t.Context(), iam.ListAccountServicePrincipalsRequest{}),
				func(sp iam.AccountServicePrincipal) string { return sp.Id })
		}},
		{"Users", 1000, func() ([]string, error) {
			all, err := users.ListAll(t.Context(), iam.ListAccountUsersRequest{Attributes: "id", Filter: `userName sw "USER"`})
			ids := make([]string, 0, len(all))
			for _, u := range all {
				ids = append(ids, u.Id)
			}
			return ids, err
		}},
	} {
		sim.Server.ResetRequests()
		ids, err := tc.list()
		if err != nil || len(ids) != 250 || !slices.IsSorted(ids) || ids[0] != fmt.Sprint(tc.first) || len(slices.Compact(ids)) != 250 {
			t.Errorf("%s: %d ids, %v", tc.kind, len(ids), err)
		}
		route := "GET /api/2.0/accounts/{account_id}/scim/v2/" + tc.kind
		if n := sim.Server.Requests().ByRoute[route]; n != 4 {
			t.Errorf("%s: %d requests, want 4: %v", tc.kind, n, sim.Server.Requests().ByRoute)
		}
	}
}

func drain[T any](t *testing.T, it listing.Iterator[T], id func(T) string) ([]string, error) {
	t.Helper()
	var out []string
	for it.HasNext(t.Context()) {
		v, err := it.Next(t.Context())
		if err != nil {
			return out, err
		}
		out = append(out, id(v))
	}
	return out, nil
}

// TestSCIM_sdkDuplicates: what the SDK's iterator meets when a list moves.
func TestSCIM_sdkDuplicates(t *testing.T) {
	t.Parallel()
	var st State
	for i := range 250 {
		st.Users = append(st.Users, User{ID: fmt.Sprint(1000 + i), UserName: fmt.Sprintf("user%03d@example.com", i)})
	}
	for kind, want := range map[string][2]int{ // elements, different ones
		FaultDuplicate: {252, 250}, FaultShift: {251, 250}, FaultShrink: {249, 249},
	} {
		sim := startTest(t, st, Options{Faults: []Fault{{Kind: kind, Path: "/**/Users"}}})
		ids, err := drain(t, iam.NewAccountUsersV2(sdkToken(t, sim)).List(t.Context(), iam.ListAccountUsersRequest{}),
			func(u iam.AccountUser) string { return u.Id })
		different := slices.Compact(slices.Sorted(slices.Values(ids)))
		if err != nil || len(ids) != want[0] || len(different) != want[1] {
			t.Errorf("%s: %d elements, %d different, %v; want %v", kind, len(ids), len(different), err, want)
		}
	}
}

func TestSCIM_sdkUsers(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	sim := startTest(t, scimAccount(), Options{})
	users := iam.NewAccountUsersV2(sdkOAuth(t, sim))
	ignore := cmpopts.IgnoreFields(iam.AccountUser{}, "ForceSendFields")
	noForce := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".ForceSendFields" }, cmp.Ignore())

	made, err := users.Create(ctx, iam.CreateAccountUserRequest{UserName: "new@example.com", ExternalId: "e", Active: true,
		Name: &iam.Name{GivenName: "N"}, Roles: []iam.ComplexValue{{Value: "account_admin"}}})
	if err != nil {
		t.Fatal(err)
	}
	want := &iam.AccountUser{Id: "21", AccountId: sim.AccountID, UserName: "new@example.com", ExternalId: "e", Active: true,
		Name: &iam.Name{GivenName: "N"}, Roles: []iam.ComplexValue{{Value: "account_admin"}},
		Emails: []iam.ComplexValue{{Value: "new@example.com", Type: "work", Primary: true}}}
	if diff := cmp.Diff(want, made, ignore, noForce); diff != "" {
		t.Error(diff)
	}
	// The SDK drops no blank value: this is how a clear is sent.
	for _, value := range []string{"changed", ""} {
		err = users.Patch(ctx, iam.PatchAccountUserRequest{Id: "21", Schemas: []iam.PatchSchema{iam.PatchSchemaUrnIetfParamsScimApiMessages20PatchOp},
			Operations: []iam.Patch{{Op: iam.PatchOpReplace, Path: "externalId", Value: value}}})
		if err != nil {
			t.Fatalf("PATCH %q: %v", value, err)
		}
	}
	if got, err := users.Get(ctx, iam.GetAccountUserRequest{Id: "21"}); err != nil || got.ExternalId != "changed" {
		t.Errorf("after the PATCHes: %v, %v", got, err)
	}
	err = users.Update(ctx, iam.UpdateAccountUserRequest{Id: "21", UserName: "new@example.com", DisplayName: "D", ForceSendFields: []string{"Active"}})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := users.Get(ctx, iam.GetAccountUserRequest{Id: "21"}); err != nil || got.DisplayName != "D" || got.Active || got.Roles != nil {
		t.Errorf("after the PUT: %+v, %v", got, err)
	}
	if err := users.Delete(ctx, iam.DeleteAccountUserRequest{Id: "21"}); err != nil {
		t.Error(err)
	}
	_, err = users.Get(ctx, iam.GetAccountUserRequest{Id: "21"})
	wantSDKError(t, err, http.StatusNotFound, "SCIM_404", apierr.ErrNotFound)
	_, err = users.Create(ctx, iam.CreateAccountUserRequest{UserName: "bob@example.com"})
	wantSDKError(t, err, http.StatusConflict, "SCIM_409", apierr.ErrResourceConflict)
	err = users.Patch(ctx, iam.PatchAccountUserRequest{Id: "1", Operations: []iam.Patch{{Op: iam.PatchOpReplace, Path: "externalId", Value: "x"}}})
	wantSDKError(t, err, http.StatusBadRequest, "SCIM_400", apierr.ErrBadRequest)
}

func wantSDKError(t *testing.T, err error, status int, code string, sentinel error) {
	t.Helper()
	var api *apierr.APIError
	if !errors.As(err, &api) || api.StatusCode != status || api.ErrorCode != code || !errors.Is(err, sentinel) {
		t.Errorf("got %#v, want %d %s", err, status, code)
	}
}

func TestSCIM_sdkGroups(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	sim := startTest(t, scimAccount(), Options{})
	groups := iam.NewAccountGroupsV2(sdkToken(t, sim))
	made, err := groups.Create(ctx, iam.CreateAccountGroupRequest{DisplayName: "new", ExternalId: "e", Members: []iam.ComplexValue{{Value: "1"}}})
	if err != nil || made.Id != "21" || made.Meta != nil {
		t.Fatalf("%+v, %v", made, err)
	}
	err = groups.Patch(ctx, iam.PatchAccountGroupRequest{Id: "21", Schemas: []iam.PatchSchema{iam.PatchSchemaUrnIetfParamsScimApiMessages20PatchOp},
		Operations: []iam.Patch{
			{Op: iam.PatchOpAdd, Path: "members", Value: []iam.ComplexValue{{Value: "2"}, {Value: "20"}}},
			{Op: iam.PatchOpAdd, Value: map[string]any{"members": []map[string]string{{"value": "12"}}}},
			{Op: iam.PatchOpRemove, Path: `members[value eq "1"]`},
			{Op: iam.PatchOpReplace, Path: "externalId", Value: ""},
		}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := groups.Get(ctx, iam.GetAccountGroupRequest{Id: "21"})
	if err != nil {
		t.Fatal(err)
	}
	var members []string
	for _, m := range got.Members {
		members = append(members, m.Ref+" "+m.Display)
	}
	if diff := cmp.Diff([]string{"Users/2 bob@example.com", "ServicePrincipals/20 robot", "Groups/12 empty"}, members); diff != "" || got.ExternalId != "" {
		t.Errorf("%q %s", got.ExternalId, diff)
	}
	if err := groups.Update(ctx, iam.UpdateAccountGroupRequest{Id: "21", DisplayName: "renamed"}); err != nil {
		t.Fatal(err)
	}
	found, err := groups.ListAll(ctx, iam.ListAccountGroupsRequest{Filter: `displayName eq "renamed"`, Attributes: "id,displayName"})
	if err != nil || len(found) != 1 || found[0].Id != "21" {
		t.Errorf("by name: %+v, %v", found, err)
	}
	if err := groups.Delete(ctx, iam.DeleteAccountGroupRequest{Id: "21"}); err != nil {
		t.Error(err)
	}
	_, err = groups.Get(ctx, iam.GetAccountGroupRequest{Id: "21"})
	wantSDKError(t, err, http.StatusNotFound, "SCIM_404", apierr.ErrNotFound)
}

func TestSCIM_sdkServicePrincipals(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	sim := startTest(t, scimAccount(), Options{})
	sps := iam.NewAccountServicePrincipalsV2(sdkToken(t, sim))
	made, err := sps.Create(ctx, iam.CreateAccountServicePrincipalRequest{DisplayName: "new", Active: true})
	if err != nil || made.Id != "21" || !regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`).MatchString(made.ApplicationId) {
		t.Fatalf("%+v, %v", made, err)
	}
	err = sps.Patch(ctx, iam.PatchAccountServicePrincipalRequest{Id: "21", Schemas: []iam.PatchSchema{iam.PatchSchemaUrnIetfParamsScimApiMessages20PatchOp},
		Operations: []iam.Patch{
			{Op: iam.PatchOpAdd, Path: "roles", Value: []iam.ComplexValue{{Value: "account_admin"}}},
			{Op: iam.PatchOpReplace, Path: "externalId", Value: "e"}, {Op: iam.PatchOpReplace, Path: "active", Value: false},
		}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := sps.Get(ctx, iam.GetAccountServicePrincipalRequest{Id: "21"})
	if err != nil || got.ExternalId != "e" || got.Active || len(got.Roles) != 1 || got.Roles[0].Value != "account_admin" {
		t.Errorf("%+v, %v", got, err)
	}
	if err := sps.Update(ctx, iam.UpdateAccountServicePrincipalRequest{Id: "21", DisplayName: "D", Active: true}); err != nil {
		t.Error(err)
	}
	if err := sps.Delete(ctx, iam.DeleteAccountServicePrincipalRequest{Id: "21"}); err != nil {
		t.Error(err)
	}
	if err := sps.Delete(ctx, iam.DeleteAccountServicePrincipalRequest{Id: "21"}); err == nil {
		t.Error("the second delete succeeds")
	}
}
