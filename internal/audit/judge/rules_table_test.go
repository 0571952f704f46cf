// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"
)

// ruleCase is one rule seen from all sides. The boundary is the match nearest to
// dirty that is clean.
type ruleCase struct {
	clean, dirty, boundary audit.Match
	// others are principals that the inventory has beside the match.
	others []audit.Principal
}

func ruleCases() map[string]ruleCase {
	const guid = "aaaaaaaa-0000-4000-8000-000000000001"
	person := func(change func(*audit.Principal, *audit.Identity)) audit.Match {
		p := user("1", "a@example.com", "x")
		id := audit.Identity{ExternalID: "x", Names: []string{"a@example.com"}, Enabled: ptr(true), Guest: ptr(false)}
		change(&p, &id)
		return audit.Match{Principal: p, ByExternalID: &id, ByName: []audit.Identity{id}}
	}
	linked := person(func(*audit.Principal, *audit.Identity) {})
	team := func(members *audit.MemberMatch) audit.Match {
		return audit.Match{Principal: group("1", "g", "x"), ByExternalID: ptr(identity("x", "g")), ByName: []audit.Identity{identity("x", "g")}, Members: members}
	}
	app := func(name, idpName string) audit.Match {
		p := servicePrincipal("1", "app", "x")
		p.DisplayName = name
		id := audit.Identity{ExternalID: "x", Names: []string{"app"}, DisplayName: idpName, Enabled: ptr(true)}
		return audit.Match{Principal: p, ByExternalID: &id, ByName: []audit.Identity{id}}
	}
	named := func(stored string, ids ...string) audit.Match {
		m := audit.Match{Principal: group("1", "g", stored)}
		for _, id := range ids {
			m.ByName = append(m.ByName, identity(id, "g"))
		}
		if slices.Contains(ids, stored) {
			m.ByExternalID = ptr(identity(stored, "g"))
		}
		return m
	}
	nested := func(in *bool) *audit.MemberMatch {
		return &audit.MemberMatch{External: []audit.MemberRef{{Ref: audit.Ref{Type: audit.TypeUser, ID: "9"}, ExternalID: "z", NestedInIDP: in}}}
	}
	inactive := func(externalID string) audit.Match {
		return audit.Match{Principal: audit.Principal{Ref: audit.Ref{Type: audit.TypeUser, ID: "1"}, Name: "a", ExternalID: externalID, Active: ptr(false)}}
	}
	return map[string]ruleCase{
		rules.CategoryExternalIDNotInIDP: {linked, audit.Match{Principal: user("1", "a", "x")}, audit.Match{Principal: user("1", "a", "")}, nil},
		rules.CategoryNameMismatch: {
			linked, person(func(p *audit.Principal, _ *audit.Identity) { p.Name = "c@example.com" }),
			person(func(_ *audit.Principal, id *audit.Identity) { id.Names = []string{"b@example.com", "a@example.com"} }), nil,
		},
		rules.CategoryExternalIDMismatch: {linked, named("", "y"), named("y", "x", "y"), nil},
		rules.CategoryLocalMembers:       {team(&audit.MemberMatch{}), team(&audit.MemberMatch{Local: refs("9")}), team(nil), nil},
		rules.CategoryExternalMembers:    {team(&audit.MemberMatch{}), team(&audit.MemberMatch{External: refs("9")}), team(&audit.MemberMatch{Local: refs("9")}), nil},

		rules.AdvisoryDuplicate: {
			audit.Match{Principal: user("1", "a", "free")}, linked, person(func(p *audit.Principal, id *audit.Identity) { p.ExternalID, id.ExternalID = "X", "X" }),
			[]audit.Principal{group("2", "b", "x")},
		},
		rules.AdvisoryOtherType: {
			linked, audit.Match{Principal: user("1", "a", "x"), ByExternalIDOtherType: ptr(identity("x", "g"))}, audit.Match{Principal: user("1", "a", "x")}, nil,
		},
		rules.AdvisoryNotCanonical: {
			linked, audit.Match{Principal: user("1", "a", guid+" "), ByExternalID: ptr(identity(guid, "a"))},
			audit.Match{Principal: user("1", "a", strings.ToUpper(guid)), ByExternalID: ptr(identity(strings.ToUpper(guid), "a"))}, nil,
		},
		rules.AdvisoryAmbiguous: {linked, named("x", "x", "y"), named("x", "x", "x"), nil},
		rules.AdvisoryDisabled: {
			linked, person(func(_ *audit.Principal, id *audit.Identity) { id.Enabled = ptr(false) }),
			person(func(p *audit.Principal, id *audit.Identity) { p.Active, id.Enabled = ptr(false), ptr(false) }), nil,
		},
		rules.AdvisoryGuest: {
			linked, person(func(_ *audit.Principal, id *audit.Identity) { id.Guest, id.Names = ptr(true), []string{"b"} }),
			person(func(_ *audit.Principal, id *audit.Identity) { id.Guest = ptr(true) }), nil,
		},
		rules.AdvisoryCrossTenant: {
			linked, person(func(_ *audit.Principal, id *audit.Identity) { id.HomeTenant = "00000000-0000-4000-8000-00000000000b" }),
			person(func(_ *audit.Principal, id *audit.Identity) { id.HomeTenant = strings.ToUpper(directory().TenantID) }), nil,
		},
		rules.AdvisorySPName: {app("job", "job"), app("job", "Job"), app("", "job"), nil},
		rules.AdvisoryMembersMissing: {
			team(&audit.MemberMatch{InIDP: &audit.IDPMembers{Count: 1, Here: 1}}), team(&audit.MemberMatch{InIDP: &audit.IDPMembers{Count: 1, Missing: []audit.Identity{{ExternalID: "y"}}}}),
			team(&audit.MemberMatch{InIDP: &audit.IDPMembers{Count: 1, Here: 2, Unknown: "500"}}), nil,
		},
		rules.AdvisoryNested: {team(&audit.MemberMatch{}), team(nested(ptr(true))), team(nested(nil)), nil},
		rules.AdvisoryCaseOnly: {
			linked, person(func(p *audit.Principal, _ *audit.Identity) { p.Name = "A@example.com" }), person(func(p *audit.Principal, _ *audit.Identity) { p.Name = "b@example.com" }), nil,
		},
		rules.AdvisoryNearName: {
			linked, audit.Match{Principal: group("1", "g", ""), NearName: []audit.Identity{identity("y", "g ")}},
			audit.Match{Principal: group("1", "g", "")}, nil,
		},
		rules.AdvisoryInactive: {linked, inactive("gone"), inactive(""), nil},
		rules.AdvisoryDeleted: {
			linked, audit.Match{Principal: user("1", "a", "x"), DeletedByExternalID: ptr(identity("x", "a"))}, audit.Match{Principal: user("1", "a", "x")}, nil,
		},
		rules.AdvisorySystemGroup: {team(nil), audit.Match{Principal: group("1", "admins", "gone")}, audit.Match{Principal: user("1", "admins", "gone")}, nil},
	}
}

