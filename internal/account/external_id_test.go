// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package account_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

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
	for _, p := range expected(st) {
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
	blank, linked := user("100002"), user("100001")
	fresh := guid(9, 9)
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
		"blank, expected":   {req: write.ExternalIDRequest{Ref: blank, Want: fresh, Expected: ptr("old")}, patches: 1},
		"expected":          {req: write.ExternalIDRequest{Ref: linked, Want: fresh, Expected: ptr(guid(1, 0))}, previous: guid(1, 0), patches: 1},
		"service principal": {req: write.ExternalIDRequest{Ref: sp("300001"), Want: fresh, Expected: ptr(guid(4, 0))}, previous: guid(4, 0), patches: 1},
		"clear a group":     {req: write.ExternalIDRequest{Ref: group("200001"), Expected: ptr(guid(2, 0))}, previous: guid(2, 0), patches: 1},
		"SCIM":              {req: write.ExternalIDRequest{Ref: blank, Want: fresh}, scim: true, patches: 1},
		"204":               {req: write.ExternalIDRequest{Ref: blank, Want: fresh}, opts: simulator.Options{Assumed: simulator.Assumed{SCIM: simulator.SCIMAssumptions{PatchReply: "no_content"}}}, patches: 1},
		"there already":     {req: write.ExternalIDRequest{Ref: linked, Want: guid(1, 0)}, unknown: true, noWrite: true},
		"there already, from the expected": {
			req: write.ExternalIDRequest{Ref: linked, Want: guid(1, 0), Expected: ptr("before")}, previous: "before", noWrite: true,
		},
		"there already, expected itself": {
			req: write.ExternalIDRequest{Ref: linked, Want: guid(1, 0), Expected: ptr(guid(1, 0))}, unknown: true, noWrite: true,
		},
		"linked, nothing expected":  {req: write.ExternalIDRequest{Ref: linked, Want: fresh}, fail: "conflict"},
		"linked, another expected":  {req: write.ExternalIDRequest{Ref: linked, Want: fresh, Expected: ptr(guid(1, 2))}, fail: "conflict"},
		"held by a user":            {req: write.ExternalIDRequest{Ref: blank, Want: guid(1, 2)}, fail: "held user/100003"},
		"held by a group":           {req: write.ExternalIDRequest{Ref: blank, Want: guid(2, 0)}, fail: "held group/200001"},
		"held in another case":      {req: write.ExternalIDRequest{Ref: blank, Want: strings.ToUpper(guid(0xabc, 2))}, fail: "held user/100004"},
		"clear a user":              {req: write.ExternalIDRequest{Ref: linked, Expected: ptr(guid(1, 0))}, fail: "cannot be cleared"},
		"clear a service principal": {req: write.ExternalIDRequest{Ref: sp("300001"), Expected: ptr(guid(4, 0))}, fail: "cannot be cleared"},
		"with a space":              {req: write.ExternalIDRequest{Ref: blank, Want: "a b"}, fail: "space or control"},
		"with a control character":  {req: write.ExternalIDRequest{Ref: blank, Want: "a\x00b"}, fail: "space or control"},
		"too long for a group":      {req: write.ExternalIDRequest{Ref: group("200001"), Want: strings.Repeat("a", 65)}, fail: "64"},
		"too long":                  {req: write.ExternalIDRequest{Ref: blank, Want: strings.Repeat("a", 256)}, fail: "255"},
		"read only":                 {req: write.ExternalIDRequest{Ref: blank, Want: fresh}, readOnly: true, fail: "read_only"},
		"missing":                   {req: write.ExternalIDRequest{Ref: user("7"), Want: fresh}, fail: "not found"},
		"a hole in the lists":       {req: write.ExternalIDRequest{Ref: blank, Want: fresh}, faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 503, Path: "**/service-principals"}}, fail: "incomplete"},
		"PATCH refused":             {req: write.ExternalIDRequest{Ref: blank, Want: fresh}, faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 409, Method: patch, ErrorCode: "CONFLICT", Message: "taken"}}, fail: "409 CONFLICT: taken", patches: 1},
		"PATCH throttled":           {req: write.ExternalIDRequest{Ref: blank, Want: fresh}, faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 429, Method: patch, Times: 2, RetryAfterSeconds: ptr(0)}}, patches: 3},
		"PATCH 503":                 {req: write.ExternalIDRequest{Ref: blank, Want: fresh}, faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 503, Method: patch, Times: 1}}, patches: 2},
		"PATCH 500, nothing done":   {req: write.ExternalIDRequest{Ref: blank, Want: fresh}, faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 500, Method: patch}}, fail: "unconfirmed", patches: 1},
		"PATCH 500, yet done":       {req: write.ExternalIDRequest{Ref: blank, Want: fresh}, faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 500, Method: patch, AfterHandler: true}}, patches: 1},
		"lost answer":               {req: write.ExternalIDRequest{Ref: blank, Want: fresh}, faults: []simulator.Fault{{Kind: simulator.FaultLost, Method: patch, Times: 1}}, patches: 1},
		"lost answer, group":        {req: write.ExternalIDRequest{Ref: group("200001"), Want: fresh, Expected: ptr(guid(2, 0))}, previous: guid(2, 0), faults: []simulator.Fault{{Kind: simulator.FaultLost, Method: patch, Times: 1}}, patches: 1},
		"lost before it got there":  {req: write.ExternalIDRequest{Ref: blank, Want: fresh}, faults: []simulator.Fault{{Kind: simulator.FaultReset, Method: patch, Times: 1}}, patches: 2},
		"never gets there":          {req: write.ExternalIDRequest{Ref: blank, Want: fresh}, faults: []simulator.Fault{{Kind: simulator.FaultReset, Method: patch}}, fail: "unconfirmed", patches: 3},
		"200 without effect":        {req: write.ExternalIDRequest{Ref: blank, Want: fresh}, faults: []simulator.Fault{{Kind: simulator.FaultNoop, Method: patch}}, fail: "unconfirmed", patches: 1},
		"200 without effect, group": {req: write.ExternalIDRequest{Ref: group("200001"), Want: fresh, Expected: ptr(guid(2, 0))}, faults: []simulator.Fault{{Kind: simulator.FaultNoop, Method: patch}}, fail: "unconfirmed", patches: 1},
		"stale reads":               {req: write.ExternalIDRequest{Ref: blank, Want: fresh}, faults: []simulator.Fault{{Kind: simulator.FaultStale, Method: get, Path: "**/Users/*", Times: 4}}, patches: 1},
		"lag, not monotonic":        {req: write.ExternalIDRequest{Ref: group("200001"), Want: fresh, Expected: ptr(guid(2, 0))}, previous: guid(2, 0), opts: simulator.Options{ConsistencyLag: 300 * time.Millisecond}, patches: 1},
		"read back cannot be read":  {req: write.ExternalIDRequest{Ref: blank, Want: fresh}, faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 403, Method: get, Path: "**/Users/*", Skip: 1}}, fail: "unconfirmed", patches: 1, happened: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st := crowd(4, 2, 1)
				st.Users[3].ExternalID = guid(0xabc, 2)
				sim := startInside(t, st, tc.opts)
				faults(t, sim, tc.faults...)
				cfg := quick(sim)
				cfg.ReadOnly, cfg.ConfirmTimeout, cfg.RetryBudget = tc.readOnly, time.Second, time.Second
				if tc.scim {
					cfg.IdentityAPI = "scim"
				}
				var before string
				if tc.req.Ref.ID != "7" {
					before = held(t, sim, tc.req.Ref)
				}
				c := connect(t, cfg)
				got, err := c.SetExternalID(t.Context(), tc.req)
				if n := count(sim, patch, ""); n != tc.patches {
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
				if tc.opts.ConsistencyLag > 0 && count(sim, get, "/Groups/") < 5 {
					t.Errorf("%d reads: confirmed by one that was fresh by chance", count(sim, get, "/Groups/"))
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
		sim := startInside(t, crowd(4, 1, 0), simulator.Options{})
		c := connect(t, quick(sim))
		if _, err := c.Inventory(t.Context()); err != nil {
			t.Fatal(err)
		}
		freed, taken := guid(1, 0), guid(9, 1)
		if _, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: user("100001"), Want: taken, Expected: &freed}); err != nil {
			t.Fatal(err)
		}
		if _, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: user("100002"), Want: taken}); err == nil {
			t.Error("the id that was just given away was given twice")
		}
		// What the first write freed can be given now.
		if _, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: user("100002"), Want: freed}); err != nil {
			t.Error(err)
		}
		inv, err := c.Inventory(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if inv.Principals[0].ExternalID != taken || inv.Principals[1].ExternalID != freed {
			t.Errorf("the inventory holds %q and %q", inv.Principals[0].ExternalID, inv.Principals[1].ExternalID)
		}
		holders, err := c.Holders(t.Context(), strings.ToUpper(taken), user("0"))
		if err != nil || len(holders) != 1 || holders[0].ID != "100001" {
			t.Errorf("got %v, %v", holders, err)
		}
		if n := count(sim, get, "/api/2.0/identity/"); n != 9 { // One listing before, and one after each write.
			t.Errorf("%d list requests, want 9", n)
		}
	})
}

