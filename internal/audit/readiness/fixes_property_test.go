// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package readiness_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/readiness"
)

// company is an account with one workspace, and its directory. The facts are read off it
// again after every change.
type company struct {
	principals []audit.Principal
	members    map[string][]audit.Member
	identities []audit.Identity
	inIDP      map[string][]string // direct members of groups there, by external id
	assigned   []string
	federated  bool
	admins     []audit.Ref
	roles      map[string][]string
	rules      []audit.DenyRule
	local      []readiness.LocalGroup
	planned    []readiness.Planned
	views      []readiness.Definition
	code       []string
}

// drawCompany draws from so few names and ids that they meet often.
func drawCompany(t *rapid.T) *company {
	c := &company{members: map[string][]audit.Member{}, inIDP: map[string][]string{}, roles: map[string][]string{}}
	often := func(name string) bool { return rapid.IntRange(0, 3).Draw(t, name) > 0 }
	rarely := func(name string) bool { return rapid.IntRange(0, 5).Draw(t, name) == 0 }
	one := func(name string, list ...string) string { return rapid.SampledFrom(list).Draw(t, name) }
	for n := range 6 {
		name := fmt.Sprintf("p%d@example.com", n)
		if often("identity") {
			id := audit.Identity{Type: audit.TypeUser, ExternalID: fmt.Sprint("iu", n), Names: []string{name}, Enabled: ptr(often("enabled")), Guest: ptr(false)}
			if rarely("married") {
				id.Names = []string{"new-" + name}
			}
			c.identities = append(c.identities, id)
		}
		if often("user") {
			p := user(fmt.Sprint(1+n), name, one("link", "", "iu0", "gone", fmt.Sprint("iu", n), fmt.Sprint("iu", n)))
			p.Active = ptr(often("active"))
			c.principals = append(c.principals, p)
			if *p.Active && rarely("admin") {
				c.admins = append(c.admins, p.Ref)
			}
		}
	}
	for n := range 5 {
		name := fmt.Sprint("group-", n)
		if often("identity") {
			id := audit.Identity{Type: audit.TypeGroup, ExternalID: fmt.Sprint("ig", n), Names: []string{name}, DisplayName: name}
			if rarely("renamed") {
				id.Names = []string{"new-" + name}
			}
			for _, m := range c.identities {
				if (m.Type == audit.TypeUser || m.ExternalID > id.ExternalID) && rarely("in it there") {
					c.inIDP[id.ExternalID] = append(c.inIDP[id.ExternalID], m.ExternalID)
				}
			}
			for k := range n { // Those made before: no circle.
				if rarely("nested there") {
					c.inIDP[id.ExternalID] = append(c.inIDP[id.ExternalID], fmt.Sprint("ig", k))
				}
			}
			c.identities = append(c.identities, id)
		}
		if !often("group") {
			continue
		}
		g := group(fmt.Sprint(20+n), name, one("link", "", "gone", fmt.Sprint("ig", n), fmt.Sprint("ig", n), fmt.Sprint("ig", n)))
		for _, m := range c.principals {
			if rarely("in it") {
				c.members[g.ID] = append(c.members[g.ID], audit.Member{Ref: m.Ref, Name: m.Name, ExternalID: m.ExternalID,
					Source: rapid.SampledFrom([]audit.MembershipSource{audit.SourceInternal, audit.SourceIdentityProvider}).Draw(t, "source")})
			}
		}
		c.principals = append(c.principals, g)
		if rarely("assigned") {
			c.assigned = append(c.assigned, g.ID)
		}
		if rarely("role") {
			c.roles[g.ID] = []string{"billing_admin"}
		}
		if rarely("denied") {
			c.rules = append(c.rules, audit.DenyRule{ExternalID: one("rule", "ig0", "ig1", "iu1", "nobody")})
		}
		if rarely("asked for") {
			c.views = append(c.views, readiness.Definition{Kind: readiness.KindView, Name: fmt.Sprint("c.s.v", n), Text: "is_account_group_member('" + one("asks", "group-0", "group-4", "nobody") + "')"})
		}
		if rarely("local") {
			c.local = append(c.local, readiness.LocalGroup{WorkspaceID: "100", ID: fmt.Sprint(n), Name: "local"})
		}
	}
	for n := range 3 {
		id := fmt.Sprint("is", n)
		if often("identity") {
			c.identities = append(c.identities, audit.Identity{Type: audit.TypeServicePrincipal, ExternalID: id, Names: []string{fmt.Sprint("app-", n)}, DisplayName: one("name", "etl", "load", "reports"),
				Enabled: ptr(true)})
		}
		if often("application") {
			c.principals = append(c.principals, audit.Principal{Ref: audit.Ref{Type: audit.TypeServicePrincipal, ID: fmt.Sprint(40 + n)}, Name: fmt.Sprint("app-", n), DisplayName: one("name", "etl", "load", "reports"),
				ExternalID: one("link", "", id), Active: ptr(true)})
		}
	}
	c.code = []string{`display_name = "` + one("line", "etl", "load", "none") + `"`, "grant to " + one("line", "group-0", "group-1", "nobody")}
	c.federated = often("federated")
	if rarely("planned") {
		c.planned = append(c.planned, readiness.Planned{Type: audit.TypeUser, Name: one("planned", "p0@example.com", "later@example.com")})
	}
	return c
}

