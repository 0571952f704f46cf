// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package checkpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"time"
)

// sample is a file with some records.
func sample(tb testing.TB, values ...string) []byte {
	tb.Helper()
	var (
		out []byte
		sum chain
	)
	add := func(v any) {
		raw, err := json.Marshal(v)
		if err != nil {
			tb.Fatal(err)
		}
		var line []byte
		line, sum = sum.line(raw)
		out = append(out, line...)
	}
	add(header{Format: formatName, Version: Version, Bound: bound()})
	for _, v := range values {
		raw, err := json.Marshal(v)
		if err != nil {
			tb.Fatal(err)
		}
		add(record{Kind: "members", Key: v, Began: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Value: raw})
	}
	return out
}

// FuzzParse: no content makes the parser fail in another way than by its error;
// what it accepts is exactly what was written, and what is cut off at the end of
// an accepted file costs what is cut off and nothing else.
func FuzzParse(f *testing.F) {
	whole := sample(f, "user1@example.com", "Gruppe Ä\u2028\n", "")
	f.Add([]byte{}, 0)
	f.Add(whole, 10)
	f.Add(whole[:len(whole)-3], 200)
	f.Add(bytes.Replace(whole, []byte("members"), []byte("Members"), 1), 1)
	f.Add(append(bytes.Clone(whole), "00000000000000000000000000000000 {}\n"...), 40)
	f.Add([]byte("\n"), 0)
	f.Add([]byte("0123456789abcdef0123456789abcdef {\"format\":\"dbxidentity checkpoint\"}\n"), 3)
	f.Fuzz(func(t *testing.T, raw []byte, cut int) {
		got, err := parse(raw)
		if err != nil {
			if !reflect.DeepEqual(got, contents{}) {
				t.Fatal("an error comes with contents")
			}
			return
		}
		if got.end > len(raw) || got.end == 0 || raw[got.end-1] != '\n' || bytes.IndexByte(raw[got.end:], '\n') >= 0 {
			t.Fatalf("the whole lines end at %d of %d", got.end, len(raw))
		}
		if n := bytes.Count(raw, []byte("\n")); n != len(got.records)+1 {
			t.Fatalf("%d lines gave %d records", n, len(got.records))
		}
		if cut < 0 {
			cut = -(cut + 1)
		}
		cut %= len(raw) + 1
		part, err := parse(raw[:cut])
		lines := bytes.Count(raw[:cut], []byte("\n"))
		switch {
		case lines == 0 && !errors.Is(err, errEmpty):
			t.Fatalf("cut after %d bytes: %v, want that it holds nothing", cut, err)
		case lines > 0 && (err != nil || len(part.records) != lines-1):
			t.Fatalf("cut after %d bytes: %d records of %d lines, %v", cut, len(part.records), lines, err)
		}
	})
}
