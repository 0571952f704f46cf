// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/file"
)

// The modules of the guide on directory files write what the kind file reads,
// from values of the shapes that the azuread and okta providers have.
func TestAccGuides_directoryModules(t *testing.T) {
	t.Parallel()
	type object = map[string]any
	tests := map[string]struct {
		inputs object
		// unknown are the names of groups whose members are not known.
		unknown []string
	}{
		"directory-from-azuread": {inputs: object{
			"users": []object{
				{"object_id": "u1", "user_principal_name": "ann@example.com", "mail": nil, "display_name": "Ann \"A\" ${x}", "account_enabled": true},
				{"object_id": "u2", "user_principal_name": "bob_example.org#EXT#@example.com", "mail": "bob@example.org", "display_name": "Bob", "account_enabled": false},
			},
			"groups":             []object{{"object_id": "g1", "display_name": "team", "members": []string{"u1", "s1"}}, {"object_id": "g2", "display_name": "other", "members": []string{}}},
			"service_principals": []object{{"object_id": "s1", "client_id": "app-1", "display_name": "job", "account_enabled": true}},
		}},
		"directory-from-okta": {inputs: object{
			"users": []object{
				{"id": "u1", "login": "ann@example.com", "email": "ann@example.com", "status": "ACTIVE"},
				{"id": "u2", "login": "bob@example.com", "email": "bob@example.org", "status": "DEPROVISIONED"},
			},
			"groups":  []object{{"id": "g1", "name": "team"}, {"id": "g2", "name": "other"}},
			"members": object{"g1": []string{"u1"}},
		}, unknown: []string{"other"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorkspace(t, "")
			module, err := os.ReadFile(filepath.Join(examplesRoot, "guides", name, "main.tf"))
			if err != nil {
				t.Fatal(err)
			}
			w.write("main.tf", string(module))
			inputs, err := json.Marshal(tt.inputs)
			if err != nil {
				t.Fatal(err)
			}
			w.write("inputs.auto.tfvars.json", string(inputs))
			w.must(0, "apply", "-auto-approve", "-input=false")
			w.write("directory.json", w.must(0, "output", "-raw", "directory"))

			principal := func(kind audit.PrincipalType, id, name, external string) audit.Principal {
				return audit.Principal{Ref: audit.Ref{Type: kind, ID: id}, Name: name, ExternalID: external}
			}
			got, err := file.New(filepath.Join(w.dir, "directory.json")).Match(t.Context(), idp.Request{
				Principals: []audit.Principal{
					principal(audit.TypeUser, "1", "ann@example.com", "u1"), principal(audit.TypeUser, "2", "bob@example.org", "u2"),
					principal(audit.TypeGroup, "3", "team", "g1"), principal(audit.TypeGroup, "4", "other", "g2"),
				},
				Members: func(context.Context, string) ([]audit.Member, error) {
					return []audit.Member{{Ref: audit.Ref{Type: audit.TypeUser, ID: "1"}, ExternalID: "u1"}}, nil
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			var unknown []string
			for _, m := range got.Matches {
				if m.ByExternalID == nil || len(m.ByName) != 1 || m.ByName[0].ExternalID != m.Principal.ExternalID {
					t.Errorf("%s: %+v", m.Principal.Ref, m)
				}
				if m.Members != nil && m.Members.Unknown != "" {
					unknown = append(unknown, m.Principal.Name)
				}
			}
			if enabled := []*bool{got.Matches[0].ByExternalID.Enabled, got.Matches[1].ByExternalID.Enabled}; enabled[0] == nil || !*enabled[0] || enabled[1] == nil || *enabled[1] {
				t.Errorf("enabled: %v", enabled)
			}
			slices.Sort(unknown)
			if diff := cmp.Diff(tt.unknown, unknown); diff != "" {
				t.Errorf("unknown members (-want +got): %s", diff)
			}
		})
	}
}
