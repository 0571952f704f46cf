// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package write_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/guard"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/journal"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// fieldCase is one write of an attribute. Of the club, user 7 is inactive, 3 and the
// caller (21) are account admins by a group.
type fieldCase struct {
	setup  func(st *simulator.State)
	change func(cfg *api.Config)
	opts   simulator.Options
	faults []simulator.Fault
	write  func(ctx context.Context, c *account.Client) (write.FieldResult, error)
	// fail is as in checkFailure, or "guard " and its id.
	fail     string
	previous string
	noWrite  bool // it was there already
	patches  int
	// holds is what the account has afterwards, as activeOf or the name.
	holds string
}

func deactivate(ref audit.Ref, change ...func(*write.ActiveRequest)) func(context.Context, *account.Client) (write.FieldResult, error) {
	req := write.ActiveRequest{Ref: ref}
	for _, f := range change {
		f(&req)
	}
	return func(ctx context.Context, c *account.Client) (write.FieldResult, error) {
		return c.SetActive(ctx, req)
	}
}

func rename(id, name string, change ...func(*write.GroupNameRequest)) func(context.Context, *account.Client) (write.FieldResult, error) {
	req := write.GroupNameRequest{GroupID: id, Want: name}
	for _, f := range change {
		f(&req)
	}
	return func(ctx context.Context, c *account.Client) (write.FieldResult, error) {
		return c.SetGroupName(ctx, req)
	}
}

func (tc *fieldCase) run(t *testing.T, value func(simulator.State) string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		st := accounttest.Club()
		if tc.setup != nil {
			tc.setup(&st)
		}
		sim := accounttest.StartInside(t, st, tc.opts)
		accounttest.SetFaults(t, sim, tc.faults...)
		change := tc.change
		if change == nil {
			change = func(*api.Config) {}
		}
		got, err := tc.write(t.Context(), accounttest.ClubClient(t, sim, change))
		if guard, is := strings.CutPrefix(tc.fail, "guard "); is {
			if !accounttest.RefusedBy(err, guard) {
				t.Errorf("got %v, want %s", err, tc.fail)
			}
		} else if tc.fail != "" {
			checkFailure(t, err, tc.fail)
		} else if err != nil {
			t.Error(err)
		}
		if n := accounttest.Count(sim, http.MethodPatch, ""); n != tc.patches {
			t.Errorf("%d PATCH requests, want %d", n, tc.patches)
		}
		if tc.fail == "" && (got.Wrote == tc.noWrite || got.Previous != tc.previous) {
			t.Errorf("wrote %t, previous %q", got.Wrote, got.Previous)
		}
		after, err := sim.Server.State()
		if err != nil {
			t.Fatal(err)
		}
		if v := value(after); v != tc.holds {
			t.Errorf("the account holds %q, want %q", v, tc.holds)
		}
	})
}

