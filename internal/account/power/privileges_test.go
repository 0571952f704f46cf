// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package power_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host"
)

// powers is an account in which user 1 has every power through groups 11, 12
// and 13 (13 and 12 contain each other), user 2 some directly, user 3 none.
func powers() simulator.State {
	member := func(ids ...string) []simulator.Member {
		var out []simulator.Member
		for _, id := range ids {
			out = append(out, simulator.Member{Value: id})
		}
		return out
	}
	federated := &simulator.FederationInfo{EnableIdentityFederation: true}
	return simulator.State{
		Users: []simulator.User{
			{ID: "1", UserName: "one@example.com", Active: true},
			{ID: "2", UserName: "two@example.com", Active: true, Roles: []simulator.Role{{Value: "account_admin"}}, ExternalID: "x2"},
			{ID: "3", UserName: "three@example.com", Active: true},
		},
		Groups: []simulator.Group{
			{ID: "11", DisplayName: "inner", Members: append(member("1"), simulator.Member{Value: "2", Source: "IDENTITY_PROVIDER"})},
			{ID: "12", DisplayName: "middle", Members: member("11", "13")},
			{ID: "13", DisplayName: "outer", Members: member("12"), Roles: []simulator.Role{{Value: "account_admin"}}},
			{ID: "14", DisplayName: "beside", Roles: []simulator.Role{{Value: "account_admin"}}},
		},
		ServicePrincipals: []simulator.ServicePrincipal{{ID: "21", ApplicationID: accounttest.GUID(3, 1), DisplayName: "app", Active: true}},
		Workspaces: []simulator.Workspace{
			{WorkspaceID: 100, WorkspaceName: "prod", Status: "RUNNING", FederationInfo: federated, PermissionAssignments: []simulator.PermissionAssignment{
				{PrincipalID: "3", Permissions: []string{"USER"}}, {PrincipalID: "12", Permissions: []string{"ADMIN"}}, {PrincipalID: "2", Permissions: []string{"ADMIN"}},
			}},
			{WorkspaceID: 101, WorkspaceName: "old", Status: "RUNNING"},
		},
		UnityCatalog: simulator.UnityCatalog{Metastores: []simulator.Metastore{
			{MetastoreID: "m1", Name: "main", Owner: "inner"}, {MetastoreID: "m2", Name: "app", Owner: accounttest.GUID(3, 1)},
		}},
	}
}

func TestPrivileges(t *testing.T) {
	t.Parallel()
	refs := []audit.Ref{accounttest.SP("21"), accounttest.User("3"), accounttest.User("2"), accounttest.User("1"), accounttest.Group("14"), accounttest.User("1")}
	want := map[audit.Ref]audit.Privilege{
		accounttest.User("1"): {Powers: []string{
			`ADMIN of workspace "prod", id 100 (through group "middle", id 12)`,
			`account role account_admin (through group "outer", id 13)`,
			`owner of metastore "main", id m1 (through group "inner", id 11)`,
		}},
		accounttest.User("2"): {Powers: []string{
			`ADMIN of workspace "prod", id 100`,
			`ADMIN of workspace "prod", id 100 (through group "middle", id 12)`,
			`account role account_admin`,
			`account role account_admin (through group "outer", id 13)`,
			`owner of metastore "main", id m1 (through group "inner", id 11)`,
		}},
		accounttest.User("3"):   {},
		accounttest.Group("14"): {Powers: []string{`account role account_admin`}},
		accounttest.SP("21"):    {Powers: []string{`owner of metastore "app", id m2`}},
	}
	for name, opts := range map[string]simulator.Options{
		"IAM v2": {}, "SCIM": {NoIAMv2: true},
		"pages": {Assumed: simulator.Assumed{Workspaces: host.WorkspaceAssumptions{PermissionPageSize: 1}, Identity: simulator.IdentityAssumptions{ShortPages: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := accounttest.Start(t, powers(), opts)
			c := accounttest.Connect(t, accounttest.Config(sim))
			if got := c.Privileges(t.Context(), nil); len(got) != 0 || sim.Server.Requests().Total != 0 {
				t.Errorf("no refs: got %v with %d requests", got, sim.Server.Requests().Total)
			}
			got := c.Privileges(t.Context(), refs)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			total := sim.Server.Requests().Total
			if again := c.Privileges(t.Context(), refs); !cmp.Equal(want, again) || sim.Server.Requests().Total != total {
				t.Errorf("again: %d more requests", sim.Server.Requests().Total-total)
			}
		})
	}
}

func TestPrivileges_holes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		path  string
		names string
	}{
		"assignments": {"**/workspaces/100/permissionassignments", "permission assignments of workspace 100"},
		"workspaces":  {"**/workspaces", "workspaces"},
		"metastores":  {"**/metastores", "metastores"},
		"itself":      {"**/scim/v2/Users/3", "user/3"},
		"parents":     {"**/transitive-parent-groups", "groups above user/3"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := accounttest.Start(t, powers(), simulator.Options{})
			accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultStatus, Status: 400, Path: tc.path, ErrorCode: "BAD", Message: "no"})
			got := accounttest.Connect(t, accounttest.Config(sim)).Privileges(t.Context(), []audit.Ref{accounttest.User("3")})
			if p := got[accounttest.User("3")]; !strings.Contains(p.Unknown, tc.names) || len(p.Powers) != 0 {
				t.Errorf("got %+v, want a hole that names %q", p, tc.names)
			}
		})
	}
}

