// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package readiness

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// goingBackChecks are about switching AIM off (docs/reference/aim-migration.md 8).
func goingBackChecks() []Check {
	return []Check{
		{
			ID: "synced_identities_stay", Title: "No identity is left without a sync", Decision: DisableAIM, Severity: Info, Source: "section 8, row 1", Needs: principals(),
			judge:       whenOn(judgeSynced),
			Consequence: "Identities that automatic identity management made stay, and nothing updates them any more.",
			Remedy:      "Put them into the scope of a SCIM connector before.",
		},
		{
			ID: "synced_memberships_end", Title: "No one loses access with the synced memberships", Decision: DisableAIM, Severity: Breaking, Source: "section 8, row 2",
			Needs: []Need{NeedUsers, NeedServicePrincipals, NeedGroupMembers, NeedMembers, NeedIDPMembers}, judge: whenOn(judgeLosing),
			Consequence: "Memberships that automatic identity management synced stop counting, and their holders lose the access that comes with them.",
			Remedy:      "Provision the groups by SCIM before, or add those who must stay with dbxidentity_group_member after the group is the account's own.",
		},
		{
			ID: "members_never_signed_in", Title: "Every member in the identity provider has a user here", Decision: DisableAIM, Severity: Breaking, Source: "section 8, row 4",
			Needs: []Need{NeedMembers, NeedIDPMembers, NeedUsers, NeedServicePrincipals}, judge: whenOn(judgeNeverSignedIn),
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

// judgeLosing names who is in a group by a synced membership, or would be once it is
// read: the identity provider has them, and no membership is written here. What they
// reach otherwise they keep.
func judgeLosing(f *Facts) (out finding) {
	lost := map[losing]map[string]bool{} // groups
	lose := func(who losing, group string) {
		if lost[who] == nil {
			lost[who] = map[string]bool{}
		}
		lost[who][group] = true
	}
	kept := f.parentsBy(func(m audit.Member) bool { return m.Source != audit.SourceIdentityProvider })
	synced := f.parentsBy(func(m audit.Member) bool { return m.Source == audit.SourceIdentityProvider })
	for _, p := range f.Inventory.Principals {
		if p.Type == audit.TypeGroup {
			continue
		}
		with := closure(f.parents(), p.ID)
		if len(synced[p.ID]) == 0 && !slices.ContainsFunc(with, func(id string) bool { return len(synced[id]) > 0 }) {
			continue
		}
		still := closure(kept, p.ID)
		for _, id := range with {
			if !slices.Contains(still, id) {
				lose(losing{string(p.Type), p.ID, cmp.Or(p.Name, p.DisplayName)}, id)
			}
		}
	}
	f.linkedGroups(func(m *audit.Match, members *audit.MemberMatch) {
		if members.InIDP == nil {
			return
		}
		for i := range members.InIDP.Missing {
			id := &members.InIDP.Missing[i]
			who := losing{kindIdentity, id.ExternalID, nameOf(id)}
			if p, here := f.linkedTo(id.ExternalID); here {
				who = losing{string(p.Type), p.ID, cmp.Or(p.Name, p.DisplayName)}
			}
			still := closure(kept, who.id)
			for _, group := range append(closure(f.parents(), m.Principal.ID), m.Principal.ID) {
				if !slices.Contains(still, group) {
					lose(who, group)
				}
			}
		}
	})
	for who, groups := range lost {
		out.add(who.kind, who.id, who.name, "loses "+f.losses(who, slices.SortedFunc(maps.Keys(groups), audit.CompareIDs), closure(kept, who.id)))
	}
	if len(out.affected) == 0 {
		out.unknown = f.silentMembers()
	}
	return out
}

// losing is who loses something: a principal, or an identity without one.
type losing struct{ kind, id, name string }

// losses says what goes with these groups and does not come from those that stay.
func (f *Facts) losses(who losing, groups, still []string) string {
	var names, workspaces, roles []string
	for _, id := range groups {
		group := audit.Ref{Type: audit.TypeGroup, ID: id}
		names = append(names, fmt.Sprintf("%s (%s)", group, cmp.Or(f.principal(group).Name, "no name")))
		workspaces = append(workspaces, f.workspacesOf(group)...)
		roles = append(roles, f.GroupRoles[id]...)
	}
	stays := map[string]bool{}
	for _, w := range f.assignedTo(who.id) {
		stays[w] = true
	}
	for _, id := range still {
		for _, w := range f.workspacesOf(audit.Ref{Type: audit.TypeGroup, ID: id}) {
			stays[w] = true
		}
		for _, role := range f.GroupRoles[id] {
			roles = slices.DeleteFunc(roles, func(r string) bool { return r == role })
		}
	}
	workspaces = slices.DeleteFunc(workspaces, func(id string) bool { return stays[id] })
	slices.SortFunc(workspaces, audit.CompareIDs)
	slices.Sort(roles)
	detail := strings.Join(names, ", ")
	if len(f.Unknown[NeedGroupMembers])+len(f.Unknown[NeedAccess]) > 0 {
		return detail // What they keep is not known, so what they lose is not, either.
	}
	if workspaces = slices.Compact(workspaces); len(workspaces) > 0 {
		detail += "; workspaces: " + strings.Join(workspaces, ", ")
	}
	if roles = slices.Compact(roles); len(roles) > 0 {
		detail += "; account roles: " + strings.Join(roles, ", ")
	}
	return detail
}

// linkedTo is the user or service principal with an external id.
func (f *Facts) linkedTo(externalID string) (audit.Principal, bool) {
	f.index()
	p, there := f.linked[audit.CanonicalExternalID(externalID)]
	return p, there
}

// parentsBy are the groups in which each principal is directly, by its id, by such
// memberships.
func (f *Facts) parentsBy(counts func(audit.Member) bool) map[string][]string {
	out := map[string][]string{}
	for group, members := range f.Members {
		for _, m := range members {
			if counts(m) {
				out[m.ID] = append(out[m.ID], group)
			}
		}
	}
	return out
}

// closure are the groups above a principal, at any depth, in no order.
func closure(parents map[string][]string, id string) []string {
	var out []string
	seen := map[string]bool{}
	for queue := []string{id}; len(queue) > 0; queue = queue[1:] {
		for _, group := range parents[queue[0]] {
			if !seen[group] {
				seen[group] = true
				out, queue = append(out, group), append(queue, group)
			}
		}
	}
	return out
}

func judgeNeverSignedIn(f *Facts) (out finding) {
	out.unknown = f.silentMembers()
	in := map[losing][]string{}
	f.linkedGroups(func(m *audit.Match, members *audit.MemberMatch) {
		if members.InIDP == nil {
			return
		}
		for i := range members.InIDP.Missing {
			id := &members.InIDP.Missing[i]
			if _, here := f.linkedTo(id.ExternalID); !here {
				who := losing{kindIdentity, id.ExternalID, nameOf(id)}
				in[who] = append(in[who], m.Principal.ID)
			}
		}
	})
	for who, groups := range in {
		out.add(who.kind, who.id, who.name, "has no user here, and cannot get in by "+f.losses(who, groups, nil))
	}
	return out
}
