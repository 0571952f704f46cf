// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package provisioning judges the SCIM connectors that an identity provider has for
// Databricks: where each one writes to, whether it works, whom it covers, and what it
// writes into external ids.
//
// Like its parent it is pure: standard library only, no clock, sorted results. What
// could not be read is unknown, and nothing else is.
package provisioning

import (
	"cmp"
	"slices"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Part is one thing that is read of a connector.
type Part string

// The parts. Their texts are their names for users.
const (
	PartJobs        Part = "provisioning jobs"
	PartSettings    Part = "provisioning settings"
	PartSchema      Part = "attribute mapping"
	PartAssignments Part = "assignments"
	PartMembers     Part = "members of the assigned groups"
	PartLog         Part = "provisioning log"
)

// Parts lists all parts.
func Parts() []Part {
	return []Part{PartJobs, PartSettings, PartSchema, PartAssignments, PartMembers, PartLog}
}

// Connector is what was read of one connector. A field whose part is in Unread holds
// what came all the same, or nothing.
type Connector struct {
	ID, AppID, DisplayName string
	Enabled                *bool
	// AssignmentRequired: only assigned people may sign in by the app.
	AssignmentRequired *bool
	// Notify are the mail addresses that are notified of trouble; nil where it was not read.
	Notify []string

	Jobs []Job
	// Settings are the values that can be read, by key.
	Settings map[string]string
	Mappings []ObjectMapping
	Assigned []Assignment
	// Members are the direct members of the assigned groups, and of the groups below
	// them where nesting was asked for, by group id.
	Members map[string]GroupMembers
	// Log holds the events since the time that was asked for, in any order; of a connector
	// that pushes, the last one of each object.
	Log []LogEntry
	// Push is set for a connector that has no jobs and no readable mapping.
	Push *Push

	// Now is the identity provider's clock when it reported the jobs; zero where it did
	// not say.
	Now time.Time
	// Unread is why a part could not be read.
	Unread map[Part]string
}

// Assignment is one that the app has.
type Assignment struct {
	Type     audit.PrincipalType
	ID, Name string
}

// GroupMembers are the direct members of one group.
type GroupMembers struct {
	Users, Groups, Others []string
	// Unknown is why they could not be read.
	Unknown string
}

// Account is what the connectors are compared with.
type Account struct {
	ID string
	// Addresses are where connectors write to according to a person, by connector. They
	// count only where the connector's own setting cannot be read.
	Addresses map[string]string
	// Workspaces are all of the account; WorkspacesUnknown is why they could not be listed.
	Workspaces        []audit.Workspace
	WorkspacesUnknown string
	// Principals are all of the account, as far as Coverage goes. They are nil where
	// nothing is compared.
	Principals []audit.Principal
	Coverage   audit.Coverage
}

// Verdict is what is known of a connector.
type Verdict struct {
	Target Target
	Health Health
	// Syncs says of each type whether the connector writes it; no entry where that is
	// not known.
	Syncs    map[audit.PrincipalType]bool
	Mappings []MappingRow
	Filters  []Filter
	Scope    Scope
	// Failing and Contradictions are from the log, where it was read.
	Failing        []Failing
	Contradictions []Contradiction
	// PairsCompared: the log's pairs were held against the account's principals.
	PairsCompared bool
	Findings      []Finding

	users coverage
}

// Judge judges one connector.
func Judge(c *Connector, account *Account) Verdict {
	out := Verdict{Target: targetOf(c, account), Health: healthOf(c), Syncs: syncsOf(c), Mappings: mappingRows(c), Filters: filtersOf(c), Scope: scopeOf(c)}
	isThisAccount := out.Target.Level == LevelAccount && *out.Target.IsThisAccount
	out.PairsCompared = isThisAccount && c.Log != nil && account.Principals != nil
	out.Failing, out.Contradictions = logVerdict(c, account, isThisAccount)
	out.Findings = findingsOf(c, &out, account.Addresses[c.ID])
	out.users = coverageOf(c, &out, audit.TypeUser)
	return out
}

// Finding is something that someone should know of a connector.
type Finding struct {
	// Code never changes.
	Code, Summary, Remedy string
}

// The codes.
const (
	FindingStatus             = "STATUS"
	FindingTargetUnknown      = "TARGET_UNKNOWN"
	FindingStatedAddress      = "STATED_ADDRESS_DIFFERS"
	FindingOtherAccount       = "OTHER_ACCOUNT"
	FindingUnusualAddress     = "UNUSUAL_ADDRESS"
	FindingWorkspaceLevel     = "WORKSPACE_LEVEL"
	FindingWrongExternalID    = "WRONG_EXTERNAL_ID"
	FindingAssignmentRequired = "ASSIGNMENT_REQUIRED"
	FindingNoNotification     = "NO_NOTIFICATION_ADDRESS"
	FindingLeaversStay        = "LEAVERS_STAY_ACTIVE"
	FindingNestedSkipped      = "NESTED_GROUPS_SKIPPED"
	FindingServicePrincipals  = "SERVICE_PRINCIPALS_NEVER_SYNC"
)

// findingsOf are sorted by code.
func findingsOf(c *Connector, v *Verdict, stated string) []Finding {
	var out []Finding
	add := func(code, summary, remedy string) { out = append(out, Finding{code, summary, remedy}) }
	switch remedy := v.Health.remedy(v.Target.Level); {
	case c.Push != nil && v.Health.Status == HealthyWithErrors:
		add(FindingStatus, v.Health.Reason, "Repair what the attribute failing lists, then retry its tasks on the Okta dashboard under Tasks.")
	case c.Push != nil && v.Health.Status == Unknown:
		add(FindingStatus, v.Health.Reason, "Look for events of the app in the org's System Log.")
	case remedy != "":
		add(FindingStatus, v.Health.Reason, remedy)
	}
	if stated != "" && !v.Target.Stated && !sameAddress(stated, v.Target.Address) {
		add(FindingStatedAddress, "The connector writes to "+v.Target.Address+", and connector_addresses states another address.", "Take the address out of connector_addresses: it can be read.")
	}
	switch {
	case v.Target.Level == LevelUnknown:
		add(FindingTargetUnknown, "Where the connector writes to is not known: "+v.Target.Reason+".", "Look at the address on the page Provisioning of the app (tenant URL, base URL), and state it in connector_addresses.")
	case v.Target.Level == LevelOther:
		add(FindingUnusualAddress, "The connector writes to "+v.Target.Address+", which is neither the SCIM address of an account nor that of a workspace.",
			"Compare the tenant URL with the one that the account console shows under Settings, User provisioning.")
	case v.Target.IsThisAccount != nil && !*v.Target.IsThisAccount:
		add(FindingOtherAccount, "The connector writes to another account or to a workspace of one.", "Audit that account with a provider configuration of its own.")
	}
	if v.Target.Level == LevelWorkspace {
		add(FindingWorkspaceLevel, "The connector writes to one workspace, past the account.",
			"Provision the account instead: set up an account-level connector with the same scope, verify it, then stop this one without removing its users.")
	}
	for _, m := range v.Mappings {
		if m.Correct != nil && !*m.Correct {
			add(FindingWrongExternalID, "The external id of each "+string(m.Object)+" is fed from "+m.SourceText()+" instead of objectId.", mappingRemedy(m.Object))
		}
	}
	if finding, wrong := assignmentFinding(c, v.Target.Level); wrong {
		out = append(out, finding)
	}
	if c.Notify != nil && len(c.Notify) == 0 {
		add(FindingNoNotification, "No one is notified when the connector is put into quarantine: the app has no notification address.",
			"Enter an address under Provisioning, Settings of the app.")
	}
	switch skips, known := v.Scope.SkipOutOfScopeDeletions(); {
	case !known || !skips:
	case c.Push != nil:
		add(FindingLeaversStay, "Who leaves the scope stays active in Databricks: the app does not deactivate users.", "Switch on Deactivate Users under Provisioning, To App.")
	default:
		add(FindingLeaversStay, "Who leaves the scope stays active in Databricks: SkipOutOfScopeDeletions is set.", "Remove that setting from the connector, or deactivate leavers by other means.")
	}
	if v.Scope.nestedGroups() > 0 {
		add(FindingNestedSkipped, "Assigned groups hold nested groups, which the connector does not expand.", "Assign the nested groups to the app, or make their members direct ones.")
	}
	if len(v.Scope.ServicePrincipals) > 0 {
		add(FindingServicePrincipals, "Service principals are assigned to the app, and no connector ever writes those.", "Add them to the account by other means, and remove the assignments.")
	}
	slices.SortFunc(out, func(a, b Finding) int { return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Summary, b.Summary)) })
	return out
}

// assignmentFinding: anyone may sign in by the account's app, and only those who are
// assigned by a workspace's (docs/reference/entra-provisioning.md 5).
func assignmentFinding(c *Connector, level Level) (Finding, bool) {
	switch required := c.AssignmentRequired; {
	case required == nil:
	case level == LevelAccount && *required:
		return Finding{FindingAssignmentRequired, "Assignment is required to sign in by the app of the account, so that people who come by other ways are kept out.",
			"Set Assignment required to No in the properties of the app: for the account, Databricks says who may enter."}, true
	case level == LevelWorkspace && !*required:
		return Finding{FindingAssignmentRequired, "Assignment is not required to sign in by the app of a workspace.", "Set Assignment required to Yes in the properties of the app."}, true
	}
	return Finding{}, false
}
