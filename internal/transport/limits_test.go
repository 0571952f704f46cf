// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package transport

import (
	"cmp"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// documented is a server with a documented rate limit, as the simulator plays
// it: a bucket that refills evenly, refusals with Retry-After in whole seconds.
type documented struct {
	rate, burst float64
	latency     time.Duration
	after       bool          // sends Retry-After
	work        time.Duration // what an accepted request takes longer than a refused one

	mu                 sync.Mutex
	tokens             float64
	last               time.Time
	accepted, refusals int
}

func (d *documented) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(d.latency)
	taken, resp, err := d.decide(r)
	if taken {
		time.Sleep(d.work)
	}
	return resp, err
}

// decide takes a token, or refuses.
func (d *documented) decide(r *http.Request) (taken bool, _ *http.Response, _ error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	if d.last.IsZero() {
		d.tokens, d.last = d.burst, now
	}
	d.tokens = min(d.burst, d.tokens+now.Sub(d.last).Seconds()*d.rate)
	d.last = now
	if d.tokens >= 1 {
		d.tokens--
		d.accepted++
		resp, err := answer(200)(r)
		return true, resp, err
	}
	d.refusals++
	var headers []string
	if d.after {
		wait := math.Ceil((1 - d.tokens) / d.rate)
		headers = []string{"Retry-After", strconv.Itoa(int(max(1, wait)))}
	}
	resp, err := answer(429, headers...)(r)
	return false, resp, err
}

// least is the limit's own arithmetic: what a caller needs who never loses a
// token of the bucket.
func (d *documented) least(n int) time.Duration {
	return time.Duration((float64(n) - d.burst) / d.rate * float64(time.Second))
}

// A limit that no one published is used to at least 95 %, and nothing is lost,
// with few refusals: no herd comes back. Servers that save up less than their
// own Retry-After lose what a pause costs; none of the documented ones is known
// to.
func TestRateLimiter_usesADocumentedLimit(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		rate, burst   float64
		latency, work time.Duration
		n, callers    int
		without       bool
		least         float64 // share of the limit; 0 means 0.95
	}{
		"member reads of IAM v2 at 20/s":      {rate: 20, burst: 20, latency: 20 * time.Millisecond, n: 5000, callers: 32},
		"the same on a slow line":             {rate: 20, burst: 20, latency: 400 * time.Millisecond, n: 5000, callers: 32},
		"the same without Retry-After":        {rate: 20, burst: 20, latency: 20 * time.Millisecond, n: 5000, callers: 32, without: true},
		"refusals come before answers":        {rate: 20, burst: 20, latency: 20 * time.Millisecond, work: 5 * time.Millisecond, n: 2000, callers: 32},
		"matchWithIdp at 20/s":                {rate: 20, burst: 20, latency: 20 * time.Millisecond, n: 15500, callers: 32},
		"pages of SCIM at 240/min":            {rate: 4, burst: 240, latency: 20 * time.Millisecond, n: 1500, callers: 32},
		"writes at 2/s":                       {rate: 2, burst: 2, latency: 20 * time.Millisecond, n: 1000, callers: 10},
		"writes at 2/s without a burst":       {rate: 2, burst: 1, latency: 20 * time.Millisecond, n: 1000, callers: 10, least: 0.85},
		"a limit above what a page takes":     {rate: 200, burst: 200, latency: 20 * time.Millisecond, n: 20000, callers: 32},
		"a bucket smaller than a Retry-After": {rate: 20, burst: 5, latency: 20 * time.Millisecond, n: 5000, callers: 32, least: 0.85},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := &documented{rate: tc.rate, burst: tc.burst, latency: tc.latency, after: !tc.without, work: tc.work}
				c := New(Options{Base: server, MaxConcurrency: tc.callers})
				begin := time.Now()
				fanOut(t, c, tc.n, &Request{Method: "GET", URL: "http://account.example.com/"})
				took, least := time.Since(begin), server.least(tc.n)
				used := float64(least) / float64(took)
				t.Logf("%d requests in %s, the limit allows %s: %.1f %%, %d refusals", tc.n, took.Round(time.Second), least, 100*used, server.refusals)
				if used < cmp.Or(tc.least, 0.95) {
					t.Errorf("only %.1f %% of the limit was used", 100*used)
				}
				if server.accepted != tc.n {
					t.Errorf("%d requests were accepted, want %d", server.accepted, tc.n)
				}
				if most := 2*tc.callers + tc.n/20; server.refusals > most {
					t.Errorf("%d refusals, want at most %d", server.refusals, most)
				}
			})
		})
	}
}

