// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package transport

import (
	"context"
	"math"
	"net/http"
	"sync"
	"time"
)

const (
	rateFloor   = 1.0                    // requests per second; a server that takes fewer says so by Retry-After
	rateCeiling = 1000.0                 // requests per second above which the limit is lifted
	rateIdle    = 2 * time.Second        // without a request, after which time says nothing of the server
	rateLate    = 200 * time.Millisecond // of lateness that is made up for, so that timers do not cost rate

	// After a 429 the rate is nearly level for a while and then grows faster and
	// faster: it doubles in this time, is nine-fold in twice of it.
	doublesFirst  = 3 * time.Second  // after the first 429, by which the limit is hardly known
	doublesLater  = 60 * time.Second // once it is, at most
	refusedAgain  = 25 * time.Second
	doublesLikely = 120 * time.Second // where it is what the server is said to take
)

// rateLimiter lets requests of one class and family through, in the order of calls but
// for repetitions, which come first. With a fixed rate it spaces them out.
// Without, it is open until the server answers 429; then everyone waits as
// long as the server says, and goes on at the rate that the server was seen to
// take, which grows again while no further 429 comes.
//
// The rate that a server takes is known best at a 429: whatever it counts with
// is used up at that moment, as it was at the 429 before. So what it took in
// between is what it allows for that time, however deep its bucket is. A limit
// is used to more than 95 % this way, with one refusal in half a minute
// (TestRateLimiter_usesADocumentedLimit).
type rateLimiter struct {
	queue       fifo
	concurrency *concurrencyLimit
	breaker     circuitBreaker
	peers       peers

	mu     sync.Mutex
	fixed  bool
	likely float64   // per second, where it is said what the server takes
	base   float64   // per second, at resumed; 0 is unlimited
	next   time.Time // when the next request may go
	paused time.Time // no one goes before
	last   time.Time // the latest request

	resumed time.Time     // end of the pause after the last piece of news
	doubles time.Duration // how long the rate takes from base to twice of it
	since   time.Time     // of which taken counts: the 429 before, or the first request
	waited  time.Duration // in pauses since then
	taken   int           // answers other than 429 since then
	burst   firstBurst
}

// firstBurst is the time of a limiter without a rate, until the 429 that ended it. The
// answers to requests that were sent together come in any order: that 429 may be
// the first of them, when nothing is known yet of what the server took.
type firstBurst struct {
	end    time.Time     // zero while there is none, or once a later 429 says more
	lasted time.Duration // at least a second
	taken  int
}

func newRateLimiter(rate, likely float64, concurrency *concurrencyLimit) *rateLimiter {
	return &rateLimiter{fixed: rate > 0, likely: likely, base: max(rate, 0), concurrency: concurrency}
}

// turn takes the turn if there is one now, else it returns how long to wait.
func (g *rateLimiter) turn(now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if pause := g.due(now); pause > 0 {
		return pause
	}
	if g.since.IsZero() {
		g.since = now
	} else if idle := now.Sub(later(g.last, g.paused)); idle > rateIdle {
		g.since = g.since.Add(idle)
	}
	g.last = now
	if rate := g.rate(now); rate > 0 {
		if g.next.IsZero() {
			g.next = now
		}
		g.next = later(g.next, now.Add(-rateLate)).Add(time.Duration(float64(time.Second) / rate))
	}
	return 0
}

// until is how long no one can have a turn.
func (g *rateLimiter) until(now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.due(now)
}

func (g *rateLimiter) due(now time.Time) time.Duration {
	return max(g.paused.Sub(now), g.next.Sub(now))
}

// rate is the present one; 0 is unlimited.
func (g *rateLimiter) rate(now time.Time) float64 {
	if g.fixed || g.base <= 0 {
		return g.base
	}
	x := max(0, now.Sub(g.resumed).Seconds()) / g.doubles.Seconds()
	if rate := g.base * (1 + x*x*x); rate <= rateCeiling {
		return rate
	}
	g.base = 0
	return 0
}

