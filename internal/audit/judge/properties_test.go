// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"slices"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// oracleCategories is section 4 of the prep script's contract for links, read
// off the world itself: no match, no index, no bits.
func oracleCategories(w world, p audit.Principal) []string {
	var out []string
	var linked *audit.Identity
	var named []audit.Identity
	for i, id := range w.identities {
		if id.Type != p.Type {
			continue
		}
		if p.ExternalID != "" && audit.SameExternalID(id.ExternalID, p.ExternalID) {
			linked = &w.identities[i]
		}
		for _, n := range id.Names {
			if strings.EqualFold(n, p.Name) {
				named = append(named, id)
				break
			}
		}
	}
	if p.ExternalID != "" && linked == nil {
		out = append(out, "EXTERNAL_ID_NOT_IN_IDP")
	}
	if linked != nil && !slices.Contains(linked.Names, p.Name) {
		out = append(out, "EXTERNAL_ID_MATCH_NAME_MISMATCH")
	}
	equal := slices.ContainsFunc(named, func(id audit.Identity) bool { return id.ExternalID == p.ExternalID })
	if len(named) > 0 && !equal {
		out = append(out, "NAME_MATCH_EXTERNAL_ID_MISMATCH")
	}
	return out
}

func TestProperty_categoriesEqualOracle(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWorld(rt)
		rows := divergences(Divergences(w.input(nil), drawOptions(rt)))
		for _, p := range w.principals {
			want := oracleCategories(w, p)
			if w.unknown[p.Ref] {
				want = nil
			}
			if diff := cmp.Diff(want, rows[p.Ref.String()].ErrorCategories); diff != "" {
				rt.Fatalf("%s (-oracle +got):\n%s", p.Ref, diff)
			}
		}
	})
}

// oracleMayFix asks the questions of the design, section 4, one by one, over
// the whole world, for a fix that was offered.
func oracleMayFix(w world, o Options, powers map[audit.Ref]audit.Privilege, f ExternalIDFix, all []ExternalIDFix) string {
	var p audit.Principal
	for _, q := range w.principals {
		if q.Ref == f.Ref {
			p = q
		}
	}
	if w.unknown[p.Ref] {
		return "its match is unknown"
	}
	if power, known := powers[p.Ref]; !o.AllowPrivileged[p.ID] && (!known || power.Unknown != "" || len(power.Powers) > 0) {
		return "it is, or may be, privileged"
	}
	if p.Active != nil && !*p.Active && p.Type != audit.TypeGroup {
		return "it is inactive"
	}
	if p.Type == audit.TypeGroup && p.Name == "admins" {
		return "it is a system group"
	}
	for _, q := range w.principals {
		if f.ExternalID != "" && q.Ref != p.Ref && audit.SameExternalID(q.ExternalID, f.ExternalID) {
			return "its id is held by " + q.Ref.String()
		}
	}
	for _, g := range all {
		if f.ExternalID != "" && g.Ref != f.Ref && (audit.SameExternalID(g.ExternalID, f.ExternalID) || audit.SameExternalID(g.CurrentExternalID, f.ExternalID)) {
			return "another fix claims or frees its id"
		}
	}
	stored, target := -1, -1
	named := 0
	for i, id := range w.identities {
		if p.ExternalID != "" && audit.SameExternalID(id.ExternalID, p.ExternalID) {
			stored = i
		}
		if id.Type == p.Type && slices.ContainsFunc(id.Names, func(n string) bool { return strings.EqualFold(n, p.Name) }) {
			named, target = named+1, i
		}
	}
	if stored >= 0 && stored != target && !o.Relink {
		return "its stored id belongs to another identity"
	}
	if f.ExternalID == "" {
		switch {
		case p.Type != audit.TypeGroup || !o.SuggestGroupClears || p.ExternalID == "":
			return "it must not be cleared"
		case named > 0:
			return "it has a candidate"
		default:
			return ""
		}
	}
	switch {
	case named != 1:
		return "it has several candidates or none"
	case w.identities[target].ExternalID != f.ExternalID:
		return "its id is not the candidate's"
	case w.identities[target].Enabled != nil && !*w.identities[target].Enabled:
		return "its candidate is disabled"
	case p.Type == audit.TypeGroup && p.ExternalID == "" && !o.LinkGroups:
		return "it is a local group"
	default:
		return ""
	}
}

