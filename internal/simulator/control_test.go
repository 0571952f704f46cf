// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host"
)

func TestControl_requests(t *testing.T) {
	t.Parallel()
	sim := startTest(t, smallAccount(), Options{})
	call(t, sim, "GET", workspacesPath+"/11", "")
	call(t, sim, "GET", workspacesPath+"/99?x=1", "")
	call(t, sim, "GET", "/nowhere", "")
	call(t, sim, "GET", "/nowhere", "")
	var got RequestCounts
	if err := json.Unmarshal([]byte(call(t, sim, "GET", "/_simulator/requests?log=3", "").body), &got); err != nil {
		t.Fatal(err)
	}
	path := strings.ReplaceAll(workspacesPath, "{a}", sim.AccountID) + "/99"
	want := RequestCounts{
		Total:       4,
		ByRoute:     map[string]int{"GET /api/2.0/accounts/{account_id}/workspaces/{workspace_id}": 2},
		MaxInFlight: 1, UnknownRoutes: []string{"GET /nowhere"},
		Log: []LoggedRequest{
			{Method: "GET", Path: path, Query: "x=1", Status: 404},
			{Method: "GET", Path: "/nowhere", Status: 404}, {Method: "GET", Path: "/nowhere", Status: 404},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if got := call(t, sim, "POST", "/_simulator/requests/reset", ""); got.status != http.StatusNoContent {
		t.Errorf("reset: %d", got.status)
	}
	if got := sim.Server.Requests(); got.Total != 0 || len(got.Log) != 0 || len(got.UnknownRoutes) != 0 {
		t.Errorf("after the reset: %+v", got)
	}
	if got := call(t, sim, "GET", "/_simulator/requests?log=x", ""); got.status != 400 {
		t.Errorf("log=x: %d", got.status)
	}
	if got := call(t, sim, "GET", "/_simulator/moon", ""); got.status != 404 || !strings.Contains(got.body, "GET requests") {
		t.Errorf("unknown control endpoint: %d %s", got.status, got.body)
	}
}

func TestRequestLog_keepsTheLast(t *testing.T) {
	t.Parallel()
	l := newRequestLog()
	for i := range logSize + 5 {
		l.end(l.begin(LoggedRequest{Method: "GET", Path: "/"}, "GET /"), i, "")
	}
	got := l.counts()
	if got.Total != logSize+5 || len(got.Log) != logSize || got.Log[0].Status != 5 || got.Log[logSize-1].Status != logSize+4 {
		t.Errorf("total %d, %d entries from %+v to %+v", got.Total, len(got.Log), got.Log[0], got.Log[len(got.Log)-1])
	}
}

// TestControl_inFlight wants concurrent requests counted as such, those with an
// answer no more.
func TestControl_inFlight(t *testing.T) {
	t.Parallel()
	sim := startTest(t, smallAccount(), Options{Faults: []Fault{{Kind: FaultHang, Path: "**/workspaces"}}})
	var group sync.WaitGroup
	for range 5 {
		group.Go(func() { _, _ = tryCall(t, sim, "GET", workspacesPath, "", nil) })
	}
	for begun := time.Now(); sim.Server.Requests().MaxInFlight < 5; time.Sleep(time.Millisecond) {
		if time.Since(begun) > time.Minute {
			t.Fatalf("max_in_flight %d of 5 requests that hang", sim.Server.Requests().MaxInFlight)
		}
	}
	for range 3 {
		call(t, sim, "GET", "/.well-known/databricks-config", "")
	}
	if got := sim.Server.Requests().MaxInFlight; got != 6 {
		t.Errorf("max_in_flight %d, want the 5 that hang and one", got)
	}
	_ = sim.Close()
	group.Wait()
}

func TestControl_state(t *testing.T) {
	t.Parallel()
	sim := startTest(t, smallAccount(), Options{})
	first := call(t, sim, "GET", "/_simulator/state", "").body
	if got := call(t, sim, "PUT", assignmentPath, assignUser); got.status != 200 {
		t.Fatalf("PUT assignment: %d", got.status)
	}
	if second := call(t, sim, "GET", "/_simulator/state", "").body; second == first {
		t.Error("a write does not show in the state")
	}
	if got := call(t, sim, "PUT", "/_simulator/state", first); got.status != http.StatusNoContent {
		t.Fatalf("PUT state: %d %s", got.status, got.body)
	}
	if diff := cmp.Diff(first, call(t, sim, "GET", "/_simulator/state", "").body); diff != "" {
		t.Errorf("state after putting it back (-want +got):\n%s", diff)
	}
	for name, tt := range map[string]struct{ body, want string }{
		"no JSON":      {"{", "reading the state document"},
		"unknown key":  {`{"usres":[]}`, `unknown field \"usres\"`},
		"assumptions":  {`{"assumed":{"scim":{"member_type":"returned"}}}`, `unknown field \"assumed\"`},
		"source":       {`{"groups":[{"id":"1","displayName":"g","members":[{"value":"2","membership_source":"IDP"}]}]}`, `groups[0].members[0].membership_source: \"IDP\" is none of its words: INTERNAL, IDENTITY_PROVIDER`},
		"permission":   {`{"workspaces":[{"workspace_id":1,"permission_assignments":[{"principal_id":"1","permissions":["admin"]}]}]}`, "USER, ADMIN, UNKNOWN"},
		"okta status":  {`{"idp":{"users":[{"id":"1","oktaStatus":"Active"}]}}`, "idp.users[0].oktaStatus"},
		"two of an id": {`{"users":[{"id":"1","userName":"a"},{"id":"1","userName":"b"}]}`, "users[1]: id 1 is used twice"},
		"two of them":  {`{} {}`, "something follows it"},
	} {
		if got := call(t, sim, "PUT", "/_simulator/state", tt.body); got.status != 400 || !strings.Contains(got.body, tt.want) {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	if diff := cmp.Diff(first, call(t, sim, "GET", "/_simulator/state", "").body); diff != "" {
		t.Errorf("a refused state changed the world:\n%s", diff)
	}
}

func TestControl_faults(t *testing.T) {
	t.Parallel()
	sim := startTest(t, smallAccount(), Options{})
	if got := call(t, sim, "POST", "/_simulator/faults", `[{"kind":"status","status":503}]`); got.status != 200 {
		t.Fatalf("POST: %d %s", got.status, got.body)
	}
	if got := call(t, sim, "GET", workspacesPath, ""); got.status != 503 {
		t.Errorf("with the fault: %d", got.status)
	}
	if got := call(t, sim, "GET", "/_simulator/faults", ""); !strings.Contains(got.body, `"fired":1`) {
		t.Errorf("GET: %s", got.body)
	}
	for _, body := range []string{`[{"kind":"meteor"}]`, "@/no/file", "nonsense"} {
		if got := call(t, sim, "POST", "/_simulator/faults", body); got.status != 400 || !strings.Contains(got.body, "INVALID_FAULTS") {
			t.Errorf("POST %s: %d %s", body, got.status, got.body)
		}
	}
	if got := call(t, sim, "GET", workspacesPath, ""); got.status != 503 {
		t.Errorf("a refused list cleared the faults: %d", got.status)
	}
	for _, clearFaults := range []func() httpAnswer{
		func() httpAnswer { return call(t, sim, "POST", "/_simulator/faults", "[]") },
		func() httpAnswer { return call(t, sim, "DELETE", "/_simulator/faults", "") },
	} {
		if err := sim.Server.SetFaults([]Fault{{Kind: FaultReset}}); err != nil {
			t.Fatal(err)
		}
		if got := clearFaults(); got.status >= 300 {
			t.Errorf("clearing: %d %s", got.status, got.body)
		}
		if got := call(t, sim, "GET", workspacesPath, ""); got.status != 200 {
			t.Errorf("after clearing: %d", got.status)
		}
	}
}

func TestNew_refusesOptions(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		opts Options
		want string
	}{
		"rate limits": {Options{RateLimits: "some"}, "want off or documented"},
		"words":       {Options{Assumed: Assumed{Identity: IdentityAssumptions{Filter: "refuse"}}}, `assumption identity.filter: "refuse" is none of its words: refused, ignored`},
		"faults":      {Options{Faults: []Fault{{Kind: "meteor"}}}, "faults[0]"},
	} {
		if _, err := New(State{}, tt.opts); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAssumed_Set(t *testing.T) {
	t.Parallel()
	var a Assumed
	for _, text := range []string{
		"workspaces.permission_page_size=2", "WORKSPACES.not_federated_code=FEATURE_DISABLED", "workspaces.delete_absent_ok=true",
	} {
		if err := a.Set(text); err != nil {
			t.Error(err)
		}
	}
	want := Assumed{Workspaces: host.WorkspaceAssumptions{PermissionPageSize: 2, NotFederatedCode: "FEATURE_DISABLED", DeleteAbsentOK: true}}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Errorf("switches (-want +got):\n%s", diff)
	}
	for text, want := range map[string]string{
		"x":                                 "want key=value",
		"workspaces.moon=1":                 "workspaces.delete_absent_ok=bool",
		"scim.member_type=seen":             `assumption scim.member_type: "seen" is none of its words: omitted, returned`,
		"scim.member_type=":                 "is none of its words",
		"paging.max_entries=-1":             "-1 is negative",
		"workspaces.delete_absent_ok=maybe": "want true or false",
		"workspaces.permission_page_size=x": "want a number",
	} {
		if err := a.Set(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
