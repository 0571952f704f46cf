// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"

	"pgregory.net/rapid"
)

// linkable is a user without externalId that one identity of its name fits.
func linkable() audit.Match {
	return audit.Match{
		Principal: user("1", "ann@example.com", ""),
		ByName: []audit.Identity{{
			Type: audit.TypeUser, ExternalID: "ann-id", Names: []string{"ann@example.com"},
			Enabled: ptr(true), Guest: ptr(false),
		}},
	}
}

// Every condition of a fix, each as the one change that takes the fix of the
// base case away, or does not.
func TestDivergences_fixConditions(t *testing.T) {
	t.Parallel()
	const guid = "aaaaaaaa-0000-4000-8000-00000000000b"
	cases := map[string]struct {
		change func(m *audit.Match, in *Input, o *Options)
		fix    string // the id offered
		reason string // or why not
	}{
		"base":              {func(*audit.Match, *Input, *Options) {}, "ann-id", ""},
		"nothing known":     {func(m *audit.Match, _ *Input, _ *Options) { m.ByName[0] = audit.Identity{ExternalID: "ann-id"} }, "ann-id", ""},
		"stale id replaced": {func(m *audit.Match, _ *Input, _ *Options) { m.Principal.ExternalID = "gone" }, "ann-id", ""},
		"same identity twice": {func(m *audit.Match, _ *Input, _ *Options) {
			m.ByName = append(m.ByName, m.ByName[0])
		}, "ann-id", ""},
		"name in another case": {func(m *audit.Match, _ *Input, _ *Options) { m.ByName[0].Names = []string{"ANN@example.com"} }, "ann-id", ""},
		"two candidates": {func(m *audit.Match, _ *Input, _ *Options) {
			m.ByName = append(m.ByName, identity("other", "ann@example.com"))
		}, "", rules.ReasonAmbiguous},
		"second candidate without id": {func(m *audit.Match, _ *Input, _ *Options) {
			m.ByName = append(m.ByName, identity("", "ann@example.com"))
		}, "", rules.ReasonAmbiguous},
		"other type":        {func(m *audit.Match, _ *Input, _ *Options) { m.ByName[0].Type = audit.TypeGroup }, "", rules.ReasonOtherType},
		"disabled":          {func(m *audit.Match, _ *Input, _ *Options) { m.ByName[0].Enabled = ptr(false) }, "", rules.ReasonDisabled},
		"guest":             {func(m *audit.Match, _ *Input, _ *Options) { m.ByName[0].Guest = ptr(true) }, "", rules.ReasonGuest},
		"found by an alias": {func(m *audit.Match, _ *Input, _ *Options) { m.ByName[0].Names = []string{"a@example.org"} }, "", rules.ReasonNameDiffers},
		"entra did not tell the state": {func(m *audit.Match, _ *Input, o *Options) {
			m.ByName[0].Enabled, o.IDP = nil, entraIDP
		}, "", rules.ReasonStateUnknown},
		"databricks cannot tell the state": {func(m *audit.Match, _ *Input, o *Options) {
			m.ByName[0].Enabled, o.IDP = nil, matchIDP
		}, "ann-id", ""},
		"id with a space":   {func(m *audit.Match, _ *Input, _ *Options) { m.ByName[0].ExternalID = "ann id" }, "", rules.ReasonInvalidID},
		"id with a control": {func(m *audit.Match, _ *Input, _ *Options) { m.ByName[0].ExternalID = "ann\x00" }, "", rules.ReasonInvalidID},
		"inactive by match": {func(m *audit.Match, _ *Input, _ *Options) { m.Principal.Active = ptr(false) }, "", rules.ReasonInactive},
		"inactive by list": {func(_ *audit.Match, in *Input, _ *Options) {
			in.Inventory.Principals[0].Active = ptr(false)
		}, "", rules.ReasonInactive},
		"held by a user":  {func(_ *audit.Match, in *Input, _ *Options) { hold(in, user("2", "b", "ann-id")) }, "", rules.ReasonHeld},
		"held by a group": {func(_ *audit.Match, in *Input, _ *Options) { hold(in, group("2", "b", "ann-id")) }, "", rules.ReasonHeld},
		"held in another spelling": {func(m *audit.Match, in *Input, _ *Options) {
			m.ByName[0].ExternalID = guid
			hold(in, servicePrincipal("2", "b", " "+strings.ToUpper(guid)))
		}, "", rules.ReasonHeld},
		"an Okta id in another case is another": {func(_ *audit.Match, in *Input, _ *Options) {
			hold(in, user("2", "b", "ANN-id"))
		}, "ann-id", ""},
		"hole in the groups": {func(_ *audit.Match, in *Input, _ *Options) { in.Inventory.Coverage.Groups = false }, "", rules.ReasonIndexHole},
		"powers": {func(m *audit.Match, in *Input, _ *Options) {
			in.Privileges[m.Principal.Ref] = audit.Privilege{Powers: []string{"account role account_admin"}}
		}, "", rules.ReasonPrivileged},
		"powers unknown": {func(m *audit.Match, in *Input, _ *Options) {
			in.Privileges[m.Principal.Ref] = audit.Privilege{Unknown: "403"}
		}, "", rules.ReasonPrivilegeUnknown},
		"powers not looked up": {func(_ *audit.Match, in *Input, _ *Options) { in.Privileges = nil }, "", rules.ReasonPrivilegeUnknown},
		"powers allowed": {func(m *audit.Match, in *Input, o *Options) {
			in.Privileges[m.Principal.Ref] = audit.Privilege{Powers: []string{"account role account_admin"}}
			o.AllowPrivileged = map[string]bool{"1": true}
		}, "ann-id", ""},
		"powers allowed of somebody else": {func(_ *audit.Match, in *Input, o *Options) {
			in.Privileges = nil
			o.AllowPrivileged = map[string]bool{"2": true}
		}, "", rules.ReasonPrivilegeUnknown},
		"stored id is another identity's": {func(m *audit.Match, _ *Input, _ *Options) {
			m.Principal.ExternalID, m.ByExternalID = "x", ptr(identity("x", "b"))
		}, "", rules.ReasonRelink},
		"stored id is another identity's, relink": {func(m *audit.Match, _ *Input, o *Options) {
			m.Principal.ExternalID, m.ByExternalID, o.Relink = "x", ptr(identity("x", "b")), true
		}, "ann-id", ""},
		"stored id is a group's": {func(m *audit.Match, _ *Input, _ *Options) {
			m.Principal.ExternalID, m.ByExternalIDOtherType = "x", ptr(identity("x", "b"))
		}, "", rules.ReasonRelink},
		"stored id is a group's, relink": {func(m *audit.Match, _ *Input, o *Options) {
			m.Principal.ExternalID, m.ByExternalIDOtherType, o.Relink = "x", ptr(identity("x", "b")), true
		}, "ann-id", ""},
		"only the spelling": {func(m *audit.Match, _ *Input, _ *Options) {
			m.ByName[0].ExternalID = guid
			m.Principal.ExternalID, m.ByExternalID = strings.ToUpper(guid), &m.ByName[0]
		}, guid, ""},
		"relink to a held id names the holder first": {func(m *audit.Match, in *Input, _ *Options) {
			m.Principal.ExternalID, m.ByExternalID = "x", ptr(identity("x", "b"))
			hold(in, user("2", "b", "ann-id"))
		}, "", rules.ReasonHeld},
		"stored id in the recycle bin": {func(m *audit.Match, _ *Input, _ *Options) {
			m.Principal.ExternalID, m.DeletedByExternalID = "x", ptr(identity("x", "ann@example.com"))
		}, "ann-id", ""},
		"waived": {func(_ *audit.Match, _ *Input, o *Options) { o.Waivers = []audit.Waiver{{ID: "1"}} }, "", ""},
		"category 3 waived, 1 not": {func(m *audit.Match, _ *Input, o *Options) {
			m.Principal.ExternalID = "gone"
			o.Waivers = []audit.Waiver{{ID: "1", Category: rules.CategoryExternalIDMismatch}}
		}, "", rules.ReasonWaived},
		"category 1 waived, 3 not": {func(m *audit.Match, _ *Input, o *Options) {
			m.Principal.ExternalID = "gone"
			o.Waivers = []audit.Waiver{{ID: "1", Category: rules.CategoryExternalIDNotInIDP}}
		}, "ann-id", ""},
		"stale": {func(m *audit.Match, _ *Input, _ *Options) { m.Principal.ExternalID, m.ByName = "gone", nil }, "", rules.ReasonNoCandidate},
		"near name": {func(m *audit.Match, _ *Input, _ *Options) {
			m.Principal.ExternalID, m.NearName, m.ByName = "gone", m.ByName, nil
		}, "", rules.ReasonNearName},
		"renamed": {func(m *audit.Match, _ *Input, _ *Options) {
			m.Principal.ExternalID, m.ByExternalID, m.ByName = "x", ptr(identity("x", "b")), nil
		}, "", rules.ReasonNameChange},
		"renamed, and the name is taken": {func(m *audit.Match, in *Input, _ *Options) {
			m.Principal.ExternalID, m.ByExternalID, m.ByName = "x", ptr(identity("x", "b")), nil
			hold(in, user("2", "B", ""))
		}, "", rules.ReasonNameTaken},
		"renamed, and a group has the name": {func(m *audit.Match, in *Input, _ *Options) {
			m.Principal.ExternalID, m.ByExternalID, m.ByName = "x", ptr(identity("x", "b")), nil
			hold(in, group("2", "b", ""))
		}, "", rules.ReasonNameChange},
	}
	for label, c := range cases {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			m := linkable()
			in, o := scope([]audit.Match{m}), directory()
			c.change(&m, &in, &o)
			listed := &in.Inventory.Principals[0]
			listed.ExternalID = m.Principal.ExternalID
			in.Matches = []audit.Match{m}
			r := Divergences(in, o)
			wantFixes, wantReasons := map[string]string{}, map[string]string{}
			if c.fix != "" {
				wantFixes["user/1"] = c.fix
			}
			if c.reason != "" {
				wantReasons["user/1"] = c.reason
			}
			same(t, "fixes", fixes(r), wantFixes)
			same(t, "reasons", reasons(r), wantReasons)
		})
	}
}