// below are the users and applications in a group of the directory at any depth, and the
// groups directly in it.
func (c *company) below(group string) (people, nested []string) {
	seen := map[string]bool{group: true}
	for queue := []string{group}; len(queue) > 0; queue = queue[1:] {
		for _, id := range c.inIDP[queue[0]] {
			if c.identity(id) == nil || seen[id] {
				continue
			}
			seen[id] = true
			if c.identity(id).Type != audit.TypeGroup {
				people = append(people, id)
				continue
			}
			queue = append(queue, id)
			if slices.Contains(c.inIDP[group], id) {
				nested = append(nested, id)
			}
		}
	}
	slices.Sort(people)
	slices.Sort(nested)
	return people, nested
}

func (c *company) identity(id string) *audit.Identity {
	for i := range c.identities {
		if c.identities[i].ExternalID == id {
			return &c.identities[i]
		}
	}
	return nil
}

func (c *company) principal(id string) *audit.Principal {
	for i := range c.principals {
		if c.principals[i].ID == id {
			return &c.principals[i]
		}
	}
	return nil
}

func (c *company) match(p audit.Principal) audit.Match {
	m := audit.Match{Principal: p}
	for i := range c.identities {
		id := &c.identities[i]
		switch {
		case id.ExternalID == p.ExternalID && id.Type == p.Type:
			m.ByExternalID = id
		case id.ExternalID == p.ExternalID:
			m.ByExternalIDOtherType = id
		}
		if id.Type == p.Type && slices.Contains(id.Names, p.Name) {
			m.ByName = append(m.ByName, *id)
		}
	}
	if p.Type != audit.TypeGroup {
		return m
	}
	m.Members = &audit.MemberMatch{}
	if m.ByExternalID == nil {
		return m
	}
	people, nested := c.below(p.ExternalID)
	m.Members.InIDP = &audit.IDPMembers{Count: len(people)}
	here := c.here(p.ID, map[string]bool{})
	for _, id := range people {
		if !here[id] {
			m.Members.InIDP.Missing = append(m.Members.InIDP.Missing, *c.identity(id))
		}
	}
	for _, id := range nested {
		m.Members.InIDP.Nested = append(m.Members.InIDP.Nested, *c.identity(id))
	}
	for _, member := range c.members[p.ID] {
		is := c.principal(member.ID)
		ref := audit.MemberRef{Ref: is.Ref, Name: is.Name, ExternalID: is.ExternalID, Source: member.Source}
		switch {
		case slices.Contains(people, is.ExternalID), slices.Contains(nested, is.ExternalID):
		case is.ExternalID == "":
			m.Members.Local = append(m.Members.Local, ref)
		default:
			m.Members.External = append(m.Members.External, ref)
		}
	}
	return m
}

