// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package readiness

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Waiver accepts a check, or one thing that it names. It may also answer a check that
// is unknown: then it is an attestation of what no API reports.
type Waiver struct {
	// Check is an id of [Checks]. Subject is as [Affected.Subject]; empty is the whole check.
	Check, Subject, Reason string
	// Expires is the first moment at which it does not count any more; zero: never.
	Expires time.Time
}

// Result is the verdict on one check.
type Result struct {
	Check

	Status Status
	// Summary is one sentence.
	Summary string
	// Affected are sorted by kind, id and workspace. Those that a waiver names are in it, marked.
	Affected []Affected
	// Evidence are further facts; Unknown is why the check could not be decided, which
	// is there for a waived check too.
	Evidence, Unknown []string
	// Reason is the one of the waiver of the whole check.
	Reason string
}

// Verdict is the answer to one decision. Ready is nil where it is not known.
type Verdict struct {
	Ready  *bool
	Reason string
}

// Report has every check of the registry, sorted as [Checks].
type Report struct {
	Results  []Result
	Verdicts map[Decision]Verdict
	Waivers  []WaiverStatus
}

// WaiverStatus is what became of a waiver.
type WaiverStatus struct {
	Waiver
	State audit.WaiverState
}

// Assess judges every check. It never fails: what could not be read is unknown.
func Assess(f *Facts, waivers []Waiver) Report {
	out := Report{Verdicts: map[Decision]Verdict{}}
	used := make([]bool, len(waivers))
	for _, check := range Checks() {
		out.Results = append(out.Results, assess(f, check, waivers, used))
	}
	for _, d := range Decisions() {
		out.Verdicts[d] = verdictOf(out.Results, d)
	}
	for i, w := range waivers {
		state := audit.WaiverUnused
		switch {
		case w.expired(f.Now):
			state = audit.WaiverExpired
		case used[i]:
			state = audit.WaiverActive
		}
		out.Waivers = append(out.Waivers, WaiverStatus{w, state})
	}
	return out
}

func (w *Waiver) expired(now time.Time) bool { return !w.Expires.IsZero() && !now.Before(w.Expires) }

// reasons are why any of these sources was not read whole, sorted, each once.
func (f *Facts) reasons(needs []Need) []string {
	var out []string
	for _, n := range needs {
		for _, why := range f.Unknown[n] {
			out = append(out, string(n)+": "+why)
		}
	}
	return sorted(out)
}

func assess(f *Facts, check Check, waivers []Waiver, used []bool) Result {
	found := check.judge(f)
	out := Result{Check: check, Affected: found.affected, Evidence: found.evidence}
	if found.notApplicable != "" {
		out.Status, out.Summary, out.Affected = NotApplicable, found.notApplicable, nil
		return out
	}
	slices.SortStableFunc(out.Affected, func(a, b Affected) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), audit.CompareIDs(a.WorkspaceID, b.WorkspaceID), audit.CompareIDs(a.ID, b.ID), cmp.Compare(a.Name, b.Name),
			cmp.Compare(a.Detail, b.Detail))
	})
	needs := slices.DeleteFunc(slices.Clone(check.Needs), func(n Need) bool { return slices.Contains(found.doesWithout, n) })
	out.Unknown = append(f.reasons(needs), found.unknown...)
	if found.settled {
		out.Unknown = nil
	} else if slices.Contains(check.Needs, NeedPerson) {
		out.Unknown = append(out.Unknown, "no API reports it")
	}
	open := 0
	for i := range out.Affected {
		a := &out.Affected[i]
		for n := range waivers {
			w := &waivers[n]
			if w.Check == check.ID && w.Subject != "" && w.Subject == a.Subject() && !w.expired(f.Now) {
				a.Waived, used[n] = true, true
			}
		}
		if !a.Waived {
			open++
		}
	}
	switch {
	case open > 0:
		out.Status = NotMet
	case len(out.Unknown) > 0:
		out.Status = Unknown
	case len(out.Affected) > 0:
		out.Status = Waived
	default:
		out.Status = Met
	}
	out.waive(f, waivers, used)
	out.summarize(open)
	return out
}

// waive lets a waiver of the whole check answer it.
func (r *Result) waive(f *Facts, waivers []Waiver, used []bool) {
	for n := range waivers {
		w := &waivers[n]
		if w.Check != r.ID || w.Subject != "" || w.expired(f.Now) || r.Status != NotMet && r.Status != Unknown && r.Reason == "" {
			continue
		}
		used[n] = true
		if r.Reason == "" {
			r.Status, r.Reason = Waived, w.Reason
		}
	}
}

func (r *Result) summarize(open int) {
	switch r.Status {
	case Met:
		r.Summary = "Nothing stands in the way."
	case NotMet:
		first := &r.Affected[slices.IndexFunc(r.Affected, func(a Affected) bool { return !a.Waived })]
		name := cmp.Or(first.Name, first.ID)
		switch {
		case first.Kind == kindAccount:
			r.Summary = sentence(first.Detail)
		case open == 1:
			r.Summary = fmt.Sprintf("One is affected: %s.", name)
		default:
			r.Summary = fmt.Sprintf("%d are affected, the first is %s.", open, name)
		}
		if len(r.Unknown) > 0 {
			r.Summary += " There may be more: not everything could be read."
		}
	case Unknown:
		r.Summary = sentence(r.Unknown[0])
		switch n := len(r.Unknown) - 1; n {
		case 0:
		case 1:
			r.Summary += " And one more reason."
		default:
			r.Summary += fmt.Sprintf(" And %d more reasons.", n)
		}
		if r.Asks != "" {
			r.Summary += " Who can answer: " + r.Asks
		}
	case Waived:
		r.Summary = "Accepted: " + sentence(cmp.Or(r.Reason, "every one of the affected is waived"))
	case NotApplicable: // Has its own.
	}
}

// sentence starts with a capital and ends with a full stop.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + strings.TrimRight(text[size:], ".") + "."
}

// verdictOf: false when a check that blocks or breaks is not met, else unknown when one
// of them is unknown, else true.
func verdictOf(results []Result, d Decision) Verdict {
	var open, unknown []string
	for i := range results {
		r := &results[i]
		switch {
		case r.Decision != d || r.Severity == Info:
		case r.Status == NotMet:
			open = append(open, r.ID)
		case r.Status == Unknown:
			unknown = append(unknown, r.ID)
		}
	}
	yes, no := true, false
	switch {
	case len(open) > 0:
		reason := fmt.Sprintf("No, because %s not met: %s.", areThese(len(open)), strings.Join(open, ", "))
		if len(unknown) > 0 { // With the others repaired, these would be next.
			reason += fmt.Sprintf(" Besides, %s unknown: %s.", areThese(len(unknown)), strings.Join(unknown, ", "))
		}
		return Verdict{&no, reason}
	case len(unknown) > 0:
		return Verdict{nil, fmt.Sprintf("Not known, because %s unknown: %s.", areThese(len(unknown)), strings.Join(unknown, ", "))}
	default:
		return Verdict{&yes, "Yes, every check that blocks or breaks is met, waived or does not apply."}
	}
}

func areThese(n int) string {
	if n == 1 {
		return "this check is"
	}
	return "these checks are"
}
