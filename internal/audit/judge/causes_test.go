// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package audit

import "testing"

func TestDivergences_causeAndAction(t *testing.T) {
	t.Parallel()
	stale := func(name string) Match { return Match{Principal: user("1", name, "gone")} }
	own := func(o *Options) { o.PrimaryDomains = []string{"Example.COM"} }
	cases := map[string]struct {
		match         Match
		change        func(*Options)
		cause, action string
	}{
		"linkable":              {linkable(), nil, "linkable_by_name", "set_external_id"},
		"stale and linkable":    {Match{Principal: user("1", "a@example.net", "gone"), ByName: []Identity{identity("y", "a@example.net")}}, own, "linkable_by_name", "set_external_id"},
		"ambiguous":             {Match{Principal: user("1", "a", ""), ByName: []Identity{identity("y", "a"), identity("z", "a")}}, nil, "ambiguous_name", "choose_identity"},
		"linked elsewhere":      {Match{Principal: user("1", "a", "x"), ByExternalID: ptr(identity("x", "b")), ByName: []Identity{identity("y", "a")}}, nil, "linked_to_other_identity", "decide_and_allow"},
		"spelling":              {Match{Principal: user("1", "a", "AAAAAAAA-0000-4000-8000-000000000001"), ByName: []Identity{identity("aaaaaaaa-0000-4000-8000-000000000001", "a")}}, nil, "external_id_spelling", "set_external_id"},
		"local group":           {Match{Principal: group("1", "g", ""), ByName: []Identity{identity("y", "g")}}, nil, "local_group_with_idp_name", "decide_and_allow"},
		"user drift":            {Match{Principal: user("1", "a", "x"), ByExternalID: ptr(identity("x", "b"))}, nil, "name_drift", "request_name_change"},
		"group drift":           {Match{Principal: group("1", "a", "x"), ByExternalID: ptr(identity("x", "b"))}, nil, "name_drift", "rename_group"},
		"stale":                 {stale("a@example.com"), nil, "stale", "review_stale"},
		"stale, own domain":     {stale("a@EXAMPLE.com"), own, "stale_own_domain", "review_stale"},
		"stale, foreign domain": {stale("a@example.net"), own, "stale_foreign_domain", "escalate_foreign_domain"},
		"stale, a subdomain":    {stale("a@eu.example.com"), own, "stale_foreign_domain", "escalate_foreign_domain"},
		"stale, no domain":      {stale("example.com"), own, "stale_foreign_domain", "escalate_foreign_domain"},
		"stale, two at signs":   {stale("a@example.net@example.com"), own, "stale_own_domain", "review_stale"},
		"stale sp":              {Match{Principal: servicePrincipal("1", "app", "gone")}, own, "stale", "review_stale"},
		"stale group":           {Match{Principal: group("1", "g", "gone")}, own, "stale", "decide_and_allow"},
		"stale group, cleared":  {Match{Principal: group("1", "g", "gone")}, clears, "stale", "clear_external_id"},
		"deleted":               {Match{Principal: user("1", "a@example.net", "gone"), DeletedByExternalID: ptr(identity("gone", "a"))}, own, "deleted_in_idp", "review_stale"},
		"other type":            {Match{Principal: user("1", "a", "x"), ByExternalIDOtherType: ptr(identity("x", "g"))}, nil, "external_id_of_other_type", "review_stale"},
		"nested members": {Match{Principal: group("1", "g", "x"), ByExternalID: ptr(identity("x", "g")), Members: &MemberMatch{
			Local: []MemberRef{{Ref: Ref{TypeUser, "5"}, NestedInIDP: ptr(true)}},
		}}, nil, "members_nested_in_idp", "review_members"},
		"user, drift in case":             {drift(TypeUser, "A"), nil, "name_case_only", "none"},
		"group, drift in case":            {drift(TypeGroup, "A"), nil, "name_case_only", "none"},
		"drift in case, strict":           {drift(TypeUser, "A"), func(o *Options) { o.StrictCase = true }, "name_case_only", "request_name_change"},
		"drift in case, the other strict": {drift(TypeUser, "A"), func(o *Options) { o.StrictInactive = true }, "name_case_only", "none"},
		"drift in space":                  {drift(TypeUser, "a "), nil, "name_drift", "request_name_change"},
		"linked elsewhere, drift in case": {drift(TypeUser, "A", identity("y", "a")), nil, "linked_to_other_identity", "decide_and_allow"},
		"stale, inactive":                 {deactivated(stale("a@example.net")), own, "stale_inactive", "none"},
		"stale, inactive, strict":         {deactivated(stale("a@example.net")), func(o *Options) { o.StrictInactive = true }, "stale_inactive", "review_stale"},
		"stale, inactive, other strict":   {deactivated(stale("a@example.net")), func(o *Options) { o.StrictCase = true }, "stale_inactive", "none"},
		"stale sp, inactive":              {deactivated(Match{Principal: servicePrincipal("1", "app", "gone")}), nil, "stale", "review_stale"},
		"deleted, inactive":               {deactivated(Match{Principal: user("1", "a", "gone"), DeletedByExternalID: ptr(identity("gone", "a"))}), nil, "stale_inactive", "none"},
		"other type, inactive":            {deactivated(Match{Principal: user("1", "a", "x"), ByExternalIDOtherType: ptr(identity("x", "g"))}), nil, "external_id_of_other_type", "review_stale"},
		"linkable, inactive":              {deactivated(linkable()), nil, "linkable_by_name", "review_identity"},
		"drift in case, with a member":    {withMember(drift(TypeGroup, "A")), nil, "members_not_in_idp", "review_members"},
		"waived":                          {linkable(), func(o *Options) { o.Waivers = []Waiver{{Type: TypeUser}} }, "linkable_by_name", "none"},
	}
	for label, c := range cases {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			o := directory()
			if c.change != nil {
				c.change(&o)
			}
			d := divergences(Divergences(scope([]Match{c.match}), o))[c.match.Principal.Ref.String()]
			same(t, "cause and action", []string{d.Cause, d.Action}, []string{c.cause, c.action})
		})
	}
}

