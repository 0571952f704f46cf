// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package events_test

import (
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/events"
	audited "github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/events"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/catalog"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

const warehouse = "3f2a9c41d07be586"

var day = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func at(hours int) string {
	return day.Add(time.Duration(hours) * time.Hour).Format(time.RFC3339)
}

// logged is an account whose log has an event of every sort, one of them before the day.
func logged() simulator.State {
	st := accounttest.Estate()
	st.Workspaces[0].Warehouses = []simulator.Warehouse{{ID: warehouse, Name: "shared"}}
	who := world.AuditIdentity{Email: "source@example.com"}
	params := func(keyed ...string) map[string]string {
		out := map[string]string{}
		for i := 0; i < len(keyed); i += 2 {
			out[keyed[i]] = keyed[i+1]
		}
		return out
	}
	st.AuditEvents = []simulator.AuditEvent{
		{EventTime: at(-1), ActionName: "add", RequestParams: params("endpoint", "autoUserCreation", "targetUserName", "early")},
		{EventTime: at(1), ActionName: "add", RequestParams: params("endpoint", "autoUserCreation", "targetUserId", "7", "targetUserName", "new@example.com"), UserIdentity: who},
		{EventTime: at(2), ActionName: "updateUser", RequestParams: params("endpoint", "autoUserCreation", "targetUserId", "8"), Repeat: 3},
		{EventTime: at(3), ActionName: "addPrincipalToGroup", RequestParams: params("endpoint", "scim", "targetGroupId", "9", "targetGroupName", "g", "targetUserId", "7", "targetUserName", "n"),
			UserIdentity: who, UserAgent: "curl/8", AuditLevel: "WORKSPACE_LEVEL", WorkspaceID: 101},
		{EventTime: at(4), ActionName: "updateGroup", RequestParams: params("endpoint", "adminConsole", "targetGroupId", "9"), UserIdentity: who,
			Response: world.AuditResponse{StatusCode: 403, ErrorMessage: "no"}},
		{EventTime: at(5), ServiceName: "aimControlPolicy", ActionName: "update", UserIdentity: who},
		{EventTime: at(6), ServiceName: "notebook", ActionName: "runCommand", UserIdentity: who, UserAgent: "Mozilla/5.0", Repeat: 2},
		{EventTime: at(7), ActionName: "tokenLogin", UserIdentity: who, Response: world.AuditResponse{StatusCode: 401}},
	}
	return st
}

func request() events.Request {
	return events.Request{WorkspaceID: "101", WarehouseID: warehouse, Since: day, Activity: true}
}

func read(t *testing.T, st simulator.State, assumed simulator.Assumed, r events.Request) (events.Found, error) {
	t.Helper()
	sim := accounttest.Start(t, st, simulator.Options{Assumed: assumed})
	return accounttest.Connect(t, accounttest.AsCaller(accounttest.Config(sim))).AuditEvents(t.Context(), r)
}

func hour(n int) time.Time { return day.Add(time.Duration(n) * time.Hour) }

// However the table spells its parts, the rows are the same; chunks make no difference.
func TestAuditEvents_spellings(t *testing.T) {
	t.Parallel()
	const who = "source@example.com"
	want := []audited.Row{
		{Kind: "policy", Action: "update", Actor: who, Status: "200", Count: 1, First: hour(5), Last: hour(5)},
		{Kind: "change", Action: "updateGroup", Level: "ACCOUNT_LEVEL", Workspace: "0", Endpoint: "adminConsole", Actor: who, GroupID: "9", Status: "403", Error: "no", Count: 1, First: hour(4), Last: hour(4)},
		{Kind: "change", Action: "addPrincipalToGroup", Level: "WORKSPACE_LEVEL", Workspace: "101", Endpoint: "scim", Actor: who, Agent: "curl/8", UserID: "7", UserName: "n",
			GroupID: "9", GroupName: "g", Status: "200", Count: 1, First: hour(3), Last: hour(3)},
		{Kind: "change", Day: "2026-11-01", Action: "updateUser", Level: "ACCOUNT_LEVEL", Workspace: "0", Endpoint: "autoUserCreation", Status: "200", Count: 3, First: hour(2), Last: hour(2).Add(2 * time.Second)},
		{Kind: "change", Day: "2026-11-01", Action: "add", Level: "ACCOUNT_LEVEL", Workspace: "0", Endpoint: "autoUserCreation", UserID: "7", UserName: "new@example.com", Status: "200", Count: 1, First: hour(1), Last: hour(1)},
		{Kind: "activity", Actor: who, Status: "400", Count: 1, First: hour(7), Last: hour(7)},
		{Kind: "activity", Actor: who, Count: 2, First: hour(6), Last: hour(6).Add(time.Second)},
	}
	for _, assumed := range []catalog.AuditLogAssumptions{
		{}, {Fields: "camel"}, {Keys: "snake"}, {Params: "struct"}, {Fields: "camel", Keys: "snake", Params: "struct", Schema: "MANAGED"},
	} {
		all := simulator.Assumed{AuditLog: assumed, Statements: simulator.StatementAssumptions{ChunkRows: 2, Polls: 1}}
		found, err := read(t, logged(), all, request())
		if diff := cmp.Diff(want, found.Rows); err != nil || diff != "" || found.Truncated || found.Metastore != accounttest.MetastoreID || found.Schema == "" {
			t.Errorf("%+v: %v %+v\n%s", assumed, err, found, diff)
		}
	}
	r := request()
	r.Activity, r.Until = false, hour(3)
	found, err := read(t, logged(), simulator.Assumed{}, r)
	if diff := cmp.Diff(want[3:5], found.Rows); err != nil || diff != "" {
		t.Errorf("a part: %v\n%s", err, diff)
	}
}

// A column that is not there is named; a log that is closed says why, and one that shows
// less than there is cannot be told from one that has less.
func TestAuditEvents_closed(t *testing.T) {
	t.Parallel()
	for _, column := range []string{
		"event_date", "event_time", "audit_level", "workspace_id", "service_name", "action_name", "user_agent", "user_identity", "request_params", "response",
	} {
		_, err := read(t, logged(), simulator.Assumed{AuditLog: catalog.AuditLogAssumptions{Without: column}}, request())
		var missing *events.MissingColumnError
		if !errors.As(err, &missing) || missing.Column != column {
			t.Errorf("without %s: %v", column, err)
		}
	}
	for want, assumed := range map[string]simulator.Assumed{
		"not enabled on the metastore":      {AuditLog: catalog.AuditLogAssumptions{Schema: "AVAILABLE"}},
		"its state is DISABLE_INITIALIZED":  {AuditLog: catalog.AuditLogAssumptions{Schema: "DISABLE_INITIALIZED"}},
		"the caller does not see system":    {AuditLog: catalog.AuditLogAssumptions{Access: "forbidden"}},
		"not enabled, or the caller has no": {AuditLog: catalog.AuditLogAssumptions{Access: "forbidden"}, UnityCatalog: simulator.UnityCatalogAssumptions{MetastoreAdmin: "nobody"}},
		"INSUFFICIENT_PERMISSIONS":          {Statements: simulator.StatementAssumptions{InsufficientPermissions: true}},
	} {
		found, err := read(t, logged(), assumed, request())
		if err != nil || !strings.Contains(found.Unreadable, want) || found.Rows != nil || len(found.Failures()) != 1 {
			t.Errorf("%s: %v %+v", want, err, found)
		}
	}
	found, err := read(t, logged(), simulator.Assumed{AuditLog: catalog.AuditLogAssumptions{Access: "own"}}, request())
	if err != nil || len(found.Rows) != 0 || found.Unreadable != "" || found.Truncated {
		t.Errorf("own rows only: %v %+v", err, found)
	}
}

func TestAuditEvents_failures(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault simulator.Fault
		edit  func(*events.Request)
		want  string
	}{
		"workspace":  {edit: func(r *events.Request) { r.WorkspaceID = "7" }, want: "the workspace 7 is not one of the account's"},
		"warehouse":  {edit: func(r *events.Request) { r.WarehouseID = "0" }, want: "0"},
		"metastore":  {fault: simulator.Fault{Path: "**/metastore_summary", Status: 403}, want: "403"},
		"empty":      {fault: simulator.Fault{Path: "**/metastore_summary", Status: 200, Body: "{}"}, want: "names no metastore"},
		"statements": {fault: simulator.Fault{Path: "**/statements", Status: 403}, want: "403"},
		"malformed":  {fault: simulator.Fault{Path: "**/statements", Status: 200, Body: `{"status":{"state":"SUCCEEDED"},"manifest":{}}`}, want: "how many rows"},
		"odd columns": {fault: simulator.Fault{Path: "**/statements", Status: 200, Times: 1,
			Body: `{"status":{"state":"SUCCEEDED"},"manifest":{"total_row_count":1},"result":{"data_array":[["x"]]}}`}, want: "whose columns are not those that were asked for"},
		"odd rows": {fault: simulator.Fault{Path: "**/statements", Status: 200, Skip: 1,
			Body: `{"status":{"state":"SUCCEEDED"},"manifest":{"total_row_count":1},"result":{"data_array":[["x"]]}}`}, want: "a row with 1 cells"},
	} {
		sim := accounttest.Start(t, logged(), simulator.Options{})
		if tt.fault.Path != "" {
			tt.fault.Kind = simulator.FaultStatus
			accounttest.SetFaults(t, sim, tt.fault)
		}
		r := request()
		if tt.edit != nil {
			tt.edit(&r)
		}
		_, err := accounttest.Connect(t, accounttest.AsCaller(accounttest.Config(sim))).AuditEvents(t.Context(), r)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
	// The state of the schema is not needed to read the log; what was cut short is kept.
	sim := accounttest.Start(t, logged(), simulator.Options{})
	accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultStatus, Path: "**/systemschemas", Status: 403},
		simulator.Fault{Kind: simulator.FaultStatus, Path: "**/statements", Method: http.MethodPost, Status: 200, Skip: 1,
			Body: `{"status":{"state":"SUCCEEDED"},"manifest":{"truncated":true},"result":{"data_array":[["policy",null,null,null,"a",null,null,null,null,null,null,null,null,null,null,null,"1","1","1"]]}}`})
	found, err := accounttest.Connect(t, accounttest.AsCaller(accounttest.Config(sim))).AuditEvents(t.Context(), request())
	if err != nil || !found.Truncated || len(found.Rows) != 1 || found.Schema != "" || !strings.Contains(found.SchemaFailure, "403") {
		t.Errorf("%v %+v", err, found)
	}
}

