// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package minisql

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Value is a text or null. Truth values are the texts "true" and "false".
type Value struct {
	Text string
	Null bool
}

// Text is a value that is not null.
func Text(s string) Value { return Value{Text: s} }

// Null is the value that is none.
var Null = Value{Null: true}

func truth(b bool) Value { return Text(strconv.FormatBool(b)) }

func (v Value) isTrue() bool  { return !v.Null && strings.EqualFold(v.Text, "true") }
func (v Value) isFalse() bool { return !v.Null && strings.EqualFold(v.Text, "false") }

// scope is what names mean in a row.
type scope struct {
	columns map[string]int // lower-cased name -> position
	alias   string
	table   []string
	row     []Value
	params  map[string]Value
}

// expr is a value that depends on a row. check finds what is wrong without a row.
type expr interface {
	columnName() string
	check(s *scope) error
	eval(s *scope) Value
}

type literal struct{ value Value }

func (l literal) columnName() string {
	if l.value.Null {
		return "NULL"
	}
	return l.value.Text
}
func (literal) check(*scope) error  { return nil }
func (l literal) eval(*scope) Value { return l.value }

type param struct{ name string }

func (p param) columnName() string { return ":" + p.name }
func (p param) check(s *scope) error {
	if _, ok := s.params[p.name]; !ok {
		return fmt.Errorf("[UNBOUND_SQL_PARAMETER] Found the unbound parameter: %s.", p.name) //nolint:staticcheck // The API's own sentence.
	}
	return nil
}
func (p param) eval(s *scope) Value { return s.params[p.name] }

type column struct{ path []string }

func (c column) columnName() string { return c.path[len(c.path)-1] }

func (c column) check(s *scope) error {
	_, ok := s.columns[strings.ToLower(c.columnName())]
	qualifier := c.path[:len(c.path)-1]
	switch {
	case len(qualifier) == 1:
		ok = ok && strings.EqualFold(qualifier[0], s.alias)
	case len(qualifier) > 1:
		ok = ok && strings.EqualFold(strings.Join(qualifier, "."), strings.Join(s.table, "."))
	}
	if !ok {
		return fmt.Errorf("[UNRESOLVED_COLUMN.WITH_SUGGESTION] A column, variable, or function parameter with name `%s` cannot be resolved.", strings.Join(c.path, "`.`")) //nolint:staticcheck // The API's own sentence.
	}
	return nil
}

func (c column) eval(s *scope) Value { return s.row[s.columns[strings.ToLower(c.columnName())]] }

// call is an operator or a function.
type call struct {
	name string
	args []expr
	run  func(args []Value) Value
}

func (c call) columnName() string {
	args := make([]string, 0, len(c.args))
	for _, a := range c.args {
		args = append(args, a.columnName())
	}
	return c.name + "(" + strings.Join(args, ", ") + ")"
}

func (c call) check(s *scope) error {
	for _, a := range c.args {
		if err := a.check(s); err != nil {
			return err
		}
	}
	return nil
}

func (c call) eval(s *scope) Value {
	args := make([]Value, 0, len(c.args))
	for _, a := range c.args {
		args = append(args, a.eval(s))
	}
	return c.run(args)
}

// strict makes a null of every null argument.
func strict(f func(args []Value) Value) func([]Value) Value {
	return func(args []Value) Value {
		for _, a := range args {
			if a.Null {
				return Null
			}
		}
		return f(args)
	}
}

func and(args []Value) Value {
	switch {
	case args[0].isFalse() || args[1].isFalse():
		return truth(false)
	case args[0].Null || args[1].Null:
		return Null
	}
	return truth(args[0].isTrue() && args[1].isTrue())
}

func or(args []Value) Value {
	switch {
	case args[0].isTrue() || args[1].isTrue():
		return truth(true)
	case args[0].Null || args[1].Null:
		return Null
	}
	return truth(false)
}

var not = strict(func(args []Value) Value { return truth(!args[0].isTrue()) })