// Every category and advisory of the registry, seen clean, dirty, at the
// boundary, unknown and waived.
func TestRules_table(t *testing.T) {
	t.Parallel()
	cases := ruleCases()
	for _, rule := range rules.All() {
		if rule.Kind != rules.KindCategory && rule.Kind != rules.KindAdvisory || rule.ID == rules.CategoryFederationDisabled {
			continue // Federation is a workspace's: TestFederation.
		}
		c, there := cases[rule.ID]
		if !there {
			t.Errorf("%s has no cases", rule.ID)
			continue
		}
		delete(cases, rule.ID)
		t.Run(rule.ID, func(t *testing.T) {
			t.Parallel()
			for name, m := range map[string]audit.Match{"clean": c.clean, "boundary": c.boundary} {
				if r := Divergences(scope([]audit.Match{m}, c.others...), directory()); reports(r, rule.ID) {
					t.Errorf("%s: reported", name)
				}
			}
			dirty := Divergences(scope([]audit.Match{c.dirty}, c.others...), directory())
			if !reports(dirty, rule.ID) {
				t.Error("dirty: not reported")
			}
			if rule.Kind == rules.KindCategory && (dirty.Clean || dirty.Counts[rule.ID] != 1) {
				t.Errorf("dirty: clean %t, count %d", dirty.Clean, dirty.Counts[rule.ID])
			}
			testUnknown(t, rule, c)
			testWaived(t, rule, c, dirty)
		})
	}
	for id := range cases {
		t.Errorf("cases for %s, which the registry does not have", id)
	}
}

