// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

func TestFederation(t *testing.T) {
	t.Parallel()
	on, off, missing := ptr(true), ptr(false), (*bool)(nil)
	disabled := []string{"IDENTITY_FEDERATION_DISABLED"}
	cases := map[string]struct {
		workspaces []audit.Workspace
		states     []string
		categories [][]string
		clean      bool
	}{
		"no workspaces":  {nil, nil, nil, true},
		"all on":         {[]audit.Workspace{{ID: "1", Federation: on}}, []string{"enabled"}, [][]string{nil}, true},
		"one off":        {[]audit.Workspace{{ID: "1", Federation: on}, {ID: "2", Federation: off}}, []string{"enabled", "disabled"}, [][]string{nil, disabled}, false},
		"one missing":    {[]audit.Workspace{{ID: "1", Federation: on}, {ID: "2", Federation: missing}}, []string{"enabled", "disabled"}, [][]string{nil, disabled}, false},
		"off or missing": {[]audit.Workspace{{ID: "1", Federation: off}, {ID: "2", Federation: missing}}, []string{"disabled", "disabled"}, [][]string{disabled, disabled}, false},
		"all missing":    {[]audit.Workspace{{ID: "1"}, {ID: "2"}}, []string{"unknown", "unknown"}, [][]string{disabled, disabled}, false},
		"sorted by id":   {[]audit.Workspace{{ID: "10", Federation: on}, {ID: "9", Federation: off}}, []string{"disabled", "enabled"}, [][]string{disabled, nil}, false},
		"every status":   {[]audit.Workspace{{ID: "1", Status: "FAILED", Federation: off}}, []string{"disabled"}, [][]string{disabled}, false},
	}
	for label, c := range cases {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			r := Federation(c.workspaces)
			var states []string
			var categories [][]string
			want := map[string]int{"enabled": 0, "disabled": 0, "unknown": 0, "IDENTITY_FEDERATION_DISABLED": 0}
			for _, w := range r.Workspaces {
				states, categories = append(states, w.Federation), append(categories, w.ErrorCategories)
			}
			for i, s := range c.states {
				want[s]++
				want["IDENTITY_FEDERATION_DISABLED"] += len(c.categories[i])
			}
			same(t, "states", states, c.states)
			same(t, "categories", categories, c.categories)
			same(t, "counts", r.Counts, want)
			same(t, "clean", r.Clean, c.clean)
		})
	}
}
