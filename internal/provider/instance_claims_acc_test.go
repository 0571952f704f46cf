// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/provider"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// membersOf are the ids of a group's direct members.
func (a account) membersOf(groupID string) []string {
	a.t.Helper()
	var out []string
	for _, g := range a.state().Groups {
		if g.ID == groupID {
			for _, m := range g.Members {
				out = append(out, m.Value)
			}
		}
	}
	return out
}

// Two instances for one fact change places in one run: the destroy of the first,
// after the second was created, undoes nothing. Destroyed itself later, the second
// does what its own on_destroy says.
func TestInstanceClaims_createdBeforeDestroyed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		resource string
		config   document
		// held is what the account shows once the fact is there.
		held func(a account) bool
	}{
		"external id": {
			idResource, document{
				"principal_type": "user", "principal_id": "103", "external_id": entraID(3), "expected_current_external_id": entraID(999), "on_destroy": "restore",
			},
			func(a account) bool { return a.userExternalID("103") == entraID(3) },
		},
		"member": {
			memberResource, document{"group_id": "202", "member_id": "101", "on_destroy": "remove"},
			func(a account) bool { return slices.Contains(a.membersOf("202"), "101") },
		},
		"removal": {
			removalResource, document{"group_id": "202", "member_id": "103", "on_destroy": "restore"},
			func(a account) bool { return !slices.Contains(a.membersOf("202"), "103") },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := smallWorld()
			st.Groups[1].Members = []simulator.Member{{Value: "103"}}
			a := startAccount(t, st, simulator.Options{})
			run := func() *wire {
				return dial(t.Context(), t, document{
					"host": a.URL, "account_id": a.AccountID, "client_id": a.ClientID, "client_secret": a.ClientSecret,
					"auth_type": "oauth-m2m", "config_file": "/dev/null", "automatic_identity_management": "off",
				}, provider.WithShortLimits())
			}
			create := func(w *wire) instance {
				i := instance{resource: tt.resource}
				return w.apply(i, w.plan(i, tt.config))
			}
			first := create(run())
			w := run()
			second := create(w)
			w.apply(first, w.plan(first, nil))
			if w.failed() || !tt.held(a) {
				t.Fatalf("the destroy of the first instance undid what the second is for: %v", w.diags)
			}
			if !slices.ContainsFunc(w.diags, saysKept) {
				t.Errorf("no warning says what was kept: %v", w.diags)
			}
			w.apply(second, w.plan(second, nil))
			if w.failed() || tt.held(a) != (tt.resource != memberResource) { // What was found is not undone, unless on_destroy says so.
				t.Errorf("after the destroy of the second instance: held %v, %v", tt.held(a), w.diags)
			}
		})
	}
}

// create_before_destroy, and an instance that is renamed without a moved block, in
// the real command line: one apply, no one loses anything, and the next plan is empty.
func TestProcess_instanceClaims(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	w := newWorkspace(t, a.config("", named("replaced", "user", "103", entraID(3), `expected_current_external_id = "`+entraID(999)+`"
  on_destroy = "restore"
  lifecycle {
    create_before_destroy = true
  }`)+`
resource "dbxidentity_group_member" "replaced" {
  group_id  = "202"
  member_id = "101"
  lifecycle {
    create_before_destroy = true
  }
}
resource "dbxidentity_group_member" "renamed" {
  group_id  = "202"
  member_id = "102"
}`))
	w.must(0, "apply", "-auto-approve")
	w.write("main.tf", strings.Replace(w.main(), `"renamed"`, `"named"`, 1))
	out := w.must(0, "apply", "-auto-approve", "-replace=dbxidentity_external_id.replaced", "-replace=dbxidentity_group_member.replaced")
	saysAll(t, out, "External ID Kept", "Membership Kept")
	if got := a.membersOf("202"); len(got) != 2 || a.userExternalID("103") != entraID(3) {
		t.Errorf("group 202 has %v, user 103 holds %q", got, a.userExternalID("103"))
	}
	w.must(0, "plan", "-detailed-exitcode")
}

func saysKept(d *tfprotov6.Diagnostic) bool {
	return d.Severity == tfprotov6.DiagnosticSeverityWarning && strings.Contains(d.Detail, "another instance, created in this run")
}
