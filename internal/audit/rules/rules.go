// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package rules is what there is to say: every id that a report can carry - error
// categories, causes, actions, advisories, reasons of manual actions - with its texts and
// with what follows from it. When an id is given is decided in package judge.
//
// The error categories are those of Databricks' "AIM enablement prep script"
// (docs/design/contracts.md).
package rules

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
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

// IdentityCategories lists the five categories of users, groups and service
// principals, in the script's order.
func IdentityCategories() []string {
	return []string{
		CategoryExternalIDNotInIDP, CategoryNameMismatch, CategoryExternalIDMismatch,
		CategoryLocalMembers, CategoryExternalMembers,
	}
}

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
// generated from [All].
type Rule struct {
	ID    string
	Kind  RuleKind
	Title string
	// Description says when the id is given; Remedy what to do about it.
	Description, Remedy string
	// Symptoms of the knowledge base that it explains, in alphabetical order.
	Symptoms []Symptom
	// Types are the principal types it can appear on; empty for workspaces.
	Types []audit.PrincipalType
	// Refines is, for a cause, the more general cause that it is a case of: add
	// both up to compare with the buckets of the remediation executor.
	Refines string
	// Buckets are, for a cause, the buckets of the remediation executor by type.
	Buckets map[audit.PrincipalType]string
	// Consequence is, for a cause, what happens if it stays.
	Consequence string
	// BlocksAIM is true for a cause to be settled before automatic identity
	// management takes the place of SCIM: what blocks or breaks in
	// docs/reference/aim-migration.md 4 and 5.
	BlocksAIM bool
	// Owner is, for an action, who takes the step.
	Owner Owner
	// Switch is, for a reason, the input that allows what it holds back.
	Switch string
	// Hole is true for a reason that is about something that could not be read, so
	// that the next audit may judge the same principal otherwise.
	Hole bool
	// Remedies and Consequences are those for principals of a type where they differ from
	// Remedy and Consequence.
	Remedies, Consequences map[audit.PrincipalType]string
	// ForeignRemedy is, for a reason, the remedy for users of other mail domains than
	// primary_domains, where it differs.
	ForeignRemedy string
}

// RemedyFor is what to do about a principal of a type.
func (r Rule) RemedyFor(t audit.PrincipalType) string {
	return cmp.Or(r.Remedies[t], r.Remedy)
}

// ConsequenceFor is what happens if a principal of a type stays as it is.
func (r Rule) ConsequenceFor(t audit.PrincipalType) string {
	return cmp.Or(r.Consequences[t], r.Consequence)
}

// SymptomsFor are the symptoms that a principal of a type can explain: only groups are
// imported, and only groups have members.
func (r Rule) SymptomsFor(t audit.PrincipalType) []Symptom {
	if t == audit.TypeGroup {
		return r.Symptoms
	}
	return slices.DeleteFunc(slices.Clone(r.Symptoms), func(s Symptom) bool { return s != SymptomDuplicates })
}

// Owner is who takes the next step, in words for people.
type Owner string

// The owners of actions.
const (
	OwnerApply   Owner = "terraform apply"
	OwnerSupport Owner = "Databricks support"
	OwnerIDP     Owner = "identity provider team"
	OwnerAdmin   Owner = "account admin"
	OwnerNone    Owner = "no one"
)

// All is the whole registry, sorted by kind (category, cause, action,
// advisory, reason) and id. Every id that a report can carry is in it once per
// kind.
func All() []Rule {
	kinds := [][]Rule{categoryRules(), causeRules(), actionRules(), advisoryRules(), reasonRules()}
	for _, list := range kinds {
		slices.SortFunc(list, func(a, b Rule) int { return strings.Compare(a.ID, b.ID) })
	}
	return slices.Concat(kinds...)
}

// Find finds the rule of a kind and id; false for an id that is none.
func Find(kind RuleKind, id string) (Rule, bool) {
	r, found := registry()[kind][id]
	return r, found
}

var registry = sync.OnceValue(func() map[RuleKind]map[string]Rule {
	out := map[RuleKind]map[string]Rule{}
	for _, r := range All() {
		if out[r.Kind] == nil {
			out[r.Kind] = map[string]Rule{}
		}
		out[r.Kind][r.ID] = r
	}
	return out
})

// Reason is the row of a reason; every reason has one.
func Reason(id string) Rule { return registry()[KindReason][id] }