// here are the external ids of the users and applications in a group of the account.
func (c *company) here(group string, seen map[string]bool) map[string]bool {
	out := map[string]bool{}
	if seen[group] {
		return out
	}
	seen[group] = true
	for _, m := range c.members[group] {
		if m.Type != audit.TypeGroup {
			out[c.principal(m.ID).ExternalID] = true
			continue
		}
		for id := range c.here(m.ID, seen) {
			out[id] = true
		}
	}
	return out
}

func (c *company) facts() *readiness.Facts {
	f := &readiness.Facts{
		Now: now, Cloud: "azure", IDP: "entra", AIM: audit.AIMOn, TenantID: "t-1", PrimaryDomains: []string{"example.com"}, Capabilities: audit.Capabilities{DisplayNames: true, EnabledState: true},
		Unknown: map[readiness.Need][]string{}, Planned: c.planned, Texts: map[string]string{"main.tf": strings.Join(c.code, "\n")},
		Workspaces: []audit.Workspace{{ID: "100", Name: "main", Federation: ptr(c.federated), Tier: "PREMIUM"}},
		Inventory:  audit.Inventory{Principals: slices.Clone(c.principals), Coverage: audit.Coverage{Users: true, Groups: true, ServicePrincipals: true}},
		Admins:     c.admins, Members: map[string][]audit.Member{}, GroupRoles: c.roles, LocalGroups: c.local, Denylist: slices.Clone(c.rules), Denied: map[string]audit.DeniedIdentity{},
		Definitions: c.views,
	}
	slices.SortFunc(f.Inventory.Principals, func(a, b audit.Principal) int { return audit.CompareRefs(a.Ref, b.Ref) })
	powers := map[audit.Ref]audit.Privilege{}
	for _, p := range f.Inventory.Principals {
		f.Matches = append(f.Matches, c.match(p))
		powers[p.Ref] = audit.Privilege{}
		if p.Type == audit.TypeGroup {
			f.Members[p.ID] = slices.Clone(c.members[p.ID])
		}
	}
	f.Report = audit.Divergences(audit.Input{Inventory: f.Inventory, Matches: f.Matches, Members: f.Members, Privileges: powers},
		audit.Options{Now: now, AIM: audit.AIMOn, IDP: f.Capabilities, LinkGroups: true, Relink: true, SuggestGroupClears: true, PrimaryDomains: f.PrimaryDomains})
	// Who is in the workspace, by an assignment or through a group that has one.
	seen := map[string]bool{}
	for queue := slices.Clone(c.assigned); len(queue) > 0; queue = queue[1:] {
		if seen[queue[0]] {
			continue
		}
		seen[queue[0]] = true
		f.Access = append(f.Access, readiness.Access{WorkspaceID: "100", Ref: c.principal(queue[0]).Ref, Direct: slices.Contains(c.assigned, queue[0])})
		for _, m := range c.members[queue[0]] {
			queue = append(queue, m.ID)
		}
	}
	for _, rule := range c.rules {
		denied := audit.DeniedIdentity{Identity: c.identity(rule.ExternalID)}
		people, _ := c.below(rule.ExternalID)
		for _, ref := range c.admins {
			if p := c.principal(ref.ID); p.ExternalID == rule.ExternalID || slices.Contains(people, p.ExternalID) {
				denied.Within = append(denied.Within, ref)
			}
		}
		f.Denied[audit.CanonicalExternalID(rule.ExternalID)] = denied
	}
	return f
}

