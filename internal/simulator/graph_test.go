// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
)

// gid is a GUID that says what it is: kind 1 user, 2 group, 3 service principal.
func gid(kind, n int) string { return fmt.Sprintf("%08d-0000-4000-8000-%012d", kind, n) }

// smallDirectory is the directory of the table tests.
func smallDirectory() simulator.IDP {
	return simulator.IDP{
		VerifiedDomains: []string{"example.com", "example.onmicrosoft.com"},
		Users: []simulator.IDPUser{
			{ID: gid(1, 1), UserPrincipalName: "ann@example.com", Mail: "ann@example.com", DisplayName: "Ann O'Neil", AccountEnabled: true},
			{ID: gid(1, 2), UserPrincipalName: "bob@example.com", DisplayName: "Bob", AccountEnabled: false},
			{ID: gid(1, 3), UserPrincipalName: "cat_example.net#EXT#@example.onmicrosoft.com", Mail: "cat@example.net", DisplayName: "Cat", UserType: "Guest", AccountEnabled: true},
			{ID: gid(1, 4), UserPrincipalName: "dan@example.com", DisplayName: "Dan", Deleted: true},
		},
		Groups: []simulator.IDPGroup{
			{ID: gid(2, 1), DisplayName: "Alpha", SecurityEnabled: true, Members: []string{gid(1, 1), gid(2, 2), gid(3, 1)}},
			{ID: gid(2, 2), DisplayName: "Beta", SecurityEnabled: true, Members: []string{gid(1, 2), gid(1, 4), gid(2, 1)}}, // A cycle.
			{ID: gid(2, 3), DisplayName: "Hidden", Visibility: "HiddenMembership", Members: []string{gid(1, 1)}},
			{ID: gid(2, 4), DisplayName: "Gone", SecurityEnabled: true, Deleted: true},
			{ID: gid(2, 5), DisplayName: "Gone team", Deleted: true},
			{ID: gid(2, 6), DisplayName: strings.Repeat("x", 121), SecurityEnabled: true},
		},
		ServicePrincipals: []simulator.IDPServicePrincipal{
			{ID: gid(3, 1), AppID: gid(4, 1), DisplayName: "Loader", AccountEnabled: true},
			{ID: gid(3, 2), AppID: gid(4, 2), DisplayName: "Managed", ServicePrincipalType: "ManagedIdentity", AccountEnabled: true},
		},
	}
}

// ids are the ids of a page, in order.
func ids(body map[string]any) []string {
	out := []string{}
	for _, row := range list(body, "value") {
		id, _ := row["id"].(string)
		out = append(out, id)
	}
	return out
}

func errorCode(body map[string]any) string {
	e, _ := body["error"].(map[string]any)
	code, _ := e["code"].(string)
	return code
}

