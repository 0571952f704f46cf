// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

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

// The sign before each group says what is to be done: by people elsewhere, by an apply,
// nothing because only the other one has it, nothing because both have it, and not known.
const (
	signPeople  = "!"
	signAdd     = "+"
	signMinus   = "-"
	signBoth    = "="
	signUnknown = "?"
)

// CompareText is a comparison of two principals as plain text: the verdict, the groups of each side with their paths and
// how the other side comes to them, and the totals. It ends in a line feed. Line
// breaks and control characters in names do not get through (package markup).
func CompareText(d access.Diff) string {
	var b strings.Builder
	a, other := markup.Visible(shown(d.A)), markup.Visible(shown(d.B))
	fmt.Fprintf(&b, "A: %s\nB: %s\n\n%s\n", textIdentity(d.A), textIdentity(d.B), verdict(d))
	textFailures(&b, d.Failures)
	compared(&b, "Only A, "+a, d.OnlyInA, func(r access.DiffRow) (string, string) { return sign(r.Hint), way(r.DirectInA, r.PathInA) })
	compared(&b, "Only B, "+other, d.OnlyInB, func(r access.DiffRow) (string, string) { return signMinus, way(r.DirectInB, r.PathInB) })
	compared(&b, "Both", d.Both, func(r access.DiffRow) (string, string) { return signBoth, way(r.DirectInA, r.PathInA) })
	for i, r := range d.LocalGroups {
		if i == 0 {
			fmt.Fprintf(&b, "\nGroups that workspaces have of their own (%d)\n", len(d.LocalGroups))
		}
		fmt.Fprintf(&b, "  %s %s in workspace %s: %s\n", localSign(r), group(r.GroupID, r.GroupName), markup.Visible(cmp.Or(r.WorkspaceName, r.WorkspaceID)), localSides(r))
	}
	fmt.Fprintf(&b, "\nTotals: %d only A, %d only B, %d both.\n", len(d.OnlyInA), len(d.OnlyInB), len(d.Both))
	b.WriteString("! to be added in the identity provider, or in the workspace that has the group, + can be added in Databricks or follows, - only B has it, = both have it, ? not known\n")
	return b.String()
}

// localSign is the sign of a group of a workspace: people add to it there.
func localSign(r access.LocalDiffRow) string {
	switch {
	case r.InA == nil || r.InB == nil:
		return signUnknown
	case *r.InA && *r.InB:
		return signBoth
	case *r.InA:
		return signPeople
	default:
		return signMinus
	}
}

func localSides(r access.LocalDiffRow) string {
	side := func(name string, in *bool) string {
		switch {
		case in == nil:
			return "whether " + name + " is in it is not known"
		case *in:
			return name + " is in it"
		default:
			return name + " is not"
		}
	}
	return side("A", r.InA) + ", " + side("B", r.InB)
}

func verdict(d access.Diff) string {
	switch {
	case d.Equal == nil:
		return "Not known whether they are in the same groups: not everything could be read."
	case *d.Equal:
		return "Both are in the same groups."
	default:
		return "They are in different groups."
	}
}

func compared(b *strings.Builder, title string, rows []access.DiffRow, side func(access.DiffRow) (sign, way string)) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s (%d)\n", title, len(rows))
	for _, r := range rows {
		sign, way := side(r)
		about := []string{way, cmp.Or(r.Source, "source unknown")}
		if hint := hints[r.Hint]; hint != "" && sign != signMinus {
			about = append(about, hint)
		}
		fmt.Fprintf(b, "  %s %s: %s\n", sign, group(r.GroupID, r.GroupName), strings.Join(about, "; "))
	}
}

// hints say how the side that lacks a group comes to it.
var hints = map[access.Hint]string{
	access.HintAddInIDP:        "must be added in the identity provider",
	access.HintAddInDatabricks: "can be added in Databricks",
	access.HintFollows:         "follows from another group of the list",
	access.HintUnchecked:       "can be added in Databricks; what it gives was not checked",
	access.HintNoWorkspace:     "can be added in Databricks; no workspace is assigned to it, only a scan of Unity Catalog can show what it gives",
	access.HintSystem:          "Databricks keeps it itself",
	access.HintUnknown:         "not known how to get it",
}

func sign(h access.Hint) string {
	switch h {
	case access.HintAddInIDP:
		return signPeople
	case access.HintAddInDatabricks, access.HintFollows, access.HintNoWorkspace, access.HintUnchecked:
		return signAdd
	case access.HintSystem:
		return signBoth
	default:
		return signUnknown
	}
}

func way(direct *bool, path []string) string {
	switch {
	case direct == nil:
		return "direct or not is unknown"
	case *direct:
		return "direct"
	case len(path) == 0:
		return "through other groups"
	default:
		return "through " + joined(path[:len(path)-1], arrow, markup.Visible)
	}
}