// Why there is no candidate: the detail says what the stored id is, where that is
// known.
func TestDivergences_noCandidate(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change func(*audit.Match)
		want   string
	}{
		"nobody": {func(*audit.Match) {}, "the identity provider has neither the stored id nor the name"},
		"another type": {func(m *audit.Match) {
			m.ByExternalIDOtherType = &audit.Identity{Type: audit.TypeGroup, ExternalID: "x"}
		}, "external id x is a group, and no identity of this type has the name"},
		"recycle bin": {func(m *audit.Match) { m.DeletedByExternalID = ptr(identity("x", "")) }, "external id x is deleted in the identity provider, and no other identity has the name"},
	}
	for label, c := range cases {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			m := audit.Match{Principal: user("1", "ann@example.com", "x")}
			c.change(&m)
			r := Divergences(scope([]audit.Match{m}), directory())
			if len(r.ManualActions) != 1 || r.ManualActions[0].Reason != rules.ReasonNoCandidate || r.ManualActions[0].Detail != c.want {
				t.Errorf("got %+v", r.ManualActions)
			}
		})
	}
}

// The remedy names the offer of deactivations only where it would be made.
func TestDivergences_foreignRemedy(t *testing.T) {
	t.Parallel()
	const offer = "suggest_deactivations"
	for name, own := range map[string]bool{"ann@example.com": true, "ann@EXAMPLE.com": true, "ann@example.net": false, "ann": false} {
		o := directory()
		o.PrimaryDomains = []string{"example.com"}
		r := Divergences(scope([]audit.Match{{Principal: user("1", name, "gone")}}), o)
		if len(r.ManualActions) != 1 || strings.Contains(r.ManualActions[0].Remedy(), offer) != own {
			t.Errorf("%s: %+v", name, r.ManualActions)
		}
		for _, row := range Summarize(r) {
			if strings.Contains(row.Remedy, offer) != own {
				t.Errorf("summary of %s: %s", name, row.Remedy)
			}
		}
	}
	r := Divergences(scope([]audit.Match{{Principal: user("1", "ann@example.net", "gone")}}), directory())
	if len(r.ManualActions) != 1 || !strings.Contains(r.ManualActions[0].Remedy(), offer) {
		t.Errorf("no domains are known: %+v", r.ManualActions)
	}
}

