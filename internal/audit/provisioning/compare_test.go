// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provisioning_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/provisioning"
)

const (
	thisAccount  = "11111111-2222-4333-8444-555555555555"
	atAccount    = "https://accounts.azuredatabricks.net/api/2.0/accounts/" + thisAccount + "/scim/v2"
	atOther      = "https://accounts.azuredatabricks.net/api/2.0/accounts/22222222-2222-4333-8444-555555555555/scim/v2"
	inWorkspace  = "https://adb-7007.5.azuredatabricks.net/api/2.0/preview/scim"
	inOtherSpace = "https://adb-8008.5.azuredatabricks.net/api/2.0/preview/scim"
)

// scoped is a connector as a test draws it.
type scoped struct {
	address       string
	everyone      bool
	users, groups bool // writes them
	assigned      []provisioning.Assignment
	off           bool
}

func (s *scoped) connector(id string, members map[string]provisioning.GroupMembers) provisioning.Connector {
	c := provisioning.Connector{
		ID: id, DisplayName: "name of " + id, Jobs: []provisioning.Job{healthyJob()}, Now: now, Assigned: s.assigned, Members: members, Unread: map[provisioning.Part]string{},
		Settings: map[string]string{"BaseAddress": s.address, "SyncAll": fmt.Sprint(s.everyone)},
		Mappings: []provisioning.ObjectMapping{{Enabled: s.users, Target: "User"}, {Enabled: s.groups, Target: "Group"}},
	}
	if s.off {
		c.Jobs = nil
	}
	return c
}

func (s *scoped) writes(t audit.PrincipalType) bool {
	return !s.off && (t == audit.TypeUser && s.users || t == audit.TypeGroup && s.groups)
}

// direct are who is assigned, or a direct member of an assigned group.
func (s *scoped) direct(t audit.PrincipalType, members map[string]provisioning.GroupMembers) map[string]bool {
	out := map[string]bool{}
	for _, a := range s.assigned {
		if a.Type == t {
			out[a.ID] = true
		}
		if t == audit.TypeUser && a.Type == audit.TypeGroup {
			for _, id := range members[a.ID].Users {
				out[id] = true
			}
		}
	}
	return out
}

// below are who is in a group by way of another group.
func below(group string, members map[string]provisioning.GroupMembers, seen map[string]bool, meet func(t audit.PrincipalType, id string)) {
	for _, nested := range members[group].Groups {
		meet(audit.TypeGroup, nested)
		for _, id := range members[nested].Users {
			meet(audit.TypeUser, id)
		}
		if !seen[nested] {
			seen[nested] = true
			below(nested, members, seen, meet)
		}
	}
}

func compareAll(connectors []provisioning.Connector, account *provisioning.Account, unfound string) provisioning.Comparison {
	var verdicts []provisioning.Verdict
	for i := range connectors {
		verdicts = append(verdicts, provisioning.Judge(&connectors[i], account))
	}
	return provisioning.Compare(connectors, verdicts, account, unfound)
}

func rowKey(connector string, t audit.PrincipalType, id string) string {
	return fmt.Sprint(connector, " ", t, " ", id)
}

