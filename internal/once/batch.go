// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package once

import (
	"context"
	"sync"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/checkpoint"
)

// Batch is what the audits of one run have read, by key, so that nothing is read
// twice in a run, however many audits ask for it at a time. What could not be read
// is not kept: the next one tries again. The zero value is empty.
//
// Keys are read many at a time, because that is what batches are.
type Batch[V any] struct {
	mu      sync.Mutex
	done    map[string]Reading[V]
	flights map[string]chan struct{}
}

// Reading is a value with the time at which its reading began.
type Reading[V any] struct {
	began time.Time
	Value V
}

// Fetch reads keys and hands each value over as soon as it is there; keys that
// cannot be read it leaves out. An error ends the audit.
type Fetch[V any] func(ctx context.Context, keys []string, take func(key string, began time.Time, value V)) error

// Read gives what is there of the keys: of this run, else of the checkpoint, else
// by fetch. What comes from the checkpoint is this audit's alone: audits that have
// none could not say that they depend on it.
func (s *Batch[V]) Read(ctx context.Context, kept *checkpoint.Store, kind string, keys []string, f Fetch[V]) (map[string]V, error) {
	out := make(map[string]V, len(keys))
	var open []string
	for _, key := range keys {
		r, there := s.Peek(key)
		if there {
			kept.Put(kind, key, r.began, r.Value)
		} else {
			_, there = kept.Get(kind, key, &r.Value)
		}
		if there {
			out[key] = r.Value
		} else {
			open = append(open, key)
		}
	}
	for len(open) > 0 {
		mine, others, flight := s.claim(open)
		if len(mine) > 0 {
			if err := s.fetch(ctx, mine, flight, func(key string, began time.Time, v V) { kept.Put(kind, key, began, v) }, f); err != nil {
				return nil, err
			}
		}
		for _, other := range others {
			select {
			case <-other:
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		}
		open = s.collect(open, mine, kept, kind, out)
	}
	return out, nil
}

// Peek is what this run has read of a key.
func (s *Batch[V]) Peek(key string) (Reading[V], bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, there := s.done[key]
	return r, there
}

// claim takes the keys that no one reads, and gives the flights of the others.
func (s *Batch[V]) claim(keys []string) (mine []string, others []chan struct{}, flight chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done == nil {
		s.done, s.flights = map[string]Reading[V]{}, map[string]chan struct{}{}
	}
	flight = make(chan struct{})
	for _, key := range keys {
		switch other := s.flights[key]; {
		case other == flight: // Twice among the keys.
		case other != nil:
			others = append(others, other)
		default:
			if _, there := s.done[key]; !there {
				s.flights[key] = flight
				mine = append(mine, key)
			}
		}
	}
	return mine, others, flight
}

// Fetch reads the claimed keys. Callers that wait for them go on when it ends, and
// reads for itself what did not come.
func (s *Batch[V]) fetch(ctx context.Context, mine []string, flight chan struct{}, keep func(string, time.Time, V), f Fetch[V]) error {
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, key := range mine {
			delete(s.flights, key)
		}
		close(flight)
	}()
	return f(ctx, mine, func(key string, began time.Time, v V) {
		keep(key, began, v)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.done[key] = Reading[V]{began, v}
	})
}

// collect takes what came, and gives the keys that others failed to read.
func (s *Batch[V]) collect(keys, mine []string, kept *checkpoint.Store, kind string, out map[string]V) []string {
	tried := make(map[string]bool, len(mine))
	for _, key := range mine {
		tried[key] = true
	}
	var left []string
	for _, key := range keys {
		r, there := s.Peek(key)
		switch {
		case there:
			kept.Put(kind, key, r.began, r.Value)
			out[key] = r.Value
		case !tried[key]:
			left = append(left, key)
		}
	}
	return left
}
