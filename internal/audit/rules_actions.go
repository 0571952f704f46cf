// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package audit

// The next steps of rows.
const (
	ActionSet           = "set_external_id"
	ActionClear         = "clear_external_id"
	ActionDecide        = "decide_and_allow"
	ActionChoose        = "choose_identity"
	ActionCollision     = "resolve_collision"
	ActionReview        = "review_identity"
	ActionReviewStale   = "review_stale"
	ActionEscalate      = "escalate_foreign_domain"
	ActionRequestName   = "request_name_change"
	ActionRenameGroup   = "rename_group"
	ActionRemoveMembers = "remove_members"
	ActionReviewMembers = "review_members"
	ActionAuditAgain    = "audit_again"
	ActionNone          = "none"
)

// actionRules are the next steps, one per row.
func actionRules() []Rule {
	return []Rule{
		{
			ID: ActionSet, Kind: KindAction, Title: "Set the external id",
			Description: "A safe fix is in external_id_fixes.",
			Remedy:      "Apply it.",
			Types:       PrincipalTypes(),
		},
		{
			ID: ActionClear, Kind: KindAction, Title: "Clear the external id",
			Description: "A safe fix that makes a group local is in external_id_fixes.",
			Remedy:      "Apply it.",
			Types:       []PrincipalType{TypeGroup},
		},
		{
			ID: ActionDecide, Kind: KindAction, Title: "Decide, then allow",
			Description: "A fix exists, but it is a human's to allow.",
			Remedy:      "Read the manual action, and set the switch that it names.",
			Types:       PrincipalTypes(),
		},
		{
			ID: ActionChoose, Kind: KindAction, Title: "Choose the identity",
			Description: "Several identities have the name.",
			Remedy:      "Find out which one is meant and set its external id by hand, or make the names unique.",
			Types:       PrincipalTypes(),
		},
		{
			ID: ActionCollision, Kind: KindAction, Title: "Resolve the collision",
			Description: "Several principals hold or claim one external id or one name.",
			Remedy:      "Decide which principal keeps it; move assets and retire the others, or free the id or the name.",
			Types:       PrincipalTypes(),
		},
		{
			ID: ActionReview, Kind: KindAction, Title: "Review the identity",
			Description: "The name match is not fit to become the link, or a waiver covers the way to a fix.",
			Remedy:      "Read the reason of the manual action.",
			Types:       PrincipalTypes(),
		},
		{
			ID: ActionReviewStale, Kind: KindAction, Title: "Review the stale link",
			Description: "Neither id nor name is in the identity provider.",
			Remedy: "Find out whether the identity was deleted or renamed. Nothing is deactivated by this " +
				"provider.",
			Types: PrincipalTypes(),
		},
		{
			ID: ActionEscalate, Kind: KindAction, Title: "Escalate",
			Description: "A stale link, and the mail domain is not one of the own.",
			Remedy:      "Hand it to whoever is responsible for guests and other tenants; keep it on SCIM.",
			Types:       []PrincipalType{TypeUser},
		},
		{
			ID: ActionRequestName, Kind: KindAction, Title: "Ask for a name change",
			Description: "The id is right and the name is not; no API changes it.",
			Remedy:      "Open a ticket with Databricks support, and keep the user from logging in meanwhile.",
			Types:       []PrincipalType{TypeUser, TypeServicePrincipal},
		},
		{
			ID: ActionRenameGroup, Kind: KindAction, Title: "Free the name",
			Description: "The id is right, the name of the group is not.",
			Remedy: "Rename the account group that occupies the name of the IdP group, if there is one; else " +
				"rename this one.",
			Types: []PrincipalType{TypeGroup},
		},
		{
			ID: ActionRemoveMembers, Kind: KindAction, Title: "Remove the members",
			Description: "Every unconfirmed member can be removed safely.",
			Remedy:      "Apply member_removals, or add them to the group in the identity provider.",
			Types:       []PrincipalType{TypeGroup},
		},
		{
			ID: ActionReviewMembers, Kind: KindAction, Title: "Review the members",
			Description: "Some unconfirmed members are a human's to judge.",
			Remedy:      "Read the manual actions of the group.",
			Types:       []PrincipalType{TypeGroup},
		},
		{
			ID: ActionAuditAgain, Kind: KindAction, Title: "Audit again",
			Description: "Something was not read, so it is not known whether a fix is safe.",
			Remedy:      "See failures; repair the cause and audit again.",
			Types:       PrincipalTypes(),
		},
		{
			ID: ActionNone, Kind: KindAction, Title: "Nothing",
			Description: "The divergence is waived as a whole, or does no harm (name_case_only, stale_inactive).",
			Remedy:      "Nothing; a waiver may expire.",
			Types:       PrincipalTypes(),
		},
	}
}
