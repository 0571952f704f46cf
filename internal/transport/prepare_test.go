// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A request is prepared after it has waited for its turn, before every attempt,
// and learns whether an earlier attempt may have taken effect.
func TestDo_prepares(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log []string
		note := func(next func(*http.Request) (*http.Response, error)) func(*http.Request) (*http.Response, error) {
			return func(r *http.Request) (*http.Response, error) {
				body, _ := io.ReadAll(r.Body)
				log = append(log, "sent "+string(body))
				return next(r)
			}
		}
		base := &script{steps: steps{note(answer(429, "Retry-After", "2")), note(answer(503)), note(answer(200))}}
		c := New(Options{Base: base, MaxConcurrency: 1, WritesPerSecond: 1})
		n, ready := 0, time.Time{}
		req := &Request{Method: "PATCH", URL: "http://account.example.com/path", Prepare: func(ctx context.Context, attempts int, unsure bool) ([]byte, error) {
			n++
			log, ready = append(log, fmt.Sprintf("prepared after %d, unsure %t", attempts, unsure)), time.Now()
			// It may ask for something itself, with one request in flight at a time.
			_, err := c.Do(ctx, &Request{Method: "GET", URL: "http://other.example.com/look"})
			return fmt.Appendf(nil, "body %d", n), err
		}}
		other := &script{steps: steps{answer(200)}}
		c.opts.Base = split{"account.example.com": base, "other.example.com": other}
		resp, err := c.Do(t.Context(), req)
		if err != nil || resp.Status != 200 {
			t.Fatalf("got %v, %v", resp, err)
		}
		want := []string{
			"prepared after 0, unsure false", "sent body 1", "prepared after 1, unsure false", "prepared after 1, unsure false", "sent body 3",
			"prepared after 2, unsure true", "prepared after 2, unsure true", "sent body 5",
		}
		if diff := cmp.Diff(want, log); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if late := base.times[2].Sub(ready); late > 0 {
			t.Errorf("sent %s after it was prepared", late)
		}
	})
}

func TestDo_prepareRefuses(t *testing.T) {
	t.Parallel()
	base := &script{steps: steps{answer(200)}}
	c := New(Options{Base: base, MaxConcurrency: 1})
	no := errors.New("no")
	for range 2 { // It has given its place back.
		_, err := c.Do(t.Context(), &Request{Method: "PATCH", URL: "http://account.example.com/", Prepare: func(context.Context, int, bool) ([]byte, error) { return nil, no }})
		if !errors.Is(err, no) || len(base.times) != 0 {
			t.Errorf("got %v after %d requests", err, len(base.times))
		}
	}
}

// split is a base transport per host.
type split map[string]http.RoundTripper

func (s split) RoundTrip(r *http.Request) (*http.Response, error) { return s[r.URL.Host].RoundTrip(r) }
