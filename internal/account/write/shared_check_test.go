// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package write

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Ten writes that begin and end together, as on a quick machine, share a check with the ten
// after them, and so do ten of which each begins when another one has ended. Writes that come
// one by one wait for no others.
func TestSharedCheck_waves(t *testing.T) {
	t.Parallel()
	const writes, took = 72, 50 * time.Millisecond
	for name, tc := range map[string]struct {
		atATime, looks int
		extra          time.Duration // beside the writes themselves
		apart          bool
	}{
		"ten in step":       {10, 2, time.Second, false},
		"ten, never at one": {10, 2, 6 * time.Second, true},
		"one by one":        {1, writes, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var looked []int
				shared := newSharedCheck(func(_ context.Context, checks []*pendingCheck[int]) {
					mu.Lock()
					defer mu.Unlock()
					for _, c := range checks {
						looked = append(looked, c.of)
					}
					looked = append(looked, -1) // The end of a look.
				})
				next := make(chan int, writes)
				for i := range writes {
					next <- i
				}
				close(next)
				begun := time.Now()
				var workers sync.WaitGroup
				for w := range tc.atATime {
					workers.Go(func() {
						if tc.apart {
							time.Sleep(time.Duration(w) * took / 10)
						}
						for i := range next {
							c := beginChecked(shared)
							time.Sleep(took)
							if err := c.check(t.Context(), i); err != nil {
								t.Error(err)
							}
							c.end(t.Context())
							time.Sleep(time.Millisecond) // Terraform begins the next one.
						}
					})
				}
				workers.Wait()
				own := time.Duration((writes+tc.atATime-1)/tc.atATime) * (took + time.Millisecond)
				if spent := time.Since(begun); spent > own+tc.extra {
					t.Errorf("it took %s, the writes themselves take %s", spent, own)
				}
				time.Sleep(2 * checkEvery) // What was left to others that did not come.
				mu.Lock()
				defer mu.Unlock()
				ends := 0
				for _, i := range looked {
					if i < 0 {
						ends++
					}
				}
				slices.Sort(looked)
				if looked = slices.Compact(looked); len(looked) != writes+1 {
					t.Errorf("%d of %d writes were looked at", len(looked)-1, writes)
				}
				if ends > tc.looks {
					t.Errorf("%d looks, want at most %d", ends, tc.looks)
				}
			})
		})
	}
}
