// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package readiness_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/judge"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/readiness"
)

// A service principal that two identities match has no new name.
func TestRenames_oneMatch(t *testing.T) {
	t.Parallel()
	f := settle(spared())
	f.Matches[1].ByExternalID = nil
	f.Matches[1].ByName = []audit.Identity{
		{Type: audit.TypeServicePrincipal, ExternalID: "s-1", DisplayName: "one"}, {Type: audit.TypeServicePrincipal, ExternalID: "s-2", DisplayName: "two"},
	}
	if got := affectedBy(f, "service_principal_names"); len(got) > 0 {
		t.Errorf("of two identities of its name it gets %v", got)
	}
	f.Matches[1].ByName = f.Matches[1].ByName[:1]
	if got := affectedBy(f, "service_principal_names"); len(got) != 1 {
		t.Errorf("of one identity of its name it gets %v", got)
	}
}

// A service principal that gets a name of its own collides with no one; how many names
// change is said where there is no code to search, and the line where there is.
func TestNames_ofOneRename(t *testing.T) {
	t.Parallel()
	f := settle(spared())
	f.Matches[1].ByExternalID.DisplayName = "etl-new"
	if got := affectedBy(f, "service_principal_names_unique"); len(got) > 0 {
		t.Errorf("it collides with %v", got)
	}
	const check = "names_in_code"
	for _, r := range readiness.Assess(f, nil).Results {
		if want := "1 service principals and 0 groups will have another name"; r.ID == check && !strings.HasPrefix(strings.Join(r.Unknown, " "), want) {
			t.Errorf("unknown: %q, want %q", r.Unknown, want)
		}
	}
	f.Texts = map[string]string{"main.tf": "a\nb\nname = \"etl\"\n"}
	if got, want := fmt.Sprint(affectedBy(f, check)), fmt.Sprint(map[string]string{"text/main.tf:3": `will be called "etl-new"`}); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Whether a user is a guest is taken from the identity that is linked or, alone, has the
// name; those of whom it is not reported are counted.
func TestGuests_counts(t *testing.T) {
	t.Parallel()
	f := settle(spared())
	at := func(id, name string, byName ...audit.Identity) {
		u := user(id, name, "")
		f.Inventory.Principals = append(f.Inventory.Principals, u)
		f.Matches = append(f.Matches, audit.Match{Principal: u, ByName: byName})
	}
	guest := audit.Identity{Type: audit.TypeUser, ExternalID: "u-5", Names: []string{"gil@example.org"}, Guest: ptr(true)}
	silent := audit.Identity{Type: audit.TypeUser, ExternalID: "u-6", Names: []string{"kim@example.com"}}
	at("5", "gil@example.org", guest)
	at("6", "two@example.org", guest, guest)
	at("7", "kim@example.com", silent)
	at("8", "kai@example.com", silent)
	if got, want := fmt.Sprint(affectedBy(f, "guests")), "map[user/5:is a guest: gil@example.org]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, r := range readiness.Assess(f, nil).Results {
		if want := "idp entra does not report of 2 users"; r.ID == "guests" && !strings.Contains(strings.Join(r.Unknown, " "), want) {
			t.Errorf("unknown: %q, want %q", r.Unknown, want)
		}
	}
}

// A linked user is stale who was deleted, is absent or disabled there, as long as no other
// identity has the name; who is inactive here, or not linked, is not.
func TestStale_byState(t *testing.T) {
	t.Parallel()
	f := settle(spared())
	at := func(id string, external string, edit func(*audit.Match)) {
		u := user(id, "p"+id+"@example.com", external)
		m := audit.Match{Principal: u}
		edit(&m)
		f.Inventory.Principals = append(f.Inventory.Principals, u)
		f.Matches = append(f.Matches, m)
	}
	named := []audit.Identity{{Type: audit.TypeUser, ExternalID: "u-9", Names: []string{"p@example.com"}}}
	known := func(enabled *bool) *audit.Identity {
		return &audit.Identity{Type: audit.TypeUser, ExternalID: "u-7", Enabled: enabled}
	}
	at("30", "u-1", func(m *audit.Match) { m.DeletedByExternalID = known(nil) })
	at("31", "u-2", func(m *audit.Match) { m.DeletedByExternalID, m.ByName = known(nil), named })
	at("32", "u-3", func(*audit.Match) {})
	at("33", "u-4", func(m *audit.Match) { m.ByName = named })
	at("34", "u-5", func(m *audit.Match) { m.ByExternalID = known(ptr(false)) })
	at("35", "u-6", func(m *audit.Match) { m.ByExternalID = known(ptr(true)) })
	at("36", "u-7", func(m *audit.Match) { m.ByExternalID = known(nil) })
	at("37", "", func(*audit.Match) {})
	at("38", "u-8", func(m *audit.Match) { m.Unknown = "no answer" })
	at("39", "u-9", func(m *audit.Match) { m.Principal.Active = ptr(false) })
	at("40", "u-10", func(m *audit.Match) { m.Principal.Active = nil })
	want := "map[user/30:was deleted in the identity provider user/32:is not in the identity provider " +
		"user/34:is disabled in the identity provider user/40:is not in the identity provider]"
	if got := fmt.Sprint(affectedBy(f, "stale_users")); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// A row of the divergences says what is here and what is there, as far as it is known.
func TestRowDetail(t *testing.T) {
	t.Parallel()
	f := settle(spared())
	at := func(id, name, external string, byName ...audit.Identity) {
		u := user(id, name, external)
		f.Inventory.Principals = append(f.Inventory.Principals, u)
		m := audit.Match{Principal: u, ByName: byName}
		f.Matches = append(f.Matches, m)
	}
	at("50", "gus@example.com", "wrong", audit.Identity{Type: audit.TypeUser, ExternalID: "u-50", Names: []string{"gus@example.com"}})
	at("51", "ina@example.com", "", audit.Identity{Type: audit.TypeUser, ExternalID: "u-51", Names: []string{"ina@example.com"}})
	drifted := user("52", "was@example.com", "u-52")
	f.Inventory.Principals = append(f.Inventory.Principals, drifted)
	f.Matches = append(f.Matches, audit.Match{Principal: drifted, ByExternalID: &audit.Identity{Type: audit.TypeUser, ExternalID: "u-52", Names: []string{"is@example.com"}}})
	f.Matches[1].ByExternalID.Names = []string{"app-1"}
	f.Report = judge.Divergences(judge.Input{Inventory: f.Inventory, Matches: f.Matches}, judge.Options{})
	for check, want := range map[string]string{
		"external_ids_agree":  "user/50: linkable_by_name, external id wrong, the identity provider has u-50",
		"users_renamed":       "user/52: name_drift, external id u-52, called there is@example.com",
		"unlinked_name_match": "user/51: linkable_by_name, the identity provider has u-51",
	} {
		for subject, detail := range affectedBy(f, check) {
			if got := subject + ": " + detail; got != want {
				t.Errorf("%s: %q, want %q", check, got, want)
			}
		}
		if len(affectedBy(f, check)) != 1 {
			t.Errorf("%s: %v", check, affectedBy(f, check))
		}
	}
}
