// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package entra

import "strings"

// The properties that the v1.0 types have and the state says nothing of. Clients
// ask for long lists of them, which Graph takes; a name that the type does not
// have is a 400. Those that read as null come first, then the collections.
const (
	userNulls = `ageGroup authorizationInfo city consentProvidedForMinor country customSecurityAttributes employeeHireDate
		employeeLeaveDateTime employeeOrgData employeeType externalUserStateChangeDateTime faxNumber isManagementRestricted
		isResourceAccount lastPasswordChangeDateTime legalAgeGroupClassification onPremisesDistinguishedName
		onPremisesDomainName onPremisesExtensionAttributes onPremisesLastSyncDateTime onPremisesSamAccountName
		onPremisesSecurityIdentifier onPremisesUserPrincipalName passwordPolicies passwordProfile postalCode
		preferredDataLocation securityIdentifier showInAddressList signInActivity signInSessionsValidFromDateTime
		state streetAddress`
	userLists = `assignedLicenses assignedPlans imAddresses licenseAssignmentStates onPremisesProvisioningErrors
		provisionedPlans serviceProvisioningErrors`

	groupNulls = `hasMembersWithLicenseErrors isManagementRestricted licenseProcessingState onPremisesDomainName
		onPremisesLastSyncDateTime onPremisesNetBiosName onPremisesSamAccountName onPremisesSecurityIdentifier
		preferredDataLocation preferredLanguage uniqueName`
	groupLists = `assignedLabels assignedLicenses onPremisesProvisioningErrors resourceBehaviorOptions
		resourceProvisioningOptions serviceProvisioningErrors`

	spNulls = `customSecurityAttributes disabledByMicrosoftStatus homepage info loginUrl logoutUrl notes
		preferredSingleSignOnMode preferredTokenSigningKeyThumbprint samlSingleSignOnSettings signInAudience
		tokenEncryptionKeyId verifiedPublisher`
	spLists = `addIns appRoles keyCredentials oauth2PermissionScopes passwordCredentials
		replyUrls resourceSpecificApplicationPermissions`
)

// withProperties adds properties that are the same for all objects of a kind.
func withProperties(nulls, lists string, props map[string]func(o graphObject) any) map[string]func(o graphObject) any {
	for name := range strings.FieldsSeq(nulls) {
		props[name] = constant(nil)
	}
	for name := range strings.FieldsSeq(lists) {
		props[name] = constant([]any{})
	}
	return props
}
