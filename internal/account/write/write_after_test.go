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
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/journal"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// meddled is a client in the club on whose first PATCH, which takes effect, someone
// else changes something at the same moment; with a journal.
func meddled(t *testing.T, st simulator.State, opts simulator.Options, edit func(*simulator.State)) (*account.Client, *simulator.Running, string) {
	t.Helper()
	sim := accounttest.StartInside(t, st, opts)
	base := accounttest.Memory{Handler: sim.Server.Handler()}
	m := &meddler{base: base, answer: base.RoundTrip, meddle: func() { accounttest.ChangeState(t, sim, edit) }}
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	return accounttest.ClubClient(t, sim, func(cfg *api.Config) { cfg.SDK.HTTPTransport, cfg.Journal = m, journal.New(path) }), sim, path
}

// Another writer gives the id to someone else at the moment of the write: both
// holders are named. What was written to a group is taken back.
func TestSetExternalID_heldTwice(t *testing.T) {
	t.Parallel()
	id := accounttest.GUID(9, 9)
	for name, tc := range map[string]struct {
		ref    audit.Ref
		lag    time.Duration
		before string
		undone bool
		record []string
	}{
		"user": {ref: accounttest.User("1"), record: []string{"intent set_external_id user/1 >" + id, "outcome set_external_id user/1 broken yes"}},
		"lag":  {ref: accounttest.User("1"), lag: 400 * time.Millisecond, record: []string{"intent set_external_id user/1 >" + id, "outcome set_external_id user/1 broken yes"}},
		"group": {ref: accounttest.Group("15"), undone: true, record: []string{
			"intent set_external_id group/15 >" + id, "intent set_external_id group/15 " + id + ">",
			"outcome set_external_id group/15 confirmed yes", "outcome set_external_id group/15 broken yes",
		}},
		"linked group": {ref: accounttest.Group("13"), before: accounttest.GUID(2, 13), undone: true, record: []string{
			"intent set_external_id group/13 " + accounttest.GUID(2, 13) + ">" + id, "intent set_external_id group/13 " + id + ">" + accounttest.GUID(2, 13),
			"outcome set_external_id group/13 confirmed yes", "outcome set_external_id group/13 broken yes",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, sim, path := meddled(t, accounttest.Club(), simulator.Options{ConsistencyLag: tc.lag}, func(st *simulator.State) { st.Users[1].ExternalID = id })
				got, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: tc.ref, Want: id, Expected: &tc.before})
				var broken *write.BrokenError
				if !errors.As(err, &broken) || broken.Undone != tc.undone || !slices.Equal(broken.Holders, []audit.Ref{accounttest.User("2")}) ||
					!strings.Contains(err.Error(), "user/2") || !strings.Contains(err.Error(), tc.ref.String()) {
					t.Errorf("got %v", err)
				}
				after := id
				if tc.undone {
					after = tc.before
				}
				if got := held(t, sim, tc.ref); got != after {
					t.Errorf("the account holds %q, want %q", got, after)
				}
				if !got.Wrote || got.Previous != tc.before {
					t.Errorf("got %+v", got)
				}
				if diff := cmp.Diff(tc.record, recorded(t, path)); diff != "" {
					t.Errorf("journal (-want +got): %s", diff)
				}
			})
		})
	}
}

// Two runs nest two groups into each other, or remove the last two admins, at the same
// moment: the account is left without a cycle, and with an admin.
func TestWriteMember_brokenIsUndone(t *testing.T) {
	t.Parallel()
	admins := accounttest.Club()
	admins.Account, admins.Groups[3].Members = simulator.Account{}, accounttest.Members("3", "4")
	for name, tc := range map[string]struct {
		st     simulator.State
		write  func(ctx context.Context, c *account.Client) error
		meddle func(*simulator.State)
		group  string
		after  []string
		says   string
	}{
		"cycle": {accounttest.Club(), func(ctx context.Context, c *account.Client) error {
			_, err := c.AddMember(ctx, accounttest.MemberRequest("15", "12"))
			return err
		}, func(st *simulator.State) { st.Groups[0].Members = accounttest.Members("1", "15") }, "15", []string{}, "group/12"},
		"last admin": {admins, func(ctx context.Context, c *account.Client) error {
			_, err := c.RemoveMember(ctx, accounttest.MemberRequest("14", "3"))
			return err
		}, func(st *simulator.State) { st.Users[3].Active = false }, "14", []string{"3", "4"}, "account admin"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, sim, path := meddled(t, tc.st, simulator.Options{}, tc.meddle)
				err := tc.write(t.Context(), c)
				var broken *write.BrokenError
				if !errors.As(err, &broken) || !broken.Undone || !strings.Contains(err.Error(), tc.says) {
					t.Errorf("got %v", err)
				}
				if diff := cmp.Diff(tc.after, accounttest.Roster(t, sim, tc.group)); diff != "" {
					t.Errorf("members (-want +got): %s", diff)
				}
				if lines := recorded(t, path); len(lines) != 4 || !strings.HasSuffix(lines[3], " broken yes") {
					t.Errorf("journal: %v", lines)
				}
			})
		})
	}
}

