// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/judge"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/render/markup"
)

// rule finds the text for an id that a report carries.
func rule(kind rules.RuleKind, id string) rules.Rule {
	if r, known := rules.Find(kind, id); known {
		return r
	}
	return rules.Rule{ID: id, Kind: kind, Title: word(id), Owner: rules.OwnerNone}
}

// typed is a row with its principal type.
type typed struct {
	Row
	kind audit.PrincipalType
}

func (d *Divergences) rows() []typed {
	var out []typed
	for _, list := range []struct {
		kind audit.PrincipalType
		rows []Row
	}{{audit.TypeUser, d.Users}, {audit.TypeGroup, d.Groups}, {audit.TypeServicePrincipal, d.ServicePrincipals}} {
		for _, r := range list.rows {
			out = append(out, typed{r, list.kind})
		}
	}
	return out
}

// byCause counts the rows per cause.
func (d *Divergences) byCause() map[string]int {
	out := map[string]int{}
	if d == nil {
		return out
	}
	for _, r := range d.rows() {
		out[r.Cause]++
	}
	return out
}

// totals are the one set of numbers of a report: each row is counted once.
func (d *Divergences) totals() judge.Totals {
	var t judge.Totals
	for _, r := range d.rows() {
		t.Add(r.Action, r.Waived)
	}
	return t
}

// word keeps what codes such as linkable_by_name are made of. It stands in prose,
// and sections can be written by hand.
func word(code string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == ' ' || r < 128 && markup.IsWord(r) {
			return r
		}
		return -1
	}, code)
}

// words is a code for people.
func words(code string) string { return strings.ReplaceAll(word(code), "_", " ") }

func (d *Divergences) verdict() verdict {
	t := d.totals()
	numbers := "Not clean. Identities that differ from the identity provider: " + t.String() + "."
	switch {
	case !d.Complete && t.Open() == 0:
		return verdict{stateUnknown, "Not known: parts of the account or of the identity provider could not be read."}
	case !d.Complete:
		return verdict{stateBad, numbers + " There may be more: parts of the account or of the identity provider could not be read."}
	case t.Open() > 0:
		return verdict{stateBad, numbers + " Changes that terraform apply offers: " + strconv.Itoa(d.Fixable) + "."}
	case !d.Clean:
		return verdict{stateBad, "Not clean."}
	default:
		return verdict{stateGood, "Clean: every identity agrees with the identity provider, is waived, or needs nothing."}
	}
}

func (d *Divergences) section(before *Divergences) section {
	s := section{ID: "divergences", Title: "Identities"}
	t := d.totals()
	s.add(facts{[]fact{
		{Label: "looked at", Value: fmt.Sprintf("%s, %s, %s", audit.CountOf(d.Scanned.Users, "user"), audit.CountOf(d.Scanned.Groups, "group"),
			audit.CountOf(d.Scanned.ServicePrincipals, "service principal"))},
		{Label: "differ", Value: strconv.Itoa(t.Sum()), State: badIf(t.Open() > 0)},
		{Label: "of them for terraform apply", Value: strconv.Itoa(t.Apply)},
		{Label: "for people", Value: strconv.Itoa(t.People)},
		{Label: "need nothing", Value: strconv.Itoa(t.Nothing)},
		{Label: "waived", Value: strconv.Itoa(t.Waived)},
		d.notJudged(),
	}})
	s.add(failures(d.Failures)...)
	s.add(d.summary(), d.chart(before), chartByType(d, before), symptoms(d))
	s.add(d.fixes(), d.removals(), d.manual(), d.duplicates())
	s.add(d.rowTable("Users", audit.TypeUser, d.Users), d.rowTable("Groups", audit.TypeGroup, d.Groups),
		d.rowTable("Service principals", audit.TypeServicePrincipal, d.ServicePrincipals))
	return s
}

// notJudged stands beside the counts, none of which holds these.
func (d *Divergences) notJudged() fact {
	switch {
	case d.Unjudged == nil:
		return fact{Label: "not judged", Value: "not known", State: stateUnknown}
	case *d.Unjudged > 0:
		return fact{Label: "not judged", Value: strconv.Itoa(*d.Unjudged), State: stateUnknown}
	default:
		return fact{Label: "not judged", Value: "0"}
	}
}

