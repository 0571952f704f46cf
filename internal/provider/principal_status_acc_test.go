// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

const statusAddress = "dbxidentity_principal_status.this"

// inactiveOf is one instance with more settings in it.
func inactiveOf(kind, id, settings string) string {
	return `
resource "dbxidentity_principal_status" "this" {
  principal_type = "` + kind + `"
  principal_id   = "` + id + `"
  active         = false
  ` + settings + `
}`
}

// active reports whether a user is; the test fails without the user.
func (a account) active(id string) bool {
	a.t.Helper()
	for _, u := range a.state().Users {
		if u.ID == id {
			return u.Active
		}
	}
	a.t.Fatalf("the account has no user %s", id)
	return false
}

func (a account) isActive(id string, want bool) statecheck.StateCheck {
	return accountCheck(func() error {
		if got := a.active(id); got != want {
			return fmt.Errorf("user %s is active: %t", id, got)
		}
		return nil
	})
}

func (a account) setUser(id string, edit func(*simulator.User)) func() {
	return func() {
		a.change(func(st *simulator.State) {
			for i := range st.Users {
				if st.Users[i].ID == id {
					edit(&st.Users[i])
				}
			}
		})
	}
}

func TestAccPrincipalStatus_lifecycle(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	again := a.setUser("103", func(u *simulator.User) { u.Active = true })
	acceptance(t,
		applies(a.config("", inactiveOf("user", "103", "")), planned{statusAddress: "create"}, a.isActive("103", false),
			text(statusAddress, "id", "user/103"), text(statusAddress, "principal_name", "user103@example.com"),
			attribute(statusAddress, "previous_active", knownvalue.Bool(true)), text(statusAddress, "on_destroy", "keep")),
		resource.TestStep{
			ResourceName: statusAddress, ImportState: true, ImportStateId: "user/103", ImportStateVerify: true,
			ImportStateVerifyIgnore: []string{"previous_active"}, // An import did not deactivate it.
		},
		resource.TestStep{
			ResourceName: statusAddress, ImportState: true, ImportStateId: "user/101",
			ExpectError: regexp.MustCompile(`(?s)Cannot import: user/101 \(user101@example.com\) is not inactive`),
		},
		resource.TestStep{
			ResourceName: statusAddress, ImportState: true, ImportStateId: "group/202", ExpectError: regexp.MustCompile(`(?s)"group/202" is a group, and this resource is\s+for: user,\s+service_principal`),
		},
		// Someone made it active again.
		before(applies(a.config("", inactiveOf("user", "103", "")), planned{statusAddress: "update"}, a.isActive("103", false)), again),
		// A setting that concerns Terraform alone sends no write.
		before(applies(a.config("", inactiveOf("user", "103", `on_destroy = "restore"`)), planned{statusAddress: "update"},
			accountCheck(func() error { return a.wrote(0) })), a.Server.ResetRequests),
	)
	// Nothing says that the identity provider has the user.
	if a.active("103") {
		t.Error("user 103 was made active again")
	}
}

// A service principal; and one that is inactive already is not written.
func TestAccPrincipalStatus_found(t *testing.T) {
	t.Parallel()
	st := smallWorld()
	st.ServicePrincipals[0].Active = false
	a := startAccount(t, st, simulator.Options{})
	acceptance(t, applies(a.config("", inactiveOf("service_principal", "301", `on_destroy = "restore"`)), planned{statusAddress: "create"},
		attribute(statusAddress, "previous_active", knownvalue.Bool(false)), accountCheck(func() error { return a.wrote(0) })))
	if a.state().ServicePrincipals[0].Active {
		t.Error("what was found inactive was made active")
	}
}

