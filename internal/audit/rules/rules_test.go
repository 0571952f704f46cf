// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package rules

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

func TestRules(t *testing.T) {
	t.Parallel()
	rules := All()
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
		if (r.Kind == KindCause) != (r.Consequence != "") || (r.Kind == KindAction) != (r.Owner != "") {
			t.Errorf("%s %s: consequence %q, owner %q", r.Kind, r.ID, r.Consequence, r.Owner)
		}
		if got, found := Find(r.Kind, r.ID); !found || got.Title != r.Title {
			t.Errorf("%s %s is not found by its id: %+v", r.Kind, r.ID, got)
		}
		if r.Kind == KindReason || r.Kind == KindAction {
			for _, kind := range []string{"See the ", "Read the ", "manual action."} {
				if strings.Contains(r.Remedy+strings.Join(slices.Collect(maps.Values(r.Remedies)), "")+r.ForeignRemedy, kind) {
					t.Errorf("%s %s: the remedy points somewhere instead of saying what to do: %s", r.Kind, r.ID, r.Remedy)
				}
			}
		}
	}
	if got := len(categoryRules()); got != 6 {
		t.Errorf("%d categories", got)
	}
}

// What a row says is about its own type: no person logs in as an app, and no user's name is
// taken by a group.
func TestRules_textsOfTheirType(t *testing.T) {
	t.Parallel()
	others := map[audit.PrincipalType]*regexp.Regexp{
		audit.TypeUser:             regexp.MustCompile(`(?i)\bgroups?\b|\bservice principals?\b`),
		audit.TypeGroup:            regexp.MustCompile(`(?i)\busers?\b|\bservice principals?\b|\bperson\b|\bwho works\b|\blog-?(ging)? ?in\b|deactivat|\btokens?\b|support\b`),
		audit.TypeServicePrincipal: regexp.MustCompile(`(?i)\busers?\b|\bgroups?\b|\bperson\b|\bwho works\b|\blog-?ging in\b|\blog-ins?\b`),
	}
	for _, r := range All() {
		if r.Kind == KindCategory || r.Kind == KindAdvisory || strings.HasPrefix(r.ID, "member_") {
			continue // They are not in rows, or of members.
		}
		for _, kind := range r.Types {
			texts := []string{r.ConsequenceFor(kind)}
			if r.Kind != KindCause { // The page of rules alone has these.
				texts = append(texts, r.RemedyFor(kind))
			}
			for _, text := range texts {
				if word := others[kind].FindString(text); word != "" {
					t.Errorf("%s %s says %q to a %s: %s", r.Kind, r.ID, word, kind, text)
				}
			}
		}
		for _, byType := range []map[audit.PrincipalType]string{r.Remedies, r.Consequences} {
			for kind, text := range byType {
				if !slices.Contains(r.Types, kind) || !strings.HasSuffix(text, ".") {
					t.Errorf("%s %s has for a %s: %s", r.Kind, r.ID, kind, text)
				}
			}
		}
	}
	linkable, _ := Find(KindCause, CauseLinkable)
	if got := linkable.SymptomsFor(audit.TypeUser); !slices.Equal(got, []Symptom{SymptomDuplicates}) {
		t.Errorf("a user explains %v", got)
	}
}

// Every constant that a report can carry is in the registry.
func TestRules_complete(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, r := range All() {
		known[string(r.Kind)+" "+r.ID] = true
	}
	kinds := map[string]RuleKind{
		"Category": KindCategory, "Cause": KindCause, "Action": KindAction, "Advisory": KindAdvisory, "Reason": KindReason,
	}
	found := 0
	for _, file := range []string{
		"rules.go", "causes.go", "actions.go", "advisories.go", "reasons.go",
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
	if found != len(All()) {
		t.Errorf("%d constants, %d rules", found, len(All()))
	}
}

// The executor puts every group into bucket 3, and service principals into 6, 7 and
// 8 where users are in 1, 2 and 5 (docs/reference/prep-script-contract.md, 8.2).
func TestRules_buckets(t *testing.T) {
	t.Parallel()
	ofServicePrincipals := map[string]string{"": "", "1": "6", "2": "7", "4 or 5": "8"}
	for _, r := range causeRules() {
		if strings.HasPrefix(r.ID, "member_") || r.ID == CauseDisabled { // Causes of removals and deactivations, not of rows.
			if len(r.Buckets) != 0 {
				t.Errorf("%s: buckets %v", r.ID, r.Buckets)
			}
			continue
		}
		for _, kind := range audit.PrincipalTypes() {
			if got := r.Buckets[kind]; slices.Contains(r.Types, kind) != (got != "") {
				t.Errorf("%s: bucket %q for a %s", r.ID, got, kind)
			}
		}
		if slices.Contains(r.Types, audit.TypeGroup) && r.Buckets[audit.TypeGroup] != "3" {
			t.Errorf("%s: groups in bucket %q", r.ID, r.Buckets[audit.TypeGroup])
		}
		if slices.Contains(r.Types, audit.TypeServicePrincipal) && r.Buckets[audit.TypeServicePrincipal] != ofServicePrincipals[r.Buckets[audit.TypeUser]] {
			t.Errorf("%s: buckets %v", r.ID, r.Buckets)
		}
	}
}
