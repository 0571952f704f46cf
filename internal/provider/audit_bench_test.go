// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/databricks/databricks-sdk-go/config"
	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/assess"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/entra"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/file"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/matchwithidp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/okta"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/presets"
)

// The account of the benchmark: everyone is linked and clean, groups have 5 to
// 45 members.
const (
	benchUsers  = 10_000
	benchGroups = 5_000
	benchSPs    = 500
)

// auditScenario is one kind of IdP and one route to the account.
type auditScenario struct {
	kind, api string
	// least is the least possible number of requests without the tokens, and how
	// it comes about.
	least int
	how   string
}

// auditScenarios derive the least possible numbers from page sizes alone: IAM v2
// 1,000 a page, account SCIM 100, Graph 999 and 20 requests a batch, Okta 200
// users and 10,000 groups; the audit's service principal and the preset's own
// principals fit into the last pages.
func auditScenarios(users, groups, sps int) []auditScenario {
	pages := func(n, size int) int { return max(1, (n+size-1)/size) }
	iam := pages(users, 1000) + pages(groups, 1000) + pages(sps, 1000)
	scim := pages(users, 100) + pages(groups, 100) + pages(sps, 100)
	graph := pages(users, 999) + pages(groups, 999) + pages(sps, 999)
	batches := pages(groups, 20)
	return []auditScenario{
		{
			entra.Kind, "iam_v2", iam + groups + graph + batches,
			fmt.Sprintf("%d pages + %d member reads + %d Graph pages + %d batches of 20", iam, groups, graph, batches),
		},
		{
			entra.Kind, "scim", scim + groups + graph + batches,
			fmt.Sprintf("%d pages + %d group reads + %d Graph pages + %d batches of 20", scim, groups, graph, batches),
		},
		{file.Kind, "iam_v2", iam + groups, fmt.Sprintf("%d pages + %d member reads", iam, groups)},
		{
			okta.Kind, "iam_v2", iam + groups + pages(users, 200) + 1 + 1 + groups,
			fmt.Sprintf("%d pages + %d member reads + %d Okta pages + 1 of deprovisioned users + 1 of groups + %d member lists", iam, groups, pages(users, 200), groups),
		},
		{
			matchwithidp.Kind, "iam_v2", iam + users + groups + sps,
			fmt.Sprintf("%d pages + %d matchWithIdp", iam, users+groups+sps),
		},
	}
}

// benchResult is one line of JSON of `make bench`.
type benchResult struct {
	Scenario string  `json:"scenario"`
	Requests int     `json:"requests"`
	Least    int     `json:"least"`
	How      string  `json:"how"`
	Seconds  float64 `json:"seconds"`
}

// BenchmarkAudit runs whole audits, as dbxidentity_divergences does, on one
// account for each kind of IdP, and prints requests beside the least possible.
func BenchmarkAudit(b *testing.B) {
	sim, st := benchAccount(b, benchUsers, benchGroups, benchSPs)
	directory := writeBenchDirectory(b, st)
	for _, sc := range auditScenarios(benchUsers, benchGroups, benchSPs) {
		name := sc.kind + "_on_" + sc.api
		b.Run(name, func(b *testing.B) {
			var result benchResult
			for b.Loop() {
				result = runAudit(b, sim, sc, directory)
			}
			b.ReportMetric(float64(result.Requests), "requests")
			b.ReportMetric(float64(result.Least), "least")
			line, err := json.Marshal(result)
			if err != nil {
				b.Fatal(err)
			}
			fmt.Printf("\n%-22s %6d requests, least possible %6d = %s; %.1f s\n%s\n", name, result.Requests, result.Least, result.How, result.Seconds, line)
		})
	}
}

// TestAudit_requests holds the same figures on a smaller account: at most 25
// requests more than the least possible, tokens included.
func TestAudit_requests(t *testing.T) {
	t.Parallel()
	const users, groups, sps = 1_200, 300, 60
	sim, st := benchAccount(t, users, groups, sps)
	directory := writeBenchDirectory(t, st)
	for _, sc := range auditScenarios(users, groups, sps) {
		result := runAudit(t, sim, sc, directory)
		if result.Requests < result.Least || result.Requests > result.Least+25 {
			t.Errorf("%s on %s: %d requests, want %d to %d (%s)", sc.kind, sc.api, result.Requests, result.Least, result.Least+25, sc.how)
		}
	}
}

