// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package access

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// A group that comes twice is what both entries say, whichever came first: all members,
// every hole, the most dead members, and linked if one of them is.
func TestMergeOfAGroupThatComesTwice(t *testing.T) {
	t.Parallel()
	full := Group{
		Principal: audit.Principal{Ref: groupRef("1"), Name: "a", ExternalID: "x"},
		Members:   []audit.Member{{Ref: userRef("u1")}}, DeadMembers: 3, Unknown: "500 b", MembersUnknown: "429 a",
	}
	other := Group{
		Principal: audit.Principal{Ref: groupRef("1"), Name: "b"},
		Members:   []audit.Member{{Ref: userRef("u2")}}, DeadMembers: 1, Unknown: "500 a", MembersUnknown: "429 b",
	}
	want := &Group{
		Principal: full.Principal, Members: []audit.Member{{Ref: userRef("u1")}, {Ref: userRef("u2")}},
		DeadMembers: 3, Unknown: "500 a", MembersUnknown: "429 a",
	}
	for _, groups := range [][]Group{{full, other}, {other, full}} {
		x := newIndex(nil, &Graph{Listed: true, Groups: groups})
		if diff := cmp.Diff(want, x.groups["1"]); diff != "" {
			t.Error(diff)
		}
	}
	again := full
	again.Unknown, again.MembersUnknown = "404", "404"
	for _, groups := range [][]Group{{full, again}, {again, full}} {
		if got := newIndex(nil, &Graph{Listed: true, Groups: groups}).groups["1"]; got.Unknown != "404" {
			t.Errorf("the order of the list decides: %q", got.Unknown)
		}
	}
	blank := full
	blank.ExternalID, blank.Unknown, blank.MembersUnknown = "", "", ""
	linked := other
	linked.Name, linked.ExternalID, linked.Unknown, linked.MembersUnknown = "z", "y", "", ""
	for _, groups := range [][]Group{{blank, linked}, {linked, blank}} {
		got := newIndex(nil, &Graph{Listed: true, Groups: groups}).groups["1"]
		if got.Name != "a" || got.ExternalID != "y" || got.Unknown != "" || got.MembersUnknown != "" {
			t.Errorf("merged to %+v", got)
		}
	}
}

// Who must add to a group, and who owns a membership: no one knows of a group that was
// not read, or not whole.
func TestTrackAndOrigin(t *testing.T) {
	t.Parallel()
	of := func(source audit.MembershipSource) []audit.Member {
		return []audit.Member{{Ref: userRef("u1"), Source: source}}
	}
	own := audit.Principal{Ref: groupRef("1"), Name: "a"}
	linked := own
	linked.ExternalID = "x"
	system := audit.Principal{Ref: groupRef("1"), Name: "account users"}
	for name, c := range map[string]struct {
		groups        []Group
		track, origin Origin
		source        string
	}{
		"not there":                     {nil, OriginUnknown, OriginUnknown, ""},
		"not read":                      {[]Group{{Principal: linked, Unknown: "500", Members: of(audit.SourceInternal)}}, OriginUnknown, OriginUnknown, ""},
		"own, internal":                 {[]Group{{Principal: own, Members: of(audit.SourceInternal)}}, OriginDatabricks, OriginDatabricks, SourceInternal},
		"own, source unknown":           {[]Group{{Principal: own, Members: of(audit.SourceUnknown)}}, OriginDatabricks, OriginDatabricks, SourceInternal},
		"own, from the IdP":             {[]Group{{Principal: own, Members: of(audit.SourceIdentityProvider)}}, OriginIDP, OriginIDP, SourceInternal},
		"own, both":                     {[]Group{{Principal: own, Members: append(of(audit.SourceIdentityProvider), of(audit.SourceInternal)...)}}, OriginIDP, OriginIDP, SourceInternal},
		"own, members unread":           {[]Group{{Principal: own, MembersUnknown: "500"}}, OriginUnknown, OriginUnknown, SourceInternal},
		"own, members unread, but told": {[]Group{{Principal: own, MembersUnknown: "500", Members: of(audit.SourceInternal)}}, OriginUnknown, OriginDatabricks, SourceInternal},
		"own, one from the IdP is told": {[]Group{{Principal: own, MembersUnknown: "500", Members: of(audit.SourceIdentityProvider)}}, OriginIDP, OriginIDP, SourceInternal},
		"linked, internal":              {[]Group{{Principal: linked, Members: of(audit.SourceInternal)}}, OriginIDP, OriginDatabricks, SourceExternal},
		"linked, source unknown":        {[]Group{{Principal: linked, Members: of(audit.SourceUnknown)}}, OriginIDP, OriginIDP, SourceExternal},
		"linked, members unread":        {[]Group{{Principal: linked, MembersUnknown: "500"}}, OriginIDP, OriginUnknown, SourceExternal},
		"system":                        {[]Group{{Principal: system, Members: of(audit.SourceInternal)}}, OriginSystem, OriginSystem, SourceInternal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newIndex(nil, &Graph{Listed: true, Groups: c.groups})
			if track, origin, source := x.track("1"), x.origin("1", "u1"), x.source("1"); track != c.track || origin != c.origin || source != c.source {
				t.Errorf("track %s, origin %s, source %q; want %s, %s, %q", track, origin, source, c.track, c.origin, c.source)
			}
		})
	}
}

// What the readers reported explains holes of the same principal and of the same
// reason, and no others.
func TestMergeFailures(t *testing.T) {
	t.Parallel()
	f := func(id, call, reason string) audit.Failure {
		return audit.Failure{Type: audit.TypeGroup, ID: id, Call: call, Reason: reason}
	}
	reported := []audit.Failure{f("1", "read", "500"), f("", "list groups", "403")}
	holes := []audit.Failure{
		f("1", "other", "other"), f("2", "read", "500"), f("3", "read", "429"), f("", "list workspaces", "429 w"), f("3", "read", "429"),
		{Type: audit.TypeUser, ID: "1", Call: "read", Reason: "x"},
	}
	want := []audit.Failure{
		{Type: audit.TypeUser, ID: "1", Call: "read", Reason: "x"},
		f("", "list groups", "403"), f("", "list workspaces", "429 w"), f("1", "read", "500"), f("3", "read", "429"),
	}
	if diff := cmp.Diff(want, mergeFailures(reported, holes)); diff != "" {
		t.Error(diff)
	}
}