func TestProperty_fixesAreSafe(t *testing.T) {
	t.Parallel()
	offered := 0
	rapid.Check(t, func(rt *rapid.T) {
		w, o := drawWorld(rt), drawOptions(rt)
		powers := drawPowers(rt, w)
		r := Divergences(w.input(powers), o)
		offered += len(r.ExternalIDFixes)
		for _, f := range r.ExternalIDFixes {
			if why := oracleMayFix(w, o, powers, f, r.ExternalIDFixes); why != "" {
				rt.Fatalf("%+v is offered, although %s", f, why)
			}
		}
	})
	if offered == 0 {
		t.Error("no world had a fix: the property proves nothing")
	}
}

// oracleHarmless asks whether nothing is to be done about a category, over the whole
// world.
func oracleHarmless(w world, p audit.Principal, category string, all []string) bool {
	if slices.Contains(all, rules.CategoryExternalIDMismatch) {
		return false
	}
	knowsSomebody, ids := false, 0
	for _, q := range w.principals {
		m := w.match(q)
		if m.Unknown == "" && q.ExternalID != "" {
			ids++
		}
		knowsSomebody = knowsSomebody || m.ByExternalID != nil || m.ByExternalIDOtherType != nil || len(m.ByName) > 0
	}
	switch m := w.match(p); category {
	case rules.CategoryNameMismatch:
		return slices.ContainsFunc(m.ByExternalID.Names, func(n string) bool { return strings.EqualFold(n, p.Name) })
	case rules.CategoryExternalIDNotInIDP:
		return p.Type == audit.TypeUser && p.Active != nil && !*p.Active && m.ByExternalIDOtherType == nil && (knowsSomebody || ids < 3)
	default:
		return false
	}
}

// Clean is what the oracle says, category by category, and so is the cause of what
// does no harm.
func TestProperty_clean(t *testing.T) {
	t.Parallel()
	harmless := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		w, o := drawWorld(rt), drawOptions(rt)
		o.Waivers = nil
		r := Divergences(w.input(nil), o)
		rows, want := divergences(r), r.Complete
		for _, p := range w.principals {
			d, there := rows[p.Ref.String()]
			open := slices.DeleteFunc(slices.Clone(d.ErrorCategories), func(c string) bool { return oracleHarmless(w, p, c, d.ErrorCategories) })
			if there && (len(open) == 0) != (d.Cause == rules.CauseNameCaseOnly || d.Cause == rules.CauseStaleInactive) {
				rt.Fatalf("%s: cause %s, and %v do harm", p.Ref, d.Cause, open)
			}
			harmless[d.Cause]++
			strict := d.Cause == rules.CauseNameCaseOnly && o.StrictCase || d.Cause == rules.CauseStaleInactive && o.StrictInactive
			want = want && len(open) == 0 && !strict
		}
		if r.Clean != want {
			rt.Fatalf("clean %t, want %t: %+v", r.Clean, want, rows)
		}
	})
	if harmless[rules.CauseNameCaseOnly] == 0 || harmless[rules.CauseStaleInactive] == 0 {
		t.Errorf("causes %v: the property proves nothing", harmless)
	}
}

// Every divergence that is not waived as a whole, and does harm, is a fix or
// someone's work.
func TestProperty_nothingIsDropped(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w, o := drawWorld(rt), drawOptions(rt)
		r := Divergences(w.input(drawPowers(rt, w)), o)
		fixed, manual := fixes(r), reasons(r)
		for ref, d := range divergences(r) {
			_, isFixed := fixed[ref]
			_, isManual := manual[ref]
			for _, l := range r.Deactivations {
				isFixed = isFixed || l.Ref.String() == ref
			}
			for _, g := range r.GroupRenames {
				isFixed = isFixed || "group/"+g.GroupID == ref
			}
			none := d.Waived || d.Action == rules.ActionNone && (d.Cause == rules.CauseNameCaseOnly && !o.StrictCase || d.Cause == rules.CauseStaleInactive && !o.StrictInactive)
			if none == (isFixed || isManual) || isFixed && isManual {
				rt.Fatalf("%s: waived %t, fix %t, manual action %t", ref, d.Waived, isFixed, isManual)
			}
			if d.Cause == "" || d.Action == "" {
				rt.Fatalf("%s: cause %q, action %q", ref, d.Cause, d.Action)
			}
		}
	})
}

