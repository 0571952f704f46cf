// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/provider"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

const resolvedAddress = "dbxidentity_resolved_principal.this"

// resolvedOf is one instance with more settings in it.
func resolvedOf(kind, externalID, settings string) string {
	return `
resource "dbxidentity_resolved_principal" "this" {
  principal_type = "` + kind + `"
  external_id    = "` + externalID + `"
  ` + settings + `
}`
}

// unprovisioned is smallWorld with an IdP user and group that the account lacks.
func unprovisioned() simulator.State {
	st := smallWorld()
	st.IDP.Users = append(st.IDP.Users, simulator.IDPUser{ID: "00000000-0000-4000-8000-00000000abcd", UserPrincipalName: "new@example.com", AccountEnabled: true, UserType: "Member"})
	st.IDP.Groups = append(st.IDP.Groups, simulator.IDPGroup{ID: entraID(502), DisplayName: "new-group", SecurityEnabled: true})
	return st
}

const newcomer = "00000000-0000-4000-8000-00000000abcd"

// resolves counts the calls that may provision.
func (a account) resolves() int { return a.requestsTo("resolve-by-external-id") }

func (a account) resolved(n int) func() error {
	return func() error {
		if got := a.resolves(); got != n {
			return fmt.Errorf("%d resolve requests, want %d", got, n)
		}
		return nil
	}
}

// dropUser deletes a user by name.
func (a account) dropUser(name string) func() {
	return func() {
		a.change(func(st *simulator.State) {
			for i, u := range st.Users {
				if u.UserName == name {
					st.Users = append(st.Users[:i], st.Users[i+1:]...)
					return
				}
			}
			a.t.Errorf("no user %s", name)
		})
	}
}

// TestAccResolvedPrincipal_readsLagAfterTheApply is a run that begins while reads still show
// the account as it was before the principal was made (docs/reference/databricks-account-api.md
// 4.5). Nothing is planned, and what depends on the principal is not replaced.
func TestAccResolvedPrincipal_readsLagAfterTheApply(t *testing.T) {
	t.Parallel()
	a := startAccount(t, unprovisioned(), simulator.Options{AIM: true})
	config := a.config("", resolvedOf("user", newcomer, "")+`
resource "dbxidentity_group_member" "this" {
  group_id  = "202"
  member_id = split("/", dbxidentity_resolved_principal.this.id)[1]
}`)
	patient := provider.WithLimits(provider.Limits{RetryPause: 20 * time.Millisecond, ReadLag: time.Minute})
	acceptanceWith(t, []provider.Option{patient},
		applies(config, planned{resolvedAddress: "create", "dbxidentity_group_member.this": "create"}, accountCheck(a.resolved(1))),
		before(applies(config, planned{}, accountCheck(a.resolved(1))), func() {
			whole := a.state()
			a.dropUser("new@example.com")()
			go func() {
				time.Sleep(5 * time.Second)
				if err := a.Server.SetState(whole); err != nil {
					t.Error(err)
				}
			}()
		}),
	)
}

