// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// store is the world behind a lock, with what it was before its last writes. It is
// safe for concurrent use.
type store struct {
	now func() time.Time
	// started is what durations in the state are before.
	started time.Time

	mu    sync.RWMutex // guards world and everything it points to
	world *world

	// gate is held for reading by every handler, and for writing by one that
	// runs on a throw-away copy of the world. It is taken before mu.
	gate    sync.RWMutex
	history *history
}

// newStore holds a state document. lag is how long after a write reads may still
// show the old value. The error names the entry of the document that cannot be.
func newStore(st State, lag time.Duration, now func() time.Time) (*store, error) {
	w, err := newWorld(st)
	if err != nil {
		return nil, err
	}
	return &store{now: now, started: now(), world: w, history: newHistory(lag, now)}, nil
}

// view runs f with the world locked for reading. f must not keep pointers.
func (s *store) view(f func(w *world)) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	f(s.world)
}

// update runs f with the world locked for writing.
func (s *store) update(f func(w *world)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.world)
}

// updateBy is update with an audit log that says who wrote.
func (s *store) updateBy(by func(w *world) AuditEvent, f func(w *world)) {
	s.update(func(w *world) {
		w.writer = &auditWriter{AuditEvent: by(w), now: s.now}
		defer func() { w.writer = nil }()
		f(w)
	})
}

// directory is that of the identity provider. It never changes once it is built
// (a new state document brings a new one), so that it can be kept after the lock
// is gone.
func (s *store) directory() *directory {
	var d *directory
	s.view(func(w *world) { d = w.idp })
	return d
}

// turn runs a handler while none runs on a throw-away copy.
func (s *store) turn(handle func()) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	handle()
}

// alone runs a handler that may call [store.onCopy]: no other runs meanwhile.
func (s *store) alone(handle func()) {
	s.gate.Lock()
	defer s.gate.Unlock()
	handle()
}

// onCopy runs a handler on a throw-away copy of the world, inside [store.alone].
func (s *store) onCopy(handle func()) error {
	st, err := s.dump()
	if err != nil {
		return err
	}
	scratch, err := newWorld(st)
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

// state is the world as a document: a deep copy, sorted.
func (s *store) state() (State, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	return s.dump()
}

// dump is state for who holds the gate already.
func (s *store) dump() (State, error) {
	var st State
	var err error
	s.view(func(w *world) { st, err = w.dump() })
	return st, err
}

// replace puts another world in place. The error names the entry that cannot be,
// and then nothing has changed. What was written before is not shown stale any more.
func (s *store) replace(st State) error {
	w, err := newWorld(st)
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

// keepForFaults keeps what writes replace, for the fault that shows it, even
// without a lag.
func (s *store) keepForFaults(on bool) { s.history.byFault.Store(on) }

// remember is called inside update, before a principal is created, changed or
// deleted; for a creation with the id that it is going to have.
func (s *store) remember(w *world, kind principalKind, id string) {
	if !s.history.inUse() {
		return
	}
	var before any
	if p, ok := w.find(kind, id); ok {
		before = p.clone()
	}
	s.history.keep(principalKey(kind, id), before)
}

// visible is what a read of a principal shows: the principal as it is, or as it
// was before a recent write; false when it does (or did) not exist.
func (s *store) visible(stale bool, w *world, kind principalKind, id string) (principalRef, bool) {
	if s.history.inUse() {
		if old, was := s.history.pick(principalKey(kind, id), stale); was {
			p, ok := old.(principalRef)
			return p, ok
		}
	}
	return w.find(kind, id)
}

// visibleAll is what a list of that kind shows, in order of ids. It returns
// false when nothing is stale, and then the world's own slices are true.
func (s *store) visibleAll(stale bool, w *world, kind principalKind) ([]principalRef, bool) {
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
	var out []principalRef
	for _, p := range w.all(kind) {
		if _, ok := was[p.id()]; !ok {
			out = append(out, p)
		}
	}
	for _, old := range was {
		if p, ok := old.(principalRef); ok {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b principalRef) int { return compareIDs(a.id(), b.id()) })
	return out, true
}

// recall is visible for what is no principal, under a key of the caller's;
// rememberValue is its remember. The value must not be changed afterwards.
func (s *store) recall(stale bool, key string, current any) any {
	if s.history.inUse() {
		if old, was := s.history.pick(key, stale); was {
			return old
		}
	}
	return current
}

func (s *store) rememberValue(key string, before any) {
	if s.history.inUse() {
		s.history.keep(key, before)
	}
}
