// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package once_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/once"
)

// A reading is shared, outlives the caller that came first, and ends with the last one.
func TestValue_shared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var v once.Value[int]
		reads, go1 := 0, make(chan struct{})
		read := func(ctx context.Context) (int, error) {
			reads++
			select {
			case <-go1:
				return reads, nil
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		}
		first, leave := context.WithCancel(t.Context())
		gone := make(chan error, 1)
		go func() {
			_, err := v.Get(first, read)
			gone <- err
		}()
		synctest.Wait()
		came := make(chan int, 1)
		go func() {
			n, err := v.Get(t.Context(), read)
			if err != nil {
				t.Error(err)
			}
			came <- n
		}()
		synctest.Wait()
		leave()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("the first caller got %v", err)
		}
		close(go1)
		if n := <-came; n != 1 {
			t.Errorf("reading %d answered the second caller", n)
		}
		if n, err := v.Get(t.Context(), read); n != 1 || err != nil {
			t.Errorf("what was read is not kept: %d, %v", n, err)
		}

		var alone once.Value[int]
		only, leave := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			_, _ = alone.Get(only, func(ctx context.Context) (int, error) {
				<-ctx.Done()
				close(ended)
				return 0, ctx.Err()
			})
		}()
		synctest.Wait()
		leave()
		<-ended // Else the test hangs.
	})
}

// An error is not kept, and nor is a reading that was outdated while it was under way.
func TestValue_notKept(t *testing.T) {
	t.Parallel()
	var m once.Map[string, int]
	failed := errors.New("failed")
	if _, err := m.Get(t.Context(), "a", func(context.Context) (int, error) { return 0, failed }); !errors.Is(err, failed) {
		t.Errorf("the error is %v", err)
	}
	n, err := m.Get(t.Context(), "a", func(context.Context) (int, error) {
		m.Outdate("a")
		return 1, nil
	})
	if n != 1 || err != nil {
		t.Errorf("the reading gave %d, %v", n, err)
	}
	if n, err := m.Get(t.Context(), "a", func(context.Context) (int, error) { return 2, nil }); n != 2 || err != nil {
		t.Errorf("an outdated reading was kept: %d, %v", n, err)
	}
}
