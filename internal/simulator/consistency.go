// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// history keeps what objects looked like before recent writes, so that reads
// can be stale: for [Options.ConsistencyLag] after a write, and under a "stale"
// fault. It keeps nothing when neither is in use.
//
// A write handler calls [Server.remember] before it changes an object; a read
// handler asks [Server.visible], [Server.visibleAll] or [Server.recall] for
// what to show. During the lag reads alternate, the first one being stale: the
// real account is not monotonic either (UCX demands two agreeing reads).
type history struct {
	lag      time.Duration
	now      func() time.Time
	byFault  atomic.Bool // a stale fault is set
	mu       sync.Mutex
	versions map[string][]version
	reads    map[string]int
	paused   bool // the world is a throw-away copy
}

// version is an object before a write; value nil means that it did not exist.
type version struct {
	value any
	at    time.Time
}

func newHistory(lag time.Duration, now func() time.Time) *history {
	return &history{lag: lag, now: now, versions: map[string][]version{}, reads: map[string]int{}}
}

func (h *history) inUse() bool { return h.lag > 0 || h.byFault.Load() }

// keep stores a value that nobody else changes.
func (h *history) keep(key string, value any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.paused {
		return
	}
	h.versions[key] = append(h.trim(key), version{value: value, at: h.now()})
	h.reads[key] = 0
}

// trim drops versions that no read can show any more. The last one stays for
// stale faults, which know no lag.
func (h *history) trim(key string) []version {
	list := h.versions[key]
	cut := 0
	for cut < len(list) && h.now().Sub(list[cut].at) >= h.lag && (cut < len(list)-1 || !h.byFault.Load()) {
		cut++
	}
	return slices.Delete(list, 0, cut)
}

// pick returns the stale value to show, and false when the current one is due.
func (h *history) pick(key string, forced bool) (any, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := h.trim(key)
	if len(list) == 0 {
		delete(h.versions, key)
		delete(h.reads, key)
		return nil, false
	}
	h.versions[key] = list
	if forced {
		return list[len(list)-1].value, true
	}
	if h.now().Sub(list[len(list)-1].at) >= h.lag {
		return nil, false
	}
	h.reads[key]++
	for _, v := range list {
		if h.now().Sub(v.at) < h.lag {
			return v.value, h.reads[key]%2 == 1
		}
	}
	return nil, false
}

// keys are the remembered keys with a prefix, sorted.
func (h *history) keys(prefix string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []string
	for key := range h.versions {
		if strings.HasPrefix(key, prefix) {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return out
}

// pause makes keep forget, while the world is a throw-away copy.
func (h *history) pause(on bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.paused = on
}

func (h *history) clear() {
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.versions)
	clear(h.reads)
}

func principalKey(kind principalKind, id string) string { return string(kind) + "/" + id }

// remember is called inside update, before a principal is created, changed or
// deleted; for a creation with the id that it is going to have.
func (s *Server) remember(w *world, kind principalKind, id string) {
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
func (s *Server) visible(r *http.Request, w *world, kind principalKind, id string) (principalRef, bool) {
	if s.history.inUse() {
		if old, stale := s.history.pick(principalKey(kind, id), isStale(r)); stale {
			p, ok := old.(principalRef)
			return p, ok
		}
	}
	return w.find(kind, id)
}

// visibleAll is what a list of that kind shows, in order of ids. It returns
// false when nothing is stale, and then the world's own slices are true.
func (s *Server) visibleAll(r *http.Request, w *world, kind principalKind) ([]principalRef, bool) {
	if !s.history.inUse() {
		return nil, false
	}
	prefix := principalKey(kind, "")
	stale := map[string]any{}
	for _, key := range s.history.keys(prefix) {
		if old, ok := s.history.pick(key, isStale(r)); ok {
			stale[strings.TrimPrefix(key, prefix)] = old
		}
	}
	if len(stale) == 0 {
		return nil, false
	}
	var out []principalRef
	for _, p := range w.all(kind) {
		if _, ok := stale[p.id()]; !ok {
			out = append(out, p)
		}
	}
	for _, old := range stale {
		if p, ok := old.(principalRef); ok {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b principalRef) int { return compareIDs(a.id(), b.id()) })
	return out, true
}

// recall is visible for what is no principal, under a key of the caller's;
// rememberValue is its remember. The value must not be changed afterwards.
func (s *Server) recall(r *http.Request, key string, current any) any {
	if s.history.inUse() {
		if old, stale := s.history.pick(key, isStale(r)); stale {
			return old
		}
	}
	return current
}

func (s *Server) rememberValue(key string, before any) {
	if s.history.inUse() {
		s.history.keep(key, before)
	}
}

// all lists the principals of a kind, in order of ids.
func (w *world) all(kind principalKind) []principalRef {
	var out []principalRef
	switch kind {
	case kindUser:
		for _, u := range w.users {
			out = append(out, principalRef{kind: kind, user: u})
		}
	case kindGroup:
		for _, g := range w.groups {
			out = append(out, principalRef{kind: kind, group: g})
		}
	case kindServicePrincipal:
		for _, sp := range w.sps {
			out = append(out, principalRef{kind: kind, sp: sp})
		}
	}
	return out
}

// clone shares nothing with the original.
func (p principalRef) clone() principalRef {
	out := principalRef{kind: p.kind}
	switch p.kind {
	case kindUser:
		u := *p.user
		if u.Name != nil {
			name := *u.Name
			u.Name = &name
		}
		u.Emails, u.Roles = slices.Clone(u.Emails), slices.Clone(u.Roles)
		out.user = &u
	case kindGroup:
		g := *p.group
		g.Members, g.Roles = slices.Clone(g.Members), slices.Clone(g.Roles)
		out.group = &g
	case kindServicePrincipal:
		sp := *p.sp
		sp.Roles = slices.Clone(sp.Roles)
		out.sp = &sp
	}
	return out
}
