// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"
)

func TestDivergences_causeAndAction(t *testing.T) {
	t.Parallel()
	stale := func(name string) audit.Match { return audit.Match{Principal: user("1", name, "gone")} }
	own := func(o *Options) { o.PrimaryDomains = []string{"Example.COM"} }
	cases := map[string]struct {
		match         audit.Match
		change        func(*Options)
		cause, action string
	}{
		"linkable":              {linkable(), nil, "linkable_by_name", "set_external_id"},
		"stale and linkable":    {audit.Match{Principal: user("1", "a@example.net", "gone"), ByName: []audit.Identity{identity("y", "a@example.net")}}, own, "linkable_by_name", "set_external_id"},
		"ambiguous":             {audit.Match{Principal: user("1", "a", ""), ByName: []audit.Identity{identity("y", "a"), identity("z", "a")}}, nil, "ambiguous_name", "choose_identity"},
		"linked elsewhere":      {audit.Match{Principal: user("1", "a", "x"), ByExternalID: ptr(identity("x", "b")), ByName: []audit.Identity{identity("y", "a")}}, nil, "linked_to_other_identity", "decide_and_allow"},
		"spelling":              {audit.Match{Principal: user("1", "a", "AAAAAAAA-0000-4000-8000-000000000001"), ByName: []audit.Identity{identity("aaaaaaaa-0000-4000-8000-000000000001", "a")}}, nil, "external_id_spelling", "set_external_id"},
		"local group":           {audit.Match{Principal: group("1", "g", ""), ByName: []audit.Identity{identity("y", "g")}}, nil, "local_group_with_idp_name", "decide_and_allow"},
		"user drift":            {audit.Match{Principal: user("1", "a", "x"), ByExternalID: ptr(identity("x", "b"))}, nil, "name_drift", "request_name_change"},
		"group drift":           {audit.Match{Principal: group("1", "a", "x"), ByExternalID: ptr(identity("x", "b"))}, nil, "name_drift", "rename_group"},
		"stale":                 {stale("a@example.com"), nil, "stale", "review_stale"},
		"stale, own domain":     {stale("a@EXAMPLE.com"), own, "stale_own_domain", "review_stale"},
		"stale, foreign domain": {stale("a@example.net"), own, "stale_foreign_domain", "escalate_foreign_domain"},
		"stale, a subdomain":    {stale("a@eu.example.com"), own, "stale_foreign_domain", "escalate_foreign_domain"},
		"stale, no domain":      {stale("example.com"), own, "stale_foreign_domain", "escalate_foreign_domain"},
		"stale, two at signs":   {stale("a@example.net@example.com"), own, "stale_own_domain", "review_stale"},
		"stale sp":              {audit.Match{Principal: servicePrincipal("1", "app", "gone")}, own, "stale", "review_stale"},
		"stale group":           {audit.Match{Principal: group("1", "g", "gone")}, own, "stale", "decide_and_allow"},
		"stale group, cleared":  {audit.Match{Principal: group("1", "g", "gone")}, clears, "stale", "clear_external_id"},
		"deleted":               {audit.Match{Principal: user("1", "a@example.net", "gone"), DeletedByExternalID: ptr(identity("gone", "a"))}, own, "deleted_in_idp", "review_stale"},
		"other type":            {audit.Match{Principal: user("1", "a", "x"), ByExternalIDOtherType: ptr(identity("x", "g"))}, nil, "external_id_of_other_type", "review_stale"},
		"nested members": {audit.Match{Principal: group("1", "g", "x"), ByExternalID: ptr(identity("x", "g")), Members: &audit.MemberMatch{
			Local: []audit.MemberRef{{Ref: audit.Ref{Type: audit.TypeUser, ID: "5"}, NestedInIDP: ptr(true)}},
		}}, nil, "members_nested_in_idp", "review_members"},
		"user, drift in case":             {drift(audit.TypeUser, "A"), nil, "name_case_only", "none"},
		"group, drift in case":            {drift(audit.TypeGroup, "A"), nil, "name_case_only", "none"},
		"drift in case, strict":           {drift(audit.TypeUser, "A"), func(o *Options) { o.StrictCase = true }, "name_case_only", "request_name_change"},
		"drift in case, the other strict": {drift(audit.TypeUser, "A"), func(o *Options) { o.StrictInactive = true }, "name_case_only", "none"},
		"drift in space":                  {drift(audit.TypeUser, "a "), nil, "name_drift", "request_name_change"},
		"linked elsewhere, drift in case": {drift(audit.TypeUser, "A", identity("y", "a")), nil, "linked_to_other_identity", "decide_and_allow"},
		"stale, inactive":                 {deactivated(stale("a@example.net")), own, "stale_inactive", "none"},
		"stale, inactive, strict":         {deactivated(stale("a@example.net")), func(o *Options) { o.StrictInactive = true }, "stale_inactive", "review_stale"},
		"stale, inactive, other strict":   {deactivated(stale("a@example.net")), func(o *Options) { o.StrictCase = true }, "stale_inactive", "none"},
		"stale sp, inactive":              {deactivated(audit.Match{Principal: servicePrincipal("1", "app", "gone")}), nil, "stale", "review_stale"},
		"deleted, inactive":               {deactivated(audit.Match{Principal: user("1", "a", "gone"), DeletedByExternalID: ptr(identity("gone", "a"))}), nil, "stale_inactive", "none"},
		"other type, inactive":            {deactivated(audit.Match{Principal: user("1", "a", "x"), ByExternalIDOtherType: ptr(identity("x", "g"))}), nil, "external_id_of_other_type", "review_stale"},
		"linkable, inactive":              {deactivated(linkable()), nil, "linkable_by_name", "review_identity"},
		"drift in case, with a member":    {withMember(drift(audit.TypeGroup, "A")), nil, "members_not_in_idp", "review_members"},
		"waived":                          {linkable(), func(o *Options) { o.Waivers = []audit.Waiver{{Type: audit.TypeUser}} }, "linkable_by_name", "none"},
	}
	for label, c := range cases {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			o := directory()
			if c.change != nil {
				c.change(&o)
			}
			d := divergences(Divergences(scope([]audit.Match{c.match}), o))[c.match.Principal.Ref.String()]
			same(t, "cause and action", []string{d.Cause, d.Action}, []string{c.cause, c.action})
		})
	}
}

