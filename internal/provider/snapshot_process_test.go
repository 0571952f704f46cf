// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// Two audits, a principal, the workspaces, a ledger and 40 fixes in one run: the
// account is listed once and every identity is asked about once, while planning
// and while refreshing what is in state.
func TestProcess_oneSnapshot(t *testing.T) {
	t.Parallel()
	const fixes = 40
	a := startAccount(t, manyStale(fixes), simulator.Options{})
	w := newWorkspace(t, a.audited(remediation+`
data "dbxidentity_divergences" "users" {
  principal_types = ["user"]
}
data "dbxidentity_principal" "one" {
  principal = { user_name = "user1007@example.com" }
}
data "dbxidentity_workspace_federation" "all" {}
`))
	once := func(moment string) {
		t.Helper()
		seen := map[string]int{}
		var gets []string
		for _, r := range a.Server.Requests().Log {
			switch {
			case strings.HasSuffix(r.Path, "/Users"), strings.HasSuffix(r.Path, "/Groups"), strings.HasSuffix(r.Path, "/ServicePrincipals"):
				// A principal that is asked for before anything is listed is looked up by a filter.
			case strings.Contains(r.Path, "/scim/v2/"):
				gets = append(gets, r.Path)
			case strings.HasSuffix(r.Path, "/matchWithIdp"), strings.HasSuffix(r.Path, "/workspaces"), strings.HasSuffix(r.Path, "/users"),
				strings.HasSuffix(r.Path, "/groups"), strings.HasSuffix(r.Path, "/service-principals"):
				seen[r.Path]++
			}
		}
		// Three lists, the workspaces and the users.
		if want := 3 + 1 + fixes; len(seen) != want {
			t.Errorf("%s: %d different things were read, want %d: %v", moment, len(seen), want, seen)
		}
		for path, n := range seen {
			if n != 1 {
				t.Errorf("%s: %s was read %d times", moment, path, n)
			}
		}
		if moment == "the plan after it" && len(gets) > 0 {
			t.Errorf("%s: although the account was listed, %v", moment, gets)
		}
		a.Server.ResetRequests()
	}
	w.must(2, "plan", "-detailed-exitcode", "-out=saved")
	once("the first plan")
	w.must(0, "apply", "saved")
	a.Server.ResetRequests()
	w.must(0, "plan", "-detailed-exitcode")
	once("the plan after it")
}