func TestGraph_reads(t *testing.T) {
	t.Parallel()
	sim := startIDP(t, smallDirectory(), simulator.Options{})
	token := graphToken(t, sim)
	users, groups, sps := "/v1.0/users", "/v1.0/groups", "/v1.0/servicePrincipals"
	filter := func(expr string) string { return "?$filter=" + url.QueryEscape(expr) }
	tests := map[string]struct {
		path     string
		advanced bool
		want     []string
	}{
		"all users, deleted ones left out": {path: users, want: []string{gid(1, 1), gid(1, 2), gid(1, 3)}},
		"upn in any case":                  {path: users + filter("userPrincipalName eq 'ANN@example.com'"), want: []string{gid(1, 1)}},
		"guest upn":                        {path: users + filter("userPrincipalName eq 'cat_example.net#EXT#@example.onmicrosoft.com'"), want: []string{gid(1, 3)}},
		"mail":                             {path: users + filter("mail eq 'cat@example.net'"), want: []string{gid(1, 3)}},
		"doubled quote":                    {path: users + filter("displayName eq 'Ann O''Neil'"), want: []string{gid(1, 1)}},
		"in":                               {path: users + filter("userPrincipalName in ('bob@example.com', 'ann@example.com','nobody@example.com')"), want: []string{gid(1, 1), gid(1, 2)}},
		"id in":                            {path: users + filter("id in ('"+gid(1, 2)+"')"), want: []string{gid(1, 2)}},
		"or over two properties":           {path: users + filter("mail eq 'cat@example.net' or userPrincipalName eq 'bob@example.com'"), want: []string{gid(1, 2), gid(1, 3)}},
		"and binds tighter than or":        {path: users + filter("displayName eq 'Bob' or displayName eq 'Cat' and accountEnabled eq false"), want: []string{gid(1, 2)}},
		"parentheses":                      {path: users + filter("(displayName eq 'Bob' or displayName eq 'Cat') and accountEnabled eq false"), want: []string{gid(1, 2)}},
		"startsWith":                       {path: users + filter("startsWith(userPrincipalName,'b')"), want: []string{gid(1, 2)}},
		"boolean":                          {path: users + filter("accountEnabled eq false"), want: []string{gid(1, 2)}},
		"guests":                           {path: users + filter("userType eq 'Guest'"), want: []string{gid(1, 3)}},
		"not":                              {path: users + filter("not(userType eq 'Guest')") + "&$count=true", advanced: true, want: []string{gid(1, 1), gid(1, 2)}},
		"ne":                               {path: users + filter("userType ne 'Guest'") + "&$count=true", advanced: true, want: []string{gid(1, 1), gid(1, 2)}},
		"null":                             {path: users + filter("mail eq null") + "&$count=true", advanced: true, want: []string{gid(1, 2)}},
		"endsWith":                         {path: users + filter("endsWith(mail,'example.net')") + "&$count=true", advanced: true, want: []string{gid(1, 3)}},
		"descending":                       {path: users + "?$orderby=displayName+desc", want: []string{gid(1, 3), gid(1, 2), gid(1, 1)}},
		"groups":                           {path: groups, want: []string{gid(2, 1), gid(2, 2), gid(2, 3), gid(2, 6)}},
		"groups by name":                   {path: groups + filter("displayName eq 'alpha'"), want: []string{gid(2, 1)}},
		"microsoft 365 groups":             {path: groups + filter("groupTypes/any(c:c eq 'Unified')"), want: []string{gid(2, 3)}},
		"literal of 121 when advanced":     {path: groups + filter("displayName eq '"+strings.Repeat("x", 121)+"'") + "&$count=true", advanced: true, want: []string{gid(2, 6)}},
		"by app id":                        {path: sps + filter("appId eq '"+gid(4, 2)+"'"), want: []string{gid(3, 2)}},
		"managed identities":               {path: sps + filter("servicePrincipalType eq 'ManagedIdentity'"), want: []string{gid(3, 2)}},
		"members on v1.0 lack SPs":         {path: groups + "/" + gid(2, 1) + "/members", want: []string{gid(1, 1), gid(2, 2)}},
		"members on beta":                  {path: "/beta/groups/" + gid(2, 1) + "/members", want: []string{gid(1, 1), gid(2, 2), gid(3, 1)}},
		"members leave out the deleted":    {path: groups + "/" + gid(2, 2) + "/members", want: []string{gid(1, 2), gid(2, 1)}},
		"user cast":                        {path: groups + "/" + gid(2, 1) + "/members/microsoft.graph.user?$count=true", advanced: true, want: []string{gid(1, 1)}},
		"SP cast on v1.0":                  {path: groups + "/" + gid(2, 1) + "/members/microsoft.graph.servicePrincipal?$count=true", advanced: true, want: []string{}},
		"SP cast on beta":                  {path: "/beta/groups/" + gid(2, 1) + "/members/microsoft.graph.servicePrincipal?$count=true", advanced: true, want: []string{gid(3, 1)}},
		"device cast":                      {path: groups + "/" + gid(2, 1) + "/members/microsoft.graph.device?$count=true", advanced: true, want: []string{}},
		"transitive in a cycle":            {path: "/beta/groups/" + gid(2, 1) + "/transitiveMembers", want: []string{gid(1, 1), gid(1, 2), gid(2, 2), gid(3, 1)}},
		"transitive on v1.0":               {path: groups + "/" + gid(2, 1) + "/transitiveMembers", want: []string{gid(1, 1), gid(1, 2), gid(2, 2)}},
		"hidden with the permission":       {path: groups + "/" + gid(2, 3) + "/members", want: []string{gid(1, 1)}},
		"deleted users":                    {path: "/v1.0/directory/deletedItems/microsoft.graph.user", want: []string{gid(1, 4)}},
		"deleted groups, security gone":    {path: "/v1.0/directory/deletedItems/microsoft.graph.group", want: []string{gid(2, 5)}},
		"deleted service principals":       {path: "/v1.0/directory/deletedItems/microsoft.graph.servicePrincipal", want: []string{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			headers := []string{}
			if tt.advanced {
				headers = []string{"ConsistencyLevel", "eventual"}
			}
			status, body := graphGet(t, sim, token, tt.path, headers...)
			if status != http.StatusOK {
				t.Fatalf("got %d %v", status, body)
			}
			if diff := cmp.Diff(tt.want, ids(body)); diff != "" {
				t.Errorf("ids (-want +got):\n%s", diff)
			}
			if count, ok := body["@odata.count"]; tt.advanced != ok || ok && count != float64(len(tt.want)) {
				t.Errorf("@odata.count is %v, want one only in advanced queries", count)
			}
			if _, more := body["@odata.nextLink"]; more {
				t.Errorf("a single page has a next link: %v", body)
			}
		})
	}
}

