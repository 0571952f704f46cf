// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// The reports through the real command line: what they say agrees with the data
// source, two plans give the same text, and the second plan is empty.
func TestProcess_reports(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	w := newWorkspace(t, a.audited(`
data "dbxidentity_divergences" "this" {}
data "dbxidentity_workspace_federation" "this" {}
locals {
  sections = {
    divergences          = data.dbxidentity_divergences.this
    workspace_federation = data.dbxidentity_workspace_federation.this
    clone                = null
    before               = { divergences = data.dbxidentity_divergences.this }
  }
}
output "html" {
  sensitive = true
  value     = provider::dbxidentity::report_html(local.sections)
}
output "markdown" {
  value = provider::dbxidentity::report_markdown(local.sections)
}
output "redacted" {
  value = provider::dbxidentity::report_markdown(local.sections, "redact")
}
output "fixable" {
  value = data.dbxidentity_divergences.this.fixable
}
`))
	w.must(0, "apply", "-auto-approve")
	w.must(0, "plan", "-detailed-exitcode")
	fixable := w.output("fixable")
	html := w.outputText("html")
	for _, want := range []string{"<!doctype html>", "Changes that terraform apply offers: " + fixable + ".", "</html>"} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	markdown, redacted := w.outputText("markdown"), w.outputText("redacted")
	if !strings.Contains(markdown, "@example.com") || strings.Contains(redacted, "@example.com") {
		t.Errorf("names belong into the report, and not into the redacted one:\n%s", redacted)
	}
}

func TestProcess_reportsRefuse(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	for call, want := range map[string]string{
		`report_html({})`: "nothing to report",
		`report_html({ divergence = { users = [] } })`: `unknown section "divergence"`,
		`report_markdown(null)`:                        "sections must be an object",
		`report_markdown("text")`:                      "sections must be an object",
		`report_html({ divergences = {} }, "short")`:   `Unknown option "short"`,
	} {
		w := newWorkspace(t, a.audited("output \"x\" {\n  value = provider::dbxidentity::"+call+"\n}\n"))
		if w.tofu && strings.Contains(call, "null") {
			continue // OpenTofu 1.12 does not call a function with a null of no type: the result is unknown.
		}
		if out := strings.Join(strings.Fields(strings.ReplaceAll(w.must(1, "plan"), "│", " ")), " "); !strings.Contains(out, want) {
			t.Errorf("%s: the error lacks %q:\n%s", call, want, out)
		}
	}
}
