// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// withoutDisplay drops what the two routes return differently.
func withoutDisplay(ps []audit.Principal) []audit.Principal {
	out := slices.Clone(ps)
	for i := range out {
		out[i].DisplayName = ""
	}
	return out
}

func TestInventory_routes(t *testing.T) {
	t.Parallel()
	st := accounttest.Population(1250, 130, 7)
	scim := map[audit.PrincipalType]string{audit.TypeUser: "scim", audit.TypeGroup: "scim", audit.TypeServicePrincipal: "scim"}
	v2 := map[audit.PrincipalType]string{audit.TypeUser: "iam_v2", audit.TypeGroup: "iam_v2", audit.TypeServicePrincipal: "iam_v2"}
	tests := map[string]struct {
		api      string
		opts     simulator.Options
		faults   []simulator.Fault
		route    map[audit.PrincipalType]string
		scim, v2 int // requests
	}{
		"IAM v2":          {route: v2, v2: 4, scim: 1},
		"no IAM v2, 404":  {opts: simulator.Options{NoIAMv2: true}, route: scim, v2: 3, scim: 13 + 2 + 1},
		"SCIM":            {api: "scim", route: scim, scim: 13 + 2 + 1},
		"403 on IAM v2":   {faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 403, Path: "/api/2.0/identity/**"}}, route: scim, v2: 3, scim: 16},
		"501 on IAM v2":   {faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 501, Path: "/api/2.0/identity/**"}}, route: scim, v2: 3, scim: 16},
		"half pages":      {opts: simulator.Options{Assumed: simulator.Assumed{Identity: simulator.IdentityAssumptions{ShortPages: true}}}, route: v2, v2: 5, scim: 1},
		"an empty page":   {faults: []simulator.Fault{{Kind: simulator.FaultEmptyPage, Path: "**/users", Times: 1}}, route: v2, v2: 5, scim: 1},
		"empty at page 2": {faults: []simulator.Fault{{Kind: simulator.FaultEmptyPage, Path: "**/users", Skip: 1, Times: 1}}, route: v2, v2: 5, scim: 1},
		"duplicates":      {api: "scim", faults: []simulator.Fault{{Kind: simulator.FaultDuplicate, Path: "**/Users", Skip: 3, Times: 1}}, route: scim, scim: 16},
		"503 twice":       {faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 503, Path: "**/groups", Times: 2}}, route: v2, v2: 6, scim: 1},
		"429 seconds":     {faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 429, Path: "**/groups", Times: 1, RetryAfterSeconds: new(0)}}, route: v2, v2: 5, scim: 1},
		"429 past date":   {faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 429, Path: "**/groups", Times: 1, RetryAfterSeconds: new(-5), RetryAfterForm: "date"}}, route: v2, v2: 5, scim: 1},
		"429 date":        {faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 429, Path: "**/groups", Times: 1, RetryAfterSeconds: new(1), RetryAfterForm: "date"}}, route: v2, v2: 5, scim: 1},
		"429 plain text":  {faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 429, Path: "**/groups", Times: 2, BodyForm: "text"}}, route: v2, v2: 6, scim: 1},
		"500 in mid-list": {api: "scim", faults: []simulator.Fault{{Kind: simulator.FaultStatus, Status: 500, Path: "**/Users", Skip: 5, Times: 1}}, route: scim, scim: 17},
		"truncated body":  {api: "scim", faults: []simulator.Fault{{Kind: simulator.FaultTruncate, Path: "**/Users", Skip: 2, Times: 1}}, route: scim, scim: 17},
		"reset":           {api: "scim", faults: []simulator.Fault{{Kind: simulator.FaultReset, Path: "**/ServicePrincipals", Times: 1}}, route: scim, scim: 17},
		"one removed":     {faults: []simulator.Fault{{Kind: simulator.FaultShrink, Path: "**/users", Times: 2}}, route: v2, v2: 6, scim: 1},
		"expired token":   {faults: []simulator.Fault{{Kind: simulator.FaultExpiredToken, Path: "**/groups", Times: 1}}, route: v2, v2: 5, scim: 1},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sim := accounttest.StartInside(t, st, tc.opts)
				accounttest.SetFaults(t, sim, tc.faults...)
				cfg := accounttest.Config(sim)
				cfg.IdentityAPI = tc.api
				c := accounttest.Connect(t, cfg)
				var wg sync.WaitGroup
				for range 5 { // Single flight: the requests do not multiply.
					wg.Go(func() {
						inv, err := c.Inventory(t.Context())
						if err != nil {
							t.Error(err)
							return
						}
						if want := accounttest.Principals(st); !cmp.Equal(want, withoutDisplay(inv.Principals)) {
							t.Errorf("got %d principals, want %d, or their content differs", len(inv.Principals), len(want))
						}
						if !inv.Coverage.All() || len(inv.Failures) != 0 || !cmp.Equal(inv.Route, tc.route) {
							t.Errorf("coverage %+v, failures %v, route %v", inv.Coverage, inv.Failures, inv.Route)
						}
					})
				}
				wg.Wait()
				if got := accounttest.Count(sim, http.MethodGet, "/scim/v2/"); got != tc.scim {
					t.Errorf("%d SCIM requests, want %d", got, tc.scim)
				}
				if got := accounttest.Count(sim, http.MethodGet, "/api/2.0/identity/"); got != tc.v2 {
					t.Errorf("%d IAM v2 requests, want %d", got, tc.v2)
				}
			})
		})
	}
}

