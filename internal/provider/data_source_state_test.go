// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/provider"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// The state of a data source goes to Terraform as the framework would encode it, diagnostics
// included; and no schema has a block, for which the framework does more.
func TestDataSources_encodedByThemselves(t *testing.T) {
	t.Parallel()
	person := func(n string) map[string]any { return map[string]any{"user_name": "user" + n + "@example.com"} }
	configs := map[string]map[string]any{
		"dbxidentity_divergences":            {},
		"dbxidentity_workspace_federation":   {},
		"dbxidentity_workspace_local_groups": {},
		"dbxidentity_aim_readiness":          {},
		"dbxidentity_principal":              {"principal": person("31")},
		"dbxidentity_principal_access":       {"principal": person("31"), "scan_unity_catalog": true},
		"dbxidentity_principal_diff":         {"principal_a": person("31"), "principal_b": person("32")},
		"dbxidentity_clone_plan":             {"source": person("31"), "target": person("32")},
		"dbxidentity_scim_provisioning":      {}, // An error, as the next.
		"dbxidentity_audit_events":           {"workspace_id": "1", "sql_warehouse_id": "1", "since": "2026-11-01"},
	}
	a := startPreset(t, "demo", simulator.Options{})
	settings := map[string]any{"automatic_identity_management": "off", "idp": map[string]any{"databricks": map[string]any{}}}
	framework := a.configured(providerserver.NewProtocol6(provider.New("test", provider.WithShortLimits())())(), settings)
	own := a.serve(settings)
	schema, err := own.server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(schema.DataSourceSchemas)), slices.Sorted(maps.Keys(configs))); diff != "" {
		t.Errorf("data sources: %s", diff)
	}
	for name, config := range configs {
		if blocks := schema.DataSourceSchemas[name].Block.BlockTypes; len(blocks) > 0 {
			t.Errorf("%s has blocks", name)
		}
		want, wantSaid := framework.read(name, config)
		got, said := own.read(name, config)
		if diff := cmp.Diff(want, got); diff != "" || said != wantSaid {
			t.Errorf("%s: %s\n%s\n%s", name, diff, wantSaid, said)
		}
		if isError := strings.Contains(said, "ERROR"); isError != slices.Contains([]string{"dbxidentity_audit_events", "dbxidentity_scim_provisioning"}, name) {
			t.Errorf("%s: %s", name, said)
		}
	}
}
