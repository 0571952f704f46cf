// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package audit

import (
	"slices"
	"strings"
)

// BucketOf is the bucket of the remediation executor, "1" to "8", in which it puts a
// divergent principal: the first of its rules that fits, by the categories, whether an identity
// has the principal's name, and whether a user is of an own domain
// (docs/reference/prep-script-contract.md 8.2). Empty for none.
func BucketOf(t PrincipalType, categories []string, nameMatch, ownDomain bool) string {
	patch, ticket, stale := "1", "2", "4"
	switch {
	case t == TypeGroup:
		return "3"
	case t == TypeServicePrincipal:
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

// MailDomain is what follows the last "@" of a user name, in lower case; empty where
// there is none.
func MailDomain(userName string) string {
	at := strings.LastIndexByte(userName, '@')
	if at < 0 {
		return ""
	}
	return strings.ToLower(userName[at+1:])
}
