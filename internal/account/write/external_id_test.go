// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package write_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// held is what the account holds, looked up behind the client's back.
func held(t *testing.T, sim *simulator.Running, ref audit.Ref) string {
	t.Helper()
	st, err := sim.Server.State()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range accounttest.Principals(st) {
		if p.Ref == ref {
			return p.ExternalID
		}
	}
	t.Fatalf("%s is not in the account", ref)
	return ""
}

func TestSetExternalID(t *testing.T) {
	t.Parallel()
	// user 100001 holds guid(1,0), 100002 is blank, 100003 holds guid(1,2).
	blank, linked := accounttest.User("100002"), accounttest.User("100001")
	fresh := accounttest.GUID(9, 9)
	tests := map[string]struct {
		req      write.ExternalIDRequest
		opts     simulator.Options
		faults   []simulator.Fault
		readOnly bool
		scim     bool
		// Outcome: an error of that kind, else the result.
		fail     string
		previous string
		unknown  bool // the previous value
		noWrite  bool
		patches  int
		happened bool // although it failed
	}{
		"blank":             {req: write.ExternalIDRequest{Ref: blank, Want: fresh}, patches: 1},
		"blank, expected":   {req: write.ExternalIDRequest{Ref: blank, Want: fresh, Expected: new("old")}, patches: 1},
		"expected":          {req: write.ExternalIDRequest{Ref: linked, Want: fresh, Expected: new(accounttest.GUID(1, 0))}, previous: accounttest.GUID(1, 0), patches: 1},
		"service principal": {req: write.ExternalIDRequest{Ref: accounttest.SP("300001"), Want: fresh, Expected: new(accounttest.GUID(4, 0))}, previous: accounttest.GUID(4, 0), patches: 1},
		"clear a group":     {req: write.ExternalIDRequest{Ref: accounttest.Group("200001"), Expected: new(accounttest.GUID(2, 0))}, previous: accounttest.GUID(2, 0), patches: 1},
		"SCIM":              {req: write.ExternalIDRequest{Ref: blank, Want: fresh}, scim: true, patches: 1},
		"204":               {req: write.ExternalIDRequest{Ref: blank, Want: fresh}, opts: simulator.Options{Assumed: simulator.Assumed{SCIM: simulator.SCIMAssumptions{PatchReply: "no_content"}}}, patches: 1},
		"there already":     {req: write.ExternalIDRequest{Ref: linked, Want: accounttest.GUID(1, 0)}, unknown: true, noWrite: true},
		"there already, from the expected": {
			req: write.ExternalIDRequest{Ref: linked, Want: accounttest.GUID(1, 0), Expected: new("before")}, previous: "before", noWrite: true,
		},
		"there already, expected itself": {
			req: write.ExternalIDRequest{Ref: linked, Want: accounttest.GUID(1, 0), Expected: new(accounttest.GUID(1, 0))}, unknown: true, noWrite: true,
		},
		"linked, nothing expected":  {req: write.ExternalIDRequest{Ref: linked, Want: fresh}, fail: "conflict"},
		"linked, another expected":  {req: write.ExternalIDRequest{Ref: linked, Want: fresh, Expected: new(accounttest.GUID(1, 2))}, fail: "conflict"},
		"held by a user":            {req: write.ExternalIDRequest{Ref: blank, Want: accounttest.GUID(1, 2)}, fail: "held user/100003"},
		"held by a group":           {req: write.ExternalIDRequest{Ref: blank, Want: accounttest.GUID(2, 0)}, fail: "held group/200001"},
		"held in another case":      {req: write.ExternalIDRequest{Ref: blank, Want: strings.ToUpper(accounttest.GUID(0xabc, 2))}, fail: "held user/100004"},
		"clear a user":              {req: write.ExternalIDRequest{Ref: linked, Expected: new(accounttest.GUID(1, 0))}, fail: "cannot be cleared"},
		"clear a service principal": {req: write.ExternalIDRequest{Ref: accounttest.SP("300001"), Expected: new(accounttest.GUID(4, 0))}, fail: "cannot be cleared"},
		"with a space":              {req: write.ExternalIDRequest{Ref: blank, Want: "a b"}, fail: "space or control"},
		"with a control character":  {req: write.ExternalIDRequest{Ref: blank, Want: "a\x00b"}, fail: "space or control"},
		"too long for a group":      {req: write.ExternalIDRequest{Ref: accounttest.Group("200001"), Want: strings.Repeat("a", 65)}, fail: "64"},
		"too long":                  {req: write.ExternalIDRequest{Ref: blank, Want: strings.Repeat("a", 256)}, fail: "255"},
		"read only":                 {req: write.ExternalIDRequest{Ref: blank, Want: fresh}, readOnly: true, fail: "read_only"},
		"missing":                   {req: write.ExternalIDRequest{Ref: accounttest.User("7"), Want: fresh}, fail: "not found"},
		"a hole in the lists":       {req: write.ExternalIDRequest{Ref: blank, Want: fresh}, faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 503, Path: "**/service-principals"}}, fail: "incomplete"},
		"PATCH refused":             {req: write.ExternalIDRequest{Ref: blank, Want: fresh}, faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 409, Method: http.MethodPatch, ErrorCode: "CONFLICT", Message: "taken"}}, fail: "409 CONFLICT: taken", patches: 1},
		"PATCH throttled":           {req: write.ExternalIDRequest{Ref: blank, Want: fresh}, faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 429, Method: http.MethodPatch, Times: 2, RetryAfterSeconds: new(0)}}, patches: 3},
		"PATCH 503":                 {req: write.ExternalIDRequest{Ref: blank, Want: fresh}, faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 503, Method: http.MethodPatch, Times: 1}}, patches: 2},
		"PATCH 500, nothing done":   {req: write.ExternalIDRequest{Ref: blank, Want: fresh}, faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 500, Method: http.MethodPatch}}, fail: "unconfirmed", patches: 1},
		"PATCH 500, yet done":       {req: write.ExternalIDRequest{Ref: blank, Want: fresh}, faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 500, Method: http.MethodPatch, AfterHandler: true}}, patches: 1},
		"lost answer":               {req: write.ExternalIDRequest{Ref: blank, Want: fresh}, faults: []simulator.Fault{{Kind: simulator.FaultLost, Method: http.MethodPatch, Times: 1}}, patches: 1},
		"lost answer, group":        {req: write.ExternalIDRequest{Ref: accounttest.Group("200001"), Want: fresh, Expected: new(accounttest.GUID(2, 0))}, previous: accounttest.GUID(2, 0), faults: []simulator.Fault{{Kind: simulator.FaultLost, Method: http.MethodPatch, Times: 1}}, patches: 1},
		"lost before it got there":  {req: write.ExternalIDRequest{Ref: blank, Want: fresh}, faults: []simulator.Fault{{Kind: simulator.FaultReset, Method: http.MethodPatch, Times: 1}}, patches: 2},
		"never gets there":          {req: write.ExternalIDRequest{Ref: blank, Want: fresh}, faults: []simulator.Fault{{Kind: simulator.FaultReset, Method: http.MethodPatch}}, fail: "unconfirmed", patches: 3},
		"200 without effect":        {req: write.ExternalIDRequest{Ref: blank, Want: fresh}, faults: []simulator.Fault{{Kind: simulator.FaultNoop, Method: http.MethodPatch}}, fail: "unconfirmed", patches: 1},
		"200 without effect, group": {req: write.ExternalIDRequest{Ref: accounttest.Group("200001"), Want: fresh, Expected: new(accounttest.GUID(2, 0))}, faults: []simulator.Fault{{Kind: simulator.FaultNoop, Method: http.MethodPatch}}, fail: "unconfirmed", patches: 1},
		"stale reads":               {req: write.ExternalIDRequest{Ref: blank, Want: fresh}, faults: []simulator.Fault{{Kind: simulator.FaultStale, Method: http.MethodGet, Path: "**/Users/*", Times: 4}}, patches: 1},
		"lag, not monotonic":        {req: write.ExternalIDRequest{Ref: accounttest.Group("200001"), Want: fresh, Expected: new(accounttest.GUID(2, 0))}, previous: accounttest.GUID(2, 0), opts: simulator.Options{ConsistencyLag: 300 * time.Millisecond}, patches: 1},
		"read back cannot be read":  {req: write.ExternalIDRequest{Ref: blank, Want: fresh}, faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 403, Method: http.MethodGet, Path: "**/Users/*", Skip: 1}}, fail: "unconfirmed", patches: 1, happened: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st := accounttest.Population(4, 2, 1)
				st.Users[3].ExternalID = accounttest.GUID(0xabc, 2)
				sim := accounttest.StartInside(t, st, tc.opts)
				accounttest.SetFaults(t, sim, tc.faults...)
				cfg := accounttest.Config(sim)
				cfg.ReadOnly, cfg.ConfirmTimeout, cfg.RetryBudget = tc.readOnly, time.Second, time.Second
				if tc.scim {
					cfg.IdentityAPI = "scim"
				}
				var before string
				if tc.req.Ref.ID != "7" {
					before = held(t, sim, tc.req.Ref)
				}
				c := accounttest.Connect(t, cfg)
				got, err := c.SetExternalID(t.Context(), tc.req)
				if n := accounttest.Count(sim, http.MethodPatch, ""); n != tc.patches {
					t.Errorf("%d PATCH requests, want %d", n, tc.patches)
				}
				if tc.fail != "" {
					checkFailure(t, err, tc.fail)
					if tc.req.Ref.ID != "7" && !tc.happened && held(t, sim, tc.req.Ref) != before {
						t.Errorf("the account now holds %q", held(t, sim, tc.req.Ref))
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if got.Principal.ExternalID != tc.req.Want || held(t, sim, tc.req.Ref) != tc.req.Want {
					t.Errorf("result %q, account %q, want %q", got.Principal.ExternalID, held(t, sim, tc.req.Ref), tc.req.Want)
				}
				// Group reads go back and forth: one fresh answer proves nothing.
				if tc.opts.ConsistencyLag > 0 && accounttest.Count(sim, http.MethodGet, "/Groups/") < 5 {
					t.Errorf("%d reads: confirmed by one that was fresh by chance", accounttest.Count(sim, http.MethodGet, "/Groups/"))
				}
				if got.Wrote == tc.noWrite || got.Previous != tc.previous || got.PreviousKnown == tc.unknown {
					t.Errorf("got %+v", got)
				}
			})
		})
	}
}

