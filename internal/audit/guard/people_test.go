// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package guard

import (
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// refused is the one refusal of a list as its guard and its text; "" for none.
func refused(t *testing.T, list []Refusal, attribute string) (guard, text string) {
	t.Helper()
	if len(list) == 0 {
		return "", ""
	}
	if len(list) > 1 || list[0].Attribute != attribute {
		t.Errorf("%+v", list)
	}
	return list[0].Guard, list[0].Error()
}

// Every guard of a deactivation with its text, and which of several speaks.
func TestDeactivate(t *testing.T) {
	t.Parallel()
	admin := audit.Privilege{Powers: []string{"account role account_admin", "owner of x"}}
	for name, tt := range map[string]struct {
		change      func(f *DeactivateFacts)
		guard, says string
	}{
		"an ordinary user":   {func(*DeactivateFacts) {}, "", ""},
		"the caller":         {func(f *DeactivateFacts) { f.IsCaller, f.AllowPrivileged = true, true }, "deactivates_caller", "Terraform runs as user/1, which would lock itself out. Run as another account admin, or leave it out."},
		"the caller unread":  {func(f *DeactivateFacts) { f.CallerUnknown, f.AllowPrivileged = "status 500", true }, "caller_unknown", "whether Terraform runs as user/1 could not be found out (status 500). Plan again when"},
		"the state unread":   {func(f *DeactivateFacts) { f.Principal.Active, f.AllowPrivileged = nil, true }, "state_unknown", "the account does not say whether user/1 is active. Plan again"},
		"privileged":         {func(f *DeactivateFacts) { f.Privilege = admin }, "privileged_principal", "user/1 is privileged (account role account_admin; owner of x). Check that it is meant, then set allow_privileged = true."},
		"privileges unread":  {func(f *DeactivateFacts) { f.Privilege.Unknown = "status 403" }, "privileges_unknown", "whether user/1 is privileged is not known (status 403). Plan again when the account can be read; the failure says what is missing. Or check it, and set allow_privileged = true."},
		"one power is known": {func(f *DeactivateFacts) { f.Privilege = admin; f.Privilege.Unknown = "status 403" }, "privileged_principal", "account role account_admin"},
		"allowed":            {func(f *DeactivateFacts) { f.Privilege, f.AllowPrivileged = admin, true }, "", ""},
		"allowed, unread":    {func(f *DeactivateFacts) { f.Privilege.Unknown, f.AllowPrivileged = "status 403", true }, "", ""},
		"the last admin":     {func(f *DeactivateFacts) { f.LastAdmin, f.AllowPrivileged = true, true }, "last_account_admin", "user/1 is the last active account admin. Make another principal account admin first."},
		"admins unread": {func(f *DeactivateFacts) { f.LastAdmin, f.AllowPrivileged, f.AdminsUnknown = true, true, "status 500" }, "account_admins_unknown",
			"whether an account admin is left without user/1 could not be found out (status 500). Plan again"},
		"admins do not matter without power": {func(f *DeactivateFacts) { f.LastAdmin, f.AdminsUnknown = true, "status 500" }, "", ""},
	} {
		f := DeactivateFacts{Principal: guardUser("1", true).Principal}
		tt.change(&f)
		if by, text := refused(t, Deactivate(f), "principal_id"); by != tt.guard || !strings.Contains(text, tt.says) {
			t.Errorf("%s: %s: %s", name, by, text)
		}
	}
}

// Every guard of a new name with its text, and which of several speaks.
func TestRename(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change                 func(f *RenameFacts)
		guard, attribute, says string
	}{
		"a local group":  {func(*RenameFacts) {}, "", "", ""},
		"a system group": {func(f *RenameFacts) { f.Group.Name, f.AllowPrivileged = "admins", true }, "system_group", "group_id", "group/5 (admins) is a group that Databricks keeps itself. Leave it out."},
		"an IdP group":   {func(f *RenameFacts) { f.Group.ExternalID, f.AllowPrivileged = "x", true }, "idp_group", "group_id", "group/5 (g) belongs to the identity provider, which gives it its name. Rename it in"},
		"names unread": {func(f *RenameFacts) {
			f.NamesUnknown, f.Holders = "status 500", []audit.Ref{{Type: audit.TypeGroup, ID: "6"}}
		}, "names_unknown", "name",
			`whether the name "new" is free could not be found out (status 500). Plan again`},
		"a taken name": {func(f *RenameFacts) {
			f.Holders, f.AllowPrivileged = []audit.Ref{{Type: audit.TypeGroup, ID: "6"}, {Type: audit.TypeGroup, ID: "7"}}, true
		}, "name_taken", "name",
			`group/6 has the name "new". Choose another name.`},
		"privileged":          {func(f *RenameFacts) { f.Privilege.Powers = []string{"x"} }, "privileged_principal", "group_id", "group/5 is privileged (x)."},
		"privileges unread":   {func(f *RenameFacts) { f.Privilege.Unknown = "status 403" }, "privileges_unknown", "group_id", "whether group/5 is privileged is not known (status 403)"},
		"allowed":             {func(f *RenameFacts) { f.Privilege.Powers, f.AllowPrivileged = []string{"x"}, true }, "", "", ""},
		"its own name back":   {func(f *RenameFacts) { f.Privilege.Powers, f.Restores = []string{"x"}, true }, "", "", ""},
		"back, and it is not": {func(f *RenameFacts) { f.Restores, f.Holders = true, []audit.Ref{{Type: audit.TypeGroup, ID: "6"}} }, "name_taken", "name", "group/6"},
	} {
		f := RenameFacts{Group: guardGroup("5", "g").Principal, Name: "new"}
		tt.change(&f)
		if by, text := refused(t, Rename(f), tt.attribute); by != tt.guard || !strings.Contains(text, tt.says) {
			t.Errorf("%s: %s: %s", name, by, text)
		}
	}
}
