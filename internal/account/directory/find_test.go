// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// people is an account in which names collide.
func people() simulator.State {
	mail := func(addresses ...string) []world.Email {
		var out []world.Email
		for _, a := range addresses {
			out = append(out, world.Email{Value: a})
		}
		return out
	}
	return simulator.State{
		Users: []simulator.User{
			{ID: "1", UserName: "Ann@example.com", DisplayName: "Ann", Active: true, Emails: mail("ann@example.com"), ExternalID: accounttest.GUID(1, 1)},
			{ID: "2", UserName: "guest_partner.example#EXT#@example.com", Active: true, Emails: mail("guest@partner.example")},
			{ID: "3", UserName: "guest@partner.example", Active: false},
			{ID: "4", UserName: `o"hara\x@example.com`, Active: true},
			{ID: "5", UserName: "five@example.com", DisplayName: "Same", Active: true, Emails: mail("five@example.com", "Team@example.com")},
			{ID: "6", UserName: "six@example.com", DisplayName: "Same", Active: true, Emails: mail("team@example.com")},
		},
		Groups: []simulator.Group{
			{ID: "11", DisplayName: "Data"}, {ID: "12", DisplayName: "data"}, {ID: "13", DisplayName: `a "b" \c`}, {ID: "14", DisplayName: "app"},
		},
		ServicePrincipals: []simulator.ServicePrincipal{
			{ID: "21", ApplicationID: accounttest.GUID(0xabc, 1), DisplayName: "app", Active: true}, {ID: "22", ApplicationID: accounttest.GUID(3, 2), DisplayName: "twin", Active: true},
			{ID: "23", ApplicationID: accounttest.GUID(3, 3), DisplayName: "twin", Active: true, ExternalID: accounttest.GUID(1, 1)},
		},
	}
}

// Every selector, with what it finds and costs where nothing was listed yet; and
// the same hits where the listing was taken (R1, R2, R4).
func TestFind(t *testing.T) {
	t.Parallel()
	const (
		listing = 3 // IAM v2, one page of each type
		probe   = 1 // before the first 404 is believed
	)
	tests := map[string]struct {
		selector audit.Selector
		want     []audit.Ref
		requests int
	}{
		"id of a user":                       {audit.Selector{ID: "1"}, []audit.Ref{accounttest.User("1")}, 1},
		"id of a group":                      {audit.Selector{ID: "11"}, []audit.Ref{accounttest.Group("11")}, 3 + probe},
		"id and type":                        {audit.Selector{Type: audit.TypeGroup, ID: "11"}, []audit.Ref{accounttest.Group("11")}, 1},
		"id of another type":                 {audit.Selector{Type: audit.TypeUser, ID: "11"}, nil, 1 + probe + listing},
		"unknown id":                         {audit.Selector{ID: "99"}, nil, 3 + probe + listing},
		"user name, any case":                {audit.Selector{UserName: "aNN@EXAMPLE.com"}, []audit.Ref{accounttest.User("1")}, 1},
		"user name, no e-mail addresses":     {audit.Selector{UserName: `o"hara\x@example.com`}, []audit.Ref{accounttest.User("4")}, 1},
		"both identities of a guest":         {audit.Selector{UserName: "guest@partner.example"}, []audit.Ref{accounttest.User("2"), accounttest.User("3")}, 1},
		"user name of one identity":          {audit.Selector{UserName: "guest_partner.example#ext#@example.com"}, []audit.Ref{accounttest.User("2")}, 1},
		"e-mail of two users":                {audit.Selector{UserName: "TEAM@example.com"}, []audit.Ref{accounttest.User("5"), accounttest.User("6")}, 1},
		"unknown user name":                  {audit.Selector{UserName: "nobody@example.com"}, nil, 1 + listing},
		"user name of a group":               {audit.Selector{Type: audit.TypeGroup, UserName: "ann@example.com"}, nil, listing},
		"application id, any case":           {audit.Selector{ApplicationID: strings.ToUpper(accounttest.GUID(0xabc, 1))}, []audit.Ref{accounttest.SP("21")}, 1},
		"unknown application id":             {audit.Selector{ApplicationID: accounttest.GUID(9, 9)}, nil, 1 + listing},
		"external id":                        {audit.Selector{ExternalID: accounttest.GUID(1, 1)}, []audit.Ref{accounttest.User("1"), accounttest.SP("23")}, listing},
		"external id of a type":              {audit.Selector{Type: audit.TypeUser, ExternalID: accounttest.GUID(1, 1)}, []audit.Ref{accounttest.User("1")}, listing},
		"group names that differ in case":    {audit.Selector{Type: audit.TypeGroup, DisplayName: "data"}, []audit.Ref{accounttest.Group("11"), accounttest.Group("12")}, 1},
		"group name in no such case":         {audit.Selector{Type: audit.TypeGroup, DisplayName: "DATA"}, nil, 1 + listing},
		"group name, both quote characters":  {audit.Selector{Type: audit.TypeGroup, DisplayName: `a "b" \c`}, []audit.Ref{accounttest.Group("13")}, 1},
		"two service principals of one name": {audit.Selector{Type: audit.TypeServicePrincipal, DisplayName: "twin"}, []audit.Ref{accounttest.SP("22"), accounttest.SP("23")}, 1},
		"name across types":                  {audit.Selector{DisplayName: "app"}, []audit.Ref{accounttest.Group("14"), accounttest.SP("21")}, listing},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := accounttest.Start(t, people(), simulator.Options{})
			c := accounttest.Connect(t, accounttest.Config(sim))
			got, err := c.Find(t.Context(), tc.selector)
			if err != nil || !cmp.Equal(tc.want, accounttest.Refs(got)) {
				t.Fatalf("got %v, %v; want %v", accounttest.Refs(got), err, tc.want)
			}
			if n := accounttest.Count(sim, http.MethodGet, "/api/"); n != tc.requests {
				t.Errorf("%d requests, want %d", n, tc.requests)
			}
			if _, err := c.Inventory(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got, err := c.Find(t.Context(), tc.selector); err != nil || !cmp.Equal(tc.want, accounttest.Refs(got)) {
				t.Errorf("with a listing: got %v, %v; want %v", accounttest.Refs(got), err, tc.want)
			}
		})
	}
}

