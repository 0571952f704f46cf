// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package recipes

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/tester"
)

const folder = "../../examples/ci/policy"

// The policy's own tests.
func TestPolicy(t *testing.T) {
	t.Parallel()
	results, err := tester.Run(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, r := range results {
		ran++
		if !r.Pass() {
			t.Errorf("%s: %s", r.Name, r)
		}
	}
	if ran < 15 {
		t.Errorf("only %d tests of the policy ran", ran)
	}
}

// Plans as the CLI writes them; TestProcess_policyPlans of the provider keeps them
// current.
func TestPolicy_plans(t *testing.T) {
	t.Parallel()
	policy, err := os.ReadFile(filepath.Join(folder, "dbxidentity.rego"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"enforce": "", "destroy": "would be deleted"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(filepath.Join("testdata", name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			var plan any
			if err := json.Unmarshal(raw, &plan); err != nil {
				t.Fatal(err)
			}
			set, err := rego.New(rego.Query("data.main.deny"), rego.Module("dbxidentity.rego", string(policy)), rego.Input(plan)).Eval(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			denied, ok := set[0].Expressions[0].Value.([]any)
			if !ok {
				t.Fatalf("deny is %T", set[0].Expressions[0].Value)
			}
			text, err := json.Marshal(denied)
			if err != nil {
				t.Fatal(err)
			}
			if (want == "") != (len(denied) == 0) || !strings.Contains(string(text), want) {
				t.Errorf("denied %s, want %q", text, want)
			}
		})
	}
}
