// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package write

import (
	"fmt"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// The kinds of changes.
const (
	ChangeExternalID   = "external_id"
	ChangeAddMember    = "add_member"
	ChangeRemoveMember = "remove_member"
	ChangeResolve      = "resolve_principal"
	ChangeActive       = "active"
	ChangeGroupName    = "group_name"
	ChangeDeny         = "deny"
	ChangeAllow        = "allow"
)

// typeRule is the type in the [Change.Ref] of a rule of the denylist, whose id is the
// externalId that it denies.
const typeRule audit.PrincipalType = "rule"

// Change is one fact of the account that is about to be written.
type Change struct {
	// Kind is one of the constants above.
	Kind string
	// Ref is the principal that is written to: for a membership the group. Of one
	// that is resolved, the id is known only afterwards.
	Ref audit.Ref
	// Member is the member, for a membership.
	Member audit.Ref
	// GroupOrigin is whose the group of a membership was when it was read last.
	GroupOrigin audit.GroupOrigin
	// Before and After are the externalIds, names, or "true" and "false" of active;
	// After the externalId of a principal that is resolved.
	Before, After string
}

// String names the change in errors, for example "adding user/2 to group/1".
func (ch Change) String() string {
	member := ch.Member.String()
	if ch.Member.Type == "" {
		member = "principal " + ch.Member.ID // As asked for; not looked up yet.
	}
	switch ch.Kind {
	case ChangeAddMember:
		return fmt.Sprintf("adding %s to %s", member, ch.Ref)
	case ChangeRemoveMember:
		return fmt.Sprintf("removing %s from %s", member, ch.Ref)
	case ChangeResolve:
		return fmt.Sprintf("resolving the %s with the externalId %q", ch.Ref.Type, ch.After)
	case ChangeActive:
		if ch.After == "false" {
			return fmt.Sprintf("deactivating %s", ch.Ref)
		}
		return fmt.Sprintf("making %s active again", ch.Ref)
	case ChangeDeny:
		return fmt.Sprintf("denying the identity %s access to the account", ch.Ref.ID)
	case ChangeAllow:
		return fmt.Sprintf("removing the rule that denies the identity %s", ch.Ref.ID)
	case ChangeGroupName:
		return fmt.Sprintf("renaming %s to %q", ch.Ref, ch.After)
	default:
		return fmt.Sprintf("writing the externalId %q of %s", ch.After, ch.Ref)
	}
}
