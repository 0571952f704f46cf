// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package world

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// Store is the world behind a lock, with what it was before its last writes. It is
// safe for concurrent use.
type Store struct {
	Now func() time.Time
	// Started is what durations in the state are before.
	Started time.Time

	mu    sync.RWMutex // guards world and everything it points to
	world *World

	// gate is held for reading by every handler, and for writing by one that
	// runs on a throw-away copy of the world. It is taken before mu.
	gate    sync.RWMutex
	history *history
}

// NewStore holds a state document. lag is how long after a write reads may still
// show the old value. The error names the entry of the document that cannot be.
func NewStore(st State, lag time.Duration, now func() time.Time) (*Store, error) {
	w, err := New(st)
	if err != nil {
		return nil, err
	}
	return &Store{Now: now, Started: now(), world: w, history: newHistory(lag, now)}, nil
}

// View runs f with the world locked for reading. f must not keep pointers.
func (s *Store) View(f func(w *World)) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	f(s.world)
}

// Update runs f with the world locked for writing.
func (s *Store) Update(f func(w *World)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.world)
}

// UpdateBy is update with an audit log that says who wrote.
func (s *Store) UpdateBy(by func(w *World) AuditEvent, f func(w *World)) {
	s.Update(func(w *World) {
		w.writer = &auditWriter{AuditEvent: by(w), now: s.Now}
		defer func() { w.writer = nil }()
		f(w)
	})
}

// Directory is that of the identity provider. It never changes once it is built
// (a new state document brings a new one), so that it can be kept after the lock
// is gone.
func (s *Store) Directory() *Directory {
	var d *Directory
	s.View(func(w *World) { d = w.IDP })
	return d
}

// Turn runs a handler while none runs on a throw-away copy.
func (s *Store) Turn(handle func()) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	handle()
}

// Alone runs a handler that may call [Store.OnCopy]: no other runs meanwhile.
func (s *Store) Alone(handle func()) {
	s.gate.Lock()
	defer s.gate.Unlock()
	handle()
}

// OnCopy runs a handler on a throw-away copy of the world, inside [Store.Alone].
func (s *Store) OnCopy(handle func()) error {
	st, err := s.dump()
	if err != nil {
		return err
	}
	scratch, err := New(st)
	if err != nil {
		return err
	}
	s.mu.Lock()
	original := s.world
	s.world = scratch
	s.mu.Unlock()
	s.history.pause(true)
	defer func() {
		s.history.pause(false)
		s.mu.Lock()
		s.world = original
		s.mu.Unlock()
	}()
	handle()
	return nil
}

// State is the world as a document: a deep copy, sorted.
func (s *Store) State() (State, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	return s.dump()
}

// dump is state for who holds the gate already.
func (s *Store) dump() (State, error) {
	var st State
	var err error
	s.View(func(w *World) { st, err = w.Dump() })
	return st, err
}

// Replace puts another world in place. The error names the entry that cannot be,
// and then nothing has changed. What was written before is not shown stale any more.
func (s *Store) Replace(st State) error {
	w, err := New(st)
	if err != nil {
		return err
	}
	s.gate.RLock()
	defer s.gate.RUnlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world = w
	s.history.clear()
	return nil
}

// KeepForFaults keeps what writes replace, for the fault that shows it, even
// without a lag.
func (s *Store) KeepForFaults(on bool) { s.history.byFault.Store(on) }

// Remember is called inside update, before a principal is created, changed or
// deleted; for a creation with the id that it is going to have.
func (s *Store) Remember(w *World, kind Kind, id string) {
	if !s.history.inUse() {
		return
	}
	var before any
	if p, ok := w.Find(kind, id); ok {
		before = p.Clone()
	}
	s.history.keep(principalKey(kind, id), before)
}

// Visible is what a read of a principal shows: the principal as it is, or as it
// was before a recent write; false when it does (or did) not exist.
func (s *Store) Visible(stale bool, w *World, kind Kind, id string) (Principal, bool) {
	if s.history.inUse() {
		if old, was := s.history.pick(principalKey(kind, id), stale); was {
			p, ok := old.(Principal)
			return p, ok
		}
	}
	return w.Find(kind, id)
}

// VisibleAll is what a list of that kind shows, in order of ids. It returns
// false when nothing is stale, and then the world's own slices are true.
func (s *Store) VisibleAll(stale bool, w *World, kind Kind) ([]Principal, bool) {
	if !s.history.inUse() {
		return nil, false
	}
	prefix := principalKey(kind, "")
	was := map[string]any{}
	for _, key := range s.history.keys(prefix) {
		if old, ok := s.history.pick(key, stale); ok {
			was[strings.TrimPrefix(key, prefix)] = old
		}
	}
	if len(was) == 0 {
		return nil, false
	}
	var out []Principal
	for _, p := range w.All(kind) {
		if _, ok := was[p.ID()]; !ok {
			out = append(out, p)
		}
	}
	for _, old := range was {
		if p, ok := old.(Principal); ok {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b Principal) int { return CompareIDs(a.ID(), b.ID()) })
	return out, true
}

// Recall is visible for what is no principal, under a key of the caller's;
// RememberValue is its Remember. The value must not be changed afterwards.
func (s *Store) Recall(stale bool, key string, current any) any {
	if s.history.inUse() {
		if old, was := s.history.pick(key, stale); was {
			return old
		}
	}
	return current
}

// RememberValue is called before a value is changed.
func (s *Store) RememberValue(key string, before any) {
	if s.history.inUse() {
		s.history.keep(key, before)
	}
}
