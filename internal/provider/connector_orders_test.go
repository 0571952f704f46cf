// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/provider"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/render/report"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// dialEntra starts a provider for the account and its Entra ID.
func (a account) dialEntra(options ...provider.Option) *wire {
	return dial(a.t.Context(), a.t, document{
		"host": a.URL, "account_id": a.AccountID, "client_id": a.ClientID, "client_secret": a.ClientSecret, "automatic_identity_management": "on",
		"idp": document{"entra": document{
			"tenant_id": a.IDP.EntraTenantID, "client_id": a.IDP.EntraClientID, "client_secret": a.IDP.EntraClientSecret,
			"authority_host": a.IDP.EntraAuthorityHost, "graph_endpoint": a.IDP.GraphEndpoint,
		}},
	}, append(a.trusting(), options...)...)
}

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
		w := a.dialEntra()
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

// What could not be read of connectors leaves the checks unknown that depend on it, and
// is in failures; connectors that were not asked for are no failure.
func TestConnectors_readinessFaults(t *testing.T) {
	t.Parallel()
	const notMet, met, unknown = "not_met", "met", "unknown"
	all := document{"connector_ids": []any{"*"}, "decisions": []any{"disable_scim", "disable_aim"}}
	st := orderly()
	scim := connectorApp(1, "SCIM", nil)
	scim.Synchronization.Secrets[0].Value = accountAddress(st.Account.AccountID)
	st.IDP.ServicePrincipals = append(st.IDP.ServicePrincipals, scim)
	for name, tt := range map[string]struct {
		config document
		fault  simulator.Fault
		want   [3]string // workspace_scim, account_scim_healthy, scim_ready
		fails  string
	}{
		"healthy":     {all, simulator.Fault{}, [3]string{met, met, met}, ""},
		"not asked":   {document{"decisions": []any{"disable_scim", "disable_aim"}}, simulator.Fault{}, [3]string{unknown, unknown, unknown}, ""},
		"not found":   {all, simulator.Fault{Kind: "status", Status: 403, Path: "**/applicationTemplates**"}, [3]string{unknown, unknown, unknown}, "read the SCIM connectors"},
		"no settings": {all, simulator.Fault{Kind: "status", Status: 403, Path: "**/secrets"}, [3]string{unknown, unknown, unknown}, "read the provisioning settings of the connector " + entraID(9001)},
		"empty":       {all, simulator.Fault{Kind: "status", Status: 200, Body: "{}", Path: "**/secrets"}, [3]string{unknown, unknown, unknown}, "read the provisioning settings"},
		"no jobs":     {all, simulator.Fault{Kind: "status", Status: 503, Path: "**/synchronization/jobs"}, [3]string{met, unknown, unknown}, "read the provisioning jobs"},
		"no mapping":  {all, simulator.Fault{Kind: "status", Status: 403, Path: "**/schema"}, [3]string{met, met, met}, "read the attribute mapping"},
		"no app":      {all, simulator.Fault{Kind: "status", Status: 200, Body: `{"value":[]}`, Path: "**/v1.0/servicePrincipals"}, [3]string{met, "not_applicable", notMet}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := startAccount(t, st, withSettings())
			if tt.fault.Kind != "" {
				a.faults(tt.fault)
			}
			w := a.dialEntra(hasty()...)
			got := w.data("dbxidentity_aim_readiness", tt.config)
			if w.failed() {
				t.Fatal(w.diags)
			}
			status := map[string]any{}
			list, _ := got["checks"].([]any)
			for _, c := range list {
				status[fmt.Sprint(asMap(t, c)["id"])] = asMap(t, c)["status"]
			}
			if have := [3]string{fmt.Sprint(status["workspace_scim"]), fmt.Sprint(status["account_scim_healthy"]), fmt.Sprint(status["scim_ready"])}; have != tt.want {
				t.Errorf("%v, want %v: %v", have, tt.want, got["failures"])
			}
			if text := fmt.Sprint(got["failures"]); !strings.Contains(text, tt.fails) || (tt.fails == "") != (got["complete"] == true) {
				t.Errorf("complete is %v, failures: %s", got["complete"], text)
			}
		})
	}
	a := startAccount(t, st, withSettings())
	w := a.dialEntra()
	if w.data("dbxidentity_aim_readiness", document{"connector_ids": []any{entraID(4711)}}); !w.failed() || w.diags[0].Summary != "Connector Not Found" {
		t.Errorf("a connector that is not there: %v", w.diags)
	}
}
