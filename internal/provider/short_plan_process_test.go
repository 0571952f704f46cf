// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// writeOnly are lines in which OpenTofu names write-only attributes, whose values no CLI
// shows; Terraform leaves them out.
var writeOnly = regexp.MustCompile(`(?m)^.*\(write-only attribute\)\n`)

// planLines are the lines of a plan that show changes.
func planLines(t *testing.T, out string) []string {
	t.Helper()
	_, changes, _ := strings.Cut(writeOnly.ReplaceAllString(out, ""), "will perform")
	changes, _, found := strings.Cut(changes, "\nPlan: ")
	if !found {
		t.Fatalf("no changes in the plan:\n%s", out)
	}
	return strings.Split(changes, "\n")
}

// A plan of the ledger is read by people: 72 fixes of a large scan take at most 1,700
// lines with their instances, one exclusion less than 40, and what is merely no longer
// pending shows no deletions.
func TestProcess_shortPlans(t *testing.T) {
	t.Parallel()
	a := startPreset(t, "field-scan", simulator.Options{})
	w := newWorkspace(t, a.audited(`
variable "exclude" {
  type    = list(string)
  default = []
}
data "dbxidentity_divergences" "this" {
  primary_domains = ["example.com"]
}
resource "dbxidentity_remediation_ledger" "this" {
  pending_external_ids    = data.dbxidentity_divergences.this.external_id_fixes
  pending_member_removals = data.dbxidentity_divergences.this.member_removals
  exclude                 = var.exclude
}
resource "dbxidentity_external_id" "fix" {
  for_each                     = dbxidentity_remediation_ledger.this.external_ids
  principal_type               = each.value.principal_type
  principal_id                 = each.value.principal_id
  principal_name               = each.value.principal_name
  external_id                  = each.value.external_id
  expected_current_external_id = each.value.current_external_id
}
output "first" {
  value = sort(keys(dbxidentity_remediation_ledger.this.external_ids))[0]
}
`))
	out := w.must(0, "plan", "-out=tfplan")
	lines := planLines(t, out)
	fixes := strings.Count(out, "# dbxidentity_external_id.fix[")
	t.Logf("%d fixes: %d lines", fixes, len(lines))
	if fixes != 72 || len(lines) > 1700 {
		t.Errorf("%d fixes take %d lines", fixes, len(lines))
	}
	w.must(0, "apply", "tfplan")
	w.must(0, "plan", "-detailed-exitcode")

	key := strings.Trim(strings.TrimSpace(w.must(0, "output", "first")), `"`)
	out = w.must(0, "plan", `-var=exclude=["`+key+`"]`)
	lines = planLines(t, out)
	t.Logf("one exclusion: %d lines", len(lines))
	if len(lines) >= 40 || strings.Contains(writeOnly.ReplaceAllString(out, ""), "pending_") {
		t.Errorf("one exclusion takes %d lines:\n%s", len(lines), out)
	}
}
