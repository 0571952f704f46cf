// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/provider"
)

// served is a configured provider that is asked over its protocol, in this
// process: what the CLI adds is of no account where only an answer is looked at.
type served struct {
	t      *testing.T
	server tfprotov6.ProviderServer
	types  map[string]tftypes.Type // of data sources
}

// serve configures a provider for the account, with more settings.
func (a account) serve(settings map[string]any) served {
	a.t.Helper()
	server, err := provider.NewServer("test", provider.WithShortLimits())
	if err != nil {
		a.t.Fatal(err)
	}
	return a.configured(server, settings)
}

func (a account) configured(server tfprotov6.ProviderServer, settings map[string]any) served {
	a.t.Helper()
	schema, err := server.GetProviderSchema(a.t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		a.t.Fatal(err)
	}
	config := map[string]any{
		"host": a.URL, "account_id": a.AccountID, "client_id": a.ClientID, "client_secret": a.ClientSecret,
		"auth_type": "oauth-m2m", "config_file": "/dev/null",
	}
	for name, value := range settings {
		config[name] = value
	}
	s := served{t: a.t, server: server, types: map[string]tftypes.Type{}}
	for name, d := range schema.DataSourceSchemas {
		s.types[name] = d.ValueType()
	}
	resp, err := server.ConfigureProvider(a.t.Context(), &tfprotov6.ConfigureProviderRequest{Config: s.dynamic(schema.Provider.ValueType(), config)})
	if err != nil {
		a.t.Fatal(err)
	}
	if len(resp.Diagnostics) > 0 {
		a.t.Fatal(saidBy(resp.Diagnostics))
	}
	return s
}

// dynamic is a value of the protocol; attributes that are left out are null.
func (s served) dynamic(t tftypes.Type, value any) *tfprotov6.DynamicValue {
	s.t.Helper()
	raw, err := json.Marshal(value)
	if err != nil {
		s.t.Fatal(err)
	}
	typed, err := tftypes.ValueFromJSON(raw, t) //nolint:staticcheck // There is no other way from JSON.
	if err != nil {
		s.t.Fatal(err)
	}
	out, err := tfprotov6.NewDynamicValue(t, typed)
	if err != nil {
		s.t.Fatal(err)
	}
	return &out
}

// read reads a data source; the text are its diagnostics, an attribute path in
// front of each that has one.
func (s served) read(name string, config map[string]any) (result map[string]any, said string) {
	s.t.Helper()
	kind := s.types[name]
	if kind == nil {
		s.t.Fatalf("no data source %s", name)
	}
	value := s.dynamic(kind, config)
	checked, err := s.server.ValidateDataResourceConfig(s.t.Context(), &tfprotov6.ValidateDataResourceConfigRequest{TypeName: name, Config: value})
	if err != nil {
		s.t.Fatal(err)
	}
	if len(checked.Diagnostics) > 0 {
		return nil, saidBy(checked.Diagnostics)
	}
	resp, err := s.server.ReadDataSource(s.t.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: name, Config: value})
	if err != nil {
		s.t.Fatal(err)
	}
	state, err := resp.State.Unmarshal(kind)
	if err != nil {
		s.t.Fatal(err)
	}
	if object, ok := plain(s.t, state).(map[string]any); ok {
		result = object
	}
	return result, saidBy(resp.Diagnostics)
}

func saidBy(diagnostics []*tfprotov6.Diagnostic) string {
	var out []string
	for _, d := range diagnostics {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s: %s: %s", d.Severity, d.Attribute, d.Summary, d.Detail)))
	}
	return strings.Join(out, "\n")
}

// plain is a value of the protocol as encoding/json would have it; nil for null.
func plain(t *testing.T, v tftypes.Value) any {
	t.Helper()
	as := func(into any) {
		t.Helper()
		if err := v.As(into); err != nil {
			t.Fatal(err)
		}
	}
	switch kind := v.Type(); {
	case v.IsNull():
		return nil
	case !v.IsKnown():
		t.Fatalf("%s is unknown", kind)
		return nil
	case kind.Is(tftypes.String):
		var out string
		as(&out)
		return out
	case kind.Is(tftypes.Bool):
		var out bool
		as(&out)
		return out
	case kind.Is(tftypes.Number):
		var out big.Float
		as(&out)
		number, _ := out.Float64()
		return number
	case kind.Is(tftypes.Object{}), kind.Is(tftypes.Map{}):
		var attributes map[string]tftypes.Value
		as(&attributes)
		out := map[string]any{}
		for name, a := range attributes {
			out[name] = plain(t, a)
		}
		return out
	default:
		var elements []tftypes.Value
		as(&elements)
		out := []any{}
		for _, e := range elements {
			out = append(out, plain(t, e))
		}
		return out
	}
}