// What a server is said to take is believed when it refuses after as many: nothing is lost to
// finding it out, and no one is refused but those of the first moment. One that takes
// something else is found out.
func TestRateLimiter_likely(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		rate, burst float64
		refusals    int
		least       float64
	}{
		"as it is said":       {2, 2, 10, 0.95},
		"a little less":       {1.5, 2, 20, 0.85},
		"twice as many":       {4, 4, 20, 0.8},
		"many more than said": {20, 20, 10, 0.7},
		"a quarter of it":     {0.5, 1, 100, 0.7},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := &documented{rate: tc.rate, burst: tc.burst, latency: 20 * time.Millisecond, after: true}
				c := New(Options{Base: server, MaxConcurrency: 10, LikelyWritesPerSecond: 2})
				begin := time.Now()
				fanOut(t, c, 72, &Request{Method: "PATCH", URL: "http://account.example.com/"})
				used := float64(server.least(72)) / float64(time.Since(begin))
				t.Logf("%.1f %% of the limit, %d refusals", 100*used, server.refusals)
				if used < tc.least || server.refusals > tc.refusals {
					t.Errorf("%.1f %% of the limit was used, with %d refusals, want at least %.0f %% and at most %d", 100*used, server.refusals, 100*tc.least, tc.refusals)
				}
			})
		})
	}
}

// Two processes on one account share its limit, and waste little of it.
func TestRateLimiter_sharesALimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &documented{rate: 20, burst: 20, latency: 20 * time.Millisecond, after: true}
		begin := time.Now()
		var wg sync.WaitGroup
		took := make([]time.Duration, 2)
		for i := range took {
			wg.Go(func() {
				c := New(Options{Base: server})
				fanOut(t, c, 2500, &Request{Method: "GET", URL: "http://account.example.com/"})
				took[i] = time.Since(begin)
			})
		}
		wg.Wait()
		used := float64(server.least(5000)) / float64(max(took[0], took[1]))
		t.Logf("%.1f %% of the limit, %d refusals", 100*used, server.refusals)
		if used < 0.75 { // One that got the smaller share has to speed up when the other is done.
			t.Errorf("the processes took %s, which is %.1f %% of the limit", took, 100*used)
		}
		if server.refusals > 500 {
			t.Errorf("%d refusals", server.refusals)
		}
	})
}

// A request that is sent again goes before those that come for the first time:
// its budget is running, and none is lost behind a long queue.
func TestRateLimiter_repetitionsGoFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &documented{rate: 2, burst: 2, latency: 20 * time.Millisecond, after: true}
		c := New(Options{Base: server, RetryBudget: 30 * time.Second})
		fanOut(t, c, 1000, &Request{Method: "PATCH", URL: "http://account.example.com/"})
	})
}

// A family of calls that has to pause keeps no one else's place.
func TestRateLimiter_pausedFamilyHoldsNoPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		base := &script{steps: steps{answer(429, "Retry-After", "60"), answer(200)}}
		c := New(Options{Base: base, MaxConcurrency: 4})
		var wg sync.WaitGroup
		wg.Go(func() { fanOut(t, c, 20, &Request{Method: "GET", URL: "http://account.example.com/", Limit: "list"}) })
		synctest.Wait()
		time.Sleep(time.Second)
		begin := time.Now()
		fanOut(t, c, 20, &Request{Method: "GET", URL: "http://account.example.com/", Limit: "get"})
		if took := time.Since(begin); took != 0 {
			t.Errorf("others waited %s", took)
		}
		wg.Wait()
	})
}