// What is written in a run is logged, with who did it, how, and to whom.
func TestAuditEvents_ownWrites(t *testing.T) {
	t.Parallel()
	st := logged()
	st.AuditEvents = nil
	now := hour(9)
	sim := accounttest.Start(t, st, simulator.Options{Now: func() time.Time { return now }})
	send := func(method, path, agent, body string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, sim.URL+"/api/2.1/accounts/"+sim.AccountID+"/scim/v2/"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+sim.Token)
		r.Header.Set("User-Agent", agent)
		r.Header.Set("Content-Type", "application/scim+json")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil || resp.StatusCode >= 300 {
			t.Fatal(resp.Status, err)
		}
	}
	patch := func(op string) string {
		return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + op + `]}`
	}
	group := "Groups/" + accounttest.DirectID
	send(http.MethodPatch, group, "Mozilla/5.0", patch(`{"op":"add","path":"members","value":[{"value":"`+accounttest.TargetID+`"}]}`))
	send(http.MethodPatch, group, "x", patch(`{"op":"remove","path":"members[value eq \"`+accounttest.TargetID+`\"]"}`))
	send(http.MethodPatch, "Users/"+accounttest.TargetID, "x", patch(`{"op":"replace","path":"active","value":false}`))
	send(http.MethodPatch, "Users/"+accounttest.SourceID, "x", patch(`{"op":"replace","path":"externalId","value":"e"}`))
	send(http.MethodPatch, "Users/"+accounttest.SourceID, "x", patch(`{"op":"replace","path":"externalId","value":"e"}`)) // Nothing changes.
	send(http.MethodPost, "Users", "x", `{"userName":"fresh@example.com"}`)
	send(http.MethodDelete, "Users/"+accounttest.TargetID, "x", "")
	found, err := accounttest.Connect(t, accounttest.AsCaller(accounttest.Config(sim))).AuditEvents(t.Context(), request())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range found.Rows {
		got = append(got, strings.TrimSpace(fmt.Sprintln(r.Action, r.Endpoint, r.Agent, r.UserName, r.GroupName, r.Count, r.Last.Equal(now))))
	}
	want := []string{
		"add scim x fresh@example.com  1 true", "addPrincipalToGroup accountConsole Mozilla/5.0 target@example.com " + accounttest.Direct + " 1 true",
		"deactivateUser scim x target@example.com  1 true", "delete scim x target@example.com  1 true",
		"removePrincipalFromGroup scim x target@example.com " + accounttest.Direct + " 1 true", "updateUser scim x source@example.com  1 true",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if dump, err := sim.Server.State(); err != nil || dump.AuditEvents != nil {
		t.Errorf("times are in the state: %v %v", dump.AuditEvents, err)
	}
}