// checkFailure knows the kinds of errors by a word.
func checkFailure(t *testing.T, err error, want string) {
	t.Helper()
	var (
		conflict    *write.ConflictError
		unconfirmed *write.UnconfirmedError
		incomplete  *api.IncompleteError
	)
	ok := false
	switch {
	case want == "conflict":
		ok = errors.As(err, &conflict) && len(conflict.Holders) == 0 && strings.Contains(err.Error(), conflict.Current) && strings.Contains(err.Error(), conflict.Wanted)
	case strings.HasPrefix(want, "held "):
		ok = errors.As(err, &conflict) && len(conflict.Holders) == 1 && conflict.Holders[0].String() == strings.TrimPrefix(want, "held ")
	case want == "unconfirmed":
		ok = errors.As(err, &unconfirmed)
	case want == "incomplete":
		ok = errors.As(err, &incomplete)
	case want == "not found":
		ok = errors.Is(err, api.ErrNotFound)
	case want == "read_only":
		ok = errors.Is(err, write.ErrReadOnly)
	default:
		ok = err != nil && strings.Contains(err.Error(), want)
	}
	if !ok {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestSetExternalID_ownWritesAreKnown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := accounttest.StartInside(t, accounttest.Population(4, 1, 0), simulator.Options{})
		c := accounttest.Connect(t, accounttest.Config(sim))
		if _, err := c.Inventory(t.Context()); err != nil {
			t.Fatal(err)
		}
		freed, taken := accounttest.GUID(1, 0), accounttest.GUID(9, 1)
		if _, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: accounttest.User("100001"), Want: taken, Expected: &freed}); err != nil {
			t.Fatal(err)
		}
		if _, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: accounttest.User("100002"), Want: taken}); err == nil {
			t.Error("the id that was just given away was given twice")
		}
		// What the first write freed can be given now.
		if _, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: accounttest.User("100002"), Want: freed}); err != nil {
			t.Error(err)
		}
		inv, err := c.Inventory(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if inv.Principals[0].ExternalID != taken || inv.Principals[1].ExternalID != freed {
			t.Errorf("the inventory holds %q and %q", inv.Principals[0].ExternalID, inv.Principals[1].ExternalID)
		}
		holders, err := c.Holders(t.Context(), strings.ToUpper(taken), accounttest.User("0"))
		if err != nil || len(holders) != 1 || holders[0].ID != "100001" {
			t.Errorf("got %v, %v", holders, err)
		}
		if n := accounttest.Count(sim, http.MethodGet, "/api/2.0/identity/"); n != 9 { // One listing before, and one after each write.
			t.Errorf("%d list requests, want 9", n)
		}
	})
}

