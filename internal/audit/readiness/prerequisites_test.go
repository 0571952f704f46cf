// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package readiness_test

import (
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
		"domains not given":           {gone(user("2", "bob@elsewhere.com", "x")), false, readiness.Unknown, "1 active users; primary_domains tells"},
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
