// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package readiness

import (
	"fmt"
	"slices"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/provisioning"
)

// Connector is a SCIM connector of the identity provider, judged.
type Connector struct {
	ID, Name string
	Verdict  provisioning.Verdict
}

func (c *Connector) String() string {
	if c.Verdict.Target.Stated {
		return fmt.Sprintf("the connector %q (%s, which writes to %s according to connector_addresses)", c.Name, c.ID, c.Verdict.Target.Host)
	}
	return fmt.Sprintf("the connector %q (%s)", c.Name, c.ID)
}

func (f *finding) addConnector(c *Connector, workspace, detail string) {
	f.affected = append(f.affected, Affected{Kind: kindConnector, ID: c.ID, Name: c.Name, WorkspaceID: workspace, Detail: detail})
}

// connectorsAt are those of a level that write to this account or to a workspace of it,
// and why others may do so, too. Those that are off write nothing.
func (f *Facts) connectorsAt(level provisioning.Level) (ours []*Connector, doubts []string) {
	for i := range f.Connectors {
		c := &f.Connectors[i]
		target := &c.Verdict.Target
		isOurs, known := false, target.IsThisAccount != nil
		if known {
			isOurs = *target.IsThisAccount
		}
		switch {
		case c.Verdict.Health.Status == provisioning.Off:
		case target.Level == level && isOurs:
			ours = append(ours, c)
		case target.Level == level && !known, target.Level == provisioning.LevelUnknown, target.Level == provisioning.LevelOther && provisioning.IsDatabricksHost(target.Host):
			why := "its address is not one of a known form"
			if target.Reason != "" {
				why = target.Reason
			}
			doubts = append(doubts, fmt.Sprintf("where %s writes to is not known: %s", c, why))
		}
	}
	return ours, doubts
}

// unhealthy are the account's connectors that do not deliver everything.
func (f *Facts) unhealthy() (out finding, ours int) {
	connectors, doubts := f.connectorsAt(provisioning.LevelAccount)
	out.unknown = doubts
	for _, c := range connectors {
		switch health := &c.Verdict.Health; health.Status {
		case provisioning.Healthy:
			out.evidence = append(out.evidence, fmt.Sprintf("%s is healthy", c))
		case provisioning.Unknown:
			out.unknown = append(out.unknown, fmt.Sprintf("the state of %s is not known: %s", c, health.Reason))
		case provisioning.Quarantined, provisioning.Stale, provisioning.HealthyWithErrors, provisioning.FirstRun, provisioning.Paused, provisioning.Off:
			out.addConnector(c, "", fmt.Sprintf("is %s: %s", health.Status, health.Reason))
		}
	}
	return out, len(connectors)
}

func judgeAccountSCIM(f *Facts) finding {
	out, ours := f.unhealthy()
	if ours == 0 && len(out.unknown) == 0 && len(f.Unknown[NeedConnectors]) == 0 {
		out.notApplicable = "No SCIM connector of the identity provider writes to this account."
	}
	return out
}

// judgeSCIMReady: SCIM has to be there before automatic identity management goes.
func judgeSCIMReady(f *Facts) finding {
	out, ours := f.unhealthy()
	if ours == 0 && len(out.unknown) == 0 && len(f.Unknown[NeedConnectors]) == 0 {
		out.add(kindAccount, "", "", "no SCIM connector of the identity provider writes to this account")
	}
	return out
}

// workspaceConnectors are those that write to a workspace with identity federation.
func (f *Facts) workspaceConnectors(out *finding, federated map[string]bool) {
	ours, doubts := f.connectorsAt(provisioning.LevelWorkspace)
	out.unknown = append(out.unknown, doubts...)
	for _, c := range ours {
		if id := c.Verdict.Target.WorkspaceID; federated[id] {
			out.addConnector(c, id, "writes to this workspace: "+c.Verdict.Target.Address)
		}
	}
}

// writers say which connectors still write objects of a type, as evidence.
func (f *Facts) writers(t audit.PrincipalType, format string) []string {
	ours, _ := f.connectorsAt(provisioning.LevelAccount)
	var out []string
	for _, c := range ours {
		if c.Verdict.Syncs[t] && c.Verdict.Health.Status != provisioning.Paused {
			out = append(out, fmt.Sprintf(format, c))
		}
	}
	slices.Sort(out)
	return out
}

// deactivators say what happens today to those who leave the scope of a connector.
func (f *Facts) deactivators() []string {
	ours, _ := f.connectorsAt(provisioning.LevelAccount)
	var out []string
	for _, c := range ours {
		switch skips, known := c.Verdict.Scope.SkipOutOfScopeDeletions(); {
		case !known:
		case skips:
			out = append(out, fmt.Sprintf("%s leaves those active who leave its scope", c))
		default:
			out = append(out, fmt.Sprintf("%s deactivates those who leave its scope, until it is switched off", c))
		}
	}
	slices.Sort(out)
	return out
}
