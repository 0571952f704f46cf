// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package account

import (
	"context"
	"sync"
)

// set is a small set; its zero value is empty.
type set[K comparable] struct {
	mu sync.Mutex
	m  map[K]bool
}

func (s *set[K]) add(k K) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.m == nil {
		s.m = map[K]bool{}
	}
	s.m[k] = true
}

func (s *set[K]) has(k K) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.m[k]
}

// cell is a value that is read once, however many ask for it at a time. Errors
// are not kept: the next caller tries again. Its zero value is empty.
type cell[V any] struct {
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

// get returns the kept value, or reads it. The reading is shared by all who
// wait, and ends when the last of them has given up.
func (c *cell[V]) get(ctx context.Context, read func(context.Context) (V, error)) (V, error) {
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

func (c *cell[V]) run(ctx context.Context, f *flight[V], read func(context.Context) (V, error)) {
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
func (c *cell[V]) leave(f *flight[V]) {
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

// peek shows the kept value, if there is one.
func (c *cell[V]) peek(f func(V)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.value != nil {
		f(*c.value)
	}
}

// drop forgets the kept value.
func (c *cell[V]) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.value = nil
}

// outdate forgets the kept value, and keeps a reading that is under way from
// being kept.
func (c *cell[V]) outdate() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.value, c.flight = nil, nil
}

// dropIf forgets the kept value if it is one of those.
func (c *cell[V]) dropIf(old func(V) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.value != nil && old(*c.value) {
		c.value = nil
	}
}

// keyed is one cell per key. Its zero value is empty.
type keyed[K comparable, V any] struct {
	mu    sync.Mutex
	cells map[K]*cell[V]
}

func (k *keyed[K, V]) get(ctx context.Context, key K, read func(context.Context) (V, error)) (V, error) {
	k.mu.Lock()
	if k.cells == nil {
		k.cells = map[K]*cell[V]{}
	}
	c := k.cells[key]
	if c == nil {
		c = &cell[V]{}
		k.cells[key] = c
	}
	k.mu.Unlock()
	return c.get(ctx, read)
}

// peek is that of the cell of a key.
func (k *keyed[K, V]) peek(key K, f func(V)) {
	k.mu.Lock()
	c := k.cells[key]
	k.mu.Unlock()
	if c != nil {
		c.peek(f)
	}
}

// outdate is that of the cell of a key.
func (k *keyed[K, V]) outdate(key K) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if c := k.cells[key]; c != nil {
		c.outdate()
	}
}

// outdateAll is that of every cell.
func (k *keyed[K, V]) outdateAll() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, c := range k.cells {
		c.outdate()
	}
}
