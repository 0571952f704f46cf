// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"
)

const arrow = " \u2192 "

func (f *Federation) verdict() verdict {
	bad := f.without()
	switch {
	case bad > 0:
		return verdict{stateBad, fmt.Sprintf("%s without identity federation.", audit.CountOf(bad, "workspace"))}
	case !f.Complete || !f.Clean:
		return verdict{stateUnknown, "Not known: the federation of some workspaces could not be read."}
	default:
		return verdict{stateGood, "Every workspace has identity federation."}
	}
}

func (f *Federation) without() int {
	n := 0
	for _, w := range f.Workspaces {
		if w.Federation == "disabled" {
			n++
		}
	}
	return n
}

func (f *Federation) section() section {
	s := section{ID: "workspace_federation", Title: "Workspaces"}
	s.add(failures(f.Failures)...)
	if f.without() > 0 {
		s.add(paragraph{"By an account admin: " + rule(rules.KindCategory, rules.CategoryFederationDisabled).Remedy})
	}
	t := table{Title: "Identity federation", Long: len(f.Workspaces) > 20, Columns: []string{"Workspace", "Id", "Status", "Federation"}}
	list := slices.Clone(f.Workspaces)
	order := map[string]int{"disabled": 0, "enabled": 2} // Unknown ones are between.
	slices.SortStableFunc(list, func(a, b Workspace) int {
		rank := func(w Workspace) int {
			if n, known := order[w.Federation]; known {
				return n
			}
			return 1
		}
		return rank(a) - rank(b)
	})
	for _, w := range list {
		st := map[string]state{"enabled": stateGood, "disabled": stateBad}[w.Federation]
		t.Rows = append(t.Rows, []cell{value(w.Name), value(w.ID), prose(word(w.Status)), status(cmp.Or(st, stateUnknown), word(w.Federation))})
	}
	s.add(t)
	return s
}

func (d *Diff) verdict() verdict {
	switch {
	case d.Equal == nil || !d.Complete:
		return verdict{stateUnknown, "Not known whether both are in the same groups: something could not be read."}
	case *d.Equal:
		return verdict{stateGood, "Both are in the same groups."}
	default:
		return verdict{stateNeutral, fmt.Sprintf("%s only in A, %d only in B, %d in both.", audit.CountOf(len(d.OnlyInA), "group"), len(d.OnlyInB), len(d.InBoth))}
	}
}

func (d *Diff) section() section {
	s := section{ID: "diff", Title: "Comparison"}
	s.add(notice{State: stateNeutral, Text: "Compared:", Lines: []string{"A: " + d.A.name(), "B: " + d.B.name()}})
	s.add(failures(d.Failures)...)
	rows := func(title string, list []DiffRow, a bool) table {
		t := table{Title: title, Long: true, Columns: []string{"Group", "Id", "Source", "Direct", "Path", "Hint"}}
		for _, r := range list {
			direct, way := r.DirectInB, r.PathInB
			if a {
				direct, way = r.DirectInA, r.PathInA
			}
			t.Rows = append(t.Rows, []cell{
				value(r.GroupName), value(r.GroupID), prose(word(r.Source)), prose(truth(direct)), {Values: way, Join: arrow}, prose(words(r.Hint)),
			})
		}
		return t
	}
	s.add(rows("Only in A", d.OnlyInA, true), rows("Only in B", d.OnlyInB, false), rows("In both", d.InBoth, true))
	local := table{Title: "Groups that workspaces have of their own", Long: len(d.Local) > 20, Columns: []string{"Workspace", "Group", "Id", "A", "B"}}
	for _, r := range d.Local {
		local.Rows = append(local.Rows, []cell{value(cmp.Or(r.WorkspaceName, r.WorkspaceID)), value(r.GroupName), value(r.GroupID), prose(truth(r.InA)), prose(truth(r.InB))})
	}
	s.add(local)
	var drawn paths
	drawn.Title = "Memberships that only A has"
	for _, r := range d.OnlyInA {
		drawn.List = append(drawn.List, path{Names: r.PathInA, Note: words(r.Hint)})
	}
	s.add(drawn)
	return s
}

func truth(b *bool) string {
	if b == nil {
		return "unknown"
	}
	return map[bool]string{true: "yes", false: "no"}[*b]
}

