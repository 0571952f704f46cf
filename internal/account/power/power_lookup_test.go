// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package power_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// candidates is an account of n users without power, one with, and groups: the
// user of that name is an account admin through "inner", which is in "admins".
func candidates(n, groups int) (st simulator.State, refs []audit.Ref) {
	st = accounttest.Population(n, groups, 0)
	for i := range st.Users {
		st.Users[i].ExternalID = ""
		refs = append(refs, accounttest.User(st.Users[i].ID))
	}
	st.Users = append(st.Users,
		simulator.User{ID: "1", UserName: "root@example.com", Active: true, Roles: []simulator.Role{{Value: "account_admin"}}},
		simulator.User{ID: "2", UserName: "inner@example.com", Active: true})
	st.Groups = append(st.Groups,
		simulator.Group{ID: "11", DisplayName: "admins", Members: accounttest.Members("12"), Roles: []simulator.Role{{Value: "account_admin"}}},
		simulator.Group{ID: "12", DisplayName: "inner", Members: accounttest.Members("2")})
	st.Groups[0].Members = accounttest.Members(refs[0].ID, refs[1].ID)
	return st, append(refs, accounttest.User("1"), accounttest.User("2"))
}

const throughAdmins = `account role account_admin (through group "admins", id 11)`

// The requests for the power of many do not grow with their number, but for the
// pages of the list of users, and are not more than one by one for few.
func TestPrivileges_requestsAtOnce(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]simulator.Options{"IAM v2": {}, "SCIM": {NoIAMv2: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, n := range []int{2, 150, 450} {
				st, refs := candidates(n, 40)
				sim := accounttest.Start(t, st, opts)
				c := accounttest.Connect(t, accounttest.Config(sim))
				if _, err := c.Inventory(t.Context()); err != nil {
					t.Fatal(err)
				}
				before := sim.Server.Requests()
				for ref, p := range c.Privileges(t.Context(), refs) {
					want := map[audit.Ref]string{accounttest.User("1"): "account role account_admin", accounttest.User("2"): throughAdmins}[ref]
					if p.Unknown != "" || strings.Join(p.Powers, ";") != want {
						t.Errorf("%s: %+v, want %q", ref, p, want)
					}
				}
				pages := (n + 2 + 99) / 100
				// Lists of workspaces, metastores, groups, service principals and users; the
				// account's rules; of the two privileged groups the rules, members and a GET.
				most := 5 + pages + 2*3
				if n := sim.Server.Requests().Total - before.Total; n > most {
					t.Errorf("%d candidates: %d requests, want at most %d: %v", len(refs), n, most, sim.Server.Requests().ByRoute)
				}
			}
		})
	}
}

