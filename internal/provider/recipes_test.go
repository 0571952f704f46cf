// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"encoding/json"
	"encoding/xml"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// recipe is one row of the table in the guide.
type recipe struct {
	name, command string
	exit          map[string]int // by the state of the account
}

var recipeStates = []string{"clean", "dirty", "broken read"}

// recipes reads the table of exit codes from the guide, so that what the guide
// promises is what is run.
func recipes(t *testing.T) []recipe {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", "docs", "guides", "ci.md"))
	if err != nil {
		t.Fatal(err)
	}
	var out []recipe
	code := regexp.MustCompile(`^\*{0,2}(\d)`)
	for _, line := range strings.Split(string(content), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) < 7 || !strings.Contains(cells[2], "`terraform ") {
			continue
		}
		r := recipe{name: strings.Trim(cells[1], " `"), command: strings.Trim(cells[2], " `"), exit: map[string]int{}}
		for i, state := range recipeStates {
			m := code.FindStringSubmatch(strings.TrimSpace(cells[3+i]))
			if m == nil {
				t.Fatalf("no exit code in %q of %s", cells[3+i], line)
			}
			if r.exit[state], err = strconv.Atoi(m[1]); err != nil {
				t.Fatal(err)
			}
		}
		out = append(out, r)
	}
	if len(out) != 3 {
		t.Fatalf("the guide has %d recipes, want 3", len(out))
	}
	return out
}

// cleanAccount has one linked user in one linked group.
func cleanAccount(t *testing.T) account {
	t.Helper()
	st := smallWorld()
	st.Users, st.Groups, st.ServicePrincipals = st.Users[1:2], st.Groups[:1], nil
	return startAccount(t, st, simulator.Options{})
}

// becomes brings a clean account into one of the states.
func (a account) becomes(state string) {
	switch state {
	case "dirty":
		a.change(func(st *simulator.State) {
			st.Users = append(st.Users, simulator.User{ID: "101", UserName: "user101@example.com", Active: true})
		})
	case "broken read":
		a.faults(simulator.Fault{Kind: simulator.FaultStatus, Status: 400, Path: "/api/2.0/identity/accounts/*/users/102/matchWithIdp"})
	}
}

// recipeModule is the module of a recipe with its tests.
func recipeModule(t *testing.T, a account, name string) *workspace {
	t.Helper()
	w := exampleModule(t, a, "ci/"+name)
	tests, err := filepath.Glob(filepath.Join(examplesRoot, "ci", name, "*.tftest.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		content, err := os.ReadFile(test)
		if err != nil {
			t.Fatal(err)
		}
		w.write(filepath.Base(test), string(content))
	}
	return w
}

// The three recipes on a clean account, a dirty one, and one that cannot be read
// whole: exit codes as the guide says.
func TestProcess_recipes(t *testing.T) {
	t.Parallel()
	for _, r := range recipes(t) {
		for _, state := range recipeStates {
			t.Run(r.name+"/"+state, func(t *testing.T) {
				t.Parallel()
				a := cleanAccount(t)
				w := recipeModule(t, a, r.name)
				args := strings.Fields(r.command)[1:]
				if r.name == "enforce" { // It has run before: its ledger is in the state.
					w.must(0, "apply", "-auto-approve", "-input=false")
				}
				a.becomes(state)
				junit := false
				for i, arg := range args {
					if strings.HasPrefix(arg, "-junit-xml") && w.tofu {
						args[i] = "-json" // OpenTofu has no JUnit.
					} else {
						junit = junit || strings.HasPrefix(arg, "-junit-xml")
					}
				}
				out := w.must(r.exit[state], args...)
				if junit {
					checkJUnit(t, w, state, out)
				}
				if r.name == "report" {
					checkStatuses(t, w, state)
				}
				if n := a.writes(); n != 0 {
					t.Errorf("a plan wrote %d times", n)
				}
			})
		}
	}
}

// checkStatuses reads the verdict of the report recipe from the saved plan.
func checkStatuses(t *testing.T, w *workspace, state string) {
	t.Helper()
	plan := decode[struct {
		Checks []struct {
			Address struct {
				Name string `json:"name"`
				Kind string `json:"kind"`
			} `json:"address"`
			Status string `json:"status"`
		} `json:"checks"`
	}](t, []byte(w.must(0, "show", "-json", "plan.bin")))
	got := map[string]string{}
	for _, c := range plan.Checks {
		if c.Address.Kind == "check" {
			got[c.Address.Name] = c.Status
		}
	}
	want := map[string]map[string]string{
		"clean":       {"complete": "pass", "federation": "pass", "identities": "pass"},
		"dirty":       {"complete": "pass", "federation": "pass", "identities": "fail"},
		"broken read": {"complete": "fail", "federation": "pass", "identities": "fail"},
	}[state]
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("checks (-want +got): %s", diff)
	}
}