// leave takes identities out of every group of the directory.
func (c *company) leave(ids []audit.Identity) {
	for group := range c.inIDP {
		c.inIDP[group] = slices.DeleteFunc(c.inIDP[group], func(id string) bool {
			return slices.ContainsFunc(ids, func(one audit.Identity) bool { return one.ExternalID == id })
		})
	}
}

// provision gives an identity a user here.
func (c *company) provision(id audit.Identity) *audit.Principal {
	for i := range c.principals {
		if c.principals[i].Type == id.Type && c.principals[i].ExternalID == id.ExternalID {
			return &c.principals[i]
		}
	}
	c.principals = append(c.principals, audit.Principal{Ref: audit.Ref{Type: id.Type, ID: fmt.Sprint(100 + len(c.principals))}, Name: id.Names[0], ExternalID: id.ExternalID, Active: ptr(true)})
	return &c.principals[len(c.principals)-1]
}

// eachMissing goes through the members that only the directory has.
func eachMissing(f *readiness.Facts, each func(group string, ids []audit.Identity)) {
	for i := range f.Matches {
		if m := &f.Matches[i]; m.ByExternalID != nil && m.Members != nil && m.Members.InIDP != nil && len(m.Members.InIDP.Missing) > 0 {
			each(m.Principal.ID, m.Members.InIDP.Missing)
		}
	}
}