// What 72 fixes cost: at most five requests each, and two listings. They are ten at a
// time, as Terraform has them; a third listing is for the first ten of them. Under the
// documented limits eight of these are refused: the listing that they need before they are
// sent again is that check as well.
func TestSetExternalID_budget(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		at       int
		listings int
		limits   string
	}{"at the same time": {72, 2, ""}, "ten at a time": {10, 3, ""}, "under limits": {10, 3, "documented"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sim := accounttest.StartInside(t, accounttest.Population(2400, 1200, 120), simulator.Options{Latency: 5 * time.Millisecond, RateLimits: tc.limits})
				c := accounttest.Connect(t, accounttest.Config(sim))
				listing := func() int {
					sim.Server.ResetRequests()
					if _, err := accounttest.Connect(t, accounttest.Config(sim)).Inventory(t.Context()); err != nil {
						t.Fatal(err)
					}
					return sim.Server.Requests().Total
				}()
				sim.Server.ResetRequests()
				slots := make(chan struct{}, tc.at)
				var wg sync.WaitGroup
				for i := range 72 {
					req := write.ExternalIDRequest{Ref: accounttest.User(fmt.Sprint(100002 + 2*i)), Want: accounttest.GUID(9, i)}
					switch i % 3 {
					case 1:
						req.Ref, req.Expected = accounttest.Group(fmt.Sprint(200001+i)), new(accounttest.GUID(2, i))
					case 2:
						req.Ref, req.Expected = accounttest.SP(fmt.Sprint(300001+i)), new(accounttest.GUID(4, i))
					}
					wg.Go(func() {
						slots <- struct{}{}
						defer func() { <-slots }()
						if _, err := c.SetExternalID(t.Context(), req); err != nil {
							t.Error(err)
						}
					})
				}
				wg.Wait()
				if n, most := sim.Server.Requests().Total, 72*5+2*listing; n > most {
					t.Errorf("%d requests, at most %d are allowed", n, most)
				}
				lists := 0
				for _, r := range sim.Server.Requests().Log {
					if r.Method == http.MethodGet && strings.HasSuffix(r.Path, "/service-principals") {
						lists++
					}
				}
				if lists > tc.listings {
					t.Errorf("%d listings, want %d", lists, tc.listings)
				}
			})
		})
	}
}

// A write that waits for others is checked by the listing that one of them needs before it
// is sent again, and reports what that shows as its own.
func TestSetExternalID_checkedByARepetition(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		id := accounttest.GUID(9, 1)
		sim := accounttest.StartInside(t, accounttest.Club(), simulator.Options{})
		base := accounttest.Memory{Handler: sim.Server.Handler()}
		meddle := func() {
			accounttest.ChangeState(t, sim, func(st *simulator.State) { st.Users[3].ExternalID = id })
		}
		c := accounttest.ClubClient(t, sim, func(cfg *api.Config) {
			cfg.RetryBudget, cfg.SDK.HTTPTransport = time.Minute, &meddler{base: base, answer: base.RoundTrip, meddle: meddle}
		})
		accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultDelay, DelayMS: 1000, Method: http.MethodGet, Path: "**/Users/2", Times: 1}, simulator.Fault{
			Kind: simulator.FaultStatus, Status: http.StatusTooManyRequests, RetryAfterSeconds: new(2), Method: http.MethodPatch, Path: "**/Users/2", Times: 3,
		})
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: accounttest.User("2"), Want: accounttest.GUID(9, 2)}); err != nil {
				t.Error(err)
			}
		})
		waitFor(t, func() bool { return accounttest.Count(sim, http.MethodGet, "/Users/2") == 1 }) // It is under way, and refused later.
		begin := time.Now()
		_, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: accounttest.User("1"), Want: id})
		var broken *write.BrokenError
		if !errors.As(err, &broken) || broken.Ref != accounttest.User("1") || !slices.Equal(broken.Holders, []audit.Ref{accounttest.User("4")}) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(begin); took > 4*time.Second {
			t.Errorf("it waited %s for a listing of its own", took)
		}
		wg.Wait()
	})
}

