// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// keyRun is where an instance remembers the run that created it.
const keyRun = "run"

// heldElsewhere is why a destroy leaves what it would undo.
const heldElsewhere = "another instance, created in this run, is for the same one now"

// handover keeps the destroy of one instance from undoing what another instance of
// the same run is for: one that was renamed without a moved block, or replaced with
// create_before_destroy. Terraform does not know that the two are one remote fact,
// and runs them in either order, or at the same time.
type handover struct {
	// run tells the instances of this run from those that it found in state.
	run string

	mu      sync.Mutex
	held    map[string]int           // by the id of the fact: instances created
	leaving map[string]chan struct{} // destroys under way; closed at their end
}

func newHandover() *handover {
	return &handover{run: rand.Text(), held: map[string]int{}, leaving: map[string]chan struct{}{}}
}

// take notes that an instance for the fact is being created, after the end of any
// destroy of it that has begun.
func (h *handover) take(ctx context.Context, fact string) error {
	for {
		h.mu.Lock()
		ends := h.leaving[fact]
		if ends == nil {
			h.held[fact]++
			h.mu.Unlock()
			return nil
		}
		h.mu.Unlock()
		select {
		case <-ends:
		case <-ctx.Done():
			return fmt.Errorf("another instance of %s was being destroyed, and its end was not reached: %w", fact, ctx.Err())
		}
	}
}

// give begins a destroy that undoes something; the caller calls done at its end. It
// is false where another instance of this run is for the same fact.
func (h *handover) give(ctx context.Context, fact string, private privateReader) (done func(), free bool) {
	run, known, _ := remembered(ctx, private, keyRun)
	h.mu.Lock()
	defer h.mu.Unlock()
	if known && run == h.run && h.held[fact] > 0 {
		h.held[fact]-- // Its own.
	}
	if h.held[fact] > 0 || h.leaving[fact] != nil {
		return nil, false
	}
	ends := make(chan struct{})
	h.leaving[fact] = ends
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.leaving, fact)
		close(ends)
	}, true
}

// remember notes in an instance that this run created it.
func (h *handover) remember(ctx context.Context, private privateWriter) diag.Diagnostics {
	return remember(ctx, private, keyRun, h.run)
}