// hold adds a principal that is not in scope.
func hold(in *Input, p audit.Principal) { in.Inventory.Principals = append(in.Inventory.Principals, p) }

func TestDivergences_fixFields(t *testing.T) {
	t.Parallel()
	blankUser, staleUser := linkable(), linkable()
	staleUser.Principal = user("2", "bob@example.com", "gone")
	staleUser.ByName = []audit.Identity{identity("bob-id", "bob@example.com")}
	local := audit.Match{Principal: group("3", "g", ""), ByName: []audit.Identity{identity("g-id", "g")}}
	stale := audit.Match{Principal: group("4", "h", "gone-too")}
	o := directory()
	o.LinkGroups, o.SuggestGroupClears = true, true
	r := Divergences(scope([]audit.Match{blankUser, staleUser, local, stale}), o)
	same(t, "fixes", r.ExternalIDFixes, []ExternalIDFix{
		{audit.Ref{Type: audit.TypeUser, ID: "1"}, "ann@example.com", "", "ann-id", rules.CategoryExternalIDMismatch, false},
		{audit.Ref{Type: audit.TypeUser, ID: "2"}, "bob@example.com", "gone", "bob-id", rules.CategoryExternalIDMismatch, true},
		{audit.Ref{Type: audit.TypeGroup, ID: "3"}, "g", "", "g-id", rules.CategoryExternalIDMismatch, true},
		{audit.Ref{Type: audit.TypeGroup, ID: "4"}, "h", "gone-too", "", rules.CategoryExternalIDNotInIDP, true},
	})
	same(t, "fixable", r.Fixable, 4)
}

