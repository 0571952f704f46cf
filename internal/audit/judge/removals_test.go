// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package audit

import (
	"strings"
	"testing"
)

// removable is a linked group with one local and one external member that the
// IdP does not have, both members in scope and beyond doubt.
func removable() (Input, Options) {
	g := Match{
		Principal: group("10", "g", "g-id"), ByExternalID: ptr(identity("g-id", "g")),
		Members: &MemberMatch{
			Local:    []MemberRef{{Ref: Ref{TypeUser, "1"}, Name: "a", Source: SourceInternal, NestedInIDP: ptr(false)}},
			External: []MemberRef{{Ref: Ref{TypeUser, "2"}, Name: "b", ExternalID: "b-id", Source: SourceInternal, NestedInIDP: ptr(false)}},
		},
	}
	in := scope([]Match{
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
		{"10", "g", "1", TypeUser, "a", CategoryLocalMembers, CauseMemberLocal},
		{"10", "g", "2", TypeUser, "b", CategoryExternalMembers, CauseMemberNotInGroup},
	})
	same(t, "manual actions", r.ManualActions, []ManualAction(nil))
	same(t, "fixable", r.Fixable, 2)
	same(t, "action", r.Groups[0].Action, ActionRemoveMembers)
	same(t, "cause", r.Groups[0].Cause, CauseMembers)
}

// nest makes a group of the external member, itself in order.
func nest(in *Input) []Match {
	in.Matches[2].Members.External[0].Type = TypeGroup
	return append(in.Matches[:3:3], Match{Principal: group("2", "b", "b-id"), ByExternalID: ptr(identity("b-id", "b")), Members: &MemberMatch{}})
}

