// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package transport

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// script is a base transport that plays answers in order; the last one stays.
type script struct {
	mu    sync.Mutex
	steps []func(*http.Request) (*http.Response, error)
	times []time.Time
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	i := min(len(s.times), len(s.steps)-1)
	s.times = append(s.times, time.Now())
	step := s.steps[i]
	s.mu.Unlock()
	return step(r)
}

func answer(status int, header ...string) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) {
		h := http.Header{}
		for i := 0; i+1 < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader("{}"))}, nil
	}
}

// gotConn plays the part of http.Transport that reports a connection.
func gotConn(r *http.Request) {
	if t := traceOf(r); t != nil {
		t.GotConn(connInfo)
	}
}

func reset(r *http.Request) (*http.Response, error) {
	gotConn(r)
	return nil, syscall.ECONNRESET
}

func refused(*http.Request) (*http.Response, error) { return nil, syscall.ECONNREFUSED }

func hang(r *http.Request) (*http.Response, error) {
	gotConn(r)
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func cut(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(io.MultiReader(
		strings.NewReader(`{"a":`), errReader{io.ErrUnexpectedEOF}))}, nil
}

type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }

type steps = []func(*http.Request) (*http.Response, error)

// A time limit does not hide why there was no answer by then.
func TestDo_timeLimitKeepsTheCause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := New(Options{Base: &script{steps: steps{answer(503, "Retry-After", "600")}}, Side: "the account"})
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
		defer stop()
		_, err := c.Do(ctx, &Request{Method: "GET", URL: "http://account.example.com/path"})
		var e *EndedError
		if !errors.As(err, &e) || !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("%T %v", err, err)
		}
		if !strings.Contains(e.Error(), "status 503") || e.Circumstances() != "1 attempt; the server asked to come back in 600 s" || e.Side != "the account" {
			t.Errorf("%v (%s), %s", e, e.Circumstances(), e.Side)
		}
		if Failing() == nil {
			t.Error("who waits for a shared reading has no reason")
		}
	})
}

