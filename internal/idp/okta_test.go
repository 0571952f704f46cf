// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/okta"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
)

func (w *fixture) oktaConfig() okta.Config {
	return okta.Config{OrgURL: w.idp.OktaOrgURL, APIToken: w.idp.OktaAPIToken, Transport: w.transport()}
}

func newOkta(t *testing.T, cfg okta.Config) idp.Source {
	t.Helper()
	source, err := okta.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// oktaState is an org of several pages: 450 users, one of them deprovisioned.
func oktaState() (simulator.State, idp.Request) {
	st := simulator.State{}
	var principals []audit.Principal
	group := simulator.IDPGroup{ID: "00g1", DisplayName: "team"}
	var members []audit.Member
	for i := range 450 {
		id := fmt.Sprintf("00u%03d", i)
		st.IDP.Users = append(st.IDP.Users, simulator.IDPUser{
			ID: id, UserPrincipalName: id + "@example.com", AccountEnabled: i != 7, Mail: id + ".alias@example.com",
		})
		group.Members = append(group.Members, id)
		ref := audit.Ref{Type: audit.TypeUser, ID: fmt.Sprint(1000 + i)}
		principals = append(principals, audit.Principal{Ref: ref, Name: id + "@example.com", ExternalID: id})
		members = append(members, audit.Member{Ref: ref, ExternalID: id})
	}
	st.IDP.Groups = append(st.IDP.Groups, group)
	principals = append(principals,
		audit.Principal{Ref: audit.Ref{Type: audit.TypeGroup, ID: "2000"}, Name: "team", ExternalID: "00g1"},
		audit.Principal{Ref: audit.Ref{Type: audit.TypeServicePrincipal, ID: "3000"}, Name: "app1"},
		audit.Principal{Ref: audit.Ref{Type: audit.TypeServicePrincipal, ID: "3001"}, Name: "app2", ExternalID: "0oa1"},
	)
	members = append(members, audit.Member{Ref: audit.Ref{Type: audit.TypeUser, ID: "4000"}, ExternalID: "00uGONE"})
	return st, idp.Request{Principals: principals, Members: func(context.Context, string) ([]audit.Member, error) { return members, nil }}
}

func TestOktaMatch(t *testing.T) {
	t.Parallel()
	for name, assumed := range map[string]simulator.OktaAssumptions{"headers": {}, "one header": {LinksInOneHeader: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, req := oktaState()
			w := newWorld(t, st, simulator.Options{Assumed: simulator.Assumed{Okta: assumed}})
			got, err := newOkta(t, w.oktaConfig()).Match(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			for i, m := range got.Matches[:450] {
				if m.ByExternalID == nil || len(m.ByName) != 1 || *m.ByExternalID.Enabled != (i != 7) {
					t.Fatalf("user %d: %+v", i, m)
				}
			}
			// The deprovisioned user is in no list of members that Okta gives by
			// default, but the simulated group still has it.
			external := got.Matches[450].Members.External
			if len(external) != 1 || external[0].ExternalID != "00uGONE" {
				t.Errorf("%+v", external)
			}
			if m := got.Matches[451]; m.Unknown != "" || m.ByName != nil || m.ByExternalID != nil {
				t.Errorf("a service principal without externalId: %+v", m)
			}
			if m := got.Matches[452]; !strings.Contains(m.Unknown, "Okta has no service principals") {
				t.Errorf("a linked service principal: %+v", m)
			}
			if len(got.Failures) != 1 || got.Failures[0].Type != audit.TypeServicePrincipal {
				t.Errorf("%+v", got.Failures)
			}
			// 3 pages of 449 users, 1 of the deprovisioned, 1 of groups, 1 of members.
			if n := w.requests("/okta/"); n != 6 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestOktaMatch_serviceApp(t *testing.T) {
	t.Parallel()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(key any) string {
		raw, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))
	}
	st, req := oktaState()
	w := newWorld(t, st, simulator.Options{Okta: simulator.OktaOptions{Clients: []simulator.OktaClient{
		{ClientID: "app", Keys: map[string]crypto.PublicKey{"r": &rsaKey.PublicKey, "e": &ecKey.PublicKey}, Scopes: []string{"okta.users.read", "okta.groups.read"}},
		{ClientID: "proof", Keys: map[string]crypto.PublicKey{"e": &ecKey.PublicKey}, Scopes: []string{"okta.users.read", "okta.groups.read"}, DPoP: true},
		{ClientID: "half", Keys: map[string]crypto.PublicKey{"e": &ecKey.PublicKey}, Scopes: []string{"okta.users.read"}},
	}}})
	loginAs := func(app string, key any, id string) (idp.Result, error) {
		cfg := okta.Config{OrgURL: w.idp.OktaOrgURL, ClientID: app, PrivateKey: encode(key), KeyID: id, Transport: w.transport()}
		return newOkta(t, cfg).Match(t.Context(), req)
	}
	login := func(key any, id string) (idp.Result, error) { return loginAs("app", key, id) }
	for id, key := range map[string]any{"r": rsaKey, "e": ecKey} {
		if got, err := login(key, id); err != nil || got.Matches[0].ByExternalID == nil {
			t.Errorf("key %s: %v", id, err)
		}
	}
	_, err = login(other, "e")
	var refused interface{ AuthenticationFailure() bool }
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "service app app") || strings.Contains(err.Error(), "BEGIN") {
		t.Errorf("a wrong key: %v", err)
	}
	// An app that demands proof of possession: the error says so and what to do.
	_, err = loginAs("proof", ecKey, "e")
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "demands proof of possession (DPoP)") || !strings.Contains(err.Error(), "invalid_dpop_proof") {
		t.Errorf("DPoP: %v", err)
	}
	_, err = loginAs("half", ecKey, "e")
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "okta.groups.read") || strings.Contains(err.Error(), "DPoP") {
		t.Errorf("a scope that was not granted: %v", err)
	}
}

