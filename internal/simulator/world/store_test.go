// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package world

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
func setExternalID(s *Store, id, value string) {
	s.Update(func(w *World) {
		s.Remember(w, KindUser, id)
		p, _ := w.Find(KindUser, id)
		p.User.ExternalID = value
	})
}

func TestConsistency_lag(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0).UTC()
	s, err := NewStore(twoUsers(), time.Minute, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	reads := func(n int) []string {
		var out []string
		for range n {
			s.View(func(w *World) {
				p, _ := s.Visible(false, w, KindUser, "201")
				out = append(out, p.ExternalID())
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
	s, err := NewStore(twoUsers(), time.Hour, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	s.Update(func(w *World) {
		id := w.NextID()
		s.Remember(w, KindUser, id)
		if err := w.Add(Principal{Kind: KindUser, User: &User{ID: id, UserName: "new@example.com"}}); err != nil {
			t.Error(err)
		}
		s.Remember(w, KindUser, "201")
		p, _ := w.Find(KindUser, "201")
		w.Remove(p)
	})
	list := func() []string {
		var out []string
		s.View(func(w *World) {
			all, stale := s.VisibleAll(false, w, KindUser)
			if !stale {
				all = w.All(KindUser)
			}
			for _, p := range all {
				out = append(out, p.ID())
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
	s, err := NewStore(twoUsers(), 0, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	s.KeepForFaults(true)
	s.Update(func(w *World) {
		p, _ := w.Find(KindGroup, "302")
		s.Remember(w, KindGroup, "302")
		w.RemoveMember(p.Group, "401")
		w.AddMember(p.Group, "202", SourceInternal)
	})
	s.View(func(w *World) {
		old, _ := s.Visible(true, w, KindGroup, "302")
		if diff := cmp.Diff([]Member{{Value: "401"}, {Value: "301"}}, old.Group.Members); diff != "" {
			t.Errorf("stale members (-want +got):\n%s", diff)
		}
		now, _ := s.Visible(false, w, KindGroup, "302")
		if diff := cmp.Diff([]Member{{Value: "301"}, {Value: "202"}}, now.Group.Members); diff != "" {
			t.Errorf("members (-want +got):\n%s", diff)
		}
	})
}
