// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory_test

import (
	"errors"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// A principal is missing only when it answers 404 and a whole listing of its
// type lacks it.
func TestKnown_missing(t *testing.T) {
	t.Parallel()
	const list = "/api/2.0/identity/accounts/*/users"
	tests := map[string]struct {
		fault   simulator.Fault
		deleted bool
		missing bool // ErrNotFound
		found   bool
	}{
		"deleted":                            {deleted: true, missing: true},
		"a 404 that the listing contradicts": {fault: simulator.Fault{Kind: simulator.FaultStatus, Status: 404, BodyForm: "scim", Path: "/api/2.1/**/Users/1"}, found: true},
		"no listing":                         {fault: simulator.Fault{Kind: simulator.FaultStatus, Status: 400, Path: list}, deleted: true},
		"no listing of another type":         {fault: simulator.Fault{Kind: simulator.FaultStatus, Status: 400, Path: "/api/2.0/identity/accounts/*/groups"}, deleted: true, missing: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := simulator.State{Users: []simulator.User{{ID: "2", UserName: "two@example.com"}}}
			if !tc.deleted {
				st.Users = append(st.Users, simulator.User{ID: "1", UserName: "one@example.com"})
			}
			sim := accounttest.Start(t, st, simulator.Options{})
			if tc.fault.Kind != "" {
				accounttest.SetFaults(t, sim, tc.fault)
			}
			p, err := accounttest.Connect(t, accounttest.Config(sim)).Known(t.Context(), accounttest.User("1"))
			if (err == nil) != tc.found || errors.Is(err, api.ErrNotFound) != tc.missing {
				t.Errorf("got %+v, %v", p, err)
			}
		})
	}
}

// A listing that lags behind a write does not decide alone.
func TestKnownHolding(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		believed, want string
	}{
		"the listing is behind":  {believed: "new", want: "new"},
		"the belief is outdated": {believed: "old", want: "old"}, // What the listing says counts as long as no one says otherwise.
		"both are":               {believed: "other", want: "new"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := accounttest.Start(t, simulator.State{Users: []simulator.User{{ID: "1", UserName: "one@example.com", ExternalID: "old"}}}, simulator.Options{})
			c := accounttest.Connect(t, accounttest.Config(sim))
			if _, err := c.Inventory(t.Context()); err != nil {
				t.Fatal(err)
			}
			st, err := sim.Server.State()
			if err != nil {
				t.Fatal(err)
			}
			st.Users[0].ExternalID = "new"
			if err := sim.Server.SetState(st); err != nil {
				t.Fatal(err)
			}
			p, err := c.KnownHolding(t.Context(), accounttest.User("1"), tc.believed)
			if err != nil || p.ExternalID != tc.want {
				t.Errorf("got %q, %v, want %q", p.ExternalID, err, tc.want)
			}
		})
	}
}
