// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package minisql is the part of SQL that queries over information_schema and the
// audit log need: SELECT with expressions, FROM one table or subquery, WHERE, GROUP BY
// columns with count, min and max, UNION, ORDER BY and LIMIT, named parameters, and
// values that are strings or null, or structs and maps of those. There are no joins and
// no statements other than SELECT.
package minisql

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxQuery is the longest query text, as documented for statements.
const maxQuery = 16 << 20

// maxTokens bounds how deep a chain of operators can be evaluated.
const maxTokens = 200_000

type tokenKind int

const (
	tokenEnd tokenKind = iota
	tokenWord
	tokenQuoted // an identifier in back-ticks
	tokenString
	tokenNumber
	tokenParam
	tokenSymbol
)

// token is a piece of a query; at is its offset in bytes. Words keep their case.
type token struct {
	kind tokenKind
	text string
	at   int
}

func (t token) String() string {
	if t.kind == tokenEnd {
		return "end of input"
	}
	return "'" + t.text + "'"
}

// SyntaxError is a text that is no query of this package.
type SyntaxError struct {
	At      int // offset in bytes
	Message string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("%s (at offset %d)", e.Message, e.At) }

func syntaxError(at int, format string, args ...any) error {
	return &SyntaxError{At: at, Message: fmt.Sprintf(format, args...)}
}

// lex cuts a query into tokens, the last of which is the end.
func lex(text string) ([]token, error) {
	if len(text) > maxQuery {
		return nil, syntaxError(maxQuery, "the query is longer than %d bytes", maxQuery)
	}
	if !utf8.ValidString(text) {
		return nil, syntaxError(0, "the query is no UTF-8")
	}
	var out []token
	for i := 0; i < len(text); {
		if n := skipBlank(text[i:]); n > 0 {
			i += n
			continue
		}
		t, n, err := next(text[i:], i)
		if err != nil {
			return nil, err
		}
		if len(out) == maxTokens {
			return nil, syntaxError(i, "the query has more than %d words and signs, which is more than this simulator reads", maxTokens)
		}
		out = append(out, t)
		i += n
	}
	return append(out, token{kind: tokenEnd, at: len(text)}), nil
}

// skipBlank is the length of the blank or comment that a text begins with.
func skipBlank(text string) int {
	r, size := utf8.DecodeRuneInString(text)
	switch {
	case unicode.IsSpace(r):
		return size
	case strings.HasPrefix(text, "--"):
		if end := strings.IndexByte(text, '\n'); end >= 0 {
			return end + 1
		}
		return len(text)
	case strings.HasPrefix(text, "/*"):
		if end := strings.Index(text[2:], "*/"); end >= 0 {
			return end + 4
		}
	}
	return 0
}

func next(text string, at int) (token, int, error) {
	r, _ := utf8.DecodeRuneInString(text)
	switch {
	case r == '\'' || r == '"':
		value, n, err := quoted(text, byte(r), true, at)
		return token{tokenString, value, at}, n, err
	case r == '`':
		value, n, err := quoted(text, '`', false, at)
		return token{tokenQuoted, value, at}, n, err
	case isWordStart(r):
		n := wordLength(text)
		return token{tokenWord, text[:n], at}, n, nil
	case r >= '0' && r <= '9':
		n := 0
		for n < len(text) && text[n] >= '0' && text[n] <= '9' {
			n++
		}
		return token{tokenNumber, text[:n], at}, n, nil
	case r == ':' && len(text) > 1:
		if r, _ := utf8.DecodeRuneInString(text[1:]); isWordStart(r) {
			n := wordLength(text[1:])
			return token{tokenParam, text[1 : 1+n], at}, 1 + n, nil
		}
	}
	for _, symbol := range []string{"<=>", "<>", "!=", "<=", ">=", "||", "=", "<", ">", "(", ")", "[", "]", ",", ".", "*", ";"} {
		if strings.HasPrefix(text, symbol) {
			return token{tokenSymbol, symbol, at}, len(symbol), nil
		}
	}
	return token{}, 0, syntaxError(at, "unexpected %q", r)
}

func isWordStart(r rune) bool { return r == '_' || unicode.IsLetter(r) }

func wordLength(text string) int {
	for i, r := range text {
		if !isWordStart(r) && !unicode.IsDigit(r) {
			return i
		}
	}
	return len(text)
}

// quoted reads a text in quotes. A quote is doubled in identifiers, and in
// strings too, which know a backslash besides.
func quoted(text string, quote byte, backslash bool, at int) (string, int, error) {
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case backslash && c == '\\' && i+1 < len(text):
			i++
			b.WriteByte(unescape(text[i]))
		case c != quote:
			b.WriteByte(c)
		case i+1 < len(text) && text[i+1] == quote:
			i++
			b.WriteByte(quote)
		default:
			return b.String(), i + 1, nil
		}
	}
	return "", 0, syntaxError(at, "a quote %c is not closed", quote)
}

func unescape(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 't':
		return '\t'
	case 'r':
		return '\r'
	default:
		return c
	}
}
