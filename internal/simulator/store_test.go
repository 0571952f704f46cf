// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// twoUsers is an account with users 201 and 202, a service principal 401 and
// groups 301 and 302, which are in each other.
func twoUsers() State {
	return State{
		Users: []User{{ID: "201", UserName: "user201@example.com"}, {ID: "202", UserName: "user202@example.com"}},
		Groups: []Group{
			{ID: "301", DisplayName: "outer", Members: []Member{{Value: "302"}}},
			{ID: "302", DisplayName: "inner", Members: []Member{{Value: "401"}, {Value: "301"}}},
		},
		ServicePrincipals: []ServicePrincipal{{ID: "401", ApplicationID: "0a000000-0000-4000-8000-000000000401"}},
	}
}

// setExternalID is a write as the handlers do it.
func setExternalID(s *store, id, value string) {
	s.update(func(w *world) {
		s.remember(w, kindUser, id)
		p, _ := w.find(kindUser, id)
		p.user.ExternalID = value
	})
}

func TestConsistency_lag(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0).UTC()
	s, err := newStore(twoUsers(), time.Minute, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	reads := func(n int) []string {
		var out []string
		for range n {
			s.view(func(w *world) {
				p, _ := s.visible(false, w, kindUser, "201")
				out = append(out, p.externalID())
			})
		}
		return out
	}
	if diff := cmp.Diff([]string{"", ""}, reads(2)); diff != "" {
		t.Errorf("before any write:\n%s", diff)
	}
	setExternalID(s, "201", "one")
	if diff := cmp.Diff([]string{"", "one", "", "one"}, reads(4)); diff != "" {
		t.Errorf("after one write (-want +got):\n%s", diff)
	}
	now = now.Add(30 * time.Second)
	setExternalID(s, "201", "two")
	if diff := cmp.Diff([]string{"", "two"}, reads(2)); diff != "" {
		t.Errorf("after two writes (-want +got):\n%s", diff)
	}
	now = now.Add(30 * time.Second)
	if diff := cmp.Diff([]string{"one", "two"}, reads(2)); diff != "" {
		t.Errorf("after the first write's lag (-want +got):\n%s", diff)
	}
	now = now.Add(30 * time.Second)
	if diff := cmp.Diff([]string{"two", "two"}, reads(2)); diff != "" {
		t.Errorf("after both lags (-want +got):\n%s", diff)
	}
	if n := len(s.history.versions); n != 0 {
		t.Errorf("%d versions are kept for ever", n)
	}
}

func TestConsistency_createAndDelete(t *testing.T) {
	t.Parallel()
	s, err := newStore(twoUsers(), time.Hour, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	s.update(func(w *world) {
		id := w.nextID()
		s.remember(w, kindUser, id)
		if err := w.add(principalRef{kind: kindUser, user: &User{ID: id, UserName: "new@example.com"}}); err != nil {
			t.Error(err)
		}
		s.remember(w, kindUser, "201")
		p, _ := w.find(kindUser, "201")
		w.remove(p)
	})
	list := func() []string {
		var out []string
		s.view(func(w *world) {
			all, stale := s.visibleAll(false, w, kindUser)
			if !stale {
				all = w.all(kindUser)
			}
			for _, p := range all {
				out = append(out, p.id())
			}
		})
		return out
	}
	for i, want := range [][]string{{"201", "202"}, {"202", "402"}, {"201", "202"}} {
		if diff := cmp.Diff(want, list()); diff != "" {
			t.Errorf("list %d (-want +got):\n%s", i, diff)
		}
	}
}

// TestConsistency_sharesNothing wants a remembered group not to follow later writes.
func TestConsistency_sharesNothing(t *testing.T) {
	t.Parallel()
	s, err := newStore(twoUsers(), 0, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	s.keepForFaults(true)
	s.update(func(w *world) {
		p, _ := w.find(kindGroup, "302")
		s.remember(w, kindGroup, "302")
		w.removeMember(p.group, "401")
		w.addMember(p.group, "202", sourceInternal)
	})
	s.view(func(w *world) {
		old, _ := s.visible(true, w, kindGroup, "302")
		if diff := cmp.Diff([]Member{{Value: "401"}, {Value: "301"}}, old.group.Members); diff != "" {
			t.Errorf("stale members (-want +got):\n%s", diff)
		}
		now, _ := s.visible(false, w, kindGroup, "302")
		if diff := cmp.Diff([]Member{{Value: "301"}, {Value: "202"}}, now.group.Members); diff != "" {
			t.Errorf("members (-want +got):\n%s", diff)
		}
	})
}
