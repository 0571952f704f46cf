// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// The recipe that applies on a schedule, while someone has made IdP objects with
// the names of an admin and of an admin group, of which one is local: nothing of
// that is written, and the report says what to check. More ways to privileges are in
// TestAttack_namesInTheIDP.
func TestProcess_enforceUnderAttack(t *testing.T) {
	t.Parallel()
	st := groupWorld() // 203 is an account admin.
	st.Users = append(st.Users, simulator.User{ID: "105", UserName: "leaver@example.com", Active: true, ExternalID: entraID(905)})
	st.Groups[2].Members = append(st.Groups[2].Members, simulator.Member{Value: "105"})
	st.Groups = append(st.Groups, simulator.Group{ID: "207", DisplayName: "nested", ExternalID: entraID(907)})
	st.Groups[2].Members = append(st.Groups[2].Members, simulator.Member{Value: "207"})
	for i, name := range []string{"operators", "nested"} {
		st.IDP.Groups = append(st.IDP.Groups, simulator.IDPGroup{ID: entraID(6660 + i), DisplayName: name, SecurityEnabled: true})
	}
	st.IDP.Users = append(st.IDP.Users, simulator.IDPUser{ID: entraID(6665), UserPrincipalName: "leaver@example.com", AccountEnabled: true, UserType: "Member"})
	a := startAccount(t, st, simulator.Options{})
	before := a.externalIDs()
	w := recipeModule(t, a, "enforce")
	w.write("outputs.tf", `output "people" {
  value = join("\n", [for m in data.dbxidentity_divergences.this.manual_actions : "${m.principal_type}/${m.principal_id} ${m.reason} ${m.detail} ${m.remedy}"])
}`)
	out := w.must(0, "apply", "-auto-approve", "-input=false")
	saysAll(t, out, "are left to people", "user/105 privileged account role account_admin", "group/207 privileged account role account_admin", "group/203 needs_link_groups",
		"when it was made, by whom")
	want := before
	want["user/101"], want["service_principal/301"] = entraID(101), entraID(301) // Honest ones.
	if diff := cmp.Diff(want, a.externalIDs()); diff != "" {
		t.Errorf("the account (-want +there): %s", diff)
	}
}

// read_only refuses what a destroy and an update would write, and leaves the
// state as it is; the plan shows both.
func TestProcess_readOnlyAfterwards(t *testing.T) {
	t.Parallel()
	a := startAccount(t, groupWorld(), simulator.Options{})
	config := func(settings, want string) string {
		return a.config(settings, externalIDOf("group", "202", want, "on_destroy = \"restore\"")+groupMemberOf("204", "101", "")+
			removalOf("201", "102", "on_destroy = \"restore\""))
	}
	w := newWorkspace(t, config("", entraID(202)))
	w.must(0, "apply", "-auto-approve")
	ids, rosters := a.externalIDs(), a.rosters()
	w.write("main.tf", requiredProviders+config("read_only = true", entraID(203)))
	saysAll(t, w.must(1, "apply", "-auto-approve"), "Refusing to Update External ID", "read_only = true")
	w.must(2, "plan", "-destroy", "-detailed-exitcode")
	saysAll(t, w.must(1, "destroy", "-auto-approve", "-refresh=false"), "Refusing to Delete External ID", "Refusing to Delete Group Member", "Refusing to Delete Group Member Removal")
	if len(w.instances()) != 3 {
		t.Errorf("the state has %v", w.instances())
	}
	if diff := cmp.Diff(ids, a.externalIDs()) + cmp.Diff(rosters, a.rosters()); diff != "" {
		t.Errorf("the account changed: %s", diff)
	}
}

// The directory of someone else: nothing is offered that would follow from it,
// and the plan says what is probably wrong. With the own one the same audit is
// quiet.
func TestProcess_wrongDirectory(t *testing.T) {
	t.Parallel()
	a := startAccount(t, groupWorld(), simulator.Options{})
	audit := `
data "dbxidentity_divergences" "this" { suggest_group_clears = true }
output "fixes" { value = length(data.dbxidentity_divergences.this.external_id_fixes) }
output "reasons" { value = distinct(data.dbxidentity_divergences.this.manual_actions[*].reason) }
`
	foreign := filepath.Join(t.TempDir(), "directory.json")
	if err := os.WriteFile(foreign, []byte(`{"version":1,"users":[{"id":"ffffffff-0000-4000-8000-000000000001","user_name":"nobody@example.org"}],"groups":[],"service_principals":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	w := newWorkspace(t, a.config(fmt.Sprintf("idp = { file = { path = %q } }", foreign), audit))
	saysAll(t, w.must(0, "plan"), "Identity Provider Knows None of These Identities", "check the provider's idp", "fixes = 0", "idp_knows_nobody")
	w.write("main.tf", requiredProviders+a.config(a.file(), audit))
	if out := w.must(0, "plan"); strings.Contains(out, "Knows None of These") {
		t.Errorf("the own directory is doubted: %s", out)
	}
}
