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
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/guard"
)

// accessChecks are about who may do what after AIM is switched on.
func accessChecks() []Check {
	return []Check{
		{
			ID: "denylist", Title: "The denylist names who stays out", Decision: EnableAIM, Severity: Info, Source: "C4, C21", Needs: []Need{NeedDenylist}, judge: judgeDenylist,
			Consequence: "Everyone the identity provider lets in gets a user in the account at the first login.",
			Remedy:      "If someone is to stay out, write the rules before you switch it on, in the account console. If not, waive this check.",
		},
		{
			ID: "denylist_spares_admins", Title: "The denylist denies no account admin", Decision: EnableAIM, Severity: Breaking, Source: "C4", judge: judgeDeniedAdmins,
			Needs:       []Need{NeedDenylist, NeedRoles, NeedCaller, NeedGroupMembers},
			Consequence: "A denied account admin is made inactive, at any depth of nested groups.",
			Remedy:      "Remove the rule, or take the admin out of the denied group in the identity provider.",
		},
		{
			ID: "denylist_rules_known", Title: "Every rule of the denylist is about a known identity", Decision: EnableAIM, Severity: Info, Source: "C4", Needs: []Need{NeedDenylist, NeedIDP},
			judge:       judgeDeadRules,
			Consequence: "A rule whose identity is gone denies no one, and counts against the limit of 100.",
			Remedy:      "Look the id up in the identity provider, and delete rules that are dead in the account console.",
		},
		{
			ID: "groups_without_assignment", Title: "Groups in a workspace have an assignment of their own", Decision: EnableAIM, Severity: Info, Source: "C6", Needs: []Need{NeedAccess},
			judge:       judgeIndirectGroups,
			Consequence: "A group that is in a workspace only through a group above it cannot be chosen for sharing there.",
			Remedy:      "Assign the group: workspace_assignments_needed feeds the permission assignment of the official provider.",
		},
		{
			ID: "workspace_local_groups", Title: "No workspace has groups of its own", Decision: EnableAIM, Severity: Info, Source: "C10, section 7", Needs: []Need{NeedLocalGroups},
			judge:       judgeLocalGroups,
			Consequence: "Automatic identity management never manages them, and their members grow stale.",
			Remedy:      "Move them to account groups, in the order that the guide describes: dbxidentity_workspace_local_groups lists members and entitlements.",
		},
		{
			ID: "group_names_in_sql", Title: "SQL definitions name groups that the account has and keeps", Decision: EnableAIM, Severity: Breaking, Source: "C15",
			Needs: []Need{NeedSQL, NeedGroups, NeedIDP, NeedLocalGroups}, judge: judgeDefinitions,
			Asks:        "The owners of views, functions, row filters and column masks that call is_account_group_member or is_member.",
			Consequence: "The call is false for a group that is not provisioned or was renamed, and rows disappear without an error.",
			Remedy: "Provision the group with dbxidentity_resolved_principal, or correct the name in the definition; for a group that the identity provider renamed, ask for both names until its " +
				"name here is refreshed. Set sql_definitions to have them read. Definitions in hive_metastore, notebooks and dashboards are not in Unity Catalog: ask their owners.",
		},
		{
			ID: "privileged_access_gained", Title: "No one gains membership of a privileged group", Decision: EnableAIM, Severity: Breaking, Source: "MIGRATE: transitive memberships",
			Needs: []Need{NeedMembers, NeedIDPMembers, NeedRoles, NeedGroupMembers, NeedWorkspaceAdmins, NeedMetastores}, judge: func(f *Facts) finding { return judgeGained(f, true) },
			Consequence: "Automatic identity management counts the members of nested groups. People who are not in the group today hold its account roles then, are admins of its workspaces, " +
				"or own its metastores and catalogs; and so with every group above it.",
			Remedy: "Look at the people whom the detail of each group names. Take those who should not be privileged out of the group in the identity provider, and waive the groups that are right.",
		},
		{
			ID: "access_gained", Title: "No one gains access", Decision: EnableAIM, Severity: Info, Source: "MIGRATE: transitive memberships", Needs: []Need{NeedMembers, NeedIDPMembers},
			judge:       func(f *Facts) finding { return judgeGained(f, false) },
			Consequence: "Automatic identity management counts the members of nested groups. People who are not in the group today have its access then.",
			Remedy:      "Look at the members of these groups in the identity provider: each of them gains what the group gives.",
		},
		{
			ID: "aim_evidence", Title: "What is found matches the settings", Decision: EnableAIM, Severity: Info, Source: "section 2", Needs: []Need{NeedGroupMembers, NeedDenylist, NeedSettings},
			judge:       judgeEvidence,
			Consequence: "If automatic_identity_management is set wrongly, memberships that the identity provider gave may be taken for local ones.",
			Remedy:      "Look at the switch in the account console, and set automatic_identity_management to it.",
		},
	}
}

