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
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/journal"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// resolvable is Population(2, 1, 1) with an IdP that knows more: a user, a group and
// an application that the account does not have, and the group that it has.
func resolvable() simulator.State {
	st := accounttest.Population(2, 1, 1)
	st.IDP = simulator.IDP{
		Users: []simulator.IDPUser{
			{ID: accounttest.GUID(7, 1), UserPrincipalName: "new@example.com", DisplayName: "New", AccountEnabled: true},
			{ID: accounttest.GUID(7, 4), UserPrincipalName: "off@example.com"},
		},
		Groups:            []simulator.IDPGroup{{ID: accounttest.GUID(7, 2), DisplayName: "new group"}, {ID: accounttest.GUID(2, 0), DisplayName: "group-0000"}},
		ServicePrincipals: []simulator.IDPServicePrincipal{{ID: accounttest.GUID(7, 3), AppID: accounttest.GUID(8, 3), DisplayName: "new app", AccountEnabled: true}},
	}
	return st
}

func TestResolve(t *testing.T) {
	t.Parallel()
	const route = "/api/2.0/identity/**/resolve-by-external-id"
	fault := func(f simulator.Fault) []simulator.Fault {
		f.Method, f.Path = http.MethodPost, route
		return []simulator.Fault{f}
	}
	newUser := accounttest.GUID(7, 1)
	tests := map[string]struct {
		kind     audit.PrincipalType // user if empty
		id       string              // newUser if empty
		aimOff   bool
		lag      time.Duration
		readOnly bool
		faults   []simulator.Fault

		name   string // of the principal
		ref    string // if it was there before
		named  string // by an answer, though it was not seen
		fail   string
		is     error
		posts  int
		record string // result and wrote, none if empty
	}{
		"user":              {name: "new@example.com", posts: 1, record: "confirmed yes"},
		"disabled user":     {id: accounttest.GUID(7, 4), name: "off@example.com", posts: 1, record: "confirmed yes"},
		"unknown":           {id: accounttest.GUID(0xabc, 1), is: write.ErrNotInIDP, posts: 1, record: "failed no"},
		"group":             {kind: audit.TypeGroup, id: accounttest.GUID(7, 2), name: "new group", posts: 1, record: "confirmed yes"},
		"group there":       {kind: audit.TypeGroup, id: accounttest.GUID(2, 0), name: "group-0000", ref: "group/200001", posts: 1, record: "confirmed yes"},
		"service principal": {kind: audit.TypeServicePrincipal, id: accounttest.GUID(7, 3), name: accounttest.GUID(8, 3), posts: 1, record: "confirmed yes"},
		"lag":               {kind: audit.TypeGroup, id: accounttest.GUID(7, 2), lag: 300 * time.Millisecond, name: "new group", posts: 1, record: "confirmed yes"},
		"another type":      {kind: audit.TypeGroup, is: write.ErrNotInIDP, posts: 1, record: "failed no"},
		"AIM off":           {aimOff: true, is: write.ErrAIMOff, posts: 1, record: "failed no"},
		"read only":         {readOnly: true, is: write.ErrReadOnly},
		"no id":             {id: " ", fail: "space"},
		"throttled":         {faults: fault(simulator.Fault{Kind: simulator.FaultStatus, Status: 429, Times: 2, RetryAfterSeconds: new(0)}), name: "new@example.com", posts: 3, record: "confirmed yes"},
		"lost answer":       {faults: fault(simulator.Fault{Kind: simulator.FaultLost, Times: 1}), name: "new@example.com", posts: 1, record: "confirmed yes"},
		"lost on the way":   {faults: fault(simulator.Fault{Kind: simulator.FaultReset, Times: 1}), name: "new@example.com", posts: 2, record: "confirmed yes"},
		"half an answer":    {faults: fault(simulator.Fault{Kind: simulator.FaultTruncate, Times: 1}), name: "new@example.com", posts: 1, record: "confirmed yes"},
		"500, yet done":     {faults: fault(simulator.Fault{Kind: simulator.FaultStatus, Status: 500, AfterHandler: true, Times: 1}), name: "new@example.com", posts: 1, record: "confirmed yes"},
		"never":             {faults: fault(simulator.Fault{Kind: simulator.FaultStatus, Status: 500}), fail: "may exist", posts: 3, record: "unconfirmed unknown"},
		"success, nothing":  {faults: fault(simulator.Fault{Kind: simulator.FaultStatus, Status: 200, Body: "{}"}), fail: "not with the principal", posts: 3, record: "unconfirmed unknown"},
		"success, another": {
			faults: fault(simulator.Fault{Kind: simulator.FaultStatus, Status: 200, Body: `{"user":{"user_id":"100001","username":"x","external_id":"other"}}`}),
			fail:   "user/100001", posts: 3, record: "unconfirmed unknown",
		},
		"refused":        {faults: fault(simulator.Fault{Kind: simulator.FaultStatus, Status: 403, ErrorCode: "PERMISSION_DENIED"}), fail: "PERMISSION_DENIED", posts: 1, record: "failed no"},
		"no such call":   {faults: fault(simulator.Fault{Kind: simulator.FaultStatus, Status: 404, ErrorCode: "ENDPOINT_NOT_FOUND", Message: "no API"}), fail: "ENDPOINT_NOT_FOUND", posts: 1, record: "failed no"},
		"never seen":     {faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 404, Method: http.MethodGet, Path: "/api/2.1/**/Users/*", BodyForm: "scim"}}, fail: "may exist", named: "user/300002", posts: 1, record: "unconfirmed unknown"},
		"cannot be read": {faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 403, Method: http.MethodGet, Path: "/api/2.1/**/Users/*"}}, fail: "403", named: "user/300002", posts: 1, record: "unconfirmed unknown"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sim := accounttest.StartInside(t, resolvable(), simulator.Options{AIM: !tt.aimOff, ConsistencyLag: tt.lag})
				accounttest.SetFaults(t, sim, tt.faults...)
				path := filepath.Join(t.TempDir(), "journal.jsonl")
				cfg := accounttest.Config(sim)
				cfg.ReadOnly, cfg.RetryBudget, cfg.ConfirmTimeout, cfg.Journal = tt.readOnly, time.Second, time.Second, journal.New(path)
				c := accounttest.Connect(t, cfg)
				kind, id := audit.TypeUser, newUser
				if tt.kind != "" {
					kind = tt.kind
				}
				if tt.id != "" {
					id = tt.id
				}
				got, err := c.Resolve(t.Context(), write.ResolveRequest{Type: kind, ExternalID: id})
				if n := accounttest.Count(sim, http.MethodPost, "/resolve-by-external-id"); n != tt.posts {
					t.Errorf("%d POST requests, want %d", n, tt.posts)
				}
				var want []string
				if tt.record != "" {
					principal := got.String()
					if err != nil {
						principal = tt.named
					}
					want = []string{"intent resolve_principal  ?>" + id, "outcome resolve_principal " + principal + " " + tt.record}
				}
				if diff := cmp.Diff(want, recorded(t, path)); diff != "" {
					t.Errorf("journal (-want +got): %s", diff)
				}
				if tt.fail != "" || tt.is != nil {
					if err == nil || !strings.Contains(err.Error(), tt.fail) || tt.is != nil && !errors.Is(err, tt.is) {
						t.Errorf("error %v, want %q, %v", err, tt.fail, tt.is)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if got.Type != kind || got.Name != tt.name || got.ExternalID != id || held(t, sim, got.Ref) != id || tt.ref != "" && got.Ref.String() != tt.ref {
					t.Errorf("got %+v", got)
				}
			})
		})
	}
}

