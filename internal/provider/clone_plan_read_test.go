// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

const clonePlanType = "dbxidentity_clone_plan"

// Ids of the demo's clone story.
const (
	demoSource, demoTarget = "100000000019", "100000000020"
	demoOther              = "100000000018"
	demoEngineers          = "30000000000009"
	demoPlatformUsers      = "30000000000011"
	demoScratchAdmins      = "30000000000012"
	demoDevelopers         = "30000000000014"
	demoPlatformAdmins     = "30000000000015"
)

// cloneOf is a configuration of the data source for the demo's source and target.
func cloneOf(more map[string]any) map[string]any {
	out := map[string]any{
		"source": map[string]any{"user_name": "user31@example.com"}, "target": map[string]any{"user_name": "User32@Example.com"},
	}
	maps.Copy(out, more)
	return out
}

var wholeScan = map[string]any{"scan_unity_catalog": true, "unity_catalog_depth": "all"}

// rowsOf is each list of a plan in one line: "name[workspaces]".
func rowsOf(result map[string]any) map[string]string {
	out := map[string]string{}
	for _, list := range []string{"idp_actions", "databricks_actions", "skipped", "unverified", "already_member", "follows", "system_groups"} {
		var names []string
		rows, _ := result[list].([]any)
		for _, r := range rows {
			row, _ := r.(map[string]any)
			accesses, _ := row["workspace_accesses"].([]any)
			places := []string{}
			for _, w := range accesses {
				if access, ok := w.(map[string]any); ok {
					places = append(places, fmt.Sprint(access["workspace_name"]))
				}
			}
			names = append(names, fmt.Sprintf("%s[%s]", row["group_name"], strings.Join(places, ",")))
		}
		if len(names) > 0 {
			out[list] = strings.Join(names, " ")
		}
	}
	if memberships, ok := result["memberships"].(map[string]any); ok {
		out["memberships"] = strings.Join(slices.Sorted(maps.Keys(memberships)), " ")
	}
	return out
}

// The story of part 0 of the contract on both routes, and its twin with service
// principals. A data source writes nothing; that writes would be seen is shown by
// TestProcess_cloneStory.
func TestClonePlan_story(t *testing.T) {
	t.Parallel()
	story := map[string]string{
		"idp_actions":        "data-engineers[prod-workspace,dev-workspace]",
		"databricks_actions": "npb-platform-admins[prod-workspace] npb-platform-users[prod-workspace] scratch-workspace-admins[scratch-workspace]",
		"skipped":            "ml-catalog-readers[]", "already_member": "npb-developers[dev-workspace]", "follows": "bi-consumers[]",
		"system_groups": "account users[]", "memberships": demoPlatformUsers + " " + demoScratchAdmins + " " + demoDevelopers,
	}
	withoutScan := maps.Clone(story)
	delete(withoutScan, "skipped")
	withoutScan["unverified"] = "ml-catalog-readers[]"
	allowed := maps.Clone(story)
	allowed["memberships"] += " " + demoPlatformAdmins
	jobs := map[string]string{
		"idp_actions": story["idp_actions"], "databricks_actions": "npb-platform-users[prod-workspace]", "already_member": story["already_member"],
		"follows": story["follows"], "system_groups": story["system_groups"], "memberships": demoPlatformUsers + " " + demoDevelopers,
	}
	admins := map[string]any{"allow_privileged_groups": []string{demoPlatformAdmins}}
	maps.Copy(admins, wholeScan)
	for _, api := range []string{"iam_v2", "scim"} {
		a := startPreset(t, "demo", simulator.Options{})
		queryScan := maps.Clone(wholeScan)
		queryScan["sql_warehouse_id"] = a.state().Workspaces[0].Warehouses[0].ID
		s := a.serve(map[string]any{"identity_api": api, "automatic_identity_management": "off"})
		for name, c := range map[string]struct {
			config map[string]any
			want   map[string]string
		}{
			"whole scan":      {cloneOf(wholeScan), story},
			"scan by a query": {cloneOf(queryScan), story},
			"no scan":         {cloneOf(nil), withoutScan},
			"scan of a level": {cloneOf(map[string]any{"scan_unity_catalog": true}), withoutScan},
			"allowed":         {cloneOf(admins), allowed},
			"service principals": {map[string]any{
				"source": map[string]any{"display_name": "nightly-export"}, "target": map[string]any{"display_name": "nightly-export-v2", "principal_type": "service_principal"},
			}, jobs},
		} {
			got, said := s.read(clonePlanType, c.config)
			if diff := cmp.Diff(c.want, rowsOf(got)); diff != "" || said != "" {
				t.Errorf("%s, %s: %s\n%s", api, name, diff, said)
			}
			if got["complete"] != true || got["route"] != api {
				t.Errorf("%s, %s: complete %v, route %v", api, name, got["complete"], got["route"])
			}
		}
		if a.requestsTo("/sql/statements") == 0 {
			t.Error("no query was sent to the warehouse")
		}
		if err := a.wrote(0); err != nil {
			t.Error(err)
		}
	}
}