func TestDivergences_groupFixes(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 64)
	cases := map[string]struct {
		match  audit.Match
		change func(*Options)
		fixes  map[string]string
		reason string
	}{
		"local group":       {audit.Match{Principal: group("1", "g", ""), ByName: []audit.Identity{identity("y", "g")}}, nil, nil, rules.ReasonLinkGroups},
		"local group, link": {audit.Match{Principal: group("1", "g", ""), ByName: []audit.Identity{identity("y", "g")}}, func(o *Options) { o.LinkGroups = true }, map[string]string{"group/1": "y"}, ""},
		"seven candidates": {audit.Match{Principal: group("1", "g", ""), ByName: []audit.Identity{
			identity("1", "g"), identity("2", "g"), identity("3", "g"), identity("4", "g"), identity("5", "g"), identity("6", "g"), identity("7", "g"),
		}}, func(o *Options) { o.LinkGroups, o.Relink = true, true }, nil, rules.ReasonAmbiguous},
		"wrong id needs no link_groups": {audit.Match{Principal: group("1", "g", "gone"), ByName: []audit.Identity{identity("y", "g")}}, nil, map[string]string{"group/1": "y"}, ""},
		"64 characters":                 {audit.Match{Principal: group("1", "g", "gone"), ByName: []audit.Identity{identity(long, "g")}}, nil, map[string]string{"group/1": long}, ""},
		"65 characters":                 {audit.Match{Principal: group("1", "g", "gone"), ByName: []audit.Identity{identity(long+"x", "g")}}, nil, nil, rules.ReasonInvalidID},
		"system group":                  {audit.Match{Principal: group("1", "Account users", "gone"), ByName: []audit.Identity{identity("y", "Account users")}}, nil, nil, rules.ReasonSystemGroup},
		"stale":                         {audit.Match{Principal: group("1", "g", "gone")}, nil, nil, rules.ReasonClear},
		"stale, clear":                  {audit.Match{Principal: group("1", "g", "gone")}, clears, map[string]string{"group/1": ""}, ""},
		"stale, clear, near name":       {audit.Match{Principal: group("1", "g", "gone"), NearName: []audit.Identity{identity("y", "g ")}}, clears, nil, rules.ReasonNearName},
		"stale, clear, name without id": {audit.Match{Principal: group("1", "g", "gone"), ByName: []audit.Identity{identity("", "g")}}, clears, nil, rules.ReasonNameWithoutID},
		"stale, clear, system group":    {audit.Match{Principal: group("1", "admins", "gone")}, clears, nil, rules.ReasonSystemGroup},
		"of other type, clear":          {audit.Match{Principal: group("1", "g", "x"), ByExternalIDOtherType: ptr(identity("x", "u"))}, clears, nil, rules.ReasonRelink},
		"of other type, clear, relink": {audit.Match{Principal: group("1", "g", "x"), ByExternalIDOtherType: ptr(identity("x", "u"))}, func(o *Options) {
			o.SuggestGroupClears, o.Relink = true, true
		}, map[string]string{"group/1": ""}, ""},
		"candidate exists, never cleared": {audit.Match{Principal: group("1", "g", "gone"), ByName: []audit.Identity{identity("y", "g"), identity("z", "g")}}, clears, nil, rules.ReasonAmbiguous},
		"users are never cleared":         {audit.Match{Principal: user("1", "g", "gone")}, clears, nil, rules.ReasonNoCandidate},
	}
	for label, c := range cases {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			o := directory()
			if c.change != nil {
				c.change(&o)
			}
			r := Divergences(scope([]audit.Match{c.match}), o)
			if c.fixes == nil {
				c.fixes = map[string]string{}
			}
			same(t, "fixes", fixes(r), c.fixes)
			same(t, "reason", reasons(r)[c.match.Principal.Ref.String()], c.reason)
		})
	}
}