// Under AIM without IAM v2 the groups above a principal are not surely all: what
// is seen counts, and the rest is a hole.
func TestPrivileges_hiddenMemberships(t *testing.T) {
	t.Parallel()
	for name, hidden := range map[string]bool{"AIM is on": true, "AIM is off": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := accounttest.Start(t, powers(), simulator.Options{NoIAMv2: true})
			cfg := accounttest.Config(sim)
			cfg.HiddenMemberships = hidden
			got := accounttest.Connect(t, cfg).Privileges(t.Context(), []audit.Ref{accounttest.User("1"), accounttest.User("3")})
			if hole := strings.Contains(got[accounttest.User("3")].Unknown, "memberships that come from the identity provider"); hole != hidden {
				t.Errorf("user/3 is %+v", got[accounttest.User("3")])
			}
			if len(got[accounttest.User("1")].Powers) != 3 {
				t.Errorf("user/1 is %+v, want the three powers that SCIM shows", got[accounttest.User("1")])
			}
		})
	}
}

// While no one says whether AIM is on, the same holds for what is linked to the
// IdP, and for what is in a group that is.
func TestPrivileges_maybeHiddenMemberships(t *testing.T) {
	t.Parallel()
	st := powers()
	st.Users = append(st.Users, simulator.User{ID: "4", UserName: "four@example.com"})
	st.Groups = append(st.Groups, simulator.Group{ID: "15", DisplayName: "linked", ExternalID: "x15", Members: []simulator.Member{{Value: "4"}}})
	refs := []audit.Ref{accounttest.User("1"), accounttest.User("2"), accounttest.User("3"), accounttest.User("4")}
	for name, tc := range map[string]struct {
		noIAMv2, maybe bool
		holes          string
	}{
		"unknown": {true, true, "user/2 user/4"}, "off": {true, false, ""}, "IAM v2 shows them": {false, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := accounttest.Start(t, st, simulator.Options{NoIAMv2: tc.noIAMv2})
			cfg := accounttest.Config(sim)
			cfg.MaybeHiddenMemberships = tc.maybe
			got := accounttest.Connect(t, cfg).Privileges(t.Context(), refs)
			var holes []string
			for _, ref := range refs {
				if got[ref].Unknown != "" {
					holes = append(holes, ref.String())
				}
			}
			if strings.Join(holes, " ") != tc.holes {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestMembers(t *testing.T) {
	t.Parallel()
	two := audit.Member{Ref: accounttest.User("2"), Name: "two@example.com", ExternalID: "x2", Source: audit.SourceIdentityProvider}
	one := audit.Member{Ref: accounttest.User("1"), Name: "one@example.com", Source: audit.SourceInternal}
	unknown := func(m audit.Member) audit.Member {
		m.Source = audit.SourceUnknown
		return m
	}
	tests := map[string]struct {
		opts     simulator.Options
		faults   []simulator.Fault
		want     []audit.Member
		requests int
	}{
		"IAM v2":              {want: []audit.Member{one, two}, requests: 1},
		"an empty page":       {faults: []simulator.Fault{{Kind: simulator.FaultEmptyPage, Path: "**/direct-members", Times: 1}}, want: []audit.Member{one, two}, requests: 2},
		"SCIM":                {opts: simulator.Options{NoIAMv2: true}, want: []audit.Member{unknown(one), unknown(two)}, requests: 1},
		"SCIM, AIM hides one": {opts: simulator.Options{NoIAMv2: true, AIM: true}, want: []audit.Member{unknown(one)}, requests: 1},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := accounttest.Start(t, powers(), tc.opts)
			accounttest.SetFaults(t, sim, tc.faults...)
			c := accounttest.Connect(t, accounttest.Config(sim))
			for range 2 {
				got, err := c.Members(t.Context(), "11")
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
			if n := accounttest.Count(sim, http.MethodGet, "/direct-members"); n != tc.requests {
				t.Errorf("%d direct-members requests, want %d", n, tc.requests)
			}
			if _, err := c.Members(t.Context(), "77"); !errors.Is(err, api.ErrNotFound) {
				t.Errorf("unknown group: got %v", err)
			}
			if got, err := c.Members(t.Context(), "14"); err != nil || len(got) != 0 {
				t.Errorf("empty group: got %v, %v", got, err)
			}
		})
	}
}

func TestMissingObjectsDoNotSwitchIAMv2Off(t *testing.T) {
	t.Parallel()
	sim := accounttest.Start(t, powers(), simulator.Options{})
	c := accounttest.Connect(t, accounttest.Config(sim))
	if _, err := c.Members(t.Context(), "77"); !errors.Is(err, api.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if p := c.Privileges(t.Context(), []audit.Ref{accounttest.User("77")})[accounttest.User("77")]; p.Unknown == "" {
		t.Error("the power of a missing principal is taken for known")
	}
	got, err := c.Members(t.Context(), "11")
	if err != nil || len(got) != 2 || got[1].Source != audit.SourceIdentityProvider {
		t.Errorf("got %+v, %v", got, err)
	}
	if p := c.Privileges(t.Context(), []audit.Ref{accounttest.User("1")})[accounttest.User("1")]; len(p.Powers) != 3 || p.Unknown != "" {
		t.Errorf("got %+v", p)
	}
	if n := accounttest.Count(sim, http.MethodGet, "/scim/v2/Groups/14"); n != 0 {
		t.Error("the groups were crawled over SCIM")
	}
}

func TestMembers_ownWritesAreKnown(t *testing.T) {
	t.Parallel()
	sim := accounttest.Start(t, powers(), simulator.Options{})
	c := accounttest.Connect(t, accounttest.Config(sim))
	if _, err := c.Members(t.Context(), "11"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: accounttest.User("1"), Want: "new"}); err != nil {
		t.Fatal(err)
	}
	got, err := c.Members(t.Context(), "11")
	if err != nil || got[0].ExternalID != "new" {
		t.Errorf("got %+v, %v", got, err)
	}
}
