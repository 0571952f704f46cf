// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/provider"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// blamed reports what the provider is blamed for.
func blamed(t *testing.T, what string, diagnostics []*tfprotov6.Diagnostic) {
	t.Helper()
	for _, d := range diagnostics {
		if text := d.Summary + "\n" + d.Detail; saysProviderFault(text) {
			t.Errorf("%s: %s", what, text)
		}
	}
}

// hostileOf are values of a type that people write by mistake, of every depth.
func hostileOf(as tftypes.Type) []tftypes.Value {
	out := []tftypes.Value{tftypes.NewValue(as, nil), tftypes.NewValue(as, tftypes.UnknownValue)}
	switch as := as.(type) {
	case tftypes.Object:
		for _, name := range slices.Sorted(maps.Keys(as.AttributeTypes)) {
			for _, value := range hostileOf(as.AttributeTypes[name]) {
				out = append(out, withAttribute(object(as, nil), name, value))
			}
		}
		return out
	case tftypes.Map:
		out = append(out, tftypes.NewValue(as, map[string]tftypes.Value{}))
		for _, value := range hostileOf(as.ElementType) {
			out = append(out, tftypes.NewValue(as, map[string]tftypes.Value{"": value, "k": value}))
		}
		return out
	case tftypes.List:
		for _, value := range hostileOf(as.ElementType) {
			out = append(out, tftypes.NewValue(as, []tftypes.Value{value}))
		}
		return out
	case tftypes.Set:
		for _, value := range hostileOf(as.ElementType) {
			out = append(out, tftypes.NewValue(as, []tftypes.Value{value}))
		}
		return out
	}
	switch {
	case as.Is(tftypes.Number):
		for _, n := range []string{"1e30", "-1e30", "0.5", "-1", "0"} {
			f, _, _ := big.ParseFloat(n, 10, 512, big.ToNearestEven)
			out = append(out, tftypes.NewValue(as, f))
		}
	case as.Is(tftypes.String):
		for _, text := range []string{"", " ", "\x00", "é", "{", "https://user:pw@host/?q#f"} {
			out = append(out, tftypes.NewValue(as, text))
		}
	}
	return out
}

func withAttribute(of tftypes.Value, name string, value tftypes.Value) tftypes.Value {
	attributes := map[string]tftypes.Value{}
	_ = of.As(&attributes)
	attributes = maps.Clone(attributes)
	attributes[name] = value
	return tftypes.NewValue(of.Type(), attributes)
}

// Every setting of the provider block with every kind of value.
func TestProtocol_hostileProviderBlock(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	block := providerSchema().Provider
	base := object(block.ValueType(), map[string]string{
		"host": a.URL, "account_id": strings.ToUpper(a.AccountID), "client_id": a.ClientID, "client_secret": a.ClientSecret, "auth_type": "oauth-m2m", "config_file": "/dev/null",
	})
	typed, _ := block.ValueType().(tftypes.Object)
	tried := 0
	for _, name := range slices.Sorted(maps.Keys(typed.AttributeTypes)) {
		for _, value := range hostileOf(typed.AttributeTypes[name]) {
			what := fmt.Sprintf("%s = %s", name, value)
			server := providerserver.NewProtocol6(provider.New("test", provider.WithShortLimits())())()
			config, err := tfprotov6.NewDynamicValue(block.ValueType(), withAttribute(base, name, value))
			if err != nil {
				t.Fatal(err)
			}
			validated, err := server.ValidateProviderConfig(t.Context(), &tfprotov6.ValidateProviderConfigRequest{Config: &config})
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			blamed(t, what, validated.Diagnostics)
			configured, err := server.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{Config: &config})
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			blamed(t, what, configured.Diagnostics)
			tried++
		}
	}
	t.Logf("%d values", tried)
}

// No id of an import, and no state without an id, is a fault of the provider.
func TestProtocol_hostileIDs(t *testing.T) {
	t.Parallel()
	p := startProtocol(t, startAccount(t, smallWorld(), simulator.Options{AIM: true}))
	for _, resource := range slices.Sorted(maps.Keys(p.types)) {
		for _, id := range []string{"", " ", "/", "user/", "/1", "user/external/", "group//member/", "group/1/member/", "removal//member/1", "é", strings.Repeat("1", 40)} {
			got, err := p.server.ImportResourceState(t.Context(), &tfprotov6.ImportResourceStateRequest{TypeName: resource, ID: id})
			if err != nil {
				t.Fatal(err)
			}
			what := fmt.Sprintf("import of %s %q", resource, id)
			blamed(t, what, got.Diagnostics)
			if len(got.Diagnostics) == 0 && resource != ledgerResource {
				t.Errorf("%s was taken", what)
			}
		}
		for name, identity := range p.identities {
			if name != resource {
				continue
			}
			for _, value := range hostileOf(identity) {
				got, err := p.server.ImportResourceState(t.Context(), &tfprotov6.ImportResourceStateRequest{
					TypeName: resource, Identity: &tfprotov6.ResourceIdentityData{IdentityData: p.encode(identity, value)},
				})
				if err != nil {
					t.Fatal(err)
				}
				if value.IsFullyKnown() && !value.IsNull() {
					blamed(t, fmt.Sprintf("import of %s by %s", resource, value), got.Diagnostics)
				}
			}
		}
	}
}

// A state whose id was lost (edited by hand, or written by an interrupted tool) is read,
// planned and destroyed.
func TestProtocol_stateWithoutID(t *testing.T) {
	t.Parallel()
	p := startProtocol(t, startAccount(t, smallWorld(), simulator.Options{}))
	for resource, attributes := range map[string]map[string]string{
		idResource:       {"principal_type": "user", "principal_id": "102", "external_id": entraID(102), "on_destroy": "restore"},
		memberResource:   {"group_id": "201", "member_id": "102", "on_destroy": "keep"},
		removalResource:  {"group_id": "202", "member_id": "102", "on_destroy": "restore"},
		resolvedResource: {"principal_type": "user", "principal_id": "102", "external_id": entraID(102)},
		ledgerResource:   {},
	} {
		for what, state := range map[string]tftypes.Value{"without id": object(p.types[resource], attributes), "of nulls": object(p.types[resource], nil)} {
			what = resource + " " + what
			raw := p.encode(p.types[resource], state)
			read, err := p.server.ReadResource(t.Context(), &tfprotov6.ReadResourceRequest{TypeName: resource, CurrentState: raw})
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			blamed(t, "read of "+what, read.Diagnostics)
			gone := p.encode(p.types[resource], tftypes.NewValue(p.types[resource], nil))
			for step, next := range map[string]*tfprotov6.DynamicValue{"plan": raw, "plan of the destroy": gone} {
				planned, err := p.server.PlanResourceChange(t.Context(), &tfprotov6.PlanResourceChangeRequest{
					TypeName: resource, PriorState: raw, ProposedNewState: next, Config: next,
				})
				if err != nil {
					t.Fatalf("%s: %v", what, err)
				}
				blamed(t, step+" of "+what, planned.Diagnostics)
			}
			applied, err := p.server.ApplyResourceChange(t.Context(), &tfprotov6.ApplyResourceChangeRequest{
				TypeName: resource, PriorState: raw, PlannedState: gone, Config: gone,
			})
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			blamed(t, "destroy of "+what, applied.Diagnostics)
		}
	}
}