// The comparison agrees with an obvious account of it. Where something is hidden from it,
// every row is still true, and a list that is said to be whole is.
func TestCompare(t *testing.T) {
	t.Parallel()
	types := []audit.PrincipalType{audit.TypeUser, audit.TypeGroup}
	rapid.Check(t, func(t *rapid.T) {
		user := rapid.SampledFrom([]string{"u1", "u2", "u3", "u4"})
		group := rapid.SampledFrom([]string{"g1", "g2", "g3", "g4"})
		members := map[string]provisioning.GroupMembers{}
		for _, g := range []string{"g1", "g2", "g3", "g4"} {
			members[g] = provisioning.GroupMembers{
				Users: rapid.SliceOfNDistinct(user, 0, 2, rapid.ID).Draw(t, g+" users"), Groups: rapid.SliceOfNDistinct(group, 0, 2, rapid.ID).Draw(t, g+" groups"),
			}
		}
		account := provisioning.Account{
			ID: thisAccount, Workspaces: []audit.Workspace{{ID: "7007", Host: "https://adb-7007.5.azuredatabricks.net"}}, Coverage: audit.Coverage{Users: true, Groups: true},
		}
		linked := map[string]bool{}
		for i, id := range rapid.SliceOfNDistinct(rapid.OneOf(user, group), 0, 6, rapid.ID).Draw(t, "linked") {
			kind := audit.TypeUser
			if strings.HasPrefix(id, "g") {
				kind = audit.TypeGroup
			}
			account.Principals = append(account.Principals, audit.Principal{Ref: audit.Ref{Type: kind, ID: fmt.Sprint(100 + i)}, Name: "name of " + id, ExternalID: id})
			linked[id] = true
		}
		var drawn []scoped
		var connectors []provisioning.Connector
		for i := range rapid.IntRange(1, 3).Draw(t, "connectors") {
			s := scoped{
				address: rapid.SampledFrom([]string{atAccount, inWorkspace, atOther, inOtherSpace}).Draw(t, "address"), everyone: rapid.IntRange(0, 5).Draw(t, "everyone") == 0,
				users: rapid.IntRange(0, 5).Draw(t, "users") > 0, groups: rapid.IntRange(0, 5).Draw(t, "groups") > 0, off: rapid.IntRange(0, 5).Draw(t, "off") == 0,
			}
			for _, id := range rapid.SliceOfN(user, 0, 2).Draw(t, "assigned users") {
				s.assigned = append(s.assigned, provisioning.Assignment{Type: audit.TypeUser, ID: id})
			}
			for _, id := range rapid.SliceOfN(group, 0, 2).Draw(t, "assigned groups") {
				s.assigned = append(s.assigned, provisioning.Assignment{Type: audit.TypeGroup, ID: id})
			}
			drawn, connectors = append(drawn, s), append(connectors, s.connector(fmt.Sprint("c", i), maps.Clone(members)))
		}
		want := map[string]map[string]bool{"in_scope_absent": {}, "linked_out_of_scope": {}, "nested_only": {}, "workspace_only": {}}
		nested := map[string]bool{} // of connectors that write elsewhere, too: that may be hidden
		covered := func(kind audit.PrincipalType, id string) bool {
			return slices.ContainsFunc(drawn, func(s scoped) bool {
				return s.address == atAccount && s.writes(kind) && (s.everyone || s.direct(kind, members)[id])
			})
		}
		for i := range drawn {
			s, name := &drawn[i], fmt.Sprint("c", i)
			for _, kind := range types {
				for id := range s.direct(kind, members) {
					if s.writes(kind) && s.address == atAccount && !linked[id] {
						want["in_scope_absent"][rowKey(name, kind, id)] = true
					}
					if s.writes(kind) && s.address == inWorkspace && !covered(kind, id) {
						want["workspace_only"][rowKey(name, kind, id)] = true
					}
				}
			}
			for _, a := range s.assigned {
				if a.Type == audit.TypeGroup {
					below(a.ID, members, map[string]bool{}, func(kind audit.PrincipalType, id string) {
						if s.writes(kind) && !s.everyone && !s.direct(kind, members)[id] {
							nested[rowKey(name, kind, id)] = true
							want["nested_only"][rowKey(name, kind, id)] = s.address == atAccount || s.address == inWorkspace
						}
					})
				}
			}
		}
		for _, p := range account.Principals {
			if slices.ContainsFunc(drawn, func(s scoped) bool { return s.address == atAccount && !s.off }) && !covered(p.Type, p.ExternalID) {
				want["linked_out_of_scope"][rowKey("", p.Type, p.ExternalID)] = true
			}
		}
		unfound := ""
		for range rapid.IntRange(0, 3).Draw(t, "hidden") {
			c := &connectors[rapid.IntRange(0, len(connectors)-1).Draw(t, "of")]
			switch rapid.IntRange(0, 8).Draw(t, "what") {
			case 0:
				c.Settings["BaseAddress"] = "*"
			case 1:
				c.Unread[provisioning.PartSettings] = "forbidden"
			case 2:
				c.Unread[provisioning.PartSchema] = "forbidden"
			case 3:
				c.Assigned, c.Unread[provisioning.PartAssignments] = nil, "forbidden"
			case 4:
				c.Members[group.Draw(t, "whose members")] = provisioning.GroupMembers{Unknown: "forbidden"}
			case 5:
				delete(c.Members, group.Draw(t, "whose members"))
			case 6:
				c.Mappings[0].Filters = []provisioning.Filter{{Object: audit.TypeUser, Text: "department EQUALS sales"}}
			case 7:
				unfound = "apps could not be listed"
			case 8:
				account.Coverage = audit.Coverage{}
				account.Principals = account.Principals[:len(account.Principals)/2]
			}
		}
		got := compareAll(connectors, &account, unfound)
		for name, list := range got.Lists() {
			rows := map[string]bool{}
			for _, r := range list.Rows {
				key := rowKey(r.Connector, r.Type, r.ExternalID)
				if rows[key] || !want[name][key] && !(name == "nested_only" && nested[key]) {
					t.Errorf("%s: %s is not so, or there twice; unknown: %v", name, key, list.Unknown)
				}
				rows[key] = true
			}
			for key, is := range want[name] {
				if is && !rows[key] && len(list.Unknown) == 0 {
					t.Errorf("%s is said to be whole, without %s", name, key)
				}
			}
		}
	})
}

