// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/judge"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/file"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/prepscript"
)

// within are the principals in a group of the account, at any depth, itself among
// them: slow, and without any code of the adapters.
func (o oracle) within(id string) map[string]bool {
	found := map[string]bool{id: true}
	for open := []string{id}; len(open) > 0; open = open[1:] {
		for _, g := range o.State.Groups {
			for _, m := range g.Members {
				if g.ID == open[0] && !found[m.Value] {
					found[m.Value] = true
					open = append(open, m.Value)
				}
			}
		}
	}
	return found
}

// identities are the ids in the IdP, in lower case, of those whom a principal of the
// account may be: the one of its externalId, and those of its name.
func (o oracle) identities(id string) (ids []string) {
	stored, _ := o.ExternalID(id)
	ids = append(ids, stored)
	for _, u := range o.State.Users {
		if u.ID == id {
			ids = append(ids, o.UsersNamed(u.UserName)...)
		}
	}
	for _, g := range o.State.Groups {
		if g.ID == id {
			ids = append(ids, o.GroupsNamed(g.DisplayName)...)
		}
	}
	for _, s := range o.State.ServicePrincipals {
		if s.ID == id {
			ids = append(ids, o.ServicePrincipalsNamed(s.ApplicationID)...)
		}
	}
	for i := range ids {
		ids[i] = strings.ToLower(ids[i])
	}
	return ids
}

// undescribed reports whether the IdP group, or one below it, has a member that the
// directory does not hold.
func (o oracle) undescribed(groupID string) bool {
	there := map[string]bool{}
	for _, u := range o.State.IDP.Users {
		there[strings.ToLower(u.ID)] = true
	}
	for _, g := range o.State.IDP.Groups {
		there[strings.ToLower(g.ID)] = true
	}
	for _, s := range o.State.IDP.ServicePrincipals {
		there[strings.ToLower(s.ID)] = true
	}
	for id := range o.Below(groupID) {
		if !there[id] {
			return true
		}
	}
	return false
}

// No removal that is offered takes out anyone whom the IdP has in that group, and
// none is offered where the directory has a member that it does not describe.
func TestSources_removalsAreSafe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	offered, dangling := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		st := randomState(t)
		described := st.IDP
		described.Groups = slices.Clone(st.IDP.Groups)
		for i := range st.IDP.Groups {
			if rapid.IntRange(0, 7).Draw(t, "undescribed") == 0 {
				g := &st.IDP.Groups[i]
				g.Members = append(slices.Clone(g.Members), objectID("b", 98))
			}
		}
		for i := range st.Groups { // Who is in a group by its own means, and who through another.
			if rapid.Bool().Draw(t, "nested") {
				st.Groups[i].Members = append(st.Groups[i].Members, simulator.Member{Value: st.Groups[(i+1)%len(st.Groups)].ID})
			}
		}
		server := st
		server.IDP = described
		w, done := open(t, server, simulator.Options{})
		defer done()
		client := w.account(t)
		o := oracle{prepscript.Oracle{State: w.state(t), Directory: true}}
		for _, source := range []idp.Source{w.entra(t), file.New(writeDirectory(t, dir, st.IDP))} {
			if source.Kind() == file.Kind {
				o.State.IDP = st.IDP
			}
			report, result := runWith(t, client, source, judge.Options{IDP: source.Capabilities().Capabilities, AIM: audit.AIMOff})
			for _, m := range result.Matches {
				if m.Members != nil && m.Members.Unknown != "" {
					dangling++
				}
			}
			for _, r := range report.MemberRemovals {
				offered++
				root, _ := o.ExternalID(r.GroupID)
				below := o.Below(root)
				for id := range o.within(r.MemberID) {
					for _, one := range o.identities(id) {
						if there, _ := o.Live(one); below[one] && there != "" {
							t.Fatalf("%s offers %+v, and the IdP has %s in the group", source.Kind(), r, one)
						}
					}
				}
				if o.undescribed(root) {
					t.Fatalf("%s offers %+v, and the group has a member that the directory does not describe", source.Kind(), r)
				}
			}
		}
	})
	if offered == 0 || dangling == 0 {
		t.Errorf("%d removals, %d unknown groups: the property proves nothing", offered, dangling)
	}
}