// fixers do what a check says for what it names, by our resources, the official assignment,
// or as a person would. They return the ids of what they leave to people.
func fixers() map[string]func(*company, *readiness.Facts, readiness.Result) []string {
	type fixer = func(*company, *readiness.Facts, readiness.Result) []string
	each := func(fix func(c *company, a readiness.Affected)) fixer {
		return func(c *company, _ *readiness.Facts, r readiness.Result) []string {
			for _, a := range r.Affected {
				fix(c, a)
			}
			return nil
		}
	}
	link := func(c *company, f *readiness.Facts, r readiness.Result) (left []string) {
		for _, a := range r.Affected {
			at := slices.IndexFunc(f.Report.ExternalIDFixes, func(fix audit.ExternalIDFix) bool { return fix.ID == a.ID })
			if at < 0 {
				left = append(left, a.ID)
				continue
			}
			c.principal(a.ID).ExternalID = f.Report.ExternalIDFixes[at].ExternalID
		}
		return left
	}
	remove := each(func(c *company, a readiness.Affected) {
		var from string
		if _, err := fmt.Sscanf(a.Detail, "in group/%s", &from); err != nil {
			panic(err)
		}
		c.members[from] = slices.DeleteFunc(c.members[from], func(m audit.Member) bool { return m.ID == a.ID })
	})
	flatten := each(func(c *company, a readiness.Affected) {
		id := c.principal(a.ID).ExternalID
		c.inIDP[id], _ = c.below(id)
	})
	allow := each(func(c *company, a readiness.Affected) {
		c.rules = slices.DeleteFunc(c.rules, func(r audit.DenyRule) bool { return r.ExternalID == a.ID })
	})
	rename := func(c *company, f *readiness.Facts, _ readiness.Result) []string {
		for _, one := range readiness.Renames(f) {
			m := c.match(*c.principal(one.ID))
			if m.ByExternalID == nil {
				m.ByExternalID = &m.ByName[0]
			}
			c.identity(m.ByExternalID.ExternalID).DisplayName = one.Now
		}
		return nil
	}
	// As Databricks support does, or the resource that resolves a group.
	takeName := func(c *company, _ *readiness.Facts, r readiness.Result) (left []string) {
		for _, a := range r.Affected {
			id := c.identity(c.principal(a.ID).ExternalID)
			if id == nil || slices.ContainsFunc(c.principals, func(p audit.Principal) bool {
				return p.ID != a.ID && (p.Name == id.Names[0] || p.ExternalID == id.ExternalID)
			}) {
				left = append(left, a.ID)
				continue
			}
			c.principal(a.ID).Name = id.Names[0]
		}
		return left
	}
	takeOut := func(c *company, f *readiness.Facts, r readiness.Result) []string {
		eachMissing(f, func(group string, ids []audit.Identity) {
			if slices.ContainsFunc(r.Affected, func(a readiness.Affected) bool { return a.ID == group }) {
				c.leave(ids)
			}
		})
		return nil
	}
	federate := func(c *company, _ *readiness.Facts, _ readiness.Result) []string { c.federated = true; return nil }
	return map[string]fixer{
		"external_ids_agree": link, "unlinked_name_match": link, "group_names_taken": link,
		"stale_memberships": remove, "nested_groups_gone": remove, "local_edits": remove,
		"idp_groups_nested": flatten, "nested_groups_flatten": flatten,
		"denylist_spares_admins": allow, "denylist_rules_known": allow,
		"service_principal_names": rename, "service_principal_names_unique": rename,
		"users_renamed": takeName, "groups_renamed": takeName,
		"privileged_access_gained": takeOut, "access_gained": takeOut, "member_counts": takeOut,
		"federated_workspace": federate, "all_workspaces_federated": federate,
		"groups_without_assignment": func(c *company, f *readiness.Facts, _ readiness.Result) []string {
			for _, a := range readiness.AssignmentsNeeded(f) {
				c.assigned = append(c.assigned, a.GroupID)
			}
			return nil
		},
		"stale_users":            each(func(c *company, a readiness.Affected) { c.principal(a.ID).Active = ptr(false) }),
		"workspace_local_groups": each(func(c *company, _ readiness.Affected) { c.local = nil }),
		"names_in_code": each(func(c *company, a readiness.Affected) {
			var line int
			if _, err := fmt.Sscanf(a.ID, "main.tf:%d", &line); err != nil {
				panic(err)
			}
			c.code[line-1] = "by id"
		}),
		"planned_principals": each(func(c *company, a readiness.Affected) {
			c.provision(audit.Identity{Type: audit.TypeUser, ExternalID: "iu-later", Names: []string{a.Name}})
		}),
		"group_names_in_sql": each(func(c *company, a readiness.Affected) {
			for i := range c.views {
				if c.views[i].Name == a.ID {
					c.views[i].Text = "SELECT 1"
				}
			}
		}),
		"account_admin_person": func(c *company, _ *readiness.Facts, _ readiness.Result) []string {
			p := user("99", "boss@example.com", "")
			c.principals, c.admins = append(c.principals, p), append(c.admins, p.Ref)
			return nil
		},
		"copied_memberships": each(func(c *company, a readiness.Affected) {
			for i := range c.members[a.ID] {
				c.members[a.ID][i].Source = audit.SourceIdentityProvider
			}
		}),
		"members_never_signed_in": func(c *company, f *readiness.Facts, _ readiness.Result) []string {
			eachMissing(f, func(_ string, ids []audit.Identity) {
				for _, id := range ids {
					c.provision(id)
				}
			})
			return nil
		},
		// As SCIM does: everyone is here, and in the groups.
		"synced_memberships_end": func(c *company, f *readiness.Facts, _ readiness.Result) []string {
			for group := range c.members {
				for i := range c.members[group] {
					c.members[group][i].Source = audit.SourceInternal
				}
			}
			eachMissing(f, func(group string, ids []audit.Identity) {
				for _, id := range ids {
					p := c.provision(id)
					c.members[group] = append(c.members[group], audit.Member{Ref: p.Ref, Name: p.Name, ExternalID: p.ExternalID, Source: audit.SourceInternal})
				}
			})
			return nil
		},
	}
}

