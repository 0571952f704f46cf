// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package report turns the results of data sources into a report that people
// read: Markdown for a pull request, or one HTML file. It first makes a document
// of a few kinds of block, which both formats know. Pure: the same sections give
// the same bytes.
package report

import "slices"

// state is how good or bad something is. It is always said in words too.
type state string

const (
	stateGood    state = "good"
	stateBad     state = "bad"
	stateUnknown state = "unknown"
	stateNeutral state = "neutral"
)

// document is a report before it has a format.
type document struct {
	Title    string
	Verdicts []verdict
	Sections []section
}

// verdict is one sentence on top of the report.
type verdict struct {
	State state
	Text  string
}

type section struct {
	ID, Title string
	Blocks    []block
}

// block is one of the types below.
type block interface{ isBlock() }

// paragraph is text of our own; nothing of the account is in it.
type paragraph struct{ Text string }

// notice is a sentence of our own that must not be missed, with texts of the
// account below it.
type notice struct {
	State state
	Text  string
	Lines []string
}

// facts are a few numbers that matter.
type facts struct{ List []fact }

type fact struct {
	Label string
	Value string
	State state
}

// table is rows of cells. A long one is folded away in HTML and cut in Markdown.
type table struct {
	Title   string
	Columns []string
	Rows    [][]cell
	// Numeric holds the columns with numbers, which are sorted as such.
	Numeric map[int]bool
	// Long tables list principals, short ones add them up.
	Long bool
}

// cell is what one cell shows: text of our own as prose, or values of the account.
type cell struct {
	Prose  string
	Values []string
	// Sentence is true for values that are sentences, which Markdown shows as such.
	Sentence bool
	// Join stands between values; when empty, each has a line of its own, and ", " stands
	// between them in Markdown.
	Join  string
	State state
}

// bars is a chart: one bar each, with the number before it where one is known.
type bars struct {
	Title string
	List  []bar
}

type bar struct {
	Label  string
	Value  int
	Before *int
}

// paths is a graph of memberships: each path begins at the principal and ends at
// a group.
type paths struct {
	Title string
	List  []path
}

type path struct {
	Names []string
	// Note says what the plan does with the group at the end.
	Note  string
	State state
}

func (paragraph) isBlock() {}
func (notice) isBlock()    {}
func (facts) isBlock()     {}
func (table) isBlock()     {}
func (bars) isBlock()      {}
func (paths) isBlock()     {}

func (s *section) add(b ...block) { s.Blocks = append(s.Blocks, b...) }

func prose(text string) cell        { return cell{Prose: text} }
func sentence(text string) cell     { return cell{Values: []string{text}, Sentence: true} }
func status(s state, t string) cell { return cell{Prose: t, State: s} }

// value shows values of the account; an empty one is nothing to show.
func value(values ...string) cell {
	return cell{Values: slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" })}
}
