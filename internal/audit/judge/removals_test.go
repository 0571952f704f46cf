// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"
)

// removable is a linked group with one local and one external member that the
// IdP does not have, both members in scope and beyond doubt.
func removable() (Input, Options) {
	g := audit.Match{
		Principal: group("10", "g", "g-id"), ByExternalID: ptr(identity("g-id", "g")),
		Members: &audit.MemberMatch{
			Local:    []audit.MemberRef{{Ref: audit.Ref{Type: audit.TypeUser, ID: "1"}, Name: "a", Source: audit.SourceInternal, NestedInIDP: ptr(false)}},
			External: []audit.MemberRef{{Ref: audit.Ref{Type: audit.TypeUser, ID: "2"}, Name: "b", ExternalID: "b-id", Source: audit.SourceInternal, NestedInIDP: ptr(false)}},
		},
	}
	in := scope([]audit.Match{
		{Principal: user("1", "a", "")},
		{Principal: user("2", "b", "b-id"), ByExternalID: ptr(identity("b-id", "b"))},
		g,
	})
	return in, directory()
}

func TestDivergences_removals(t *testing.T) {
	t.Parallel()
	in, o := removable()
	r := Divergences(in, o)
	same(t, "removals", r.MemberRemovals, []MemberRemoval{
		{"10", "g", "1", audit.TypeUser, "a", rules.CategoryLocalMembers, rules.CauseMemberLocal},
		{"10", "g", "2", audit.TypeUser, "b", rules.CategoryExternalMembers, rules.CauseMemberNotInGroup},
	})
	same(t, "manual actions", r.ManualActions, []ManualAction(nil))
	same(t, "fixable", r.Fixable, 2)
	same(t, "action", r.Groups[0].Action, rules.ActionRemoveMembers)
	same(t, "cause", r.Groups[0].Cause, rules.CauseMembers)
}

// nest makes a group of the external member, itself in order.
func nest(in *Input) []audit.Match {
	in.Matches[2].Members.External[0].Type = audit.TypeGroup
	return append(in.Matches[:3:3], audit.Match{Principal: group("2", "b", "b-id"), ByExternalID: ptr(identity("b-id", "b")), Members: &audit.MemberMatch{}})
}

