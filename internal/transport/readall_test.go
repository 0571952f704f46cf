// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package transport

import (
	"bytes"
	"errors"
	"io"
	"math"
	"testing"
	"testing/iotest"
)

// An answer is read whole whatever length it announces, and room is made for what
// it announces only within reason.
func TestReadAll(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 2047, 2048, 2049, 100_000, 1<<20 + 1, 3 << 20} {
		want := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
		for _, announced := range []int64{-1, 0, int64(size) - 1, int64(size), int64(size) + 1, math.MaxInt64} {
			for name, r := range map[string]io.Reader{
				"whole": bytes.NewReader(want), "end with the last bytes": iotest.DataErrReader(bytes.NewReader(want)),
			} {
				told := 0
				got, err := readAll(r, announced, func() { told++ })
				if err != nil || !bytes.Equal(got, want) || (told > 0) != (size > 0) {
					t.Errorf("%d bytes, %d announced, %s: %d bytes, %v, progress told %d times", size, announced, name, len(got), err, told)
				}
				if most := 3 * max(size, 1<<20); cap(got) > most {
					t.Errorf("%d bytes, %d announced: room for %d was made", size, announced, cap(got))
				}
			}
		}
	}
}

// What came before an answer broke off is there.
func TestReadAll_brokenOff(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection reset")
	got, err := readAll(io.MultiReader(bytes.NewReader([]byte("half")), iotest.ErrReader(broken)), 8, func() {})
	if string(got) != "half" || !errors.Is(err, broken) {
		t.Errorf("%q, %v", got, err)
	}
}