func TestSetActive(t *testing.T) {
	t.Parallel()
	allow := func(r *write.ActiveRequest) { r.AllowPrivileged = true }
	activate := func(r *write.ActiveRequest) { r.Active = true }
	named := func(r *write.ActiveRequest) { r.Name = "u1@example.com" }
	admins := func(st *simulator.State) { // No one but user 3; the caller is no one of the account.
		st.Account, st.Groups[3].Members = simulator.Account{}, accounttest.Members("3")
	}
	tests := map[string]fieldCase{
		"a user":              {write: deactivate(accounttest.User("1"), named), previous: "true", patches: 1, holds: "1"},
		"a service principal": {write: deactivate(accounttest.SP("22")), previous: "true", patches: 1, holds: "22"},
		"inactive already":    {write: deactivate(accounttest.User("7")), noWrite: true},
		"active already":      {write: deactivate(accounttest.User("1"), activate), noWrite: true},
		"active again":        {write: deactivate(accounttest.User("7"), activate), previous: "false", patches: 1, holds: "-7"},
		"active again, not allowed": {write: deactivate(accounttest.User("7"), activate, func(r *write.ActiveRequest) {
			r.MayActivate = func(context.Context, audit.Principal) error { return errors.New("it left") }
		}), fail: "it left"},
		"another name than reviewed": {write: deactivate(accounttest.User("2"), named), fail: "is \"u2@example.com\" now"},
		"missing":                    {write: deactivate(accounttest.User("99")), fail: "not found"},
		"read only":                  {write: deactivate(accounttest.User("1")), change: func(cfg *api.Config) { cfg.ReadOnly = true }, fail: "read_only"},
		"the caller":                 {write: deactivate(accounttest.SP("21"), allow), fail: "guard " + guard.DeactivatesCaller},
		"an admin":                   {write: deactivate(accounttest.User("3")), fail: "guard " + guard.PrivilegedPrincipal},
		"an admin, allowed":          {write: deactivate(accounttest.User("3"), allow), previous: "true", patches: 1, holds: "3"},
		"the last admin":             {setup: admins, write: deactivate(accounttest.User("3"), allow), fail: "guard " + guard.LastAdmin},
		"power cannot be read":       {write: deactivate(accounttest.User("1")), faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 403, Method: http.MethodGet, Path: "**/permissionassignments"}, {Kind: simulator.FaultStatus, Status: 403, Method: http.MethodGet, Path: "**/workspaces"}}, fail: "guard " + guard.PrivilegesUnknown},
		"admins cannot be read":      {write: deactivate(accounttest.User("3"), allow), faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 403, Method: http.MethodGet, Path: "**/scim/v2/Groups"}}, fail: "guard " + guard.AdminsUnknown},
		"linked, and refused": {
			setup: func(st *simulator.State) { st.Users[0].ExternalID = accounttest.GUID(1, 1) }, write: deactivate(accounttest.User("1")),
			faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 400, Method: http.MethodPatch, Message: "managed"}}, patches: 1, fail: "change it there",
		},
		"throttled":               {write: deactivate(accounttest.User("1")), faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 429, Method: http.MethodPatch, Times: 2, RetryAfterSeconds: new(0)}}, previous: "true", patches: 3, holds: "1"},
		"lost answer":             {write: deactivate(accounttest.User("1")), faults: []simulator.Fault{{Kind: simulator.FaultLost, Method: http.MethodPatch, Times: 1}}, previous: "true", patches: 1, holds: "1"},
		"500, yet done":           {write: deactivate(accounttest.User("1")), faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 500, Method: http.MethodPatch, AfterHandler: true}}, previous: "true", patches: 1, holds: "1"},
		"200 without effect":      {write: deactivate(accounttest.User("1")), faults: []simulator.Fault{{Kind: simulator.FaultNoop, Method: http.MethodPatch}}, patches: 1, fail: "unconfirmed"},
		"stale reads":             {write: deactivate(accounttest.User("1")), faults: []simulator.Fault{{Kind: simulator.FaultStale, Method: http.MethodGet, Path: "**/Users/*", Times: 4}}, previous: "true", patches: 1, holds: "1"},
		"read back a while later": {write: deactivate(accounttest.User("1")), opts: simulator.Options{ConsistencyLag: 300 * time.Millisecond}, previous: "true", patches: 1, holds: "1"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tc.run(t, func(st simulator.State) string {
				var out []string
				for _, u := range st.Users {
					switch {
					case !u.Active && u.ID != "7":
						out = append(out, u.ID)
					case u.Active && u.ID == "7":
						out = append(out, "-7")
					}
				}
				for _, s := range st.ServicePrincipals {
					if !s.Active {
						out = append(out, s.ID)
					}
				}
				return strings.Join(out, " ")
			})
		})
	}
}

// The other admin is deactivated by another writer at the same moment: ours is active
// again, and the error says so.
func TestSetActive_brokenIsUndone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := accounttest.Club()
		st.Account, st.Groups[3].Members = simulator.Account{}, accounttest.Members("3", "4")
		sim := accounttest.StartInside(t, st, simulator.Options{})
		m := &meddler{base: accounttest.Memory{Handler: sim.Server.Handler()}, meddle: func() {
			accounttest.ChangeState(t, sim, func(st *simulator.State) { st.Users[3].Active = false })
		}}
		m.answer = m.base.RoundTrip
		c := accounttest.ClubClient(t, sim, func(cfg *api.Config) { cfg.SDK.HTTPTransport = m })
		_, err := c.SetActive(t.Context(), write.ActiveRequest{Ref: accounttest.User("3"), AllowPrivileged: true})
		var broken *write.BrokenError
		if !errors.As(err, &broken) || !broken.NoAdmin || !broken.Undone || !strings.Contains(err.Error(), "deactivating user/3 left") {
			t.Errorf("got %v", err)
		}
		after, err := sim.Server.State()
		if err != nil || !after.Users[2].Active {
			t.Errorf("user 3 is inactive: %v", err)
		}
	})
}