// A write that leaves its check to others: the one that makes it names both holders.
func TestSetExternalID_checkedByAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := accounttest.StartInside(t, accounttest.Club(), simulator.Options{})
		c := accounttest.ClubClient(t, sim, func(cfg *api.Config) { cfg.ConfirmTimeout = 20 * time.Second })
		set := func(ref audit.Ref, id string) error {
			_, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: ref, Want: id})
			return err
		}
		if err := set(accounttest.User("1"), accounttest.GUID(9, 1)); err != nil { // Its listing is of a moment ago.
			t.Fatal(err)
		}
		accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultNoop, Method: http.MethodPatch, Path: "**/Users/2", Times: 1})
		slowOne := make(chan error, 1)
		go func() { slowOne <- set(accounttest.User("2"), accounttest.GUID(9, 2)) }()
		waitFor(t, func() bool { return accounttest.Count(sim, http.MethodPatch, "/Users/2") == 1 })
		if err := set(accounttest.User("3"), accounttest.GUID(9, 3)); err != nil {
			t.Error(err)
		}
		accounttest.ChangeState(t, sim, func(st *simulator.State) {
			st.Users[3].ExternalID, st.Users[1].ExternalID = accounttest.GUID(9, 3), accounttest.GUID(9, 2)
		})
		var broken *write.BrokenError
		if err := <-slowOne; !errors.As(err, &broken) || broken.Ref != accounttest.User("3") || !slices.Equal(broken.Holders, []audit.Ref{accounttest.User("4")}) {
			t.Errorf("got %v", err)
		}
	})
}

// What could not be looked at of a write that left that to others is said by the last of
// them, also when its own write has failed.
func TestSetExternalID_uncheckedByAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := accounttest.StartInside(t, accounttest.Club(), simulator.Options{})
		c := accounttest.ClubClient(t, sim, func(cfg *api.Config) { cfg.ConfirmTimeout = 20 * time.Second })
		set := func(id string, n int) (write.ExternalIDResult, error) {
			return c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: accounttest.User(id), Want: accounttest.GUID(9, n)})
		}
		if _, err := set("1", 1); err != nil { // Its listing is of a moment ago.
			t.Fatal(err)
		}
		accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultNoop, Method: http.MethodPatch, Path: "**/Users/2"})
		type outcome struct {
			got write.ExternalIDResult
			err error
		}
		slowOne := make(chan outcome, 1)
		go func() {
			got, err := set("2", 2)
			slowOne <- outcome{got, err}
		}()
		waitFor(t, func() bool { return accounttest.Count(sim, http.MethodPatch, "/Users/2") == 1 })
		if got, err := set("3", 3); err != nil || got.Unchecked != "" {
			t.Errorf("got %+v, %v", got, err)
		}
		accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultStatus, Status: 403, Method: http.MethodGet, Path: "/api/2.0/identity/**/users"},
			simulator.Fault{Kind: simulator.FaultStatus, Status: 403, Method: http.MethodGet, Path: "/api/2.1/**/Users"}) // The PATCH of the other has been answered.
		var unconfirmed *write.UnconfirmedError
		if end := <-slowOne; !errors.As(end.err, &unconfirmed) || !strings.Contains(end.got.Unchecked, "403") {
			t.Errorf("got %+v, %v", end.got, end.err)
		}
	})
}

// A list that cannot be read after the write is no reason to wait for it.
func TestSetExternalID_holeIsNoLag(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := accounttest.StartInside(t, accounttest.Club(), simulator.Options{})
		m := &meddler{base: accounttest.Memory{Handler: sim.Server.Handler()}, meddle: func() {
			accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultStatus, Status: 403, Method: http.MethodGet, Path: "/api/2.0/identity/**/users"},
				simulator.Fault{Kind: simulator.FaultStatus, Status: 403, Method: http.MethodGet, Path: "/api/2.1/**/Users"})
		}}
		m.answer = m.base.RoundTrip
		c := accounttest.ClubClient(t, sim, func(cfg *api.Config) { cfg.SDK.HTTPTransport, cfg.ConfirmTimeout = m, time.Minute })
		begun := time.Now()
		got, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: accounttest.User("1"), Want: accounttest.GUID(9, 1)})
		if took := time.Since(begun); err != nil || !strings.Contains(got.Unchecked, "403") || took > 10*time.Second {
			t.Errorf("got %+v, %v after %s", got, err, took)
		}
	})
}

