// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package api_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/databricks/databricks-sdk-go/config"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

func TestConcurrencyIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := accounttest.StartInside(t, accounttest.Population(60, 0, 0), simulator.Options{Latency: 10 * time.Millisecond})
		cfg := accounttest.Config(sim)
		cfg.MaxConcurrency = 5
		c := accounttest.Connect(t, cfg)
		var wg sync.WaitGroup
		for i := range 60 {
			wg.Go(func() {
				if _, err := c.Principal(t.Context(), accounttest.User(fmt.Sprint(100001+i))); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		counts := sim.Server.Requests()
		// One token request is beside the bound, since all others wait for it.
		if counts.MaxInFlight != 5 || counts.Total != 61 {
			t.Errorf("%d at once, %d in all; want 5, 61", counts.MaxInFlight, counts.Total)
		}
	})
}

func TestDocumentedRates(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := accounttest.StartInside(t, accounttest.Population(16, 0, 0), simulator.Options{RateLimits: "documented"})
		cfg := accounttest.Config(sim)
		cfg.RetryBudget = time.Minute
		c := accounttest.Connect(t, cfg)
		var wg sync.WaitGroup
		for i := 1; i < 16; i += 2 {
			wg.Go(func() {
				if _, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: accounttest.User(fmt.Sprint(100001 + i)), Want: accounttest.GUID(9, i)}); err != nil {
					t.Error(err)
				}
			})
		}
		begin := time.Now()
		wg.Wait()
		// 8 PATCH requests at 2 a second.
		if took := time.Since(begin); took > 20*time.Second {
			t.Errorf("took %s", took)
		}
		if n := accounttest.Count(sim, http.MethodPatch, ""); n < 8 || n > 30 {
			t.Errorf("%d PATCH requests for 8 writes", n)
		}
	})
}

func TestTokenIsRenewed(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var mu sync.Mutex
	clock := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}
	sim := accounttest.Start(t, accounttest.Population(2, 0, 0), simulator.Options{Now: clock})
	c := accounttest.Connect(t, accounttest.Config(sim))
	for _, id := range []string{"100001", "100002"} {
		if _, err := c.Principal(t.Context(), accounttest.User(id)); err != nil {
			t.Fatal(err)
		}
		// The account's clock runs ahead: it refuses what we take for valid.
		mu.Lock()
		now = now.Add(2 * time.Hour)
		mu.Unlock()
	}
	if n := accounttest.Count(sim, http.MethodPost, "/token"); n != 2 {
		t.Errorf("%d token requests, want 2", n)
	}
}

func TestOtherAuthenticationOfTheSDK(t *testing.T) {
	t.Parallel()
	sim := accounttest.Start(t, accounttest.Population(2, 0, 0), simulator.Options{})
	viaSDK := func(secret string) api.Config {
		cfg := accounttest.Config(sim)
		cfg.SDK.ClientSecret, cfg.SDK.AuthType = secret, "oauth-m2m"
		// An own discovery URL is the SDK's business.
		cfg.SDK.DiscoveryURL = sim.URL + "/oidc/accounts/" + sim.AccountID + "/.well-known/oauth-authorization-server"
		return cfg
	}
	c := accounttest.Connect(t, viaSDK(sim.ClientSecret))
	if _, err := c.Principal(t.Context(), accounttest.User("100001")); err != nil {
		t.Error(err)
	}
	if c.CallerApplicationID() != sim.ClientID {
		t.Errorf("got %q", c.CallerApplicationID())
	}
	_, err := accounttest.Connect(t, viaSDK("wrong")).Principal(t.Context(), accounttest.User("100001"))
	var e *api.AuthError
	if !errors.As(err, &e) || !strings.Contains(err.Error(), "invalid_client") {
		t.Errorf("got %v", err)
	}
	// None works: the account's own words are not lost in "default credentials".
	cfg := accounttest.Config(sim)
	cfg.SDK = &config.Config{Host: sim.URL, AccountID: sim.AccountID, Loaders: accounttest.Loaders(), DatabricksCliPath: "/nonexistent/databricks"}
	_, err = accounttest.Connect(t, cfg).Principal(t.Context(), accounttest.User("100001"))
	var ce *api.ConfigError
	if !errors.As(err, &ce) || ce.Attribute != "client_id" {
		t.Errorf("got %v", err)
	}
}

func TestRequestHeaders(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[string]http.Header{}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen[r.Method+" "+r.URL.Path] = r.Header.Clone()
		_, _ = rw.Write([]byte(`{"access_token":"t","expires_in":3600,"id":"1","userName":"a@example.com","databricks_user":{"internal_id":1}}`))
	}))
	t.Cleanup(server.Close)
	cfg := api.Config{SDK: &config.Config{
		Host: server.URL, AccountID: accounttest.SomeAccount, ClientID: "id", ClientSecret: "s", Loaders: accounttest.Loaders(),
	}, Version: "1.2.3"}
	c := accounttest.Connect(t, cfg)
	p, err := c.Principal(t.Context(), accounttest.User("1"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.MatchWithIDP(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(seen) != 3 {
		t.Errorf("got %d kinds of requests, want the token, the user and the match: no metadata, no discovery", len(seen))
	}
	for request, h := range seen {
		if !strings.HasPrefix(h.Get("User-Agent"), "terraform-provider-dbxidentity/1.2.3 databricks-sdk-go/") {
			t.Errorf("%s: User-Agent %q", request, h.Get("User-Agent"))
		}
		if strings.HasSuffix(request, "/matchWithIdp") && h.Get("Content-Type") != "application/json" {
			t.Errorf("%s: Content-Type %q", request, h.Get("Content-Type"))
		}
	}
}
