// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Bounds of what answers may take of memory while they are read, in bytes after
// decompression: a page of 1,000 principals has some hundred kilobytes.
const (
	maxBody    = 64 << 20 // one answer
	smallBody  = 1 << 20  // an answer that counts as small
	allSmall   = 64 << 20 // all small ones together
	largeReads = 2        // large ones that are read at a time: with what growing takes, and the small ones, 256 MiB
)

// errTooLong is an answer that no repetition makes shorter.
var errTooLong = errors.New("it is too long")

// enterLarge waits until one more large answer may be read.
func (c *Client) enterLarge(ctx context.Context) (release func(), err error) {
	select {
	case c.large <- struct{}{}:
		return func() { <-c.large }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// bodyReading is how the body of an answer is read.
type bodyReading struct {
	small    int    // bytes that are read without asking
	progress func() // called whenever bytes have come
	// large is called before more than that is read.
	large func() (release func(), err error)
}

// all reads at most maxBody bytes. announced is the length that the answer gives
// itself, -1 where it gives none: room for it is made at once, up to a megabyte,
// because it may be wrong.
func (b *bodyReading) all(r io.Reader, announced int64) ([]byte, error) {
	const least = 2 << 10
	isLarge := false
	buf := make([]byte, 0, min(max(announced+1, least), int64(b.small))) // One more, so that the end is seen without growing.
	for {
		n, err := r.Read(buf[len(buf):cap(buf)])
		if n > 0 {
			b.progress()
			buf = buf[:len(buf)+n]
		}
		switch {
		case len(buf) > maxBody:
			return nil, fmt.Errorf("%w: more than %d MiB", errTooLong, maxBody>>20)
		case errors.Is(err, io.EOF):
			return buf, nil
		case err != nil:
			return buf, err
		case len(buf) < cap(buf):
			continue
		}
		if !isLarge && 2*len(buf) > b.small {
			release, err := b.large()
			if err != nil {
				return buf, err
			}
			defer release()
			isLarge = true
		}
		buf = slices.Grow(buf, min(len(buf), maxBody+1-len(buf)))
	}
}
