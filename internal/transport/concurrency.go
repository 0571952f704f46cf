// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package transport

import (
	"context"
	"sync"
	"time"
)

const (
	// An answer shows a queue at the server when it took so many times as long
	// as the quickest one, and so much longer: a page of a thousand entries takes
	// longer than one object, and neither is slow.
	slowTimes  = 8
	slowLonger = time.Second
	// One more is let in for so many rounds of good answers.
	widenRounds = 4
)

// concurrencyLimit bounds the requests of one rate limiter that are in flight. It starts as wide
// as the client allows. A server that fails under load, or answers the later
// the more it is asked, gets half as many at a time, once per round of answers;
// good rounds widen it again, by one at a time.
type concurrencyLimit struct {
	most int
	free chan struct{} // signalled at every end; only the head of the queue listens

	mu       sync.Mutex
	inside   int
	width    float64
	quickest time.Duration
	narrowed time.Time
}

func newConcurrencyLimit(most int) *concurrencyLimit {
	return &concurrencyLimit{most: most, width: float64(most), free: make(chan struct{}, 1)}
}

// enter waits for a place. leave gives it back.
func (c *concurrencyLimit) enter(ctx context.Context) error {
	for !c.tryEnter() {
		select {
		case <-c.free:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

func (c *concurrencyLimit) tryEnter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inside >= int(c.width) {
		return false
	}
	c.inside++
	return true
}

func (c *concurrencyLimit) leave() {
	c.mu.Lock()
	c.inside--
	c.mu.Unlock()
	select {
	case c.free <- struct{}{}:
	default:
	}
}

// answered takes in every good answer: when its request was sent, and how
// long it took.
func (c *concurrencyLimit) answered(sent time.Time, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.quickest == 0 || took < c.quickest {
		c.quickest = took
	}
	if took > slowTimes*c.quickest && took > c.quickest+slowLonger {
		c.narrow(sent)
		return
	}
	if sent.After(c.narrowed) {
		c.width = min(c.width+1/(widenRounds*c.width), float64(c.most))
	}
}

// overloaded takes in every answer that says so, and of answers that did not
// come.
func (c *concurrencyLimit) overloaded(sent time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.narrow(sent)
}

// narrow halves. Requests that were in flight together are one piece of news.
func (c *concurrencyLimit) narrow(sent time.Time) {
	if sent.Before(c.narrowed) {
		return
	}
	c.narrowed = time.Now()
	c.width = max(1, min(c.width, float64(c.inside+1))/2)
}
