// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package power_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/databricks/databricks-sdk-go/config"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

const powerAccount = "11111111-2222-4333-8444-555555555555"

// drawPowers is a small account in which power goes every way: by roles, ADMIN,
// metastores and rules, directly and through groups, which contain each other in
// cycles too. refs are all its principals.
func drawPowers(rt *rapid.T) (st simulator.State, refs []audit.Ref) {
	st.Account.AccountID = powerAccount
	pick := func(label string, of int) bool { return rapid.IntRange(0, of-1).Draw(rt, label) == 0 }
	roles := func(label string) []simulator.Role {
		if !pick(label, 6) {
			return nil
		}
		return []simulator.Role{{Value: rapid.SampledFrom([]string{"account_admin", "billing_admin"}).Draw(rt, "role")}}
	}
	linked := func(label string, kind, n int) string {
		if pick(label, 3) {
			return accounttest.GUID(kind, n)
		}
		return ""
	}
	var ids, names []string
	for i := range rapid.IntRange(2, 8).Draw(rt, "users") {
		u := simulator.User{ID: fmt.Sprint(101 + i), UserName: fmt.Sprintf("U%d@example.com", i), Active: true, Roles: roles("user role"), ExternalID: linked("user linked", 1, i)}
		st.Users = append(st.Users, u)
		refs, ids, names = append(refs, accounttest.User(u.ID)), append(ids, u.ID), append(names, "users/"+u.UserName)
	}
	for i := range rapid.IntRange(0, 3).Draw(rt, "sps") {
		s := simulator.ServicePrincipal{ID: fmt.Sprint(301 + i), ApplicationID: accounttest.GUID(3, i), DisplayName: fmt.Sprint("app ", i), Active: true, Roles: roles("sp role")}
		st.ServicePrincipals = append(st.ServicePrincipals, s)
		refs, ids, names = append(refs, accounttest.SP(s.ID)), append(ids, s.ID), append(names, "servicePrincipals/"+s.ApplicationID)
	}
	resources := []string{""}
	groups := rapid.IntRange(0, 7).Draw(rt, "groups")
	for i := range groups {
		ids = append(ids, fmt.Sprint(201+i))
	}
	for i := range groups {
		g := simulator.Group{ID: fmt.Sprint(201 + i), DisplayName: fmt.Sprintf("Group %d", i), Roles: roles("group role"), ExternalID: linked("group linked", 2, i)}
		for _, id := range rapid.SliceOfNDistinct(rapid.SampledFrom(ids), 0, 4, rapid.ID[string]).Draw(rt, "members") {
			if id != g.ID {
				g.Members = append(g.Members, simulator.Member{Value: id, Source: rapid.SampledFrom([]string{"", "IDENTITY_PROVIDER"}).Draw(rt, "source")})
			}
		}
		st.Groups = append(st.Groups, g)
		refs, names, resources = append(refs, accounttest.Group(g.ID)), append(names, "groups/"+g.DisplayName), append(resources, "/groups/"+g.ID)
	}
	for _, s := range st.ServicePrincipals {
		resources = append(resources, "/servicePrincipals/"+s.ApplicationID)
	}
	for _, resource := range resources {
		if pick("has rules", 4) {
			st.AccountRoles = append(st.AccountRoles, simulator.RuleSet{
				Name:       "accounts/" + powerAccount + resource + "/ruleSets/default",
				GrantRules: []simulator.GrantRule{{Role: "roles/some.manager", Principals: []string{rapid.SampledFrom(names).Draw(rt, "holder")}}},
			})
		}
	}
	w := simulator.Workspace{WorkspaceID: 100, WorkspaceName: "prod", Status: "RUNNING", FederationInfo: &simulator.FederationInfo{EnableIdentityFederation: true}}
	for _, id := range rapid.SliceOfNDistinct(rapid.SampledFrom(ids), 0, 3, rapid.ID[string]).Draw(rt, "assigned") {
		level := rapid.SampledFrom([]string{"USER", "ADMIN"}).Draw(rt, "level")
		w.PermissionAssignments = append(w.PermissionAssignments, simulator.PermissionAssignment{PrincipalID: id, Permissions: []string{level}})
	}
	st.Workspaces = []simulator.Workspace{w}
	if owner := rapid.SampledFrom([]string{"", "u0@EXAMPLE.com", "Group 0", "group 1"}).Draw(rt, "owner"); owner != "" {
		st.UnityCatalog.Metastores = []simulator.Metastore{{MetastoreID: "m", Name: "main", Owner: owner}}
	}
	return st, refs
}

// handled is a server without a network: no answer depends on the machine's speed.
type handled struct{ http.Handler }

func (h handled) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	resp := rec.Result()
	resp.Request = r
	return resp, nil
}

// powerSides are two ways to ask about the same account: about everyone at once,
// and about one after the other.
type powerSides struct {
	server *simulator.Server
	cfg    func() api.Config
}

func drawSides(rt *rapid.T, st simulator.State) powerSides {
	aim := rapid.SampledFrom([]string{"off", "on", "unknown"}).Draw(rt, "aim")
	server, err := simulator.New(st, simulator.Options{NoIAMv2: rapid.Bool().Draw(rt, "no IAM v2"), AIM: aim == "on"})
	if err != nil {
		rt.Fatal(err)
	}
	rt.Cleanup(server.Stop)
	known := server.Credentials()
	return powerSides{server, func() api.Config {
		return api.Config{
			SDK: &config.Config{
				Host: "http://127.0.0.1:1", AccountID: known.AccountID, ClientID: known.ClientID, ClientSecret: known.ClientSecret,
				Loaders: accounttest.Loaders(), HTTPTransport: handled{server.Handler()},
			},
			FirstContact: time.Hour, RequestTimeout: time.Hour, RetryBudget: time.Hour, RetryPause: time.Millisecond,
			HiddenMemberships: aim == "on", MaybeHiddenMemberships: aim != "off",
		}
	}}
}

