// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package rules

import "github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"

// The reasons of manual actions.
const (
	ReasonConnector              = "connector_mapping"
	ReasonConnectorUnknown       = "connector_unknown"
	ReasonRelink                 = "needs_relink"
	ReasonLinkGroups             = "needs_link_groups"
	ReasonClear                  = "needs_suggest_group_clears"
	ReasonPrivileged             = "privileged"
	ReasonPrivilegeUnknown       = "privileges_unknown"
	ReasonIndexHole              = "directory_incomplete"
	ReasonHeld                   = "external_id_held"
	ReasonClaimed                = "external_id_claimed"
	ReasonChain                  = "frees_claimed_external_id"
	ReasonAmbiguous              = "ambiguous_candidates"
	ReasonOtherType              = "candidate_of_other_type"
	ReasonDisabled               = "candidate_disabled"
	ReasonGuest                  = "candidate_is_guest"
	ReasonStateUnknown           = "candidate_state_unknown"
	ReasonNameDiffers            = "candidate_name_differs"
	ReasonInvalidID              = "candidate_id_invalid"
	ReasonNameWithoutID          = "candidate_without_id"
	ReasonNearName               = "near_name"
	ReasonNoCandidate            = "no_candidate"
	ReasonUnrelated              = "idp_knows_nobody"
	ReasonNameChange             = "needs_name_change"
	ReasonNameTaken              = "needed_name_taken"
	ReasonInactive               = "principal_inactive"
	ReasonSystemGroup            = "system_group"
	ReasonWaived                 = "fix_waived"
	ReasonDeactivationPrivileged = "deactivation_privileged"
	ReasonDeactivationUnproven   = "deactivation_unproven"
	ReasonDeactivationRecent     = "deactivation_recent"
	ReasonGroupLink              = "group_link_in_doubt"
	ReasonMemberNested           = "member_nested_in_idp"
	ReasonMemberNestingUnknown   = "member_nesting_unknown"
	ReasonMemberGroupUnknown     = "member_group_unknown"
	ReasonMemberNotRead          = "member_not_read"
	ReasonMemberOfIDP            = "member_owned_by_idp"
	ReasonMemberSource           = "member_source_unknown"
	ReasonMemberIdentity         = "member_diverges"
	ReasonMemberNotAudited       = "member_not_audited"
	ReasonMemberUnknown          = "member_unknown"
	ReasonMemberOutOfScope       = "member_not_in_okta"
)

