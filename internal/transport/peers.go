// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package transport

import (
	"context"
	"sync"
	"time"
)

// A request about one object, in the midst of others of its family that are
// answered, says something about its object and nothing of the server. It gets a
// short budget then: one broken identity must not hold an audit for minutes. While
// the server itself may be ill, the budget is the long one.
const (
	// ShortBudget is the time from the first attempt in which another one may begin.
	ShortBudget = 10 * time.Second
	// shortSilence is how long one attempt may bring nothing, or so many times as
	// long as the slowest answer of the family.
	shortSilence = 12 * time.Second
	silenceTimes = 4
	// lookAgain is between two looks at the others: those that began at the same time
	// fail at the same time.
	lookAgain = time.Second

	// EnoughOthers is how many answers show that the server is well, and FewFailing how
	// many requests may fail where the others have come to their end just before.
	EnoughOthers = 10
	FewFailing   = 3
	justBefore   = 30 * time.Second
)

// peers are the requests of one rate limiter, as far as they report whether the server is
// well. The zero value knows of none.
type peers struct {
	mu      sync.Mutex
	good    int // answers that were no failures
	last    time.Time
	slowest time.Duration
	failing map[*Request]bool
}

// answered counts good answers.
func (p *peers) answered(took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.good++
	p.last, p.slowest = time.Now(), max(p.slowest, took)
}

func (p *peers) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.good
}

// note says whether the last attempt of a request failed, or still brings nothing.
func (p *peers) note(req *Request, fails bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case !fails:
		delete(p.failing, req)
	case p.failing == nil:
		p.failing = map[*Request]bool{req: true}
	default:
		p.failing[req] = true
	}
}

// areWell reports whether the others are answered, for a request that began when so
// many had been.
func (p *peers) areWell(before int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	since := p.good - before
	if since >= max(EnoughOthers, 2*len(p.failing)) {
		return true
	}
	return len(p.failing) <= FewFailing && p.good >= EnoughOthers && time.Since(p.last) <= justBefore
}

// silence is how long an attempt may bring nothing before the others are looked at.
func (p *peers) silence() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(shortSilence, silenceTimes*p.slowest)
}

// others are the peers of one request, as they were when it began.
type others struct {
	*peers
	before int // their good answers by then
}

func (c *Client) othersOf(req *Request) others {
	g := c.limiter(req)
	if g == nil {
		return others{peers: &peers{}} // A token request has none.
	}
	return others{peers: &g.peers, before: g.peers.count()}
}

// judge reports whether a failed attempt is about its object: the others are well. A
// rate limit is about all of them.
func (o others) judge(req *Request, a attempt) bool {
	return req.Single && !a.throttled() && o.areWell(o.before)
}

// shorten is the decision of [Client.next] under the short budget, where that holds.
func (o others) shorten(req *Request, a attempt, pause time.Duration, again bool) (time.Duration, bool) {
	if !again || !o.judge(req, a) {
		return pause, again
	}
	left := time.Until(a.start.Add(ShortBudget))
	return min(pause, left), left > 0
}

// wait is the pause after a failed attempt. A long one is interrupted at the end of
// the short budget: by then it is seen how the others fare, and enough says that
// another attempt is not worth the time.
func (o others) wait(ctx context.Context, req *Request, a attempt, pause time.Duration) (enough bool, err error) {
	short := time.Until(a.start.Add(ShortBudget))
	if req.Single && !a.throttled() && short > 0 && pause > short {
		if err := Sleep(ctx, short); err != nil {
			return false, err
		}
		if o.judge(req, a) {
			return true, nil
		}
		pause -= short
	}
	return false, Sleep(ctx, pause)
}

// stillness ends an attempt that brings nothing for too long.
type stillness struct {
	timer *time.Timer
	limit time.Duration

	mu    sync.Mutex
	since time.Time
	moved bool // something has come: the server is at work
}

// watch begins to wait; stop is called when it is over.
func (c *Client) watch(req *Request, others others, stop func()) *stillness {
	s := &stillness{limit: c.opts.RequestTimeout, since: time.Now()}
	short := req.Single
	s.timer = time.AfterFunc(s.limit, func() {
		left := s.left()
		if !short || left <= 0 {
			stop()
			return
		}
		others.note(req, true) // The others see it before it judges by them.
		if s.looked() && others.areWell(others.before) {
			stop()
			return
		}
		s.timer.Reset(min(lookAgain, left))
	})
	if short {
		s.timer.Reset(min(s.limit, others.silence()))
	}
	return s
}

// left is the time until the limit, 0 once something has come.
func (s *stillness) left() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.moved {
		return 0
	}
	return s.limit - time.Since(s.since)
}

// looked reports whether this is a later look, with time for others to be seen.
func (s *stillness) looked() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Since(s.since) >= shortSilence+lookAgain
}

// progress is called whenever bytes come.
func (s *stillness) progress() {
	s.mu.Lock()
	s.moved = true
	s.mu.Unlock()
	s.timer.Reset(s.limit)
}