func (s powerSides) client(rt *rapid.T) *account.Client {
	c, err := account.New(context.Background(), s.cfg())
	if err != nil {
		rt.Fatal(err)
	}
	return c
}

// atOnce is the power of everyone, by one client that has listed the account.
func (s powerSides) atOnce(rt *rapid.T, refs []audit.Ref) map[audit.Ref]audit.Privilege {
	c := s.client(rt)
	if _, err := c.Inventory(context.Background()); err != nil {
		return nil // Of an account that cannot be listed no one's power is asked for.
	}
	return c.Privileges(context.Background(), refs)
}

func (s powerSides) oneByOne(rt *rapid.T, refs []audit.Ref) map[audit.Ref]audit.Privilege {
	out := map[audit.Ref]audit.Privilege{}
	c := s.client(rt)
	for _, ref := range refs {
		out[ref] = c.Privileges(context.Background(), []audit.Ref{ref})[ref]
	}
	return out
}

// oneAfterAnother is the power as the instances of a plan ask for it: by the first
// ones alone, by the later ones at once.
func (s powerSides) oneAfterAnother(rt *rapid.T, refs []audit.Ref) map[audit.Ref]audit.Privilege {
	c := s.client(rt)
	if _, err := c.Inventory(context.Background()); err != nil {
		return nil
	}
	out := map[audit.Ref]audit.Privilege{}
	for _, ref := range refs {
		out[ref] = c.NextPrivilege(context.Background(), ref)
	}
	return out
}

// What is read for all principals at once says of each what asking for it alone
// says: the same powers, in the same words, and the same holes.
func TestProperty_powerAtOnceIsPowerOneByOne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		st, refs := drawPowers(rt)
		sides := drawSides(rt, st)
		want := sides.oneByOne(rt, refs)
		if diff := cmp.Diff(want, sides.atOnce(rt, refs)); diff != "" {
			rt.Fatalf("(-one by one +at once):\n%s", diff)
		}
		if diff := cmp.Diff(want, sides.oneAfterAnother(rt, refs)); diff != "" {
			rt.Fatalf("(-one by one +one after another):\n%s", diff)
		}
	})
}

// drawPowerFaults are failures of calls that power is read by, for ever or a few times. What
// is tried again, such as a 500, ends.
func drawPowerFaults(rt *rapid.T) []simulator.Fault {
	var out []simulator.Fault
	for range rapid.IntRange(1, 3).Draw(rt, "faults") {
		path := rapid.SampledFrom([]string{
			"**/scim/v2/Users", "**/scim/v2/Users/*", "**/scim/v2/Users/101", "**/scim/v2/Groups", "**/scim/v2/Groups/*", "**/scim/v2/Groups/201",
			"**/scim/v2/ServicePrincipals", "**/groups/*/direct-members", "**/groups/201/direct-members", "**/transitive-parent-groups",
			"**/principals/101/transitive-parent-groups", "**/rule-sets", "**/workspaces", "**/metastores", "**/permissionassignments",
		}).Draw(rt, "path")
		f := simulator.Fault{Path: path, Method: http.MethodGet, Times: rapid.SampledFrom([]int{0, 0, 1, 2}).Draw(rt, "times")}
		f.Kind = rapid.SampledFrom([]string{
			simulator.FaultStatus, simulator.FaultStatus, simulator.FaultStatus, simulator.FaultShift, simulator.FaultShrink,
			simulator.FaultDuplicate, simulator.FaultEmptyPage,
		}).Draw(rt, "kind")
		if f.Kind == simulator.FaultStatus {
			f.Status = rapid.SampledFrom([]int{400, 403, 404, 500, 501}).Draw(rt, "status")
			switch {
			case f.Status == 500:
				f.Times = 2
			case f.Status == 404 && path == "**/rule-sets":
				f.Status = 403 // A rule set that is not there has no rules.
			}
			f.Message, f.ErrorCode = "no", rapid.SampledFrom([]string{"BAD", "RESOURCE_DOES_NOT_EXIST"}).Draw(rt, "code")
		}
		out = append(out, f)
	}
	return out
}

// Under faults either everything is known, as without faults, or the verdict says
// that something is not; and no one gets a power that he has not.
func TestProperty_powerAtOnceFailsClosed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		st, refs := drawPowers(rt)
		sides := drawSides(rt, st)
		truth := sides.oneByOne(rt, refs)
		list := drawPowerFaults(rt)
		if err := sides.server.SetFaults(list); err != nil {
			rt.Fatal(err)
		}
		for ref, got := range sides.atOnce(rt, refs) {
			want := truth[ref]
			switch {
			case got.Unknown == "" && !cmp.Equal(want, got):
				rt.Fatalf("%s is said to be known: %+v, want %+v; faults %+v", ref, got, want, list)
			case len(got.Powers) > 0 && len(want.Powers) == 0:
				rt.Fatalf("%s has no power, and is said to have %q; faults %+v", ref, got.Powers, list)
			}
		}
	})
}
