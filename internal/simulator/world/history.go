// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package world

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// history keeps what objects looked like before recent writes, so that reads
// can be stale: for the lag after a write, and under a "stale"
// fault. It keeps nothing when neither is in use.
//
// A write handler calls [Store.Remember] before it changes an object; a read
// handler asks [Store.Visible], [Store.VisibleAll] or [Store.Recall] for
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

// keep stores a value that no one else changes.
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

func principalKey(kind Kind, id string) string { return string(kind) + "/" + id }
