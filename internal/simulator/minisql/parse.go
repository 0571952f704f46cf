// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package minisql

import (
	"slices"
	"strconv"
	"strings"
)

// maxDepth bounds nested parentheses and subqueries.
const maxDepth = 200

// Query is a parsed query.
type Query struct {
	parts []selectPart
	// distinct[i] reports whether the union before part i+1 drops duplicates.
	distinct []bool
	orderBy  []orderItem
	limit    int // -1: none
}

type selectPart struct {
	distinct   bool
	items      []selectItem // star items have a nil expr
	from       *source      // nil: one row without columns
	where      expr         // nil: all
	groupBy    []expr
	aggregates []*aggregate // those in the items
}

// grouped reports whether a row stands for several.
func (s selectPart) grouped() bool { return len(s.groupBy) > 0 || len(s.aggregates) > 0 }

type selectItem struct {
	expr expr
	name string
}

type source struct {
	table []string // names of a table
	query *Query   // or a subquery
	alias string
}

type orderItem struct {
	expr       expr
	position   int // 1-based column, 0 if expr is given
	descending bool
}

// Parse reads one query, with or without a semicolon at its end. The error is
// a [*SyntaxError].
func Parse(text string) (*Query, error) {
	tokens, err := lex(text)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	q, err := p.query()
	if err != nil {
		return nil, err
	}
	p.symbol(";")
	if t := p.peek(); t.kind != tokenEnd {
		return nil, syntaxError(t.at, "syntax error at or near %s", t)
	}
	return q, nil
}

// Tables are the names of all tables that a query reads, as written.
func (q *Query) Tables() [][]string {
	var out [][]string
	for _, part := range q.parts {
		switch {
		case part.from == nil:
		case part.from.query != nil:
			out = append(out, part.from.query.Tables()...)
		default:
			out = append(out, part.from.table)
		}
	}
	return out
}

type parser struct {
	tokens []token
	at     int
	depth  int
	// aggregates are those of the select list that is being read; nil elsewhere.
	aggregates *[]*aggregate
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) advance() token {
	t := p.tokens[p.at]
	if t.kind != tokenEnd {
		p.at++
	}
	return t
}

// word takes a keyword if it is next.
func (p *parser) word(words ...string) bool {
	for i, word := range words {
		t := p.tokens[min(p.at+i, len(p.tokens)-1)]
		if t.kind != tokenWord || !strings.EqualFold(t.text, word) {
			return false
		}
	}
	p.at += len(words)
	return true
}

func (p *parser) symbol(s string) bool {
	if t := p.peek(); t.kind != tokenSymbol || t.text != s {
		return false
	}
	p.at++
	return true
}

func (p *parser) need(s string) error {
	if p.symbol(s) {
		return nil
	}
	return p.unexpected("'" + s + "'")
}

func (p *parser) unexpected(wanted string) error {
	t := p.peek()
	return syntaxError(t.at, "syntax error at or near %s: expected %s", t, wanted)
}

// deeper guards the recursion; call the result when done.
func (p *parser) deeper() (func(), error) {
	if p.depth >= maxDepth {
		return nil, syntaxError(p.peek().at, "the query is nested deeper than %d", maxDepth)
	}
	p.depth++
	return func() { p.depth-- }, nil
}

func (p *parser) query() (*Query, error) {
	done, err := p.deeper()
	if err != nil {
		return nil, err
	}
	defer done()
	q := &Query{limit: -1}
	for {
		part, err := p.selectPart()
		if err != nil {
			return nil, err
		}
		q.parts = append(q.parts, part)
		if !p.word("UNION") {
			break
		}
		q.distinct = append(q.distinct, !p.word("ALL"))
	}
	if p.word("ORDER", "BY") {
		if q.orderBy, err = p.orderItems(); err != nil {
			return nil, err
		}
	}
	if p.word("LIMIT") {
		t := p.advance()
		n, err := strconv.Atoi(t.text)
		if t.kind != tokenNumber || err != nil {
			return nil, syntaxError(t.at, "syntax error at or near %s: expected a number of rows", t)
		}
		q.limit = n
	}
	return q, nil
}

