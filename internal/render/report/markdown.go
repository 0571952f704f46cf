// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package report

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/render/markup"
)

// Limits that keep a report under the 65,536 characters of a comment on GitHub.
const (
	mostRowsMarkdown = 25
	mostLines        = 10
	mostPaths        = 60
	mostCell         = 200 // characters of one value
	mostSentence     = 600 // characters of a sentence
)

// Markdown is the report in the flavour of GitHub and GitLab. It ends in a line
// feed. Tables of principals are cut after 25 rows, with a line that counts the
// rest.
func Markdown(s Sections, o Options) string {
	d := build(s, o)
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n", d.Title)
	for _, v := range d.Verdicts {
		fmt.Fprintf(&b, "- %s %s\n", mark(v.State), v.Text)
	}
	for _, s := range d.Sections {
		fmt.Fprintf(&b, "\n### %s\n", s.Title)
		for _, one := range s.Blocks {
			b.WriteByte('\n')
			writeMarkdown(&b, one)
		}
	}
	return b.String()
}

// mark is a state in a word, for those who do not see colours.
func mark(s state) string {
	switch s {
	case stateGood:
		return "**OK:**"
	case stateBad:
		return "**To do:**"
	case stateUnknown:
		return "**Unknown:**"
	default:
		return "**Note:**"
	}
}

func writeMarkdown(b *strings.Builder, one block) {
	switch one := one.(type) {
	case paragraph:
		fmt.Fprintf(b, "%s\n", one.Text)
	case notice:
		fmt.Fprintf(b, "%s %s\n\n", mark(one.State), one.Text)
		for i, line := range one.Lines {
			if i == mostLines {
				fmt.Fprintf(b, "- and %d more\n", len(one.Lines)-mostLines)
				break
			}
			fmt.Fprintf(b, "- %s\n", markup.Code(cut(line)))
		}
	case facts:
		for _, f := range one.List {
			fmt.Fprintf(b, "- %s: %s\n", f.Label, f.Value)
		}
	case table:
		one.markdown(b)
	case bars:
		one.markdown(b)
	case paths:
		one.markdown(b)
	}
}

func (t table) markdown(b *strings.Builder) {
	if t.Long {
		fmt.Fprintf(b, "<details><summary>%s (%d)</summary>\n\n", t.Title, len(t.Rows))
	} else {
		fmt.Fprintf(b, "**%s**\n\n", t.Title)
	}
	fmt.Fprintf(b, "| %s |\n|", strings.Join(t.Columns, " | "))
	for i := range t.Columns {
		if t.Numeric[i] {
			b.WriteString(" ---: |")
		} else {
			b.WriteString(" --- |")
		}
	}
	b.WriteByte('\n')
	for n, row := range t.Rows {
		if t.Long && n == mostRowsMarkdown {
			fmt.Fprintf(b, "\nand %d more rows\n", len(t.Rows)-n)
			break
		}
		b.WriteByte('|')
		for _, c := range row {
			fmt.Fprintf(b, " %s |", c.markdown())
		}
		b.WriteByte('\n')
	}
	if t.Long {
		b.WriteString("\n</details>\n")
	}
}

func (c cell) markdown() string {
	if c.Prose != "" {
		return c.Prose
	}
	out := make([]string, len(c.Values))
	for i, v := range c.Values {
		if c.Sentence {
			out[i] = markup.Sentence(cutAt(v, mostSentence))
			continue
		}
		out[i] = markup.Code(cut(v))
	}
	join := c.Join
	if join == "" {
		join = ", "
	}
	return strings.Join(out, join)
}

// cut shortens a value that is too long to be read in a cell.
func cut(text string) string { return cutAt(text, mostCell) }

func cutAt(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most]) + "\u2026"
}

func (c bars) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "**%s**\n\n", c.Title)
	compared := c.List[0].Before != nil
	if compared {
		b.WriteString("| | Before | Now |\n| --- | ---: | ---: |\n")
	} else {
		b.WriteString("| | Now |\n| --- | ---: |\n")
	}
	for _, one := range c.List {
		fmt.Fprintf(b, "| %s |", one.Label)
		if compared {
			fmt.Fprintf(b, " %d |", *one.Before)
		}
		fmt.Fprintf(b, " %d |\n", one.Value)
	}
}

func (p paths) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "**%s**\n\n", p.Title)
	nodes, edges := p.graph()
	if len(edges) > mostPaths {
		fmt.Fprintf(b, "Not drawn: %d memberships are too many for one picture.\n", len(edges))
		return
	}
	b.WriteString("```mermaid\ngraph LR\n")
	for i, n := range nodes {
		fmt.Fprintf(b, "  n%d[%s]\n", i, markup.Label(cut(n.name)))
	}
	for _, e := range edges {
		fmt.Fprintf(b, "  n%d --> n%d\n", e[0], e[1])
	}
	b.WriteString("```\n")
}

// node is one principal or group of a drawing; depth counts from the principal.
type node struct {
	name, note string
	depth      int
	state      state
}

// graph merges paths that begin alike: a node is a path, so that two groups of one
// name on different ways stay apart.
func (p paths) graph() (nodes []node, edges [][2]int) {
	at := map[string]int{}
	for _, one := range p.List {
		key, last := "", -1
		for depth, name := range one.Names {
			key += "\x00" + strconv.Quote(name)
			n, there := at[key]
			if !there {
				n = len(nodes)
				at[key] = n
				nodes = append(nodes, node{name: name, depth: depth})
				if last >= 0 {
					edges = append(edges, [2]int{last, n})
				}
			}
			last = n
		}
		if last >= 0 {
			nodes[last].note, nodes[last].state = one.Note, one.State
		}
	}
	return nodes, edges
}
