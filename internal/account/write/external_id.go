// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package write

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// ExternalIDRequest asks for one externalId to be written.
type ExternalIDRequest struct {
	Ref audit.Ref
	// Want is the new externalId; "" clears it, which only groups can be.
	Want string
	// Expected is the value that may be overwritten; a blank one always may. nil
	// means a blank one only.
	Expected *string
	// Name is the name of the principal as it was reviewed; another one refuses the
	// write. "" is none.
	Name string
	// Adopts takes over the write of an interrupted run, by its intent in the journal,
	// where the account holds the wanted value already: for the create of an instance.
	Adopts bool
}

// ExternalIDResult is what is true after [Writer.SetExternalID].
type ExternalIDResult struct {
	// Principal is the principal as it was read last.
	Principal audit.Principal
	// Previous is the value that the write replaced. When nothing was written, because
	// the account holds the wanted value already, it is the expected one, which no one
	// here has seen, and PreviousKnown is false when there was none.
	Previous      string
	PreviousKnown bool
	// Wrote says that a write of this instance made it so: in this call, or in an
	// interrupted run whose intent was adopted.
	Wrote bool
	// Unchecked is why it could not be found out whether another principal holds the
	// id by now; "" when it was, or another write does it.
	Unchecked string
	// Doubted is what came in place of success, of a write that took effect all the
	// same; "" for success.
	Doubted string
}

// SetExternalID writes an externalId under guard and reads it back: see [Writer].
//
// A value that two readings show is not written again. Otherwise the current value
// must be blank or the expected one, the name the reviewed one, and no other
// principal of the whole account may hold the wanted id (by a listing of the last
// minute), nor be given it by this process at the same time: else the error is a
// [*ConflictError], or an [*api.IncompleteError] when the account could not be read
// whole, and nothing was written. The write is PATCH
// /api/2.1/accounts/{account}/scim/v2/{kind}/{id}, because that is the documented
// way. It is confirmed by reading until the new value shows (twice in a row for
// groups), for at most 90 s: else the error is an [*UnconfirmedError].
//
// After it the account is listed once more, once for all writes that end together:
// another holder is a [*BrokenError], and the result is what was read back.
//
// Requests: one GET, one PATCH, one GET (two for groups), and its share of the two
// listings.
func (w *Writer) SetExternalID(ctx context.Context, req ExternalIDRequest) (ExternalIDResult, error) {
	if err := audit.CheckExternalID(req.Ref.Type, req.Want); err != nil {
		return ExternalIDResult{}, fmt.Errorf("%s was not changed: %w", req.Ref, err)
	}
	if w.api.Config.ReadOnly {
		return ExternalIDResult{}, fmt.Errorf("%s was not changed: %w", req.Ref, ErrReadOnly)
	}
	release, err := w.claims.claim(req.Ref, req.Want)
	if err != nil {
		return ExternalIDResult{}, err
	}
	k := &externalIDWrite{w: w, req: req, checked: beginChecked(w.holders)}
	f := &fact{change: Change{Kind: ChangeExternalID, Ref: req.Ref, After: req.Want}}
	// The listing takes long, so it is there before the write has its turn.
	if _, f.err = w.holdersSince(ctx, req.Want, req.Ref, 0); f.err != nil {
		f.err = fmt.Errorf("%s was not changed: %w", req.Ref, f.err)
	} else {
		w.run(ctx, k, []*fact{f}, func() {})
	}
	k.checked.end(ctx)
	f.err = errors.Join(f.err, k.checked.others)
	var unconfirmed *UnconfirmedError
	// An id that may still arrive stays claimed.
	release(errors.As(f.err, &unconfirmed))
	var broken *BrokenError
	if f.err != nil && !errors.As(f.err, &broken) {
		return ExternalIDResult{Unchecked: k.checked.unchecked}, f.err
	}
	out := ExternalIDResult{Principal: k.now, Unchecked: k.checked.unchecked, Doubted: f.doubted()}
	switch {
	case f.confirmed, f.adopted:
		out.Previous, out.PreviousKnown, out.Wrote = f.change.Before, true, true
	case req.Expected != nil && *req.Expected != req.Want:
		out.Previous, out.PreviousKnown = *req.Expected, true
	}
	return out, f.err
}

// externalIDWrite is the [writeKind] of an externalId.
type externalIDWrite struct {
	w   *Writer
	req ExternalIDRequest
	// before is what was there before the first attempt, now the latest reading.
	before, now audit.Principal
	undoes      bool // it undoes a write that left two holders
	checked     checkedWrite[holderCheck]
}

func (k *externalIDWrite) look(ctx context.Context, facts []*fact, since int64) {
	f := facts[0]
	if f.err = k.judge(ctx, f, since); f.err == nil && f.found && !f.maybe && k.req.Adopts {
		f.err = k.w.adopt(f)
	}
}

