// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// ledgerOf is a ledger with settings of its own.
func ledgerOf(settings string) string {
	return `
resource "dbxidentity_remediation_ledger" "this" {
  ` + settings + `
}`
}

// handWritten is a pending entry as a human would write it.
func handWritten(key, kind, id, externalID string) string {
	return `"` + key + `" = { principal_type = "` + kind + `", principal_id = "` + id + `", external_id = "` + externalID + `" }`
}

// The pending map comes, goes, is empty and is null, while what is tracked
// stays as it is.
func TestAccRemediationLedger_pendingComesAndGoes(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	a.setUserExternalID("101", entraID(101))() // As after the fix.
	one := `pending_external_ids = { ` + handWritten("user/101", "user", "101", entraID(101)) + ` }`
	step := func(settings string, want planned, keys ...string) resource.TestStep {
		return applies(a.config("", ledgerOf(settings)), want, trackedKeys(keys...))
	}
	change := planned{ledgerAddress: "update"}
	acceptance(t,
		step("", planned{ledgerAddress: "create"}),
		step("pending_external_ids = {}", planned{}),
		step("", planned{}),
		step(one+"\n exclude = [\"user/101\"]", change),
		step(one, change, "user/101"),
		step("", planned{}, "user/101"),
		step("pending_external_ids = {}", planned{}, "user/101"),
		step(one, planned{}, "user/101"),
		step(`exclude = ["user/101"]`, change),
	)
}

func TestAccRemediationLedger_unknownInputs(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	entry := func(with string) string {
		return a.config("", `
resource "terraform_data" "later" {
  input = { type = "user", id = "101", value = "`+entraID(101)+`", key = "user/102", limit = 5 }
}
resource "terraform_data" "whole" {
  input = { principal_type = "user", principal_id = "101", external_id = "`+entraID(101)+`", current_external_id = "", principal_name = null, category = null, reversible = null }
}
`+ledgerOf(with))
	}
	created := planned{"terraform_data.later": "create", "terraform_data.whole": "create", ledgerAddress: "create"}
	for name, settings := range map[string]string{
		"values":  `pending_external_ids = { "user/101" = { principal_type = terraform_data.later.output.type, principal_id = terraform_data.later.output.id, external_id = terraform_data.later.output.value } }`,
		"a name":  `pending_external_ids = { "user/101" = { principal_type = "user", principal_id = "101", external_id = "` + entraID(101) + `", principal_name = terraform_data.later.output.key } }`,
		"the map": `pending_external_ids = { for k in [terraform_data.later.output.id] : "user/${k}" => terraform_data.whole.output }`,
		"exclude": `pending_external_ids = { ` + handWritten("user/101", "user", "101", entraID(101)) + ` }
  exclude = [terraform_data.later.output.key]`,
		"the limit": `pending_external_ids = { ` + handWritten("user/101", "user", "101", entraID(101)) + ` }
  max_new_external_ids = terraform_data.later.output.limit`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acceptance(t, applies(entry(settings), created, trackedKeys("user/101"),
				attribute(ledgerAddress, "external_ids", knownvalue.MapPartial(map[string]knownvalue.Check{
					"user/101": knownvalue.ObjectPartial(map[string]knownvalue.Check{"external_id": knownvalue.StringExact(entraID(101))}),
				}))))
		})
	}
}

// What a human wrote wrongly is named, on its entry.
func TestAccRemediationLedger_refusals(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	pending := func(entry string) string { return `pending_external_ids = { ` + entry + ` }` }
	for name, tt := range map[string]struct{ settings, want string }{
		"key of another principal": {pending(handWritten("user/102", "user", "101", entraID(101))), `(?s)Invalid Ledger Key.*user/102.*user/101`},
		"key without type":         {pending(handWritten("101", "user", "101", entraID(101))), `(?s)Invalid Ledger Key.*user/101`},
		"clearing a user":          {pending(handWritten("user/101", "user", "101", "")), `(?s)Invalid External ID.*groups only`},
		"null key":                 {`exclude = [null]`, `(?s)Null|null`},
		"excluded by name": {
			pending(handWritten("user/101", "user", "101", entraID(101))[:len(handWritten("user/101", "user", "101", entraID(101)))-2]+`, principal_name = "user101@example.com" }`) +
				"\nexclude = [\"User101@example.com\"]",
			`(?s)Invalid Ledger Key.*Did you mean\s+"user/101"\?.*terraform\s+destroy`,
		},
		"excluded by id":     {pending(handWritten("user/101", "user", "101", entraID(101))) + "\nexclude = [\"101\"]", `(?s)Invalid Ledger Key.*Did you\s+mean\s+"user/101"\?`},
		"excluded address":   {pending(handWritten("user/101", "user", "101", entraID(101))) + "\nexclude = [\"users/101\"]", `(?s)Invalid Ledger Key.*"user/101"`},
		"excluded elsewhere": {`exclude = ["user11@example.com"]`, `(?s)Invalid Ledger Key.*Keys are user/<id>`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acceptance(t, resource.TestStep{Config: a.config("", ledgerOf(tt.settings)), PlanOnly: true, ExpectError: regexp.MustCompile(tt.want)})
		})
	}
}

