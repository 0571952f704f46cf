// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/presets"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

func TestMatch_wireShape(t *testing.T) {
	t.Parallel()
	st := mustPreset(t, "demo")
	b := lookup{st}
	linked, object := b.both("user01@example.com")
	blank, _ := b.both("user21@example.com")
	group, groupObject := b.principal(world.KindGroup, "month-end-close")
	local, _ := b.both("user21@example.com")
	external, _ := b.both("user05@example.com")
	for _, test := range []struct {
		name, path string
		assumed    host.MatchAssumptions
		want       string
	}{
		{"numbers, absent keys", "/users/" + blank, host.MatchAssumptions{},
			`{"databricks_user":{"internal_id":` + blank + `,"username":"user21@example.com"}}`},
		{"null for absent", "/users/" + blank, host.MatchAssumptions{NullForAbsent: true},
			`{"databricks_user":{"internal_id":` + blank + `,"username":"user21@example.com"},"idp_match_by_external_id":null,"idp_match_by_username":null}`},
		{"strings", "/users/" + linked, host.MatchAssumptions{StringIDs: true},
			`{"databricks_user":{"external_id":"` + object + `","internal_id":"` + linked + `","username":"user01@example.com"},` +
				`"idp_match_by_external_id":{"username":"user01@example.com"},"idp_match_by_username":{"external_id":"` + object + `"}}`},
		{"a group", "/groups/" + group, host.MatchAssumptions{},
			`{"databricks_group":{"external_id":"` + groupObject + `","group_name":"month-end-close","internal_id":` + group + `},` +
				`"external_members_not_in_idp":[{"principal_id":` + external + `}],` +
				`"idp_match_by_external_id":{"group_name":"month-end-close"},"idp_matches_by_group_name":[{"external_id":"` + groupObject + `"}],` +
				`"local_members_not_in_idp":[{"principal_id":` + local + `}]}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := startPeer(t, st, Options{Assumed: Assumed{Match: test.assumed}})
			var got json.RawMessage
			if status := p.call("POST", p.path+test.path+"/matchWithIdp", "", &got); status != http.StatusOK {
				t.Errorf("status %d", status)
			}
			if diff := cmp.Diff(test.want, string(got)); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMatch_unknownIDsAndMethods(t *testing.T) {
	t.Parallel()
	st := mustPreset(t, "demo")
	users, groups, _ := principalIDs(st)
	p := startPeer(t, st, Options{})
	for path, want := range map[string]int{
		"/users/42/matchWithIdp":                       404,
		"/users/x/matchWithIdp":                        404,
		"/users/" + groups[0] + "/matchWithIdp":        404,
		"/groups/" + users[0] + "/matchWithIdp":        404,
		"/users/" + users[0] + "/match-with-idp":       404,
		"/service-principals/" + "1" + "/matchWithIdp": 404,
	} {
		var got wire.Error
		if status := p.call("POST", p.path+path, "", &got); status != want || got.Code == "" {
			t.Errorf("%s: got %d %s, want %d in the normal shape", path, status, got.Code, want)
		}
	}
	refusing := startPeer(t, st, Options{Assumed: Assumed{Match: host.MatchAssumptions{RefuseWithoutAIM: true}}})
	if status := refusing.call("POST", p.path+"/users/"+users[0]+"/matchWithIdp", "", nil); status != 400 {
		t.Errorf("refused without automatic identity management: %d", status)
	}
}

// nestedWorld is one linked group with a direct and a nested member of the IdP group.
func nestedWorld() State {
	return State{
		Users: []User{
			{ID: "1", UserName: "a@example.com", ExternalID: "A"}, {ID: "2", UserName: "b@example.com", ExternalID: "B"},
			{ID: "3", UserName: "c@example.com", ExternalID: "C"}, {ID: "4", UserName: "d@example.com"},
		},
		Groups: []Group{
			{ID: "10", DisplayName: "linked", ExternalID: "G", Members: []Member{{Value: "1"}, {Value: "2"}, {Value: "3"}, {Value: "4"}}},
			{ID: "11", DisplayName: "local", Members: []Member{{Value: "1"}, {Value: "4"}}},
		},
		IDP: IDP{
			Users: []IDPUser{
				{ID: "a", UserPrincipalName: "A@example.com"}, {ID: "b", UserPrincipalName: "b@example.com"},
				{ID: "c", UserPrincipalName: "c@example.com", Deleted: true}, {ID: "e", UserPrincipalName: "e@example.com"},
			},
			Groups: []IDPGroup{
				{ID: "g", DisplayName: "linked in the IdP", Visibility: "HiddenMembership", Members: []string{"a", "h", "c", "e"}},
				{ID: "h", DisplayName: "nested", Members: []string{"b", "g"}},
			},
		},
	}
}

func TestMatch_members(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, group     string
		assumed         host.MatchAssumptions
		local, external []string
	}{
		{"nested members confirm, deleted ones do not", "10", host.MatchAssumptions{}, []string{"4"}, []string{"3"}},
		{"direct members only", "10", host.MatchAssumptions{DirectMembers: true}, []string{"4"}, []string{"2", "3"}},
		{"an unlinked group", "11", host.MatchAssumptions{}, nil, nil},
		{"an unlinked group, compared", "11", host.MatchAssumptions{MembersOfUnlinked: true}, []string{"4"}, []string{"1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := startPeer(t, nestedWorld(), Options{Assumed: Assumed{Match: test.assumed}})
			row := p.match("groups", test.group)
			if diff := cmp.Diff([][]string{test.local, test.external}, [][]string{row.Local, row.External}); diff != "" {
				t.Errorf("local and external members (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMatch_syncsUnderAutomaticIdentityManagement(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		opts    Options
		group   string
		members []Member
	}{
		{"off", Options{}, "linked", []Member{{Value: "1"}, {Value: "2"}, {Value: "3"}, {Value: "4"}}},
		{"on, switched to leave things", Options{AIM: true, Assumed: Assumed{Match: host.MatchAssumptions{NoSync: true}}},
			"linked", []Member{{Value: "1"}, {Value: "2"}, {Value: "3"}, {Value: "4"}}},
		{"on", Options{AIM: true}, "linked in the IdP",
			[]Member{{Value: "1"}, {Value: "2"}, {Value: "3"}, {Value: "4"}, {Value: "5", Source: "IDENTITY_PROVIDER"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			st := nestedWorld()
			st.Users = append(st.Users, User{ID: "5", UserName: "e@example.com", ExternalID: "e"})
			p := startPeer(t, st, test.opts)
			p.match("groups", "10")
			p.match("users", "1")
			after := must[State](t)(p.Server.State())
			if diff := cmp.Diff(test.members, after.Groups[0].Members); diff != "" {
				t.Errorf("members (-want +got):\n%s", diff)
			}
			if after.Groups[0].DisplayName != test.group || after.Users[0].UserName != "a@example.com" || after.Groups[0].ExternalID != "G" {
				t.Errorf("after the match: %+v, %+v", after.Groups[0], after.Users[0])
			}
		})
	}
}

func TestMatch_takenNameIsNotTaken(t *testing.T) {
	t.Parallel()
	st := nestedWorld()
	st.Groups[1].DisplayName = "LINKED in the IdP"
	p := startPeer(t, st, Options{AIM: true})
	if row := p.match("groups", "10"); row.Categories != "2+4+5" {
		t.Errorf("categories %s", row.Categories)
	}
}

func TestMatch_userByMailAndInAnyCase(t *testing.T) {
	t.Parallel()
	st := State{
		Users: []User{{ID: "1", UserName: "ALIAS@example.com"}, {ID: "2", UserName: "guest@example.org"}, {ID: "3", UserName: "gone@example.com"}},
		IDP: IDP{Users: []IDPUser{
			{ID: "m", UserPrincipalName: "upn@example.com", Mail: "alias@example.com"},
			{ID: "g", UserPrincipalName: "guest_example.org#EXT#@example.onmicrosoft.com", Mail: "guest@example.org", UserType: "Guest"},
			{ID: "d", UserPrincipalName: "gone@example.com", Deleted: true},
		}},
	}
	p := startPeer(t, st, Options{})
	for id, want := range map[string][]string{"1": {"m"}, "2": {"g"}, "3": nil} {
		if diff := cmp.Diff(want, p.match("users", id).NameMatches); diff != "" {
			t.Errorf("user %s (-want +got):\n%s", id, diff)
		}
	}
}

func TestGenerate_shape(t *testing.T) {
	t.Parallel()
	st, err := presets.Generate(mustPreset(t, "empty"), presets.GenerateOptions{Users: 2000, Groups: 300, ServicePrincipals: 200, Workspaces: 60, Seed: 3, Tidy: true})
	if err != nil {
		t.Fatal(err)
	}
	p := startPeer(t, st, Options{})
	users, groups, sps := principalIDs(st)
	got := map[string]int{}
	for _, part := range []struct {
		name string
		ids  []string
	}{{"users", users}, {"groups", groups}, {"servicePrincipals", sps}} {
		for _, r := range p.scan(part.name, part.ids) {
			got[part.name+" "+r.Categories]++
		}
	}
	for key, want := range map[string][2]int{
		"users 1": {760, 880}, "users 3": {40, 95}, "users 2": {10, 35}, "users 1+3": {2, 25}, "users 2+3": {2, 25},
		"groups 4": {3, 20}, "groups 5": {3, 20}, "groups 1": {1, 10}, "groups 2": {1, 10}, "groups 3": {1, 10},
		"servicePrincipals 1": {2, 20}, "servicePrincipals 3": {1, 20},
	} {
		if n := got[key]; n < want[0] || n > want[1] {
			t.Errorf("%s: %d, want %d to %d (all: %v)", key, n, want[0], want[1], got)
		}
	}
	for _, g := range st.Groups {
		if len(g.Members) < 5 || len(g.Members) > 48 {
			t.Errorf("group %s has %d members", g.ID, len(g.Members))
		}
	}
}

func TestGenerate_clean(t *testing.T) {
	t.Parallel()
	st, err := presets.Generate(mustPreset(t, "empty"), presets.GenerateOptions{Users: 400, Groups: 80, ServicePrincipals: 50, Workspaces: 20, Seed: 3, Clean: true})
	if err != nil {
		t.Fatal(err)
	}
	p := startPeer(t, st, Options{})
	users, groups, sps := principalIDs(st)
	rows := slices.Concat(p.scan("users", users), p.scan("groups", groups), p.scan("servicePrincipals", sps))
	if len(rows) > 0 {
		t.Errorf("%d divergences, the first %+v", len(rows), rows[0])
	}
	for _, ws := range st.Workspaces {
		if ws.FederationInfo == nil || !ws.FederationInfo.EnableIdentityFederation {
			t.Errorf("workspace %d is not federated", ws.WorkspaceID)
		}
	}
}
