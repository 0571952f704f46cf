// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"errors"
	"strings"
	"testing"

	"github.com/databricks/databricks-sdk-go/apierr"
	"github.com/databricks/databricks-sdk-go/service/catalog"
	"github.com/google/go-cmp/cmp"
)

// TestSDK_updateGrants: what databricks_grants does with the official SDK: read,
// change, read until it is there, and take everything away on destroy.
func TestSDK_updateGrants(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	sim := startTest(t, catalogAccount(), Options{})
	admin := catalog.NewGrants(workspaceSDK(t, sim, 11, "token-401"))
	read := func(kind, name string) map[string]string {
		t.Helper()
		list, err := admin.GetBySecurableTypeAndFullName(ctx, kind, name)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		for _, g := range list.PrivilegeAssignments {
			var names []string
			for _, p := range g.Privileges {
				names = append(names, p.String())
			}
			out[g.Principal] = strings.Join(names, " ")
		}
		return out
	}
	change := func(kind, name string, changes ...catalog.PermissionsChange) error {
		_, err := admin.Update(ctx, catalog.UpdatePermissions{SecurableType: kind, FullName: name, Changes: changes})
		return err
	}
	priv := func(names ...string) (out []catalog.Privilege) {
		for _, n := range names {
			out = append(out, catalog.Privilege(n))
		}
		return out
	}
	if err := change("catalog", "prod",
		catalog.PermissionsChange{Principal: "analysts", Add: priv("use schema", "SELECT"), Remove: priv("USE_CATALOG")},
		catalog.PermissionsChange{Principal: "USER201@example.com", Remove: priv("ALL_PRIVILEGES")},
		catalog.PermissionsChange{Principal: "0A000000-0000-4000-8000-000000000402", Add: priv("BROWSE")}); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"analysts": "SELECT USE_SCHEMA", "0a000000-0000-4000-8000-000000000402": "BROWSE"}
	if diff := cmp.Diff(want, read("catalog", "prod")); diff != "" {
		t.Errorf("prod (-want +got):\n%s", diff)
	}
	if err := change("metastore", "m-1", catalog.PermissionsChange{Principal: "analysts", Remove: priv("CREATE_CATALOG")}); err != nil {
		t.Fatal(err)
	}
	if got := read("metastore", "m-1"); len(got) != 0 {
		t.Errorf("the metastore: %v", got)
	}
	// All or nothing, and the reported wording.
	err := change("table", "prod.sales.orders",
		catalog.PermissionsChange{Principal: "owners", Add: priv("SELECT")}, catalog.PermissionsChange{Principal: "admins", Add: priv("SELECT")})
	var refused *apierr.APIError
	if !errors.As(err, &refused) || refused.Message != "Could not find principal with name admins" {
		t.Errorf("a principal that is none: %v", err)
	}
	if diff := cmp.Diff(map[string]string{"analysts": "MODIFY"}, read("table", "prod.sales.orders")); diff != "" {
		t.Errorf("after the refusal (-want +got):\n%s", diff)
	}
	for _, tc := range []struct {
		kind, name string
		is         error
	}{
		{"table", "prod.sales.nothing", apierr.ErrNotFound}, {"metastore", "m-2", apierr.ErrNotFound}, {"model", "prod.sales.churn", apierr.ErrInvalidParameterValue},
	} {
		if err := change(tc.kind, tc.name); !errors.Is(err, tc.is) {
			t.Errorf("%s %s: %v, want %v", tc.kind, tc.name, err, tc.is)
		}
	}
	reader := catalog.NewGrants(workspaceSDK(t, sim, 11, "token-402"))
	for kind, name := range map[string]string{"catalog": "prod", "metastore": "m-1"} {
		if _, err := reader.Update(ctx, catalog.UpdatePermissions{SecurableType: kind, FullName: name}); !errors.Is(err, apierr.ErrPermissionDenied) {
			t.Errorf("a reader of %s: %v", kind, err)
		}
	}
	st, err := sim.Server.State()
	if err != nil || len(st.UnityCatalog.Metastores[0].Grants) != 0 {
		t.Errorf("the state: %v %v", st.UnityCatalog.Metastores[0].Grants, err)
	}
}
