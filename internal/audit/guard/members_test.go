// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package guard

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

func guardGroup(id, name string) PrincipalFact {
	return PrincipalFact{Principal: audit.Principal{Ref: audit.Ref{Type: audit.TypeGroup, ID: id}, Name: name}}
}

func guardUser(id string, active bool) PrincipalFact {
	return PrincipalFact{Principal: audit.Principal{Ref: audit.Ref{Type: audit.TypeUser, ID: id}, Name: "u" + id, Active: &active}}
}

// goodAdd and goodRemove are changes that no guard refuses.
func goodAdd() AddMemberFacts {
	return AddMemberFacts{Group: guardGroup("1", "data"), Member: guardUser("2", true)}
}

func goodRemove() RemoveMemberFacts {
	return RemoveMemberFacts{Group: guardGroup("1", "data"), Member: guardUser("2", true), Source: audit.SourceInternal, AIM: audit.AIMUnknown}
}

func guardIDs(refusals []Refusal) []string {
	var out []string
	for _, r := range refusals {
		out = append(out, r.Guard)
	}
	return out
}

type addCase struct {
	change func(*AddMemberFacts)
	want   []string
}

func addCases() map[string]addCase {
	nested := func(f *AddMemberFacts) { f.Member = guardGroup("9", "other") }
	return map[string]addCase{
		"nothing speaks against it": {func(*AddMemberFacts) {}, nil},
		"a service principal": {func(f *AddMemberFacts) {
			f.Member.Type = audit.TypeServicePrincipal
		}, nil},
		"a group":           {nested, nil},
		"group unreadable":  {func(f *AddMemberFacts) { f.Group.Unknown = "403" }, []string{GroupUnreadable}},
		"group deleted":     {func(f *AddMemberFacts) { f.Group.Deleted = true }, []string{GroupDeleted}},
		"member unreadable": {func(f *AddMemberFacts) { f.Member.Unknown = "500" }, []string{MemberUnreadable}},
		"member deleted":    {func(f *AddMemberFacts) { f.Member.Deleted = true }, []string{MemberDeleted}},
		"member inactive":   {func(f *AddMemberFacts) { f.Member = guardUser("2", false) }, []string{MemberInactive}},
		"member that does not say": {func(f *AddMemberFacts) {
			f.Member.Active = nil
		}, []string{MemberInactive}},
		"system group, in any case": {func(f *AddMemberFacts) { f.Group.Name = "Account Users" }, []string{SystemGroup}},
		"a system group is not also the IdP's": {func(f *AddMemberFacts) {
			f.Group.Name, f.Group.ExternalID = "admins", "x"
		}, []string{SystemGroup}},
		"linked group": {func(f *AddMemberFacts) { f.Group.ExternalID = "x" }, []string{IDPGroup}},
		"group with an IdP membership": {func(f *AddMemberFacts) {
			f.Members = []audit.Member{{Source: audit.SourceInternal}, {Source: audit.SourceIdentityProvider}}
		}, []string{IDPGroup}},
		"members of unknown source say nothing": {func(f *AddMemberFacts) {
			f.Members = []audit.Member{{Ref: audit.Ref{Type: audit.TypeUser, ID: "3"}, Source: SourceUnknown}}
		}, nil},
		"members unreadable": {func(f *AddMemberFacts) { f.MembersUnknown = "429" }, []string{OriginUnknown}},
		"a link needs no members": {func(f *AddMemberFacts) {
			f.Group.ExternalID, f.MembersUnknown = "x", "429"
		}, []string{IDPGroup}},
		"itself": {func(f *AddMemberFacts) { f.Member = f.Group }, []string{Self}},
		"itself, with a hole above": {func(f *AddMemberFacts) {
			f.Member, f.AboveUnknown = f.Group, "403"
		}, []string{Self}},
		"cycle": {func(f *AddMemberFacts) {
			nested(f)
			f.Above = []string{"5", "9"}
		}, []string{Cycle}},
		"cycle seen beside a hole": {func(f *AddMemberFacts) {
			nested(f)
			f.Above, f.AboveUnknown = []string{"9"}, "403"
		}, []string{Cycle}},
		"cycle unknown": {func(f *AddMemberFacts) {
			nested(f)
			f.AboveUnknown = "403"
		}, []string{CycleUnknown}},
		"a user makes no cycle": {func(f *AddMemberFacts) {
			f.Above, f.AboveUnknown = []string{"2"}, "403"
		}, nil},
		"privileged": {func(f *AddMemberFacts) {
			f.Privilege.Powers = []string{"account role account_admin"}
		}, []string{Privileged}},
		"privileged beside a hole": {func(f *AddMemberFacts) {
			f.Privilege = audit.Privilege{Powers: []string{"account role account_admin"}, Unknown: "403"}
		}, []string{Privileged}},
		"privileges unknown": {func(f *AddMemberFacts) { f.Privilege.Unknown = "403" }, []string{PrivilegesUnknown}},
		"privileged and allowed": {func(f *AddMemberFacts) {
			f.Privilege, f.AllowPrivileged = audit.Privilege{Powers: []string{"x"}, Unknown: "403"}, true
		}, nil},
		"privileges unknown and allowed": {func(f *AddMemberFacts) {
			f.Privilege.Unknown, f.AllowPrivileged = "403", true
		}, nil},
		"a restore into a group of the IdP, privileged, with holes": {func(f *AddMemberFacts) {
			f.Restores, f.Group.ExternalID, f.MembersUnknown = true, "x", "403"
			f.Privilege = audit.Privilege{Powers: []string{"x"}, Unknown: "403"}
		}, nil},
		"a restore into an unlinked group that could not be read in full": {func(f *AddMemberFacts) {
			f.Restores, f.MembersUnknown, f.Privilege.Unknown = true, "403", "403"
		}, nil},
		"a restore is no more than that": {func(f *AddMemberFacts) {
			f.Restores, f.Group.Name, f.Member = true, "admins", guardUser("2", false) // Inactive.
		}, []string{SystemGroup}},
		"allow_privileged allows nothing else": {func(f *AddMemberFacts) {
			f.AllowPrivileged, f.Group.ExternalID, f.Member = true, "x", guardUser("2", false)
		}, []string{MemberInactive, IDPGroup}},
	}
}

