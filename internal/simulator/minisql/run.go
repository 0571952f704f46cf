// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package minisql

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// Table is a relation. Every row has a value for every column.
type Table struct {
	Columns []string
	Rows    [][]Value
	// Scan gives the rows one by one, in the place of Rows: a table may be larger than
	// what should be in memory. A row is not changed afterwards.
	Scan iter.Seq[[]Value]
	// Structs are the fields, in lower case, of columns that are structs.
	Structs map[string][]string
	// hidden are columns that rows have beyond Columns, to sort by.
	hidden []string
}

// all gives the rows, however they are kept.
func (t Table) all() iter.Seq[[]Value] {
	if t.Scan != nil {
		return t.Scan
	}
	return slices.Values(t.Rows)
}

// Run evaluates a query. tables finds the table of a name as written; params
// are the values of :name. The error is the text that a client reads.
func (q *Query) Run(tables func(name []string) (Table, error), params map[string]Value) (Table, error) {
	out, err := q.stream(tables, params)
	if err == nil && out.Scan != nil {
		out.Rows, out.Scan = slices.Collect(out.Scan), nil
	}
	return out, err
}

// stream is Run that may leave the rows to be computed one by one.
func (q *Query) stream(tables func(name []string) (Table, error), params map[string]Value) (Table, error) {
	var out Table
	for i, part := range q.parts {
		t, err := part.run(tables, params, len(q.parts) == 1 && !part.distinct && !part.grouped() && len(q.orderBy) > 0)
		switch {
		case err != nil:
			return Table{}, err
		case len(q.parts) == 1 && len(q.orderBy) == 0:
			t.limit(q.limit)
			return t, nil
		case i == 0:
			t.Rows, t.Scan = slices.Collect(t.all()), nil
			out = t
			continue
		case len(t.Columns) != len(out.Columns):
			return Table{}, fmt.Errorf("[NUM_COLUMNS_MISMATCH] UNION can only be performed on inputs with the same number of columns, but the first input has %d columns and input %d has %d columns.", len(out.Columns), i+1, len(t.Columns)) //nolint:staticcheck // The API's own sentence.
		}
		out.Rows = slices.AppendSeq(out.Rows, t.all())
		if q.distinct[i-1] {
			out.Rows = distinctRows(out.Rows)
		}
	}
	if err := q.sort(&out, params); err != nil {
		return Table{}, err
	}
	out.hidden = nil
	out.limit(q.limit)
	return out, nil
}

// limit keeps the first n rows; -1 is all.
func (t *Table) limit(n int) {
	all := t.Scan
	switch {
	case n < 0:
	case all == nil:
		t.Rows = t.Rows[:min(n, len(t.Rows))]
	default:
		t.Scan = func(yield func([]Value) bool) {
			left := n
			if left == 0 {
				return
			}
			for row := range all {
				if left--; !yield(row) || left == 0 {
					return
				}
			}
		}
	}
}

// run evaluates one SELECT. With keepInput the rows hold those of FROM too.
func (s selectPart) run(tables func([]string) (Table, error), params map[string]Value, keepInput bool) (Table, error) {
	in, sc, err := s.input(tables, params)
	if err != nil {
		return Table{}, err
	}
	items, err := s.expand(in, sc)
	if err != nil {
		return Table{}, err
	}
	for _, e := range append(slices.Clone(s.groupBy), s.where) {
		if e != nil {
			if err := e.check(sc); err != nil {
				return Table{}, err
			}
		}
	}
	out := Table{}
	for _, item := range items {
		out.Columns = append(out.Columns, item.name)
	}
	chosen := func(yield func([]Value) bool) {
		for row := range in.all() {
			if sc.row = row; s.where != nil && !s.where.eval(sc).isTrue() {
				continue
			}
			if !yield(row) {
				return
			}
		}
	}
	if s.grouped() {
		if err := s.checkGroups(items); err != nil {
			return Table{}, err
		}
		out.Rows = s.groups(chosen, sc, items)
	} else {
		if keepInput {
			out.hidden = in.Columns
		}
		out.Scan = func(yield func([]Value) bool) {
			for row := range chosen {
				values := make([]Value, 0, len(items))
				for _, item := range items {
					values = append(values, item.expr.eval(sc))
				}
				if keepInput {
					values = append(values, row...)
				}
				if !yield(values) {
					return
				}
			}
		}
	}
	if s.distinct {
		out.Rows, out.Scan = distinctRows(slices.Collect(out.all())), nil
	}
	return out, nil
}

// checkGroups refuses a column that is neither grouped by nor aggregated.
func (s selectPart) checkGroups(items []selectItem) error {
	by := map[int]bool{}
	for _, e := range s.groupBy {
		c, ok := e.(*column)
		if !ok || c.field != "" {
			return errors.New("this simulator groups by whole columns only")
		}
		by[c.position] = true
	}
	for _, item := range items {
		for c := range columnsOf(item.expr) {
			switch {
			case by[c.position]:
			case len(by) == 0:
				return errors.New("[MISSING_GROUP_BY] The query does not include a GROUP BY clause. Add GROUP BY.") //nolint:staticcheck // The API's own sentence.
			default:
				return fmt.Errorf("[MISSING_AGGREGATION] The non-aggregating expression %q is based on columns which are not participating in the GROUP BY clause.", c.columnName()) //nolint:staticcheck // The API's own sentence.
			}
		}
	}
	return nil
}

// columnsOf are the columns of an expression that no aggregate takes.
func columnsOf(e expr) iter.Seq[*column] {
	return func(yield func(*column) bool) {
		var walk func(expr) bool
		walk = func(e expr) bool {
			switch e := e.(type) {
			case *column:
				return yield(e)
			case index:
				return walk(e.of) && walk(e.key)
			case searchedCase:
				return walk(e.call)
			case call:
				for _, a := range e.args {
					if !walk(a) {
						return false
					}
				}
			}
			return true
		}
		walk(e)
	}
}

