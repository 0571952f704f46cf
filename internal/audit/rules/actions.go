// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package rules

import "github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"

// The next steps of rows.
const (
	ActionSet           = "set_external_id"
	ActionClear         = "clear_external_id"
	ActionDecide        = "decide_and_allow"
	ActionChoose        = "choose_identity"
	ActionConnector     = "repair_connector_mapping"
	ActionCollision     = "resolve_collision"
	ActionReview        = "review_identity"
	ActionReviewStale   = "review_stale"
	ActionEscalate      = "escalate_foreign_domain"
	ActionRequestName   = "request_name_change"
	ActionRenameGroup   = "rename_group"
	ActionRemoveMembers = "remove_members"
	ActionReviewMembers = "review_members"
	ActionDeactivate    = "deactivate"
	ActionRename        = "rename_occupying_group"
	ActionAuditAgain    = "audit_again"
	ActionNone          = "none"
)

// actionRules are the next steps, one per row.
func actionRules() []Rule {
	return []Rule{
		{
			ID: ActionSet, Kind: KindAction, Title: "Set the external id", Owner: OwnerApply,
			Description: "A safe fix is in external_id_fixes.",
			Remedy:      "Write the external id of the identity with this name: give external_id_fixes to dbxidentity_remediation_ledger and apply.",
			Types:       audit.PrincipalTypes(),
		},
		{
			ID: ActionClear, Kind: KindAction, Title: "Clear the external id", Owner: OwnerApply,
			Description: "A safe fix that makes a group local is in external_id_fixes.",
			Remedy:      "Clear the external id, so that the group is local: give external_id_fixes to dbxidentity_remediation_ledger and apply.",
			Types:       []audit.PrincipalType{audit.TypeGroup},
		},
		{
			ID: ActionDecide, Kind: KindAction, Title: "Decide, then allow", Owner: OwnerAdmin,
			Description: "A fix exists, but a person has to allow it.",
			Remedy:      "Check what the reason of the manual action asks for, then set the input that it names.",
			Types:       audit.PrincipalTypes(),
		},
		{
			ID: ActionChoose, Kind: KindAction, Title: "Choose the identity", Owner: OwnerAdmin,
			Description: "Several identities have the name.",
			Remedy:      "Find out which one is meant and set its external id by hand, or make the names unique.",
			Types:       audit.PrincipalTypes(),
		},
		{
			ID: ActionConnector, Kind: KindAction, Title: "Set the connector's mapping right", Owner: OwnerIDP,
			Description: "A SCIM connector would write over the fix.",
			Remedy:      "In the app of the connector, under Provisioning, Mappings, feed externalId from objectId. Then audit again.",
			Types:       []audit.PrincipalType{audit.TypeUser, audit.TypeGroup},
		},
		{
			ID: ActionCollision, Kind: KindAction, Title: "Resolve the collision", Owner: OwnerAdmin,
			Description: "Several principals hold or claim one external id or one name.",
			Remedy:      "Decide which principal keeps it; move assets and retire the others, or free the id or the name.",
			Types:       audit.PrincipalTypes(),
		},
		{
			ID: ActionReview, Kind: KindAction, Title: "Review the identity", Owner: OwnerIDP,
			Description: "The identity with this name cannot become the link, or a waiver covers what a fix would end.",
			Remedy:      "Correct the identity in the identity provider, or link the principal by hand if it is the right one.",
			Types:       audit.PrincipalTypes(),
		},
		{
			ID: ActionReviewStale, Kind: KindAction, Title: "Review the stale link", Owner: OwnerIDP,
			Description: "Neither id nor name is in the identity provider.",
			Remedy:      "Find out whether the identity was deleted or renamed. Active users of primary_domains can be deactivated: suggest_deactivations offers it.",
			Remedies: map[audit.PrincipalType]string{
				audit.TypeGroup:            "Find out whether the group was deleted or renamed, and who still needs it.",
				audit.TypeServicePrincipal: "Find out whether the application was deleted or belongs to another tenant, and what uses the service principal.",
			},
			Types: audit.PrincipalTypes(),
		},
		{
			ID: ActionEscalate, Kind: KindAction, Title: "Escalate", Owner: OwnerIDP,
			Description: "A stale link, and the mail domain is not one of primary_domains.",
			Remedy:      "Ask the people who are responsible for guests and other tenants; keep the user on SCIM until then.",
			Types:       []audit.PrincipalType{audit.TypeUser},
		},
		{
			ID: ActionRequestName, Kind: KindAction, Title: "Ask for a name change", Owner: OwnerSupport,
			Description: "The id is right and the name is not; no API changes it.",
			Remedy:      "Open a ticket with Databricks support, and keep the user from logging in meanwhile.",
			Remedies:    map[audit.PrincipalType]string{audit.TypeServicePrincipal: "Open a ticket with Databricks support."},
			Types:       []audit.PrincipalType{audit.TypeUser, audit.TypeServicePrincipal},
		},
		{
			ID: ActionRenameGroup, Kind: KindAction, Title: "Free the name", Owner: OwnerAdmin,
			Description: "The id is right, the name of the group is not.",
			Remedy: "Rename the account group that occupies the name of the IdP group, if there is one; else " +
				"rename this one.",
			Types: []audit.PrincipalType{audit.TypeGroup},
		},
		{
			ID: ActionRemoveMembers, Kind: KindAction, Title: "Remove the members", Owner: OwnerApply,
			Description: "Every unconfirmed member can be removed safely.",
			Remedy:      "Remove the members here (give member_removals to dbxidentity_remediation_ledger and apply), or add them to the group in the identity provider.",
			Types:       []audit.PrincipalType{audit.TypeGroup},
		},
		{
			ID: ActionReviewMembers, Kind: KindAction, Title: "Review the members", Owner: OwnerAdmin,
			Description: "A person has to judge some of the unconfirmed members.",
			Remedy:      "Remove the members here, or add them to the group in the identity provider.",
			Types:       []audit.PrincipalType{audit.TypeGroup},
		},
		{
			ID: ActionDeactivate, Kind: KindAction, Title: "Deactivate the user", Owner: OwnerApply,
			Description: "The user is in deactivations.",
			Remedy:      "Deactivate the users whom the identity provider does not have: give deactivations to dbxidentity_remediation_ledger and apply.",
			Types:       []audit.PrincipalType{audit.TypeUser},
		},
		{
			ID: ActionRename, Kind: KindAction, Title: "Rename the group that occupies the name", Owner: OwnerApply,
			Description: "The group is in group_renames, with a name that is free.",
			Remedy:      "Rename the group, so that the group of the identity provider can have its name: give group_renames to dbxidentity_remediation_ledger and apply.",
			Types:       []audit.PrincipalType{audit.TypeGroup},
		},
		{
			ID: ActionAuditAgain, Kind: KindAction, Title: "Audit again", Owner: OwnerAdmin,
			Description: "Something was not read, so it is not known whether a fix is safe.",
			Remedy:      "Make readable what failures lists, for example by granting the missing permission, and audit again.",
			Types:       audit.PrincipalTypes(),
		},
		{
			ID: ActionNone, Kind: KindAction, Title: "Nothing", Owner: OwnerNone,
			Description: "The divergence is waived as a whole, or does no harm (name_case_only, stale_inactive).",
			Remedy:      "Nothing to do.",
			Types:       audit.PrincipalTypes(),
		},
	}
}