// drift is a principal "a" that is linked to an identity of another name.
func drift(t audit.PrincipalType, name string, named ...audit.Identity) audit.Match {
	return audit.Match{Principal: audit.Principal{Ref: audit.Ref{Type: t, ID: "1"}, Name: "a", ExternalID: "x"}, ByExternalID: ptr(identity("x", name)), ByName: named}
}

func deactivated(m audit.Match) audit.Match {
	m.Principal.Active = ptr(false)
	return m
}

func withMember(m audit.Match) audit.Match {
	m.Members = &audit.MemberMatch{Local: refs("5")}
	return m
}

// Of a directory that knows no one of the account nothing is taken as harmless.
func TestDivergences_unrelatedIsNotHarmless(t *testing.T) {
	t.Parallel()
	gone := func(id string) audit.Match {
		return audit.Match{Principal: audit.Principal{Ref: audit.Ref{Type: audit.TypeUser, ID: id}, Name: "u" + id, ExternalID: "gone" + id, Active: ptr(false)}}
	}
	r := Divergences(scope([]audit.Match{gone("1"), gone("2"), gone("3")}), directory())
	same(t, "cause", r.Users[0].Cause, rules.CauseStale)
	same(t, "clean", r.Clean, false)
	r = Divergences(scope([]audit.Match{gone("1"), gone("2")}), directory())
	same(t, "cause", r.Users[0].Cause, rules.CauseStaleInactive)
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
	same(t, "action", r.Groups[0].Action, rules.ActionRemoveMembers)
}

func TestActionFor_everyReason(t *testing.T) {
	t.Parallel()
	for _, collision := range []string{rules.ReasonHeld, rules.ReasonClaimed, rules.ReasonChain} {
		same(t, collision, actionFor(Divergence{}, collision), rules.ActionCollision)
	}
	for _, hole := range []string{rules.ReasonIndexHole, rules.ReasonPrivilegeUnknown, rules.ReasonStateUnknown} {
		same(t, hole, actionFor(Divergence{}, hole), rules.ActionAuditAgain)
	}
	for _, review := range []string{rules.ReasonGuest, rules.ReasonDisabled, rules.ReasonInactive, rules.ReasonWaived, rules.ReasonInvalidID} {
		same(t, review, actionFor(Divergence{}, review), rules.ActionReview)
	}
}
