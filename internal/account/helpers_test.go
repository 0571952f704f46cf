// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package account_test

import (
	"fmt"
	"net/http"
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

func hermeticLoaders() []config.Loader { return []config.Loader{hermetic{}} }

func start(t *testing.T, st simulator.State, opts simulator.Options) *simulator.Running {
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

// quick is a configuration for the simulator with short pauses. Its limits are
// for what hangs: no test may wait for them, and a busy machine must not meet
// them. A test that waits for a limit sets its own, in a time of its own ([startInside]).
func quick(sim *simulator.Running) api.Config {
	cfg := api.Config{
		SDK: &config.Config{
			Host: sim.URL, AccountID: sim.AccountID, ClientID: sim.ClientID, ClientSecret: sim.ClientSecret,
			Loaders: hermeticLoaders(),
		},
		FirstContact: time.Minute, RequestTimeout: time.Minute, RetryBudget: time.Minute,
		RetryPause: 5 * time.Millisecond, ConfirmTimeout: time.Minute,
	}
	if sim.URL == insideURL {
		cfg.SDK.HTTPTransport = memory{sim.Server.Handler()}
	}
	return cfg
}

func connect(t *testing.T, cfg api.Config) *account.Client {
	t.Helper()
	c, err := account.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func faults(t *testing.T, sim *simulator.Running, list ...simulator.Fault) {
	t.Helper()
	if err := sim.Server.SetFaults(list); err != nil {
		t.Fatal(err)
	}
}

// count is how many requests of a method had a path with that part.
func count(sim *simulator.Running, method, part string) int {
	n := 0
	for _, r := range sim.Server.Requests().Log {
		if r.Method == method && strings.Contains(r.Path, part) {
			n++
		}
	}
	return n
}

// crowd is an account with n users (ids 1001..), groups and service principals,
// every second user linked.
func crowd(users, groups, sps int) simulator.State {
	var st simulator.State
	for i := range users {
		u := simulator.User{
			ID: fmt.Sprint(100001 + i), UserName: fmt.Sprintf("user%05d@example.com", i), DisplayName: fmt.Sprintf("User %05d", i), Active: i%10 != 9,
		}
		if i%2 == 0 {
			u.ExternalID = guid(1, i)
		}
		st.Users = append(st.Users, u)
	}
	for i := range groups {
		st.Groups = append(st.Groups, simulator.Group{ID: fmt.Sprint(200001 + i), DisplayName: fmt.Sprintf("group-%04d", i), ExternalID: guid(2, i)})
	}
	for i := range sps {
		st.ServicePrincipals = append(st.ServicePrincipals, simulator.ServicePrincipal{
			ID: fmt.Sprint(300001 + i), ApplicationID: guid(3, i), DisplayName: fmt.Sprintf("app-%d", i), ExternalID: guid(4, i), Active: true,
		})
	}
	return st
}

func guid(kind, n int) string { return fmt.Sprintf("%08x-0000-4000-8000-%012x", kind, n) }

func user(id string) audit.Ref  { return audit.Ref{Type: audit.TypeUser, ID: id} }
func group(id string) audit.Ref { return audit.Ref{Type: audit.TypeGroup, ID: id} }
func sp(id string) audit.Ref    { return audit.Ref{Type: audit.TypeServicePrincipal, ID: id} }

func ptr[T any](v T) *T { return &v }

const (
	get   = http.MethodGet
	patch = http.MethodPatch
	post  = http.MethodPost
)
