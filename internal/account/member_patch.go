// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// sendMembers patches the group and reads back; one error per write, as
// [Client.write] wants it. release is called when the next batch may begin.
func (c *Client) sendMembers(ctx context.Context, key batchKey, ops []*memberOp, release func()) []error {
	c.patchMembers(ctx, key, ops)
	release()
	var open []*memberOp
	for _, op := range ops {
		if op.err == nil && !op.confirmed {
			open = append(open, op)
		}
	}
	c.awaitMembers(ctx, key.group, open, 0)
	errs := make([]error, len(ops))
	for i, op := range ops {
		errs[i] = op.err
	}
	return errs
}

// memberPatch is the body (docs/reference/databricks-account-api.md 4.3): members are added by
// value and removed by path.
func memberPatch(kind string, ops []*memberOp) map[string]any {
	type value struct {
		Value string `json:"value"`
	}
	var operations []map[string]any
	var values []value
	for _, op := range ops {
		if kind == ChangeAddMember {
			values = append(values, value{op.req.MemberID})
			continue
		}
		operations = append(operations, map[string]any{"op": "remove", "path": fmt.Sprintf("members[value eq %q]", op.req.MemberID)})
	}
	if kind == ChangeAddMember {
		operations = []map[string]any{{"op": "add", "path": "members", "value": values}}
	}
	return map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": operations}
}

// patchMembers sends one PATCH for the writes and settles what became of it:
// afterwards each has its error, or is confirmed, or has an answer and is to be
// read back.
func (c *Client) patchMembers(ctx context.Context, key batchKey, ops []*memberOp) {
	before := ops[0].result.Group
	for range patchTries {
		err := c.do(ctx, call{
			method: http.MethodPatch, path: c.scimPath("Groups", key.group), body: memberPatch(key.kind, ops),
			// A throttled account may have us wait for minutes, and so may our own queue.
			again: func(ctx context.Context) error { return c.stillOwned(ctx, before) },
		}, nil)
		if err == nil {
			answered(ops, "was answered with success")
			return
		}
		status := statusOf(err)
		if !mayHaveHappened(ctx, err) {
			c.refused(ctx, key, ops, err)
			return
		}
		answered(ops, "got no answer ("+err.Error()+")")
		if status != 0 {
			answered(ops, "was answered with a failure ("+err.Error()+")")
		}
		if ops = c.settle(ctx, key.group, ops); len(ops) == 0 {
			return
		}
		if status != 0 || errors.Is(err, errNotRepeated) {
			// The account answered with a failure, and it did not take effect.
			c.refused(ctx, key, ops, fmt.Errorf("%w. The account still shows the group as it was", err))
			return
		}
		for _, op := range ops {
			op.err = fmt.Errorf("%s: %w. The account still shows the group as it was", op.change, err)
		}
	}
}

// refused deals with a PATCH that did not happen: one member may be the reason,
// so each is tried by itself. Where the login or the rate is the reason, that
// would only repeat it.
func (c *Client) refused(ctx context.Context, key batchKey, ops []*memberOp, err error) {
	status := statusOf(err)
	alone := status >= http.StatusBadRequest && status <= http.StatusInternalServerError &&
		status != http.StatusUnauthorized && status != http.StatusTooManyRequests
	for _, op := range ops {
		if op.err = nil; len(ops) > 1 && alone && ctx.Err() == nil {
			c.patchMembers(ctx, key, []*memberOp{op})
			continue
		}
		op.err = op.failed(err)
	}
}

// failed words the error of a write, and finds out whether it says that the
// group or the member does not exist, or comes from the group being the identity
// provider's.
func (op *memberOp) failed(err error) error {
	var e *APIError
	if errors.As(err, &e) && e.explicit404 {
		return fmt.Errorf("%s: %w: %w", op.change, ErrNotFound, err)
	}
	switch statusOf(err) {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusInternalServerError:
		if op.change.GroupOrigin == audit.OriginIDP {
			return &IDPGroupError{Change: op.change, Group: op.result.Group, Err: err}
		}
	}
	return fmt.Errorf("%s: %w", op.change, err)
}