func judgeDenylist(f *Facts) (out finding) {
	if len(f.Denylist) == 0 && len(f.Unknown[NeedDenylist]) == 0 {
		out.add(kindAccount, "", "", "the denylist has no rule")
	}
	if n := len(f.Denylist); n > 0 {
		out.evidence = append(out.evidence, fmt.Sprintf("%d of %d rules are used", n, mostDenyRules))
	}
	return out
}

// above are all groups that a principal is in, at any depth, and itself.
func (f *Facts) above(ref audit.Ref) map[string]bool {
	out := map[string]bool{ref.ID: true}
	for _, id := range closure(f.parents(), ref.ID) {
		out[id] = true
	}
	return out
}

func (f *Facts) parents() map[string][]string {
	if f.parentsOf == nil {
		f.parentsOf = map[string][]string{}
		for id, members := range f.Members {
			for _, m := range members {
				f.parentsOf[m.ID] = append(f.parentsOf[m.ID], id)
			}
		}
	}
	return f.parentsOf
}

func judgeDeniedAdmins(f *Facts) (out finding) {
	if len(f.Denylist) == 0 {
		// Without a rule no one is denied, whatever else could not be read.
		out.settled = len(f.Unknown[NeedDenylist]) == 0
		return out
	}
	watched := slices.Clone(f.Admins)
	if f.Caller != (audit.Ref{}) && !slices.Contains(watched, f.Caller) {
		watched = append(watched, f.Caller)
	}
	slices.SortFunc(watched, audit.CompareRefs)
	for _, ref := range watched {
		p, within := f.principal(ref), map[string]bool{}
		for id := range f.above(ref) {
			if held := f.byID(id); held.ExternalID != "" {
				within[audit.CanonicalExternalID(held.ExternalID)] = true
			}
		}
		for _, rule := range f.Denylist {
			key := audit.CanonicalExternalID(rule.ExternalID)
			deny := guard.DenyFacts{ExternalID: rule.ExternalID, IDP: f.Denied[key]}
			if within[key] {
				deny.Below = []audit.Ref{ref}
			}
			if _, denied := deny.Denies(p); denied {
				out.add(kindRule, rule.ExternalID, rule.Name, fmt.Sprintf("denies %s (%s)", ref, p.Name))
			}
		}
	}
	for _, rule := range f.Denylist {
		if why := f.coverUnknown(rule); why != "" {
			out.unknown = append(out.unknown, fmt.Sprintf("whom the rule for %s covers in the identity provider is not known: %s", cmp.Or(rule.Name, rule.ExternalID), why))
		}
	}
	return out
}

// coverUnknown is why a rule may deny more people than is known; empty where it does not.
// A user or a service principal is no one else.
func (f *Facts) coverUnknown(rule audit.DenyRule) string {
	denied, asked := f.Denied[audit.CanonicalExternalID(rule.ExternalID)]
	switch {
	case rule.Type != audit.TypeGroup && rule.Type != "":
		return ""
	case !asked:
		return "it was not asked"
	default:
		return cmp.Or(denied.Unknown, denied.WithinUnknown)
	}
}

