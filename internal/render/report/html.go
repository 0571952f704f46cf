// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package report

import (
	"bytes"
	"cmp"
	_ "embed" // The page's template, style and script.
	"fmt"
	"html"
	"html/template"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/render/markup"
)

//go:embed page.html
var pageTemplate string

//go:embed page.css
var pageStyle string

//go:embed page.js
var pageScript string

// HTML is the report as one file: no outside resource, readable without
// JavaScript, which adds filters, sorting and folding. Text from the account is
// escaped by html/template, and shown in a direction of its own.
func HTML(s Sections, o Options) (string, error) {
	page, err := template.New("page").Funcs(template.FuncMap{
		"visible": markup.Visible, "mark": func(s state) string { return strings.Trim(mark(s), "*:") },
		"kind":   blockHTML,
		"number": func(t table, i int) bool { return t.Numeric[i] },
		"rows":   func(n int) string { return audit.CountOf(n, "row") },
	}).Parse(pageTemplate)
	if err != nil {
		return "", err
	}
	d := build(s, o)
	var b bytes.Buffer
	err = page.Execute(&b, map[string]any{
		"Title": d.Title, "Verdicts": d.Verdicts, "Sections": d.Sections,
		"Style":  template.CSS(pageStyle), //nolint:gosec // A constant of this package.
		"Script": template.JS(pageScript), //nolint:gosec // A constant of this package.
	})
	return b.String(), err
}

// Body is the rows in HTML, written without the template: escaping each of 100,000
// cells by its context takes seconds, and here the context is always text.
func (t table) Body() template.HTML {
	var b strings.Builder
	for _, row := range t.Rows {
		b.WriteString("\n<tr>")
		for i, c := range row {
			fmt.Fprintf(&b, `<td data-label="%s"`, html.EscapeString(t.Columns[i]))
			switch {
			case t.Numeric[i]:
				b.WriteString(` class="number"`)
			case c.State != "":
				fmt.Fprintf(&b, ` class="%s"`, c.State)
			}
			b.WriteByte('>')
			b.WriteString(html.EscapeString(c.Prose))
			between := cmp.Or(c.Join, "<br>") // A comma would not show where a name ends.
			for k, v := range c.Values {
				if k > 0 {
					b.WriteString(between)
				}
				b.WriteString("<bdi>" + html.EscapeString(markup.Visible(v)) + "</bdi>")
			}
			b.WriteString("</td>")
		}
		b.WriteString("</tr>")
	}
	return template.HTML(b.String()) //nolint:gosec // Every text in it is escaped above.
}

// blockHTML names the template of a block.
func blockHTML(b block) string {
	return strings.ToLower(strings.TrimPrefix(fmt.Sprintf("%T", b), "report."))
}

// The measures of drawings, in the units of their viewBox.
const (
	barHeight, barGap, labelWidth, barWidth = 16, 10, 330, 380
	columnWidth, nodeHeight, nodeWidth      = 230, 32, 196
	nodeMargin                              = 2 // room for the frame
	mostNodes                               = 200
)

// drawnBar is one bar as it is drawn.
type drawnBar struct {
	Label              string
	Value              int
	Before             *int
	Y, Width, WasWidth int
	TextX, TextY       int
}

// Drawn places the bars; the longest takes the whole width.
func (c bars) Drawn() []drawnBar {
	most := 1
	for _, one := range c.List {
		most = max(most, one.Value)
		if one.Before != nil {
			most = max(most, *one.Before)
		}
	}
	out := make([]drawnBar, 0, len(c.List))
	for i, one := range c.List {
		y := i * (barHeight + barGap)
		d := drawnBar{Label: one.Label, Value: one.Value, Before: one.Before, Y: y, Width: scaled(one.Value, most), TextY: y + barHeight - 4}
		if one.Before != nil {
			d.WasWidth = scaled(*one.Before, most)
		}
		d.TextX = labelWidth + max(d.Width, d.WasWidth) + 6
		out = append(out, d)
	}
	return out
}

// scaled is a length that still shows where the number is not 0.
func scaled(n, most int) int {
	if n == 0 {
		return 0
	}
	return max(2, n*barWidth/most)
}

// Height of the drawing.
func (c bars) Height() int { return len(c.List) * (barHeight + barGap) }

// Width of the drawing, with room for the numbers.
func (c bars) Width() int { return labelWidth + barWidth + 130 }

// drawnNode is one box of a graph.
type drawnNode struct {
	X, Y       int
	Name, Note string
	State      state
}

// drawnEdge is one line of a graph.
type drawnEdge struct{ X1, Y1, X2, Y2 int }

// drawnGraph is a graph in columns by depth.
type drawnGraph struct {
	Title         string
	Width, Height int
	Nodes         []drawnNode
	Edges         []drawnEdge
	// Total is the number of nodes where they are too many to be drawn.
	Total int
}

// Drawn places the nodes in columns by their depth, in the order of the paths.
func (p paths) Drawn() drawnGraph {
	nodes, edges := p.graph()
	g := drawnGraph{Title: p.Title}
	if len(nodes) > mostNodes {
		g.Total = len(nodes)
		return g
	}
	rows := map[int]int{}
	for _, n := range nodes {
		x, y := n.depth*columnWidth+nodeMargin, rows[n.depth]*(nodeHeight+14)+nodeMargin
		rows[n.depth]++
		g.Width, g.Height = max(g.Width, x+nodeWidth+nodeMargin), max(g.Height, y+nodeHeight+nodeMargin)
		g.Nodes = append(g.Nodes, drawnNode{X: x, Y: y, Name: short(n.name), Note: n.note, State: n.state})
	}
	for _, e := range edges {
		from, to := g.Nodes[e[0]], g.Nodes[e[1]]
		g.Edges = append(g.Edges, drawnEdge{from.X + nodeWidth, from.Y + nodeHeight/2, to.X, to.Y + nodeHeight/2})
	}
	return g
}

// short is a name that fits a box; the table beside the drawing has it whole.
func short(name string) string {
	const most = 26
	if runes := []rune(name); len(runes) > most {
		return string(runes[:most-1]) + "\u2026"
	}
	return name
}
