// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package readiness_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/readiness"
)

// Whether users whom the tenant does not know are of another one is known by their domain
// only; service principals that it does not know are evidence.
func TestOneTenant(t *testing.T) {
	t.Parallel()
	gone := func(p audit.Principal) func(*readiness.Facts) {
		return func(f *readiness.Facts) { f.Matches = append(f.Matches, audit.Match{Principal: p}) }
	}
	inactive := user("2", "bob@elsewhere.com", "x")
	inactive.Active = ptr(false)
	app := audit.Principal{Ref: audit.Ref{Type: audit.TypeServicePrincipal, ID: "30"}, Name: "app-9", ExternalID: "x"}
	own := app
	own.ExternalID = ""
	is := &audit.Identity{Type: audit.TypeUser, ExternalID: "x", Names: []string{"bob@elsewhere.com"}}
	known := func(m audit.Match) func(*readiness.Facts) {
		m.Principal = user("2", "bob@elsewhere.com", "x")
		return func(f *readiness.Facts) { f.Matches = append(f.Matches, m) }
	}
	for name, tc := range map[string]struct {
		change  func(*readiness.Facts)
		domains bool
		status  readiness.Status
		says    string
	}{
		"own domain":                  {gone(user("2", "bob@EXAMPLE.com", "x")), true, readiness.Met, ""},
		"another domain":              {gone(user("2", "bob@elsewhere.com", "x")), true, readiness.NotMet, ""},
		"domains not given":           {gone(user("2", "bob@elsewhere.com", "x")), false, readiness.Unknown, "1 active users; set primary_domains"},
		"inactive":                    {gone(inactive), false, readiness.Met, ""},
		"guest":                       {gone(user("2", "bob_elsewhere.com#ext#@example.com", "x")), false, readiness.NotMet, ""},
		"known by its id":             {known(audit.Match{ByExternalID: is}), true, readiness.Met, ""},
		"known by its name":           {known(audit.Match{ByName: []audit.Identity{*is}}), true, readiness.Met, ""},
		"deleted there":               {known(audit.Match{DeletedByExternalID: is}), true, readiness.Met, ""},
		"a group":                     {gone(group("12", "gone", "x")), false, readiness.Met, ""},
		"a service principal":         {gone(app), false, readiness.Met, "does not know 1 service principals"},
		"one that Databricks manages": {gone(own), false, readiness.Met, ""},
	} {
		f := settle(spared())
		tc.change(f)
		if !tc.domains {
			f.PrimaryDomains = nil
		}
		for _, r := range readiness.Assess(f, nil).Results {
			said := strings.Join(append(r.Evidence, r.Unknown...), "; ")
			if r.ID == "one_tenant" && (r.Status != tc.status || (said == "") != (tc.says == "") || !strings.Contains(said, tc.says)) {
				t.Errorf("%s: %s, %q", name, r.Status, said)
			}
		}
	}
}

// The tier is what workspaces report: how many, and none is not the same as unknown.
func TestTier_counts(t *testing.T) {
	t.Parallel()
	const check = "account_tier"
	in := func(tiers ...string) *readiness.Facts {
		f := settle(spared())
		f.Workspaces = nil
		for i, tier := range tiers {
			f.Workspaces = append(f.Workspaces, audit.Workspace{ID: fmt.Sprint(100 + i), Name: "w", Federation: ptr(true), Tier: tier})
		}
		return f
	}
	if got := fmt.Sprint(affectedBy(in("STANDARD", "STANDARD", "UNKNOWN"), check)); !strings.Contains(got, "none of the 2 workspaces") {
		t.Errorf("%s", got)
	}
	if got := fmt.Sprint(evidenceOf(in("PREMIUM", "ENTERPRISE", "STANDARD", ""), check)); got != "[2 of 4 workspaces are Premium or Enterprise]" {
		t.Errorf("%s", got)
	}
	for _, r := range readiness.Assess(in("", "UNKNOWN"), nil).Results {
		if r.ID == check && (r.Status != readiness.Unknown || len(r.Affected) > 0) {
			t.Errorf("without a tier: %s, %v", r.Status, r.Affected)
		}
	}
}

// Of service principals and users that the tenant does not know, only what is active and
// linked, or of a domain of its own, says something.
func TestTenant_signs(t *testing.T) {
	t.Parallel()
	f := settle(spared())
	at := func(p audit.Principal, byExternal *audit.Identity, byName ...audit.Identity) {
		f.Inventory.Principals = append(f.Inventory.Principals, p)
		f.Matches = append(f.Matches, audit.Match{Principal: p, ByExternalID: byExternal, ByName: byName})
	}
	of := func(tenant string) *audit.Identity {
		return &audit.Identity{Type: audit.TypeUser, ExternalID: "x", HomeTenant: tenant}
	}
	gone := user("62", "old@elsewhere.net", "y")
	gone.Active = ptr(false)
	at(user("60", "home@example.com", "x"), of("T-1"))
	at(user("61", "away@example.com", "x"), of("t-2"))
	at(gone, nil)
	at(user("63", "out@elsewhere.net", "y"), nil)
	at(user("64", "known@elsewhere.net", "y"), nil, audit.Identity{Type: audit.TypeUser, ExternalID: "z"})
	at(user("65", "none@example.com", "y"), nil)
	want := "map[user/61:is of the tenant t-2 user/63:is of a domain that is not in primary_domains, and the tenant does not know it]"
	if got := fmt.Sprint(affectedBy(f, "one_tenant")); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Who has federation is counted, and no answer about any is not none.
func TestFederated_counts(t *testing.T) {
	t.Parallel()
	in := func(federation ...*bool) *readiness.Facts {
		f := settle(spared())
		f.Workspaces = nil
		for i, x := range federation {
			f.Workspaces = append(f.Workspaces, audit.Workspace{ID: fmt.Sprint(100 + i), Name: "w", Federation: x, Tier: "PREMIUM"})
		}
		return f
	}
	const check = "federated_workspace"
	if got := fmt.Sprint(evidenceOf(in(ptr(true), ptr(true), ptr(false), nil), check)); got != "[2 of 4 workspaces have identity federation]" {
		t.Errorf("%s", got)
	}
	for name, want := range map[string]struct {
		facts  *readiness.Facts
		status readiness.Status
	}{
		"none of two": {in(ptr(false), ptr(false)), readiness.NotMet}, "silent": {in(nil, nil), readiness.Unknown}, "no workspace": {in(), readiness.NotMet},
	} {
		if got := statuses(want.facts)[check]; got != want.status {
			t.Errorf("%s: %s, want %s", name, got, want.status)
		}
	}
	f := in()
	f.Unknown[readiness.NeedWorkspaces] = []string{"forbidden"}
	if got := statuses(f)[check]; got != readiness.Unknown {
		t.Errorf("workspaces that were not read: %s", got)
	}
}