// A request that others' 429s keep waiting until its budget is used up still has
// one whole attempt: what it hears is the server's word, not our clock's.
func TestDo_attemptAfterALongPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		req := &Request{Method: "GET", URL: "http://account.example.com/"}
		var c *Client
		slow := func(r *http.Request) (*http.Response, error) {
			select {
			case <-time.After(time.Second):
				return answer(200)(r)
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		}
		base := &script{steps: steps{
			answer(200),
			func(r *http.Request) (*http.Response, error) {
				c.limiter(req).throttled(time.Now(), 5*time.Minute) // Another request's news.
				return answer(429, "Retry-After", "1")(r)
			},
			slow,
		}}
		c = New(Options{Base: base, RetryBudget: 30 * time.Second, RequestTimeout: 10 * time.Second})
		for range 2 {
			if resp, err := c.Do(t.Context(), req); err != nil || resp.Status != 200 {
				t.Fatalf("%+v, %v", resp, err)
			}
		}
	})
}

// loaded is a server that answers at once while few requests are in flight,
// the later the more there are, and fails above a number.
type loaded struct {
	good, most int

	mu                        sync.Mutex
	inside, failures, answers int
}

func (l *loaded) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	l.inside++
	inside := l.inside
	l.mu.Unlock()
	latency := 50 * time.Millisecond
	if inside > l.good {
		latency += time.Duration(inside-l.good) * time.Second
	}
	time.Sleep(latency)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inside--
	l.answers++
	if l.most > 0 && inside > l.most {
		l.failures++
		return answer(503)(r)
	}
	return answer(200)(r)
}

// Concurrency falls to what a server takes, and is whole where it takes all.
func TestConcurrencyLimit_adapts(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		server   *loaded
		n        int
		within   time.Duration
		failures int
	}{
		"takes all":                   {&loaded{good: 32}, 3200, 6 * time.Second, 0},
		"answers later under load":    {&loaded{good: 8}, 2000, 3 * time.Minute, 0},
		"fails under load":            {&loaded{good: 32, most: 8}, 2000, 60 * time.Second, 200},
		"takes one request at a time": {&loaded{good: 1}, 200, 3 * time.Minute, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := New(Options{Base: tc.server})
				begin := time.Now()
				fanOut(t, c, tc.n, &Request{Method: "GET", URL: "http://account.example.com/"})
				t.Logf("%d requests in %s, %d failures", tc.n, time.Since(begin), tc.server.failures)
				if took := time.Since(begin); took > tc.within || tc.server.failures > tc.failures {
					t.Errorf("took %s with %d failures, want at most %s and %d", took, tc.server.failures, tc.within, tc.failures)
				}
			})
		})
	}
}

// slotted is a server that works on so many requests at a time, and lets the others wait;
// nil is one that takes all.
type slotted struct {
	latency time.Duration
	slots   chan struct{}
}

func (s *slotted) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.slots != nil {
		s.slots <- struct{}{}
		defer func() { <-s.slots }()
	}
	time.Sleep(s.latency)
	return answer(200)(r)
}