// After the deactivation of an admin it is looked at whether one is left, and what cannot
// be read of that is said. Of anyone else nothing is looked at.
func TestSetActive_unchecked(t *testing.T) {
	t.Parallel()
	for id, unchecked := range map[string]string{"3": "whether an account admin is left: ", "1": ""} {
		synctest.Test(t, func(t *testing.T) {
			sim := accounttest.StartInside(t, accounttest.Club(), simulator.Options{})
			m := &meddler{base: accounttest.Memory{Handler: sim.Server.Handler()}, meddle: func() {
				accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultStatus, Status: 403, Method: http.MethodGet, Path: "**/scim/v2/Groups"})
			}}
			m.answer = m.base.RoundTrip
			c := accounttest.ClubClient(t, sim, func(cfg *api.Config) { cfg.SDK.HTTPTransport = m })
			got, err := c.SetActive(t.Context(), write.ActiveRequest{Ref: accounttest.User(id), AllowPrivileged: true})
			if err != nil || !got.Wrote || !strings.HasPrefix(got.Unchecked, unchecked) || (got.Unchecked == "") != (unchecked == "") {
				t.Errorf("user/%s: %+v, %v", id, got, err)
			}
		})
	}
}

func TestSetGroupName(t *testing.T) {
	t.Parallel()
	expected := func(name string) func(*write.GroupNameRequest) {
		return func(r *write.GroupNameRequest) { r.Expected = name }
	}
	allow := func(r *write.GroupNameRequest) { r.AllowPrivileged = true }
	// The account keeps the form that it was given, and Terraform writes the composed one.
	decomposed := func(group int) func(*simulator.State) {
		return func(st *simulator.State) { st.Groups[group].DisplayName = norm.NFD.String("équipe") }
	}
	tests := map[string]fieldCase{
		"a group":                    {write: rename("15", "new", expected("empty")), previous: "empty", patches: 1, holds: "15 new"},
		"named so already":           {write: rename("15", "empty", expected("old")), noWrite: true},
		"another case":               {write: rename("15", "Empty", expected("empty")), previous: "empty", patches: 1, holds: "15 Empty"},
		"another name than reviewed": {write: rename("15", "new", expected("old")), fail: `is "empty" now, and "old"`},
		"missing":                    {write: rename("99", "new"), fail: "not found"},
		"read only":                  {write: rename("15", "new"), change: func(cfg *api.Config) { cfg.ReadOnly = true }, fail: "read_only"},
		"a linked group":             {write: rename("13", "new"), fail: "guard " + guard.IDPGroup},
		"members of the IdP":         {write: rename("16", "new"), fail: "guard " + guard.IDPGroup},
		"a system group":             {write: rename("17", "new"), fail: "guard " + guard.SystemGroup},
		"to a system name":           {write: rename("15", "Account Users"), fail: "Databricks keeps itself"},
		"to a taken name":            {write: rename("15", "READERS"), fail: "guard " + guard.NameTaken},
		"taken in the other form":    {setup: decomposed(0), write: rename("15", "ÉQUIPE"), fail: "guard " + guard.NameTaken},
		"named so in the other form": {setup: decomposed(3), write: rename("14", "équipe"), noWrite: true},
		"too long":                   {write: rename("15", strings.Repeat("x", 256)), fail: "256 characters"},
		"with a line break":          {write: rename("15", "a\nb"), fail: "control character"},
		"blank":                      {write: rename("15", " "), fail: "blank"},
		"privileged":                 {write: rename("14", "new"), fail: "guard " + guard.PrivilegedPrincipal},
		"privileged, allowed":        {write: rename("14", "new", allow), previous: "operators", patches: 1, holds: "14 new"},
		"privileged, restored":       {write: rename("14", "new", func(r *write.GroupNameRequest) { r.Restores = true }), previous: "operators", patches: 1, holds: "14 new"},
		"names cannot be read":       {write: rename("15", "new"), faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 400, Method: http.MethodGet, Path: "**/groups"}, {Kind: simulator.FaultStatus, Status: 400, Method: http.MethodGet, Path: "**/scim/v2/Groups"}}, fail: "guard " + guard.NamesUnknown},
		"refused":                    {write: rename("15", "new"), faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 409, Method: http.MethodPatch, Message: "taken"}}, patches: 1, fail: "taken"},
		"lost answer":                {write: rename("15", "new"), faults: []simulator.Fault{{Kind: simulator.FaultLost, Method: http.MethodPatch, Times: 1}}, previous: "empty", patches: 1, holds: "15 new"},
		"200 without effect":         {write: rename("15", "new"), faults: []simulator.Fault{{Kind: simulator.FaultNoop, Method: http.MethodPatch}}, patches: 1, fail: "unconfirmed"},
		"lag, not monotonic":         {write: rename("15", "new"), opts: simulator.Options{ConsistencyLag: 300 * time.Millisecond}, previous: "empty", patches: 1, holds: "15 new"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := accounttest.Club()
			if tc.setup != nil {
				tc.setup(&before)
			}
			tc.run(t, func(st simulator.State) string {
				var out []string
				for i, g := range st.Groups {
					if g.DisplayName != before.Groups[i].DisplayName {
						out = append(out, g.ID+" "+g.DisplayName)
					}
				}
				return strings.Join(out, " ")
			})
		})
	}
}

