// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package transport

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// byPath answers paths with /sick/ in one way, and others at once.
type byPath struct {
	sick func(*http.Request) (*http.Response, error)
}

func (b byPath) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.Contains(r.URL.Path, "/sick") {
		return b.sick(r)
	}
	gotConn(r)
	time.Sleep(100 * time.Millisecond)
	return answer(200)(r)
}

// One object that always fails, or always hangs, costs seconds while the others are
// answered, wherever it is in the queue; a server that fails as a whole gets the
// whole budget, and so does a list.
func TestDo_oneSickObject(t *testing.T) {
	t.Parallel()
	const many = 47
	for name, tt := range map[string]struct {
		sick     func(*http.Request) (*http.Response, error)
		isSick   func(i int) bool
		list     bool
		min, max time.Duration
	}{
		"500":             {sick: answer(500), isSick: func(i int) bool { return i == 5 }, max: 15 * time.Second},
		"500, the last":   {sick: answer(500), isSick: func(i int) bool { return i == many-1 }, max: 15 * time.Second},
		"503 for an hour": {sick: answer(503, "Retry-After", "3600"), isSick: func(i int) bool { return i == 5 }, max: 15 * time.Second},
		"hangs":           {sick: hang, isSick: func(i int) bool { return i == 5 }, max: 20 * time.Second},
		"hangs, the last": {sick: hang, isSick: func(i int) bool { return i == many-1 }, max: 20 * time.Second},
		"all fail":        {sick: answer(503), isSick: func(i int) bool { return i > 11 }, min: 4 * time.Minute, max: 6 * time.Minute},
		"all hang":        {sick: hang, isSick: func(i int) bool { return i > 11 }, min: time.Minute, max: 12 * time.Minute},
		"a list fails":    {sick: answer(503), isSick: func(i int) bool { return i == 5 }, list: true, min: 4 * time.Minute, max: 6 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := New(Options{Base: byPath{tt.sick}, MaxConcurrency: 8})
				begin := time.Now()
				var wg sync.WaitGroup
				for i := range many {
					wg.Go(func() {
						time.Sleep(time.Duration(i) * time.Millisecond) // In this order.
						url := "http://account.example.com/well"
						if tt.isSick(i) {
							url = "http://account.example.com/sick"
						}
						_, _ = c.Do(t.Context(), &Request{Method: "GET", URL: url, Single: !tt.list, Limit: "match"})
					})
				}
				wg.Wait()
				if took := time.Since(begin); took < tt.min || took > tt.max {
					t.Errorf("took %s, want between %s and %s", took, tt.min, tt.max)
				}
			})
		})
	}
}
