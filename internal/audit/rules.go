// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package audit

import (
	"slices"
	"strings"
	"sync"
)

// The error categories of the prep script, spelled as there, in its order.
const (
	CategoryExternalIDNotInIDP = "EXTERNAL_ID_NOT_IN_IDP"
	CategoryNameMismatch       = "EXTERNAL_ID_MATCH_NAME_MISMATCH"
	CategoryExternalIDMismatch = "NAME_MATCH_EXTERNAL_ID_MISMATCH"
	CategoryLocalMembers       = "GROUP_HAS_LOCAL_MEMBERS_WITHOUT_EXTERNAL_ID"
	CategoryExternalMembers    = "GROUP_HAS_LOCAL_MEMBERS_WITH_EXTERNAL_ID"
	CategoryFederationDisabled = "IDENTITY_FEDERATION_DISABLED"
)

// categoryNames are the five categories of identities, in the script's order.
// Nothing writes to it; Go has no constant arrays.
var categoryNames = [...]string{
	CategoryExternalIDNotInIDP, CategoryNameMismatch, CategoryExternalIDMismatch,
	CategoryLocalMembers, CategoryExternalMembers,
}

// IdentityCategories lists the five categories of users, groups and service
// principals, in the script's order.
func IdentityCategories() []string { return slices.Clone(categoryNames[:]) }

// RuleKind says where the id of a rule appears.
type RuleKind string

// The kinds of rules: KindCategory in error_categories, KindCause in cause,
// KindAction in action, KindAdvisory in advisories, KindReason in the reason of
// a manual action.
const (
	KindCategory RuleKind = "category"
	KindCause    RuleKind = "cause"
	KindAction   RuleKind = "action"
	KindAdvisory RuleKind = "advisory"
	KindReason   RuleKind = "reason"
)

// Symptom is one of the three that the knowledge base describes.
type Symptom string

// The symptoms: twin identities in lists and sharing dialogs, member counts
// that differ from the IdP's, an IdP group that cannot be imported.
const (
	SymptomDuplicates   Symptom = "A"
	SymptomMemberCounts Symptom = "B"
	SymptomNoImport     Symptom = "C"
)

// Rule explains one id that a report can carry. The rule reference page is
// generated from [Rules].
type Rule struct {
	ID    string
	Kind  RuleKind
	Title string
	// Description says when the id is given; Remedy what to do about it.
	Description, Remedy string
	// Symptoms of the knowledge base that it explains, in alphabetical order.
	Symptoms []Symptom
	// Types are the principal types it can appear on; empty for workspaces.
	Types []PrincipalType
	// Refines is, for a cause, the more general cause that it is a case of: add
	// both up to compare with the buckets of the remediation executor.
	Refines string
	// Bucket is, for a cause, the executor's bucket number; empty for none.
	Bucket string
	// Switch is, for a reason, the input that allows what it holds back.
	Switch string
}

// Rules is the whole registry, sorted by kind (category, cause, action,
// advisory, reason) and id. Every id that a report can carry is in it once per
// kind.
func Rules() []Rule {
	kinds := [][]Rule{categoryRules(), causeRules(), actionRules(), advisoryRules(), reasonRules()}
	for _, rules := range kinds {
		slices.SortFunc(rules, func(a, b Rule) int { return strings.Compare(a.ID, b.ID) })
	}
	return slices.Concat(kinds...)
}

// switchOf is the input that allows what a reason holds back; empty for none.
func switchOf(reason string) string {
	switch reason {
	case ReasonRelink:
		return "relink"
	case ReasonLinkGroups:
		return "link_groups"
	case ReasonClear:
		return "suggest_group_clears"
	case ReasonPrivileged, ReasonPrivilegeUnknown:
		return "allow_privileged_principals"
	case ReasonMemberNestingUnknown:
		return "membership"
	case ReasonMemberSource:
		return "automatic_identity_management"
	default:
		return ""
	}
}

// RemedyOf is what to check and to do about a reason, for a principal of a type.
func RemedyOf(reason string, t PrincipalType) string {
	if reason != ReasonNameChange {
		return remedies()[reason]
	}
	if t == TypeGroup {
		return "See the action " + ActionRenameGroup + "."
	}
	return "See the action " + ActionRequestName + "."
}

var remedies = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	for _, r := range reasonRules() {
		out[r.ID] = r.Remedy
	}
	return out
})

// IsHole tells whether a reason is about something that could not be read, so
// that the same principal may be judged otherwise by the next audit.
func IsHole(reason string) bool {
	switch reason {
	case ReasonPrivilegeUnknown, ReasonIndexHole, ReasonStateUnknown:
		return true
	default:
		return false
	}
}
