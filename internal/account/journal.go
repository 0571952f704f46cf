// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/journal"
)

// JournalError is a write that was not made, because the journal could not
// record it first.
type JournalError struct {
	// Change is what was not done.
	Change string
	Err    error
}

func (e *JournalError) Error() string {
	return fmt.Sprintf("%s was not tried, because journal_path is set and nothing may be written without a trace: %s", e.Change, e.Err)
}

func (e *JournalError) Unwrap() error { return e.Err }

// JournalTrouble is the last failure to record what became of a write that was
// made, once; nil when there was none since it was asked last. The outcome is
// recorded before the next write, if that can be recorded.
func (c *Client) JournalTrouble() error {
	if last := c.unjournaled.Swap(nil); last != nil {
		return *last
	}
	return nil
}

// journal records that the changes are about to be made. conclude records what
// became of them. With an error nothing may be sent.
func (c *Client) journal(ctx context.Context, changes []Change) (conclude func(errs []error), err error) {
	if c.cfg.Journal == nil {
		return func([]error) {}, nil
	}
	records := make([]journal.Record, 0, len(changes))
	end := func(errs []error) {
		for i, r := range records {
			r.Principal = changes[i].principal() // The one that was resolved is known by now.
			r.Result, r.Wrote = outcome(ctx, errs[i])
			if errs[i] != nil {
				r.Error = errs[i].Error()
			}
			if err := c.cfg.Journal.Conclude(r); err != nil {
				c.unjournaled.Store(&err)
			}
		}
	}
	for _, ch := range changes {
		r := ch.record()
		r.AccountID = c.accountID
		if r.Write, err = c.cfg.Journal.Intend(r); err != nil {
			err = &JournalError{Change: ch.String(), Err: err}
			end(sameError(len(changes), err))
			return nil, err
		}
		records = append(records, r)
	}
	return end, nil
}

// record is the change in the words of the journal.
func (ch Change) record() journal.Record {
	r := journal.Record{Principal: ch.principal(), GroupOrigin: string(ch.GroupOrigin)}
	switch ch.Kind {
	case ChangeAddMember:
		r.Operation, r.Group, r.Before, r.After = journal.OpAddMember, ch.Ref.String(), ptr(journal.Absent), ptr(journal.Member)
	case ChangeRemoveMember:
		r.Operation, r.Group, r.Before, r.After = journal.OpRemoveMember, ch.Ref.String(), ptr(journal.Member), ptr(journal.Absent)
	case ChangeResolve:
		r.Operation, r.After = journal.OpResolvePrincipal, &ch.After
	default:
		r.Operation, r.Before, r.After = journal.OpSetExternalID, &ch.Before, &ch.After
	}
	return r
}

func (ch Change) principal() string {
	ref := ch.Ref
	if ch.Kind == ChangeAddMember || ch.Kind == ChangeRemoveMember {
		ref = ch.Member
	}
	if ref.ID == "" {
		return ""
	}
	return ref.String()
}

// outcome tells for the journal what became of a change that gave an error.
// "no" is said only of what certainly did not happen.
func outcome(ctx context.Context, err error) (result, wrote string) {
	var (
		unconfirmed *UnconfirmedError
		membership  *UnconfirmedMemberError
		unresolved  *UnresolvedError
		conflict    *ConflictError
		untold      *JournalError
	)
	switch {
	case err == nil:
		return journal.ResultConfirmed, journal.WroteYes
	case errors.As(err, &untold):
		return journal.ResultRefused, journal.WroteNo
	case errors.As(err, &unconfirmed), errors.As(err, &membership), errors.As(err, &unresolved), vanished(err):
		return journal.ResultUnconfirmed, journal.WroteUnknown
	case errors.As(err, &conflict):
		// Found before a PATCH was sent again; the one before may have happened.
		return journal.ResultRefused, journal.WroteUnknown
	case mayHaveHappened(ctx, err):
		return journal.ResultFailed, journal.WroteUnknown
	}
	return journal.ResultFailed, journal.WroteNo
}

// vanished tells whether something was gone when it was read back: it was written
// before. A write that itself is answered with "not found" did not happen.
func vanished(err error) bool {
	var e *APIError
	return errors.Is(err, ErrNotFound) && (!errors.As(err, &e) || e.Method == http.MethodGet)
}
