// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package audit

import (
	"slices"
	"strings"
	"testing"
)

// ruleCase is one rule seen from all sides. The boundary is the match nearest to
// dirty that is clean.
type ruleCase struct {
	clean, dirty, boundary Match
	// others are principals that the inventory has beside the match.
	others []Principal
}

func ruleCases() map[string]ruleCase {
	const guid = "aaaaaaaa-0000-4000-8000-000000000001"
	person := func(change func(*Principal, *Identity)) Match {
		p := user("1", "a@example.com", "x")
		id := Identity{ExternalID: "x", Names: []string{"a@example.com"}, Enabled: ptr(true), Guest: ptr(false)}
		change(&p, &id)
		return Match{Principal: p, ByExternalID: &id, ByName: []Identity{id}}
	}
	linked := person(func(*Principal, *Identity) {})
	team := func(members *MemberMatch) Match {
		return Match{Principal: group("1", "g", "x"), ByExternalID: ptr(identity("x", "g")), ByName: []Identity{identity("x", "g")}, Members: members}
	}
	app := func(name, idpName string) Match {
		p := servicePrincipal("1", "app", "x")
		p.DisplayName = name
		id := Identity{ExternalID: "x", Names: []string{"app"}, DisplayName: idpName, Enabled: ptr(true)}
		return Match{Principal: p, ByExternalID: &id, ByName: []Identity{id}}
	}
	named := func(stored string, ids ...string) Match {
		m := Match{Principal: group("1", "g", stored)}
		for _, id := range ids {
			m.ByName = append(m.ByName, identity(id, "g"))
		}
		if slices.Contains(ids, stored) {
			m.ByExternalID = ptr(identity(stored, "g"))
		}
		return m
	}
	nested := func(in *bool) *MemberMatch {
		return &MemberMatch{External: []MemberRef{{Ref: Ref{TypeUser, "9"}, ExternalID: "z", NestedInIDP: in}}}
	}
	inactive := func(externalID string) Match {
		return Match{Principal: Principal{Ref: Ref{TypeUser, "1"}, Name: "a", ExternalID: externalID, Active: ptr(false)}}
	}
	return map[string]ruleCase{
		CategoryExternalIDNotInIDP: {linked, Match{Principal: user("1", "a", "x")}, Match{Principal: user("1", "a", "")}, nil},
		CategoryNameMismatch: {
			linked, person(func(p *Principal, _ *Identity) { p.Name = "c@example.com" }),
			person(func(_ *Principal, id *Identity) { id.Names = []string{"b@example.com", "a@example.com"} }), nil,
		},
		CategoryExternalIDMismatch: {linked, named("", "y"), named("y", "x", "y"), nil},
		CategoryLocalMembers:       {team(&MemberMatch{}), team(&MemberMatch{Local: refs("9")}), team(nil), nil},
		CategoryExternalMembers:    {team(&MemberMatch{}), team(&MemberMatch{External: refs("9")}), team(&MemberMatch{Local: refs("9")}), nil},

		AdvisoryDuplicate: {
			Match{Principal: user("1", "a", "free")}, linked, person(func(p *Principal, id *Identity) { p.ExternalID, id.ExternalID = "X", "X" }),
			[]Principal{group("2", "b", "x")},
		},
		AdvisoryOtherType: {
			linked, Match{Principal: user("1", "a", "x"), ByExternalIDOtherType: ptr(identity("x", "g"))}, Match{Principal: user("1", "a", "x")}, nil,
		},
		AdvisoryNotCanonical: {
			linked, Match{Principal: user("1", "a", guid+" "), ByExternalID: ptr(identity(guid, "a"))},
			Match{Principal: user("1", "a", strings.ToUpper(guid)), ByExternalID: ptr(identity(strings.ToUpper(guid), "a"))}, nil,
		},
		AdvisoryAmbiguous: {linked, named("x", "x", "y"), named("x", "x", "x"), nil},
		AdvisoryDisabled: {
			linked, person(func(_ *Principal, id *Identity) { id.Enabled = ptr(false) }),
			person(func(p *Principal, id *Identity) { p.Active, id.Enabled = ptr(false), ptr(false) }), nil,
		},
		AdvisoryGuest: {
			linked, person(func(_ *Principal, id *Identity) { id.Guest, id.Names = ptr(true), []string{"b"} }),
			person(func(_ *Principal, id *Identity) { id.Guest = ptr(true) }), nil,
		},
		AdvisoryCrossTenant: {
			linked, person(func(_ *Principal, id *Identity) { id.HomeTenant = "00000000-0000-4000-8000-00000000000b" }),
			person(func(_ *Principal, id *Identity) { id.HomeTenant = strings.ToUpper(directory().TenantID) }), nil,
		},
		AdvisorySPName: {app("job", "job"), app("job", "Job"), app("", "job"), nil},
		AdvisoryMembersMissing: {
			team(&MemberMatch{InIDP: &IDPMembers{Count: 1, Here: 1}}), team(&MemberMatch{InIDP: &IDPMembers{Count: 1, Missing: []Identity{{ExternalID: "y"}}}}),
			team(&MemberMatch{InIDP: &IDPMembers{Count: 1, Here: 2, Unknown: "500"}}), nil,
		},
		AdvisoryNested: {team(&MemberMatch{}), team(nested(ptr(true))), team(nested(nil)), nil},
		AdvisoryCaseOnly: {
			linked, person(func(p *Principal, _ *Identity) { p.Name = "A@example.com" }), person(func(p *Principal, _ *Identity) { p.Name = "b@example.com" }), nil,
		},
		AdvisoryNearName: {
			linked, Match{Principal: group("1", "g", ""), NearName: []Identity{identity("y", "g ")}},
			Match{Principal: group("1", "g", "")}, nil,
		},
		AdvisoryInactive: {linked, inactive("gone"), inactive(""), nil},
		AdvisoryDeleted: {
			linked, Match{Principal: user("1", "a", "x"), DeletedByExternalID: ptr(identity("x", "a"))}, Match{Principal: user("1", "a", "x")}, nil,
		},
		AdvisorySystemGroup: {team(nil), Match{Principal: group("1", "admins", "gone")}, Match{Principal: user("1", "admins", "gone")}, nil},
	}
}