// What a row says besides where it is, and what is not cloned (R16, R19, R21, R24).
func TestClonePlan_rows(t *testing.T) {
	t.Parallel()
	a := startPreset(t, "demo", simulator.Options{})
	a.change(func(st *simulator.State) {
		for i := range st.Groups { // The target has npb-platform-users through a group of its own.
			switch st.Groups[i].ID {
			case demoPlatformUsers:
				st.Groups[i].Members = append(st.Groups[i].Members, simulator.Member{Value: "30000000000013"})
			}
		}
	})
	got, said := a.serve(nil).read(clonePlanType, cloneOf(wholeScan))
	if said != "" {
		t.Fatal(said)
	}
	row := func(list string, at int) map[string]any {
		t.Helper()
		rows, _ := got[list].([]any)
		if len(rows) <= at {
			t.Fatalf("%s has %d rows", list, len(rows))
		}
		out, _ := rows[at].(map[string]any)
		return out
	}
	same := func(what string, got, want any) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	engineers := row("idp_actions", 0)
	same("source", engineers["source"], "external")
	same("path", engineers["path"], []any{"user31", "data-engineers"})
	grants, _ := engineers["unity_catalog_grants"].([]any)
	same("grants", engineers["unity_catalog_grant_count"], float64(len(grants)))
	same("grant through a group above", grants[1], map[string]any{
		"metastore_id": "1b6a2f90-4d3e-4c7b-8e15-a0c9d2f7e684", "securable_type": "catalog", "full_name": "prod", "privileges": []any{"USE_CATALOG"},
		"group_id": "30000000000010", "group_name": "bi-consumers",
	})
	follows := row("follows", 0)
	same("via", follows["via"], []any{demoEngineers})
	same("pending via", follows["pending_via"], []any{demoEngineers})
	same("direct", follows["direct"], false)
	admins := row("databricks_actions", 0)
	same("privileged", admins["privileged"], true)
	if reason, _ := admins["reason"].(string); !strings.Contains(reason, "allow_privileged_groups") {
		t.Errorf("reason %q", reason)
	}
	same("already transitive", row("databricks_actions", 1)["already_transitive"], true)
	same("not transitive", row("databricks_actions", 2)["already_transitive"], false)
	same("not cloned", got["not_cloned"], []any{
		map[string]any{"kind": "account_role", "place": nil, "value": "roles/billing.admin", "note": nil},
		map[string]any{"kind": "entitlement", "place": "7000000000000002", "value": "WORKSPACE_ACCESS", "note": nil},
		map[string]any{"kind": "grant", "place": "table prod.sales.orders", "value": "SELECT", "note": nil},
		map[string]any{"kind": "workspace_assignment", "place": "7000000000000002", "value": "USER", "note": nil},
	})
	same("source", got["resolved_source"], map[string]any{
		"principal_type": "user", "principal_id": demoSource, "principal_name": "user31@example.com", "display_name": "user31",
		"external_id": got["resolved_source"].(map[string]any)["external_id"], "active": true, //nolint:forcetypeassert // It would fail the test.
	})
	same("memberships", got["memberships"].(map[string]any)[demoDevelopers], map[string]any{ //nolint:forcetypeassert // It would fail the test.
		"group_id": demoDevelopers, "group_name": "npb-developers", "member_id": demoTarget, "member_name": "user32@example.com", "privileged": false,
	})
	same("counts", got["counts"], map[string]any{
		"idp_actions": 1.0, "databricks_actions": 3.0, "skipped": 1.0, "unverified": 0.0, "already_member": 1.0, "follows": 1.0, "system_groups": 1.0, "not_cloned": 4.0,
	})
}

