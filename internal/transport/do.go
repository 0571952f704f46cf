// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package transport

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/redact"
)

// Error is a request without an answer.
type Error struct {
	Method string
	// Side is who was asked: "the account", "Microsoft Graph".
	Side string
	// Place is the URL without its query.
	Place    string
	Attempts int
	Elapsed  time.Duration
	// Sent is true when an attempt may have reached the server, so that a write
	// may have happened.
	Sent bool
	// FirstContact is true when the host has never answered anything.
	FirstContact bool
	// Gone is true when the host has answered nothing for so long, while it was
	// asked, that other requests to it are not worth their time either.
	Gone bool
	// Err is the last attempt's error.
	Err error
}

// Error names the host, so that a wrong one is seen. It is the same each time, since
// it may end in state; how long it took is in [Error.Circumstances].
func (e *Error) Error() string {
	if e.Attempts == 0 {
		return fmt.Sprintf("%s %s: %v", e.Method, e.Place, e.Err)
	}
	return fmt.Sprintf("%s %s: no answer: %v", e.Method, e.Place, e.Err)
}

// Circumstances are what differs from one run to the next.
func (e *Error) Circumstances() string {
	if e.Attempts == 0 {
		return ""
	}
	return fmt.Sprintf("%s in %s", attemptsText(e.Attempts), e.Elapsed.Round(100*time.Millisecond))
}

func attemptsText(n int) string {
	if n == 1 {
		return "1 attempt"
	}
	return fmt.Sprintf("%d attempts", n)
}

func (e *Error) Unwrap() error { return e.Err }

// HostUnreachable reports, for packages that do not import this one, whether
// nothing else can be asked of the host either.
func (e *Error) HostUnreachable() bool { return e.FirstContact || e.Gone }

// mayHaveHappened reports whether a write may have taken effect by this attempt: its
// answer was lost, or the server failed while it worked on it.
func (a *attempt) mayHaveHappened() bool {
	return a.sent && (a.err != nil || a.resp.Status >= http.StatusInternalServerError)
}

// errNoProgress is the end of an attempt whose answer stopped coming.
var errNoProgress = errors.New("no progress")

// EndedError is a request that its caller gave up: a time limit or a cancellation
// ended it.
type EndedError struct {
	// Method, Side, Place, Attempts and FirstContact are those of [Error].
	Method, Side, Place string
	Attempts            int
	FirstContact        bool
	// Last is what the last attempt brought; nil when none had ended.
	Last error
	// RetryAfter is the pause that the last answer asked for; 0 for none.
	RetryAfter time.Duration
	// Err is the context's.
	Err error
}

func (e *EndedError) Error() string {
	text := fmt.Sprintf("%s %s: %v", e.Method, e.Place, e.Err)
	if e.Last != nil {
		text += ". Before that: " + e.Last.Error()
	}
	return text
}

func (e *EndedError) Unwrap() []error {
	if e.Last == nil {
		return []error{e.Err}
	}
	return []error{e.Err, e.Last}
}

// Circumstances are what differs from one run to the next.
func (e *EndedError) Circumstances() string {
	if e.Attempts == 0 {
		return "nothing was sent yet"
	}
	text := attemptsText(e.Attempts)
	if e.RetryAfter > 0 {
		text += fmt.Sprintf("; the server asked to come back in %.0f s", e.RetryAfter.Seconds())
	}
	return text
}

// errEcho is an answer that repeats a credential. As data it would end in state.
var errEcho = errors.New("the answer repeats a credential that this run uses, as debugging proxies and echo services send it, and it was not used. " +
	"Check the host and the proxies on the way to it, and renew the credential")

// attempt is the outcome of one try.
type attempt struct {
	// begun is when it began, start when the first attempt of the request did.
	begun, start time.Time
	resp         *Response
	err          error
	// sent is true when the request may have reached the server.
	sent bool
	// broken is true when an answer began and did not come whole.
	broken bool
}

// throttled reports whether the server counts requests, which says nothing of one.
func (a attempt) throttled() bool {
	return a.err == nil && a.resp.Status == http.StatusTooManyRequests
}