// Every condition of a removal, as the one change that takes that of the
// external member 2 away, or does not.
func TestDivergences_removalConditions(t *testing.T) {
	t.Parallel()
	const memberMatch, groupMatch = 1, 2
	external := func(in *Input) *MemberRef { return &in.Matches[groupMatch].Members.External[0] }
	cases := map[string]struct {
		change func(in *Input, o *Options)
		reason string // empty: the removal stays
	}{
		"base":                     {func(*Input, *Options) {}, ""},
		"owned by the IdP":         {func(in *Input, _ *Options) { external(in).Source = SourceIdentityProvider }, ReasonMemberOfIDP},
		"source unknown":           {func(in *Input, _ *Options) { external(in).Source = SourceUnknown }, ReasonMemberSource},
		"source unknown, AIM on":   {func(in *Input, o *Options) { external(in).Source, o.AIM = SourceUnknown, AIMOn }, ReasonMemberSource},
		"source unknown, AIM off":  {func(in *Input, o *Options) { external(in).Source, o.AIM = SourceUnknown, AIMOff }, ""},
		"source from the list":     {func(in *Input, _ *Options) { external(in).Source = ""; listMember(in, TypeUser, SourceInternal) }, ""},
		"the list says IdP":        {func(in *Input, _ *Options) { listMember(in, TypeUser, SourceIdentityProvider) }, ReasonMemberOfIDP},
		"nested":                   {func(in *Input, _ *Options) { external(in).NestedInIDP = ptr(true) }, ReasonMemberNested},
		"nesting unknown":          {func(in *Input, _ *Options) { external(in).NestedInIDP = nil }, ReasonMemberNestingUnknown},
		"databricks decides":       {func(in *Input, o *Options) { external(in).NestedInIDP, o.IDP = nil, matchIDP }, ""},
		"databricks, type by list": {func(in *Input, o *Options) { bare(in, o); listMember(in, TypeUser, SourceInternal) }, ""},
		"databricks, not listed":   {bare, ReasonMemberNotRead},
		"member stale": {func(in *Input, _ *Options) {
			in.Matches[memberMatch].ByExternalID = nil
		}, ""},
		"member linkable": {func(in *Input, _ *Options) {
			in.Matches[memberMatch].ByExternalID, in.Matches[memberMatch].ByName = nil, []Identity{identity("new", "b")}
		}, ReasonMemberIdentity},
		"member renamed":   {func(in *Input, _ *Options) { in.Matches[memberMatch].ByExternalID = ptr(identity("b-id", "c")) }, ReasonMemberIdentity},
		"member near name": {func(in *Input, _ *Options) { in.Matches[memberMatch].NearName = []Identity{identity("n", "b ")} }, ReasonMemberIdentity},
		"member name twice": {func(in *Input, _ *Options) {
			in.Matches[memberMatch].ByName = append(in.Matches[memberMatch].ByName, identity("b-id", "b"), identity("other", "b"))
		}, ReasonMemberIdentity},
		"member name once":   {func(in *Input, _ *Options) { in.Matches[memberMatch].ByName = []Identity{identity("b-id", "b")} }, ""},
		"member unknown":     {func(in *Input, _ *Options) { in.Matches[memberMatch].Unknown = "500" }, ReasonMemberUnknown},
		"member not audited": {func(in *Input, _ *Options) { in.Matches = append(in.Matches[:1:1], in.Matches[2]) }, ReasonMemberNotAudited},
		"group renamed":      {func(in *Input, _ *Options) { in.Matches[groupMatch].ByExternalID = ptr(identity("g-id", "h")) }, ReasonGroupLink},
		"group stale":        {func(in *Input, _ *Options) { in.Matches[groupMatch].ByExternalID = nil }, ReasonGroupLink},
		"group not linked": {func(in *Input, _ *Options) {
			in.Matches[groupMatch].ByExternalID, in.Matches[groupMatch].Principal.ExternalID = nil, ""
		}, ReasonGroupLink},
		"system group": {func(in *Input, _ *Options) {
			in.Matches[groupMatch].Principal.Name, in.Matches[groupMatch].ByExternalID = "users", ptr(identity("g-id", "users"))
		}, ReasonSystemGroup},
		"waived":                   {func(_ *Input, o *Options) { o.Waivers = []Waiver{{Category: CategoryExternalMembers}} }, "-"},
		"row waived":               {func(_ *Input, o *Options) { o.Waivers = []Waiver{{Type: TypeGroup}} }, "-"},
		"members whole":            {func(in *Input, _ *Options) { in.Matches[groupMatch].Members.Unknown = "hidden" }, "-"},
		"nested group of nobody's": {func(in *Input, _ *Options) { in.Matches = nest(in) }, ""},
		"nested group that holds somebody of the IdP's": {func(in *Input, _ *Options) {
			in.Matches = nest(in)
			external(in).NestedInIDP = ptr(true)
		}, ReasonMemberNested},
		"nested group of unknown members": {func(in *Input, _ *Options) {
			in.Matches = nest(in)
			external(in).NestedInIDP = nil
		}, ReasonMemberGroupUnknown},
		"nested group, databricks": {func(in *Input, o *Options) {
			in.Matches = nest(in)
			external(in).NestedInIDP, o.IDP = nil, matchIDP
		}, ReasonMemberGroupUnknown},
		"nested group in Okta": {func(in *Input, o *Options) {
			in.Matches = nest(in)
			o.IDP = oktaIDP
		}, ReasonMemberOutOfScope},
		"service principal in Okta": {func(in *Input, o *Options) {
			external(in).Type, o.IDP = TypeServicePrincipal, oktaIDP
		}, ReasonMemberOutOfScope},
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
					if m.Category == CategoryLocalMembers {
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
	m.Local, m.External = nil, []MemberRef{{Ref: Ref{ID: "2"}}}
}

func listMember(in *Input, t PrincipalType, source MembershipSource) {
	in.Members = map[string][]Member{"10": {{Ref: Ref{t, "2"}, Name: "b", ExternalID: "b-id", Source: source}}}
}

func TestDivergences_membersLeft(t *testing.T) {
	t.Parallel()
	in, o := removable()
	in.Matches[2].Members.External = append(in.Matches[2].Members.External,
		MemberRef{Ref: Ref{TypeGroup, "11"}, Source: SourceInternal, NestedInIDP: ptr(true)},
		MemberRef{Ref: Ref{TypeGroup, "9"}, Source: SourceInternal, NestedInIDP: ptr(true)})
	r := Divergences(in, o)
	same(t, "manual actions", r.ManualActions, []ManualAction{{
		Ref: Ref{TypeGroup, "10"}, PrincipalName: "g", Category: CategoryExternalMembers,
		Reason: ReasonMemberNested, Detail: "2 members: the identity provider has it through a nested group, or has a member of it",
		Members: []NamedRef{{Ref: Ref{TypeGroup, "9"}}, {Ref: Ref{TypeGroup, "11"}}},
	}})
	same(t, "action", r.Groups[0].Action, ActionReviewMembers)
	same(t, "advisories", r.Groups[0].Advisories, []string{AdvisoryNested})
}

// A linked group 20 holds group 10, through which it has someone of the IdP's. No one
// is offered to be taken out of group 10, nor out of a group within it.
func TestDivergences_carriersKeepTheirMembers(t *testing.T) {
	t.Parallel()
	for label, c := range map[string]struct {
		member  Ref
		nested  *bool
		members map[string][]Member
		want    int
	}{
		"carries":           {Ref{TypeGroup, "10"}, ptr(true), nil, 0},
		"through another":   {Ref{TypeGroup, "30"}, ptr(true), map[string][]Member{"30": {{Ref: Ref{TypeGroup, "10"}}}}, 0},
		"in a circle":       {Ref{TypeGroup, "30"}, ptr(true), map[string][]Member{"30": {{Ref: Ref{TypeGroup, "10"}}}, "10": {{Ref: Ref{TypeGroup, "30"}}}}, 0},
		"carries nobody":    {Ref{TypeGroup, "10"}, ptr(false), nil, 2},
		"another group":     {Ref{TypeGroup, "40"}, ptr(true), nil, 2},
		"a user of that id": {Ref{TypeUser, "10"}, ptr(true), nil, 2},
	} {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			in, o := removable()
			parent := Match{
				Principal: group("20", "p", "p-id"), ByExternalID: ptr(identity("p-id", "p")),
				Members: &MemberMatch{External: []MemberRef{{Ref: c.member, Name: "x", ExternalID: "x-id", Source: SourceInternal, NestedInIDP: c.nested}}},
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
	direct := Member{Ref: Ref{TypeUser, "1"}, Name: "direct", ExternalID: "d"}
	for label, c := range map[string]struct {
		match, direct, want MembershipSource
	}{
		"not said":               {"", SourceInternal, SourceInternal},
		"unknown":                {SourceUnknown, SourceInternal, SourceInternal},
		"the IdP's after all":    {SourceInternal, SourceIdentityProvider, SourceIdentityProvider},
		"the IdP's by the match": {SourceIdentityProvider, SourceInternal, SourceIdentityProvider},
		"both internal":          {SourceInternal, SourceUnknown, SourceInternal},
	} {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			d := direct
			d.Source = c.direct
			j := memberJudge{direct: map[string]*Member{"1": &d}}
			got, known := j.complete(MemberRef{Ref: Ref{ID: "1"}, Name: "match", Source: c.match})
			if want := (MemberRef{Ref: d.Ref, Name: "match", ExternalID: "d", Source: c.want}); !known || got.Ref != want.Ref || got.Name != want.Name || got.ExternalID != want.ExternalID || got.Source != want.Source {
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
	in.Matches[2].Members.External[0].Name, in.Matches[2].Members.External[0].Source = "", SourceUnknown
	one := Divergences(in, o).ManualActions
	if len(one) != 1 {
		t.Fatalf("left: %+v", one)
	}
	same(t, "members", one[0].Members, []NamedRef{{Ref: Ref{TypeUser, "2"}, Name: "b"}})
	if strings.Contains(one[0].Detail, "members:") {
		t.Errorf("one member is counted: %s", one[0].Detail)
	}
	in.Matches[2].Members.External[0].Ref = Ref{Type: TypeGroup, ID: "2"}
	for _, action := range Divergences(in, o).ManualActions {
		same(t, "a group of a user's id", action.Members, []NamedRef{{Ref: Ref{TypeGroup, "2"}}})
	}
}
