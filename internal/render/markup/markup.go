// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package markup shows text from an account in Markdown and Mermaid so that it can
// be no markup, link or mention. Pure.
package markup

import (
	"fmt"
	"strings"
	"unicode"
)

// joiner holds the parts of one emoji together.
const joiner = '\u200d'

// Visible replaces what does not show or changes how the rest is shown: line
// breaks, control characters, those that turn the direction of text. A joiner
// stays within an emoji only.
func Visible(text string) string {
	last := rune(0)
	return strings.Map(func(r rune) rune {
		emoji := r == joiner && (unicode.Is(unicode.So, last) || unicode.Is(unicode.Sk, last) || last == '\ufe0f')
		last = r
		if r == unicode.ReplacementChar || !emoji && !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// IsWord reports whether a character can be no markup anywhere.
func IsWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// Code is a text as inline code, in which Markdown finds no markup, and GitHub
// and GitLab no mention or issue. A text that could end the span or the cell of
// a table is written in HTML, where every character that is no letter, digit or
// space is a numeric reference.
func Code(text string) string {
	text = Visible(text)
	if text == "" || strings.ContainsAny(text, "`|\\") || strings.TrimSpace(text) != text {
		return "<code>" + references(text, "&#%d;", func(r rune) bool { return IsWord(r) || r == ' ' }) + "</code>"
	}
	return "`" + text + "`"
}

// Sentence is a text as prose, in which Markdown finds no markup, HTML, mention, issue
// or address: whatever could begin one is a reference. Full stops, commas and the like
// stay where a space or the end follows.
func Sentence(text string) string {
	runes := []rune(Visible(text))
	var b strings.Builder
	for i, r := range runes {
		last := i == len(runes)-1 || runes[i+1] == ' '
		first := i == 0 || runes[i-1] == ' '
		switch {
		case IsWord(r), r == ' ', r == '\'', r == '"':
			b.WriteRune(r)
		case strings.ContainsRune(".,:;?", r) && last && !first, strings.ContainsRune("()", r) && (first || last):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "&#%d;", r)
		}
	}
	return b.String()
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

// Label is a text as the label of a Mermaid node, in quotes. Mermaid's entity
// codes are "#<decimal>;" (mermaid.js.org, flowchart syntax, "Entity codes to
// escape characters"). Punctuation that people expect in names stays readable
// between two letters or digits, where it starts neither a list nor emphasis.
func Label(text string) string {
	runes := []rune(Visible(text))
	var b strings.Builder
	b.WriteByte('"')
	for i, r := range runes {
		inside := i > 0 && i < len(runes)-1 && IsWord(runes[i-1]) && IsWord(runes[i+1])
		if IsWord(r) || r == ' ' || inside && strings.ContainsRune("-._@", r) {
			b.WriteRune(r)
			continue
		}
		fmt.Fprintf(&b, "#%d;", r)
	}
	b.WriteByte('"')
	return b.String()
}
