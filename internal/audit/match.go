// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package audit

// Identity is a user, group or service principal of the IdP.
type Identity struct {
	Type PrincipalType
	// ExternalID is the IdP's id of the object: what belongs into the
	// externalId of a Databricks principal.
	ExternalID string
	// Names are the names by which Databricks may know it, the preferred one
	// first: for an Entra user the values of username_attributes. A name
	// mismatch is reported only when none of them equals the Databricks name.
	Names []string
	// DisplayName is for people; a service principal's is what AIM will write.
	DisplayName string
	// Enabled is nil where the source cannot tell (matchWithIdp does not).
	Enabled *bool
	// Guest is nil where the source cannot tell.
	Guest *bool
	// Deleted marks an object in the IdP's recycle bin: it is never a match or
	// a candidate, only evidence for the cause.
	Deleted bool
	// HomeTenant is set when the object is known to belong to another tenant.
	HomeTenant string
}

// Match is the one language between IdP adapters and rules: what the IdP knows
// of one Databricks principal.
type Match struct {
	// Principal is the principal as it was when it was matched. matchWithIdp
	// answers with fresher values than a list; directories repeat the list's.
	Principal Principal

	// ByExternalID is the identity of the principal's own type whose id is the
	// stored externalId; nil means that the IdP has none (a fact, not a hole).
	ByExternalID *Identity
	// ByExternalIDOtherType is an identity of another type with that id.
	// Directories only.
	ByExternalIDOtherType *Identity
	// DeletedByExternalID is a recycle-bin object with that id. Directories only.
	DeletedByExternalID *Identity
	// ByName are the identities of the principal's type that carry its name, in
	// the order in which the IdP gave them.
	ByName []Identity
	// NearName are identities whose name differs from the principal's only in
	// case, surrounding space or Unicode normal form, while ByName has none of
	// them. Directories only.
	NearName []Identity

	// Members is nil for users and service principals.
	Members *MemberMatch

	// Unknown is why the IdP could not answer for this principal as a whole;
	// with it set, the other fields are not facts. It has its twin in Failures.
	Unknown string
}

// MemberMatch compares the members of a Databricks group with the IdP group
// that it is linked to. Order is the IdP's for matchWithIdp and by
// [CompareIDs] for directories.
type MemberMatch struct {
	// Local are members without externalId that the IdP group does not have;
	// External are members with one. These feed categories 4 and 5.
	Local, External []MemberRef
	// InIDP is what the IdP has in the group; nil where that was not asked for, or the
	// source cannot tell.
	InIDP *IDPMembers
	// Unknown is why the members could not be compared (hidden membership, a
	// missing permission, an unread list); empty means that they were.
	Unknown string
}

// IDPMembers is what the IdP has in a group, at any depth. Directories only.
type IDPMembers struct {
	// Count is the number of users and service principals, each once.
	Count int
	// Here is the number of users and service principals in the Databricks group, at any
	// depth, each once.
	Here int
	// Missing are those of them that are no members of the Databricks group, neither
	// directly nor through a group in it, sorted by external id. Of one that the source did
	// not read otherwise only the id is known; its type is empty then.
	Missing []Identity
	// Nested are the groups in it, sorted by external id.
	Nested []Identity
	// Unknown is why there may be more, on either side: neither number says anything then.
	// Empty means that all were read.
	Unknown string
}

// MemberRef is one member that the IdP does not confirm.
type MemberRef struct {
	// ID is the internal id of the member. Type is empty when unknown
	// (matchWithIdp names ids only).
	Ref
	Name       string
	ExternalID string
	Source     MembershipSource
	// NestedInIDP is true when the IdP has the member through a nested group
	// only, and for a group that is not confirmed when it holds anyone whom the
	// IdP has in the parent; nil where the source cannot tell.
	NestedInIDP *bool
}

// Capabilities are what a source of matches can report, so that its silence can be
// judged. The zero value expects nothing of it.
type Capabilities struct {
	// DisplayNames: an identity's DisplayName is the one that the IdP has.
	DisplayNames bool
	// EnabledState: it reports of every user and service principal whether it is
	// enabled, so that silence is a hole. Groups have no such state.
	EnabledState bool
	// GroupsHoldUsersOnly: no other member can be confirmed by a group.
	GroupsHoldUsersOnly bool
	// NestingSettled: its verdict on the users and service principals in a group counts
	// those of nested groups already; without it, one of which [MemberRef.NestedInIDP]
	// is not known may be such a member.
	NestingSettled bool
}
