// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"encoding/json"
	"fmt"
	"slices"
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

// countsIn makes numbers of the counts in a result, which are texts on the test's wire.
func countsIn(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = countsIn(v[i])
		}
		return out
	case document:
		out := document{}
		for key, one := range v {
			text, is := one.(string)
			if is && slices.Contains([]string{"count", "waived", "fixable", "unjudged", "users", "groups", "service_principals"}, key) {
				out[key] = json.Number(text)
				continue
			}
			out[key] = countsIn(one)
		}
		return out
	}
	return v
}

// ordersOf are orders in which each name is in each place, and each pair in either order:
// the rotations of the names, and of their reverse.
func ordersOf(names ...string) [][]string {
	var out [][]string
	for range 2 {
		for i := range names {
			out = append(out, slices.Concat(names[i:], names[:i]))
		}
		names = slices.Clone(names)
		slices.Reverse(names)
	}
	return out
}

// The data sources that read connectors and the audit log share what was read, and say the
// same in whichever order they are read, and alone.
func TestSources_everyOrder(t *testing.T) {
	t.Parallel()
	st := nicknamed(3)
	logged := loggedWorld()
	st.Workspaces, st.UnityCatalog, st.AuditEvents = logged.Workspaces, logged.UnityCatalog, logged.AuditEvents
	// People of this account are in the log: one who gets a wrong id is changed, and acts.
	st.AuditEvents = append(st.AuditEvents, event(7, "updateUser", "scim", "", entraAgent, "targetUserId", "1001"), event(8, "tokenLogin", "", st.Users[0].UserName, "x"),
		event(8, "updateUser", "scim", "", entraAgent, "targetUserId", st.Users[0].ID))
	st.IDP.ServicePrincipals = append(st.IDP.ServicePrincipals, connectorApp(2, "second", func(sp *simulator.IDPServicePrincipal) {
		sp.AppRoleAssignedTo = []simulator.AppRoleAssignment{{PrincipalID: entraID(201)}, {PrincipalID: entraID(1001)}}
	}))
	a := startAccount(t, st, withSettings())
	all := []any{"*"}
	log := document{"workspace_id": "7007", "sql_warehouse_id": loggedWarehouse, "since": "2026-11-01"}
	const d, s, r, e = "dbxidentity_divergences", "dbxidentity_scim_provisioning", "dbxidentity_aim_readiness", "dbxidentity_audit_events"
	sources := map[string]document{
		d: {"principal_types": []any{"user"}, "connector_ids": all, "events": log}, s: {"compare_account": true, "log_since": "2026-11-01"},
		r: {"connector_ids": all, "events": log}, e: log,
	}
	read := func(names ...string) map[string]document {
		w := a.dialEntra()
		out := map[string]document{}
		for _, name := range names {
			out[name] = w.data(name, sources[name])
		}
		if w.failed() {
			t.Fatalf("%v: %v", names, w.diags)
		}
		delete(out[s], "observed") // It has the clock of the identity provider.
		return out
	}
	want := map[string]document{}
	for name := range sources {
		if want[name] = read(name)[name]; len(want[name]) == 0 {
			t.Fatalf("%s says nothing", name)
		}
	}
	if seen := asMap(t, want[d]["observed"]); len(seen) == 0 {
		t.Error("the log says nothing of the rows")
	}
	for _, order := range ordersOf(d, s, r, e) {
		if diff := cmp.Diff(want, read(order...)); diff != "" {
			t.Errorf("%s: %s", strings.Join(order, ", "), diff)
		}
	}

	for sections, texts := range map[string][]string{
		s: {"2 SCIM connectors for Databricks", "mailNickname"}, d: {"Last changed by", entraAgent}, e: {"The audit log shows", "How far the audit log reaches"},
	} {
		raw, err := json.Marshal(map[string]any{map[string]string{s: "provisioning", d: "divergences", e: "events"}[sections]: countsIn(want[sections])})
		if err != nil {
			t.Fatal(err)
		}
		decoded, err := report.Decode(raw)
		if err != nil {
			t.Fatal(err)
		}
		text := report.Markdown(decoded, report.Options{})
		for _, one := range texts {
			if !strings.Contains(text, one) {
				t.Errorf("the report of %s lacks %q: %s", sections, one, text)
			}
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
		"stated": {document{"connector_ids": []any{"*"}, "decisions": all["decisions"], "connector_addresses": document{scim.ID: accountAddress(st.Account.AccountID)}},
			simulator.Fault{Kind: "status", Status: 403, Path: "**/secrets"}, [3]string{met, met, met}, "read the provisioning settings of the connector " + entraID(9001)},
		"empty":      {all, simulator.Fault{Kind: "status", Status: 200, Body: "{}", Path: "**/secrets"}, [3]string{unknown, unknown, unknown}, "read the provisioning settings"},
		"no jobs":    {all, simulator.Fault{Kind: "status", Status: 503, Path: "**/synchronization/jobs"}, [3]string{met, unknown, unknown}, "read the provisioning jobs"},
		"no mapping": {all, simulator.Fault{Kind: "status", Status: 403, Path: "**/schema"}, [3]string{met, met, met}, "read the attribute mapping"},
		"no app":     {all, simulator.Fault{Kind: "status", Status: 200, Body: `{"value":[]}`, Path: "**/v1.0/servicePrincipals"}, [3]string{met, "not_applicable", notMet}, ""},
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
	for name, tt := range map[string]struct {
		of      string
		config  document
		failed  bool
		summary string
	}{
		"no URL":        {"dbxidentity_scim_provisioning", document{"connector_addresses": document{scim.ID: "dose-of-a-token"}}, true, "Invalid Address"},
		"with a secret": {"dbxidentity_aim_readiness", document{"connector_ids": []any{"*"}, "connector_addresses": document{scim.ID: "https://dose-of-a-token@x.example.com/"}}, true, "Invalid Address"},
		"no connectors": {"dbxidentity_aim_readiness", document{"connector_addresses": document{scim.ID: "https://x.example.com"}}, true, "Addresses Without Connectors"},
		"nobody's":      {"dbxidentity_aim_readiness", document{"connector_ids": []any{"*"}, "connector_addresses": document{"x": "https://x.example.com"}}, false, "Address of No Connector"},
		"nobody's here": {"dbxidentity_scim_provisioning", document{"connector_addresses": document{"x": "https://x.example.com"}}, false, "Address of No Connector"},
	} {
		w := a.dialEntra()
		w.data(tt.of, tt.config)
		said := ""
		for _, d := range w.diags {
			said += d.Summary + ": " + d.Detail + "\n"
		}
		if w.failed() != tt.failed || !strings.Contains(said, tt.summary) || strings.Contains(said, "dose-of") {
			t.Errorf("%s: %s", name, said)
		}
	}
}