// lists are the parts of a clone plan in the order in which people act on them.
func (c *Clone) lists() []cloneList {
	add, held := c.additions()
	return []cloneList{
		{"To be added in the identity provider", noteIDP, stateBad, c.IDPActions},
		{"To be added in Databricks by terraform apply", "terraform apply", stateNeutral, add},
		{"Held back", "held back", stateBad, held},
		{"Follow by themselves", "follows", stateNeutral, c.Follows},
		{"Not verified", "not verified", stateUnknown, c.Unverified},
		{"Left out: these give nothing", "left out", stateNeutral, c.Skipped},
		{"There already", "there already", stateGood, c.AlreadyMember},
	}
}

// additions are what terraform apply adds in Databricks, and what it holds back: a row
// with a reason, and with a problem every row.
func (c *Clone) additions() (add, held []CloneRow) {
	for _, r := range c.DatabricksActions {
		if r.Reason != "" || len(c.Problems) > 0 {
			held = append(held, r)
		} else {
			add = append(add, r)
		}
	}
	return add, held
}

// noteIDP is the note of the groups that are the identity provider's.
const noteIDP = "identity provider"

type cloneList struct {
	title, note string
	state       state
	rows        []CloneRow
}

func (c *Clone) verdict() verdict {
	if !c.Complete || len(c.Problems) > 0 {
		return verdict{stateUnknown, "The plan is incomplete: what could not be read is unknown."}
	}
	add, held := c.additions()
	out := verdict{stateGood, "Nothing is left to be added."}
	if len(c.IDPActions)+len(c.DatabricksActions) > 0 {
		out = verdict{stateNeutral, fmt.Sprintf("%s to be added in the identity provider, %d in Databricks by terraform apply.", audit.CountOf(len(c.IDPActions), "group"), len(add))}
	}
	for _, more := range []struct {
		what  string
		count int
	}{{"Held back", len(held)}, {"Not verified", len(c.Unverified)}, {"Not copied, because the source holds it itself", len(c.NotCloned)}} {
		if more.count > 0 {
			out = verdict{stateNeutral, fmt.Sprintf("%s %s: %d.", out.Text, more.what, more.count)}
		}
	}
	return out
}

func (c *Clone) section() section {
	s := section{ID: "clone", Title: "The same access"}
	s.add(notice{State: stateNeutral, Text: "Access:", Lines: []string{"of " + c.Source.name(), "for " + c.Target.name()}})
	if len(c.Problems) > 0 {
		s.add(notice{State: stateUnknown, Text: "The plan gives nothing until these are settled:", Lines: c.Problems})
	}
	s.add(failures(c.Failures)...)
	drawn := paths{Title: "Memberships of the source"}
	for _, list := range c.lists() {
		s.add(list.table())
		for _, r := range list.rows {
			drawn.List = append(drawn.List, path{Names: r.Path, Note: list.note, State: list.state})
		}
	}
	s.add(c.notCloned(), drawn)
	return s
}

func (c *Clone) notCloned() table {
	t := table{Title: "Not copied: the source holds these itself", Long: len(c.NotCloned) > 20, Columns: []string{"Kind", "Where", "What", "Note"}}
	for _, n := range c.NotCloned {
		t.Rows = append(t.Rows, []cell{prose(words(n.Kind)), value(n.Place), value(n.Value), value(n.Note)})
	}
	return t
}

func (l cloneList) table() table {
	t := table{Title: l.title, Long: len(l.rows) > 20, Columns: []string{"Group", "Id", "Gives", "Path", "Note"}}
	for _, r := range l.rows {
		t.Rows = append(t.Rows, []cell{value(r.GroupName), value(r.GroupID), value(r.gives()...), {Values: r.Path, Join: arrow}, value(l.notes(r)...)})
	}
	return t
}

// notes are what people must know of a group; those who add to it in the identity
// provider need its id there.
func (l cloneList) notes(r CloneRow) []string {
	notes := []string{r.Reason}
	if l.note == noteIDP && r.ExternalID != "" {
		notes = append(notes, "object id "+r.ExternalID)
	}
	return notes
}

// mostEffects is how many accesses of one group are shown; the rest is counted.
const mostEffects = 10

func (r CloneRow) gives() []string {
	var out []string
	for _, w := range r.Workspaces {
		out = append(out, w.Level+" in "+cmp.Or(w.WorkspaceName, w.WorkspaceID))
	}
	for _, g := range r.Grants {
		for _, p := range g.Privileges {
			out = append(out, p+" on "+g.FullName)
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	if more := len(out) - mostEffects; more > 0 {
		out = append(out[:mostEffects], "and "+strconv.Itoa(more)+" more")
	}
	return out
}