// What several ask for is asked once; what this process has written since, and who was
// not there, is asked again.
func TestFind_shared(t *testing.T) {
	t.Parallel()
	sim := accounttest.Start(t, people(), simulator.Options{})
	c := accounttest.Connect(t, accounttest.Config(sim))
	find := func(name string, want ...audit.Ref) int {
		t.Helper()
		sim.Server.ResetRequests()
		var wait sync.WaitGroup
		for range 4 {
			wait.Go(func() {
				if got, err := c.Find(t.Context(), audit.Selector{UserName: name}); err != nil || !cmp.Equal(want, accounttest.Refs(got)) {
					t.Errorf("%s: got %v, %v", name, accounttest.Refs(got), err)
				}
			})
		}
		wait.Wait()
		return accounttest.Count(sim, http.MethodGet, "/Users")
	}
	ann := accounttest.User("1")
	if n := find("ann@example.com", ann); n != 1 {
		t.Errorf("four at a time: %d requests", n)
	}
	if n := find("ann@example.com", ann); n != 0 {
		t.Errorf("four later: %d requests", n)
	}
	c.Wrote(audit.Principal{Ref: ann, Name: "ann@example.com"})
	if n := find("ann@example.com", ann); n != 1 {
		t.Errorf("after a write: %d requests", n)
	}
	c.WroteField(audit.Principal{Ref: ann, Name: "ann@example.com"}, directory.AttributeActive)
	if n := find("ann@example.com", ann); n != 1 {
		t.Errorf("after a write of a field: %d requests", n)
	}
	_ = find("late@example.com")
	accounttest.ChangeState(t, sim, func(st *simulator.State) {
		st.Users = append(st.Users, simulator.User{ID: "7", UserName: "late@example.com", Active: true})
	})
	_ = find("late@example.com", accounttest.User("7"))
}

func TestFind_showsWhoIsInactive(t *testing.T) {
	t.Parallel()
	sim := accounttest.Start(t, people(), simulator.Options{})
	got, err := accounttest.Connect(t, accounttest.Config(sim)).Find(t.Context(), audit.Selector{UserName: "guest@partner.example"})
	if err != nil || len(got) != 2 || got[0].Active == nil || !*got[0].Active || got[1].Active == nil || *got[1].Active {
		t.Errorf("got %+v, %v", got, err)
	}
}

// unfiltered is a server that ignores filters in silence.
type unfiltered struct{ base http.RoundTripper }

func (u unfiltered) RoundTrip(r *http.Request) (*http.Response, error) {
	q := r.URL.Query()
	q.Del("filter")
	r = r.Clone(r.Context())
	r.URL.RawQuery = q.Encode()
	return u.base.RoundTrip(r)
}

func TestFind_filterIgnored(t *testing.T) {
	t.Parallel()
	st := accounttest.Population(230, 0, 3)
	st.Users[220].Emails = []world.Email{{Value: "alias@example.com"}}
	sim := accounttest.Start(t, st, simulator.Options{})
	cfg := accounttest.Config(sim)
	cfg.SDK.HTTPTransport = unfiltered{http.DefaultTransport}
	c := accounttest.Connect(t, cfg)
	for name, want := range map[string][]audit.Ref{
		"user00229@example.com": {accounttest.User("100230")}, "alias@example.com": {accounttest.User("100221")}, "user@example.com": nil,
	} {
		got, err := c.Find(t.Context(), audit.Selector{UserName: name})
		if err != nil || !cmp.Equal(want, accounttest.Refs(got)) {
			t.Errorf("%s: got %v, %v; want %v", name, accounttest.Refs(got), err, want)
		}
	}
	got, err := c.Find(t.Context(), audit.Selector{Type: audit.TypeServicePrincipal, DisplayName: "app-1"})
	if err != nil || !cmp.Equal([]audit.Ref{accounttest.SP("300002")}, accounttest.Refs(got)) {
		t.Errorf("got %v, %v", accounttest.Refs(got), err)
	}
}