// testUnknown: what could not be read is neither reported nor clean.
func testUnknown(t *testing.T, rule rules.Rule, c ruleCase) {
	t.Helper()
	m := c.dirty
	if m.Members != nil { // The rule is about members, and these are the hole.
		m.Members = &audit.MemberMatch{Local: m.Members.Local, External: m.Members.External, Unknown: "500"}
	} else {
		m.Unknown = "500"
	}
	r := Divergences(scope([]audit.Match{m}, c.others...), directory())
	if reports(r, rule.ID) || r.Complete || r.Clean {
		t.Errorf("unknown: reported %t, complete %t, clean %t", reports(r, rule.ID), r.Complete, r.Clean)
	}
}

// testWaived: waived divergences stay in the report and in the counts. A waiver
// does not change what is advised, and an advisory counts against nothing.
func testWaived(t *testing.T, rule rules.Rule, c ruleCase, dirty Report) {
	t.Helper()
	o := directory()
	o.Waivers = []audit.Waiver{{Type: c.dirty.Principal.Type, ID: "1", Reason: "known"}}
	r := Divergences(scope([]audit.Match{c.dirty}, c.others...), o)
	if !reports(r, rule.ID) || !r.Clean {
		t.Errorf("waived: reported %t, clean %t", reports(r, rule.ID), r.Clean)
	}
	same(t, "waived: counts", r.Counts, dirty.Counts)
}

// reports reports whether any row has a category or advisory.
func reports(r Report, id string) bool {
	for _, d := range divergences(r) {
		if slices.Contains(d.ErrorCategories, id) || slices.Contains(d.Advisories, id) {
			return true
		}
	}
	return slices.ContainsFunc(r.AdvisoryOnly, func(a AdvisoryRow) bool { return slices.Contains(a.Advisories, id) })
}

// The bucket in which the executor puts a row is one that its cause names.
func TestProperty_bucketsOfCauses(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	rapid.Check(t, func(rt *rapid.T) {
		w, o := drawWorld(rt), drawOptions(rt)
		in := w.input(nil)
		for _, row := range divergences(Divergences(in, o)) {
			var p audit.Principal
			for _, q := range w.principals {
				if q.Ref == row.Ref {
					p = q
				}
			}
			rule, found := rules.Find(rules.KindCause, row.Cause)
			got := rules.BucketOf(row.Type, row.ErrorCategories, len(w.match(p).ByName) > 0, strings.HasSuffix(strings.ToLower(p.Name), "@example.com"))
			allowed := strings.Split(rule.Buckets[row.Type], " or ")
			if !found || !slices.Contains(allowed, got) {
				rt.Fatalf("%s with the cause %s and %v is in bucket %q, the rule names %v", row.Ref, row.Cause, row.ErrorCategories, got, allowed)
			}
			seen[got] = true
		}
	})
	for _, bucket := range []string{"1", "2", "3", "4", "5", "6", "7", "8"} {
		if !seen[bucket] && os.Getenv("DBXIDENTITY_TEST_QUICK") == "" {
			t.Errorf("no world has a row in bucket %s", bucket)
		}
	}
}

// A user is not renamed as a group is.
func TestManualAction_Remedy_nameChange(t *testing.T) {
	t.Parallel()
	ofUser := ManualAction{Ref: audit.Ref{Type: audit.TypeUser}, Reason: rules.ReasonNameChange}
	ofGroup := ManualAction{Ref: audit.Ref{Type: audit.TypeGroup}, Reason: rules.ReasonNameChange}
	if got := ofUser.Remedy(); !strings.Contains(got, "Databricks support") {
		t.Error(got)
	}
	if got := ofGroup.Remedy(); strings.Contains(got, "support") || !strings.Contains(got, "Rename") {
		t.Error(got)
	}
}