func TestDo(t *testing.T) {
	t.Parallel()
	get := &Request{Method: "GET", URL: "http://account.example.com/path?filter=secret"}
	patch := &Request{Method: "PATCH", URL: "http://account.example.com/path", Body: []byte("{}")}
	again := &Request{Method: "POST", URL: "http://account.example.com/path", Repeatable: true}
	tests := map[string]struct {
		req      *Request
		steps    steps
		status   int // 0: an error
		attempts int
		sent     bool
		min, max time.Duration
	}{
		"clean":                        {req: get, steps: steps{answer(200)}, status: 200, attempts: 1},
		"404 is final":                 {req: get, steps: steps{answer(404)}, status: 404, attempts: 1},
		"a redirect is an answer":      {req: get, steps: steps{answer(302, "Location", "http://other.example.com/")}, status: 302, attempts: 1},
		"429 seconds":                  {req: get, steps: steps{answer(429, "Retry-After", "7"), answer(200)}, status: 200, attempts: 2, min: 7 * time.Second, max: 8 * time.Second},
		"429 without":                  {req: get, steps: steps{answer(429), answer(200)}, status: 200, attempts: 2, max: time.Second},
		"429 for a write":              {req: patch, steps: steps{answer(429), answer(200)}, status: 200, attempts: 2, max: time.Second},
		"429 beyond the budget":        {req: get, steps: steps{answer(429, "Retry-After", "4000"), answer(429)}, status: 429, attempts: 2, min: 5 * time.Minute, max: 5*time.Minute + time.Second},
		"502, 503, 504 for a write":    {req: patch, steps: steps{answer(502), answer(503), answer(504), answer(204)}, status: 204, attempts: 4, max: 10 * time.Second},
		"500 for a read":               {req: get, steps: steps{answer(500), answer(200)}, status: 200, attempts: 2, max: time.Second},
		"500 for a write":              {req: patch, steps: steps{answer(500), answer(200)}, status: 500, attempts: 1},
		"500 for a repeatable write":   {req: again, steps: steps{answer(500), answer(200)}, status: 200, attempts: 2, max: time.Second},
		"reset read":                   {req: get, steps: steps{reset, answer(200)}, status: 200, attempts: 2, max: time.Second},
		"reset write":                  {req: patch, steps: steps{reset, answer(200)}, attempts: 1, sent: true},
		"reset repeatable write":       {req: again, steps: steps{reset, answer(200)}, status: 200, attempts: 2, max: time.Second},
		"refused write":                {req: patch, steps: steps{refused, answer(200)}, status: 200, attempts: 2, max: time.Second},
		"cut read":                     {req: get, steps: steps{cut, answer(200)}, status: 200, attempts: 2, max: time.Second},
		"cut write keeps the status":   {req: patch, steps: steps{cut}, status: 200, attempts: 1},
		"cut repeatable write":         {req: again, steps: steps{cut, answer(200)}, status: 200, attempts: 2, max: time.Second},
		"refused on first contact":     {req: get, steps: steps{refused}, min: 3700 * time.Millisecond, max: 10 * time.Second},
		"silent on first contact":      {req: get, steps: steps{hang}, min: 10 * time.Second, max: 10 * time.Second, attempts: 1, sent: true},
		"refused later":                {req: get, steps: steps{answer(503), refused}, sent: true, min: 4 * time.Minute, max: 5 * time.Minute},
		"silent later, then an answer": {req: get, steps: steps{answer(503), hang, answer(200)}, status: 200, attempts: 3, min: time.Minute, max: 62 * time.Second},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				base := &script{steps: tc.steps}
				c := New(Options{Base: base})
				begin := time.Now()
				resp, err := c.Do(t.Context(), tc.req)
				took := time.Since(begin)
				if took < tc.min || took > tc.max {
					t.Errorf("took %s, want between %s and %s", took, tc.min, tc.max)
				}
				if tc.status != 0 {
					if err != nil {
						t.Fatal(err)
					}
					if resp.Status != tc.status || resp.Attempts != tc.attempts {
						t.Errorf("got status %d after %d attempts, want %d after %d", resp.Status, resp.Attempts, tc.status, tc.attempts)
					}
					return
				}
				var e *Error
				if !errors.As(err, &e) {
					t.Fatalf("got %v, %v, want an *Error", resp, err)
				}
				if e.Sent != tc.sent || tc.attempts != 0 && e.Attempts != tc.attempts {
					t.Errorf("sent %t after %d attempts, want %t after %d", e.Sent, e.Attempts, tc.sent, tc.attempts)
				}
				if !strings.Contains(err.Error(), "account.example.com/path") || strings.Contains(err.Error(), "secret") {
					t.Errorf("the error should name the host and not the query: %v", err)
				}
			})
		})
	}
}

// A host that answered before and then nothing at all, to several requests, is
// gone: they end after a minute, later ones at once, and the first answer to a
// probe brings it back. One request that hangs alone says nothing of its host.
func TestDo_hostGone(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]func(*http.Request) (*http.Response, error){"refuses": refused, "hangs": hang} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var gone atomic.Bool
				c := New(Options{Base: &script{steps: steps{func(r *http.Request) (*http.Response, error) {
					if gone.Load() {
						return step(r)
					}
					return answer(200)(r)
				}}}})
				get := func() error {
					_, err := c.Do(t.Context(), &Request{Method: "GET", URL: "http://account.example.com/path"})
					return err
				}
				if err := get(); err != nil {
					t.Fatal(err)
				}
				gone.Store(true)
				begin := time.Now()
				var wg sync.WaitGroup
				for range minUnanswered {
					wg.Go(func() {
						var e *Error
						if err := get(); !errors.As(err, &e) || !e.HostUnreachable() {
							t.Errorf("got %v, want an error that calls the host unreachable", err)
						}
					})
				}
				wg.Wait()
				if took := time.Since(begin); took < maxSilence || took > 2*maxSilence {
					t.Errorf("gave the host up after %s", took)
				}
				begin = time.Now()
				if err := get(); err == nil || time.Since(begin) != 0 {
					t.Errorf("a request to a host that is gone took %s: %v", time.Since(begin), err)
				}
				gone.Store(false)
				time.Sleep(probeEvery)
				if err := get(); err != nil {
					t.Errorf("after the host is back: %v", err)
				}
			})
		})
	}
	t.Run("one request alone", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			c := New(Options{Base: &script{steps: steps{answer(200), hang}}})
			for range 2 {
				_, err := c.Do(t.Context(), &Request{Method: "GET", URL: "http://account.example.com/path"})
				var e *Error
				if errors.As(err, &e) && e.HostUnreachable() {
					t.Errorf("one hanging request makes the host gone: %v", err)
				}
			}
		})
	})
}

