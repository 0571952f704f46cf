// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// All kinds that see the whole directory give the prep script's rows.
func TestSources_agree(t *testing.T) {
	t.Parallel()
	generated := func(t *testing.T, seed uint64) simulator.State {
		t.Helper()
		st, err := simulator.Generate(preset(t, "demo"), simulator.GenerateOptions{Users: 300, Groups: 60, ServicePrincipals: 40, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		return st
	}
	tests := map[string]func(t *testing.T) simulator.State{
		"demo":        func(t *testing.T) simulator.State { t.Helper(); return preset(t, "demo") },
		"field-scan":  func(t *testing.T) simulator.State { t.Helper(); return preset(t, "field-scan") },
		"generated 1": func(t *testing.T) simulator.State { t.Helper(); return generated(t, 1) },
		"generated 2": func(t *testing.T) simulator.State { t.Helper(); return generated(t, 2) },
		"generated 3": func(t *testing.T) simulator.State { t.Helper(); return generated(t, 3) },
	}
	for name, state := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := state(t)
			w := newWorld(t, st, simulator.Options{})
			client := w.account(t)
			want, _ := run(t, client, idp.NewDatabricks(client, 16))
			if len(want.Users) == 0 || !want.Complete {
				t.Fatalf("nothing to compare: %d users, complete %v, %v", len(want.Users), want.Complete, want.Failures)
			}
			for _, source := range []idp.Source{w.entra(t), idp.NewFile(writeDirectory(t, t.TempDir(), st.IDP))} {
				got, _ := run(t, client, source)
				if diff := cmp.Diff(rows(want), rows(got)); diff != "" {
					t.Errorf("%s differs from databricks: %s", source.Kind(), diff)
				}
				if !got.Complete {
					t.Errorf("%s: %+v", source.Kind(), got.Failures)
				}
			}
		})
	}
}
