// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/entra"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// objectID is a GUID of a kind ("a" users, "b" groups, "c" service principals).
func objectID(kind string, n int) string {
	return fmt.Sprintf("%s0000000-0000-4000-8000-%012d", kind, n)
}

// tenant has so many users, groups (each with the user of its number and, from
// the second on, the group before) and service principals.
func tenant(users, groups, sps int) simulator.State {
	st := simulator.State{IDP: simulator.IDP{TenantID: objectID("f", 1)}}
	for i := range users {
		st.IDP.Users = append(st.IDP.Users, simulator.IDPUser{
			ID: objectID("a", i), UserPrincipalName: fmt.Sprintf("user%d@example.com", i), AccountEnabled: true, UserType: "Member",
		})
	}
	for i := range groups {
		g := simulator.IDPGroup{ID: objectID("b", i), DisplayName: fmt.Sprint("group", i), SecurityEnabled: true, Members: []string{objectID("a", i)}}
		if i > 0 {
			g.Members = append(g.Members, objectID("b", i-1))
		}
		st.IDP.Groups = append(st.IDP.Groups, g)
	}
	for i := range sps {
		st.IDP.ServicePrincipals = append(st.IDP.ServicePrincipals, simulator.IDPServicePrincipal{
			ID: objectID("c", i), AppID: objectID("d", i), DisplayName: fmt.Sprint("app", i), AccountEnabled: true, AppOwnerOrganizationID: objectID("f", 1+i%2),
		})
	}
	return st
}

func ref(t audit.PrincipalType, id string) audit.Ref { return audit.Ref{Type: t, ID: id} }

// linked are principals for the first objects of a tenant, linked and equal.
func linked(users, groups, sps int) idp.Request {
	var req idp.Request
	for i := range users {
		req.Principals = append(req.Principals, audit.Principal{
			Ref: ref(audit.TypeUser, fmt.Sprint(10000+i)), Name: fmt.Sprintf("user%d@example.com", i), ExternalID: objectID("a", i),
		})
	}
	for i := range groups {
		req.Principals = append(req.Principals, audit.Principal{
			Ref: ref(audit.TypeGroup, fmt.Sprint(20000+i)), Name: fmt.Sprint("group", i), ExternalID: objectID("b", i),
		})
	}
	for i := range sps {
		req.Principals = append(req.Principals, audit.Principal{
			Ref: ref(audit.TypeServicePrincipal, fmt.Sprint(30000+i)), Name: objectID("d", i), ExternalID: objectID("c", i),
		})
	}
	req.Members = func(_ context.Context, id string) ([]audit.Member, error) {
		return []audit.Member{{Ref: ref(audit.TypeUser, "1"+id[1:]), ExternalID: objectID("a", atoi(id)-20000)}}, nil
	}
	return req
}

func atoi(s string) int {
	n := 0
	_, _ = fmt.Sscan(s, &n)
	return n
}

func match(t *testing.T, source idp.Source, req idp.Request) idp.Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	got, err := source.Match(ctx, req)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// wantClean checks that every principal is linked and named by one identity.
func wantClean(t *testing.T, got idp.Result) {
	t.Helper()
	for _, m := range got.Matches {
		if m.Unknown != "" || m.ByExternalID == nil || len(m.ByName) != 1 || m.ByName[0].ExternalID != m.Principal.ExternalID {
			t.Fatalf("%+v", m)
		}
		if m.Members != nil && (m.Members.Unknown != "" || len(m.Members.External)+len(m.Members.Local) > 0) {
			t.Fatalf("%s: %+v", m.Principal.Ref, m.Members)
		}
	}
	if len(got.Failures) > 0 {
		t.Fatalf("%+v", got.Failures)
	}
}

// Requests are those of the doc comment: pages of 999, batches of 20.
func TestEntraMatch_requests(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		users, groups, sps int // of the tenant
		req                idp.Request
		want               int
		routes             map[string]int
	}{
		"account and tenant of one size": {
			1200, 450, 30, linked(1200, 450, 30), 2 + 1 + 1 + 23, map[string]int{"/v1.0/users": 2, "/v1.0/groups": 1, "/v1.0/$batch": 1, "/beta/$batch": 23},
		},
		"one user of a large tenant":     {3000, 0, 0, linked(1, 0, 0), 1, map[string]int{"/v1.0/$batch": 1}},
		"500 users of a large tenant":    {12000, 0, 0, linked(500, 0, 0), 1 + 1 + 4, map[string]int{"/v1.0/users": 2, "/v1.0/$batch": 4}},
		"500 users of a somewhat larger": {3500, 0, 0, linked(500, 0, 0), 4 + 1, map[string]int{"/v1.0/users": 5}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, tenant(tt.users, tt.groups, tt.sps), simulator.Options{})
			wantClean(t, match(t, w.entra(t), tt.req))
			if n := w.requests("/graph/"); n != tt.want {
				t.Errorf("%d requests, want %d", n, tt.want)
			}
			for route, want := range tt.routes {
				if n := w.requests(route); n != want {
					t.Errorf("%d requests of %s, want %d: %v", n, route, want, w.sim.Server.Requests().ByRoute)
				}
			}
		})
	}
}

