// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/databricks/databricks-sdk-go/apierr"
	"github.com/databricks/databricks-sdk-go/client"
	"github.com/databricks/databricks-sdk-go/config"
	"github.com/databricks/databricks-sdk-go/listing"
	"github.com/databricks/databricks-sdk-go/service/iam"
	"github.com/databricks/databricks-sdk-go/service/provisioning"
	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// noLoader keeps the environment and configuration files out.
type noLoader struct{}

func (noLoader) Name() string                   { return "none" }
func (noLoader) Configure(*config.Config) error { return nil }

// sdkConfig is the official SDK's configuration for a simulator, without credentials.
func sdkConfig(sim *Running) *config.Config {
	return &config.Config{
		Host: sim.URL, AccountID: sim.AccountID,
		Loaders:            []config.Loader{noLoader{}},
		RateLimitPerSecond: 1000, RetryTimeoutSeconds: 5, HTTPTimeoutSeconds: 5,
	}
}

func sdkOAuth(t *testing.T, sim *Running) *client.DatabricksClient {
	t.Helper()
	cfg := sdkConfig(sim)
	cfg.ClientID, cfg.ClientSecret, cfg.AuthType = sim.ClientID, sim.ClientSecret, "oauth-m2m"
	c, err := client.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func sdkToken(t *testing.T, sim *Running) *client.DatabricksClient {
	t.Helper()
	cfg := sdkConfig(sim)
	cfg.Token = sim.Token
	c, err := client.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// smallAccount has two federated workspaces, one without federation and one
// without the key.
func smallAccount() State {
	on, off := &FederationInfo{EnableIdentityFederation: true}, &FederationInfo{}
	return State{
		Account: Account{AccountID: "5a3e0f0a-0000-4000-8000-000000000001"},
		Users: []User{
			{ID: "201", UserName: "user201@example.com", DisplayName: "User 201", Active: true},
			{ID: "202", UserName: "user202@example.com", Active: true, Roles: []Role{{Value: "account_admin"}}},
		},
		Groups: []Group{
			{ID: "301", DisplayName: "admins-by-group", Members: []Member{{Value: "302"}}, Roles: []Role{{Value: "account_admin"}}},
			{ID: "302", DisplayName: "inner", Members: []Member{{Value: "401"}, {Value: "301"}}},
		},
		ServicePrincipals: []ServicePrincipal{
			{ID: "401", ApplicationID: "0a000000-0000-4000-8000-000000000401", DisplayName: "robot", Active: true},
		},
		Workspaces: []Workspace{
			{WorkspaceID: 12, WorkspaceName: "two", Status: "RUNNING", Cloud: "azure", Region: "westeurope", MetastoreID: "m-1", FederationInfo: on},
			{WorkspaceID: 11, WorkspaceName: "one", DeploymentName: "dbc-1", Status: "RUNNING", Cloud: "aws", Region: "eu-west-1", FederationInfo: on,
				PermissionAssignments: []PermissionAssignment{
					{PrincipalID: "201", Permissions: []string{"USER"}}, {PrincipalID: "301", Permissions: []string{"ADMIN"}},
					{PrincipalID: "401", Permissions: []string{"USER"}},
				}},
			{WorkspaceID: 13, WorkspaceName: "off", FederationInfo: off},
			{WorkspaceID: 14, WorkspaceName: "no key"},
		},
		UnityCatalog: UnityCatalog{Metastores: []Metastore{{MetastoreID: "m-1", Name: "main", Owner: "admins-by-group", Region: "westeurope"}}},
	}
}

func TestSDK_authentication(t *testing.T) {
	t.Parallel()
	sim := startTest(t, smallAccount(), Options{})
	for name, c := range map[string]*client.DatabricksClient{"oauth-m2m": sdkOAuth(t, sim), "pat": sdkToken(t, sim)} {
		got, err := provisioning.NewWorkspaces(c).List(t.Context())
		if err != nil || len(got) != 4 {
			t.Errorf("%s: %d workspaces, %v", name, len(got), err)
		}
	}
	want := map[string]int{
		"GET /.well-known/databricks-config":                                     2,
		"GET /oidc/accounts/{account_id}/.well-known/oauth-authorization-server": 1,
		"POST /oidc/accounts/{account_id}/v1/token":                              1,
		"GET /api/2.0/accounts/{account_id}/workspaces":                          2,
	}
	if diff := cmp.Diff(want, sim.Server.Requests().ByRoute); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestSDK_wrongCredentials(t *testing.T) {
	t.Parallel()
	sim := startTest(t, smallAccount(), Options{})
	for name, tt := range map[string]struct {
		change func(*config.Config)
		want   string
	}{
		"secret":  {func(c *config.Config) { c.ClientSecret = "wrong" }, "invalid_client"},
		"client":  {func(c *config.Config) { c.ClientID = "nobody" }, "invalid_client"},
		"account": {func(c *config.Config) { c.AccountID = "5a3e0f0a-0000-4000-8000-00000000dead" }, "invalid_client"},
		"scope":   {func(c *config.Config) { c.Scopes = []string{"sql"} }, "invalid_scope"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := sdkConfig(sim)
			cfg.ClientID, cfg.ClientSecret, cfg.AuthType = sim.ClientID, sim.ClientSecret, "oauth-m2m"
			tt.change(cfg)
			c, err := client.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			_, err = provisioning.NewWorkspaces(c).List(t.Context())
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestSDK_workspaces(t *testing.T) {
	t.Parallel()
	sim := startTest(t, smallAccount(), Options{})
	api := provisioning.NewWorkspaces(sdkOAuth(t, sim))
	got, err := api.Get(t.Context(), provisioning.GetWorkspaceRequest{WorkspaceId: 11})
	if err != nil {
		t.Fatal(err)
	}
	if got.WorkspaceName != "one" || got.AwsRegion != "eu-west-1" || got.AccountId != sim.AccountID || got.DeploymentName != "dbc-1" {
		t.Errorf("workspace 11 is %+v", got)
	}
	_, err = api.Get(t.Context(), provisioning.GetWorkspaceRequest{WorkspaceId: 99})
	if !errors.Is(err, apierr.ErrNotFound) {
		t.Errorf("workspace 99: %v, want ErrNotFound", err)
	}
	names, err := api.WorkspaceWorkspaceNameToWorkspaceIdMap(t.Context())
	if err != nil || names["two"] != 12 {
		t.Errorf("names %v, %v", names, err)
	}
}

func TestSDK_workspaceAssignments(t *testing.T) {
	t.Parallel()
	sim := startTest(t, smallAccount(), Options{})
	api := iam.NewWorkspaceAssignment(sdkOAuth(t, sim))
	ctx := t.Context()
	list := func() map[int64]string {
		all, err := listing.ToSlice(ctx, api.List(ctx, iam.ListWorkspaceAssignmentRequest{WorkspaceId: 11}))
		if err != nil {
			t.Fatal(err)
		}
		out := map[int64]string{}
		for _, a := range all {
			out[a.Principal.PrincipalId] = a.Principal.UserName + a.Principal.GroupName + a.Principal.ServicePrincipalName + " " + string(a.Permissions[0])
		}
		return out
	}
	want := map[int64]string{201: "user201@example.com USER", 301: "admins-by-group ADMIN", 401: "0a000000-0000-4000-8000-000000000401 USER"}
	if diff := cmp.Diff(want, list()); diff != "" {
		t.Fatalf("assignments (-want +got):\n%s", diff)
	}
	update := func(id int64, levels ...iam.WorkspacePermission) {
		t.Helper()
		if _, err := api.Update(ctx, iam.UpdateWorkspaceAssignments{WorkspaceId: 11, PrincipalId: id, Permissions: levels}); err != nil {
			t.Fatal(err)
		}
	}
	update(201, "USER", "ADMIN") // ADMIN wins.
	update(401, "user")          // Case-sensitive: nothing supported removes all.
	update(202, "USER")
	if err := api.DeleteByWorkspaceIdAndPrincipalId(ctx, 11, 301); err != nil {
		t.Fatal(err)
	}
	want = map[int64]string{201: "user201@example.com ADMIN", 202: "user202@example.com USER"}
	if diff := cmp.Diff(want, list()); diff != "" {
		t.Errorf("assignments after the writes (-want +got):\n%s", diff)
	}
	update(202) // An empty list removes all.
	if got := list(); len(got) != 1 {
		t.Errorf("assignments %v, want one", got)
	}
	levels, err := api.GetByWorkspaceId(ctx, 11)
	if err != nil || len(levels.Permissions) != 2 {
		t.Errorf("levels %v, %v", levels, err)
	}
	_, err = api.ListByWorkspaceId(ctx, 13)
	var apiErr *apierr.APIError
	if !errors.As(err, &apiErr) || apiErr.StatusCode != http.StatusBadRequest ||
		apiErr.Message != "Permission assignment APIs are not available for this workspace." {
		t.Errorf("workspace without federation: %v", err)
	}
}

func TestSDK_retriesWhatItRecognises(t *testing.T) {
	t.Parallel()
	wait := 0
	sim := startTest(t, smallAccount(), Options{Faults: []Fault{
		{Kind: FaultStatus, Path: "/api/**", Status: 429, Times: 1, RetryAfterSeconds: &wait},
		{Kind: FaultReset, Path: "/api/**", Times: 1},
	}})
	begun := time.Now()
	if _, err := provisioning.NewWorkspaces(sdkToken(t, sim)).List(t.Context()); err != nil {
		t.Fatalf("after %s: %v", time.Since(begun), err)
	}
	if got := sim.Server.Requests().ByRoute["GET /api/2.0/accounts/{account_id}/workspaces"]; got != 3 {
		t.Errorf("%d requests, want 3", got)
	}
}

// lookup finds principals of a state by their unique names.
type lookup struct{ st State }

func (l lookup) principal(kind world.Kind, name string) (id, externalID string) {
	switch kind {
	case world.KindUser:
		for _, u := range l.st.Users {
			if u.UserName == name {
				return u.ID, u.ExternalID
			}
		}
	case world.KindGroup:
		for _, g := range l.st.Groups {
			if g.DisplayName == name {
				return g.ID, g.ExternalID
			}
		}
	case world.KindServicePrincipal:
		for _, sp := range l.st.ServicePrincipals {
			if sp.DisplayName == name {
				return sp.ID, sp.ExternalID
			}
		}
	}
	return "", ""
}

// both returns a user's ids on the two sides.
func (l lookup) both(userName string) (id, objectID string) {
	return l.principal(world.KindUser, userName)
}
