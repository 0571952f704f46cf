// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package account_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// slow is one write in 2 s and one request at a time.
func slow(cfg *api.Config) { cfg.WritesPerSecond, cfg.MaxConcurrency = 0.5, 1 }

// While a PATCH queues for its turn, somebody else writes: it is read after the queue,
// and nothing is written over.
func TestSetExternalID_changedWhileQueued(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		meanwhile string
		fail      string
	}{"somebody wrote": {guid(9, 1), "conflict"}, "somebody wrote the same": {guid(9, 9), ""}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sim := startInside(t, crowd(4, 0, 0), simulator.Options{})
				cfg := quick(sim)
				slow(&cfg)
				c := connect(t, cfg)
				if _, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: user("100004"), Want: guid(9, 4)}); err != nil {
					t.Fatal(err)
				}
				done := make(chan error, 1)
				go func() {
					_, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: user("100002"), Want: guid(9, 9)})
					done <- err
				}()
				time.Sleep(time.Second) // It waits for its turn.
				change(t, sim, func(st *simulator.State) { st.Users[1].ExternalID = tc.meanwhile })
				if err := <-done; tc.fail == "" && err != nil {
					t.Error(err)
				} else if tc.fail != "" {
					checkFailure(t, err, tc.fail)
				}
				if got := held(t, sim, user("100002")); got != tc.meanwhile || count(sim, patch, "/Users/100002") != 0 {
					t.Errorf("the account holds %q after %d PATCH requests", got, count(sim, patch, "/Users/100002"))
				}
			})
		})
	}
}

// A group becomes the identity provider's while an addition queues.
func TestAddMember_linkedWhileQueued(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := startInside(t, club(), simulator.Options{})
		c := inClub(t, sim, slow)
		if _, err := c.AddMember(t.Context(), ask("11", "4")); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() {
			_, err := c.AddMember(t.Context(), ask("15", "4"))
			done <- err
		}()
		time.Sleep(time.Second) // It waits for its turn.
		change(t, sim, func(st *simulator.State) { st.Groups[4].ExternalID = guid(2, 15) })
		if err := <-done; err == nil || count(sim, patch, "/Groups/15") != 0 {
			t.Errorf("got %v after %d PATCH requests", err, count(sim, patch, "/Groups/15"))
		}
	})
}

// A write that the account swallows is read back until its time is over. That
// keeps nobody else waiting, even with one request at a time: not another
// principal, not another group, and not the next batch of the same group.
func TestWrites_readingBackKeepsNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := startInside(t, club(), simulator.Options{})
		c := inClub(t, sim, func(cfg *api.Config) { cfg.MaxConcurrency, cfg.ConfirmTimeout = 1, 20*time.Second })
		swallowed := func(path string) simulator.Fault {
			return simulator.Fault{Kind: simulator.FaultNoop, Method: patch, Path: path, Times: 1}
		}
		faults(t, sim, swallowed("**/Users/1"), swallowed("**/Groups/15"))
		lost := make(chan error, 2)
		go func() {
			_, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: user("1"), Want: guid(9, 1)})
			lost <- err
		}()
		go func() {
			_, err := c.AddMember(t.Context(), ask("15", "1"))
			lost <- err
		}()
		waitFor(t, func() bool { return count(sim, patch, "/Users/1") == 1 && count(sim, patch, "/Groups/15") == 1 })
		if _, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: user("2"), Want: guid(9, 2)}); err != nil {
			t.Error(err)
		}
		for _, req := range []write.MemberRequest{ask("11", "2"), ask("15", "2")} {
			if _, err := c.AddMember(t.Context(), req); err != nil {
				t.Error(err)
			}
		}
		select {
		case err := <-lost:
			t.Fatalf("a write that was swallowed ended first: %v", err)
		default:
		}
		for range 2 { // It takes effect after all.
			change(t, sim, func(st *simulator.State) {
				st.Users[0].ExternalID = guid(9, 1)
				st.Groups[4].Members = members("1", "2")
			})
			if err := <-lost; err != nil {
				t.Error(err)
			}
		}
	})
}

// waitFor waits for something to become true.
func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(errors.New("it did not happen"))
		}
	}
}

// change edits the account behind the client's back.
func change(t *testing.T, sim *simulator.Running, edit func(*simulator.State)) {
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

// Somebody else writes just after us: the wait for our value ends early, and the
// error says whose value is there.
func TestSetExternalID_overwritten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := startInside(t, crowd(2, 0, 0), simulator.Options{})
		faults(t, sim, simulator.Fault{Kind: simulator.FaultNoop, Method: patch}) // Ours is gone at once.
		cfg := quick(sim)
		cfg.ConfirmTimeout = time.Minute
		c := connect(t, cfg)
		done := make(chan error, 1)
		go func() {
			_, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: user("100002"), Want: guid(9, 9)})
			done <- err
		}()
		waitFor(t, func() bool { return count(sim, patch, "") > 0 })
		change(t, sim, func(st *simulator.State) { st.Users[1].ExternalID = guid(9, 1) })
		var unconfirmed *write.UnconfirmedError
		err := <-done
		if !errors.As(err, &unconfirmed) || unconfirmed.Waited > 30*time.Second || !strings.Contains(err.Error(), guid(9, 1)) || !strings.Contains(err.Error(), "Something else writes this") {
			t.Errorf("got %v", err)
		}
	})
}