// What was resolved is in the listing that was taken before it.
func TestResolve_listed(t *testing.T) {
	t.Parallel()
	sim := accounttest.Start(t, resolvable(), simulator.Options{AIM: true})
	c := accounttest.Connect(t, accounttest.Config(sim))
	before, err := c.Inventory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.Resolve(t.Context(), write.ResolveRequest{Type: audit.TypeUser, ExternalID: accounttest.GUID(7, 1)})
	if err != nil {
		t.Fatal(err)
	}
	after, err := c.Inventory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(after.Principals) != len(before.Principals)+1 {
		t.Errorf("%d principals, before %d", len(after.Principals), len(before.Principals))
	}
	holders, err := c.Holders(t.Context(), accounttest.GUID(7, 1), audit.Ref{})
	if err != nil || len(holders) != 1 || holders[0].Ref != p.Ref {
		t.Errorf("holders %v, %v", holders, err)
	}
}

// overlap counts how many requests to resolve are under way at the same time.
type overlap struct {
	base      http.RoundTripper
	now, most atomic.Int64
}

func (o *overlap) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/resolve-by-external-id") {
		o.most.Store(max(o.most.Load(), o.now.Add(1)))
		defer o.now.Add(-1)
	}
	return o.base.RoundTrip(r)
}

// Many who want one identity at the same time get one principal, one after the
// other; a caller that gives up does not wait for the others.
func TestResolve_together(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := accounttest.StartInside(t, resolvable(), simulator.Options{AIM: true, Latency: 20 * time.Millisecond})
		posts := &overlap{base: accounttest.Memory{Handler: sim.Server.Handler()}}
		cfg := accounttest.Config(sim)
		cfg.SDK.HTTPTransport = posts
		c := accounttest.Connect(t, cfg)
		var (
			wg   sync.WaitGroup
			mu   sync.Mutex
			refs = map[audit.Ref]int{}
		)
		for range 4 {
			wg.Go(func() {
				p, err := c.Resolve(t.Context(), write.ResolveRequest{Type: audit.TypeUser, ExternalID: accounttest.GUID(7, 1)})
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				refs[p.Ref]++
			})
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := c.Resolve(ended, write.ResolveRequest{Type: audit.TypeUser, ExternalID: accounttest.GUID(7, 1)}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		wg.Wait()
		if len(refs) != 1 {
			t.Errorf("principals: %v", refs)
		}
		if n := posts.most.Load(); n != 1 {
			t.Errorf("%d of them at the same time", n)
		}
	})
}

