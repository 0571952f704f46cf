// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// restored is a fix of user 103 that puts the value before it back on destroy.
func restored(externalID string) string {
	return externalIDOf("user", "103", externalID, `expected_current_external_id = "`+entraID(999)+`"
  on_destroy = "restore"`)
}

// A ledger entry that someone repaired to another valid value is dropped, and
// its instance undoes nothing.
func TestProcess_settledIsNotRestored(t *testing.T) {
	t.Parallel()
	st := smallWorld()
	st.IDP.Users = append(st.IDP.Users, simulator.IDPUser{ID: entraID(103), UserPrincipalName: "user103@example.com", AccountEnabled: true})
	a := startAccount(t, st, simulator.Options{})
	w := newWorkspace(t, a.audited(strings.Replace(remediation, "for_each ", `on_destroy = "restore"
  for_each `, 1)))
	w.must(0, "apply", "-auto-approve")
	a.change(func(st *simulator.State) {
		for i := range st.IDP.Users {
			if st.IDP.Users[i].ID == entraID(103) {
				st.IDP.Users[i].ID = entraID(1103)
			}
		}
	})
	a.setUserExternalID("103", entraID(1103))()
	out := w.must(0, "apply", "-auto-approve")
	if got := a.userExternalID("103"); got != entraID(1103) {
		t.Errorf("user 103 holds %q, want what somebody else wrote\n%s", got, out)
	}
	if w.instances()[fixAddress("user/103")] != nil {
		t.Error("the entry was not dropped")
	}
	w.must(0, "plan", "-detailed-exitcode")
}

// An import wrote nothing; the first write after it knows what was there.
func TestAccExternalID_importThenWrite(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	acceptance(t,
		resource.TestStep{
			Config: a.config("", externalIDOf("user", "103", entraID(999), "")), ResourceName: externalIDAddress,
			ImportState: true, ImportStateId: "user/103", ImportStatePersist: true,
		},
		applies(a.config("", restored(entraID(3))), planned{externalIDAddress: "update"},
			a.holds("103", entraID(3)), text(externalIDAddress, "previous_external_id", entraID(999))),
	)
	if got := a.userExternalID("103"); got != entraID(999) {
		t.Errorf("after destroy user 103 holds %q, want the value before restored", got)
	}
}

// The same when the wanted value is not known while planning, and turns out to
// be a write or none.
func TestAccExternalID_importThenUnknown(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	later := func(value string) string {
		return a.config("", `
resource "terraform_data" "later" {
  input = "`+value+`"
}
`+strings.Replace(restored("X"), `"X"`, "terraform_data.later.output", 1))
	}
	acceptance(t,
		resource.TestStep{
			Config: a.config("", externalIDOf("user", "103", entraID(999), "")), ResourceName: externalIDAddress,
			ImportState: true, ImportStateId: "user/103", ImportStatePersist: true,
		},
		applies(later(entraID(999)), planned{"terraform_data.later": "create", externalIDAddress: "update"},
			a.holds("103", entraID(999)), attribute(externalIDAddress, "previous_external_id", knownvalue.Null())),
		applies(later(entraID(3)), planned{"terraform_data.later": "update", externalIDAddress: "update"},
			a.holds("103", entraID(3)), text(externalIDAddress, "previous_external_id", entraID(999))),
	)
	if got := a.userExternalID("103"); got != entraID(999) {
		t.Errorf("after destroy user 103 holds %q, want the value before restored", got)
	}
}

// Every input of an instance is unknown while planning.
func TestAccExternalID_unknownInputs(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	config := func(id, value, expected string) string {
		return a.config("", `
resource "terraform_data" "later" {
  input = { type = "user", id = "`+id+`", value = "`+value+`", expected = "`+expected+`", destroy = "restore", limit = "2m" }
}
resource "dbxidentity_external_id" "this" {
  principal_type               = terraform_data.later.output.type
  principal_id                 = terraform_data.later.output.id
  external_id                  = terraform_data.later.output.value
  expected_current_external_id = terraform_data.later.output.expected
  on_destroy                   = terraform_data.later.output.destroy
  timeouts                     = { create = terraform_data.later.output.limit }
}`)
	}
	acceptance(t,
		applies(config("101", entraID(101), ""), planned{"terraform_data.later": "create", externalIDAddress: "create"},
			a.holds("101", entraID(101)), text(externalIDAddress, "id", "user/101"), text(externalIDAddress, "previous_external_id", "")),
		// The same principal, after all: Terraform plans a replacement while it cannot know.
		applies(config("101", entraID(1), entraID(101)), planned{"terraform_data.later": "update", externalIDAddress: "delete+create"},
			a.holds("101", entraID(1))),
	)
}

// The principal was renamed since the last refresh, and a write follows.
func TestProcess_renamedWithoutRefresh(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	w := newWorkspace(t, a.config("", externalIDOf("group", "202", entraID(202), "")))
	w.must(0, "apply", "-auto-approve")
	a.change(func(st *simulator.State) { st.Groups[1].DisplayName = "renamed-group" })
	w.write("main.tf", strings.Replace(w.main(), entraID(202), entraID(1202), 1))
	w.must(0, "apply", "-auto-approve", "-refresh=false")
	w.must(0, "plan", "-detailed-exitcode")
	if got := a.state().Groups[1].ExternalID; got != entraID(1202) {
		t.Errorf("group 202 holds %q", got)
	}
}

// Someone gives the principal another value, and the refresh of the destroy
// takes it into state: it is still not ours to overwrite.
func TestProcess_destroyAfterDrift(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	w := newWorkspace(t, a.config("", restored(entraID(3))))
	w.must(0, "apply", "-auto-approve")
	a.setUserExternalID("103", entraID(7))()
	out := w.must(0, "destroy", "-auto-approve")
	if got := a.userExternalID("103"); got != entraID(7) {
		t.Errorf("after destroy user 103 holds %q, want what somebody else wrote\n%s", got, out)
	}
	if !strings.Contains(out, "External ID Kept") || !strings.Contains(out, entraID(7)) {
		t.Errorf("the destroy does not say that it kept the value:\n%s", out)
	}
}
