// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package guard

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// PrincipalFact is one principal as it was read for a guard.
type PrincipalFact struct {
	// Principal has its Ref always, the rest only where it was read.
	audit.Principal
	// Deleted is true on proof only.
	Deleted bool
	// Unknown is why it could not be read; empty means that it was.
	Unknown string
}

// read reports whether there is a principal to judge.
func (f *PrincipalFact) read() bool { return !f.Deleted && f.Unknown == "" }

// AddMemberFacts is what the guards of an addition rest on.
type AddMemberFacts struct {
	Group, Member PrincipalFact
	// Members are the direct members of the group; MembersUnknown is why they
	// could not be read in full.
	Members        []audit.Member
	MembersUnknown string
	// Privilege is what the group holds, through groups above it included.
	Privilege audit.Privilege
	// AllowPrivileged is the deliberate permission of this one instance.
	AllowPrivileged bool
	// Restores is true for the undoing of a removal that was made by the same
	// instance: it gives no privilege that was not there before, the member may have
	// been inactive then, and the group may be the identity provider's, because the
	// removal was of Databricks' own part.
	Restores bool
	// Above are the ids of all groups that the group is in, at any depth;
	// AboveUnknown is why there may be more. Needed where the member is a group.
	Above        []string
	AboveUnknown string
}

// RemoveMemberFacts is what the guards of a removal rest on.
type RemoveMemberFacts struct {
	// Group and Member may be deleted: then there is nothing to remove.
	Group, Member PrincipalFact
	// Source is who owns the membership.
	Source audit.MembershipSource
	// AIM is whether automatic identity management is on.
	AIM audit.AIMState
	// RemovesCaller is true when the member is the identity that this program
	// logs in as, or a group that holds it at any depth. Who the caller is may be
	// unknown, which is for a warning; CallerUnknown is why it could not be found
	// out whether a known caller is within the member.
	RemovesCaller bool
	CallerUnknown string
	// AllowSelfRemoval is the deliberate permission of this one instance.
	AllowSelfRemoval bool
	// GivesAdmin is true when the group is an account admin, itself or through a
	// group above it; AdminsAfter is the number of active account admins, groups
	// resolved to their members, that would be left. AdminsUnknown is why either
	// is not known.
	GivesAdmin    bool
	AdminsAfter   int
	AdminsUnknown string
}

// MemberGuard explains one guard. The table in the docs is compared with these.
type MemberGuard struct {
	ID, Title, Remedy string
	// Attribute is the one that the guard is about; empty for the membership as a whole.
	Attribute string
	// Switch is the attribute that allows it deliberately; empty where none does.
	Switch string

	// add and remove give the reason to refuse, or ""; nil where the guard is
	// not for that change.
	add    func(*AddMemberFacts) string
	remove func(*RemoveMemberFacts) string
}

// ForAdd and ForRemove say which changes the guard looks at.
func (g *MemberGuard) ForAdd() bool { return g.add != nil }

// ForRemove is like [MemberGuard.ForAdd].
func (g *MemberGuard) ForRemove() bool { return g.remove != nil }

// AddMember gives every reason not to add the member, in the order of
// [MemberGuards] and one per cause; none means that it may be added. A hole in
// what a guard needs is a reason.
func AddMember(f AddMemberFacts) []Refusal {
	f.understand()
	change := fmt.Sprintf("%s is not added to %s", f.Member.Ref, f.Group.Ref)
	return refusals(change, func(g *MemberGuard) string {
		if g.add == nil {
			return ""
		}
		return g.add(&f)
	})
}

// RemoveMember gives every reason not to remove the member, as
// [AddMember]. Where the group or the member is deleted, nothing is left to
// guard.
func RemoveMember(f RemoveMemberFacts) []Refusal {
	if f.Group.Deleted || f.Member.Deleted {
		return nil
	}
	change := fmt.Sprintf("%s is not removed from %s", f.Member.Ref, f.Group.Ref)
	return refusals(change, func(g *MemberGuard) string {
		if g.remove == nil {
			return ""
		}
		return g.remove(&f)
	})
}

func refusals(change string, reason func(*MemberGuard) string) []Refusal {
	var out []Refusal
	for _, g := range MemberGuards() {
		if why := reason(&g); why != "" {
			out = append(out, Refusal{Guard: g.ID, Text: change + ": " + why, Remedy: g.Remedy, Attribute: g.Attribute})
		}
	}
	return out
}

// privilegesText lists the first powers of a group.
func privilegesText(powers []string) string {
	const most = 5
	if len(powers) > most {
		return fmt.Sprintf("%s, and %d more", strings.Join(powers[:most], ", "), len(powers)-most)
	}
	return strings.Join(powers, ", ")
}

// understand marks as unknown what the lists of the facts do not attribute.
func (f *AddMemberFacts) understand() {
	if f.MembersUnknown == "" && slices.ContainsFunc(f.Members, func(m audit.Member) bool { return m.ID == "" }) {
		f.MembersUnknown = "the list of members has an entry without id"
	}
	if f.AboveUnknown == "" && slices.Contains(f.Above, "") {
		f.AboveUnknown = "the list of the groups above has an entry without id"
	}
}