// Every condition of a removal, as the one change that takes that of the
// external member 2 away, or does not.
func TestDivergences_removalConditions(t *testing.T) {
	t.Parallel()
	const memberMatch, groupMatch = 1, 2
	external := func(in *Input) *audit.MemberRef { return &in.Matches[groupMatch].Members.External[0] }
	cases := map[string]struct {
		change func(in *Input, o *Options)
		reason string // empty: the removal stays
	}{
		"base":                    {func(*Input, *Options) {}, ""},
		"owned by the IdP":        {func(in *Input, _ *Options) { external(in).Source = audit.SourceIdentityProvider }, rules.ReasonMemberOfIDP},
		"source unknown":          {func(in *Input, _ *Options) { external(in).Source = audit.SourceUnknown }, rules.ReasonMemberSource},
		"source unknown, AIM on":  {func(in *Input, o *Options) { external(in).Source, o.AIM = audit.SourceUnknown, audit.AIMOn }, rules.ReasonMemberSource},
		"source unknown, AIM off": {func(in *Input, o *Options) { external(in).Source, o.AIM = audit.SourceUnknown, audit.AIMOff }, ""},
		"source from the list": {func(in *Input, _ *Options) {
			external(in).Source = ""
			listMember(in, audit.TypeUser, audit.SourceInternal)
		}, ""},
		"the list says IdP":        {func(in *Input, _ *Options) { listMember(in, audit.TypeUser, audit.SourceIdentityProvider) }, rules.ReasonMemberOfIDP},
		"nested":                   {func(in *Input, _ *Options) { external(in).NestedInIDP = ptr(true) }, rules.ReasonMemberNested},
		"nesting unknown":          {func(in *Input, _ *Options) { external(in).NestedInIDP = nil }, rules.ReasonMemberNestingUnknown},
		"databricks decides":       {func(in *Input, o *Options) { external(in).NestedInIDP, o.IDP = nil, matchIDP }, ""},
		"databricks, type by list": {func(in *Input, o *Options) { bare(in, o); listMember(in, audit.TypeUser, audit.SourceInternal) }, ""},
		"databricks, not listed":   {bare, rules.ReasonMemberNotRead},
		"member stale": {func(in *Input, _ *Options) {
			in.Matches[memberMatch].ByExternalID = nil
		}, ""},
		"member linkable": {func(in *Input, _ *Options) {
			in.Matches[memberMatch].ByExternalID, in.Matches[memberMatch].ByName = nil, []audit.Identity{identity("new", "b")}
		}, rules.ReasonMemberIdentity},
		"member renamed":   {func(in *Input, _ *Options) { in.Matches[memberMatch].ByExternalID = ptr(identity("b-id", "c")) }, rules.ReasonMemberIdentity},
		"member near name": {func(in *Input, _ *Options) { in.Matches[memberMatch].NearName = []audit.Identity{identity("n", "b ")} }, rules.ReasonMemberIdentity},
		"member name twice": {func(in *Input, _ *Options) {
			in.Matches[memberMatch].ByName = append(in.Matches[memberMatch].ByName, identity("b-id", "b"), identity("other", "b"))
		}, rules.ReasonMemberIdentity},
		"member name once":   {func(in *Input, _ *Options) { in.Matches[memberMatch].ByName = []audit.Identity{identity("b-id", "b")} }, ""},
		"member unknown":     {func(in *Input, _ *Options) { in.Matches[memberMatch].Unknown = "500" }, rules.ReasonMemberUnknown},
		"member not audited": {func(in *Input, _ *Options) { in.Matches = append(in.Matches[:1:1], in.Matches[2]) }, rules.ReasonMemberNotAudited},
		"group renamed":      {func(in *Input, _ *Options) { in.Matches[groupMatch].ByExternalID = ptr(identity("g-id", "h")) }, rules.ReasonGroupLink},
		"group stale":        {func(in *Input, _ *Options) { in.Matches[groupMatch].ByExternalID = nil }, rules.ReasonGroupLink},
		"group not linked": {func(in *Input, _ *Options) {
			in.Matches[groupMatch].ByExternalID, in.Matches[groupMatch].Principal.ExternalID = nil, ""
		}, rules.ReasonGroupLink},
		"system group": {func(in *Input, _ *Options) {
			in.Matches[groupMatch].Principal.Name, in.Matches[groupMatch].ByExternalID = "users", ptr(identity("g-id", "users"))
		}, rules.ReasonSystemGroup},
		"waived":                   {func(_ *Input, o *Options) { o.Waivers = []audit.Waiver{{Category: rules.CategoryExternalMembers}} }, "-"},
		"row waived":               {func(_ *Input, o *Options) { o.Waivers = []audit.Waiver{{Type: audit.TypeGroup}} }, "-"},
		"members whole":            {func(in *Input, _ *Options) { in.Matches[groupMatch].Members.Unknown = "hidden" }, "-"},
		"nested group of nobody's": {func(in *Input, _ *Options) { in.Matches = nest(in) }, ""},
		"nested group that holds somebody of the IdP's": {func(in *Input, _ *Options) {
			in.Matches = nest(in)
			external(in).NestedInIDP = ptr(true)
		}, rules.ReasonMemberNested},
		"nested group of unknown members": {func(in *Input, _ *Options) {
			in.Matches = nest(in)
			external(in).NestedInIDP = nil
		}, rules.ReasonMemberGroupUnknown},
		"nested group, databricks": {func(in *Input, o *Options) {
			in.Matches = nest(in)
			external(in).NestedInIDP, o.IDP = nil, matchIDP
		}, rules.ReasonMemberGroupUnknown},
		"nested group in Okta": {func(in *Input, o *Options) {
			in.Matches = nest(in)
			o.IDP = oktaIDP
		}, rules.ReasonMemberOutOfScope},
		"service principal in Okta": {func(in *Input, o *Options) {
			external(in).Type, o.IDP = audit.TypeServicePrincipal, oktaIDP
		}, rules.ReasonMemberOutOfScope},
		"twice": {func(in *Input, _ *Options) {
			m := &in.Matches[groupMatch].Members
			(*m).External = append((*m).External, (*m).External[0])
		}, ""},
		"in both lists": {func(in *Input, _ *Options) {
			m := &in.Matches[groupMatch].Members
			(*m).Local = append((*m).Local, (*m).External[0])
		}, "local"},
		"hole in the list": {func(in *Input, _ *Options) { in.Inventory.Coverage.Users = false }, ""},
	}
	for label, c := range cases {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			in, o := removable()
			c.change(&in, &o)
			r := Divergences(in, o)
			removed, reason := 0, ""
			for _, m := range r.MemberRemovals {
				if m.MemberID == "2" {
					removed++
					if m.Category == rules.CategoryLocalMembers {
						reason = "local"
					}
				}
			}
			for _, a := range r.ManualActions {
				if len(a.Members) > 0 && a.Members[len(a.Members)-1].ID == "2" {
					reason = a.Reason
				}
			}
			switch c.reason {
			case "", "local":
				if removed != 1 || reason != c.reason {
					t.Errorf("removed %d times, reason %q; want once, reason %q", removed, reason, c.reason)
				}
			case "-":
				if removed != 0 || reason != "" {
					t.Errorf("removed %d times, reason %q; want neither", removed, reason)
				}
			default:
				if removed != 0 || reason != c.reason {
					t.Errorf("removed %d times, reason %q; want never, reason %q", removed, reason, c.reason)
				}
			}
		})
	}
}