// Every category and advisory of the registry, seen clean, dirty, at the
// boundary, unknown and waived.
func TestRules_table(t *testing.T) {
	t.Parallel()
	cases := ruleCases()
	for _, rule := range Rules() {
		if rule.Kind != KindCategory && rule.Kind != KindAdvisory || rule.ID == CategoryFederationDisabled {
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
			for name, m := range map[string]Match{"clean": c.clean, "boundary": c.boundary} {
				if r := Divergences(scope([]Match{m}, c.others...), directory()); reports(r, rule.ID) {
					t.Errorf("%s: reported", name)
				}
			}
			dirty := Divergences(scope([]Match{c.dirty}, c.others...), directory())
			if !reports(dirty, rule.ID) {
				t.Error("dirty: not reported")
			}
			if rule.Kind == KindCategory && (dirty.Clean || dirty.Counts[rule.ID] != 1) {
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
func testUnknown(t *testing.T, rule Rule, c ruleCase) {
	t.Helper()
	m := c.dirty
	if m.Members != nil { // The rule is about members, and these are the hole.
		m.Members = &MemberMatch{Local: m.Members.Local, External: m.Members.External, Unknown: "500"}
	} else {
		m.Unknown = "500"
	}
	r := Divergences(scope([]Match{m}, c.others...), directory())
	if reports(r, rule.ID) || r.Complete || r.Clean {
		t.Errorf("unknown: reported %t, complete %t, clean %t", reports(r, rule.ID), r.Complete, r.Clean)
	}
}

// testWaived: waived divergences stay in the report and in the counts. A waiver
// does not change what is advised, and an advisory counts against nothing.
func testWaived(t *testing.T, rule Rule, c ruleCase, dirty Report) {
	t.Helper()
	o := directory()
	o.Waivers = []Waiver{{Type: c.dirty.Principal.Type, ID: "1", Reason: "known"}}
	r := Divergences(scope([]Match{c.dirty}, c.others...), o)
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