func TestInventory_listThatMoves(t *testing.T) {
	t.Parallel()
	st := accounttest.Population(450, 3, 1)
	t.Run("once", func(t *testing.T) {
		t.Parallel()
		sim := accounttest.Start(t, st, simulator.Options{})
		accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultShift, Path: "**/Users", Skip: 2, Times: 1})
		cfg := accounttest.Config(sim)
		cfg.IdentityAPI = "scim"
		inv, err := accounttest.Connect(t, cfg).Inventory(t.Context())
		if err != nil || !inv.Coverage.All() || !cmp.Equal(accounttest.Principals(st), withoutDisplay(inv.Principals)) {
			t.Errorf("got %v, coverage %+v, failures %v", err, inv.Coverage, inv.Failures)
		}
		if got := accounttest.Count(sim, http.MethodGet, "/scim/v2/Users"); got != 10 {
			t.Errorf("%d requests, want two readings of 5", got)
		}
	})
	t.Run("always", func(t *testing.T) {
		t.Parallel()
		sim := accounttest.Start(t, st, simulator.Options{})
		accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultShrink, Path: "**/Users", Skip: 1})
		cfg := accounttest.Config(sim)
		cfg.IdentityAPI = "scim"
		c := accounttest.Connect(t, cfg)
		inv, err := c.Inventory(t.Context())
		if err != nil || inv.Coverage.Users || !inv.Coverage.Groups || len(inv.Failures) != 1 {
			t.Fatalf("got %v, coverage %+v, failures %v; want a hole in users", err, inv.Coverage, inv.Failures)
		}
		if f := inv.Failures[0]; f.Call != "list users" || !strings.Contains(f.Reason, "changed while it was read") {
			t.Errorf("got %+v", f)
		}
		var incomplete *api.IncompleteError
		if _, err := c.Holders(t.Context(), accounttest.GUID(1, 0), accounttest.User("1")); !errors.As(err, &incomplete) {
			t.Errorf("Holders on a hole: %v", err)
		}
	})
}