func clears(o *Options) { o.SuggestGroupClears = true }

// What one fix has to do with another.
func TestDivergences_fixesTogether(t *testing.T) {
	t.Parallel()
	link := func(p audit.Principal, target string) audit.Match {
		return audit.Match{Principal: p, ByName: []audit.Identity{identity(target, p.Name)}}
	}
	relinked := func(m audit.Match) audit.Match {
		m.ByExternalID = ptr(identity(m.Principal.ExternalID, "somebody"))
		return m
	}
	cases := map[string]struct {
		matches []audit.Match
		change  func(*Options)
		fixes   map[string]string
		reasons map[string]string
	}{
		"two claim one id": {
			[]audit.Match{link(user("1", "a", ""), "x"), link(user("2", "b", ""), "x")}, nil,
			map[string]string{}, map[string]string{"user/1": rules.ReasonClaimed, "user/2": rules.ReasonClaimed},
		},
		"two claim one GUID in two spellings": {
			[]audit.Match{
				link(user("1", "a", ""), "aaaaaaaa-0000-4000-8000-00000000000b"),
				link(user("2", "b", ""), "AAAAAAAA-0000-4000-8000-00000000000B"),
			}, nil,
			map[string]string{}, map[string]string{"user/1": rules.ReasonClaimed, "user/2": rules.ReasonClaimed},
		},
		"a waived claim does not count": {
			[]audit.Match{link(user("1", "a", ""), "x"), link(user("2", "b", ""), "x")},
			func(o *Options) { o.Waivers = []audit.Waiver{{Type: audit.TypeUser, ID: "2"}} },
			map[string]string{"user/1": "x"}, map[string]string{},
		},
		"the identity provider knows nobody": {
			[]audit.Match{{Principal: group("1", "g", "gone1")}, {Principal: group("2", "h", "gone2")}, {Principal: user("3", "u", "gone3")}}, clears,
			map[string]string{}, map[string]string{"group/1": rules.ReasonUnrelated, "group/2": rules.ReasonUnrelated, "user/3": rules.ReasonNoCandidate},
		},
		"two ids tell nothing of the directory": {
			[]audit.Match{{Principal: group("1", "g", "gone1")}, {Principal: group("2", "h", "gone2")}, {Principal: user("3", "u", "")}}, clears,
			map[string]string{"group/1": "", "group/2": ""}, map[string]string{},
		},
		"one name is enough to know the directory": {
			[]audit.Match{{Principal: group("1", "g", "gone1")}, {Principal: group("2", "h", "gone2")}, link(user("3", "u", "gone3"), "x")}, clears,
			map[string]string{"group/1": "", "group/2": "", "user/3": "x"}, map[string]string{},
		},
		"an unknown match tells nothing": {
			[]audit.Match{
				{Principal: group("1", "g", "gone1")}, {Principal: group("2", "h", "gone2")}, {Principal: user("3", "u", "gone3")},
				{Principal: user("4", "v", "gone4"), Unknown: "500", ByName: []audit.Identity{identity("x", "v")}},
			}, clears,
			map[string]string{}, map[string]string{"group/1": rules.ReasonUnrelated, "group/2": rules.ReasonUnrelated, "user/3": rules.ReasonNoCandidate},
		},
		"swap": {
			[]audit.Match{relinked(link(user("1", "a", "x"), "y")), relinked(link(user("2", "b", "y"), "x"))}, relink,
			map[string]string{}, map[string]string{"user/1": rules.ReasonHeld, "user/2": rules.ReasonHeld},
		},
		"chain": {
			[]audit.Match{link(user("1", "a", ""), "x"), relinked(link(user("2", "b", "x"), "y")), relinked(link(user("3", "c", "y"), "z"))}, relink,
			map[string]string{}, map[string]string{"user/1": rules.ReasonHeld, "user/2": rules.ReasonHeld, "user/3": rules.ReasonChain},
		},
		"a clear that frees an id of another type": {
			[]audit.Match{
				link(user("1", "a", ""), "x"),
				{Principal: group("2", "g", "x"), ByExternalIDOtherType: ptr(identity("x", "a"))},
			},
			func(o *Options) { o.Relink, o.SuggestGroupClears = true, true },
			map[string]string{}, map[string]string{"user/1": rules.ReasonHeld, "group/2": rules.ReasonChain},
		},
		"nobody can take what is freed": {
			[]audit.Match{
				link(group("1", "a", ""), "x"), // needs link_groups
				{Principal: user("2", "b", "x"), ByExternalIDOtherType: ptr(identity("x", "a")), ByName: []audit.Identity{identity("y", "b")}},
			}, relink,
			map[string]string{"user/2": "y"}, map[string]string{"group/1": rules.ReasonHeld},
		},
		"twins with one stale id": {
			[]audit.Match{link(user("1", "a", "gone"), "x"), link(user("2", "b", "gone"), "y")}, nil,
			map[string]string{"user/1": "x", "user/2": "y"}, map[string]string{},
		},
	}
	for label, c := range cases {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			o := directory()
			if c.change != nil {
				c.change(&o)
			}
			r := Divergences(scope(c.matches), o)
			same(t, "fixes", fixes(r), c.fixes)
			same(t, "reasons", reasons(r), c.reasons)
		})
	}
}