type removeCase struct {
	change func(*RemoveMemberFacts)
	want   []string
}

func removeCases() map[string]removeCase {
	linked := func(f *RemoveMemberFacts, s audit.MembershipSource) { f.Group.ExternalID, f.Source = "x", s }
	return map[string]removeCase{
		"nothing speaks against it": {func(*RemoveMemberFacts) {}, nil},
		"an inactive member":        {func(f *RemoveMemberFacts) { f.Member = guardUser("2", false) }, nil},
		"group unreadable":          {func(f *RemoveMemberFacts) { f.Group.Unknown = "403" }, []string{GroupUnreadable}},
		"member unreadable":         {func(f *RemoveMemberFacts) { f.Member.Unknown = "403" }, []string{MemberUnreadable}},
		"group deleted": {func(f *RemoveMemberFacts) {
			f.Group.Deleted, f.AdminsUnknown = true, "403"
		}, nil},
		"member deleted": {func(f *RemoveMemberFacts) {
			f.Member.Deleted, f.CallerUnknown = true, "403"
		}, nil},
		"system group":               {func(f *RemoveMemberFacts) { f.Group.Name = "users" }, []string{SystemGroup}},
		"own membership, linked":     {func(f *RemoveMemberFacts) { linked(f, audit.SourceInternal) }, nil},
		"IdP membership":             {func(f *RemoveMemberFacts) { linked(f, audit.SourceIdentityProvider) }, []string{IDPMembership}},
		"IdP membership, unlinked":   {func(f *RemoveMemberFacts) { f.Source = audit.SourceIdentityProvider }, []string{IDPMembership}},
		"source unknown, linked":     {func(f *RemoveMemberFacts) { linked(f, SourceUnknown) }, []string{SourceUnknown}},
		"source not given, linked":   {func(f *RemoveMemberFacts) { linked(f, "") }, []string{SourceUnknown}},
		"source unknown, not linked": {func(f *RemoveMemberFacts) { f.Source = SourceUnknown }, nil},
		"source unknown, AIM off": {func(f *RemoveMemberFacts) {
			linked(f, SourceUnknown)
			f.AIM = audit.AIMOff
		}, nil},
		"source unknown, AIM on": {func(f *RemoveMemberFacts) {
			linked(f, SourceUnknown)
			f.AIM = audit.AIMOn
		}, []string{SourceUnknown}},
		"the caller": {func(f *RemoveMemberFacts) { f.RemovesCaller, f.CallerUnknown = true, "403" }, []string{Caller}},
		"perhaps the caller": {func(f *RemoveMemberFacts) {
			f.CallerUnknown = "403"
		}, []string{CallerUnknown}},
		"the caller, allowed": {func(f *RemoveMemberFacts) {
			f.RemovesCaller, f.CallerUnknown, f.AllowSelfRemoval = true, "403", true
		}, nil},
		"allow_self_removal allows nothing else": {func(f *RemoveMemberFacts) {
			f.RemovesCaller, f.AllowSelfRemoval, f.GivesAdmin = true, true, true
		}, []string{LastAdmin}},
		"the last admin":   {func(f *RemoveMemberFacts) { f.GivesAdmin = true }, []string{LastAdmin}},
		"not the last one": {func(f *RemoveMemberFacts) { f.GivesAdmin, f.AdminsAfter = true, 1 }, nil},
		"admins unknown": {func(f *RemoveMemberFacts) {
			f.GivesAdmin, f.AdminsUnknown = true, "403"
		}, []string{AdminsUnknown}},
	}
}