// bare leaves of the members what matchWithIdp returns.
func bare(in *Input, o *Options) {
	o.IDP = matchIDP
	m := in.Matches[2].Members
	m.Local, m.External = nil, []audit.MemberRef{{Ref: audit.Ref{ID: "2"}}}
}

func listMember(in *Input, t audit.PrincipalType, source audit.MembershipSource) {
	in.Members = map[string][]audit.Member{"10": {{Ref: audit.Ref{Type: t, ID: "2"}, Name: "b", ExternalID: "b-id", Source: source}}}
}

func TestDivergences_membersLeft(t *testing.T) {
	t.Parallel()
	in, o := removable()
	in.Matches[2].Members.External = append(in.Matches[2].Members.External,
		audit.MemberRef{Ref: audit.Ref{Type: audit.TypeGroup, ID: "11"}, Source: audit.SourceInternal, NestedInIDP: ptr(true)},
		audit.MemberRef{Ref: audit.Ref{Type: audit.TypeGroup, ID: "9"}, Source: audit.SourceInternal, NestedInIDP: ptr(true)})
	r := Divergences(in, o)
	same(t, "manual actions", r.ManualActions, []ManualAction{{
		Ref: audit.Ref{Type: audit.TypeGroup, ID: "10"}, PrincipalName: "g", Category: rules.CategoryExternalMembers,
		Reason: rules.ReasonMemberNested, Detail: "2 members: the identity provider has it through a nested group, or has a member of it",
		Members: []NamedRef{{Ref: audit.Ref{Type: audit.TypeGroup, ID: "9"}}, {Ref: audit.Ref{Type: audit.TypeGroup, ID: "11"}}},
	}})
	same(t, "action", r.Groups[0].Action, rules.ActionReviewMembers)
	same(t, "advisories", r.Groups[0].Advisories, []string{rules.AdvisoryNested})
}

