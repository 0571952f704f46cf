// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package readiness_test

import (
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/guard"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/judge"
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
		Admins:     c.admins, Members: map[string][]audit.Member{}, GroupRoles: c.roles, LocalGroups: c.local, Denylist: slices.Clone(c.rules), Denied: map[string]guard.DeniedIdentity{},
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
	f.Report = judge.Divergences(judge.Input{Inventory: f.Inventory, Matches: f.Matches, Members: f.Members, Privileges: powers},
		judge.Options{Now: now, AIM: audit.AIMOn, IDP: f.Capabilities, LinkGroups: true, Relink: true, SuggestGroupClears: true, PrimaryDomains: f.PrimaryDomains})
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
		denied := guard.DeniedIdentity{Identity: c.identity(rule.ExternalID)}
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
