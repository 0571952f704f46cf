// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package access

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

const readAgain = "Plan again when the account can be read, or set allow_incomplete to see the plan without its memberships."

func (p *planner) refuse(input, text, remedy string) {
	p.out.Problems = append(p.out.Problems, Problem{Input: input, Text: text, Remedy: remedy})
}

func (p *planner) incomplete(input, text, remedy string) {
	p.out.Problems = append(p.out.Problems, Problem{Incomplete: true, Input: input, Text: text, Remedy: remedy})
}

// guards refuse what must not be planned (R13, R25, R26): one problem per cause.
func (p *planner) guards() {
	p.sameOrOther()
	p.activity()
	p.nesting()
	if !p.source.whole() {
		p.incomplete(InputSource, fmt.Sprintf("Not every group of the source %s could be read%s", titled(p.in.Source), firstReasons(p.x.holes(p.source))), readAgain)
	}
	if len(p.unjudged) > 0 {
		p.incomplete("", p.unjudgedText(), readAgain)
	}
	if limit := p.in.MaxAdditions; limit != nil && p.additions > *limit {
		p.refuse(InputMaxAdditions, fmt.Sprintf("The plan adds %s, and max_additions allows %d", audit.CountOf(p.additions, "membership"), *limit),
			"Look at databricks_actions, and raise max_additions if that is what you want.")
	}
}

func (p *planner) sameOrOther() {
	source, target := p.in.Source.Ref, p.in.Target.Ref
	switch {
	case source == target:
		p.refuse(InputTarget, fmt.Sprintf("Source and target are the same principal, %s", titled(p.in.Source)), "Select two principals.")
	case source.Type != target.Type && !p.in.AllowDifferentTypes:
		p.refuse(InputDifferentTypes, fmt.Sprintf("The source is %s and the target %s: principals of different types", titled(p.in.Source), titled(p.in.Target)),
			"Set allow_different_types = true if that is what you want.")
	}
}

// activity refuses an inactive target, and takes nothing from an inactive source:
// what it has is about to go. Groups have no such state.
func (p *planner) activity() {
	for _, one := range []struct {
		what  string
		who   audit.Principal
		found func(input, text, remedy string)
	}{
		{InputSource, p.in.Source, p.incomplete}, {InputTarget, p.in.Target, p.refuse},
	} {
		if one.who.Type == audit.TypeGroup {
			continue
		}
		remedy := fmt.Sprintf("Activate it, or select another %s.", one.what)
		switch {
		case one.who.Active == nil:
			p.incomplete(one.what, fmt.Sprintf("The account does not say whether the %s %s is active", one.what, titled(one.who)), remedy)
		case !*one.who.Active:
			one.found(one.what, fmt.Sprintf("The %s %s is inactive", one.what, titled(one.who)), remedy)
		}
	}
}

// nesting refuses a target that is one of the groups, or above one of them.
func (p *planner) nesting() {
	target := p.in.Target
	if target.Type != audit.TypeGroup {
		return
	}
	var within, unknown []string
	for _, id := range sortedKeys(p.memberships) {
		if id == target.ID {
			within = append(within, id)
			continue
		}
		above := p.x.closureOf(p.judge.principal(id), p.judge.within).in(target.ID)
		switch {
		case isTrue(above):
			within = append(within, id)
		case above == nil:
			unknown = append(unknown, id)
		}
	}
	if len(within) > 0 {
		p.refuse(InputTarget, fmt.Sprintf("The target %s is, or contains, a group of the source that it would become a member of: %s", titled(target), p.groups(within)),
			"Select another target, or take the groups apart first.")
	}
	if len(unknown) > 0 {
		p.incomplete(InputTarget, fmt.Sprintf("Whether the target %s contains a group that it would become a member of could not be read: %s", titled(target), p.groups(unknown)), readAgain)
	}
}

func (p *planner) unjudgedText() string {
	return fmt.Sprintf("What could not be read leaves groups of the source without a verdict: %s. %s",
		p.groups(sortedIDs(p.unjudged)), firstTexts(sortedKeys(p.why)))
}