// For few principals, and many privileged groups, what is asked is what was asked
// one by one.
func TestPrivileges_requestsOfFew(t *testing.T) {
	t.Parallel()
	st, refs := candidates(250, 20)
	for i := range st.Groups {
		st.Groups[i].Roles = []simulator.Role{{Value: "some_role"}}
	}
	refs = refs[2:4]
	sim := accounttest.Start(t, st, simulator.Options{})
	c := accounttest.Connect(t, accounttest.Config(sim))
	if _, err := c.Inventory(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.Privileges(t.Context(), refs)
	users, above, groups, lists := accounttest.Count(sim, http.MethodGet, "/Users/"), accounttest.Count(sim, http.MethodGet, "/transitive-parent-groups"), accounttest.Count(sim, http.MethodGet, "/Groups/"), accounttest.Count(sim, http.MethodGet, "/scim/v2/Users")-accounttest.Count(sim, http.MethodGet, "/Users/")
	// The third is for a member of a group, by whom it is known that the answer {} is an
	// empty list.
	if users != 2 || above != 3 || groups != 0 || lists != 0 {
		t.Errorf("%d users, the groups above %d, %d groups and %d pages of users were read, want 2, 3, 0 and 0", users, above, groups, lists)
	}
}

// That the answer {} is an empty list is shown by a membership that was read for something
// else: empty groups are not gone through for one.
func TestPrivileges_emptyGroups(t *testing.T) {
	t.Parallel()
	st, _ := candidates(5, 1)
	for i := range 50 {
		st.Groups = append(st.Groups, simulator.Group{ID: fmt.Sprint(30 + i), DisplayName: fmt.Sprint("empty ", i)})
	}
	sim := accounttest.Start(t, st, simulator.Options{})
	c := accounttest.Connect(t, accounttest.Config(sim))
	if p := c.Privileges(t.Context(), []audit.Ref{accounttest.Group("30")})[accounttest.Group("30")]; len(p.Powers) > 0 || p.Unknown != "" {
		t.Errorf("got %+v", p)
	}
	if n := accounttest.Count(sim, http.MethodGet, "/direct-members"); n != 2 {
		t.Errorf("the members of %d groups were read, want those of the two with power", n)
	}
}

// Principals that ask one after another cost at most twice what they cost at once.
func TestNextPrivilege_requests(t *testing.T) {
	t.Parallel()
	const n = 450
	st, refs := candidates(n, 40)
	sim := accounttest.Start(t, st, simulator.Options{})
	c := accounttest.Connect(t, accounttest.Config(sim))
	if _, err := c.Inventory(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := sim.Server.Requests().Total
	for _, ref := range refs {
		want := map[audit.Ref]string{accounttest.User("1"): "account role account_admin", accounttest.User("2"): throughAdmins}[ref]
		if p := c.NextPrivilege(t.Context(), ref); p.Unknown != "" || strings.Join(p.Powers, ";") != want {
			t.Errorf("%s: %+v, want %q", ref, p, want)
		}
	}
	atOnce := 5 + (n+2+99)/100 + 2*3 // As in TestPrivileges_requestsAtOnce.
	if n := sim.Server.Requests().Total - before; n > 2*atOnce {
		t.Errorf("%d principals: %d requests, want at most %d: %v", len(refs), n, 2*atOnce, sim.Server.Requests().ByRoute)
	}
}

// edited is a server some of whose answers are changed on the way.
type edited struct {
	edit func(path string, body map[string]any)
}

func (e edited) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || r.Method != http.MethodGet {
		return resp, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	var body map[string]any
	if json.Unmarshal(raw, &body) == nil {
		e.edit(r.URL.Path, body)
		raw, _ = json.Marshal(body)
		resp.Header.Del("Content-Length")
		resp.ContentLength = int64(len(raw))
	}
	resp.Body = io.NopCloser(bytes.NewReader(raw))
	return resp, err
}

// A group that someone else fills or empties after its members were read is none about
// which IAM v2 contradicts itself.
func TestPrivileges_changedMeanwhile(t *testing.T) {
	t.Parallel()
	one := []simulator.Member{{Value: "1"}}
	for name, members := range map[string][2][]simulator.Member{"filled": {nil, one}, "emptied": {one, nil}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := simulator.State{
				Account: simulator.Account{AccountID: "11111111-2222-4333-8444-555555555555"},
				Users:   []simulator.User{{ID: "1", UserName: "a@example.com", Active: true}},
				Groups:  []simulator.Group{{ID: "30", DisplayName: "one", Members: members[0]}},
			}
			sim := accounttest.Start(t, st, simulator.Options{})
			cfg := accounttest.Config(sim)
			var changed atomic.Bool
			cfg.SDK.HTTPTransport = edited{func(path string, _ map[string]any) {
				if strings.HasSuffix(path, "/groups/30/direct-members") && changed.CompareAndSwap(false, true) {
					later := st
					later.Groups = []simulator.Group{{ID: "30", DisplayName: "one", Members: members[1]}}
					if err := sim.Server.SetState(later); err != nil {
						t.Error(err)
					}
				}
			}}
			c := accounttest.Connect(t, cfg)
			group := accounttest.Group("30")
			if p := c.Privileges(t.Context(), []audit.Ref{group})[group]; len(p.Powers) > 0 || p.Unknown != "" || !changed.Load() {
				t.Errorf("got %+v, changed meanwhile: %t", p, changed.Load())
			}
		})
	}
}

