// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

const principalAccessType = "dbxidentity_principal_access"

// accessRows are the rows of a result in short, with the way to each.
func accessRows(result map[string]any) []string {
	var out []string
	for list, parts := range map[string][]string{
		"groups": {"group_name"}, "workspaces": {"workspace_name", "level"}, "entitlements": {"workspace_name", "entitlement"},
		"unity_catalog_grants": {"securable_type", "full_name", "privilege"}, "roles": {"role"},
	} {
		rows, _ := result[list].([]any)
		for _, r := range rows {
			row, _ := r.(map[string]any)
			text := list
			for _, part := range parts {
				text += " " + fmt.Sprint(row[part])
			}
			way := "direct"
			if row["direct"] != true {
				names := []string{}
				path, _ := row["path"].([]any)
				for _, name := range path {
					names = append(names, fmt.Sprint(name))
				}
				way = strings.Join(names, ">")
			}
			out = append(out, text+": "+way)
		}
	}
	slices.Sort(out)
	return out
}

// What the colleague of the demo can reach, by both routes and by both kinds of scan.
func TestPrincipalAccess_story(t *testing.T) {
	t.Parallel()
	a := startPreset(t, "demo", simulator.Options{})
	var first []string
	for _, api := range []string{"iam_v2", "scim"} {
		s := a.serve(map[string]any{"identity_api": api, "automatic_identity_management": "off"})
		config := map[string]any{"principal": map[string]any{"user_name": "user31@example.com"}}
		bare, said := s.read(principalAccessType, config)
		if said != "" || bare["complete"] != true || bare["unity_catalog_grants"] != nil {
			t.Errorf("%s: complete %v, grants %v: %s", api, bare["complete"], bare["unity_catalog_grants"], said)
		}
		for name, value := range wholeScan {
			config[name] = value
		}
		got, said := s.read(principalAccessType, config)
		if said != "" || got["complete"] != true || got["route"] != api || got["privileged"] != true {
			t.Fatalf("%s: complete %v, route %v, privileged %v: %s", api, got["complete"], got["route"], got["privileged"], said)
		}
		rows := accessRows(got)
		untold := strings.Contains(fmt.Sprint(got["not_looked_at"]), "entitlements in workspaces")
		if untold != (api == "scim") {
			t.Errorf("%s: not looked at %v", api, got["not_looked_at"])
		}
		if first == nil {
			first = slices.DeleteFunc(slices.Clone(rows), func(row string) bool { return strings.HasPrefix(row, "entitlements") })
			for _, want := range []string{
				"groups bi-consumers: user31>data-engineers>bi-consumers", "groups npb-platform-users: direct",
				"workspaces prod-workspace USER: user31>data-engineers", "workspaces prod-workspace ADMIN: user31>npb-platform-admins",
			} {
				if !slices.Contains(rows, want) {
					t.Errorf("lacks %q:\n%s", want, strings.Join(rows, "\n"))
				}
			}
			continue
		}
		if diff := cmp.Diff(first, rows); diff != "" {
			t.Errorf("the routes differ: %s", diff)
		}
	}
}

const accessAddress = "data.dbxidentity_principal_access.this"

// Through the command line: each kind of access with its way, a choice of workspaces,
// a plan that is empty afterwards, and nothing written.
func TestAccPrincipalAccess(t *testing.T) {
	t.Parallel()
	a := startPreset(t, "demo", simulator.Options{})
	a.change(func(st *simulator.State) {
		for i := range st.Groups {
			if st.Groups[i].ID == demoEngineers {
				st.Groups[i].Roles = []simulator.Role{{Value: "billing.admin"}}
			}
		}
	})
	block := func(more string) string {
		return "data \"dbxidentity_principal_access\" \"this\" {\n  principal = { user_name = \"USER31@example.com\" }\n" + more + "}\n"
	}
	workspace := fmt.Sprint(a.state().Workspaces[0].WorkspaceID)
	row := func(values map[string]knownvalue.Check) knownvalue.Check { return knownvalue.ObjectPartial(values) }
	acceptance(t, resource.TestStep{Config: a.config("", block("  scan_unity_catalog = true\n")), ConfigStateChecks: []statecheck.StateCheck{
		attribute(accessAddress, "complete", knownvalue.Bool(true)), attribute(accessAddress, "privileged", knownvalue.Bool(true)),
		attribute(accessAddress, "roles", knownvalue.ListPartial(map[int]knownvalue.Check{0: row(map[string]knownvalue.Check{
			"role": knownvalue.StringExact("billing.admin"), "direct": knownvalue.Bool(false), "via": knownvalue.ListExact([]knownvalue.Check{knownvalue.StringExact(demoEngineers)}),
			"path": knownvalue.ListExact([]knownvalue.Check{knownvalue.StringExact("user31"), knownvalue.StringExact("data-engineers")}),
		})})),
		attribute(accessAddress, "resolved_principal", row(map[string]knownvalue.Check{"principal_id": knownvalue.StringExact(demoSource)})),
		attribute(accessAddress, "failures", knownvalue.ListExact(nil)),
	}}, resource.TestStep{Config: a.config("", block("  workspace_ids = [\""+workspace+"\"]\n")), ConfigStateChecks: []statecheck.StateCheck{
		attribute(accessAddress, "unity_catalog_grants", knownvalue.Null()), attribute(accessAddress, "workspaces", knownvalue.ListPartial(map[int]knownvalue.Check{
			0: row(map[string]knownvalue.Check{"workspace_id": knownvalue.StringExact(workspace)}),
		})),
		attribute(accessAddress, "privileged", knownvalue.Bool(true)),
	}}, resource.TestStep{
		Config: a.config("", block("  workspace_ids = [\"1\"]\n")), ExpectError: regexp.MustCompile(`Workspace Not Found`),
	}, resource.TestStep{
		Config: a.config("", block("  unity_catalog_depth = \"all\"\n")), ExpectError: regexp.MustCompile(`Unity Catalog Is Not Scanned`),
	}, resource.TestStep{
		Config: a.config("", strings.Replace(block(""), "USER31", "nobody", 1)), ExpectError: regexp.MustCompile(`Principal Not Found`),
	})
	if err := a.wrote(0); err != nil {
		t.Error(err)
	}
}