func TestDo_cancelledEndsAtOnce(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]func(*http.Request) (*http.Response, error){
		"in a pause": answer(429, "Retry-After", "60"), "in flight": hang,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := New(Options{Base: &script{steps: steps{step}}})
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				defer cancel()
				begin := time.Now()
				_, err := c.Do(ctx, &Request{Method: "GET", URL: "http://account.example.com/"})
				if !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != 3*time.Second {
					t.Errorf("got %v after %s", err, time.Since(begin))
				}
			})
		})
	}
}

func TestDo_concurrencyIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		inFlight, most := 0, 0
		base := &script{steps: steps{func(*http.Request) (*http.Response, error) {
			mu.Lock()
			inFlight++
			most = max(most, inFlight)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			inFlight--
			mu.Unlock()
			return answer(200)(nil)
		}}}
		c := New(Options{Base: base, MaxConcurrency: 4})
		fanOut(t, c, 20, &Request{Method: "GET", URL: "http://account.example.com/"})
		if most != 4 || len(base.times) != 20 {
			t.Errorf("%d requests, %d at once; want 20, 4", len(base.times), most)
		}
	})
}

// fanOut sends n requests at once and waits for all of them.
func fanOut(t *testing.T, c *Client, n int, req *Request) {
	t.Helper()
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if resp, err := c.Do(t.Context(), req); err != nil || resp.Status != 200 {
				t.Errorf("got %v, %v", resp, err)
			}
		})
	}
	wg.Wait()
}

// bucketServer takes rate requests per second with a burst, and answers 429
// otherwise, with or without Retry-After.
type bucketServer struct {
	mu       sync.Mutex
	rate     float64
	burst    float64
	tokens   float64
	last     time.Time
	header   []string
	refusals int
}

func (b *bucketServer) RoundTrip(r *http.Request) (*http.Response, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.tokens = min(b.burst, b.tokens+now.Sub(b.last).Seconds()*b.rate)
	b.last = now
	if b.tokens < 1 {
		b.refusals++
		return answer(429, b.header...)(r)
	}
	b.tokens--
	return answer(200)(r)
}

func TestDo_adaptsToTheServersRate(t *testing.T) {
	t.Parallel()
	for name, header := range map[string][]string{"with Retry-After": {"Retry-After", "1"}, "without": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const n, rate = 200, 2.0
				server := &bucketServer{rate: rate, burst: rate, last: time.Now(), tokens: rate, header: header}
				c := New(Options{Base: server})
				begin := time.Now()
				fanOut(t, c, n, &Request{Method: "PATCH", URL: "http://account.example.com/"})
				took := time.Since(begin)
				if least := time.Duration((n - rate) / rate * float64(time.Second)); took > least*3/2 {
					t.Errorf("took %s, the server allows %s", took, least)
				}
				if server.refusals > n/3 {
					t.Errorf("%d refusals for %d requests", server.refusals, n)
				}
			})
		})
	}
}

func TestDo_recoversFromOnePassing429(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := New(Options{Base: &script{steps: steps{answer(429), answer(200)}}})
		begin := time.Now()
		fanOut(t, c, 1000, &Request{Method: "GET", URL: "http://account.example.com/"})
		if took := time.Since(begin); took > 20*time.Second {
			t.Errorf("1,000 requests took %s after one 429", took)
		}
	})
}

