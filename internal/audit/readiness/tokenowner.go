// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package readiness

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/provisioning"
)

// WorkspaceAdmins are the principals that are assigned to a workspace as ADMIN.
type WorkspaceAdmins struct {
	IDs []string
	// Unknown is why there may be more.
	Unknown string
}

// judgeTokenOwner: the connector of a workspace writes with the token of a person, who
// has to stay an admin there, and whom no connector may deactivate. Only the audit log
// says who that is.
func judgeTokenOwner(f *Facts) (out finding) {
	out.doesWithout = []Need{NeedWorkspaceAdmins} // Those of other workspaces do not matter.
	workspaces := map[string]audit.Workspace{}
	for _, w := range f.Workspaces {
		workspaces[w.ID] = w
	}
	byName := map[string]audit.Principal{}
	for _, p := range f.Inventory.Principals {
		if p.Type != audit.TypeGroup {
			byName[strings.ToLower(p.Name)] = p
		}
	}
	seen, wrote := map[[2]string]bool{}, map[string]bool{}
	for _, w := range f.seen().WorkspaceConnectors() {
		if _, there := workspaces[w.Workspace]; !there && len(f.Unknown[NeedWorkspaces]) == 0 {
			continue // The workspace is gone.
		}
		wrote[w.Workspace] = true
		key := [2]string{w.Workspace, strings.ToLower(w.Actor)}
		if seen[key] {
			continue
		}
		seen[key] = true
		if w.Actor == "" {
			out.unknown = append(out.unknown, fmt.Sprintf("the audit log does not say whose token the connector of the workspace %s uses", w.Workspace))
			continue
		}
		out.evidence = append(out.evidence, fmt.Sprintf("the connector of the workspace %s writes with a token of %s, according to the audit log", w.Workspace, w.Actor))
		owner, known := byName[key[1]]
		if !known {
			out.unknown = append(out.unknown, fmt.Sprintf("no principal of the account has the name %s, whose token the connector of the workspace %s uses", w.Actor, w.Workspace))
			continue
		}
		trouble, unknown := f.ownerTrouble(&owner, workspaces[w.Workspace], w.Workspace)
		for _, why := range unknown {
			out.unknown = append(out.unknown, fmt.Sprintf("the connector of the workspace %s writes with a token of %s: %s", w.Workspace, w.Actor, why))
		}
		if len(trouble) > 0 {
			out.affected = append(out.affected, Affected{
				Kind: string(owner.Type), ID: owner.ID, Name: owner.Name, WorkspaceID: w.Workspace,
				Detail: "the connector of this workspace writes with their token: " + strings.Join(trouble, "; "),
			})
		}
	}
	ours, doubts := f.connectorsAt(provisioning.LevelWorkspace)
	if len(wrote) == 0 && len(ours) == 0 && len(doubts) == 0 && len(f.Unknown[NeedConnectors]) == 0 {
		out.notApplicable = "No SCIM connector of the identity provider writes to a workspace of this account."
		return out
	}
	out.unknown = append(out.unknown, doubts...)
	for _, c := range ours {
		if !wrote[c.Verdict.Target.WorkspaceID] {
			out.unknown = append(out.unknown, fmt.Sprintf("no event shows whose token %s uses", c))
		}
	}
	slices.Sort(out.evidence)
	slices.Sort(out.unknown)
	return out
}

// ownerTrouble is what ends a token of that owner, or soon may, and what is not known of it.
func (f *Facts) ownerTrouble(owner *audit.Principal, workspace audit.Workspace, id string) (trouble, unknown []string) {
	if owner.Active != nil && !*owner.Active {
		trouble = append(trouble, "the owner is inactive")
	}
	switch admin, why := f.isWorkspaceAdmin(owner, workspace, id); {
	case why != "":
		unknown = append(unknown, why)
	case !admin:
		trouble = append(trouble, "the owner is no admin of the workspace")
	}
	if owner.Type != audit.TypeUser {
		return trouble, unknown // Connectors never write service principals.
	}
	ids, why := f.idpIDs(owner)
	if why != "" {
		unknown = append(unknown, why)
	}
	for i := range f.Connectors {
		c := &f.Connectors[i]
		ours := c.Verdict.Target.IsThisAccount
		if c.Verdict.Health.Status == provisioning.Off || ours != nil && !*ours {
			continue
		}
		for _, id := range ids {
			covered, doubt := c.Verdict.CoversUser(id)
			switch {
			case doubt != "":
				unknown = append(unknown, fmt.Sprintf("whether %s covers the owner is not known: %s", c, doubt))
			case covered && ours == nil:
				unknown = append(unknown, fmt.Sprintf("%s covers the owner, and where it writes to is not known", c))
			case covered:
				trouble = append(trouble, fmt.Sprintf("the owner is in the scope of %s, which may deactivate them", c))
			}
		}
	}
	return trouble, unknown
}

// idpIDs are the identities that a user is, or becomes when a connector meets their name.
func (f *Facts) idpIDs(p *audit.Principal) (ids []string, unknown string) {
	if p.ExternalID != "" {
		ids = append(ids, audit.CanonicalExternalID(p.ExternalID))
	}
	unknown = "the identity provider was not asked about the owner"
	for i := range f.Matches {
		m := &f.Matches[i]
		if m.Principal.Ref != p.Ref {
			continue
		}
		unknown = m.Unknown
		for _, id := range m.ByName {
			ids = append(ids, audit.CanonicalExternalID(id.ExternalID))
		}
	}
	return sorted(ids), unknown
}

// isWorkspaceAdmin: why is set where that is not known.
func (f *Facts) isWorkspaceAdmin(p *audit.Principal, workspace audit.Workspace, id string) (admin bool, why string) {
	if workspace.Federation != nil && !*workspace.Federation {
		return false, "the account does not know who is admin of a workspace without identity federation; its admin settings show it"
	}
	assigned, asked := f.WorkspaceAdmins[id]
	if !asked {
		return false, "who is admin of the workspace was not read"
	}
	above := f.above(p.Ref)
	if slices.ContainsFunc(assigned.IDs, func(id string) bool { return above[id] }) {
		return true, ""
	}
	return false, f.hiddenAdmins(assigned)
}

// hiddenAdmins is why a workspace may have admins beside those that are known.
func (f *Facts) hiddenAdmins(assigned WorkspaceAdmins) string {
	if assigned.Unknown != "" {
		return "who is admin of the workspace could not be read: " + assigned.Unknown
	}
	if len(f.Unknown[NeedGroupMembers]) > 0 {
		return "the members of the account's groups could not be read"
	}
	if f.AIM == audit.AIMOff {
		return ""
	}
	for _, group := range f.below(assigned.IDs) {
		if g := f.byID(group); g.Type == audit.TypeGroup && g.ExternalID != "" {
			return fmt.Sprintf("admins of the workspace are in group/%s (%s), to which the identity provider may give members whom no list here shows", g.ID, g.Name)
		}
	}
	return ""
}

// below are these principals and all that are in them at any depth, sorted.
func (f *Facts) below(ids []string) []string {
	seen := map[string]bool{}
	for queue := slices.Clone(ids); len(queue) > 0; queue = queue[1:] {
		if seen[queue[0]] {
			continue
		}
		seen[queue[0]] = true
		for _, m := range f.Members[queue[0]] {
			queue = append(queue, m.ID)
		}
	}
	out := make([]string, 0, len(seen))
	for id := range seen {
		out = append(out, id)
	}
	slices.SortFunc(out, audit.CompareIDs)
	return out
}
