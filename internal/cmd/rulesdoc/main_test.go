// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/readiness"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"
)

func TestPage_explainsEveryRule(t *testing.T) {
	t.Parallel()
	rules := rules.All()
	got := page(rules)
	for _, r := range rules {
		if n := strings.Count(got, "### `"+r.ID+"`\n"); n == 0 {
			t.Errorf("the page does not explain %s %s", r.Kind, r.ID)
		}
		if !strings.Contains(got, r.Description) || !strings.Contains(got, r.Remedy) {
			t.Errorf("the page lacks the description or the remedy of %s %s", r.Kind, r.ID)
		}
	}
	if len(rules) == 0 || strings.Count(got, "\n### ") != len(rules) {
		t.Errorf("%d rules, %d sections", len(rules), strings.Count(got, "\n### "))
	}
}

func TestPage_linksSymptoms(t *testing.T) {
	t.Parallel()
	got := page([]rules.Rule{
		{ID: "SOME_RULE", Kind: rules.KindCategory, Title: "T", Description: "D.", Remedy: "R.", Symptoms: []rules.Symptom{rules.SymptomNoImport}},
		{ID: "needs_x", Kind: rules.KindReason, Title: "T", Description: "D.", Switch: "x"},
	})
	for _, want := range []string{"- Categories: [`SOME_RULE`](#category-some_rule)\n", "<a id=\"category-some_rule\"></a>\n", "- Symptoms: C\n", "- Appears on: workspaces\n", "- Switch: `x`\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %q:\n%s", want, got)
		}
	}
}

func TestRun_writesTheFile(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "guides", "rules.md")
	if err := run(out, page(rules.All())); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(out)
	if err != nil || string(got) != page(rules.All()) {
		t.Errorf("the file is not the page: %v", err)
	}
}

func TestChecksPage_explainsEveryCheck(t *testing.T) {
	t.Parallel()
	checks := readiness.Checks()
	got := checksPage(checks, readiness.NoChecks())
	for _, c := range checks {
		if !strings.Contains(got, "### `"+c.ID+"`\n") || !strings.Contains(got, c.Remedy) || !strings.Contains(got, c.Consequence) {
			t.Errorf("the page does not explain %s", c.ID)
		}
	}
	for _, n := range readiness.NoChecks() {
		if !strings.Contains(got, n.Reason) {
			t.Errorf("the page does not say why %s is no check", n.Source)
		}
	}
}
