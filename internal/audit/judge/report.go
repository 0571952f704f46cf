// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"
)

// Options are the questions and permissions of one audit.
type Options struct {
	// Now decides which waivers have expired.
	Now time.Time
	AIM audit.AIMState
	// IDP is what the source of the matches can report.
	IDP audit.Capabilities
	// TenantID is the own Entra tenant; empty elsewhere.
	TenantID string
	// LinkGroups offers to link groups without externalId, Relink to replace an
	// id that belongs to another existing IdP identity, SuggestGroupClears to
	// clear group ids that the IdP does not know.
	LinkGroups, Relink, SuggestGroupClears bool
	// AllowPrivileged holds the ids of principals that may be fixed although
	// they are privileged in the account.
	AllowPrivileged map[string]bool
	// IgnoreConnector offers fixes that a connector writes over.
	IgnoreConnector bool
	// PrimaryDomains are the own mail domains, in any case. They split stale
	// users into own and foreign ones; only own ones may be deactivated.
	PrimaryDomains []string
	// SuggestDeactivations offers to deactivate users of the PrimaryDomains whom the IdP
	// no longer lets in, for DeactivationCauses (nil: the default ones); SuggestGroupRenames
	// to rename local groups that have the name of an IdP group.
	SuggestDeactivations, SuggestGroupRenames bool
	DeactivationCauses                        []string
	// StrictCase counts names that differ in case only, StrictInactive stale users
	// who are deactivated, against clean, and asks a human for something about them.
	StrictCase, StrictInactive bool
	Waivers                    []audit.Waiver
	// Form brings ids and domains into the Unicode form in which Terraform hands
	// them on; nil leaves them as they are.
	Form func(string) string
}

// Input is everything that an audit depends on. Nothing in it is changed.
type Input struct {
	// Inventory is the whole directory, also when only targets are judged: the
	// uniqueness of an externalId depends on it.
	Inventory audit.Inventory
	// Matches are the principals in scope, one each.
	Matches []audit.Match
	// Members are the direct members of groups as Databricks has them, by group
	// id; groups that were not read are absent.
	Members map[string][]audit.Member
	// Privileges are those of the principals that [Candidates] named. A
	// candidate without an entry counts as not looked up, so its fix is withheld.
	Privileges map[audit.Ref]audit.Privilege
	// Details are of [DuplicateHolders], as far as someone asked for them.
	Details map[audit.Ref]audit.Details
	// Failures are those of the IdP side.
	Failures []audit.Failure
	// MembersListed goes into the report.
	MembersListed int
	// Connectors are the SCIM connectors that write external ids wrongly, or may.
	Connectors []ConnectorFeed
	// Activity is what the audit log says of who acts; nil: no one asked.
	Activity *Activity
	// Caller is the principal as which the account is read and written; zero where
	// nothing says so, and then CallerUnknown is why, if that could not be read.
	Caller        audit.Ref
	CallerUnknown string
}

// Divergence is the part that rows of all three types share.
type Divergence struct {
	audit.Ref
	// ErrorCategories are the prep script's, in the script's order.
	ErrorCategories []string
	// Cause and Action are ids of [rules.All]; empty when there is no category.
	Cause, Action string
	// Advisories are ids of [rules.All], sorted.
	Advisories []string
	// Waived is true when every category of the row is waived.
	Waived bool
	// DisplayName is for people, empty where it was not read; Active is nil where the
	// account does not say.
	DisplayName string
	Active      *bool
	// IDPName is what the IdP calls the linked identity; empty where there is none or
	// its name is not known.
	IDPName string
	// Conflicting is another principal that has the external id or the name that this
	// one should have, or stores the same external id; zero for none.
	Conflicting audit.Ref
}

// UserDivergence is a row of the script's users file.
type UserDivergence struct {
	Divergence
	Username, ExternalID string
	// ExternalIDWithUsernameMatch is the id of the IdP identity of that name,
	// also where it equals ExternalID. Several (directories only) are joined
	// with ";", as the knowledge base describes the column; empty is none.
	ExternalIDWithUsernameMatch string
}

// GroupDivergence is a row of the script's groups file. Lists are sorted and
// keep duplicates; the script has them in the order of the answer.
type GroupDivergence struct {
	Divergence
	GroupName, ExternalID              string
	ExternalIDsWithGroupNameMatch      []string
	LocalMembersNotInIDPInternalIDs    []string // members without externalId
	ExternalMembersNotInIDPInternalIDs []string // members with externalId
	// InIDP is what the IdP has in the group; nil where that is not known.
	InIDP *audit.IDPMembers
}

// ServicePrincipalDivergence is a row of the script's service principals file.
type ServicePrincipalDivergence struct {
	Divergence
	ApplicationID, ExternalID string
	// ExternalIDWithAppIDMatch follows the rules of
	// [UserDivergence.ExternalIDWithUsernameMatch].
	ExternalIDWithAppIDMatch string
}