// What a stored id is of: looked up by name and id, or listed whole.
func TestEntraMatch_evidence(t *testing.T) {
	t.Parallel()
	st := tenant(40, 3, 3)
	st.IDP.Users[0].Deleted = true
	st.IDP.Users[1].AccountEnabled = false
	st.IDP.Users[2].UserType, st.IDP.Users[2].Mail = "Guest", "guest@example.org"
	st.IDP.Users[2].UserPrincipalName = "guest_example.org#EXT#@example.com"
	user := func(id, name, external string) audit.Principal {
		return audit.Principal{Ref: ref(audit.TypeUser, id), Name: name, ExternalID: external}
	}
	principals := []audit.Principal{
		user("1", "gone@example.com", objectID("a", 0)),
		user("2", "user1@example.com", strings.ToUpper(objectID("a", 1))),
		user("3", "guest@example.org", " "+objectID("a", 2)),
		user("4", "o'neil@example.com", objectID("b", 1)),
		user("5", "other@example.com", objectID("a", 5)),
		user("6", "nobody@example.com", "not-a-guid"),
		{Ref: ref(audit.TypeServicePrincipal, "7"), Name: objectID("d", 1), ExternalID: objectID("c", 1)},
	}
	check := func(t *testing.T, got idp.Result) {
		t.Helper()
		m := got.Matches
		if m[0].DeletedByExternalID == nil || m[0].ByExternalID != nil {
			t.Errorf("deleted: %+v", m[0])
		}
		if id := m[1].ByExternalID; id == nil || id.Enabled == nil || *id.Enabled || *id.Guest {
			t.Errorf("disabled: %+v", id)
		}
		if id := m[2].ByExternalID; id == nil || !*id.Guest || id.Names[0] != "guest@example.org" || len(m[2].ByName) != 1 {
			t.Errorf("guest: %+v", m[2])
		}
		if m[3].ByExternalIDOtherType == nil || m[3].ByExternalIDOtherType.Type != audit.TypeGroup {
			t.Errorf("id of a group: %+v", m[3])
		}
		if id := m[4].ByExternalID; id == nil || id.Names[0] != "user5@example.com" || id.Enabled == nil || len(m[4].ByName) != 0 {
			t.Errorf("another name: %+v", m[4])
		}
		if m[5].ByExternalID != nil || m[5].Unknown != "" {
			t.Errorf("no GUID: %+v", m[5])
		}
		if id := m[6].ByExternalID; id == nil || id.HomeTenant != objectID("f", 2) {
			t.Errorf("app of another tenant: %+v", m[6])
		}
		if len(got.Failures) > 0 {
			t.Errorf("%+v", got.Failures)
		}
	}
	t.Run("by name and id", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, st, simulator.Options{})
		check(t, match(t, w.entra(t), idp.Request{Principals: principals}))
		if w.requests("/v1.0/users") != 0 || w.requests("getByIds") != 1 {
			t.Errorf("not by name and id: %v", w.sim.Server.Requests().ByRoute)
		}
	})
	t.Run("listed", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, st, simulator.Options{})
		req := idp.Request{Principals: append([]audit.Principal{}, principals[:6]...)}
		// A name that no filter takes makes the list be read.
		req.Principals = append(req.Principals, user("8", strings.Repeat("x", 130)+"@example.com", ""), principals[6])
		got := match(t, w.entra(t), req)
		got.Matches = append(got.Matches[:6:6], got.Matches[7])
		check(t, got)
		if w.requests("/v1.0/users") != 1 {
			t.Errorf("not listed: %v", w.sim.Server.Requests().ByRoute)
		}
	})
}

// One part of a batch is throttled, one is 404: the first is asked again alone,
// the second is a hole of its group only.
func TestEntraMatch_batchParts(t *testing.T) {
	t.Parallel()
	zero := 0
	w := newWorld(t, tenant(30, 30, 0), simulator.Options{})
	if err := w.sim.Server.SetFaults([]simulator.Fault{
		{Kind: simulator.FaultStatus, Path: "**/groups/" + objectID("b", 3) + "/members", Times: 2, Status: 429, RetryAfterSeconds: &zero},
		{Kind: simulator.FaultStatus, Path: "**/groups/" + objectID("b", 4) + "/members", Status: 404, Body: `{"error":{"code":"Request_ResourceNotFound","message":"gone"}}`},
	}); err != nil {
		t.Fatal(err)
	}
	got := match(t, w.entra(t), linked(0, 30, 0))
	for i, m := range got.Matches {
		if (i == 4) != (m.Members.Unknown != "") {
			t.Errorf("%s: %+v", m.Principal.Ref, m.Members)
		}
	}
	if len(got.Failures) != 1 || got.Failures[0].ID != "20004" || !strings.Contains(got.Failures[0].Reason, "Request_ResourceNotFound") {
		t.Errorf("%+v", got.Failures)
	}
	if n := w.requests("/beta/$batch"); n != 4 {
		t.Errorf("%d batches, want 2 and the throttled part twice more", n)
	}
}

