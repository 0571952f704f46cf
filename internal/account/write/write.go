// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package write changes an account. There is one write protocol, which [Writer] describes;
// external ids, memberships, names and states of principals and resolved identities are
// its users, and the journal records each of them.
package write

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/power"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// Writer is the one way by which anything in the account is changed. Every write
// goes the same way:
//
//  1. wait for the turn under the rate limit
//  2. look: read the principal, the group and the caller past every cache
//  3. judge every guard
//  4. record the intent in the journal
//  5. send at once
//  6. settle: where there is no good answer, find out whether it happened
//  7. read back until the account shows it
//  8. check the facts that the guards protect once more
//  9. record the outcome in the journal
//
// A 429, a retry or a lost answer repeats 1 to 3 and 5. What differs between the
// kinds of writes is a [writeKind].
type Writer struct {
	api   *api.Conn
	dir   *directory.Directory
	power *power.Power

	claims      *claims                   // externalIds that are being written
	queues      groupQueues               // writes of memberships, per group
	resolving   locks                     // identities that are being resolved, attributes that are written
	holders     *sharedCheck[holderCheck] // of externalIds, after they were written
	denials     *sharedCheck[*ruleWrite]  // of rules, after they were added
	unjournaled atomic.Pointer[error]
}

// New is a writer that has written nothing yet.
func New(a *api.Conn, d *directory.Directory, pw *power.Power) *Writer {
	w := &Writer{api: a, dir: d, power: pw, claims: newClaims()}
	w.holders, w.denials = newSharedCheck(w.checkHolders), newSharedCheck(w.checkDenials)
	return w
}

// writeKind is one kind of writes. The facts of one call share a request.
type writeKind interface {
	// look reads what the guards need and judges every guard. A fact that must not
	// be written gets its error, one that the account holds already is found. since
	// is the turn of the attempt before; 0 for the first.
	look(ctx context.Context, facts []*fact, since int64)
	// request is the call for these facts, without its body, and where its answer
	// goes; nil for none.
	request() (cl api.Call, answer any)
	body(facts []*fact) any
	// answered takes in an answer of success; an error marks one that says nothing.
	answered(facts []*fact) error
	// read is one reading for all of the facts, which each take it by [fact.see]. The
	// error is one that a further reading would meet as well.
	read(ctx context.Context, facts []*fact) error
	// failed words a failure that was answered, or that ended before anything was sent.
	failed(f *fact, err error) error
	// check looks at what the guards protect, after the write.
	check(ctx context.Context, f *fact) error
	// agree is how many readings in a row must show the fact.
	agree(f *fact) int
	// repeats says that a request that failed may be sent again, although it was
	// answered: it gets what is there.
	repeats() bool
}

const (
	patchTries = 3 // of a request whose answers were lost
	// settleReadings come before a request whose answer was lost is sent again. The
	// last one is settled for the whole of the confirm time.
	settleReadings = 4
	maxReadPause   = 10 * time.Second

	// otherReadings in a row of someone else's value, about 8 s, are no stale reads.
	otherReadings = 5
)

// errNothingToSend ends a request of which no fact is left to be written.
var errNothingToSend = errors.New("nothing is left to be written")

// run writes the facts. sent is called when the last request has been answered:
// reading back, which may take a minute, keeps no other write waiting. Afterwards
// each fact is found, is confirmed, or has its error.
func (w *Writer) run(ctx context.Context, k writeKind, facts []*fact, sent func()) {
	if w.api.Config.ReadOnly {
		// The callers refuse earlier and in better words; this is the last gate.
		for _, f := range facts {
			f.err = ErrReadOnly
		}
	} else {
		w.send(ctx, k, facts)
	}
	sent()
	var open []*fact
	for _, f := range facts {
		if f.maybe && !f.confirmed {
			open = append(open, f)
		}
	}
	w.watch(ctx, k, open, 0)
	for _, f := range facts {
		switch {
		case f.confirmed:
			f.err = k.check(ctx, f)
		case f.maybe && f.err == nil:
			f.err = f.unconfirmed(k)
		}
		w.conclude(ctx, f)
	}
}