func TestSetExternalID_raceForOneID(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := accounttest.StartInside(t, accounttest.Population(40, 0, 0), simulator.Options{Latency: 5 * time.Millisecond})
		c := accounttest.Connect(t, accounttest.Config(sim))
		var won atomic.Int32
		var wg sync.WaitGroup
		for i := 1; i < 40; i += 2 { // The blank ones.
			wg.Go(func() {
				_, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: accounttest.User(fmt.Sprint(100001 + i)), Want: accounttest.GUID(9, 0)})
				if err == nil {
					won.Add(1)
					return
				}
				checkFailure(t, err, "belongs to user/")
			})
		}
		wg.Wait()
		if won.Load() != 1 || accounttest.Count(sim, http.MethodPatch, "") != 1 {
			t.Errorf("%d writers won with %d PATCH requests, want 1", won.Load(), accounttest.Count(sim, http.MethodPatch, ""))
		}
	})
}

func TestSetExternalID_cancelledAfterTheWrite(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := accounttest.StartInside(t, accounttest.Population(2, 0, 0), simulator.Options{})
		accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultNoop, Method: http.MethodPatch})
		cfg := accounttest.Config(sim)
		cfg.ConfirmTimeout = time.Minute
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		begin := time.Now()
		go func() {
			for accounttest.Count(sim, http.MethodPatch, "") == 0 && ctx.Err() == nil {
				time.Sleep(5 * time.Millisecond)
			}
			time.Sleep(50 * time.Millisecond) // Its answer arrives.
			begin = time.Now()
			cancel()
		}()
		_, err := accounttest.Connect(t, cfg).SetExternalID(ctx, write.ExternalIDRequest{Ref: accounttest.User("100002"), Want: accounttest.GUID(9, 9)})
		checkFailure(t, err, "unconfirmed")
		if time.Since(begin) > 5*time.Second {
			t.Errorf("took %s", time.Since(begin))
		}
	})
}

