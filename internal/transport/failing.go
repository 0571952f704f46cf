// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package transport

import (
	"sync"
	"time"
)

// failing are the requests of this process whose last attempt failed, and which are
// to be repeated. When a time limit ends a whole operation, who waits for a shared
// reading gets nothing but the end of the context; the reason lies here.
var failing struct {
	sync.Mutex
	now  map[*Request]*EndedError
	last *EndedError
	at   time.Time // when last ended
}

// endedLately is how long a request that was given up counts as the reason for an
// operation that ends at the same time.
const endedLately = 10 * time.Second

func noteFailing(req *Request, e *EndedError) {
	failing.Lock()
	defer failing.Unlock()
	if failing.now == nil {
		failing.now = map[*Request]*EndedError{}
	}
	failing.now[req] = e
}

func noLongerFailing(req *Request, ended bool) {
	failing.Lock()
	defer failing.Unlock()
	if e := failing.now[req]; e != nil && ended {
		failing.last, failing.at = e, time.Now()
	}
	delete(failing.now, req)
}

// Failing is the request that fails with the most attempts, or one that was given up
// a moment ago; nil for none.
func Failing() *EndedError {
	failing.Lock()
	defer failing.Unlock()
	var most *EndedError
	for _, e := range failing.now {
		if most == nil || e.Attempts > most.Attempts || e.Attempts == most.Attempts && e.Place < most.Place {
			most = e
		}
	}
	if most == nil && time.Since(failing.at) < endedLately {
		most = failing.last
	}
	return most
}