func judgeDeadRules(f *Facts) (out finding) {
	if len(f.Denylist) == 0 {
		out.settled = len(f.Unknown[NeedDenylist]) == 0
		return out
	}
	known, deleted := map[string]bool{}, map[string]bool{}
	for _, p := range f.Inventory.Principals {
		known[audit.CanonicalExternalID(p.ExternalID)] = true
	}
	for i := range f.Matches {
		for _, id := range slices.Concat(f.Matches[i].ByName, one(f.Matches[i].ByExternalID)) {
			known[audit.CanonicalExternalID(id.ExternalID)] = true
		}
		if gone := f.Matches[i].DeletedByExternalID; gone != nil {
			deleted[audit.CanonicalExternalID(gone.ExternalID)] = true
		}
	}
	for _, rule := range f.Denylist {
		key := audit.CanonicalExternalID(rule.ExternalID)
		denied, asked := f.Denied[key]
		switch {
		case deleted[key], denied.Identity != nil && denied.Identity.Deleted:
			out.add(kindRule, rule.ExternalID, rule.Name, "was deleted in the identity provider")
		case denied.Identity != nil:
		case asked && denied.Unknown == "":
			out.add(kindRule, rule.ExternalID, rule.Name, "the identity provider has no identity with this id")
		case known[key]:
		default:
			out.unknown = append(out.unknown, fmt.Sprintf("no principal of the account has the id of the rule for %s, and whether the identity provider has it is not known: %s",
				cmp.Or(rule.Name, rule.ExternalID), cmp.Or(denied.Unknown, "it was not asked")))
		}
	}
	return out
}

func one(id *audit.Identity) []audit.Identity {
	if id == nil {
		return nil
	}
	return []audit.Identity{*id}
}

// Assignment is a group that needs an assignment of its own in a workspace.
type Assignment struct{ WorkspaceID, WorkspaceName, GroupID, GroupName string }

// AssignmentsNeeded are the groups that are in a workspace only through another one,
// sorted by workspace and group.
func AssignmentsNeeded(f *Facts) []Assignment {
	direct := map[Access]bool{}
	for _, a := range f.Access {
		if a.Direct {
			direct[Access{a.WorkspaceID, a.Ref, false}] = true
		}
	}
	names := map[string]string{}
	for _, w := range f.Workspaces {
		names[w.ID] = w.Name
	}
	var out []Assignment
	for _, a := range f.Access {
		if a.Type == audit.TypeGroup && !a.Direct && !direct[a] {
			out = append(out, Assignment{a.WorkspaceID, names[a.WorkspaceID], a.ID, f.principal(a.Ref).Name})
		}
	}
	slices.SortFunc(out, func(a, b Assignment) int {
		return cmp.Or(audit.CompareIDs(a.WorkspaceID, b.WorkspaceID), audit.CompareIDs(a.GroupID, b.GroupID))
	})
	return slices.Compact(out)
}

func judgeIndirectGroups(f *Facts) (out finding) {
	for _, a := range AssignmentsNeeded(f) {
		out.affected = append(out.affected, Affected{
			Kind: string(audit.TypeGroup), ID: a.GroupID, Name: a.GroupName, WorkspaceID: a.WorkspaceID, Detail: "is in the workspace through another group only",
		})
	}
	return out
}

func judgeLocalGroups(f *Facts) (out finding) {
	for _, g := range f.LocalGroups {
		detail := audit.CountOf(len(g.Members), "member")
		if g.AccountGroupID != "" {
			detail += ", the account has a group of that name: " + g.AccountGroupID
		}
		out.affected = append(out.affected, Affected{Kind: kindWorkspaceGroup, ID: g.ID, Name: g.Name, WorkspaceID: g.WorkspaceID, Detail: detail})
	}
	return out
}

// linkedGroups goes through the linked groups whose members were compared.
func (f *Facts) linkedGroups(each func(m *audit.Match, members *audit.MemberMatch)) {
	for i := range f.Matches {
		m := &f.Matches[i]
		if m.Principal.Type == audit.TypeGroup && m.Unknown == "" && m.ByExternalID != nil && m.Members != nil && m.Members.Unknown == "" {
			each(m, m.Members)
		}
	}
}

