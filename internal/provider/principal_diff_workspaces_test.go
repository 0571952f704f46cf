// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// The hints of part 0 of the clone and diff contract, on both routes: one group
// has no workspace, and only a scan of Unity Catalog can show what it gives. It
// costs one request per workspace, once per run. A workspace that cannot be read
// hides one, perhaps.
func TestPrincipalDiff_checkWorkspaces(t *testing.T) {
	t.Parallel()
	pair := map[string]any{"principal_a": map[string]any{"id": demoSource}, "principal_b": map[string]any{"id": demoTarget}}
	checked := map[string]any{"check_workspaces": true}
	for name, value := range pair {
		checked[name] = value
	}
	hints := func(result map[string]any) map[string]any {
		out := map[string]any{}
		for _, list := range []string{"only_in_a", "only_in_b"} {
			rows, _ := result[list].([]any)
			for _, r := range rows {
				if row, ok := r.(map[string]any); ok {
					out[fmt.Sprint(row["group_name"])] = row["hint"]
				}
			}
		}
		return out
	}
	want := map[string]any{
		"data-engineers": "add_in_idp", "bi-consumers": "follows", "npb-platform-users": "add_in_databricks", "npb-platform-admins": "add_in_databricks",
		"scratch-workspace-admins": "add_in_databricks", "ml-catalog-readers": "no_workspace_assignment", "legacy-etl-users": "add_in_databricks",
	}
	for _, api := range []string{"iam_v2", "scim"} {
		t.Run(api, func(t *testing.T) {
			t.Parallel()
			a := startPreset(t, "demo", simulator.Options{})
			s := a.serve(map[string]any{"identity_api": api, "automatic_identity_management": "off"})
			if _, said := s.read("dbxidentity_principal_diff", pair); said != "" || a.requestsTo("permissionassignments") != 0 {
				t.Errorf("nobody asked: %s", said)
			}
			for range 2 {
				got, said := s.read("dbxidentity_principal_diff", checked)
				if diff := cmp.Diff(want, hints(got)); diff != "" || said != "" || got["complete"] != true {
					t.Errorf("%s%s", said, diff)
				}
			}
			if n := a.requestsTo("permissionassignments"); n != 4 {
				t.Errorf("%d requests for the 4 workspaces", n)
			}
		})
	}
	t.Run("a workspace that cannot be read", func(t *testing.T) {
		t.Parallel()
		a := startPreset(t, "demo", simulator.Options{})
		a.faults(simulator.Fault{Kind: simulator.FaultStatus, Status: http.StatusForbidden, Path: "/api/2.0/accounts/*/workspaces/7000000000000002/permissionassignments"})
		got, said := a.serve(nil).read("dbxidentity_principal_diff", checked)
		seen := hints(got)
		if seen["ml-catalog-readers"] != "unknown" || seen["npb-platform-users"] != "add_in_databricks" || got["equal"] != false || got["complete"] != false {
			t.Errorf("hints %v, equal %v, complete %v", seen, got["equal"], got["complete"])
		}
		if !strings.Contains(said, "Incomplete Principal Diff") || !strings.Contains(said, "7000000000000002") {
			t.Error(said)
		}
	})
}
