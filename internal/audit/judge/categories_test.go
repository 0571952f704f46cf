// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// The conditions are those of the table in section 4 of the prep script's
// contract, its consequences included.
func TestDivergences_categories(t *testing.T) {
	t.Parallel()
	const (
		notInIDP = "EXTERNAL_ID_NOT_IN_IDP"
		name     = "EXTERNAL_ID_MATCH_NAME_MISMATCH"
		id       = "NAME_MATCH_EXTERNAL_ID_MISMATCH"
		local    = "GROUP_HAS_LOCAL_MEMBERS_WITHOUT_EXTERNAL_ID"
		external = "GROUP_HAS_LOCAL_MEMBERS_WITH_EXTERNAL_ID"
	)
	linked := identity("x", "ann@example.com")
	members := func(local, external int) *audit.MemberMatch {
		all := refs("51", "52", "53")
		return &audit.MemberMatch{Local: all[:local], External: all[:external]}
	}
	cases := map[string]struct {
		match audit.Match
		want  []string
	}{
		"user, linked": {audit.Match{
			Principal: user("1", "ann@example.com", "x"), ByExternalID: &linked, ByName: []audit.Identity{linked},
		}, nil},
		"user, purely local": {audit.Match{Principal: user("1", "ann@example.com", "")}, nil},
		"user, stale":        {audit.Match{Principal: user("1", "ann@example.com", "x")}, []string{notInIDP}},
		"user, a blank that is not empty": {
			audit.Match{Principal: user("1", "ann@example.com", " ")}, []string{notInIDP},
		},
		"user, in the recycle bin": {audit.Match{
			Principal:    user("1", "ann@example.com", "x"),
			ByExternalID: &audit.Identity{ExternalID: "x", Names: []string{"ann@example.com"}, Deleted: true},
			ByName:       []audit.Identity{{ExternalID: "y", Names: []string{"ann@example.com"}, Deleted: true}},
		}, []string{notInIDP}},
		"user, name in another case": {audit.Match{
			Principal: user("1", "Ann@example.com", "x"), ByExternalID: &linked, ByName: []audit.Identity{linked},
		}, []string{name}},
		"user, name with a space": {audit.Match{
			Principal: user("1", "ann@example.com ", "x"), ByExternalID: &linked,
		}, []string{name}},
		"user, one of several names equals": {audit.Match{
			Principal:    user("1", "ann@example.com", "x"),
			ByExternalID: ptr(identity("x", "ann_example.com#EXT#@example.org", "ann@example.com")),
		}, nil},
		"user, none of several names equals": {audit.Match{
			Principal:    user("1", "ann@example.com", "x"),
			ByExternalID: ptr(identity("x", "a@example.org", "b@example.org")),
		}, []string{name}},
		"user, match without a name":      {audit.Match{Principal: user("1", "a", "x"), ByExternalID: &audit.Identity{}}, []string{name}},
		"user, both without a name":       {audit.Match{Principal: user("1", "", "x"), ByExternalID: &audit.Identity{}}, nil},
		"user, match although id blank":   {audit.Match{Principal: user("1", "a", ""), ByExternalID: &linked}, []string{name}},
		"user, linkable":                  {audit.Match{Principal: user("1", "a", ""), ByName: []audit.Identity{identity("y", "a")}}, []string{id}},
		"user, name match without id":     {audit.Match{Principal: user("1", "a", ""), ByName: []audit.Identity{identity("", "a")}}, nil},
		"user, stale and linkable":        {audit.Match{Principal: user("1", "a", "x"), ByName: []audit.Identity{identity("y", "a")}}, []string{notInIDP, id}},
		"user, ids differ in case":        {audit.Match{Principal: user("1", "a", "Y"), ByExternalID: ptr(identity("y", "a")), ByName: []audit.Identity{identity("y", "a")}}, []string{id}},
		"user, linked to somebody else":   {audit.Match{Principal: user("1", "a", "x"), ByExternalID: ptr(identity("x", "b")), ByName: []audit.Identity{identity("y", "a")}}, []string{name, id}},
		"user, drift found by old name":   {audit.Match{Principal: user("1", "a", "x"), ByExternalID: ptr(identity("x", "b")), ByName: []audit.Identity{identity("x", "b")}}, []string{name}},
		"user, members do not count":      {audit.Match{Principal: user("1", "a", ""), Members: members(1, 1)}, nil},
		"user, unknown":                   {audit.Match{Principal: user("1", "a", "x"), Unknown: "500"}, nil},
		"sp, application id differs":      {audit.Match{Principal: servicePrincipal("1", "app-1", "x"), ByExternalID: ptr(identity("x", "app-2"))}, []string{name}},
		"sp, display name does not count": {audit.Match{Principal: servicePrincipal("1", "app-1", "x"), ByExternalID: &audit.Identity{ExternalID: "x", Names: []string{"app-1"}, DisplayName: "other"}}, nil},
		"sp, wrong id":                    {audit.Match{Principal: servicePrincipal("1", "app-1", "x"), ByName: []audit.Identity{identity("y", "app-1")}}, []string{notInIDP, id}},
		"group, stored id is one of the name matches": {audit.Match{
			Principal: group("1", "g", "y"), ByExternalID: ptr(identity("y", "g")),
			ByName: []audit.Identity{identity("x", "g"), identity("y", "g"), identity("", "g")},
		}, nil},
		"group, stored id is none of the name matches": {audit.Match{
			Principal: group("1", "g", ""), ByName: []audit.Identity{identity("x", "g"), identity("y", "g")},
		}, []string{id}},
		"group, name matches without ids": {audit.Match{Principal: group("1", "g", ""), ByName: []audit.Identity{identity("", "g")}}, nil},
		"group, renamed":                  {audit.Match{Principal: group("1", "g", "x"), ByExternalID: ptr(identity("x", "h"))}, []string{name}},
		"group, local members": {audit.Match{
			Principal: group("1", "g", "x"), ByExternalID: ptr(identity("x", "g")), Members: members(1, 0),
		}, []string{local}},
		"group, external members": {audit.Match{
			Principal: group("1", "g", "x"), ByExternalID: ptr(identity("x", "g")), Members: members(0, 2),
		}, []string{external}},
		"group, everything": {audit.Match{
			Principal: group("1", "g", "x"), ByExternalID: ptr(identity("x", "h")),
			ByName: []audit.Identity{identity("y", "g")}, Members: members(1, 1),
		}, []string{name, id, local, external}},
		"group, stale with members": {audit.Match{Principal: group("1", "g", "x"), Members: members(0, 1)}, []string{notInIDP, external}},
		"group, no members":         {audit.Match{Principal: group("1", "g", "x"), ByExternalID: ptr(identity("x", "g")), Members: members(0, 0)}, nil},
		"group, members unknown": {audit.Match{
			Principal: group("1", "g", "x"), ByExternalID: ptr(identity("x", "h")),
			Members: &audit.MemberMatch{Local: make([]audit.MemberRef, 1), Unknown: "hidden membership"},
		}, []string{name}},
	}
	for label, c := range cases {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			o := directory()
			o.StrictCase = true
			r := Divergences(scope([]audit.Match{c.match}), o)
			same(t, "categories", divergences(r)[c.match.Principal.Ref.String()].ErrorCategories, c.want)

			counts := map[string]int{notInIDP: 0, name: 0, id: 0, local: 0, external: 0}
			for _, category := range c.want {
				counts[category] = 1
			}
			same(t, "counts", r.Counts, counts)
			if wantClean := len(c.want) == 0 && c.match.Unknown == ""; r.Clean != wantClean {
				t.Errorf("clean = %t, want %t", r.Clean, wantClean)
			}
		})
	}
}