// Waivers and targets that are not known yet, or null.
func TestAccDivergences_unknownInputs(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	audit := func(settings string) string {
		return a.audited(`
resource "terraform_data" "later" {
  input = { category = "EXTERNAL_ID_NOT_IN_IDP", reason = "known", principal_type = null, principal_id = null, expires = null }
}
resource "terraform_data" "target" {
  input = { principal_type = "user", principal_id = "101" }
}
data "dbxidentity_divergences" "all" {
  ` + settings + `
}`)
	}
	for name, settings := range map[string]string{
		"a category": `waivers = [{ category = terraform_data.later.output.category, reason = "known" }]`,
		"domains":    `primary_domains = [terraform_data.later.output.reason]`,
		"the types":  `principal_types = [terraform_data.target.output.principal_type]`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acceptance(t, applies(audit(settings), planned{"terraform_data.later": "create", "terraform_data.target": "create"}))
		})
	}
	for name, settings := range map[string]string{
		"null waiver":     `waivers = [null]`,
		"null privileged": `allow_privileged_principals = [null]`,
		"null domain":     `primary_domains = [null]`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acceptance(t, resource.TestStep{Config: audit(settings), PlanOnly: true, ExpectError: regexp.MustCompile(`(?i)null`)})
		})
	}
}

// What the audit cannot judge is neither written nor removed again, also when the
// account has drifted from the fix; the fix is applied when it can be judged again.
func TestProcess_holeWritesNothing(t *testing.T) {
	t.Parallel()
	for name, hole := range map[string]simulator.Fault{
		"no match":      {Kind: simulator.FaultStatus, Status: 400, Path: "/api/**/users/101/matchWithIdp"},
		"no list":       {Kind: simulator.FaultStatus, Status: 400, Method: "GET", Path: "/api/**/service-principals"},
		"no privileges": {Kind: simulator.FaultStatus, Status: 400, Path: "/api/**/metastores"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := startAccount(t, smallWorld(), simulator.Options{})
			w := newWorkspace(t, a.audited(remediation))
			w.must(0, "apply", "-auto-approve")
			a.setUserExternalID("101", "")() // It drifts, and cannot be judged.
			a.faults(hole)
			w.must(0, "apply", "-auto-approve")
			if got := a.userExternalID("101"); got != "" {
				t.Errorf("user 101 was given %q, and the audit could not judge it", got)
			}
			if id := w.instances()[fixAddress("service_principal/301")]; id == nil {
				t.Error("a fix that the account holds was forgotten")
			}
			a.faults()
			w.must(0, "apply", "-auto-approve")
			if got := a.userExternalID("101"); got != entraID(101) {
				t.Errorf("user 101 holds %q", got)
			}
		})
	}
}

// Holes, of the principal itself or elsewhere, do not make the ledger insist on a
// value that was replaced by another valid one.
func TestProcess_settledBesideHoles(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	w := newWorkspace(t, a.audited(remediation))
	w.must(0, "apply", "-auto-approve")
	a.change(func(st *simulator.State) { st.IDP.Users[0].ID = entraID(1101) })
	a.setUserExternalID("101", entraID(1101))()
	a.faults(
		simulator.Fault{Kind: simulator.FaultStatus, Status: 400, Path: "/api/**/users/*/matchWithIdp"},
		simulator.Fault{Kind: simulator.FaultStatus, Status: 400, Path: "/api/**/groups/*/matchWithIdp"},
		simulator.Fault{Kind: simulator.FaultStatus, Status: 400, Method: "GET", Path: "/api/2.0/**/service-principals"},
	)
	w.must(0, "apply", "-auto-approve")
	if got := a.userExternalID("101"); got != entraID(1101) {
		t.Errorf("user 101 holds %q, want what somebody else wrote", got)
	}
	if w.instances()[fixAddress("user/101")] != nil {
		t.Error("the entry was not dropped")
	}
}

// No refusal of the ledger blocks a destroy for good: what it says to run works.
func TestProcess_ledgerRefusalsAndDestroy(t *testing.T) {
	t.Parallel()
	removal, added := removalEntry("202", "101"), membershipEntry("202", "202", "101")
	for name, settings := range map[string]string{
		"a limit":       `pending_external_ids = { ` + handWritten("user/101", "user", "101", entraID(101)) + " }\n max_new_external_ids = 0",
		"contradiction": "pending_member_removals = { " + removal + " }\n pending_memberships = { " + added + " }",
		"one twice":     "pending_memberships = { " + added + ", " + membershipEntry("202/101", "202", "101") + " }",
		"wrong exclude": `exclude = ["user101@example.com"]`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := startAccount(t, smallWorld(), simulator.Options{})
			w := newWorkspace(t, a.config("", ledgerOf(`pending_external_ids = { `+handWritten("user/102", "user", "102", entraID(102))+` }`)))
			w.must(0, "apply", "-auto-approve")
			w.write("main.tf", requiredProviders+a.config("", ledgerOf(settings)))
			for _, args := range [][]string{{"plan"}, {"plan", "-destroy"}} {
				if out := w.must(1, args...); !strings.Contains(out, "To destroy instead: terraform destroy -refresh=false") {
					t.Errorf("%v does not say how to destroy:\n%s", args, out)
				}
			}
			w.must(0, "destroy", "-refresh=false", "-auto-approve")
			if len(w.instances()) != 0 {
				t.Error("something is left in state")
			}
		})
	}
}

// A listing that lags behind a write shows the old value for a while: that is no
// settlement, and nothing is undone.
func TestProcess_staleListKeepsTracked(t *testing.T) {
	t.Parallel()
	a := startAccount(t, manyStale(5), simulator.Options{})
	a.faults(simulator.Fault{Kind: simulator.FaultStale, Method: "GET", Path: "/api/2.0/identity/accounts/*/users"})
	w := newWorkspace(t, a.audited(strings.Replace(remediation, "for_each ", `on_destroy = "restore"
  for_each `, 1)))
	w.must(0, "apply", "-auto-approve")
	out := w.must(0, "plan", "-detailed-exitcode")
	if got := a.userExternalID("1000"); got != entraID(1000) {
		t.Errorf("user 1000 holds %q\n%s", got, out)
	}
}