func TestAddMember(t *testing.T) {
	t.Parallel()
	for name, tt := range addCases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := goodAdd()
			tt.change(&f)
			if diff := cmp.Diff(tt.want, guardIDs(AddMember(f))); diff != "" {
				t.Errorf("refusals (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRemoveMember(t *testing.T) {
	t.Parallel()
	for name, tt := range removeCases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := goodRemove()
			tt.change(&f)
			if diff := cmp.Diff(tt.want, guardIDs(RemoveMember(f))); diff != "" {
				t.Errorf("refusals (-want +got):\n%s", diff)
			}
		})
	}
}

// Each guard has, for each change that it looks at, a case in which it refuses
// alone, and says what a person needs.
func TestMemberGuardsAreWhole(t *testing.T) {
	t.Parallel()
	alone := map[string]bool{}
	for _, tt := range addCases() {
		if len(tt.want) == 1 {
			alone["add "+tt.want[0]] = true
		}
	}
	for _, tt := range removeCases() {
		if len(tt.want) == 1 {
			alone["remove "+tt.want[0]] = true
		}
	}
	seen := map[string]bool{}
	for _, g := range MemberGuards() {
		switch {
		case seen[g.ID]:
			t.Errorf("%s is there twice", g.ID)
		case g.Title == "" || !strings.HasSuffix(g.Remedy, "."):
			t.Errorf("%s: title %q, remedy %q", g.ID, g.Title, g.Remedy)
		case g.Switch != "" && !strings.Contains(g.Remedy, g.Switch):
			t.Errorf("%s: the remedy does not name %s", g.ID, g.Switch)
		case !g.ForAdd() && !g.ForRemove():
			t.Errorf("%s looks at nothing", g.ID)
		case g.ForAdd() && !alone["add "+g.ID], g.ForRemove() && !alone["remove "+g.ID]:
			t.Errorf("%s: no case in which it refuses alone", g.ID)
		}
		seen[g.ID] = true
	}
}

func TestRefusalNamesGroupMemberAndRemedy(t *testing.T) {
	t.Parallel()
	f := goodAdd()
	f.Privilege.Powers = []string{"a", "b", "c", "d", "e", "f"}
	got := AddMember(f)
	if len(got) != 1 {
		t.Fatalf("got %v", got)
	}
	const want = "user/2 is not added to group/1: the group has a, b, c, d, e, and 1 more. " +
		"If the member should have these privileges, set allow_privileged = true on this instance."
	if diff := cmp.Diff(want, got[0].Error()); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}

