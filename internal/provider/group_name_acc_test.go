// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

const groupNameAddress = "dbxidentity_group_name.this"

// nameOf is one instance with more settings in it.
func nameOf(group, name, settings string) string {
	return fmt.Sprintf("\nresource \"dbxidentity_group_name\" \"this\" {\n  group_id = %q\n  name = %q\n  %s\n}\n", group, name, settings)
}

// groupName is what a group is called; the test fails without the group.
func (a account) groupName(id string) string {
	a.t.Helper()
	for _, g := range a.state().Groups {
		if g.ID == id {
			return g.DisplayName
		}
	}
	a.t.Fatalf("the account has no group %s", id)
	return ""
}

func (a account) isNamed(id, want string) statecheck.StateCheck {
	return accountCheck(func() error {
		if got := a.groupName(id); got != want {
			return fmt.Errorf("group %s is called %q, want %q", id, got, want)
		}
		return nil
	})
}

func (a account) nameGroup(id, name string) func() {
	return func() {
		a.change(func(st *simulator.State) {
			for i := range st.Groups {
				if st.Groups[i].ID == id {
					st.Groups[i].DisplayName = name
				}
			}
		})
	}
}

const reviewedName = `expected_current_name = "local-group"`

func TestAccGroupName_lifecycle(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	acceptance(t,
		applies(a.config("", nameOf("202", "mine", reviewedName)), planned{groupNameAddress: "create"}, a.isNamed("202", "mine"),
			text(groupNameAddress, "id", "group/202"), text(groupNameAddress, "previous_name", "local-group"), text(groupNameAddress, "on_destroy", "keep")),
		resource.TestStep{
			ResourceName: groupNameAddress, ImportState: true, ImportStateId: "group/202", ImportStateVerify: true,
			ImportStateVerifyIgnore: []string{"previous_name", "expected_current_name"}, // An import wrote nothing.
		},
		resource.TestStep{
			ResourceName: groupNameAddress, ImportState: true, ImportStateId: "user/101", ExpectError: regexp.MustCompile(`"user/101" is a user`),
		},
		// Another wanted name replaces the one that was applied last; the one before stays the first.
		applies(a.config("", nameOf("202", "ours", reviewedName)), planned{groupNameAddress: "update"}, a.isNamed("202", "ours"),
			text(groupNameAddress, "previous_name", "local-group")),
		// What someone else has called it stays, unless the configuration says otherwise.
		before(applies(a.config("", nameOf("202", "ours", reviewedName)), planned{}, a.isNamed("202", "theirs")), a.nameGroup("202", "theirs")),
		resource.TestStep{
			Config:      a.config("", nameOf("202", "yours", reviewedName)),
			ExpectError: regexp.MustCompile(`(?s)Refusing to Plan Group Name.*is called "theirs".*Applied\s+here\s+last\s+was\s+"ours".*expected_current_name\s+=\s+"theirs"`),
		},
		applies(a.config("", nameOf("202", "ours", `expected_current_name = "theirs"`)), planned{groupNameAddress: "update"}, a.isNamed("202", "ours")),
		// Back to the reviewed name of before is drift, and is repaired.
		before(applies(a.config("", nameOf("202", "ours", `expected_current_name = "theirs"`)), planned{groupNameAddress: "update"}, a.isNamed("202", "ours")),
			a.nameGroup("202", "theirs")),
		before(applies(a.config("", nameOf("202", "ours", `on_destroy = "restore"`)), planned{groupNameAddress: "update"},
			accountCheck(func() error { return a.wrote(0) })), a.Server.ResetRequests),
	)
	if got := a.groupName("202"); got != "local-group" {
		t.Errorf("after destroy group 202 is called %q", got)
	}
}

// A group that has the name already is not written, and keeps it.
func TestAccGroupName_found(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	acceptance(t, applies(a.config("", nameOf("202", "local-group", "on_destroy = \"restore\"\n  expected_current_name = \"before\"")), planned{groupNameAddress: "create"},
		attribute(groupNameAddress, "previous_name", knownvalue.Null()), accountCheck(func() error { return a.wrote(0) })))
	if got := a.groupName("202"); got != "local-group" {
		t.Errorf("after destroy group 202 is called %q", got)
	}
}