func TestInventory_holesAndLoss(t *testing.T) {
	t.Parallel()
	st := accounttest.Population(5, 5, 5)
	fail := func(status int, path string) simulator.Fault {
		return simulator.Fault{Kind: simulator.FaultStatus, Status: status, Path: path, ErrorCode: "TEMPORARILY_UNAVAILABLE", Message: "come back"}
	}
	t.Run("a server's failure is a hole, no reason for SCIM", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			sim := accounttest.StartInside(t, st, simulator.Options{})
			accounttest.SetFaults(t, sim, fail(503, "**/groups"))
			cfg := accounttest.Config(sim)
			cfg.RetryBudget = 100 * time.Millisecond
			inv, err := accounttest.Connect(t, cfg).Inventory(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(audit.Coverage{Users: true, ServicePrincipals: true}, inv.Coverage); diff != "" {
				t.Error(diff)
			}
			if len(inv.Failures) != 1 || inv.Failures[0].Call != "list groups" ||
				!strings.Contains(inv.Failures[0].Reason, "503 TEMPORARILY_UNAVAILABLE: come back") {
				t.Errorf("got %+v", inv.Failures)
			}
			if len(inv.Principals) != 10 || accounttest.Count(sim, http.MethodGet, "/scim/") != 0 {
				t.Errorf("%d principals, %d SCIM requests", len(inv.Principals), accounttest.Count(sim, http.MethodGet, "/scim/"))
			}
		})
	})
	t.Run("nothing readable is an error", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			sim := accounttest.StartInside(t, st, simulator.Options{})
			accounttest.SetFaults(t, sim, fail(403, "/api/**"))
			_, err := accounttest.Connect(t, accounttest.Config(sim)).Inventory(t.Context())
			var e *api.Error
			if !errors.As(err, &e) || e.Status != 403 || !strings.Contains(err.Error(), "account admin") {
				t.Errorf("got %v", err)
			}
		})
	})
	t.Run("wrong secret", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			sim := accounttest.StartInside(t, st, simulator.Options{})
			cfg := accounttest.Config(sim)
			cfg.SDK.ClientSecret = "wrong"
			_, err := accounttest.Connect(t, cfg).Inventory(t.Context())
			var e *api.AuthError
			if !errors.As(err, &e) || !strings.Contains(err.Error(), "invalid_client") || !strings.Contains(err.Error(), "DATABRICKS_CLIENT_SECRET") || strings.Contains(err.Error(), "wrong") {
				t.Errorf("got %v", err)
			}
			if n := accounttest.Count(sim, http.MethodPost, "/token"); n != 1 {
				t.Errorf("%d token requests, want 1", n)
			}
		})
	})
	t.Run("wrong token", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			sim := accounttest.StartInside(t, st, simulator.Options{})
			cfg := accounttest.Config(sim)
			cfg.SDK.ClientID, cfg.SDK.ClientSecret, cfg.SDK.Token = "", "", "wrong"
			_, err := accounttest.Connect(t, cfg).Workspaces(t.Context())
			var e *api.AuthError
			if !errors.As(err, &e) || !strings.Contains(err.Error(), "DATABRICKS_TOKEN") {
				t.Errorf("got %v", err)
			}
		})
	})
	t.Run("wrong account", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			sim := accounttest.StartInside(t, st, simulator.Options{})
			cfg := accounttest.Config(sim)
			cfg.SDK.AccountID = accounttest.SomeAccount
			c := accounttest.Connect(t, cfg)
			if _, err := c.Inventory(t.Context()); err == nil {
				t.Error("no error")
			}
			if _, err := c.Principal(t.Context(), accounttest.User("100001")); err == nil || errors.Is(err, api.ErrNotFound) {
				t.Errorf("got %v, want an error that is not ErrNotFound", err)
			}
		})
	})
	t.Run("an account that says not found to everything", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			sim := accounttest.StartInside(t, st, simulator.Options{})
			accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultStatus, Status: 404, Path: "/api/**", ErrorCode: "RESOURCE_DOES_NOT_EXIST", Message: "gone"})
			if _, err := accounttest.Connect(t, accounttest.Config(sim)).Principal(t.Context(), accounttest.User("100001")); err == nil || errors.Is(err, api.ErrNotFound) {
				t.Errorf("got %v, want an error that is not ErrNotFound", err)
			}
		})
	})
	t.Run("token endpoint throttled", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			sim := accounttest.StartInside(t, st, simulator.Options{})
			accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultStatus, Status: 429, Path: "/oidc/**", Times: 2})
			if _, err := accounttest.Connect(t, accounttest.Config(sim)).Inventory(t.Context()); err != nil {
				t.Error(err)
			}
			if n := accounttest.Count(sim, http.MethodPost, "/token"); n != 3 {
				t.Errorf("%d token requests, want 3", n)
			}
		})
	})
}

func TestFirstContact(t *testing.T) {
	t.Parallel()
	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	dead, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = dead.Close()
	for name, addr := range map[string]string{"accepts and is silent": silent.Addr().String(), "refuses": dead.Addr().String()} {
		for _, kind := range []string{"client", "token"} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				sim := &simulator.Running{URL: "http://" + addr}
				sim.AccountID, sim.ClientID, sim.ClientSecret = accounttest.SomeAccount, "id", "secret"
				cfg := accounttest.Config(sim)
				if kind == "token" {
					cfg.SDK.ClientID, cfg.SDK.ClientSecret, cfg.SDK.Token = "", "", "t"
				}
				cfg.FirstContact, cfg.RequestTimeout, cfg.RetryBudget = 300*time.Millisecond, time.Minute, time.Minute
				begin := time.Now()
				_, err := accounttest.Connect(t, cfg).Inventory(t.Context())
				if err == nil || !strings.Contains(err.Error(), addr) {
					t.Errorf("got %v, want an error that names %s", err, addr)
				}
				if took := time.Since(begin); took > 30*time.Second { // A minute would be another limit's.
					t.Errorf("took %s", took)
				}
				var te *transport.Error
				if !errors.As(err, &te) || !te.FirstContact {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}

func TestCancelledContext(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{"list": "/api/**", "token": "/oidc/**"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sim := accounttest.StartInside(t, accounttest.Population(3, 1, 1), simulator.Options{})
				accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultHang, Path: path})
				ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
				defer cancel()
				begin := time.Now()
				_, err := accounttest.Connect(t, accounttest.Config(sim)).Inventory(ctx)
				if !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != 100*time.Millisecond {
					t.Errorf("got %v after %s", err, time.Since(begin))
				}
			})
		})
	}
	// Who gives up does not take the others along.
	t.Run("one of two", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			sim := accounttest.StartInside(t, accounttest.Population(3, 1, 1), simulator.Options{})
			accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultDelay, DelayMS: 200, Path: "**/users"})
			c := accounttest.Connect(t, accounttest.Config(sim))
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			var wg sync.WaitGroup
			wg.Go(func() {
				if _, err := c.Inventory(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v", err)
				}
			})
			wg.Go(func() {
				if inv, err := c.Inventory(t.Context()); err != nil || len(inv.Principals) != 5 {
					t.Errorf("got %d principals, %v", len(inv.Principals), err)
				}
			})
			wg.Wait()
		})
	})
}

func TestRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	var foreign sync.Map
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		foreign.Store(r.URL.Path, r.Header.Get("Authorization"))
	}))
	t.Cleanup(other.Close)
	for name, path := range map[string]string{"API": "/api/**", "token": "/oidc/**"} {
		sim := accounttest.Start(t, accounttest.Population(1, 0, 0), simulator.Options{})
		accounttest.SetFaults(t, sim, simulator.Fault{
			Kind: simulator.FaultStatus, Status: 307, Path: path, Headers: map[string]string{"Location": other.URL + "/stolen"},
		})
		_, err := accounttest.Connect(t, accounttest.Config(sim)).Principal(t.Context(), accounttest.User("100001"))
		if err == nil || !strings.Contains(err.Error(), strings.TrimPrefix(other.URL, "http://")) {
			t.Errorf("%s: got %v, want an error that names the other host", name, err)
		}
	}
	foreign.Range(func(path, _ any) bool {
		t.Errorf("the other host was asked for %v", path)
		return true
	})
}

func TestPrincipal(t *testing.T) {
	t.Parallel()
	st := accounttest.Population(3, 2, 2)
	sim := accounttest.Start(t, st, simulator.Options{})
	c := accounttest.Connect(t, accounttest.Config(sim))
	for _, want := range accounttest.Principals(st) {
		got, err := c.Principal(t.Context(), want.Ref)
		if err != nil {
			t.Fatal(err)
		}
		got.DisplayName = ""
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", want.Ref, diff)
		}
	}
	for _, ref := range []audit.Ref{accounttest.User("200001"), accounttest.Group("9"), accounttest.SP("9")} {
		if _, err := c.Principal(t.Context(), ref); !errors.Is(err, api.ErrNotFound) {
			t.Errorf("%s: got %v, want ErrNotFound", ref, err)
		}
	}
	for _, ref := range []audit.Ref{{}, accounttest.User(""), accounttest.User(".."), {Type: "robot", ID: "1"}} {
		if _, err := c.Principal(t.Context(), ref); err == nil || errors.Is(err, api.ErrNotFound) {
			t.Errorf("%s: got %v", ref, err)
		}
	}
}

func TestPrincipal_other404sAreNotMissing(t *testing.T) {
	t.Parallel()
	bodies := map[string]simulator.Fault{
		"HTML":     {BodyForm: "html", Message: "not found"},
		"text":     {BodyForm: "text", Message: "nothing here"},
		"empty":    {BodyForm: "empty"},
		"endpoint": {ErrorCode: "ENDPOINT_NOT_FOUND", Message: "No API found"},
		"proxy":    {Body: `{"error":"upstream"}`},
	}
	for name, f := range bodies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := accounttest.Start(t, accounttest.Population(1, 0, 0), simulator.Options{})
			f.Kind, f.Status, f.Path = simulator.FaultStatus, 404, "**/Users/*"
			accounttest.SetFaults(t, sim, f)
			_, err := accounttest.Connect(t, accounttest.Config(sim)).Principal(t.Context(), accounttest.User("100001"))
			var e *api.Error
			if errors.Is(err, api.ErrNotFound) || !errors.As(err, &e) || e.Status != 404 {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestWorkspaces(t *testing.T) {
	t.Parallel()
	sim := accounttest.Start(t, simulator.State{Workspaces: []simulator.Workspace{
		{WorkspaceID: 30, WorkspaceName: "c", DeploymentName: "adb-30.1", Status: "RUNNING", FederationInfo: &simulator.FederationInfo{EnableIdentityFederation: true}},
		{WorkspaceID: 4, WorkspaceName: "a", Status: "RUNNING", FederationInfo: &simulator.FederationInfo{}},
		{WorkspaceID: 5, WorkspaceName: "b", Status: "BANNED"},
	}}, simulator.Options{})
	cfg := accounttest.Config(sim)
	cfg.WorkspaceHosts = map[string]string{"5": "https://ws.example.com"}
	got, err := accounttest.Connect(t, cfg).Workspaces(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []audit.Workspace{
		{ID: "4", Name: "a", Status: "RUNNING", Host: sim.URL, Federation: new(false)},
		{ID: "5", Name: "b", Status: "BANNED", Host: "https://ws.example.com"},
		{ID: "30", Name: "c", Status: "RUNNING", Host: sim.URL, Federation: new(true)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
