// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package audit

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// The ids of the guards of deactivations and of names; the others are those of
// memberships, see [MemberGuards].
const (
	GuardDeactivatesCaller   = "deactivates_caller"
	GuardPrivilegedPrincipal = "privileged_principal"
	GuardStateUnknown        = "state_unknown"
	GuardNameTaken           = "name_taken"
	GuardNamesUnknown        = "names_unknown"
)

// DeactivateFacts is what the guards of a deactivation rest on.
type DeactivateFacts struct {
	Principal Principal
	// Privilege is what the principal holds, through groups included.
	Privilege Privilege
	// AllowPrivileged is the deliberate permission of this one instance.
	AllowPrivileged bool
	// IsCaller is true when Terraform runs as the principal; CallerUnknown is why it
	// could not be found out.
	IsCaller      bool
	CallerUnknown string
	// LastAdmin is true when no other active account admin is left; AdminsUnknown is
	// why that is not known. Only looked at where privileged ones are allowed.
	LastAdmin     bool
	AdminsUnknown string
}

const readAgain = "Plan again when the account can be read; the failure says what is missing."

// GuardDeactivate lists what speaks against a deactivation; none is none.
func GuardDeactivate(f DeactivateFacts) []Refusal {
	p, at := f.Principal.Ref, "principal_id"
	switch {
	case f.IsCaller:
		return []Refusal{{GuardDeactivatesCaller, fmt.Sprintf("Terraform runs as %s, which would lock itself out", p), "Run as another account admin, or leave it out.", at}}
	case f.CallerUnknown != "":
		return []Refusal{{GuardCallerUnknown, fmt.Sprintf("whether Terraform runs as %s could not be found out (%s)", p, f.CallerUnknown), readAgain, at}}
	case f.Principal.Active == nil:
		return []Refusal{{GuardStateUnknown, fmt.Sprintf("the account does not say whether %s is active", p), readAgain, at}}
	}
	if !f.AllowPrivileged {
		return privileged(p, f.Privilege, at)
	}
	switch {
	case f.AdminsUnknown != "":
		return []Refusal{{GuardAdminsUnknown, fmt.Sprintf("whether an account admin is left without %s could not be found out (%s)", p, f.AdminsUnknown), readAgain, at}}
	case f.LastAdmin:
		return []Refusal{{GuardLastAdmin, fmt.Sprintf("%s is the last active account admin", p), "Make another principal account admin first.", at}}
	}
	return nil
}

// privileged refuses what is privileged, unless that is allowed.
func privileged(p Ref, power Privilege, at string) []Refusal {
	const remedy = "Check that it is meant, then set allow_privileged = true."
	switch {
	case len(power.Powers) > 0:
		return []Refusal{{GuardPrivilegedPrincipal, fmt.Sprintf("%s is privileged (%s)", p, strings.Join(power.Powers, "; ")), remedy, at}}
	case power.Unknown != "":
		return []Refusal{{GuardPrivilegesUnknown, fmt.Sprintf("whether %s is privileged is not known (%s)", p, power.Unknown), readAgain + " Or check it, and set allow_privileged = true.", at}}
	default:
		return nil
	}
}

// RenameFacts is what the guards of a new name of a group rest on.
type RenameFacts struct {
	Group   Principal
	Members []Member
	Name    string
	// Holders are other groups that have the name, in any case; NamesUnknown is why
	// there may be more.
	Holders         []Ref
	NamesUnknown    string
	Privilege       Privilege
	AllowPrivileged bool
	// Restores is true for the undoing of this instance's own write: the group is as
	// privileged under its old name as it was.
	Restores bool
}

// GuardRename lists what speaks against a new name of a group; none is none.
func GuardRename(f RenameFacts) []Refusal {
	group, at := f.Group.Ref, "group_id"
	switch origin := OriginOf(f.Group, f.Members); {
	case origin == OriginSystem:
		return []Refusal{{GuardSystemGroup, fmt.Sprintf("%s (%s) is a group that Databricks keeps itself", group, f.Group.Name), "Leave it out.", at}}
	case origin == OriginIDP:
		return []Refusal{{GuardIDPGroup, fmt.Sprintf("%s (%s) belongs to the identity provider, which gives it its name", group, f.Group.Name), "Rename it in the identity provider.", at}}
	case f.NamesUnknown != "":
		return []Refusal{{GuardNamesUnknown, fmt.Sprintf("whether the name %q is free could not be found out (%s)", f.Name, f.NamesUnknown), readAgain, "name"}}
	case len(f.Holders) > 0:
		return []Refusal{{GuardNameTaken, fmt.Sprintf("%s has the name %q", f.Holders[0], f.Name), "Choose another name.", "name"}}
	case f.AllowPrivileged || f.Restores:
		return nil
	default:
		return privileged(group, f.Privilege, at)
	}
}

// ValidateGroupName refuses what cannot be the name of a group.
func ValidateGroupName(name string) error {
	switch n := utf8.RuneCountInString(name); {
	case strings.TrimSpace(name) != name || name == "":
		return fmt.Errorf("a name is not blank, and has no spaces around it")
	case n > MaxGroupName:
		return fmt.Errorf("the name has %d characters; at most %d are accepted", n, MaxGroupName)
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return fmt.Errorf("the name has a control character")
	case isSystemGroup(&Principal{Ref: Ref{Type: TypeGroup}, Name: name}):
		return fmt.Errorf("%q is the name of a group that Databricks keeps itself", name)
	default:
		return nil
	}
}
