// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

func TestRun_hasEveryKind(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		ProviderSchemas map[string]map[string]map[string]any `json:"provider_schemas"`
	}
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	schema := doc.ProviderSchemas["dbxidentity"]
	for kind, name := range map[string]string{
		"provider":                  "block",
		"data_source_schemas":       "dbxidentity_divergences",
		"resource_schemas":          "dbxidentity_external_id",
		"resource_identity_schemas": "dbxidentity_external_id",
	} {
		if _, ok := schema[kind][name]; !ok {
			t.Errorf("%s lacks %s", kind, name)
		}
	}
}

func TestTypeJSON(t *testing.T) {
	t.Parallel()
	in := tftypes.Map{ElementType: tftypes.Object{AttributeTypes: map[string]tftypes.Type{
		"a": tftypes.List{ElementType: tftypes.String},
		"b": tftypes.Tuple{ElementTypes: []tftypes.Type{tftypes.Bool, tftypes.Number}},
		"c": tftypes.Set{ElementType: tftypes.DynamicPseudoType},
	}}}
	got, err := json.Marshal(typeJSON(in))
	if err != nil {
		t.Fatal(err)
	}
	want := `["map",["object",{"a":["list","string"],"b":["tuple",["bool","number"]],"c":["set","dynamic"]}]]`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}