// Do sends the request until there is a final answer.
//
// 429, 502, 503 and 504 are asked again for every method, 500 and broken
// answers for GET and what is Repeatable; a request that may have reached the
// server without an answer is sent again only if it is a GET or Repeatable.
// Retry-After is honoured as seconds and as a date, and capped by the budget.
//
// The error is an [*Error], the error of Authorize or Prepare, or the context's.
func (c *Client) Do(ctx context.Context, req *Request) (*Response, error) {
	u, err := url.Parse(req.URL)
	if err != nil {
		return nil, fmt.Errorf("building a request: %w", err)
	}
	var (
		start    time.Time
		sent     bool
		attempts int
		last     attempt
	)
	ended := func(err error) error { return c.ended(ctx, req, u, last, attempts, err) }
	others := c.othersOf(req)
	defer func() {
		others.note(req, false)
		if attempts > 0 {
			noLongerFailing(req, ctx.Err() != nil)
		}
	}()
	for {
		release, err := c.enter(ctx, req, attempts > 0)
		if err == nil && req.Prepare != nil {
			release, err = c.prepare(ctx, req, attempts, sent, release)
		}
		var (
			refused *refusedError
			given   *finalError
		)
		switch {
		case errors.As(err, &given):
			return nil, given.err
		case errors.As(err, &refused):
			e := &Error{Method: req.Method, Side: c.side(req), Place: redactedURL(u), Attempts: attempts, Sent: sent, Err: refused.err}
			if attempts > 0 {
				e.Elapsed = time.Since(start)
			}
			return nil, e
		case err != nil:
			return nil, ended(err)
		}
		if start.IsZero() {
			start = time.Now() // Queueing is not part of the budget.
		}
		if err := c.hosts.refuse(u.Host); err != nil {
			release()
			return nil, &Error{
				Method: req.Method, Side: c.side(req), Place: redactedURL(u), Attempts: attempts, Elapsed: time.Since(start), Sent: sent,
				FirstContact: !c.hosts.hasAnswered(u.Host), Gone: true, Err: err,
			}
		}
		attempts++
		begun := time.Now()
		a := c.try(ctx, req, u, start, others)
		a.begun, a.start = begun, start
		others.note(req, a.err != nil || isFailure(a.resp.Status) && !a.throttled())
		release()
		sent = sent || a.mayHaveHappened()
		var final *finalError
		if errors.As(a.err, &final) {
			return nil, final.err
		}
		if ctx.Err() != nil && a.err != nil {
			return nil, ended(context.Cause(ctx))
		}
		last = a
		pause, again := c.next(req, a, attempts, time.Until(start.Add(c.budget(u.Host))))
		pause, again = others.shorten(req, a, pause, again)
		gone := a.err != nil && !a.broken && c.hosts.silent(u.Host, req, start)
		if !again || gone {
			return c.finish(req, u, a, &Error{
				Attempts: attempts, Elapsed: time.Since(start), Sent: sent, Gone: gone,
			})
		}
		c.logRetry(ctx, req, u, a, attempts, pause)
		noteFailing(req, c.ended(ctx, req, u, last, attempts, context.DeadlineExceeded))
		enough, err := others.wait(ctx, req, a, pause)
		if err != nil {
			return nil, ended(err)
		}
		if enough {
			return c.finish(req, u, a, &Error{Attempts: attempts, Elapsed: time.Since(start), Sent: sent})
		}
		if req.Prepare != nil {
			if _, err := req.Prepare(ctx, attempts, sent); err != nil {
				return nil, err
			}
		}
	}
}

// budget is the time from the first attempt of a request in which another one
// may begin.
func (c *Client) budget(host string) time.Duration {
	if !c.hosts.hasAnswered(host) {
		return min(c.opts.FirstContact, c.opts.RetryBudget)
	}
	return c.opts.RetryBudget
}

// deadline is when an attempt that begins now ends even if it makes progress. On
// first contact that is the end of the budget; later, an attempt gets its time,
// also one that a pause after a 429 has kept until the budget was used up.
func (c *Client) deadline(host string, start time.Time) time.Time {
	end := start.Add(c.budget(host))
	if !c.hosts.hasAnswered(host) {
		return end
	}
	return later(end, time.Now()).Add(c.opts.RequestTimeout)
}

// enter waits for the limiter and for a place among the requests in flight.
// A call that waits for the limiter holds no place: a family of calls that must
// pause for a minute keeps no one else from going on.
func (c *Client) enter(ctx context.Context, req *Request, again bool) (release func(), err error) {
	g := c.limiter(req)
	if g == nil {
		return func() {}, ctx.Err()
	}
	if err := g.queue.enter(ctx, again); err != nil {
		return nil, err
	}
	defer g.queue.leave()
	if err := g.breaker.refuse(); err != nil {
		return nil, &refusedError{err}
	}
	if err := g.concurrency.enter(ctx); err != nil {
		return nil, err
	}
	for {
		// Only the head of the queue looks at the clock. Turns are not handed out
		// ahead, since the rate may change while others wait.
		err := Sleep(ctx, g.until(time.Now()))
		if err == nil {
			select {
			case c.slots <- struct{}{}:
			case <-ctx.Done():
				err = context.Cause(ctx)
			}
		}
		if err != nil {
			g.concurrency.leave()
			return nil, err
		}
		if g.turn(time.Now()) <= 0 {
			return func() { <-c.slots; g.concurrency.leave() }, nil
		}
		<-c.slots // Someone was throttled while this one waited for its place.
	}
}