func relink(o *Options) { o.Relink = true }

func TestCandidates(t *testing.T) {
	t.Parallel()
	held := audit.Match{Principal: user("2", "b", ""), ByName: []audit.Identity{identity("taken", "b")}}
	local := audit.Match{Principal: group("3", "g", ""), ByName: []audit.Identity{identity("g-id", "g")}}
	stale := audit.Match{Principal: group("4", "h", "gone")}
	allowed := audit.Match{Principal: user("5", "e", ""), ByName: []audit.Identity{identity("e-id", "e")}}
	in := scope([]audit.Match{linkable(), held, local, stale, allowed}, user("9", "z", "taken"))
	in.Privileges = nil
	o := directory()
	o.AllowPrivileged = map[string]bool{"5": true}
	same(t, "switches off", Candidates(in, o), []audit.Ref{{Type: audit.TypeUser, ID: "1"}})
	o.LinkGroups, o.SuggestGroupClears = true, true
	same(t, "switches on", Candidates(in, o), []audit.Ref{{Type: audit.TypeUser, ID: "1"}, {Type: audit.TypeGroup, ID: "3"}, {Type: audit.TypeGroup, ID: "4"}})
	in.Inventory.Coverage.Users = false
	same(t, "a hole", Candidates(in, o), []audit.Ref(nil))
}

func TestDivergences_manualAction(t *testing.T) {
	t.Parallel()
	m := audit.Match{Principal: group("3", "g", ""), ByName: []audit.Identity{identity("g-id", "g")}}
	r := Divergences(scope([]audit.Match{m}), directory())
	same(t, "manual actions", r.ManualActions, []ManualAction{{
		Ref: audit.Ref{Type: audit.TypeGroup, ID: "3"}, PrincipalName: "g", Category: rules.CategoryExternalIDMismatch,
		Reason: rules.ReasonLinkGroups, Switch: "link_groups",
		Detail:     "the local group would become the identity provider's group g-id",
		Candidates: []string{"g-id"},
	}})
}