// in is null when the value, or one that could have been equal, is.
func in(args []Value) Value {
	null := args[0].Null
	for _, a := range args[1:] {
		if null || a.Null {
			null = true
			continue
		}
		if a.Text == args[0].Text {
			return truth(true)
		}
	}
	if null {
		return Null
	}
	return truth(false)
}

// caseOf has conditions and values in turn, and the value of ELSE.
func caseOf(args []Value) Value {
	for i := 0; i+1 < len(args); i += 2 {
		if args[i].isTrue() {
			return args[i+1]
		}
	}
	return args[len(args)-1]
}

// caseOfSubject has the subject first, and values in the place of conditions.
func caseOfSubject(args []Value) Value {
	subject := args[0]
	for i := 1; i+1 < len(args); i += 2 {
		if !subject.Null && !args[i].Null && args[i].Text == subject.Text {
			return args[i+1]
		}
	}
	return args[len(args)-1]
}

func coalesce(args []Value) Value {
	for _, a := range args {
		if !a.Null {
			return a
		}
	}
	return Null
}

var comparisons = map[string]func(int) bool{
	"=": func(c int) bool { return c == 0 }, "<>": func(c int) bool { return c != 0 }, "!=": func(c int) bool { return c != 0 },
	"<": func(c int) bool { return c < 0 }, "<=": func(c int) bool { return c <= 0 },
	">": func(c int) bool { return c > 0 }, ">=": func(c int) bool { return c >= 0 },
}

func comparison(symbol string) func([]Value) Value {
	holds := comparisons[symbol]
	return strict(func(args []Value) Value { return truth(holds(cmp.Compare(args[0].Text, args[1].Text))) })
}

func sameOrBothNull(args []Value) Value {
	if args[0].Null || args[1].Null {
		return truth(args[0].Null && args[1].Null)
	}
	return truth(args[0].Text == args[1].Text)
}

var concat = strict(func(args []Value) Value {
	var b strings.Builder
	for _, a := range args {
		b.WriteString(a.Text)
	}
	return Text(b.String())
})

// like has % and _, and a backslash before one that stands for itself.
var like = strict(func(args []Value) Value { return truth(matches([]rune(args[0].Text), []rune(args[1].Text))) })

// matches takes time in proportion to text times pattern, by going back to the last % only.
func matches(text, pattern []rune) bool {
	t, p, star, mark := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '%':
			star, mark = p, t
			p++
			continue
		case p < len(pattern) && pattern[p] == '\\' && p+1 < len(pattern):
			if pattern[p+1] == text[t] {
				t, p = t+1, p+2
				continue
			}
		case p < len(pattern) && (pattern[p] == '_' || pattern[p] == text[t]):
			t, p = t+1, p+1
			continue
		}
		if star < 0 {
			return false
		}
		mark++
		t, p = mark, star+1
	}
	for p < len(pattern) && pattern[p] == '%' {
		p++
	}
	return p == len(pattern)
}

// function is one that queries may call; most is -1 without a limit.
type function struct {
	least, most int
	run         func([]Value) Value
}

var functions = map[string]function{
	"lower":    {1, 1, strict(func(a []Value) Value { return Text(strings.ToLower(a[0].Text)) })},
	"upper":    {1, 1, strict(func(a []Value) Value { return Text(strings.ToUpper(a[0].Text)) })},
	"trim":     {1, 1, strict(func(a []Value) Value { return Text(strings.Trim(a[0].Text, " ")) })},
	"concat":   {0, -1, concat},
	"coalesce": {1, -1, coalesce},
	"nvl":      {2, 2, coalesce},
	"ifnull":   {2, 2, coalesce},
	"nullif": {2, 2, func(a []Value) Value {
		if !a[0].Null && !a[1].Null && a[0].Text == a[1].Text {
			return Null
		}
		return a[0]
	}},
	"concat_ws": {1, -1, func(a []Value) Value {
		if a[0].Null {
			return Null
		}
		var parts []string
		for _, v := range a[1:] {
			if !v.Null {
				parts = append(parts, v.Text)
			}
		}
		return Text(strings.Join(parts, a[0].Text))
	}},
}
