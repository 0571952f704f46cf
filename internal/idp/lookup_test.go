// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/file"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/okta"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

func lookupGUID(n int) string { return fmt.Sprintf("aaaaaaaa-0000-4000-8000-%012d", n) }

// lookupWorld has 40 users, the last one deleted and the one before it disabled, a
// group and a service principal.
func lookupWorld(id func(n int) string) simulator.IDP {
	d := simulator.IDP{
		Groups:            []simulator.IDPGroup{{ID: id(101), DisplayName: "analysts", SecurityEnabled: true}},
		ServicePrincipals: []simulator.IDPServicePrincipal{{ID: id(201), AppID: lookupGUID(301), DisplayName: "etl", AccountEnabled: true}},
	}
	for n := 1; n <= 40; n++ {
		d.Users = append(d.Users, simulator.IDPUser{
			ID: id(n), UserPrincipalName: fmt.Sprintf("u%d@example.com", n), Mail: fmt.Sprintf("mail%d@example.com", n), AccountEnabled: n != 39, Deleted: n == 40,
		})
	}
	return d
}

func lookupSources(t *testing.T) map[string]struct {
	w      *fixture
	id     func(n int) string
	source idp.Lookup
} {
	t.Helper()
	type row = struct {
		w      *fixture
		id     func(n int) string
		source idp.Lookup
	}
	entraWorld := newWorld(t, simulator.State{IDP: lookupWorld(lookupGUID)}, simulator.Options{})
	oktaID := func(n int) string { return fmt.Sprintf("00u%017d", n) }
	oktaWorld := newWorld(t, simulator.State{IDP: lookupWorld(oktaID)}, simulator.Options{})
	okta, err := okta.New(okta.Config{OrgURL: oktaWorld.idp.OktaOrgURL, APIToken: oktaWorld.idp.OktaAPIToken, Transport: oktaWorld.transport()})
	if err != nil {
		t.Fatal(err)
	}
	fileWorld := newWorld(t, simulator.State{}, simulator.Options{})
	return map[string]row{
		"entra": {entraWorld, lookupGUID, looks(t, entraWorld.entra(t))},
		"okta":  {oktaWorld, oktaID, looks(t, okta)},
		"file":  {fileWorld, lookupGUID, looks(t, file.New(writeDirectory(t, t.TempDir(), lookupWorld(lookupGUID))))},
	}
}

// looks is a source that can be asked for ids.
func looks(t *testing.T, source idp.Source) idp.Lookup {
	t.Helper()
	lookup, ok := source.(idp.Lookup)
	if !ok {
		t.Fatalf("%T cannot be asked for ids", source)
	}
	return lookup
}

func TestLookup(t *testing.T) {
	t.Parallel()
	for kind, s := range lookupSources(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s.w.sim.Server.ResetRequests()
			var ids []string
			for n := 1; n <= 40; n++ {
				ids = append(ids, s.id(n))
			}
			ids = append(ids, s.id(4711), "64421cad-4e25-4919-b0ba-166f7a9094", "me", "u1@example.com", "../groups")
			got := s.source.Lookup(t.Context(), audit.TypeUser, ids)
			for n := 1; n < 40; n++ {
				f := got[s.id(n)]
				if f.Unknown != "" || f.Identity == nil || f.Identity.Type != audit.TypeUser || *f.Identity.Enabled != (n != 39) {
					t.Fatalf("user %d: %+v", n, f)
				}
				for _, name := range []string{"u", "mail"} {
					if !slices.Contains(f.Names, fmt.Sprintf("%s%d@example.com", name, n)) {
						t.Errorf("user %d: names %q", n, f.Names)
					}
				}
			}
			for _, id := range ids[39:] {
				if f := got[id]; f.Unknown != "" || f.Identity != nil {
					t.Errorf("%s: %+v, want none", id, f)
				}
			}
			group := s.source.Lookup(t.Context(), audit.TypeGroup, []string{s.id(101)})[s.id(101)]
			if group.Identity == nil || group.Identity.Type != audit.TypeGroup || !slices.Contains(group.Names, "analysts") {
				t.Errorf("group: %+v", group)
			}
			sp := s.source.Lookup(t.Context(), audit.TypeServicePrincipal, []string{s.id(201)})[s.id(201)]
			switch {
			case kind == "okta":
				if sp.Unknown == "" {
					t.Errorf("Okta has no service principals, and it says %+v", sp)
				}
			case sp.Identity == nil || !slices.Contains(sp.Names, lookupGUID(301)) || !slices.Contains(sp.Names, "etl"):
				t.Errorf("service principal: %+v", sp)
			}
			for route := range s.w.sim.Server.Requests().ByRoute {
				if strings.HasSuffix(route, "/users") && kind != "file" {
					t.Errorf("a directory was listed: %s", route)
				}
			}
		})
	}
}

// An id of another type is no fault of the reader, and says which type.
func TestLookup_otherType(t *testing.T) {
	t.Parallel()
	for kind, s := range lookupSources(t) {
		if kind == "okta" {
			continue // Its ids are looked for within the type.
		}
		f := s.source.Lookup(t.Context(), audit.TypeUser, []string{s.id(101)})[s.id(101)]
		if f.Identity == nil || f.Identity.Type != audit.TypeGroup {
			t.Errorf("%s: %+v, want the group", kind, f)
		}
	}
}

// A failed read is unknown, and so is what may not be read.
func TestLookup_unknown(t *testing.T) {
	t.Parallel()
	for kind, s := range lookupSources(t) {
		if kind == "file" {
			continue
		}
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			if err := s.w.sim.Server.SetFaults([]simulator.Fault{
				{Kind: simulator.FaultStatus, Status: http.StatusForbidden, Path: "/okta/**"},
				{Kind: simulator.FaultStatus, Status: http.StatusForbidden, Path: "/graph/**"},
			}); err != nil {
				t.Fatal(err)
			}
			for id, f := range s.source.Lookup(t.Context(), audit.TypeUser, []string{s.id(1), s.id(4711)}) {
				if f.Unknown == "" || f.Identity != nil {
					t.Errorf("%s: %+v", id, f)
				}
			}
		})
	}
	f := looks(t, file.New("/nonexistent")).Lookup(t.Context(), audit.TypeUser, []string{"x"})["x"]
	if !strings.Contains(f.Unknown, "/nonexistent") {
		t.Errorf("a file that cannot be read: %+v", f)
	}
}

// Questions at the same time share a request, and no id is asked for twice.
func TestGathered(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.State{IDP: lookupWorld(lookupGUID)}, simulator.Options{})
	g := idp.Gather(looks(t, w.entra(t)), time.Minute)
	w.sim.Server.ResetRequests()
	ask := func() {
		var wg sync.WaitGroup
		for n := range 30 {
			wg.Go(func() {
				id := lookupGUID(n%15 + 1)
				if f := g.Lookup(t.Context(), audit.TypeUser, id); f.Identity == nil || f.Identity.ExternalID != id {
					t.Errorf("%s: %+v", id, f)
				}
			})
		}
		wg.Wait()
	}
	ask()
	ask()
	if n := w.requests("$batch"); n == 0 || n > 3 {
		t.Errorf("%d batches for 60 questions", n)
	}
}
