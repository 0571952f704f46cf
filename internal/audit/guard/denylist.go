// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package guard

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// The ids of the guards of rules of the denylist.
const (
	DenylistFull       = "denylist_full"
	DeniesCaller       = "denies_caller"
	DeniesAdmin        = "denies_account_admin"
	DenyAdminsUnknown  = "denied_admins_unknown"
	DeniedUnknown      = "denied_identity_unknown"
	DeniedNotFound     = "denied_identity_not_found"
	DenyMembersUnknown = "denied_members_unknown"
)

// DenyFacts is what the guards of a new rule of the denylist rest on.
type DenyFacts struct {
	ExternalID string
	// Rules is how many rules there are, those that are about to be added included.
	Rules int
	// Watched are those who must not be denied: every account admin, active or not, by
	// itself or through groups, and the caller, if it is known.
	Watched       []audit.Principal
	AdminsUnknown string
	// Caller is the one of them that Terraform runs as; the zero value is not known, for a
	// warning. CallerUnknown is why it could not be found out.
	Caller        audit.Ref
	CallerUnknown string
	// Holders are the principals of the account that hold the id; HoldersUnknown is why
	// there may be more.
	Holders        []audit.Principal
	HoldersUnknown string
	// Below are those of Watched that are in a group of Holders, at any depth, in the
	// account; BelowUnknown is why there may be more.
	Below        []audit.Ref
	BelowUnknown string
	// IDP is what the identity provider says.
	IDP DeniedIdentity
}

// DeniedIdentity is what the identity provider says of an identity that is to be denied.
type DeniedIdentity struct {
	// Identity is nil when the identity provider says that it has none with the id;
	// Unknown is why it could not be asked.
	Identity *audit.Identity
	Unknown  string
	// Within are those of DenyFacts.Watched that are the identity, by their externalId or
	// by a name of it, or that the identity provider has in it, at any depth;
	// WithinUnknown is why there may be more.
	Within        []audit.Ref
	WithinUnknown string
}

// Deny lists what speaks against a new rule of the denylist; none is none. What is
// certain comes before what is not known.
func Deny(f DenyFacts) []Refusal {
	at := "external_principal_id"
	refuse := func(guard, text, remedy string) []Refusal {
		return []Refusal{{guard, fmt.Sprintf("%s is not denied: %s", f.title(), text), remedy, at}}
	}
	switch p, how := f.Denied(); {
	case p == nil:
	case p.Ref == f.Caller:
		return refuse(DeniesCaller, fmt.Sprintf("Terraform runs as %s, %s: it would lock itself out", named(*p), how),
			"Run as another account admin, or leave it out.")
	default:
		return refuse(DeniesAdmin, fmt.Sprintf("%s is an account admin, and %s", named(*p), how),
			"Take the role of account admin from it first, if that is meant, or take it out of the group.")
	}
	switch {
	case f.AdminsUnknown != "":
		return refuse(DenyAdminsUnknown, fmt.Sprintf("who is an account admin could not be found out (%s)", f.AdminsUnknown), readAgain)
	case f.CallerUnknown != "":
		return refuse(DenyAdminsUnknown, fmt.Sprintf("as whom Terraform runs could not be found out (%s)", f.CallerUnknown), readAgain)
	case f.HoldersUnknown != "":
		return refuse(DeniedUnknown, fmt.Sprintf("which principals of the account have that id could not be found out (%s)", f.HoldersUnknown), readAgain)
	}
	if unsure := f.guardIdentity(refuse); len(unsure) > 0 {
		return unsure
	}
	if f.Rules > audit.MaxDenyRules {
		return refuse(DenylistFull, fmt.Sprintf("with it the denylist would have %d rules, and an account holds %d", f.Rules, audit.MaxDenyRules),
			"Deny a group in place of its members, or remove rules that are not needed any more.")
	}
	return nil
}

// Denied is the first of Watched whom the rule denies for certain, and how; nil for none.
func (f *DenyFacts) Denied() (p *audit.Principal, how string) {
	for i := range f.Watched {
		if how, denied := f.Denies(f.Watched[i]); denied {
			return &f.Watched[i], how
		}
	}
	return nil, ""
}

