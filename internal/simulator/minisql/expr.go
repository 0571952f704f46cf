// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package minisql

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Value is a text or null. Truth values are the texts "true" and "false". A struct or a
// map has Fields, those of a struct under their names in lower case.
type Value struct {
	Text   string
	Null   bool
	Fields map[string]Value
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
	structs map[string][]string
	alias   string
	table   []string
	row     []Value
	params  map[string]Value
	totals  []Value // of the aggregates of a group
	stack   []Value // arguments of the calls that are under way
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

// column is a column, or a field of one that is a struct. check finds it.
type column struct {
	path     []string
	position int
	field    string
}

func (c *column) columnName() string { return c.path[len(c.path)-1] }

func (c *column) check(s *scope) error {
	for at := len(c.path) - 1; at >= max(0, len(c.path)-2); at-- {
		name := strings.ToLower(c.path[at])
		position, ok := s.columns[name]
		if !ok || !s.isQualifier(c.path[:at]) {
			continue
		}
		c.position, c.field = position, ""
		if at == len(c.path)-1 {
			return nil
		}
		if c.field = strings.ToLower(c.columnName()); slices.Contains(s.structs[name], c.field) {
			return nil
		}
		return fmt.Errorf("[FIELD_NOT_FOUND] No such struct field `%s` in `%s`.", c.columnName(), strings.Join(s.structs[name], "`, `")) //nolint:staticcheck // The API's own sentence.
	}
	return fmt.Errorf("[UNRESOLVED_COLUMN.WITH_SUGGESTION] A column, variable, or function parameter with name `%s` cannot be resolved.", strings.Join(c.path, "`.`")) //nolint:staticcheck // The API's own sentence.
}

func (s *scope) isQualifier(path []string) bool {
	switch len(path) {
	case 0:
		return true
	case 1:
		return strings.EqualFold(path[0], s.alias)
	}
	return strings.EqualFold(strings.Join(path, "."), strings.Join(s.table, "."))
}

func (c *column) eval(s *scope) Value {
	if v := s.row[c.position]; c.field == "" {
		return v
	} else if inner, ok := v.Fields[c.field]; ok {
		return inner
	}
	return Null
}

// index is an entry of a map; null for a key that is not there.
type index struct{ of, key expr }

func (x index) columnName() string { return x.of.columnName() + "[" + x.key.columnName() + "]" }

func (x index) check(s *scope) error {
	if err := x.of.check(s); err != nil {
		return err
	}
	return x.key.check(s)
}

func (x index) eval(s *scope) Value {
	if v, ok := x.of.eval(s).Fields[x.key.eval(s).Text]; ok {
		return v
	}
	return Null
}

// aggregate is count, min or max over the rows of a group; arg is nil for count(*).
type aggregate struct {
	name string
	arg  expr
	slot int
}

func (a *aggregate) columnName() string {
	if a.arg == nil {
		return "count(1)"
	}
	return a.name + "(" + a.arg.columnName() + ")"
}

func (a *aggregate) check(s *scope) error {
	if a.arg == nil {
		return nil
	}
	return a.arg.check(s)
}

func (a *aggregate) eval(s *scope) Value { return s.totals[a.slot] }

// add takes one row into a total, whose count is beside it.
func (a *aggregate) add(s *scope, total *Value, count *int) {
	v := Text("")
	if a.arg != nil {
		v = a.arg.eval(s)
	}
	switch {
	case v.Null:
		return
	case a.name == "count":
	case *count == 0, a.name == "min" && v.Text < total.Text, a.name == "max" && v.Text > total.Text:
		*total = v
	}
	*count++
}

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

// eval keeps the arguments on a stack, whose place is used again: run keeps none.
func (c call) eval(s *scope) Value {
	base := len(s.stack)
	for i, a := range c.args {
		v := a.eval(s)
		if i == 0 && (c.name == "and" && v.isFalse() || c.name == "or" && v.isTrue()) {
			return truth(v.isTrue()) // The rest does not matter.
		}
		s.stack = append(s.stack, v)
	}
	out := c.run(s.stack[base:])
	s.stack = s.stack[:base]
	return out
}

// searchedCase has conditions and values in turn, and the value of ELSE.
type searchedCase struct{ call }

func (c searchedCase) eval(s *scope) Value {
	last := len(c.args) - 1
	for i := 0; i < last; i += 2 {
		if c.args[i].eval(s).isTrue() {
			return c.args[i+1].eval(s)
		}
	}
	return c.args[last].eval(s)
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

// caseOfSubject has the subject first, then values with what they give, and the value of
// ELSE.
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
	"lower":  {1, 1, strict(func(a []Value) Value { return Text(strings.ToLower(a[0].Text)) })},
	"upper":  {1, 1, strict(func(a []Value) Value { return Text(strings.ToUpper(a[0].Text)) })},
	"trim":   {1, 1, strict(func(a []Value) Value { return Text(strings.Trim(a[0].Text, " ")) })},
	"concat": {0, -1, concat},
	"substring": {3, 3, strict(func(a []Value) Value {
		text := []rune(a[0].Text)
		from, err1 := strconv.Atoi(a[1].Text)
		n, err2 := strconv.Atoi(a[2].Text)
		if err1 != nil || err2 != nil {
			return Null
		}
		from = min(max(from-1, 0), len(text))
		return Text(string(text[from:min(from+max(n, 0), len(text))]))
	})},
	"coalesce": {1, -1, coalesce},
	"nvl":      {2, 2, coalesce},
	"ifnull":   {2, 2, coalesce},
	"unix_millis": {1, 1, strict(func(a []Value) Value {
		at, err := time.Parse(time.RFC3339, a[0].Text)
		if err != nil {
			return Null
		}
		return Text(strconv.FormatInt(at.UnixMilli(), 10))
	})},
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