// A principal of the same id, or of a name of the identity, that came at the same time as
// the one that was resolved, or after the listing of the last minute: both are named. What
// was there before it was asked for is no one's fault.
func TestResolve_twins(t *testing.T) {
	t.Parallel()
	const name = "new@example.com"
	id := accounttest.GUID(7, 1)
	other := func(name, externalID string) func(*simulator.State) {
		return func(st *simulator.State) {
			st.Users = append(st.Users, simulator.User{ID: "9", UserName: name, ExternalID: externalID, Active: true})
		}
	}
	for why, tc := range map[string]struct {
		names []string
		// meanwhile happens at the moment of the write, listed after the listing of the run, and
		// before before everything.
		meanwhile, listed, before func(*simulator.State)
		faults                    []simulator.Fault
		posts                     int    // 1 if 0
		fail                      string // with user/9 in it
		unchecked                 string
		record                    string
	}{
		"at the same time":       {names: []string{name}, meanwhile: other("New@example.com", ""), fail: "user/9 (New@example.com), with no externalId", record: "broken yes"},
		"names not known":        {meanwhile: other(name, ""), fail: "user/9", record: "broken yes"},
		"another name of it":     {names: []string{"mail@example.com"}, meanwhile: other("mail@example.com", accounttest.GUID(9, 9)), fail: fmt.Sprintf("user/9 (mail@example.com), with the externalId %q", accounttest.GUID(9, 9)), record: "broken yes"},
		"the id":                 {names: []string{name}, meanwhile: other("else@example.com", strings.ToUpper(id)), fail: "user/9 (else@example.com)", record: "broken yes"},
		"after the listing":      {names: []string{name}, listed: other(name, ""), fail: "user/9", record: "broken yes"},
		"names not known before": {before: other(name, ""), fail: "user/9", record: "broken yes"},
		"sent again, and found": {
			names: []string{name}, meanwhile: other(name, ""), posts: 2, fail: "user/9", record: "broken yes",
			faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 429, AfterHandler: true, Method: http.MethodPost, Path: "/api/2.0/identity/**/resolve-by-external-id", Times: 1, RetryAfterSeconds: new(0)}},
		},
		"of no name of it": {names: []string{name}, meanwhile: other("else@example.com", ""), record: "confirmed yes"},
		"both were there": {names: []string{name}, before: func(st *simulator.State) {
			other(name, "")(st)
			st.Users = append(st.Users, simulator.User{ID: "10", UserName: "old@example.com", ExternalID: id, Active: true})
		}, record: "confirmed yes"},
		"cannot be listed": {
			names: []string{name}, meanwhile: other(name, ""), unchecked: "403", record: "confirmed yes",
			faults: []simulator.Fault{
				{Kind: simulator.FaultStatus, Status: 403, Method: http.MethodGet, Path: "/api/2.0/identity/**/users", Skip: 1},
				{Kind: simulator.FaultStatus, Status: 403, Method: http.MethodGet, Path: "/api/2.1/**/Users"},
			},
		},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st := resolvable()
				if tc.before != nil {
					tc.before(&st)
				}
				if tc.meanwhile == nil {
					tc.meanwhile = func(*simulator.State) {}
				}
				c, sim, path := meddled(t, st, simulator.Options{AIM: true}, tc.meanwhile)
				accounttest.SetFaults(t, sim, tc.faults...)
				if tc.listed != nil {
					if _, err := c.Holders(t.Context(), id, audit.Ref{}); err != nil {
						t.Fatal(err)
					}
					accounttest.ChangeState(t, sim, tc.listed)
				}
				got, err := c.Resolve(t.Context(), write.ResolveRequest{Type: audit.TypeUser, ExternalID: id, Names: tc.names})
				var broken *write.BrokenError
				switch {
				case tc.fail == "":
					if err != nil {
						t.Error(err)
					}
				case !errors.As(err, &broken) || broken.Ref != got.Ref || len(broken.Twins) != 1 || !strings.Contains(err.Error(), tc.fail) || !strings.Contains(err.Error(), got.Ref.String()):
					t.Errorf("got %v, want %q", err, tc.fail)
				}
				if (got.Unchecked != "") != (tc.unchecked != "") || !strings.Contains(got.Unchecked, tc.unchecked) {
					t.Errorf("unchecked: %q, want %q", got.Unchecked, tc.unchecked)
				}
				if n := accounttest.Count(sim, http.MethodPost, "/resolve-by-external-id"); n != max(tc.posts, 1) {
					t.Errorf("%d POST requests", n)
				}
				if lines := recorded(t, path); !strings.HasSuffix(lines[len(lines)-1], tc.record) {
					t.Errorf("journal: %v", lines)
				}
			})
		})
	}
}

// Of two service principals, the application id makes twins, and not the display name.
func TestResolve_twinApplications(t *testing.T) {
	t.Parallel()
	for appID, want := range map[string]bool{accounttest.GUID(8, 3): true, accounttest.GUID(8, 4): false} {
		synctest.Test(t, func(t *testing.T) {
			c, _, _ := meddled(t, resolvable(), simulator.Options{AIM: true}, func(st *simulator.State) {
				st.ServicePrincipals = append(st.ServicePrincipals, simulator.ServicePrincipal{ID: "9", ApplicationID: appID, DisplayName: "new app", Active: true})
			})
			_, err := c.Resolve(t.Context(), write.ResolveRequest{Type: audit.TypeServicePrincipal, ExternalID: accounttest.GUID(7, 3), Names: []string{accounttest.GUID(8, 3), "new app"}})
			var broken *write.BrokenError
			if errors.As(err, &broken) != want || !want && err != nil {
				t.Errorf("%s: %v", appID, err)
			}
		})
	}
}
