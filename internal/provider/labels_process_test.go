// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// Labels show in the plan and stay as written: neither another label nor another name
// in the account is a change, and a label that is not set is as last read.
func TestProcess_labels(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	w := newWorkspace(t, a.config("", named("labelled", "user", "101", entraID(101), `expected_current_external_id = ""
  principal_name = "user101@example.com"`)+named("plain", "user", "103", entraID(3), `expected_current_external_id = "`+entraID(999)+`"`)+`
resource "dbxidentity_group_member" "this" {
  group_id    = "202"
  member_id   = "102"
  group_name  = "local-group"
  member_name = "The Auditor"
}
resource "dbxidentity_group_member_removal" "this" {
  group_id    = "202"
  member_id   = "101"
  group_name  = "local-group"
}`))
	saysAll(t, w.must(0, "plan"), `+ principal_name = "user101@example.com"`, `+ group_name = "local-group"`, `+ member_name = "The Auditor"`)
	w.must(0, "apply", "-auto-approve")
	w.must(0, "plan", "-detailed-exitcode")
	a.change(func(st *simulator.State) {
		st.Users[0].UserName, st.Users[2].UserName, st.Groups[1].DisplayName = "new101@example.com", "new103@example.com", "renamed"
	})
	w.must(0, "plan", "-detailed-exitcode")
	w.write("main.tf", strings.ReplaceAll(w.main(), "The Auditor", "Another Auditor"))
	w.must(0, "apply", "-auto-approve")
	w.must(0, "plan", "-detailed-exitcode")
	state := w.must(0, "show")
	saysAll(t, state, `member_name = "The Auditor"`, `group_name = "local-group"`, `principal_name = "user101@example.com"`, `principal_name = "new103@example.com"`)
}

// What was renamed between a saved plan and its apply is not what was reviewed: the
// apply stops before the write.
func TestProcess_renamedSincePlan(t *testing.T) {
	t.Parallel()
	st := smallWorld()
	st.Groups[1].Members = []simulator.Member{{Value: "103"}}
	a := startAccount(t, st, simulator.Options{})
	w := newWorkspace(t, a.config(`automatic_identity_management = "off"`, named("this", "user", "101", entraID(101), `expected_current_external_id = ""
  principal_name = "user101@example.com"`)+`
resource "dbxidentity_group_member" "this" {
  group_id   = "202"
  member_id  = "102"
  group_name = "local-group"
}
resource "dbxidentity_group_member_removal" "this" {
  group_id   = "202"
  member_id  = "103"
  group_name = "local-group"
}`))
	if out := w.must(0, "plan", "-out=tfplan"); strings.Contains(out, "Other Name Than Reviewed") {
		t.Errorf("the names are those of the account:\n%s", out)
	}
	a.change(func(st *simulator.State) {
		st.Users[0].UserName, st.Groups[1].DisplayName = "other@example.com", "payroll"
	})
	before := a.writes()
	out := w.must(1, "apply", "tfplan")
	saysAll(t, out, "Refusing to Create Group Member", "Refusing to Create Group Member Removal", "Refusing to Create External ID",
		`its name is "payroll" now, and "local-group" when the change was reviewed`, `its name is "other@example.com" now`)
	if got := a.writes(); got != before {
		t.Errorf("%d writes", got-before)
	}
	saysAll(t, w.must(0, "plan"), "Other Name Than Reviewed", `user/101 is called "other@example.com" now`, "(and 2 more similar warnings elsewhere)")
}
