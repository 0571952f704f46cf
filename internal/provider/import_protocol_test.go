// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/provider"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// protocol is the provider as the CLI talks to it, in this process. It is for
// what only newer versions of the CLI can ask for.
type protocol struct {
	t          *testing.T
	server     tfprotov6.ProviderServer
	types      map[string]tftypes.Type
	identities map[string]tftypes.Type
}

func startProtocol(t *testing.T, a account) protocol {
	t.Helper()
	server, err := provider.NewServer("test", provider.WithShortLimits())
	if err != nil {
		t.Fatal(err)
	}
	return startProtocolOn(t, a, server)
}

// startProtocolOn configures a server for an account.
func startProtocolOn(t *testing.T, a account, server tfprotov6.ProviderServer) protocol {
	t.Helper()
	p := protocol{
		t: t, server: server,
		types: map[string]tftypes.Type{}, identities: map[string]tftypes.Type{},
	}
	schema, err := p.server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range schema.ResourceSchemas {
		p.types[name] = s.ValueType()
	}
	identity, err := p.server.GetResourceIdentitySchemas(t.Context(), &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range identity.IdentitySchemas {
		p.identities[name] = s.ValueType()
	}
	config := object(schema.Provider.ValueType(), map[string]string{
		"host": a.URL, "account_id": a.AccountID, "client_id": a.ClientID, "client_secret": a.ClientSecret, "auth_type": "oauth-m2m", "config_file": "/dev/null",
	})
	configured, err := p.server.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{Config: p.encode(schema.Provider.ValueType(), config)})
	if err != nil || len(configured.Diagnostics) > 0 {
		t.Fatal(err, configured.Diagnostics)
	}
	return p
}

// object has the texts that are given, and null for all others.
func object(of tftypes.Type, texts map[string]string) tftypes.Value {
	values := map[string]tftypes.Value{}
	typed, _ := of.(tftypes.Object) // Another type has no attributes.
	for name, kind := range typed.AttributeTypes {
		values[name] = tftypes.NewValue(kind, nil)
		if text, given := texts[name]; given {
			values[name] = tftypes.NewValue(tftypes.String, text)
		}
	}
	return tftypes.NewValue(of, values)
}

func (p protocol) encode(of tftypes.Type, value tftypes.Value) *tfprotov6.DynamicValue {
	p.t.Helper()
	out, err := tfprotov6.NewDynamicValue(of, value)
	if err != nil {
		p.t.Fatal(err)
	}
	return &out
}

// texts are the attributes of an object that are texts or truths, as text.
func (p protocol) texts(of tftypes.Type, raw *tfprotov6.DynamicValue) map[string]string {
	p.t.Helper()
	value, err := raw.Unmarshal(of)
	if err != nil {
		p.t.Fatal(err)
	}
	var attributes map[string]tftypes.Value
	if err := value.As(&attributes); err != nil {
		p.t.Fatal(err)
	}
	out := map[string]string{}
	for name, v := range attributes {
		var (
			text  string
			truth bool
		)
		switch {
		case v.IsNull():
		case v.As(&text) == nil:
			out[name] = text
		case v.As(&truth) == nil:
			out[name] = fmt.Sprint(truth)
		}
	}
	return out
}

// imported imports by id, or by identity where the id is empty, and reads what
// came of it; the errors come as text.
func (p protocol) imported(resource, id string, identity map[string]string) (state, after map[string]string, failed string) {
	p.t.Helper()
	req := &tfprotov6.ImportResourceStateRequest{TypeName: resource, ID: id}
	if id == "" {
		req.Identity = &tfprotov6.ResourceIdentityData{IdentityData: p.encode(p.identities[resource], object(p.identities[resource], identity))}
	}
	got, err := p.server.ImportResourceState(p.t.Context(), req)
	if err != nil {
		p.t.Fatal(err)
	}
	if len(got.Diagnostics) > 0 {
		for _, d := range got.Diagnostics {
			failed += d.Summary + ": " + d.Detail + "\n"
		}
		return nil, nil, failed
	}
	one := got.ImportedResources[0]
	read, err := p.server.ReadResource(p.t.Context(), &tfprotov6.ReadResourceRequest{
		TypeName: resource, CurrentState: one.State, Private: one.Private, CurrentIdentity: one.Identity,
	})
	if err != nil || len(read.Diagnostics) > 0 {
		p.t.Fatal(err, read)
	}
	return p.texts(p.types[resource], one.State), p.texts(p.identities[resource], read.NewIdentity.IdentityData), ""
}

// Every resource is imported by id and by identity to the same state, with and
// without the account. What is imported was not done by the instance, so a
// destroy keeps it.
func TestProtocol_imports(t *testing.T) {
	t.Parallel()
	st := groupWorld()
	st.Account.AccessRules = []simulator.AccessRule{{ExternalPrincipalID: entraID(5), DisplayName: "gone", PrincipalType: "USER"}}
	a := startAccount(t, st, simulator.Options{})
	a.setMembers("202", "101")()
	a.Server.ResetRequests()
	p := startProtocol(t, a)
	member := map[string]string{"group_id": "202", "member_id": "101"}
	away := map[string]string{"group_id": "204", "member_id": "101"}
	user := map[string]string{"principal_type": "user", "principal_id": "102"}
	tests := []struct {
		resource, id string
		identity     map[string]string
		want         map[string]string
	}{
		{memberResource, "group/202/member/101", member, map[string]string{
			"id": "group/202/member/101", "group_name": "local-group", "member_name": "user101@example.com", "member_type": "user", "added": "false", "on_destroy": "",
		}},
		{removalResource, "removal/204/member/101", away, map[string]string{
			"id": "removal/204/member/101", "member_name": "user101@example.com", "removed": "false", "on_destroy": "keep",
		}},
		{idResource, "user/102", user, map[string]string{
			"id": "user/102", "external_id": entraID(102), "principal_name": "user102@example.com", "on_destroy": "keep", "previous_external_id": "",
		}},
		{ruleResource, "rule/" + entraID(5), map[string]string{"external_principal_id": entraID(5)}, map[string]string{
			"id": "rule/" + entraID(5), "display_name": "gone", "principal_type": "user", "added": "false", "on_destroy": "keep",
		}},
		{resolvedResource, "user/external/" + entraID(102), user, map[string]string{"id": "user/102", "external_id": entraID(102), "active": "true"}},
	}
	for _, tt := range tests {
		identity := maps.Clone(tt.identity)
		for _, account := range []string{"", a.AccountID} {
			if account != "" {
				identity["account_id"] = account
			}
			for _, id := range []string{tt.id, ""} {
				state, after, failed := p.imported(tt.resource, id, identity)
				if failed != "" {
					t.Errorf("%s by %q %v: %s", tt.resource, id, identity, failed)
					continue
				}
				for name, want := range tt.want {
					if state[name] != want {
						t.Errorf("%s by %q: %s is %q, want %q", tt.resource, id, name, state[name], want)
					}
				}
				full := maps.Clone(tt.identity)
				full["account_id"] = a.AccountID
				if !maps.Equal(after, full) {
					t.Errorf("%s by %q: the identity is %v, want %v", tt.resource, id, after, full)
				}
			}
		}
		identity["account_id"] = "22222222-2222-4333-8444-555555555555"
		if _, _, failed := p.imported(tt.resource, "", identity); !strings.Contains(failed, "Other Account") {
			t.Errorf("%s of another account: %q", tt.resource, failed)
		}
	}
	if err := a.wrote(0); err != nil {
		t.Error(err)
	}
}