func TestSetExternalID_raceForOneID(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := startInside(t, crowd(40, 0, 0), simulator.Options{Latency: 5 * time.Millisecond})
		c := connect(t, quick(sim))
		var won atomic.Int32
		var wg sync.WaitGroup
		for i := 1; i < 40; i += 2 { // The blank ones.
			wg.Go(func() {
				_, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: user(fmt.Sprint(100001 + i)), Want: guid(9, 0)})
				if err == nil {
					won.Add(1)
					return
				}
				checkFailure(t, err, "belongs to user/")
			})
		}
		wg.Wait()
		if won.Load() != 1 || count(sim, patch, "") != 1 {
			t.Errorf("%d writers won with %d PATCH requests, want 1", won.Load(), count(sim, patch, ""))
		}
	})
}

func TestSetExternalID_cancelledAfterTheWrite(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := startInside(t, crowd(2, 0, 0), simulator.Options{})
		faults(t, sim, simulator.Fault{Kind: simulator.FaultNoop, Method: patch})
		cfg := quick(sim)
		cfg.ConfirmTimeout = time.Minute
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		begin := time.Now()
		go func() {
			for count(sim, patch, "") == 0 && ctx.Err() == nil {
				time.Sleep(5 * time.Millisecond)
			}
			time.Sleep(50 * time.Millisecond) // Its answer arrives.
			begin = time.Now()
			cancel()
		}()
		_, err := connect(t, cfg).SetExternalID(ctx, write.ExternalIDRequest{Ref: user("100002"), Want: guid(9, 9)})
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
				sim := startInside(t, crowd(6, 1, 0), simulator.Options{})
				cfg := quick(sim)
				cfg.MaxListingAge = tc.age
				c := connect(t, cfg)
				if _, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: user("100004"), Want: guid(9, 4)}); err != nil {
					t.Fatal(err)
				}
				st, err := sim.Server.State()
				if err != nil {
					t.Fatal(err)
				}
				st.Users[5].ExternalID = guid(9, 9)
				if err := sim.Server.SetState(st); err != nil {
					t.Fatal(err)
				}
				time.Sleep(2 * time.Minute)
				patches := count(sim, patch, "")
				got, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: user("100002"), Want: guid(9, 9)})
				if tc.held {
					checkFailure(t, err, "held user/100006")
				} else if broken := new(write.BrokenError); !errors.As(err, &broken) || len(broken.Holders) != 1 || broken.Undone || !got.Wrote {
					t.Errorf("got %+v, %v", got, err) // The listing after the write shows it.
				}
				if wrote := count(sim, patch, "") > patches; wrote == tc.held {
					t.Errorf("wrote %t", wrote)
				}
				// Own writes stay known.
				holders, err := c.Holders(t.Context(), guid(9, 4), user("0"))
				if err != nil || len(holders) != 1 {
					t.Errorf("got %v, %v", holders, err)
				}
			})
		})
	}
}

