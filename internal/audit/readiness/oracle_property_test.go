// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package readiness_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/readiness"
)

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