// Whatever the account and the directory: what a check names, repaired as it says, it never
// names again, and is met; at once, or when what came to light with the repair is repaired,
// too: of two who held one id, the other one is named next.
func TestProperty_fixesMakeChecksMet(t *testing.T) {
	t.Parallel()
	fix, done := fixers(), map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		drawn := drawCompany(rt)
		for _, r := range readiness.Assess(drawn.facts(), nil).Results {
			if fix[r.ID] == nil {
				continue
			}
			c, repaired := drawn.copied(), map[string]bool{}
			for progress := true; progress && r.Status == readiness.NotMet; r = resultOf(readiness.Assess(c.facts(), nil), r.ID) {
				progress = false
				left := fix[r.ID](c, c.facts(), r)
				for _, a := range r.Affected {
					switch {
					case repaired[a.Subject()]:
						rt.Fatalf("%s names %s again, which was repaired: %s", r.ID, a.Subject(), a.Detail)
					case !slices.Contains(left, a.ID):
						progress = true
					}
				}
				for _, a := range r.Affected {
					repaired[a.Subject()] = !slices.Contains(left, a.ID)
				}
			}
			switch {
			case r.Status == readiness.Unknown:
				rt.Fatalf("%s is unknown, and everything was read: %v", r.ID, r.Unknown)
			case r.Status == readiness.Met && len(repaired) > 0:
				done[r.ID]++
			}
		}
	})
	for id := range fix {
		if done[id] == 0 {
			t.Errorf("nothing was repaired for %s: the property proves nothing of it", id)
		}
	}
}

func resultOf(report readiness.Report, id string) readiness.Result {
	return report.Results[slices.IndexFunc(report.Results, func(r readiness.Result) bool { return r.ID == id })]
}

// copied shares nothing that a fix changes.
func (c *company) copied() *company {
	out := *c
	out.principals, out.identities, out.assigned, out.admins = slices.Clone(c.principals), slices.Clone(c.identities), slices.Clone(c.assigned), slices.Clone(c.admins)
	out.rules, out.views, out.code = slices.Clone(c.rules), slices.Clone(c.views), slices.Clone(c.code)
	out.members, out.inIDP = map[string][]audit.Member{}, map[string][]string{}
	for id := range c.members {
		out.members[id] = slices.Clone(c.members[id])
	}
	for id := range c.inIDP {
		out.inIDP[id] = slices.Clone(c.inIDP[id])
	}
	return &out
}

// inThere asks whether the directory has an identity in a group, at any depth: it has no
// circles here, nor has the account.
func (c *company) inThere(group, id string) bool {
	return slices.ContainsFunc(c.inIDP[group], func(direct string) bool { return c.identity(direct) != nil && (direct == id || c.inThere(direct, id)) })
}

// isHere asks the same of the account, by the external id.
func (c *company) isHere(group, id string) bool {
	return slices.ContainsFunc(c.members[group], func(m audit.Member) bool {
		return m.Type != audit.TypeGroup && c.principal(m.ID).ExternalID == id || c.isHere(m.ID, id)
	})
}

// inWorkspace asks whether a principal is in the workspace by itself or through groups.
func (c *company) inWorkspace(id string) bool {
	if slices.Contains(c.assigned, id) {
		return true
	}
	for group, members := range c.members {
		if slices.ContainsFunc(members, func(m audit.Member) bool { return m.ID == id }) && c.inWorkspace(group) {
			return true
		}
	}
	return false
}

