// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// server is a configured provider that is spoken to as Terraform does.
type server struct {
	tb testing.TB
	tfprotov6.ProviderServer
	schema *tfprotov6.GetProviderSchemaResponse
}

func newServer(tb testing.TB, config map[string]string) *server {
	tb.Helper()
	start, err := NewServer("bench")
	if err != nil {
		tb.Fatal(err)
	}
	s := &server{tb: tb, ProviderServer: start}
	if s.schema, err = s.GetProviderSchema(tb.Context(), &tfprotov6.GetProviderSchemaRequest{}); err != nil {
		tb.Fatal(err)
	}
	values := map[string]tftypes.Value{}
	for name, value := range config {
		values[name] = tftypes.NewValue(tftypes.String, value)
	}
	resp, err := s.ConfigureProvider(tb.Context(), &tfprotov6.ConfigureProviderRequest{Config: s.object(s.schema.Provider, values)})
	s.must(err, resp.Diagnostics)
	return s
}

// object is a value of a schema, null where nothing is given.
func (s *server) object(schema *tfprotov6.Schema, values map[string]tftypes.Value) *tfprotov6.DynamicValue {
	s.tb.Helper()
	kind, ok := schema.ValueType().(tftypes.Object)
	if !ok {
		s.tb.Fatal("the schema is not one of an object")
	}
	all := map[string]tftypes.Value{}
	for name, t := range kind.AttributeTypes {
		all[name] = tftypes.NewValue(t, nil)
		if value, given := values[name]; given {
			all[name] = value
		}
	}
	out, err := tfprotov6.NewDynamicValue(kind, tftypes.NewValue(kind, all))
	if err != nil {
		s.tb.Fatal(err)
	}
	return &out
}

func (s *server) must(err error, diags []*tfprotov6.Diagnostic) {
	s.tb.Helper()
	if err != nil {
		s.tb.Fatal(err)
	}
	for _, d := range diags {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			s.tb.Fatalf("%s: %s", d.Summary, d.Detail)
		}
	}
}

// BenchmarkProtocol_externalIDs is what the provider does for each of thousands
// of instances in a plan, without Terraform: state, configuration, drift, plan.
func BenchmarkProtocol_externalIDs(b *testing.B) {
	const kind, instances = "dbxidentity_external_id", 1000
	sim, st := benchAccount(b, instances, 0, 0)
	s := newServer(b, map[string]string{
		"host": sim.URL, "account_id": sim.AccountID, "client_id": sim.ClientID, "client_secret": sim.ClientSecret, "auth_type": "oauth-m2m",
	})
	schema := s.schema.ResourceSchemas[kind]
	text := func(v string) tftypes.Value { return tftypes.NewValue(tftypes.String, v) }
	b.ReportAllocs()
	for b.Loop() {
		for _, u := range st.Users[:instances] {
			if u.ExternalID == "" {
				continue
			}
			config := map[string]tftypes.Value{"principal_type": text("user"), "principal_id": text(u.ID), "external_id": text(u.ExternalID)}
			valid, err := s.ValidateResourceConfig(b.Context(), &tfprotov6.ValidateResourceConfigRequest{TypeName: kind, Config: s.object(schema, config), ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: true}})
			s.must(err, valid.Diagnostics)
			state := fmt.Appendf(nil, `{"id":"user/%[1]s","principal_type":"user","principal_id":%[1]q,"principal_name":%[2]q,"external_id":%[3]q,`+
				`"expected_current_external_id":null,"previous_external_id":null,"on_destroy":"keep","timeouts":null}`, u.ID, u.UserName, u.ExternalID)
			upgraded, err := s.UpgradeResourceState(b.Context(), &tfprotov6.UpgradeResourceStateRequest{
				TypeName: kind, RawState: &tfprotov6.RawState{JSON: state},
			})
			s.must(err, upgraded.Diagnostics)
			read, err := s.ReadResource(b.Context(), &tfprotov6.ReadResourceRequest{TypeName: kind, CurrentState: upgraded.UpgradedState})
			s.must(err, read.Diagnostics)
			planned, err := s.PlanResourceChange(b.Context(), &tfprotov6.PlanResourceChangeRequest{
				TypeName: kind, Config: s.object(schema, config), PriorState: read.NewState, ProposedNewState: read.NewState, PriorPrivate: read.Private,
			})
			s.must(err, planned.Diagnostics)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*instances), "µs/instance")
}

// BenchmarkProtocol_divergences is a data source with 10,000 divergent rows,
// without Terraform: audit, mapping, and the state on the wire.
func BenchmarkProtocol_divergences(b *testing.B) {
	const kind, rows = "dbxidentity_divergences", 10_000
	sim, st := benchAccount(b, rows, 0, 0)
	b.Setenv("DBXIDENTITY_IDP", "file")
	b.Setenv("DBXIDENTITY_FILE_PATH", writeBenchDirectory(b, simulator.State{}))
	s := newServer(b, map[string]string{
		"host": sim.URL, "account_id": sim.AccountID, "client_id": sim.ClientID, "client_secret": sim.ClientSecret, "auth_type": "oauth-m2m",
	})
	if len(st.Users) < rows {
		b.Fatalf("the account has %d users", len(st.Users))
	}
	config := s.object(s.schema.DataSourceSchemas[kind], nil)
	b.ReportAllocs()
	for b.Loop() {
		read, err := s.ReadDataSource(b.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: kind, Config: config})
		s.must(err, read.Diagnostics)
		b.ReportMetric(float64(len(read.State.MsgPack))/(1<<20), "MiB/state")
	}
}
