// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package audit

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// readCSV reads what Python's csv module reads with its default dialect; it is
// written for this test, because encoding/csv changes CRLF within cells.
func readCSV(text string) (records [][]string) {
	var record []string
	var cell strings.Builder
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '"' && i+1 < len(text) && text[i+1] == '"':
			cell.WriteByte('"')
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
			cell.WriteByte(c)
		case c == ',':
			record = append(record, cell.String())
			cell.Reset()
		case c == '\r' && i+1 < len(text) && text[i+1] == '\n':
			records = append(records, append(record, cell.String()))
			record = nil
			cell.Reset()
			i++
		default:
			cell.WriteByte(c)
		}
	}
	return records
}

// FuzzRenderCSV: any cells read back as they were, and defused ones begin with
// nothing that a spreadsheet runs and differ by one apostrophe at most.
func FuzzRenderCSV(f *testing.F) {
	for _, seed := range []string{"", "a", "a,b", `a"b`, "a;b", "a\r\nb", "\r", "\n", "=1+1", "\uff1d1", "'=1", " ", "\u00fc", "\xff"} {
		f.Add(seed, "USER", seed)
	}
	f.Fuzz(func(t *testing.T, id, kind, reason string) {
		want := []string{id, strings.ToUpper(kind), reason}
		for _, o := range []CSVOptions{{}, {DefuseFormulas: true}} {
			text, err := RenderCSV(CSVFailures, []CSVRow{{"id": {id}, "type": {kind}, "error": {reason}}}, o)
			if err != nil {
				t.Fatal(err)
			}
			records := readCSV(text)
			if len(records) != 2 || len(records[1]) != 3 {
				t.Fatalf("%q has the records %q", text, records)
			}
			for i, cell := range records[1] {
				if !o.DefuseFormulas && cell != want[i] || o.DefuseFormulas && strings.TrimPrefix(cell, "'") != strings.TrimPrefix(want[i], "'") {
					t.Fatalf("%q reads back as %q", want[i], cell)
				}
				if first, _ := utf8.DecodeRuneInString(cell); o.DefuseFormulas && cell != "" && strings.ContainsRune("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20", first) {
					t.Fatalf("%q runs", cell)
				}
			}
		}
	})
}

// FuzzParseRef: a principal is taken only in the spelling that it is written in.
func FuzzParseRef(f *testing.F) {
	for _, seed := range []string{"user/1", "group/2", "service_principal/3", "users/1", "user/", "/1", "user/1/2", "user/ 1", "user/1\n", "USER/1", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRef(text)
		if err == nil && (r.String() != text || r.ID == "" || !slices.Contains(PrincipalTypes(), r.Type)) {
			t.Fatalf("%q became %+v", text, r)
		}
		if err != nil && r != (Ref{}) {
			t.Fatalf("%q is refused and %+v", text, r)
		}
	})
}

// FuzzExternalID: being the same id is an equivalence that canonical forms
// decide, and what may be written is written as it is compared.
func FuzzExternalID(f *testing.F) {
	const guid = "aaaaaaaa-0000-4000-8000-00000000000b"
	for _, a := range []string{"", guid, strings.ToUpper(guid), " " + guid + "\t", guid + "x", "00uAbC", "\u00a0" + guid, strings.Repeat("x", 65)} {
		f.Add(a, guid)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		canonical := CanonicalExternalID(a)
		if CanonicalExternalID(canonical) != canonical || !SameExternalID(a, canonical) || SameExternalID(a, b) != SameExternalID(b, a) ||
			SameExternalID(a, b) != (canonical == CanonicalExternalID(b)) {
			t.Fatalf("%q and %q: %q", a, b, canonical)
		}
		if canonical != a && !strings.EqualFold(strings.TrimSpace(a), canonical) {
			t.Fatalf("%q became %q", a, canonical)
		}
		for _, kind := range PrincipalTypes() {
			if ValidateExternalID(kind, a) == nil && (a == "" || strings.TrimSpace(a) != a || !utf8.ValidString(a)) {
				t.Fatalf("%q may be written", a)
			}
		}
	})
}
