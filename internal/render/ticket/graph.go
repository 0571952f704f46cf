// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package ticket

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/render/markup"
)

// mostEdges is how many edges are drawn: Mermaid refuses more than 500 (its
// default maxEdges), and people read fewer.
const mostEdges = 200

// mostText is how long the text of a graph may be, in bytes: Mermaid shows an error
// in place of one of more than 50,000 characters (its default maxTextSize).
const mostText = 50_000

// The states of a group in the graph; they are Mermaid classes.
const (
	stateIDP        = "idp"
	stateDatabricks = "databricks"
	stateHeldBack   = "heldback"
	stateHeld       = "held"
	stateUnverified = "unverified"
	stateSkipped    = "skipped"
	stateFollows    = "follows"
	stateSystem     = "system"
)

type stateRow struct {
	row   access.PlanRow
	state string
}

// drawing is a graph in the making. A node is a path: of groups with the same
// path, which only their ids tell apart, one node stands for all.
type drawing struct {
	nodes  []string       // lines
	edges  []string       // lines, in order
	byPath map[string]int // number of the node by its path
	direct map[string]int // number of the node of a direct group by its id
	shared map[string]int // how many rows have the path
	state  map[string]string
}

// graph draws who is in what: the source, its groups by their shortest paths,
// other routes dotted, and what the target has or gets.
func graph(b *strings.Builder, p access.ClonePlan) {
	rows := all(p)
	if len(rows) == 0 {
		return
	}
	d := drawing{byPath: map[string]int{}, direct: map[string]int{}, shared: map[string]int{}, state: map[string]string{}}
	for _, one := range rows {
		d.shared[pathKey(one.row.Path)]++
		d.state[pathKey(one.row.Path)] = one.state
	}
	d.nodes = append(d.nodes, "source(["+markup.Label(shown(p.Source))+"])", "target(["+markup.Label(shown(p.Target))+"])")
	for _, one := range rows {
		d.add(one)
	}
	for _, one := range rows {
		d.routes(one.row)
	}
	b.WriteString("\n### Memberships\n\n")
	if len(d.edges) > mostEdges {
		fmt.Fprintf(b, "Not drawn: the graph has %d edges, and Mermaid draws few of that many well.\n", len(d.edges))
		return
	}
	text := "graph LR\n"
	for _, line := range slices.Concat(d.nodes, d.edges, classes) {
		text += "  " + line + "\n"
	}
	if len(text) > mostText {
		fmt.Fprintf(b, "Not drawn: with names as long as these, the graph is longer than the %d characters that Mermaid takes.\n", mostText)
		return
	}
	b.WriteString("Thick: `terraform apply` adds it. Dotted, with a word: what it waits for. Dotted between groups: further routes.\n\n")
	b.WriteString("```mermaid\n" + text + "```\n")
}

// classes are colours with enough contrast on light and dark pages; the words in
// the tables say the same.
var classes = []string{
	"classDef idp fill:#fde68a,stroke:#92400e,color:#111", "classDef databricks fill:#bbf7d0,stroke:#166534,color:#111",
	"classDef heldback fill:#fecaca,stroke:#991b1b,color:#111",
	"classDef held fill:#e5e7eb,stroke:#374151,color:#111", "classDef follows fill:#dbeafe,stroke:#1e40af,color:#111",
	"classDef unverified fill:#fff,stroke:#b91c1c,color:#111,stroke-dasharray:4", "classDef skipped fill:#fff,stroke:#9ca3af,color:#6b7280",
	"classDef system fill:#fff,stroke:#9ca3af,color:#6b7280,stroke-dasharray:2",
}

func pathKey(path []string) string { return strings.Join(path, "\x00") }

// add draws one group with its shortest path, and the target's edge to it.
func (d *drawing) add(one stateRow) {
	path := one.row.Path
	_, drawn := d.byPath[pathKey(path)]
	at := d.node(path)
	if one.row.Direct {
		d.direct[one.row.GroupID] = at
	}
	if drawn {
		return
	}
	switch one.state {
	case stateIDP:
		d.edges = append(d.edges, fmt.Sprintf("target -. identity provider .-> n%d", at))
	case stateDatabricks:
		d.edges = append(d.edges, fmt.Sprintf("target == terraform ==> n%d", at))
	case stateHeldBack:
		d.edges = append(d.edges, fmt.Sprintf("target -. held back .-> n%d", at))
	case stateHeld:
		d.edges = append(d.edges, fmt.Sprintf("target --> n%d", at))
	}
}

// node is the number of the node of a path; the nodes on the way are made first.
func (d *drawing) node(path []string) int {
	key := pathKey(path)
	if at, there := d.byPath[key]; there {
		return at
	}
	from := "source"
	if len(path) > 2 {
		from = fmt.Sprintf("n%d", d.node(path[:len(path)-1]))
	}
	at := len(d.byPath) + 1
	d.byPath[key] = at
	name := path[len(path)-1]
	if n := d.shared[key]; n > 1 {
		name = fmt.Sprintf("%s, %d groups", name, n)
	}
	class := ""
	if state := d.state[key]; state != "" {
		class = ":::" + state
	}
	d.nodes = append(d.nodes, fmt.Sprintf("n%d[%s]%s", at, markup.Label(name), class))
	d.edges = append(d.edges, fmt.Sprintf("%s --> n%d", from, at))
	return at
}

// routes draws the other direct groups that lead to a group; the path has one.
func (d *drawing) routes(row access.PlanRow) {
	if row.Direct || len(row.Path) < 3 {
		return
	}
	first, at := d.byPath[pathKey(row.Path[:2])], d.byPath[pathKey(row.Path)]
	for _, via := range row.Via {
		if from, there := d.direct[via]; there && from != first {
			d.edges = append(d.edges, fmt.Sprintf("n%d -.-> n%d", from, at))
		}
	}
}