// oracle is what checks name, asked of the account and the directory one by one.
func (c *company) oracle() map[string][]string {
	out := map[string][]string{}
	name := func(check, subject string) {
		if !slices.Contains(out[check], subject) {
			out[check] = append(out[check], subject)
		}
	}
	for _, p := range c.principals {
		linked, named := c.identity(p.ExternalID), (*audit.Identity)(nil)
		if linked != nil && linked.Type != p.Type {
			linked = nil
		}
		for i := range c.identities {
			if c.identities[i].Type == p.Type && c.identities[i].Names[0] == p.Name {
				named = &c.identities[i]
			}
		}
		switch p.Type {
		case audit.TypeUser:
			if *p.Active && p.ExternalID != "" && (linked == nil && named == nil || linked != nil && !*linked.Enabled) {
				name("stale_users", p.String())
			}
		case audit.TypeServicePrincipal:
			is := linked
			if is == nil {
				is = named
			}
			if is != nil && is.DisplayName != p.DisplayName {
				name("service_principal_names", p.String())
			}
		case audit.TypeGroup:
			if c.inWorkspace(p.ID) && !slices.Contains(c.assigned, p.ID) {
				name("groups_without_assignment", "group/100/"+p.ID)
			}
			if linked != nil {
				c.oracleGroup(p, name)
			}
		}
	}
	for _, r := range c.rules {
		if c.identity(r.ExternalID) == nil {
			name("denylist_rules_known", "rule/"+r.ExternalID)
		}
	}
	for _, g := range c.local {
		name("workspace_local_groups", "workspace_group/100/"+g.ID)
	}
	if !c.federated {
		name("federated_workspace", "account")
	}
	if len(c.admins) == 0 {
		name("account_admin_person", "account")
	}
	return out
}

// oracleGroup is about a linked group.
func (c *company) oracleGroup(g audit.Principal, name func(check, subject string)) {
	for _, id := range c.identities {
		switch there := c.inThere(g.ExternalID, id.ExternalID); {
		case there && id.Type == audit.TypeGroup && slices.Contains(c.inIDP[g.ExternalID], id.ExternalID):
			name("idp_groups_nested", g.String())
		case there && id.Type != audit.TypeGroup && !c.isHere(g.ID, id.ExternalID):
			name("access_gained", g.String())
			name("member_counts", g.String())
			if !slices.ContainsFunc(c.principals, func(p audit.Principal) bool { return p.Type != audit.TypeGroup && p.ExternalID == id.ExternalID }) {
				name("members_never_signed_in", "identity/"+id.ExternalID)
			}
		}
	}
	for _, m := range c.members[g.ID] {
		p := c.principal(m.ID)
		switch direct := slices.Contains(c.inIDP[g.ExternalID], p.ExternalID); {
		case c.inThere(g.ExternalID, p.ExternalID) && (direct || p.Type != audit.TypeGroup): // A group is confirmed where it is.
			if m.Source != audit.SourceIdentityProvider {
				name("copied_memberships", g.String())
			}
		case p.Type == audit.TypeGroup:
			name("nested_groups_gone", p.String())
		case p.ExternalID == "":
			name("local_edits", p.String())
		default:
			name("stale_memberships", p.String())
		}
	}
}

// Readiness names exactly what is found when the account and the directory are asked one by
// one, and each verdict follows from that.
func TestProperty_checksEqualOracle(t *testing.T) {
	t.Parallel()
	named := map[string]int{}
	asked := []string{
		"stale_users", "service_principal_names", "groups_without_assignment", "denylist_rules_known", "workspace_local_groups", "federated_workspace", "account_admin_person",
		"idp_groups_nested", "access_gained", "member_counts", "members_never_signed_in", "copied_memberships", "nested_groups_gone", "local_edits", "stale_memberships",
	}
	rapid.Check(t, func(rt *rapid.T) {
		c := drawCompany(rt)
		report, want := readiness.Assess(c.facts(), nil), c.oracle()
		for _, id := range asked {
			r, got := resultOf(report, id), []string{}
			for i := range r.Affected {
				if s := r.Affected[i].Subject(); !slices.Contains(got, s) {
					got = append(got, s)
				}
			}
			slices.Sort(got)
			slices.Sort(want[id])
			if !slices.Equal(got, want[id]) || (r.Status == readiness.NotMet) != (len(got) > 0) {
				rt.Fatalf("%s is %s and names %v, the oracle says %v", id, r.Status, got, want[id])
			}
			named[id] += len(got)
		}
	})
	for _, id := range asked {
		if named[id] == 0 {
			t.Errorf("%s named nothing: the property proves nothing of it", id)
		}
	}
}
