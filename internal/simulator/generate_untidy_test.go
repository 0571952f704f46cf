// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/presets"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// untidiness counts what makes an account untidy.
func untidiness(st State) map[string]int {
	got := map[string]int{}
	names, ids := map[string]string{}, map[string]bool{}
	name := func(what, name string) {
		if !norm.NFC.IsNormalString(name) {
			got["decomposed "+what]++
		}
		if strings.TrimSpace(name) != name || strings.Contains(name, "  ") {
			got["spaced "+what]++
		}
		key := what + strings.ToLower(name)
		if other, there := names[key]; there && other != name {
			got["twin "+what]++
		}
		names[key] = name
	}
	id := func(id string) {
		if strings.TrimSpace(id) != id {
			got["spaced id"]++
		}
		if id != "" && ids[id] {
			got["id held twice"]++
		}
		ids[id] = true
	}
	for _, u := range st.Users {
		name("user", u.UserName)
		id(u.ExternalID)
	}
	for _, u := range st.IDP.Users {
		if strings.ToLower(u.UserPrincipalName) != u.UserPrincipalName && !strings.Contains(u.UserPrincipalName, "#EXT#") {
			got["capitals in the IdP"]++
		}
	}
	for _, g := range st.Groups {
		name("group", g.DisplayName)
		id(g.ExternalID)
		if !slices.IsSortedFunc(g.Members, func(a, b Member) int { return world.CompareIDs(a.Value, b.Value) }) {
			got["members unsorted"]++
		}
	}
	return got
}

// Each untidiness is there by default, and none in a tidy account, which differs
// in nothing else.
func TestGenerate_untidy(t *testing.T) {
	t.Parallel()
	options := presets.GenerateOptions{Users: 600, Groups: 150, ServicePrincipals: 20, Seed: 1}
	st, err := presets.Generate(mustPreset(t, "empty"), options)
	if err != nil {
		t.Fatal(err)
	}
	got := untidiness(st)
	for _, want := range []string{
		"decomposed user", "decomposed group", "spaced group", "spaced id", "id held twice", "twin user", "capitals in the IdP", "members unsorted",
	} {
		if got[want] < 2 {
			t.Errorf("%s: %d (all: %v)", want, got[want], got)
		}
	}
	options.Tidy = true
	tidy, err := presets.Generate(mustPreset(t, "empty"), options)
	if err != nil {
		t.Fatal(err)
	}
	left := untidiness(tidy)
	delete(left, "id held twice") // A divergence of its own.
	for what, n := range left {
		t.Errorf("a tidy account has %d of %s", n, what)
	}
	if len(st.Users) != len(tidy.Users) || len(st.Groups) != len(tidy.Groups) {
		t.Errorf("%d users and %d groups, tidy %d and %d", len(st.Users), len(st.Groups), len(tidy.Users), len(tidy.Groups))
	}
}
