// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/presets"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

func mustPreset(t *testing.T, name string) State {
	t.Helper()
	st, err := presets.New(name)
	if err != nil {
		t.Fatalf("presets.New(%q): %v", name, err)
	}
	return st
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestPreset_sameBytesAndOwnCopy(t *testing.T) {
	t.Parallel()
	for _, name := range presets.Names() {
		first := mustPreset(t, name)
		want := mustJSON(t, first)
		first.Account.AccountID = "changed"
		for i := range first.Users {
			first.Users[i].ExternalID = "changed"
		}
		if diff := cmp.Diff(want, mustJSON(t, mustPreset(t, name))); diff != "" {
			t.Errorf("%s: two calls differ:\n%s", name, diff)
		}
	}
}

// A catalog in which no one was granted anything tells nothing apart from one that was
// not read: no look at access would be complete on it.
func TestPreset_grants(t *testing.T) {
	t.Parallel()
	for _, name := range presets.Names() {
		for _, m := range mustPreset(t, name).UnityCatalog.Metastores {
			if !slices.ContainsFunc(m.Securables, func(s Securable) bool { return len(s.Grants) > 0 }) {
				t.Errorf("%s: metastore %s has no grant", name, m.Name)
			}
		}
	}
}

func TestPreset_unknownNameListsTheNames(t *testing.T) {
	t.Parallel()
	_, err := presets.New("demo2")
	if err == nil || !strings.Contains(err.Error(), `"demo2"`) || !strings.Contains(err.Error(), "empty, demo, field-scan") {
		t.Errorf("error %v does not name the preset and the choices", err)
	}
}

func TestPreset_credentials(t *testing.T) {
	t.Parallel()
	for _, name := range presets.Names() {
		st := mustPreset(t, name)
		w, err := world.New(st)
		if err != nil {
			t.Fatal(err)
		}
		admin := w.ByID[st.Account.Tokens[0].PrincipalID].SP
		if admin == nil || admin.ApplicationID != st.Account.OAuthClients[0].ClientID ||
			len(admin.Roles) != 1 || admin.Roles[0].Value != "account_admin" {
			t.Errorf("%s: the first credential is not an account admin's: %+v", name, admin)
		}
		if name == "empty" {
			if len(st.Users)+len(st.Groups)+len(st.ServicePrincipals)+len(st.Workspaces) != 1 {
				t.Errorf("empty holds more than its caller: %s", mustJSON(t, st))
			}
			continue
		}
		reader := st.Account.OAuthClients[1].ClientID
		for _, sp := range st.ServicePrincipals {
			if sp.ApplicationID == reader && len(sp.Roles)+len(w.TransitiveParents(sp.ID)) != 1 { // account users
				t.Errorf("%s: the second credential is privileged: %+v", name, sp)
			}
		}
	}
}

func TestGenerate_sameSeedSameBytes(t *testing.T) {
	t.Parallel()
	base := mustPreset(t, "demo")
	before := mustJSON(t, base)
	g := presets.GenerateOptions{Users: 400, Groups: 60, ServicePrincipals: 40, Workspaces: 12, Seed: 7}
	first, err := presets.Generate(base, g)
	if err != nil {
		t.Fatal(err)
	}
	second, err := presets.Generate(base, g)
	if err != nil {
		t.Fatal(err)
	}
	if mustJSON(t, first) != mustJSON(t, second) {
		t.Error("the same seed gave two states")
	}
	if mustJSON(t, base) != before {
		t.Error("Generate changed its input")
	}
	g.Seed = 8
	other, err := presets.Generate(base, g)
	if err != nil {
		t.Fatal(err)
	}
	if mustJSON(t, first) == mustJSON(t, other) {
		t.Error("two seeds gave one state")
	}
	got := []int{
		len(first.Users) - len(base.Users), len(first.Groups) - len(base.Groups),
		len(first.ServicePrincipals) - len(base.ServicePrincipals), len(first.Workspaces) - len(base.Workspaces),
	}
	if diff := cmp.Diff([]int{400, 60, 40, 12}, got); diff != "" {
		t.Errorf("numbers added (-want +got):\n%s", diff)
	}
	again, err := presets.Generate(first, g)
	if err != nil {
		t.Errorf("generating on top of a generated state: %v", err)
	}
	if len(again.Users) != len(first.Users)+400 {
		t.Errorf("%d users after the second round", len(again.Users))
	}
}

func TestGenerate_negativeNumber(t *testing.T) {
	t.Parallel()
	_, err := presets.Generate(mustPreset(t, "empty"), presets.GenerateOptions{Groups: -1})
	if err == nil || !strings.Contains(err.Error(), "-1 groups") {
		t.Errorf("error %v does not name the number", err)
	}
}

func BenchmarkGenerate_100000(b *testing.B) {
	for b.Loop() {
		if _, err := presets.Generate(State{}, presets.GenerateOptions{Users: 90000, Groups: 9000, ServicePrincipals: 1000, Workspaces: 100, Seed: 1}); err != nil {
			b.Fatal(err)
		}
	}
}

// The clone story: the caller can verify that one group leads nowhere, and the
// source has something of its own that a clone does not copy.
func TestPreset_demoCatalog(t *testing.T) {
	t.Parallel()
	st, err := presets.New("demo")
	if err != nil {
		t.Fatal(err)
	}
	sim := startTest(t, st, Options{})
	host, err := sim.WorkspaceHost(7000000000000001)
	if err != nil {
		t.Fatal(err)
	}
	holders := map[string]bool{}
	for _, sec := range st.UnityCatalog.Metastores[0].Securables {
		got := callHost(t, host, "GET", "/api/2.1/unity-catalog/permissions/"+strings.Replace(sec.Type, world.TypeModel, world.TypeFunction, 1)+"/"+sec.FullName, "", bearer(sim.Token))
		if got.status != 200 {
			t.Errorf("grants of %s %s: %d %s", sec.Type, sec.FullName, got.status, got.body)
		}
		holders[sec.Owner] = true
		for _, g := range sec.Grants {
			holders[g.Principal] = true
			if !strings.Contains(got.body, `"`+g.Principal+`"`) {
				t.Errorf("%s %s does not show %s: %s", sec.Type, sec.FullName, g.Principal, got.body)
			}
		}
	}
	if holders["ml-catalog-readers"] || !holders["bi-consumers"] || !holders["user31@example.com"] {
		t.Errorf("holders: %v", holders)
	}
	for _, g := range st.Groups {
		if g.DisplayName != "ml-catalog-readers" {
			continue
		}
		for _, ws := range st.Workspaces {
			if ws.Assignment(g.ID) != nil {
				t.Errorf("ml-catalog-readers is assigned to %s", ws.WorkspaceName)
			}
		}
	}
}