func TestGraph_refusals(t *testing.T) {
	t.Parallel()
	sim := startIDP(t, smallDirectory(), simulator.Options{})
	token := graphToken(t, sim)
	values := make([]string, 16)
	for i := range values {
		values[i] = fmt.Sprintf("'u%d@example.com'", i)
	}
	in := func(n int) string {
		return "/v1.0/users?$filter=" + url.QueryEscape("userPrincipalName in ("+strings.Join(values[:n], ",")+")")
	}
	clauses := func(n int) string {
		parts := make([]string, n)
		for i := range parts {
			parts[i] = "mail eq " + values[i]
		}
		return "/v1.0/users?$filter=" + url.QueryEscape(strings.Join(parts, " or "))
	}
	literal := func(n int) string {
		return "/v1.0/groups?$filter=" + url.QueryEscape("displayName eq '"+strings.Repeat("x", n)+"'")
	}
	filter := func(expr string) string { return "/v1.0/users?$filter=" + url.QueryEscape(expr) }
	tests := map[string]struct {
		path   string
		status int
		code   string
	}{
		"top 999":               {"/v1.0/users?$top=999", 200, ""},
		"top 1000":              {"/v1.0/users?$top=1000", 400, "Request_UnsupportedQuery"},
		"top 0":                 {"/v1.0/users?$top=0", 400, "Request_UnsupportedQuery"},
		"top of text":           {"/v1.0/groups/" + gid(2, 1) + "/members?$top=x", 400, "Request_UnsupportedQuery"},
		"skip":                  {"/v1.0/users?$skip=1", 400, "Request_BadRequest"},
		"skip token of nobody":  {"/v1.0/users?$skiptoken=abc", 400, "Directory_ExpiredPageToken"},
		"unknown property":      {"/v1.0/users?$select=id,nothing", 400, "BadRequest"},
		"unknown option":        {"/v1.0/users?$apply=x", 400, "BadRequest"},
		"own parameter":         {"/v1.0/users?mine=x", 200, ""},
		"15 values":             {in(15), 200, ""},
		"16 values":             {in(16), 400, "Request_UnsupportedQuery"},
		"15 clauses":            {clauses(15), 200, ""},
		"16 clauses":            {clauses(16), 400, "Request_UnsupportedQuery"},
		"literal of 120":        {literal(120), 200, ""},
		"literal of 121":        {literal(121), 400, "Request_UnsupportedQuery"},
		"ne alone":              {filter("userType ne 'Guest'"), 400, "Request_UnsupportedQuery"},
		"not alone":             {filter("not(userType eq 'Guest')"), 400, "Request_UnsupportedQuery"},
		"unfiltered property":   {filter("jobTitle eq 'x'"), 400, "Request_UnsupportedQuery"},
		"filter of nothing":     {filter("nothing eq 'x'"), 400, "BadRequest"},
		"open quote":            {filter("mail eq 'x"), 400, "Request_BadRequest"},
		"rest":                  {filter("mail eq 'x' mail"), 400, "Request_BadRequest"},
		"id that is none":       {filter("id eq 'x'"), 400, "Request_BadRequest"},
		"sorted and filtered":   {filter("mail eq 'x'") + "&$orderby=displayName", 400, "Request_UnsupportedQuery"},
		"user by upn":           {"/v1.0/users/ANN@example.com", 200, ""},
		"guest by upn":          {"/v1.0/users/cat_example.net%23EXT%23@example.onmicrosoft.com", 200, ""},
		"unknown user":          {"/v1.0/users/nobody@example.com", 404, "Request_ResourceNotFound"},
		"deleted user":          {"/v1.0/users/" + gid(1, 4), 404, "Request_ResourceNotFound"},
		"group under users":     {"/v1.0/users/" + gid(2, 1), 404, "Request_ResourceNotFound"},
		"unknown group":         {"/v1.0/groups/" + gid(2, 99), 404, "Request_ResourceNotFound"},
		"malformed group":       {"/v1.0/groups/x", 400, "Request_BadRequest"},
		"members of nobody":     {"/v1.0/groups/" + gid(2, 99) + "/members", 404, "Request_ResourceNotFound"},
		"cast without count":    {"/v1.0/groups/" + gid(2, 1) + "/members/microsoft.graph.user", 400, "Request_UnsupportedQuery"},
		"cast to nothing":       {"/v1.0/groups/" + gid(2, 1) + "/members/microsoft.graph.nothing", 400, "BadRequest"},
		"SP by app id":          {"/v1.0/servicePrincipals(appId='" + gid(4, 1) + "')", 200, ""},
		"SP by unknown app id":  {"/v1.0/servicePrincipals(appId='" + gid(4, 9) + "')", 404, "Request_ResourceNotFound"},
		"deleted without cast":  {"/v1.0/directory/deletedItems", 400, "BadRequest"},
		"deleted one":           {"/v1.0/directory/deletedItems/" + gid(1, 4), 200, ""},
		"deleted one that is":   {"/v1.0/directory/deletedItems/" + gid(1, 1), 404, "Request_ResourceNotFound"},
		"unknown segment":       {"/v1.0/nothing", 400, "BadRequest"},
		"unknown deep segment":  {"/v1.0/users/x/y/z", 400, "BadRequest"},
		"count without level":   {"/v1.0/users/$count", 400, "Request_BadRequest"},
		"expand of anything":    {"/v1.0/users?$expand=manager", 400, "Request_UnsupportedQuery"},
		"search":                {"/v1.0/users?$search=x", 400, "Request_UnsupportedQuery"},
		"directory object":      {"/v1.0/directoryObjects/" + gid(3, 1), 200, ""},
		"no directory object":   {"/v1.0/directoryObjects/" + gid(3, 9), 404, "Request_ResourceNotFound"},
		"organization":          {"/v1.0/organization", 200, ""},
		"domains":               {"/v1.0/domains", 200, ""},
		"group with its people": {"/v1.0/groups/" + gid(2, 1) + "?$expand=members", 200, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, body := graphGet(t, sim, token, tt.path)
			if status != tt.status || errorCode(body) != tt.code {
				t.Errorf("got %d %v, want %d %q", status, body, tt.status, tt.code)
			}
			refusal, _ := body["error"].(map[string]any)
			if inner, _ := refusal["innerError"].(map[string]any); tt.code != "" && inner["request-id"] == nil {
				t.Errorf("no request-id in %v", body)
			}
		})
	}
}