func TestOktaMatch_failures(t *testing.T) {
	t.Parallel()
	t.Run("wrong token", func(t *testing.T) {
		t.Parallel()
		st, req := oktaState()
		w := newWorld(t, st, simulator.Options{})
		cfg := w.oktaConfig()
		cfg.APIToken = "not-the-token"
		_, err := newOkta(t, cfg).Match(t.Context(), req)
		if err == nil || !strings.Contains(err.Error(), "E0000011") || strings.Contains(err.Error(), "not-the-token") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("another host", func(t *testing.T) {
		t.Parallel()
		st, req := oktaState()
		w := newWorld(t, st, simulator.Options{Assumed: simulator.Assumed{Okta: simulator.OktaAssumptions{NextLinkHost: "https://okta.example.net"}}})
		got, err := newOkta(t, w.oktaConfig()).Match(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if m := got.Matches[0]; !strings.Contains(m.Unknown, "https://okta.example.net") {
			t.Errorf("%+v", m)
		}
		if m := got.Matches[450]; m.Unknown != "" || m.ByExternalID == nil {
			t.Errorf("groups have one page and are judged: %+v", m)
		}
	})
	t.Run("throttled until reset", func(t *testing.T) {
		t.Parallel()
		st, req := oktaState()
		w := newWorld(t, st, simulator.Options{})
		if err := w.sim.Server.SetFaults([]simulator.Fault{{
			Kind: simulator.FaultStatus, Path: "/okta/api/v1/groups", Times: 1, Status: 429,
			Headers: map[string]string{"X-Rate-Limit-Reset": "1", "Date": "Thu, 01 Jan 1970 00:00:01 GMT"},
		}}); err != nil {
			t.Fatal(err)
		}
		got, err := newOkta(t, w.oktaConfig()).Match(t.Context(), req)
		if err != nil || got.Matches[450].Unknown != "" {
			t.Errorf("%v, %+v", err, got.Matches[450])
		}
	})
}

// What an admin role does not cover is unknown and named; the rest is judged.
func TestOktaMatch_permissions(t *testing.T) {
	t.Parallel()
	const refusal = `{"errorCode":"E0000006","errorSummary":"You do not have permission to perform the requested action","errorCauses":[]}`
	tests := map[string]struct {
		path, scope     string
		users, groups   bool // known
		members, failed string
	}{
		"users":   {"/okta/api/v1/users", "okta.users.read", false, true, "", "list IdP users"},
		"groups":  {"/okta/api/v1/groups", "okta.groups.read", true, false, "", "list IdP groups"},
		"members": {"/okta/api/v1/groups/*/users", "okta.groups.read", true, true, "okta.groups.read", "list IdP group members"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, req := oktaState()
			req.Principals = req.Principals[:451] // no service principals
			w := newWorld(t, st, simulator.Options{})
			if err := w.sim.Server.SetFaults([]simulator.Fault{{Kind: simulator.FaultStatus, Path: tt.path, Status: 403, Body: refusal}}); err != nil {
				t.Fatal(err)
			}
			got, err := newOkta(t, w.oktaConfig()).Match(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			user, group := got.Matches[0], got.Matches[450]
			if (user.Unknown == "") != tt.users || (group.Unknown == "") != tt.groups {
				t.Errorf("user %q, group %q", user.Unknown, group.Unknown)
			}
			if tt.groups && !strings.Contains(group.Members.Unknown, tt.members) {
				t.Errorf("%+v", group.Members)
			}
			if len(got.Failures) != 1 || got.Failures[0].Call != tt.failed || !strings.Contains(got.Failures[0].Reason, "E0000006") || !strings.Contains(got.Failures[0].Reason, tt.scope) {
				t.Errorf("%+v", got.Failures)
			}
		})
	}
}

// An org that hands out a token of possession all the same.
func TestOktaMatch_dpopToken(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	org := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		_, _ = rw.Write([]byte(`{"token_type":"DPoP","expires_in":3600,"access_token":"secret-token"}`))
	}))
	t.Cleanup(org.Close)
	source := newOkta(t, okta.Config{
		OrgURL: org.URL, ClientID: "app", PrivateKey: string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: raw})),
	})
	_, err = source.Match(t.Context(), linked(1, 0, 0))
	if err == nil || !strings.Contains(err.Error(), "demands proof of possession (DPoP)") || strings.Contains(err.Error(), "secret-token") {
		t.Errorf("got %v", err)
	}
}

