// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package scim

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxFilterNodes is the documented size limit of a filter (SCIM v2.1 page): a
// comparison is one node, and so is each and, or and not.
const maxFilterNodes = 200

// filterExpr is a parsed SCIM filter.
type filterExpr interface{ filterExpr() }

type (
	filterAnd struct{ terms []filterExpr }
	filterOr  struct{ terms []filterExpr }
	filterNot struct{ term filterExpr }
	// filterCompare is one comparison. The attribute is lower-cased and without
	// URN prefix; the operator is lower-cased; the value is a string or a bool
	// and nil for pr.
	filterCompare struct {
		attr, op string
		value    any
	}
)

func (filterAnd) filterExpr()     {}
func (filterOr) filterExpr()      {}
func (filterNot) filterExpr()     {}
func (filterCompare) filterExpr() {}

// filterError is why a filter is refused, in words for the error body.
type filterError string

func (e filterError) Error() string { return string(e) }

// parseFilter reads a filter of RFC 7644 section 3.4.2.2 as far as Databricks
// documents it: eq, ne, co, sw, and, or, parentheses, names and operators in
// any case, strings in double quotes. Strings in single quotes are read too:
// public tools send them. With rfc the operators pr, ew and not are understood
// as well; without it they are refused (assumed: they are not documented).
// The error is always a [filterError].
func parseFilter(text string, rfc bool) (filterExpr, error) {
	p := &filterParser{text: text, rfc: rfc}
	if err := p.next(); err != nil {
		return nil, err
	}
	if p.kind == tokenEnd {
		return nil, filterError("the filter is empty")
	}
	e, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if p.kind != tokenEnd {
		return nil, p.unexpected("and, or or the end")
	}
	return e, nil
}

type tokenKind int

const (
	tokenEnd tokenKind = iota
	tokenWord
	tokenString
	tokenOpen
	tokenClose
)

// filterParser reads one token ahead.
type filterParser struct {
	text string
	rfc  bool
	pos  int

	kind  tokenKind
	value string // the word, or the unquoted string
	at    int    // where the token starts
	nodes int
}

func (p *filterParser) unexpected(wanted string) error {
	if p.kind == tokenEnd {
		return filterError("the filter ends where " + wanted + " is expected")
	}
	return filterError(fmt.Sprintf("unexpected %q at position %d of the filter, expected %s", p.value, p.at+1, wanted))
}

func (p *filterParser) node() error {
	if p.nodes++; p.nodes > maxFilterNodes {
		return filterError(fmt.Sprintf("INVALID_FILTER: the filter has more than %d nodes", maxFilterNodes))
	}
	return nil
}

// next reads the next token into p.
func (p *filterParser) next() error {
	for p.pos < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.pos]) >= 0 {
		p.pos++
	}
	p.at, p.value = p.pos, ""
	if p.pos == len(p.text) {
		p.kind = tokenEnd
		return nil
	}
	switch c := p.text[p.pos]; c {
	case '(':
		p.kind, p.value = tokenOpen, "("
		p.pos++
	case ')':
		p.kind, p.value = tokenClose, ")"
		p.pos++
	case '"', '\'':
		return p.quoted(c)
	default:
		n := strings.IndexAny(p.text[p.pos:], " \t\r\n()\"'")
		if n < 0 {
			n = len(p.text) - p.pos
		}
		p.kind, p.value = tokenWord, p.text[p.pos:p.pos+n]
		p.pos += n
	}
	return nil
}

