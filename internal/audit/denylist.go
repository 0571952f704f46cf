// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package audit

import "slices"

// MaxDenyRules is how many rules the denylist of an account holds
// (docs/reference/aim-migration.md 3).
const MaxDenyRules = 100

// DenyRule is one rule of the account access denylist.
type DenyRule struct {
	ExternalID, Name string
	// Type is empty where the rule does not say.
	Type PrincipalType
}

// RuleFor is the rule of an identity by a list of rules; nil for none.
func RuleFor(rules []DenyRule, externalID string) *DenyRule {
	i := slices.IndexFunc(rules, func(r DenyRule) bool { return SameExternalID(r.ExternalID, externalID) })
	if i < 0 {
		return nil
	}
	return &rules[i]
}
