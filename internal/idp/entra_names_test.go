// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/entra"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// An account that was provisioned by mail address: its linked users are
// divergent by name until username_attributes says so, and those without a link
// are found either way.
func TestEntraMatch_usernameAttributes(t *testing.T) {
	t.Parallel()
	person := func(n int, upn, mail, kind string) simulator.IDPUser {
		return simulator.IDPUser{ID: objectID("a", n), UserPrincipalName: upn, Mail: mail, UserType: kind, AccountEnabled: true}
	}
	st := simulator.State{
		Users: []simulator.User{
			{ID: "101", UserName: "ann@example.com", ExternalID: objectID("a", 1), Active: true},
			{ID: "102", UserName: "bob@corp.example.com", ExternalID: objectID("a", 2), Active: true},
			{ID: "103", UserName: "cat@example.org", ExternalID: objectID("a", 3), Active: true},
			{ID: "104", UserName: "dan@example.com", Active: true},
		},
		IDP: simulator.IDP{Users: []simulator.IDPUser{
			person(1, "ann@corp.example.com", "ann@example.com", "Member"), person(2, "bob@corp.example.com", "bob@example.com", "Member"),
			person(3, "cat_example.org#EXT#@corp.example.com", "cat@example.org", "Guest"), person(4, "dan@corp.example.com", "dan@example.com", "Member"),
		}},
	}
	const drift, link = "EXTERNAL_ID_MATCH_NAME_MISMATCH", "NAME_MATCH_EXTERNAL_ID_MISMATCH"
	tests := map[string]struct {
		attributes []string
		want       map[string][]string
	}{
		"default: UPN of members, mail of guests": {nil, map[string][]string{"101": {drift}, "104": {link}}},
		"mail":   {[]string{"mail"}, map[string][]string{"102": {drift}, "104": {link}}},
		"UPN":    {[]string{"userPrincipalName"}, map[string][]string{"101": {drift}, "103": {drift}, "104": {link}}},
		"either": {[]string{"mail", "userPrincipalName"}, map[string][]string{"104": {link}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, st, simulator.Options{})
			cfg := w.entraConfig()
			cfg.UsernameAttributes = tt.attributes
			source, err := entra.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			report, _ := run(t, w.account(t), source)
			got := map[string][]string{}
			for _, u := range report.Users {
				got[u.ID] = u.ErrorCategories
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got): %s", diff)
			}
		})
	}
}