// silentMembers is why the members in the identity provider are not known.
func (f *Facts) silentMembers() []string {
	if f.IDP == idpDatabricks {
		return []string{"idp databricks (matchWithIdp) does not report the members that the identity provider has; entra, okta and file do"}
	}
	var out []string
	f.linkedGroups(func(m *audit.Match, members *audit.MemberMatch) {
		if members.InIDP != nil && members.InIDP.Unknown != "" {
			out = append(out, fmt.Sprintf("group/%s: %s", m.Principal.ID, members.InIDP.Unknown))
		}
	})
	return out
}

func judgeGained(f *Facts, privileged bool) (out finding) {
	out.unknown = f.silentMembers()
	// Where no one gains a group, what groups give does not matter.
	out.doesWithout = []Need{NeedRoles, NeedGroupMembers, NeedWorkspaceAdmins, NeedMetastores}
	f.linkedGroups(func(m *audit.Match, members *audit.MemberMatch) {
		if members.InIDP == nil || len(members.InIDP.Missing) == 0 {
			return
		}
		out.doesWithout = nil
		given := f.privilegesOf(m.Principal.Ref)
		if privileged && len(given) == 0 {
			return
		}
		const shown = 5
		var names []string
		for _, id := range members.InIDP.Missing[:min(shown, len(members.InIDP.Missing))] {
			names = append(names, nameOf(&id))
		}
		detail := audit.CountOf(len(members.InIDP.Missing), "more member") + ": " + strings.Join(names, ", ")
		if len(members.InIDP.Missing) > shown {
			detail += ", .."
		}
		for _, what := range given {
			detail += "; " + what
		}
		if in := f.workspacesOf(m.Principal.Ref); len(in) > 0 {
			detail += "; workspaces: " + strings.Join(in, ", ")
		}
		if grants := f.grantsOf(m.Principal.Ref); len(grants) > 0 {
			detail += "; Unity Catalog: " + strings.Join(grants, ", ")
		}
		out.addRef(m.Principal.Ref, m.Principal.Name, detail)
	})
	if why := f.Unknown[NeedGrants]; len(why) > 0 && len(out.affected) > 0 {
		out.evidence = append(out.evidence, "what these groups may do in Unity Catalog is not known whole: "+why[0])
	}
	return out
}

// GainedGroups are the names of the groups that someone gains, and of those above them,
// sorted.
func GainedGroups(f *Facts) []string {
	var out []string
	f.linkedGroups(func(m *audit.Match, members *audit.MemberMatch) {
		if members.InIDP != nil && len(members.InIDP.Missing) > 0 {
			out = append(out, slices.Collect(maps.Keys(f.namesAbove(m.Principal.Ref)))...)
		}
	})
	return sorted(out)
}

// namesAbove are the names of a group and of those above it.
func (f *Facts) namesAbove(group audit.Ref) map[string]bool {
	out := map[string]bool{}
	for id := range f.above(group) {
		if name := f.byID(id).Name; name != "" {
			out[name] = true
		}
	}
	return out
}

// grantsOf are what a group may do in Unity Catalog, by itself or by a group above it:
// first what it owns or manages, and five at most. Whole catalogs that it owns make it
// privileged.
func (f *Facts) grantsOf(group audit.Ref) []string {
	const shown = 5
	names, strong := f.namesAbove(group), []string{Owner, "MANAGE", "ALL_PRIVILEGES"}
	var held []Grant
	for _, g := range f.Grants {
		if !g.ownsCatalogs() && hasFolded(names, g.Group) {
			held = append(held, g)
		}
	}
	rank := func(g Grant) int {
		if at := slices.Index(strong, g.Privilege); at >= 0 {
			return at
		}
		return len(strong)
	}
	slices.SortFunc(held, func(a, b Grant) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Privilege, b.Privilege), cmp.Compare(a.First, b.First), cmp.Compare(a.Group, b.Group))
	})
	var out []string
	for _, g := range held[:min(shown, len(held))] {
		out = append(out, g.String())
	}
	if more := len(held) - shown; more > 0 {
		out = append(out, fmt.Sprintf("and %d more", more))
	}
	return out
}

// hasFolded looks a name up in any case.
func hasFolded(names map[string]bool, name string) bool {
	for one := range names {
		if strings.EqualFold(one, name) {
			return true
		}
	}
	return false
}

