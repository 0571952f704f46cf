// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package write_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// slow is one write in 2 s and one request at a time.
func slow(cfg *api.Config) { cfg.WritesPerSecond, cfg.MaxConcurrency = 0.5, 1 }

// While a PATCH queues for its turn, someone else writes: it is read after the queue,
// and nothing is written over.
func TestSetExternalID_changedWhileQueued(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		meanwhile string
		fail      string
	}{"somebody wrote": {accounttest.GUID(9, 1), "conflict"}, "somebody wrote the same": {accounttest.GUID(9, 9), ""}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sim := accounttest.StartInside(t, accounttest.Population(4, 0, 0), simulator.Options{})
				cfg := accounttest.Config(sim)
				slow(&cfg)
				c := accounttest.Connect(t, cfg)
				if _, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: accounttest.User("100004"), Want: accounttest.GUID(9, 4)}); err != nil {
					t.Fatal(err)
				}
				done := make(chan error, 1)
				go func() {
					_, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: accounttest.User("100002"), Want: accounttest.GUID(9, 9)})
					done <- err
				}()
				time.Sleep(time.Second) // It waits for its turn.
				accounttest.ChangeState(t, sim, func(st *simulator.State) { st.Users[1].ExternalID = tc.meanwhile })
				if err := <-done; tc.fail == "" && err != nil {
					t.Error(err)
				} else if tc.fail != "" {
					checkFailure(t, err, tc.fail)
				}
				if got := held(t, sim, accounttest.User("100002")); got != tc.meanwhile || accounttest.Count(sim, http.MethodPatch, "/Users/100002") != 0 {
					t.Errorf("the account holds %q after %d PATCH requests", got, accounttest.Count(sim, http.MethodPatch, "/Users/100002"))
				}
			})
		})
	}
}

// A group becomes the identity provider's while an addition queues.
func TestAddMember_linkedWhileQueued(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := accounttest.StartInside(t, accounttest.Club(), simulator.Options{})
		c := accounttest.ClubClient(t, sim, slow)
		if _, err := c.AddMember(t.Context(), accounttest.MemberRequest("11", "4")); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() {
			_, err := c.AddMember(t.Context(), accounttest.MemberRequest("15", "4"))
			done <- err
		}()
		time.Sleep(time.Second) // It waits for its turn.
		accounttest.ChangeState(t, sim, func(st *simulator.State) { st.Groups[4].ExternalID = accounttest.GUID(2, 15) })
		if err := <-done; err == nil || accounttest.Count(sim, http.MethodPatch, "/Groups/15") != 0 {
			t.Errorf("got %v after %d PATCH requests", err, accounttest.Count(sim, http.MethodPatch, "/Groups/15"))
		}
	})
}

// A write that the account swallows is read back until its time is over. That
// keeps no one else waiting, even with one request at a time: not another
// principal, not another group, and not the next batch of the same group.
func TestWrites_readingBackKeepsNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := accounttest.StartInside(t, accounttest.Club(), simulator.Options{})
		c := accounttest.ClubClient(t, sim, func(cfg *api.Config) { cfg.MaxConcurrency, cfg.ConfirmTimeout = 1, 20*time.Second })
		swallowed := func(path string) simulator.Fault {
			return simulator.Fault{Kind: simulator.FaultNoop, Method: http.MethodPatch, Path: path, Times: 1}
		}
		accounttest.SetFaults(t, sim, swallowed("**/Users/1"), swallowed("**/Groups/15"))
		lost := make(chan error, 2)
		go func() {
			_, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: accounttest.User("1"), Want: accounttest.GUID(9, 1)})
			lost <- err
		}()
		go func() {
			_, err := c.AddMember(t.Context(), accounttest.MemberRequest("15", "1"))
			lost <- err
		}()
		waitFor(t, func() bool {
			return accounttest.Count(sim, http.MethodPatch, "/Users/1") == 1 && accounttest.Count(sim, http.MethodPatch, "/Groups/15") == 1
		})
		if _, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: accounttest.User("2"), Want: accounttest.GUID(9, 2)}); err != nil {
			t.Error(err)
		}
		for _, req := range []write.MemberRequest{accounttest.MemberRequest("11", "2"), accounttest.MemberRequest("15", "2")} {
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
			accounttest.ChangeState(t, sim, func(st *simulator.State) {
				st.Users[0].ExternalID = accounttest.GUID(9, 1)
				st.Groups[4].Members = accounttest.Members("1", "2")
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

// Someone else writes just after us: the wait for our value ends early, and the
// error says whose value is there.
func TestSetExternalID_overwritten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := accounttest.StartInside(t, accounttest.Population(2, 0, 0), simulator.Options{})
		accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultNoop, Method: http.MethodPatch}) // Ours is gone at once.
		cfg := accounttest.Config(sim)
		cfg.ConfirmTimeout = time.Minute
		c := accounttest.Connect(t, cfg)
		done := make(chan error, 1)
		go func() {
			_, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: accounttest.User("100002"), Want: accounttest.GUID(9, 9)})
			done <- err
		}()
		waitFor(t, func() bool { return accounttest.Count(sim, http.MethodPatch, "") > 0 })
		accounttest.ChangeState(t, sim, func(st *simulator.State) { st.Users[1].ExternalID = accounttest.GUID(9, 1) })
		var unconfirmed *write.UnconfirmedError
		err := <-done
		if !errors.As(err, &unconfirmed) || unconfirmed.Waited > 30*time.Second || !strings.Contains(err.Error(), accounttest.GUID(9, 1)) || !strings.Contains(err.Error(), "Something else writes this") {
			t.Errorf("got %v", err)
		}
	})
}