// Without IAM v2 no one can say which entitlements the source has in its workspace: a
// row says so, with what would show them.
func TestClonePlan_unknownEntitlements(t *testing.T) {
	t.Parallel()
	a := startPreset(t, "demo", simulator.Options{})
	got, said := a.serve(map[string]any{"identity_api": "scim", "automatic_identity_management": "off"}).read(clonePlanType, cloneOf(nil))
	rows, _ := got["not_cloned"].([]any)
	unknown := 0
	for _, r := range rows {
		if row, ok := r.(map[string]any); ok && row["value"] == nil {
			unknown++
			if note := fmt.Sprint(row["note"]); row["kind"] != "entitlement" || row["place"] != "7000000000000002" || !strings.Contains(note, "identity_api") {
				t.Errorf("%v", row)
			}
		}
	}
	if unknown != 1 || got["complete"] != true || said != "" || !strings.Contains(fmt.Sprint(got["not_looked_at"]), "entitlements in workspaces") {
		t.Errorf("%d rows, complete %v, not looked at %v: %s", unknown, got["complete"], got["not_looked_at"], said)
	}
}

// An allowed id that is no group of the source is warned of, but only where everything
// could be read.
func TestClonePlan_allowedNothing(t *testing.T) {
	t.Parallel()
	a := startPreset(t, "demo", simulator.Options{})
	config := cloneOf(map[string]any{"allow_privileged_groups": []string{"123", demoPlatformAdmins}, "allow_incomplete": true})
	_, said := a.serve(nil).read(clonePlanType, config)
	if !strings.Contains(said, "Allowed Groups Not Found") || !strings.Contains(said, "the id 123.") {
		t.Errorf("said %q", said)
	}
	a.faults(simulator.Fault{Kind: simulator.FaultStatus, Status: 403, Path: scimPath + "Groups/" + demoEngineers})
	if _, said := a.serve(nil).read(clonePlanType, config); said == "" || strings.Contains(said, "Allowed Groups Not Found") {
		t.Errorf("with a hole: %q", said)
	}
}

