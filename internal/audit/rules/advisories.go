// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package rules

import "github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"

// The advisories.
const (
	AdvisoryDuplicate    = "DUPLICATE_EXTERNAL_ID"
	AdvisoryOtherType    = "EXTERNAL_ID_OF_OTHER_TYPE"
	AdvisoryNotCanonical = "EXTERNAL_ID_NOT_CANONICAL"
	AdvisoryAmbiguous    = "AMBIGUOUS_NAME_MATCH"
	AdvisoryDisabled     = "IDP_IDENTITY_DISABLED"
	AdvisoryGuest        = "GUEST_IDENTITY"
	AdvisoryCrossTenant  = "CROSS_TENANT"
	AdvisorySPName       = "SERVICE_PRINCIPAL_NAME_WILL_CHANGE"
	AdvisoryNested       = "MEMBER_NESTED_IN_IDP"
	AdvisoryCaseOnly     = "NAME_DIFFERS_ONLY_IN_CASE"
	AdvisoryNearName     = "NAME_NEARLY_MATCHES"
	AdvisoryInactive     = "PRINCIPAL_INACTIVE"
	AdvisoryDeleted      = "DELETED_IN_IDP"
	AdvisorySystemGroup  = "SYSTEM_GROUP"

	AdvisoryMembersMissing = "IDP_MEMBERS_MISSING"
)

// advisoryRules are what the prep script does not see. They never change a
// category or count against clean.
func advisoryRules() []Rule {
	return []Rule{
		{
			ID: AdvisoryDuplicate, Kind: KindAdvisory, Title: "External id held by several principals",
			Description: "Another principal, of any type, stores the same externalId.",
			Remedy: "Keep one: active, named as in the identity provider, with the most groups. Move assets from " +
				"the others and retire them.",
			Symptoms: []Symptom{SymptomDuplicates},
			Types:    audit.PrincipalTypes(),
		},
		{
			ID: AdvisoryOtherType, Kind: KindAdvisory, Title: "External id of another type",
			Description: "The stored externalId is that of an IdP object of another type. Directories only.",
			Remedy:      "Set the right id; relink allows the fix.",
			Symptoms:    []Symptom{SymptomDuplicates},
			Types:       audit.PrincipalTypes(),
		},
		{
			ID: AdvisoryNotCanonical, Kind: KindAdvisory, Title: "External id in an unusual spelling",
			Description: "The stored externalId has spaces around it, or differs from the IdP's spelling in case.",
			Remedy:      "Set it in the spelling of the identity provider.",
			Symptoms:    []Symptom{SymptomDuplicates},
			Types:       audit.PrincipalTypes(),
		},
		{
			ID: AdvisoryAmbiguous, Kind: KindAdvisory, Title: "Name not unique in the identity provider",
			Description: "Several identities of that type have the name, also when the link is right.",
			Remedy:      "Make names unique, or make sure that the right one is linked.",
			Symptoms:    []Symptom{SymptomDuplicates, SymptomNoImport},
			Types:       audit.PrincipalTypes(),
		},
		{
			ID: AdvisoryDisabled, Kind: KindAdvisory, Title: "Identity disabled",
			Description: "The linked identity, or the only one of that name, is disabled in the identity provider. On " +
				"rows without category only where the principal is still active.",
			Remedy: "Deactivate the principal, or enable the identity.",
			Types:  audit.PrincipalTypes(),
		},
		{
			ID: AdvisoryGuest, Kind: KindAdvisory, Title: "Guest",
			Description: "The linked identity, or the only one of that name, is a guest. Divergent principals only.",
			Remedy:      "Guests are known by their mail; link them by hand.",
			Types:       []audit.PrincipalType{audit.TypeUser},
		},
		{
			ID: AdvisoryCrossTenant, Kind: KindAdvisory, Title: "Identity of another tenant",
			Description: "The linked identity, or the only one of that name, has its home in another tenant.",
			Remedy:      "Check that the other tenant is meant to have access.",
			Types:       []audit.PrincipalType{audit.TypeUser, audit.TypeServicePrincipal},
		},
		{
			ID: AdvisorySPName, Kind: KindAdvisory, Title: "Display name will be overwritten",
			Description: "Automatic identity management writes the IdP's display name over the service principal's. " +
				"Not knowable through databricks.",
			Remedy: "Let automations refer to it by application id.",
			Types:  []audit.PrincipalType{audit.TypeServicePrincipal},
		},
		{
			ID: AdvisoryNested, Kind: KindAdvisory, Title: "Member through a nested group",
			Description: "An unconfirmed member is in the IdP's group through a nested group, or is a group with a member whom the IdP has there.",
			Remedy:      "Link the nested group by its own externalId; do not flatten.",
			Symptoms:    []Symptom{SymptomMemberCounts},
			Types:       []audit.PrincipalType{audit.TypeGroup},
		},
		{
			ID: AdvisoryMembersMissing, Kind: KindAdvisory, Title: "Members of the identity provider are missing",
			Description: "The linked IdP group has members, directly or through nested groups, who are not in the group here. idp_members_missing names them. Directories only.",
			Remedy: "They get the access of the group once they are provisioned, or with automatic identity management. Check that they should; if not, remove them in the identity " +
				"provider.",
			Symptoms: []Symptom{SymptomMemberCounts},
			Types:    []audit.PrincipalType{audit.TypeGroup},
		},
		{
			ID: AdvisoryCaseOnly, Kind: KindAdvisory, Title: "Name differs in case only",
			Description: "The name of the linked identity, or of the one to be linked, is the principal's but for its " +
				"case. Linking it ends category NAME_MATCH_EXTERNAL_ID_MISMATCH and leaves " +
				"EXTERNAL_ID_MATCH_NAME_MISMATCH.",
			Remedy:   "Write the name in the same case on both sides; for users that takes a support ticket.",
			Symptoms: []Symptom{SymptomDuplicates},
			Types:    audit.PrincipalTypes(),
		},
		{
			ID: AdvisoryNearName, Kind: KindAdvisory, Title: "Almost the same name",
			Description: "No identity has the name, but one differs in surrounding spaces or Unicode normal form only." +
				" Directories only.",
			Remedy:   "Correct the name in the identity provider.",
			Symptoms: []Symptom{SymptomDuplicates, SymptomNoImport},
			Types:    audit.PrincipalTypes(),
		},
		{
			ID: AdvisoryInactive, Kind: KindAdvisory, Title: "Deactivated in Databricks",
			Description: "The divergent principal is deactivated. It is never fixed.",
			Remedy:      "Delete it if no one needs it.",
			Types:       []audit.PrincipalType{audit.TypeUser, audit.TypeServicePrincipal},
		},
		{
			ID: AdvisoryDeleted, Kind: KindAdvisory, Title: "In the recycle bin",
			Description: "The stored externalId is that of an object in the IdP's recycle bin. Directories only.",
			Remedy:      "Restore it in time, or retire the principal.",
			Types:       audit.PrincipalTypes(),
		},
		{
			ID: AdvisorySystemGroup, Kind: KindAdvisory, Title: "System group",
			Description: "The divergent group has the name of one that Databricks keeps itself. It is never fixed.",
			Remedy:      "Leave it alone; rename the IdP group of that name.",
			Types:       []audit.PrincipalType{audit.TypeGroup},
		},
	}
}
