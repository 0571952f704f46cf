// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package events_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/events"
)

var day = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func hour(n int) time.Time { return day.Add(time.Duration(n) * time.Hour) }

const entraAgent = "Azure-AD-Provisioning/1.0"

func inventory() audit.Inventory {
	yes, no := true, false
	p := func(t audit.PrincipalType, id, name, external string, active *bool) audit.Principal {
		return audit.Principal{Ref: audit.Ref{Type: t, ID: id}, Name: name, ExternalID: external, Active: active}
	}
	return audit.Inventory{
		Coverage: audit.Coverage{Users: true, Groups: true, ServicePrincipals: true},
		Principals: []audit.Principal{
			p(audit.TypeUser, "1", "ann@example.com", "e1", &yes), p(audit.TypeUser, "2", "Gone@Example.com", "", &no),
			p(audit.TypeGroup, "11", "linked", "e11", nil), p(audit.TypeGroup, "12", "local", "", nil), p(audit.TypeServicePrincipal, "21", "app-1", "", &no),
		},
	}
}

func TestWriter(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{
		"":                       events.WriterUnknown,
		entraAgent:               events.WriterEntra,
		"Okta SCIM Client 1.0.0": events.WriterOkta,
		"databricks-tf-provider/1.50.0 databricks-sdk-go/0.40.0 auth/azure-cli cloud/azure": events.WriterTerraform,
		"terraform-provider-dbxidentity/dev databricks-sdk-go/0.175.0":                      events.WriterTerraform,
		"cli/0.2 databricks-sdk-go/0.1 auth/azure-client-secret":                            events.WriterSDK,
		"Mozilla/5.0 (Windows NT 10.0) Edg/120":                                             events.WriterBrowser,
		"own-script":                                                                        events.WriterOther,
	} {
		if got := events.Writer(agent); got != want {
			t.Errorf("%q: %s, want %s", agent, got, want)
		}
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	one := func(r events.Row, h int) events.Row {
		r.Count, r.First, r.Last = max(1, r.Count), hour(h), hour(h)
		return r
	}
	add := events.Row{Kind: events.KindChange, Action: "addPrincipalToGroup", Endpoint: "adminConsole", GroupID: "11", UserID: "1", Actor: "ann@example.com", Agent: "Mozilla/5.0", Status: "200"}
	with := func(f func(*events.Row)) events.Row { r := add; f(&r); return r }
	got := events.Judge(&events.Input{Inventory: inventory(), Truncated: true, Rows: []events.Row{
		one(add, 1), one(add, 3), // The same edit twice.
		one(with(func(r *events.Row) { r.GroupID = "12" }), 2),                                                                // A group that is Databricks' own.
		one(with(func(r *events.Row) { r.GroupID = "99" }), 2),                                                                // One that is gone.
		one(with(func(r *events.Row) { r.Endpoint, r.Agent, r.Level, r.Actor = "scim", entraAgent, "ACCOUNT_LEVEL", "" }), 2), // The connector's.
		one(with(func(r *events.Row) { r.Endpoint, r.Actor = "autoUserCreation", ""; r.Day = "2026-11-01" }), 2),
		one(with(func(r *events.Row) { r.Status, r.Error = "403", "no" }), 2),
		one(with(func(r *events.Row) { r.GroupID = "" }), 2),
		one(with(func(r *events.Row) { r.Action, r.Endpoint, r.Agent = "removePrincipalFromGroup", "scim", "curl/8" }), 4),
		one(events.Row{Kind: events.KindChange, Day: "2026-11-01", Action: "createGroup", Endpoint: "AUTOUSERCREATION", GroupID: "13", GroupName: "new", Status: "200"}, 0),
		one(events.Row{Kind: events.KindChange, Day: "2026-11-01", Action: "add", Endpoint: "autoUserCreation", UserID: "3", Status: "what"}, 5),
		one(events.Row{Kind: events.KindChange, Action: "updateUser", Endpoint: "scim", UserID: "1", UserName: "ann@example.com", Actor: "x", Agent: "curl/8"}, 2),
		one(events.Row{Kind: events.KindPolicy, Action: "update", Actor: "ann@example.com"}, 6),
		one(events.Row{Kind: events.KindChange, Action: "deactivateUser", UserID: "2", UserName: "gone@example.com", Actor: "ann@example.com"}, 7),
		one(events.Row{Kind: events.KindActivity, Actor: "gone@example.com"}, 8),
		one(events.Row{Kind: events.KindActivity, Actor: "unknown@example.com"}, 8),
		one(events.Row{Kind: events.KindActivity, Actor: "ann@example.com", Status: "400"}, 9), // A failed login is no activity.
		one(events.Row{Kind: events.KindActivity, Actor: "System-User"}, 9),
		one(events.Row{Kind: events.KindActivity, Actor: "app-1"}, 3),
	}})
	people := inventory().Principals
	want := events.Report{
		AIM: []events.AIMDay{
			{"2026-11-01", "add", events.OutcomeUnknown, 1}, {"2026-11-01", "addPrincipalToGroup", events.OutcomeOK, 1}, {"2026-11-01", "createGroup", events.OutcomeOK, 1},
		},
		Since: hour(0), Latest: hour(5),
		Policy:  []events.Change{{Action: "update", Actor: "ann@example.com", Count: 1, First: hour(6), Last: hour(6)}},
		Created: []events.Created{{audit.Ref{Type: audit.TypeGroup, ID: "13"}, "new", hour(0)}},
		Edits: []events.Edit{
			{Group: people[2], MemberID: "1", Actor: "ann@example.com", Agent: "curl/8", Endpoint: "scim", Count: 1, Last: hour(4)},
			{Group: people[2], MemberID: "1", Added: true, Actor: "ann@example.com", Agent: "Mozilla/5.0", Endpoint: "adminConsole", Count: 2, Last: hour(3)},
		},
		Deactivated: []events.Change{{Ref: people[1].Ref, Name: "gone@example.com", Action: "deactivateUser", Actor: "ann@example.com", Count: 1, First: hour(7), Last: hour(7)}},
		Updates:     []events.Change{{Ref: people[0].Ref, Name: "ann@example.com", Action: "updateUser", Actor: "x", Agent: "curl/8", Endpoint: "scim", Count: 1, First: hour(2), Last: hour(2)}},
		Writers: []events.SCIMWriter{
			{"", "", "ann@example.com", "curl/8", 1, hour(4), hour(4)}, {"", "", "x", "curl/8", 1, hour(2), hour(2)}, {"ACCOUNT_LEVEL", "", "", entraAgent, 1, hour(2), hour(2)},
		},
		Failures:     []events.Failed{{"addPrincipalToGroup", "adminConsole", "403", "no", 1, hour(2)}},
		LastActivity: map[string]time.Time{"1": hour(7), "2": hour(8), "21": hour(3)},
		Departed: []events.Departed{
			{"app-1", &people[4], time.Time{}, hour(3)}, {"Gone@Example.com", &people[1], hour(7), hour(8)}, {"unknown@example.com", nil, time.Time{}, hour(8)},
		},
		First: hour(0), Last: hour(9), Events: 19,
		Holes: []audit.Failure{
			{Call: "read system.access.audit", Reason: "there are more rows than are read at once; the earliest are left out. Choose a later since, or fewer kinds"},
			{Call: "read system.access.audit", Reason: "1 changes of memberships do not say of which group: their parameters were not logged"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// Whom the account has is not known: no one is said to be gone.
	some := inventory()
	some.Coverage.Users = false
	if got := events.Judge(&events.Input{Inventory: some, Rows: []events.Row{one(events.Row{Kind: events.KindActivity, Actor: "unknown@example.com"}, 8)}}); len(got.Departed) != 0 {
		t.Errorf("%+v", got.Departed)
	}
}

func rows() *rapid.Generator[[]events.Row] {
	pick := func(words ...string) *rapid.Generator[string] { return rapid.SampledFrom(words) }
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) events.Row {
		first := rapid.IntRange(0, 5).Draw(t, "first")
		r := events.Row{
			Kind: pick(events.KindChange, events.KindPolicy, events.KindActivity).Draw(t, "kind"), Action: pick("add", "addPrincipalToGroup", "removePrincipalFromGroup", "updateUser", "deactivateUser", "updateGroup").Draw(t, "action"),
			Endpoint: pick("", "scim", "autoUserCreation").Draw(t, "endpoint"), Actor: pick("", "ann@example.com", "gone@example.com", "who@example.com").Draw(t, "actor"),
			Agent: pick("", entraAgent, "curl/8").Draw(t, "agent"), UserID: pick("", "1", "2").Draw(t, "user"), UserName: pick("", "gone@example.com").Draw(t, "name"),
			GroupID: pick("", "11", "12").Draw(t, "group"), Status: pick("", "200", "403", "x").Draw(t, "status"),
			Count: rapid.IntRange(1, 3).Draw(t, "count"), First: hour(first), Last: hour(first + rapid.IntRange(0, 3).Draw(t, "more")),
		}
		return r
	}), 0, 12)
}

// The order of the rows does not matter, nor does how events are counted together; what
// is said of an edit and of the last activity is what a look at single events gives.
func TestJudge_property(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all := rows().Draw(t, "rows")
		judge := func(rows []events.Row) events.Report {
			return events.Judge(&events.Input{Rows: slices.Clone(rows), Inventory: inventory()})
		}
		got := judge(all)
		var single []events.Row
		for _, r := range all {
			for i := range r.Count {
				e := r
				e.Count, e.Last = 1, r.First
				if i == r.Count-1 {
					e.First, e.Last = r.Last, r.Last
				}
				if i == 0 && r.Count == 1 {
					e.First = r.First
				}
				single = append(single, e)
			}
		}
		shuffled := rapid.Permutation(single).Draw(t, "order")
		if diff := cmp.Diff(got, judge(shuffled)); diff != "" {
			t.Fatal(diff)
		}
		edits, last := 0, map[string]time.Time{}
		for _, r := range single {
			ok := r.Status == "" || r.Status == "200"
			membership := r.Kind == events.KindChange && strings.Contains(r.Action, "Principal")
			byHand := r.Endpoint == "" || r.Endpoint == "scim" && r.Agent != entraAgent
			if ok && membership && byHand && r.GroupID == "11" {
				edits++
			}
			id := map[string]string{"ann@example.com": "1", "gone@example.com": "2"}[r.Actor]
			if ok && id != "" && r.Last.After(last[id]) {
				last[id] = r.Last
			}
		}
		n := 0
		for _, e := range got.Edits {
			n += e.Count
		}
		if diff := cmp.Diff(last, got.LastActivity); n != edits || diff != "" {
			t.Fatal(fmt.Sprint(n, " edits, want ", edits), diff)
		}
	})
}
