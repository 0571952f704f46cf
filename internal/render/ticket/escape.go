// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package ticket

import (
	"fmt"
	"strings"
	"unicode"
)

// visible replaces what does not show or changes how the rest is shown: line
// breaks, control characters, those that turn the direction of text.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// code is a text as inline code, in which Markdown finds no markup, and GitHub
// and GitLab no mention or issue. A text that could end the span or the cell of
// a table is written in HTML, where every character that is no letter, digit or
// space is a numeric reference.
func code(text string) string {
	text = visible(text)
	if text == "" || strings.ContainsAny(text, "`|\\") || strings.TrimSpace(text) != text {
		return "<code>" + references(text, "&#%d;", func(r rune) bool { return isWord(r) || r == ' ' }) + "</code>"
	}
	return "`" + text + "`"
}

// references writes the characters that are not kept as references.
func references(text, format string, keep func(rune) bool) string {
	var b strings.Builder
	for _, r := range text {
		if keep(r) {
			b.WriteRune(r)
			continue
		}
		fmt.Fprintf(&b, format, r)
	}
	return b.String()
}

// label is a text as the label of a Mermaid node, in quotes. Mermaid's entity
// codes are "#<decimal>;" (mermaid.js.org, flowchart syntax, "Entity codes to
// escape characters"). Punctuation that people expect in names stays readable
// between two letters or digits, where it starts neither a list nor emphasis.
func label(text string) string {
	runes := []rune(visible(text))
	var b strings.Builder
	b.WriteByte('"')
	for i, r := range runes {
		inside := i > 0 && i < len(runes)-1 && isWord(runes[i-1]) && isWord(runes[i+1])
		if isWord(r) || r == ' ' || inside && strings.ContainsRune("-._@", r) {
			b.WriteRune(r)
			continue
		}
		fmt.Fprintf(&b, "#%d;", r)
	}
	b.WriteByte('"')
	return b.String()
}