// Words of the plan of a destroy, and what a destroy does not write back.
func TestProcess_groupNameDestroy(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	w := newWorkspace(t, a.config("", nameOf("202", "mine", reviewedName)))
	saysAll(t, w.must(0, "apply", "-auto-approve"), "Group Will Be Renamed", `group/202 will be called "mine"`)
	saysAll(t, w.must(0, "plan", "-destroy"), "Stays in the Account", `group/202 keeps the name "mine"`)
	w.write("main.tf", requiredProviders+a.config("", nameOf("202", "mine", reviewedName+"\n  on_destroy = \"restore\"")))
	w.must(0, "apply", "-auto-approve")
	saysAll(t, w.must(0, "plan", "-destroy"), "Names Will Be Written Back", `group/202 will be called "local-group" again`)
	a.change(func(st *simulator.State) {
		st.Groups = append(st.Groups, simulator.Group{ID: "203", DisplayName: "Local-Group"})
	})
	saysAll(t, w.must(0, "plan", "-destroy"), "Group Name Will Be Kept", `group/203 has the name "local-group"`)
	saysAll(t, w.must(0, "destroy", "-auto-approve"), "Group Name Kept", `group/203 has the name "local-group"`)
	if got := a.groupName("202"); got != "mine" {
		t.Errorf("group 202 is called %q", got)
	}
}

