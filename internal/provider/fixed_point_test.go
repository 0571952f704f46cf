// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// law is the one-step flow with everything that can be switched on, so that
// values are filled, replaced and cleared.
const law = `
data "dbxidentity_divergences" "all" {
  link_groups          = true
  relink               = true
  suggest_group_clears = true
}

resource "dbxidentity_remediation_ledger" "this" {
  pending_external_ids = data.dbxidentity_divergences.all.external_id_fixes
  max_new_external_ids = -1
}

resource "dbxidentity_external_id" "fix" {
  for_each = dbxidentity_remediation_ledger.this.external_ids

  principal_type               = each.value.principal_type
  principal_id                 = each.value.principal_id
  external_id                  = each.value.external_id
  expected_current_external_id = each.value.current_external_id
  on_destroy                   = "restore"
}

output "fixes" {
  value = data.dbxidentity_divergences.all.external_id_fixes
}
`

// externalIDs are those of all principals of an account, by "type/id".
func (a account) externalIDs() map[string]string {
	out := map[string]string{}
	st := a.state()
	for _, u := range st.Users {
		out["user/"+u.ID] = u.ExternalID
	}
	for _, g := range st.Groups {
		out["group/"+g.ID] = g.ExternalID
	}
	for _, s := range st.ServicePrincipals {
		out["service_principal/"+s.ID] = s.ExternalID
	}
	return out
}

type fixOutput map[string]struct {
	PrincipalType     string `json:"principal_type"`
	CurrentExternalID string `json:"current_external_id"`
	ExternalID        string `json:"external_id"`
	Reversible        bool   `json:"reversible"`
}

// The law of the fixed point, on generated accounts: a saved plan does what it
// says and nothing else, the plan after it is empty, the next audit has nothing
// left to fix, and destroy with restore gives the first account back, but for
// blank ids of users and service principals, of which the plan warned.
func TestProcess_fixedPoint(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			st, err := simulator.Preset("empty")
			if err != nil {
				t.Fatal(err)
			}
			st, err = simulator.Generate(st, simulator.GenerateOptions{Users: 400, Groups: 120, ServicePrincipals: 60, Seed: seed})
			if err != nil {
				t.Fatal(err)
			}
			a := startAccount(t, st, simulator.Options{})
			first := a.externalIDs()
			w := newWorkspace(t, a.audited(law))

			planned := w.must(0, "plan", "-input=false", "-out=plan.bin")
			w.must(0, "apply", "-input=false", "plan.bin")
			fixes := decode[fixOutput](t, []byte(w.must(0, "output", "-json", "fixes")))
			want := map[string]string{}
			for key, value := range first {
				want[key] = value
				if fix, there := fixes[key]; there {
					want[key] = fix.ExternalID
				}
			}
			if len(fixes) < 5 {
				t.Fatalf("%d fixes: this account shows little", len(fixes))
			}
			if diff := cmp.Diff(want, a.externalIDs()); diff != "" {
				t.Fatalf("the account is not what was planned (-planned +there): %s", diff)
			}

			w.must(0, "apply", "-auto-approve", "-input=false") // Nothing but the output is new.
			w.must(0, "plan", "-input=false", "-detailed-exitcode")
			if left := w.must(0, "output", "-json", "fixes"); strings.TrimSpace(left) != "{}" {
				t.Errorf("the second audit still offers %s", left)
			}

			w.must(0, "destroy", "-auto-approve", "-input=false")
			kept := 0
			for key, fix := range fixes {
				if !fix.Reversible {
					kept++
					continue
				}
				want[key] = first[key]
			}
			if diff := cmp.Diff(want, a.externalIDs()); diff != "" {
				t.Errorf("after destroy (-want +there): %s", diff)
			}
			if n := strings.Count(planned, "External ID Cannot Be Restored"); (n == 0) != (kept == 0) {
				t.Errorf("%d ids cannot be restored, and the plan warned of %d", kept, n)
			}
			if kept == 0 || kept == len(fixes) {
				t.Errorf("%d of %d ids cannot be restored: this account shows one side only", kept, len(fixes))
			}
		})
	}
}