// A linked group 20 holds group 10, through which it has someone of the IdP's. No one
// is offered to be taken out of group 10, nor out of a group within it.
func TestDivergences_carriersKeepTheirMembers(t *testing.T) {
	t.Parallel()
	for label, c := range map[string]struct {
		member  audit.Ref
		nested  *bool
		members map[string][]audit.Member
		want    int
	}{
		"carries":           {audit.Ref{Type: audit.TypeGroup, ID: "10"}, ptr(true), nil, 0},
		"through another":   {audit.Ref{Type: audit.TypeGroup, ID: "30"}, ptr(true), map[string][]audit.Member{"30": {{Ref: audit.Ref{Type: audit.TypeGroup, ID: "10"}}}}, 0},
		"in a circle":       {audit.Ref{Type: audit.TypeGroup, ID: "30"}, ptr(true), map[string][]audit.Member{"30": {{Ref: audit.Ref{Type: audit.TypeGroup, ID: "10"}}}, "10": {{Ref: audit.Ref{Type: audit.TypeGroup, ID: "30"}}}}, 0},
		"carries nobody":    {audit.Ref{Type: audit.TypeGroup, ID: "10"}, ptr(false), nil, 2},
		"another group":     {audit.Ref{Type: audit.TypeGroup, ID: "40"}, ptr(true), nil, 2},
		"a user of that id": {audit.Ref{Type: audit.TypeUser, ID: "10"}, ptr(true), nil, 2},
	} {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			in, o := removable()
			parent := audit.Match{
				Principal: group("20", "p", "p-id"), ByExternalID: ptr(identity("p-id", "p")),
				Members: &audit.MemberMatch{External: []audit.MemberRef{{Ref: c.member, Name: "x", ExternalID: "x-id", Source: audit.SourceInternal, NestedInIDP: c.nested}}},
			}
			in = scope(append(in.Matches, parent))
			in.Members = c.members
			got := 0
			for _, m := range Divergences(in, o).MemberRemovals {
				if m.GroupID == "10" {
					got++
				}
			}
			if got != c.want {
				t.Errorf("%d members are offered to be taken out of group 10, want %d", got, c.want)
			}
		})
	}
}

// What the group's direct members say of a member fills what the match leaves open. The
// identity provider's membership is believed over the account's own, not the other way.
func TestMemberJudge_complete(t *testing.T) {
	t.Parallel()
	direct := audit.Member{Ref: audit.Ref{Type: audit.TypeUser, ID: "1"}, Name: "direct", ExternalID: "d"}
	for label, c := range map[string]struct {
		match, direct, want audit.MembershipSource
	}{
		"not said":               {"", audit.SourceInternal, audit.SourceInternal},
		"unknown":                {audit.SourceUnknown, audit.SourceInternal, audit.SourceInternal},
		"the IdP's after all":    {audit.SourceInternal, audit.SourceIdentityProvider, audit.SourceIdentityProvider},
		"the IdP's by the match": {audit.SourceIdentityProvider, audit.SourceInternal, audit.SourceIdentityProvider},
		"both internal":          {audit.SourceInternal, audit.SourceUnknown, audit.SourceInternal},
	} {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			d := direct
			d.Source = c.direct
			j := memberJudge{direct: map[string]*audit.Member{"1": &d}}
			got, known := j.complete(audit.MemberRef{Ref: audit.Ref{ID: "1"}, Name: "match", Source: c.match})
			if want := (audit.MemberRef{Ref: d.Ref, Name: "match", ExternalID: "d", Source: c.want}); !known || got.Ref != want.Ref || got.Name != want.Name || got.ExternalID != want.ExternalID || got.Source != want.Source {
				t.Errorf("completed to %+v, want %+v", got, want)
			}
		})
	}
}

// Members that are left to people are named by what the listing knows of them, and
// counted where there are several.
func TestDivergences_leftMembersAreNamed(t *testing.T) {
	t.Parallel()
	in, o := removable()
	in.Matches[2].Members.Local = nil
	in.Matches[2].Members.External[0].Name, in.Matches[2].Members.External[0].Source = "", audit.SourceUnknown
	one := Divergences(in, o).ManualActions
	if len(one) != 1 {
		t.Fatalf("left: %+v", one)
	}
	same(t, "members", one[0].Members, []NamedRef{{Ref: audit.Ref{Type: audit.TypeUser, ID: "2"}, Name: "b"}})
	if strings.Contains(one[0].Detail, "members:") {
		t.Errorf("one member is counted: %s", one[0].Detail)
	}
	in.Matches[2].Members.External[0].Ref = audit.Ref{Type: audit.TypeGroup, ID: "2"}
	for _, action := range Divergences(in, o).ManualActions {
		same(t, "a group of a user's id", action.Members, []NamedRef{{Ref: audit.Ref{Type: audit.TypeGroup, ID: "2"}}})
	}
}
