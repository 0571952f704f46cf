// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

const ledgerAddress = "dbxidentity_remediation_ledger.this"

func fixAddress(key string) string { return fmt.Sprintf("dbxidentity_external_id.fix[%q]", key) }

// planned is a plan that changes exactly these addresses, each with its action
// ("create", "update", "delete").
type planned map[string]string

func (want planned) CheckPlan(_ context.Context, req plancheck.CheckPlanRequest, resp *plancheck.CheckPlanResponse) {
	got := planned{}
	for _, change := range req.Plan.ResourceChanges {
		if change.Mode != tfjson.ManagedResourceMode || change.Change.Actions.NoOp() || change.Change.Actions.Read() {
			continue
		}
		action := ""
		for i, a := range change.Change.Actions {
			if i > 0 {
				action += "+"
			}
			action += string(a)
		}
		got[change.Address] = action
	}
	for address, action := range want {
		if got[address] != action {
			resp.Error = fmt.Errorf("want %s of %s, the plan has %q; whole plan: %v", action, address, got[address], got)
			return
		}
	}
	if len(got) != len(want) {
		resp.Error = fmt.Errorf("want the changes %v, the plan has %v", want, got)
	}
}

// applies is a step that plans exactly want, applies it, and finds the plan
// after it empty.
//
// Checks are state checks: the older kind cannot read instances of for_each.
func applies(config string, want planned, checks ...statecheck.StateCheck) resource.TestStep {
	return resource.TestStep{
		Config:            config,
		ConfigPlanChecks:  resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{want}},
		ConfigStateChecks: checks,
	}
}

// attribute is one attribute of one instance.
func attribute(address, name string, value knownvalue.Check) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(address, tfjsonpath.New(name), value)
}

// text is attribute with a string.
func text(address, name, value string) statecheck.StateCheck {
	return attribute(address, name, knownvalue.StringExact(value))
}

// account checks look at the account itself, not at Terraform's opinion of it.
type accountCheck func() error

func (check accountCheck) CheckState(_ context.Context, _ statecheck.CheckStateRequest, resp *statecheck.CheckStateResponse) {
	resp.Error = check()
}

// before runs a change of the account first.
func before(step resource.TestStep, change func()) resource.TestStep {
	step.PreConfig = change
	return step
}

// holds checks the externalId of a user.
func (a account) holds(user, externalID string) statecheck.StateCheck {
	return accountCheck(func() error {
		if got := a.userExternalID(user); got != externalID {
			return fmt.Errorf("user %s holds the externalId %q, want %q", user, got, externalID)
		}
		return nil
	})
}

func (a account) setUserExternalID(id, externalID string) func() {
	return func() {
		a.change(func(st *simulator.State) {
			for i := range st.Users {
				if st.Users[i].ID == id {
					st.Users[i].ExternalID = externalID
				}
			}
		})
	}
}

func TestAccRemediationLedger_fixedPoint(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	acceptance(t,
		applies(a.audited(remediation), planned{
			ledgerAddress:                       "create",
			fixAddress("user/101"):              "create",
			fixAddress("service_principal/301"): "create",
		}, a.holds("101", entraID(101)), a.holds("103", entraID(999)),
			text(fixAddress("user/101"), "previous_external_id", ""),
			attribute(ledgerAddress, "external_ids", knownvalue.MapPartial(map[string]knownvalue.Check{
				"user/101": knownvalue.ObjectPartial(map[string]knownvalue.Check{"current_external_id": knownvalue.StringExact("")}),
			}))),

		// A new divergence is one fix to add and the ledger to change.
		before(applies(a.audited(remediation), planned{ledgerAddress: "update", fixAddress("user/104"): "create"}, a.holds("104", entraID(104))),
			func() {
				a.change(func(st *simulator.State) {
					st.Users = append(st.Users, simulator.User{ID: "104", UserName: "user104@example.com", Active: true})
					st.IDP.Users = append(st.IDP.Users, simulator.IDPUser{ID: entraID(104), UserPrincipalName: "user104@example.com", AccountEnabled: true})
				})
			}),

		// A principal that drifted into a divergence is one change.
		before(applies(a.audited(remediation), planned{fixAddress("user/101"): "update"}, a.holds("101", entraID(101))),
			a.setUserExternalID("101", "")),

		// One that has yet another value is shown with that value, and replaced.
		before(applies(a.audited(remediation), planned{ledgerAddress: "update", fixAddress("user/101"): "update"}, a.holds("101", entraID(101)),
			text(fixAddress("user/101"), "expected_current_external_id", entraID(777)),
			attribute(ledgerAddress, "external_ids", knownvalue.MapPartial(map[string]knownvalue.Check{
				"user/101": knownvalue.ObjectPartial(map[string]knownvalue.Check{
					"current_external_id": knownvalue.StringExact(entraID(777)), "reversible": knownvalue.Bool(true),
				}),
			}))),
			a.setUserExternalID("101", entraID(777))),

		// One that someone repaired to another valid value is dropped and never
		// written again.
		before(applies(a.audited(remediation), planned{ledgerAddress: "update", fixAddress("user/104"): "delete"}, a.holds("104", entraID(1104))),
			func() {
				a.change(func(st *simulator.State) {
					for i := range st.IDP.Users {
						if st.IDP.Users[i].ID == entraID(104) {
							st.IDP.Users[i].ID = entraID(1104)
						}
					}
				})
				a.setUserExternalID("104", entraID(1104))()
			}),

		// A deleted one is forgotten, and its instance with it; nothing is written.
		before(resource.TestStep{
			Config: a.audited(remediation),
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply: []plancheck.PlanCheck{planned{fixAddress("user/101"): "delete"}},
			},
			ConfigStateChecks: []statecheck.StateCheck{trackedKeys("service_principal/301")},
		}, func() {
			a.change(func(st *simulator.State) {
				st.Users = slices.DeleteFunc(st.Users, func(u simulator.User) bool { return u.ID == "101" })
			})
		}),
		// Without configuration everything is forgotten, and the account is left as
		// it is. (The test framework cannot destroy instances of for_each itself.)
		resource.TestStep{Config: a.audited("")},
	)
	if err := a.wrote(5); err != nil { // 101 three times, 104 and 301 once.
		t.Error(err)
	}
}

// trackedKeys checks which entries the ledger holds.
func trackedKeys(keys ...string) statecheck.StateCheck {
	want := map[string]knownvalue.Check{}
	for _, key := range keys {
		want[key] = knownvalue.NotNull()
	}
	return attribute(ledgerAddress, "external_ids", knownvalue.MapExact(want))
}

func TestAccRemediationLedger_limit(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	ledger := func(settings string) string {
		return a.audited(`
data "dbxidentity_divergences" "all" {}
resource "dbxidentity_remediation_ledger" "this" {
  pending_external_ids = data.dbxidentity_divergences.all.external_id_fixes
  ` + settings + `
}`)
	}
	acceptance(t,
		resource.TestStep{
			Config:      ledger(`max_new_external_ids = 1`),
			ExpectError: regexp.MustCompile(`(?s)adds or changes 2 external ids at once.*max_new_external_ids\s+allows\s+1`),
		},
		applies(ledger(`max_new_external_ids = 2`), planned{ledgerAddress: "create"}),
		applies(ledger(`exclude = ["user/101"]`), planned{ledgerAddress: "update"},
			trackedKeys("service_principal/301")),
		applies(ledger(`max_new_external_ids = -1`), planned{ledgerAddress: "update"},
			trackedKeys("service_principal/301", "user/101")),
	)
}
