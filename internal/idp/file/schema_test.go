// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package file

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// schemaNode is what the published schema says of one value.
type schemaNode struct {
	Type       any                   `json:"type"`
	Required   []string              `json:"required"`
	Closed     *bool                 `json:"additionalProperties"`
	Properties map[string]schemaNode `json:"properties"`
	Items      *schemaNode           `json:"items"`
	Pattern    string                `json:"pattern"`
	MinLength  int                   `json:"minLength"`
}

// types are the JSON types that a value may have.
func (n schemaNode) types() (out []string) {
	switch v := n.Type.(type) {
	case string:
		out = append(out, v)
	case []any:
		for _, t := range v {
			if name, ok := t.(string); ok {
				out = append(out, name)
			}
		}
	}
	return out
}

// samples are values of every JSON type.
func samples() map[string]any {
	return map[string]any{"string": "x", "boolean": true, "null": nil, "array": []any{"x"}, "number": 1, "object": map[string]any{}}
}

// The published schema and the parser take the same documents: every key, every
// type of value, what must be there and what may not be blank.
func TestFile_schema(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "examples", "guides", "idp-file", "directory.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var root schemaNode
	if err := json.Unmarshal(raw, &root); err != nil {
		t.Fatal(err)
	}
	structs := map[string]reflect.Type{
		"users": reflect.TypeFor[user](), "groups": reflect.TypeFor[group](), "service_principals": reflect.TypeFor[servicePrincipal](),
	}
	if diff := cmp.Diff(strings.Split(keys, ", "), slices.Sorted(maps.Keys(root.Properties)), cmp.Transformer("sorted", func(s []string) string {
		return strings.Join(slices.Sorted(slices.Values(s)), " ")
	})); diff != "" {
		t.Error(diff)
	}
	for list, object := range structs {
		node := *root.Properties[list].Items
		var keys []string
		for i := range object.NumField() {
			keys = append(keys, object.Field(i).Tag.Get("json"))
		}
		slices.Sort(keys)
		if diff := cmp.Diff(keys, slices.Sorted(maps.Keys(node.Properties))); diff != "" {
			t.Errorf("%s (-parser +schema): %s", list, diff)
		}
		if node.Closed == nil || *node.Closed {
			t.Errorf("%s: the schema takes unknown keys", list)
		}
		for key, property := range node.Properties {
			for kind, value := range samples() {
				checkDocument(t, list, node, map[string]any{key: value}, slices.Contains(property.types(), kind))
			}
			if slices.Contains(node.Required, key) {
				checkDocument(t, list, node, map[string]any{key: ""}, property.Pattern == "" && property.MinLength == 0)
				checkDocument(t, list, node, map[string]any{key: missing}, false)
			}
		}
		checkDocument(t, list, node, map[string]any{"unheard_of": "x"}, false)
		checkDocument(t, list, node, map[string]any{"id": " "}, false)
	}
}

// missing marks a key that is to be left out.
var missing = struct{}{}

// checkDocument parses one object with what it must have and the change.
func checkDocument(t *testing.T, list string, node schemaNode, change map[string]any, taken bool) {
	t.Helper()
	object := map[string]any{}
	for _, key := range node.Required {
		object[key] = "x"
	}
	for key, value := range change {
		object[key] = value
		if value == missing {
			delete(object, key)
		}
	}
	doc, err := json.Marshal(map[string]any{"version": 1, list: []any{object}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parse(t.Context(), doc); (err == nil) != taken {
		t.Errorf("%s: the schema takes it: %t, the parser says: %v", doc, taken, err)
	}
}
