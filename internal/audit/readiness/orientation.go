// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package readiness

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/events"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/provisioning"
)

// The paths of the migration guide.
const (
	PathWithSCIM    = "with_scim"
	PathWithoutSCIM = "without_scim"
)

// Path is the path of the migration guide that the account is on, and why; the path is
// empty where that is not known. Without SCIM there is nothing to leave.
func Path(f *Facts) (path, reason string) {
	var writers, doubts []string
	for _, level := range []provisioning.Level{provisioning.LevelAccount, provisioning.LevelWorkspace} {
		ours, unsure := f.connectorsAt(level)
		for _, c := range ours {
			writers = append(writers, fmt.Sprintf("%s writes to this account", c))
		}
		doubts = append(doubts, unsure...)
	}
	for _, w := range f.seen().Writers {
		if events.IsConnector(w.Agent) {
			writers = append(writers, "a SCIM connector wrote to this account, according to the audit log")
		}
	}
	slices.Sort(writers)
	doubts = append(doubts, f.reasons([]Need{NeedConnectors})...)
	switch {
	case len(writers) > 0:
		return PathWithSCIM, sentence(writers[0])
	case len(doubts) > 0:
		slices.Sort(doubts)
		return "", "Whether SCIM writes to this account is not known: " + strings.TrimRight(doubts[0], ".") + "."
	default:
		return PathWithoutSCIM, "No SCIM connector of the identity provider writes to this account."
	}
}

// Notice is whom to tell in a workspace with identity federation.
type Notice struct {
	WorkspaceID, WorkspaceName string
	// People are the names of the active users who are admin there, by themselves or
	// through groups, sorted.
	People []string
	// Unknown is why there may be others.
	Unknown string
}

// Notices are sorted by workspace. The account does not know who is admin of a workspace
// without identity federation.
func Notices(f *Facts) []Notice {
	var out []Notice
	_, reported := f.federation()
	for _, w := range f.Workspaces {
		if reported && (w.Federation == nil || !*w.Federation) {
			continue
		}
		admins, read := f.WorkspaceAdmins[w.ID]
		if !read {
			admins.Unknown = "it was not asked"
		}
		one := Notice{WorkspaceID: w.ID, WorkspaceName: w.Name, Unknown: f.hiddenAdmins(admins)}
		for _, id := range f.below(admins.IDs) {
			if p := f.byID(id); p.Type == audit.TypeUser && (p.Active == nil || *p.Active) {
				one.People = append(one.People, p.Name)
			}
		}
		slices.Sort(one.People)
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b Notice) int { return audit.CompareIDs(a.WorkspaceID, b.WorkspaceID) })
	return out
}
