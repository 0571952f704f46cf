// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package power_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/guard"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// managed is an account in which power goes by rules: group 31 is an account admin
// and holds service principal 41 and group 32; those who manage one of the three
// can become account admin.
func managed() simulator.State {
	const account = "11111111-2222-4333-8444-555555555555"
	rules := func(resource, role string, principals ...string) simulator.RuleSet {
		return simulator.RuleSet{Name: "accounts/" + account + resource + "/ruleSets/default", GrantRules: []simulator.GrantRule{{Role: role, Principals: principals}}}
	}
	st := simulator.State{
		Account: simulator.Account{AccountID: account},
		Groups: []simulator.Group{
			{ID: "31", DisplayName: "admins of all", Members: accounttest.Members("32", "41"), Roles: []simulator.Role{{Value: "account_admin"}}},
			{ID: "32", DisplayName: "nested"},
			{ID: "33", DisplayName: "managers", Members: accounttest.Members("1")},
			{ID: "34", DisplayName: "above", Members: accounttest.Members("35")},
			{ID: "35", DisplayName: "below", Members: accounttest.Members("2")},
			{ID: "36", DisplayName: "harmless"},
			{ID: "37", DisplayName: "recruiters"},
			{ID: "38", DisplayName: "billing"},
		},
		ServicePrincipals: []simulator.ServicePrincipal{
			{ID: "41", ApplicationID: accounttest.GUID(3, 41), DisplayName: "deployer", Active: true},
			{ID: "42", ApplicationID: accounttest.GUID(3, 42), DisplayName: "owner", Active: true},
			{ID: "43", ApplicationID: accounttest.GUID(3, 43), DisplayName: "nobody", Active: true},
		},
		UnityCatalog: simulator.UnityCatalog{Metastores: []simulator.Metastore{{MetastoreID: "m1", Name: "main", Owner: strings.ToUpper(accounttest.GUID(3, 42))}}},
		AccountRoles: []simulator.RuleSet{
			rules("", "roles/billing.admin", "groups/billing"),
			rules("/groups/32", "roles/group.manager", "groups/managers"),
			rules("/groups/33", "roles/group.manager", "groups/recruiters"),
			rules("/groups/36", "roles/group.manager", "users/u3@example.com"),
			rules("/servicePrincipals/"+accounttest.GUID(3, 41), "roles/servicePrincipal.user", "groups/ABOVE"),
			rules("/servicePrincipals/"+accounttest.GUID(3, 42), "roles/servicePrincipal.manager", "users/U4@example.com"),
			rules("/servicePrincipals/"+accounttest.GUID(3, 43), "roles/servicePrincipal.manager", "users/u3@example.com"),
		},
	}
	for _, id := range []string{"1", "2", "3", "4"} {
		st.Users = append(st.Users, simulator.User{ID: id, UserName: "u" + id + "@example.com", Active: true})
	}
	return st
}