// privilegesOf are what makes a group privileged, by itself or by a group above it.
func (f *Facts) privilegesOf(group audit.Ref) []string {
	above := f.above(group)
	var roles, admin, owner, catalogs []string
	for id := range above {
		roles = append(roles, f.GroupRoles[id]...)
	}
	for workspace, admins := range f.WorkspaceAdmins {
		if slices.ContainsFunc(admins.IDs, func(id string) bool { return above[id] }) {
			admin = append(admin, workspace)
		}
	}
	names := f.namesAbove(group)
	for _, m := range f.Metastores {
		if hasFolded(names, m.Owner) {
			owner = append(owner, m.Name)
		}
	}
	for _, g := range f.Grants {
		if g.ownsCatalogs() && hasFolded(names, g.Group) {
			catalogs = append(catalogs, g.objects())
		}
	}
	slices.SortFunc(admin, audit.CompareIDs)
	var out []string
	for _, part := range []struct {
		what string
		list []string
	}{{"account roles", sorted(roles)}, {"admin of workspaces", admin}, {"owner of metastores", sorted(owner)}, {"owner of catalogs", sorted(catalogs)}} {
		if len(part.list) > 0 {
			out = append(out, part.what+": "+strings.Join(part.list, ", "))
		}
	}
	return out
}

// sorted are texts in order, each once.
func sorted(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

func nameOf(id *audit.Identity) string {
	if len(id.Names) > 0 {
		return id.Names[0]
	}
	return cmp.Or(id.DisplayName, id.ExternalID)
}

// workspacesOf are the workspaces to which a principal has access, sorted. They are not
// to be changed.
func (f *Facts) workspacesOf(ref audit.Ref) []string {
	f.indexAccess()
	return f.accessOf[ref]
}

// assignedTo are the workspaces to which a principal has access by itself.
func (f *Facts) assignedTo(id string) []string {
	f.indexAccess()
	return f.directOf[id]
}

func (f *Facts) indexAccess() {
	if f.accessOf != nil {
		return
	}
	f.accessOf, f.directOf = map[audit.Ref][]string{}, map[string][]string{}
	for _, a := range f.Access {
		f.accessOf[a.Ref] = append(f.accessOf[a.Ref], a.WorkspaceID)
		if a.Direct {
			f.directOf[a.ID] = append(f.directOf[a.ID], a.WorkspaceID)
		}
	}
	for ref, ids := range f.accessOf {
		slices.SortFunc(ids, audit.CompareIDs)
		f.accessOf[ref] = slices.Compact(ids)
	}
}

// Evidence is what speaks for AIM being on; nothing that can be read speaks for off.
func Evidence(f *Facts) []string {
	var out []string
	synced := 0
	for _, members := range f.Members {
		for _, m := range members {
			if m.Source == audit.SourceIdentityProvider {
				synced++
			}
		}
	}
	if synced > 0 {
		out = append(out, audit.CountOf(synced, "membership")+" came from the identity provider: automatic identity management was on at some time")
	}
	if n := len(f.Denylist); n > 0 {
		out = append(out, "the denylist has "+audit.CountOf(n, "rule")+": automatic identity management was set up")
	}
	for _, name := range f.Settings {
		lower := strings.ToLower(name)
		if strings.Contains(lower, "automatic_identity") || strings.Contains(lower, "aim_") || strings.Contains(lower, "user_provisioning") {
			out = append(out, "the account has a setting "+name)
		}
	}
	if len(f.seen().AIM) > 0 {
		out = append(out, "the audit log has changes by automatic identity management (just-in-time provisioning may be logged in the same way)")
	}
	return out
}

func judgeEvidence(f *Facts) (out finding) {
	out.evidence = Evidence(f)
	switch {
	case f.AIM == audit.AIMOff && len(out.evidence) > 0:
		out.add(kindAccount, "", "", "declared off; "+strings.Join(out.evidence, "; "))
	case f.AIM == audit.AIMUnknown:
		out.unknown = append(out.unknown, "the provider block does not say whether it is on (automatic_identity_management), and no API reports it")
	}
	return out
}
