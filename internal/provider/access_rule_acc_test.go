// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host"
)

const ruleAddress = "dbxidentity_account_access_identity_rule.this"

func ruleOf(n int, settings string) string {
	return fmt.Sprintf(`
resource "dbxidentity_account_access_identity_rule" "this" {
  external_principal_id = %q
  %s
}`, entraID(n), settings)
}

// ruleWorld is the small world with an account admin whom the IdP has.
func ruleWorld() simulator.State {
	st := smallWorld()
	st.Users[1].Roles = []simulator.Role{{Value: "account_admin"}}
	st.IDP.Groups = append(st.IDP.Groups, simulator.IDPGroup{ID: entraID(203), DisplayName: "contractors", SecurityEnabled: true, Members: []string{entraID(101)}})
	return st
}

func (a account) denied() []string {
	out := []string{}
	for _, r := range a.state().Account.AccessRules {
		out = append(out, r.ExternalPrincipalID)
	}
	return out
}

func (a account) denies(ids ...string) statecheck.StateCheck {
	return accountCheck(func() error {
		if got := a.denied(); !slices.Equal(got, ids) {
			return fmt.Errorf("denied are %v, want %v", got, ids)
		}
		return nil
	})
}

func TestAccAccessRule_lifecycle(t *testing.T) {
	t.Parallel()
	a := startAccount(t, ruleWorld(), simulator.Options{})
	config := a.config(a.entra(), ruleOf(203, `on_destroy = "delete"`))
	lifted := func() { a.change(func(st *simulator.State) { st.Account.AccessRules = nil }) }
	acceptanceWith(t, a.trusting(),
		applies(config, planned{ruleAddress: "create"}, a.denies(entraID(203)), text(ruleAddress, "id", "rule/"+entraID(203)), text(ruleAddress, "display_name", "contractors"),
			text(ruleAddress, "principal_type", "group"), text(ruleAddress, "action", "DENY"), attribute(ruleAddress, "added", knownvalue.Bool(true))),
		resource.TestStep{
			ResourceName: ruleAddress, ImportState: true, ImportStateId: "rule/" + entraID(203), ImportStateVerify: true, ImportStateVerifyIgnore: []string{"added", "on_destroy"},
		},
		resource.TestStep{ResourceName: ruleAddress, ImportState: true, ImportStateId: "rule/" + entraID(1), ExpectError: regexp.MustCompile(`(?s)Access Rule Not Found.*no rule for`)},
		resource.TestStep{ResourceName: ruleAddress, ImportState: true, ImportStateId: "user/1", ExpectError: regexp.MustCompile(`(?s)names no rule: write rule/`)},
		before(applies(config, planned{ruleAddress: "create"}, a.denies(entraID(203))), lifted),
		// A setting that concerns Terraform alone sends no write.
		before(applies(a.config(a.entra(), ruleOf(203, "")), planned{ruleAddress: "update"}, accountCheck(func() error { return a.wrote(0) })), a.Server.ResetRequests),
		applies(config, planned{ruleAddress: "update"}),
	)
	if got := a.denied(); len(got) > 0 {
		t.Errorf("after the destroy: %v", got)
	}
}

// A rule that was there is taken over, whatever it denies, and stays.
func TestAccAccessRule_found(t *testing.T) {
	t.Parallel()
	st := ruleWorld()
	st.Account.AccessRules = []simulator.AccessRule{{ExternalPrincipalID: entraID(102), DisplayName: "user102", PrincipalType: "USER"}}
	a := startAccount(t, st, simulator.Options{})
	acceptance(t, applies(a.config("", ruleOf(102, `on_destroy = "delete"`)), planned{ruleAddress: "create"}, attribute(ruleAddress, "added", knownvalue.Bool(false)),
		text(ruleAddress, "principal_type", "user"), accountCheck(func() error { return a.wrote(0) })))
	if got := a.denied(); len(got) != 1 {
		t.Errorf("the rule that was found is gone")
	}
}

