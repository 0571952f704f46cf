// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"

	"pgregory.net/rapid"
)

// oracleSummary is slow and obvious: for every way to combine a type, a cause and an
// action it looks through the whole report.
func oracleSummary(r Report) []string {
	type row struct {
		Divergence
		name string
	}
	var rows []row
	for _, u := range r.Users {
		rows = append(rows, row{u.Divergence, u.Username})
	}
	for _, g := range r.Groups {
		rows = append(rows, row{g.Divergence, g.GroupName})
	}
	for _, s := range r.ServicePrincipals {
		rows = append(rows, row{s.Divergence, s.ApplicationID})
	}
	var out []string
	causes, actions := rulesOf(rules.KindCause), rulesOf(rules.KindAction)
	for _, kind := range audit.PrincipalTypes() {
		for _, cause := range causes {
			for _, action := range actions {
				var count, waived, fixable int
				var examples []string
				reasons := map[string]bool{}
				for _, d := range rows {
					if d.Type != kind || d.Cause != cause.ID || d.Action != action.ID {
						continue
					}
					count++
					if d.Waived {
						waived++
					}
					if len(examples) < 3 {
						examples = append(examples, d.name)
					}
					for _, f := range r.ExternalIDFixes {
						if f.Ref == d.Ref {
							fixable++
						}
					}
					for _, l := range r.Deactivations {
						if l.Ref == d.Ref {
							fixable++
						}
					}
					for _, g := range r.GroupRenames {
						if d.Ref == (audit.Ref{Type: audit.TypeGroup, ID: g.GroupID}) {
							fixable++
						}
					}
					for _, m := range r.MemberRemovals {
						if d.Type == audit.TypeGroup && m.GroupID == d.ID {
							fixable++
						}
					}
					for _, m := range r.ManualActions {
						if m.Ref == d.Ref {
							reasons[m.Remedy()] = true
						}
					}
				}
				if action.ID == rules.ActionEscalate { // Its own remedy says whom to ask.
					clear(reasons)
				}
				if count > 0 {
					out = append(out, summaryText(kind, cause.ID, action.ID, count, waived, fixable, cause.BlocksAIM && count > waived, examples, len(reasons)))
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

func summaryText(kind audit.PrincipalType, cause, action string, count, waived, fixable int, blocks bool, examples []string, answers int) string {
	return fmt.Sprint(kind, cause, action, count, waived, fixable, blocks, examples, answers)
}

// answers is how many remedies of reasons are in that of a row.
func answers(row SummaryRow) int {
	found := map[string]bool{}
	for _, reason := range rulesOf(rules.KindReason) {
		for _, text := range []string{reason.RemedyFor(row.Type), reason.ForeignRemedy} {
			if text != "" && strings.Contains(row.Remedy, text) {
				found[text] = true
			}
		}
	}
	return len(found)
}

func TestProperty_summaryEqualsOracle(t *testing.T) {
	t.Parallel()
	members := rapid.SliceOfN(rapid.SampledFrom([]string{"8", "9", "10", "99"}), 0, 3)
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWorld(rt)
		in := w.input(drawPowers(rt, w))
		in.Members = map[string][]audit.Member{}
		for i := range in.Matches {
			if m := &in.Matches[i]; m.Principal.Type == audit.TypeGroup && m.Unknown == "" {
				m.Members = &audit.MemberMatch{}
				for _, id := range members.Draw(rt, "members") {
					ref := audit.Ref{Type: audit.TypeUser, ID: id}
					m.Members.Local = append(m.Members.Local, audit.MemberRef{Ref: ref, NestedInIDP: rapid.SampledFrom([]*bool{nil, ptr(true), ptr(false)}).Draw(rt, "nested")})
					in.Members[m.Principal.ID] = append(in.Members[m.Principal.ID], audit.Member{Ref: ref, Source: audit.SourceInternal})
				}
			}
		}
		r := Divergences(in, drawOptions(rt))
		rows := Summarize(r)
		var got []string
		for i, row := range rows {
			reasons := answers(row)
			if row.Consequence == "" || row.Remedy == "" || row.Owner == "" {
				rt.Fatalf("a row that does not explain itself: %+v", row)
			}
			got = append(got, summaryText(row.Type, row.Cause, row.Action, row.Count, row.Waived, row.Fixable, row.BlocksAIM, row.Examples, reasons))
			if i == 0 {
				continue
			}
			before := rows[i-1]
			open, openBefore := row.Count > row.Waived, before.Count > before.Waived
			if open && !openBefore || open == openBefore && (row.BlocksAIM && !before.BlocksAIM || row.BlocksAIM == before.BlocksAIM && row.Count > before.Count) {
				rt.Fatalf("%+v comes after %+v", row, before)
			}
		}
		slices.Sort(got)
		if want := oracleSummary(r); !slices.Equal(got, want) {
			rt.Fatalf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// A row says who stands in its way, what it is called over there, and who it is.
func TestDivergences_rowsIdentify(t *testing.T) {
	t.Parallel()
	drifted := user("1", "old@example.com", "x")
	linkable := user("3", "b@example.com", "")
	in := scope([]audit.Match{
		{Principal: drifted, ByExternalID: ptr(identity("x", "new@example.com"))},
		{Principal: linkable, ByName: []audit.Identity{identity("y", "b@example.com")}},
	}, user("2", "New@example.com", ""), group("4", "g", "y"))
	in.Inventory.Principals[0].DisplayName, in.Inventory.Principals[0].Active = "Old Name", ptr(true)
	r := Divergences(in, directory())
	first, second := r.Users[0].Divergence, r.Users[1].Divergence
	same(t, "display name", first.DisplayName, "Old Name")
	same(t, "active", first.Active, ptr(true))
	same(t, "name in the IdP", first.IDPName, "new@example.com")
	same(t, "who has the name", first.Conflicting, audit.Ref{Type: audit.TypeUser, ID: "2"})
	same(t, "not linked", second.IDPName, "")
	same(t, "not read", second.Active, (*bool)(nil))
	same(t, "who holds the id", second.Conflicting, audit.Ref{Type: audit.TypeGroup, ID: "4"})
}

// Of matchWithIdp only ids are known; the listing has the rest.
func TestDivergences_membersOfActionsAreNamed(t *testing.T) {
	t.Parallel()
	in := scope([]audit.Match{{
		Principal: group("1", "g", "x"), ByExternalID: ptr(identity("x", "g")),
		Members: &audit.MemberMatch{Local: []audit.MemberRef{{Ref: audit.Ref{ID: "7"}}, {Ref: audit.Ref{ID: "8"}}}},
	}}, servicePrincipal("7", "app", ""))
	r := Divergences(in, directory())
	same(t, "members", r.ManualActions[0].Members, []NamedRef{{audit.Ref{Type: audit.TypeServicePrincipal, ID: "7"}, "app"}, {Ref: audit.Ref{ID: "8"}}})
}

// A remedy of some of a row's principals says of how many; one of all of them does not.
func TestSummaryRow_explain(t *testing.T) {
	t.Parallel()
	s := summary{rows: make([]SummaryRow, 1), of: map[audit.Ref]int{{Type: audit.TypeUser, ID: "1"}: 0, {Type: audit.TypeUser, ID: "2"}: 0}}
	action := func(id, reason string) ManualAction {
		return ManualAction{Ref: audit.Ref{Type: audit.TypeUser, ID: id}, Reason: reason}
	}
	counts := s.remedies([]ManualAction{
		action("1", rules.ReasonHeld), action("1", rules.ReasonHeld), action("2", rules.ReasonHeld), action("2", rules.ReasonAmbiguous), action("9", rules.ReasonHeld),
	})[0]
	held, ambiguous := action("", rules.ReasonHeld), action("", rules.ReasonAmbiguous)
	same(t, "counts", counts, map[string]int{held.Remedy(): 2, ambiguous.Remedy(): 1})
	row := SummaryRow{Count: 2}
	row.explain(counts)
	same(t, "remedy", row.Remedy, held.Remedy()+" 1 of 2: "+ambiguous.Remedy())
}

// Each principal that differs is counted once, so that the parts add up to the whole.
func TestTotals(t *testing.T) {
	t.Parallel()
	rows := []SummaryRow{
		{Action: rules.ActionSet, Count: 5, Waived: 1}, {Action: rules.ActionReview, Count: 3}, {Action: rules.ActionNone, Count: 2}, {Action: rules.ActionNone, Count: 1, Waived: 1},
	}
	got := Total(rows)
	if got != (Totals{Apply: 4, People: 3, Nothing: 2, Waived: 2}) || got.Sum() != 11 || got.Open() != 7 {
		t.Errorf("%+v", got)
	}
	if text := got.String(); text != "11 (4 for terraform apply, 3 for people, 2 need nothing, 2 are waived)" {
		t.Error(text)
	}
	var one Totals
	one.Add(rules.ActionNone, false)
	one.Add(rules.ActionRemoveMembers, true)
	if text := one.String(); text != "2 (0 for terraform apply, 0 for people, 1 needs nothing, 1 is waived)" {
		t.Error(text)
	}
}