// A PATCH that took effect although its answer says otherwise, behind a lag: the write is
// found to be ours, and what it replaced is known.
func TestWrite_settlesBehindALag(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]simulator.Fault{
		"500":  {Kind: simulator.FaultStatus, Status: 500, Method: http.MethodPatch, AfterHandler: true, Times: 1},
		"503":  {Kind: simulator.FaultStatus, Status: 503, Method: http.MethodPatch, AfterHandler: true, Times: 1},
		"lost": {Kind: simulator.FaultLost, Method: http.MethodPatch, Times: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sim := accounttest.StartInside(t, accounttest.Club(), simulator.Options{ConsistencyLag: 40 * time.Second})
				c := accounttest.ClubClient(t, sim, func(cfg *api.Config) {
					cfg.ConfirmTimeout, cfg.RetryPause, cfg.RetryBudget = 90*time.Second, 500*time.Millisecond, 5*time.Minute
				})
				accounttest.SetFaults(t, sim, f)
				if got, err := c.AddMember(t.Context(), accounttest.MemberRequest("15", "1")); err != nil || !got.Wrote {
					t.Errorf("added: %+v, %v", got, err)
				}
				accounttest.SetFaults(t, sim, f)
				if got, err := c.RemoveMember(t.Context(), accounttest.MemberRequest("11", "1")); err != nil || !got.Wrote {
					t.Errorf("removed: %+v, %v", got, err)
				}
				accounttest.SetFaults(t, sim, f)
				got, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: accounttest.Group("13"), Want: accounttest.GUID(9, 9), Expected: new(accounttest.GUID(2, 13))})
				if err != nil || !got.Wrote || got.Previous != accounttest.GUID(2, 13) {
					t.Errorf("written: %+v, %v", got, err)
				}
			})
		})
	}
}

// A run that was killed between the PATCH and the state has left its intent: the next
// create takes the write over, once.
func TestWrite_adoptsAnInterruptedWrite(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := accounttest.StartInside(t, accounttest.Club(), simulator.Options{})
		path := filepath.Join(t.TempDir(), "journal.jsonl")
		c := accounttest.ClubClient(t, sim, func(cfg *api.Config) { cfg.Journal = journal.New(path) })
		left := journal.New(path)
		intend := func(r journal.Record) {
			r.AccountID = c.AccountID()
			if _, err := left.Intend(r); err != nil {
				t.Fatal(err)
			}
		}
		intend(journal.Record{Operation: journal.OpAddMember, Group: "group/11", Principal: "user/1", Before: new(journal.Absent), After: new(journal.Member)})
		intend(journal.Record{Operation: journal.OpRemoveMember, Group: "group/15", Principal: "user/1", Before: new(journal.Member), After: new(journal.Absent)})
		intend(journal.Record{Operation: journal.OpSetExternalID, Principal: "group/13", Before: new("before"), After: new(accounttest.GUID(2, 13))})
		adopt := func(group, member string) write.MemberRequest {
			return write.MemberRequest{GroupID: group, MemberID: member, Adopts: true}
		}
		if got, err := c.AddMember(t.Context(), accounttest.MemberRequest("11", "1")); err != nil || got.Wrote {
			t.Errorf("adopted by what is no create: %+v, %v", got, err)
		}
		for _, first := range []bool{true, false} {
			if got, err := c.AddMember(t.Context(), adopt("11", "1")); err != nil || got.Wrote != first {
				t.Errorf("added: %+v, %v", got, err)
			}
			if got, err := c.RemoveMember(t.Context(), adopt("15", "1")); err != nil || got.Wrote != first {
				t.Errorf("removed: %+v, %v", got, err)
			}
			got, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: accounttest.Group("13"), Want: accounttest.GUID(2, 13), Adopts: true})
			if err != nil || got.Wrote != first || first && got.Previous != "before" {
				t.Errorf("written: %+v, %v", got, err)
			}
		}
		if accounttest.Count(sim, http.MethodPatch, "") != 0 {
			t.Error("something was written")
		}
		lines := recorded(t, path)
		if ends := slices.DeleteFunc(lines, func(l string) bool { return !strings.HasSuffix(l, " confirmed yes") }); len(ends) != 3 {
			t.Errorf("outcomes: %v", ends)
		}
	})
}
