// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package audit

import (
	"slices"
	"strings"
	"time"
)

// Principal is a Databricks user, group or service principal as the account
// holds it.
type Principal struct {
	Ref
	// Name is the unique name that AIM and the prep script match on: userName
	// of a user, displayName of a group, applicationId of a service principal.
	Name string
	// DisplayName is for people; empty when not read.
	DisplayName string
	// ExternalID is the stored link to the IdP; empty means blank.
	ExternalID string
	// Active is nil where the API did not return it (groups have no such state).
	Active *bool
}

// Failure is one thing that could not be read, and why. Failures are data: they
// go to state, so Reason holds the API's words but no secret.
type Failure struct {
	// Type and ID name the principal concerned; both empty for a whole call.
	Type PrincipalType
	ID   string
	// Call is what was tried, for example "matchWithIdp" or "list users".
	Call string
	// Reason is status, code and message of the answer, or the transport's error.
	Reason string
}

// Coverage says which lists of an inventory were read whole.
type Coverage struct {
	Users, Groups, ServicePrincipals bool
}

// Of is the coverage of one type.
func (c Coverage) Of(t PrincipalType) bool {
	switch t {
	case TypeUser:
		return c.Users
	case TypeGroup:
		return c.Groups
	case TypeServicePrincipal:
		return c.ServicePrincipals
	default:
		return false
	}
}

// All reports whether every principal of the account is known: what the
// uniqueness of an externalId depends on.
func (c Coverage) All() bool { return c.Users && c.Groups && c.ServicePrincipals }

// Inventory is every principal of the account, sorted by [CompareRefs] and
// without duplicates, as one listing gave it.
type Inventory struct {
	Principals []Principal
	Coverage   Coverage
	Failures   []Failure
	// Route is the API that answered, per type: "iam_v2" or "scim".
	Route map[PrincipalType]string
}

// MembershipSource says who owns a membership in Databricks.
type MembershipSource string

// The sources, in the words of IAM v2; unknown where the route cannot tell.
const (
	SourceInternal         MembershipSource = "internal"
	SourceIdentityProvider MembershipSource = "identity_provider"
	SourceUnknown          MembershipSource = "unknown"
)

// Member is a direct member of a Databricks group.
type Member struct {
	Ref
	Name       string
	ExternalID string
	Source     MembershipSource
}

// GroupOrigin says who owns the members of a group.
type GroupOrigin string

// The origins. Members are added to groups of OriginDatabricks only.
const (
	OriginDatabricks GroupOrigin = "databricks"
	OriginIDP        GroupOrigin = "idp"
	OriginSystem     GroupOrigin = "system"
)

// OriginOf judges a group by its externalId and by the sources of its direct
// members, and takes the stricter of the two: a group without externalId that
// has one member from the identity provider counts as the identity provider's.
// Members of unknown source say nothing.
func OriginOf(group Principal, members []Member) GroupOrigin {
	fromIDP := func(m Member) bool { return m.Source == SourceIdentityProvider }
	switch {
	case IsSystemGroup(group):
		return OriginSystem
	case group.ExternalID != "" || slices.ContainsFunc(members, fromIDP):
		return OriginIDP
	default:
		return OriginDatabricks
	}
}

// Details are facts of a principal that lists do not have. The zero value knows nothing.
type Details struct {
	// Groups is the number of groups that it is in directly; nil is not known.
	Groups *int
	// Created is zero where it is not known.
	Created time.Time
}

// IsSystemGroup reports whether Databricks keeps the group itself: no one adds to it or
// removes from it. The API does not mark these groups, so the name decides.
func IsSystemGroup(p Principal) bool {
	if p.Type != TypeGroup {
		return false
	}
	switch strings.ToLower(p.Name) {
	case "account users", "users", "admins":
		return true
	default:
		return false
	}
}

// Workspace is a Databricks workspace with what the account says of its
// identity federation.
type Workspace struct {
	ID     string
	Name   string
	Host   string // URL with scheme, empty when it cannot be derived
	Status string
	// Federation is nil when the account did not send the key at all.
	Federation *bool
	// Tier and Cloud are the API's words, for example PREMIUM and azure; empty where it
	// does not send them.
	Tier, Cloud string
}

// Privilege is what the account knows of the privileges of one principal, directly
// or through the groups that it is in.
type Privilege struct {
	// Powers are short sentences such as `account role account_admin (through
	// group "admins", id 12)`, sorted; empty means none was found.
	Powers []string
	// Unknown is why the powers could not be read in full; empty means they were.
	Unknown string
}

// Waiver accepts a divergence: it stays in the report, marked, and does not
// count against clean. Empty fields match everything; at least one of Type, ID
// and Category is set.
type Waiver struct {
	Type     PrincipalType
	ID       string
	Category string
	Cause    string // of the row; it covers what the row has this cause for
	Reason   string
	Expires  time.Time // zero: never
}

// WaiverState is what became of a waiver.
type WaiverState string

// A waiver is expired from its Expires on, whether it matches or not; it is
// unused when it matches nothing in scope, and unjudged when it matches nothing
// in a report that is not complete: the match could be in the hole.
const (
	WaiverActive   WaiverState = "active"
	WaiverExpired  WaiverState = "expired"
	WaiverUnused   WaiverState = "unused"
	WaiverUnjudged WaiverState = "unjudged"
)

// WaiverStatus is one waiver of [judge.Options], in their order.
type WaiverStatus struct {
	Waiver
	State WaiverState
	// Matches is the number of categories on principals that it covers, or
	// would if it had not expired.
	Matches int
}

// AIMState reports whether automatic identity management is on for the account.
// No API returns it, so it is configured.
type AIMState string

// The states of automatic identity management. AIMUnknown is the default and
// never counts as off.
const (
	AIMOn      AIMState = "on"
	AIMOff     AIMState = "off"
	AIMUnknown AIMState = "unknown"
)
