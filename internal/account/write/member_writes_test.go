// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package write_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
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

type memberCase struct {
	remove   bool
	req      write.MemberRequest
	opts     simulator.Options
	faults   []simulator.Fault
	scim     bool
	aimOff   bool
	readOnly bool

	fail    string // a word of the error, "unconfirmed", "not found", or "guard x"
	noWrite bool
	patches int
	after   []string // members of the group; nil: as before
}

func memberCases() map[string]memberCase {
	status := func(code int, f simulator.Fault) []simulator.Fault {
		f.Kind, f.Status, f.Method = simulator.FaultStatus, code, http.MethodPatch
		return []simulator.Fault{f}
	}
	kind := func(k string, f simulator.Fault) []simulator.Fault {
		f.Kind, f.Method = k, http.MethodPatch
		return []simulator.Fault{f}
	}
	once := simulator.Fault{Times: 1}
	noContent := simulator.Options{Assumed: simulator.Assumed{SCIM: simulator.SCIMAssumptions{PatchReply: "no_content"}}}
	lag := simulator.Options{ConsistencyLag: 300 * time.Millisecond}
	return map[string]memberCase{
		"add":                         {req: accounttest.MemberRequest("15", "4"), patches: 1, after: []string{"4"}},
		"add, type given":             {req: write.MemberRequest{GroupID: "15", MemberID: "4", MemberType: audit.TypeUser}, patches: 1, after: []string{"4"}},
		"add a service principal":     {req: accounttest.MemberRequest("11", "22"), patches: 1, after: []string{"1", "22"}},
		"add a group":                 {req: accounttest.MemberRequest("15", "12"), patches: 1, after: []string{"12"}},
		"add, SCIM":                   {req: accounttest.MemberRequest("15", "4"), scim: true, patches: 1, after: []string{"4"}},
		"add, 204":                    {req: accounttest.MemberRequest("15", "4"), opts: noContent, patches: 1, after: []string{"4"}},
		"add, there already":          {req: accounttest.MemberRequest("11", "1"), noWrite: true},
		"add, there from the IdP":     {req: accounttest.MemberRequest("13", "2"), noWrite: true},
		"add to power, allowed":       {req: write.MemberRequest{GroupID: "14", MemberID: "4", AllowPrivileged: true}, patches: 1, after: []string{"3", "4", "21"}},
		"add to power":                {req: accounttest.MemberRequest("14", "4"), fail: "guard privileged_group"},
		"add to a linked group":       {req: accounttest.MemberRequest("13", "4"), fail: "guard idp_group"},
		"add to a mixed group":        {req: accounttest.MemberRequest("16", "4"), fail: "guard idp_group"},
		"restore into a linked group": {req: write.MemberRequest{GroupID: "13", MemberID: "4", Restores: true}, patches: 1, after: []string{"1", "2", "4"}},
		"add to a system group":       {req: accounttest.MemberRequest("17", "4"), fail: "guard system_group"},
		"add a group to itself":       {req: accounttest.MemberRequest("15", "15"), fail: "guard self_membership"},
		"add the group above":         {req: accounttest.MemberRequest("11", "12"), fail: "guard membership_cycle"},
		"add the group above, SCIM":   {req: accounttest.MemberRequest("11", "12"), scim: true, aimOff: true, fail: "guard membership_cycle"},
		"add an inactive user":        {req: accounttest.MemberRequest("15", "7"), fail: "guard member_inactive"},
		"add nobody":                  {req: accounttest.MemberRequest("15", "99"), fail: "not found"},
		"add to no group":             {req: accounttest.MemberRequest("99", "4"), fail: "not found"},
		"add without ids":             {req: accounttest.MemberRequest("15", ""), fail: "id of a member"},
		"add, read only":              {req: accounttest.MemberRequest("15", "4"), readOnly: true, fail: "read_only"},
		"add, workspaces unreadable":  {req: accounttest.MemberRequest("15", "4"), faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 403, Path: "**/metastores"}}, fail: "guard privileges_unknown"},
		"add, group unreadable":       {req: accounttest.MemberRequest("15", "4"), faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 403, Method: http.MethodGet, Path: "**/Groups/15"}}, fail: "403"},
		"add, member unreadable": {
			req: write.MemberRequest{GroupID: "15", MemberID: "4", MemberType: audit.TypeUser}, faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 403, Method: http.MethodGet, Path: "**/Users/4"}}, fail: "403",
		},
		"restore into a linked group, refused": {
			req: write.MemberRequest{GroupID: "13", MemberID: "4", Restores: true}, faults: status(400, simulator.Fault{Message: "managed"}),
			fail: "likely cause is that automatic identity management is on", patches: 1,
		},
		"remove the own from a linked, 500": {
			remove: true, req: accounttest.MemberRequest("13", "1"), faults: status(500, simulator.Fault{}), fail: "take the member out of the group in the identity provider", patches: 1,
		},
		"add refused 403":         {req: accounttest.MemberRequest("15", "4"), faults: status(403, simulator.Fault{Message: "managed"}), fail: "managed", patches: 1},
		"add throttled":           {req: accounttest.MemberRequest("15", "4"), faults: status(429, simulator.Fault{Times: 2, RetryAfterSeconds: new(0)}), patches: 3, after: []string{"4"}},
		"add, 503":                {req: accounttest.MemberRequest("15", "4"), faults: status(503, once), patches: 2, after: []string{"4"}},
		"add, 500, nothing done":  {req: accounttest.MemberRequest("15", "4"), faults: status(500, simulator.Fault{}), fail: "unconfirmed", patches: 1},
		"add, 500, yet done":      {req: accounttest.MemberRequest("15", "4"), faults: status(500, simulator.Fault{AfterHandler: true}), patches: 1, after: []string{"4"}},
		"add, lost answer":        {req: accounttest.MemberRequest("15", "4"), faults: kind(simulator.FaultLost, once), patches: 1, after: []string{"4"}},
		"add, lost before":        {req: accounttest.MemberRequest("15", "4"), faults: kind(simulator.FaultReset, once), patches: 2, after: []string{"4"}},
		"add, never gets there":   {req: accounttest.MemberRequest("15", "4"), faults: kind(simulator.FaultReset, simulator.Fault{}), fail: "unconfirmed", patches: 3},
		"add, 200 without effect": {req: accounttest.MemberRequest("15", "4"), faults: kind(simulator.FaultNoop, simulator.Fault{}), fail: "unconfirmed", patches: 1},
		"add, lag, not monotonic": {req: accounttest.MemberRequest("15", "4"), opts: lag, patches: 1, after: []string{"4"}},
		"add, lag, SCIM":          {req: accounttest.MemberRequest("15", "4"), opts: lag, scim: true, patches: 1, after: []string{"4"}},
		"add, lost answer, lag":   {req: accounttest.MemberRequest("15", "4"), opts: lag, faults: kind(simulator.FaultLost, once), patches: 2, after: []string{"4"}},

		"remove":                       {remove: true, req: accounttest.MemberRequest("11", "1"), patches: 1, after: []string{}},
		"remove, SCIM":                 {remove: true, req: accounttest.MemberRequest("11", "1"), scim: true, patches: 1, after: []string{}},
		"remove a group":               {remove: true, req: accounttest.MemberRequest("12", "11"), patches: 1, after: []string{}},
		"remove, not there":            {remove: true, req: accounttest.MemberRequest("15", "1"), noWrite: true},
		"remove the own from a linked": {remove: true, req: accounttest.MemberRequest("13", "1"), patches: 1, after: []string{"2"}},
		"remove what is the IdP's":     {remove: true, req: accounttest.MemberRequest("13", "2"), fail: "guard idp_membership"},
		"remove, source unknown":       {remove: true, req: accounttest.MemberRequest("13", "1"), scim: true, fail: "guard membership_source_unknown"},
		"remove, AIM off":              {remove: true, req: accounttest.MemberRequest("13", "1"), scim: true, aimOff: true, patches: 1, after: []string{"2"}},
		"remove an admin":              {remove: true, req: accounttest.MemberRequest("14", "3"), patches: 1, after: []string{"21"}},
		"remove the caller":            {remove: true, req: accounttest.MemberRequest("14", "21"), fail: "guard removes_caller"},
		"remove the caller, allowed": {
			remove: true, req: write.MemberRequest{GroupID: "14", MemberID: "21", AllowSelfRemoval: true}, patches: 1,
			fail: "unconfirmed", after: []string{"3"}, // The caller is an account admin no more.
		},
		"remove nobody":              {remove: true, req: accounttest.MemberRequest("11", "99"), fail: "not found"},
		"remove from no group":       {remove: true, req: accounttest.MemberRequest("99", "1"), fail: "not found"},
		"remove, read only":          {remove: true, req: accounttest.MemberRequest("11", "1"), readOnly: true, fail: "read_only"},
		"remove refused":             {remove: true, req: accounttest.MemberRequest("11", "1"), faults: status(403, simulator.Fault{Message: "managed"}), fail: "managed", patches: 1},
		"remove, lost answer":        {remove: true, req: accounttest.MemberRequest("11", "1"), faults: kind(simulator.FaultLost, once), patches: 1, after: []string{}},
		"remove, lost before":        {remove: true, req: accounttest.MemberRequest("11", "1"), faults: kind(simulator.FaultReset, once), patches: 2, after: []string{}},
		"remove, 200 without effect": {remove: true, req: accounttest.MemberRequest("11", "1"), faults: kind(simulator.FaultNoop, simulator.Fault{}), fail: "unconfirmed", patches: 1},
		"remove, lag, not monotonic": {remove: true, req: accounttest.MemberRequest("11", "1"), opts: lag, patches: 1, after: []string{}},
		"remove an admin, lists unreadable": {
			remove: true, req: accounttest.MemberRequest("14", "3"), faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 403, Path: "**/scim/v2/Users"}},
			fail: "guard account_admins_unknown",
		},
	}
}