func badIf(bad bool) state {
	if bad {
		return stateBad
	}
	return stateGood
}

func (d *Divergences) summary() table {
	t := table{
		Title:   "What diverges, and what to do",
		Columns: []string{"Type", "Cause", "Count", "What to do", "By", "If it stays", "Examples"}, Numeric: map[int]bool{2: true},
	}
	for _, r := range d.Summary {
		count := strconv.Itoa(r.Count)
		if r.Waived > 0 {
			count = fmt.Sprintf("%d (%d waived)", r.Count, r.Waived)
		}
		t.Rows = append(t.Rows, []cell{
			prose(words(r.PrincipalType)), prose(rule(rules.KindCause, r.Cause).Title), prose(count), sentence(r.Remedy), sentence(r.Owner), sentence(r.Consequence), value(r.Examples...),
		})
	}
	return t
}

// chart shows the rows per cause, largest first, beside those of before.
func (d *Divergences) chart(before *Divergences) bars {
	return compared("Identities that differ, by cause", d.byCause(), before, before.byCause(), func(id string) string {
		return rule(rules.KindCause, id).Title
	})
}

func chartByType(d, before *Divergences) bars {
	count := func(d *Divergences) map[string]int {
		out := map[string]int{}
		if d != nil {
			for _, r := range d.rows() {
				out[string(r.kind)]++
			}
		}
		return out
	}
	return compared("Identities that differ, by type", count(d), before, count(before), words)
}

// compared makes bars of counts, and of those of before where there are any.
func compared(title string, now map[string]int, before *Divergences, then map[string]int, name func(string) string) bars {
	keys := map[string]bool{}
	for _, counts := range []map[string]int{now, then} {
		for key := range counts {
			keys[key] = true
		}
	}
	out := bars{Title: title}
	for _, key := range slices.SortedFunc(maps.Keys(keys), func(a, b string) int {
		return cmp.Or(cmp.Compare(max(now[b], then[b]), max(now[a], then[a])), strings.Compare(a, b))
	}) {
		one := bar{Label: name(key), Value: now[key]}
		if before != nil {
			n := then[key]
			one.Before = &n
		}
		out.List = append(out.List, one)
	}
	return out
}

// symptoms says what people notice of the divergences (the symptoms of the
// knowledge base).
func symptoms(d *Divergences) table {
	noticed := map[rules.Symptom]string{
		rules.SymptomDuplicates:   "The same person, group or app can appear twice in lists and sharing dialogs",
		rules.SymptomMemberCounts: "A group has other members here than in the identity provider",
		rules.SymptomNoImport:     "A group of the identity provider cannot be added, because its name is taken here",
	}
	counts, stale := map[rules.Symptom]int{}, 0
	for _, r := range d.rows() {
		if r.Waived {
			continue
		}
		cause := rule(rules.KindCause, r.Cause)
		for _, s := range cause.SymptomsFor(r.kind) {
			if s == rules.SymptomDuplicates && (cause.ID == rules.CauseStale || cause.Refines == rules.CauseStale) {
				stale++ // Who left is not noticed at all.
				continue
			}
			counts[s]++
		}
	}
	t := table{Title: "What people may notice", Columns: []string{"Symptom", "Identities"}, Numeric: map[int]bool{1: true}}
	for _, s := range slices.Sorted(maps.Keys(counts)) {
		t.Rows = append(t.Rows, []cell{prose(noticed[s]), prose(strconv.Itoa(counts[s]))})
	}
	if stale > 0 {
		t.Rows = append(t.Rows, []cell{prose("The same, but only where the identity was renamed or moved; of those who left, nothing is noticed"), prose(strconv.Itoa(stale))})
	}
	return t
}

func (d *Divergences) fixes() table {
	t := table{Title: "External ids that terraform apply would write", Long: true, Columns: []string{"Principal", "Name", "Now", "New external id", "Can be undone"}}
	for _, key := range slices.Sorted(maps.Keys(d.ExternalIDFixes)) {
		f := d.ExternalIDFixes[key]
		undo := "yes"
		if why := audit.Irreversible(audit.PrincipalType(f.PrincipalType), f.CurrentExternalID, f.Reversible); why != "" {
			undo = "no: " + why
		}
		t.Rows = append(t.Rows, []cell{value(key), value(f.PrincipalName), blankOr(f.CurrentExternalID), blankOr(f.ExternalID), prose(undo)})
	}
	return t
}

