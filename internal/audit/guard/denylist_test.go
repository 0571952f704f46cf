// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package guard

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

func denyUser(id, name, externalID string) audit.Principal {
	return audit.Principal{Ref: audit.Ref{Type: audit.TypeUser, ID: id}, Name: name, ExternalID: externalID}
}

// Every guard of a rule of the denylist, with its text.
func TestDeny(t *testing.T) {
	t.Parallel()
	admin, runner := denyUser("1", "admin@example.com", "a-1"), audit.Principal{Ref: audit.Ref{Type: audit.TypeServicePrincipal, ID: "9"}, Name: "app-9"}
	group := &audit.Identity{Type: audit.TypeGroup, ExternalID: "g-1", DisplayName: "contractors"}
	person := &audit.Identity{Type: audit.TypeUser, ExternalID: "g-1", DisplayName: "Pat"}
	held := audit.Principal{Ref: audit.Ref{Type: audit.TypeGroup, ID: "5"}, Name: "contractors", ExternalID: "g-1"}
	for name, tt := range map[string]struct {
		change      func(f *DenyFacts)
		guard, says string
	}{
		"a group":                     {func(*DenyFacts) {}, "", ""},
		"a user":                      {func(f *DenyFacts) { f.IDP.Identity = person }, "", ""},
		"the last rule":               {func(f *DenyFacts) { f.Rules = 100 }, "", ""},
		"one rule more":               {func(f *DenyFacts) { f.Rules = 101 }, "denylist_full", "the group \"contractors\" (g-1) is not denied: with it the denylist would have 101 rules, and an account holds 100. Deny a group"},
		"the admin itself":            {func(f *DenyFacts) { f.ExternalID = "a-1" }, "denies_account_admin", "user/1 (admin@example.com) is an account admin, and has that externalId"},
		"the admin by its name":       {func(f *DenyFacts) { f.IDP.Identity, f.IDP.Within = person, []audit.Ref{admin.Ref} }, "denies_account_admin", "that identity has its name"},
		"the admin in the group":      {func(f *DenyFacts) { f.IDP.Within = []audit.Ref{admin.Ref} }, "denies_account_admin", "the identity provider has it in that group"},
		"the admin in the group here": {func(f *DenyFacts) { f.Below = []audit.Ref{admin.Ref} }, "denies_account_admin", "the account has it in that group"},
		"the caller in the group":     {func(f *DenyFacts) { f.IDP.Within = []audit.Ref{runner.Ref} }, "denies_caller", "Terraform runs as service_principal/9 (app-9), the identity provider has it in that group, directly or through other groups: it would lock itself out. Run as another"},
		"certain before unknown": {func(f *DenyFacts) {
			f.Below, f.AdminsUnknown, f.IDP.WithinUnknown = []audit.Ref{admin.Ref}, "x", "y"
		}, "denies_account_admin", ""},
		"admins unknown":   {func(f *DenyFacts) { f.AdminsUnknown = "status 500" }, "denied_admins_unknown", "who is an account admin could not be found out (status 500)"},
		"caller unread":    {func(f *DenyFacts) { f.CallerUnknown = "status 500" }, "denied_admins_unknown", "as whom Terraform runs could not be found out (status 500)"},
		"holders unknown":  {func(f *DenyFacts) { f.HoldersUnknown = "status 500" }, "denied_identity_unknown", "which principals of the account have that id could not be found out (status 500)"},
		"no such identity": {func(f *DenyFacts) { f.IDP.Identity = nil }, "denied_identity_not_found", "the identity g-1 is not denied: neither the identity provider nor the account has"},
		"gone there, held here": {func(f *DenyFacts) {
			f.IDP.Identity, f.Holders = nil, []audit.Principal{denyUser("7", "pat@example.com", "g-1")}
		}, "", ""},
		"a group gone there": {func(f *DenyFacts) { f.IDP.Identity, f.Holders = nil, []audit.Principal{held} }, "", ""},
		"no one knows it":    {func(f *DenyFacts) { f.IDP.Identity, f.IDP.Unknown = nil, "no idp" }, "denied_identity_unknown", "what it is, and whom it holds, is not known (no idp). Configure an idp"},
		"two types hold it": {func(f *DenyFacts) {
			f.IDP.Identity, f.IDP.Unknown, f.Holders = nil, "no idp", []audit.Principal{held, denyUser("7", "", "g-1")}
		}, "denied_identity_unknown", "no idp"},
		"a group, no idp": {func(f *DenyFacts) {
			f.IDP.Identity, f.IDP.Unknown, f.Holders = nil, "no idp", []audit.Principal{held}
		}, "denied_members_unknown", "group/5 (contractors) (g-1) is not denied: who is in that group is not known (no idp)"},
		"members unread here":  {func(f *DenyFacts) { f.BelowUnknown = "status 500" }, "denied_members_unknown", "could not be read in the account (status 500)"},
		"members unread there": {func(f *DenyFacts) { f.IDP.WithinUnknown = "hidden" }, "denied_members_unknown", "whether an account admin is denied with it could not be found out (hidden)"},
		"a user, no idp": {func(f *DenyFacts) {
			f.IDP.Identity, f.IDP.Unknown, f.Holders = nil, "no idp", []audit.Principal{denyUser("7", "pat@example.com", "g-1")}
		}, "", ""},
		"a user, no idp, an unlinked admin": {func(f *DenyFacts) {
			f.IDP.Identity, f.IDP.Unknown, f.Holders = nil, "no idp", []audit.Principal{denyUser("7", "pat@example.com", "g-1")}
			f.Watched[0].ExternalID = ""
		}, "denied_identity_unknown", "user/1 (admin@example.com) is an account admin and has no externalId"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := DenyFacts{ExternalID: "g-1", Rules: 1, Watched: []audit.Principal{admin, runner}, Caller: runner.Ref, IDP: DeniedIdentity{Identity: group}}
			tt.change(&f)
			got := Deny(f)
			switch {
			case tt.guard == "" && len(got) > 0:
				t.Errorf("refused: %v", got)
			case tt.guard != "" && (len(got) != 1 || got[0].Guard != tt.guard || !strings.Contains(got[0].Error(), tt.says) || got[0].Attribute != "external_principal_id"):
				t.Errorf("got %v, want %s: %s", got, tt.guard, tt.says)
			}
		})
	}
}

