// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/render/report"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// The data sources that read connectors share what was read, and say the same in
// whichever order they are read, and alone.
func TestConnectors_everyOrder(t *testing.T) {
	t.Parallel()
	st := nicknamed(3)
	st.IDP.ServicePrincipals = append(st.IDP.ServicePrincipals, connectorApp(2, "second", func(sp *simulator.IDPServicePrincipal) {
		sp.AppRoleAssignedTo = []simulator.AppRoleAssignment{{PrincipalID: entraID(201)}, {PrincipalID: entraID(1001)}}
	}))
	a := startAccount(t, st, withSettings())
	all := []any{"*"}
	sources := map[string]document{
		"dbxidentity_divergences":       {"principal_types": []any{"user"}, "connector_ids": all},
		"dbxidentity_scim_provisioning": {"compare_account": true},
		"dbxidentity_aim_readiness":     {"connector_ids": all},
	}
	read := func(names ...string) map[string]document {
		w := dial(t.Context(), t, document{
			"host": a.URL, "account_id": a.AccountID, "client_id": a.ClientID, "client_secret": a.ClientSecret,
			"idp": document{"entra": document{
				"tenant_id": a.IDP.EntraTenantID, "client_id": a.IDP.EntraClientID, "client_secret": a.IDP.EntraClientSecret,
				"authority_host": a.IDP.EntraAuthorityHost, "graph_endpoint": a.IDP.GraphEndpoint,
			}},
		}, a.trusting()...)
		out := map[string]document{}
		for _, name := range names {
			out[name] = w.data(name, sources[name])
			delete(out[name], "observed")
		}
		if w.failed() {
			t.Fatalf("%v: %v", names, w.diags)
		}
		return out
	}
	const d, s, r = "dbxidentity_divergences", "dbxidentity_scim_provisioning", "dbxidentity_aim_readiness"
	want := map[string]document{d: read(d)[d], s: read(s)[s], r: read(r)[r]}
	for name, one := range want {
		if len(one) == 0 {
			t.Fatalf("%s says nothing", name)
		}
	}
	raw, err := json.Marshal(map[string]any{"provisioning": want[s]}) // Numbers are texts here, and this section has none.
	if err != nil {
		t.Fatal(err)
	}
	sections, err := report.Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	if text := report.Markdown(sections, report.Options{}); !strings.Contains(text, "2 SCIM connectors for Databricks") || !strings.Contains(text, "mailNickname") {
		t.Errorf("the report: %s", text)
	}
	for _, order := range [][]string{{d, s, r}, {d, r, s}, {s, d, r}, {s, r, d}, {r, d, s}, {r, s, d}} {
		if diff := cmp.Diff(want, read(order...)); diff != "" {
			t.Errorf("%s: %s", strings.Join(order, ", "), diff)
		}
	}
}