const (
	// longQueue is the time in a queue after which a request that was prepared
	// before it is prepared anew, so often at most.
	longQueue   = time.Second
	maxPrepares = 3
)

// prepare has a request that has had its turn made anew, and takes a place for it.
// release gives back the place that it has: what Prepare reads needs one itself.
func (c *Client) prepare(ctx context.Context, req *Request, attempts int, unsure bool, release func()) (func(), error) {
	for n := 1; ; n++ {
		release()
		body, err := req.Prepare(ctx, attempts, unsure)
		if err != nil {
			return nil, &finalError{err}
		}
		if body != nil {
			req.Body = body
		}
		ready := time.Now()
		release, err = c.reenter(ctx, req)
		if err != nil || n == maxPrepares || time.Since(ready) <= longQueue {
			return release, err
		}
	}
}

// reenter takes a place for a request that has had its turn.
func (c *Client) reenter(ctx context.Context, req *Request) (release func(), err error) {
	g := c.limiter(req)
	if g == nil {
		return func() {}, ctx.Err()
	}
	if err := g.concurrency.enter(ctx); err != nil {
		return nil, err
	}
	select {
	case c.slots <- struct{}{}:
		return func() { <-c.slots; g.concurrency.leave() }, nil
	case <-ctx.Done():
		g.concurrency.leave()
		return nil, context.Cause(ctx)
	}
}

// refusedError is why a request was not sent, although it could be.
type refusedError struct{ err error }

func (e *refusedError) Error() string { return e.err.Error() }

// finalError marks what is not retried here: a request that cannot be built or was
// given up, or credentials that could not be had (the token request had its own attempts).
type finalError struct{ err error }

func (e *finalError) Error() string { return e.err.Error() }

func (c *Client) try(ctx context.Context, req *Request, u *url.URL, start time.Time, others others) attempt {
	// Credentials come before the attempt's own deadline: a token request has a
	// budget of its own, and its error is the one to show.
	r, err := c.build(ctx, req)
	if err != nil {
		return attempt{err: &finalError{err}}
	}
	ctx, cancel := context.WithDeadline(ctx, c.deadline(u.Host, start))
	defer cancel()
	// One timer for the whole attempt, pushed forward whenever bytes arrive: a
	// large answer on a slow line is progress.
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	still := c.watch(req, others, func() { stop(errNoProgress) })
	defer still.timer.Stop()

	// With a connection at hand the request counts as sent: whether its bytes
	// have left is not known for sure.
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { sent.Store(true) },
	})
	resp, err := c.opts.Base.RoundTrip(r.WithContext(ctx))
	if err != nil {
		return attempt{err: explain(ctx, err, sent.Load()), sent: sent.Load()}
	}
	defer func() { _ = resp.Body.Close() }()
	c.hosts.answer(u.Host)
	reading := bodyReading{
		small: c.small, progress: still.progress,
		large: func() (release func(), err error) {
			still.timer.Stop() // It is not the server that keeps this answer waiting.
			defer still.progress()
			return c.enterLarge(ctx)
		},
	}
	body, err := reading.all(resp.Body, resp.ContentLength)
	out := &Response{Status: resp.StatusCode, Header: resp.Header, Body: body}
	success := resp.StatusCode >= 200 && resp.StatusCode < 300
	if success && req.Class == ClassAuth {
		redact.AddTokens(body)
	}
	if err != nil {
		err = fmt.Errorf("the answer (status %d) broke off after %d bytes: %w",
			resp.StatusCode, len(body), explain(ctx, err, true))
		return attempt{resp: out, err: err, sent: true, broken: true}
	}
	if success && req.Class != ClassAuth && redact.Found(body) {
		out.Body = nil
		return attempt{resp: out, err: errEcho, sent: true, broken: true}
	}
	if req.Check != nil && success {
		if err := req.Check(out); err != nil {
			return attempt{resp: out, err: err, sent: true, broken: true}
		}
	}
	return attempt{resp: out, sent: true}
}

func (c *Client) build(ctx context.Context, req *Request) (*http.Request, error) {
	var body io.Reader
	if req.Body != nil {
		body = bytes.NewReader(req.Body)
	}
	r, err := http.NewRequestWithContext(ctx, req.Method, req.URL, body)
	if err != nil {
		return nil, fmt.Errorf("building a request: %w", err)
	}
	for k, v := range req.Header {
		r.Header[k] = v
	}
	if c.opts.UserAgent != "" {
		r.Header.Set("User-Agent", c.opts.UserAgent)
	}
	if req.Authorize != nil {
		if err := req.Authorize(ctx, r); err != nil {
			return nil, err
		}
	}
	redact.AddHeaders(r.Header)
	if req.Class == ClassAuth {
		redact.AddForm(req.Body)
	}
	return r, nil
}

