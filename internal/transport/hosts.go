// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package transport

import (
	"fmt"
	"sync"
	"time"
)

const (
	// maxSilence is how long a host may answer nothing at all, once requests to
	// it fail without an answer, before it counts as gone. A restart of a proxy
	// is shorter; an audit of thousands of identities must not wait five minutes
	// for each of them.
	maxSilence = time.Minute
	// minUnanswered is how many requests must have failed since the last answer:
	// one that hangs for ever says something about itself, not about its host.
	minUnanswered = 3
	// probeEvery is how often one request is let through to a host that is gone.
	probeEvery = 5 * time.Second
)

// hosts is what is known of the hosts that requests went to.
type hosts struct {
	silence time.Duration

	mu sync.Mutex
	m  map[string]*hostHealth
}

// hostHealth is one host's. A host is gone from the failure that made it so
// until it answers anything.
type hostHealth struct {
	answered   bool
	failing    time.Time         // of the first failed attempt since the last answer
	unanswered map[*Request]bool // requests with failed attempts since then
	gone       error             // why, or nil
	probe      time.Time         // when the next request is let through
}

func newHosts(retryBudget time.Duration) *hosts {
	return &hosts{silence: min(maxSilence, retryBudget), m: map[string]*hostHealth{}}
}

func (h *hosts) of(host string) *hostHealth {
	health := h.m[host]
	if health == nil {
		health = &hostHealth{}
		h.m[host] = health
	}
	return health
}

// hasAnswered reports whether the host ever answered.
func (h *hosts) hasAnswered(host string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.of(host).answered
}

// answer notes that the host said something.
func (h *hosts) answer(host string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	health := h.of(host)
	health.answered, health.gone = true, nil
	clear(health.unanswered)
}

// silent notes a failed attempt that began at a time, and reports whether requests
// to the host should end now: it answered before, and since then nothing for the
// whole silence, to several requests. An idle client is not a silent host.
func (h *hosts) silent(host string, req *Request, begun time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	health := h.of(host)
	if health.unanswered == nil {
		health.unanswered = map[*Request]bool{}
	}
	if len(health.unanswered) == 0 {
		health.failing = begun
	}
	health.unanswered[req] = true
	return health.answered && len(health.unanswered) >= minUnanswered && time.Since(health.failing) >= h.silence
}

// lost notes that a request ended without an answer after the whole silence or
// the whole first contact.
func (h *hosts) lost(host string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	health := h.of(host)
	health.gone, health.probe = err, time.Now().Add(probeEvery)
}

// refuse is the reason not to send a request to a host that is gone; now and
// then it is nil, and the request finds out whether the host is back.
func (h *hosts) refuse(host string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	health := h.of(host)
	if health.gone == nil {
		return nil
	}
	if !time.Now().Before(health.probe) {
		health.probe = time.Now().Add(probeEvery)
		return nil
	}
	return fmt.Errorf("not sent, because the host does not answer: %w", health.gone)
}