// Privileged by rules: those who can join a privileged group, or act as a service
// principal with power, at any depth and in any case of the name.
func TestPrivileges_byRules(t *testing.T) {
	t.Parallel()
	const (
		nested = `role group.manager on group "nested", id 32, which has account role account_admin (through group "admins of all", id 31)`
		deploy = `role servicePrincipal.user on service principal "00000003-0000-4000-8000-000000000029", id 41, which has account role account_admin (through group "admins of all", id 31)`
	)
	want := map[audit.Ref][]string{
		accounttest.User("1"):   {nested + ` (through group "managers", id 33)`},
		accounttest.User("2"):   {deploy + ` (through group "above", id 34)`},
		accounttest.User("3"):   nil,
		accounttest.User("4"):   {`role servicePrincipal.manager on service principal "00000003-0000-4000-8000-00000000002a", id 42, which has owner of metastore "main", id m1`},
		accounttest.Group("33"): {nested},
		accounttest.Group("35"): {deploy + ` (through group "above", id 34)`},
		accounttest.Group("36"): nil,
		accounttest.Group("37"): {`role group.manager on group "managers", id 33, which has ` + nested},
		accounttest.Group("38"): {"account role billing.admin"},
	}
	var refs []audit.Ref
	for ref := range want {
		refs = append(refs, ref)
	}
	for name, opts := range map[string]simulator.Options{"IAM v2": {}, "SCIM": {NoIAMv2: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := accounttest.Start(t, managed(), opts)
			c := accounttest.Connect(t, accounttest.Config(sim))
			got := map[audit.Ref][]string{}
			for ref, p := range c.Privileges(t.Context(), refs) {
				if got[ref] = p.Powers; p.Unknown != "" {
					t.Errorf("%s: %s", ref, p.Unknown)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			before := sim.Server.Requests().Total
			if c.Privileges(t.Context(), refs); sim.Server.Requests().Total != before {
				t.Errorf("again: %d more requests", sim.Server.Requests().Total-before)
			}
		})
	}
}

// Rules that could not be read are a hole of everyone's power, and a member is
// not added then; afterwards they are read again.
func TestPrivileges_rulesUnreadable(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ path, names string }{
		"rules": {"**/access-control/rule-sets", "rule set of the account"},
		"lists": {"**/scim/v2/ServicePrincipals", "with their roles"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sim := accounttest.StartInside(t, managed(), simulator.Options{})
				c := accounttest.ClubClient(t, sim)
				accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultStatus, Status: 403, Path: tc.path, Message: "no"})
				got := c.Privileges(t.Context(), []audit.Ref{accounttest.Group("36")})[accounttest.Group("36")]
				if !strings.Contains(got.Unknown, tc.names) || len(got.Powers) != 0 {
					t.Errorf("got %+v, want a hole that names %q", got, tc.names)
				}
				if _, err := c.AddMember(t.Context(), accounttest.MemberRequest("36", "3")); !accounttest.RefusedBy(err, guard.PrivilegesUnknown) {
					t.Errorf("adding a member: %v", err)
				}
				accounttest.SetFaults(t, sim)
				if _, err := c.AddMember(t.Context(), accounttest.MemberRequest("36", "3")); err != nil {
					t.Errorf("once it can be read: %v", err)
				}
			})
		})
	}
}

// A member is not added to a group that is privileged by rules only, nor below one.
func TestAddMember_powerByRules(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := accounttest.StartInside(t, managed(), simulator.Options{})
		c := accounttest.ClubClient(t, sim)
		for _, id := range []string{"33", "34", "35", "37", "38"} {
			if _, err := c.AddMember(t.Context(), accounttest.MemberRequest(id, "3")); !accounttest.RefusedBy(err, guard.Privileged) {
				t.Errorf("group %s: %v", id, err)
			}
			if slices.Contains(accounttest.Roster(t, sim, id), "3") {
				t.Errorf("group %s has user 3", id)
			}
		}
		// What was nested a moment ago counts: its manager manages account admins now.
		allowed := write.MemberRequest{GroupID: "31", MemberID: "36", AllowPrivileged: true}
		if _, err := c.AddMember(t.Context(), allowed); err != nil {
			t.Fatal(err)
		}
		if got := c.Privileges(t.Context(), []audit.Ref{accounttest.User("3")})[accounttest.User("3")]; len(got.Powers) != 1 {
			t.Errorf("user 3 manages group 36, which is within account admins now: %+v", got)
		}
	})
}

// What was read for an earlier guard is not believed for ever: a group that got
// power since, through a group above it or by a rule, is refused.
func TestAddMember_powerIsRenewed(t *testing.T) {
	t.Parallel()
	for name, gets := range map[string]func(st *simulator.State){
		"nested in an admin group": func(st *simulator.State) {
			st.Groups[0].Members = append(st.Groups[0].Members, accounttest.Members("36")...)
		},
		"manages the admin group": func(st *simulator.State) {
			rule := simulator.GrantRule{Role: "roles/group.manager", Principals: []string{"groups/harmless"}}
			st.AccountRoles[1].GrantRules = append(st.AccountRoles[1].GrantRules, rule)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sim := accounttest.StartInside(t, managed(), simulator.Options{})
				c := accounttest.ClubClient(t, sim, func(cfg *api.Config) { cfg.MaxListingAge = time.Millisecond })
				if _, err := c.AddMember(t.Context(), accounttest.MemberRequest("36", "1")); err != nil {
					t.Fatal(err)
				}
				accounttest.ChangeState(t, sim, gets)
				if _, err := c.AddMember(t.Context(), accounttest.MemberRequest("36", "2")); !accounttest.RefusedBy(err, guard.Privileged) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}