func TestWriteMember(t *testing.T) {
	t.Parallel()
	for name, tc := range memberCases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sim := accounttest.StartInside(t, accounttest.Club(), tc.opts)
				accounttest.SetFaults(t, sim, tc.faults...)
				c := accounttest.ClubClient(t, sim, func(cfg *api.Config) {
					cfg.ReadOnly, cfg.MaybeHiddenMemberships = tc.readOnly, !tc.aimOff
					if tc.scim {
						cfg.IdentityAPI = "scim"
					}
				})
				known := slices.Contains([]string{"11", "12", "13", "14", "15", "16", "17"}, tc.req.GroupID)
				var before []string
				if known {
					before = accounttest.Roster(t, sim, tc.req.GroupID)
				}
				write := c.AddMember
				if tc.remove {
					write = c.RemoveMember
				}
				got, err := write(t.Context(), tc.req)
				if n := accounttest.Count(sim, http.MethodPatch, ""); n != tc.patches {
					t.Errorf("%d PATCH requests, want %d", n, tc.patches)
				}
				if tc.after == nil {
					tc.after = before
				}
				if known {
					if diff := cmp.Diff(tc.after, accounttest.Roster(t, sim, tc.req.GroupID)); diff != "" {
						t.Errorf("members (-want +got):\n%s", diff)
					}
				}
				checkMemberOutcome(t, tc, got, err)
			})
		})
	}
}

