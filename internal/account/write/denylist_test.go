// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package write_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/guard"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/journal"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// Someone becomes a member of the denied group at the moment of the write: it is taken
// back where that is an account admin, and stays where it is anyone else.
func TestSetRule_brokenIsUndone(t *testing.T) {
	t.Parallel()
	id := accounttest.GUID(2, 13)
	for name, tc := range map[string]struct {
		member string
		broken bool
	}{"account admin": {"3", true}, "anyone else": {"5", false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st := accounttest.Club()
				st.IDP.Groups = []simulator.IDPGroup{{ID: id, DisplayName: "linked", SecurityEnabled: true}}
				c, _, path := meddled(t, st, simulator.Options{}, func(st *simulator.State) {
					st.Groups[2].Members = append(st.Groups[2].Members, accounttest.Members(tc.member)...)
				})
				got, err := c.SetRule(t.Context(), write.RuleRequest{ExternalID: id, Identity: func(context.Context, string, []audit.Principal) guard.DeniedIdentity {
					return guard.DeniedIdentity{Identity: &audit.Identity{Type: audit.TypeGroup, ExternalID: id}}
				}})
				var broken *write.BrokenError
				if errors.As(err, &broken) != tc.broken || tc.broken && (!broken.Undone || !strings.Contains(err.Error(), "denies user/3")) || !tc.broken && err != nil {
					t.Errorf("got %v", err)
				}
				if !got.Wrote || got.Unchecked != "" {
					t.Errorf("got %+v", got)
				}
				rules, err := c.DenylistNow(t.Context())
				if err != nil || (len(rules) == 0) != tc.broken {
					t.Errorf("the rules are %v, %v", rules, err)
				}
				if lines := recorded(t, path); tc.broken && (len(lines) != 4 || !strings.HasSuffix(lines[3], " broken yes")) {
					t.Errorf("journal: %v", lines)
				}
			})
		})
	}
}

// A denylist that answers {} may be empty, or no answer: a rule that is to be removed is
// asked for by itself, before the write and after it.
func TestSetRule_listSaysNothing(t *testing.T) {
	t.Parallel()
	id := accounttest.GUID(1, 1)
	const list, one = "**/account-access-identity-rules", "**/account-access-identity-rules/*"
	for name, tc := range map[string]struct {
		fault   simulator.Fault
		deletes int
		fail    string
		left    int
	}{
		"it is there":      {deletes: 1},
		"noop":             {fault: simulator.Fault{Kind: simulator.FaultNoop, Method: http.MethodDelete, Path: one}, deletes: 1, fail: "a rule for it", left: 1},
		"it is not known":  {fault: simulator.Fault{Kind: simulator.FaultStatus, Method: http.MethodGet, Path: one, Status: 403}, fail: "which the denylist does not show", left: 1},
		"it is another":    {fault: simulator.Fault{Kind: simulator.FaultStatus, Method: http.MethodGet, Path: one, Status: 200, Body: `{"external_principal_id":"x","action":"DENY"}`}, fail: `a rule for "x"`, left: 1},
		"it says nothing":  {fault: simulator.Fault{Kind: simulator.FaultStatus, Method: http.MethodGet, Path: one, Status: 200, Body: `{}`}, fail: "not understood", left: 1},
		"there is no such": {fault: simulator.Fault{Kind: simulator.FaultStatus, Method: http.MethodGet, Path: one, Status: 404, ErrorCode: "ENDPOINT_NOT_FOUND", Message: "No API found."}, fail: "ENDPOINT_NOT_FOUND", left: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st := accounttest.Club()
				st.Account.AccessRules = []simulator.AccessRule{{ExternalPrincipalID: id, PrincipalType: "USER"}}
				sim := accounttest.StartInside(t, st, simulator.Options{})
				faults := []simulator.Fault{{Kind: simulator.FaultStatus, Method: http.MethodGet, Path: list, Status: 200, Body: "{}"}}
				if tc.fault.Kind != "" {
					faults = append(faults, tc.fault)
				}
				accounttest.SetFaults(t, sim, faults...)
				_, err := accounttest.ClubClient(t, sim).SetRule(t.Context(), write.RuleRequest{ExternalID: id, Remove: true})
				if (err != nil) != (tc.fail != "") || err != nil && !strings.Contains(err.Error(), tc.fail) {
					t.Errorf("got %v, want %q", err, tc.fail)
				}
				if n := accounttest.Count(sim, http.MethodDelete, "account-access-identity-rules"); n != tc.deletes {
					t.Errorf("%d DELETE requests, want %d", n, tc.deletes)
				}
				after, err := sim.Server.State()
				if err != nil || len(after.Account.AccessRules) != tc.left {
					t.Errorf("%d rules are left, %v", len(after.Account.AccessRules), err)
				}
			})
		})
	}
}

// A rule that is to be added is asked for by itself where the list is `{}`.
func TestSetRule_silentList(t *testing.T) {
	t.Parallel()
	id := accounttest.GUID(1, 1)
	for _, there := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			st := accounttest.Club()
			st.IDP.Users = []simulator.IDPUser{{ID: id, UserPrincipalName: "left@example.com", AccountEnabled: true}}
			if there {
				st.Account.AccessRules = []simulator.AccessRule{{ExternalPrincipalID: id, PrincipalType: "USER"}}
			}
			sim := accounttest.StartInside(t, st, simulator.Options{})
			accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultStatus, Method: http.MethodGet, Path: "**/account-access-identity-rules", Status: 200, Body: "{}"})
			c := accounttest.ClubClient(t, sim)
			req := write.RuleRequest{ExternalID: id, Identity: func(context.Context, string, []audit.Principal) guard.DeniedIdentity {
				return guard.DeniedIdentity{Identity: &audit.Identity{Type: audit.TypeUser, ExternalID: id}}
			}}
			check, err := c.CheckRule(t.Context(), req)
			if err != nil || (check.Rule != nil) != there || len(check.Refusals) > 0 {
				t.Errorf("%t: the plan says %+v, %v", there, check, err)
			}
			got, err := c.SetRule(t.Context(), req)
			if err != nil || got.Rule == nil || got.Wrote == there || (accounttest.Count(sim, http.MethodPost, "identity-rules") == 0) != there {
				t.Errorf("%t: %+v, %v", there, got, err)
			}
		})
	}
}

