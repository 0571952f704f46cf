// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package catalog_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/catalog"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/presets"
)

// places counts requests by what they ask for.
func places(sim *simulator.Running) map[string]int {
	out := map[string]int{}
	for _, r := range sim.Server.Requests().Log {
		path := r.Path
		if i := strings.Index(path, "/permissions/"); i >= 0 {
			path = "permissions/" + strings.Split(path[i:], "/")[2]
		} else {
			parts := strings.Split(path, "/")
			path = parts[len(parts)-1]
			if strings.Trim(path, "0123456789abcdef-") == "" {
				path = parts[len(parts)-2] + "/{id}"
			}
		}
		out[path]++
	}
	return out
}

// 20 workspaces share 2 metastores of 100 catalogs: the grants of each object are
// read once, and not once per workspace. Ten data sources cost what one costs.
func TestAccessFacts_requests(t *testing.T) {
	t.Parallel()
	st, err := presets.Generate(simulator.State{}, presets.GenerateOptions{Users: 50, Groups: 60, ServicePrincipals: 5, Workspaces: 20, Metastores: 2, Catalogs: 100, Clean: true})
	if err != nil {
		t.Fatal(err)
	}
	sim := accounttest.Start(t, st, simulator.Options{})
	cfg := accounttest.AsCaller(accounttest.Config(sim))
	cfg.SDK.ClientID, cfg.SDK.ClientSecret = st.Account.OAuthClients[0].ClientID, st.Account.OAuthClients[0].ClientSecret
	if cfg.WorkspaceHosts, err = sim.WorkspaceHosts(); err != nil {
		t.Fatal(err)
	}
	c := accounttest.Connect(t, cfg)
	person := func(u simulator.User) audit.Principal {
		return audit.Principal{Ref: accounttest.User(u.ID), Name: u.UserName, DisplayName: u.DisplayName, Active: new(u.Active)}
	}
	req := catalog.AccessRequest{Graph: accounttest.WholeGraph(&st), Source: person(st.Users[0]), Target: person(st.Users[1]), Depth: access.DepthCatalog}
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			facts, err := c.AccessFacts(t.Context(), req)
			if err != nil || len(facts.Failures) > 0 {
				t.Errorf("error %v, failures %v", err, facts.Failures)
			}
			for _, m := range facts.Metastores {
				if !m.AdminProven || len(m.Securables) < 100 {
					t.Errorf("metastore %s: admin proven %v, %d objects", m.ID, m.AdminProven, len(m.Securables))
				}
			}
		})
	}
	wg.Wait()
	got := places(sim)
	want := map[string]int{
		"workspaces": 3, "permissionassignments": 20, "metastores": 1, "rule-sets": 1, // The account, and the workspaces of each metastore.
		"token": 3, "metastore_summary": 2, "metastores/{id}": 2, // One workspace per metastore.
		"catalogs": 2, "external-locations": 2, "credentials": 2, "connections": 2, "shares": 2,
		"permissions/metastore": 2, "permissions/catalog": 200,
		"permissions/external_location": 10, "permissions/storage_credential": 10, "permissions/connection": 10,
		"users": 1, "groups": 1, "service-principals": 1,
		"transitive-parent-groups": 2, "direct-members": 1, // The caller has none above: a member of a group proves that they are returned.
	}
	for place := range got {
		if strings.HasSuffix(place, "/{id}") && place != "metastores/{id}" { // The source and the groups above the two.
			want[place] = got[place]
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if groups := len(access.GroupsAbove(&req.Graph, req.Source, req.Target)); got["Groups/{id}"] != groups || got["Users/{id}"] != 1 {
		t.Errorf("%d groups and %d users were read, for %d groups above the two", got["Groups/{id}"], got["Users/{id}"], groups)
	}
}

// The graph, Privileges and the facts of a clone plan read the same groups and
// assignments once.
func TestAccessFacts_shares(t *testing.T) {
	t.Parallel()
	st := accounttest.Estate()
	sim := accounttest.Start(t, st, simulator.Options{})
	c := accounttest.Connect(t, accounttest.AsCaller(accounttest.Config(sim)))
	req := requestFor(&st, access.DepthNone)
	var err error
	if req.Graph, err = c.AccessGraph(t.Context(), req.Source, req.Target); err != nil {
		t.Fatal(err)
	}
	facts, _ := readFacts(t, c, req)
	c.Privileges(t.Context(), []audit.Ref{accounttest.User(accounttest.SourceID)})
	readFacts(t, c, req)
	if len(facts.Holdings) != 4 {
		t.Errorf("holdings of %d principals", len(facts.Holdings))
	}
	for part, want := range map[string]int{
		"/permissionassignments": len(st.Workspaces), "/Groups/" + accounttest.DirectID: 1, "/Groups/" + accounttest.GrandparentID: 1, "/Users/" + accounttest.SourceID: 1,
	} {
		if n := accounttest.Count(sim, http.MethodGet, part); n != want {
			t.Errorf("%s was read %d times, want %d", part, n, want)
		}
	}
}

// Without a scan, and where no name is in question, no one is listed.
func TestAccessFacts_listsNobodyForNothing(t *testing.T) {
	t.Parallel()
	st := accounttest.Estate()
	sim := accounttest.Start(t, st, simulator.Options{})
	_, plan := readFacts(t, accounttest.Connect(t, accounttest.AsCaller(accounttest.Config(sim))), requestFor(&st, access.DepthNone))
	want := map[string]int{"token": 1, "workspaces": 1, "permissionassignments": 2, "metastores": 1, "rule-sets": 1, "Users/{id}": 1, "Groups/{id}": 3}
	if diff := cmp.Diff(want, places(sim)); diff != "" || !plan.Complete {
		t.Errorf("complete %v, requests (-want +got):\n%s", plan.Complete, diff)
	}
}

// A workspace has a token endpoint of its own; where that does not know the
// client, the account's token is tried.
func TestAccessFacts_login(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		faults []simulator.Fault
		want   []string // of the requests to the token endpoints and the first call
	}{
		"own token": {want: []string{"account token", "101 token", "101 metastore_summary 200"}},
		"refused there": {
			faults: []simulator.Fault{{Kind: "status", WorkspaceID: 101, Path: "/oidc/**", Status: 401, Body: `{"error":"invalid_client"}`}},
			want:   []string{"account token", "101 token", "101 metastore_summary 200"},
		},
		"withdrawn before its time": {
			faults: []simulator.Fault{{Kind: "status", WorkspaceID: 101, Path: "**/metastore_summary", Status: 401, Times: 1}},
			want:   []string{"account token", "101 token", "101 metastore_summary 401", "101 token", "101 metastore_summary 200"},
		},
		"out of order there": {
			faults: []simulator.Fault{{Kind: "status", WorkspaceID: 101, Path: "/oidc/**", Status: 501}},
			want:   []string{"account token", "101 token", "102 token", "102 metastore_summary 200"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := accounttest.Estate()
			sim := accounttest.Start(t, st, simulator.Options{})
			accounttest.SetFaults(t, sim, tt.faults...)
			cfg := accounttest.AsCaller(accounttest.Config(sim))
			var err error
			if cfg.WorkspaceHosts, err = sim.WorkspaceHosts(); err != nil {
				t.Fatal(err)
			}
			if facts, plan := readFacts(t, accounttest.Connect(t, cfg), requestFor(&st, access.DepthCatalog)); !plan.Complete {
				t.Errorf("failures: %+v", facts.Failures)
			}
			var got []string
			for _, r := range sim.Server.Requests().Log {
				where := "account"
				if r.WorkspaceID != 0 {
					where = fmt.Sprint(r.WorkspaceID)
				}
				switch {
				case strings.HasSuffix(r.Path, "/token"):
					got = append(got, where+" token")
				case strings.HasSuffix(r.Path, "/metastore_summary"):
					got = append(got, fmt.Sprintf("%s metastore_summary %d", where, r.Status))
				}
			}
			if diff := cmp.Diff(tt.want, slices.Compact(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// elsewhere carries requests to any host to the simulator, and notes the hosts.
type elsewhere struct {
	to    *url.URL
	mu    sync.Mutex
	hosts map[string]bool
	// redirect answers requests to this host with a redirect to another one.
	redirect string
}

func (e *elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	e.mu.Lock()
	e.hosts[r.URL.Host] = true
	e.mu.Unlock()
	if r.URL.Host == e.redirect {
		return &http.Response{
			StatusCode: http.StatusTemporaryRedirect, Body: http.NoBody, Request: r, ContentLength: 0,
			Header: http.Header{"Location": {"https://evil.example.com" + r.URL.Path}},
		}, nil
	}
	// adb-<workspace id>.1 is that workspace.
	id, isWorkspace := strings.CutPrefix(r.URL.Host, "adb-")
	out := r.Clone(r.Context())
	out.URL.Scheme, out.URL.Host, out.Host = e.to.Scheme, e.to.Host, e.to.Host
	if isWorkspace {
		out.Header.Set("X-Databricks-Workspace-Id", strings.Split(id, ".")[0])
		if strings.HasPrefix(out.URL.Path, "/oidc/") {
			out.URL.Path = "/oidc/accounts/" + simulatedAccount + "/v1/token"
		}
	}
	return http.DefaultTransport.RoundTrip(out)
}

const simulatedAccount = "5a3e0f0a-0000-4000-8000-000000000009"

// Credentials go to hosts in the DNS zone of the account host only, whatever the
// account says of deployments and a workspace of other places.
func TestAccessFacts_hosts(t *testing.T) {
	t.Parallel()
	st := accounttest.Estate()
	st.Account.AccountID = simulatedAccount
	st.Workspaces[0].DeploymentName, st.Workspaces[1].DeploymentName = "adb-101.1", "adb-102.1"
	for i, hostile := range []string{"evil.example.com/", "evil.example.com#", "user@evil.example.com:443/", "", ".."} {
		ws := st.Workspaces[0]
		ws.WorkspaceID, ws.DeploymentName = int64(1+i), hostile
		st.Workspaces = append(st.Workspaces, ws)
	}
	sim := accounttest.Start(t, st, simulator.Options{})
	to, err := url.Parse(sim.URL)
	if err != nil {
		t.Fatal(err)
	}
	base := &elsewhere{to: to, hosts: map[string]bool{}, redirect: "adb-101.1.azuredatabricks.net"}
	cfg := accounttest.AsCaller(accounttest.Config(sim))
	cfg.SDK.Host, cfg.SDK.HTTPTransport = "https://accounts.azuredatabricks.net", base
	facts, plan := readFacts(t, accounttest.Connect(t, cfg), requestFor(&st, access.DepthAll))
	if !plan.Complete || !facts.Metastores[0].AdminProven {
		t.Errorf("admin proven %v, failures %+v", facts.Metastores[0].AdminProven, facts.Failures)
	}
	want := map[string]bool{"accounts.azuredatabricks.net": true, "adb-101.1.azuredatabricks.net": true, "adb-102.1.azuredatabricks.net": true}
	if diff := cmp.Diff(want, base.hosts); diff != "" {
		t.Errorf("hosts (-want +got):\n%s", diff)
	}
}
