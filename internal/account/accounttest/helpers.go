// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package accounttest is what the tests of several parts of the account share: a client
// of a simulated account, over sockets or in memory, and two accounts: [Estate] for access
// and [Club] for memberships.
package accounttest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/databricks/databricks-sdk-go/config"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// hermetic keeps environment and profiles of the machine out.
type hermetic struct{}

func (hermetic) Name() string                   { return "hermetic" }
func (hermetic) Configure(*config.Config) error { return nil }

// Loaders reads nothing but the configuration itself.
func Loaders() []config.Loader { return []config.Loader{hermetic{}} }

// Start is a simulated account for one test.
func Start(t *testing.T, st simulator.State, opts simulator.Options) *simulator.Running {
	t.Helper()
	sim, err := simulator.Start(st, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	return sim
}

// Config is a configuration for the simulator with short pauses. Its limits are
// for what hangs: no test may wait for them, and a busy machine must not meet
// them. A test that waits for a limit sets its own, in a time of its own ([StartInside]).
func Config(sim *simulator.Running) api.Config {
	cfg := api.Config{
		SDK: &config.Config{
			Host: sim.URL, AccountID: sim.AccountID, ClientID: sim.ClientID, ClientSecret: sim.ClientSecret,
			Loaders: Loaders(),
		},
		FirstContact: time.Minute, RequestTimeout: time.Minute, RetryBudget: time.Minute,
		RetryPause: 5 * time.Millisecond, ConfirmTimeout: time.Minute,
	}
	if sim.URL == insideURL {
		cfg.SDK.HTTPTransport = Memory{Handler: sim.Server.Handler()}
	}
	return cfg
}

// Connect is a client with that configuration.
func Connect(t *testing.T, cfg api.Config) *account.Client {
	t.Helper()
	c, err := account.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// SetFaults makes the simulated account fail in these ways.
func SetFaults(t *testing.T, sim *simulator.Running, list ...simulator.Fault) {
	t.Helper()
	if err := sim.Server.SetFaults(list); err != nil {
		t.Fatal(err)
	}
}

// Count is how many requests of a method had a path with that part.
func Count(sim *simulator.Running, method, part string) int {
	n := 0
	for _, r := range sim.Server.Requests().Log {
		if r.Method == method && strings.Contains(r.Path, part) {
			n++
		}
	}
	return n
}

// Population is an account with n users (ids 1001..), groups and service principals,
// every second user linked.
func Population(users, groups, sps int) simulator.State {
	var st simulator.State
	for i := range users {
		u := simulator.User{
			ID: fmt.Sprint(100001 + i), UserName: fmt.Sprintf("user%05d@example.com", i), DisplayName: fmt.Sprintf("User %05d", i), Active: i%10 != 9,
		}
		if i%2 == 0 {
			u.ExternalID = GUID(1, i)
		}
		st.Users = append(st.Users, u)
	}
	for i := range groups {
		st.Groups = append(st.Groups, simulator.Group{ID: fmt.Sprint(200001 + i), DisplayName: fmt.Sprintf("group-%04d", i), ExternalID: GUID(2, i)})
	}
	for i := range sps {
		st.ServicePrincipals = append(st.ServicePrincipals, simulator.ServicePrincipal{
			ID: fmt.Sprint(300001 + i), ApplicationID: GUID(3, i), DisplayName: fmt.Sprintf("app-%d", i), ExternalID: GUID(4, i), Active: true,
		})
	}
	return st
}

// GUID is an id that differs by kind and number.
func GUID(kind, n int) string { return fmt.Sprintf("%08x-0000-4000-8000-%012x", kind, n) }

// User is the user with an id.
func User(id string) audit.Ref { return audit.Ref{Type: audit.TypeUser, ID: id} }

// Group is the group with an id.
func Group(id string) audit.Ref { return audit.Ref{Type: audit.TypeGroup, ID: id} }

// SP is the service principal with an id.
func SP(id string) audit.Ref { return audit.Ref{Type: audit.TypeServicePrincipal, ID: id} }

// SomeAccount is the id of an account.
const SomeAccount = "00000000-0000-4000-8000-000000000001"

// Refs are the references of principals.
func Refs(ps []audit.Principal) []audit.Ref {
	var out []audit.Ref
	for _, p := range ps {
		out = append(out, p.Ref)
	}
	return out
}

// Principals is the inventory of a state, written the slow way.
func Principals(st simulator.State) []audit.Principal {
	var out []audit.Principal
	for _, u := range st.Users {
		out = append(out, audit.Principal{Ref: User(u.ID), Name: u.UserName, ExternalID: u.ExternalID, Active: new(u.Active)})
	}
	for _, g := range st.Groups {
		out = append(out, audit.Principal{Ref: Group(g.ID), Name: g.DisplayName, ExternalID: g.ExternalID})
	}
	for _, s := range st.ServicePrincipals {
		out = append(out, audit.Principal{Ref: SP(s.ID), Name: s.ApplicationID, ExternalID: s.ExternalID, Active: new(s.Active)})
	}
	slices.SortFunc(out, func(a, b audit.Principal) int { return audit.CompareRefs(a.Ref, b.Ref) })
	return out
}
