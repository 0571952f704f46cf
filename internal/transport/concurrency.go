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
	// A server that has given so many good answers and refused nothing, at more than
	// [rateCeiling] a second, has no limit that is near: they are what the highest
	// documented one, 20 a second, allows in a minute. It gets one more at a time, every
	// few answers, and up to so many times as many.
	growAfter = 20 * 60
	growEvery = 8
	growTimes = 2
	// Of the time that an answer takes, the latest counts for one in so many.
	typicalOf = 64
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
	growth   growth
}

// growth is how a limit gets wider than it started.
type growth struct {
	place   func() bool   // takes one more place from the client, if it has one to give
	back    func(n int)   // gives places back
	start   int           // the width that it started with
	answers int           // good ones
	typical time.Duration // of an answer, smoothed
	before  time.Duration // that, when growth began
	ended   bool          // for good
}

func newConcurrencyLimit(most int, place func() bool, back func(int)) *concurrencyLimit {
	return &concurrencyLimit{most: most, width: float64(most), free: make(chan struct{}, 1), growth: growth{place: place, back: back, start: most}}
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
	c.grow(took)
}

// grow lets one more in where that is faster and is not refused: the server has taken more a
// second than any limit allows, and goes on to answer nearly as soon as it did. Where
// it only answers later, what was added is taken back, and has to be earned anew.
func (c *concurrencyLimit) grow(took time.Duration) {
	g := &c.growth
	if g.answers++; g.answers == 1 {
		g.typical = took
	}
	g.typical += (took - g.typical) / typicalOf
	if g.ended || g.answers < growAfter || g.answers%growEvery != 0 || c.inside < c.most/2 {
		return
	}
	if c.most == g.start {
		g.before = g.typical
	}
	wider, later := float64(c.most)/float64(g.start), float64(g.typical)/float64(g.before)
	switch {
	case wider > 1.25 && later > 0.95*wider: // As good as nothing is gained.
		c.takeBack()
		g.answers = 0
	case later > (1+wider)/2: // Half of what is added would wait.
	case float64(c.most) < rateCeiling*g.typical.Seconds(): // Slow, and a limit may be near.
	case g.place():
		c.most++
		c.width = float64(c.most)
	}
}

func (c *concurrencyLimit) endGrowth() {
	c.growth.ended = true
	c.takeBack()
}

func (c *concurrencyLimit) takeBack() {
	c.growth.back(c.most - c.growth.start)
	c.most = c.growth.start
	c.width = min(c.width, float64(c.most))
}

// refused takes in every 429.
func (c *concurrencyLimit) refused() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endGrowth()
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
	c.endGrowth()
	c.width = max(1, min(c.width, float64(c.inside+1))/2)
}
