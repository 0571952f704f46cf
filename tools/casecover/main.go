// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Command casecover completes a coverage profile of Go for mutation tests. The
// profile has statements only: the conditions of the cases of a switch are in none of
// its blocks, so that every mutant of one counted as not covered, three of ten in
// internal/audit. They are run where their switch is.
//
//	casecover -root DIR -module PATH PROFILE
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	root := flag.String("root", ".", "directory of the module")
	module := flag.String("module", "", "path of the module")
	flag.Parse()
	if err := complete(*root, *module, flag.Arg(0)); err != nil {
		log.Fatal(err)
	}
}

// block is a covered part of a file, in lines and columns.
type block struct{ line, column, endLine, endColumn int }

func (b block) holds(p token.Position) bool {
	from := p.Line > b.line || p.Line == b.line && p.Column >= b.column
	to := p.Line < b.endLine || p.Line == b.endLine && p.Column <= b.endColumn
	return from && to
}

func complete(root, module, profile string) error {
	raw, err := os.ReadFile(profile)
	if err != nil {
		return err
	}
	covered := map[string][]block{}
	for line := range strings.Lines(string(raw)) {
		file, rest, found := strings.Cut(strings.TrimSpace(line), ":")
		var b block
		var statements, count int
		if !found || file == "mode" {
			continue
		}
		if _, err := fmt.Sscanf(rest, "%d.%d,%d.%d %d %d", &b.line, &b.column, &b.endLine, &b.endColumn, &statements, &count); err != nil {
			return fmt.Errorf("%s: %q: %w", profile, line, err)
		}
		if count > 0 {
			covered[file] = append(covered[file], b)
		}
	}
	out, err := os.OpenFile(profile, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(out)
	for file, blocks := range covered {
		cases, err := casesOf(filepath.Join(root, strings.TrimPrefix(file, module)), blocks)
		if err != nil {
			return errors.Join(err, out.Close())
		}
		for _, b := range cases {
			fmt.Fprintf(w, "%s:%d.%d,%d.%d 1 1\n", file, b.line, b.column, b.endLine, b.endColumn)
		}
	}
	return errors.Join(w.Flush(), out.Close())
}

// casesOf are the cases, without their bodies, of every switch that a block holds.
func casesOf(path string, blocks []block) ([]block, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var out []block
	ast.Inspect(file, func(n ast.Node) bool {
		s, is := n.(*ast.SwitchStmt)
		if !is || !slices.ContainsFunc(blocks, func(b block) bool { return b.holds(set.Position(s.Switch)) }) {
			return true
		}
		for _, one := range s.Body.List {
			if c, is := one.(*ast.CaseClause); is && c.List != nil {
				from, to := set.Position(c.Case), set.Position(c.Colon)
				out = append(out, block{from.Line, from.Column, to.Line, to.Column})
			}
		}
		return true
	})
	return out, nil
}