// send makes the requests. Afterwards each fact that may have been written says so.
func (w *Writer) send(ctx context.Context, k writeKind, open []*fact) {
	for try := 1; len(open) > 0; try++ {
		cl, answer := k.request()
		seen, since := 0, open[0].attempt
		cl.Prepare = func(ctx context.Context, attempts int, unsure bool) (any, error) {
			if attempts > seen {
				seen, since = attempts, open[0].attempt
			}
			if open = w.ready(ctx, k, open, since, unsure); len(open) == 0 {
				return nil, errNothingToSend
			}
			return k.body(open), nil
		}
		err := w.api.Do(ctx, cl, answer)
		turn := w.dir.Turns.Next() // What is read meanwhile may show either.
		if errors.Is(err, errNothingToSend) {
			return
		}
		status := api.StatusOf(err)
		success := err == nil || status >= 200 && status <= 299
		if err == nil {
			err = k.answered(open)
		}
		alone := len(open) > 1 && oneMayBeTheReason(err) && ctx.Err() == nil
		if !success && !mayHaveHappened(ctx, err) {
			w.refused(ctx, k, open, err, alone)
			return
		}
		for _, f := range open {
			f.sent(turn, whatCame(err, success), err)
		}
		if err == nil {
			return
		}
		w.watch(ctx, k, open, settleReadings)
		open = unconfirmed(open)
		switch {
		case ctx.Err() != nil || try == patchTries:
			return
		case status < http.StatusInternalServerError, k.repeats(): // Lost: it is looked at anew, and sent again.
		case alone && len(open) > 0:
			w.eachAlone(ctx, k, open)
			return
		default:
			return
		}
	}
}

// refused deals with a request that did not happen. One fact may be the reason, so
// each is tried by itself.
func (w *Writer) refused(ctx context.Context, k writeKind, open []*fact, err error, alone bool) {
	if alone {
		w.eachAlone(ctx, k, open)
		return
	}
	for _, f := range open {
		f.err = k.failed(f, err)
	}
}

func (w *Writer) eachAlone(ctx context.Context, k writeKind, facts []*fact) {
	for _, f := range facts {
		w.send(ctx, k, []*fact{f})
	}
}

// oneMayBeTheReason reports whether a request for several may fare better for each by
// itself. Where the login or the rate is the reason, that would only repeat it.
func oneMayBeTheReason(err error) bool {
	status := api.StatusOf(err)
	return status >= http.StatusBadRequest && status <= http.StatusInternalServerError &&
		status != http.StatusUnauthorized && status != http.StatusTooManyRequests
}

func whatCame(err error, success bool) string {
	switch {
	case success && err == nil:
		return "was answered with success"
	case success:
		return "was answered with success, which was not understood (" + err.Error() + ")"
	case api.StatusOf(err) != 0:
		return "was answered with a failure (" + err.Error() + ")"
	default:
		return "got no answer (" + err.Error() + ")"
	}
}

// ready looks at the facts, judges them, and leaves those that are to be sent, each
// with its intent in the journal. since is the turn of the attempt before, and unsure
// says that an earlier one may have written them.
func (w *Writer) ready(ctx context.Context, k writeKind, facts []*fact, since int64, unsure bool) []*fact {
	for _, f := range facts {
		f.maybe = f.maybe || unsure
		f.err = nil
	}
	k.look(ctx, facts, since)
	var open []*fact
	for _, f := range facts {
		if f.err == nil && !f.found {
			f.err = w.intend(f)
		}
		if f.err == nil && ctx.Err() != nil {
			f.err = fmt.Errorf("%s was not done: %w (%w)", f.change, errNothingSent, context.Cause(ctx))
		}
		if f.err == nil && !f.found {
			open = append(open, f)
		}
	}
	if len(open) > 0 && w.api.Config.BeforeWrite != nil {
		w.api.Config.BeforeWrite()
	}
	turn := w.dir.Turns.Next()
	for _, f := range open {
		f.attempt = turn
	}
	return open
}

// mayHaveHappened reports whether a write that failed may have taken effect: its
// answer was lost, or the server failed while it worked on it.
func mayHaveHappened(ctx context.Context, err error) bool {
	var te *transport.Error
	switch status := api.StatusOf(err); {
	case errors.As(err, &te):
		return te.Sent
	case status != 0:
		return status >= http.StatusInternalServerError
	default:
		return ctx.Err() != nil
	}
}

// Writes grows with every write of this client: what was read while it had another
// value may be from before a write.
func (w *Writer) Writes() int64 { return w.dir.Turns.Now() }