// groups are the rows of a grouped SELECT, in the order in which they begin. Without
// GROUP BY there is one, also of no rows.
func (s selectPart) groups(rows iter.Seq[[]Value], sc *scope, items []selectItem) [][]Value {
	type group struct {
		row    []Value
		totals []Value
		counts []int
	}
	byKey := map[string]*group{}
	var order []*group
	add := func(key string, row []Value) *group {
		g := &group{row: row, totals: make([]Value, len(s.aggregates)), counts: make([]int, len(s.aggregates))}
		byKey[key] = g
		order = append(order, g)
		return g
	}
	if len(s.groupBy) == 0 {
		add("", nil)
	}
	var key []byte
	for row := range rows {
		key = key[:0]
		for _, e := range s.groupBy {
			key = appendKey(key, e.eval(sc))
		}
		g := byKey[string(key)]
		if g == nil {
			g = add(string(key), row)
		}
		for i, a := range s.aggregates {
			a.add(sc, &g.totals[i], &g.counts[i])
		}
	}
	out := make([][]Value, 0, len(order))
	for _, g := range order {
		for i, a := range s.aggregates {
			switch {
			case a.name == "count":
				g.totals[i] = Text(strconv.Itoa(g.counts[i]))
			case g.counts[i] == 0:
				g.totals[i] = Null
			}
		}
		sc.row, sc.totals = g.row, g.totals
		values := make([]Value, 0, len(items))
		for _, item := range items {
			values = append(values, item.expr.eval(sc))
		}
		out = append(out, values)
	}
	return out
}

// input is what FROM names, and what names mean in its rows.
func (s selectPart) input(tables func([]string) (Table, error), params map[string]Value) (Table, *scope, error) {
	sc := &scope{params: params, columns: map[string]int{}}
	if s.from == nil {
		return Table{Rows: [][]Value{{}}}, sc, nil
	}
	var in Table
	var err error
	if s.from.query != nil {
		in, err = s.from.query.stream(tables, params)
	} else {
		in, err = tables(s.from.table)
	}
	sc.alias, sc.table, sc.structs = s.from.alias, s.from.table, in.Structs
	for i, name := range in.Columns {
		sc.columns[strings.ToLower(name)] = i
	}
	return in, sc, err
}

// expand puts the columns in the place of stars and checks the rest.
func (s selectPart) expand(in Table, sc *scope) ([]selectItem, error) {
	var items []selectItem
	for _, item := range s.items {
		if item.expr != nil {
			items = append(items, item)
			continue
		}
		for _, name := range in.Columns {
			items = append(items, selectItem{expr: &column{path: []string{name}}, name: name})
		}
	}
	for _, item := range items {
		if err := item.expr.check(sc); err != nil {
			return nil, err
		}
	}
	return items, nil
}

func (q *Query) sort(t *Table, params map[string]Value) error {
	if len(q.orderBy) == 0 {
		return nil
	}
	sc := &scope{params: params, columns: map[string]int{}}
	for i, name := range t.hidden {
		sc.columns[strings.ToLower(name)] = len(t.Columns) + i
	}
	for i, name := range t.Columns {
		sc.columns[strings.ToLower(name)] = i
	}
	if from := q.parts[0].from; from != nil && len(t.hidden) > 0 {
		sc.alias, sc.table = from.alias, from.table
	}
	for _, item := range q.orderBy {
		if item.position > len(t.Columns) {
			return fmt.Errorf("[ORDER_BY_POS_OUT_OF_RANGE] ORDER BY position %d is not in select list (valid range is [1, %d]).", item.position, len(t.Columns)) //nolint:staticcheck // The API's own sentence.
		}
		if item.expr != nil {
			if err := item.expr.check(sc); err != nil {
				return err
			}
		}
	}
	key := func(item orderItem, row []Value) Value {
		if item.expr == nil {
			return row[item.position-1]
		}
		sc.row = row
		return item.expr.eval(sc)
	}
	slices.SortStableFunc(t.Rows, func(a, b []Value) int {
		for _, item := range q.orderBy {
			c := compareValues(key(item, a), key(item, b))
			if item.descending {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return 0
	})
	for i := range t.Rows {
		t.Rows[i] = t.Rows[i][:len(t.Columns)]
	}
	return nil
}

// compareValues puts nulls first, then whole numbers by value, then texts.
func compareValues(a, b Value) int {
	if a.Null || b.Null {
		return boolRank(!a.Null) - boolRank(!b.Null)
	}
	x, errX := strconv.ParseInt(a.Text, 10, 64)
	y, errY := strconv.ParseInt(b.Text, 10, 64)
	if c := boolRank(errX != nil) - boolRank(errY != nil); c != 0 || errX == nil {
		return cmp.Or(c, cmp.Compare(x, y), cmp.Compare(a.Text, b.Text))
	}
	return cmp.Compare(a.Text, b.Text)
}

func boolRank(b bool) int {
	if b {
		return 1
	}
	return 0
}

func distinctRows(rows [][]Value) [][]Value {
	seen := map[string]bool{}
	var out [][]Value
	for _, row := range rows {
		var b []byte
		for _, v := range row {
			b = appendKey(b, v)
		}
		key := string(b)
		if !seen[key] {
			seen[key] = true
			out = append(out, row)
		}
	}
	return out
}

// appendKey appends what tells a value from every other.
func appendKey(b []byte, v Value) []byte {
	if v.Null {
		return append(b, '-')
	}
	b = strconv.AppendInt(append(b, '+'), int64(len(v.Text)), 10)
	return append(append(b, ':'), v.Text...)
}