func TestGraph_shapes(t *testing.T) {
	t.Parallel()
	sim := startIDP(t, smallDirectory(), simulator.Options{})
	token := graphToken(t, sim)
	_, body := graphGet(t, sim, token, "/v1.0/users/"+gid(1, 3)+"?$select=id,UserType,accountEnabled,externalUserState,mail")
	delete(body, "@odata.context")
	want := map[string]any{
		"id": gid(1, 3), "userType": "Guest", "accountEnabled": true, "externalUserState": "Accepted", "mail": "cat@example.net",
	}
	if diff := cmp.Diff(want, body); diff != "" {
		t.Errorf("selected (-want +got):\n%s", diff)
	}
	_, body = graphGet(t, sim, token, "/v1.0/users/"+gid(1, 1))
	for _, absent := range []string{"accountEnabled", "userType"} {
		if _, ok := body[absent]; ok {
			t.Errorf("%s comes without being selected", absent)
		}
	}
	_, body = graphGet(t, sim, token, "/beta/groups/"+gid(2, 1)+"/members?$select=id")
	types := []any{}
	for _, row := range list(body, "value") {
		types = append(types, row["@odata.type"])
	}
	if diff := cmp.Diff([]any{"#microsoft.graph.user", "#microsoft.graph.group", "#microsoft.graph.servicePrincipal"}, types); diff != "" {
		t.Errorf("types of members (-want +got):\n%s", diff)
	}
	_, body = graphGet(t, sim, token, "/v1.0/groups/"+gid(2, 1)+"?$expand=members")
	if got := len(list(body, "members")); got != 3 {
		t.Errorf("expanded members are %d, want 3, service principals included", got)
	}
	_, body = graphGet(t, sim, token, "/v1.0/directory/deletedItems/microsoft.graph.user")
	if upn := list(body, "value")[0]["userPrincipalName"]; upn != strings.ReplaceAll(gid(1, 4), "-", "")+"dan@example.com" {
		t.Errorf("a deleted user is named %v", upn)
	}
}