func checkMemberOutcome(t *testing.T, tc memberCase, got write.MemberResult, err error) {
	t.Helper()
	var unconfirmed *write.UnconfirmedError
	guard, isGuard := strings.CutPrefix(tc.fail, "guard ")
	ok := false
	switch {
	case tc.fail == "":
		ok = err == nil && got.Wrote != tc.noWrite && got.Group.ID == tc.req.GroupID && got.Member.ID == tc.req.MemberID && got.Member.Name != ""
	case isGuard:
		ok = accounttest.RefusedBy(err, guard)
	case tc.fail == "unconfirmed":
		ok = errors.As(err, &unconfirmed)
	case tc.fail == "not found":
		ok = errors.Is(err, api.ErrNotFound)
	default:
		ok = err != nil && strings.Contains(err.Error(), tc.fail)
	}
	if !ok {
		t.Errorf("got %+v, %v; want %q", got, err, tc.fail)
	}
}

// all writes at the same time; the errors are in the order of the requests.
func all(ctx context.Context, write func(context.Context, write.MemberRequest) (write.MemberResult, error), reqs ...write.MemberRequest) []error {
	errs := make([]error, len(reqs))
	var wg sync.WaitGroup
	for i, r := range reqs {
		wg.Go(func() { _, errs[i] = write(ctx, r) })
	}
	wg.Wait()
	return errs
}