func (p *parser) orderItems() ([]orderItem, error) {
	var out []orderItem
	for {
		var item orderItem
		if t := p.peek(); t.kind == tokenNumber {
			n, err := strconv.Atoi(t.text)
			if err != nil || n < 1 {
				return nil, syntaxError(t.at, "ORDER BY position %s is not in the select list", t.text)
			}
			p.advance()
			item.position = n
		} else {
			e, err := p.expr()
			if err != nil {
				return nil, err
			}
			item.expr = e
		}
		if !p.word("ASC") {
			item.descending = p.word("DESC")
		}
		out = append(out, item)
		if !p.symbol(",") {
			return out, nil
		}
	}
}

func (p *parser) selectPart() (selectPart, error) {
	if p.symbol("(") { // A part in parentheses is a subquery of its own.
		q, err := p.query()
		if err != nil {
			return selectPart{}, err
		}
		return selectPart{items: []selectItem{{}}, from: &source{query: q}}, p.need(")")
	}
	if !p.word("SELECT") {
		return selectPart{}, p.unexpected("SELECT")
	}
	part := selectPart{distinct: p.word("DISTINCT")}
	if !part.distinct {
		p.word("ALL")
	}
	p.aggregates = &part.aggregates
	for {
		item, err := p.selectItem()
		if err != nil {
			return part, err
		}
		part.items = append(part.items, item)
		if !p.symbol(",") {
			break
		}
	}
	p.aggregates = nil
	if p.word("FROM") {
		from, err := p.source()
		if err != nil {
			return part, err
		}
		part.from = from
	}
	if p.word("WHERE") {
		where, err := p.expr()
		if err != nil {
			return part, err
		}
		part.where = where
	}
	if p.word("GROUP", "BY") {
		var err error
		if part.groupBy, err = p.exprList(); err != nil {
			return part, err
		}
	}
	return part, nil
}

// reserved are words that are no alias without AS.
var reserved = []string{
	"FROM", "WHERE", "UNION", "ORDER", "LIMIT", "AS", "AND", "OR", "NOT", "IN", "IS", "LIKE", "THEN", "ELSE", "END", "WHEN",
	"JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "ON", "GROUP", "HAVING", "EXCEPT", "INTERSECT", "ASC", "DESC", "SELECT", "BETWEEN",
}

func isReserved(word string) bool {
	return slices.Contains(reserved, strings.ToUpper(word))
}

func (p *parser) selectItem() (selectItem, error) {
	if p.symbol("*") {
		return selectItem{}, nil
	}
	e, err := p.expr()
	if err != nil {
		return selectItem{}, err
	}
	item := selectItem{expr: e, name: e.columnName()}
	err = p.alias(&item.name)
	return item, err
}

// alias reads an optional name.
func (p *parser) alias(name *string) error {
	as := p.word("AS")
	t := p.peek()
	if t.kind == tokenQuoted || t.kind == tokenWord && !isReserved(t.text) {
		*name = p.advance().text
		return nil
	}
	if as {
		return p.unexpected("a name")
	}
	return nil
}

func (p *parser) source() (*source, error) {
	s := &source{}
	if p.symbol("(") {
		q, err := p.query()
		if err != nil {
			return nil, err
		}
		s.query = q
		if err := p.need(")"); err != nil {
			return nil, err
		}
	} else {
		for {
			t := p.peek()
			if t.kind != tokenWord && t.kind != tokenQuoted {
				return nil, p.unexpected("the name of a table")
			}
			s.table = append(s.table, p.advance().text)
			if !p.symbol(".") {
				break
			}
		}
		s.alias = s.table[len(s.table)-1]
	}
	return s, p.alias(&s.alias)
}