// finish sorts the lists and gives the memberships if nothing stands against it.
func (p *planner) finish() ClonePlan {
	out := &p.out
	for _, rows := range [][]PlanRow{
		out.IDPActions, out.DatabricksActions, out.Skipped, out.Unverified, out.AlreadyMember, out.Follows, out.System,
	} {
		slices.SortFunc(rows, func(a, b PlanRow) int { return compareNames(a.GroupName, a.GroupID, b.GroupName, b.GroupID) })
	}
	slices.SortFunc(out.Problems, func(a, b Problem) int { return strings.Compare(a.Text, b.Text) })
	if len(out.Problems) == 0 {
		out.Memberships = p.memberships
	}
	reported := slices.Concat(p.x.graph.Failures, p.in.Facts.Failures)
	out.Failures = mergeFailures(reported, slices.Concat(p.x.holes(p.source), p.x.holes(p.target), p.judge.factHoles(p.source), p.source.localFailures(p.in.Facts.LocalGroups, p.in.Facts.Workspaces)))
	out.Complete = len(out.Failures) == 0 && !slices.ContainsFunc(out.Problems, func(q Problem) bool { return q.Incomplete })
	return *out
}

// factHoles are the holes of the facts as failures.
func (j *judge) factHoles(source *closure) []audit.Failure {
	var out []audit.Failure
	hole := func(f audit.Failure) {
		if f.Reason != "" {
			out = append(out, f)
		}
	}
	hole(audit.Failure{Call: "list workspaces", Reason: j.facts.WorkspacesUnknown})
	hole(audit.Failure{Call: "list metastores", Reason: j.facts.MetastoresUnknown})
	hole(audit.Failure{Call: "list principals", Reason: j.facts.NamesUnknown})
	for _, w := range j.facts.Workspaces {
		hole(audit.Failure{Call: "read permission assignments of workspace " + w.ID, Reason: w.hole()})
		for id, e := range w.Entitlements {
			of := audit.Ref{Type: audit.TypeGroup, ID: id}
			if id == source.subject.ID {
				of = source.subject.Ref
			}
			hole(audit.Failure{Type: of.Type, ID: of.ID, Call: "read entitlements in workspace " + w.ID, Reason: e.Unknown})
		}
	}
	for ref, holding := range j.facts.Holdings {
		hole(audit.Failure{Type: ref.Type, ID: ref.ID, Call: "read roles and entitlements", Reason: holding.Unknown})
	}
	asked := []audit.Ref{source.subject.Ref}
	for id := range source.must {
		asked = append(asked, audit.Ref{Type: audit.TypeGroup, ID: id})
	}
	for _, ref := range asked {
		if _, read := j.facts.Holdings[ref]; !read {
			hole(audit.Failure{Type: ref.Type, ID: ref.ID, Call: "read roles and entitlements", Reason: "not read"})
		}
	}
	for _, m := range j.facts.Metastores {
		hole(audit.Failure{Call: "scan metastore " + m.ID, Reason: m.Unknown})
		for _, s := range m.Securables {
			hole(audit.Failure{Call: fmt.Sprintf("read grants on %s %s of metastore %s", s.Type, s.FullName, m.ID), Reason: s.Unknown})
		}
	}
	return out
}

func compareNotCloned(a, b NotCloned) int {
	return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Place, b.Place), strings.Compare(a.Value, b.Value), strings.Compare(a.Note, b.Note))
}

// groups names groups, the first ones.
func (p *planner) groups(ids []string) string {
	const most = 10
	var out []string
	for _, id := range ids[:min(len(ids), most)] {
		out = append(out, titled(p.judge.principal(id)))
	}
	if len(ids) > most {
		out = append(out, fmt.Sprintf("and %d more", len(ids)-most))
	}
	return strings.Join(out, ", ")
}

// titled is a principal by its key, with its name where that is known.
func titled(p audit.Principal) string {
	if p.Name == "" {
		return p.String()
	}
	return fmt.Sprintf("%s (%s)", p.Ref, p.Name)
}

func firstTexts(texts []string) string {
	const most = 5
	if len(texts) > most {
		return fmt.Sprintf("%s, and %d more", strings.Join(texts[:most], "; "), len(texts)-most)
	}
	return strings.Join(texts, "; ")
}

// firstReasons is the end of a sentence about holes.
func firstReasons(holes []audit.Failure) string {
	reasons := map[string]bool{}
	for _, h := range holes {
		reasons[h.Reason] = true
	}
	if len(reasons) == 0 {
		return ""
	}
	return ": " + firstTexts(sortedKeys(reasons))
}