// Each is refused on the input that it is about, and nothing is written (R25,
// R26; part 4, group 7).
func TestClonePlan_refusals(t *testing.T) {
	t.Parallel()
	user := func(name string) map[string]any { return map[string]any{"user_name": name} }
	group := map[string]any{"id": demoScratchAdmins}
	a := startPreset(t, "demo", simulator.Options{})
	a.change(func(st *simulator.State) {
		st.Users = append(st.Users, simulator.User{ID: "100000000098", UserName: "left@example.com"})
		st.ServicePrincipals = append(st.ServicePrincipals,
			simulator.ServicePrincipal{ID: "500000000099", ApplicationID: "aaaaaaaa-0000-4000-8000-000000000099", DisplayName: "nightly-export-v2", Active: true})
	})
	s := a.serve(nil)
	for name, c := range map[string]struct {
		more map[string]any
		want []string // parts of the text, in any order; none is no refusal
	}{
		"same principal":           {map[string]any{"target": user("user31@example.com")}, []string{`"target"`, "Refusing to Plan Clone", "same principal", "user/" + demoSource}},
		"different types":          {map[string]any{"source": map[string]any{"display_name": "nightly-export"}}, []string{`"allow_different_types"`, "different types", "allow_different_types = true"}},
		"different types, allowed": {map[string]any{"source": map[string]any{"display_name": "nightly-export"}, "allow_different_types": true}, nil},
		"inactive target":          {map[string]any{"target": user("left@example.com")}, []string{`"target"`, "Refusing to Plan Clone", "user/100000000098 (left@example.com) is inactive"}},
		"inactive source":          {map[string]any{"source": user("left@example.com")}, []string{`"source"`, "Incomplete Clone Plan", "inactive"}},
		"target is one of the groups": {
			map[string]any{"target": group, "allow_different_types": true}, []string{`"target"`, "group/" + demoScratchAdmins, "is, or contains"},
		},
		"cap reached":      {map[string]any{"max_additions": 2}, nil},
		"cap and one more": {map[string]any{"max_additions": 1}, []string{`"max_additions"`, "adds 2 memberships", "allows 1"}},
		"cap below zero":   {map[string]any{"max_additions": -1}, []string{`"max_additions"`, "between 0 and"}},
		"no selector":      {map[string]any{"source": map[string]any{}}, []string{`"source"`, "Invalid Principal Selector", "none is given", "misspelt"}},
		"two selectors":    {map[string]any{"target": map[string]any{"id": "1", "user_name": "x"}}, []string{`"target"`, "Invalid Principal Selector", "2 are given"}},
		"a group by user name": {
			map[string]any{"source": map[string]any{"user_name": "x", "principal_type": "group"}},
			[]string{`"source"`, "Invalid Principal Selector", "user_name is of users, and principal_type is group"},
		},
		"a user by application id": {
			map[string]any{"target": map[string]any{"application_id": "x", "principal_type": "user"}},
			[]string{`"target"`, "Invalid Principal Selector", "application_id is of service principals, and principal_type is user"},
		},
		"nobody": {map[string]any{"target": user("nobody@example.com")}, []string{`"target"`, "Principal Not Found", "nobody@example.com"}},
		"display name of a user": {
			map[string]any{"source": map[string]any{"display_name": "user31"}}, []string{`"source"`, "Principal Not Found", "select by user_name"},
		},
		"two of that name":   {map[string]any{"source": map[string]any{"display_name": "nightly-export-v2"}}, []string{`"source"`, "Ambiguous Principal", "service_principal/500000000099"}},
		"depth without scan": {map[string]any{"unity_catalog_depth": "all"}, []string{`"unity_catalog_depth"`, "scan_unity_catalog = true"}},
		"query without scan": {map[string]any{"sql_warehouse_id": "x"}, []string{`"sql_warehouse_id"`, "scan_unity_catalog = true"}},
		"query of nobody": {
			map[string]any{"scan_unity_catalog": true, "sql_warehouse_id": "00ff"}, []string{`"sql_warehouse_id"`, "Unable to Find SQL Warehouse", `"00ff" was not found`},
		},
		"no depth":            {map[string]any{"scan_unity_catalog": true, "unity_catalog_depth": "deep"}, []string{`"unity_catalog_depth"`, `"deep"`}},
		"names as privileged": {map[string]any{"allow_privileged_groups": []string{"npb-platform-admins"}}, []string{"allow_privileged_groups", "internal Databricks id"}},
	} {
		_, said := s.read(clonePlanType, cloneOf(c.more))
		if (len(c.want) == 0) != (said == "") {
			t.Errorf("%s: %q", name, said)
		}
		for _, part := range c.want {
			if !strings.Contains(said, part) {
				t.Errorf("%s: no %s in %s", name, part, said)
			}
		}
		if strings.Count(said, "ERROR") > 1 {
			t.Errorf("%s: one cause, several diagnostics: %s", name, said)
		}
		if !strings.Contains(said, "Refusing to Plan Clone") {
			continue
		}
		// allow_incomplete is about holes: no guard gives way to it.
		again := cloneOf(c.more)
		again["allow_incomplete"] = true
		if _, still := s.read(clonePlanType, again); still != said {
			t.Errorf("%s, with allow_incomplete: %q", name, still)
		}
	}
	// Of a source that left, the plan is shown, and nothing is given.
	got, said := s.read(clonePlanType, cloneOf(map[string]any{"source": user("left@example.com"), "allow_incomplete": true}))
	if strings.Contains(said, "ERROR") || !strings.Contains(said, "inactive") || got["memberships"] != nil {
		t.Errorf("memberships %v: %s", got["memberships"], said)
	}
	if err := a.wrote(0); err != nil {
		t.Error(err)
	}
}