func benchAccount(tb testing.TB, users, groups, sps int) (*simulator.Running, simulator.State) {
	tb.Helper()
	st, err := presets.New("empty")
	if err != nil {
		tb.Fatal(err)
	}
	st, err = presets.Generate(st, presets.GenerateOptions{Users: users, Groups: groups, ServicePrincipals: sps, Seed: 1, Clean: true})
	if err != nil {
		tb.Fatal(err)
	}
	sim, err := simulator.Start(st, simulator.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = sim.Close() })
	return sim, st
}

// runAudit is one whole audit by a session of its own; the account is clean, and
// anything else means that the figures are not those of an audit.
func runAudit(tb testing.TB, sim *simulator.Running, sc auditScenario, directory string) benchResult {
	tb.Helper()
	s := newSettings("bench")
	s.databricks = &config.Config{
		Host: sim.URL, AccountID: sim.AccountID, ClientID: sim.ClientID, ClientSecret: sim.ClientSecret, AuthType: "oauth-m2m",
		Loaders: []config.Loader{noLoader{}},
	}
	s.identityAPI, s.aim = sc.api, audit.AIMOff
	s.idp = idpSettings{kind: sc.kind, values: map[string]string{
		"tenant_id": sim.IDP.EntraTenantID, "client_id": sim.IDP.EntraClientID, "client_secret": sim.IDP.EntraClientSecret,
		"authority_host": sim.IDP.EntraAuthorityHost, "graph_endpoint": sim.IDP.GraphEndpoint, "path": directory,
	}}
	if sc.kind == okta.Kind {
		s.idp.values = map[string]string{"org_url": sim.IDP.OktaOrgURL, "api_token": sim.IDP.OktaAPIToken}
	}
	base := benchTransport(tb, sim)
	defer base.CloseIdleConnections()
	s.idpTransport = base
	var diags diag.Diagnostics
	session := newSession(tb.Context(), s, &diags)
	if diags.HasError() {
		tb.Fatal(diags)
	}
	sim.Server.ResetRequests()
	begin := time.Now()
	run := assess.Run{Types: audit.PrincipalTypes(), Membership: idp.MembershipTransitive, Options: session.auditOptions()}
	report, err := run.Do(tb.Context(), session.account, session.idp)
	took := time.Since(begin)
	if err != nil {
		tb.Fatal(err)
	}
	// Okta lets no one know mail addresses of guests as Entra does, and has no
	// service principals: there the account is not clean, and need not be.
	divergent := len(report.Users) + len(report.Groups) + len(report.ServicePrincipals)
	if sc.kind != okta.Kind && (divergent > 0 || !report.Complete) {
		tb.Fatalf("%s: %d divergent, complete %t: %v", sc.kind, divergent, report.Complete, report.Failures[:min(3, len(report.Failures))])
	}
	return benchResult{
		Scenario: sc.kind + "_on_" + sc.api, Requests: sim.Server.Requests().Total, Least: sc.least, How: sc.how, Seconds: took.Seconds(),
	}
}

func benchTransport(tb testing.TB, sim *simulator.Running) *http.Transport {
	tb.Helper()
	pem, err := os.ReadFile(sim.IDP.CAFile)
	if err != nil {
		tb.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	return &http.Transport{MaxIdleConnsPerHost: 32, TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
}

// noLoader keeps the environment of the machine out of a test.
type noLoader struct{}

func (noLoader) Name() string                   { return "none" }
func (noLoader) Configure(*config.Config) error { return nil }

// writeBenchDirectory exports the IdP half as a directory file.
func writeBenchDirectory(tb testing.TB, st simulator.State) string {
	tb.Helper()
	var b strings.Builder
	enc := json.NewEncoder(&b)
	b.WriteString(`{"version":1,"users":[`)
	item := func(i int, v map[string]any) {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := enc.Encode(v); err != nil {
			tb.Fatal(err)
		}
	}
	for i, u := range st.IDP.Users {
		item(i, map[string]any{"id": u.ID, "user_name": u.UserPrincipalName, "mail": u.Mail, "enabled": u.AccountEnabled, "guest": u.UserType == "Guest"})
	}
	b.WriteString(`],"groups":[`)
	for i, g := range st.IDP.Groups {
		item(i, map[string]any{"id": g.ID, "display_name": g.DisplayName, "members": append([]string{}, g.Members...)})
	}
	b.WriteString(`],"service_principals":[`)
	for i, sp := range st.IDP.ServicePrincipals {
		item(i, map[string]any{"id": sp.ID, "application_id": sp.AppID, "enabled": sp.AccountEnabled})
	}
	b.WriteString(`]}`)
	name := filepath.Join(tb.TempDir(), "directory.json")
	if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
		tb.Fatal(err)
	}
	return name
}
