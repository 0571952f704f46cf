// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"
)

// SummaryRow is what a team lead reads: all divergent principals of one type with
// one cause and one next step.
type SummaryRow struct {
	Type          audit.PrincipalType
	Cause, Action string // ids of [rules.All]
	// Count is the number of principals, Waived how many of them are waived.
	Count, Waived int
	// Fixable is the number of fixes, removals, deactivations and renames that are
	// offered for them.
	Fixable int
	// BlocksAIM is true when some of them have to be settled before automatic
	// identity management takes the place of SCIM; see [rules.Rule.BlocksAIM].
	BlocksAIM bool
	// Consequence is what happens if they stay, Symptoms what people notice.
	Consequence string
	Symptoms    []rules.Symptom
	// Remedy is what to do, and Owner who does it.
	Remedy string
	Owner  rules.Owner
	// Examples are the names of the first three, or ids where a name is blank.
	Examples []string
}

const summaryExamples = 3

// Summarize groups the rows of a report, what matters first: what is not waived,
// what stands in the way of automatic identity management, what there is most of.
func Summarize(r Report) []SummaryRow {
	s := summary{at: map[summaryKey]int{}, of: map[audit.Ref]int{}}
	for i := range r.Users {
		s.add(&r.Users[i].Divergence, r.Users[i].Username)
	}
	for i := range r.Groups {
		s.add(&r.Groups[i].Divergence, r.Groups[i].GroupName)
	}
	for i := range r.ServicePrincipals {
		s.add(&r.ServicePrincipals[i].Divergence, r.ServicePrincipals[i].ApplicationID)
	}
	for i := range r.ExternalIDFixes {
		s.fixable(r.ExternalIDFixes[i].Ref)
	}
	for i := range r.MemberRemovals {
		s.fixable(audit.Ref{Type: audit.TypeGroup, ID: r.MemberRemovals[i].GroupID})
	}
	for i := range r.Deactivations {
		s.fixable(r.Deactivations[i].Ref)
	}
	for i := range r.GroupRenames {
		s.fixable(audit.Ref{Type: audit.TypeGroup, ID: r.GroupRenames[i].GroupID})
	}
	remedies := s.remedies(r.ManualActions)
	for i := range s.rows {
		s.rows[i].explain(remedies[i])
	}
	slices.SortFunc(s.rows, compareSummaryRows)
	return s.rows
}

type summaryKey struct {
	kind          audit.PrincipalType
	cause, action string
}

type summary struct {
	rows []SummaryRow
	at   map[summaryKey]int
	of   map[audit.Ref]int // the row of each principal
}

func (s *summary) add(d *Divergence, name string) {
	key := summaryKey{d.Type, d.Cause, d.Action}
	at, found := s.at[key]
	if !found {
		at = len(s.rows)
		s.at[key] = at
		s.rows = append(s.rows, SummaryRow{Type: d.Type, Cause: d.Cause, Action: d.Action})
	}
	s.of[d.Ref] = at
	row := &s.rows[at]
	row.Count++
	if d.Waived {
		row.Waived++
	}
	if len(row.Examples) < summaryExamples {
		row.Examples = append(row.Examples, cmp.Or(name, d.ID))
	}
}

func (s *summary) fixable(ref audit.Ref) {
	if at, found := s.of[ref]; found {
		s.rows[at].Fixable++
	}
}

// remedies counts, for each row, the principals whose manual actions have a remedy.
func (s *summary) remedies(actions []ManualAction) []map[string]int {
	out := make([]map[string]int, len(s.rows))
	type counted struct {
		ref    audit.Ref
		remedy string
	}
	seen := map[counted]bool{}
	for i := range actions {
		key := counted{actions[i].Ref, actions[i].Remedy()}
		at, found := s.of[key.ref]
		if !found || seen[key] {
			continue
		}
		seen[key] = true
		if out[at] == nil {
			out[at] = map[string]int{}
		}
		out[at][key.remedy]++
	}
	return out
}

// explain fills what the rules say. Where a fix is held back, the reasons of the
// manual actions know better than the action what to do.
func (r *SummaryRow) explain(remedies map[string]int) {
	cause, _ := rules.Find(rules.KindCause, r.Cause)
	action, _ := rules.Find(rules.KindAction, r.Action)
	r.BlocksAIM = cause.BlocksAIM && r.Waived < r.Count
	r.Consequence, r.Symptoms, r.Owner = cause.ConsequenceFor(r.Type), cause.SymptomsFor(r.Type), action.Owner
	r.Remedy = action.RemedyFor(r.Type)
	if len(remedies) == 0 || r.Action == rules.ActionEscalate { // No reason knows of the domain.
		return
	}
	answers := slices.SortedFunc(maps.Keys(remedies), func(a, b string) int {
		return cmp.Or(cmp.Compare(remedies[b], remedies[a]), strings.Compare(a, b))
	})
	for i, remedy := range answers {
		if n := remedies[remedy]; n < r.Count {
			answers[i] = fmt.Sprintf("%d of %d: %s", n, r.Count, remedy)
		}
	}
	r.Remedy = strings.Join(answers, " ")
}

// Total counts the principals of rows, each once, by who takes the next step.
func Total(rows []SummaryRow) Totals {
	var t Totals
	for i := range rows {
		t.add(rows[i].Action, rows[i].Count-rows[i].Waived, rows[i].Waived)
	}
	return t
}

// Totals are numbers of principals that differ. They add up: each is in one of the four.
type Totals struct{ Apply, People, Nothing, Waived int }

// Add counts one principal by its action.
func (t *Totals) Add(action string, waived bool) {
	if waived {
		t.add(action, 0, 1)
	} else {
		t.add(action, 1, 0)
	}
}

func (t *Totals) add(action string, open, waived int) {
	t.Waived += waived
	rule, _ := rules.Find(rules.KindAction, action)
	switch rule.Owner {
	case rules.OwnerApply:
		t.Apply += open
	case rules.OwnerNone:
		t.Nothing += open
	default:
		t.People += open
	}
}

// Open is the number of those about which something has to be done.
func (t Totals) Open() int { return t.Apply + t.People }

// Sum is the number of all that differ.
func (t Totals) Sum() int { return t.Open() + t.Nothing + t.Waived }

// String says what counts: "17 (6 for terraform apply, 10 for people, 1 needs nothing)".
func (t Totals) String() string {
	text := fmt.Sprintf("%d (%d for terraform apply, %d for people", t.Sum(), t.Apply, t.People)
	for _, more := range []struct {
		count     int
		one, many string
	}{{t.Nothing, "needs nothing", "need nothing"}, {t.Waived, "is waived", "are waived"}} {
		switch more.count {
		case 0:
		case 1:
			text += ", 1 " + more.one
		default:
			text += fmt.Sprintf(", %d %s", more.count, more.many)
		}
	}
	return text + ")"
}

func compareSummaryRows(a, b SummaryRow) int {
	last := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(last(a.Waived == a.Count), last(b.Waived == b.Count)),
		cmp.Compare(last(!a.BlocksAIM), last(!b.BlocksAIM)),
		cmp.Compare(b.Count, a.Count),
		cmp.Compare(a.Type.Order(), b.Type.Order()),
		strings.Compare(a.Cause, b.Cause),
		strings.Compare(a.Action, b.Action),
	)
}
