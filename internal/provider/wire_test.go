// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-log/tflogtest"
	"github.com/hashicorp/terraform-plugin-log/tfsdklogtest"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/provider"
)

// wire speaks protocol 6 to a configured provider in this process, as one walk
// of Terraform does. It is for tests to which the command line adds nothing but
// its seconds.
type wire struct {
	t      *testing.T
	ctx    context.Context
	server tfprotov6.ProviderServer
	log    *lockedBuffer
	// diags are those of every call so far.
	diags []*tfprotov6.Diagnostic
}

// document is a configuration or a value in plain Go: strings, numbers, booleans,
// lists and maps, as encoding/json has them.
type document = map[string]any

// lockedBuffer is a log that several loggers write to.
type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) lines() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Split(b.String(), "\n")
}

// providerSchema is the provider's own description of itself.
var providerSchema = sync.OnceValue(func() *tfprotov6.GetProviderSchemaResponse {
	server, err := providerserver.NewProtocol6WithError(provider.New("test")())()
	if err != nil {
		panic(err)
	}
	resp, err := server.GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		panic(err)
	}
	return resp
})

// dial starts a provider and configures it. Diagnostics are in diags.
func dial(ctx context.Context, t *testing.T, config document, options ...provider.Option) *wire {
	t.Helper()
	log := &lockedBuffer{}
	ctx = tfsdklogtest.RootLogger(tflogtest.RootLogger(ctx, log), log)
	server, err := provider.NewServer("test", options...) //nolint:contextcheck // What it starts with is not of a request.
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{t: t, ctx: ctx, server: server, log: log}
	resp, err := server.ConfigureProvider(ctx, &tfprotov6.ConfigureProviderRequest{
		TerraformVersion: "1.15.0", Config: w.dynamic(config, providerSchema().Provider.ValueType()),
	})
	w.take(err, resp.Diagnostics)
	return w
}

// take keeps diagnostics; an error of the protocol itself ends the test.
func (w *wire) take(err error, diags []*tfprotov6.Diagnostic) {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("the protocol failed: %v", err)
	}
	w.diags = append(w.diags, diags...)
}

func (w *wire) failed() bool { return hasError(w.diags) }

func hasError(diags []*tfprotov6.Diagnostic) bool {
	for _, d := range diags {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			return true
		}
	}
	return false
}