// Whether an id is free is not decided by an old listing: OpenTofu plans and
// applies in one process, and a human may take an hour between the two.
func TestSetExternalID_oldListing(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		age  time.Duration
		held bool
	}{"old": {time.Minute, true}, "recent": {time.Hour, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sim := accounttest.StartInside(t, accounttest.Population(6, 1, 0), simulator.Options{})
				cfg := accounttest.Config(sim)
				cfg.MaxListingAge = tc.age
				c := accounttest.Connect(t, cfg)
				if _, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: accounttest.User("100004"), Want: accounttest.GUID(9, 4)}); err != nil {
					t.Fatal(err)
				}
				st, err := sim.Server.State()
				if err != nil {
					t.Fatal(err)
				}
				st.Users[5].ExternalID = accounttest.GUID(9, 9)
				if err := sim.Server.SetState(st); err != nil {
					t.Fatal(err)
				}
				time.Sleep(2 * time.Minute)
				patches := accounttest.Count(sim, http.MethodPatch, "")
				got, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: accounttest.User("100002"), Want: accounttest.GUID(9, 9)})
				if tc.held {
					checkFailure(t, err, "held user/100006")
				} else if broken := new(write.BrokenError); !errors.As(err, &broken) || len(broken.Holders) != 1 || broken.Undone || !got.Wrote {
					t.Errorf("got %+v, %v", got, err) // The listing after the write shows it.
				}
				if wrote := accounttest.Count(sim, http.MethodPatch, "") > patches; wrote == tc.held {
					t.Errorf("wrote %t", wrote)
				}
				// Own writes stay known.
				holders, err := c.Holders(t.Context(), accounttest.GUID(9, 4), accounttest.User("0"))
				if err != nil || len(holders) != 1 {
					t.Errorf("got %v, %v", holders, err)
				}
			})
		})
	}
}