// Whatever is known or not: a rule is let through only where no one who is watched is
// denied by it, and where nothing that decides it is unknown.
func TestDeny_property(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		why := rapid.SampledFrom([]string{"", "", "unread"})
		f := DenyFacts{
			ExternalID: "x", Rules: rapid.IntRange(1, 102).Draw(t, "rules"), AdminsUnknown: why.Draw(t, "admins"), HoldersUnknown: why.Draw(t, "holders"),
			BelowUnknown: why.Draw(t, "below"), IDP: DeniedIdentity{Unknown: why.Draw(t, "idp"), WithinUnknown: why.Draw(t, "within")},
		}
		for i := range rapid.IntRange(1, 3).Draw(t, "watched") {
			f.Watched = append(f.Watched, denyUser(string(rune('1'+i)), "u", rapid.SampledFrom([]string{"x", "y", ""}).Draw(t, "id")))
		}
		kind := rapid.SampledFrom(audit.PrincipalTypes()).Draw(t, "kind")
		if rapid.Bool().Draw(t, "here") {
			f.Holders = []audit.Principal{{Ref: audit.Ref{Type: kind, ID: "7"}, ExternalID: "x"}}
		}
		if f.IDP.Unknown == "" && rapid.Bool().Draw(t, "there") {
			f.IDP.Identity = &audit.Identity{Type: kind, ExternalID: "x"}
		}
		denied := false
		for _, p := range f.Watched {
			if rapid.Bool().Draw(t, "within") && f.IDP.Identity != nil {
				f.IDP.Within = append(f.IDP.Within, p.Ref)
				denied = true
			}
			denied = denied || p.ExternalID == "x"
		}
		group := kind == audit.TypeGroup && (f.IDP.Identity != nil || len(f.Holders) > 0)
		unsure := f.AdminsUnknown != "" || f.HoldersUnknown != "" || f.IDP.Identity == nil && len(f.Holders) == 0 ||
			group && (f.BelowUnknown != "" || f.IDP.Unknown != "") || f.IDP.Identity != nil && f.IDP.WithinUnknown != ""
		if got := Deny(f); len(got) == 0 && (denied || unsure || f.Rules > audit.MaxDenyRules) {
			t.Fatalf("let through: %+v", f)
		}
	})
}
