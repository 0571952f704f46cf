// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// onAccount lets the root module of a workspace reach the account as a reader
// would, by the environment.
func (w *workspace) onAccount(a account) {
	w.env = append(w.env, "DATABRICKS_HOST="+a.URL, "DATABRICKS_ACCOUNT_ID="+a.AccountID, "DATABRICKS_CLIENT_ID="+a.ClientID,
		"DATABRICKS_CLIENT_SECRET="+a.ClientSecret, "DATABRICKS_CONFIG_FILE="+filepath.Join(w.dir, "none"))
}

// exampleModule is a workspace with the root module of an example.
func exampleModule(t *testing.T, a account, dir string) *workspace {
	t.Helper()
	w := newWorkspace(t, "")
	content, err := os.ReadFile(filepath.Join(examplesRoot, filepath.FromSlash(dir), "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	w.write("main.tf", string(content))
	w.onAccount(a)
	return w
}

// The pinned flow of examples/pinned: audit, variables file, apply, empty plan,
// and a second audit that finds nothing to fix. The same fixes as generated
// resources plan the same writes.
func TestProcess_pinned(t *testing.T) {
	t.Parallel()
	st := smallWorld()
	// A name that would be an expression if it were not quoted.
	const name = `${timestamp()}@example.com`
	st.Users[0].UserName, st.IDP.Users[0].UserPrincipalName = name, name
	a := startAccount(t, st, simulator.Options{})
	audit, apply := exampleModule(t, a, "pinned/audit"), exampleModule(t, a, "pinned/apply")

	audit.must(0, "apply", "-auto-approve", "-input=false")
	if n := a.writes(); n != 0 {
		t.Fatalf("the audit wrote %d times", n)
	}
	fixes := audit.must(0, "output", "-raw", "fixes")
	if !strings.Contains(fixes, name) || strings.Count(fixes, "\n    \"") != 2 {
		t.Fatalf("want two fixes, each on a line:\n%s", fixes)
	}

	generated := newWorkspace(t, "\nprovider \"dbxidentity\" {}\n")
	generated.onAccount(a)
	audit.write("hcl.tf", `output "resources" {
  value = provider::dbxidentity::fixes_hcl({ external_id_fixes = data.dbxidentity_divergences.this.external_id_fixes })
}`)
	audit.must(0, "apply", "-auto-approve", "-input=false")
	generated.write("fixes.tf", audit.must(0, "output", "-raw", "resources"))
	if out := generated.must(2, "plan", "-input=false", "-detailed-exitcode"); !strings.Contains(out, "Plan: 2 to add, 0 to change, 0 to destroy.") {
		t.Errorf("generated resources: %s", out)
	}

	apply.write("fixes.auto.tfvars.json", strings.Replace(fixes, `"user/101": {`, `"user/102": {`, 1))
	saysAll(t, apply.must(1, "plan", "-input=false"), "A key names another principal than its fix")

	apply.write("fixes.auto.tfvars.json", fixes)
	apply.must(0, "plan", "-input=false", "-out=plan.bin")
	apply.must(0, "apply", "-input=false", "plan.bin")
	apply.must(0, "plan", "-input=false", "-detailed-exitcode")
	if got := a.userExternalID("101"); got != entraID(101) {
		t.Errorf("user 101 holds %q", got)
	}
	generated.must(2, "plan", "-input=false", "-detailed-exitcode") // Adopts what is there.

	audit.must(0, "apply", "-auto-approve", "-input=false")
	if fixes := audit.must(0, "output", "-raw", "fixes"); strings.Contains(fixes, "principal_id") {
		t.Errorf("the second audit still finds %s", fixes)
	}
}
