// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package transport

import (
	"context"
	"sync"
	"time"
)

const (
	gateWindow  = 5 * time.Second  // over which the rate of successes is measured
	gateStep    = time.Second      // at most one decrease and one increase per step
	gateFloor   = 1.0              // requests per second; a server that takes fewer says so by Retry-After
	gateCalm    = 30 * time.Second // without a 429, after which the next one is taken for a passing one
	growthFast  = 0.5              // per step after a passing 429
	growthSlow  = 0.05             // per step once the rate is about right
	gateCeiling = 1000.0           // requests per second above which the limit is lifted
)

// gate lets requests of one class through. With a fixed rate it spaces them
// out. Without, it is open until the server answers 429; then everybody waits
// as long as the server says, and goes on at the rate that the server has
// lately been taking, which grows again while no further 429 comes.
type gate struct {
	head chan struct{} // held by the request whose turn is next

	mu        sync.Mutex
	fixed     bool
	rate      float64   // per second; 0 is unlimited
	next      time.Time // when the next request may go
	paused    time.Time // nobody goes before
	lastDown  time.Time
	lastUp    time.Time
	growth    float64
	successes [int(gateWindow / time.Second)]bucket
}

// bucket counts the successes of one second.
type bucket struct {
	second int64
	count  int
}

func newGate(rate float64) *gate {
	return &gate{fixed: rate > 0, rate: max(rate, 0), head: make(chan struct{}, 1)}
}

// wait blocks until the request may go, in the order of calls.
func (g *gate) wait(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	// Only the head of the queue looks at the clock. Turns are not handed out
	// ahead, since the rate may change while others wait.
	select {
	case g.head <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-g.head }()
	for {
		pause := g.turn(time.Now())
		if pause <= 0 {
			return nil
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// turn takes the turn if there is one now, else it tells how long to wait.
func (g *gate) turn(now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if pause := max(g.paused.Sub(now), g.next.Sub(now)); pause > 0 {
		return pause
	}
	if g.rate > 0 {
		g.next = now.Add(time.Duration(float64(time.Second) / g.rate))
	}
	return 0
}

// throttled is told of every 429 with the pause before the next attempt.
func (g *gate) throttled(pause time.Duration) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if until := now.Add(pause); until.After(g.paused) {
		g.paused = until
	}
	// The requests that were in flight together are one piece of news.
	if g.fixed || now.Before(g.lastDown.Add(gateStep)) {
		return
	}
	g.growth = growthFast
	if now.Before(g.lastDown.Add(gateCalm)) {
		g.growth = growthSlow
	}
	g.lastDown, g.lastUp = g.paused, g.paused
	g.rate = max(g.goodput(now)*0.8, gateFloor)
}

// succeeded is told of every answer that is neither 429 nor a server's failure.
func (g *gate) succeeded() {
	if g == nil || g.fixed {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	b := &g.successes[now.Unix()%int64(len(g.successes))]
	if b.second != now.Unix() {
		*b = bucket{second: now.Unix()}
	}
	b.count++
	if g.rate <= 0 || now.Before(g.lastUp.Add(gateStep)) {
		return
	}
	g.lastUp = now
	g.rate += max(0.25, g.rate*g.growth)
	if g.rate > gateCeiling {
		g.rate = 0
	}
}

// goodput is the successes per second over the window, or over the part of it
// in which there were any.
func (g *gate) goodput(now time.Time) float64 {
	total, oldest := 0, now.Unix()
	for _, b := range g.successes {
		if b.count > 0 && b.second > now.Unix()-int64(len(g.successes)) {
			total += b.count
			oldest = min(oldest, b.second)
		}
	}
	return float64(total) / float64(now.Unix()-oldest+1)
}
