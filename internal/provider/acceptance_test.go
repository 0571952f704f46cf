// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/provider"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/presets"
)

// acceptance runs steps through the real CLI on the provider in this process.
func acceptance(t *testing.T, steps ...resource.TestStep) {
	t.Helper()
	acceptanceWith(t, nil, steps...)
}

// acceptanceWith is acceptance with a provider that trusts more than usual.
func acceptanceWith(t *testing.T, options []provider.Option, steps ...resource.TestStep) {
	t.Helper()
	newStepper(t, append([]provider.Option{provider.WithShortLimits()}, options...)).steps(steps)
}

// impatient gives a failure that lasts up in seconds.
func impatient() []provider.Option {
	return []provider.Option{provider.WithLimits(provider.Limits{
		FirstContact: time.Minute, RequestTimeout: time.Minute, RetryBudget: 5 * time.Second, RetryPause: 20 * time.Millisecond, ConfirmTimeout: 5 * time.Second,
		ReadLag: 200 * time.Millisecond,
	})}
}

// account is a simulated account for one test.
type account struct {
	*simulator.Running
	t *testing.T
}

// startAccount runs a simulator for the test's lifetime.
func startAccount(t *testing.T, st simulator.State, opts simulator.Options) account {
	t.Helper()
	running, err := simulator.Start(st, opts)
	if err != nil {
		t.Fatalf("starting the simulator: %v", err)
	}
	t.Cleanup(func() { _ = running.Close() })
	return account{Running: running, t: t}
}

// startPreset runs a simulator on a preset.
func startPreset(t *testing.T, name string, opts simulator.Options) account {
	t.Helper()
	st, err := presets.New(name)
	if err != nil {
		t.Fatal(err)
	}
	return startAccount(t, st, opts)
}

// config is a provider block for the account, with more settings in it, and
// what follows it.
func (a account) config(settings, rest string) string {
	return fmt.Sprintf(`
provider "dbxidentity" {
  host          = %q
  account_id    = %q
  client_id     = %q
  client_secret = %q
  auth_type     = "oauth-m2m"
  config_file   = "/dev/null"
  %s
}
%s`, a.URL, a.AccountID, a.ClientID, a.ClientSecret, settings, rest)
}

// audited is config with the account's own matchWithIdp as the IdP.
func (a account) audited(rest string) string {
	return a.config(`idp = { databricks = {} }`, rest)
}

// change edits the account behind Terraform's back.
func (a account) change(edit func(st *simulator.State)) {
	a.t.Helper()
	st, err := a.Server.State()
	if err != nil {
		a.t.Fatal(err)
	}
	edit(&st)
	if err := a.Server.SetState(st); err != nil {
		a.t.Fatalf("changing the account: %v", err)
	}
}

// state is what the account holds now.
func (a account) state() simulator.State {
	a.t.Helper()
	st, err := a.Server.State()
	if err != nil {
		a.t.Fatal(err)
	}
	return st
}

// userExternalID is a user's externalId; the test fails without the user.
func (a account) userExternalID(id string) string {
	a.t.Helper()
	for _, u := range a.state().Users {
		if u.ID == id {
			return u.ExternalID
		}
	}
	a.t.Fatalf("the account has no user %s", id)
	return ""
}

// faults replaces the injected failures.
func (a account) faults(faults ...simulator.Fault) {
	a.t.Helper()
	if err := a.Server.SetFaults(faults); err != nil {
		a.t.Fatal(err)
	}
}

// writes counts the write requests to account SCIM and to the denylist since the last reset.
func (a account) writes() int {
	n := 0
	for route, count := range a.Server.Requests().ByRoute {
		if strings.HasPrefix(route, http.MethodPatch+" ") || strings.HasPrefix(route, http.MethodPut+" ") ||
			strings.HasPrefix(route, http.MethodDelete+" ") || strings.HasPrefix(route, http.MethodPost+" ") && strings.Contains(route, "account-access-identity-rules") {
			n += count
		}
	}
	return n
}

// quiet waits until every request that has arrived has ended: those of a client
// that was killed may still take effect.
func (a account) quiet() {
	under := func(r simulator.LoggedRequest) bool { return r.Status == 0 && r.Fault == "" }
	for a.t.Context().Err() == nil && slices.ContainsFunc(a.Server.Requests().Log, under) {
		time.Sleep(time.Millisecond)
	}
}

// entraID is a made-up Entra object id.
func entraID(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

// smallWorld has three users (101 blank and linkable, 102 linked, 103 stale),
// a linked group 201, a local group 202 with an IdP twin, and a service
// principal 301 to link.
func smallWorld() simulator.State {
	return simulator.State{
		Account: simulator.Account{AccountID: "11111111-2222-4333-8444-555555555555"},
		Users: []simulator.User{
			{ID: "101", UserName: "user101@example.com", Active: true},
			{ID: "102", UserName: "user102@example.com", Active: true, ExternalID: entraID(102)},
			{ID: "103", UserName: "user103@example.com", Active: true, ExternalID: entraID(999)},
		},
		Groups: []simulator.Group{
			{ID: "201", DisplayName: "linked-group", ExternalID: entraID(201), Members: []simulator.Member{{Value: "102"}}},
			{ID: "202", DisplayName: "local-group"},
		},
		ServicePrincipals: []simulator.ServicePrincipal{
			{ID: "301", ApplicationID: "aaaaaaaa-0000-4000-8000-000000000301", DisplayName: "job-runner", Active: true},
		},
		IDP: simulator.IDP{
			TenantID: "99999999-0000-4000-8000-000000000000", VerifiedDomains: []string{"example.com"},
			Users: []simulator.IDPUser{
				{ID: entraID(101), UserPrincipalName: "user101@example.com", AccountEnabled: true, UserType: "Member"},
				{ID: entraID(102), UserPrincipalName: "user102@example.com", AccountEnabled: true, UserType: "Member"},
			},
			Groups: []simulator.IDPGroup{
				{ID: entraID(201), DisplayName: "linked-group", SecurityEnabled: true, Members: []string{entraID(102)}},
				{ID: entraID(202), DisplayName: "local-group", SecurityEnabled: true},
			},
			ServicePrincipals: []simulator.IDPServicePrincipal{
				{ID: entraID(301), AppID: "aaaaaaaa-0000-4000-8000-000000000301", DisplayName: "job-runner", AccountEnabled: true},
			},
		},
	}
}

// remediation is the one-step flow of the documentation.
const remediation = `
data "dbxidentity_divergences" "all" {}

resource "dbxidentity_remediation_ledger" "this" {
  pending_external_ids = data.dbxidentity_divergences.all.external_id_fixes
}

resource "dbxidentity_external_id" "fix" {
  for_each                     = dbxidentity_remediation_ledger.this.external_ids
  principal_type               = each.value.principal_type
  principal_id                 = each.value.principal_id
  external_id                  = each.value.external_id
  expected_current_external_id = each.value.current_external_id
}
`

// decode reads JSON into a value of any type.
func decode[T any](t *testing.T, raw []byte) T {
	t.Helper()
	var out T
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatalf("decoding %T: %v", out, err)
	}
	return out
}

// wrote reports whether exactly n write requests were sent since the last reset.
func (a account) wrote(n int) error {
	if got := a.writes(); got != n {
		return fmt.Errorf("%d write requests were sent, want %d", got, n)
	}
	return nil
}

// requestsTo counts the requests to routes that hold a text since the last reset.
func (a account) requestsTo(text string) int {
	n := 0
	for route, count := range a.Server.Requests().ByRoute {
		if strings.Contains(route, text) {
			n += count
		}
	}
	return n
}
