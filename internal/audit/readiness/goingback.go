// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package readiness

import (
	"cmp"
	"fmt"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// goingBackChecks are about switching AIM off (docs/reference/aim-migration.md 8).
func goingBackChecks() []Check {
	return []Check{
		{
			ID: "synced_identities_stay", Title: "No identity is left without a sync", Decision: DisableAIM, Severity: Info, Source: "section 8, row 1", Needs: []Need{NeedPrincipals},
			judge:       whenOn(judgeSynced),
			Consequence: "Identities that automatic identity management made stay, and nothing updates them any more.",
			Remedy:      "Put them into the scope of a SCIM connector before.",
		},
		{
			ID: "synced_memberships_end", Title: "No one loses access with the synced memberships", Decision: DisableAIM, Severity: Breaking, Source: "section 8, row 2",
			Needs: []Need{NeedGroups, NeedMembers, NeedIDPMembers}, judge: whenOn(judgeLosing),
			Consequence: "Memberships that automatic identity management synced stop counting, and their holders lose the access that comes with them.",
			Remedy:      "Provision the groups by SCIM before, or add those who must stay with dbxidentity_group_member after the group is the account's own.",
		},
		{
			ID: "members_never_signed_in", Title: "Every member in the identity provider has a user here", Decision: DisableAIM, Severity: Breaking, Source: "section 8, row 4",
			Needs: []Need{NeedMembers, NeedIDPMembers, NeedPrincipals}, judge: whenOn(judgeNeverSignedIn),
			Consequence: "People who never logged in cannot get in any more, not even through an assigned group.",
			Remedy:      "Provision them by SCIM before, or with dbxidentity_resolved_principal while automatic identity management is on.",
		},
		{
			ID: "scim_ready", Title: "SCIM is set up and healthy", Decision: DisableAIM, Severity: Blocker, Source: "section 8, row 5", Needs: []Need{NeedConnectors},
			judge:       whenOn(judgeSCIMReady),
			Asks:        "The administrator of the identity provider, who sees connector and scope.",
			Consequence: "Without SCIM nothing provisions and deactivates identities.",
			Remedy:      "Set the connector up first and let it finish a cycle. Where connector_ids cannot read it, waive this check with the date as reason.",
		},
		{
			ID: "nested_groups_flatten", Title: "No access comes through groups that are nested in the identity provider", Decision: DisableAIM, Severity: Breaking, Source: "section 8, row 2; C5",
			Needs: []Need{NeedMembers, NeedIDPMembers}, judge: whenOn(judgeNested),
			Consequence: "SCIM of Entra does not provision the members of nested groups, so that they lose the access of the group above.",
			Remedy:      "Assign the nested groups to the connector and to the workspaces, or flatten them.",
		},
	}
}

// whenOn is for checks that ask nothing of an account without AIM.
func whenOn(judge func(*Facts) finding) func(*Facts) finding {
	return func(f *Facts) finding {
		if f.AIM == audit.AIMOff {
			return finding{notApplicable: "Automatic identity management is off."}
		}
		return judge(f)
	}
}

func judgeSynced(f *Facts) (out finding) {
	linked := 0
	for _, p := range f.Inventory.Principals {
		if p.ExternalID != "" {
			linked++
		}
	}
	if linked > 0 {
		out.add(kindAccount, "", "", fmt.Sprintf("%d principals are linked to the identity provider", linked))
	}
	return out
}

// judgeLosing finds who is in a group by a synced membership, or would be once it is
// read: the identity provider has them, and no membership is written here.
func judgeLosing(f *Facts) (out finding) {
	f.linkedGroups(func(m *audit.Match, members *audit.MemberMatch) {
		synced := 0
		for _, member := range f.Members[m.Principal.ID] {
			if member.Source == audit.SourceIdentityProvider {
				synced++
			}
		}
		if members.InIDP != nil {
			synced += len(members.InIDP.Missing)
		}
		if synced == 0 {
			return
		}
		detail := fmt.Sprintf("%d members through the identity provider", synced)
		if in := f.workspacesOf(m.Principal.Ref); len(in) > 0 {
			detail += fmt.Sprintf("; workspaces: %v", in)
		}
		out.addRef(m.Principal.Ref, m.Principal.Name, detail)
	})
	if len(out.affected) == 0 {
		out.unknown = f.silentMembers()
	}
	return out
}

func judgeNeverSignedIn(f *Facts) (out finding) {
	out.unknown = f.silentMembers()
	here := map[string]bool{}
	for _, p := range f.Inventory.Principals {
		here[audit.CanonicalExternalID(p.ExternalID)] = true
	}
	seen := map[string]bool{}
	f.linkedGroups(func(m *audit.Match, members *audit.MemberMatch) {
		if members.InIDP == nil {
			return
		}
		for i := range members.InIDP.Missing {
			id := &members.InIDP.Missing[i]
			key := audit.CanonicalExternalID(id.ExternalID)
			if here[key] || seen[key] {
				continue
			}
			seen[key] = true
			out.add(kindIdentity, id.ExternalID, nameOf(id), fmt.Sprintf("in group/%s (%s)", m.Principal.ID, cmp.Or(m.Principal.Name, "no name")))
		}
	})
	return out
}