// A read that fails leaves every row a fact, and says that there may be more; an
// unreadable principal is an error.
func TestPrincipalAccess_holes(t *testing.T) {
	t.Parallel()
	whole := startPreset(t, "demo", simulator.Options{})
	config := map[string]any{"principal": map[string]any{"id": demoSource}}
	for name, value := range wholeScan {
		config[name] = value
	}
	all, _ := whole.serve(nil).read(principalAccessType, config)
	facts := map[string]bool{}
	for _, r := range accessRows(all) {
		facts[strings.Split(r, ": ")[0]] = true
	}
	for place, complete := range map[string]bool{
		"/api/2.0/accounts/*/workspaces":                                                      false,
		"/api/2.0/accounts/*/workspaces/*/permissionassignments":                              false,
		"/api/2.0/identity/accounts/*/workspaces/*/workspace-assignments/*":                   true, // Denied is not there: not_looked_at.
		"/api/2.0/identity/accounts/*/groups/" + demoEngineers + "/direct-members":            false,
		scimPath + "Groups/" + demoEngineers:                                                  false,
		"/api/2.0/preview/accounts/*/access-control/rule-sets":                                false,
		"/api/2.0/accounts/*/metastores":                                                      false,
		"/api/2.1/unity-catalog/catalogs":                                                     false,
		"/api/2.1/unity-catalog/permissions/**":                                               false,
		"/api/2.0/identity/accounts/*/principals/" + demoSource + "/transitive-parent-groups": true, // SCIM has them.
	} {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			a := startPreset(t, "demo", simulator.Options{})
			a.faults(simulator.Fault{Kind: simulator.FaultStatus, Method: http.MethodGet, Path: place, Status: http.StatusForbidden, ErrorCode: "PERMISSION_DENIED"})
			got, said := a.serve(map[string]any{"automatic_identity_management": "off"}).read(principalAccessType, config)
			if got["complete"] != complete || (said == "") != complete {
				t.Errorf("complete %v: %s", got["complete"], said)
			}
			for _, r := range accessRows(got) {
				r = strings.Replace(r, "group "+demoEngineers, "data-engineers", 1) // Its name could not be read.
				if !facts[strings.Split(r, ": ")[0]] {
					t.Errorf("%q is not so", r)
				}
			}
			if got["privileged"] == false {
				t.Error("not privileged, it says")
			}
		})
	}
}

// What the access audit prints takes at most six lines of HCL: the comparison of two
// principals, the clone, and what one can reach.
func TestProcess_accessInSixLines(t *testing.T) {
	t.Parallel()
	a := startPreset(t, "demo", simulator.Options{})
	for name, c := range map[string]struct{ block, want string }{
		"comparison": {`data "dbxidentity_principal_diff" "it" {
  principal_a = { user_name = "user31@example.com" }
  principal_b = { user_name = "user32@example.com" }
}
output "text" { value = provider::dbxidentity::compare_text(data.dbxidentity_principal_diff.it) }
`, "6 only A, 1 only B, 2 both"},
		"clone": {`data "dbxidentity_clone_plan" "it" {
  source = { user_name = "user31@example.com" }
  target = { user_name = "user32@example.com" }
}
output "text" { value = provider::dbxidentity::clone_text(data.dbxidentity_clone_plan.it) }
`, "1 in the identity provider, 2 in Databricks, 1 held back"},
		"access": {`data "dbxidentity_principal_access" "it" {
  principal = { user_name = "user31@example.com" }
}
output "text" { value = provider::dbxidentity::report_markdown({ access = data.dbxidentity_principal_access.it }) }
`, "### Access"},
	} {
		if n := strings.Count(c.block, "\n"); n > 6 {
			t.Errorf("%s: %d lines", name, n)
		}
		w := newWorkspace(t, a.audited(c.block))
		w.must(0, "apply", "-auto-approve")
		w.must(0, "plan", "-detailed-exitcode")
		if text := w.outputText("text"); !strings.Contains(text, c.want) {
			t.Errorf("%s lacks %q:\n%s", name, c.want, text)
		}
	}
}
