// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package transport

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

// circuitBreaker knows when the patience with a family of calls is used up: several
// requests were sent again and again for their whole budget, and no other one of
// the family had a good answer in that time. An audit of thousands of identities
// must not wait that long for each of them. Its zero value is patient.
type circuitBreaker struct {
	mu     sync.Mutex
	good   time.Time // of the latest good answer
	failed int       // requests since then whose budget ended
	reason error     // why nothing is sent, or nil
	probe  time.Time // when the next request is let through
}

// succeeded brings the patience back.
func (s *circuitBreaker) succeeded() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.good, s.failed, s.reason = time.Now(), 0, nil
}

// exhausted notes that a request whose first attempt began at a time was
// answered with a failure until its budget had ended.
func (s *circuitBreaker) exhausted(begun time.Time, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.good.After(begun) {
		return
	}
	if s.failed++; s.failed < minUnanswered {
		return // It may say something about the object, and nothing of the server.
	}
	s.reason = fmt.Errorf("not sent, because requests of this kind got nothing but failures, lastly %d %s", status, http.StatusText(status))
	s.probe = time.Now().Add(probeEvery)
}

// refuse is the reason not to send a request; now and then it is nil, and the
// request finds out whether the server is well again.
func (s *circuitBreaker) refuse() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reason == nil {
		return nil
	}
	if !time.Now().Before(s.probe) {
		s.probe = time.Now().Add(probeEvery)
		return nil
	}
	return s.reason
}
