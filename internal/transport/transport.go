// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package transport sends HTTP requests for the clients of the account and of
// the identity providers under one discipline: bounded concurrency, a limiter
// that slows down for everyone when a server says so, retries with
// Retry-After, jitter and a total budget, and no redirect ever followed.
//
// It knows HTTP and nothing of any API: every final answer comes back as a
// [Response], whatever its status; only a request without an answer is an
// [Error]. The credentials that it sends and gets are known to package redact from
// then on, and an answer that repeats one is no answer. It must not import anything
// else of this module.
package transport

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/redact"
)

// Defaults of [Options].
const (
	DefaultMaxConcurrency = 32
	DefaultFirstContact   = 10 * time.Second
	DefaultRequestTimeout = 60 * time.Second
	DefaultRetryBudget    = 5 * time.Minute
	DefaultRetryPause     = 500 * time.Millisecond

	maxRetryPause = 15 * time.Second
)

// Class says which limiter a request is under.
type Class int

// The classes. The zero value goes by the method: GET and HEAD are reads,
// everything else is a write.
const (
	ClassByMethod Class = iota
	ClassRead
	ClassWrite
	// ClassAuth is for token requests, which other requests wait for: they pass
	// the limiters and the bound on concurrency, and nothing else.
	ClassAuth
)

// Options say how a [Client] behaves. Zero values mean the defaults.
type Options struct {
	// Base carries the requests; nil means [NewBase]. It must not retry.
	Base http.RoundTripper
	// MaxConcurrency bounds the requests in flight; fewer are when a server fails
	// under them, or answers the later the more it is asked. 0 is
	// [DefaultMaxConcurrency], and up to twice as many once a server has shown that it
	// has no limit near.
	MaxConcurrency int
	// ReadsPerSecond and WritesPerSecond are fixed rates; 0 means as fast as
	// the server takes them, found out by its answers of 429.
	ReadsPerSecond, WritesPerSecond float64
	// LikelyWritesPerSecond is what the server is said to take. It is believed once
	// a 429 after a similar number of writes bears it out; 0 is not known.
	LikelyWritesPerSecond float64
	// FirstContact is the total time for requests to a host that has not
	// answered anything yet.
	FirstContact time.Duration
	// RequestTimeout is the time without progress after which one attempt ends.
	RequestTimeout time.Duration
	// RetryBudget is the time from the first attempt after which none is added.
	RetryBudget time.Duration
	// RetryPause is the pause after the first failed attempt when the server
	// names none; it doubles with each attempt, up to 15 s.
	RetryPause time.Duration
	// Side is who is asked, for errors: "the account", "Microsoft Graph".
	Side string
	// UserAgent is set on every request.
	UserAgent string
	// Log gets one line per retry; nil for none. It never gets queries, bodies
	// or headers.
	Log func(ctx context.Context, msg string, fields map[string]any)
}

// Client sends requests. It is safe for concurrent use.
type Client struct {
	opts  Options
	slots chan struct{} // holds one for each request in flight, and one for each that is spare
	spare chan struct{} // places for servers that have shown that they take more
	large chan struct{} // large answers that are being read
	small int           // bytes of an answer that is not large

	hosts *hosts

	mu       sync.Mutex
	limiters map[limiterKey]*rateLimiter
}

type limiterKey struct {
	class Class
	limit string
}

// New builds a client; it sends nothing.
func New(o Options) *Client {
	most := MostInFlight(o.MaxConcurrency)
	setDefault(&o.MaxConcurrency, DefaultMaxConcurrency)
	setDefault(&o.FirstContact, DefaultFirstContact)
	setDefault(&o.RequestTimeout, DefaultRequestTimeout)
	setDefault(&o.RetryBudget, DefaultRetryBudget)
	setDefault(&o.RetryPause, DefaultRetryPause)
	if o.Base == nil {
		o.Base = NewBase(most, nil)
	}
	c := &Client{
		opts:     o,
		slots:    make(chan struct{}, most),
		spare:    make(chan struct{}, most-o.MaxConcurrency),
		large:    make(chan struct{}, largeReads),
		small:    min(smallBody, max(allSmall/most, 4<<10)),
		hosts:    newHosts(o.RetryBudget),
		limiters: map[limiterKey]*rateLimiter{},
	}
	for range cap(c.spare) {
		c.slots <- struct{}{}
		c.spare <- struct{}{}
	}
	return c
}