func TestAccAccessRule_refusals(t *testing.T) {
	t.Parallel()
	fault := func(path string, status int) simulator.Fault {
		return simulator.Fault{Kind: simulator.FaultStatus, Method: http.MethodGet, Path: path, Status: status, ErrorCode: "X", Message: "no"}
	}
	for name, tt := range map[string]struct {
		config, idp string
		options     simulator.Options
		fault       simulator.Fault
		want        string
	}{
		"an id that is none": {config: `resource "dbxidentity_account_access_identity_rule" "this" { external_principal_id = " x" }`, want: `Invalid External ID`},
		"an odd setting":     {config: ruleOf(203, `on_destroy = "restore"`), want: `(?s)on_destroy.*"keep".*"delete"`},
		"an admin":           {config: ruleOf(102, ""), want: `(?s)user/102\s+\(user102@example.com\)\s+is\s+an\s+account\s+admin,\s+and\s+has\s+that\s+externalId`},
		"the admin's group":  {config: ruleOf(201, ""), want: `(?s)user/102.*has\s+it\s+in\s+that\s+group`},
		"no denylist":        {config: ruleOf(203, ""), options: simulator.Options{Assumed: simulator.Assumed{Denylist: host.DenylistAssumptions{Missing: true}}}, want: `(?s)Denylist Not Available.*not\s+available\s+on\s+this\s+account`},
		"forbidden":          {config: ruleOf(203, ""), fault: fault("/api/2.0/accounts/*/account-access-identity-rules", 403), want: `(?s)Unable to Create Access Rule.*status\s+403`},
		"read only":          {config: ruleOf(203, ""), idp: "read_only = true", want: `(?s)read_only = true`},
		"no idp, a group":    {config: ruleOf(201, ""), idp: "-", want: `(?s)user/102.*the\s+account\s+has\s+it\s+in\s+that\s+group`},
		"no idp, unknown":    {config: ruleOf(203, ""), idp: "-", want: `(?s)what\s+it\s+is,\s+and\s+whom\s+it\s+holds,\s+is\s+not\s+known\s+\(no\s+identity\s+provider\s+is\s+configured`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := startAccount(t, ruleWorld(), tt.options)
			if tt.fault.Kind != "" {
				a.faults(tt.fault)
			}
			settings := a.entra() + "\n" + tt.idp
			if tt.idp == "-" {
				settings = ""
			}
			acceptanceWith(t, a.trusting(), resource.TestStep{Config: a.config(settings, tt.config), ExpectError: regexp.MustCompile(tt.want)})
			if n := a.requestsTo("POST /api/2.0/accounts/"); n > 0 {
				t.Errorf("%d writes were sent", n)
			}
		})
	}
}

// What plans say: who is denied, what a destroy leaves, who may return; and that a list
// that cannot be read, or says nothing, is no list without the rule.
func TestProcess_accessRule(t *testing.T) {
	t.Parallel()
	a := startAccount(t, ruleWorld(), simulator.Options{})
	w := newWorkspace(t, a.config(a.file(), ruleOf(203, "")))
	list := simulator.Fault{Kind: simulator.FaultStatus, Method: http.MethodGet, Path: "/api/2.0/accounts/*/account-access-identity-rules", Status: http.StatusOK, Body: "{}"}
	everything := list
	everything.Path += "**"
	a.faults(everything)
	saysAll(t, w.must(0, "plan"), "whether that is an empty one is not known")
	a.faults(list)
	saysAll(t, w.must(0, "plan"), "Identity Will Be Denied")
	a.faults()
	saysAll(t, w.must(0, "apply", "-auto-approve"), "Identity Will Be Denied", `The group "contractors" (`+entraID(203)+`) will be denied access`, "with everyone in it")
	saysAll(t, w.must(0, "plan", "-destroy"), "Stays in the Account", `denies the group "contractors"`)
	w.write("main.tf", requiredProviders+a.config(a.file(), ruleOf(203, `on_destroy = "delete"`)))
	w.must(0, "apply", "-auto-approve")
	saysAll(t, w.must(0, "plan", "-destroy"), "Access May Return", `The rule that denies the group "contractors"`)
	list.Status, list.Body, list.ErrorCode, list.Message = http.StatusNotFound, "", "ENDPOINT_NOT_FOUND", "No API found."
	a.faults(list)
	saysAll(t, w.must(1, "plan"), "Denylist Not Available")
	list.Status, list.Body = http.StatusOK, "{}"
	a.faults(list)
	saysAll(t, w.must(0, "plan"), "No changes")
	a.faults()
	// Gone, and by now it would deny an admin: nothing is planned, and nothing stopped.
	a.change(func(st *simulator.State) {
		st.Account.AccessRules = nil
		st.IDP.Groups[2].Members = append(st.IDP.Groups[2].Members, entraID(102))
	})
	w.write("main.tf", requiredProviders+a.config(a.file(), ruleOf(203, `on_destroy = "delete"`)))
	saysAll(t, w.must(0, "plan", "-detailed-exitcode"), "adding it again would be refused", "No changes")
	w.must(0, "destroy", "-auto-approve")
}
