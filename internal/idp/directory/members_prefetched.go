// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"cmp"
	"context"
	"sync"
	"sync/atomic"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
)

// PrefetchedMembers are lists of Databricks members that are being read before they are
// asked for: which groups are linked is known as soon as the IdP's groups are, while
// its users are still being listed, and the members are most of an audit's requests.
// A nil one has begun nothing.
type PrefetchedMembers struct {
	lists map[string]*prefetchedList // by group id; the keys do not change
	stop  context.CancelFunc
	wg    sync.WaitGroup
	// lost is the error of a list after which nothing else can be read.
	lost atomic.Pointer[error]
}

// prefetchedList is one list; it may be looked at when done is closed.
type prefetchedList struct {
	done    chan struct{}
	members []audit.Member
	err     error
}

// Prefetch reads the lists of the groups in their order, each once. close must
// be called.
func Prefetch(ctx context.Context, req idp.Request, groups []string) *PrefetchedMembers {
	e := &PrefetchedMembers{lists: make(map[string]*prefetchedList, len(groups))}
	ctx, e.stop = context.WithCancel(ctx)
	next := make(chan string, len(groups))
	for _, id := range groups {
		if e.lists[id] == nil {
			e.lists[id] = &prefetchedList{done: make(chan struct{})}
			next <- id
		}
	}
	close(next)
	for range min(readersOf(req), len(e.lists)) {
		e.wg.Go(func() {
			for id := range next {
				e.read(ctx, req, id)
			}
		})
	}
	return e
}

func (e *PrefetchedMembers) read(ctx context.Context, req idp.Request, id string) {
	list := e.lists[id]
	defer close(list.done)
	if lost := e.lost.Load(); lost != nil {
		list.err = *lost
		return
	}
	if ctx.Err() != nil {
		list.err = context.Cause(ctx)
		return
	}
	if list.members, list.err = req.Members(ctx, id); idp.EndsAll(ctx, list.err) {
		e.lost.CompareAndSwap(nil, &list.err)
	}
}

// Over is [idp.Request.Members] that gives what was begun, and asks for the rest.
func (e *PrefetchedMembers) Over(ask func(context.Context, string) ([]audit.Member, error)) func(context.Context, string) ([]audit.Member, error) {
	if e == nil {
		return ask
	}
	return func(ctx context.Context, id string) ([]audit.Member, error) {
		list := e.lists[id]
		if list == nil {
			return ask(ctx, id)
		}
		select {
		case <-list.done:
			return list.members, list.err
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// Close ends what is still being read, and waits for its end.
func (e *PrefetchedMembers) Close() {
	if e != nil {
		e.stop()
		e.wg.Wait()
	}
}

// readersOf is the number of readers with its default.
func readersOf(r idp.Request) int { return cmp.Or(max(r.Readers, 0), defaultReaders) }

// defaultReaders is the default of [idp.Request.Readers].
const defaultReaders = 64