// While the account throttles a PATCH, someone else writes: the repetition
// does not write over it. What the PATCH did after all is not done twice.
func TestSetExternalID_changedWhileThrottled(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status    int
		meanwhile string
		fail      string
	}{
		"throttled, somebody wrote":   {429, accounttest.GUID(9, 1), "conflict"},
		"unavailable, somebody wrote": {503, accounttest.GUID(9, 1), "conflict"},
		"unavailable, yet done":       {503, accounttest.GUID(9, 9), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sim := accounttest.StartInside(t, accounttest.Population(2, 0, 0), simulator.Options{})
				accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultStatus, Status: tc.status, Method: http.MethodPatch, Times: 1, RetryAfterSeconds: new(1)})
				done := make(chan error, 1)
				c := accounttest.Connect(t, accounttest.Config(sim))
				go func() {
					_, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: accounttest.User("100002"), Want: accounttest.GUID(9, 9)})
					done <- err
				}()
				for accounttest.Count(sim, http.MethodPatch, "") == 0 {
					time.Sleep(5 * time.Millisecond)
				}
				st, err := sim.Server.State()
				if err != nil {
					t.Fatal(err)
				}
				st.Users[1].ExternalID = tc.meanwhile
				if err := sim.Server.SetState(st); err != nil {
					t.Fatal(err)
				}
				err = <-done
				if tc.fail == "" && err != nil {
					t.Error(err)
				} else if tc.fail != "" {
					checkFailure(t, err, tc.fail)
				}
				if got := held(t, sim, accounttest.User("100002")); got != tc.meanwhile || accounttest.Count(sim, http.MethodPatch, "") != 1 {
					t.Errorf("the account holds %q after %d PATCH requests", got, accounttest.Count(sim, http.MethodPatch, ""))
				}
			})
		})
	}
}

// A reading that lags behind an earlier write shows the wanted value: it is not
// taken for the present one.
func TestSetExternalID_staleWantedValue(t *testing.T) {
	t.Parallel()
	sim := accounttest.Start(t, accounttest.Population(5, 1, 1), simulator.Options{})
	accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultStale, Path: "/nowhere"}) // Keeps what was before.
	c := accounttest.Connect(t, accounttest.Config(sim))
	ref, before, other := accounttest.User("100001"), accounttest.GUID(1, 0), accounttest.GUID(9, 9)
	if _, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: ref, Want: other, Expected: &before}); err != nil {
		t.Fatal(err)
	}
	accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultStale, Method: "GET", Path: "**/Users/100001", Times: 1})
	got, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: ref, Want: before, Expected: &other})
	if err != nil || !got.Wrote || held(t, sim, ref) != before {
		t.Errorf("wrote %v, %v; the account holds %q", got.Wrote, err, held(t, sim, ref))
	}
}
