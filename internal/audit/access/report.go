// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package access

import (
	"fmt"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Origin says who owns a membership (R9).
type Origin string

// The origins.
const (
	OriginIDP        Origin = "idp"
	OriginDatabricks Origin = "databricks"
	OriginSystem     Origin = "system"
	OriginUnknown    Origin = "unknown"
)

// The sources of a group: by its externalId alone, so that results compare with
// those of other tools (R9).
const (
	SourceExternal = "external"
	SourceInternal = "internal"
)

// Hint says how the side that lacks a group comes to it (R14). HintNoWorkspace is
// HintAddInDatabricks of a group that gives no workspace, see [CompareIn], and
// HintUnchecked where no one looked at workspaces.
type Hint string

// The hints. HintNone is for what both have; HintSystem for groups that
// Databricks keeps itself.
const (
	HintNone            Hint = ""
	HintAddInIDP        Hint = "add_in_idp"
	HintAddInDatabricks Hint = "add_in_databricks"
	HintFollows         Hint = "follows"
	HintNoWorkspace     Hint = "no_workspace_assignment"
	HintUnchecked       Hint = "unchecked"
	HintSystem          Hint = "system_group"
	HintUnknown         Hint = "unknown"
)

// DiffRow is one group of either side.
type DiffRow struct {
	GroupID, GroupName string
	// Source is SourceExternal or SourceInternal; empty when the group could not
	// be read.
	Source string
	// Origin is that of the membership which puts the principal there: A's, or
	// B's where only B has the group.
	Origin Origin
	// InA, DirectInA and the like are nil when a hole hides them.
	InA, InB, DirectInA, DirectInB *bool
	// PathInA starts with the principal's name and ends with the group's; empty
	// when the group is not there, or the way to it is not known.
	PathInA, PathInB []string
	// ViaA are the ids of all direct groups of A that lead to the group, sorted;
	// the group itself is not among them (R8).
	ViaA, ViaB []string
	Hint       Hint
}

// LocalDiffRow is a group that a workspace has of its own, and that one of two
// principals is in for certain.
type LocalDiffRow struct {
	WorkspaceID, WorkspaceName, GroupID, GroupName string
	// InA and InB are nil when a hole hides it.
	InA, InB   *bool
	WayA, WayB Way
}

// Diff is the comparison of two principals. Rows are sorted by lower-cased name,
// then id.
type Diff struct {
	A, B                   audit.Principal
	OnlyInA, OnlyInB, Both []DiffRow
	// LocalGroups are sorted by workspace and id; nil where they were not asked for.
	LocalGroups []LocalDiffRow
	// Equal is nil when a hole could change the answer (R15).
	Equal *bool
	Route Route
	// Cycles are the groups that contain each other, each cycle once, ids sorted.
	Cycles [][]string
	// DeadMembers is the number of members of the groups shown that do not exist.
	DeadMembers int
	// Complete is true when no hole could change any row.
	Complete bool
	Failures []audit.Failure
	// NotLookedAt are places that give access and were not checked.
	NotLookedAt []string
}

// localNotLookedAt says that the groups of workspaces were not asked for, and what asks
// for them.
const localNotLookedAt = "workspace-local groups: each workspace has its own, which the account does not manage, and an account group can be a member of one. " +
	"Set scan_workspace_local_groups = true to look at them; dbxidentity_workspace_local_groups lists them all."

// WorkspaceEffect is an assignment of a group, itself or through a group above.
type WorkspaceEffect struct {
	WorkspaceID, WorkspaceName, Level string
	// GroupID and GroupName are the group that holds it (R16).
	GroupID, GroupName string
}

// CatalogEffect is a grant or an ownership in Unity Catalog.
type CatalogEffect struct {
	MetastoreID, SecurableType, FullName string
	// Privileges are sorted; an owner has "OWNER".
	Privileges         []string
	GroupID, GroupName string
}

// The kinds of [HoldingEffect] and [NotCloned].
const (
	KindAssignment  = "workspace_assignment"
	KindRole        = "account_role"
	KindEntitlement = "entitlement"
	KindGrant       = "grant"
	KindOwnership   = "ownership"
	// KindLocalGroup is a group that a workspace has of its own.
	KindLocalGroup = "workspace_local_group"
)

// HoldingEffect is an account role or an entitlement.
type HoldingEffect struct {
	// Kind is KindRole or KindEntitlement.
	Kind, Value        string
	GroupID, GroupName string
}

// PlanRow is one group of a clone plan.
type PlanRow struct {
	GroupID, GroupName, Source string
	// ExternalID is the id of the group's object in the IdP; InIDP reports whether the IdP
	// has it, as far as it was asked: see [ClonePlan.Found].
	ExternalID string
	InIDP      *bool
	Origin     Origin
	// Direct is false in Follows only.
	Direct bool
	Path   []string
	// Via are the direct groups of the source that lead there, sorted by id;
	// PendingVia those of them that need the IdP first (R19).
	Via, PendingVia []string

	Workspaces []WorkspaceEffect
	Catalog    []CatalogEffect
	Holdings   []HoldingEffect
	// CatalogMore is the number of effects that a shortened Catalog leaves out.
	// [Plan] leaves out none.
	CatalogMore int

	// Privileged is nil when a hole hides it; Powers say why it is true.
	Privileged *bool
	Powers     []string
	// AlreadyTransitive is true when the target has the group through others; nil
	// when a hole hides it.
	AlreadyTransitive *bool
	// Reason is for people: why a group is skipped, unverified or held back.
	Reason string
}

// NotCloned is access of the source itself, which no group gives (R21).
type NotCloned struct {
	// Kind is one of the kinds.
	Kind string
	// Place is the workspace id, "<securable type> <full name>", or empty.
	Place string
	// Value is the level, the role, the entitlement, or the privileges; empty where it
	// is not known whether there is one.
	Value string
	// Note is for people: why it is not known and what shows it, or what to do about it.
	Note string
}

// Found takes in what the IdP says of the groups that must be added to there: whether it
// has a group with that object id, by the id. What it could not say is not in the map.
func (p *ClonePlan) Found(idp string, has map[string]bool) {
	for i := range p.IDPActions {
		row := &p.IDPActions[i]
		in, said := has[row.ExternalID]
		if !said || row.ExternalID == "" {
			continue
		}
		if row.InIDP = boolean(in); !in {
			row.Reason = fmt.Sprintf("not in the identity provider: %s has no group with the object id %s, so no one can be added to it there. dbxidentity_divergences says what to do about it", idp, row.ExternalID)
		}
	}
}

// Membership is one entry of the map that feeds for_each.
type Membership struct {
	GroupID, GroupName, MemberID, MemberName string
	// Privileged is the word that the guard of the write asks for: the group is
	// privileged, or was named as one that may be given even then.
	Privileged bool
}

// Problem is a reason why a plan gives no memberships: a hole in what it rests
// on, or a guard (R25, R26).
type Problem struct {
	// Incomplete is true for holes, which allow_incomplete lets pass.
	Incomplete bool
	// Input is the input that it is about, as the data source spells it; empty
	// when it is about the plan as a whole.
	Input        string
	Text, Remedy string
}

// The inputs that problems are about.
const (
	InputSource         = "source"
	InputTarget         = "target"
	InputMaxAdditions   = "max_additions"
	InputDifferentTypes = "allow_different_types"
)

// ClonePlan says what the target needs to have the source's access. Lists are
// sorted by lower-cased name, then id.
type ClonePlan struct {
	Source, Target audit.Principal
	// IDPActions, DatabricksActions, Skipped, Unverified and AlreadyMember are the
	// direct groups of the source (R22); Follows are its transitive ones.
	IDPActions, DatabricksActions, Skipped, Unverified, AlreadyMember, Follows []PlanRow
	// System are the direct groups that Databricks keeps itself: shown, never
	// planned (R9).
	System    []PlanRow
	NotCloned []NotCloned
	// Memberships by group id; nil when there is a problem.
	Memberships map[string]Membership
	// AllowedNothing are the allowed ids that are no direct group of the source, sorted.
	// What a hole hides may be one, so it says something of a complete plan only.
	AllowedNothing []string
	// Problems are sorted; none means that Memberships is the truth.
	Problems []Problem

	Route       Route
	Cycles      [][]string
	DeadMembers int
	Complete    bool
	Failures    []audit.Failure
	// NotLookedAt are places that give access and were not checked by choice, or for
	// which there is no API.
	NotLookedAt []string
}

// Additions are the actions in Databricks that an apply does, and those that it holds
// back: those with a reason, and with a problem all.
func (p *ClonePlan) Additions() (add, held []PlanRow) {
	for _, r := range p.DatabricksActions {
		if r.Reason != "" || len(p.Problems) > 0 {
			held = append(held, r)
		} else {
			add = append(add, r)
		}
	}
	return add, held
}