// next decides whether and after which pause the request is sent again, given
// the time that its budget has left.
func (c *Client) next(req *Request, a attempt, attempts int, left time.Duration) (time.Duration, bool) {
	g := c.limiter(req)
	if a.err != nil {
		if a.sent && g != nil {
			g.concurrency.overloaded(a.begun)
		}
		pause := c.backoff(attempts)
		again := (!a.sent || req.isRead() || req.Repeatable) && !isLasting(a.err)
		return pause, again && pause < left
	}
	pause, named := retryAfter(a.resp.Header, time.Now())
	if !named {
		pause = c.backoff(attempts)
	} else if a.resp.Status == http.StatusTooManyRequests {
		// A little more, so that not every process comes back at once; the
		// requests of this one go one after the other anyway.
		pause += time.Duration(rand.Int64N(int64(pause/8) + 1))
	}
	pause = min(pause, max(left, 0))
	again := isFailure(a.resp.Status)
	if a.resp.Status == http.StatusInternalServerError && !req.isRead() && !req.Repeatable {
		return 0, false
	}
	if g != nil {
		g.answered(a, pause)
		if again && left <= 0 {
			g.breaker.exhausted(a.start, a.resp.Status)
		}
	}
	return pause, again && left > 0
}

// isFailure reports answers that a later attempt may not get.
func isFailure(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// isLasting reports errors that no repetition mends.
func isLasting(err error) bool {
	var (
		verification *tls.CertificateVerificationError
		record       tls.RecordHeaderError
	)
	return errors.Is(err, errEcho) || errors.Is(err, errTooLong) || errors.As(err, &verification) || errors.As(err, &record)
}

// backoff is the pause when the server names none: exponential, with jitter
// over its upper half.
func (c *Client) backoff(attempts int) time.Duration {
	full := min(c.opts.RetryPause<<min(attempts-1, 20), maxRetryPause)
	return full/2 + time.Duration(rand.Int64N(int64(full/2)+1))
}

// finish turns the last attempt into what Do returns.
func (c *Client) finish(req *Request, u *url.URL, a attempt, e *Error) (*Response, error) {
	if a.err == nil || (a.broken && !req.isRead() && !req.Repeatable) {
		// The status of a write is its outcome, even when its body was lost.
		a.resp.Attempts, a.resp.Elapsed = e.Attempts, e.Elapsed
		return a.resp, nil
	}
	e.Method, e.Side, e.Place, e.Err = req.Method, c.side(req), redactedURL(u), a.err
	e.FirstContact = !c.hosts.hasAnswered(u.Host)
	if e.HostUnreachable() {
		c.hosts.lost(u.Host, a.err)
	}
	return nil, e
}

func (c *Client) logRetry(ctx context.Context, req *Request, u *url.URL, a attempt, attempts int, pause time.Duration) {
	fields := map[string]any{
		"method": req.Method, "host": u.Host, "path": u.Path,
		"attempt": attempts, "pause_ms": pause.Milliseconds(),
	}
	if a.err != nil {
		fields["reason"] = a.err.Error()
	} else {
		fields["status"] = a.resp.Status
	}
	c.log(ctx, "retrying a request", fields)
}

// ended is the error of a request that its caller gave up, with what the attempts
// before had brought: that is why it took so long.
func (c *Client) ended(ctx context.Context, req *Request, u *url.URL, last attempt, attempts int, err error) *EndedError {
	if ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
		err = fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	e := &EndedError{
		Method: req.Method, Side: c.side(req), Place: redactedURL(u), Attempts: attempts, FirstContact: !c.hosts.hasAnswered(u.Host), Err: err,
	}
	switch {
	case last.err != nil:
		e.Last = last.err
	case last.resp != nil:
		e.Last = fmt.Errorf("status %d %s", last.resp.Status, http.StatusText(last.resp.Status))
		e.RetryAfter, _ = retryAfter(last.resp.Header, time.Now())
	}
	return e
}

// explain prefers the reason of an ended attempt over "context canceled".
func explain(ctx context.Context, err error, sent bool) error {
	silent := errors.Is(context.Cause(ctx), errNoProgress) || errors.Is(err, context.DeadlineExceeded)
	switch {
	case !silent:
		return err
	case sent:
		return errors.New("the connection was made, and no (further) answer came in the time allowed")
	default:
		return errors.New("no connection in the time allowed")
	}
}

// Sleep waits for d, or gives the cause of the context's end.
func Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