func wide(cfg *api.Config) { cfg.MemberWindow = 100 * time.Millisecond }

func TestAddMember_severalShareOnePATCH(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := accounttest.StartInside(t, accounttest.Club(), simulator.Options{})
		c := accounttest.ClubClient(t, sim, wide)
		for _, err := range all(t.Context(), c.AddMember, accounttest.MemberRequest("15", "1"), accounttest.MemberRequest("15", "2"), accounttest.MemberRequest("15", "3"), accounttest.MemberRequest("11", "4"), accounttest.MemberRequest("15", "22")) {
			if err != nil {
				t.Error(err)
			}
		}
		if n := accounttest.Count(sim, http.MethodPatch, "/Groups/15"); n != 1 {
			t.Errorf("%d PATCH requests for one group, want 1", n)
		}
		if diff := cmp.Diff([]string{"1", "2", "3", "22"}, accounttest.Roster(t, sim, "15")); diff != "" {
			t.Errorf("members (-want +got):\n%s", diff)
		}
		for _, err := range all(t.Context(), c.RemoveMember, accounttest.MemberRequest("15", "1"), accounttest.MemberRequest("15", "2"), accounttest.MemberRequest("15", "3")) {
			if err != nil {
				t.Error(err)
			}
		}
		if n := accounttest.Count(sim, http.MethodPatch, "/Groups/15"); n != 2 {
			t.Errorf("%d PATCH requests for one group, want 2", n)
		}
		// What was written is known without reading again.
		list, err := c.Members(t.Context(), "15")
		if err != nil || len(list) != 1 || list[0].ID != "22" {
			t.Errorf("got %v, %v", list, err)
		}
	})
}

// The refusal of one, and the failure of a shared PATCH, are not the others'.
func TestAddMember_oneFailureIsNotTheOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := accounttest.StartInside(t, accounttest.Club(), simulator.Options{})
		// The shared one is refused, then the first that is sent alone.
		accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultStatus, Status: 400, Method: http.MethodPatch, Times: 2, Message: "no"})
		c := accounttest.ClubClient(t, sim, wide)
		errs := all(t.Context(), c.AddMember, accounttest.MemberRequest("15", "1"), accounttest.MemberRequest("15", "7"), accounttest.MemberRequest("15", "2"), accounttest.MemberRequest("15", "3"))
		failed := 0
		for i, err := range errs {
			switch {
			case i == 1 && !accounttest.RefusedBy(err, guard.MemberInactive):
				t.Errorf("the inactive one: %v", err)
			case i != 1 && err != nil:
				failed++
				if !strings.Contains(err.Error(), "400") {
					t.Error(err)
				}
			}
		}
		if got := accounttest.Roster(t, sim, "15"); failed != 1 || len(got) != 2 || accounttest.Count(sim, http.MethodPatch, "") != 4 {
			t.Errorf("%d failed, the group holds %v after %d PATCH requests; want 1, two, 4", failed, got, accounttest.Count(sim, http.MethodPatch, ""))
		}
	})
}

