// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package rules

import "github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"

// The causes of divergences and of member removals.
const (
	CauseLinkable         = "linkable_by_name"
	CauseLocalGroup       = "local_group_with_idp_name"
	CauseConnectorMapping = "connector_mapping"
	CauseAmbiguousName    = "ambiguous_name"
	CauseLinkedElsewhere  = "linked_to_other_identity"
	CauseSpelling         = "external_id_spelling"
	CauseNameDrift        = "name_drift"
	CauseNameCaseOnly     = "name_case_only"
	CauseStale            = "stale"
	CauseStaleOwn         = "stale_own_domain"
	CauseStaleInactive    = "stale_inactive"
	CauseStaleForeign     = "stale_foreign_domain"
	CauseDeleted          = "deleted_in_idp"
	CauseOtherType        = "external_id_of_other_type"
	CauseDisabled         = "disabled_in_idp"
	CauseMembers          = "members_not_in_idp"
	CauseMembersNested    = "members_nested_in_idp"
	CauseMemberLocal      = "member_local"
	CauseMemberNotInGroup = "member_not_in_idp_group"
	CauseMemberStale      = "member_stale"
)

// buckets are those of the remediation executor for users, groups and service
// principals; "" where it has none.
func buckets(user, group, servicePrincipal string) map[audit.PrincipalType]string {
	return map[audit.PrincipalType]string{audit.TypeUser: user, audit.TypeGroup: group, audit.TypeServicePrincipal: servicePrincipal}
}

