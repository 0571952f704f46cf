// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
)

const currentMetastorePath = "/api/2.1/unity-catalog/current-metastore-assignment"

func bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

func TestWorkspaceHosts(t *testing.T) {
	t.Parallel()
	sim := startTest(t, catalogAccount(), Options{})
	hosts, err := sim.WorkspaceHosts()
	if err != nil || len(hosts) != 4 {
		t.Fatalf("%v, %v", hosts, err)
	}
	st, err := sim.Server.State()
	if err != nil {
		t.Fatal(err)
	}
	st.Workspaces = append(st.Workspaces, Workspace{WorkspaceID: 77, WorkspaceName: "new"})
	if err := sim.Server.SetState(st); err != nil {
		t.Fatal(err)
	}
	got := call(t, sim, http.MethodGet, "/_simulator/workspace_hosts", "")
	var now map[string]string
	if err := json.Unmarshal([]byte(got.body), &now); err != nil {
		t.Fatalf("%v in %s", err, got.body)
	}
	if now["77"] == "" || now["11"] != hosts["11"] || len(now) != 5 {
		t.Errorf("hosts after a new workspace: %v, before: %v", now, hosts)
	}
	if err := sim.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if _, err := tryCall(t, &Running{URL: hosts["11"]}, http.MethodGet, currentMetastorePath, "", nil); err == nil {
		t.Error("a workspace host answers after Close")
	}
	if _, err := sim.WorkspaceHost(78); err == nil {
		t.Error("a host was opened after Close")
	}
}

func TestWorkspaceHosts_bounded(t *testing.T) {
	t.Parallel()
	var st State
	for id := range int64(maxWorkspaceHosts + 10) {
		st.Workspaces = append(st.Workspaces, Workspace{WorkspaceID: id + 1, WorkspaceName: "w"})
	}
	sim := startTest(t, st, Options{})
	hosts, err := sim.WorkspaceHosts()
	if err != nil || len(hosts) != maxWorkspaceHosts {
		t.Fatalf("%d hosts, %v", len(hosts), err)
	}
	if _, err := sim.WorkspaceHost(maxWorkspaceHosts + 1); err == nil || !strings.Contains(err.Error(), wire.WorkspaceHeader) {
		t.Errorf("one too many: %v", err)
	}
}

func TestWorkspaceFaultsAndRates(t *testing.T) {
	t.Parallel()
	sim := startTest(t, catalogAccount(), Options{
		RateLimits: "documented",
		Faults:     []Fault{{Kind: FaultStatus, Status: 503, Path: "/api/2.1/**", WorkspaceID: 12}},
	})
	hosts, err := sim.WorkspaceHosts()
	if err != nil {
		t.Fatal(err)
	}
	// At once: on a slow machine as many one after the other would stay below the rate.
	statuses := func(id string, requests int) map[int]int {
		answers := make([]httpAnswer, requests)
		var calls errgroup.Group
		for i := range answers {
			calls.Go(func() (err error) {
				answers[i], err = tryCall(t, &Running{URL: hosts[id]}, http.MethodGet, currentMetastorePath, "", bearer("token-401"))
				return err
			})
		}
		if err := calls.Wait(); err != nil {
			t.Fatal(err)
		}
		out := map[int]int{}
		for _, answer := range answers {
			out[answer.status]++
		}
		return out
	}
	if got := statuses("11", 60); got[429] == 0 || got[200] < 20 || got[503] != 0 {
		t.Errorf("workspace 11: %v, want a limit and no fault", got)
	}
	if diff := cmp.Diff(map[int]int{503: 5}, statuses("12", 5)); diff != "" {
		t.Errorf("workspace 12 has its own limit and the fault (-want +got):\n%s", diff)
	}
}

func TestGrantsFollowPrincipals(t *testing.T) {
	t.Parallel()
	sim := startTest(t, catalogAccount(), Options{})
	base := "/api/2.1/accounts/{a}/scim/v2/Groups/"
	patch := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"displayName","value":"%"}]}`
	for id, name := range map[string]string{"301": "new owners", "302": "new analysts"} {
		if got := call(t, sim, http.MethodPatch, base+id, strings.ReplaceAll(patch, "%", name)); got.status != http.StatusOK {
			t.Fatalf("renaming %s: %d %s", id, got.status, got.body)
		}
	}
	prod := func() Securable {
		st, err := sim.Server.State()
		if err != nil {
			t.Fatal(err)
		}
		if st.UnityCatalog.Metastores[0].Owner != "new owners" {
			t.Errorf("owner of the metastore: %q", st.UnityCatalog.Metastores[0].Owner)
		}
		return st.UnityCatalog.Metastores[0].Securables[0]
	}
	if got := prod().Grants[0].Principal; got != "new analysts" {
		t.Errorf("grantee after a rename: %q", got)
	}
	if got := call(t, sim, http.MethodDelete, base+"302", ""); got.status != http.StatusNoContent {
		t.Fatalf("deleting: %d %s", got.status, got.body)
	}
	if diff := cmp.Diff(Grant{PrincipalID: "302", Privileges: []string{"USE_CATALOG", "SELECT"}}, prod().Grants[0]); diff != "" {
		t.Errorf("grant of a deleted group (-want +got):\n%s", diff)
	}
	// The document that the simulator was started with is the caller's own.
	if original := catalogAccount(); original.UnityCatalog.Metastores[0].Owner != "owners" {
		t.Error("the start document changed")
	}
}

func TestCatalogState_refused(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(m *Metastore){
		"unknown type":         func(m *Metastore) { m.Securables[0].Type = "cube" },
		"has 2 part(s)":        func(m *Metastore) { m.Securables[4].FullName = "sales" },
		"there twice":          func(m *Metastore) { m.Securables[1].FullName = "PROD" },
		"which is not there":   func(m *Metastore) { m.Securables[4].FullName = "nowhere.sales" },
		"is empty or used":     func(m *Metastore) { m.MetastoreID = "" },
		`full_name "" is no`:   func(m *Metastore) { m.Securables[0].FullName = "" },
		`full_name "prod." is`: func(m *Metastore) { m.Securables[4].FullName = "prod." },
	} {
		st := catalogAccount()
		change(&st.UnityCatalog.Metastores[0])
		if _, err := New(st, Options{}); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "unity_catalog.metastores[0]") {
			t.Errorf("%s: %v", want, err)
		}
	}
	for _, a := range []UnityCatalogAssumptions{{MetastoreAdmin: "me"}, {PageSize: -1}} {
		if _, err := New(State{}, Options{Assumed: Assumed{UnityCatalog: a}}); err == nil || !strings.Contains(err.Error(), "assumption unity_catalog.") {
			t.Errorf("%+v: %v", a, err)
		}
	}
}
