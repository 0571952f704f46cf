// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package write

import (
	"context"
	"errors"
	"fmt"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/journal"
)

// JournalError is a write that was not made, because the journal could not
// record it first, or could not be read to find out who made it.
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
func (w *Writer) JournalTrouble() error {
	if last := w.unjournaled.Swap(nil); last != nil {
		return *last
	}
	return nil
}

// intend records that a fact is about to be written, once. With an error nothing
// may be sent.
func (w *Writer) intend(f *fact) error {
	if w.api.Config.Journal == nil || f.intent != nil {
		return nil
	}
	r := f.change.record()
	r.AccountID = w.api.AccountID
	var err error
	if r.Write, err = w.api.Config.Journal.Intend(r); err != nil {
		return &JournalError{Change: f.change.String(), Err: err}
	}
	f.intent = &r
	return nil
}

// conclude records what became of a fact whose intent was recorded. "no" is said
// only of what certainly did not happen.
func (w *Writer) conclude(ctx context.Context, f *fact) {
	if f.maybe {
		w.api.Log(ctx, "wrote to the account", map[string]any{
			"kind": f.change.Kind, "ref": f.change.Ref.String(), "member": f.change.Member.ID, "confirmed": f.confirmed,
		})
	}
	if f.intent == nil {
		return
	}
	var (
		broken      *BrokenError
		unconfirmed *UnconfirmedError
		conflict    *ConflictError
		refused     *RefusedError
	)
	wrote := journal.WroteNo
	if f.maybe {
		wrote = journal.WroteUnknown
	}
	switch {
	case errors.As(f.err, &broken):
		w.end(f, journal.ResultBroken, journal.WroteYes, f.err)
	case f.confirmed:
		w.end(f, journal.ResultConfirmed, journal.WroteYes, nil)
	case errors.As(f.err, &unconfirmed):
		w.end(f, journal.ResultUnconfirmed, wrote, f.err)
	case errors.As(f.err, &conflict), errors.As(f.err, &refused):
		w.end(f, journal.ResultRefused, wrote, f.err)
	case f.err == nil: // Found by someone else's write before it was sent again.
		w.end(f, journal.ResultRefused, wrote, errNothingToSend)
	default:
		w.end(f, journal.ResultFailed, wrote, f.err)
	}
}

func (w *Writer) end(f *fact, result, wrote string, err error) {
	r := *f.intent
	r.Principal = f.change.principal() // The one that was resolved is known by now.
	r.Result, r.Wrote = result, wrote
	if err != nil {
		r.Error = err.Error()
	}
	if err := w.api.Config.Journal.Conclude(r); err != nil {
		w.unjournaled.Store(&err)
	}
}

// adopt takes over the write that an interrupted run left in the journal without an
// outcome, if the fact that was found is its work, and records that outcome. What
// was before it is in the change then.
func (w *Writer) adopt(f *fact) error {
	if w.api.Config.Journal == nil {
		return nil
	}
	wanted := f.change.record()
	wanted.AccountID = w.api.AccountID
	open, err := w.api.Config.Journal.Open(wanted)
	if err != nil {
		return &JournalError{Change: f.change.String(), Err: err}
	}
	if open == nil {
		return nil
	}
	if open.Before != nil && f.change.Member.ID == "" && f.change.Kind != ChangeResolve {
		f.change.Before = *open.Before
	}
	f.adopted, f.intent = true, open
	w.end(f, journal.ResultConfirmed, journal.WroteYes, nil)
	f.intent = nil
	return nil
}

// record is the change in the words of the journal.
func (ch Change) record() journal.Record {
	r := journal.Record{Principal: ch.principal(), GroupOrigin: string(ch.GroupOrigin)}
	switch ch.Kind {
	case ChangeAddMember:
		r.Operation, r.Group, r.Before, r.After = journal.OpAddMember, ch.Ref.String(), new(journal.Absent), new(journal.Member)
	case ChangeRemoveMember:
		r.Operation, r.Group, r.Before, r.After = journal.OpRemoveMember, ch.Ref.String(), new(journal.Member), new(journal.Absent)
	case ChangeResolve:
		r.Operation, r.After = journal.OpResolvePrincipal, &ch.After
	case ChangeActive:
		r.Operation, r.Before, r.After = journal.OpSetActive, &ch.Before, &ch.After
	case ChangeDeny:
		r.Operation, r.Before, r.After = journal.OpAddAccessRule, new(journal.Absent), new(journal.Denied)
	case ChangeAllow:
		r.Operation, r.Before, r.After = journal.OpRemoveAccessRule, new(journal.Denied), new(journal.Absent)
	case ChangeGroupName:
		r.Operation, r.Before, r.After = journal.OpSetGroupName, &ch.Before, &ch.After
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