func (f *DenyFacts) title() string {
	if id := f.IDP.Identity; id != nil && id.DisplayName != "" {
		return fmt.Sprintf("the %s %q (%s)", strings.ReplaceAll(string(id.Type), "_", " "), id.DisplayName, f.ExternalID)
	}
	if len(f.Holders) > 0 {
		return fmt.Sprintf("%s (%s)", named(f.Holders[0]), f.ExternalID)
	}
	return "the identity " + f.ExternalID
}

func named(p audit.Principal) string {
	if p.Name == "" {
		return p.String()
	}
	return fmt.Sprintf("%s (%s)", p.Ref, p.Name)
}

// Denies reports whether the rule denies a principal for certain, and why.
func (f *DenyFacts) Denies(p audit.Principal) (how string, certain bool) {
	switch {
	case p.ExternalID != "" && audit.SameExternalID(p.ExternalID, f.ExternalID):
		return "has that externalId", true
	case slices.Contains(f.IDP.Within, p.Ref) && f.IDP.Identity != nil && f.IDP.Identity.Type != audit.TypeGroup:
		return "that identity has its name", true
	case slices.Contains(f.IDP.Within, p.Ref):
		return "the identity provider has it in that group, directly or through other groups", true
	case slices.Contains(f.Below, p.Ref):
		return "the account has it in that group, directly or through other groups", true
	default:
		return "", false
	}
}

// kind is the type of the identity, by the identity provider, or else by the account; ""
// where neither says so.
func (f *DenyFacts) kind() audit.PrincipalType {
	if f.IDP.Identity != nil {
		return f.IDP.Identity.Type
	}
	var kind audit.PrincipalType
	for _, p := range f.Holders {
		if kind != "" && kind != p.Type {
			return ""
		}
		kind = p.Type
	}
	return kind
}

// guardIdentity refuses where no one who must not be denied is known to be, and it is
// not certain that no one is.
func (f *DenyFacts) guardIdentity(refuse func(guard, text, remedy string) []Refusal) []Refusal {
	const configure = "Configure an idp of the kind entra, okta or file that knows the identity, and plan again."
	found, kind := f.IDP.Identity != nil, f.kind()
	switch {
	case f.IDP.Unknown == "" && !found && len(f.Holders) == 0:
		return refuse(DeniedNotFound, "neither the identity provider nor the account has an identity with that id",
			"Check the id: Entra: the object id, of a service principal that of the enterprise application; Okta: the user or group id.")
	case kind == "":
		return refuse(DeniedUnknown, fmt.Sprintf("what it is, and whom it holds, is not known (%s)", f.IDP.Unknown), configure)
	case kind == audit.TypeGroup && f.BelowUnknown != "":
		return refuse(DenyMembersUnknown, fmt.Sprintf("who is in that group could not be read in the account (%s)", f.BelowUnknown), readAgain)
	case kind == audit.TypeGroup && !found && f.IDP.Unknown == "":
		return nil // It is gone there: the account's own members are all that it holds.
	case kind == audit.TypeGroup && !found:
		return refuse(DenyMembersUnknown, fmt.Sprintf("who is in that group is not known (%s)", f.IDP.Unknown), configure)
	case found && f.IDP.WithinUnknown != "":
		return refuse(DenyMembersUnknown, fmt.Sprintf("whether an account admin is denied with it could not be found out (%s)", f.IDP.WithinUnknown), readAgain)
	case found:
		return nil
	}
	// The account holds the id, and the identity provider does not return its names: anyone who
	// has no externalId of its own may be the same identity by another name.
	for _, p := range f.Watched {
		if p.Type == kind && p.ExternalID == "" && kind != audit.TypeServicePrincipal && f.IDP.Unknown != "" {
			return refuse(DeniedUnknown, fmt.Sprintf("%s is an account admin and has no externalId, so that it may be the same identity (%s)", named(p), f.IDP.Unknown), configure)
		}
	}
	return nil
}