// quoted reads a string with the escapes of JSON.
func (p *filterParser) quoted(quote byte) error {
	p.kind = tokenString
	end := p.pos + 1
	for end < len(p.text) && p.text[end] != quote {
		if p.text[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(p.text) {
		return filterError(fmt.Sprintf("the string that starts at position %d of the filter does not end", p.at+1))
	}
	raw := p.text[p.pos : end+1]
	p.pos = end + 1
	if quote == '\'' {
		body := strings.ReplaceAll(raw[1:len(raw)-1], `\'`, `'`)
		raw = `"` + escapeBareQuotes(body) + `"`
	}
	if !utf8.ValidString(raw) {
		return filterError(fmt.Sprintf("the string at position %d of the filter is not UTF-8", p.at+1))
	}
	if err := json.Unmarshal([]byte(raw), &p.value); err != nil {
		return filterError(fmt.Sprintf("the string at position %d of the filter has an invalid escape", p.at+1))
	}
	return nil
}

// escapeBareQuotes escapes the double quotes that are not escaped yet.
func escapeBareQuotes(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			b.WriteByte(s[i])
			i++
		case s[i] == '"':
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func (p *filterParser) isWord(word string) bool {
	return p.kind == tokenWord && strings.EqualFold(p.value, word)
}

func (p *filterParser) or(depth int) (filterExpr, error) {
	terms, err := p.chain("or", func() (filterExpr, error) { return p.and(depth) })
	if err != nil || len(terms) == 1 {
		return first(terms), err
	}
	return filterOr{terms}, nil
}

// and binds stronger than or, as in RFC 7644.
func (p *filterParser) and(depth int) (filterExpr, error) {
	terms, err := p.chain("and", func() (filterExpr, error) { return p.term(depth) })
	if err != nil || len(terms) == 1 {
		return first(terms), err
	}
	return filterAnd{terms}, nil
}

func first(terms []filterExpr) filterExpr {
	if len(terms) == 0 {
		return nil
	}
	return terms[0]
}

func (p *filterParser) chain(word string, operand func() (filterExpr, error)) ([]filterExpr, error) {
	var terms []filterExpr
	for {
		t, err := operand()
		if err != nil {
			return nil, err
		}
		terms = append(terms, t)
		if !p.isWord(word) {
			return terms, nil
		}
		if err := p.node(); err != nil {
			return nil, err
		}
		if err := p.next(); err != nil {
			return nil, err
		}
	}
}

func (p *filterParser) term(depth int) (filterExpr, error) {
	// Parentheses are no nodes, but they must not exhaust the stack either.
	if depth > maxFilterNodes {
		return nil, filterError(fmt.Sprintf("INVALID_FILTER: the filter nests deeper than %d", maxFilterNodes))
	}
	if p.kind == tokenOpen {
		return p.parenthesised(depth)
	}
	if p.isWord("not") {
		if !p.rfc {
			return nil, filterError("the operator not is not supported; use eq, ne, co, sw, and, or")
		}
		if err := p.node(); err != nil {
			return nil, err
		}
		if err := p.next(); err != nil {
			return nil, err
		}
		if p.kind != tokenOpen {
			return nil, p.unexpected("an opening parenthesis after not")
		}
		e, err := p.parenthesised(depth)
		return filterNot{e}, err
	}
	return p.compare()
}

func (p *filterParser) parenthesised(depth int) (filterExpr, error) {
	if err := p.next(); err != nil {
		return nil, err
	}
	e, err := p.or(depth + 1)
	if err != nil {
		return nil, err
	}
	if p.kind != tokenClose {
		return nil, p.unexpected("a closing parenthesis")
	}
	return e, p.next()
}

func (p *filterParser) compare() (filterExpr, error) {
	if p.kind != tokenWord {
		return nil, p.unexpected("an attribute")
	}
	if err := p.node(); err != nil {
		return nil, err
	}
	c := filterCompare{attr: strings.ToLower(p.value)}
	if err := p.next(); err != nil {
		return nil, err
	}
	if p.kind != tokenWord {
		return nil, p.unexpected("an operator")
	}
	c.op = strings.ToLower(p.value)
	switch c.op {
	case "eq", "ne", "co", "sw":
	case "pr", "ew":
		if !p.rfc {
			return nil, filterError(fmt.Sprintf("the operator %s is not supported; use eq, ne, co, sw, and, or", c.op))
		}
	default:
		return nil, filterError(fmt.Sprintf("%q is no supported operator; use eq, ne, co, sw, and, or", p.value))
	}
	if err := p.next(); err != nil {
		return nil, err
	}
	if c.op == "pr" {
		return c, nil
	}
	return p.operand(c)
}

func (p *filterParser) operand(c filterCompare) (filterExpr, error) {
	switch {
	case p.kind == tokenString:
		c.value = p.value
	case p.isWord("true"), p.isWord("false"):
		c.value = strings.EqualFold(p.value, "true")
		if c.op != "eq" && c.op != "ne" {
			return nil, filterError(fmt.Sprintf("the operator %s needs a string", c.op))
		}
	default:
		return nil, p.unexpected("a string in double quotes, true or false")
	}
	return c, p.next()
}
