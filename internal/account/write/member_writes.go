// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package write

import (
	"context"
	"errors"
	"fmt"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// MemberRequest asks for one membership to be there, or not to be there.
type MemberRequest struct {
	GroupID, MemberID string
	// MemberType is the type of the member; "" looks it up.
	MemberType audit.PrincipalType
	// AllowPrivileged lets a member be added to a group that is privileged.
	AllowPrivileged bool
	// AllowSelfRemoval lets the caller be removed, or a group that holds it.
	AllowSelfRemoval bool
	// Restores marks an addition that undoes the same instance's removal.
	Restores bool
	// GroupName is the name of the group as it was reviewed; another one refuses the
	// write. "" is none.
	GroupName string
	// Adopts is that of [ExternalIDRequest].
	Adopts bool

	undoes bool // a write that broke something
}

func (r *MemberRequest) group() audit.Ref { return audit.Ref{Type: audit.TypeGroup, ID: r.GroupID} }

// check refuses what is no membership at all.
func (r *MemberRequest) check() error {
	if r.GroupID == "" || r.MemberID == "" {
		return fmt.Errorf("a membership needs the id of a group and the id of a member; they are %q and %q", r.GroupID, r.MemberID)
	}
	return nil
}

// MemberResult is what is true after [Writer.AddMember] or [Writer.RemoveMember].
type MemberResult struct {
	// Group and Member are the two as they were read before the write; in an
	// error case as far as they were read.
	Group, Member audit.Principal
	// Wrote is that of [ExternalIDResult].
	Wrote bool
	// Source is who owned the membership where it was found.
	Source audit.MembershipSource
	// Unchecked is what a guard protects and could not be checked after the write;
	// "" for nothing.
	Unchecked string
	// Doubted is that of [ExternalIDResult].
	Doubted string
}

// AddMember makes a principal a direct member of a group, under guard, and reads
// it back: see [Writer].
//
// A membership that two readings show is not written. Otherwise
// [guard.AddMember] judges it: reasons to refuse are a [*RefusedError], and
// nothing was written. The write is PATCH
// /api/2.1/accounts/{account}/scim/v2/Groups/{id} with the operation add on the path
// members, never PUT and never replace (docs/reference/databricks-account-api.md 4.3); those that
// are asked for at the same time share it, up to 50 a request. Where the account
// refuses a shared one, each is sent by itself. It is confirmed by two agreeing
// readings in a row, for at most 90 s: else the error is an [*UnconfirmedError]. A
// group in a group that makes a cycle all the same is taken out again, and is a
// [*BrokenError].
//
// Writes of one group follow each other.
//
// Requests: per group and batch one GET of the group and one list of its members,
// one PATCH, two lists; per member one GET. errors.Is(err, ErrNotFound) when the
// group or the member does not exist.
func (w *Writer) AddMember(ctx context.Context, req MemberRequest) (MemberResult, error) {
	return w.writeMember(ctx, ChangeAddMember, req)
}

// RemoveMember takes a direct member out of a group, as [Writer.AddMember] adds
// one: guarded by [guard.RemoveMember], with the operation remove on the path
// members[value eq "{id}"]. A removal that leaves no account admin all the same is
// undone, and is a [*BrokenError].
func (w *Writer) RemoveMember(ctx context.Context, req MemberRequest) (MemberResult, error) {
	return w.writeMember(ctx, ChangeRemoveMember, req)
}

func (w *Writer) writeMember(ctx context.Context, kind string, req MemberRequest) (MemberResult, error) {
	change := Change{
		Kind: kind, Ref: req.group(), Member: audit.Ref{Type: req.MemberType, ID: req.MemberID},
	}
	err := req.check()
	if err == nil && w.api.Config.ReadOnly {
		err = ErrReadOnly
	}
	if err != nil {
		return MemberResult{}, fmt.Errorf("%s was not done: %w", change, err)
	}
	if req.MemberType == "" {
		p, err := w.dir.KnownID(ctx, req.MemberID)
		if err != nil {
			return MemberResult{}, fmt.Errorf("%s was not done: %w", change, missing(false, err))
		}
		req.MemberType, change.Member = p.Type, p.Ref
	}
	begun, err := w.dir.Edges.Begin(directory.Edge{Group: req.GroupID, Member: req.MemberID}, kind == ChangeAddMember)
	if err != nil {
		return MemberResult{}, fmt.Errorf("%s was not done: %w", change, err)
	}
	op := &memberOp{fact: fact{change: change}, req: req, write: begun, done: make(chan struct{})}
	b := w.queues.join(ctx, w, op)
	select {
	case <-op.done:
		return op.result, op.err
	case <-ctx.Done():
	}
	last, sealed := b.leave(op)
	switch {
	case last:
		<-op.done // This has ended the batch, which says how far it came.
		if op.err != nil {
			return op.result, fmt.Errorf("%w (%w)", op.err, context.Cause(ctx))
		}
		return op.result, nil
	case sealed:
		return MemberResult{}, &UnconfirmedError{
			Change: change, Answer: "was shared with others and was under way when this one was cancelled", Err: context.Cause(ctx),
		}
	default:
		return MemberResult{}, fmt.Errorf("%s was not done: %w (%w)", change, errNothingSent, context.Cause(ctx))
	}
}

// memberOp is one request on its way. All but done belong to the batch until
// done is closed.
type memberOp struct {
	fact

	req        MemberRequest
	write      *directory.EdgeWrite
	done       chan struct{}
	result     MemberResult
	givesAdmin bool // the group makes its members account admins
}

// listed reports whether a list of members agrees with what is wanted.
func (op *memberOp) listed(members []audit.Member) bool {
	return directory.IndexMember(members, op.req.MemberID) >= 0 == (op.change.Kind == ChangeAddMember)
}

// shows reports whether a reading of the group agrees with what is wanted. Absence
// takes both APIs.
func (op *memberOp) shows(g *directory.GroupNow) bool {
	return op.listed(g.Members) && (op.change.Kind == ChangeAddMember || !g.SCIM[op.req.MemberID])
}

// endMember hands the outcome over.
func (w *Writer) endMember(op *memberOp) {
	op.result.Wrote, op.result.Doubted = op.confirmed || op.adopted, op.doubted()
	undone := false
	var broken *BrokenError
	if errors.As(op.err, &broken) {
		undone = broken.Undone
	}
	if op.confirmed && !undone {
		w.dir.Edges.Confirmed(op.write, audit.Member{
			Ref: op.result.Member.Ref, Name: op.result.Member.DisplayName, ExternalID: op.result.Member.ExternalID, Source: audit.SourceInternal,
		})
	}
	if op.maybe {
		w.power.OutdateMemberships(op.change.Ref, op.change.Member)
	}
	w.dir.Edges.End(op.write, op.maybe && !undone)
	close(op.done)
}
