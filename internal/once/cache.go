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
type Value[V any] struct{ cell cell }

// Get returns the kept value, or reads it. The reading is shared by all who
// wait, and ends when the last of them has given up.
func (c *Value[V]) Get(ctx context.Context, read func(context.Context) (V, error)) (V, error) {
	return get(ctx, &c.cell, read)
}

// Peek shows the kept value, if there is one.
func (c *Value[V]) Peek(f func(V)) {
	c.DropIf(func(v V) bool {
		f(v)
		return false
	})
}

// Drop forgets the kept value.
func (c *Value[V]) Drop() { c.DropIf(func(V) bool { return true }) }

// Outdate forgets the kept value, and keeps a reading that is under way from
// being kept.
func (c *Value[V]) Outdate() { c.cell.outdate() }

// DropIf forgets the kept value if it is one of those.
func (c *Value[V]) DropIf(old func(V) bool) { dropIf(&c.cell, old) }

func get[V any](ctx context.Context, c *cell, read func(context.Context) (V, error)) (V, error) {
	value, err := c.get(ctx, func(ctx context.Context) (any, error) { return read(ctx) })
	v, _ := value.(V) // Zero for none.
	return v, err
}

func dropIf[V any](c *cell, old func(V) bool) {
	c.dropIf(func(value any) bool {
		v, _ := value.(V)
		return old(v)
	})
}

// cell is [Value] without its type, so that it is compiled once, and not for each.
type cell struct {
	mu     sync.Mutex
	flight *flight
	kept   bool
	value  any
}

// flight is one reading that is under way.
type flight struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiting int
	value   any
	err     error
}

func (c *cell) get(ctx context.Context, read func(context.Context) (any, error)) (any, error) {
	c.mu.Lock()
	if c.kept {
		defer c.mu.Unlock()
		return c.value, nil
	}
	f := c.flight
	if f == nil {
		// The reading must not die with the caller that happened to come first.
		shared, cancel := context.WithCancel(context.WithoutCancel(ctx))
		f = &flight{done: make(chan struct{}), cancel: cancel}
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
		return nil, context.Cause(ctx)
	}
}

func (c *cell) run(ctx context.Context, f *flight, read func(context.Context) (any, error)) {
	defer f.cancel()
	f.value, f.err = read(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.flight == f {
		c.flight = nil
		if f.err == nil {
			c.value, c.kept = f.value, true
		}
	}
	close(f.done)
}

// leave gives up waiting; the last one ends the reading and makes room for a
// new one.
func (c *cell) leave(f *flight) {
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

func (c *cell) outdate() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.value, c.kept, c.flight = nil, false, nil
}

func (c *cell) dropIf(old func(any) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept && old(c.value) {
		c.value, c.kept = nil, false
	}
}

// Map is one [Value] per key. Its zero value is empty.
type Map[K comparable, V any] struct{ cells cells }

// Get is [Value.Get] for a key.
func (k *Map[K, V]) Get(ctx context.Context, key K, read func(context.Context) (V, error)) (V, error) {
	return get(ctx, k.cells.of(key), read)
}

// Peek is [Value.Peek] for a key.
func (k *Map[K, V]) Peek(key K, f func(V)) {
	if c := k.cells.at(key); c != nil {
		dropIf(c, func(v V) bool {
			f(v)
			return false
		})
	}
}

// Outdate is [Value.Outdate] for a key.
func (k *Map[K, V]) Outdate(key K) { k.cells.outdate(key) }

// OutdateAll is [Value.Outdate] for every key.
func (k *Map[K, V]) OutdateAll() { k.cells.outdateAll() }

// cells is [Map] without its types.
type cells struct {
	mu sync.Mutex
	m  map[any]*cell
}

func (k *cells) of(key any) *cell {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.m == nil {
		k.m = map[any]*cell{}
	}
	c := k.m[key]
	if c == nil {
		c = &cell{}
		k.m[key] = c
	}
	return c
}

// at is nil where no one asked for the key.
func (k *cells) at(key any) *cell {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.m[key]
}

func (k *cells) outdate(key any) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if c := k.m[key]; c != nil {
		c.outdate()
	}
}

func (k *cells) outdateAll() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, c := range k.m {
		c.outdate()
	}
}