func answered(ops []*memberOp, answer string) {
	for _, op := range ops {
		op.answer, op.err = answer, nil
	}
}

// stillOwned looks at the group again before a PATCH that had to wait, or is
// repeated: meanwhile it may have become the identity provider's.
func (c *Client) stillOwned(ctx context.Context, before audit.Principal) error {
	now, err := c.Principal(ctx, before.Ref)
	switch {
	case err != nil:
		return fmt.Errorf("%w, because %s could not be read before: %w", errNotRepeated, before.Ref, err)
	case now.ExternalID != before.ExternalID || now.Name != before.Name:
		return fmt.Errorf("%w, because somebody changed the name or the externalId of %s meanwhile; plan again", errNotRepeated, before.Ref)
	}
	return nil
}

// settle finds out which writes of a PATCH without a good answer took effect. It
// gives those that the account goes on not to show; those whose effect could not
// be read have their error.
func (c *Client) settle(ctx context.Context, group string, ops []*memberOp) []*memberOp {
	c.awaitMembers(ctx, group, ops, settlePauses)
	var left []*memberOp
	for _, op := range ops {
		var u *UnconfirmedMemberError
		if errors.As(op.err, &u) && u.Err == nil && u.Present != nil {
			left = append(left, op)
		}
	}
	return left
}

// awaitMembers reads the group with growing pauses until it shows each write,
// twice in a row (docs/reference/databricks-account-api.md 4.5: reads go back and forth).
// readings bounds their number for what does not show; 0 means that only time
// does. Afterwards each write is confirmed or has its error.
func (c *Client) awaitMembers(ctx context.Context, group string, ops []*memberOp, readings int) {
	begin, caller := time.Now(), ctx
	ctx, cancel := context.WithTimeout(ctx, c.cfg.ConfirmTimeout)
	defer cancel()
	w := memberWatch{begin: begin, open: ops, agreed: map[*memberOp]int{}, present: map[*memberOp]*bool{}}
	pause := c.cfg.RetryPause / 2
	for n := 1; len(w.open) > 0; n++ {
		members, err := c.readMembers(ctx, group, nil)
		switch {
		case err == nil:
			w.look(members, readings > 0 && n >= readings)
		case ctx.Err() == nil:
			w.giveUp(err)
		}
		if len(w.open) == 0 {
			return
		}
		if transport.Sleep(ctx, pause) != nil {
			w.giveUp(caller.Err())
			return
		}
		if len(w.agreed) == 0 {
			pause = min(pause*2, maxReadPause)
		}
	}
}

// memberWatch is what reading back has seen so far.
type memberWatch struct {
	begin   time.Time
	open    []*memberOp
	agreed  map[*memberOp]int
	present map[*memberOp]*bool
}

// look takes in one reading. last gives up what it does not show.
func (w *memberWatch) look(members []audit.Member, last bool) {
	open := w.open
	w.open = nil
	for _, op := range open {
		present := indexMember(members, op.req.MemberID) >= 0
		w.present[op] = &present
		if !op.listed(members) {
			delete(w.agreed, op)
			if last {
				op.err = w.unconfirmed(op, nil)
				continue
			}
		} else if w.agreed[op]++; w.agreed[op] == 2 {
			delete(w.agreed, op)
			op.confirmed, op.err = true, nil
			continue
		}
		w.open = append(w.open, op)
	}
}

func (w *memberWatch) giveUp(err error) {
	for _, op := range w.open {
		op.err = w.unconfirmed(op, err)
	}
	w.open = nil
}

func (w *memberWatch) unconfirmed(op *memberOp, err error) error {
	return &UnconfirmedMemberError{
		Change: op.change, Present: w.present[op], Answer: op.answer, Waited: time.Since(w.begin), Err: err,
	}
}
