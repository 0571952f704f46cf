// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package audit

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestRules(t *testing.T) {
	t.Parallel()
	rules := Rules()
	kinds := []RuleKind{KindCategory, KindCause, KindAction, KindAdvisory, KindReason}
	spelling := map[RuleKind]*regexp.Regexp{
		KindCategory: regexp.MustCompile(`^[A-Z_]+$`), KindAdvisory: regexp.MustCompile(`^[A-Z_]+$`),
		KindCause: regexp.MustCompile(`^[a-z_]+$`), KindAction: regexp.MustCompile(`^[a-z_]+$`), KindReason: regexp.MustCompile(`^[a-z_]+$`),
	}
	if !slices.IsSortedFunc(rules, func(a, b Rule) int {
		if a.Kind != b.Kind {
			return slices.Index(kinds, a.Kind) - slices.Index(kinds, b.Kind)
		}
		return strings.Compare(a.ID, b.ID)
	}) {
		t.Error("the rules are not sorted by kind and id")
	}
	seen := map[string]bool{}
	causes := map[string]bool{}
	for _, r := range rules {
		if r.Kind == KindCause {
			causes[r.ID] = true
		}
	}
	for _, r := range rules {
		if key := string(r.Kind) + r.ID; seen[key] {
			t.Errorf("%s %s is there twice", r.Kind, r.ID)
		} else {
			seen[key] = true
		}
		if !spelling[r.Kind].MatchString(r.ID) {
			t.Errorf("%s %q is spelled otherwise than its kind", r.Kind, r.ID)
		}
		for what, text := range map[string]string{"title": r.Title, "description": r.Description, "remedy": r.Remedy} {
			if text == "" || strings.Contains(text, "  ") {
				t.Errorf("%s %s: %s %q", r.Kind, r.ID, what, text)
			}
		}
		if !strings.HasSuffix(r.Description, ".") || !strings.HasSuffix(r.Remedy, ".") {
			t.Errorf("%s %s: description and remedy are sentences", r.Kind, r.ID)
		}
		if r.Refines != "" && !causes[r.Refines] {
			t.Errorf("%s refines %q, which is no cause", r.ID, r.Refines)
		}
		if r.Kind == KindReason && r.Switch != switchOf(r.ID) {
			t.Errorf("reason %s: switch %q in the registry, %q in reports", r.ID, r.Switch, switchOf(r.ID))
		}
	}
	same(t, "categories", len(categoryRules()), 6)
}

// Every constant that a report can carry is in the registry.
func TestRules_complete(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, r := range Rules() {
		known[string(r.Kind)+" "+r.ID] = true
	}
	kinds := map[string]RuleKind{
		"Category": KindCategory, "Cause": KindCause, "Action": KindAction, "Advisory": KindAdvisory, "Reason": KindReason,
	}
	found := 0
	for _, file := range []string{
		"rules.go", "rules_causes.go", "rules_actions.go", "rules_advisories.go", "rules_reasons.go",
	} {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			literal, ok := spec.Values[0].(*ast.BasicLit)
			if !ok {
				return true
			}
			for prefix, kind := range kinds {
				if strings.HasPrefix(spec.Names[0].Name, prefix) {
					found++
					if id := strings.Trim(literal.Value, `"`); !known[string(kind)+" "+id] {
						t.Errorf("%s is not in the registry", spec.Names[0].Name)
					}
				}
			}
			return true
		})
	}
	same(t, "ids", found, len(Rules()))
}