// A failure while looking keeps its cause, and is never "no one" (R2).
func TestFind_failures(t *testing.T) {
	t.Parallel()
	fails := func(status int) simulator.Fault {
		return simulator.Fault{Kind: simulator.FaultStatus, Status: status, Path: "/api/**", ErrorCode: "WORDS", Message: "of the API"}
	}
	causes := map[string]struct {
		fault simulator.Fault
		cause string
	}{
		"401":     {simulator.Fault{Kind: simulator.FaultStatus, Status: 401, Path: "/api/**"}, "authentication"},
		"403":     {fails(403), "status 403 WORDS: of the API"},
		"429":     {fails(429), "status 429"},
		"500":     {fails(500), "status 500 WORDS"},
		"a 404":   {fails(404), "status 404 WORDS"},
		"token":   {simulator.Fault{Kind: simulator.FaultStatus, Status: 503, Path: "/oidc/**"}, "authentication"},
		"timeout": {simulator.Fault{Kind: simulator.FaultHang, Path: "/api/**"}, "no (further) answer"},
	}
	selectors := map[string]audit.Selector{
		"id": {ID: "1"}, "user": {UserName: "ann@example.com"}, "application": {ApplicationID: accounttest.GUID(9, 9)},
		"group": {Type: audit.TypeGroup, DisplayName: "nobody"}, "external": {ExternalID: accounttest.GUID(1, 1)}, "name": {DisplayName: "app"},
	}
	for name, tc := range causes {
		for kind, s := range selectors {
			t.Run(name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					sim := accounttest.StartInside(t, people(), simulator.Options{})
					accounttest.SetFaults(t, sim, tc.fault)
					cfg := accounttest.Config(sim)
					cfg.RetryBudget, cfg.RequestTimeout = 100*time.Millisecond, 10*time.Second
					if tc.fault.Kind == simulator.FaultHang {
						cfg.RequestTimeout = 200 * time.Millisecond
					}
					ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
					defer cancel()
					got, err := accounttest.Connect(t, cfg).Find(ctx, s)
					if err == nil || len(got) != 0 || errors.Is(err, api.ErrNotFound) || !strings.Contains(err.Error(), tc.cause) {
						t.Errorf("got %v, %v; want the cause %q", accounttest.Refs(got), err, tc.cause)
					}
				})
			})
		}
	}
}

func TestFind_listingWithAHole(t *testing.T) {
	t.Parallel()
	sim := accounttest.Start(t, people(), simulator.Options{})
	accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultStatus, Status: 400, Path: "**/accounts/*/service-principals", ErrorCode: "BAD", Message: "no"})
	c := accounttest.Connect(t, accounttest.Config(sim))
	var incomplete *api.IncompleteError
	if got, err := c.Find(t.Context(), audit.Selector{ExternalID: accounttest.GUID(1, 1)}); !errors.As(err, &incomplete) {
		t.Errorf("one of two holders was seen: got %v, %v", accounttest.Refs(got), err)
	}
	if got, err := c.Find(t.Context(), audit.Selector{Type: audit.TypeUser, ExternalID: accounttest.GUID(1, 1)}); err != nil || len(got) != 1 {
		t.Errorf("users were read whole: got %v, %v", accounttest.Refs(got), err)
	}
	if got, err := c.Find(t.Context(), audit.Selector{ApplicationID: accounttest.GUID(3, 2)}); err != nil || len(got) != 1 {
		t.Errorf("the filter knows: got %v, %v", accounttest.Refs(got), err)
	}
	if got, err := c.Find(t.Context(), audit.Selector{ApplicationID: accounttest.GUID(9, 9)}); !errors.As(err, &incomplete) {
		t.Errorf("nobody has two witnesses here: got %v, %v", accounttest.Refs(got), err)
	}
}

// A filtered list that moves is read once more, then it is an error.
func TestFind_listThatMoves(t *testing.T) {
	t.Parallel()
	st := simulator.State{}
	for i := range 150 {
		st.ServicePrincipals = append(st.ServicePrincipals, simulator.ServicePrincipal{ID: fmt.Sprint(1000 + i), ApplicationID: accounttest.GUID(3, i), DisplayName: "many", Active: true})
	}
	for name, times := range map[string]int{"once": 1, "always": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := accounttest.Start(t, st, simulator.Options{})
			accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultShrink, Path: "**/ServicePrincipals", Skip: 1, Times: times})
			got, err := accounttest.Connect(t, accounttest.Config(sim)).Find(t.Context(), audit.Selector{Type: audit.TypeServicePrincipal, DisplayName: "many"})
			if times == 1 && (err != nil || len(got) != 150) || times == 0 && (err == nil || !strings.Contains(err.Error(), "changed while it was read")) {
				t.Errorf("got %d, %v", len(got), err)
			}
		})
	}
}