func TestEntraMatch_nextLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t, tenant(1500, 2, 0), simulator.Options{Assumed: simulator.Assumed{Graph: simulator.GraphAssumptions{NextLinkHost: "https://graph.example.net"}}})
	got := match(t, w.entra(t), linked(1500, 2, 0))
	for _, m := range got.Matches {
		if isUser := m.Principal.Type == audit.TypeUser; isUser != strings.Contains(m.Unknown, "https://graph.example.net") {
			t.Fatalf("%s: %q", m.Principal.Ref, m.Unknown)
		}
	}
	if len(got.Failures) != 1 || !strings.Contains(got.Failures[0].Reason, "not followed") {
		t.Errorf("%+v", got.Failures)
	}
}

// Service principals are members on /beta only; a large group has many pages.
func TestEntraMatch_members(t *testing.T) {
	t.Parallel()
	st := tenant(2500, 3, 1)
	st.IDP.Groups[2].Members = []string{objectID("b", 0), objectID("c", 0)}
	st.IDP.Groups[0].Members = []string{objectID("b", 2)} // a cycle
	for i := range 2500 {
		st.IDP.Groups[0].Members = append(st.IDP.Groups[0].Members, objectID("a", i))
	}
	req := linked(0, 3, 0)
	req.Principals = req.Principals[2:]
	req.Members = func(context.Context, string) ([]audit.Member, error) {
		return []audit.Member{
			{Ref: ref(audit.TypeUser, "1"), ExternalID: objectID("a", 2400)},
			{Ref: ref(audit.TypeServicePrincipal, "2"), ExternalID: objectID("c", 0)},
			{Ref: ref(audit.TypeUser, "3"), ExternalID: objectID("a", 9999)},
		}, nil
	}
	for mode, want := range map[idp.Membership]string{idp.MembershipTransitive: "3:false ", idp.MembershipDirect: "1:true 3:false "} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, st, simulator.Options{})
			req := req
			req.Membership = mode
			var text strings.Builder
			for _, m := range match(t, w.entra(t), req).Matches[0].Members.External {
				fmt.Fprintf(&text, "%s:%v ", m.ID, *m.NestedInIDP)
			}
			if text.String() != want {
				t.Errorf("unconfirmed %s, want %s", text.String(), want)
			}
		})
	}
}

func TestEntraMatch_credentials(t *testing.T) {
	t.Parallel()
	w := newWorld(t, tenant(1, 0, 0), simulator.Options{})
	tests := map[string]struct {
		change func(c *entra.Config)
		want   string
	}{
		"wrong secret":   {func(c *entra.Config) { c.ClientSecret = "wrong-secret-text" }, "AADSTS7000215"},
		"unknown app":    {func(c *entra.Config) { c.ClientID = objectID("e", 1) }, "AADSTS700016"},
		"unknown tenant": {func(c *entra.Config) { c.TenantID = objectID("e", 2) }, objectID("e", 2)},
		"silent host": {func(c *entra.Config) {
			c.AuthorityHost, c.Transport.FirstContact = "https://127.0.0.1:1", time.Second
		}, "127.0.0.1:1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := w.entraConfig()
			tt.change(&cfg)
			source, err := entra.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			_, err = source.Match(t.Context(), linked(1, 0, 0))
			var refused interface{ AuthenticationFailure() bool }
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "wrong-secret-text") {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
	t.Run("cancelled", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := w.entra(t).Match(ctx, linked(1, 0, 0)); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestNewEntra_errors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		cfg       entra.Config
		attribute string
	}{
		"authority, password":   {entra.Config{AuthorityHost: "https://me:p/secret-words@login.example"}, "entra.authority_host"},
		"graph, password":       {entra.Config{GraphEndpoint: "https://me:p/secret-words@graph.example"}, "entra.graph_endpoint"},
		"authority over http":   {entra.Config{AuthorityHost: "http://127.0.0.1"}, "entra.authority_host"},
		"graph over http":       {entra.Config{GraphEndpoint: "http://graph.example.com"}, "entra.graph_endpoint"},
		"graph with version":    {entra.Config{GraphEndpoint: "https://graph.microsoft.com/v1.0/"}, "entra.graph_endpoint"},
		"own authority":         {entra.Config{AuthorityHost: "https://login.example.com"}, "entra.graph_endpoint"},
		"secret without tenant": {entra.Config{ClientID: "a", ClientSecret: "s"}, "entra.tenant_id"},
		"secret without client": {entra.Config{TenantID: "a", ClientSecret: "s"}, "entra.client_id"},
		"no certificate":        {entra.Config{TenantID: "a", ClientID: "b", ClientCertificatePath: "none.pem"}, "entra.client_certificate_path"},
		"unknown attribute":     {entra.Config{UsernameAttributes: []string{"upn"}}, "entra.username_attributes"},
		"attribute twice":       {entra.Config{UsernameAttributes: []string{"mail", "mail"}}, "entra.username_attributes"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := entra.New(tt.cfg)
			var wrong *idp.ConfigError
			if !errors.As(err, &wrong) || wrong.Attribute != tt.attribute || strings.Contains(err.Error(), "secret-words") {
				t.Errorf("got %v", err)
			}
		})
	}
}