// Paging visits everything once, from either base, for every page size.
func TestGraph_paging(t *testing.T) {
	t.Parallel()
	var dir simulator.IDP
	var all []string
	for i := range 250 {
		dir.Users = append(dir.Users, simulator.IDPUser{ID: gid(1, i), UserPrincipalName: fmt.Sprintf("u%d@example.com", i)})
		all = append(all, gid(1, i))
	}
	dir.Groups = []simulator.IDPGroup{{ID: gid(2, 1), DisplayName: "All", Members: all}}
	sim := startIDP(t, dir, simulator.Options{})
	token := graphToken(t, sim)
	for _, tt := range []struct {
		path  string
		pages int
	}{
		{sim.IDP.GraphEndpoint + "/v1.0/users?$select=id", 3},
		{sim.URL + "/v1.0/users?$top=125", 2},
		{sim.URL + "/beta/users?$top=999", 1},
		{sim.IDP.GraphEndpoint + "/v1.0/users?$top=249&$orderby=userPrincipalName", 2},
		{sim.IDP.GraphEndpoint + "/beta/groups/" + gid(2, 1) + "/members?$top=60&$select=id", 5},
		{sim.IDP.GraphEndpoint + "/v1.0/groups/" + gid(2, 1) + "/transitiveMembers", 3},
	} {
		got, pages := crawl(t, token, tt.path)
		slices.Sort(got)
		if diff := cmp.Diff(all, got); diff != "" || pages != tt.pages {
			t.Errorf("%s: %d pages, want %d (-want +got):\n%s", tt.path, pages, tt.pages, diff)
		}
	}
}

func crawl(t *testing.T, token, next string) (got []string, pages int) {
	t.Helper()
	for next != "" && pages < 1000 {
		status, body := fetch(t, http.DefaultClient, next, http.Header{"Authorization": {"Bearer " + token}})
		if status != http.StatusOK {
			t.Fatalf("%s: %d %v", next, status, body)
		}
		got = append(got, ids(body)...)
		next, _ = body["@odata.nextLink"].(string)
		pages++
	}
	return got, pages
}

