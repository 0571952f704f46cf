// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package minisql

import (
	"slices"
	"strings"
)

// expr reads an expression: OR binds weakest, then AND, NOT, comparisons, ||.
func (p *parser) expr() (expr, error) {
	done, err := p.deeper()
	if err != nil {
		return nil, err
	}
	defer done()
	return p.binary("OR", or, func() (expr, error) { return p.binary("AND", and, p.negation) })
}

func (p *parser) binary(word string, run func([]Value) Value, operand func() (expr, error)) (expr, error) {
	left, err := operand()
	for err == nil && p.word(word) {
		var right expr
		if right, err = operand(); err == nil {
			left = call{name: strings.ToLower(word), args: []expr{left, right}, run: run}
		}
	}
	return left, err
}

func (p *parser) negation() (expr, error) {
	nots := 0
	for p.word("NOT") {
		nots++
	}
	e, err := p.comparison()
	for ; err == nil && nots > 0; nots-- {
		e = call{name: "not", args: []expr{e}, run: not}
	}
	return e, err
}

func (p *parser) comparison() (expr, error) {
	left, err := p.concatenation()
	if err != nil {
		return nil, err
	}
	t := p.peek()
	if t.kind == tokenSymbol && (comparisons[t.text] != nil || t.text == "<=>") {
		p.advance()
		right, err := p.concatenation()
		run := sameOrBothNull
		if t.text != "<=>" {
			run = comparison(t.text)
		}
		return call{name: t.text, args: []expr{left, right}, run: run}, err
	}
	if p.word("IS") {
		return p.isNull(left)
	}
	negated := p.word("NOT")
	var out expr
	switch {
	case p.word("IN"):
		out, err = p.inList(left)
	case p.word("LIKE"):
		var right expr
		right, err = p.concatenation()
		out = call{name: "like", args: []expr{left, right}, run: like}
	case p.word("BETWEEN"):
		out, err = p.between(left)
	case negated:
		return nil, p.unexpected("IN, LIKE or BETWEEN")
	default:
		return left, nil
	}
	if err == nil && negated {
		out = call{name: "not", args: []expr{out}, run: not}
	}
	return out, err
}

func (p *parser) isNull(left expr) (expr, error) {
	negated := p.word("NOT")
	if !p.word("NULL") {
		return nil, p.unexpected("NULL")
	}
	return call{name: "isnull", args: []expr{left}, run: func(a []Value) Value { return truth(a[0].Null != negated) }}, nil
}

func (p *parser) inList(left expr) (expr, error) {
	if err := p.need("("); err != nil {
		return nil, err
	}
	list, err := p.exprList()
	if err != nil {
		return nil, err
	}
	return call{name: "in", args: append([]expr{left}, list...), run: in}, p.need(")")
}

func (p *parser) between(left expr) (expr, error) {
	low, err := p.concatenation()
	if err != nil {
		return nil, err
	}
	if !p.word("AND") {
		return nil, p.unexpected("AND")
	}
	high, err := p.concatenation()
	return call{name: "between", args: []expr{left, low, high}, run: strict(func(a []Value) Value {
		return truth(a[1].Text <= a[0].Text && a[0].Text <= a[2].Text)
	})}, err
}

func (p *parser) exprList() ([]expr, error) {
	var out []expr
	for {
		e, err := p.expr()
		if err != nil {
			return nil, err
		}
		out = append(out, e)
		if !p.symbol(",") {
			return out, nil
		}
	}
}

func (p *parser) concatenation() (expr, error) {
	left, err := p.primary()
	for err == nil && p.symbol("||") {
		var right expr
		if right, err = p.primary(); err == nil {
			left = call{name: "concat", args: []expr{left, right}, run: concat}
		}
	}
	return left, err
}

func (p *parser) primary() (expr, error) {
	t := p.peek()
	switch {
	case t.kind == tokenString || t.kind == tokenNumber:
		p.advance()
		return literal{Text(t.text)}, nil
	case t.kind == tokenParam:
		p.advance()
		return param{t.text}, nil
	case p.symbol("("):
		e, err := p.expr()
		if err != nil {
			return nil, err
		}
		return e, p.need(")")
	case t.kind == tokenQuoted:
		return p.column()
	case t.kind != tokenWord:
		return nil, p.unexpected("an expression")
	}
	switch strings.ToUpper(t.text) {
	case "NULL":
		p.advance()
		return literal{Null}, nil
	case "TRUE", "FALSE":
		p.advance()
		return literal{Text(strings.ToLower(t.text))}, nil
	case "CASE":
		p.advance()
		return p.caseExpr()
	case "CAST":
		p.advance()
		return p.cast()
	}
	if next := p.tokens[min(p.at+1, len(p.tokens)-1)]; next.kind == tokenSymbol && next.text == "(" {
		return p.function()
	}
	if isReserved(t.text) {
		return nil, p.unexpected("an expression")
	}
	return p.column()
}

