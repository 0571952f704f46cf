// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/provider"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// What someone else has undone is planned again, and the plan says that something else
// writes it: two writers that each put things right never end.
func TestOtherWriter(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		resource string
		config   document
		undo     func(*simulator.State)
		says     string
	}{
		"the externalId before": {"dbxidentity_external_id", document{
			"principal_type": "user", "principal_id": "103", "external_id": entraID(103), "expected_current_external_id": entraID(999),
		}, func(st *simulator.State) { setExternalID(st, "user", "103", entraID(999)) }, `user/103 holds the externalId "` + entraID(999) + `", and "` + entraID(103) + `" was applied here last`},
		"no externalId": {"dbxidentity_external_id", document{
			"principal_type": "user", "principal_id": "101", "external_id": entraID(101),
		}, func(st *simulator.State) { setExternalID(st, "user", "101", "") }, `user/101 holds the externalId "", and "` + entraID(101) + `" was applied here last`},
		"the name before": {"dbxidentity_group_name", document{
			"group_id": "202", "name": "renamed", "expected_current_name": "local-group",
		}, func(st *simulator.State) { st.Groups[1].DisplayName = "local-group" }, `group/202 is called "local-group", and was renamed to "renamed" here`},
		"a member less": {"dbxidentity_group_member", document{"group_id": "202", "member_id": "103"},
			func(st *simulator.State) { st.Groups[1].Members = nil }, "user/103 is not in group/202 any more"},
		"a member more": {"dbxidentity_group_member_removal", document{"group_id": "201", "member_id": "102"},
			func(st *simulator.State) {
				st.Groups[0].Members = append(st.Groups[0].Members, simulator.Member{Value: "102"})
			}, "user/102 is in group/201 again"},
		"active again": {"dbxidentity_principal_status", document{"principal_type": "user", "principal_id": "103", "active": false},
			func(st *simulator.State) {
				for i := range st.Users {
					st.Users[i].Active = true
				}
			}, "user/103 is active again"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := startAccount(t, smallWorld(), simulator.Options{})
			walk := func() *wire {
				return dial(t.Context(), t, document{
					"host": a.URL, "account_id": a.AccountID, "client_id": a.ClientID, "client_secret": a.ClientSecret,
				}, provider.WithShortLimits())
			}
			w := walk()
			i := instance{resource: tt.resource}
			i = w.apply(i, w.plan(i, tt.config))
			if w.failed() {
				t.Fatal(w.diags)
			}
			w = walk()
			if i = w.refresh(i); !w.isNothing(i, w.plan(i, tt.config)) || len(warnedOf(w)) > 0 {
				t.Fatalf("the plan after the apply: %v", w.diags)
			}
			a.change(tt.undo)
			w = walk()
			i = w.refresh(i)
			if w.isNothing(i, w.plan(i, tt.config)) || w.failed() {
				t.Errorf("it is not planned again: %v", w.diags)
			}
			said := warnedOf(w)
			if len(said) != 1 {
				t.Fatalf("it is warned %d times: %v", len(said), w.diags)
			}
			saysAll(t, said[0], tt.says+". Something else writes this")
		})
	}
}

// warnedOf are the warnings of another writer.
func warnedOf(w *wire) []string {
	var out []string
	for _, thing := range []string{"External ID", "Group Name", "Group Member", "Group Member Removal", "Principal Status"} {
		out = append(out, w.warned(thing+" Undone by Someone Else")...)
	}
	return out
}
