// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory_test

import (
	"context"
	"testing"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// What is not in an answer, or was not answered, is not known.
func TestDetails(t *testing.T) {
	t.Parallel()
	state := simulator.State{
		Users: []simulator.User{
			{ID: "1", UserName: "a@example.com", Active: true, Created: "2026-01-02T03:04:05Z"},
			{ID: "2", UserName: "b@example.com", Active: true, Created: "soon"},
			{ID: "3", UserName: "c@example.com", Active: true},
		},
		Groups: []simulator.Group{{ID: "11", DisplayName: "g", Members: []simulator.Member{{Value: "1"}}}, {ID: "12", DisplayName: "h", Members: []simulator.Member{{Value: "1"}}}},
	}
	ref := accounttest.User
	client := accounttest.Connect(t, accounttest.Config(accounttest.Start(t, state, simulator.Options{})))
	got, err := client.Details(t.Context(), []audit.Ref{ref("1"), ref("2"), ref("9"), accounttest.Group("11")})
	if err != nil {
		t.Fatal(err)
	}
	if d := got[ref("1")]; d.Groups == nil || *d.Groups != 2 || !d.Created.Equal(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) {
		t.Errorf("user/1: %+v", d)
	}
	if d := got[ref("2")]; d.Groups == nil || *d.Groups != 0 || !d.Created.IsZero() {
		t.Errorf("user/2: %+v", d)
	}
	if d, read := got[ref("9")]; read {
		t.Errorf("a user who is not there: %+v", d)
	}
	if d := got[accounttest.Group("11")]; d.Groups != nil {
		t.Errorf("group/11: %+v", d)
	}
	// Without anyone in a group, the account may not show groups at all.
	if got, err = client.Details(t.Context(), []audit.Ref{ref("2"), ref("3")}); err != nil || got[ref("2")].Groups != nil || got[ref("3")].Groups != nil {
		t.Errorf("no one is in a group: %+v, %v", got, err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client.Details(gone, []audit.Ref{ref("1")}); err == nil {
		t.Error("no error of a context that has ended")
	}
}