// AdvisoryRow is a principal without any category about which there is still
// something to know. It counts for nothing.
type AdvisoryRow struct {
	Divergence
	Name, ExternalID string
	// InIDP is as in [GroupDivergence]; nil for users and service principals.
	InIDP *audit.IDPMembers
}

// ExternalIDFix is one write of an externalId that is safe to offer.
type ExternalIDFix struct {
	audit.Ref
	PrincipalName string
	// CurrentExternalID is what the account held when it was audited; ExternalID
	// is what to write, in the IdP's spelling, or empty to clear (groups only).
	CurrentExternalID, ExternalID string
	// Category is the error category that the fix ends.
	Category string
	// Reversible is false where the present value cannot be written back; [audit.Irreversible] says why.
	Reversible bool
}

// MemberRemoval is one direct membership that is safe to offer for removal.
type MemberRemoval struct {
	GroupID, GroupName string
	MemberID           string
	MemberType         audit.PrincipalType
	MemberName         string
	Category, Cause    string
}

// NamedRef is a principal with its name.
type NamedRef struct {
	audit.Ref
	Name string
}

// ManualAction is what an audit leaves to a human: one divergence, or all
// members of one group that are held back for one reason.
type ManualAction struct {
	audit.Ref
	PrincipalName string
	Category      string
	// Reason is the id of a rule of kind [rules.KindReason].
	Reason string
	// Switch is the input that would allow it, for example "link_groups"; empty
	// when nothing but a human's work helps.
	Switch string
	// Detail says what stands in the way, with ids.
	Detail string
	// Candidates are the external ids in question, sorted.
	Candidates []string
	// NewName, ExternalID and Conflicting are set where the name has to change: to the
	// one that the IdP has, empty where it gave none; the stored id; and a principal that
	// has the new name or the same id, zero for none.
	NewName, ExternalID string
	Conflicting         audit.Ref
	// Members are those in question, sorted by id; set for the member categories
	// only. Type and name are empty where they are not known.
	Members []NamedRef
	// Foreign is for users of another mail domain than the own ones, where these are known.
	Foreign bool
}

// Remedy is what to check and to do, from the rule of the reason.
func (a *ManualAction) Remedy() string {
	rule := rules.Reason(a.Reason)
	if a.Foreign && rule.ForeignRemedy != "" {
		return rule.ForeignRemedy
	}
	return rule.RemedyFor(a.Type)
}

// Report is the verdict on the principals in scope. Rows, fixes and actions
// are sorted by [audit.CompareRefs].
type Report struct {
	Users             []UserDivergence
	Groups            []GroupDivergence
	ServicePrincipals []ServicePrincipalDivergence
	// AdvisoryOnly are principals without a category; see [AdvisoryRow].
	AdvisoryOnly []AdvisoryRow

	ExternalIDFixes []ExternalIDFix
	MemberRemovals  []MemberRemoval // by group id, then member id
	Deactivations   []Deactivation  // also of users without a row: see [rules.CauseDisabled]
	GroupRenames    []GroupRename
	ManualActions   []ManualAction // by principal, category, reason
	Duplicates      []Duplicate    // cluster by cluster, by their first

	Waivers []audit.WaiverStatus
	// Counts is the number of principals per identity category, waived ones
	// included. All five are always present.
	Counts map[string]int
	// Fixable is the number of fixes, removals, deactivations and renames.
	Fixable int
	// Scanned are the ids in scope, judged or not, sorted. All types are present.
	Scanned map[audit.PrincipalType][]string
	// Unjudged are the principals in scope that could not be judged, or whose members
	// could not be, sorted.
	Unjudged []audit.Ref
	// Coverage is the inventory's.
	Coverage audit.Coverage

	// Complete is true when every list and match that the verdicts rest on was
	// read. Privileges that could not be read withhold a fix and nothing else.
	Complete bool
	// Failures are those of the inventory and of the IdP side, each once.
	Failures []audit.Failure
	// Clean is Complete and no category that is neither waived nor, unless the options
	// are strict, one about which nothing is to be done.
	Clean bool
	// UnrelatedIDs is the number of stored ids, where the IdP knows none of them and
	// none of the names: then it is probably not the account's. Else 0.
	UnrelatedIDs int
	// Unmatched are inputs that match nothing in the account.
	Unmatched Unmatched
	// MembersListed is the number of linked groups whose members come from the list of
	// groups alone.
	MembersListed int
}

// Unmatched are inputs that are well-formed and match nothing in the account, sorted;
// empty where the report is not complete, because the match could be in what was not
// read.
type Unmatched struct {
	// Domains are primary domains of which the account has no user, AllowPrivileged
	// ids that no principal has.
	Domains, AllowPrivileged []string
}
