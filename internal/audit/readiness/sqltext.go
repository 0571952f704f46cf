// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package readiness

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The SQL functions that ask whether the user of a session is in a group. The first
// asks the workspace, the second the account.
const (
	sqlIsMember        = "is_member"
	sqlIsAccountMember = "is_account_group_member"
)

// groupCall is a call of one of them with a name that is written there.
type groupCall struct{ function, group string }

// groupCalls finds the calls in the text of a view or function, in the order in which
// they are written. cannotTell are reasons why it may ask for others: a name that is
// computed, SQL in a text, or a text that is not understood. It reads Spark's lexical
// rules: comments nest, both quotes make texts, backquotes make names, and texts beside
// each other are one.
func groupCalls(sql string) (calls []groupCall, cannotTell []string) {
	tokens, broken := sqlTokens(sql)
	if broken != "" {
		cannotTell = append(cannotTell, broken)
	}
	for i, t := range tokens {
		lower := strings.ToLower(t.text)
		switch {
		case t.kind == sqlString && (strings.Contains(lower, sqlIsMember) || strings.Contains(lower, sqlIsAccountMember)):
			cannotTell = append(cannotTell, "it has SQL in a text")
		case t.kind != sqlName || lower != sqlIsMember && lower != sqlIsAccountMember:
		case !isSymbol(tokens, i+1, "(") || ownedBySchema(tokens, i):
		default:
			name, ok := literalArgument(tokens[i+2:])
			if !ok {
				cannotTell = append(cannotTell, "it computes the name of a group")
				continue
			}
			calls = append(calls, groupCall{lower, name})
		}
	}
	slices.Sort(cannotTell)
	return calls, slices.Compact(cannotTell)
}

// ownedBySchema reports whether a name is that of a function in a schema, which someone
// made: then its own definition is read. Only the schema builtin has the language's.
func ownedBySchema(tokens []sqlToken, at int) bool {
	return isSymbol(tokens, at-1, ".") && !(at >= 2 && tokens[at-2].kind == sqlName && strings.EqualFold(tokens[at-2].text, "builtin"))
}

// literalArgument is the one text before the closing parenthesis.
func literalArgument(rest []sqlToken) (string, bool) {
	name := ""
	for i, t := range rest {
		switch {
		case t.kind == sqlString && !t.doubtful && (i == 0 || t.apart):
			name += t.text
		case i > 0 && isSymbol(rest, i, ")"):
			return name, true
		default:
			return "", false
		}
	}
	return "", false
}

func isSymbol(tokens []sqlToken, at int, symbol string) bool {
	return at >= 0 && at < len(tokens) && tokens[at].kind == sqlSymbol && tokens[at].text == symbol
}

type sqlKind int

const (
	sqlSymbol sqlKind = iota // one character
	sqlName                  // a word or what is in backquotes
	sqlString
)

type sqlToken struct {
	kind sqlKind
	text string
	// apart: something is between it and the token before. Two texts without that are
	// one with a quote in it, or two, as the version of Spark is.
	apart bool
	// doubtful texts have an escape that is not understood here.
	doubtful bool
}

// sqlTokens cuts a text; broken is why it ends in the middle of something.
func sqlTokens(sql string) (out []sqlToken, broken string) {
	apart := false
	for at := 0; at < len(sql); {
		rest := sql[at:]
		r, size := utf8.DecodeRuneInString(rest)
		length, t := size, sqlToken{kind: sqlSymbol, text: rest[:size], apart: apart}
		apart = false
		switch {
		case unicode.IsSpace(r):
			at, apart = at+size, true
			continue
		case strings.HasPrefix(rest, "--"):
			end := strings.IndexAny(rest, "\r\n")
			if end < 0 {
				return out, broken
			}
			at, apart = at+end, true
			continue
		case strings.HasPrefix(rest, "/*"):
			if length = commentLength(rest); length < 0 {
				return out, "a comment in it does not end"
			}
			at, apart = at+length, true
			continue
		case r == '\'' || r == '"':
			if t, length = sqlText(rest, 0, t.apart); length < 0 {
				return out, "a text in it does not end"
			}
		case (r == 'r' || r == 'R') && len(rest) > 1 && (rest[1] == '\'' || rest[1] == '"'):
			if t, length = sqlText(rest, 1, t.apart); length < 0 {
				return out, "a text in it does not end"
			}
		case r == '`':
			end := strings.IndexByte(rest[1:], '`')
			if end < 0 {
				return out, "a name in it does not end"
			}
			length, t.kind, t.text = end+2, sqlName, rest[1:end+1]
		case isWord(r):
			length = strings.IndexFunc(rest, func(r rune) bool { return !isWord(r) })
			if length < 0 {
				length = len(rest)
			}
			t.kind, t.text = sqlName, rest[:length]
		}
		out, at = append(out, t), at+length
	}
	return out, broken
}

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// commentLength is that of the comment at the beginning; -1 if it does not end.
func commentLength(sql string) int {
	depth := 0
	for at := 0; at < len(sql); at++ {
		switch {
		case strings.HasPrefix(sql[at:], "/*"):
			depth++
			at++
		case strings.HasPrefix(sql[at:], "*/"):
			depth--
			if at++; depth == 0 {
				return at + 1
			}
		}
	}
	return -1
}

// sqlText reads the text at the beginning, after a prefix r of that length, which makes
// backslashes ordinary. The length is -1 if it does not end.
func sqlText(sql string, prefix int, apart bool) (sqlToken, int) {
	out := sqlToken{kind: sqlString, apart: apart}
	quote, raw := sql[prefix], prefix > 0
	var b strings.Builder
	for at := prefix + 1; at < len(sql); at++ {
		switch c := sql[at]; {
		case c == quote:
			out.text = b.String()
			return out, at + 1
		case c == '\\' && !raw && at+1 < len(sql):
			at++
			if next := sql[at]; next != '\\' && next != '\'' && next != '"' {
				out.doubtful = true
			}
			b.WriteByte(sql[at])
		default:
			b.WriteByte(c)
		}
	}
	return out, -1
}
