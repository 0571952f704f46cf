// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

func TestSCIMCreate(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		path, body string
		status     int
		in         string // part of the answer
	}{
		{"Users", `{'userName':'new@example.com','externalId':'e','name':{'givenName':'N'},'roles':[{'value':'r'}],'title':'T'}`, 201,
			`"active":true,"emails":[{"primary":true,"type":"work","value":"new@example.com"}],"externalId":"e","id":"21"`},
		{"Users", `{'userName':'new@example.com','active':false,'emails':[{'value':'m@example.com'}]}`, 201, `"active":false,"emails":[{"value":"m@example.com"}]`},
		{"Users", `{'USERNAME':'new@example.com','active':null}`, 201, `"active":true`},
		{"Users", `{'userName':'ANN@EXAMPLE.com'}`, 409, "User with email ann@example.com already exists in this account"},
		{"Users", `{'displayName':'x'}`, 400, "userName is required"},
		{"Users", `{'userName':5}`, 400, "invalidSyntax"},
		{"Users", `{'userName':'new@example.com','active':'true'}`, 500, "ClassCastException"},
		{"Users", `['userName']`, 400, "invalidSyntax"},
		{"Groups", `{'displayName':'new','externalId':'e','members':[{'value':'1'},{'value':'12'},{'value':'1'}],'roles':[{'value':'r'},{'value':'r'}]}`, 201,
			`"members":[{"$ref":"Users/1","display":"Ann","value":"1"},{"$ref":"Groups/12","display":"empty","value":"12"}]`},
		{"Groups", `{'displayName':'LOCAL'}`, 409, "Group with name LOCAL already exists."},
		{"Groups", `{'displayName':' '}`, 400, "must not be empty"},
		{"Groups", `{'displayName':'` + strings.Repeat("é", 255) + `'}`, 201, `"id":"21"`},
		{"Groups", `{'displayName':'` + strings.Repeat("é", 256) + `'}`, 400, "longer than 255"},
		{"Groups", `{'displayName':'new','externalId':'` + strings.Repeat("x", 65) + `'}`, 400, "longer than 64"},
		{"Groups", `{'displayName':'new','members':[{'value':'999'}]}`, 404, "Member with id 999 not found"},
		{"Groups", `{'displayName':'new','members':[{}]}`, 400, "invalidSyntax"},
		{"ServicePrincipals", `{'displayName':'new'}`, 201, `"applicationId":"`},
		{"ServicePrincipals", `{'applicationId':'0b000000-0000-4000-8000-000000000020'}`, 201, `"applicationId":"0b000000-0000-4000-8000-000000000020"`},
		{"ServicePrincipals", `{'applicationId':'0A000000-0000-4000-8000-000000000020'}`, 409, "Service principal with application ID 0A000000-0000-4000-8000-000000000020 already exists."},
		{"ServicePrincipals", `{'applicationId':'x'}`, 400, "must be a UUID"},
	} {
		t.Run(fmt.Sprintf("%s %.80s", tc.path, tc.body), func(t *testing.T) {
			t.Parallel()
			sim := startTest(t, scimAccount(), anyRole())
			got := scimCall(t, sim, "POST", tc.path, tc.body)
			if got.status != tc.status || !strings.Contains(got.body, tc.in) {
				t.Fatalf("%d %s, want %d with %s", got.status, got.body, tc.status, tc.in)
			}
			list := scimJSON(t, scimCall(t, sim, "GET", tc.path, ""))
			before := map[string]float64{"Users": 4, "Groups": 4, "ServicePrincipals": 1}[tc.path]
			if tc.status != http.StatusCreated {
				if m := scimJSON(t, got); list["totalResults"] != before || m["status"] != fmt.Sprint(tc.status) {
					t.Errorf("%v of %s after %s", list["totalResults"], tc.path, got.body)
				}
				return
			}
			want := sim.URL + strings.ReplaceAll(scimPath, "{a}", sim.AccountID) + tc.path + "/21"
			if location := got.header.Get("Location"); location != want || list["totalResults"] != before+1 {
				t.Errorf("Location %s, %v of %s", location, list["totalResults"], tc.path)
			}
			if read := scimCall(t, sim, "GET", tc.path+"/21", ""); read.body != got.body {
				t.Errorf("read back %s, want %s", read.body, got.body)
			}
		})
	}
}