// junitReport is the part of the report that tells findings from errors.
type junitReport struct {
	Suites []struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
	} `xml:"testsuite"`
}

func checkJUnit(t *testing.T, w *workspace, state, out string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(w.dir, "report.xml"))
	if err != nil {
		t.Fatal(err)
	}
	var report junitReport
	if err := xml.Unmarshal(raw, &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Suites) != 1 || report.Suites[0].Tests != 1 {
		t.Fatalf("%s\n%s", raw, out)
	}
	got := map[bool]string{true: "clean", false: ""}[report.Suites[0].Failures+report.Suites[0].Errors == 0]
	if report.Suites[0].Failures == 1 && report.Suites[0].Errors == 0 {
		got = "dirty"
	}
	if report.Suites[0].Failures == 0 && report.Suites[0].Errors == 1 {
		got = "broken read"
	}
	if got != state {
		t.Errorf("the report says %q:\n%s", got, raw)
	}
}

// A module that uses the audit is tested without an account.
func TestProcess_mock(t *testing.T) {
	t.Parallel()
	a := account{Running: &simulator.Running{URL: "http://127.0.0.1:1"}, t: t}
	recipeModule(t, a, "mock").must(0, "test")
}

// update rewrites the plans that the policy is tested with.
var update = flag.Bool("update", false, "rewrite tools/recipes/testdata and the generated tables of docs/reliability.md and docs/simulator.md")

// The plans that the policy of examples/ci is tested with are those that the CLI
// writes for the enforce recipe: one that fills a blank id and replaces a stale
// one, and one that destroys.
func TestProcess_policyPlans(t *testing.T) {
	t.Parallel()
	st := smallWorld()
	st.IDP.Users = append(st.IDP.Users, simulator.IDPUser{ID: entraID(103), UserPrincipalName: "user103@example.com", AccountEnabled: true})
	w := recipeModule(t, startAccount(t, st, simulator.Options{}), "enforce")
	w.must(2, "plan", "-input=false", "-detailed-exitcode", "-out=plan.bin")
	w.samePlan("enforce")
	w.must(0, "apply", "-input=false", "plan.bin")
	w.must(2, "plan", "-destroy", "-input=false", "-detailed-exitcode", "-out=plan.bin")
	w.samePlan("destroy")
}

// samePlan compares the changes of the saved plan with the fixture.
func (w *workspace) samePlan(name string) {
	w.t.Helper()
	type change struct {
		Address string         `json:"address"`
		Mode    string         `json:"mode"`
		Type    string         `json:"type"`
		Change  map[string]any `json:"change"`
	}
	type resource struct {
		Mode   string         `json:"mode"`
		Type   string         `json:"type"`
		Values map[string]any `json:"values"`
	}
	type document struct {
		ResourceChanges []change `json:"resource_changes"`
		PriorState      struct {
			Values struct {
				RootModule struct {
					Resources []resource `json:"resources"`
				} `json:"root_module"`
			} `json:"values"`
		} `json:"prior_state"`
	}
	got := decode[document](w.t, []byte(w.must(0, "show", "-json", "plan.bin")))
	module := &got.PriorState.Values.RootModule
	module.Resources = slices.DeleteFunc(module.Resources, func(r resource) bool { return r.Mode != "data" })
	for _, c := range got.ResourceChanges {
		for key := range c.Change { // Versions of the CLI add keys that the policy does not read.
			if key != "actions" && key != "before" && key != "after" && key != "after_unknown" {
				delete(c.Change, key)
			}
		}
	}
	file := filepath.Join("..", "..", "tools", "recipes", "testdata", name+".json")
	if *update {
		raw, err := json.MarshalIndent(got, "", "  ")
		if err != nil {
			w.t.Fatal(err)
		}
		if err := os.WriteFile(file, append(raw, '\n'), 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		w.t.Fatal(err)
	}
	if diff := cmp.Diff(decode[document](w.t, raw), got); diff != "" {
		w.t.Errorf("%s is not what the CLI writes (go test -run policyPlans -update):\n%s", file, diff)
	}
}