// elements are the objects of a list in an answer.
func elements(body map[string]any, key string) []map[string]any {
	list, _ := body[key].([]any)
	var out []map[string]any
	for _, e := range list {
		if m, ok := e.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// Where what is read for all at once could miss power, principals are asked for by
// themselves: those in doubt, or all of them. All who are privileged are found.
func TestPrivileges_doubtsAtOnce(t *testing.T) {
	t.Parallel()
	const n = 30
	hiddenAbove := func(path string, body map[string]any) {
		if strings.HasSuffix(path, "/principals/100003/transitive-parent-groups") {
			body["transitive_parent_groups"] = []any{map[string]any{"group_id": "11"}}
		}
	}
	link := func(st *simulator.State) { st.Groups[len(st.Groups)-2].ExternalID = accounttest.GUID(9, 9) }
	for name, tc := range map[string]struct {
		edit  func(path string, body map[string]any)
		state func(*simulator.State)
		aim   audit.AIMState
		// gets and parents are how many users were asked for by themselves.
		gets, parents int
		power         map[string]string
	}{
		"none": {},
		"the list of users shows no roles": {
			edit: func(path string, body map[string]any) {
				for _, u := range elements(body, "Resources") {
					if strings.HasSuffix(path, "/Users") {
						delete(u, "roles")
					}
				}
			},
			gets: n + 2,
		},
		"a user has no name in the list": {
			edit: func(path string, body map[string]any) {
				for _, u := range elements(body, "Resources") {
					if strings.HasSuffix(path, "/Users") && u["id"] == "2" && u["externalId"] == nil && u["roles"] == nil && body["itemsPerPage"] != nil {
						delete(u, "userName")
					}
				}
			},
			gets: 1,
		},
		"the list of groups shows no roles": {
			edit: func(path string, body map[string]any) {
				for _, g := range elements(body, "Resources") {
					if strings.HasSuffix(path, "/Groups") {
						delete(g, "roles")
					}
				}
			},
			parents: n + 2,
		},
		"account SCIM shows a member that IAM v2 does not": {
			edit: func(path string, body map[string]any) {
				for _, u := range elements(body, "Resources") {
					delete(u, "groups")
				}
				if strings.HasSuffix(path, "/groups/12/direct-members") {
					delete(body, "direct_group_members")
				}
			},
			parents: 1,
		},
		"account SCIM shows a group within, and IAM v2 does not": {
			edit: func(path string, body map[string]any) {
				if strings.HasSuffix(path, "/groups/11/direct-members") {
					delete(body, "direct_group_members")
				}
			},
			parents: n + 2,
		},
		"a user shows a group that does not show the user": {
			edit: func(path string, body map[string]any) {
				if strings.HasSuffix(path, "/groups/12/direct-members") {
					delete(body, "direct_group_members")
				}
				if strings.HasSuffix(path, "/Groups/12") {
					delete(body, "members")
				}
			},
			parents: 1,
		},
		"automatic identity management is off, and the group with power is linked": {state: link, aim: audit.AIMOff},
		"automatic identity management may hide nothing":                           {aim: audit.AIMUnknown},
		"automatic identity management may hide memberships of the group with power": {
			state: link, aim: audit.AIMUnknown, edit: hiddenAbove, parents: n + 2, power: map[string]string{"100003": throughAdmins},
		},
		"the list of users shows no groups, and IAM v2 names none": {
			state: link, aim: audit.AIMUnknown, parents: n + 2, gets: n - 1,
			edit: func(_ string, body map[string]any) {
				for _, u := range elements(body, "Resources") {
					delete(u, "groups")
				}
			},
		},
		"automatic identity management hides memberships": {
			state: link, aim: audit.AIMOn, edit: hiddenAbove, parents: n + 2, power: map[string]string{"100003": throughAdmins},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, refs := candidates(n, 2)
			if tc.state != nil {
				tc.state(&st)
			}
			sim := accounttest.Start(t, st, simulator.Options{})
			cfg := accounttest.Config(sim)
			if tc.edit != nil {
				cfg.SDK.HTTPTransport = edited{tc.edit}
			}
			cfg.HiddenMemberships, cfg.MaybeHiddenMemberships = tc.aim == audit.AIMOn, tc.aim == audit.AIMOn || tc.aim == audit.AIMUnknown
			c := accounttest.Connect(t, cfg)
			if _, err := c.Inventory(t.Context()); err != nil {
				t.Fatal(err)
			}
			want := map[string]string{"1": "account role account_admin", "2": throughAdmins}
			for id, text := range tc.power {
				want[id] = text
			}
			for ref, p := range c.Privileges(t.Context(), refs) {
				if p.Unknown != "" || strings.Join(p.Powers, ";") != want[ref.ID] {
					t.Errorf("%s: %+v, want %q", ref, p, want[ref.ID])
				}
			}
			if g, p := accounttest.Count(sim, http.MethodGet, "/Users/"), accounttest.Count(sim, http.MethodGet, "/transitive-parent-groups"); g != tc.gets || p != tc.parents && p != tc.parents+min(tc.parents, 1) {
				// One more, where the answer {} for one comes before IAM v2 has named a group
				// above another: then it has to be proven that it names any.
				t.Errorf("%d users and the groups above %d were asked for by themselves, want %d and %d", g, p, tc.gets, tc.parents)
			}
		})
	}
}

// A principal that this process has added to a group has its power, also where the
// account shows again what was before.
func TestPrivileges_ownAdditionAtOnce(t *testing.T) {
	t.Parallel()
	st, refs := candidates(20, 2)
	sim := accounttest.Start(t, st, simulator.Options{})
	var before atomic.Bool
	cfg := accounttest.Config(sim)
	cfg.SDK.HTTPTransport = edited{func(path string, body map[string]any) {
		switch {
		case !before.Load():
		case strings.HasSuffix(path, "/groups/12/direct-members"), strings.HasSuffix(path, "/Groups/12"):
			delete(body, "direct_group_members")
			delete(body, "members")
		case strings.HasSuffix(path, "/transitive-parent-groups") && !strings.Contains(path, "/principals/12/"):
			delete(body, "transitive_parent_groups")
		}
		for _, u := range elements(body, "Resources") {
			delete(u, "groups")
		}
		delete(body, "groups")
	}}
	c := accounttest.Connect(t, cfg)
	if _, err := c.Inventory(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.AddMember(t.Context(), write.MemberRequest{GroupID: "12", MemberID: refs[5].ID, AllowPrivileged: true}); err != nil {
		t.Fatal(err)
	}
	before.Store(true)
	got := c.Privileges(t.Context(), refs)
	if p := got[refs[5]]; fmt.Sprint(p.Powers) != `[account role account_admin (through group "admins", id 11)]` {
		t.Errorf("got %+v", p)
	}
	if p := got[refs[6]]; len(p.Powers) > 0 || p.Unknown != "" {
		t.Errorf("another one: %+v", p)
	}
}

// What can be seen of someone's privileges is reported at once as it is one by one, where
// something that leads to power cannot be read.
func TestPrivileges_holesAtOnce(t *testing.T) {
	t.Parallel()
	for names, fault := range map[string]simulator.Fault{
		"members of group/12":           {Path: "**/groups/12/direct-members"},
		"listing the groups with their": {Path: "**/scim/v2/Groups", Times: 1},
	} {
		t.Run(names, func(t *testing.T) {
			t.Parallel()
			st, refs := candidates(20, 2)
			st.Groups[len(st.Groups)-2].Roles = nil
			st.Workspaces = []simulator.Workspace{{
				WorkspaceID: 100, WorkspaceName: "prod", Status: "RUNNING", FederationInfo: &simulator.FederationInfo{EnableIdentityFederation: true},
				PermissionAssignments: []simulator.PermissionAssignment{{PrincipalID: "11", Permissions: []string{"ADMIN"}}},
			}}
			sim := accounttest.Start(t, st, simulator.Options{})
			c := accounttest.Connect(t, accounttest.Config(sim))
			if _, err := c.Inventory(t.Context()); err != nil {
				t.Fatal(err)
			}
			fault.Kind, fault.Status, fault.ErrorCode, fault.Message = simulator.FaultStatus, 400, "BAD", "no"
			accounttest.SetFaults(t, sim, fault)
			got := c.Privileges(t.Context(), refs)
			if p := got[accounttest.User("2")]; strings.Join(p.Powers, ";") != `ADMIN of workspace "prod", id 100 (through group "admins", id 11)` || !strings.Contains(p.Unknown, names) {
				t.Errorf("got %+v", p)
			}
			if p := got[refs[6]]; len(p.Powers) > 0 || p.Unknown == "" {
				t.Errorf("another one: %+v", p)
			}
		})
	}
}

// Where account SCIM hides who is in a privileged group, and IAM v2 returns the groups
// above a principal but not the members of a group, who manages what is in there is
// not known.
func TestPrivileges_hiddenMembersOfPowerfulGroups(t *testing.T) {
	t.Parallel()
	for aim, hole := range map[audit.AIMState]bool{audit.AIMOn: true, audit.AIMOff: false} {
		t.Run(string(aim), func(t *testing.T) {
			t.Parallel()
			st := managed()
			sim := accounttest.Start(t, st, simulator.Options{AIM: aim == audit.AIMOn})
			accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultStatus, Status: 501, Path: "**/direct-members"})
			cfg := accounttest.Config(sim)
			cfg.HiddenMemberships, cfg.MaybeHiddenMemberships = aim == audit.AIMOn, aim == audit.AIMOn
			p := accounttest.Connect(t, cfg).Privileges(t.Context(), []audit.Ref{accounttest.User("3")})[accounttest.User("3")]
			if got := strings.Contains(p.Unknown, "members of group/31"); got != hole || len(p.Powers) > 0 {
				t.Errorf("got %+v", p)
			}
		})
	}
}

// A group with power that a list shows, and of which a reading says that it does
// not exist, is a hole: who is in it is not known.
func TestPrivileges_powerfulGroupMissingOnce(t *testing.T) {
	t.Parallel()
	sim := accounttest.Start(t, managed(), simulator.Options{NoIAMv2: true})
	c := accounttest.Connect(t, accounttest.Config(sim))
	accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultStatus, Status: 404, ErrorCode: "RESOURCE_DOES_NOT_EXIST", Path: "**/scim/v2/Groups/31", Times: 1})
	if p := c.Privileges(t.Context(), []audit.Ref{accounttest.Group("33")})[accounttest.Group("33")]; p.Unknown == "" {
		t.Errorf("who manages what is in group 31 is not known: %+v", p)
	}
}
