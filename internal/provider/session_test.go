// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Only what the reads of this run want to change, or could not judge, is open.
func TestSession_openMemberships(t *testing.T) {
	t.Parallel()
	group := func(id string) audit.Ref { return audit.Ref{Type: audit.TypeGroup, ID: id} }
	listed := audit.Coverage{Users: true, Groups: true, ServicePrincipals: true}
	scanned := map[audit.PrincipalType][]string{audit.TypeGroup: {"1", "2"}}
	tests := map[string]struct {
		note func(*session)
		open bool
	}{
		"no audit": {func(*session) {}, false},
		"a removal that is wanted": {func(s *session) {
			s.noteAudit(audit.Report{Scanned: scanned, Coverage: listed, MemberRemovals: []audit.MemberRemoval{{GroupID: "1", MemberID: "9"}}})
		}, true},
		"another one": {func(s *session) {
			s.noteAudit(audit.Report{Scanned: scanned, Coverage: listed, MemberRemovals: []audit.MemberRemoval{{GroupID: "1", MemberID: "8"}}})
		}, false},
		"left to a human": {func(s *session) {
			s.noteAudit(audit.Report{Scanned: scanned, Coverage: listed, ManualActions: []audit.ManualAction{{Ref: group("1"), MemberIDs: []string{"9"}}}})
		}, true},
		"members that could not be read": {func(s *session) {
			s.noteAudit(audit.Report{Scanned: scanned, Coverage: listed, Failures: []audit.Failure{{Type: audit.TypeGroup, ID: "1"}}})
		}, true},
		"a group that could not be judged": {func(s *session) {
			s.noteAudit(audit.Report{Scanned: scanned, Coverage: listed, Unjudged: []audit.Ref{group("1")}})
		}, true},
		"groups that could not be listed": {func(s *session) {
			s.noteAudit(audit.Report{Scanned: map[audit.PrincipalType][]string{audit.TypeGroup: nil}})
		}, true},
		"of another list":                {func(s *session) { s.noteAudit(audit.Report{Scanned: scanned}) }, false},
		"a clone that wants it":          {func(s *session) { s.noteClone("9", []string{"1"}, true) }, true},
		"a clone that wants another":     {func(s *session) { s.noteClone("9", []string{"2"}, true) }, false},
		"an incomplete clone":            {func(s *session) { s.noteClone("9", nil, false) }, true},
		"an incomplete clone of another": {func(s *session) { s.noteClone("8", nil, false) }, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &session{}
			tt.note(s)
			if got := s.isOpenMembership("1", "9"); got != tt.open {
				t.Errorf("open %t, want %t", got, tt.open)
			}
		})
	}
}
