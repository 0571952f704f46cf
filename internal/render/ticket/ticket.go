// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package ticket writes a clone plan for people who are asked to do or to approve a
// part of it, as Markdown or as plain text, and a comparison as plain text. The text is a
// pure function of the result. Names are whatever someone called an object of the
// directory: in Markdown they are shown as code and can be no markup, link, mention or
// part of the graph (package markup).
package ticket

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/render/markup"
)

// Limits of what is shown, so that a ticket stays readable; the rest is counted.
const (
	mostEffects   = 10
	mostFailures  = 10
	mostNotCloned = 100 // The owner of a schema may own thousands of tables.
)

// Markdown is the plan in the flavour of GitHub and GitLab: a heading of level 2,
// a table per list that has rows, and the memberships as a Mermaid graph. It ends
// in a line feed.
func Markdown(p access.ClonePlan) string {
	var b strings.Builder
	fmt.Fprintf(&b, "## The access of %s for %s\n\n", markup.Code(shown(p.Source)), markup.Code(shown(p.Target)))
	fmt.Fprintf(&b, "Source: %s. Target: %s.\n", identity(p.Source), identity(p.Target))
	b.WriteString("\n" + totals(p))
	incomplete(&b, p)
	todo := len(p.IDPActions) + len(p.DatabricksActions)
	if todo == 0 && p.Complete {
		b.WriteString("\nNothing is left to be added.\n")
	}
	section(&b, "To be added in the identity provider", "By the people who run it; Terraform does not write there.", p.IDPActions, colObject, colGives, colPath, colInIDP)
	add, held := p.Additions()
	section(&b, "To be added in Databricks", "By `terraform apply`.", add, colGives, colPath, colNote)
	waits := "Until someone decides; the note says why."
	if len(p.Problems) > 0 {
		waits = "Until the plan is whole, and where there is a note also for what it says."
	}
	section(&b, "Held back", waits, held, colGives, colPath, colNote)
	section(&b, "Follow by themselves", "Once the groups in between are there.", p.Follows, colGives, colPath, waitsFor(p.IDPActions))
	section(&b, "Not verified", "It could not be verified whether these give anything; they are not added.", p.Unverified, colPath, colReason)
	section(&b, "Left out", "These have no workspace assignment, account role, entitlement, grant or ownership anywhere.", p.Skipped, colPath)
	section(&b, "There already", "", p.AlreadyMember, colGives, colNote)
	section(&b, "Kept by Databricks itself", "Databricks manages the members itself; no one can add to them.", p.System)
	notCloned(&b, p.NotCloned)
	graph(&b, p)
	return b.String()
}

// shown is the name of a principal for people.
func shown(p audit.Principal) string { return cmp.Or(p.Name, p.DisplayName, p.String()) }

// identity is a principal with its key, its other name, and whether it is active.
func identity(p audit.Principal) string {
	text := markup.Code(p.String())
	if p.DisplayName != "" && p.DisplayName != shown(p) {
		text += " " + markup.Code(p.DisplayName)
	}
	if p.Active != nil && !*p.Active {
		text += " (inactive)"
	}
	return text
}

func incomplete(b *strings.Builder, p access.ClonePlan) {
	if p.Complete && len(p.Problems) == 0 {
		return
	}
	b.WriteString("\n> **This plan is incomplete**, and gives nothing until it is whole: what could not be read is unknown, neither there nor absent.\n")
	for _, q := range p.Problems {
		fmt.Fprintf(b, ">\n> - %s\n", markup.Code(q.Text))
	}
	for i, f := range p.Failures {
		if i == mostFailures {
			fmt.Fprintf(b, ">\n> and %d more reads that failed\n", len(p.Failures)-mostFailures)
			break
		}
		fmt.Fprintf(b, ">\n> - %s: %s\n", markup.Code(call(f)), markup.Code(f.Reason))
	}
}

// call is what was tried, with the principal that it was about.
func call(f audit.Failure) string {
	if f.ID == "" {
		return f.Call
	}
	return f.Call + " of " + audit.Ref{Type: f.Type, ID: f.ID}.String()
}

// arrow is between the groups of a path.
const arrow = " \u2192 "

// column is one column of a table besides the group.
type column struct {
	header string
	cell   func(access.PlanRow) string
}

var (
	colInIDP  = column{"Note", func(r access.PlanRow) string { return optional(r.Reason) }}
	colObject = column{"Object id there", func(r access.PlanRow) string { return optional(r.ExternalID) }}
	colGives  = column{"Gives", gives}
	colPath   = column{"Path of the source", func(r access.PlanRow) string { return codes(r.Path, arrow) }}
	colNote   = column{"Note", note}
	colReason = column{"Why", func(r access.PlanRow) string { return optional(r.Reason) }}
)

// waitsFor says which groups of the identity provider a row waits for.
func waitsFor(pending []access.PlanRow) column {
	names := map[string]string{}
	for _, row := range pending {
		names[row.GroupID] = row.GroupName
	}
	return column{"Waits for the identity provider", func(r access.PlanRow) string {
		var out []string
		for _, id := range r.PendingVia {
			out = append(out, cmp.Or(names[id], id))
		}
		return cmp.Or(codes(out, ", "), "no")
	}}
}