func blankOr(id string) cell {
	if id == "" {
		return prose("(blank)")
	}
	return value(id)
}

func (d *Divergences) removals() table {
	t := table{Title: "Members that terraform apply would remove", Long: true, Columns: []string{"Group", "Group id", "Member", "Member id", "Why"}}
	for _, key := range slices.Sorted(maps.Keys(d.MemberRemovals)) {
		m := d.MemberRemovals[key]
		t.Rows = append(t.Rows, []cell{value(m.GroupName), value(m.GroupID), value(m.MemberName), value(m.MemberType + "/" + m.MemberID), prose(rule(rules.KindCause, m.Cause).Title)})
	}
	return t
}

func (d *Divergences) manual() table {
	t := table{Title: "Left to people", Long: true, Columns: []string{"Principal", "Name", "Why", "Detail", "What to do"}}
	for _, m := range d.ManualActions {
		why := rule(rules.KindReason, m.Reason).Title
		if m.Switch != "" {
			why += " (input " + word(m.Switch) + ")"
		}
		t.Rows = append(t.Rows, []cell{value(m.PrincipalType + "/" + m.PrincipalID), value(m.PrincipalName), prose(why), value(m.Detail), sentence(m.Remedy)})
	}
	return t
}

// duplicates are side by side: those of one external id follow each other.
func (d *Divergences) duplicates() table {
	t := table{Title: "Several principals with one external id", Long: true, Columns: []string{"External id", "Principal", "Name", "Active", "Suggestion", "Why"}}
	for _, x := range d.Duplicates {
		active := "not known"
		if x.Active != nil {
			active = map[bool]string{true: "yes", false: "no"}[*x.Active]
		}
		if x.PrincipalType == string(audit.TypeGroup) {
			active = ""
		}
		t.Rows = append(t.Rows, []cell{
			value(x.ExternalID), value(x.PrincipalType + "/" + x.PrincipalID), value(x.PrincipalName), prose(active), prose(word(x.Suggestion)), sentence(x.Reason),
		})
	}
	return t
}

func (d *Divergences) rowTable(title string, kind audit.PrincipalType, rows []Row) table {
	t := table{Title: title, Long: true, Columns: []string{"Id", "Name", "External id", "Cause", "Next step", "By", "Advisories"}}
	logged := d.Observed != nil // Without an audit log the columns would say that no one changed anything.
	if logged {
		t.Columns = append(t.Columns, "Last changed by", "Last changed", "Last acted")
	}
	for _, r := range rows {
		cause := rule(rules.KindCause, r.Cause).Title
		if r.Waived {
			cause += " (waived)"
		}
		key := string(kind) + "/" + r.ID
		row := []cell{
			value(key), value(r.name()), blankOr(r.ExternalID), prose(cause),
			prose(rule(rules.KindAction, r.Action).Title), prose(string(rule(rules.KindAction, r.Action).Owner)), value(r.Advisories...),
		}
		if logged {
			seen := d.Observed[key]
			row = append(row, value(seen.ChangedBy), value(seen.ChangedAt), value(seen.LastActivity))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// failures are the reads that failed, those with the same reason in one line.
func failures(list []Failure) []block {
	if len(list) == 0 {
		return nil
	}
	facts := make([]audit.Failure, len(list))
	for i, f := range list {
		facts[i] = audit.Failure{Type: audit.PrincipalType(f.PrincipalType), ID: f.PrincipalID, Call: f.Call, Reason: f.Reason}
	}
	n := notice{State: stateUnknown, Text: "What could not be read is unknown, neither clean nor absent:"}
	for _, g := range audit.GroupFailures(facts) {
		text := g.Call + ": " + g.Reason
		if g.Count > 1 {
			text = fmt.Sprintf("%d times %s", g.Count, text)
		}
		n.Lines = append(n.Lines, text)
	}
	return []block{n}
}