// Names, and why someone is absent, come from the identity provider; an identity that it
// does not have is in no list.
func TestCompare_identities(t *testing.T) {
	t.Parallel()
	isOff := false
	s := scoped{address: atAccount, users: true, groups: true}
	for _, id := range []string{"taken", "disabled", "gone", "new", "dark", "failed", "here"} {
		s.assigned = append(s.assigned, provisioning.Assignment{Type: audit.TypeUser, ID: id, Name: "display name of " + id})
	}
	c := s.connector("c", nil)
	c.Log = []provisioning.LogEntry{{At: now, SourceID: "failed", SourceType: "User", Action: "create", Status: "failure"}}
	account := provisioning.Account{ID: thisAccount, Coverage: audit.Coverage{Users: true, Groups: true}}
	for i, p := range []audit.Principal{{Name: "Taken@example.com"}, {Name: "here@example.com", ExternalID: "here"}, {Name: "out@example.com", ExternalID: "out"}, {Name: "stale@example.com", ExternalID: "stale"}} {
		p.Ref = audit.Ref{Type: audit.TypeUser, ID: fmt.Sprint(100 + i)}
		account.Principals = append(account.Principals, p)
	}
	got := compareAll([]provisioning.Connector{c}, &account, "")
	if diff := cmp.Diff([]string{"dark", "disabled", "failed", "gone", "new", "out", "stale", "taken"}, got.IDs(audit.TypeUser)); diff != "" {
		t.Error(diff)
	}
	found := map[audit.Ref]provisioning.Identity{}
	for _, id := range []string{"taken", "new", "failed", "out", "disabled"} {
		found[audit.Ref{Type: audit.TypeUser, ID: id}] = provisioning.Identity{Exists: true, Name: id + "@example.com", Names: []string{id + "@example.com"}}
	}
	found[audit.Ref{Type: audit.TypeUser, ID: "disabled"}] = provisioning.Identity{Exists: true, Name: "disabled@example.com", Enabled: &isOff}
	found[audit.Ref{Type: audit.TypeUser, ID: "dark"}] = provisioning.Identity{Unknown: "forbidden"}
	got.Identify(&account, found)
	rows := func(l provisioning.Compared) []string {
		var out []string
		for _, r := range l.Rows {
			holder := "-"
			if r.Principal != nil {
				holder = r.Principal.ID
			}
			out = append(out, strings.Join([]string{r.ExternalID, r.Name, holder, r.Reason}, " "))
		}
		return out
	}
	want := []string{"dark display name of dark - not_written", "disabled disabled@example.com - disabled", "failed failed@example.com - failing", "new new@example.com - not_written", "taken taken@example.com 100 name_taken"}
	if diff := cmp.Diff(want, rows(got.InScopeAbsent)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"out out@example.com 102 "}, rows(got.LinkedOutOfScope)); diff != "" || got.LinkedOutOfScope.Unknown != nil {
		t.Error(diff, got.LinkedOutOfScope.Unknown)
	}
	found[audit.Ref{Type: audit.TypeUser, ID: "out"}] = provisioning.Identity{Unknown: "forbidden"}
	got.Identify(&account, found)
	if l := got.LinkedOutOfScope; l.Rows != nil || !slices.Equal(l.Unknown, []string{"identities could not be looked up: forbidden"}) {
		t.Errorf("an identity that could not be looked up: %+v", l)
	}
}