// causeRules are given one per row, the first that fits. Each corresponds to a
// bucket of the remediation executor or refines one.
func causeRules() []Rule {
	return []Rule{
		{
			ID: CauseLinkable, Kind: KindCause, Title: "Linkable by name", BlocksAIM: true,
			Consequence:  "Automatic identity management does not recognise the principal: a second one appears beside it, and access stays with the old one.",
			Consequences: map[audit.PrincipalType]string{audit.TypeGroup: "Automatic identity management does not recognise the group, and the group of the identity provider cannot be added while its name is taken: access stays with the old one."},
			Description:  "One identity has the name; the stored id is blank or belongs to no identity.",
			Remedy:       "Set the external id to that of the identity with this name.",
			Symptoms:     []Symptom{SymptomDuplicates, SymptomNoImport},
			Types:        audit.PrincipalTypes(),
			Buckets:      buckets("1", "3", "6"),
		},
		{
			ID: CauseLocalGroup, Kind: KindCause, Title: "Local group with the name of an IdP group", BlocksAIM: true,
			Consequence: "The group of the identity provider cannot be added to the account, because its name is taken here.",
			Description: "The group has no externalId, and one group of the identity provider has its name. They may " +
				"have nothing else in common.",
			Remedy: "Decide whether they are the same: link_groups offers the link; otherwise suggest_group_renames offers to rename the local " +
				"group.",
			Symptoms: []Symptom{SymptomNoImport},
			Types:    []audit.PrincipalType{audit.TypeGroup},
			Refines:  CauseLinkable,
			Buckets:  buckets("", "3", ""),
		},
		{
			ID: CauseConnectorMapping, Kind: KindCause, Title: "Wrong value from the SCIM connector", BlocksAIM: true,
			Consequence: "Automatic identity management does not recognise the principal: a second one appears beside it. Whatever is repaired here, the connector writes the wrong value again.",
			Description: "The stored id is what the SCIM connector writes for the identity with the name: its attribute mapping feeds externalId from something else than objectId, or from nothing. " +
				"Given with connector_ids only.",
			Remedy:   "Set the mapping right: externalId from objectId. Then repair the external ids, if the connector does not do so at its next cycle.",
			Symptoms: []Symptom{SymptomDuplicates, SymptomNoImport},
			Types:    []audit.PrincipalType{audit.TypeUser, audit.TypeGroup},
			Refines:  CauseLinkable,
			Buckets:  buckets("1", "3", ""),
		},
		{
			ID: CauseAmbiguousName, Kind: KindCause, Title: "Several identities with the name", BlocksAIM: true,
			Consequence: "The principal stays unlinked or wrongly linked: a second one appears beside it for whichever identity logs in or is added.",
			Description: "Several identities have the name, and the stored id is none of theirs.",
			Remedy:      "Decide which one is meant and set its id, or make the names unique.",
			Symptoms:    []Symptom{SymptomDuplicates, SymptomNoImport},
			Types:       audit.PrincipalTypes(),
			Refines:     CauseLinkable,
			Buckets:     buckets("1", "3", "6"),
		},
		{
			ID: CauseLinkedElsewhere, Kind: KindCause, Title: "Linked to another existing identity", BlocksAIM: true,
			Consequence: "The access of this principal belongs to another identity than its name says, and a second principal appears for the identity with the name.",
			Description: "The stored id belongs to one existing identity, of this or another type, while the name " +
				"belongs to a different one.",
			Remedy:   "A human decides which one the principal is. relink offers to replace the id.",
			Symptoms: []Symptom{SymptomDuplicates},
			Types:    audit.PrincipalTypes(),
			Refines:  CauseLinkable,
			Buckets:  buckets("1", "3", "6"),
		},
		{
			ID: CauseSpelling, Kind: KindCause, Title: "External id in another spelling", BlocksAIM: true,
			Consequence: "An exact comparison does not find the identity, so a second principal may appear beside this one.",
			Description: "The stored id and that of the name match are the same GUID, but for case or surrounding " +
				"spaces.",
			Remedy:   "Set the id in the spelling of the identity provider.",
			Symptoms: []Symptom{SymptomDuplicates},
			Types:    audit.PrincipalTypes(),
			Refines:  CauseLinkable,
			Buckets:  buckets("1", "3", "6"),
		},
		{
			ID: CauseNameDrift, Kind: KindCause, Title: "Name changed", BlocksAIM: true,
			Consequence: "At the next log-in a second user with the same external id often appears, without the access of the first.",
			Consequences: map[audit.PrincipalType]string{
				audit.TypeGroup:            "The group keeps its old name here, and does not get the new one while another group has it.",
				audit.TypeServicePrincipal: "Here it has another application id than in the identity provider, so a second one may appear beside it, without its access.",
			},
			Description: "The stored id belongs to an existing identity whose name is another one.",
			Remedy: "Users and service principals: a support ticket. Settle duplicates first: a ticket cannot " +
				"merge two records. Groups: free the wanted name.",
			Symptoms: []Symptom{SymptomDuplicates},
			Types:    audit.PrincipalTypes(),
			Buckets:  buckets("2", "3", "7"),
		},
		{
			ID: CauseNameCaseOnly, Kind: KindCause, Title: "Name differs in case only",
			Consequence: "Nothing: the external id links the principal to its identity.",
			Description: "The stored id belongs to an existing identity whose name is the same but for its case. Databricks stores user names in " +
				"lower case, and the prep script compares exactly.",
			Remedy:  "Nothing: it does not count against clean, unless strict_case is true.",
			Types:   audit.PrincipalTypes(),
			Refines: CauseNameDrift,
			Buckets: buckets("2", "3", "7"),
		},
		{
			ID: CauseStale, Kind: KindCause, Title: "Identity not in the identity provider", BlocksAIM: true,
			Consequence:  "The principal keeps its access although the identity provider does not manage it. If the identity was renamed there, a second principal appears beside this one.",
			Consequences: map[audit.PrincipalType]string{audit.TypeGroup: "The group keeps its access although the identity provider does not manage its members. If it was renamed there, a second group appears beside this one."},
			Description: "Neither the stored id nor the name exists in the identity provider. Users have this cause " +
				"only when primary_domains is empty.",
			Remedy: "Find out whether the identity was deleted, renamed or belongs to another tenant, before " +
				"anything is deactivated.",
			Symptoms: []Symptom{SymptomDuplicates},
			Types:    audit.PrincipalTypes(),
			Buckets:  buckets("4 or 5", "3", "8"),
		},
		{
			ID: CauseStaleOwn, Kind: KindCause, Title: "Not in the identity provider, own domain", BlocksAIM: true,
			Consequence: "The user keeps access although the identity provider does not manage it. If the person was renamed there, a second user appears beside this one.",
			Description: "As stale, for a user whose mail domain is one of primary_domains.",
			Remedy:      "Look at the recycle bin and at changed mail addresses; deactivate only what is certain.",
			Symptoms:    []Symptom{SymptomDuplicates},
			Types:       []audit.PrincipalType{audit.TypeUser},
			Refines:     CauseStale,
			Buckets:     buckets("5", "", ""),
		},
		{
			ID: CauseStaleInactive, Kind: KindCause, Title: "Not in the identity provider, deactivated",
			Consequence: "Nothing: a deactivated user cannot log in.",
			Description: "As stale or deleted_in_idp, for a user who is deactivated in Databricks.",
			Remedy:      "Nothing: it does not count against clean, unless strict_inactive is true.",
			Types:       []audit.PrincipalType{audit.TypeUser},
			Refines:     CauseStale,
			Buckets:     buckets("4 or 5", "", ""),
		},
		{
			ID: CauseStaleForeign, Kind: KindCause, Title: "Not in the identity provider, foreign domain", BlocksAIM: true,
			Consequence: "The user cannot be managed from your tenant: without SCIM no one updates or removes this access.",
			Description: "As stale, for a user whose mail domain is none of primary_domains, or whose name has none. " +
				"The domain is a hint, not the real home tenant.",
			Remedy: "Find out whose identity it is before automatic identity management is switched on; keep it " +
				"on SCIM until then.",
			Symptoms: []Symptom{SymptomDuplicates},
			Types:    []audit.PrincipalType{audit.TypeUser},
			Refines:  CauseStale,
			Buckets:  buckets("4", "", ""),
		},
		{
			ID: CauseDeleted, Kind: KindCause, Title: "Deleted in the identity provider",
			Consequence:  "The principal can no longer log in through the identity provider, but is still active here, and its tokens and secrets may still work.",
			Consequences: map[audit.PrincipalType]string{audit.TypeGroup: "The group keeps its access here, and the identity provider does not manage its members any more."},
			Description:  "The stored id is that of an object in the recycle bin. Directories only.",
			Remedy:       "Restore it there, or retire the principal.",
			Symptoms:     []Symptom{SymptomDuplicates},
			Types:        audit.PrincipalTypes(),
			Refines:      CauseStale,
			Buckets:      buckets("4 or 5", "3", "8"),
		},
		{
			ID: CauseDisabled, Kind: KindCause, Title: "Disabled in the identity provider",
			Consequence: "The user can no longer log in through the identity provider, but is still active here, and personal access tokens may still work.",
			Description: "Of a deactivation, never of a row: the linked identity is disabled in the identity provider, and the user is active here. Directories only.",
			Remedy:      "Deactivate the user here, or enable the identity there.",
			Types:       []audit.PrincipalType{audit.TypeUser},
		},
		{
			ID: CauseOtherType, Kind: KindCause, Title: "External id of another type", BlocksAIM: true,
			Consequence: "The link is to an object of another type, so the principal is never updated or removed by the identity provider, and a second one may appear beside it.",
			Description: "The stored id is that of an identity of another type. Directories only.",
			Remedy:      "Find out how it came there; set the right id with relink.",
			Symptoms:    []Symptom{SymptomDuplicates},
			Types:       audit.PrincipalTypes(),
			Refines:     CauseStale,
			Buckets:     buckets("4 or 5", "3", "8"),
		},
		{
			ID: CauseMembers, Kind: KindCause, Title: "Members that the identity provider does not have", BlocksAIM: true,
			Consequence: "The members keep the access of the group, but the identity provider does not show them: counts and access reviews there miss them.",
			Description: "The group itself is in order, but it has members that the identity provider does not " +
				"confirm.",
			Remedy:   "Remove the members here, or add them to the group in the identity provider.",
			Symptoms: []Symptom{SymptomMemberCounts},
			Types:    []audit.PrincipalType{audit.TypeGroup},
			Buckets:  buckets("", "3", ""),
		},
		{
			ID: CauseMembersNested, Kind: KindCause, Title: "Members that the identity provider has through nested groups", BlocksAIM: true,
			Consequence: "Member counts differ from the identity provider, and removing these members would take away access that the identity provider grants.",
			Description: "The group itself is in order, and every unconfirmed member is in a nested group of the " +
				"identity provider.",
			Remedy:   "Link the nested groups by their own externalId, or audit with membership = transitive.",
			Symptoms: []Symptom{SymptomMemberCounts},
			Types:    []audit.PrincipalType{audit.TypeGroup},
			Refines:  CauseMembers,
			Buckets:  buckets("", "3", ""),
		},
		{
			ID: CauseMemberLocal, Kind: KindCause, Title: "Member without external id", BlocksAIM: true,
			Consequence: "The member keeps the access of the group, but the identity provider does not show it there.",
			Description: "Of a member removal: the member is local, and the identity provider has no one of its name " +
				"in the group.",
			Remedy:   "Remove it, or create it in the identity provider and add it to the group.",
			Symptoms: []Symptom{SymptomMemberCounts},
			Types:    audit.PrincipalTypes(),
		},
		{
			ID: CauseMemberNotInGroup, Kind: KindCause, Title: "Member that is not in the IdP group", BlocksAIM: true,
			Consequence: "The member keeps the access of the group, but the identity provider does not show it there.",
			Description: "Of a member removal: the member is an identity of the identity provider, which does not have" +
				" it in the group.",
			Remedy:   "Remove it, or add it to the group in the identity provider.",
			Symptoms: []Symptom{SymptomMemberCounts},
			Types:    audit.PrincipalTypes(),
		},
		{
			ID: CauseMemberStale, Kind: KindCause, Title: "Member that the identity provider does not know", BlocksAIM: true,
			Consequence: "The member keeps the access of the group, although the identity provider does not have it.",
			Description: "Of a member removal: the externalId of the member is not in the identity provider.",
			Remedy:      "Remove it from the group; see the row of the member itself.",
			Symptoms:    []Symptom{SymptomMemberCounts},
			Types:       audit.PrincipalTypes(),
		},
	}
}
