// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// ExternalIDRequest asks for one externalId to be written.
type ExternalIDRequest struct {
	Ref audit.Ref
	// Want is the new externalId; "" clears it, which only groups can be.
	Want string
	// Expected is the value that may be overwritten; a blank one always may. nil
	// means a blank one only.
	Expected *string
}

// ExternalIDResult is what is true after [Client.SetExternalID].
type ExternalIDResult struct {
	// Principal is the principal as it was read last.
	Principal audit.Principal
	// Previous is the value before the write. When nothing was written because
	// the account holds the wanted value already, it is the expected one, and
	// PreviousKnown is false when there was none.
	Previous      string
	PreviousKnown bool
	Wrote         bool
}

// CheckExternalID tells whether a value can be written to a principal of a type
// at all. "" clears, which is for groups only (docs/reference/databricks-account-api.md 4.3).
func CheckExternalID(t audit.PrincipalType, want string) error {
	if want == "" {
		if t != audit.TypeGroup {
			return fmt.Errorf("the externalId of a %s cannot be cleared: Databricks supports that for groups only", t)
		}
		return nil
	}
	const most = 255 // Assumed for users and service principals; 64 is documented for groups.
	if len(want) > most {
		return fmt.Errorf("the externalId has %d bytes; at most %d are accepted", len(want), most)
	}
	return audit.ValidateExternalID(t, want)
}

// SetExternalID writes an externalId under guard and reads it back.
//
// The principal is read first. A value that two readings show is not written
// again. Otherwise the current value must be blank or the expected one, and no
// other principal of the whole account may hold the wanted id (by a listing of
// the last minutes), nor be given it by this process at the same time: else the error is a [*ConflictError], or an
// [*IncompleteError] when the account could not be read whole, and nothing was
// written. The write is PATCH /api/2.1/accounts/{account}/scim/v2/{kind}/{id},
// because that is the documented way. It is confirmed by reading until the new
// value shows (twice in a row for groups, whose reads are not monotonic), for at
// most 90 s: else the error is an [*UnconfirmedError].
//
// A PATCH whose answer was lost is settled by reading, and sent again only while
// the account goes on to show the previous value.
func (c *Client) SetExternalID(ctx context.Context, req ExternalIDRequest) (ExternalIDResult, error) {
	if err := CheckExternalID(req.Ref.Type, req.Want); err != nil {
		return ExternalIDResult{}, fmt.Errorf("%s was not changed: %w", req.Ref, err)
	}
	if c.cfg.ReadOnly {
		return ExternalIDResult{}, fmt.Errorf("%s was not changed: %w", req.Ref, ErrReadOnly)
	}
	release, err := c.claims.claim(req.Ref, req.Want)
	if err != nil {
		return ExternalIDResult{}, err
	}
	out, err := c.setExternalID(ctx, req)
	var unconfirmed *UnconfirmedError
	// An id that may still arrive stays claimed.
	release(errors.As(err, &unconfirmed))
	return out, err
}

func (c *Client) setExternalID(ctx context.Context, req ExternalIDRequest) (ExternalIDResult, error) {
	current, err := c.Principal(ctx, req.Ref)
	if err == nil && current.ExternalID == req.Want {
		// Reads lag behind writes: what is not to be written is looked at twice.
		current, err = c.Principal(ctx, req.Ref)
	}
	if err != nil {
		return ExternalIDResult{}, err
	}
	if current.ExternalID == req.Want {
		c.inventory.wrote(current) // Perhaps by a process that was killed: the listing may not show it yet.
		out := ExternalIDResult{Principal: current}
		if req.Expected != nil && *req.Expected != req.Want {
			out.Previous, out.PreviousKnown = *req.Expected, true
		}
		return out, nil
	}
	if !MayOverwrite(current.ExternalID, req.Expected) {
		return ExternalIDResult{}, &ConflictError{
			Ref: req.Ref, Current: current.ExternalID, Expected: req.Expected, Wanted: req.Want,
		}
	}
	if err := c.checkHolders(ctx, req, current); err != nil {
		return ExternalIDResult{}, err
	}
	var written audit.Principal
	change := Change{Kind: ChangeExternalID, Ref: req.Ref, Before: current.ExternalID, After: req.Want}
	errs := c.write(ctx, []Change{change}, func(ctx context.Context) []error {
		var err error
		written, err = c.patchExternalID(ctx, req, current)
		return []error{err}
	})
	if errs[0] != nil {
		return ExternalIDResult{}, errs[0]
	}
	c.inventory.wrote(written)
	return ExternalIDResult{Principal: written, Previous: current.ExternalID, PreviousKnown: true, Wrote: true}, nil
}

// MayOverwrite tells whether a present externalId may give way: a blank one
// always, any other only when it is the expected one, as Terraform shows it.
func MayOverwrite(current string, expected *string) bool {
	return current == "" || expected != nil && audit.SameExternalID(norm.NFC.String(current), norm.NFC.String(*expected))
}

func (c *Client) checkHolders(ctx context.Context, req ExternalIDRequest, current audit.Principal) error {
	c.renewInventory()
	holders, err := c.Holders(ctx, req.Want, req.Ref)
	if err != nil {
		return fmt.Errorf("%s was not changed: %w", req.Ref, err)
	}
	if len(holders) == 0 {
		return nil
	}
	conflict := &ConflictError{Ref: req.Ref, Current: current.ExternalID, Expected: req.Expected, Wanted: req.Want}
	for _, h := range holders {
		conflict.Holders = append(conflict.Holders, h.Ref)
	}
	return conflict
}

