// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package write_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/guard"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// What the guards of many writes need of the whole account is read once: each one more
// costs the look at what it is about, the write, and reading it back.
func TestWrites_requests(t *testing.T) {
	t.Parallel()
	const first, more = 5, 10
	for name, tc := range map[string]struct {
		write func(ctx context.Context, c *account.Client, i int) error
		each  int
		// shared is the most that the first ones cost beyond that: lists, who is privileged, and
		// the groups above as many as make reading the privileged groups cheaper.
		shared int
	}{
		"deactivations": {func(ctx context.Context, c *account.Client, i int) error {
			_, err := c.SetActive(ctx, write.ActiveRequest{Ref: accounttest.User(fmt.Sprint(1000 + i))})
			return err
		}, 3, 22}, // Look, write, look.
		"names": {func(ctx context.Context, c *account.Client, i int) error {
			_, err := c.SetGroupName(ctx, write.GroupNameRequest{GroupID: fmt.Sprint(2000 + i), Want: fmt.Sprint("new ", i)})
			return err
		}, 5, 20}, // The group and its members, write, two looks.
		"memberships": {func(ctx context.Context, c *account.Client, i int) error {
			_, err := c.AddMember(ctx, write.MemberRequest{GroupID: fmt.Sprint(2000 + i), MemberID: fmt.Sprint(1000 + i), MemberType: audit.TypeUser})
			return err
		}, 6, 20}, // The group, its members and the new one, write, two looks.
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st := accounttest.Club()
				for i := range first + more {
					st.Users = append(st.Users, simulator.User{ID: fmt.Sprint(1000 + i), UserName: fmt.Sprintf("n%d@example.com", i), Active: true})
					st.Groups = append(st.Groups, simulator.Group{ID: fmt.Sprint(2000 + i), DisplayName: fmt.Sprint("own ", i)})
				}
				sim := accounttest.StartInside(t, st, simulator.Options{})
				c := accounttest.ClubClient(t, sim)
				if _, err := c.Inventory(t.Context()); err != nil {
					t.Fatal(err)
				}
				do := func(from, to int) int {
					sim.Server.ResetRequests()
					for i := from; i < to; i++ {
						if err := tc.write(t.Context(), c, i); err != nil {
							t.Fatal(err)
						}
					}
					return sim.Server.Requests().Total
				}
				if n := do(0, first); n > first*tc.each+tc.shared {
					t.Errorf("the first %d took %d requests, want at most %d and %d for all: %v", first, n, first*tc.each, tc.shared, sim.Server.Requests().ByRoute)
				}
				if n := do(first, first+more); n != more*tc.each {
					t.Errorf("%d more took %d requests, want %d: %v", more, n, more*tc.each, sim.Server.Requests().ByRoute)
				}
			})
		})
	}
}

// The groups of account admins are gone through once for each listing of who is one, which
// is a minute old at most, and anew after a membership of this process.
func TestSetRule_requests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := accounttest.Club()
		for i := range st.Users {
			st.Users[i].ExternalID = accounttest.GUID(1, i+1)
			st.IDP.Users = append(st.IDP.Users, simulator.IDPUser{ID: accounttest.GUID(1, i+1), UserPrincipalName: st.Users[i].UserName, AccountEnabled: true})
		}
		sim := accounttest.StartInside(t, st, simulator.Options{})
		c := accounttest.ClubClient(t, sim)
		ask := func(user int) write.RuleRequest {
			id := accounttest.GUID(1, user)
			return write.RuleRequest{ExternalID: id, Identity: func(context.Context, string, []audit.Principal) guard.DeniedIdentity {
				return guard.DeniedIdentity{Identity: &audit.Identity{Type: audit.TypeUser, ExternalID: id}}
			}}
		}
		walks := func(want int) {
			t.Helper()
			if n := accounttest.Count(sim, http.MethodGet, "/direct-members"); n != want {
				t.Errorf("the members of groups were read %d times, want %d", n, want)
			}
			sim.Server.ResetRequests()
		}
		for _, user := range []int{1, 2, 4} {
			if _, err := c.SetRule(t.Context(), ask(user)); err != nil {
				t.Fatal(err)
			}
		}
		walks(4) // Before the first, and after each.
		time.Sleep(2 * time.Minute)
		if found, err := c.CheckRule(t.Context(), ask(5)); err != nil || len(found.Refusals) > 0 {
			t.Errorf("got %+v, %v", found, err)
		}
		walks(1)
		if _, err := c.AddMember(t.Context(), write.MemberRequest{GroupID: "14", MemberID: "5", AllowPrivileged: true}); err != nil {
			t.Fatal(err)
		}
		if found, err := c.CheckRule(t.Context(), ask(5)); err != nil || len(found.Refusals) != 1 || found.Refusals[0].Guard != guard.DeniesAdmin {
			t.Errorf("an admin of this run: got %+v, %v", found, err)
		}
	})
}
