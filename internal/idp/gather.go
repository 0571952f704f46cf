// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// gatherTime is how long the first question waits for others, so that they go in one
// request. Terraform plans ten instances at a time.
const gatherTime = 25 * time.Millisecond

// Gathered asks a source for ids that are wanted at about the same time in one call,
// and for none twice.
type Gathered struct {
	source Lookup
	limit  time.Duration

	mu    sync.Mutex
	open  map[audit.PrincipalType]*gathering
	known map[lookupKey]Found
}

type lookupKey struct {
	t  audit.PrincipalType
	id string
}

// gathering is one call that is still taking ids.
type gathering struct {
	ids  map[string]bool
	done chan struct{}
	out  map[string]Found
}

// Gather makes a Gathered; a call takes at most limit.
func Gather(source Lookup, limit time.Duration) *Gathered {
	return &Gathered{source: source, limit: limit, open: map[audit.PrincipalType]*gathering{}, known: map[lookupKey]Found{}}
}

// Lookup is what the source says of one id. What could not be read is asked for again
// by the next call.
func (g *Gathered) Lookup(ctx context.Context, t audit.PrincipalType, id string) Found {
	key := lookupKey{t, id}
	g.mu.Lock()
	if found, known := g.known[key]; known {
		g.mu.Unlock()
		return found
	}
	call := g.open[t]
	if call == nil {
		call = &gathering{ids: map[string]bool{}, done: make(chan struct{})}
		g.open[t] = call
		go g.ask(context.WithoutCancel(ctx), t, call)
	}
	call.ids[id] = true
	g.mu.Unlock()
	select {
	case <-call.done:
		return call.out[id]
	case <-ctx.Done():
		return Found{Unknown: context.Cause(ctx).Error()}
	}
}

func (g *Gathered) ask(ctx context.Context, t audit.PrincipalType, call *gathering) {
	defer close(call.done)
	time.Sleep(gatherTime)
	g.mu.Lock()
	delete(g.open, t)
	g.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, g.limit)
	defer cancel()
	call.out = g.source.Lookup(ctx, t, slices.Sorted(maps.Keys(call.ids)))
	g.mu.Lock()
	defer g.mu.Unlock()
	for id, found := range call.out {
		if found.Unknown == "" {
			g.known[lookupKey{t, id}] = found
		}
	}
}