// Two groups that are put into each other at the same moment: neither sees the
// other one in the account.
func TestAddMember_crossing(t *testing.T) {
	t.Parallel()
	for name, lag := range map[string]time.Duration{"at once": 0, "behind a lag": 200 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sim := accounttest.StartInside(t, accounttest.Club(), simulator.Options{ConsistencyLag: lag})
				c := accounttest.ClubClient(t, sim)
				errs := all(t.Context(), c.AddMember, accounttest.MemberRequest("15", "12"), accounttest.MemberRequest("11", "15"))
				refused := 0
				for _, err := range errs {
					if accounttest.RefusedBy(err, guard.Cycle) {
						refused++
					} else if err != nil {
						t.Error(err)
					}
				}
				if refused != 1 || accounttest.Count(sim, http.MethodPatch, "") != 1 {
					t.Errorf("%d refused, %d PATCH requests; want 1, 1", refused, accounttest.Count(sim, http.MethodPatch, ""))
				}
			})
		})
	}
}

// The last two account admins are removed from two groups at the same moment.
func TestRemoveMember_lastAdmins(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := accounttest.Club()
		st.Account = simulator.Account{} // The caller is no one of the account.
		admin := []simulator.Role{{Value: "account_admin"}}
		st.Groups[3].Members = accounttest.Members("3")
		st.Groups[4].Members, st.Groups[4].Roles = accounttest.Members("4", "7"), admin
		sim := accounttest.StartInside(t, st, simulator.Options{})
		c := accounttest.ClubClient(t, sim)
		errs := all(t.Context(), c.RemoveMember, accounttest.MemberRequest("14", "3"), accounttest.MemberRequest("15", "4"))
		refused := 0
		for _, err := range errs {
			if accounttest.RefusedBy(err, guard.LastAdmin) {
				refused++
			} else if err != nil {
				t.Error(err)
			}
		}
		if refused != 1 || accounttest.Count(sim, http.MethodPatch, "") != 1 {
			t.Errorf("%d refused, %d PATCH requests; want 1, 1: %v", refused, accounttest.Count(sim, http.MethodPatch, ""), errs)
		}
	})
}

func TestRemoveMember_groupThatHoldsTheCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := accounttest.Club()
		st.Groups[4].Members = accounttest.Members("14") // operators, with the caller, are in 15
		sim := accounttest.StartInside(t, st, simulator.Options{})
		c := accounttest.ClubClient(t, sim)
		if _, err := c.RemoveMember(t.Context(), accounttest.MemberRequest("15", "14")); !accounttest.RefusedBy(err, guard.Caller) {
			t.Errorf("got %v", err)
		}
		if _, err := c.RemoveMember(t.Context(), write.MemberRequest{GroupID: "15", MemberID: "14", AllowSelfRemoval: true}); err != nil {
			t.Error(err)
		}
	})
}

// One instance adds and another one removes the same member: both cannot win.
func TestWriteMember_oneAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := accounttest.StartInside(t, accounttest.Club(), simulator.Options{Latency: 20 * time.Millisecond})
		c := accounttest.ClubClient(t, sim)
		var errs [2]error
		var wg sync.WaitGroup
		wg.Go(func() { _, errs[0] = c.AddMember(t.Context(), accounttest.MemberRequest("15", "1")) })
		wg.Go(func() { _, errs[1] = c.RemoveMember(t.Context(), accounttest.MemberRequest("15", "1")) })
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if !strings.Contains(err.Error(), "by another resource at this moment") {
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("%d won: %v", won, errs)
		}
	})
}

