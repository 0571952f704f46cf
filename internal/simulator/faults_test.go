// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/faults"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host"
)

const (
	workspacesPath  = "/api/2.0/accounts/{a}/workspaces"
	assignmentsPath = workspacesPath + "/11/permissionassignments"
	assignmentPath  = assignmentsPath + "/principals/202"
	assignUser      = `{"permissions":["USER"]}`
)

func TestFaults_status(t *testing.T) {
	t.Parallel()
	var c clock
	seconds := 7
	date := c.now().Add(7 * time.Second).Format(http.TimeFormat)
	for name, tt := range map[string]struct {
		fault       Fault
		status      int
		retry, kind string
		body        string
	}{
		"429 seconds": {Fault{Status: 429, RetryAfterSeconds: &seconds}, 429, "7", "application/json", `{"error_code":"REQUEST_LIMIT_EXCEEDED"`},
		"429 date":    {Fault{Status: 429, RetryAfterSeconds: &seconds, RetryAfterForm: "date"}, 429, date, "application/json", "429"},
		"429 without": {Fault{Status: 429}, 429, "", "application/json", "Injected fault"},
		"500 text":    {Fault{Status: 500, BodyForm: "text", Message: "boom"}, 500, "", "text/plain", "boom"},
		"502 html":    {Fault{Status: 502, BodyForm: "html", Message: "<bad>"}, 502, "", "text/html", "<pre>&lt;bad&gt;</pre>"},
		"503 empty":   {Fault{Status: 503, BodyForm: "empty"}, 503, "", "", ""},
		"403 body":    {Fault{Status: 403, Body: `{"a":1}`}, 403, "", "application/json", `{"a":1}`},
		"404 scim":    {Fault{Status: 404, BodyForm: "scim", Message: "gone"}, 404, "", "application/scim+json", `"status":"404"`},
		"headers":     {Fault{Status: 400, Headers: map[string]string{"Retry-After": "soon"}, ErrorCode: "X"}, 400, "soon", "application/json", `"error_code":"X"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.fault.Kind = FaultStatus
			sim := startTest(t, smallAccount(), Options{Now: c.now, Faults: []Fault{tt.fault}})
			got := call(t, sim, "GET", workspacesPath, "")
			if got.status != tt.status || got.header.Get("Retry-After") != tt.retry || !strings.Contains(got.body, tt.body) ||
				!strings.HasPrefix(got.header.Get("Content-Type"), tt.kind) {
				t.Errorf("got %d %v %s", got.status, got.header, got.body)
			}
		})
	}
}

func TestFaults_matching(t *testing.T) {
	t.Parallel()
	statuses := func(t *testing.T, f Fault, n int, method, path string) []int {
		t.Helper()
		f.Kind, f.Status = FaultStatus, 503
		sim := startTest(t, smallAccount(), Options{Faults: []Fault{f}})
		var out []int
		for range n {
			out = append(out, call(t, sim, method, path, "").status)
		}
		return out
	}
	for name, tt := range map[string]struct {
		fault        Fault
		method, path string
		want         []int
	}{
		"always":            {Fault{}, "GET", workspacesPath, []int{503, 503, 503}},
		"skip and times":    {Fault{Skip: 1, Times: 1}, "GET", workspacesPath, []int{200, 503, 200}},
		"method":            {Fault{Method: "POST"}, "GET", workspacesPath, []int{200}},
		"method any case":   {Fault{Method: "get"}, "GET", workspacesPath, []int{503}},
		"star in a segment": {Fault{Path: "/api/2.*/accounts/*/workspaces"}, "GET", workspacesPath, []int{503}},
		"star ends":         {Fault{Path: "/api/*/workspaces"}, "GET", workspacesPath, []int{200}},
		"two stars":         {Fault{Path: "/api/**"}, "GET", workspacesPath + "/11", []int{503}},
		"whole path":        {Fault{Path: "/api/2.0/accounts/*/workspaces"}, "GET", workspacesPath + "/11", []int{200}},
		"OAuth too":         {Fault{Path: "/oidc/**"}, "POST", "/oidc/accounts/{a}/v1/token", []int{503}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, statuses(t, tt.fault, len(tt.want), tt.method, tt.path)); diff != "" {
				t.Errorf("statuses (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("probability", func(t *testing.T) {
		t.Parallel()
		f := Fault{Probability: 0.5, Seed: 3}
		a, b := statuses(t, f, 40, "GET", workspacesPath), statuses(t, f, 40, "GET", workspacesPath)
		if diff := cmp.Diff(a, b); diff != "" {
			t.Errorf("the same seed differs:\n%s", diff)
		}
		count := map[int]int{}
		for _, status := range a {
			count[status]++
		}
		if count[200] < 5 || count[503] < 5 {
			t.Errorf("half of 40 is %v", count)
		}
	})
}

// TestFaults_sequence wants the second deciding fault to wait for the first to end.
func TestFaults_sequence(t *testing.T) {
	t.Parallel()
	sim := startTest(t, smallAccount(), Options{Faults: []Fault{
		{Kind: FaultStatus, Status: 429, Times: 1}, {Kind: FaultDelay, DelayMS: 1}, {Kind: FaultExpiredToken, Times: 1},
	}})
	var got []int
	for range 3 {
		got = append(got, call(t, sim, "GET", workspacesPath, "").status)
	}
	if diff := cmp.Diff([]int{429, 401, 200}, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	var fired []int
	for _, f := range sim.Server.Faults() {
		fired = append(fired, f.Fired)
	}
	if diff := cmp.Diff([]int{1, 3, 1}, fired); diff != "" {
		t.Errorf("fired (-want +got):\n%s", diff)
	}
	log := sim.Server.Requests().Log
	if log[0].Fault != FaultStatus || log[0].Status != 429 || log[2].Fault != "" {
		t.Errorf("log %+v", log)
	}
}

func TestFaults_brokenConnections(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		kind    string
		want    error
		written bool
	}{
		"reset":    {FaultReset, syscall.ECONNRESET, false},
		"lost":     {FaultLost, syscall.ECONNRESET, true},
		"truncate": {FaultTruncate, io.ErrUnexpectedEOF, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := startTest(t, smallAccount(), Options{Faults: []Fault{{Kind: tt.kind, Method: "PUT", Times: 1}}})
			_, err := tryCall(t, sim, "PUT", assignmentPath, assignUser, nil)
			if !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			// The twin: the same call without the fault writes, and is answered.
			if got := assignees(t, sim)["202"]; got != tt.written {
				t.Errorf("written: %v, want %v", got, tt.written)
			}
			if got := call(t, sim, "PUT", assignmentPath, assignUser); got.status != 200 || !assignees(t, sim)["202"] {
				t.Errorf("without the fault: %d", got.status)
			}
		})
	}
}

// assignees are the principals assigned to workspace 11.
func assignees(t *testing.T, sim *Running) map[string]bool {
	t.Helper()
	var body struct {
		List []struct {
			Principal struct {
				ID int64 `json:"principal_id"`
			} `json:"principal"`
		} `json:"permission_assignments"`
	}
	got := call(t, sim, "GET", assignmentsPath, "")
	if err := json.Unmarshal([]byte(got.body), &body); err != nil {
		t.Fatalf("%d %s: %v", got.status, got.body, err)
	}
	out := map[string]bool{}
	for _, a := range body.List {
		out[strconv.FormatInt(a.Principal.ID, 10)] = true
	}
	return out
}

func TestFaults_afterHandler(t *testing.T) {
	t.Parallel()
	sim := startTest(t, smallAccount(), Options{Faults: []Fault{{Kind: FaultStatus, Status: 504, Method: "PUT", AfterHandler: true}}})
	if got := call(t, sim, "PUT", assignmentPath, assignUser); got.status != 504 || !assignees(t, sim)["202"] {
		t.Errorf("status %d, assignees %v", got.status, assignees(t, sim))
	}
}

func TestFaults_noop(t *testing.T) {
	t.Parallel()
	sim := startTest(t, smallAccount(), Options{Faults: []Fault{{Kind: FaultNoop}}})
	before, err := sim.Server.State()
	if err != nil {
		t.Fatal(err)
	}
	if got := call(t, sim, "PUT", assignmentPath, assignUser); got.status != 200 {
		t.Errorf("PUT: %d %s", got.status, got.body)
	}
	if got := call(t, sim, "PUT", assignmentsPath+"/principals/999", assignUser); got.status != 404 {
		t.Errorf("a refusal stays a refusal: %d", got.status)
	}
	after, err := sim.Server.State()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the world changed:\n%s", diff)
	}
	if err := sim.Server.SetFaults(nil); err != nil {
		t.Fatal(err)
	}
	if got := call(t, sim, "PUT", assignmentPath, assignUser); got.status != 200 || !assignees(t, sim)["202"] {
		t.Errorf("without the fault: %d", got.status)
	}
}

func TestFaults_hang(t *testing.T) {
	t.Parallel()
	sim := startTest(t, smallAccount(), Options{Faults: []Fault{{Kind: FaultHang}}})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, sim.URL+"/.well-known/databricks-config", nil)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		resp, err := (&http.Transport{}).RoundTrip(req)
		if err == nil {
			err = resp.Body.Close()
		}
		done <- err
	}()
	for len(sim.Server.Requests().Log) == 0 {
		time.Sleep(time.Millisecond) // Nothing shows a client that its request has arrived.
	}
	select {
	case err := <-done:
		t.Fatalf("answered: %v", err)
	default:
	}
	if err := sim.Close(); err != nil {
		t.Errorf("closing while a request hangs: %v", err)
	}
	if err := <-done; err == nil {
		t.Error("the hanging request was answered")
	}
}

func TestFaults_lists(t *testing.T) {
	t.Parallel()
	pages := func(t *testing.T, faults ...Fault) [][]int64 {
		t.Helper()
		sim := startTest(t, smallAccount(), Options{
			Faults: faults, Assumed: Assumed{Workspaces: host.WorkspaceAssumptions{PermissionPageSize: 1}},
		})
		var out [][]int64
		token := ""
		for range 10 {
			var body struct {
				List []struct {
					Principal struct {
						PrincipalID int64 `json:"principal_id"`
					} `json:"principal"`
				} `json:"permission_assignments"`
				Next string `json:"next_page_token"`
			}
			got := call(t, sim, "GET", assignmentsPath+"?page_token="+token, "")
			if err := json.Unmarshal([]byte(got.body), &body); err != nil {
				t.Fatalf("%d %s: %v", got.status, got.body, err)
			}
			ids := []int64{}
			for _, a := range body.List {
				ids = append(ids, a.Principal.PrincipalID)
			}
			out = append(out, ids)
			if token = body.Next; token == "" {
				return out
			}
		}
		t.Fatal("the list does not end")
		return nil
	}
	for name, tt := range map[string]struct {
		faults []Fault
		want   [][]int64
	}{
		"none":       {nil, [][]int64{{201}, {301}, {401}}},
		"empty page": {[]Fault{{Kind: FaultEmptyPage, Skip: 1, Times: 1}}, [][]int64{{201}, {}, {301}, {401}}},
		"duplicate":  {[]Fault{{Kind: FaultDuplicate, Skip: 1, Times: 1}}, [][]int64{{201}, {201, 301}, {401}}},
		"shift":      {[]Fault{{Kind: FaultShift, Skip: 1}}, [][]int64{{201}, {201}, {301}, {401}}},
		"shrink":     {[]Fault{{Kind: FaultShrink, Skip: 1}}, [][]int64{{201}, {401}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, pages(t, tt.faults...)); diff != "" {
				t.Errorf("pages (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseFaults(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ spec, want string }{
		"kind":        {`[{"kind":"meteor"}]`, `faults[0]: unknown kind "meteor"; there are delay, duplicate, empty_page, expired_token, hang, lost, noop, reset, shift, shrink, stale, status, truncate`},
		"no kind":     {`[{"kind":"reset"},{}]`, "faults[1]: unknown kind"},
		"no status":   {`[{"kind":"status"}]`, "status 0"},
		"stray":       {`[{"kind":"reset","status":503}]`, "kind reset takes no status"},
		"probability": {`[{"kind":"reset","probability":2}]`, "probability 2"},
		"negative":    {`[{"kind":"reset","skip":-1}]`, "negative"},
		"form":        {`[{"kind":"status","status":500,"body_form":"xml"}]`, `body_form "xml"`},
		"retry form":  {`[{"kind":"status","status":500,"retry_after_form":"day"}]`, `retry_after_form "day"`},
		"delay":       {`[{"kind":"delay"}]`, "delay_ms"},
		"key":         {`[{"kind":"reset","tmes":1}]`, `unknown field "tmes"`},
		"no list":     {`{"kind":"reset"}`, "want a JSON list"},
		"rest":        {`[] []`, "something follows"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := faults.Parse(tt.spec)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %s", err, tt.want)
			}
		})
	}
	got, err := faults.Parse(`[{"kind":"status","status":503,"path":"/api/**","times":2,"retry_after_seconds":0}]`)
	zero := 0
	want := []Fault{{Kind: FaultStatus, Status: 503, Path: "/api/**", Times: 2, RetryAfterSeconds: &zero}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}