func TestGraph_pagingSwitchesAndFaults(t *testing.T) {
	t.Parallel()
	var dir simulator.IDP
	for i := range 20 {
		dir.Users = append(dir.Users, simulator.IDPUser{ID: gid(1, i), UserPrincipalName: fmt.Sprintf("u%d@example.com", i)})
	}
	short := startIDP(t, dir, simulator.Options{Assumed: simulator.Assumed{Graph: simulator.GraphAssumptions{ShortPages: true}}})
	if got, pages := crawl(t, graphToken(t, short), short.IDP.GraphEndpoint+"/v1.0/users?$top=10"); len(got) != 20 || pages != 4 {
		t.Errorf("short pages: %d users on %d pages, want 20 on 4", len(got), pages)
	}
	few := startIDP(t, dir, simulator.Options{Assumed: simulator.Assumed{Paging: wire.PagingAssumptions{MaxEntries: 3}}})
	if got, pages := crawl(t, graphToken(t, few), few.IDP.GraphEndpoint+"/v1.0/users?$top=10"); len(got) != 20 || pages != 7 {
		t.Errorf("at most 3 entries: %d users on %d pages, want 20 on 7", len(got), pages)
	}
	hostile := startIDP(t, dir, simulator.Options{Assumed: simulator.Assumed{Graph: simulator.GraphAssumptions{NextLinkHost: "https://graph.example.net"}}})
	_, body := graphGet(t, hostile, graphToken(t, hostile), "/v1.0/users?$top=10")
	if next, _ := body["@odata.nextLink"].(string); !strings.HasPrefix(next, "https://graph.example.net/graph/v1.0/users?") {
		t.Errorf("the next link is %q, want one of the other host", next)
	}
	faulty := startIDP(t, dir, simulator.Options{Faults: []simulator.Fault{
		{Kind: simulator.FaultDuplicate, Path: "/graph/v1.0/users", Skip: 1, Times: 1},
		{Kind: simulator.FaultEmptyPage, Path: "/graph/beta/users", Times: 1},
	}})
	token := graphToken(t, faulty)
	if got, _ := crawl(t, token, faulty.IDP.GraphEndpoint+"/v1.0/users?$top=10"); len(got) != 21 || got[9] != got[10] {
		t.Errorf("duplicate: %d users, want 21 with one twice", len(got))
	}
	if got, pages := crawl(t, token, faulty.IDP.GraphEndpoint+"/beta/users?$top=10"); len(got) != 20 || pages != 3 {
		t.Errorf("empty page: %d users on %d pages, want 20 on 3", len(got), pages)
	}
}

func TestGraph_authentication(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	clock := now
	sim := startIDP(t, smallDirectory(), simulator.Options{Now: func() time.Time { return clock }})
	token := graphToken(t, sim)
	_, other := postForm(t, http.DefaultClient, sim.URL+"/entra/"+sim.IDP.EntraTenantID+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {sim.IDP.EntraClientID}, "client_secret": {sim.IDP.EntraClientSecret},
		"scope": {"2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default"},
	})
	forDatabricks, _ := other["access_token"].(string)
	// A good signature is verified once; that must neither outlive the token nor
	// cover another one.
	if status, body := graphGet(t, sim, token, "/v1.0/users"); status != http.StatusOK {
		t.Errorf("a good token: got %d %v", status, body)
	}
	head, signature, _ := strings.Cut(token, ".")
	for name, bad := range map[string]string{"none": "", "nonsense": "x", "other audience": forDatabricks, "account token": sim.Token,
		"other claims": strings.Replace(token, head+".", head+".e30", 1), "no signature": strings.TrimSuffix(token, signature[strings.LastIndex(signature, ".")+1:])} {
		if status, body := graphGet(t, sim, bad, "/v1.0/users"); status != http.StatusUnauthorized || errorCode(body) != "InvalidAuthenticationToken" {
			t.Errorf("%s: got %d %v", name, status, body)
		}
	}
	clock = now.Add(time.Hour)
	if status, body := graphGet(t, sim, token, "/v1.0/users"); status != http.StatusUnauthorized || !strings.Contains(fmt.Sprint(body), "the token is expired") {
		t.Errorf("expired: got %d %v", status, body)
	}
}
