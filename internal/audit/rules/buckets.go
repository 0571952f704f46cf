// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package rules

import (
	"slices"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// BucketOf is the bucket of the remediation executor, "1" to "8", in which it puts a
// divergent principal: the first of its rules that fits, by the categories, whether an identity
// has the principal's name, and whether a user is of an own domain
// (docs/reference/prep-script-contract.md 8.2). Empty for none.
func BucketOf(t audit.PrincipalType, categories []string, nameMatch, ownDomain bool) string {
	patch, ticket, stale := "1", "2", "4"
	switch {
	case t == audit.TypeGroup:
		return "3"
	case t == audit.TypeServicePrincipal:
		patch, ticket, stale = "6", "7", "8"
	case ownDomain:
		stale = "5"
	}
	switch {
	case slices.Contains(categories, CategoryExternalIDMismatch) && nameMatch:
		return patch
	case slices.Contains(categories, CategoryNameMismatch):
		return ticket
	case slices.Contains(categories, CategoryExternalIDNotInIDP):
		return stale
	default:
		return ""
	}
}
