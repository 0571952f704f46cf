// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package access compares two principals and plans a clone: pure functions from
// what was read of groups, workspaces and Unity Catalog to reports. Like package
// audit it knows no clock, file or network, and gives the same bytes for the
// same facts in any order.
//
// The rules (R1 to R35) are those of the clone and diff contract
// (docs/design/clone-and-diff.md). Every conclusion has three values: what a
// hole could change is unknown, never absent.
package access

import "github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"

// Route is the API that returned the memberships (R6).
type Route string

// The routes.
const (
	RouteIAMv2 Route = "iam_v2"
	RouteSCIM  Route = "scim"
)

// Graph is what was read of groups and their members: every group of the account
// (SCIM), or the groups above the principals in question (IAM v2). Source and
// target are judged from one graph, so that both sides have the same age (R5).
//
// The order of groups, members and failures is of no account. Where a group is
// there twice, both entries count, and a hole in either is a hole.
type Graph struct {
	Route  Route
	Groups []Group
	// Above has the groups above a principal where an API returned them as a list of
	// ids (IAM v2). Where it is whole for a principal, no other group is above it.
	// Nil on the SCIM route.
	Above map[audit.Ref]Above
	// Listed is true when Groups has every group of the account (SCIM). It is
	// false where the list was cut short, and always with IAM v2.
	Listed bool
	// Hidden is why the members of groups that are linked to the IdP may be more
	// than were returned, to principals that are linked too: automatic identity
	// management without IAM v2 (R10). Empty means that nothing is hidden.
	Hidden string
	// Failures are what could not be read, each hole of the graph with its reason.
	Failures []audit.Failure
}

// Above are the ids of the groups above one principal, at any depth, in any order.
type Above struct {
	IDs []string
	// Unknown is why there may be more; empty means that these are all.
	Unknown string
}

// Group is one group as it was read.
type Group struct {
	// Principal has its Ref always; Name is the display name.
	audit.Principal
	// Unknown is why name and externalId could not be read; empty means that
	// they were.
	Unknown string
	// Members are the direct members. A list answer without members says
	// nothing: then MembersUnknown is set (R7).
	Members []audit.Member
	// MembersUnknown is why there may be more members; empty means that these
	// are all.
	MembersUnknown string
	// DeadMembers is the number of members that do not exist any more. They are
	// not among Members (R7).
	DeadMembers int
}

// linked reports whether the group belongs to the IdP by its externalId (R9).
func (g *Group) linked() bool { return g.ExternalID != "" }