// A read that fails is an error, or with allow_incomplete a plan without
// memberships; never a shorter map (R11, R13).
func TestClonePlan_holes(t *testing.T) {
	t.Parallel()
	refuse := func(path string) simulator.Fault {
		return simulator.Fault{Kind: simulator.FaultStatus, Status: 403, ErrorCode: "PERMISSION_DENIED", Message: "not for you", Method: "GET", Path: path}
	}
	for name, c := range map[string]struct {
		fault   simulator.Fault
		api     string
		config  map[string]any
		want    string // in the error without allow_incomplete
		shown   map[string]string
		nothing bool // not even with allow_incomplete
	}{
		"a group of the source": {
			fault: refuse("/api/**/scim/v2/Groups/" + demoPlatformUsers), api: "scim", want: "group/" + demoPlatformUsers,
		},
		"a group elsewhere that may hold them": {
			fault: refuse("/api/**/scim/v2/Groups/30000000000001"), api: "scim", want: "source",
		},
		"direct members of a group": {fault: refuse("/api/**/groups/" + demoPlatformUsers + "/direct-members"), api: "iam_v2", want: "403"},
		"the groups above the source": {
			fault: refuse("/api/**/principals/" + demoSource + "/transitive-parent-groups"), api: "iam_v2", want: "403", nothing: true,
		},
		"permission assignments of a workspace": {fault: refuse("/api/**/workspaces/7000000000000003/permissionassignments"), api: "iam_v2", want: "7000000000000003"},
		"the workspaces":                        {fault: refuse("/api/2.0/accounts/*/workspaces"), api: "iam_v2", want: "workspaces"},
		"grants on a catalog": {
			fault: refuse("/api/**/permissions/catalog/ml"), api: "iam_v2", config: wholeScan, want: "ml",
			shown: map[string]string{"unverified": "ml-catalog-readers[]"},
		},
		"every group": {fault: refuse("/api/**/scim/v2/Groups/*"), api: "scim", want: "403", nothing: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := startPreset(t, "demo", simulator.Options{})
			a.faults(c.fault)
			_, said := a.serve(map[string]any{"identity_api": c.api, "automatic_identity_management": "off"}).read(clonePlanType, cloneOf(c.config))
			if !strings.Contains(said, "ERROR") || !strings.Contains(said, c.want) {
				t.Errorf("no %q in %s", c.want, said)
			}
			config := cloneOf(c.config)
			config["allow_incomplete"] = true
			got, said := a.serve(map[string]any{"identity_api": c.api, "automatic_identity_management": "off"}).read(clonePlanType, config)
			if c.nothing {
				if !strings.Contains(said, "ERROR") {
					t.Errorf("shown: %v %s", got, said)
				}
				return
			}
			if strings.Contains(said, "ERROR") || !strings.Contains(said, "Incomplete Clone Plan") || got["memberships"] != nil || got["complete"] != false {
				t.Errorf("memberships %v, complete %v: %s", got["memberships"], got["complete"], said)
			}
			problems, _ := got["problems"].([]any)
			failures, _ := got["failures"].([]any)
			if len(problems) == 0 || len(failures) == 0 {
				t.Errorf("problems %v, failures %v", problems, failures)
			}
			for list, want := range c.shown {
				if rows := rowsOf(got); rows[list] != want {
					t.Errorf("%s: %v", list, rows)
				}
			}
		})
	}
}

// A hole that no verdict depends on makes the plan incomplete, and keeps no one
// waiting.
func TestClonePlan_holeElsewhere(t *testing.T) {
	t.Parallel()
	a := startPreset(t, "demo", simulator.Options{})
	a.change(func(st *simulator.State) { // No one is left whose verdict could depend on it.
		for i := range st.Groups {
			if name := st.Groups[i].DisplayName; name == "ml-catalog-readers" || name == "npb-platform-admins" {
				st.Groups[i].Members = nil
			}
		}
	})
	a.faults(simulator.Fault{Kind: simulator.FaultStatus, Status: 403, ErrorCode: "PERMISSION_DENIED", Message: "no", Method: "GET", Path: "/api/**/permissions/table/prod.sales.orders"})
	got, said := a.serve(nil).read(clonePlanType, cloneOf(wholeScan))
	if strings.Contains(said, "ERROR") || !strings.Contains(said, "No verdict and no membership depends on them") || got["complete"] != false {
		t.Errorf("complete %v: %s", got["complete"], said)
	}
	if rows := rowsOf(got); rows["memberships"] != demoPlatformUsers+" "+demoScratchAdmins+" "+demoDevelopers {
		t.Errorf("%v", rows)
	}
}
