// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"maps"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/presets"
)

// wideAccount is the account of the figures: 5,000 groups, 20 workspaces
// on 2 metastores with 100 catalogs each. The source is in 20 groups, the target in 5 of
// them, and each of the 20 is in another one: 40 groups in the two closures.
func wideAccount(t *testing.T) (st simulator.State, securables map[string]int) {
	t.Helper()
	empty, err := presets.New("empty")
	if err != nil {
		t.Fatal(err)
	}
	st, err = presets.Generate(empty, presets.GenerateOptions{Groups: 4960, Users: 100, Workspaces: 20, Metastores: 2, Catalogs: 100, Seed: 5, Clean: true})
	if err != nil {
		t.Fatal(err)
	}
	const source, target = "900000000001", "900000000002"
	st.Users = append(st.Users, simulator.User{ID: source, UserName: "source@example.com", Active: true}, simulator.User{ID: target, UserName: "target@example.com", Active: true})
	id := func(n int) string { return fmt.Sprint(90000000000000 + n) }
	for n := range 40 {
		g := simulator.Group{ID: id(n), DisplayName: fmt.Sprintf("wide-%02d", n)}
		switch {
		case n < 5:
			g.Members = []simulator.Member{{Value: source}, {Value: target}}
		case n < 20:
			g.Members = []simulator.Member{{Value: source}}
		default:
			g.Members = []simulator.Member{{Value: id(n - 20)}}
		}
		st.Groups = append(st.Groups, g)
	}
	securables = map[string]int{}
	for _, m := range st.UnityCatalog.Metastores {
		for _, s := range m.Securables {
			securables[s.Type]++
		}
	}
	return st, securables
}

// The figures of the issue: on IAM v2 at most 10 requests, 3 per group of the two
// closures, one per workspace and one per securable. At depth all the objects
// have to be listed, too: schemas per catalog; tables, volumes and functions per
// schema; there is no list of a whole metastore for these.
func TestClonePlan_requests(t *testing.T) {
	t.Parallel()
	st, securables := wideAccount(t)
	const base = 10 + 3*40 + 20
	metastoreLevel := 2 + securables["catalog"] + securables["connection"] + securables["external_location"] + securables["storage_credential"]
	everything := 2
	for _, n := range securables {
		everything += n
	}
	if len(st.Groups) != 5000 || len(st.Workspaces) != 20 || securables["catalog"] != 200 {
		t.Fatalf("%d groups, %d workspaces, securables %v", len(st.Groups), len(st.Workspaces), securables)
	}
	for name, c := range map[string]struct {
		scan        map[string]any
		most        int
		list, count string
	}{
		"no scan":          {nil, base, "unverified", "15"},
		"scan of catalogs": {map[string]any{"scan_unity_catalog": true}, base + metastoreLevel, "unverified", "15"},
		"scan of everything": {
			map[string]any{"scan_unity_catalog": true, "unity_catalog_depth": "all"}, base + everything + securables["catalog"] + 3*securables["schema"], "skipped", "15",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := startAccount(t, st, simulator.Options{})
			s := a.serve(map[string]any{"identity_api": "iam_v2"})
			got, said := s.read(clonePlanType, wideClone(c.scan))
			counts, _ := got["counts"].(map[string]any)
			if said != "" || got["complete"] != true || fmt.Sprint(counts[c.list]) != c.count || fmt.Sprint(counts["already_member"]) != "5" {
				t.Fatalf("counts %v: %s", counts, said)
			}
			if n := a.Server.Requests().Total; n > c.most {
				t.Errorf("%d requests, want at most %d: %v", n, c.most, a.Server.Requests().ByRoute)
			}
			// A second data source of the run costs the two lookups.
			before := a.Server.Requests().Total
			if _, said := s.read(clonePlanType, wideClone(c.scan)); said != "" {
				t.Error(said)
			}
			if n := a.Server.Requests().Total - before; n > 2 {
				t.Errorf("the second one took %d requests: %v", n, a.Server.Requests().ByRoute)
			}
		})
	}
}

// Permission assignments are read once per workspace, for any number of data
// sources (part 4, group 10).
func TestClonePlan_hundredWorkspaces(t *testing.T) {
	t.Parallel()
	demo, err := presets.New("demo")
	if err != nil {
		t.Fatal(err)
	}
	st, err := presets.Generate(demo, presets.GenerateOptions{Workspaces: 96, Seed: 3, Clean: true})
	if err != nil {
		t.Fatal(err)
	}
	a := startAccount(t, st, simulator.Options{})
	s := a.serve(nil)
	for range 3 {
		if got, said := s.read(clonePlanType, cloneOf(nil)); said != "" || got["complete"] != true {
			t.Fatal(said)
		}
	}
	if n := a.requestsTo("permissionassignments"); n != 100 {
		t.Errorf("%d requests for permission assignments, want 100", n)
	}
	if n := a.Server.Requests().Total; n > 150 {
		t.Errorf("%d requests: %v", n, a.Server.Requests().ByRoute)
	}
}

// On SCIM the account is crawled once per run, for any number of data sources.
func TestClonePlan_oneCrawl(t *testing.T) {
	t.Parallel()
	st, _ := wideAccount(t)
	a := startAccount(t, st, simulator.Options{NoIAMv2: true})
	s := a.serve(map[string]any{"automatic_identity_management": "off", "reads_per_second": 100_000})
	for range 10 {
		if got, said := s.read(clonePlanType, wideClone(nil)); said != "" || got["route"] != "scim" {
			t.Fatalf("route %v: %s", got["route"], said)
		}
	}
	// Groups and pages of 100, once; two lookups each; workspaces, roles, a token,
	// and the tries of IAM v2.
	const most = 5000 + 50 + 5 + 10*2 + 20 + 10
	if n := a.Server.Requests().Total; n < 5000 || n > most {
		t.Errorf("%d requests, want 5000 to %d: %v", n, most, a.Server.Requests().ByRoute)
	}
}

func wideClone(more map[string]any) map[string]any {
	out := map[string]any{"source": map[string]any{"user_name": "source@example.com"}, "target": map[string]any{"user_name": "target@example.com"}}
	maps.Copy(out, more)
	return out
}
