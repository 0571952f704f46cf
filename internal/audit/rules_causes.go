// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package audit

// The causes of divergences and of member removals.
const (
	CauseLinkable         = "linkable_by_name"
	CauseLocalGroup       = "local_group_with_idp_name"
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
	CauseMembers          = "members_not_in_idp"
	CauseMembersNested    = "members_nested_in_idp"
	CauseMemberLocal      = "member_local"
	CauseMemberNotInGroup = "member_not_in_idp_group"
	CauseMemberStale      = "member_stale"
)

// causeRules are given one per row, the first that fits. Each corresponds to a
// bucket of the remediation executor or refines one.
func causeRules() []Rule {
	return []Rule{
		{
			ID: CauseLinkable, Kind: KindCause, Title: "Linkable by name",
			Description: "One identity has the name; the stored id is blank or belongs to nobody.",
			Remedy:      "Set the externalId; the fix is in external_id_fixes when it is safe.",
			Symptoms:    []Symptom{SymptomDuplicates, SymptomNoImport},
			Types:       PrincipalTypes(),
			Bucket:      "1",
		},
		{
			ID: CauseLocalGroup, Kind: KindCause, Title: "Local group with the name of an IdP group",
			Description: "The group has no externalId, and one group of the identity provider has its name. They may " +
				"have nothing else in common.",
			Remedy: "Decide whether they are the same: link_groups offers the link; otherwise rename the local " +
				"group.",
			Symptoms: []Symptom{SymptomNoImport},
			Types:    []PrincipalType{TypeGroup},
			Refines:  CauseLinkable,
			Bucket:   "3",
		},
		{
			ID: CauseAmbiguousName, Kind: KindCause, Title: "Several identities with the name",
			Description: "Several identities have the name, and the stored id is none of theirs.",
			Remedy:      "Decide which one is meant and set its id, or make the names unique.",
			Symptoms:    []Symptom{SymptomDuplicates, SymptomNoImport},
			Types:       PrincipalTypes(),
			Refines:     CauseLinkable,
			Bucket:      "1",
		},
		{
			ID: CauseLinkedElsewhere, Kind: KindCause, Title: "Linked to another existing identity",
			Description: "The stored id belongs to one existing identity, of this or another type, while the name " +
				"belongs to a different one.",
			Remedy:   "A human decides which one the principal is. relink offers to replace the id.",
			Symptoms: []Symptom{SymptomDuplicates},
			Types:    PrincipalTypes(),
			Refines:  CauseLinkable,
			Bucket:   "1",
		},
		{
			ID: CauseSpelling, Kind: KindCause, Title: "External id in another spelling",
			Description: "The stored id and that of the name match are the same GUID, but for case or surrounding " +
				"spaces.",
			Remedy:  "Set the id in the spelling of the identity provider.",
			Types:   PrincipalTypes(),
			Refines: CauseLinkable,
			Bucket:  "1",
		},
		{
			ID: CauseNameDrift, Kind: KindCause, Title: "Name changed",
			Description: "The stored id belongs to an existing identity whose name is another one.",
			Remedy: "Users and service principals: a support ticket. Settle duplicates first: a ticket cannot " +
				"merge two records. Groups: free the wanted name.",
			Symptoms: []Symptom{SymptomDuplicates},
			Types:    PrincipalTypes(),
			Bucket:   "2",
		},
		{
			ID: CauseNameCaseOnly, Kind: KindCause, Title: "Name differs in case only",
			Description: "The stored id belongs to an existing identity whose name is the same but for its case. Databricks stores user names in " +
				"lower case, and the prep script compares exactly.",
			Remedy:  "Nothing: it does not count against clean, unless strict_case is true.",
			Types:   PrincipalTypes(),
			Refines: CauseNameDrift,
			Bucket:  "2",
		},
		{
			ID: CauseStale, Kind: KindCause, Title: "Identity not in the identity provider",
			Description: "Neither the stored id nor the name exists in the identity provider. Users have this cause " +
				"only when primary_domains is empty.",
			Remedy: "Find out whether the identity was deleted, renamed or belongs to another tenant, before " +
				"anything is deactivated.",
			Symptoms: []Symptom{SymptomDuplicates},
			Types:    PrincipalTypes(),
			Bucket:   "5",
		},
		{
			ID: CauseStaleOwn, Kind: KindCause, Title: "Not in the identity provider, own domain",
			Description: "As stale, for a user whose mail domain is one of primary_domains.",
			Remedy:      "Look at the recycle bin and at changed mail addresses; deactivate only what is certain.",
			Symptoms:    []Symptom{SymptomDuplicates},
			Types:       []PrincipalType{TypeUser},
			Refines:     CauseStale,
			Bucket:      "5",
		},
		{
			ID: CauseStaleInactive, Kind: KindCause, Title: "Not in the identity provider, deactivated",
			Description: "As stale or deleted_in_idp, for a user who is deactivated in Databricks.",
			Remedy:      "Nothing: it does not count against clean, unless strict_inactive is true.",
			Types:       []PrincipalType{TypeUser},
			Refines:     CauseStale,
			Bucket:      "5",
		},
		{
			ID: CauseStaleForeign, Kind: KindCause, Title: "Not in the identity provider, foreign domain",
			Description: "As stale, for a user whose mail domain is none of primary_domains, or whose name has none. " +
				"The domain is a hint, not the real home tenant.",
			Remedy: "Find out whose identity it is before automatic identity management is switched on; keep it " +
				"on SCIM until then.",
			Symptoms: []Symptom{SymptomDuplicates},
			Types:    []PrincipalType{TypeUser},
			Refines:  CauseStale,
			Bucket:   "4",
		},
		{
			ID: CauseDeleted, Kind: KindCause, Title: "Deleted in the identity provider",
			Description: "The stored id is that of an object in the recycle bin. Directories only.",
			Remedy:      "Restore it there, or retire the principal.",
			Symptoms:    []Symptom{SymptomDuplicates},
			Types:       PrincipalTypes(),
			Refines:     CauseStale,
			Bucket:      "5",
		},
		{
			ID: CauseOtherType, Kind: KindCause, Title: "External id of another type",
			Description: "The stored id is that of an identity of another type. Directories only.",
			Remedy:      "Find out how it came there; set the right id with relink.",
			Symptoms:    []Symptom{SymptomDuplicates},
			Types:       PrincipalTypes(),
			Refines:     CauseStale,
			Bucket:      "5",
		},
		{
			ID: CauseMembers, Kind: KindCause, Title: "Members that the identity provider does not have",
			Description: "The group itself is in order, but it has members that the identity provider does not " +
				"confirm.",
			Remedy:   "See member_removals and manual_actions.",
			Symptoms: []Symptom{SymptomMemberCounts},
			Types:    []PrincipalType{TypeGroup},
		},
		{
			ID: CauseMembersNested, Kind: KindCause, Title: "Members that the identity provider has through nested groups",
			Description: "The group itself is in order, and every unconfirmed member is in a nested group of the " +
				"identity provider.",
			Remedy:   "Link the nested groups by their own externalId, or audit with membership = transitive.",
			Symptoms: []Symptom{SymptomMemberCounts},
			Types:    []PrincipalType{TypeGroup},
			Refines:  CauseMembers,
		},
		{
			ID: CauseMemberLocal, Kind: KindCause, Title: "Member without external id",
			Description: "Of a member removal: the member is local, and the identity provider has nobody of its name " +
				"in the group.",
			Remedy:   "Remove it, or create it in the identity provider and add it to the group.",
			Symptoms: []Symptom{SymptomMemberCounts},
			Types:    PrincipalTypes(),
		},
		{
			ID: CauseMemberNotInGroup, Kind: KindCause, Title: "Member that is not in the IdP group",
			Description: "Of a member removal: the member is an identity of the identity provider, which does not have" +
				" it in the group.",
			Remedy:   "Remove it, or add it to the group in the identity provider.",
			Symptoms: []Symptom{SymptomMemberCounts},
			Types:    PrincipalTypes(),
		},
		{
			ID: CauseMemberStale, Kind: KindCause, Title: "Member that the identity provider does not know",
			Description: "Of a member removal: the externalId of the member is not in the identity provider.",
			Remedy:      "Remove it from the group; see the row of the member itself.",
			Symptoms:    []Symptom{SymptomMemberCounts},
			Types:       PrincipalTypes(),
		},
	}
}