func TestAddMember_cancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := accounttest.StartInside(t, accounttest.Club(), simulator.Options{})
		accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultNoop, Method: http.MethodPatch})
		c := accounttest.ClubClient(t, sim, func(cfg *api.Config) { cfg.ConfirmTimeout = time.Minute })
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		begin := time.Now()
		_, err := c.AddMember(ctx, accounttest.MemberRequest("15", "1"))
		var unconfirmed *write.UnconfirmedError
		if !errors.As(err, &unconfirmed) || !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) > 5*time.Second {
			t.Errorf("after %s: %v", time.Since(begin), err)
		}
		// Given up before anything was sent.
		c = accounttest.ClubClient(t, sim, func(cfg *api.Config) { cfg.MemberWindow = time.Minute })
		sim.Server.ResetRequests()
		ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err = c.AddMember(ctx, write.MemberRequest{GroupID: "15", MemberID: "1", MemberType: audit.TypeUser})
		if err == nil || errors.As(err, &unconfirmed) || !errors.Is(err, context.DeadlineExceeded) || sim.Server.Requests().Total != 0 {
			t.Errorf("after %d requests: %v", sim.Server.Requests().Total, err)
		}
	})
}

// While the account throttles a PATCH, the group becomes the IdP's: the
// repetition does not add to it.
func TestAddMember_linkedWhileThrottled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := accounttest.StartInside(t, accounttest.Club(), simulator.Options{})
		accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultStatus, Status: 429, Method: http.MethodPatch, Times: 1, RetryAfterSeconds: new(1)})
		c := accounttest.ClubClient(t, sim, func(cfg *api.Config) { cfg.RetryBudget = 5 * time.Second })
		done := make(chan error, 1)
		go func() {
			_, err := c.AddMember(t.Context(), accounttest.MemberRequest("15", "1"))
			done <- err
		}()
		for begin := time.Now(); accounttest.Count(sim, http.MethodPatch, "") == 0; time.Sleep(5 * time.Millisecond) {
			if time.Since(begin) > 10*time.Second {
				t.Fatal("no PATCH came")
			}
		}
		st, err := sim.Server.State()
		if err != nil {
			t.Fatal(err)
		}
		for i := range st.Groups {
			if st.Groups[i].ID == "15" {
				st.Groups[i].ExternalID = accounttest.GUID(2, 15)
			}
		}
		if err := sim.Server.SetState(st); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err == nil || !strings.Contains(err.Error(), "externalId of group/15 meanwhile") {
			t.Errorf("got %v", err)
		}
		if got := accounttest.Roster(t, sim, "15"); len(got) != 0 || accounttest.Count(sim, http.MethodPatch, "") != 1 {
			t.Errorf("the group holds %v after %d PATCH requests", got, accounttest.Count(sim, http.MethodPatch, ""))
		}
	})
}

// A batch costs one reading of the group before, one PATCH and two lists after.
func TestAddMember_requests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := accounttest.StartInside(t, accounttest.Club(), simulator.Options{})
		c := accounttest.ClubClient(t, sim, wide)
		if _, err := c.Inventory(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.Privileges(t.Context(), []audit.Ref{accounttest.Group("15")})
		sim.Server.ResetRequests()
		for _, err := range all(t.Context(), c.AddMember, accounttest.MemberRequest("15", "1"), accounttest.MemberRequest("15", "2"), accounttest.MemberRequest("15", "3")) {
			if err != nil {
				t.Error(err)
			}
		}
		got := map[string]int{
			"GET group": accounttest.Count(sim, http.MethodGet, "/Groups/15"), "GET member": accounttest.Count(sim, http.MethodGet, "/Users/"), "list": accounttest.Count(sim, http.MethodGet, "/direct-members"),
			"PATCH": accounttest.Count(sim, http.MethodPatch, ""), "total": sim.Server.Requests().Total,
		}
		want := map[string]int{"GET group": 1, "GET member": 3, "list": 3, "PATCH": 1, "total": 8}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
	})
}
