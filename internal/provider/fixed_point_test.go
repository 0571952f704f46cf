// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/presets"
)

// law is the one-step flow with everything that can be switched on, so that
// values are filled, replaced and cleared.
const law = `
data "dbxidentity_divergences" "all" {
  link_groups          = true
  relink               = true
  suggest_group_clears = true

  primary_domains       = ["example.com"]
  suggest_deactivations = true
  suggest_group_renames = true
  deactivation_causes   = ["stale_own_domain", "deleted_in_idp", "disabled_in_idp"]
}

resource "dbxidentity_remediation_ledger" "this" {
  pending_external_ids    = data.dbxidentity_divergences.all.external_id_fixes
  pending_member_removals = data.dbxidentity_divergences.all.member_removals
  pending_memberships     = local.memberships
  pending_deactivations   = data.dbxidentity_divergences.all.deactivations
  pending_group_names     = data.dbxidentity_divergences.all.group_renames

  max_new_external_ids    = -1
  max_new_member_removals = -1
  max_new_deactivations   = -1
}

resource "dbxidentity_external_id" "fix" {
  for_each = dbxidentity_remediation_ledger.this.external_ids

  principal_type               = each.value.principal_type
  principal_id                 = each.value.principal_id
  external_id                  = each.value.external_id
  expected_current_external_id = each.value.current_external_id
  on_destroy                   = "restore"
}

resource "dbxidentity_group_member_removal" "fix" {
  for_each = dbxidentity_remediation_ledger.this.member_removals

  group_id   = each.value.group_id
  member_id  = each.value.member_id
  on_destroy = "restore"

  # A group that becomes local is judged as one.
  depends_on = [dbxidentity_external_id.fix]
}

resource "dbxidentity_group_member" "fix" {
  for_each = dbxidentity_remediation_ledger.this.memberships

  group_id   = each.value.group_id
  member_id  = each.value.member_id
  depends_on = [dbxidentity_external_id.fix]
}

resource "dbxidentity_principal_status" "leaver" {
  for_each = dbxidentity_remediation_ledger.this.deactivations

  principal_type = each.value.principal_type
  principal_id   = each.value.principal_id
  active         = false
  on_destroy     = "restore"
}

resource "dbxidentity_group_name" "local" {
  for_each = dbxidentity_remediation_ledger.this.group_names

  group_id              = each.value.group_id
  name                  = each.value.name
  expected_current_name = each.value.current_name
  on_destroy            = "restore"
}

output "people" {
  value = merge(
    { for d in data.dbxidentity_divergences.all.deactivations : "active/${d.principal_id}" => "false" },
    { for r in data.dbxidentity_divergences.all.group_renames : "name/${r.group_id}" => r.name },
  )
}

output "fixes" {
  value = data.dbxidentity_divergences.all.external_id_fixes
}

output "removals" {
  value = data.dbxidentity_divergences.all.member_removals
}
`

// wishes are memberships as a clone plan gives them: an active user who stays for each of
// the first local groups that no fix concerns. One is there already.
func wishes(st *simulator.State) string {
	fixed, entries, stays := map[string]bool{}, []string{}, map[string]bool{}
	for _, u := range st.IDP.Users {
		stays[u.ID] = u.AccountEnabled && !u.Deleted
	}
	for _, g := range st.IDP.Groups {
		fixed[strings.ToLower(g.DisplayName)] = true
	}
	for i := range st.Groups {
		g := &st.Groups[i]
		if g.ExternalID != "" || fixed[strings.ToLower(g.DisplayName)] || len(g.Roles) > 0 || len(entries) == 4 {
			continue
		}
		at := slices.IndexFunc(st.Users, func(u simulator.User) bool {
			return u.Active && stays[u.ExternalID] && !slices.ContainsFunc(g.Members, func(m simulator.Member) bool { return m.Value == u.ID })
		})
		if entries = append(entries, fmt.Sprintf("%q = { group_id = %q, member_id = %q }", g.ID, g.ID, st.Users[at].ID)); len(entries) == 1 {
			g.Members = append(g.Members, simulator.Member{Value: st.Users[at].ID})
		}
	}
	return "\nlocals {\n  memberships = {\n    " + strings.Join(entries, "\n    ") + "\n  }\n}\n"
}

// rosters are the direct members of all groups that have any, sorted.
func (a account) rosters() map[string][]string {
	out := map[string][]string{}
	for _, g := range a.state().Groups {
		for _, m := range g.Members {
			out[g.ID] = append(out[g.ID], m.Value)
		}
		slices.Sort(out[g.ID])
	}
	return out
}

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