func TestDivergences_rows(t *testing.T) {
	t.Parallel()
	in := scope([]audit.Match{
		{Principal: user("20", "ann@example.com", "x"), ByExternalID: ptr(identity("x", "b")), ByName: []audit.Identity{identity("x", "Ann@example.com")}},
		{Principal: user("3", "bob@example.com", ""), ByName: []audit.Identity{identity("z", "bob@example.com"), identity("", "bob@example.com"), identity("y", "bob@example.com")}},
		{
			Principal: group("5", "g", "x"), ByExternalID: ptr(identity("x", "h")),
			ByName:  []audit.Identity{identity("b", "g"), identity("a", "g"), identity("b", "g"), identity("", "g")},
			Members: &audit.MemberMatch{Local: refs("10", "9", "9"), External: refs("21", "20")},
		},
		{Principal: servicePrincipal("8", "app", "x"), ByName: []audit.Identity{identity("y", "app")}},
		{Principal: user("4", "clean@example.com", "")},
	})
	r := Divergences(in, directory())
	type row struct {
		ID, Name, ExternalID, Match string
		Categories                  int
	}
	users := []row{}
	for _, u := range r.Users {
		users = append(users, row{u.ID, u.Username, u.ExternalID, u.ExternalIDWithUsernameMatch, len(u.ErrorCategories)})
	}
	same(t, "users", users, []row{
		{"3", "bob@example.com", "", "y;z", 1},
		{"20", "ann@example.com", "x", "x", 1},
	})
	g := r.Groups[0]
	same(t, "group ids", g.ExternalIDsWithGroupNameMatch, []string{"a", "b", "b"})
	same(t, "local members", g.LocalMembersNotInIDPInternalIDs, []string{"9", "9", "10"})
	same(t, "external members", g.ExternalMembersNotInIDPInternalIDs, []string{"20", "21"})
	s := r.ServicePrincipals[0]
	same(t, "sp", []string{s.ID, s.ApplicationID, s.ExternalID, s.ExternalIDWithAppIDMatch}, []string{"8", "app", "x", "y"})
	same(t, "scanned", r.Scanned, map[audit.PrincipalType][]string{
		audit.TypeUser: {"3", "4", "20"}, audit.TypeGroup: {"5"}, audit.TypeServicePrincipal: {"8"},
	})
}

func refs(ids ...string) []audit.MemberRef {
	var out []audit.MemberRef
	for _, id := range ids {
		out = append(out, audit.MemberRef{Ref: audit.Ref{ID: id}})
	}
	return out
}