// A server that has shown that no limit is near gets more at a time, where that is faster. With
// a documented limit, and with most others, it never does.
func TestConcurrencyLimit_grows(t *testing.T) {
	t.Parallel()
	const near, far = 20 * time.Millisecond, 100 * time.Millisecond
	all := func(latency time.Duration) func() http.RoundTripper {
		return func() http.RoundTripper { return &slotted{latency: latency} }
	}
	some := func(n int) func() http.RoundTripper {
		return func() http.RoundTripper { return &slotted{near, make(chan struct{}, n)} }
	}
	limit := func(rate, burst float64, latency time.Duration) func() http.RoundTripper {
		return func() http.RoundTripper {
			return &documented{rate: rate, burst: burst, latency: latency, after: true}
		}
	}
	for name, tc := range map[string]struct {
		server func() http.RoundTripper
		faster float64 // than with 32; 0: neither faster nor slower
		most   int     // in flight
	}{
		"takes all":                   {all(near), 1.45, 64},
		"takes all, far away":         {all(far), 0, 32},
		"takes 16 at a time":          {some(16), 0, 32},
		"takes 32 at a time":          {some(32), 0, 60},
		"takes 48 at a time":          {some(48), 1.25, 64},
		"member reads at 20/s":        {limit(20, 20, near), 0, 32},
		"the same, far away":          {limit(20, 20, far), 0, 32},
		"240 a minute":                {limit(4, 240, near), 0, 32},
		"1,000 a minute":              {limit(1000./60, 1000, near), 0, 32},
		"1,000 a minute, far away":    {limit(1000./60, 1000, far), 0, 32},
		"200/s":                       {limit(200, 200, near), 0, 32},
		"500/s":                       {limit(500, 500, near), 0, 32},
		"500/s, far away":             {limit(500, 500, far), 0, 32},
		"310/s, found late, far away": {limit(310, 1600, far), 0, 32},
		"as many as 32 get through":   {limit(1590, 1590, near), 0, 64},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				took, refused, most := map[int]float64{}, map[int]int{}, map[int]int{}
				for _, width := range []int{32, 0} {
					server, begin := tc.server(), time.Now()
					counted := &inFlight{RoundTripper: server}
					fanOut(t, New(Options{Base: counted, MaxConcurrency: width}), 5000, &Request{Method: "GET", URL: "http://account.example.com/"})
					took[width], most[width] = time.Since(begin).Seconds(), counted.most
					if limited, is := server.(*documented); is {
						refused[width] = limited.refusals
					}
				}
				t.Logf("32: %.2f s and %d refusals; by itself: %.2f s and %d, at most %d in flight", took[32], refused[32], took[0], refused[0], most[0])
				if faster := took[32] / took[0]; faster < max(tc.faster, 0.94) || tc.faster == 0 && faster > 1.03 {
					t.Errorf("it is %.2f times as fast as with 32, want %.2f", faster, tc.faster)
				}
				if most[32] > 32 || most[0] > tc.most {
					t.Errorf("%d in flight with 32, %d by itself, want at most %d", most[32], most[0], tc.most)
				}
				if most[0] > 32 && refused[0] > refused[32]+64 { // Once, of those that were in flight.
					t.Errorf("%d refusals, and %d with 32", refused[0], refused[32])
				}
			})
		})
	}
}

// A server that was busy for a while loses what was added, and gets it again.
func TestConcurrencyLimit_growsAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &slotted{latency: 10 * time.Millisecond}
		c, req := New(Options{Base: server}), &Request{Method: "GET", URL: "http://account.example.com/"}
		for _, busy := range []bool{false, true, false} {
			if server.latency = 10 * time.Millisecond; busy {
				server.latency = 50 * time.Millisecond
			}
			fanOut(t, c, 3000, req)
			want := growTimes * DefaultMaxConcurrency
			if busy {
				want = DefaultMaxConcurrency
			}
			synctest.Wait()
			if most := c.limiter(req).concurrency.most; most != want || len(c.slots) != len(c.spare) || len(c.spare) != cap(c.slots)-want {
				t.Errorf("busy %v: %d may be in flight, %d places are taken and %d spare, want %d", busy, most, len(c.slots), len(c.spare), want)
			}
		}
	})
}

// What few callers got through says nothing of a limit.
func TestConcurrencyLimit_growsUnderDemandOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, req := New(Options{Base: &slotted{latency: 20 * time.Millisecond}}), &Request{Method: "GET", URL: "http://account.example.com/"}
		for range 400 {
			fanOut(t, c, 8, req)
		}
		if most := c.limiter(req).concurrency.most; most != DefaultMaxConcurrency {
			t.Errorf("%d may be in flight, want %d", most, DefaultMaxConcurrency)
		}
	})
}

// inFlight notes how many requests a server has at a time.
type inFlight struct {
	http.RoundTripper

	mu        sync.Mutex
	now, most int
}

func (f *inFlight) RoundTrip(r *http.Request) (*http.Response, error) {
	f.mu.Lock()
	f.now++
	f.most = max(f.most, f.now)
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		f.now--
		f.mu.Unlock()
	}()
	return f.RoundTripper.RoundTrip(r)
}