func TestNewOkta_errors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		cfg             okta.Config
		attribute, text string
	}{
		"no url":    {okta.Config{APIToken: "t"}, "okta.org_url", "not a URL"},
		"http":      {okta.Config{OrgURL: "http://example.okta.com", APIToken: "t"}, "okta.org_url", "https://"},
		"console":   {okta.Config{OrgURL: "https://example-admin.okta.com", APIToken: "t"}, "okta.org_url", "https://example.okta.com"},
		"password":  {okta.Config{OrgURL: "https://me:p@secret-words@example.okta.com", APIToken: "t"}, "okta.org_url", "holds a user or password"},
		"no port":   {okta.Config{OrgURL: "https://me:p/secret-words@example.okta.com", APIToken: "t"}, "okta.org_url", "holds a user or password"},
		"nothing":   {okta.Config{OrgURL: "https://example.okta.com"}, "okta", "give api_token"},
		"both":      {okta.Config{OrgURL: "https://example.okta.com", APIToken: "t", ClientID: "c"}, "okta", "exclude each other"},
		"no key":    {okta.Config{OrgURL: "https://example.okta.com", ClientID: "c"}, "okta", "private_key"},
		"wrong key": {okta.Config{OrgURL: "https://example.okta.com", ClientID: "c", PrivateKey: "secret-words"}, "okta.private_key", "PEM"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := okta.New(tt.cfg)
			var wrong *idp.ConfigError
			if !errors.As(err, &wrong) || wrong.Attribute != tt.attribute || !strings.Contains(wrong.Detail, tt.text) || strings.Contains(err.Error(), "secret-words") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// An object that moves across two pages while they are read is found by reading
// again, which no one pays for whom nothing is missing.
func TestMatch_entryMovesAcrossPages(t *testing.T) {
	t.Parallel()
	st, req := oktaState()
	for i := range st.IDP.Users {
		st.IDP.Users[i].ID = fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
		st.IDP.Groups[0].Members[i] = st.IDP.Users[i].ID
		req.Principals[i].ExternalID = st.IDP.Users[i].ID
	}
	req.Principals = req.Principals[:450]
	opts := simulator.Options{Assumed: simulator.Assumed{Paging: wire.PagingAssumptions{MaxEntries: 150}}}
	for _, tt := range []struct {
		kind, path string
		source     func(t *testing.T, w *fixture) idp.Source
		pages      int
	}{
		{"okta", "/okta/api/v1/users", func(t *testing.T, w *fixture) idp.Source { t.Helper(); return newOkta(t, w.oktaConfig()) }, 3 + 1},
		{"entra", "/graph/v1.0/users", func(t *testing.T, w *fixture) idp.Source { t.Helper(); return w.entra(t) }, 3},
	} {
		for name, fault := range map[string][]simulator.Fault{"calm": nil, "moving": {{Kind: simulator.FaultShrink, Path: tt.path, Times: 3}}} {
			t.Run(tt.kind+" "+name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, st, opts)
				if err := w.sim.Server.SetFaults(fault); err != nil {
					t.Fatal(err)
				}
				got, err := tt.source(t, w).Match(t.Context(), req)
				if err != nil || len(got.Failures) > 0 {
					t.Fatalf("%v, %v", err, got.Failures)
				}
				for _, m := range got.Matches {
					if m.ByExternalID == nil && m.Principal.ExternalID != st.IDP.Users[7].ID {
						t.Errorf("%s has no match", m.Principal.Ref)
					}
				}
				pages := 0
				for _, r := range w.sim.Server.Requests().Log {
					if r.Path == tt.path {
						pages++
					}
				}
				if most := tt.pages * (1 + len(fault)); pages < tt.pages || pages > most || (pages > tt.pages) != (len(fault) > 0) {
					t.Errorf("%d pages, want %d, or up to %d", pages, tt.pages, most)
				}
			})
		}
	}
}