func TestAccGroupName_refusals(t *testing.T) {
	t.Parallel()
	two := func(first, second string) string {
		return first + strings.Replace(second, `"this"`, `"other"`, 1)
	}
	for name, tt := range map[string]struct{ config, want string }{
		"not reviewed":       {nameOf("202", "mine", ""), `(?s)group/202 is called "local-group", expected is none, wanted is "mine".*expected_current_name =\s+"local-group"`},
		"another name":       {nameOf("202", "mine", `expected_current_name = "theirs"`), `(?s)is called "local-group", expected is "theirs"`},
		"blank":              {nameOf("202", "", reviewedName), `(?s)Invalid Group Name.*not blank`},
		"spaces":             {nameOf("202", " mine", reviewedName), `(?s)Invalid Group Name.*no spaces around`},
		"too long":           {nameOf("202", strings.Repeat("x", 256), reviewedName), `(?s)Invalid Group Name.*256 characters`},
		"a system name":      {nameOf("202", "users", reviewedName), `(?s)Invalid Group Name.*Databricks keeps itself`},
		"no such group":      {nameOf("4711", "mine", reviewedName), `(?s)Principal Not Found.*The account has no group/4711`},
		"of the IdP":         {nameOf("201", "mine", `expected_current_name = "linked-group"`), `(?s)belongs to the identity provider.*Rename it in the identity provider`},
		"taken":              {nameOf("202", "Linked-Group", reviewedName), `(?s)group/201 has the name "Linked-Group"`},
		"two names":          {two(nameOf("202", "mine", reviewedName), nameOf("202", "ours", reviewedName)), `(?s)Two instances of this configuration want different names for group/202`},
		"one name for two":   {two(nameOf("202", "mine", reviewedName), nameOf("203", "Mine", "expected_current_name = \"inner\"")), `(?s)Two instances of this configuration want the name "(M|m)ine"`},
		"a privileged group": {nameOf("204", "mine", `expected_current_name = "operators"`), `(?s)group/204 is privileged \(account role account_admin\).*allow_privileged = true`},
		"a chain":            {two(nameOf("202", "mine", reviewedName), nameOf("203", "local-group", "expected_current_name = \"inner\"")), `(?s)group/202 has the name "local-group"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := smallWorld()
			st.Groups = append(st.Groups, simulator.Group{ID: "203", DisplayName: "inner"},
				simulator.Group{ID: "204", DisplayName: "operators", Roles: []simulator.Role{{Value: "account_admin"}}})
			a := startAccount(t, st, simulator.Options{})
			acceptance(t, resource.TestStep{Config: a.config("", tt.config), ExpectError: regexp.MustCompile(tt.want)})
			if err := a.wrote(0); err != nil {
				t.Error(err)
			}
		})
	}
}

// The name is freed and the group of the identity provider gets it, in one apply.
func TestAccGroupName_thenResolved(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{AIM: true})
	resolved := `
resource "dbxidentity_resolved_principal" "this" {
  principal_type = "group"
  external_id    = "` + entraID(202) + `"
  depends_on     = [dbxidentity_group_name.this]
}`
	acceptanceWith(t, a.trusting(),
		resource.TestStep{Config: a.config(a.entra(), strings.Replace(resolved, "depends_on     = [dbxidentity_group_name.this]", "", 1)), ExpectError: regexp.MustCompile("Refusing to Plan Resolved Principal")},
		applies(a.config(a.entra(), nameOf("202", "local-group (local)", reviewedName)+resolved),
			planned{groupNameAddress: "create", "dbxidentity_resolved_principal.this": "create"}, a.isNamed("202", "local-group (local)"),
			accountCheck(func() error {
				for _, g := range a.state().Groups {
					if g.DisplayName == "local-group" && g.ExternalID == entraID(202) {
						return nil
					}
				}
				return fmt.Errorf("no group of the identity provider: %+v", a.state().Groups)
			})))
}

// Views and functions that were read in the same run, and ask for the group by the name
// that it loses, are named in the plan; one that asks for both names loses nothing.
func TestAccGroupName_asksInSQL(t *testing.T) {
	t.Parallel()
	const summary = "SQL Asks for This Group Name"
	st := orderly()
	st.Groups = append(st.Groups, simulator.Group{ID: "202", DisplayName: "local-group"})
	for name, text := range map[string]string{
		"one": "is_account_group_member('local-group')", "both": "is_account_group_member('local-group') OR is_account_group_member('mine')",
		"other": "is_account_group_member('data')",
	} {
		st.UnityCatalog.Metastores[0].Securables = append(st.UnityCatalog.Metastores[0].Securables,
			simulator.Securable{Type: "function", FullName: "c.s." + name, Owner: "caller-app", Definition: text})
	}
	read := document{"sql_definitions": []any{document{"workspace_id": "11", "sql_warehouse_id": "w1"}}}
	for name, tt := range map[string]struct {
		readiness document
		want      []string
	}{
		"read":            {read, []string{"function/c.s.one."}},
		"not read":        {document{}, nil},
		"without a check": {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := startAccount(t, st, simulator.Options{})
			w := a.dials(t, a, "entra", nil)
			if tt.readiness != nil {
				w.data("dbxidentity_aim_readiness", tt.readiness)
			}
			i, config := instance{resource: "dbxidentity_group_name"}, document{"group_id": "202", "name": "mine", "expected_current_name": "local-group"}
			planned := w.plan(i, config)
			got := w.warned(summary)
			if w.failed() || len(got) != len(tt.want) || len(w.warned("Group Will Be Renamed")) != 1 {
				t.Fatalf("%v: %s", got, textOf(w.diags))
			}
			for _, want := range tt.want {
				if !strings.Contains(got[0], "ask for the group of that name: "+want) {
					t.Errorf("%s", got[0])
				}
			}
			// The apply has been reviewed.
			w.apply(i, planned)
			if len(w.warned(summary)) != len(tt.want) {
				t.Errorf("in the apply: %s", textOf(w.diags))
			}
		})
	}

	a := startAccount(t, st, simulator.Options{})
	w := newWorkspace(t, a.config(a.entra(), `
data "dbxidentity_aim_readiness" "this" {
  sql_definitions = [{ workspace_id = "11", sql_warehouse_id = "w1" }]
}
`+nameOf("202", "mine", reviewedName+"\n  depends_on = [data.dbxidentity_aim_readiness.this]"))).trustsIDP(a)
	saysAll(t, w.must(0, "plan"), summary, "function/c.s.one")
}
