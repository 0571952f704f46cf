// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package events_test

import (
	"testing"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/events"
)

// A log of which everything was understood leaves no hole, and someone who was deleted
// and acts afterwards is named with the time of it.
func TestJudge_leftAndActed(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }
	for action, want := range map[string]time.Time{"delete": day(2), "deactivateUser": day(2), "updateUser": {}} {
		in := events.Input{Inventory: audit.Inventory{Coverage: audit.Coverage{Users: true, Groups: true, ServicePrincipals: true}}, Rows: []events.Row{
			{Kind: events.KindChange, Action: action, UserID: "1", UserName: "ada@example.com", Actor: "admin", Count: 1, First: day(2), Last: day(2)},
			{Kind: events.KindActivity, Actor: "ada@example.com", Count: 1, First: day(3), Last: day(3)},
		}}
		got := events.Judge(&in)
		if len(got.Holes) != 0 {
			t.Errorf("%s: holes %v", action, got.Holes)
		}
		if len(got.Departed) != 1 || !got.Departed[0].Left.Equal(want) || !got.Departed[0].Last.Equal(day(3)) {
			t.Errorf("%s: departed %+v", action, got.Departed)
		}
		in.Rows = append(in.Rows, events.Row{Kind: events.KindChange, Action: "addPrincipalToGroup", Cut: true, Count: 1, First: day(2), Last: day(2)})
		if holes := events.Judge(&in).Holes; len(holes) != 1 {
			t.Errorf("%s: a change without its group leaves the holes %v", action, holes)
		}
	}
}
