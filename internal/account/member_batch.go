// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package account

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

const (
	// defaultMemberWindow is how long a membership waits for others to share a
	// PATCH with: Terraform starts its instances within milliseconds.
	defaultMemberWindow = 100 * time.Millisecond
	// maxBatch is the number of members in one PATCH; the account's own maximum is
	// not known, 20 and 50 are in use (docs/reference/databricks-account-api.md 4.3).
	maxBatch = 50
)

// groupQueues order the writes of memberships: those of one group follow each
// other, and those that are asked for within a short time share one PATCH.
type groupQueues struct {
	mu      sync.Mutex
	filling map[batchKey]*memberBatch
	turns   map[string]chan struct{} // per group: a place for one
}

type batchKey struct{ kind, group string }

// memberBatch are the writes of one kind to one group that share a PATCH.
type memberBatch struct {
	key    batchKey
	ctx    context.Context
	cancel context.CancelFunc

	mu      sync.Mutex
	ops     []*memberOp
	left    map[*memberOp]bool
	waiting int
	sealed  bool
}

// join adds the write to the batch that is being filled, or starts one.
func (q *groupQueues) join(ctx context.Context, c *Client, op *memberOp) *memberBatch {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.filling == nil {
		q.filling, q.turns = map[batchKey]*memberBatch{}, map[string]chan struct{}{}
	}
	key := batchKey{op.change.Kind, op.req.GroupID}
	if q.turns[key.group] == nil {
		q.turns[key.group] = make(chan struct{}, 1)
	}
	op.began = time.Now()
	b := q.filling[key]
	if b == nil || !b.add(op) {
		b = &memberBatch{key: key, left: map[*memberOp]bool{}}
		// It outlives the caller that came first; the last one to leave ends it.
		b.ctx, b.cancel = context.WithCancel(context.WithoutCancel(ctx))
		b.add(op)
		q.filling[key] = b
		go c.runBatch(b, q.turns[key.group])
	}
	return b
}

// add is false when the batch is full, or given up by everybody.
func (b *memberBatch) add(op *memberOp) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.ops) >= maxBatch || b.ctx.Err() != nil {
		return false
	}
	b.ops = append(b.ops, op)
	b.waiting++
	return true
}

// leave takes a caller out. last tells that it was the last one, which ends the
// batch; begun that its write may be under way.
func (b *memberBatch) leave(op *memberOp) (last, begun bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left[op] = true
	if b.waiting--; b.waiting > 0 {
		return false, b.sealed
	}
	b.cancel()
	return true, b.sealed
}

// seal ends the filling and gives the writes that somebody still waits for. The
// others end here: nothing was sent for them.
func (q *groupQueues) seal(c *Client, b *memberBatch) []*memberOp {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.filling[b.key] == b {
		delete(q.filling, b.key)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sealed = true
	var out []*memberOp
	for _, op := range b.ops {
		if b.left[op] {
			op.err = fmt.Errorf("%s was not done: %w", op.change, errNothingSent)
			c.finish(op)
			continue
		}
		out = append(out, op)
	}
	return out
}

// runBatch waits for company and for its turn, decides, writes, and hands out
// the results. The turn ends with the answer of the PATCH: reading back, which
// may take a minute, does not hold up the next batch.
func (c *Client) runBatch(b *memberBatch, turn chan struct{}) {
	defer b.cancel()
	_ = transport.Sleep(b.ctx, c.cfg.MemberWindow)
	release := func() {}
	select {
	case turn <- struct{}{}:
		release = sync.OnceFunc(func() { <-turn })
	case <-b.ctx.Done(): // seal ends every write of it.
	}
	defer release()
	ops := c.queues.seal(c, b)
	open := c.decide(b.ctx, b.key, ops)
	changes := make([]Change, len(open))
	for i, op := range open {
		changes[i] = op.change
	}
	if len(open) > 0 {
		errs := c.write(b.ctx, changes, func(ctx context.Context) []error { return c.sendMembers(ctx, b.key, open, release) })
		for i, op := range open {
			op.err, op.result.Wrote = errs[i], errs[i] == nil
		}
	}
	for _, op := range ops {
		c.finish(op)
	}
}

// decide reads the group and the members, and leaves the writes that are to be
// made. All others have their result or their error.
func (c *Client) decide(ctx context.Context, key batchKey, ops []*memberOp) []*memberOp {
	if len(ops) == 0 {
		return nil
	}
	group, err := c.readGroup(ctx, key.group)
	if err != nil {
		for _, op := range ops {
			op.err = fmt.Errorf("%s was not done: %w", op.change, missing(true, err))
		}
		return nil
	}
	again := sync.OnceValues(func() (*groupNow, error) { return c.readGroup(ctx, key.group) })
	var work errgroup.Group
	work.SetLimit(c.cfg.MaxConcurrency)
	for _, op := range ops {
		work.Go(func() error {
			op.result.Group = group.Principal
			op.change.GroupOrigin = audit.OriginOf(group.Principal, group.members)
			op.err = c.decideOne(ctx, op, group, again)
			return nil
		})
	}
	_ = work.Wait() // No member of the group fails.
	var open []*memberOp
	for _, op := range ops {
		if op.err == nil && !op.confirmed {
			open = append(open, op)
		}
	}
	return open
}

// decideOne leaves op.confirmed false and the error nil for what is to be written.
func (c *Client) decideOne(ctx context.Context, op *memberOp, group *groupNow, again func() (*groupNow, error)) error {
	member, err := c.Principal(ctx, op.change.Member)
	if err != nil {
		return fmt.Errorf("%s was not done: %w", op.change, missing(false, err))
	}
	op.result.Member = member
	op.result.Source = group.source(op.req.MemberID)
	if op.shows(group) {
		// Reads go back and forth: what is not to be written is looked at twice.
		second, err := again()
		if err != nil {
			return fmt.Errorf("%s was not done: %w", op.change, err)
		}
		if op.shows(second) {
			op.confirmed = true
			return nil
		}
	}
	refusals := c.guard(ctx, op, group, member)
	if len(refusals) > 0 {
		return &RefusedError{Group: op.change.Ref, Member: op.change.Member, Refusals: refusals}
	}
	return ctx.Err()
}

// errNothingSent ends a write that was given up in time.
var errNothingSent = errors.New("it ended before anything was sent")

func (c *Client) guard(ctx context.Context, op *memberOp, group *groupNow, member audit.Principal) []audit.Refusal {
	facts := memberFacts{req: op.req, group: group, member: audit.PrincipalFact{Principal: member}, turn: op.write.turn}
	if op.change.Kind == ChangeAddMember {
		return audit.GuardAddMember(c.addFacts(ctx, facts))
	}
	return audit.GuardRemoveMember(c.removeFacts(ctx, facts))
}