const (
	patchTries   = 3 // of a PATCH whose answers were lost
	settlePauses = 4 // readings after a lost answer before the PATCH is sent again
	maxReadPause = 10 * time.Second

	// thirdReadings in a row of somebody else's value, about 8 s, are no stale reads.
	thirdReadings = 5
)

// patchExternalID writes and confirms.
func (c *Client) patchExternalID(ctx context.Context, req ExternalIDRequest, current audit.Principal) (audit.Principal, error) {
	cl := call{
		method: http.MethodPatch, path: c.scimPath(scimKind(req.Ref.Type), req.Ref.ID),
		body: map[string]any{
			"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"},
			"Operations": []map[string]any{
				{"op": "replace", "path": "externalId", "value": req.Want},
			},
		},
		// A throttled account may have us wait for minutes, and so may our own queue.
		again: func(ctx context.Context) error { return c.stillHolds(ctx, req, current) },
	}
	var last error
	for range patchTries {
		err := c.do(ctx, cl, nil)
		var conflict *ConflictError
		switch {
		case err == nil:
			return c.confirm(ctx, req, current, "was answered with success", 0)
		case errors.As(err, &conflict):
			return audit.Principal{}, err
		}
		if !mayHaveHappened(ctx, err) {
			return audit.Principal{}, fmt.Errorf("writing the externalId of %s: %w", req.Ref, err)
		}
		last = err
		p, unconfirmed := c.confirm(ctx, req, current, "got no answer ("+err.Error()+")", settlePauses)
		if unconfirmed == nil {
			return p, nil
		}
		var u *UnconfirmedError
		again := errors.As(unconfirmed, &u) && u.Err == nil && u.Last != nil && *u.Last == current.ExternalID
		if statusOf(err) != 0 && again {
			// The account answered with a failure, and it did not take effect.
			return audit.Principal{}, fmt.Errorf("writing the externalId of %s: %w. The account still holds the previous value", req.Ref, err)
		}
		if !again {
			return audit.Principal{}, unconfirmed
		}
	}
	return audit.Principal{}, fmt.Errorf("writing the externalId of %s: %w. The account still holds the previous value", req.Ref, last)
}

// errOverwritten ends reading back where somebody wrote after us.
var errOverwritten = errors.New("somebody else wrote another value at the same time")

// errNotRepeated ends a PATCH before it is sent, or sent again; an earlier one may
// have taken effect.
var errNotRepeated = errors.New("the PATCH was given up")

// stillHolds looks at the principal again before a PATCH that had to wait, or is
// repeated.
func (c *Client) stillHolds(ctx context.Context, req ExternalIDRequest, before audit.Principal) error {
	now, err := c.Principal(ctx, req.Ref)
	switch {
	case err != nil:
		return fmt.Errorf("%w, because %s could not be read before: %w", errNotRepeated, req.Ref, err)
	case now.ExternalID == req.Want:
		return fmt.Errorf("%w, because the account shows its value already", errNotRepeated)
	case now.ExternalID != before.ExternalID:
		return &ConflictError{Ref: req.Ref, Current: now.ExternalID, Expected: &before.ExternalID, Wanted: req.Want}
	}
	return nil
}

// mayHaveHappened tells whether a write that failed may have taken effect: its
// answer was lost, or the server failed while it worked on it.
func mayHaveHappened(ctx context.Context, err error) bool {
	var te *transport.Error
	switch {
	case errors.Is(err, errNotRepeated):
		return true
	case errors.As(err, &te):
		return te.Sent
	case statusOf(err) >= http.StatusInternalServerError:
		return true
	default:
		return ctx.Err() != nil
	}
}

// confirm reads the principal with growing pauses until it shows the wanted
// value. readings bounds their number; 0 means that only time does. A third value,
// neither the wanted one nor the one before, is somebody else's: shown for long
// enough, it ends the wait.
func (c *Client) confirm(ctx context.Context, req ExternalIDRequest, before audit.Principal, answer string, readings int) (audit.Principal, error) {
	begin, caller := time.Now(), ctx
	ctx, cancel := context.WithTimeout(ctx, c.cfg.ConfirmTimeout)
	defer cancel()
	needed := 1
	if req.Ref.Type == audit.TypeGroup {
		needed = 2 // docs/reference/databricks-account-api.md 4.5: group reads go back and forth.
	}
	out := &UnconfirmedError{Ref: req.Ref, Wanted: req.Want, Answer: answer}
	agreed, third, pause := 0, 0, c.cfg.RetryPause/2
	for n := 1; ; n++ {
		p, err := c.Principal(ctx, req.Ref)
		switch {
		case err == nil && p.ExternalID == req.Want:
			if agreed++; agreed == needed {
				return p, nil
			}
		case err == nil:
			if third++; p.ExternalID == before.ExternalID || out.Last != nil && *out.Last != p.ExternalID {
				third = 0
			}
			agreed, out.Last = 0, &p.ExternalID
			if third == thirdReadings {
				out.Waited, out.Err = time.Since(begin), errOverwritten
				return audit.Principal{}, out
			}
		case errors.Is(err, ErrNotFound):
			return audit.Principal{}, err
		case ctx.Err() == nil:
			out.Waited, out.Err = time.Since(begin), err
			return audit.Principal{}, out
		}
		if agreed == 0 && n == readings {
			out.Waited = time.Since(begin)
			return audit.Principal{}, out
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			out.Waited, out.Err = time.Since(begin), caller.Err()
			return audit.Principal{}, out
		}
		if agreed == 0 {
			pause = min(pause*2, maxReadPause)
		}
	}
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
	key := audit.CanonicalExternalID(id)
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
