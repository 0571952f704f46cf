// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package audit

import (
	"errors"
	"testing"
)

// A stop is asked at the first of every 256 steps, and its error stays.
func TestStopper(t *testing.T) {
	t.Parallel()
	if none := (Stopper{}); none.Stopped() {
		t.Error("stopped by nothing")
	}
	ended := errors.New("ended")
	var asked []int
	step := 0
	s := Stopper{Ask: func() error {
		asked = append(asked, step)
		if step >= 512 {
			return ended
		}
		return nil
	}}
	for ; step < 600; step++ {
		if s.Stopped() != (step >= 512) {
			t.Fatalf("stopped at step %d: %v", step, s.Err)
		}
	}
	same(t, "asked at", asked, []int{0, 256, 512})
	if !errors.Is(s.Err, ended) {
		t.Error(s.Err)
	}
}