func TestAccResolvedPrincipal_lifecycle(t *testing.T) {
	t.Parallel()
	a := startAccount(t, unprovisioned(), simulator.Options{AIM: true})
	config := a.config("", resolvedOf("user", newcomer, ""))
	acceptance(t,
		applies(config, planned{resolvedAddress: "create"}, accountCheck(a.resolved(1)),
			text(resolvedAddress, "principal_name", "new@example.com"), text(resolvedAddress, "external_id", newcomer)),
		resource.TestStep{
			ResourceName: resolvedAddress, ImportState: true, ImportStateId: "user/external/" + newcomer, ImportStateVerify: true,
		},
		// Neither a refresh nor another spelling of the id resolves again.
		applies(a.config("", resolvedOf("user", strings.ToUpper(newcomer), "timeouts = { read = \"2m\" }")), planned{resolvedAddress: "update"},
			accountCheck(a.resolved(1)), text(resolvedAddress, "principal_name", "new@example.com")),
		// Deleted by someone: planned to be made again.
		before(applies(config, planned{resolvedAddress: "create"}, accountCheck(a.resolved(2))), a.dropUser("new@example.com")),
		// Linked to another identity by someone else: it is not resolved again, which would make another user.
		before(applies(config, planned{}, accountCheck(a.resolved(2))), func() {
			a.change(func(st *simulator.State) {
				for i := range st.Users {
					if st.Users[i].UserName == "new@example.com" {
						st.Users[i].ExternalID = entraID(7)
					}
				}
			})
		}),
		// A principal that is there already is taken as it is.
		applies(a.config("", resolvedOf("group", entraID(201), "")), planned{resolvedAddress: "delete+create"},
			text(resolvedAddress, "id", "group/201"), text(resolvedAddress, "principal_name", "linked-group")),
		resource.TestStep{
			ResourceName: resolvedAddress, ImportState: true, ImportStateId: "group/201", ExpectError: regexp.MustCompile(`group/external/`),
		},
		resource.TestStep{
			ResourceName: resolvedAddress, ImportState: true, ImportStateId: "user/external/" + entraID(4711), ExpectError: regexp.MustCompile(`(?s)no\s+user\s+with`),
		},
	)
	// The test framework destroyed it: everything is kept.
	if st := a.state(); len(st.Groups) != 2 || len(st.Users) != 4 {
		t.Errorf("after destroy there are %d groups and %d users", len(st.Groups), len(st.Users))
	}
	if err := a.wrote(0); err != nil {
		t.Error(err)
	}
}

func TestAccResolvedPrincipal_refused(t *testing.T) {
	t.Parallel()
	on := startAccount(t, unprovisioned(), simulator.Options{AIM: true})
	off := startAccount(t, unprovisioned(), simulator.Options{})
	user := resolvedOf("user", newcomer, "")
	tests := map[string]struct{ config, want string }{
		"AIM is off, as the provider says": {on.config(`automatic_identity_management = "off"`, user), `(?s)Refusing to Plan Resolved Principal.*dbxidentity_external_id`},
		"AIM is off, as the account says":  {off.config("", user), `(?s)Automatic Identity Management Is Off.*dbxidentity_external_id.*not\s+enabled`},
		"no such identity":                 {on.config("", resolvedOf("user", entraID(4711), "")), `(?s)Identity Not Found.*enterprise\s+application`},
		"read only":                        {on.config("read_only = true", user), `(?s)Refusing to Create Resolved Principal.*read_only`},
		"an id with a space":               {on.config("", resolvedOf("user", "a b", "")), `Invalid External ID`},
		"no id":                            {on.config("", resolvedOf("user", "", "")), `(?s)Invalid External ID.*blank`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acceptance(t, resource.TestStep{Config: tt.config, ExpectError: regexp.MustCompile(tt.want)})
		})
	}
	t.Cleanup(func() {
		if got, want := len(on.state().Users), len(unprovisioned().Users); got != want {
			t.Errorf("%d users, want %d", got, want)
		}
	})
}

// A lost answer, and a process that dies after the request, make one principal.
func TestProcess_resolveLost(t *testing.T) {
	t.Parallel()
	a := startAccount(t, unprovisioned(), simulator.Options{AIM: true})
	w := newWorkspace(t, a.config(`journal_path = "journal.jsonl"`, resolvedOf("user", newcomer, aMoment)))
	// It happens when the time limit is over.
	a.faults(simulator.Fault{Kind: simulator.FaultStatus, Status: 200, AfterHandler: true, DelayMS: 600_000, Method: "POST", Path: "/api/**/resolve-by-external-id", Times: 1})
	saysAll(t, w.must(1, "apply", "-auto-approve"), "may exist in the account", "The time limit was reached")
	w.takeTime()
	w.must(0, "apply", "-auto-approve")
	users := 0
	for _, u := range a.state().Users {
		if u.ExternalID == newcomer {
			users++
		}
	}
	if users != 1 {
		t.Errorf("%d users were made", users)
	}
	var got []string
	for _, r := range w.journalOf("journal.jsonl") {
		got = append(got, r.Event+" "+r.Result)
	}
	if want := "[intent  outcome unconfirmed intent  outcome confirmed]"; fmt.Sprint(got) != want {
		t.Errorf("journal %v, want %s", got, want)
	}
	w.must(0, "plan", "-detailed-exitcode")
}
