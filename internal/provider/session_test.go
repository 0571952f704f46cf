// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Only what the reads of this run offer to change is offered: what they could
// not judge is not.
func TestSession_offeredMemberships(t *testing.T) {
	t.Parallel()
	group := func(id string) audit.Ref { return audit.Ref{Type: audit.TypeGroup, ID: id} }
	tests := map[string]struct {
		note    func(*session)
		offered bool
	}{
		"no audit": {func(*session) {}, false},
		"a removal that is wanted": {func(s *session) {
			s.noteAudit(audit.Report{MemberRemovals: []audit.MemberRemoval{{GroupID: "1", MemberID: "9"}}})
		}, true},
		"another one": {func(s *session) {
			s.noteAudit(audit.Report{MemberRemovals: []audit.MemberRemoval{{GroupID: "1", MemberID: "8"}}})
		}, false},
		"left to a human": {func(s *session) {
			s.noteAudit(audit.Report{ManualActions: []audit.ManualAction{{Ref: group("1"), Members: []audit.NamedRef{{Ref: audit.Ref{ID: "9"}}}}}})
		}, false},
		"a group that could not be judged": {func(s *session) {
			s.noteAudit(audit.Report{Unjudged: []audit.Ref{group("1")}, Failures: []audit.Failure{{Type: audit.TypeGroup, ID: "1"}}})
		}, false},
		"a clone that wants it":      {func(s *session) { s.noteClone("9", []string{"1"}, true) }, true},
		"a clone that wants another": {func(s *session) { s.noteClone("9", []string{"2"}, true) }, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := emptySession()
			tt.note(s)
			if got := s.isOfferedMembership("1", "9"); got != tt.offered {
				t.Errorf("offered %t, want %t", got, tt.offered)
			}
		})
	}
}

// emptySession is a session that has read nothing yet.
func emptySession() *session {
	return &session{offered: map[audit.Ref]string{}, offeredMembers: map[string]bool{}, clones: map[string]map[string]bool{}}
}