func TestRefusalSaysWhyTheGroupIsTheIDPs(t *testing.T) {
	t.Parallel()
	linked, unlinked := goodAdd(), goodAdd()
	linked.Group.ExternalID = "g-id"
	unlinked.Members = []audit.Member{{Ref: audit.Ref{Type: audit.TypeUser, ID: "9"}, Source: audit.SourceIdentityProvider}}
	for want, f := range map[string]AddMemberFacts{
		`the group belongs to the identity provider (externalId "g-id")`: linked,
		"the group has members that come from the identity provider":     unlinked,
	} {
		if got := idpGroup(&f); got != want {
			t.Errorf("said %q, want %q", got, want)
		}
	}
	five := []string{"a", "b", "c", "d", "e"}
	if got := privilegesText(five); got != "a, b, c, d, e" {
		t.Error(got)
	}
}

// What no one can attribute is unknown, and refuses.
func TestAddMember_notUnderstood(t *testing.T) {
	t.Parallel()
	facts := func() AddMemberFacts {
		return AddMemberFacts{
			Group: guardGroup("1", "g"), Member: guardGroup("2", "h"),
			Members: []audit.Member{{Ref: audit.Ref{Type: audit.TypeUser, ID: "3"}}}, Above: []string{"4"},
		}
	}
	if refused := AddMember(facts()); len(refused) != 0 {
		t.Fatalf("refused: %+v", refused)
	}
	f := facts()
	f.Members = append(f.Members, audit.Member{})
	if refused := AddMember(f); len(refused) != 1 || refused[0].Guard != OriginUnknown {
		t.Errorf("a member without id: %+v", refused)
	}
	f = facts()
	f.Above = append(f.Above, "")
	if refused := AddMember(f); len(refused) != 1 || refused[0].Guard != CycleUnknown {
		t.Errorf("a group above without id: %+v", refused)
	}
}

// Whatever the facts are: an addition that passes is to a Databricks group, of
// an active member, makes no cycle, and depends on no hole.
func TestAddMemberProperty(t *testing.T) {
	t.Parallel()
	// Most facts are harmless, so that many draws pass and each guard often
	// decides alone.
	maybe := rapid.SampledFrom([]string{"", "", "", "", "", "", "", "", "", "403"})
	rare := rapid.Map(maybe, func(s string) bool { return s != "" })
	rapid.Check(t, func(rt *rapid.T) {
		f := goodAdd()
		if rare.Draw(rt, "system group") {
			f.Group.Name = "admins"
		}
		f.Group.ExternalID = maybe.Draw(rt, "external id")
		f.Group.Unknown, f.Member.Unknown = maybe.Draw(rt, "group"), maybe.Draw(rt, "member")
		f.Group.Deleted, f.Member.Deleted = rare.Draw(rt, "group gone"), rare.Draw(rt, "member gone")
		f.MembersUnknown, f.AboveUnknown = maybe.Draw(rt, "members"), maybe.Draw(rt, "above unknown")
		f.Privilege.Unknown = maybe.Draw(rt, "privilege unknown")
		f.Privilege.Powers = rapid.SliceOfN(rapid.Just("p"), 0, 1).Draw(rt, "powers")
		f.AllowPrivileged = rapid.Bool().Draw(rt, "allowed")
		f.Above = rapid.SliceOfN(rapid.SampledFrom([]string{"2", "3", "4", "5"}), 0, 1).Draw(rt, "above")
		if rapid.Bool().Draw(rt, "nested") {
			f.Member.Ref, f.Member.Active = audit.Ref{Type: audit.TypeGroup, ID: rapid.SampledFrom([]string{"1", "2", "2", "2"}).Draw(rt, "id")}, nil
		} else {
			active := !rare.Draw(rt, "inactive")
			f.Member.Active = &active
		}
		refused := len(AddMember(f)) > 0

		group := f.Member.Type == audit.TypeGroup
		bad := f.Group.Name == "admins" || f.Group.ExternalID != "" || f.Group.Deleted || f.Member.Deleted ||
			f.Group.Unknown != "" || f.Member.Unknown != "" || f.MembersUnknown != "" ||
			!group && !*f.Member.Active ||
			group && (f.Member.ID == f.Group.ID || f.AboveUnknown != "" || slices.Contains(f.Above, f.Member.ID)) ||
			!f.AllowPrivileged && (len(f.Privilege.Powers) > 0 || f.Privilege.Unknown != "")
		if refused != bad {
			rt.Fatalf("refused is %t, should be %t: %v", refused, bad, AddMember(f))
		}
	})
}
