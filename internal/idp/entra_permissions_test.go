// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

func TestEntraMatch_permissions(t *testing.T) {
	t.Parallel()
	all := []string{"User.Read.All", "GroupMember.Read.All", "Application.Read.All", "Directory.Read.All", "Member.Read.Hidden"}
	without := func(names ...string) []string {
		out := []string{}
		for _, p := range all {
			if !strings.Contains(strings.Join(names, " "), p) {
				out = append(out, p)
			}
		}
		return out
	}
	// Enough of everything that the lists are read.
	req := linked(400, 320, 310)
	t.Run("users", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, tenant(400, 320, 310), simulator.Options{})
		w.sim.Server.SetGraphPermissions(without("User.Read.All", "Directory.Read.All")...)
		got := match(t, w.entra(t), req)
		for _, m := range got.Matches {
			if isUser := m.Principal.Type == audit.TypeUser; isUser != strings.Contains(m.Unknown, "User.Read.All") {
				t.Fatalf("%+v", m)
			}
			if m.Members != nil && (m.Members.Unknown != "" || len(m.Members.External) > 0) {
				t.Fatalf("members need ids only: %+v", m.Members)
			}
		}
		if len(got.Failures) == 0 || got.Failures[0].ID != "" && !strings.Contains(got.Failures[0].Reason, "User.Read.All") {
			t.Errorf("%+v", got.Failures)
		}
	})
	t.Run("least", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, tenant(400, 320, 310), simulator.Options{})
		w.sim.Server.SetGraphPermissions(without("Directory.Read.All", "Member.Read.Hidden")...)
		wantClean(t, match(t, w.entra(t), req))
	})
	t.Run("getByIds refused: listed instead", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, tenant(20, 1, 1), simulator.Options{})
		w.sim.Server.SetGraphPermissions(without("Directory.Read.All")...)
		one := idp.Request{Principals: []audit.Principal{{Ref: ref(audit.TypeUser, "1"), Name: "renamed@example.com", ExternalID: objectID("a", 3)}}}
		got := match(t, w.entra(t), one)
		if m := got.Matches[0]; m.Unknown != "" || m.ByExternalID == nil {
			t.Errorf("%+v", m)
		}
		if len(got.Failures) != 1 || !strings.Contains(got.Failures[0].Reason, "Directory.Read.All") {
			t.Errorf("%+v", got.Failures)
		}
	})
	for name, assumed := range map[string]simulator.GraphAssumptions{"hidden, empty list": {}, "hidden, 403": {HiddenMembersForbidden: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := tenant(3, 3, 0)
			st.IDP.Groups[1].Visibility = "HiddenMembership"
			w := newWorld(t, st, simulator.Options{Assumed: simulator.Assumed{Graph: assumed}})
			w.sim.Server.SetGraphPermissions(without("Member.Read.Hidden")...)
			got := match(t, w.entra(t), linked(0, 3, 0))
			for i, m := range got.Matches {
				if (i == 1) != strings.Contains(m.Members.Unknown, "Member.Read.Hidden") {
					t.Errorf("%+v", m.Members)
				}
			}
			if len(got.Failures) != 1 || got.Failures[0].ID != "20001" {
				t.Errorf("%+v", got.Failures)
			}
			w.sim.Server.SetGraphPermissions(all...)
			wantClean(t, match(t, w.entra(t), linked(0, 3, 0)))
		})
	}
}

