// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// What a destroy cannot write back is said by the fix, by the plan, by the plan of
// the destroy and by the destroy; what it can comes back as it was, in the Unicode form
// that it had.
func TestProcess_restoreOfUntidyValues(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		before, why string
		spoil       func(st *simulator.State)
	}{
		"free":            {before: entraID(888)},
		"decomposed":      {before: norm.NFD.String("josé")},
		"spaces":          {before: " " + entraID(101) + " ", why: "has a space"},
		"held by another": {before: entraID(202), why: "belongs to group/202", spoil: func(st *simulator.State) { setExternalID(st, "group", "202", entraID(202)) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := smallWorld()
			setExternalID(&st, "user", "101", tt.before)
			if tt.spoil != nil {
				tt.spoil(&st)
			}
			a := startAccount(t, st, simulator.Options{})
			w := newWorkspace(t, a.audited(`
data "dbxidentity_divergences" "all" {
  relink = true
}

resource "dbxidentity_external_id" "this" {
  for_each = { for key, fix in data.dbxidentity_divergences.all.external_id_fixes : key => fix if key == "user/101" }

  principal_type               = each.value.principal_type
  principal_id                 = each.value.principal_id
  external_id                  = each.value.external_id
  expected_current_external_id = each.value.current_external_id
  on_destroy                   = "restore"
}

output "reversible" {
  value = [for key, fix in data.dbxidentity_divergences.all.external_id_fixes : fix.reversible if key == "user/101"]
}
`))
			out := w.must(0, "apply", "-auto-approve")
			if got := a.userExternalID("101"); got != entraID(101) {
				t.Fatalf("user 101 holds %q", got)
			}
			kept := tt.why != ""
			if said := strings.Contains(out, "External ID Cannot Be Restored"); said != kept || !strings.Contains(out, map[bool]string{true: "false,", false: "true,"}[kept]) {
				t.Errorf("the apply says %v: %s", said, out)
			}
			destroyed := w.must(0, "destroy", "-auto-approve", "-refresh=false")
			want := tt.before
			if kept {
				want = entraID(101)
				saysAll(t, destroyed, "External ID Will Be Kept", "External ID Kept", tt.why)
			} else if strings.Contains(destroyed, "Kept") {
				t.Errorf("the destroy says %s", destroyed)
			}
			if got := a.userExternalID("101"); got != want {
				t.Errorf("user 101 holds %q, want %q", got, want)
			}
		})
	}
}
