// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/provider"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// The plan of a destroy says of each membership whether it stays or ends, and nothing
// of a member who is gone.
func TestGroupMember_destroyPlan(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		member   string // 103 is there already
		settings document
		deleted  bool
		want     string
	}{
		"found":            {member: "103", want: "Stays in the Account"},
		"added":            {member: "101", want: "Access Will Be Removed"},
		"found, to keep":   {member: "103", settings: document{"on_destroy": "keep"}, want: "Stays in the Account"},
		"found, to remove": {member: "103", settings: document{"on_destroy": "remove"}, want: "Access Will Be Removed"},
		"found, and gone":  {member: "103", deleted: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := smallWorld()
			st.Groups[1].Members = []simulator.Member{{Value: "103"}}
			a := startAccount(t, st, simulator.Options{})
			w := dial(t.Context(), t, document{
				"host": a.URL, "account_id": a.AccountID, "client_id": a.ClientID, "client_secret": a.ClientSecret,
				"auth_type": "oauth-m2m", "config_file": "/dev/null",
			}, provider.WithShortLimits())
			i, config := instance{resource: memberResource}, document{"group_id": "202", "member_id": tt.member}
			maps.Copy(config, tt.settings)
			i = w.apply(i, w.plan(i, config))
			w.plan(i, config) // Nothing to do, nothing to say.
			if tt.deleted {
				a.change(func(st *simulator.State) {
					st.Users = slices.DeleteFunc(st.Users, func(u simulator.User) bool { return u.ID == tt.member })
					st.Groups[1].Members = nil
				})
			}
			w.plan(i, nil)
			for _, summary := range []string{"Stays in the Account", "Access Will Be Removed"} {
				if got := w.warned(summary); w.failed() || len(got) > 0 != (summary == tt.want) {
					t.Errorf("%s: %v, %v", summary, got, w.diags)
				}
			}
		})
	}
}
