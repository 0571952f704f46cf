// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package checkpoint

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Version is that of the file format. It changes with every change of what a
// record means.
const Version = 1

// formatName is in the first line of every file.
const formatName = "dbxidentity checkpoint"

// A file is a sequence of lines, each
//
//	<checksum> <JSON>\n
//
// The first has the header, every other one a record. A checksum is the first 16
// bytes, in hex, of SHA-256 over the whole checksum of the line before (32 bytes,
// none before the first line) and the JSON. So a line that was changed, taken
// out, put in or moved is found, and only the end of a file can get lost: that is
// what a process that is killed leaves behind.
const sumChars = 32

// header binds a file.
type header struct {
	Format  string  `json:"format"`
	Version int     `json:"version"`
	Bound   Binding `json:"bound"`
}

// record is one thing that was read.
type record struct {
	Kind string `json:"kind"`
	Key  string `json:"key"`
	// Began is when the reading began.
	Began time.Time       `json:"began"`
	Value json.RawMessage `json:"value"`
}

// chain is the checksum up to a line.
type chain [sha256.Size]byte

// line renders a line and the checksum after it.
func (c chain) line(payload []byte) ([]byte, chain) {
	next := c.next(payload)
	out := make([]byte, 0, sumChars+2+len(payload))
	out = hex.AppendEncode(out, next[:sumChars/2])
	out = append(out, ' ')
	out = append(out, payload...)
	return append(out, '\n'), next
}

func (c chain) next(payload []byte) chain {
	h := sha256.New()
	if c != (chain{}) {
		_, _ = h.Write(c[:]) // Never fails, by its documentation.
	}
	_, _ = h.Write(payload)
	var out chain
	h.Sum(out[:0])
	return out
}

// contents are what a file holds.
type contents struct {
	header  header
	records []record
	// end is the length of the whole lines, and sum the checksum after them.
	end int
	sum chain
}

// errEmpty is a file without a whole line: a process was killed at its start.
var errEmpty = errors.New("it holds nothing")

// parse reads a file. What follows the last line break is the rest of a write
// that was cut off, and is dropped; anything else that is not as it was written
// is an error, and then nothing of the file is to be believed.
func parse(raw []byte) (contents, error) {
	var out contents
	for number := 1; ; number++ {
		length := bytes.IndexByte(raw[out.end:], '\n')
		if length < 0 {
			break
		}
		line := raw[out.end : out.end+length]
		if err := out.take(number, line); err != nil {
			return contents{}, fmt.Errorf("line %d: %w", number, err)
		}
		out.end += length + 1
	}
	if out.end == 0 {
		return contents{}, errEmpty
	}
	return out, nil
}

func (c *contents) take(number int, line []byte) error {
	if len(line) <= sumChars || line[sumChars] != ' ' {
		return errors.New("it has no checksum")
	}
	payload := line[sumChars+1:]
	sum := c.sum.next(payload)
	if hex.EncodeToString(sum[:sumChars/2]) != string(line[:sumChars]) {
		return errors.New("its checksum does not match")
	}
	c.sum = sum
	if number == 1 {
		return c.takeHeader(payload)
	}
	var r record
	if err := json.Unmarshal(payload, &r); err != nil {
		return fmt.Errorf("it is no record: %w", err)
	}
	if r.Kind == "" || r.Began.IsZero() || len(r.Value) == 0 {
		return errors.New("it is no record: kind, began or value is missing")
	}
	c.records = append(c.records, r)
	return nil
}

func (c *contents) takeHeader(payload []byte) error {
	if err := json.Unmarshal(payload, &c.header); err != nil {
		return fmt.Errorf("it is no header: %w", err)
	}
	switch {
	case c.header.Format != formatName:
		return errors.New("it is not that of a checkpoint")
	case c.header.Version != Version:
		return fmt.Errorf("the format has version %d, and this provider has version %d", c.header.Version, Version)
	}
	return nil
}
