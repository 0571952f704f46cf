// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"fmt"
	"slices"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"

	"pgregory.net/rapid"
)

// The index answers as a search through all that was added does.
func TestProperty_refIndexEqualsSearch(t *testing.T) {
	t.Parallel()
	type entry struct {
		key string
		ref audit.Ref
	}
	rapid.Check(t, func(rt *rapid.T) {
		drawn := rapid.Custom(func(rt *rapid.T) entry {
			kind := rapid.SampledFrom([]audit.PrincipalType{audit.TypeUser, audit.TypeGroup}).Draw(rt, "type")
			return entry{rapid.SampledFrom([]string{"x", "y", "z"}).Draw(rt, "key"), audit.Ref{Type: kind, ID: fmt.Sprint(rapid.IntRange(1, 2).Draw(rt, "id"))}}
		})
		added := rapid.SliceOfN(drawn, 0, 6).Draw(rt, "added")
		x := newRefIndex(0)
		for i := range added {
			x.add(added[i].key, &added[i].ref)
		}
		asked := drawn.Draw(rt, "asked")
		want := audit.Ref{}
		i := slices.IndexFunc(added, func(e entry) bool { return e.key == asked.key && e.ref != asked.ref })
		if i >= 0 {
			want = added[i].ref
		}
		if got, found := x.other(asked.key, asked.ref); got != want || found != (i >= 0) {
			rt.Errorf("other than %v: %v, %t, want %v", asked, got, found, want)
		}
		if !slices.Contains(added, asked) {
			return
		}
		if got, found := x.besides(asked.key, asked.ref); got != want || found != (i >= 0) {
			rt.Errorf("besides %v: %v, %t, want %v", asked, got, found, want)
		}
	})
}