func (k *externalIDWrite) judge(ctx context.Context, f *fact, since int64) error {
	ref, want := k.req.Ref, k.req.Want
	// What takes long comes first: the principal is to be as new as can be.
	holders, err := k.w.holdersSince(ctx, want, ref, since)
	if err != nil {
		return fmt.Errorf("%s was not changed: %w", ref, err)
	}
	now, err := k.w.dir.Principal(ctx, ref)
	if err == nil && now.ExternalID == want {
		// Reads lag behind writes: what is not to be written is looked at twice.
		now, err = k.w.dir.Principal(ctx, ref)
	}
	if err != nil {
		return err
	}
	conflict := &ConflictError{Ref: ref, Current: now.ExternalID, Expected: k.req.Expected, Wanted: want}
	switch k.now = now; {
	case now.ExternalID == want:
		f.found = true
		k.w.dir.Wrote(now) // Perhaps by a process that was killed: the listing may not show it yet.
		return nil
	case k.req.Name != "" && !directory.SameShown(now.Name, k.req.Name):
		conflict.Name, conflict.Reviewed = now.Name, k.req.Name
		return conflict
	case since > 0 && now.ExternalID != k.before.ExternalID:
		conflict.Expected = &k.before.ExternalID
		return conflict
	case !MayOverwrite(now.ExternalID, k.req.Expected):
		return conflict
	}
	for _, h := range holders {
		conflict.Holders = append(conflict.Holders, h.Ref)
	}
	if len(holders) > 0 {
		return conflict
	}
	k.before, f.change.Before = now, now.ExternalID
	return nil
}

func (k *externalIDWrite) request() (cl api.Call, answer any) {
	return api.Call{Method: http.MethodPatch, Path: k.w.api.SCIMPath(directory.SCIMKind(k.req.Ref.Type), k.req.Ref.ID)}, nil
}

func (k *externalIDWrite) body([]*fact) any {
	return map[string]any{
		"schemas":    []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"},
		"Operations": []map[string]any{{"op": "replace", "path": "externalId", "value": k.req.Want}},
	}
}

func (k *externalIDWrite) repeats() bool { return false }

func (k *externalIDWrite) answered([]*fact) error { return nil }

func (k *externalIDWrite) read(ctx context.Context, facts []*fact) error {
	p, err := k.w.dir.Principal(ctx, k.req.Ref)
	switch {
	case errors.Is(err, api.ErrNotFound): // Reads go back and forth.
		facts[0].see("no such principal", false, true)
		return nil
	case err != nil:
		return err
	}
	k.now = p
	facts[0].see(fmt.Sprintf("the externalId %q", p.ExternalID), p.ExternalID == k.req.Want, p.ExternalID == k.before.ExternalID)
	return nil
}

func (k *externalIDWrite) failed(f *fact, err error) error {
	return fmt.Errorf("%s: %w", f.change, err)
}

func (k *externalIDWrite) agree(*fact) int {
	if k.req.Ref.Type == audit.TypeGroup {
		return 2 // docs/reference/databricks-account-api.md 4.5: group reads go back and forth.
	}
	return 1
}

// check lists the account once more: see [sharedCheck].
func (k *externalIDWrite) check(ctx context.Context, f *fact) error {
	k.w.dir.Wrote(k.now)
	if k.undoes {
		return nil
	}
	err := k.checked.check(ctx, holderCheck{ref: k.req.Ref, want: k.req.Want, turn: f.written})
	var broken *BrokenError
	if errors.As(err, &broken) {
		broken.Undone = k.undo(ctx, f)
	}
	return err
}

// undo writes back what was there before a write that left two holders. That is
// possible for groups only, and only while the account still holds exactly what was
// written and the value before is free.
func (k *externalIDWrite) undo(ctx context.Context, f *fact) bool {
	if k.req.Ref.Type != audit.TypeGroup || f.others > 0 {
		return false
	}
	back := k.req
	back.Want, back.Expected, back.Name, back.Adopts = f.change.Before, &k.req.Want, "", false
	undo := &externalIDWrite{w: k.w, req: back, undoes: true}
	uf := &fact{change: Change{Kind: ChangeExternalID, Ref: back.Ref, After: back.Want}}
	k.w.run(ctx, undo, []*fact{uf}, func() {})
	return uf.confirmed
}

// MayOverwrite reports whether a present externalId may give way: a blank one
// always, any other only when it is the expected one, as Terraform shows it.
func MayOverwrite(current string, expected *string) bool {
	return current == "" || expected != nil && directory.IDKey(current) == directory.IDKey(*expected)
}

// claims are the externalIds that this process is writing, so that two writes
// at the same time cannot both find one free, and the principals that it is
// writing to, so that two writes to one do not cross.
type claims struct {
	mu   sync.Mutex
	ids  map[string]audit.Ref
	refs map[audit.Ref]string
}

func newClaims() *claims {
	return &claims{ids: map[string]audit.Ref{}, refs: map[audit.Ref]string{}}
}

// claim reserves an id for a principal until release is called, and beyond if
// the id is to be kept.
func (cl *claims) claim(ref audit.Ref, id string) (release func(keepID bool), err error) {
	key := directory.IDKey(id)
	cl.mu.Lock()
	defer cl.mu.Unlock()
	if other, busy := cl.refs[ref]; busy {
		return nil, fmt.Errorf("%s was not changed: its externalId is being set to %q by another resource at this moment; "+
			"keep one resource per principal", ref, other)
	}
	if other, taken := cl.ids[key]; id != "" && taken && other != ref {
		return nil, &ConflictError{Ref: ref, Wanted: id, Holders: []audit.Ref{other}}
	}
	cl.refs[ref] = id
	if id != "" {
		cl.ids[key] = ref
	}
	return func(keepID bool) {
		cl.mu.Lock()
		defer cl.mu.Unlock()
		delete(cl.refs, ref)
		if id != "" && !keepID {
			delete(cl.ids, key)
		}
	}, nil
}
