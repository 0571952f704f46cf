// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package readiness judges whether an account is ready for automatic identity
// management (AIM): to switch it on, to leave SCIM, to go back.
//
// Every condition of docs/reference/aim-migration.md 4, 5 and 8 is one row of a registry
// ([Checks]). A row says what it needs to know; a read that failed makes the checks
// that need it unknown, and no others. Like its parent it is pure: standard library
// only, no clock, sorted results.
package readiness

import (
	"cmp"
	"slices"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Decision is what a check is asked for.
type Decision string

// The decisions, in the order in which they are taken.
const (
	EnableAIM   Decision = "enable_aim"
	DisableSCIM Decision = "disable_scim"
	DisableAIM  Decision = "disable_aim"
)

// Decisions lists all decisions in their order.
func Decisions() []Decision { return []Decision{EnableAIM, DisableSCIM, DisableAIM} }

// Severity is what happens if a check is not met.
type Severity string

// Blocker: the step cannot be taken. Breaking: something stops working, or someone
// loses or gains access. Info: to be aware of; it decides nothing.
const (
	Blocker  Severity = "blocker"
	Breaking Severity = "breaking"
	Info     Severity = "info"
)

// Status is the verdict on one check.
type Status string

// The statuses. Unknown is never met: something could not be read, or no API reports it.
const (
	Met           Status = "met"
	NotMet        Status = "not_met"
	Unknown       Status = "unknown"
	NotApplicable Status = "not_applicable"
	Waived        Status = "waived"
)

// Statuses lists all statuses.
func Statuses() []Status { return []Status{Met, NotMet, Unknown, NotApplicable, Waived} }

// Need is a source of facts. Its text is its name for users.
type Need string

// The sources.
const (
	NeedWorkspaces        Need = "workspaces of the account"
	NeedUsers             Need = "users of the account"
	NeedServicePrincipals Need = "service principals of the account"
	NeedGroups            Need = "groups of the account"
	NeedIDP               Need = "identities in the identity provider"
	NeedMembers           Need = "members that the identity provider confirms"
	NeedIDPMembers        Need = "members in the identity provider"
	NeedRoles             Need = "account roles"
	NeedCaller            Need = "caller"
	NeedGroupMembers      Need = "members of the account's groups"
	NeedAccess            Need = "access to workspaces"
	NeedWorkspaceAdmins   Need = "admins of workspaces"
	NeedMetastores        Need = "owners of metastores"
	NeedLocalGroups       Need = "groups of the workspaces"
	NeedDenylist          Need = "account access denylist"
	NeedSettings          Need = "account settings"
	NeedEvents            Need = "audit events"
	NeedSQL               Need = "SQL definitions"
	NeedGrants            Need = "grants in Unity Catalog"
	NeedConnectors        Need = "SCIM connectors"
	NeedPerson            Need = "a person"
)

// Needs lists all sources.
func Needs() []Need {
	return []Need{
		NeedWorkspaces, NeedUsers, NeedServicePrincipals, NeedGroups, NeedIDP, NeedMembers, NeedIDPMembers, NeedRoles, NeedCaller, NeedGroupMembers, NeedAccess,
		NeedWorkspaceAdmins, NeedMetastores, NeedLocalGroups, NeedDenylist, NeedSettings, NeedEvents, NeedSQL, NeedGrants, NeedConnectors, NeedPerson,
	}
}

// NeedOf is the source of the principals of a type.
func NeedOf(t audit.PrincipalType) Need {
	switch t {
	case audit.TypeGroup:
		return NeedGroups
	case audit.TypeServicePrincipal:
		return NeedServicePrincipals
	default:
		return NeedUsers
	}
}

// Check is one row of the registry.
type Check struct {
	ID       string
	Title    string
	Decision Decision
	Severity Severity
	Needs    []Need
	// Consequence is what happens if the check is not met.
	Consequence string
	// Remedy says what to do, and which resource, input or page does it.
	Remedy string
	// Asks is who can answer what no API reports; set with NeedPerson only.
	Asks string
	// Source are the rows of docs/reference/aim-migration.md 4 to 8 that it comes from.
	Source string

	judge func(*Facts) finding
}

// finding is what a predicate found in the facts that are known.
type finding struct {
	// notApplicable is why the check is not for this account; empty means that it is.
	notApplicable string
	affected      []Affected
	evidence      []string
	// unknown are reasons of its own why it cannot be decided.
	unknown []string
	// settled: the facts decide the check although a need of it is unknown.
	settled bool
	// doesWithout are needs of the check on which nothing depends here.
	doesWithout []Need
}

func (f *finding) add(kind, id, name, detail string) {
	f.affected = append(f.affected, Affected{Kind: kind, ID: id, Name: name, Detail: detail})
}

func (f *finding) addRef(ref audit.Ref, name, detail string) {
	f.add(string(ref.Type), ref.ID, name, detail)
}

// Affected is one thing that keeps a check from being met.
type Affected struct {
	// Kind is user, group, service_principal, workspace, workspace_group, rule, text,
	// view, function, identity, connector (both in the identity provider) or account.
	Kind, ID, Name string
	// WorkspaceID is set where the thing lies in a workspace.
	WorkspaceID string
	Detail      string
	// Waived by a waiver for this subject.
	Waived bool
}

// Subject is how a waiver names it: "<kind>/<id>", and "account" for the account.
func (a *Affected) Subject() string {
	switch {
	case a.Kind == kindAccount:
		return kindAccount
	case a.WorkspaceID != "" && a.Kind != kindWorkspace:
		return a.Kind + "/" + a.WorkspaceID + "/" + a.ID
	default:
		return a.Kind + "/" + a.ID
	}
}

// The kinds of things that no principal type names.
const (
	kindAccount        = "account"
	kindWorkspace      = "workspace"
	kindWorkspaceGroup = "workspace_group"
	kindRule           = "rule"
	kindText           = "text"
	kindIdentity       = "identity"
	kindConnector      = "connector"
	kindCatalog        = "catalog" // of Unity Catalog
)

// Checks is the whole registry, sorted by decision, severity and id.
func Checks() []Check {
	all := slices.Concat(prerequisites(), identityChecks(), accessChecks(), scimChecks(), goingBackChecks())
	slices.SortFunc(all, compareChecks)
	return all
}

func compareChecks(a, b Check) int {
	order := func(c Check) int {
		return slices.Index(Decisions(), c.Decision)*4 + slices.Index([]Severity{Blocker, Breaking, Info}, c.Severity)
	}
	return cmp.Or(cmp.Compare(order(a), order(b)), cmp.Compare(a.ID, b.ID))
}

// NoCheck is a row of docs/reference/aim-migration.md 4, 5 or 8, or a part of one, that no
// check is made of.
type NoCheck struct{ Source, Title, Reason string }

// NoChecks lists them, so that the reference page is complete.
func NoChecks() []NoCheck {
	return []NoCheck{
		{"P2", "Subscriptions of another tenant", "The tenant of a workspace's subscription is known to Azure Resource Manager only, which this provider does not log in to. Nor does an app that another " +
			"organization owns show it: its service principal is in this tenant anyway. one_tenant looks at users."},
		{"P5", "App and single sign-on", "Federated credential and permissions of the app can be read in the identity provider, but not which app the account uses: neither that nor the configuration of " +
			"single sign-on has an API. So an app that is right proves nothing, and idp_connection asks for the console's own test."},
		{"C22", "Latency", "There is nothing to find out: with automatic identity management a change in the identity provider arrives within 5 minutes at a login in the browser, and " +
			"within 40 minutes otherwise. Switching it on or off takes 5 to 10 minutes."},
		{"C23", "Statuses of the console", "\"Inactive: No usage\" and \"Active: Removed from ..\" are computed by the console, and no API has them. stale_users is the nearest that can be read."},
		{"C24", "Service principals that Databricks manages", "They have no external id and no app in the identity provider, and automatic identity management leaves them as they are. " +
			"Nothing is to be done."},
		{"section 8, row 3", "Dashboards seen before", "Who has logged in keeps the dashboards that they saw, after automatic identity management is switched off. No API lists those views."},
	}
}