// While the account throttles a PATCH, somebody else writes: the repetition
// does not write over it. What the PATCH did after all is not done twice.
func TestSetExternalID_changedWhileThrottled(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status    int
		meanwhile string
		fail      string
	}{
		"throttled, somebody wrote":   {429, guid(9, 1), "conflict"},
		"unavailable, somebody wrote": {503, guid(9, 1), "conflict"},
		"unavailable, yet done":       {503, guid(9, 9), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sim := startInside(t, crowd(2, 0, 0), simulator.Options{})
				faults(t, sim, simulator.Fault{Kind: simulator.FaultStatus, Status: tc.status, Method: patch, Times: 1, RetryAfterSeconds: ptr(1)})
				done := make(chan error, 1)
				c := connect(t, quick(sim))
				go func() {
					_, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: user("100002"), Want: guid(9, 9)})
					done <- err
				}()
				for count(sim, patch, "") == 0 {
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
				if got := held(t, sim, user("100002")); got != tc.meanwhile || count(sim, patch, "") != 1 {
					t.Errorf("the account holds %q after %d PATCH requests", got, count(sim, patch, ""))
				}
			})
		})
	}
}

// A reading that lags behind an earlier write shows the wanted value: it is not
// taken for the present one.
func TestSetExternalID_staleWantedValue(t *testing.T) {
	t.Parallel()
	sim := start(t, crowd(5, 1, 1), simulator.Options{})
	faults(t, sim, simulator.Fault{Kind: simulator.FaultStale, Path: "/nowhere"}) // Keeps what was before.
	c := connect(t, quick(sim))
	ref, before, other := user("100001"), guid(1, 0), guid(9, 9)
	if _, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: ref, Want: other, Expected: &before}); err != nil {
		t.Fatal(err)
	}
	faults(t, sim, simulator.Fault{Kind: simulator.FaultStale, Method: "GET", Path: "**/Users/100001", Times: 1})
	got, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: ref, Want: before, Expected: &other})
	if err != nil || !got.Wrote || held(t, sim, ref) != before {
		t.Errorf("wrote %v, %v; the account holds %q", got.Wrote, err, held(t, sim, ref))
	}
}
