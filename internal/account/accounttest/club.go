// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package accounttest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

const callerSecret = "club-secret"

// Club is an account with users 1 to 8 (7 inactive), the caller as service
// principal 21, and groups: 11 has user 1, 12 has group 11, 13 is linked and has
// users 1 (own) and 2 (of the IdP), 14 is privileged and holds user 3 and the
// caller, 15 is empty, 16 has a member from the IdP.
func Club() simulator.State {
	st := simulator.State{
		ServicePrincipals: []simulator.ServicePrincipal{
			{ID: "21", ApplicationID: GUID(3, 1), DisplayName: "runner", Active: true},
			{ID: "22", ApplicationID: GUID(3, 2), DisplayName: "other", Active: true},
		},
		Account: simulator.Account{OAuthClients: []simulator.OAuthClient{{ClientID: GUID(3, 1), ClientSecret: callerSecret}}},
		Groups: []simulator.Group{
			{ID: "11", DisplayName: "readers", Members: Members("1")},
			{ID: "12", DisplayName: "all readers", Members: Members("11")},
			{ID: "13", DisplayName: "linked", ExternalID: GUID(2, 13), Members: append(Members("1"), simulator.Member{Value: "2", Source: "IDENTITY_PROVIDER"})},
			{ID: "14", DisplayName: "operators", Members: Members("3", "21"), Roles: []simulator.Role{{Value: "account_admin"}}},
			{ID: "15", DisplayName: "empty"},
			{ID: "16", DisplayName: "mixed", Members: []simulator.Member{{Value: "2", Source: "IDENTITY_PROVIDER"}}},
			{ID: "17", DisplayName: "admins"},
		},
	}
	for i := range 8 {
		st.Users = append(st.Users, simulator.User{
			ID: fmt.Sprint(i + 1), UserName: fmt.Sprintf("u%d@example.com", i+1), DisplayName: fmt.Sprintf("User %d", i+1), Active: i != 6,
		})
	}
	return st
}

// Members are the members of a simulated group, by id.
func Members(ids ...string) []simulator.Member {
	var out []simulator.Member
	for _, id := range ids {
		out = append(out, simulator.Member{Value: id})
	}
	return out
}

// Roster is who is in a group, looked up behind the client's back.
func Roster(t *testing.T, sim *simulator.Running, id string) []string {
	t.Helper()
	st, err := sim.Server.State()
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range st.Groups {
		if g.ID == id {
			out := []string{}
			for _, m := range g.Members {
				out = append(out, m.Value)
			}
			return out
		}
	}
	t.Fatalf("group %s is not in the account", id)
	return nil
}

// ClubClient is a client that is patient for a second, for tests in a time of their own.
func ClubClient(t *testing.T, sim *simulator.Running, change ...func(*api.Config)) *account.Client {
	t.Helper()
	cfg := Config(sim)
	cfg.ConfirmTimeout, cfg.RetryBudget, cfg.MemberWindow = time.Second, time.Second, 5*time.Millisecond
	for _, f := range change {
		f(&cfg)
	}
	return Connect(t, cfg)
}

// MemberRequest asks for a member of a group.
func MemberRequest(group, member string) write.MemberRequest {
	return write.MemberRequest{GroupID: group, MemberID: member}
}

// RefusedBy reports whether the error is a refusal by exactly those guards.
func RefusedBy(err error, want ...string) bool {
	var refused *write.RefusedError
	if !errors.As(err, &refused) {
		return false
	}
	var got []string
	for _, r := range refused.Refusals {
		got = append(got, r.Guard)
	}
	return slices.Equal(got, want)
}

// ChangeState edits the account behind the client's back.
func ChangeState(t *testing.T, sim *simulator.Running, edit func(*simulator.State)) {
	t.Helper()
	st, err := sim.Server.State()
	if err == nil {
		edit(&st)
		err = sim.Server.SetState(st)
	}
	if err != nil {
		t.Fatal(err)
	}
}
