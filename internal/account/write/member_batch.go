// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package write

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// maxBatch is the number of members in one PATCH; the account's own maximum is
// not known, 20 and 50 are in use (docs/reference/databricks-account-api.md 4.3).
const maxBatch = 50

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
func (q *groupQueues) join(ctx context.Context, w *Writer, op *memberOp) *memberBatch {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.filling == nil {
		q.filling, q.turns = map[batchKey]*memberBatch{}, map[string]chan struct{}{}
	}
	key := batchKey{op.change.Kind, op.req.GroupID}
	if q.turns[key.group] == nil {
		q.turns[key.group] = make(chan struct{}, 1)
	}
	b := q.filling[key]
	if b == nil || !b.add(op) {
		b = &memberBatch{key: key, left: map[*memberOp]bool{}}
		// It outlives the caller that came first; the last one to leave ends it.
		b.ctx, b.cancel = context.WithCancel(context.WithoutCancel(ctx))
		b.add(op)
		q.filling[key] = b
		go w.runBatch(b, q.turns[key.group])
	}
	return b
}

// add is false when the batch is full, or given up by everyone.
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

// leave takes a caller out. last says that it was the last one, which ends the
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

// seal ends the filling and gives the writes that someone still waits for. The
// others end here: nothing was sent for them.
func (q *groupQueues) seal(w *Writer, b *memberBatch) []*memberOp {
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
			w.endMember(op)
			continue
		}
		out = append(out, op)
	}
	return out
}

// errNothingSent ends a write that was given up in time.
var errNothingSent = errors.New("it ended before anything was sent")

// runBatch waits for company and for its turn, writes, and hands out the results.
// The turn ends with the answer: reading back does not hold up the next batch.
func (w *Writer) runBatch(b *memberBatch, turn chan struct{}) {
	defer b.cancel()
	_ = transport.Sleep(b.ctx, w.api.Config.MemberWindow)
	release := func() {}
	select {
	case turn <- struct{}{}:
		release = sync.OnceFunc(func() { <-turn })
	case <-b.ctx.Done(): // seal ends every write of it.
	}
	defer release()
	ops := w.queues.seal(w, b)
	k := &memberWrites{w: w, key: b.key, ops: map[*fact]*memberOp{}}
	facts := make([]*fact, 0, len(ops))
	for _, op := range ops {
		k.ops[&op.fact] = op
		facts = append(facts, &op.fact)
	}
	if len(facts) > 0 {
		w.run(b.ctx, k, facts, release)
	}
	for _, op := range ops {
		w.endMember(op)
	}
}