// answered takes in every answer, with the pause before the next attempt.
func (g *rateLimiter) answered(a attempt, pause time.Duration) {
	switch status := a.resp.Status; {
	case status == http.StatusTooManyRequests:
		g.concurrency.refused()
		g.throttled(a.begun, pause)
	case status == http.StatusInternalServerError: // Says something about one request.
	case isFailure(status):
		g.concurrency.overloaded(a.begun)
	default:
		g.succeeded(a.begun)
	}
}

// throttled takes in every 429: when its request was sent, and the pause
// before the next attempt.
func (g *rateLimiter) throttled(sent time.Time, pause time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	// The requests that were in flight together are one piece of news.
	news := !sent.Before(g.resumed)
	if until := now.Add(pause); until.After(g.paused) {
		g.waited += until.Sub(later(now, g.paused))
		g.paused = until
	}
	if g.fixed || !news {
		g.resumed = g.paused
		return
	}
	refused := g.rate(now)
	g.base = max(g.seen(now, pause, refused), rateFloor)
	g.doubles = doublesFirst
	if refused > 0 {
		// Where the rate was refused last, it is again in half a minute.
		again := refusedAgain.Seconds() / math.Cbrt(max(refused/g.base-1, 0.01))
		g.doubles = time.Duration(min(again, doublesLater.Seconds()) * float64(time.Second))
	}
	g.burst = firstBurst{}
	switch {
	case refused > 0:
	case g.base >= g.likely/2 && g.base <= 1.5*g.likely:
		g.base, g.doubles = g.likely, doublesLikely
	default:
		g.burst = firstBurst{now, max(now.Sub(g.since), time.Second), g.taken}
	}
	g.resumed, g.next = g.paused, g.paused
	g.since, g.waited, g.taken = now, pause, 0
}

// seen estimates the rate that the server takes, at a 429 to a request that was
// sent at the refused rate (0: unlimited).
func (g *rateLimiter) seen(now time.Time, pause time.Duration, refused float64) float64 {
	total := max(now.Sub(g.since), time.Second)
	over := float64(g.taken) / total.Seconds()
	// A server that saves up less than a pause had nothing to make up for it.
	open := float64(g.taken) / max(total-(g.waited-pause), total/4).Seconds()
	if refused <= 0 {
		return max(over, open)
	}
	return max(over, min(0.95*refused, 1.05*open))
}

// succeeded takes in every answer that is neither 429 nor a server's failure,
// and when its request was sent.
func (g *rateLimiter) succeeded(sent time.Time) {
	g.concurrency.answered(sent, time.Since(sent))
	g.breaker.succeeded()
	g.peers.answered(time.Since(sent))
	g.mu.Lock()
	defer g.mu.Unlock()
	g.taken++
	if sent.Before(g.burst.end) && g.base > 0 {
		g.burst.taken++
		g.base = max(g.base, float64(g.burst.taken)/g.burst.lasted.Seconds())
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// fifo is a queue with one head at a time. Its zero value is empty.
type fifo struct {
	mu           sync.Mutex
	taken        bool
	again, fresh []chan struct{}
}

// enter waits until the caller is the head; leave must be called then. Who
// comes again goes before all who come for the first time: its time is running.
func (l *fifo) enter(ctx context.Context, again bool) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	l.mu.Lock()
	if !l.taken {
		l.taken = true
		l.mu.Unlock()
		return nil
	}
	call := make(chan struct{})
	if again {
		l.again = append(l.again, call)
	} else {
		l.fresh = append(l.fresh, call)
	}
	l.mu.Unlock()
	select {
	case <-call:
		return nil
	case <-ctx.Done():
		l.abandon(call)
		return context.Cause(ctx)
	}
}

// abandon takes a caller out of the queue; one that was just called leaves.
func (l *fifo) abandon(call chan struct{}) {
	l.mu.Lock()
	for _, queue := range []*[]chan struct{}{&l.again, &l.fresh} {
		for i, c := range *queue {
			if c == call {
				*queue = append((*queue)[:i], (*queue)[i+1:]...)
				l.mu.Unlock()
				return
			}
		}
	}
	l.mu.Unlock()
	l.leave()
}

// leave makes the next one the head.
func (l *fifo) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, queue := range []*[]chan struct{}{&l.again, &l.fresh} {
		if len(*queue) > 0 {
			call := (*queue)[0]
			*queue = (*queue)[1:]
			close(call)
			return
		}
	}
	l.taken = false
}
