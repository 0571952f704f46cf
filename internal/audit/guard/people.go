// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package guard

import (
	"fmt"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// The ids of the guards of deactivations and of names; the others are those of
// memberships, see [MemberGuards].
const (
	DeactivatesCaller   = "deactivates_caller"
	PrivilegedPrincipal = "privileged_principal"
	StateUnknown        = "state_unknown"
	NameTaken           = "name_taken"
	NamesUnknown        = "names_unknown"
)

// DeactivateFacts is what the guards of a deactivation rest on.
type DeactivateFacts struct {
	Principal audit.Principal
	// Privilege is what the principal holds, through groups included.
	Privilege audit.Privilege
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

// Deactivate lists what speaks against a deactivation; none is none.
func Deactivate(f DeactivateFacts) []Refusal {
	p, at := f.Principal.Ref, "principal_id"
	switch {
	case f.IsCaller:
		return []Refusal{{DeactivatesCaller, fmt.Sprintf("Terraform runs as %s, which would lock itself out", p), "Run as another account admin, or leave it out.", at}}
	case f.CallerUnknown != "":
		return []Refusal{{CallerUnknown, fmt.Sprintf("whether Terraform runs as %s could not be found out (%s)", p, f.CallerUnknown), readAgain, at}}
	case f.Principal.Active == nil:
		return []Refusal{{StateUnknown, fmt.Sprintf("the account does not say whether %s is active", p), readAgain, at}}
	}
	if !f.AllowPrivileged {
		return privileged(p, f.Privilege, at)
	}
	switch {
	case f.AdminsUnknown != "":
		return []Refusal{{AdminsUnknown, fmt.Sprintf("whether an account admin is left without %s could not be found out (%s)", p, f.AdminsUnknown), readAgain, at}}
	case f.LastAdmin:
		return []Refusal{{LastAdmin, fmt.Sprintf("%s is the last active account admin", p), "Make another principal account admin first.", at}}
	}
	return nil
}

// privileged refuses what is privileged, unless that is allowed.
func privileged(p audit.Ref, power audit.Privilege, at string) []Refusal {
	const remedy = "Check that it is meant, then set allow_privileged = true."
	switch {
	case len(power.Powers) > 0:
		return []Refusal{{PrivilegedPrincipal, fmt.Sprintf("%s is privileged (%s)", p, strings.Join(power.Powers, "; ")), remedy, at}}
	case power.Unknown != "":
		return []Refusal{{PrivilegesUnknown, fmt.Sprintf("whether %s is privileged is not known (%s)", p, power.Unknown), readAgain + " Or check it, and set allow_privileged = true.", at}}
	default:
		return nil
	}
}

// RenameFacts is what the guards of a new name of a group rest on.
type RenameFacts struct {
	Group   audit.Principal
	Members []audit.Member
	Name    string
	// Holders are other groups that have the name, in any case; NamesUnknown is why
	// there may be more.
	Holders         []audit.Ref
	NamesUnknown    string
	Privilege       audit.Privilege
	AllowPrivileged bool
	// Restores is true for the undoing of this instance's own write: the group is as
	// privileged under its old name as it was.
	Restores bool
}

// Rename lists what speaks against a new name of a group; none is none.
func Rename(f RenameFacts) []Refusal {
	group, at := f.Group.Ref, "group_id"
	switch origin := audit.OriginOf(f.Group, f.Members); {
	case origin == audit.OriginSystem:
		return []Refusal{{SystemGroup, fmt.Sprintf("%s (%s) is a group that Databricks keeps itself", group, f.Group.Name), "Leave it out.", at}}
	case origin == audit.OriginIDP:
		return []Refusal{{IDPGroup, fmt.Sprintf("%s (%s) belongs to the identity provider, which gives it its name", group, f.Group.Name), "Rename it in the identity provider.", at}}
	case f.NamesUnknown != "":
		return []Refusal{{NamesUnknown, fmt.Sprintf("whether the name %q is free could not be found out (%s)", f.Name, f.NamesUnknown), readAgain, "name"}}
	case len(f.Holders) > 0:
		return []Refusal{{NameTaken, fmt.Sprintf("%s has the name %q", f.Holders[0], f.Name), "Choose another name.", "name"}}
	case f.AllowPrivileged || f.Restores:
		return nil
	default:
		return privileged(group, f.Privilege, at)
	}
}
