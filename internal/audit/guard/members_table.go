// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package audit

import (
	"fmt"
	"slices"
)

// The ids of the guards.
const (
	GuardGroupUnreadable   = "group_unreadable"
	GuardGroupDeleted      = "group_deleted"
	GuardMemberUnreadable  = "member_unreadable"
	GuardMemberDeleted     = "member_deleted"
	GuardMemberInactive    = "member_inactive"
	GuardSystemGroup       = "system_group"
	GuardIDPGroup          = "idp_group"
	GuardOriginUnknown     = "origin_unknown"
	GuardSelf              = "self_membership"
	GuardCycle             = "membership_cycle"
	GuardCycleUnknown      = "membership_cycle_unknown"
	GuardPrivileged        = "privileged_group"
	GuardPrivilegesUnknown = "privileges_unknown"
	GuardIDPMembership     = "idp_membership"
	GuardSourceUnknown     = "membership_source_unknown"
	GuardCaller            = "removes_caller"
	GuardCallerUnknown     = "caller_unknown"
	GuardLastAdmin         = "last_account_admin"
	GuardAdminsUnknown     = "account_admins_unknown"
)

// MemberGuards are the guards of memberships, in the order in which refusals
// are reported.
func MemberGuards() []MemberGuard {
	const readAgain = "Plan again when the account can be read; the failure says what is missing."
	return slices.Concat(principalGuards(readAgain), addGuards(readAgain), removeGuards(readAgain))
}

// principalGuards look at the group and at the member by themselves.
func principalGuards(readAgain string) []MemberGuard {
	unread := func(f *PrincipalFact, what string) string {
		if f.Unknown == "" {
			return ""
		}
		return fmt.Sprintf("the %s could not be read (%s)", what, f.Unknown)
	}
	return []MemberGuard{
		{
			ID: GuardGroupUnreadable, Attribute: "group_id", Title: "The group could not be read", Remedy: readAgain,
			add:    func(f *AddMemberFacts) string { return unread(&f.Group, "group") },
			remove: func(f *RemoveMemberFacts) string { return unread(&f.Group, "group") },
		},
		{
			ID: GuardGroupDeleted, Attribute: "group_id", Title: "The group is deleted",
			Remedy: "Take the instance out of the configuration, or name another group.",
			add:    func(f *AddMemberFacts) string { return when(f.Group.Deleted, "the account has no such group") },
		},
		{
			ID: GuardMemberUnreadable, Attribute: "member_id", Title: "The member could not be read", Remedy: readAgain,
			add:    func(f *AddMemberFacts) string { return unread(&f.Member, "member") },
			remove: func(f *RemoveMemberFacts) string { return unread(&f.Member, "member") },
		},
		{
			ID: GuardMemberDeleted, Attribute: "member_id", Title: "The member is deleted",
			Remedy: "Take the instance out of the configuration, or name another principal.",
			add:    func(f *AddMemberFacts) string { return when(f.Member.Deleted, "the account has no such principal") },
		},
		{
			ID: GuardMemberInactive, Attribute: "member_id", Title: "The member is inactive, or does not say",
			Remedy: "Activate it in the identity provider or in Databricks first, or leave it out.",
			add:    inactive,
		},
		{
			ID: GuardSystemGroup, Attribute: "group_id", Title: "The group is one that Databricks keeps itself",
			Remedy: "Leave it out: its members follow from the account.",
			add:    func(f *AddMemberFacts) string { return systemGroup(&f.Group) },
			remove: func(f *RemoveMemberFacts) string { return systemGroup(&f.Group) },
		},
	}
}

