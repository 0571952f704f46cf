// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"fmt"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"
)

// benchInput has the shape of the published scan: of 100 principals 40 are
// stale, 3 linkable, 1 has drifted, the rest is linked and clean.
func benchInput(n int) Input {
	in := Input{Privileges: map[audit.Ref]audit.Privilege{}, Inventory: audit.Inventory{Coverage: fullCoverage}}
	in.Inventory.Principals = make([]audit.Principal, 0, n)
	in.Matches = make([]audit.Match, 0, n)
	for i := range n {
		name := fmt.Sprintf("user%07d@example.com", i)
		id := fmt.Sprintf("%08x-0000-4000-8000-%012x", i, i)
		p := user(fmt.Sprint(100_000_000_000+i), name, id)
		m := audit.Match{Principal: p}
		switch kind := i % 100; {
		case kind < 40:
		case kind < 43:
			m.Principal.ExternalID, p.ExternalID = "", ""
			m.ByName = []audit.Identity{{Type: audit.TypeUser, ExternalID: id, Names: []string{name}}}
			in.Privileges[p.Ref] = audit.Privilege{}
		case kind < 44:
			m.ByExternalID = &audit.Identity{Type: audit.TypeUser, ExternalID: id, Names: []string{"new-" + name}}
		default:
			m.ByExternalID = &audit.Identity{Type: audit.TypeUser, ExternalID: id, Names: []string{name}}
			m.ByName = []audit.Identity{*m.ByExternalID}
		}
		in.Inventory.Principals = append(in.Inventory.Principals, p)
		in.Matches = append(in.Matches, m)
	}
	return in
}

// Linear: ten times the principals take ten times as long.
func BenchmarkDivergences(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			in, o := benchInput(n), directory()
			o.PrimaryDomains = []string{"example.com"}
			o.Waivers = []audit.Waiver{{Type: audit.TypeUser, ID: "1"}, {Category: rules.CategoryLocalMembers}}
			b.ReportAllocs()
			for b.Loop() {
				if r := Divergences(in, o); len(r.ExternalIDFixes) != n/100*3 {
					b.Fatalf("%d fixes, want %d", len(r.ExternalIDFixes), n/100*3)
				}
			}
		})
	}
}
