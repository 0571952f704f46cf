// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package write

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/journal"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// fact is one fact of the account on its way to being written.
type fact struct {
	change Change
	// found: the account held it before anything was sent.
	found bool
	// maybe: a request that may have written it was sent.
	maybe bool
	// confirmed: the account was seen to hold it after that.
	confirmed bool
	// adopted: an interrupted run wrote it, and this one has taken over its intent.
	adopted bool
	err     error

	attempt int64 // the turn of the latest attempt; 0: none
	written int64 // the turn after it
	answer  string
	failure error // of the latest attempt, nil for success
	intent  *journal.Record

	// What reading back has seen.
	begun   time.Time
	agreed  int     // readings in a row that show it
	others  int     // readings in a row of one value that is neither the wanted one nor the one before
	last    *string // what was shown last
	other   string  // the value of others
	shown   bool    // it was shown once
	stopped error   // why reading back ended early
}

// sent notes that the latest request with this fact may have written it.
func (f *fact) sent(turn int64, answer string, failure error) {
	f.written, f.maybe, f.answer, f.failure = turn, true, answer, failure
}

// see takes in one reading: value is what the account shows, in words that can be
// shown; wanted and before report whether it is that.
func (f *fact) see(value string, wanted, before bool) {
	switch {
	case wanted:
		f.agreed++
		f.shown, f.others = true, 0
	case before:
		f.agreed, f.others = 0, 0
	case f.other == value:
		f.agreed = 0
		f.others++
	default:
		f.agreed, f.others, f.other = 0, 1, value
	}
	f.last = &value
}

// doubted is what came in place of success, of a write that took effect all the same.
func (f *fact) doubted() string {
	if !f.confirmed || f.failure == nil {
		return ""
	}
	return fmt.Sprintf("%s: the request %s, and it took effect anyway", f.change, f.answer)
}

func unconfirmed(facts []*fact) []*fact {
	var out []*fact
	for _, f := range facts {
		if !f.confirmed {
			out = append(out, f)
		}
	}
	return out
}

// watch reads with growing pauses until the account shows each fact, so often in a
// row as its kind wants (docs/reference/databricks-account-api.md 4.5: reads of groups go back and
// forth). readings bounds their number while nothing shows; 0 means that only the
// confirm time does. A fact that is not confirmed afterwards says what was seen.
func (w *Writer) watch(ctx context.Context, k writeKind, facts []*fact, readings int) {
	caller := ctx
	ctx, cancel := context.WithTimeout(ctx, w.api.Config.ConfirmTimeout)
	defer cancel()
	begun := time.Now()
	for _, f := range facts {
		f.begun, f.agreed, f.others, f.stopped = begun, 0, 0, nil
	}
	open, pause := facts, w.api.Config.RetryPause/2
	for n := 1; len(open) > 0; n++ {
		err := k.read(ctx, open)
		if err != nil && ctx.Err() == nil {
			stop(open, err)
			break
		}
		still := open[:0:0]
		agreeing := false
		for _, f := range open {
			switch {
			case f.agreed >= k.agree(f):
				f.confirmed, f.err = true, nil
			case f.others >= otherReadings || readings > 0 && n >= readings && f.agreed == 0:
			default:
				agreeing = agreeing || f.agreed > 0
				still = append(still, f)
			}
		}
		if open = still; len(open) == 0 {
			break
		}
		if transport.Sleep(ctx, pause) != nil {
			stop(open, caller.Err())
			break
		}
		if !agreeing {
			pause = min(pause*2, maxReadPause)
		}
	}
}

func stop(facts []*fact, err error) {
	for _, f := range facts {
		f.stopped = err
	}
}

// unconfirmed is the error of a fact that may have been written and was not seen. A
// failure that was answered keeps its own words, where those say more.
func (f *fact) unconfirmed(k writeKind) error {
	u := &UnconfirmedError{
		Change: f.change, Answer: f.answer, Last: f.last, Shown: f.shown, Waited: time.Since(f.begun), Err: f.stopped, Failure: f.failure,
	}
	if f.others > 0 {
		u.Other = f.other
	}
	var ofIDP *IDPGroupError
	if f.failure != nil && f.stopped == nil && errors.As(k.failed(f, f.failure), &ofIDP) {
		ofIDP.Unconfirmed = u
		return ofIDP
	}
	return u
}