// One permission of the guide after another is missing; what depends on it is
// unknown and names it, and nothing else is.
func TestEntraMatch_eachPermissionAlone(t *testing.T) {
	t.Parallel()
	all := []string{"User.Read.All", "GroupMember.Read.All", "Application.Read.All", "Directory.Read.All", "Member.Read.Hidden"}
	req := linked(30, 20, 10)
	st := tenant(30, 20, 10)
	// A renamed user is met by its id only, and one group hides its members.
	st.IDP.Users[29].UserPrincipalName = "renamed@example.com"
	st.IDP.Groups[7].Visibility = "HiddenMembership"
	isType := func(kind audit.PrincipalType) func(audit.Match) bool {
		return func(m audit.Match) bool { return m.Principal.Type == kind }
	}
	tests := map[string]struct {
		// also are the permissions that cover the missing one.
		also    []string
		unknown func(audit.Match) bool
	}{
		// Without it getByIds is refused, and users are listed instead.
		"Directory.Read.All":   {unknown: func(audit.Match) bool { return false }},
		"User.Read.All":        {also: []string{"Directory.Read.All"}, unknown: isType(audit.TypeUser)},
		"GroupMember.Read.All": {also: []string{"Directory.Read.All"}, unknown: isType(audit.TypeGroup)},
		"Application.Read.All": {also: []string{"Directory.Read.All"}, unknown: isType(audit.TypeServicePrincipal)},
		"Member.Read.Hidden":   {unknown: func(m audit.Match) bool { return m.Principal.ID == "20007" }},
	}
	for missing, tt := range tests {
		t.Run(missing, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, st, simulator.Options{})
			w.sim.Server.SetGraphPermissions(slices.DeleteFunc(slices.Clone(all), func(p string) bool {
				return p == missing || slices.Contains(tt.also, p)
			})...)
			got := match(t, w.entra(t), req)
			told := false
			for _, f := range got.Failures {
				told = told || strings.Contains(f.Reason, missing)
			}
			if !told && missing != "Directory.Read.All" {
				t.Errorf("no failure names it: %+v", got.Failures)
			}
			for _, m := range got.Matches {
				why := m.Unknown
				if m.Members != nil && why == "" {
					why = m.Members.Unknown
				}
				switch {
				case tt.unknown(m) != strings.Contains(why, missing):
					t.Errorf("%s: unknown because %q", m.Principal.Ref, why)
				case why == "" && m.ByExternalID == nil:
					t.Errorf("%s was not judged", m.Principal.Ref)
				}
			}
		})
	}
}

// A filter that Graph refuses as wrong costs a list, not the names in it.
func TestEntraMatch_refusedFilter(t *testing.T) {
	t.Parallel()
	w := newWorld(t, tenant(30, 0, 0), simulator.Options{})
	if err := w.sim.Server.SetFaults([]simulator.Fault{{
		Kind: simulator.FaultStatus, Path: "**/v1.0/users", Times: 1, Status: 400, Body: `{"error":{"code":"Request_UnsupportedQuery","message":"no"}}`,
	}}); err != nil {
		t.Fatal(err)
	}
	wantClean(t, match(t, w.entra(t), linked(5, 0, 0)))
	if n := w.requests("/v1.0/users"); n != 1 {
		t.Errorf("%d lists", n)
	}
}

// A nested group of which no one could read whether it hides its members: its
// empty list is no fact. With the permission no one asks.
func TestEntraMatch_visibilityUnread(t *testing.T) {
	t.Parallel()
	st := tenant(3, 2, 0)
	st.IDP.Groups[0].Visibility = "HiddenMembership"
	st.IDP.Groups[0].Members = []string{objectID("a", 2)}
	st.IDP.Groups[1].Members = []string{objectID("b", 0)}
	req := linked(0, 2, 0)
	req.Principals = req.Principals[1:]
	req.Members = func(context.Context, string) ([]audit.Member, error) {
		return []audit.Member{{Ref: ref(audit.TypeUser, "1"), ExternalID: objectID("a", 2)}}, nil
	}
	w := newWorld(t, st, simulator.Options{})
	w.sim.Server.SetGraphPermissions("User.Read.All", "GroupMember.Read.All", "Application.Read.All")
	// The first request of this path finds the linked group by its name.
	if err := w.sim.Server.SetFaults([]simulator.Fault{{Kind: simulator.FaultStatus, Path: "**/v1.0/groups", Skip: 1, Status: 400}}); err != nil {
		t.Fatal(err)
	}
	m := match(t, w.entra(t), req).Matches[0]
	if m.Members == nil || !strings.Contains(m.Members.Unknown, "could not be read") {
		t.Errorf("%+v", m.Members)
	}
	w.sim.Server.SetGraphPermissions("User.Read.All", "GroupMember.Read.All", "Application.Read.All", "Member.Read.Hidden")
	if err := w.sim.Server.SetFaults([]simulator.Fault{{Kind: simulator.FaultStatus, Path: "**/v1.0/groups", Skip: 1, Status: 400}}); err != nil {
		t.Fatal(err)
	}
	wantClean(t, match(t, w.entra(t), req))
}
