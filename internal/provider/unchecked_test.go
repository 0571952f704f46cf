// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"net/http"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/provider"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// What a guard protects is looked at once more after the write. What could not be read then
// is a warning at the instance, which is there all the same.
func TestNotCheckedAfterTheWrite(t *testing.T) {
	t.Parallel()
	lists := []simulator.Fault{
		{Kind: simulator.FaultStatus, Status: 403, Method: http.MethodGet, Path: "/api/2.0/identity/**/users"},
		{Kind: simulator.FaultStatus, Status: 403, Method: http.MethodGet, Path: "/api/2.1/**/Users"},
	}
	roles := []simulator.Fault{{Kind: simulator.FaultStatus, Status: 403, Method: http.MethodGet, Path: "/api/2.1/**/Groups", Skip: 2}} // For the guards, and for the last admin before the write.
	for name, tt := range map[string]struct {
		config  document
		faults  []simulator.Fault // between plan and apply
		summary string
		says    []string
	}{
		"dbxidentity_external_id": {
			document{"principal_type": "user", "principal_id": "101", "external_id": entraID(101)}, lists,
			"External ID Not Checked After the Write", []string{"when user/101 was written", "403"},
		},
		"dbxidentity_resolved_principal": {
			document{"principal_type": "user", "external_id": newcomer}, lists,
			"Resolved Principal Not Checked After the Write", []string{"the user with the external id " + newcomer, "403"},
		},
		"dbxidentity_principal_status": {
			document{"principal_type": "user", "principal_id": "101", "active": false, "allow_privileged": true}, roles,
			"Principal Status Not Checked After the Write", []string{"user/101", "whether an account admin is left", "403"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := unprovisioned()
			st.Users[0].Roles, st.Users[1].Roles = []simulator.Role{{Value: "account_admin"}}, []simulator.Role{{Value: "account_admin"}}
			a := startAccount(t, st, simulator.Options{AIM: true})
			w := dial(t.Context(), t, document{
				"host": a.URL, "account_id": a.AccountID, "client_id": a.ClientID, "client_secret": a.ClientSecret,
			}, provider.WithShortLimits())
			i := instance{resource: name}
			p := w.plan(i, tt.config)
			a.faults(tt.faults...)
			if i = w.apply(i, p); w.failed() {
				t.Fatal(w.diags)
			}
			said := w.warned(tt.summary)
			if len(said) != 1 {
				t.Fatalf("it is warned %d times: %v", len(said), w.diags)
			}
			saysAll(t, said[0], tt.says...)
			if w.isNothing(i, w.plan(i, tt.config)); w.failed() {
				t.Error(w.diags)
			}
		})
	}
}