// A destroy lets in again only whom the identity provider has, enabled, at that moment.
func TestAccPrincipalStatus_restore(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*simulator.State)
		want   bool
	}{
		"enabled":  {func(*simulator.State) {}, true},
		"disabled": {func(st *simulator.State) { st.IDP.Users[1].AccountEnabled = false }, false},
		"deleted":  {func(st *simulator.State) { st.IDP.Users[1].Deleted = true }, false},
		"gone":     {func(st *simulator.State) { st.IDP.Users = st.IDP.Users[:1] }, false},
		"unlinked": {func(st *simulator.State) { st.Users[1].ExternalID = "" }, false},
		"other":    {func(st *simulator.State) { st.Users[1].ExternalID = entraID(201) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := startAccount(t, smallWorld(), simulator.Options{})
			config := a.config(a.entra(), inactiveOf("user", "102", `on_destroy = "restore"`))
			acceptanceWith(t, a.trusting(),
				applies(config, planned{statusAddress: "create"}, a.isActive("102", false)),
				before(resource.TestStep{Config: config}, func() { a.change(tt.change) }),
			)
			if got := a.active("102"); got != tt.want {
				t.Errorf("user 102 is active: %t", got)
			}
		})
	}
}

// What the plan of a destroy says of it, and that a destroy of what is gone works.
func TestProcess_principalStatusDestroy(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	config := func(settings string) string {
		return requiredProviders + a.config(a.file(), inactiveOf("user", "102", settings))
	}
	w := newWorkspace(t, "")
	w.write("main.tf", config(""))
	saysAll(t, w.must(0, "apply", "-auto-approve"), "Principal Will Be Deactivated", "user/102 (user102@example.com) will not be able to log in")
	saysAll(t, w.must(0, "plan", "-destroy"), "Stays in the Account", "user/102 (user102@example.com) stays as it is")
	w.write("main.tf", config(`on_destroy = "restore"`))
	w.must(0, "apply", "-auto-approve")
	saysAll(t, w.must(0, "plan", "-destroy"), "Principals Will Be Active Again", "user/102 (user102@example.com) will be active again")
	a.change(func(st *simulator.State) { st.IDP.Users = st.IDP.Users[:1] })
	w.write("main.tf", config(`on_destroy = "restore"`)) // With a new export of the directory.
	saysAll(t, w.must(0, "plan", "-destroy"), "Principal Status Will Be Kept", "the identity provider has no identity with its externalId")
	a.change(func(st *simulator.State) { st.Users = append(st.Users[:1], st.Users[2:]...) })
	saysAll(t, w.must(0, "plan"), "user/102 (user102@example.com) does not exist in the account any more", "No changes")
	w.must(0, "destroy", "-auto-approve")
}

// Someone who was made active again, and must not be deactivated by now, stops nothing.
func TestProcess_principalStatusDrift(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	w := newWorkspace(t, a.config("", inactiveOf("user", "103", "")))
	w.must(0, "apply", "-auto-approve")
	a.setUser("103", func(u *simulator.User) {
		u.Active, u.Roles = true, []simulator.Role{{Value: "account_admin"}}
	})()
	saysAll(t, w.must(0, "plan", "-detailed-exitcode"), "it is active again, and deactivating it would be refused", "account role account_admin", "No changes")
	w.must(0, "destroy", "-auto-approve")
	if !a.active("103") {
		t.Error("the admin was deactivated")
	}
}

func TestAccPrincipalStatus_refusals(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ config, want string }{
		"a group":        {inactiveOf("group", "202", ""), `(?s)principal_type.*must be one of.*"user".*"service_principal"`},
		"to be active":   {`resource "dbxidentity_principal_status" "this" {` + "\nprincipal_type = \"user\"\nprincipal_id = \"101\"\nactive = true\n}", `(?s)active.*must be.*false`},
		"no such user":   {inactiveOf("user", "4711", ""), `(?s)Principal Not Found.*The account has no user/4711`},
		"another name":   {inactiveOf("user", "101", `principal_name = "someone@example.com"`), `(?s)its\s+name\s+is\s+"user101@example.com"\s+now`},
		"an odd setting": {inactiveOf("user", "101", `on_destroy = "remove"`), `(?s)on_destroy.*"keep".*"restore"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := startAccount(t, smallWorld(), simulator.Options{})
			acceptance(t, resource.TestStep{Config: a.config("", tt.config), ExpectError: regexp.MustCompile(tt.want)})
			if err := a.wrote(0); err != nil {
				t.Error(err)
			}
		})
	}
}