// people are who is active and what groups are called.
func (a account) people() map[string]string {
	out, st := map[string]string{}, a.state()
	for _, u := range st.Users {
		out["active/"+u.ID] = strconv.FormatBool(u.Active)
	}
	for _, g := range st.Groups {
		out["name/"+g.ID] = g.DisplayName
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
// says and nothing else. A second round removes the members that can be judged
// now that the identities are settled. Then the plan is empty, the audit has
// nothing left to fix, and destroy with restore gives the first account back, but
// for what cannot be written back, blank, malformed and doubly held ids, of which the
// plan and the destroy warned.
func TestProcess_fixedPoint(t *testing.T) {
	t.Parallel()
	// Accounts that are just large enough for what is counted below: Terraform takes its
	// time for each instance.
	for _, seed := range []uint64{0, 2, 3} {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			st, err := presets.New("empty")
			if err != nil {
				t.Fatal(err)
			}
			st, err = presets.Generate(st, presets.GenerateOptions{Users: 200, Groups: 60, ServicePrincipals: 30, Seed: seed})
			if err != nil {
				t.Fatal(err)
			}
			memberships := wishes(&st)
			a := startAccount(t, st, simulator.Options{})
			first, rosters, people := a.externalIDs(), a.rosters(), a.people()
			w := newWorkspace(t, a.audited(law+memberships))

			planned := w.must(0, "plan", "-input=false", "-out=plan.bin")
			w.must(0, "apply", "-input=false", "plan.bin")
			fixes := decode[fixOutput](t, []byte(w.output("fixes")))
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

			changed := decode[map[string]string](t, []byte(w.output("people")))
			left, renamed := maps.Clone(people), 0
			for fact, value := range changed {
				left[fact] = value
				if strings.HasPrefix(fact, "name/") {
					renamed++
				}
			}
			if len(changed)-renamed < 3 {
				t.Fatalf("%d deactivations, %d renames: this account shows little", len(changed)-renamed, renamed)
			}
			t.Logf("%d deactivations, %d renames", len(changed)-renamed, renamed)
			if diff := cmp.Diff(left, a.people()); diff != "" {
				t.Errorf("people and names are not what was planned (-planned +there): %s", diff)
			}
			checkRosters(t, a, w, rosters)

			// Members are judged once the identities on both sides are beyond doubt: a
			// second round removes, and does nothing else.
			second := w.must(0, "apply", "-auto-approve", "-input=false")
			for _, line := range strings.Split(second, "\n") {
				if strings.Contains(line, " will be ") && !strings.Contains(line, "dbxidentity_group_member_removal.fix[") &&
					!strings.Contains(line, "dbxidentity_remediation_ledger.this will be updated") {
					t.Errorf("the second round does more than to remove members:%s", line)
				}
			}
			checkRosters(t, a, w, rosters)
			w.must(0, "apply", "-auto-approve", "-input=false") // Nothing but the outputs are new.
			w.must(0, "plan", "-input=false", "-detailed-exitcode")
			if left := w.output("fixes"); left != "{}" {
				t.Errorf("the second audit still offers %s", left)
			}
			if left := w.output("people"); left != "{}" {
				t.Errorf("the second audit still offers %s", left)
			}
			if left := w.output("removals"); left != "{}" {
				t.Errorf("the second audit still offers the removals %s", left)
			}

			destroyed := w.must(0, "destroy", "-auto-approve", "-input=false")
			saysAll(t, destroyed, "External ID Will Be Kept", "External ID Kept")
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
			// No one who left is let in again, and every name is back.
			for fact := range changed {
				if strings.HasPrefix(fact, "name/") {
					left[fact] = people[fact]
				}
			}
			if diff := cmp.Diff(left, a.people()); diff != "" {
				t.Errorf("after destroy (-want +there): %s", diff)
			}
			if diff := cmp.Diff(rosters, a.rosters()); diff != "" {
				t.Errorf("after destroy the members are not the first ones (-first +there): %s", diff)
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

// checkRosters compares the members of all groups with what the plan said.
func checkRosters(t *testing.T, a account, w *workspace, first map[string][]string) {
	t.Helper()
	want := map[string][]string{}
	for group, members := range first {
		want[group] = slices.Clone(members)
	}
	removed, added := 0, 0
	for _, values := range w.instances() {
		group, _ := values["group_id"].(string)
		member, _ := values["member_id"].(string)
		switch {
		case values["removed"] == true:
			removed++
			want[group] = slices.DeleteFunc(want[group], func(id string) bool { return id == member })
		case values["added"] == true:
			added++
			want[group] = append(want[group], member)
			slices.Sort(want[group])
		}
	}
	if removed < 3 || added != 3 {
		t.Errorf("%d members removed and %d added: this account shows little", removed, added)
	}
	for group, members := range want {
		if len(members) == 0 {
			delete(want, group)
		}
	}
	if diff := cmp.Diff(want, a.rosters()); diff != "" {
		t.Errorf("the members are not what was planned (-planned +there): %s", diff)
	}
}
