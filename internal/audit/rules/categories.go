// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package rules

import "github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"

// categoryRules are the prep script's six. Conditions and remedies follow the
// knowledge base article "AIM enablement prep script".
func categoryRules() []Rule {
	return []Rule{
		{
			ID: CategoryExternalIDNotInIDP, Kind: KindCategory, Title: "External id not in the identity provider",
			Description: "The principal has an externalId, and the identity provider has no object of that type with " +
				"it.",
			Remedy: "If the name match gives another id, set that one, after making sure that it is the same " +
				"identity and that no one else holds the id. A group may be cleared instead. Otherwise find " +
				"out whether the identity was deleted or renamed.",
			Symptoms: []Symptom{SymptomDuplicates},
			Types:    audit.PrincipalTypes(),
		},
		{
			ID: CategoryNameMismatch, Kind: KindCategory, Title: "External id fits, name does not",
			Description: "The identity provider has an object with the stored externalId, but none of its names equals" +
				" the Databricks one: userName, group name or, for service principals, application id. " +
				"Compared exactly, case included.",
			Remedy: "Users and service principals: ask Databricks support to correct the name. Groups: see " +
				"whether another account group occupies the wanted name, and rename that one.",
			Symptoms: []Symptom{SymptomDuplicates},
			Types:    audit.PrincipalTypes(),
		},
		{
			ID: CategoryExternalIDMismatch, Kind: KindCategory, Title: "Name fits, external id does not",
			Description: "The identity provider has an object of that name with an id, and the stored externalId, " +
				"blank or not, is none of these ids.",
			Remedy: "Set the externalId to the id of the object, after making sure that it is the same identity. " +
				"external_id_fixes offers what is safe.",
			Symptoms: []Symptom{SymptomDuplicates, SymptomNoImport},
			Types:    audit.PrincipalTypes(),
		},
		{
			ID: CategoryLocalMembers, Kind: KindCategory, Title: "Members without external id that the identity provider does not have",
			Description: "The group is linked, and members without an externalId are not among the members of its " +
				"group in the identity provider.",
			Remedy: "Remove them in Databricks, or create them in the identity provider and add them to the group" +
				" there. A nested group: link it by its own externalId.",
			Symptoms: []Symptom{SymptomMemberCounts},
			Types:    []audit.PrincipalType{audit.TypeGroup},
		},
		{
			ID: CategoryExternalMembers, Kind: KindCategory, Title: "Members with an external id that the identity provider does not have",
			Description: "The group is linked, and members with an externalId are not among the members of its group " +
				"in the identity provider.",
			Remedy:   "Remove them in Databricks, or add them to the group in the identity provider.",
			Symptoms: []Symptom{SymptomMemberCounts},
			Types:    []audit.PrincipalType{audit.TypeGroup},
		},
		{
			ID: CategoryFederationDisabled, Kind: KindCategory, Title: "Workspace without identity federation",
			Description: "The account does not say that identity federation is on for the workspace: the key is " +
				"missing, null or false.",
			Remedy: "Switch identity federation on for the workspace in the account console. Until then, " +
				"identities of the account and of the identity provider are not available there.",
		},
	}
}
