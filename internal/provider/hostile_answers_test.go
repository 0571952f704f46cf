// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// hostilePlaces are the lists and objects that verdicts rest on.
func hostilePlaces() []simulator.Fault {
	return []simulator.Fault{
		get(iamUsers), get(iamGroups), get("/api/2.0/identity/accounts/*/service-principals"), get("/api/2.0/identity/accounts/**"),
		get(iamGroups + "/*/direct-members"), get("/api/2.0/identity/accounts/*/principals/*/transitive-parent-groups"),
		get(scimPath + "**"), get(scimPath + "Groups/*"), post(iamUsers + "/*/matchWithIdp"), post(iamGroups + "/*/matchWithIdp"),
		get("/api/2.0/accounts/*/workspaces"), get("/api/2.0/accounts/*/workspaces/*/permissionassignments"),
		get("/api/2.0/accounts/*/metastores"), get("/api/2.0/preview/accounts/**"),
		get(denylistPath + "**"), get("/api/2.1/accounts/*/settings-metadata"), get("/api/2.0/preview/scim/v2/**"),
		get("/api/2.1/unity-catalog/permissions/**"), get("/api/2.1/unity-catalog/catalogs"), get("/api/2.1/unity-catalog/**"),
		get("/graph/**"), post("/graph/**"), get("/okta/**"),
	}
}

// hostileBodies say with success that there is nothing, or say nothing.
var hostileBodies = []string{`{}`, `{"items":[{"id":"1"}],"error":"forbidden"}`, `{"Resources":[null],"users":[null],"groups":[null],"value":[null]}`}

// TestHostileAnswers: whatever is answered in place of what a data source asks for,
// its result is that of the account, an error, or says that it is not complete.
func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	for _, o := range dataOperations() {
		t.Run(o.name(), func(t *testing.T) {
			t.Parallel()
			c := newCell(t, o, faultRow{answered: true}, scopeOnce)
			truth := c.truth(false)
			c.limits.RetryBudget = longer // A batch without answers is tried again for as long.
			for _, place := range hostilePlaces() {
				for _, body := range hostileBodies {
					fault := place
					fault.Kind, fault.Status, fault.Body = simulator.FaultStatus, http.StatusOK, body
					fault.Headers = map[string]string{"Content-Type": "application/json"}
					c.faults(fault)
					w := c.dial()
					got := w.data(c.of, c.operation.config)
					if text := textOf(w.diags); strings.Contains(text, "error in the provider") {
						t.Errorf("%s %s: %s", place.Path, body, text)
					}
					if w.failed() {
						continue
					}
					shown := c.comparable(got)
					if problem := hostileVerdict(truth.(document), shown.(document)); problem != "" { //nolint:forcetypeassert // Both are results.
						t.Errorf("%s answered with %s: %s (-truth +got):\n%s", place.Path, body, problem, cmp.Diff(truth, shown))
					}
				}
			}
		})
	}
}

// hostileVerdict is what is wrong with a result; "" for nothing.
func hostileVerdict(truth, got document) string {
	if cmp.Equal(truth, got) {
		return ""
	}
	// What is held back because privileges are not known is a manual action of a complete audit.
	held := truth["external_id_fixes"] != nil && cmp.Equal(truth["clean"], got["clean"]) && cmp.Equal(truth["counts"], got["counts"]) &&
		within(got["external_id_fixes"], truth["external_id_fixes"]) && within(got["member_removals"], truth["member_removals"])
	if _, one := truth["external_id_fix"]; one {
		held = cmp.Equal(truth["error_categories"], got["error_categories"]) && got["external_id_fix"] == nil && got["clean"] == truth["clean"]
	}
	switch {
	case got["complete"] != false && !held:
		return "another result is called complete"
	case got["clean"] == true && truth["clean"] != true:
		return "it is called clean"
	case got["equal"] == true:
		return "it is called equal"
	case got["memberships"] != nil && !cmp.Equal(truth["memberships"], got["memberships"]):
		return "memberships are offered"
	}
	skipped := fmt.Sprint(truth["skipped"])
	rows, _ := got["skipped"].([]any)
	for _, row := range rows {
		if id := fmt.Sprint(row.(document)["group_id"]); !strings.Contains(skipped, id) { //nolint:forcetypeassert // Rows are objects.
			return "group " + id + " is called a verified dead end"
		}
	}
	return ""
}

// within reports whether a map offers nothing that another one does not.
func within(some, all any) bool {
	offered, _ := some.(document)
	right, _ := all.(document)
	for key, value := range offered {
		if !cmp.Equal(value, right[key]) {
			return false
		}
	}
	return true
}

// TestProcess_blindIsNotClean: what Terraform shows of an account whose every list
// says nothing is an error, or not complete.
func TestProcess_blindIsNotClean(t *testing.T) {
	t.Parallel()
	user := func(id string) string { return fmt.Sprintf("{ id = %q }", id) }
	for name, block := range map[string]string{
		"divergences":          "",
		"workspace_federation": "",
		"principal":            "principal = { user_name = \"user1@example.com\" }",
		"principal_diff":       "principal_a = " + user(demoSource) + "\n principal_b = " + user(demoTarget),
		"principal_access":     "principal = " + user(demoSource),
		"clone_plan":           "source = " + user(demoSource) + "\n target = " + user(demoTarget) + "\n allow_incomplete = true",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := startPreset(t, "demo", simulator.Options{})
			w := newWorkspace(t, a.audited(fmt.Sprintf("data \"dbxidentity_%s\" \"it\" {\n%s\n}\noutput \"it\" {\n value = data.dbxidentity_%s.it\n}\n", name, block, name)))
			answer := func(path, body string) simulator.Fault {
				return simulator.Fault{Kind: simulator.FaultStatus, Method: http.MethodGet, Path: path, Status: http.StatusOK, Body: body}
			}
			a.faults(answer("/api/2.0/identity/accounts/**", "{}"), answer("/api/2.0/accounts/**", "{}"),
				simulator.Fault{Kind: simulator.FaultStatus, Method: http.MethodGet, Path: scimPath + "*", Status: http.StatusForbidden})
			code, out := w.run("apply", "-auto-approve", "-input=false", "-no-color")
			if strings.Contains(out, "error in the provider") {
				t.Fatal(out)
			}
			if code != 0 {
				return
			}
			raw := w.output("it")
			var got document
			must(t, json.Unmarshal([]byte(raw), &got))
			if got["complete"] != false || got["clean"] == true || got["equal"] == true {
				t.Errorf("complete %v, clean %v, equal %v\n%s", got["complete"], got["clean"], got["equal"], out)
			}
		})
	}
}
