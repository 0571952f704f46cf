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

// claimedElsewhere is why a destroy leaves what it would undo.
const claimedElsewhere = "another instance, created in this run, is for the same one now"

// instanceClaims keep the destroy of one instance from undoing what another instance of
// the same run is for: one that was renamed without a moved block, or replaced with
// create_before_destroy. Terraform does not know that the two are one remote fact,
// and runs them in either order, or at the same time.
type instanceClaims struct {
	// run tells the instances of this run from those that it found in state.
	run string

	mu      sync.Mutex
	held    map[string]int           // by the id of the fact: instances created
	leaving map[string]chan struct{} // destroys under way; closed at their end
}

func newInstanceClaims() *instanceClaims {
	return &instanceClaims{run: rand.Text(), held: map[string]int{}, leaving: map[string]chan struct{}{}}
}

// take notes that an instance for the fact is being created, after the end of any
// destroy of it that has begun.
func (c *instanceClaims) take(ctx context.Context, fact string) error {
	for {
		c.mu.Lock()
		ends := c.leaving[fact]
		if ends == nil {
			c.held[fact]++
			c.mu.Unlock()
			return nil
		}
		c.mu.Unlock()
		select {
		case <-ends:
		case <-ctx.Done():
			return fmt.Errorf("another instance of %s was being destroyed, and its end was not reached: %w", fact, ctx.Err())
		}
	}
}

// give begins a destroy that undoes something; the caller calls done at its end. It
// is false where another instance of this run is for the same fact.
func (c *instanceClaims) give(ctx context.Context, fact string, private privateReader) (done func(), free bool) {
	run, known, _ := remembered(ctx, private, keyRun)
	c.mu.Lock()
	defer c.mu.Unlock()
	if known && run == c.run && c.held[fact] > 0 {
		c.held[fact]-- // Its own.
	}
	if c.held[fact] > 0 || c.leaving[fact] != nil {
		return nil, false
	}
	ends := make(chan struct{})
	c.leaving[fact] = ends
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.leaving, fact)
		close(ends)
	}, true
}

// remember notes in an instance that this run created it.
func (c *instanceClaims) remember(ctx context.Context, private privateWriter) diag.Diagnostics {
	return remember(ctx, private, keyRun, c.run)
}