// reasonRules say why a manual action was not offered as a fix or a removal.
func reasonRules() []Rule {
	return []Rule{
		{
			ID: ReasonConnector, Kind: KindReason, Title: "The SCIM connector writes another value",
			Description: "The attribute mapping of a SCIM connector feeds the external ids of this type from something else than the identity's id, so that it would write over the fix.",
			Remedy: "In the app of the connector, under Provisioning, Mappings, feed externalId from objectId (direct), and save: every object is evaluated again. Then audit again. " +
				"Where the connector is never started again, ignore_connector offers the fix.",
			Types:  []audit.PrincipalType{audit.TypeUser, audit.TypeGroup},
			Switch: "ignore_connector",
		},
		{
			ID: ReasonConnectorUnknown, Kind: KindReason, Title: "The mapping of the SCIM connector was not read", Hole: true,
			Description: "What a SCIM connector writes into the external ids of this type could not be read, so that it may write over the fix.",
			Remedy:      "Give the caller the permission that failures names, and audit again.",
			Types:       []audit.PrincipalType{audit.TypeUser, audit.TypeGroup},
		},
		{
			ID: ReasonRelink, Kind: KindReason, Title: "Stored id belongs to another identity",
			Description: "The stored id is that of a different existing identity.",
			Remedy: "Find out which of the two identities is the one who works here: compare when each was made, and by whom, with when " +
				"the principal was. Only if it is the candidate, relink offers the fix.",
			Remedies: map[audit.PrincipalType]string{
				audit.TypeGroup: "Find out which of the two groups of the identity provider this one stands for: compare their members, when each was made, and by whom. Only if it is the candidate, " +
					"relink offers the fix.",
				audit.TypeServicePrincipal: "Find out which of the two applications uses the service principal: compare when each was made, and by whom, with when the service principal was. Only if it is " +
					"the candidate, relink offers the fix.",
			},
			Types:  audit.PrincipalTypes(),
			Switch: "relink",
		},
		{
			ID: ReasonLinkGroups, Kind: KindReason, Title: "Local group",
			Description: "The group has no externalId; linking it would give its access to the members of the IdP's " +
				"group.",
			Remedy: "Check who made the IdP group and who may change its members, and compare these with the members here: all of them get " +
				"what this group has. Then link_groups offers the fix.",
			Types:  []audit.PrincipalType{audit.TypeGroup},
			Switch: "link_groups",
		},
		{
			ID: ReasonClear, Kind: KindReason, Title: "Stale group id",
			Description: "The id could be cleared, which makes the group local.",
			Remedy:      "suggest_group_clears offers the fix.",
			Types:       []audit.PrincipalType{audit.TypeGroup},
			Switch:      "suggest_group_clears",
		},
		{
			ID: ReasonPrivileged, Kind: KindReason, Title: "Privileged principal",
			Description: "The principal is privileged in the account, and anyone who can make an IdP object of its name " +
				"would inherit it.",
			Remedy: "Check that the identity is the same person and not one that was made since and took over the name of a leaver: when it was made, and by whom. Then put the id of the user " +
				"into allow_privileged_principals.",
			Remedies: map[audit.PrincipalType]string{
				audit.TypeGroup: "Check that the IdP group is the same group and not a second one of the name: when it was made, by whom, who owns it and who may change its members. Then put the id " +
					"of the group into allow_privileged_principals.",
				audit.TypeServicePrincipal: "Check that the application is the same one and not one that was made since: when it was made, by whom, and who owns it. Then put the id of the service " +
					"principal into allow_privileged_principals.",
			},
			Types:  audit.PrincipalTypes(),
			Switch: "allow_privileged_principals",
		},
		{
			ID: ReasonPrivilegeUnknown, Kind: KindReason, Title: "Privileges not known", Hole: true,
			Description: "The privileges of the principal could not be read in full.",
			Remedy:      "Repair the read, or check by hand and put the id into allow_privileged_principals.",
			Types:       audit.PrincipalTypes(),
			Switch:      "allow_privileged_principals",
		},
		{
			ID: ReasonIndexHole, Kind: KindReason, Title: "Directory not read in full", Hole: true,
			Description: "Whether another principal holds the id is not known.",
			Remedy:      "Repair what failures name, and audit again.",
			Types:       audit.PrincipalTypes(),
		},
		{
			ID: ReasonHeld, Kind: KindReason, Title: "External id held by another principal",
			Description: "Another principal stores the id that would be set.",
			Remedy:      "Decide which of the two is the identity.",
			Types:       audit.PrincipalTypes(),
		},
		{
			ID: ReasonClaimed, Kind: KindReason, Title: "External id fits several principals",
			Description: "Several principals match the one identity by name.",
			Remedy:      "Decide which of them is the identity; waive the others.",
			Types:       audit.PrincipalTypes(),
		},
		{
			ID: ReasonChain, Kind: KindReason, Title: "Swap or chain",
			Description: "The fix would free an id for which another principal is waiting.",
			Remedy:      "Make these changes by hand, in an order in which two principals never have the same id.",
			Types:       audit.PrincipalTypes(),
		},
		{
			ID: ReasonAmbiguous, Kind: KindReason, Title: "Several candidates",
			Description: "Several identities have the name.",
			Remedy:      "Choose one by hand, or make the names unique.",
			Types:       audit.PrincipalTypes(),
		},
		{
			ID: ReasonOtherType, Kind: KindReason, Title: "Candidate of another type",
			Description: "The identity of that name is of another type.",
			Remedy:      "Check the directory.",
			Types:       audit.PrincipalTypes(),
		},
		{
			ID: ReasonDisabled, Kind: KindReason, Title: "Candidate disabled",
			Description: "The identity of that name is disabled.",
			Remedy:      "Enable it, or retire the principal.",
			Types:       audit.PrincipalTypes(),
		},
		{
			ID: ReasonGuest, Kind: KindReason, Title: "Candidate is a guest",
			Description: "The identity of that name is a guest.",
			Remedy:      "Link it by hand if it is meant.",
			Types:       []audit.PrincipalType{audit.TypeUser},
		},
		{
			ID: ReasonStateUnknown, Kind: KindReason, Title: "Candidate not read in full", Hole: true,
			Description: "The directory did not say whether the identity is enabled.",
			Remedy:      "Check the permissions of the IdP application, and audit again.",
			Types:       []audit.PrincipalType{audit.TypeUser, audit.TypeServicePrincipal},
		},
		{
			ID: ReasonNameDiffers, Kind: KindReason, Title: "Candidate has another name",
			Description: "The identity was found by the name, but has another one: an alias or a mail address.",
			Remedy:      "Check that it is the same identity; linking it would leave a name mismatch.",
			Types:       audit.PrincipalTypes(),
		},
		{
			ID: ReasonInvalidID, Kind: KindReason, Title: "Candidate id cannot be stored",
			Description: "The id of the identity is blank, too long, or has spaces or control characters.",
			Remedy:      "Correct it in the identity provider.",
			Types:       audit.PrincipalTypes(),
		},
		{
			ID: ReasonNameWithoutID, Kind: KindReason, Title: "Candidate without id",
			Description: "The identity provider has the name, but gave no id.",
			Remedy:      "Find out the id, and set it by hand.",
			Types:       []audit.PrincipalType{audit.TypeGroup},
		},
		{
			ID: ReasonNearName, Kind: KindReason, Title: "Only almost the same name",
			Description: "The stored id is unknown; an identity has almost the same name.",
			Remedy:      "Correct the name in the identity provider, and audit again.",
			Types:       audit.PrincipalTypes(),
		},
		{
			ID: ReasonNoCandidate, Kind: KindReason, Title: "No candidate",
			Description: "The identity provider has neither the id, as one of this type that is not deleted, nor the name.",
			Remedy: "Find out whether the person left, was renamed, or belongs to another tenant. For active users of primary_domains who left, suggest_deactivations offers " +
				"the deactivation.",
			ForeignRemedy: "Ask the people who are responsible for guests and other tenants whether the person still works with you. No deactivation is offered for users of other mail " +
				"domains than primary_domains.",
			Remedies: map[audit.PrincipalType]string{audit.TypeServicePrincipal: "Find out whether the application was deleted or belongs to another tenant, and who uses the service principal. Deactivate it when no one does."},
			Types:    []audit.PrincipalType{audit.TypeUser, audit.TypeServicePrincipal},
		},
		{
			ID: ReasonDeactivationPrivileged, Kind: KindReason, Title: "Privileged user, or the caller",
			Description: "The identity provider does not have the user any more, and the user holds privileges in the account, or Terraform runs as it.",
			Remedy: "Find out who uses it, and take the privileges away first, or write a dbxidentity_principal_status for it by hand, with " +
				"allow_privileged = true.",
			Types: []audit.PrincipalType{audit.TypeUser},
		},
		{
			ID: ReasonDeactivationUnproven, Kind: KindReason, Title: "Not certain that the user may be deactivated", Hole: true,
			Description: "Users of the identity provider, the state of the user, its privileges, or (with recent_days) the audit log could not be read in full.",
			Remedy:      "Repair what the detail names, and audit again.",
			Types:       []audit.PrincipalType{audit.TypeUser},
		},
		{
			ID: ReasonDeactivationRecent, Kind: KindReason, Title: "The user is in use",
			Description: "The identity provider does not have the user, and the audit log of Databricks has events of the user in the last recent_days days. Given with events only.",
			Remedy: "Find out who or what works as this user: a person who should be in the identity provider, a token in a pipeline, or a job that runs as them. Move that elsewhere, " +
				"and audit again when recent_days have passed.",
			Types: []audit.PrincipalType{audit.TypeUser},
		},
		{
			ID: ReasonUnrelated, Kind: KindReason, Title: "Identity provider knows none of them",
			Description: "The identity provider knows none of the stored ids (three or more) and none of the names in scope, so it is probably not this account's.",
			Remedy:      "Check tenant, organisation or file in the provider's idp. If it is the right one, clear the ids by hand, or waive them.",
			Types:       []audit.PrincipalType{audit.TypeGroup},
		},
		{
			ID: ReasonNameChange, Kind: KindReason, Title: "Name has to change",
			Description: "The id is right, the name is not.",
			Remedy: "Ask Databricks support to change the name to that of the identity; settle duplicates first, because support cannot merge two " +
				"records. Keep the user from logging in until then.",
			Remedies: map[audit.PrincipalType]string{
				audit.TypeGroup: "Rename the account group that has the name of the IdP group, if there is one; otherwise rename this group to that name.",
				audit.TypeServicePrincipal: "Ask Databricks support to change the application id to that of the identity, or make a service principal for the identity and move the access and the " +
					"jobs to it. Settle duplicates first, because support cannot merge two records.",
			},
			Types: audit.PrincipalTypes(),
		},
		{
			ID: ReasonNameTaken, Kind: KindReason, Title: "Name to change to is taken",
			Description: "The id is right, the name is not, and another principal has the name that it would have to get: often one made at the first log-in " +
				"under the new name.",
			Remedy: "Decide which of the two keeps the work and the access, move to it what the other one has, and remove the other one or change its name. Only " +
				"then ask for a name change: nothing can be renamed to a name that exists.",
			Remedies: map[audit.PrincipalType]string{
				audit.TypeGroup: "Decide which of the two keeps the members and the access, move to it what the other one has, and remove or rename the other one. Only then rename this group: two " +
					"groups cannot have one name.",
			},
			Types: audit.PrincipalTypes(),
		},
		{
			ID: ReasonInactive, Kind: KindReason, Title: "Deactivated in Databricks",
			Description: "The principal is deactivated.",
			Remedy:      "Delete it, or activate it first.",
			Types:       []audit.PrincipalType{audit.TypeUser, audit.TypeServicePrincipal},
		},
		{
			ID: ReasonSystemGroup, Kind: KindReason, Title: "System group",
			Description: "Databricks keeps the group itself.",
			Remedy:      "Leave it alone.",
			Types:       []audit.PrincipalType{audit.TypeGroup},
		},
		{
			ID: ReasonWaived, Kind: KindReason, Title: "Fix waived",
			Description: "The fix would clear a category that is waived; another category of the same row is not waived.",
			Remedy:      "Waive the whole row, or end the waiver.",
			Types:       audit.PrincipalTypes(),
		},
		{
			ID: ReasonGroupLink, Kind: KindReason, Title: "Link of the group in doubt",
			Description: "The group itself diverges or is not linked, so its members are compared with the wrong " +
				"group, perhaps.",
			Remedy: "Settle the group first.",
			Types:  []audit.PrincipalType{audit.TypeGroup},
		},
		{
			ID: ReasonMemberNested, Kind: KindReason, Title: "Member through a nested group",
			Description: "The identity provider has the member through a nested group, or the member is a group that holds someone whom " +
				"the identity provider has in the parent; or the group itself is nested so, and taking a member out of it could take away that access.",
			Remedy: "Link the nested group by its own externalId; do not flatten.",
			Types:  []audit.PrincipalType{audit.TypeGroup},
		},
		{
			ID: ReasonMemberNestingUnknown, Kind: KindReason, Title: "Nesting not known",
			Description: "Whether the identity provider has the member through a nested group is not known.",
			Remedy:      "Audit with membership = transitive.",
			Types:       []audit.PrincipalType{audit.TypeGroup},
			Switch:      "membership",
		},
		{
			ID: ReasonMemberGroupUnknown, Kind: KindReason, Title: "Members of a nested group not known",
			Description: "Whether the nested group holds anyone whom the identity provider has in the parent is not known.",
			Remedy: "Look who is in the nested group. Link it by its own externalId if it stands for a group of the identity provider; " +
				"remove it by hand only when no one in it belongs in the parent.",
			Types: []audit.PrincipalType{audit.TypeGroup},
		},
		{
			ID: ReasonMemberNotRead, Kind: KindReason, Title: "Membership not read", Hole: true,
			Description: "The direct members of the group were not read, or do not include the member.",
			Remedy:      "Audit again; a member that is only inherited is removed in the nested group.",
			Types:       []audit.PrincipalType{audit.TypeGroup},
		},
		{
			ID: ReasonMemberOfIDP, Kind: KindReason, Title: "Membership of the identity provider",
			Description: "The membership comes from the identity provider, which will bring it back.",
			Remedy:      "Remove it there.",
			Types:       []audit.PrincipalType{audit.TypeGroup},
		},
		{
			ID: ReasonMemberSource, Kind: KindReason, Title: "Source of the membership not known",
			Description: "SCIM does not say whether a membership is Databricks' own; only while automatic identity " +
				"management is off all are.",
			Remedy: "Use identity_api = iam_v2, or set automatic_identity_management = off where that is true.",
			Types:  []audit.PrincipalType{audit.TypeGroup},
			Switch: "automatic_identity_management",
		},
		{
			ID: ReasonMemberIdentity, Kind: KindReason, Title: "Member diverges itself",
			Description: "The member has a link to be repaired, or its name belongs to several identities; the identity provider may confirm it afterwards.",
			Remedy:      "Settle its identity first.",
			Types:       []audit.PrincipalType{audit.TypeGroup},
		},
		{
			ID: ReasonMemberNotAudited, Kind: KindReason, Title: "Member outside of the scope",
			Description: "The member itself was not audited, so its link may be wrong.",
			Remedy:      "Put it into the scope.",
			Types:       []audit.PrincipalType{audit.TypeGroup},
		},
		{
			ID: ReasonMemberUnknown, Kind: KindReason, Title: "Member not judged", Hole: true,
			Description: "What the identity provider knows of the member could not be read.",
			Remedy:      "Repair what failures name, and audit again.",
			Types:       []audit.PrincipalType{audit.TypeGroup},
		},
		{
			ID: ReasonMemberOutOfScope, Kind: KindReason, Title: "Not a user, in a group of users only",
			Description: "Groups of this identity provider, as those of Okta, hold users only: it cannot confirm a service principal or a nested group as a member.",
			Remedy:      "Decide by hand.",
			Types:       []audit.PrincipalType{audit.TypeGroup},
		},
	}
}
