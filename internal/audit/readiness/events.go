// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package readiness

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/events"
)

// mostEvidence bounds the sentences of one kind.
const mostEvidence = 20

// inTheLog is where the rest of the evidence from the audit log is.
const inTheLog = "in the audit log"

// sentences are sorted, once each, and not too many; rest says what the others are.
func sentences(all []string, rest string) []string {
	all = sorted(all)
	if more := len(all) - mostEvidence; more > 0 {
		all = append(all[:mostEvidence:mostEvidence], fmt.Sprintf("and %d more %s", more, rest))
	}
	return all
}

// seen are the events; an empty report where none were read. An event proves what it
// says, and no event proves nothing.
func (f *Facts) seen() *events.Report {
	if f.Events == nil {
		return &events.Report{}
	}
	return f.Events
}

// editors are who changed members of groups that the identity provider owns.
func (f *Facts) editors() []string {
	var out []string
	for _, e := range f.seen().Edits {
		out = append(out, fmt.Sprintf("%s changed members of group/%s (%s) here, according to the audit log", cmp.Or(e.Actor, e.Agent, "someone"), e.Group.ID, e.Group.Name))
	}
	return sentences(out, inTheLog)
}

// atWork are those among users who acted.
func (f *Facts) atWork(affected []Affected) []string {
	var out []string
	for i := range affected {
		if _, acted := f.seen().LastActivity[affected[i].ID]; acted {
			out = append(out, fmt.Sprintf("user/%s (%s) acted, according to the audit log", affected[i].ID, affected[i].Name))
		}
	}
	return sentences(out, inTheLog)
}

// deactivated says who deactivates users today.
func (f *Facts) deactivated() []string {
	var out []string
	for _, c := range f.seen().Deactivated {
		out = append(out, fmt.Sprintf("%s deactivated users, according to the audit log", cmp.Or(c.Actor, c.Agent, "someone")))
	}
	for _, d := range f.seen().AIM {
		if strings.EqualFold(d.Action, "deactivateUser") && d.Outcome == events.OutcomeOK {
			out = append(out, "automatic identity management deactivated users, according to the audit log")
		}
	}
	return sentences(out, inTheLog)
}

// workspaceWriters are workspaces with identity federation to which SCIM connectors wrote.
func (f *Facts) workspaceWriters(out *finding, federated map[string]bool) {
	wrote := map[string]bool{}
	for _, w := range f.seen().WorkspaceConnectors() {
		if federated[w.Workspace] && !wrote[w.Workspace] {
			wrote[w.Workspace] = true
			out.affected = append(out.affected, Affected{Kind: kindWorkspace, ID: w.Workspace, WorkspaceID: w.Workspace, Detail: "a SCIM connector wrote to this workspace, according to the audit log"})
		}
	}
}