// Why the bound does not grow further, or sooner (docs/performance.md, Concurrency): more requests in
// flight are faster on a server without limits only, and are refused by every other one.
func TestConcurrencyLimit_whatMoreWouldCost(t *testing.T) {
	t.Parallel()
	const latency = 100 * time.Millisecond
	for name, tc := range map[string]struct {
		server  func() http.RoundTripper
		faster  float64 // with 128 in place of 32; 1 is exact, more is the least
		limited bool    // 128 are refused more often than 32
		quiet   bool    // 32 are never refused
	}{
		"takes all":          {func() http.RoundTripper { return &slotted{latency: latency} }, 3.9, false, true},
		"takes 16 at a time": {func() http.RoundTripper { return &slotted{latency, make(chan struct{}, 16)} }, 1, false, true},
		"a documented limit": {func() http.RoundTripper { return &documented{rate: 20, burst: 20, latency: latency, after: true} }, 1, true, false},
		"a deep bucket": {func() http.RoundTripper {
			return &documented{rate: 1000. / 60, burst: 1000, latency: latency, after: true}
		}, 1, true, false},
		"a limit between both": {func() http.RoundTripper { return &documented{rate: 500, burst: 500, latency: latency, after: true} }, 1.3, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				took, refused := map[int]float64{}, map[int]int{}
				for _, width := range []int{32, 128} {
					server, begin := tc.server(), time.Now()
					fanOut(t, New(Options{Base: server, MaxConcurrency: width}), 2000, &Request{Method: "GET", URL: "http://account.example.com/"})
					took[width] = time.Since(begin).Seconds()
					if limited, is := server.(*documented); is {
						refused[width] = limited.refusals
					}
				}
				t.Logf("32: %.1f s and %d refusals, 128: %.1f s and %d", took[32], refused[32], took[128], refused[128])
				if faster := took[32] / took[128]; faster < 0.97*tc.faster || faster > 1.03*tc.faster && tc.faster == 1 {
					t.Errorf("128 at a time are %.2f times as fast as 32, want %.1f", faster, tc.faster)
				}
				if refused[128] > refused[32] != tc.limited || refused[32] == 0 != tc.quiet {
					t.Errorf("%d refusals with 32, %d with 128", refused[32], refused[128])
				}
			})
		})
	}
}

// A family that gets nothing but failures is asked for one budget, not for one
// budget per request; the others go on, and the first good answer brings it back.
func TestDo_patienceIsSpentOnce(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"unavailable": 503, "throttled": 429, "failing": 500} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var well atomic.Bool
				c := New(Options{Base: &script{steps: steps{func(r *http.Request) (*http.Response, error) {
					if well.Load() || strings.HasSuffix(r.URL.Path, "/other") {
						return answer(200)(r)
					}
					return answer(status)(r)
				}}}})
				get := func(path string) (*Response, error) {
					return c.Do(t.Context(), &Request{Method: "GET", URL: "http://account.example.com" + path, Limit: path})
				}
				begin := time.Now()
				var wg sync.WaitGroup
				var refused atomic.Int32
				for range 400 {
					wg.Go(func() {
						resp, err := get("/members")
						var e *Error
						switch {
						case errors.As(err, &e) && !e.HostUnreachable() && strings.Contains(err.Error(), "got nothing but failures"):
							refused.Add(1)
						case err != nil || resp.Status != status:
							t.Errorf("got %v, %v", resp, err)
						}
					})
				}
				wg.Wait()
				if took := time.Since(begin); took > 3*DefaultRetryBudget || refused.Load() < 300 {
					t.Errorf("400 requests took %s, %d were not sent", took, refused.Load())
				}
				if resp, err := get("/other"); err != nil || resp.Status != 200 {
					t.Errorf("another family: %v, %v", resp, err)
				}
				well.Store(true)
				time.Sleep(probeEvery)
				for range 2 {
					if resp, err := get("/members"); err != nil || resp.Status != 200 {
						t.Errorf("once the server is well: %v, %v", resp, err)
					}
				}
			})
		})
	}
}
