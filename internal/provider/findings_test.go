// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/judge"
)

// Only what the reads of this run offer to change is offered: what they could
// not judge is not.
func TestFindings_offersMembership(t *testing.T) {
	t.Parallel()
	group := func(id string) audit.Ref { return audit.Ref{Type: audit.TypeGroup, ID: id} }
	tests := map[string]struct {
		note    func(*findings)
		offered bool
	}{
		"no audit": {func(*findings) {}, false},
		"a removal that is wanted": {func(f *findings) {
			f.addAudit(judge.Report{MemberRemovals: []judge.MemberRemoval{{GroupID: "1", MemberID: "9"}}})
		}, true},
		"another one": {func(f *findings) {
			f.addAudit(judge.Report{MemberRemovals: []judge.MemberRemoval{{GroupID: "1", MemberID: "8"}}})
		}, false},
		"left to a human": {func(f *findings) {
			f.addAudit(judge.Report{ManualActions: []judge.ManualAction{{Ref: group("1"), Members: []judge.NamedRef{{Ref: audit.Ref{ID: "9"}}}}}})
		}, false},
		"a group that could not be judged": {func(f *findings) {
			f.addAudit(judge.Report{Unjudged: []audit.Ref{group("1")}, Failures: []audit.Failure{{Type: audit.TypeGroup, ID: "1"}}})
		}, false},
		"a clone that wants it":      {func(f *findings) { f.addClone("9", []string{"1"}, true) }, true},
		"a clone that wants another": {func(f *findings) { f.addClone("9", []string{"2"}, true) }, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &findings{}
			tt.note(f)
			if got := f.offersMembership("1", "9"); got != tt.offered {
				t.Errorf("offered %t, want %t", got, tt.offered)
			}
		})
	}
}
