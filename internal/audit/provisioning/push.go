// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provisioning

import (
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Push is what a connector of Okta says of itself: it has no jobs and no cycles, but
// writes each object when it changes (docs/reference/entra-provisioning.md 8).
type Push struct {
	// Features are those of provisioning that are switched on.
	Features []string
	// Connection is ENABLED or DISABLED; empty where the app has none, or it was not read.
	Connection string
	// Covered are the users who are assigned, by themselves or by a group; CoveredUnknown
	// is why they may not be all.
	Covered        []string
	CoveredUnknown string
	// Groups are those that are written as groups; GroupsUnknown is why they may not be all.
	Groups        []PushedGroup
	GroupsUnknown string
}

// PushedGroup is a group that is written as a group.
type PushedGroup struct {
	ID, TargetID string
	// State is ACTIVE, ERROR or INACTIVE.
	State string
}

// Features of provisioning.
const (
	featureCreate     = "PUSH_NEW_USERS"
	featureUpdate     = "PUSH_PROFILE_UPDATES"
	featureDeactivate = "PUSH_USER_DEACTIVATION"
	featureGroups     = "GROUP_PUSH"
)

func (p *Push) has(features ...string) bool {
	return slices.ContainsFunc(features, func(f string) bool { return slices.Contains(p.Features, f) })
}

// PushesGroups reports whether the app has groups to write.
func (p *Push) PushesGroups() bool { return p.has(featureGroups) }

// DeactivatesLeavers reports whether those who leave the scope are deactivated.
func (p *Push) DeactivatesLeavers() bool { return p.has(featureDeactivate) }

// health says no more than Okta does: an error is an error, and that there is none does
// not mean that anything is written.
func (p *Push) health(c *Connector) Health {
	switch {
	case c.Enabled != nil && !*c.Enabled:
		return Health{Status: Off, Reason: "The app is not active."}
	case !p.has(featureCreate, featureUpdate, featureDeactivate, featureGroups):
		return Health{Status: Off, Reason: "Provisioning is not switched on: the app has none of its features."}
	case p.Connection == "DISABLED":
		return Health{Status: Off, Reason: "The connection for provisioning is disabled."}
	case slices.ContainsFunc(c.Log, func(e LogEntry) bool { return e.Status == "failure" }):
		return Health{Status: HealthyWithErrors, Reason: "Some assignments or groups report an error."}
	case c.Unread[PartLog] != "":
		return Health{Status: Unknown, Reason: "Okta does not report whether provisioning works, and what fails could not be read: " + c.Unread[PartLog] + "."}
	}
	return Health{Status: Unknown, Reason: "Okta does not report whether provisioning works. No assignment and no group reports an error."}
}

func (p *Push) syncs() map[audit.PrincipalType]bool {
	return map[audit.PrincipalType]bool{audit.TypeUser: p.has(featureCreate), audit.TypeGroup: p.PushesGroups()}
}

// cover replaces what Entra's rules say of ids: everyone assigned is written, by
// whichever way, and groups are written where that was set up for them.
func (p *Push) cover(t audit.PrincipalType, out *coverage) {
	out.ids, out.more = map[string]bool{}, p.CoveredUnknown
	if t == audit.TypeUser {
		for _, id := range p.Covered {
			out.ids[id] = true
		}
		return
	}
	out.more = p.GroupsUnknown
	for _, g := range p.Groups {
		if !strings.EqualFold(g.State, "INACTIVE") {
			out.ids[g.ID] = true
		}
	}
}