// value is a plain value as Terraform sends it: what is left out is null.
func (w *wire) value(plain any, as tftypes.Type) tftypes.Value {
	w.t.Helper()
	raw, err := json.Marshal(plain)
	if err != nil {
		w.t.Fatal(err)
	}
	out, err := tfprotov6.DynamicValue{JSON: raw}.Unmarshal(as)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func (w *wire) dynamic(plain any, as tftypes.Type) *tfprotov6.DynamicValue {
	w.t.Helper()
	return w.encode(w.value(plain, as))
}

func (w *wire) encode(v tftypes.Value) *tfprotov6.DynamicValue {
	w.t.Helper()
	out, err := tfprotov6.NewDynamicValue(v.Type(), v)
	if err != nil {
		w.t.Fatal(err)
	}
	return &out
}

// plain is a value in plain Go; nil where there is none.
func (w *wire) plain(v *tfprotov6.DynamicValue, as tftypes.Type) any {
	w.t.Helper()
	if v == nil {
		return nil
	}
	decoded, err := v.Unmarshal(as)
	if err != nil {
		w.t.Fatal(err)
	}
	return plainOf(w.t, decoded)
}

func plainOf(t *testing.T, v tftypes.Value) any {
	t.Helper()
	switch {
	case !v.IsKnown():
		return "<unknown>"
	case v.IsNull():
		return nil
	case v.Type().Is(tftypes.String):
		var s string
		must(t, v.As(&s))
		return s
	case v.Type().Is(tftypes.Bool):
		var b bool
		must(t, v.As(&b))
		return b
	case v.Type().Is(tftypes.Number):
		var n big.Float
		must(t, v.As(&n))
		return n.String()
	case v.Type().Is(tftypes.Object{}), v.Type().Is(tftypes.Map{}):
		var m map[string]tftypes.Value
		must(t, v.As(&m))
		out := document{}
		for key, element := range m {
			out[key] = plainOf(t, element)
		}
		return out
	}
	var list []tftypes.Value
	must(t, v.As(&list))
	out := []any{}
	for _, element := range list {
		out = append(out, plainOf(t, element))
	}
	return out
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// data validates and reads a data source; nil when that failed.
func (w *wire) data(name string, config document) document {
	w.t.Helper()
	as := providerSchema().DataSourceSchemas[name].ValueType()
	valid, err := w.server.ValidateDataResourceConfig(w.ctx, &tfprotov6.ValidateDataResourceConfigRequest{TypeName: name, Config: w.dynamic(config, as)})
	w.take(err, valid.Diagnostics)
	if w.failed() {
		return nil
	}
	resp, err := w.server.ReadDataSource(w.ctx, &tfprotov6.ReadDataSourceRequest{TypeName: name, Config: w.dynamic(config, as)})
	w.take(err, resp.Diagnostics)
	if w.failed() {
		return nil
	}
	out, _ := w.plain(resp.State, as).(document)
	return out
}

// instance is what Terraform keeps of a resource instance.
type instance struct {
	resource string
	state    *tfprotov6.DynamicValue // nil: there is none
	private  []byte
	identity *tfprotov6.ResourceIdentityData
}

func (i instance) valueType() tftypes.Type {
	return providerSchema().ResourceSchemas[i.resource].ValueType()
}

// plannedChange is a plan for one instance.
type plannedChange struct {
	config, prior *tfprotov6.DynamicValue
	resp          *tfprotov6.PlanResourceChangeResponse
}

// plan validates and plans an instance as configured; nil destroys it.
func (w *wire) plan(i instance, config document) plannedChange {
	w.t.Helper()
	as := i.valueType()
	null := w.encode(tftypes.NewValue(as, nil))
	out := plannedChange{config: null, prior: null}
	proposed := null
	if i.state != nil {
		out.prior = i.state
	}
	if config != nil {
		out.config = w.dynamic(config, as)
		valid, err := w.server.ValidateResourceConfig(w.ctx, &tfprotov6.ValidateResourceConfigRequest{
			TypeName: i.resource, Config: out.config, ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: true},
		})
		w.take(err, valid.Diagnostics)
		proposed = w.proposed(i, w.value(config, as), out.prior)
	}
	var err error
	out.resp, err = w.server.PlanResourceChange(w.ctx, &tfprotov6.PlanResourceChangeRequest{
		TypeName: i.resource, PriorState: out.prior, ProposedNewState: proposed, Config: out.config,
		PriorPrivate: i.private, PriorIdentity: i.identity,
	})
	w.take(err, out.resp.Diagnostics)
	if len(out.resp.RequiresReplace) > 0 {
		w.t.Fatalf("%s would be replaced because of %v", i.resource, out.resp.RequiresReplace)
	}
	return out
}

// proposed is the configuration with the prior state's computed values, as
// Terraform proposes it.
func (w *wire) proposed(i instance, config tftypes.Value, prior *tfprotov6.DynamicValue) *tfprotov6.DynamicValue {
	w.t.Helper()
	values, before := map[string]tftypes.Value{}, map[string]tftypes.Value{}
	must(w.t, config.As(&values))
	decoded, err := prior.Unmarshal(i.valueType())
	must(w.t, err)
	if !decoded.IsNull() {
		must(w.t, decoded.As(&before))
	}
	for _, attribute := range providerSchema().ResourceSchemas[i.resource].Block.Attributes {
		if attribute.WriteOnly {
			values[attribute.Name] = tftypes.NewValue(attribute.ValueType(), nil)
		}
		if old, ok := before[attribute.Name]; ok && attribute.Computed && values[attribute.Name].IsNull() {
			values[attribute.Name] = old
		}
	}
	return w.encode(tftypes.NewValue(i.valueType(), values))
}

// isNothing reports whether the plan changes nothing.
func (w *wire) isNothing(i instance, p plannedChange) bool {
	w.t.Helper()
	return fmt.Sprint(w.plain(p.prior, i.valueType())) == fmt.Sprint(w.plain(p.resp.PlannedState, i.valueType()))
}

// apply carries a plan out and gives the instance as it is afterwards.
func (w *wire) apply(i instance, p plannedChange) instance {
	w.t.Helper()
	resp, err := w.server.ApplyResourceChange(w.ctx, &tfprotov6.ApplyResourceChangeRequest{
		TypeName: i.resource, PriorState: p.prior, PlannedState: p.resp.PlannedState, Config: p.config,
		PlannedPrivate: p.resp.PlannedPrivate, PlannedIdentity: p.resp.PlannedIdentity,
	})
	w.take(err, resp.Diagnostics)
	return w.after(i, resp.NewState, resp.Private, resp.NewIdentity)
}

// refresh reads an instance.
func (w *wire) refresh(i instance) instance {
	w.t.Helper()
	resp, err := w.server.ReadResource(w.ctx, &tfprotov6.ReadResourceRequest{
		TypeName: i.resource, CurrentState: i.state, Private: i.private, CurrentIdentity: i.identity,
	})
	w.take(err, resp.Diagnostics)
	if hasError(resp.Diagnostics) {
		return i // Terraform keeps what it has.
	}
	return w.after(i, resp.NewState, resp.Private, resp.NewIdentity)
}

// imports imports by id and refreshes, as Terraform does.
func (w *wire) imports(resource, id string) instance {
	w.t.Helper()
	i := instance{resource: resource}
	resp, err := w.server.ImportResourceState(w.ctx, &tfprotov6.ImportResourceStateRequest{TypeName: resource, ID: id})
	w.take(err, resp.Diagnostics)
	if hasError(resp.Diagnostics) || len(resp.ImportedResources) == 0 {
		return i
	}
	got := resp.ImportedResources[0]
	return w.refresh(w.after(i, got.State, got.Private, got.Identity))
}

func (w *wire) after(i instance, state *tfprotov6.DynamicValue, private []byte, identity *tfprotov6.ResourceIdentityData) instance {
	w.t.Helper()
	i.state, i.private, i.identity = state, private, identity
	if w.plain(state, i.valueType()) == nil {
		i.state = nil
	}
	return i
}
