// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package csv

import (
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

// FuzzRender: any cells read back as they were, and defused ones begin with
// nothing that a spreadsheet runs and differ by one apostrophe at most.
func FuzzRender(f *testing.F) {
	for _, seed := range []string{"", "a", "a,b", `a"b`, "a;b", "a\r\nb", "\r", "\n", "=1+1", "\uff1d1", "'=1", " ", "\u00fc", "\xff"} {
		f.Add(seed, "USER", seed)
	}
	f.Fuzz(func(t *testing.T, id, kind, reason string) {
		want := []string{id, strings.ToUpper(kind), reason}
		for _, o := range []Options{{}, {DefuseFormulas: true}} {
			text, err := Render(Failures, []Row{{"id": {id}, "type": {kind}, "error": {reason}}}, o)
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
