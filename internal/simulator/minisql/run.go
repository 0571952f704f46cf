// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package minisql

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Table is a relation. Every row has a value for every column.
type Table struct {
	Columns []string
	Rows    [][]Value
	// hidden are columns that rows have beyond Columns, to sort by.
	hidden []string
}

// Run evaluates a query. tables finds the table of a name as written; params
// are the values of :name. The error is the text that a client reads.
func (q *Query) Run(tables func(name []string) (Table, error), params map[string]Value) (Table, error) {
	var out Table
	for i, part := range q.parts {
		t, err := part.run(tables, params, len(q.parts) == 1 && !part.distinct && len(q.orderBy) > 0)
		if err != nil {
			return Table{}, err
		}
		if i == 0 {
			out = t
			continue
		}
		if len(t.Columns) != len(out.Columns) {
			return Table{}, fmt.Errorf("[NUM_COLUMNS_MISMATCH] UNION can only be performed on inputs with the same number of columns, but the first input has %d columns and input %d has %d columns.", len(out.Columns), i+1, len(t.Columns)) //nolint:staticcheck // The API's own sentence.
		}
		out.Rows = append(out.Rows, t.Rows...)
		if q.distinct[i-1] {
			out.Rows = distinctRows(out.Rows)
		}
	}
	if err := q.sort(&out, params); err != nil {
		return Table{}, err
	}
	out.hidden = nil
	if q.limit >= 0 && len(out.Rows) > q.limit {
		out.Rows = out.Rows[:q.limit]
	}
	return out, nil
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
	if s.where != nil {
		if err := s.where.check(sc); err != nil {
			return Table{}, err
		}
	}
	out := Table{}
	counting := false
	for _, item := range items {
		out.Columns = append(out.Columns, item.name)
		counting = counting || item.count
	}
	if counting && len(items) > 1 {
		return Table{}, errors.New("[MISSING_GROUP_BY] The query does not include a GROUP BY clause. Add GROUP BY.") //nolint:staticcheck // The API's own sentence.
	}
	n := 0
	for _, row := range in.Rows {
		sc.row = row
		if s.where != nil && !s.where.eval(sc).isTrue() {
			continue
		}
		n++
		if counting {
			continue
		}
		values := make([]Value, 0, len(items))
		for _, item := range items {
			values = append(values, item.expr.eval(sc))
		}
		if keepInput {
			values = append(values, row...)
		}
		out.Rows = append(out.Rows, values)
	}
	if keepInput && !counting {
		out.hidden = in.Columns
	}
	if counting {
		out.Rows = [][]Value{{Text(strconv.Itoa(n))}}
	}
	if s.distinct {
		out.Rows = distinctRows(out.Rows)
	}
	return out, nil
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
		in, err = s.from.query.Run(tables, params)
	} else {
		in, err = tables(s.from.table)
	}
	sc.alias, sc.table = s.from.alias, s.from.table
	for i, name := range in.Columns {
		sc.columns[strings.ToLower(name)] = i
	}
	return in, sc, err
}

// expand puts the columns in the place of stars and checks the rest.
func (s selectPart) expand(in Table, sc *scope) ([]selectItem, error) {
	var out []selectItem
	for _, item := range s.items {
		if item.expr == nil && !item.count {
			for _, name := range in.Columns {
				out = append(out, selectItem{expr: column{[]string{name}}, name: name})
			}
			continue
		}
		if item.expr != nil {
			if err := item.expr.check(sc); err != nil {
				return nil, err
			}
		}
		out = append(out, item)
	}
	return out, nil
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
		var b strings.Builder
		for _, v := range row {
			fmt.Fprintf(&b, "%t %q,", v.Null, v.Text)
		}
		key := b.String()
		if !seen[key] {
			seen[key] = true
			out = append(out, row)
		}
	}
	return out
}
