// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package readiness

import (
	"cmp"
	"fmt"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// scimChecks are about leaving SCIM.
func scimChecks() []Check {
	members := []Need{NeedIDP, NeedMembers}
	return []Check{
		{
			ID: "idp_groups_nested", Title: "No linked group has nested groups in the identity provider", Decision: DisableSCIM, Severity: Blocker, Source: "C5",
			Needs: []Need{NeedMembers, NeedIDPMembers}, judge: judgeNested,
			Consequence: "Databricks asks to keep SCIM beside automatic identity management while groups are nested in the identity provider.",
			Remedy:      "Flatten the groups in the identity provider, or keep both.",
		},
		{
			ID: "stale_memberships", Title: "No membership is left that the identity provider does not have", Decision: DisableSCIM, Severity: Breaking, Source: "C7", Needs: members,
			judge:       judgeMembers(func(r audit.MemberRef) bool { return r.Type != audit.TypeGroup && r.ExternalID != "" }),
			Consequence: "They go on granting for ever: once SCIM is off, nothing removes them.",
			Remedy:      "dbxidentity_group_member_removal, with member_removals of dbxidentity_divergences. Clean up before SCIM goes off.",
		},
		{
			ID: "nested_groups_gone", Title: "No nested group is left that the identity provider does not have there", Decision: DisableSCIM, Severity: Breaking, Source: "C8", Needs: members,
			judge:       judgeMembers(func(r audit.MemberRef) bool { return r.Type == audit.TypeGroup }),
			Consequence: "The members of the nested group keep the rights of the group above.",
			Remedy:      "dbxidentity_group_member_removal, with member_removals of dbxidentity_divergences.",
		},
		{
			ID: "local_edits", Title: "No one edited a group of the identity provider here", Decision: DisableSCIM, Severity: Blocker, Source: "C9", Needs: members,
			judge:       judgeEdits,
			Consequence: "Members without external id stay in the group, and no identity provider knows of them.",
			Remedy:      "Link the member, add it to the group in the identity provider, or remove it with dbxidentity_group_member_removal.",
		},
		{
			ID: "copied_memberships", Title: "No membership is a copy that SCIM wrote", Decision: DisableSCIM, Severity: Info, Source: "C7", Needs: []Need{NeedMembers, NeedGroupMembers},
			judge: judgeCopies,
			Consequence: "A membership that SCIM copied and the identity provider confirms today keeps granting access after the identity provider removes the person: automatic identity management " +
				"does not remove what it did not write.",
			Remedy: "With automatic identity management on, remove the copies group by group; the members stay through the identity provider. Look at the result before you go on with the next group.",
		},
		{
			ID: "member_counts", Title: "Groups have as many members here as in the identity provider", Decision: DisableSCIM, Severity: Info, Source: "C13",
			Needs: []Need{NeedMembers, NeedIDPMembers}, judge: judgeCounts,
			Consequence: "SCIM does not show members that automatic identity management brings. Tools that count them there report too few.",
			Remedy:      "Read the members in the identity provider.",
		},
		{
			ID: "workspace_scim", Title: "No workspace with identity federation has SCIM of its own", Decision: DisableSCIM, Severity: Breaking, Source: "C18",
			Needs: []Need{NeedWorkspaces, NeedLocalGroups, NeedConnectors}, judge: judgeWorkspaceSCIM,
			Asks:        "The administrator of the identity provider: whether a connector has the URL of a workspace as its target.",
			Consequence: "Two masters write the same identities, and groups of the workspace diverge. Workspaces without identity federation need their own SCIM.",
			Remedy:      "Set the account's connector up first, verify it, then stop the old one without removing its users, and move the groups.",
		},
		{
			ID: "account_scim_healthy", Title: "The account's SCIM connector is healthy", Decision: DisableSCIM, Severity: Breaking, Source: "C19", Needs: []Need{NeedConnectors},
			judge:       judgeAccountSCIM,
			Asks:        "The administrator of the identity provider, who sees the state of the connector.",
			Consequence: "What a connector in quarantine did not deliver is missing when it is switched off.",
			Remedy:      "Repair the connector as dbxidentity_scim_provisioning says, and let it finish a cycle. Where connector_ids cannot read it, waive this check with the date as reason.",
		},
		{
			ID: "scim_token_owner", Title: "Who owns the token of a workspace's SCIM connector stays an admin, and out of its scope", Decision: DisableSCIM, Severity: Info, Source: "C18",
			Needs: []Need{NeedEvents, NeedConnectors, NeedUsers, NeedServicePrincipals, NeedWorkspaces, NeedWorkspaceAdmins, NeedGroupMembers}, judge: judgeTokenOwner,
			Asks: "An admin of the workspace: whose token the connector uses, whether they are admin there, and whether the enterprise application covers them.",
			Consequence: "A connector that still has to write to a workspace stops when the owner of its token is no longer an admin there. A connector that covers the owner deactivates them " +
				"when they leave its scope, and so ends its own token.",
			Remedy: "Give the connector a token of an admin of the workspace who is not assigned to any SCIM application, and keep that person an admin while the connector is needed. " +
				"Set events and connector_ids to have this checked.",
		},
		{
			ID: "leavers", Title: "Who leaves is deactivated without SCIM", Decision: DisableSCIM, Severity: Info, Source: "C27", Needs: []Need{NeedUsers}, judge: judgeLeavers,
			Consequence: "Once SCIM is off, removal from the connector deactivates no one. Automatic identity management does so at a later sync.",
			Remedy:      "Run this check's companion stale_users on a schedule, and deactivate whom it names.",
		},
	}
}

func judgeNested(f *Facts) (out finding) {
	out.unknown = f.silentMembers()
	f.linkedGroups(func(m *audit.Match, members *audit.MemberMatch) {
		if in := members.InIDP; in != nil && len(in.Nested) > 0 {
			out.addRef(m.Principal.Ref, m.Principal.Name, audit.CountOf(len(in.Nested), "nested group")+", the first is "+nameOf(&in.Nested[0]))
		}
	})
	return out
}

// judgeMembers finds members that the identity provider does not confirm.
func judgeMembers(counts func(audit.MemberRef) bool) func(*Facts) finding {
	return func(f *Facts) (out finding) {
		f.linkedGroups(func(m *audit.Match, members *audit.MemberMatch) {
			for _, list := range [2][]audit.MemberRef{members.Local, members.External} {
				for _, r := range list {
					r = f.described(r)
					if counts(r) {
						out.addRef(r.Ref, cmp.Or(f.byID(r.ID).Name, r.Name), fmt.Sprintf("in group/%s (%s)", m.Principal.ID, m.Principal.Name))
					}
				}
			}
		})
		return out
	}
}

// judgeEdits finds members without external id, and who edits groups.
func judgeEdits(f *Facts) finding {
	out := judgeMembers(func(r audit.MemberRef) bool { return r.Type != audit.TypeGroup && r.ExternalID == "" })(f)
	out.evidence = f.editors()
	return out
}

// described fills what matchWithIdp leaves out: it names ids only.
func (f *Facts) described(r audit.MemberRef) audit.MemberRef {
	if r.Type == "" {
		p := f.byID(r.ID)
		r.Ref = p.Ref
		r.Name, r.ExternalID = p.Name, p.ExternalID
	}
	return r
}

func judgeCopies(f *Facts) (out finding) {
	f.linkedGroups(func(m *audit.Match, members *audit.MemberMatch) {
		unconfirmed := map[string]bool{}
		for _, list := range [2][]audit.MemberRef{members.Local, members.External} {
			for _, r := range list {
				unconfirmed[r.ID] = true
			}
		}
		copies := 0
		for _, member := range f.Members[m.Principal.ID] {
			if member.Source != audit.SourceIdentityProvider && !unconfirmed[member.ID] {
				copies++
			}
		}
		if copies > 0 {
			out.addRef(m.Principal.Ref, m.Principal.Name, fmt.Sprintf("members that the identity provider confirms and that are written here, too: %d", copies))
		}
	})
	if len(out.affected) > 0 {
		out.evidence = f.writers(audit.TypeGroup, "%s still writes groups: it would write the copies again")
	}
	return out
}

func judgeCounts(f *Facts) (out finding) {
	out.unknown = f.silentMembers()
	f.linkedGroups(func(m *audit.Match, members *audit.MemberMatch) {
		if in := members.InIDP; in != nil && len(in.Missing) > 0 {
			out.addRef(m.Principal.Ref, m.Principal.Name, fmt.Sprintf("the identity provider has %s, of whom %d not here", audit.CountOf(in.Count, "member"), len(in.Missing)))
		}
	})
	return out
}

func judgeWorkspaceSCIM(f *Facts) (out finding) {
	federated := map[string]bool{}
	for _, w := range f.Workspaces {
		federated[w.ID] = w.Federation != nil && *w.Federation
	}
	for _, g := range f.LocalGroups {
		if g.ExternalID != "" && federated[g.WorkspaceID] {
			out.affected = append(out.affected, Affected{Kind: kindWorkspaceGroup, ID: g.ID, Name: g.Name, WorkspaceID: g.WorkspaceID, Detail: "has the external id " + g.ExternalID})
		}
	}
	f.workspaceConnectors(&out, federated)
	f.workspaceWriters(&out, federated)
	return out
}

func judgeLeavers(f *Facts) (out finding) {
	linked := 0
	for _, p := range f.principals(audit.TypeUser) {
		if p.ExternalID != "" && (p.Active == nil || *p.Active) {
			linked++
		}
	}
	out.evidence = append(f.deactivators(), f.deactivated()...)
	if linked > 0 {
		out.add(kindAccount, "", "", fmt.Sprintf("%d active users are linked to the identity provider", linked))
	}
	return out
}