// onePlaceMore gives out a place that was spare.
func (c *Client) onePlaceMore() bool {
	select {
	case <-c.spare:
		<-c.slots
		return true
	default:
		return false
	}
}

// placesBack makes places spare again, each as soon as no request is in it.
func (c *Client) placesBack(n int) {
	for range n {
		go func() {
			c.slots <- struct{}{}
			c.spare <- struct{}{}
		}()
	}
}

// MostInFlight is how many requests a client with that [Options.MaxConcurrency] may ever
// have in flight.
func MostInFlight(maxConcurrency int) int {
	if maxConcurrency <= 0 {
		return growTimes * DefaultMaxConcurrency
	}
	return maxConcurrency
}

func setDefault[T int | time.Duration](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}

// NewBase is an http.Transport that keeps enough idle connections for the given
// concurrency. tlsConfig may be nil.
func NewBase(concurrency int, tlsConfig *tls.Config) *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          2 * max(concurrency, 1),
		MaxIdleConnsPerHost:   max(concurrency, 1),
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
		TLSClientConfig:       tlsConfig,
	}
}

// Request is one request and what may be done to get it answered.
type Request struct {
	Method string
	// URL is absolute.
	URL    string
	Header http.Header
	// Body is kept, so that it can be sent again. nil means no body.
	Body  []byte
	Class Class
	// Limit names the family of calls that the server counts together, so that
	// a 429 slows down that family only; "" is a family of its own.
	Limit string
	// Single says that a read is about one object of many: while others of its family
	// are answered, it is given up after seconds.
	Single bool
	// Side is who is asked, where that is not the client's.
	Side string
	// Repeatable says that a request other than GET may be sent again although
	// an earlier attempt may have reached the server.
	Repeatable bool
	// Authorize sets the credentials of each attempt; nil for none. Its error
	// ends the request as it is: it is not retried.
	Authorize func(ctx context.Context, r *http.Request) error
	// Prepare makes the body of each attempt, the first one included, when the
	// request has its turn under the rate limit: what was true when it was asked for
	// may not be any more. Before a further attempt it is asked once more, ahead of
	// the queue, so that what takes long is done by then. attempts is the number of
	// those before; unsure says that one of them may have taken effect. It may send
	// requests itself; its error ends the request as it is. nil sends Body.
	Prepare func(ctx context.Context, attempts int, unsure bool) (body []byte, err error)
	// Check looks at a successful answer; an error marks it as broken (half a
	// document), and it is asked for again where that is allowed.
	Check func(*Response) error
}

// Response is the final answer: the last attempt's, whatever its status.
// Redirects are answers.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	// Attempts counts all of them, the answered one included.
	Attempts int
	Elapsed  time.Duration
}

func (r *Request) isRead() bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

func (r *Request) class() Class {
	switch {
	case r.Class != ClassByMethod:
		return r.Class
	case r.isRead():
		return ClassRead
	default:
		return ClassWrite
	}
}

// limiter is the limiter of a request; nil for token requests.
func (c *Client) limiter(req *Request) *rateLimiter {
	key := limiterKey{req.class(), req.Limit}
	rate, likely := 0.0, 0.0
	switch key.class {
	case ClassAuth:
		return nil
	case ClassRead:
		rate = c.opts.ReadsPerSecond
	default:
		rate, likely = c.opts.WritesPerSecond, c.opts.LikelyWritesPerSecond
	}
	if rate > 0 {
		key.limit = "" // A rate that someone fixed is for all of the class.
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	g := c.limiters[key]
	if g == nil {
		g = newRateLimiter(rate, likely, newConcurrencyLimit(c.opts.MaxConcurrency, c.onePlaceMore, c.placesBack))
		c.limiters[key] = g
	}
	return g
}

// side is who a request asks. Who gives out tokens is often another host.
func (c *Client) side(req *Request) string {
	side := cmp.Or(req.Side, c.opts.Side, "the server")
	if req.Class == ClassAuth {
		return "the login of " + side
	}
	return side
}

func (c *Client) log(ctx context.Context, msg string, fields map[string]any) {
	if c.opts.Log != nil {
		for name, value := range fields {
			if text, ok := value.(string); ok {
				fields[name] = redact.Text(text)
			}
		}
		c.opts.Log(ctx, msg, fields)
	}
}

// redactedURL is a URL without its query, which may hold names.
func redactedURL(u *url.URL) string { return u.Scheme + "://" + u.Host + u.EscapedPath() }
