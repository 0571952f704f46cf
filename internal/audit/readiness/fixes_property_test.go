// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package readiness_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/judge"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/readiness"
)

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
			at := slices.IndexFunc(f.Report.ExternalIDFixes, func(fix judge.ExternalIDFix) bool { return fix.ID == a.ID })
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