// addGuards look at what an addition would make.
func addGuards(readAgain string) []MemberGuard {
	return []MemberGuard{
		{
			ID: GuardIDPGroup, Attribute: "group_id", Title: "The group belongs to the identity provider",
			Remedy: "Add the member to the group in the identity provider.",
			add:    idpGroup,
		},
		{
			ID: GuardOriginUnknown, Attribute: "group_id", Title: "Whom the group belongs to is not known", Remedy: readAgain,
			add: func(f *AddMemberFacts) string {
				if f.Restores || !f.Group.read() || f.MembersUnknown == "" || OriginOf(f.Group.Principal, f.Members) != OriginDatabricks {
					return ""
				}
				return fmt.Sprintf("whether it has members from the identity provider could not be read (%s)", f.MembersUnknown)
			},
		},
		{
			ID: GuardSelf, Attribute: "member_id", Title: "A group as a member of itself", Remedy: "Name another member.",
			add: func(f *AddMemberFacts) string { return when(f.Member.Ref == f.Group.Ref, "they are the same group") },
		},
		{
			ID: GuardCycle, Attribute: "member_id", Title: "Nesting that makes a cycle",
			Remedy: "Take the group out of the member first, or nest them the other way round.",
			add: func(f *AddMemberFacts) string {
				return when(f.nests() && slices.Contains(f.Above, f.Member.ID), "the group is within the member already")
			},
		},
		{
			ID: GuardCycleUnknown, Attribute: "member_id", Title: "Whether the nesting makes a cycle is not known", Remedy: readAgain,
			add: func(f *AddMemberFacts) string {
				if !f.nests() || f.AboveUnknown == "" || slices.Contains(f.Above, f.Member.ID) {
					return ""
				}
				return fmt.Sprintf("whether the group is within the member could not be read (%s)", f.AboveUnknown)
			},
		},
		{
			ID: GuardPrivileged, Title: "The group is privileged", Switch: "allow_privileged",
			Remedy: "If the member should have these privileges, set allow_privileged = true on this instance.",
			add: func(f *AddMemberFacts) string {
				if f.AllowPrivileged || f.Restores || len(f.Privilege.Powers) == 0 {
					return ""
				}
				return "the group has " + privilegesText(f.Privilege.Powers)
			},
		},
		{
			ID: GuardPrivilegesUnknown, Title: "Whether the group is privileged is not known", Switch: "allow_privileged",
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
func removeGuards(readAgain string) []MemberGuard {
	return []MemberGuard{
		{
			ID: GuardIDPMembership, Title: "The membership comes from the identity provider",
			Remedy: "Take the member out of the group in the identity provider.",
			remove: func(f *RemoveMemberFacts) string {
				return when(f.Source == SourceIdentityProvider, "the membership comes from the identity provider")
			},
		},
		{
			ID: GuardSourceUnknown, Title: "Where the membership comes from is not known",
			Remedy: `Set automatic_identity_management = "off" if it is off; otherwise IAM v2 must be available, which returns it.`,
			remove: sourceUnknown,
		},
		{
			ID: GuardCaller, Title: "The member is, or holds, the identity that runs this", Switch: "allow_self_removal",
			Remedy: "Have another account admin do it, run this as another identity, or, if it can do without the group, " +
				"set allow_self_removal = true on this instance.",
			remove: func(f *RemoveMemberFacts) string {
				return when(f.RemovesCaller && !f.AllowSelfRemoval, "it would take the identity that runs this out of the group")
			},
		},
		{
			ID: GuardCallerUnknown, Title: "Whether the member holds the identity that runs this is not known", Switch: "allow_self_removal",
			Remedy: "Plan again when the account can be read, or set allow_self_removal = true on this instance.",
			remove: func(f *RemoveMemberFacts) string {
				if f.AllowSelfRemoval || f.RemovesCaller || f.CallerUnknown == "" {
					return ""
				}
				return fmt.Sprintf("whether it takes the identity that runs this out of the group could not be read (%s)", f.CallerUnknown)
			},
		},
		{
			ID: GuardLastAdmin, Title: "No account admin would be left",
			Remedy: "Make another principal account admin first.",
			remove: func(f *RemoveMemberFacts) string {
				return when(f.AdminsUnknown == "" && f.GivesAdmin && f.AdminsAfter < 1, "the account would be left without an active account admin")
			},
		},
		{
			ID: GuardAdminsUnknown, Title: "Whether an account admin would be left is not known", Remedy: readAgain,
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
	return f.Member.Type == TypeGroup && f.Member.Ref != f.Group.Ref
}

func when(refused bool, why string) string {
	if refused {
		return why
	}
	return ""
}

func inactive(f *AddMemberFacts) string {
	switch m := &f.Member; {
	case f.Restores || !m.read() || m.Type == TypeGroup:
		return "" // Groups have no such state, and it may have been inactive before.
	case m.Active == nil:
		return "the account does not say whether the member is active"
	default:
		return when(!*m.Active, "the member is inactive")
	}
}

func systemGroup(f *PrincipalFact) string {
	return when(f.read() && isSystemGroup(&f.Principal), fmt.Sprintf("Databricks keeps %q itself", f.Name))
}

func idpGroup(f *AddMemberFacts) string {
	switch {
	case f.Restores || !f.Group.read() || OriginOf(f.Group.Principal, f.Members) != OriginIDP:
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
	known := f.Source == SourceInternal || f.Source == SourceIdentityProvider
	if known || f.AIM == AIMOff || !f.Group.read() || f.Group.ExternalID == "" {
		return ""
	}
	return "the account does not say whether the membership is Databricks' own"
}
