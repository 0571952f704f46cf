// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package guard

import (
	"fmt"
	"slices"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// The ids of the guards.
const (
	GroupUnreadable   = "group_unreadable"
	GroupDeleted      = "group_deleted"
	MemberUnreadable  = "member_unreadable"
	MemberDeleted     = "member_deleted"
	MemberInactive    = "member_inactive"
	SystemGroup       = "system_group"
	IDPGroup          = "idp_group"
	OriginUnknown     = "origin_unknown"
	Self              = "self_membership"
	Cycle             = "membership_cycle"
	CycleUnknown      = "membership_cycle_unknown"
	Privileged        = "privileged_group"
	PrivilegesUnknown = "privileges_unknown"
	IDPMembership     = "idp_membership"
	SourceUnknown     = "membership_source_unknown"
	Caller            = "removes_caller"
	CallerUnknown     = "caller_unknown"
	LastAdmin         = "last_account_admin"
	AdminsUnknown     = "account_admins_unknown"
)

// MemberGuards are the guards of memberships, in the order in which refusals
// are reported.
func MemberGuards() []MemberGuard {
	return slices.Concat(principalGuards(), addGuards(), removeGuards())
}

// principalGuards look at the group and at the member by themselves.
func principalGuards() []MemberGuard {
	unread := func(f *PrincipalFact, what string) string {
		if f.Unknown == "" {
			return ""
		}
		return fmt.Sprintf("the %s could not be read (%s)", what, f.Unknown)
	}
	return []MemberGuard{
		{
			ID: GroupUnreadable, Attribute: "group_id", Title: "The group could not be read", Remedy: readAgain,
			add:    func(f *AddMemberFacts) string { return unread(&f.Group, "group") },
			remove: func(f *RemoveMemberFacts) string { return unread(&f.Group, "group") },
		},
		{
			ID: GroupDeleted, Attribute: "group_id", Title: "The group is deleted",
			Remedy: "Take the instance out of the configuration, or name another group.",
			add:    func(f *AddMemberFacts) string { return when(f.Group.Deleted, "the account has no such group") },
		},
		{
			ID: MemberUnreadable, Attribute: "member_id", Title: "The member could not be read", Remedy: readAgain,
			add:    func(f *AddMemberFacts) string { return unread(&f.Member, "member") },
			remove: func(f *RemoveMemberFacts) string { return unread(&f.Member, "member") },
		},
		{
			ID: MemberDeleted, Attribute: "member_id", Title: "The member is deleted",
			Remedy: "Take the instance out of the configuration, or name another principal.",
			add:    func(f *AddMemberFacts) string { return when(f.Member.Deleted, "the account has no such principal") },
		},
		{
			ID: MemberInactive, Attribute: "member_id", Title: "The member is inactive, or does not say",
			Remedy: "Activate it in the identity provider or in Databricks first, or leave it out.",
			add:    inactive,
		},
		{
			ID: SystemGroup, Attribute: "group_id", Title: "The group is one that Databricks keeps itself",
			Remedy: "Leave it out: its members follow from the account.",
			add:    func(f *AddMemberFacts) string { return systemGroup(&f.Group) },
			remove: func(f *RemoveMemberFacts) string { return systemGroup(&f.Group) },
		},
	}
}

// addGuards look at what an addition would make.
func addGuards() []MemberGuard {
	return []MemberGuard{
		{
			ID: IDPGroup, Attribute: "group_id", Title: "The group belongs to the identity provider",
			Remedy: "Add the member to the group in the identity provider.",
			add:    idpGroup,
		},
		{
			ID: OriginUnknown, Attribute: "group_id", Title: "Whom the group belongs to is not known", Remedy: readAgain,
			add: func(f *AddMemberFacts) string {
				if f.Restores || !f.Group.read() || f.MembersUnknown == "" || audit.OriginOf(f.Group.Principal, f.Members) != audit.OriginDatabricks {
					return ""
				}
				return fmt.Sprintf("whether it has members from the identity provider could not be read (%s)", f.MembersUnknown)
			},
		},
		{
			ID: Self, Attribute: "member_id", Title: "A group as a member of itself", Remedy: "Name another member.",
			add: func(f *AddMemberFacts) string { return when(f.Member.Ref == f.Group.Ref, "they are the same group") },
		},
		{
			ID: Cycle, Attribute: "member_id", Title: "Nesting that makes a cycle",
			Remedy: "Take the group out of the member first, or nest them the other way round.",
			add: func(f *AddMemberFacts) string {
				return when(f.nests() && slices.Contains(f.Above, f.Member.ID), "the group is within the member already")
			},
		},
		{
			ID: CycleUnknown, Attribute: "member_id", Title: "Whether the nesting makes a cycle is not known", Remedy: readAgain,
			add: func(f *AddMemberFacts) string {
				if !f.nests() || f.AboveUnknown == "" || slices.Contains(f.Above, f.Member.ID) {
					return ""
				}
				return fmt.Sprintf("whether the group is within the member could not be read (%s)", f.AboveUnknown)
			},
		},
		{
			ID: Privileged, Title: "The group is privileged", Switch: "allow_privileged",
			Remedy: "If the member should have these privileges, set allow_privileged = true on this instance.",
			add: func(f *AddMemberFacts) string {
				if f.AllowPrivileged || f.Restores || len(f.Privilege.Powers) == 0 {
					return ""
				}
				return "the group has " + privilegesText(f.Privilege.Powers)
			},
		},
		{
			ID: PrivilegesUnknown, Title: "Whether the group is privileged is not known", Switch: "allow_privileged",
			Remedy: "Plan again when the account can be read, or set allow_privileged = true on this instance.",
			add: func(f *AddMemberFacts) string {
				if f.AllowPrivileged || f.Restores || !f.Group.read() || len(f.Privilege.Powers) > 0 || f.Privilege.Unknown == "" {
					return ""
				}
				return fmt.Sprintf("the privileges of the group could not be read in full (%s)", f.Privilege.Unknown)
			},
		},
	}
}

// removeGuards look at what a removal would take away.
func removeGuards() []MemberGuard {
	return []MemberGuard{
		{
			ID: IDPMembership, Title: "The membership comes from the identity provider",
			Remedy: "Take the member out of the group in the identity provider.",
			remove: func(f *RemoveMemberFacts) string {
				return when(f.Source == audit.SourceIdentityProvider, "the membership comes from the identity provider")
			},
		},
		{
			ID: SourceUnknown, Title: "Where the membership comes from is not known",
			Remedy: `Set automatic_identity_management = "off" if it is off; otherwise IAM v2 must be available, which returns it.`,
			remove: sourceUnknown,
		},
		{
			ID: Caller, Title: "The member is, or holds, the identity that runs this", Switch: "allow_self_removal",
			Remedy: "Have another account admin do it, run this as another identity, or, if it can do without the group, " +
				"set allow_self_removal = true on this instance.",
			remove: func(f *RemoveMemberFacts) string {
				return when(f.RemovesCaller && !f.AllowSelfRemoval, "it would take the identity that runs this out of the group")
			},
		},
		{
			ID: CallerUnknown, Title: "Whether the member holds the identity that runs this is not known", Switch: "allow_self_removal",
			Remedy: "Plan again when the account can be read, or set allow_self_removal = true on this instance.",
			remove: func(f *RemoveMemberFacts) string {
				if f.AllowSelfRemoval || f.RemovesCaller || f.CallerUnknown == "" {
					return ""
				}
				return fmt.Sprintf("whether it takes the identity that runs this out of the group could not be read (%s)", f.CallerUnknown)
			},
		},
		{
			ID: LastAdmin, Title: "No account admin would be left",
			Remedy: "Make another principal account admin first.",
			remove: func(f *RemoveMemberFacts) string {
				return when(f.AdminsUnknown == "" && f.GivesAdmin && f.AdminsAfter < 1, "the account would be left without an active account admin")
			},
		},
		{
			ID: AdminsUnknown, Title: "Whether an account admin would be left is not known", Remedy: readAgain,
			remove: func(f *RemoveMemberFacts) string {
				if f.AdminsUnknown == "" {
					return ""
				}
				return fmt.Sprintf("whether the account would be left with an account admin could not be read (%s)", f.AdminsUnknown)
			},
		},
	}
}

// nests reports whether the addition puts a group into another one.
func (f *AddMemberFacts) nests() bool {
	return f.Member.Type == audit.TypeGroup && f.Member.Ref != f.Group.Ref
}

func when(refused bool, why string) string {
	if refused {
		return why
	}
	return ""
}

func inactive(f *AddMemberFacts) string {
	switch m := &f.Member; {
	case f.Restores || !m.read() || m.Type == audit.TypeGroup:
		return "" // Groups have no such state, and it may have been inactive before.
	case m.Active == nil:
		return "the account does not say whether the member is active"
	default:
		return when(!*m.Active, "the member is inactive")
	}
}

func systemGroup(f *PrincipalFact) string {
	return when(f.read() && audit.IsSystemGroup(f.Principal), fmt.Sprintf("Databricks keeps %q itself", f.Name))
}

func idpGroup(f *AddMemberFacts) string {
	switch {
	case f.Restores || !f.Group.read() || audit.OriginOf(f.Group.Principal, f.Members) != audit.OriginIDP:
		return ""
	case f.Group.ExternalID != "":
		return fmt.Sprintf("the group belongs to the identity provider (externalId %q)", f.Group.ExternalID)
	default:
		return "the group has members that come from the identity provider"
	}
}

// sourceUnknown refuses where the membership could be the identity provider's:
// a group that is not linked has none from there.
func sourceUnknown(f *RemoveMemberFacts) string {
	known := f.Source == audit.SourceInternal || f.Source == audit.SourceIdentityProvider
	if known || f.AIM == audit.AIMOff || !f.Group.read() || f.Group.ExternalID == "" {
		return ""
	}
	return "the account does not say whether the membership is Databricks' own"
}