func TestDo_fixedRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := New(Options{Base: &script{steps: steps{answer(200)}}, ReadsPerSecond: 10})
		begin := time.Now()
		fanOut(t, c, 21, &Request{Method: "GET", URL: "http://account.example.com/"})
		if took := time.Since(begin); took != 2*time.Second {
			t.Errorf("21 requests at 10/s took %s, want 2s", took)
		}
	})
}

func TestDo_throttlingIsPerClassAndLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		base := &script{steps: steps{answer(429, "Retry-After", "30"), answer(200)}}
		c := New(Options{Base: base})
		var wg sync.WaitGroup
		wg.Go(func() { fanOut(t, c, 1, &Request{Method: "GET", URL: "http://account.example.com/", Limit: "list"}) })
		synctest.Wait()
		begin := time.Now()
		fanOut(t, c, 1, &Request{Method: "PATCH", URL: "http://account.example.com/"})
		fanOut(t, c, 1, &Request{Method: "GET", URL: "http://account.example.com/", Limit: "get"})
		if took := time.Since(begin); took != 0 {
			t.Errorf("others waited %s", took)
		}
		fanOut(t, c, 1, &Request{Method: "GET", URL: "http://account.example.com/", Limit: "list"})
		if took := time.Since(begin); took < 30*time.Second {
			t.Errorf("the same family waited only %s", took)
		}
		wg.Wait()
	})
}

func TestDo_authorize(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		base := &script{steps: steps{func(r *http.Request) (*http.Response, error) {
			seen = append(seen, r.Header.Get("Authorization"))
			return answer(503)(r)
		}, func(r *http.Request) (*http.Response, error) {
			seen = append(seen, r.Header.Get("Authorization"))
			return answer(200)(r)
		}}}
		c := New(Options{Base: base, UserAgent: "test"})
		n := 0
		req := &Request{Method: "GET", URL: "http://account.example.com/", Authorize: func(_ context.Context, r *http.Request) error {
			n++
			r.Header.Set("Authorization", strings.Repeat("x", n))
			return nil
		}}
		if _, err := c.Do(t.Context(), req); err != nil || strings.Join(seen, ",") != "x,xx" {
			t.Errorf("got %v, %v", seen, err)
		}
		failure := errors.New("no token")
		req.Authorize = func(context.Context, *http.Request) error { return failure }
		if _, err := c.Do(t.Context(), req); !errors.Is(err, failure) || len(base.times) != 2 {
			t.Errorf("got %v after %d requests, want the failure of Authorize and nothing sent", err, len(base.times))
		}
	})
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tests := map[string]struct {
		after, date string
		want        time.Duration
		named       bool
	}{
		"none":           {},
		"seconds":        {after: "12", want: 12 * time.Second, named: true},
		"fraction":       {after: "0.5", want: 500 * time.Millisecond, named: true},
		"negative":       {after: "-3", named: true},
		"huge":           {after: "1e300", want: 24 * time.Hour, named: true},
		"date":           {after: now.Add(9 * time.Second).Format(http.TimeFormat), want: 9 * time.Second, named: true},
		"past date":      {after: now.Add(-time.Hour).Format(http.TimeFormat), named: true},
		"server's clock": {after: now.Add(time.Hour).Format(http.TimeFormat), date: now.Add(59 * time.Minute).Format(http.TimeFormat), want: time.Minute, named: true},
		"garbage":        {after: "soon"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := http.Header{}
			if tc.after != "" {
				h.Set("Retry-After", tc.after)
			}
			if tc.date != "" {
				h.Set("Date", tc.date)
			}
			if got, named := RetryAfter(h, now); got != tc.want || named != tc.named {
				t.Errorf("got %s, %t; want %s, %t", got, named, tc.want, tc.named)
			}
		})
	}
}