// drift is a principal "a" that is linked to an identity of another name.
func drift(t PrincipalType, name string, named ...Identity) Match {
	return Match{Principal: Principal{Ref: Ref{t, "1"}, Name: "a", ExternalID: "x"}, ByExternalID: ptr(identity("x", name)), ByName: named}
}

func deactivated(m Match) Match {
	m.Principal.Active = ptr(false)
	return m
}

func withMember(m Match) Match {
	m.Members = &MemberMatch{Local: refs("5")}
	return m
}

// Of a directory that knows no one of the account nothing is taken as harmless.
func TestDivergences_unrelatedIsNotHarmless(t *testing.T) {
	t.Parallel()
	gone := func(id string) Match {
		return Match{Principal: Principal{Ref: Ref{TypeUser, id}, Name: "u" + id, ExternalID: "gone" + id, Active: ptr(false)}}
	}
	r := Divergences(scope([]Match{gone("1"), gone("2"), gone("3")}), directory())
	same(t, "cause", r.Users[0].Cause, CauseStale)
	same(t, "clean", r.Clean, false)
	r = Divergences(scope([]Match{gone("1"), gone("2")}), directory())
	same(t, "cause", r.Users[0].Cause, CauseStaleInactive)
	same(t, "clean", r.Clean, true)
}

// A name in another case is beyond doubt, of the group and of the member.
func TestDivergences_removalsBesidesCase(t *testing.T) {
	t.Parallel()
	in, o := removable()
	in.Matches[1].ByExternalID, in.Matches[2].ByExternalID = ptr(identity("b-id", "B")), ptr(identity("g-id", "G"))
	r := Divergences(in, o)
	same(t, "removals", len(r.MemberRemovals), 2)
	same(t, "manual actions", r.ManualActions, []ManualAction(nil))
	same(t, "action", r.Groups[0].Action, ActionRemoveMembers)
}

func TestActionFor_everyReason(t *testing.T) {
	t.Parallel()
	for _, collision := range []string{ReasonHeld, ReasonClaimed, ReasonChain} {
		same(t, collision, actionFor(Divergence{}, collision), ActionCollision)
	}
	for _, hole := range []string{ReasonIndexHole, ReasonPrivilegeUnknown, ReasonStateUnknown} {
		same(t, hole, actionFor(Divergence{}, hole), ActionAuditAgain)
	}
	for _, review := range []string{ReasonGuest, ReasonDisabled, ReasonInactive, ReasonWaived, ReasonInvalidID} {
		same(t, review, actionFor(Divergence{}, review), ActionReview)
	}
}
