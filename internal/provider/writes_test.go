// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// named is externalIDOf under a resource name of its own.
func named(name, kind, id, externalID, settings string) string {
	return strings.Replace(externalIDOf(kind, id, externalID, settings), `"this"`, `"`+name+`"`, 1)
}

// saysAll wants each text in what the CLI printed, whatever the line breaks.
func saysAll(t *testing.T, out string, texts ...string) {
	t.Helper()
	flat := strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(out)), " ")
	for _, text := range texts {
		if !strings.Contains(flat, text) {
			t.Errorf("the output does not say %q:\n%s", text, out)
		}
	}
}

// Two instances of one configuration want different things of one fact: two values for
// one principal, one value for two, a member in and out. It is refused in the plan, and
// where it shows in the apply only, before a second write.
func TestProcess_contradictingInstances(t *testing.T) {
	t.Parallel()
	st := smallWorld()
	st.Users = append(st.Users, simulator.User{ID: "104", UserName: "user104@example.com", Active: true})
	a := startAccount(t, st, simulator.Options{Latency: 20e6})
	later := func(config string) string {
		return `
resource "terraform_data" "later" {
  input = "` + entraID(1) + `"
}
` + strings.Replace(config, `"`+entraID(1)+`"`, "terraform_data.later.output", 1)
	}
	member := `
resource "dbxidentity_group_member" "in" {
  group_id  = "202"
  member_id = "102"
}`
	out := strings.NewReplacer("_member\"", "_member_removal\"", `"in"`, `"out"`).Replace(member)
	onePrincipal := named("a", "user", "101", entraID(1), "") + named("b", "user", "101", entraID(2), "")
	oneID := named("a", "user", "101", entraID(1), "") + named("b", "user", "104", entraID(1), "")
	for name, tt := range map[string]struct{ config, want string }{
		"one principal": {onePrincipal, "want different externalIds for user/101"},
		"one id":        {oneID, "want the externalId"},
		"in and out":    {member + out, "both as a member of group/202"},
	} {
		w := newWorkspace(t, a.config("", tt.config))
		refusal := w.must(1, "apply", "-auto-approve")
		saysAll(t, refusal, tt.want)
		w.destroysInstead(refusal)
		if err := a.wrote(0); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	w := newWorkspace(t, a.config("", later(onePrincipal)))
	saysAll(t, w.must(1, "apply", "-auto-approve"), "user/101")
	if err := a.wrote(1); err != nil {
		t.Error(err)
	}
	// The next plan knows both.
	saysAll(t, w.must(1, "plan"), "want different externalIds for user/101")
}

// Two that want the same are warned of; a replacement, a taint and a new key are one.
func TestProcess_sameInstances(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	const both = "Two Instances for One"
	lasting := func(name, settings string) string {
		return named(name, "user", "101", entraID(1), settings) + `
resource "dbxidentity_group_member" "` + name + `" {
  group_id  = "202"
  member_id = "102"
  ` + settings + `
}`
	}
	const before = "lifecycle {\n    create_before_destroy = true\n  }"
	w := newWorkspace(t, a.config("", lasting("a", before)))
	silent := func(args ...string) {
		t.Helper()
		if out := w.must(0, args...); strings.Contains(out, both) {
			t.Errorf("%v: one instance is taken for two:\n%s", args, out)
		}
	}
	silent("apply", "-auto-approve")
	silent("apply", "-auto-approve", "-replace=dbxidentity_external_id.a", "-replace=dbxidentity_group_member.a")
	w.must(0, "taint", "dbxidentity_group_member.a")
	silent("apply", "-auto-approve")
	w.write("main.tf", requiredProviders+a.config("", lasting("b", "")))
	silent("apply", "-auto-approve")
	w.write("main.tf", requiredProviders+a.config("", lasting("b", "")+lasting("c", "")+lasting("d", "")))
	saysAll(t, w.must(0, "apply", "-auto-approve", "-parallelism=1"), both+" Principal", both+" Membership")
	saysAll(t, w.must(0, "plan", "-detailed-exitcode"), both+" Principal", both+" Membership")
}

// Users 102 and 103 shall change their ids: refused in the plan, nothing written.
func TestProcess_swap(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	w := newWorkspace(t, a.config("", named("a", "user", "102", entraID(999), `expected_current_external_id = "`+entraID(102)+`"`)+
		named("b", "user", "103", entraID(102), `expected_current_external_id = "`+entraID(999)+`"`)))
	saysAll(t, w.must(1, "plan"), "belongs to user/103", "belongs to user/102")
	w.must(1, "apply", "-auto-approve")
	if err := a.wrote(0); err != nil {
		t.Error(err)
	}
}

// One of 20 fails: the others are done and remembered, and the next apply does
// that one only.
func TestProcess_oneOfTwentyFails(t *testing.T) {
	t.Parallel()
	a := startAccount(t, manyStale(20), simulator.Options{})
	a.faults(simulator.Fault{Kind: simulator.FaultStatus, Status: 403, ErrorCode: "PERMISSION_DENIED", Message: "no", Method: "PATCH", Path: "/api/**/Users/1007"})
	w := newWorkspace(t, a.audited(remediation))
	saysAll(t, w.must(1, "apply", "-auto-approve"), "Unable to Create External ID", "user/1007", "PERMISSION_DENIED")
	a.faults()
	a.Server.ResetRequests()
	saysAll(t, w.must(0, "apply", "-auto-approve"), "1 added, 0 changed, 0 destroyed")
	if err := a.wrote(1); err != nil {
		t.Error(err)
	}
	w.must(0, "plan", "-detailed-exitcode")
}

// Taint, replacement, moved and removed blocks, -target: each leaves the account
// as it was reviewed.
func TestProcess_lifecycles(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	header := newWorkspace(t, "").main()
	one := func(name, id, value, expected string) string {
		return a.config("", named(name, "user", id, value, `on_destroy = "restore"
  expected_current_external_id = "`+expected+`"`))
	}
	w := newWorkspace(t, one("a", "103", entraID(3), entraID(999)))
	w.must(0, "apply", "-auto-approve")

	// Moved: nothing happens.
	w.write("main.tf", header+one("b", "103", entraID(3), entraID(999))+`
moved {
  from = dbxidentity_external_id.a
  to   = dbxidentity_external_id.b
}`)
	a.Server.ResetRequests()
	w.must(0, "apply", "-auto-approve")
	if err := a.wrote(0); err != nil {
		t.Error(err)
	}

	// Replaced by another principal: the old one is undone.
	w.write("main.tf", header+one("b", "101", entraID(1), ""))
	saysAll(t, w.must(0, "apply", "-auto-approve"), "1 added, 0 changed, 1 destroyed")
	if got, other := a.userExternalID("101"), a.userExternalID("103"); got != entraID(1) || other != entraID(999) {
		t.Errorf("after the replacement 101 holds %q and 103 %q", got, other)
	}

	// Removed without destroy: kept, whatever on_destroy says.
	w.write("main.tf", header+a.config("", `
removed {
  from = dbxidentity_external_id.b
  lifecycle {
    destroy = false
  }
}`))
	w.must(0, "apply", "-auto-approve")
	if got := a.userExternalID("101"); got != entraID(1) {
		t.Errorf("after removed 101 holds %q", got)
	}

	// Tainted: Terraform gives a tainted instance no record of what it wrote, so nothing
	// is undone, neither by the replacement nor by the new instance, which found it.
	w.write("main.tf", header+one("t", "103", entraID(3), entraID(999)))
	w.must(0, "apply", "-auto-approve")
	w.must(0, "taint", "dbxidentity_external_id.t")
	saysAll(t, w.must(0, "apply", "-auto-approve"), "External ID Kept", "tainted")
	if got := w.instances()["dbxidentity_external_id.t"]["previous_external_id"]; got != entraID(999) || a.userExternalID("103") != entraID(3) {
		t.Errorf("after taint: previous %v, user 103 holds %q", got, a.userExternalID("103"))
	}
	saysAll(t, w.must(0, "destroy", "-auto-approve"), "External ID Kept", "it found the value there")
	if got := a.userExternalID("103"); got != entraID(3) {
		t.Errorf("after the destroy user 103 holds %q", got)
	}
}

// Two provider blocks for one account write beside each other.
func TestProcess_aliases(t *testing.T) {
	t.Parallel()
	a := startAccount(t, manyStale(6), simulator.Options{Latency: 10e6})
	block := a.config("", "")
	config := block + strings.Replace(block, `provider "dbxidentity" {`, "provider \"dbxidentity\" {\n  alias = \"other\"", 1)
	for i := range 6 {
		settings := fmt.Sprintf(`expected_current_external_id = %q`, entraID(500000+i))
		if i%2 == 1 {
			settings += "\n  provider = dbxidentity.other"
		}
		config += named(fmt.Sprintf("u%d", i), "user", fmt.Sprint(1000+i), entraID(1000+i), settings)
	}
	w := newWorkspace(t, config)
	w.must(0, "apply", "-auto-approve")
	w.must(0, "plan", "-detailed-exitcode")
	w.must(0, "destroy", "-auto-approve", "-target=dbxidentity_external_id.u1")
	if got := a.userExternalID("1001"); got != entraID(1001) {
		t.Errorf("user 1001 holds %q", got)
	}
}

// A time limit that is too short: the write that may have happened is found by
// the next apply, with the value before it.
func TestProcess_timeLimit(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	// It happens when the client has given up.
	a.faults(simulator.Fault{Kind: simulator.FaultStatus, Status: 200, AfterHandler: true, DelayMS: 600_000, Method: "PATCH", Path: "/api/**/Users/103"})
	w := newWorkspace(t, a.config("", externalIDOf("user", "103", entraID(3), `expected_current_external_id = "`+entraID(999)+`"
  timeouts = { create = "5s" }`)))
	saysAll(t, w.must(1, "apply", "-auto-approve"), "user/103", "The time limit was reached")
	a.faults()
	w.write("main.tf", strings.Replace(w.main(), `"5s"`, `"20m"`, 1))
	w.must(0, "apply", "-auto-approve")
	if got := w.instances()[externalIDAddress]["previous_external_id"]; got != entraID(999) || a.userExternalID("103") != entraID(3) {
		t.Errorf("previous %v, user 103 holds %q", got, a.userExternalID("103"))
	}
}

// A fix that was never made, because someone wrote something else first, takes the
// value over that the account holds now, and the plan shows it; exclude leaves it
// alone.
func TestProcess_staleEntry(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	w := newWorkspace(t, a.audited(remediation))
	w.must(0, "plan", "-out=saved")
	a.setUserExternalID("101", entraID(4711))()
	w.must(1, "apply", "saved")
	saysAll(t, w.must(0, "plan"), "user/101", "-> \""+entraID(4711)+"\"")
	whole := w.main()
	w.write("main.tf", strings.Replace(whole, "pending_external_ids =", "exclude = [\"user/101\"]\n  pending_external_ids =", 1))
	w.must(0, "apply", "-auto-approve")
	if got := a.userExternalID("101"); got != entraID(4711) {
		t.Errorf("user 101 holds %q", got)
	}
	w.write("main.tf", whole)
	w.must(0, "apply", "-auto-approve")
	if got := w.instances()[fixAddress("user/101")]["previous_external_id"]; got != entraID(4711) || a.userExternalID("101") != entraID(101) {
		t.Errorf("previous %v, user 101 holds %q", got, a.userExternalID("101"))
	}
	w.must(0, "plan", "-detailed-exitcode")
}

// State of one account, and a provider block for another: the same ids are other
// principals there.
func TestProcess_otherAccount(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	st := smallWorld()
	st.Account.AccountID = "22222222-2222-4333-8444-555555555555"
	b := startAccount(t, st, simulator.Options{})
	instance := externalIDOf("user", "101", entraID(101), "")
	w := newWorkspace(t, a.config("", instance))
	header := newWorkspace(t, "").main()
	w.must(0, "apply", "-auto-approve")
	w.write("main.tf", header+b.config("", instance))
	out := w.must(1, "apply", "-auto-approve")
	saysAll(t, out, a.AccountID, b.AccountID)
	if strings.Contains(out, "reported to the") {
		t.Errorf("the provider is blamed:\n%s", out)
	}
	if got := b.userExternalID("101"); got != "" {
		t.Errorf("user 101 of the other account holds %q", got)
	}
}

// A saved plan of one account, applied where the environment names another one, in
// which the same ids are principals, too: nothing is written there, neither by what
// is new nor by what the state knows, and the first account's state stays usable.
func TestProcess_savedPlanElsewhere(t *testing.T) {
	t.Parallel()
	st := smallWorld()
	st.Users = append(st.Users, simulator.User{ID: "104", UserName: "user104@example.com", Active: true})
	a := startAccount(t, st, simulator.Options{})
	st.Account.AccountID = "22222222-2222-4333-8444-555555555555"
	b := startAccount(t, st, simulator.Options{})
	w := newWorkspace(t, `provider "dbxidentity" {
  idp = { databricks = {} }
}
resource "dbxidentity_group_member" "new" {
  group_id  = "202"
  member_id = "103"
}
`+remediation)
	elsewhere := func(texts ...string) {
		t.Helper()
		w.onAccount(a)
		w.must(0, "plan", "-out=saved")
		w.onAccount(b)
		saysAll(t, w.must(1, "apply", "saved"), append(texts, a.AccountID, b.AccountID)...)
		if err := b.wrote(0); err != nil {
			t.Error("in the other account", err)
		}
		w.onAccount(a)
		w.must(0, "apply", "-auto-approve")
	}
	elsewhere(".account_id")
	a.change(func(st *simulator.State) {
		st.IDP.Users = append(st.IDP.Users, simulator.IDPUser{ID: entraID(104), UserPrincipalName: "user104@example.com", AccountEnabled: true})
	})
	elsewhere("State of Another Account")
	if got := a.userExternalID("104"); got != entraID(104) {
		t.Errorf("user 104 holds %q", got)
	}
}
