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

// peopleFlow is the one-step flow for people who left and groups in the way.
func peopleFlow(settings string) string {
	return `
data "dbxidentity_divergences" "all" {
  primary_domains       = ["example.com"]
  suggest_deactivations = true
  suggest_group_renames = true
  deactivation_causes   = ["stale_own_domain", "deleted_in_idp", "disabled_in_idp"]
  plan_warning          = false
}

resource "dbxidentity_remediation_ledger" "this" {
  pending_deactivations = data.dbxidentity_divergences.all.deactivations
  pending_group_names   = data.dbxidentity_divergences.all.group_renames
  ` + settings + `
}

resource "dbxidentity_principal_status" "leaver" {
  for_each       = dbxidentity_remediation_ledger.this.deactivations
  principal_type = each.value.principal_type
  principal_id   = each.value.principal_id
  principal_name = each.value.principal_name
  active         = false
}

resource "dbxidentity_group_name" "local" {
  for_each              = dbxidentity_remediation_ledger.this.group_names
  group_id              = each.value.group_id
  name                  = each.value.name
  expected_current_name = each.value.current_name
}
`
}

func leaverAddress(id string) string {
	return fmt.Sprintf(`dbxidentity_principal_status.leaver["deactivate/user/%s"]`, id)
}

func renameAddress(id string) string {
	return fmt.Sprintf(`dbxidentity_group_name.local["rename/group/%s"]`, id)
}

func TestAccRemediationLedger_people(t *testing.T) {
	t.Parallel()
	a := startAccount(t, leavers(), simulator.Options{})
	config := func(settings string) string { return a.config(a.entra(), peopleFlow(settings)) }
	tracked := func(name string, keys ...string) statecheck.StateCheck {
		want := map[string]knownvalue.Check{}
		for _, key := range keys {
			want[key] = knownvalue.NotNull()
		}
		return attribute(ledgerAddress, name, knownvalue.MapExact(want))
	}
	again := a.setUser("110", func(u *simulator.User) { u.Active = true })
	acceptanceWith(t, a.trusting(),
		resource.TestStep{
			Config: config("max_new_deactivations = 2"),
			ExpectError: regexp.MustCompile(`(?s)Too Many New Deactivations.*adds or changes 3 deactivations at once, and\s+max_new_deactivations\s+allows\s+2.*` +
				`pending_deactivations = \{ for key in slice\(sort\(keys\(local.found\)\), 0,\s+min\(2,`),
		},
		resource.TestStep{
			Config: config("max_new_group_names = 1"), ExpectError: regexp.MustCompile(`(?s)Too Many New Group Names.*adds or changes 2 group names at once`),
		},
		applies(config(""), planned{
			ledgerAddress: "create", leaverAddress("110"): "create", leaverAddress("111"): "create", leaverAddress("112"): "create",
			renameAddress("202"): "create", renameAddress("210"): "create",
		}, a.isActive("110", false), a.isActive("112", false), a.isActive("113", true), a.isActive("114", true), a.isNamed("202", "local-group (local 202)"),
			text(renameAddress("210"), "previous_name", "twice")),
		// Active again, and still gone: the same entry, and one change.
		before(applies(config(""), planned{leaverAddress("110"): "update"}, a.isActive("110", false)), again),
		// Active again, and back in the identity provider: settled, and left alone.
		before(applies(config(""), planned{ledgerAddress: "update", leaverAddress("110"): "delete"}, a.isActive("110", true)), func() {
			again()
			a.change(func(st *simulator.State) {
				st.IDP.Users = append(st.IDP.Users, simulator.IDPUser{ID: entraID(110), UserPrincipalName: "gone@example.com", UserType: "Member", AccountEnabled: true})
			})
		}),
		// Renamed to what it was is drift; to anything else is settled.
		before(applies(config(""), planned{renameAddress("210"): "update"}, a.isNamed("210", "twice (local 210)")), a.nameGroup("210", "twice")),
		before(applies(config(""), planned{ledgerAddress: "update", renameAddress("210"): "delete"}, a.isNamed("210", "theirs"),
			tracked("group_names", "rename/group/202")), a.nameGroup("210", "theirs")),
		// Deleted, excluded.
		before(applies(config(`exclude = ["rename/group/202"]`), planned{ledgerAddress: "update", renameAddress("202"): "delete", leaverAddress("111"): "delete"},
			a.isNamed("202", "local-group (local 202)"), tracked("deactivations", "deactivate/user/112"), tracked("group_names")), func() {
			a.change(func(st *simulator.State) { st.Users = append(st.Users[:3], st.Users[4:]...) })
		}),
		resource.TestStep{Config: a.config(a.entra(), "")},
	)
	if a.active("112") {
		t.Error("forgetting a deactivation has undone it")
	}
}

// Keys that name another principal, and those that are of no kind, are refused.
func TestAccRemediationLedger_peopleKeys(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	for name, tt := range map[string]struct{ settings, want string }{
		"of another user":  {`pending_deactivations = { "deactivate/user/1" = { principal_type = "user", principal_id = "2" } }`, `(?s)Invalid Ledger Key.*Write\s+"deactivate/user/2"`},
		"of an externalId": {`pending_deactivations = { "user/1" = { principal_type = "user", principal_id = "1" } }`, `(?s)Invalid Ledger Key.*Write\s+"deactivate/user/1"`},
		"of another group": {`pending_group_names = { "rename/group/1" = { group_id = "2", name = "x" } }`, `(?s)Invalid Ledger Key.*Write\s+"rename/group/2"`},
		"a group":          {`pending_deactivations = { "deactivate/group/1" = { principal_type = "group", principal_id = "1" } }`, `(?s)must be one of.*"user".*"service_principal"`},
		"a blank name":     {`pending_group_names = { "rename/group/1" = { group_id = "1", name = "" } }`, `(?s)Invalid Group Name`},
		"excluded":         {`exclude = ["rename/user/1"]`, `(?s)Invalid Ledger Key.*rename/group/<id>`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acceptance(t, resource.TestStep{Config: a.config("", ledgerOf(tt.settings)), ExpectError: regexp.MustCompile(tt.want)})
		})
	}
}