// TestSCIMPut: what is not sent is gone.
func TestSCIMPut(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		aim        bool
		path, body string
		status     int
		want       string // after, or part of the refusal
	}{
		{false, "Groups/10", `{'displayName':'local'}`, 200, `displayName:local`},
		{false, "Groups/10", `{'id':'10','displayName':'renamed','externalId':'e','members':[{'value':'2'},{'value':'1'}],'roles':[{'value':'r'}]}`, 200,
			`displayName:renamed,externalId:e,members:[1,2],roles:[r]`},
		{false, "Groups/11", `{'displayName':'external'}`, 200, `displayName:external`},
		{false, "Groups/10", `{'displayName':'empty'}`, 409, "Group with name empty already exists."},
		{false, "Groups/10", `{'id':'11','displayName':'x'}`, 400, "The id in the body"},
		{false, "Groups/10", `{}`, 400, "must not be empty"},
		{false, "Groups/13", `{'displayName':'account users'}`, 403, "System group"},
		{false, "Groups/99", `{'displayName':'x'}`, 404, "Group with id 99 not found."},
		{false, "Users/1", `{'userName':'other@example.com','emails':[{'value':'x@example.com'}]}`, 200,
			`active:true,emails:[ann@example.com],externalId:ext-1,userName:Ann@example.com`},
		{false, "Users/1", `{'userName':'Ann@example.com','active':false,'displayName':'A','externalId':'e','name':{'familyName':'F'},'roles':[{'value':'r'}]}`, 200,
			`active:false,displayName:A,emails:[ann@example.com],externalId:e,name:familyName:F,roles:[r],userName:Ann@example.com`},
		{false, "ServicePrincipals/20", `{'applicationId':'0a000000-0000-4000-8000-000000000020','displayName':'D'}`, 200, `active:true,applicationId:0a000000-0000-4000-8000-000000000020,displayName:D,externalId:ext-20`},
		{false, "ServicePrincipals/20", `{'applicationId':'0b000000-0000-4000-8000-000000000020'}`, 400, "immutable"},
		{true, "Groups/11", `{'displayName':'external','externalId':'e','members':[{'value':'1'}],'roles':[{'value':'r'}]}`, 200,
			`displayName:external,externalId:e,members:[1],roles:[r]`},
		{true, "Groups/11", `{'displayName':'external','externalId':'e'}`, 500, "InternalError"},
		{true, "Groups/11", `{'displayName':'renamed','members':[{'value':'1'}]}`, 500, "InternalError"},
		{true, "Users/1", `{'userName':'Ann@example.com','displayName':'A','active':false,'externalId':'e'}`, 200,
			`active:true,displayName:Ann,emails:[ann@example.com],externalId:e,name:familyName:Example,givenName:Ann,userName:Ann@example.com`},
	} {
		t.Run(fmt.Sprintf("%s %.80s %t", tc.path, tc.body, tc.aim), func(t *testing.T) {
			t.Parallel()
			sim := startTest(t, scimAccount(), Options{AIM: tc.aim, Assumed: anyRole().Assumed})
			got := scimCall(t, sim, "PUT", tc.path, tc.body)
			if got.status != tc.status {
				t.Fatalf("%d %s, want %d", got.status, got.body, tc.status)
			}
			if tc.status != http.StatusOK {
				if !strings.Contains(got.body, tc.want) {
					t.Errorf("%s, want %s", got.body, tc.want)
				}
				return
			}
			if now := after(t, sim, tc.path); now != tc.want {
				t.Errorf("got  %s\nwant %s", now, tc.want)
			}
		})
	}
}

func TestSCIMDelete(t *testing.T) {
	t.Parallel()
	sim := startTest(t, scimAccount(), anyRole())
	for _, tc := range []struct {
		path   string
		status int
	}{
		{"Users/1", 204}, {"Users/1", 404}, {"Groups/1", 404}, {"Groups/11", 204}, {"Groups/13", 403},
		{"ServicePrincipals/20", 204}, {"Users/x", 404},
	} {
		got := scimCall(t, sim, "DELETE", tc.path, "")
		if got.status != tc.status || (got.status == 204) != (got.body == "") {
			t.Errorf("%s: %d %s", tc.path, got.status, got.body)
		}
	}
	if got := after(t, sim, "Groups/10"); got != "displayName:local,roles:[account_admin]" {
		t.Errorf("the group still lists deleted members: %s", got)
	}
	if got := scimCall(t, sim, "POST", "Groups", `{'displayName':'external'}`); got.status != 201 || !strings.Contains(got.body, `"id":"21"`) {
		t.Errorf("the name of a deleted group is free, its id is not: %d %s", got.status, got.body)
	}
}

// TestSCIM_concurrent: everything at once, for the race detector; no addition is lost.
func TestSCIM_concurrent(t *testing.T) {
	t.Parallel()
	sim := startTest(t, scimAccount(), anyRole())
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			created := scimJSON(t, scimCall(t, sim, "POST", "Users", fmt.Sprintf(`{'userName':'c%d@example.com'}`, i)))
			scimCall(t, sim, "PATCH", "Groups/12", patchOps(fmt.Sprintf(`{'op':'add','path':'members','value':[{'value':'%v'}]}`, created["id"])))
			scimCall(t, sim, "GET", "Users?count=2", "")
			scimCall(t, sim, "GET", "Groups/12", "")
		})
	}
	wg.Wait()
	var members int
	sim.Server.store.View(func(w *world.World) { members = len(w.ByID["12"].Group.Members) })
	if members != 8 {
		t.Errorf("%d members, want 8", members)
	}
}
