// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/boolplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// countingServer counts what is left to the framework.
type countingServer struct {
	frameworkServer
	left *int
}

func (c countingServer) ValidateResourceConfig(ctx context.Context, r *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	*c.left++
	return c.frameworkServer.ValidateResourceConfig(ctx, r)
}

func (c countingServer) PlanResourceChange(ctx context.Context, r *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	*c.left++
	return c.frameworkServer.PlanResourceChange(ctx, r)
}

// What is answered about new instances is what the framework would answer: for every
// resource, with each attribute null, unknown, valid and invalid.
func TestNewInstances_asTheFramework(t *testing.T) {
	t.Parallel()
	sim, st := benchAccount(t, 20, 5, 2)
	config := map[string]string{
		"host": sim.URL, "account_id": sim.AccountID, "client_id": sim.ClientID, "client_secret": sim.ClientSecret, "auth_type": "oauth-m2m", "config_file": "/dev/null",
	}
	left := 0
	own, framework := newServer(t, config), newServer(t, config)
	direct, _ := own.ProviderServer.(requestScopedServer)
	direct.frameworkServer = countingServer{direct.frameworkServer, &left}
	own.ProviderServer = direct
	alone, _ := framework.ProviderServer.(requestScopedServer)
	framework.ProviderServer = alone.frameworkServer

	text := func(v string) tftypes.Value { return tftypes.NewValue(tftypes.String, v) }
	base := map[string]tftypes.Value{
		"principal_type": text("user"), "principal_id": text(st.Users[0].ID), "external_id": text("00000000-0000-4000-8000-000000000001"),
		"external_principal_id": text("00000000-0000-4000-8000-000000000002"), "group_id": text(st.Groups[0].ID), "member_id": text(st.Users[1].ID),
		"name": text("Another name"), "active": tftypes.NewValue(tftypes.Bool, false),
	}
	validated, planned, answered := 0, 0, 0
	for kind, described := range own.schema.ResourceSchemas {
		for i, values := range varied(described, base) {
			asked := own.object(described, values)
			valid := &tfprotov6.ValidateResourceConfigRequest{
				TypeName: kind, Config: asked, ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: i%2 == 0},
			}
			want, err := framework.ValidateResourceConfig(t.Context(), valid)
			framework.must(err, nil)
			before := left
			got, err := own.ValidateResourceConfig(t.Context(), valid)
			own.must(err, nil)
			if diff := cmp.Diff(spoken(want.Diagnostics), spoken(got.Diagnostics)); diff != "" {
				t.Errorf("validation of %s with %v: %s", kind, values, diff)
			}
			if len(got.Diagnostics) == 0 && left == before {
				validated++
			}

			proposed := maps.Clone(values)
			for _, a := range described.Block.Attributes {
				if a.WriteOnly && i%2 == 0 { // As Terraform does; the framework does so by itself.
					delete(proposed, a.Name)
				}
			}
			plan := &tfprotov6.PlanResourceChangeRequest{TypeName: kind, Config: asked, ProposedNewState: own.object(described, proposed), PriorState: null(t, described)}
			wanted, err := framework.PlanResourceChange(t.Context(), plan)
			framework.must(err, nil)
			before = left
			answer, err := own.PlanResourceChange(t.Context(), plan)
			own.must(err, nil)
			if diff := cmp.Diff(spoken(wanted.Diagnostics), spoken(answer.Diagnostics)); diff != "" {
				t.Errorf("plan of %s with %v: %s", kind, values, diff)
			}
			wanted.Diagnostics, answer.Diagnostics = nil, nil
			if diff := cmp.Diff(wanted, answer); diff != "" {
				t.Errorf("plan of %s with %v: %s", kind, values, diff)
			}
			planned++
			if left == before {
				answered++
			}
		}
	}
	t.Logf("%d plans, %d of them and %d validations without the framework", planned, answered, validated)
	if planned < 1000 || answered < planned*9/10 || validated < 300 {
		t.Errorf("of %d plans, %d were made without the framework, and so were %d validations", planned, answered, validated)
	}
}

// varied are configurations: the base, and the base with one attribute after the other
// having each value of its type.
func varied(described *tfprotov6.Schema, base map[string]tftypes.Value) []map[string]tftypes.Value {
	first := map[string]tftypes.Value{}
	for _, a := range described.Block.Attributes {
		if a.Required {
			first[a.Name] = base[a.Name]
		}
	}
	out := []map[string]tftypes.Value{first}
	for _, a := range described.Block.Attributes {
		values := valuesOf(a.ValueType(), base)
		if !a.Required && !a.Optional {
			values = append(values[:2], values[len(values)-1]) // No one can set it.
		}
		for _, value := range values {
			one := maps.Clone(first)
			one[a.Name] = value
			out = append(out, one)
		}
	}
	return out
}