// A rule that leaves its check to others is taken back, and the error is theirs: when the
// last of them ends, also if it is cancelled, and after a minute while none does.
func TestSetRule_checkedByAnother(t *testing.T) {
	t.Parallel()
	group := accounttest.GUID(2, 13)
	for name, tc := range map[string]struct {
		stuck  time.Duration // of the other one
		cancel bool
	}{"by the last": {stuck: time.Second}, "by a cancelled one": {stuck: time.Second, cancel: true}, "while none ends": {stuck: 2 * time.Minute}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st := accounttest.Club()
				st.IDP.Groups = []simulator.IDPGroup{{ID: group, DisplayName: "linked", SecurityEnabled: true}}
				for i := range 2 {
					st.IDP.Users = append(st.IDP.Users, simulator.IDPUser{ID: accounttest.GUID(8, i+1), UserPrincipalName: fmt.Sprintf("left%d@example.com", i), AccountEnabled: true})
				}
				sim := accounttest.StartInside(t, st, simulator.Options{})
				path := filepath.Join(t.TempDir(), "journal.jsonl")
				c := accounttest.ClubClient(t, sim, func(cfg *api.Config) { cfg.Journal = journal.New(path) })
				deny := func(ctx context.Context, id string, kind audit.PrincipalType, stuck time.Duration) error {
					_, err := c.SetRule(ctx, write.RuleRequest{ExternalID: id, Identity: func(context.Context, string, []audit.Principal) guard.DeniedIdentity {
						time.Sleep(stuck)
						return guard.DeniedIdentity{Identity: &audit.Identity{Type: kind, ExternalID: id}}
					}})
					return err
				}
				if err := deny(t.Context(), accounttest.GUID(8, 1), audit.TypeUser, 0); err != nil { // Its check is of a moment ago.
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				other := make(chan error, 1)
				go func() { other <- deny(ctx, accounttest.GUID(8, 2), audit.TypeUser, tc.stuck) }()
				synctest.Wait()
				if err := deny(t.Context(), group, audit.TypeGroup, 0); err != nil {
					t.Error(err)
				}
				accounttest.ChangeState(t, sim, func(st *simulator.State) {
					st.Groups[2].Members = append(st.Groups[2].Members, accounttest.Members("3")...)
				})
				if tc.cancel {
					cancel()
				}
				if tc.stuck > time.Minute {
					time.Sleep(65 * time.Second)
					if rules, err := c.DenylistNow(t.Context()); err != nil || audit.RuleFor(rules, group) != nil {
						t.Errorf("after a minute: %v, %v", rules, err)
					}
				}
				var broken *write.BrokenError
				if err := <-other; !errors.As(err, &broken) || !broken.Undone || broken.Ref.ID != group || !strings.Contains(err.Error(), "denies user/3") {
					t.Errorf("got %v", err)
				}
				rules, err := c.DenylistNow(t.Context())
				if err != nil || audit.RuleFor(rules, group) != nil || (audit.RuleFor(rules, accounttest.GUID(8, 2)) == nil) != tc.cancel {
					t.Errorf("the rules are %v, %v", rules, err)
				}
				if lines := strings.Join(recorded(t, path), "\n"); strings.Contains(lines, "broken") {
					t.Errorf("the outcome of another one is in the journal:\n%s", lines)
				}
			})
		})
	}
}

// What 72 denials cost, ten at a time: at most five requests each, two listings and two
// with roles.
func TestSetRule_budget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := accounttest.Population(2400, 100, 50)
		st.Users[1].Roles = []simulator.Role{{Value: "account_admin"}}
		for i := range 72 {
			u := st.Users[2*i]
			st.IDP.Users = append(st.IDP.Users, simulator.IDPUser{ID: u.ExternalID, UserPrincipalName: u.UserName, AccountEnabled: true})
		}
		sim := accounttest.StartInside(t, st, simulator.Options{Latency: 5 * time.Millisecond})
		c := accounttest.Connect(t, accounttest.Config(sim))
		var work errgroup.Group
		work.SetLimit(10)
		for i := range 72 {
			id := accounttest.GUID(1, 2*i)
			work.Go(func() error {
				_, err := c.SetRule(t.Context(), write.RuleRequest{ExternalID: id, Identity: func(context.Context, string, []audit.Principal) guard.DeniedIdentity {
					return guard.DeniedIdentity{Identity: &audit.Identity{Type: audit.TypeUser, ExternalID: id}}
				}})
				return err
			})
		}
		if err := work.Wait(); err != nil {
			t.Fatal(err)
		}
		const listing, withRoles = 3 + 1 + 1, 24 + 1 + 1
		if n, most := sim.Server.Requests().Total, 72*5+2*listing+2*withRoles; n > most {
			t.Errorf("%d requests, at most %d are allowed: %v", n, most, sim.Server.Requests().ByRoute)
		}
	})
}
