// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// A whole migration in one apply, after which nothing is planned; and the journal alone
// brings back the account byte for byte, but for what its plan has listed before.
func TestProcess_migrationRollsBack(t *testing.T) {
	t.Parallel()
	a := startPreset(t, "migration", simulator.Options{})
	a.change(func(st *simulator.State) { // So that each kind of change is there.
		st.IDP.Groups = append(st.IDP.Groups, simulator.IDPGroup{ID: entraID(77), DisplayName: "visitors", SecurityEnabled: true})
		st.Users = append(st.Users, simulator.User{ID: "9001", UserName: "left@example.com", Active: true, ExternalID: entraID(9001)})
		st.Groups = append(st.Groups, simulator.Group{ID: "9002", DisplayName: "twins"})
		st.IDP.Groups = append(st.IDP.Groups, simulator.IDPGroup{ID: entraID(78), DisplayName: "twins", SecurityEnabled: true}, simulator.IDPGroup{ID: entraID(79), DisplayName: "twins", SecurityEnabled: true})
	})
	before := a.state()
	var migration example
	for _, e := range examples(t) {
		if e.dir == "whole-migration" {
			migration = e
		}
	}
	w := migration.workspace(t, a, migration.files...).trustsIDP(a)
	w.env = append(w.env, "DBXIDENTITY_ENTRA_TENANT_ID="+a.IDP.EntraTenantID, "DBXIDENTITY_ENTRA_CLIENT_ID="+a.IDP.EntraClientID, "DBXIDENTITY_ENTRA_CLIENT_SECRET="+a.IDP.EntraClientSecret,
		"DBXIDENTITY_ENTRA_AUTHORITY_HOST="+a.IDP.EntraAuthorityHost, "DBXIDENTITY_ENTRA_GRAPH_ENDPOINT="+a.IDP.GraphEndpoint, `TF_VAR_denied=["`+entraID(77)+`"]`)
	saysAll(t, w.must(0, "apply", "-auto-approve", "-var=report=true"), "report = (sensitive value)")
	pinned := w.must(0, "output", "-raw", "assignments")
	var assignments struct{ Assignments map[string]map[string]string }
	if err := json.Unmarshal([]byte(pinned), &assignments); err != nil || len(assignments.Assignments) == 0 {
		t.Fatalf("%v: %s", err, pinned)
	}
	w.write("assignments.auto.tfvars.json", pinned)
	saysAll(t, w.must(0, "apply", "-auto-approve"), "Resources: 0 added, 0 changed, 0 destroyed")
	w.must(0, "plan", "-detailed-exitcode")
	journal := w.content("journal.jsonl")
	for _, operation := range []string{"set_external_id", "remove_member", "set_active", "set_group_name", "add_access_rule"} {
		if !strings.Contains(journal, operation) {
			t.Errorf("the migration has no %s", operation)
		}
	}

	r := rollbackOf(t, a, journal)
	planned := r.must(0, "plan")
	r.must(0, "apply", "-auto-approve")
	r.must(0, "plan", "-detailed-exitcode")
	var stays map[string]string
	if err := json.Unmarshal([]byte(r.output("not_reversible")), &stays); err != nil {
		t.Fatal(err)
	}
	after := a.state()
	for key := range stays {
		if !strings.Contains(planned, key) {
			t.Errorf("%s is not said before", key)
		}
		givesBack(t, &after, before, key)
	}
	if diff := cmp.Diff(stateText(t, before), stateText(t, after)); diff != "" || len(stays) == 0 {
		t.Errorf("with %d facts listed as not reversible (-before +after):\n%s", len(stays), diff)
	}
}

// givesBack makes one fact of the account what it was: the one that a roll-back lists.
func givesBack(t *testing.T, now *simulator.State, before simulator.State, key string) {
	t.Helper()
	path := strings.Split(strings.TrimPrefix(key, "deactivate/"), "/")
	switch {
	case strings.HasPrefix(key, "deactivate/"):
		byID(now.Users, path[1], userID).Active = byID(before.Users, path[1], userID).Active
	case path[0] == "rule":
		now.Account.AccessRules = slices.DeleteFunc(now.Account.AccessRules, func(r simulator.AccessRule) bool { return r.ExternalPrincipalID == path[1] })
	case len(path) == 4:
		group := byID(now.Groups, path[1], groupID)
		was := byID(before.Groups, path[1], groupID).Members
		member := func(m *simulator.Member) string { return m.Value }
		group.Members = append(group.Members, *byID(was, path[3], member))
		place := func(m simulator.Member) int {
			return slices.IndexFunc(was, func(o simulator.Member) bool { return o.Value == m.Value })
		}
		slices.SortFunc(group.Members, func(x, y simulator.Member) int { return place(x) - place(y) })
	case path[0] == "user":
		byID(now.Users, path[1], userID).ExternalID = byID(before.Users, path[1], userID).ExternalID
	case path[0] == "service_principal":
		id := func(p *simulator.ServicePrincipal) string { return p.ID }
		byID(now.ServicePrincipals, path[1], id).ExternalID = byID(before.ServicePrincipals, path[1], id).ExternalID
	default:
		t.Errorf("what is %s?", key)
	}
}

func userID(u *simulator.User) string   { return u.ID }
func groupID(g *simulator.Group) string { return g.ID }

// byID is the one of a list with an id.
func byID[T any](all []T, id string, of func(*T) string) *T {
	return &all[slices.IndexFunc(all, func(one T) bool { return of(&one) == id })]
}

func stateText(t *testing.T, st simulator.State) string {
	t.Helper()
	out, err := json.MarshalIndent(st, "", " ")
	must(t, err)
	return string(out)
}