func section(b *strings.Builder, title, text string, rows []access.PlanRow, columns ...column) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(b, "\n### %s (%d)\n\n", title, len(rows))
	if text != "" {
		b.WriteString(text + "\n\n")
	}
	b.WriteString("| Group | Id |")
	for _, c := range columns {
		b.WriteString(" " + c.header + " |")
	}
	b.WriteString("\n| --- | --- |" + strings.Repeat(" --- |", len(columns)) + "\n")
	for _, row := range rows {
		fmt.Fprintf(b, "| %s | %s |", markup.Code(cmp.Or(row.GroupName, "(unread)")), markup.Code(row.GroupID))
		for _, c := range columns {
			b.WriteString(" " + c.cell(row) + " |")
		}
		b.WriteString("\n")
	}
}

// gives lists what the group gives, itself or through a group above it.
func gives(row access.PlanRow) string { return strings.Join(effects(row, markup.Code), "; ") }

// effects are what a group gives, in words; show is how a name is written.
func effects(row access.PlanRow, show func(string) string) []string {
	var out []string
	through := func(id, name string) string {
		if id == row.GroupID {
			return ""
		}
		return " through " + show(cmp.Or(name, id))
	}
	for _, e := range row.Workspaces {
		out = append(out, show(e.Level)+" in workspace "+show(cmp.Or(e.WorkspaceName, e.WorkspaceID))+through(e.GroupID, e.GroupName))
	}
	for _, e := range row.Holdings {
		out = append(out, strings.ReplaceAll(plain(e.Kind), "_", " ")+" "+show(e.Value)+through(e.GroupID, e.GroupName))
	}
	for _, e := range row.Catalog {
		out = append(out, joined(e.Privileges, ", ", show)+" on "+strings.ReplaceAll(plain(e.SecurableType), "_", " ")+" "+show(e.FullName)+through(e.GroupID, e.GroupName))
	}
	more := row.CatalogMore
	if len(out) > mostEffects {
		more += len(out) - mostEffects
		out = out[:mostEffects]
	}
	if more > 0 {
		out = append(out, fmt.Sprintf("and %d more", more))
	}
	return out
}

func note(row access.PlanRow) string { return notes(&row, "the target has it through another group") }

// notes are what to know of a group before someone is added to it: already is for one
// whom they have through another group, and more stands before the reason.
func notes(row *access.PlanRow, already string, more ...string) string {
	var out []string
	switch {
	case row.Privileged == nil:
		out = append(out, "may be privileged")
	case *row.Privileged:
		out = append(out, "**privileged**: "+codes(row.Powers, ", "))
	}
	if row.AlreadyTransitive != nil && *row.AlreadyTransitive {
		out = append(out, already)
	}
	out = append(out, more...)
	if row.Reason != "" {
		out = append(out, markup.Code(row.Reason))
	}
	return strings.Join(out, "; ")
}

func optional(text string) string {
	if text == "" {
		return ""
	}
	return markup.Code(text)
}

func codes(texts []string, separator string) string { return joined(texts, separator, markup.Code) }

func joined(texts []string, separator string, show func(string) string) string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = show(t)
	}
	return strings.Join(out, separator)
}

func notCloned(b *strings.Builder, rows []access.NotCloned) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(b, "\n### Not copied (%d)\n\nThe source has these itself, not through a group: a clone is not equality.\n\n| What | Where | Value | Note |\n| --- | --- | --- | --- |\n", len(rows))
	for _, r := range rows[:min(len(rows), mostNotCloned)] {
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", strings.ReplaceAll(plain(r.Kind), "_", " "), optional(r.Place), optional(r.Value), optional(r.Note))
	}
	if more := len(rows) - mostNotCloned; more > 0 {
		fmt.Fprintf(b, "\nand %d more, see `not_cloned`.\n", more)
	}
}

// plain keeps the letters, digits and underscores of a word that the provider
// itself spells.
func plain(word string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r < 128 && markup.IsWord(r) {
			return r
		}
		return -1
	}, word)
}

// all are the rows that have a place in the graph, with their state.
func all(p access.ClonePlan) []stateRow {
	var out []stateRow
	add, held := p.Additions()
	for _, list := range []struct {
		state string
		rows  []access.PlanRow
	}{
		{stateIDP, p.IDPActions}, {stateDatabricks, add}, {stateHeldBack, held}, {stateHeld, p.AlreadyMember}, {stateUnverified, p.Unverified},
		{stateSkipped, p.Skipped}, {stateFollows, p.Follows}, {stateSystem, p.System},
	} {
		for _, row := range list.rows {
			if len(row.Path) < 2 { // The way there is not known.
				row.Path = []string{"", cmp.Or(row.GroupName, row.GroupID)}
			}
			out = append(out, stateRow{row, list.state})
		}
	}
	slices.SortStableFunc(out, func(a, b stateRow) int {
		return cmp.Or(cmp.Compare(len(a.row.Path), len(b.row.Path)), strings.Compare(strings.Join(a.row.Path, "\x00"), strings.Join(b.row.Path, "\x00")),
			audit.CompareIDs(a.row.GroupID, b.row.GroupID))
	})
	return out
}