func (p *parser) column() (expr, error) {
	var path []string
	for {
		t := p.peek()
		if t.kind != tokenWord && t.kind != tokenQuoted {
			return nil, p.unexpected("the name of a column")
		}
		path = append(path, p.advance().text)
		if !p.symbol(".") {
			break
		}
	}
	var out expr = &column{path: path}
	for p.symbol("[") {
		key, err := p.expr()
		if err != nil {
			return nil, err
		}
		if err := p.need("]"); err != nil {
			return nil, err
		}
		out = index{out, key}
	}
	return out, nil
}

// aggregate reads the rest of count(*), or of a function over the rows of a group.
func (p *parser) aggregate(name string) (expr, error) {
	out := &aggregate{name: name, slot: len(*p.aggregates)}
	*p.aggregates = append(*p.aggregates, out)
	if name == "count" && p.symbol("*") {
		return out, p.need(")")
	}
	outer := p.aggregates
	p.aggregates = nil // They do not nest.
	var err error
	out.arg, err = p.expr()
	p.aggregates = outer
	if err != nil {
		return nil, err
	}
	return out, p.need(")")
}

func (p *parser) function() (expr, error) {
	t := p.advance()
	name := strings.ToLower(t.text)
	if p.aggregates != nil && slices.Contains([]string{"count", "min", "max"}, name) {
		p.advance() // the parenthesis
		return p.aggregate(name)
	}
	f, known := functions[name]
	if !known {
		return nil, syntaxError(t.at, "cannot resolve routine `%s`", t.text)
	}
	p.advance() // the parenthesis
	var args []expr
	if !p.symbol(")") {
		var err error
		if args, err = p.exprList(); err != nil {
			return nil, err
		}
		if err := p.need(")"); err != nil {
			return nil, err
		}
	}
	if len(args) < f.least || f.most >= 0 && len(args) > f.most {
		return nil, syntaxError(t.at, "the `%s` function does not take %d arguments", t.text, len(args))
	}
	return call{name: name, args: args, run: f.run}, nil
}

// caseExpr reads both forms of CASE. The subject of the second is one argument,
// evaluated once: nested ones would take exponential time otherwise.
func (p *parser) caseExpr() (expr, error) {
	var args []expr
	var run func([]Value) Value
	if t := p.peek(); t.kind != tokenWord || !strings.EqualFold(t.text, "WHEN") {
		subject, err := p.expr()
		if err != nil {
			return nil, err
		}
		args, run = append(args, subject), caseOfSubject
	}
	whens := 0
	for ; p.word("WHEN"); whens++ {
		condition, err := p.expr()
		if err != nil {
			return nil, err
		}
		if !p.word("THEN") {
			return nil, p.unexpected("THEN")
		}
		value, err := p.expr()
		if err != nil {
			return nil, err
		}
		args = append(args, condition, value)
	}
	if whens == 0 {
		return nil, p.unexpected("WHEN")
	}
	var otherwise expr = literal{Null}
	if p.word("ELSE") {
		var err error
		if otherwise, err = p.expr(); err != nil {
			return nil, err
		}
	}
	if !p.word("END") {
		return nil, p.unexpected("END")
	}
	out := call{name: "case", args: append(args, otherwise), run: run}
	if run == nil {
		return searchedCase{out}, nil
	}
	return out, nil
}

// castTypes are what everything can be cast to here.
var castTypes = []string{"STRING"}

func (p *parser) cast() (expr, error) {
	if err := p.need("("); err != nil {
		return nil, err
	}
	e, err := p.expr()
	if err != nil {
		return nil, err
	}
	if !p.word("AS") {
		return nil, p.unexpected("AS")
	}
	if t := p.advance(); t.kind != tokenWord || !slices.Contains(castTypes, strings.ToUpper(t.text)) {
		return nil, syntaxError(t.at, "syntax error at or near %s: expected STRING", t)
	}
	return e, p.need(")")
}