func TestProperty_inputOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w, o := drawWorld(rt), drawOptions(rt)
		in := w.input(drawPowers(rt, w))
		want := Divergences(in, o)
		in.Matches = rapid.Permutation(in.Matches).Draw(rt, "matches")
		in.Inventory.Principals = rapid.Permutation(in.Inventory.Principals).Draw(rt, "inventory")
		for i := range in.Matches {
			in.Matches[i].ByName = rapid.Permutation(in.Matches[i].ByName).Draw(rt, "names")
		}
		if diff := cmp.Diff(want, Divergences(in, o)); diff != "" {
			rt.Fatalf("another order gives another report (-first +second):\n%s", diff)
		}
	})
}

// A principal that shares neither name nor id with anything adds itself only.
func TestProperty_unrelatedPrincipal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w, o := drawWorld(rt), drawOptions(rt)
		powers := drawPowers(rt, w)
		want := Divergences(w.input(powers), o)
		stranger := audit.Principal{Ref: audit.Ref{Type: rapid.SampledFrom(audit.PrincipalTypes()).Draw(rt, "type"), ID: "1"}, Name: "stranger"}
		w.principals = append(w.principals, stranger)
		slices.SortFunc(w.principals, func(a, b audit.Principal) int { return audit.CompareRefs(a.Ref, b.Ref) })
		got := Divergences(w.input(powers), o)
		got.Scanned[stranger.Type] = slices.DeleteFunc(got.Scanned[stranger.Type], func(id string) bool { return id == "1" })
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("a stranger changes the report (-without +with):\n%s", diff)
		}
	})
}

// The fixed point: after the fixes there is nothing left to offer, and nothing
// new but the name drift of a link that was known to differ in case.
func TestProperty_fixesConverge(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w, o := drawWorld(rt), drawOptions(rt)
		powers := drawPowers(rt, w)
		before := Divergences(w.input(powers), o)
		fixed := w.apply(before)
		after := Divergences(fixed.input(powers), o)
		if after.Fixable > 0 {
			rt.Fatalf("after %s the next audit offers %s", offers(before), offers(after))
		}
		old := divergences(before)
		targets := fixes(before)
		for ref, d := range divergences(after) {
			for _, c := range d.ErrorCategories {
				_, wasFixed := targets[ref]
				drift := wasFixed && c == rules.CategoryNameMismatch && slices.Contains(old[ref].Advisories, rules.AdvisoryCaseOnly)
				if !drift && !slices.Contains(old[ref].ErrorCategories, c) {
					rt.Fatalf("%s has the new category %s after %+v", ref, c, before.ExternalIDFixes)
				}
			}
		}
		for ref := range targets {
			d := divergences(after)[ref]
			if slices.Contains(d.ErrorCategories, rules.CategoryExternalIDMismatch) || slices.Contains(d.ErrorCategories, rules.CategoryExternalIDNotInIDP) {
				rt.Fatalf("%s was fixed and still has %v", ref, d.ErrorCategories)
			}
		}
	})
}

// Candidates are exactly the principals whose fix privileges can still withhold.
func TestProperty_candidates(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w, o := drawWorld(rt), drawOptions(rt)
		candidates := Candidates(w.input(nil), o)
		harmless := map[audit.Ref]audit.Privilege{}
		for _, ref := range candidates {
			harmless[ref] = audit.Privilege{}
		}
		var offered, withheld []audit.Ref
		r := Divergences(w.input(harmless), o)
		for _, f := range r.ExternalIDFixes {
			if !o.AllowPrivileged[f.ID] {
				offered = append(offered, f.Ref)
			}
		}
		for _, d := range r.Deactivations {
			offered = append(offered, d.Ref)
		}
		for _, g := range r.GroupRenames {
			if !o.AllowPrivileged[g.GroupID] {
				offered = append(offered, audit.Ref{Type: audit.TypeGroup, ID: g.GroupID})
			}
		}
		slices.SortFunc(offered, audit.CompareRefs)
		for _, m := range Divergences(w.input(nil), o).ManualActions {
			if m.Reason == rules.ReasonPrivilegeUnknown {
				withheld = append(withheld, m.Ref)
			}
		}
		if diff := cmp.Diff(candidates, offered); diff != "" {
			rt.Fatalf("candidates and offers differ:\n%s", diff)
		}
		var fixable []audit.Ref
		for _, ref := range candidates {
			if _, isFix := fixes(r)[ref.String()]; isFix {
				fixable = append(fixable, ref)
			}
		}
		if diff := cmp.Diff(fixable, withheld); diff != "" {
			rt.Fatalf("candidates and what is withheld without a look-up differ:\n%s", diff)
		}
	})
}
