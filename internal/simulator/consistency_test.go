// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// setExternalID is a write as the handlers do it.
func setExternalID(s *Server, id, value string) {
	s.store.update(func(w *world) {
		s.store.remember(w, kindUser, id)
		p, _ := w.find(kindUser, id)
		p.user.ExternalID = value
	})
}

func TestConsistency_lag(t *testing.T) {
	t.Parallel()
	var c clock
	s, err := New(smallAccount(), Options{Now: c.now, ConsistencyLag: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	reads := func(n int) []string {
		var out []string
		for range n {
			s.store.view(func(w *world) {
				p, _ := s.store.visible(false, w, kindUser, "201")
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
	c.advance(30 * time.Second)
	setExternalID(s, "201", "two")
	if diff := cmp.Diff([]string{"", "two"}, reads(2)); diff != "" {
		t.Errorf("after two writes (-want +got):\n%s", diff)
	}
	c.advance(30 * time.Second)
	if diff := cmp.Diff([]string{"one", "two"}, reads(2)); diff != "" {
		t.Errorf("after the first write's lag (-want +got):\n%s", diff)
	}
	c.advance(30 * time.Second)
	if diff := cmp.Diff([]string{"two", "two"}, reads(2)); diff != "" {
		t.Errorf("after both lags (-want +got):\n%s", diff)
	}
	if n := len(s.store.history.versions); n != 0 {
		t.Errorf("%d versions are kept for ever", n)
	}
}

func TestConsistency_createAndDelete(t *testing.T) {
	t.Parallel()
	s, err := New(smallAccount(), Options{ConsistencyLag: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	s.store.update(func(w *world) {
		id := w.nextID()
		s.store.remember(w, kindUser, id)
		if err := w.add(principalRef{kind: kindUser, user: &User{ID: id, UserName: "new@example.com"}}); err != nil {
			t.Error(err)
		}
		s.store.remember(w, kindUser, "201")
		p, _ := w.find(kindUser, "201")
		w.remove(p)
	})
	list := func() []string {
		var out []string
		s.store.view(func(w *world) {
			all, stale := s.store.visibleAll(false, w, kindUser)
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
	s, err := New(smallAccount(), Options{Faults: []Fault{{Kind: FaultStale}}})
	if err != nil {
		t.Fatal(err)
	}
	s.store.update(func(w *world) {
		p, _ := w.find(kindGroup, "302")
		s.store.remember(w, kindGroup, "302")
		w.removeMember(p.group, "401")
		w.addMember(p.group, "202", sourceInternal)
	})
	s.store.view(func(w *world) {
		old, _ := s.store.visible(true, w, kindGroup, "302")
		if diff := cmp.Diff([]Member{{Value: "401"}, {Value: "301"}}, old.group.Members); diff != "" {
			t.Errorf("stale members (-want +got):\n%s", diff)
		}
		now, _ := s.store.visible(false, w, kindGroup, "302")
		if diff := cmp.Diff([]Member{{Value: "301"}, {Value: "202"}}, now.group.Members); diff != "" {
			t.Errorf("members (-want +got):\n%s", diff)
		}
	})
}

// TestConsistency_overHTTP runs both over permission assignments.
func TestConsistency_overHTTP(t *testing.T) {
	t.Parallel()
	lagging := startTest(t, smallAccount(), Options{ConsistencyLag: time.Hour})
	faulty := startTest(t, smallAccount(), Options{Faults: []Fault{{Kind: FaultStale, Method: "GET", Times: 2}}})
	for name, tt := range map[string]struct {
		sim  *Running
		want []bool
	}{
		"lag":   {lagging, []bool{false, true, false, true}},
		"fault": {faulty, []bool{false, false, true, true}},
	} {
		if got := call(t, tt.sim, "PUT", assignmentPath, assignUser); got.status != 200 {
			t.Fatalf("%s: PUT: %d", name, got.status)
		}
		var got []bool
		for range tt.want {
			got = append(got, assignees(t, tt.sim)["202"])
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: shown (-want +got):\n%s", name, diff)
		}
	}
}