// Two periods are two statements about one place.
func TestAuditEvents_periods(t *testing.T) {
	t.Parallel()
	sim := accounttest.Start(t, logged(), simulator.Options{})
	c := accounttest.Connect(t, accounttest.AsCaller(accounttest.Config(sim)))
	for hours := range 3 {
		asked := request()
		asked.Until = day.Add(time.Duration(1+hours) * time.Hour)
		found, err := c.AuditEvents(t.Context(), asked)
		if err != nil || found.Metastore == "" || found.Schema == "" {
			t.Errorf("%+v, %v", found, err)
		}
	}
	for _, part := range []string{"metastore_summary", "systemschemas"} {
		if n := accounttest.Count(sim, http.MethodGet, part); n != 1 {
			t.Errorf("%d reads of %s", n, part)
		}
	}
}

// A million rows are counted where they lie: neither side holds them.
func TestAuditEvents_million(t *testing.T) {
	t.Parallel()
	st := logged()
	const each, people = 2000, 500
	st.AuditEvents = nil
	for i := range people {
		st.AuditEvents = append(st.AuditEvents, simulator.AuditEvent{
			EventTime: at(i), ServiceName: "notebook", ActionName: "runCommand", UserIdentity: world.AuditIdentity{Email: fmt.Sprintf("p%03d@example.com", i)}, Repeat: each,
		})
	}
	var before, during runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	most, done := uint64(0), make(chan struct{})
	measured := make(chan struct{})
	go func() {
		defer close(measured)
		for {
			select {
			case <-done:
				return
			case <-time.After(50 * time.Millisecond):
				runtime.ReadMemStats(&during)
				most = max(most, during.HeapAlloc)
			}
		}
	}()
	begun := time.Now()
	found, err := read(t, st, simulator.Assumed{}, request())
	close(done)
	<-measured
	total := 0
	for _, r := range found.Rows {
		total += r.Count
	}
	if err != nil || total != each*people || len(found.Rows) != people {
		t.Fatalf("%v: %d events in %d rows", err, total, len(found.Rows))
	}
	mib := (int64(most) - int64(before.HeapAlloc)) >> 20
	t.Logf("%d MiB more at most, %s", mib, time.Since(begun))
	if mib > 200 {
		t.Errorf("%d MiB for %d rows", mib, people)
	}
}

// More rows than are read at once leave the earliest out, and say so.
func TestAuditEvents_truncated(t *testing.T) {
	t.Parallel()
	st := logged()
	st.AuditEvents = nil
	for i := range 510 {
		st.AuditEvents = append(st.AuditEvents, simulator.AuditEvent{EventTime: at(i), ActionName: "tokenLogin", UserIdentity: world.AuditIdentity{Email: fmt.Sprint(i)}})
	}
	r := request()
	r.Most = 500
	found, err := read(t, st, simulator.Assumed{Statements: simulator.StatementAssumptions{ChunkRows: 200}}, r)
	if err != nil || !found.Truncated || len(found.Rows) != 500 || found.Rows[499].Actor != "10" {
		t.Errorf("%v, truncated %v, %d rows", err, found.Truncated, len(found.Rows))
	}
}