// A fix is reversible if the present value could be written once more.
func TestDivergences_reversible(t *testing.T) {
	t.Parallel()
	const guid = "aaaaaaaa-0000-4000-8000-00000000000c"
	for name, c := range map[string]struct {
		stored string
		others []audit.Principal
		why    string // empty where it is reversible
	}{
		"blank":             {"", nil, "a blank value cannot be written back"},
		"stale":             {guid, nil, ""},
		"with a space":      {" " + guid, nil, "the present value is one that the API does not accept"},
		"held by another":   {guid, []audit.Principal{group("9", "g", strings.ToUpper(guid))}, "another principal holds the present value as well"},
		"another's, spaced": {guid, []audit.Principal{user("9", "b", guid+"\t")}, "another principal holds the present value as well"},
		"composed, held":    {"é", []audit.Principal{user("9", "b", "e\u0301")}, "another principal holds the present value as well"},
		"too long":          {strings.Repeat("x", 256), nil, "the present value is one that the API does not accept"},
	} {
		m, o := linkable(), directory()
		o.Form = composeAcute
		m.Principal.ExternalID = c.stored
		fixes := Divergences(scope([]audit.Match{m}, c.others...), o).ExternalIDFixes
		if len(fixes) != 1 || fixes[0].Reversible != (c.why == "") || audit.Irreversible(audit.TypeUser, c.stored, fixes[0].Reversible) != c.why {
			t.Errorf("%s: %+v, want one fix, not reversible because %q", name, fixes, c.why)
		}
	}
	m := audit.Match{Principal: group("1", "team", ""), ByName: []audit.Identity{{Type: audit.TypeGroup, ExternalID: "g-id", Names: []string{"team"}}}}
	o := directory()
	o.LinkGroups = true
	if fixes := Divergences(scope([]audit.Match{m}), o).ExternalIDFixes; len(fixes) != 1 || !fixes[0].Reversible {
		t.Errorf("a blank group: %+v", fixes)
	}
}

// composeAcute stands for the composition that Terraform does.
func composeAcute(text string) string { return strings.ReplaceAll(text, "e\u0301", "é") }

// What passes through Terraform is composed: an id that is not cannot be offered, and
// one that differs in nothing else is held.
func TestDivergences_decomposed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		id     string
		others []audit.Principal
		reason string
	}{
		"id of the IdP": {"ide\u0301", nil, rules.ReasonInvalidID},
		"holder":        {"idé", []audit.Principal{user("9", "b", "ide\u0301")}, rules.ReasonHeld},
		"composed":      {"idé", nil, ""},
	} {
		m, o := linkable(), directory()
		o.Form = composeAcute
		m.ByName[0].ExternalID = c.id
		r := Divergences(scope([]audit.Match{m}, c.others...), o)
		reason := ""
		if len(r.ManualActions) > 0 {
			reason = r.ManualActions[0].Reason
		}
		if reason != c.reason || len(r.ExternalIDFixes) > 0 != (c.reason == "") {
			t.Errorf("%s: %+v, %+v", name, r.ExternalIDFixes, r.ManualActions)
		}
	}
	stale := audit.Match{Principal: user("1", "ann@cafe\u0301.example", "gone")}
	o := directory()
	o.Form, o.PrimaryDomains = composeAcute, []string{"CAFÉ.example"}
	if r := Divergences(scope([]audit.Match{stale}), o); len(r.Users) != 1 || r.Users[0].Cause != rules.CauseStaleOwn {
		t.Errorf("own domain: %+v", r.Users)
	}
}

// A manual action that asks for another name says which, and who is in the way, as the
// row of the principal does.
func TestProperty_nameChangesAreReady(t *testing.T) {
	t.Parallel()
	seen, blocked := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWorld(rt)
		r := Divergences(w.input(drawPowers(rt, w)), drawOptions(rt))
		rows := divergences(r)
		for _, a := range r.ManualActions {
			asks := a.Reason == rules.ReasonNameChange || a.Reason == rules.ReasonNameTaken
			if row := rows[a.Ref.String()]; asks && (a.NewName != row.IDPName || a.Conflicting != row.Conflicting) {
				rt.Fatalf("%+v, and its row is %+v", a, row)
			}
			if !asks && a.NewName+a.ExternalID+a.Conflicting.ID != "" {
				rt.Fatalf("a new name for %s", a.Reason)
			}
			if a.Reason == rules.ReasonNameTaken && a.Conflicting == (audit.Ref{}) {
				rt.Fatalf("%s is taken by no one", a.NewName)
			}
			if asks {
				seen++
			}
			if a.Conflicting != (audit.Ref{}) {
				blocked++
			}
		}
	})
	if seen == 0 || blocked == 0 {
		t.Errorf("%d name changes, %d blocked", seen, blocked)
	}
}
