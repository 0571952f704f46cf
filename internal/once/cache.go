// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package once keeps what is read once, however many ask for it at a time: a value by
// [Value], one per key by [Map], many keys by one request by [Batch], what has happened
// by [Set]. Readers share a reading that is under way, and failures are not kept.
package once

import (
	"context"
	"sync"
)

// Set is a set that only grows; its zero value is empty.
type Set[K comparable] struct {
	mu sync.Mutex
	m  map[K]bool
}

// Add puts k into the set.
func (s *Set[K]) Add(k K) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.m == nil {
		s.m = map[K]bool{}
	}
	s.m[k] = true
}

// Has reports whether k is in the set.
func (s *Set[K]) Has(k K) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.m[k]
}

// Value is a value that is read once, however many ask for it at a time. Errors
// are not kept: the next caller tries again. Its zero value is empty.
type Value[V any] struct {
	mu     sync.Mutex
	flight *flight[V]
	value  *V
}

// flight is one reading that is under way.
type flight[V any] struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiting int
	value   V
	err     error
}

// Get returns the kept value, or reads it. The reading is shared by all who
// wait, and ends when the last of them has given up.
func (c *Value[V]) Get(ctx context.Context, read func(context.Context) (V, error)) (V, error) {
	c.mu.Lock()
	if c.value != nil {
		defer c.mu.Unlock()
		return *c.value, nil
	}
	f := c.flight
	if f == nil {
		// The reading must not die with the caller that happened to come first.
		shared, cancel := context.WithCancel(context.WithoutCancel(ctx))
		f = &flight[V]{done: make(chan struct{}), cancel: cancel}
		c.flight = f
		go c.run(shared, f, read)
	}
	f.waiting++
	c.mu.Unlock()

	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		c.leave(f)
		var zero V
		return zero, context.Cause(ctx)
	}
}

func (c *Value[V]) run(ctx context.Context, f *flight[V], read func(context.Context) (V, error)) {
	defer f.cancel()
	f.value, f.err = read(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.flight == f {
		c.flight = nil
		if f.err == nil {
			c.value = &f.value
		}
	}
	close(f.done)
}

// leave gives up waiting; the last one ends the reading and makes room for a
// new one.
func (c *Value[V]) leave(f *flight[V]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f.waiting--
	if f.waiting == 0 {
		f.cancel()
		if c.flight == f {
			c.flight = nil
		}
	}
}

// Peek shows the kept value, if there is one.
func (c *Value[V]) Peek(f func(V)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.value != nil {
		f(*c.value)
	}
}

// Drop forgets the kept value.
func (c *Value[V]) Drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.value = nil
}

// Outdate forgets the kept value, and keeps a reading that is under way from
// being kept.
func (c *Value[V]) Outdate() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.value, c.flight = nil, nil
}

// DropIf forgets the kept value if it is one of those.
func (c *Value[V]) DropIf(old func(V) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.value != nil && old(*c.value) {
		c.value = nil
	}
}

// Map is one [Value] per key. Its zero value is empty.
type Map[K comparable, V any] struct {
	mu    sync.Mutex
	cells map[K]*Value[V]
}

// Get is [Value.Get] for a key.
func (k *Map[K, V]) Get(ctx context.Context, key K, read func(context.Context) (V, error)) (V, error) {
	k.mu.Lock()
	if k.cells == nil {
		k.cells = map[K]*Value[V]{}
	}
	c := k.cells[key]
	if c == nil {
		c = &Value[V]{}
		k.cells[key] = c
	}
	k.mu.Unlock()
	return c.Get(ctx, read)
}

// Peek is [Value.Peek] for a key.
func (k *Map[K, V]) Peek(key K, f func(V)) {
	k.mu.Lock()
	c := k.cells[key]
	k.mu.Unlock()
	if c != nil {
		c.Peek(f)
	}
}

// Outdate is [Value.Outdate] for a key.
func (k *Map[K, V]) Outdate(key K) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if c := k.cells[key]; c != nil {
		c.Outdate()
	}
}

// OutdateAll is [Value.Outdate] for every key.
func (k *Map[K, V]) OutdateAll() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, c := range k.cells {
		c.Outdate()
	}
}