// Two groups that are given one name at the same time: one of them gets it.
func TestSetGroupName_twice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := accounttest.StartInside(t, accounttest.Club(), simulator.Options{})
		c := accounttest.ClubClient(t, sim)
		errs := make(chan error, 2)
		for _, id := range []string{"11", "15"} {
			go func() {
				_, err := c.SetGroupName(t.Context(), write.GroupNameRequest{GroupID: id, Want: "new"})
				errs <- err
			}()
		}
		failed := []error{<-errs, <-errs}
		if n := len(slices.DeleteFunc(failed, func(err error) bool { return err == nil })); n != 1 || accounttest.Count(sim, http.MethodPatch, "") != 1 {
			t.Errorf("%d failed, %d writes", n, accounttest.Count(sim, http.MethodPatch, ""))
		}
	})
}

// What an interrupted run wrote is taken over by its intent in the journal, with the
// value before, also when another attribute of the principal was written since.
func TestSetActive_adopts(t *testing.T) {
	t.Parallel()
	for _, kill := range []bool{true, false} {
		t.Run(fmt.Sprint(kill), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "journal.jsonl")
			sim := accounttest.Start(t, accounttest.Club(), simulator.Options{})
			cfg := accounttest.Config(sim)
			cfg.Journal, cfg.ConfirmTimeout, cfg.RetryBudget = journal.New(path), 200*time.Millisecond, 200*time.Millisecond
			if kill { // The answer is lost, and reading back shows nothing.
				accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultLost, Method: http.MethodPatch, Times: 1}, simulator.Fault{Kind: simulator.FaultStatus, Status: 403, Method: http.MethodGet, Path: "**/Users/*", Skip: 1})
			} else {
				accounttest.ChangeState(t, sim, func(st *simulator.State) { st.Users[0].Active = false })
			}
			c := accounttest.Connect(t, cfg)
			if kill {
				if _, err := c.SetActive(t.Context(), write.ActiveRequest{Ref: accounttest.User("1"), Adopts: true}); err == nil {
					t.Fatal("it was confirmed")
				}
			}
			accounttest.SetFaults(t, sim)
			if _, err := accounttest.Connect(t, cfg).SetExternalID(t.Context(), write.ExternalIDRequest{Ref: accounttest.User("1"), Want: accounttest.GUID(9, 1)}); err != nil {
				t.Fatal(err)
			}
			got, err := accounttest.Connect(t, cfg).SetActive(t.Context(), write.ActiveRequest{Ref: accounttest.User("1"), Adopts: true})
			if err != nil || got.Wrote != kill || kill && got.Previous != "true" {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}
