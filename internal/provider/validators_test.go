// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"context"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/provider"
)

// A wrong value deep in an attribute is reported on the attribute, whose lines the
// command line then shows, and the text says where in it. A deeper path would show
// the first line of the block.
func TestValidators_location(t *testing.T) {
	t.Parallel()
	server, err := providerserver.NewProtocol6WithError(provider.New("test")())()
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{t: t, ctx: context.Background(), server: server}
	selector := document{"principal_type": "robot", "id": "x"}
	for name, tt := range map[string]struct {
		data, resource string
		config         document
		want           []string // attribute and where in it
	}{
		"divergences": {data: "dbxidentity_divergences", config: document{
			"principal_types": []string{"robot"}, "targets": []document{{"principal_type": "user", "principal_id": "1"}, {"principal_type": "user", "principal_id": "x"}},
			"waivers": []document{{"category": "X", "reason": "", "principal_id": "x"}},
		}, want: []string{"principal_types principal_types[", "targets targets[1].principal_id", "waivers waivers[0].category", "waivers waivers[0].reason", "waivers waivers[0].principal_id"}},
		"principal": {data: "dbxidentity_principal", config: document{"principal": selector}, want: []string{"principal principal.id", "principal principal.principal_type"}},
		"clone plan": {data: "dbxidentity_clone_plan", config: document{
			"source": selector, "target": document{"user_name": ""}, "allow_privileged_groups": []string{"admins"},
		}, want: []string{"source source.id", "target target.user_name", "allow_privileged_groups allow_privileged_groups["}},
		"ledger": {resource: ledgerResource, config: document{
			"exclude":                 []string{""},
			"pending_external_ids":    document{"user/1": document{"principal_type": "robot", "principal_id": "1", "external_id": "a b"}},
			"pending_member_removals": document{"1/2": document{"group_id": "1", "member_id": "x", "member_type": "robot"}},
		}, want: []string{
			"exclude exclude[", `pending_external_ids pending_external_ids["user/1"].external_id`,
			`pending_member_removals pending_member_removals["1/2"].member_id`, `pending_member_removals pending_member_removals["1/2"].member_type`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var diags []*tfprotov6.Diagnostic
			if tt.data != "" {
				as := providerSchema().DataSourceSchemas[tt.data].ValueType()
				resp, err := server.ValidateDataResourceConfig(w.ctx, &tfprotov6.ValidateDataResourceConfigRequest{TypeName: tt.data, Config: w.dynamic(tt.config, as)})
				must(t, err)
				diags = resp.Diagnostics
			} else {
				as := providerSchema().ResourceSchemas[tt.resource].ValueType()
				resp, err := server.ValidateResourceConfig(w.ctx, &tfprotov6.ValidateResourceConfigRequest{TypeName: tt.resource, Config: w.dynamic(tt.config, as), ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: true}})
				must(t, err)
				diags = resp.Diagnostics
			}
			var got []string
			for _, d := range diags {
				if d.Attribute == nil || len(d.Attribute.Steps()) != 1 {
					t.Errorf("%s: %s is reported on %s", d.Summary, d.Detail, d.Attribute)
					continue
				}
				name, _ := d.Attribute.Steps()[0].(tftypes.AttributeName)
				got = append(got, string(name)+" "+d.Detail)
			}
			for _, want := range tt.want {
				attribute, where, _ := strings.Cut(want, " ")
				found := false
				for _, text := range got {
					found = found || strings.HasPrefix(text, attribute+" ") && strings.Contains(text, where)
				}
				if !found {
					t.Errorf("nothing on %s says %s: %s", attribute, where, strings.Join(got, "\n"))
				}
			}
		})
	}
}