// valuesOf are values of a type: null, unknown, valid and invalid.
func valuesOf(kind tftypes.Type, base map[string]tftypes.Value) []tftypes.Value {
	out := []tftypes.Value{tftypes.NewValue(kind, nil), tftypes.NewValue(kind, tftypes.UnknownValue)}
	add := func(values ...any) {
		for _, v := range values {
			out = append(out, tftypes.NewValue(kind, v))
		}
	}
	switch kind := kind.(type) {
	case tftypes.Object:
		all := map[string]tftypes.Value{}
		for name, of := range kind.AttributeTypes {
			all[name] = tftypes.NewValue(of, nil)
			if value, has := base[name]; has {
				all[name] = value
			}
		}
		add(all)
		for _, name := range slices.Sorted(maps.Keys(all)) {
			for _, value := range valuesOf(kind.AttributeTypes[name], base) {
				one := maps.Clone(all)
				one[name] = value
				add(one)
			}
		}
	case tftypes.Map:
		add(map[string]tftypes.Value{})
		for _, value := range valuesOf(kind.ElementType, base) {
			add(map[string]tftypes.Value{"user/1": value}, map[string]tftypes.Value{fmt.Sprint(plainText(base["group_id"]), "/", plainText(base["member_id"])): value},
				map[string]tftypes.Value{"user/" + plainText(base["principal_id"]): value})
		}
	case tftypes.Set:
		add([]tftypes.Value{})
		values := valuesOf(kind.ElementType, base)
		for i, value := range values { // Terraform has no sets with the same known element twice.
			add([]tftypes.Value{value}, []tftypes.Value{value, values[(i+1)%len(values)]}, []tftypes.Value{value, values[1]})
		}
	default:
		switch {
		case kind.Is(tftypes.String):
			add("", "user", "group", "keep", "restore", "delete", plainText(base["principal_id"]), "999", "5m", "5 parsecs", " a b", "a\tb", "user/1", "00000000-0000-4000-8000-00000000000A", strings.Repeat("é", 300))
		case kind.Is(tftypes.Bool):
			add(true, false)
		case kind.Is(tftypes.Number):
			add(0, -1, -2, 7, 0.5, 1e30)
		}
	}
	return out
}

func plainText(v tftypes.Value) (text string) {
	_ = v.As(&text) // Blank where it is none.
	return text
}

func null(t *testing.T, described *tfprotov6.Schema) *tfprotov6.DynamicValue {
	t.Helper()
	out, err := tfprotov6.NewDynamicValue(described.ValueType(), tftypes.NewValue(described.ValueType(), nil))
	if err != nil {
		t.Fatal(err)
	}
	return &out
}

// spoken are diagnostics in an order of their own: the framework asks the attributes in any.
func spoken(diags []*tfprotov6.Diagnostic) []string {
	var out []string
	for _, d := range diags {
		out = append(out, fmt.Sprint(d.Severity, " ", d.Attribute, " ", d.Summary, ": ", d.Detail))
	}
	slices.Sort(out)
	return out
}

// What is answered here relies on schemas that have nothing else in them: no blocks, defaults
// of texts and numbers only, nothing computed within what can be configured, no plan
// modifiers but those that do nothing to an instance that there is not yet.
func TestNewInstances_schemas(t *testing.T) {
	t.Parallel()
	s, err := newRequestScopedServer("test")
	if err != nil {
		t.Fatal(err)
	}
	if all := len((&dbxidentityProvider{}).Resources(t.Context())); len(s.types) != all {
		t.Errorf("%d of %d resources are here", len(s.types), all)
	}
	idle := []reflect.Type{
		reflect.TypeOf(stringplanmodifier.RequiresReplace()), reflect.TypeOf(stringplanmodifier.UseStateForUnknown()), reflect.TypeOf(boolplanmodifier.UseStateForUnknown()),
	}
	var check func(at string, attributes map[string]schema.Attribute, nested, configurable bool)
	check = func(at string, attributes map[string]schema.Attribute, nested, configurable bool) {
		for name, a := range attributes {
			at := at + "." + name
			if modifiers := reflect.ValueOf(a).FieldByName("PlanModifiers"); modifiers.IsValid() {
				for i := range modifiers.Len() {
					if nested || !slices.Contains(idle, modifiers.Index(i).Elem().Type()) {
						t.Errorf("%s has the plan modifier %s", at, modifiers.Index(i).Elem().Type())
					}
				}
			}
			if preset := reflect.ValueOf(a).FieldByName("Default"); preset.IsValid() && !preset.IsNil() && (nested || defaultOf(t.Context(), a) == nil) {
				t.Errorf("%s has a default", at)
			}
			if nested && configurable && a.IsComputed() {
				t.Errorf("%s is computed within what can be configured", at)
			}
			configurable := a.IsRequired() || a.IsOptional()
			switch a := a.(type) {
			case schema.MapNestedAttribute:
				check(at, a.NestedObject.Attributes, true, configurable)
			case schema.SingleNestedAttribute:
				check(at, a.Attributes, true, configurable)
			case schema.StringAttribute, schema.BoolAttribute, schema.NumberAttribute, schema.SetAttribute, schema.MapAttribute:
			default:
				t.Errorf("%s is a %T, of which the framework may know more", at, a)
			}
		}
	}
	for name, of := range s.types {
		if len(of.schema.Blocks) > 0 {
			t.Errorf("%s has blocks", name)
		}
		if _, more := of.make().(resource.ResourceWithConfigValidators); more {
			t.Errorf("%s has validators of its configuration besides", name)
		}
		check(name, of.schema.Attributes, false, true)
	}
}