// Text is the plan as plain text: what people do in the identity provider, what an apply adds, what
// it holds back and why, what follows, what is not known, left out, there already and
// not copied, and the totals. It ends in a line feed.
func Text(p access.ClonePlan) string {
	var b strings.Builder
	fmt.Fprintf(&b, "The access of %s\nfor %s\n", textIdentity(p.Source), textIdentity(p.Target))
	if !p.Complete || len(p.Problems) > 0 {
		b.WriteString("\nThis plan is incomplete and gives nothing until it is whole: what could not be read is unknown, neither there nor absent.\n")
		for _, q := range p.Problems {
			fmt.Fprintf(&b, "  %s %s\n", signPeople, markup.Visible(q.Text))
		}
	}
	textFailures(&b, p.Failures)
	add, held := p.Additions()
	planned(&b, "To be added in the identity provider, by the people who run it", signPeople, p.IDPActions)
	planned(&b, "To be added in Databricks, by terraform apply", signAdd, add)
	planned(&b, "Held back", signPeople, held)
	planned(&b, "Follow by themselves", signAdd, named(p.Follows, p.IDPActions))
	planned(&b, "Not verified: not known whether these give anything, so they are not added", signUnknown, p.Unverified)
	planned(&b, "Left out: these give nothing anywhere", signMinus, p.Skipped)
	planned(&b, "There already", signBoth, p.AlreadyMember)
	planned(&b, "Kept by Databricks itself", signBoth, p.System)
	textNotCloned(&b, p.NotCloned)
	b.WriteString("\n" + totals(p))
	b.WriteString("! people act first, + terraform apply adds it or it follows, - left out, = there already, ? not verified\n")
	return b.String()
}

// totals count every list, also those that are too easily missed.
func totals(p access.ClonePlan) string {
	add, held := p.Additions()
	return fmt.Sprintf("Totals: %d in the identity provider, %d in Databricks, %d held back, %d follow, %d not verified, %d left out, %d there already, %d not copied.\n",
		len(p.IDPActions), len(add), len(held), len(p.Follows), len(p.Unverified), len(p.Skipped), len(p.AlreadyMember), len(p.NotCloned))
}

// named are the rows with the names of the groups that they wait for.
func named(rows, pending []access.PlanRow) []access.PlanRow {
	titles := map[string]string{}
	for _, r := range pending {
		titles[r.GroupID] = r.GroupName
	}
	out := slices.Clone(rows)
	for i := range out {
		out[i].PendingVia = slices.Clone(out[i].PendingVia)
		for j, id := range out[i].PendingVia {
			out[i].PendingVia[j] = cmp.Or(titles[id], id)
		}
	}
	return out
}

func planned(b *strings.Builder, title, sign string, rows []access.PlanRow) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s (%d)\n", title, len(rows))
	for _, r := range rows {
		fmt.Fprintf(b, "  %s %s\n", sign, group(r.GroupID, r.GroupName))
		line := func(word, text string) {
			if text != "" {
				fmt.Fprintf(b, "      %-6s %s\n", word, text)
			}
		}
		line("gives", strings.Join(effects(r, markup.Visible), "; "))
		line("object", markup.Visible(r.ExternalID))
		line("path", joined(r.Path, arrow, markup.Visible))
		if len(r.PendingVia) > 0 {
			line("waits", "for the identity provider: "+joined(r.PendingVia, ", ", markup.Visible))
		}
		switch {
		case r.Privileged == nil:
			line("rights", "may be privileged")
		case *r.Privileged:
			line("rights", "privileged: "+joined(r.Powers, ", ", markup.Visible))
		}
		if r.AlreadyTransitive != nil && *r.AlreadyTransitive {
			line("has", "the target has it through another group")
		}
		line("why", markup.Visible(r.Reason))
	}
}

func textNotCloned(b *strings.Builder, rows []access.NotCloned) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(b, "\nNot copied: the source has these itself, not through a group (%d)\n", len(rows))
	for _, r := range rows[:min(len(rows), mostNotCloned)] {
		text := strings.ReplaceAll(r.Kind, "_", " ")
		for _, part := range []string{r.Value, r.Place} {
			if part != "" {
				text += ", " + part
			}
		}
		known := signMinus
		if r.Value == "" {
			known = signUnknown
		}
		if r.Note != "" {
			text += ": " + r.Note
		}
		fmt.Fprintf(b, "  %s %s\n", known, markup.Visible(text))
	}
	if more := len(rows) - mostNotCloned; more > 0 {
		fmt.Fprintf(b, "  and %d more in not_cloned\n", more)
	}
}

func textFailures(b *strings.Builder, list []audit.Failure) {
	for i, f := range list {
		if i == 0 {
			b.WriteString("\nReads that failed\n")
		}
		if i == mostFailures {
			fmt.Fprintf(b, "  and %d more\n", len(list)-mostFailures)
			return
		}
		fmt.Fprintf(b, "  %s %s\n", signUnknown, markup.Visible(call(f)+": "+f.Reason))
	}
}

// textIdentity is a principal with its key, and whether it is active.
func textIdentity(p audit.Principal) string {
	text := markup.Visible(shown(p)) + " (" + markup.Visible(p.String()) + ")"
	if p.Active != nil && !*p.Active {
		text += ", inactive"
	}
	return text
}

func group(id, title string) string {
	return markup.Visible(cmp.Or(title, "(unread)")) + " (group/" + markup.Visible(id) + ")"
}
