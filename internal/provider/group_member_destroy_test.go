// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"maps"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/provider"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// The plan of a destroy tells a membership that is kept by default from one that ends,
// and says nothing where the configuration has decided.
func TestGroupMember_keptByDefault(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		member   string // 103 is there already
		settings document
		warns    int
	}{
		"found":            {member: "103", warns: 1},
		"added":            {member: "101"},
		"found, to keep":   {member: "103", settings: document{"on_destroy": "keep"}},
		"found, to remove": {member: "103", settings: document{"on_destroy": "remove"}},
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
			w.plan(i, nil)
			if got := w.warned("Membership Will Be Kept"); w.failed() || len(got) != tt.warns {
				t.Errorf("%v, %v", got, w.diags)
			}
		})
	}
}
