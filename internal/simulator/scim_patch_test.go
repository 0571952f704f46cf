// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// after is what a group or principal looks like to SCIM: the attributes that
// PATCH can change, as text.
func after(t *testing.T, sim *Running, path string) string {
	t.Helper()
	body := scimJSON(t, scimCall(t, sim, "GET", path+"?attributes=externalId,displayName,active,name,userName,emails.value,roles.value,members.value", ""))
	delete(body, "schemas")
	delete(body, "id")
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(`{"value":`, "", `"`, "", "}", "", "{", "").Replace(string(raw))
}

func TestSCIMPatch(t *testing.T) {
	t.Parallel()
	const (
		ann   = `active:true,displayName:Ann,emails:[ann@example.com],externalId:ext-1,name:familyName:Example,givenName:Ann,roles:[account_admin,billing],userName:Ann@example.com`
		robot = `active:true,applicationId:0a000000-0000-4000-8000-000000000020,displayName:robot,externalId:ext-20`
		local = `displayName:local,members:[1,20,11],roles:[account_admin]`
	)
	replaced := func(s, old, with string) string { return strings.Replace(s, old, with, 1) }
	for _, tc := range []struct{ path, ops, want string }{
		// externalId
		{"Users/1", `{'op':'replace','path':'externalId','value':'new'}`, replaced(ann, "ext-1", "new")},
		{"Users/1", `{'op':'Replace','path':'externalid','value':'new'}`, replaced(ann, "ext-1", "new")},
		{"Users/1", `{'op':'Add','value':{'externalId':'new'}}`, replaced(ann, "ext-1", "new")},
		{"Users/1", `{'op':'replace','path':'urn:ietf:params:scim:schemas:core:2.0:User:externalId','value':'new'}`, replaced(ann, "ext-1", "new")},
		{"Users/1", `{'op':'replace','path':'externalId','value':'ext-20'}`, replaced(ann, "ext-1", "ext-20")},
		{"Users/1", `{'op':'replace','path':'externalId','value':''}`, ann},
		{"Users/1", `{'op':'remove','path':'externalId'}`, ann},
		{"ServicePrincipals/20", `{'op':'replace','path':'externalId','value':null}`, robot},
		{"ServicePrincipals/20", `{'op':'replace','path':'externalId','value':'new'}`, replaced(robot, "ext-20", "new")},
		{"Groups/11", `{'op':'replace','path':'externalId','value':''}`, `displayName:external,members:[1,2]`},
		{"Groups/11", `{'op':'remove','path':'externalId'}`, `displayName:external,members:[1,2]`},
		{"Groups/12", `{'op':'add','path':'externalId','value':'` + strings.Repeat("é", 64) + `'}`, `displayName:empty,externalId:` + strings.Repeat("é", 64)},
		// Documented: ignored without a word.
		{"Users/1", `{'op':'replace','path':'userName','value':'x@example.com'}`, ann},
		{"Users/1", `{'op':'replace','path':'emails','value':[{'value':'x@example.com'}]}`, ann},
		{"Users/1", `{'op':'replace','path':'emails[type eq \'work\'].value','value':'x@example.com'}`, ann},
		{"Users/1", `{'op':'replace','value':{'userName':'x@example.com','displayName':'New'}}`, replaced(ann, "displayName:Ann", "displayName:New")},
		// Attributes that clients send and the account does not hold.
		{"Users/1", `{'op':'add','path':'title','value':'T'},{'op':'add','path':'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department','value':'D'}`, ann},
		{"Users/1", `{'op':'add','path':'addresses[type eq \'work\'].country','value':'NL'}`, ann},
		{"Users/1", `{'op':'add','path':'name.formatted','value':'A'}`, ann},
		// active
		{"Users/1", `{'op':'replace','path':'active','value':false}`, replaced(ann, "active:true", "active:false")},
		{"Users/1", `{'op':'replace','value':{'active':false}}`, replaced(ann, "active:true", "active:false")},
		{"Users/1", `{'op':'replace','path':'active','value':[{'value':false}]}`, replaced(ann, "active:true", "active:false")},
		{"Users/1", `{'op':'replace','path':'active','value':[{'value':'no'}]}`, "!500 "},
		{"Users/1", `{'op':'replace','path':'active','value':[]}`, "!500 "},
		{"Users/1", `{'op':'replace','path':'active','value':'false'}`, "!500 "},
		{"Users/1", `{'op':'remove','path':'active'}`, "!400 invalidValue"},
		// names
		{"Users/1", `{'op':'replace','path':'name.familyName','value':'New'}`, replaced(ann, "familyName:Example", "familyName:New")},
		{"Users/1", `{'op':'replace','value':{'name.familyName':'New'}}`, replaced(ann, "familyName:Example", "familyName:New")},
		{"Users/1", `{'op':'add','path':'name','value':{'givenName':'New'}}`, replaced(ann, "givenName:Ann", "givenName:New")},
		{"Users/1", `{'op':'replace','path':'name','value':{'givenName':'New'}}`, replaced(ann, "familyName:Example,givenName:Ann", "givenName:New")},
		{"Users/1", `{'op':'remove','path':'name'}`, replaced(ann, "name:familyName:Example,givenName:Ann,", "")},
		{"Users/1", `{'op':'remove','path':'displayName'}`, replaced(ann, "displayName:Ann,", "")},
		{"Groups/10", `{'op':'replace','path':'displayName','value':'Renamed'}`, replaced(local, "local", "Renamed")},
		{"Groups/10", `{'op':'replace','path':'displayName','value':'LOCAL'}`, replaced(local, "local", "LOCAL")},
		// roles
		{"Groups/10", `{'op':'add','path':'roles','value':[{'value':'r1'},{'value':'account_admin'}]}`, replaced(local, "[account_admin]", "[account_admin,r1]")},
		{"Groups/10", `{'op':'add','path':'roles','value':{'value':'r1'}}`, replaced(local, "[account_admin]", "[account_admin,r1]")},
		{"Groups/10", `{'op':'replace','path':'roles','value':[{'value':'r1'}]}`, replaced(local, "[account_admin]", "[r1]")},
		{"Users/1", `{'op':'remove','path':'roles[value eq \'account_admin\']'}`, replaced(ann, "account_admin,", "")},
		{"Users/1", `{'op':'remove','path':'roles[value eq \'none\']'}`, ann},
		{"Users/1", `{'op':'remove','path':'roles'}`, replaced(ann, "roles:[account_admin,billing],", "")},
		// members
		{"Groups/10", `{'op':'add','path':'members','value':[{'value':'2'},{'value':'1'}]}`, replaced(local, "[1,20,11]", "[1,20,11,2]")},
		{"Groups/10", `{'op':'add','value':{'members':[{'value':'2'},{'value':'3'}]}}`, replaced(local, "[1,20,11]", "[1,20,11,2,3]")},
		{"Groups/10", `{'op':'remove','path':'members[value eq \'20\']'}`, replaced(local, "[1,20,11]", "[1,11]")},
		{"Groups/10", `{'op':'remove','path':'members[value eq \'4\']'}`, local},
		{"Groups/10", `{'op':'remove','path':'members[value eq \'1\' or type eq \'Group\']'}`, replaced(local, "[1,20,11]", "[20]")},
		{"Groups/10", `{'op':'remove','path':'members[value eq \'1\']'},{'op':'remove','path':'members[value eq \'11\']'},{'op':'add','path':'members','value':[{'value':'3'}]}`, replaced(local, "[1,20,11]", "[20,3]")},
		{"Groups/10", `{'op':'replace','path':'members','value':[{'value':'3'},{'value':'20'}]}`, replaced(local, "[1,20,11]", "[20,3]")},
		{"Groups/10", `{'op':'replace','path':'members','value':[]}`, replaced(local, "members:[1,20,11],", "")},
		{"Groups/10", `{'op':'remove','path':'members'}`, replaced(local, "members:[1,20,11],", "")},
		{"Groups/11", `{'op':'add','path':'members','value':[{'value':'10'}]}`, `displayName:external,externalId:ext-11,members:[1,2,10]`},
		// In order, and all or nothing.
		{"Groups/10", `{'op':'replace','path':'displayName','value':'a'},{'op':'replace','path':'displayName','value':'b'}`, replaced(local, "local", "b")},
		{"Groups/10", `{'op':'replace','path':'displayName','value':'a'},{'op':'add','path':'members','value':[{'value':'2'}]},{'op':'remove','path':'roles'},{'op':'replace','path':'shoe','value':'1'}`, "!400 invalidPath"},
		{"Groups/10", `{'op':'add','path':'members','value':[{'value':'2'},{'value':'999'}]}`, "!404 invalidValue"},
		// Refused.
		{"Groups/10", `{'op':'add','path':'members','value':'2'}`, "!400 invalidSyntax"},
		{"Groups/10", `{'op':'add','path':'members','value':['2']}`, "!400 invalidSyntax"},
		{"Groups/10", `{'op':'add','path':'members','value':[{'value':2}]}`, "!400 invalidSyntax"},
		{"Groups/10", `{'op':'add','path':'members','value':[{'display':'x'}]}`, "!400 invalidSyntax"},
		{"Groups/10", `{'op':'add','path':'members','value':null}`, "!400 invalidSyntax"},
		{"Groups/10", `{'op':'add','path':'members','value':[{'value':'10'}]}`, "!400 invalidValue"},
		{"Groups/10", `{'op':'replace','path':'members[value eq \'1\']','value':{'value':'2'}}`, "!400 mutability"},
		{"Groups/10", `{'op':'replace','path':'members[value eq \'4\']','value':{'value':'2'}}`, "!400 noTarget"},
		{"Groups/10", `{'op':'remove','path':'members[value eq \'1\'].display'}`, "!400 invalidPath"},
		{"Groups/10", `{'op':'remove','path':'members[nope eq \'1\']'}`, "!400 invalidFilter"},
		{"Groups/10", `{'op':'remove','path':'displayName'}`, "!400 invalidValue"},
		{"Groups/10", `{'op':'replace','path':'displayName','value':'EXTERNAL'}`, "!409 "},
		{"Groups/10", `{'op':'replace','path':'displayName','value':'` + strings.Repeat("x", 256) + `'}`, "!400 invalidValue"},
		{"Groups/10", `{'op':'replace','path':'externalId','value':'` + strings.Repeat("x", 65) + `'}`, "!400 invalidValue"},
		{"Groups/10", `{'op':'replace','path':'active','value':true}`, "!400 invalidPath"},
		{"Groups/10", `{'op':'replace','path':'userName','value':'x'}`, "!400 invalidPath"},
		{"Groups/13", `{'op':'add','path':'members','value':[{'value':'2'}]}`, "!403 "},
		{"Users/1", `{'op':'add','path':'members','value':[{'value':'2'}]}`, "!400 invalidPath"},
		{"Users/1", `{'op':'replace','path':'externalId','value':5}`, "!400 invalidSyntax"},
		{"Users/1", `{'op':'replace','path':'externalId'}`, "!400 invalidSyntax"},
		{"Users/1", `{'op':'replace','path':'externalId.value','value':'x'}`, "!400 invalidPath"},
		{"Users/1", `{'op':'replace','path':'externalId[value eq \'x\']','value':'x'}`, "!400 invalidPath"},
		{"Users/1", `{'op':'replace','value':'x'}`, "!400 invalidSyntax"},
		{"Users/1", `{'op':'remove'}`, "!400 noTarget"},
		{"Users/1", `{'op':'move','path':'externalId','value':'x'}`, "!400 invalidSyntax"},
		{"Users/1", `{'op':'replace','path':'id','value':'5'}`, "!400 mutability"},
		{"Users/1", `{'op':'replace','path':'groups','value':[]}`, "!400 mutability"},
		{"Users/1", `{'op':'replace','path':5,'value':'x'}`, "!400 invalidSyntax"},
		{"Users/1", ``, "!400 invalidSyntax"},
		{"ServicePrincipals/20", `{'op':'replace','path':'applicationId','value':'0b000000-0000-4000-8000-000000000020'}`, "!400 mutability"},
		{"ServicePrincipals/20", `{'op':'replace','path':'applicationId','value':'0A000000-0000-4000-8000-000000000020'}`, robot},
		{"Users/10", `{'op':'replace','path':'externalId','value':'x'}`, "!404 "},
		{"Groups/999", `{'op':'replace','path':'externalId','value':'x'}`, "!404 "},
	} {
		t.Run(fmt.Sprintf("%s %.120s", tc.path, tc.ops), func(t *testing.T) {
			t.Parallel()
			sim := startTest(t, scimAccount(), anyRole())
			before, err := sim.Server.State()
			if err != nil {
				t.Fatal(err)
			}
			body := strings.ReplaceAll(patchOps(tc.ops), `\'`, `\"`)
			got := scimCall(t, sim, "PATCH", tc.path, body)
			if refused, ok := strings.CutPrefix(tc.want, "!"); ok {
				status, scimType, _ := strings.Cut(refused, " ")
				m := scimJSON(t, got)
				if m["status"] != status || fmt.Sprint(got.status) != status || scimType != "" && m["scimType"] != scimType || m["detail"] == "" {
					t.Errorf("got %d %s, want %s", got.status, got.body, refused)
				}
				now, err := sim.Server.State()
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(before, now); diff != "" {
					t.Errorf("a refused PATCH changed the account:\n%s", diff)
				}
				return
			}
			if got.status != http.StatusOK || !strings.Contains(got.body, `"id":"`) {
				t.Fatalf("got %d %s", got.status, got.body)
			}
			if now := after(t, sim, tc.path); now != tc.want {
				t.Errorf("got  %s\nwant %s", now, tc.want)
			}
		})
	}
}

func TestSCIMPatch_malformed(t *testing.T) {
	t.Parallel()
	sim := startTest(t, scimAccount(), anyRole())
	op := "'Operations':[{'op':'replace','path':'active','value':true}]"
	for _, body := range []string{
		"", "{", "[]", "null", "'x'", "{" + op + "}", "{'schemas':[],'Operations':[]}", "{'schemas':['urn:x']," + op + "}",
		"{'schemas':['" + patchSchema + "']}", "{'schemas':['" + patchSchema + "'],'Operations':{}}",
	} {
		got := scimCall(t, sim, "PATCH", "Users/1", body)
		if m := scimJSON(t, got); got.status != 400 || m["scimType"] != "invalidSyntax" ||
			!strings.HasPrefix(fmt.Sprint(m["detail"]), "Request is unparsable, syntactically incorrect, or violates schema.") {
			t.Errorf("%s: %d %s", body, got.status, got.body)
		}
	}
	for _, body := range []string{"{'SCHEMAS':['" + strings.ToUpper(patchSchema) + "'],'operations':[{'OP':'replace','Path':'active','VALUE':true}]}"} {
		if got := scimCall(t, sim, "PATCH", "Users/1", body); got.status != 200 {
			t.Errorf("%s: %d %s", body, got.status, got.body)
		}
	}
}

// TestSCIM_switches has one row per word of the assumptions.
func TestSCIM_switches(t *testing.T) {
	t.Parallel()
	patch := func(path, ops string) [3]string { return [3]string{"PATCH", path, patchOps(ops)} }
	rename := `{'op':'replace','path':'displayName','value':'renamed'}`
	addMember := `{'op':'add','path':'members','value':[{'value':'4'}]}`
	for _, tc := range []struct {
		name    string
		a       SCIMAssumptions
		aim     bool
		request [3]string
		status  int
		in      string // part of the answer
		look    string // path to GET afterwards
		see     string // what it holds
	}{
		{"clear refused", SCIMAssumptions{ClearExternalID: "refused"}, false, patch("Users/1", `{'op':'replace','path':'externalId','value':''}`), 400, "cannot be cleared", "Users/1", `"ext-1"`},
		{"clear accepted", SCIMAssumptions{ClearExternalID: "accepted"}, false, patch("ServicePrincipals/20", `{'op':'remove','path':'externalId'}`), 200, "robot", "ServicePrincipals/20", `!"ext-20"`},
		{"collision refused", SCIMAssumptions{ExternalIDCollision: "refused"}, false, patch("Users/2", `{'op':'replace','path':'externalId','value':'EXT-20'}`), 409, "already used by ServicePrincipal 20", "Users/2", `!EXT-20`},
		{"own id is no collision", SCIMAssumptions{ExternalIDCollision: "refused"}, false, patch("Users/1", `{'op':'replace','path':'externalId','value':'ext-1'}`), 200, "ext-1", "Users/1", `"ext-1"`},
		{"collision on create", SCIMAssumptions{ExternalIDCollision: "refused"}, false, [3]string{"POST", "Users", `{'userName':'n@example.com','externalId':'ext-11'}`}, 409, "Group 11", "Users", `"totalResults":4`},
		{"duplicate accepted on create", SCIMAssumptions{}, false, [3]string{"POST", "Users", `{'userName':'n@example.com','externalId':'ext-11'}`}, 201, "ext-11", "Users", `"totalResults":5`},
		{"cycle accepted", SCIMAssumptions{}, false, patch("Groups/11", `{'op':'add','path':'members','value':[{'value':'10'}]}`), 200, `"value":"10"`, "Groups/11", `"value":"10"`},
		{"cycle refused", SCIMAssumptions{NestingCycles: "refused"}, false, patch("Groups/11", `{'op':'add','path':'members','value':[{'value':'10'}]}`), 400, "cycle", "Groups/11", `!"value":"10"`},
		{"nesting without a cycle", SCIMAssumptions{NestingCycles: "refused"}, false, patch("Groups/10", `{'op':'add','path':'members','value':[{'value':'12'}]}`), 200, `"12"`, "Groups/10", `"12"`},
		{"AIM: name of an external group", SCIMAssumptions{}, true, patch("Groups/11", rename), 500, "Error in performing the patch operation on group resource", "Groups/11", "!renamed"},
		{"AIM: member of an external group", SCIMAssumptions{}, true, patch("Groups/11", addMember), 500, "InternalError", "Groups/11", `!"value":"4"`},
		{"AIM: forbidden", SCIMAssumptions{ExternalGroupPatch: "forbidden"}, true, patch("Groups/11", `{'op':'remove','path':'members[value eq \'1\']'}`), 403, "managed by the identity provider", "Groups/11", `"value":"1"`},
		{"AIM: ignored", SCIMAssumptions{ExternalGroupPatch: "ignored", UnknownRoles: "accepted"}, true, patch("Groups/11", rename+","+addMember+`,{'op':'add','path':'roles','value':[{'value':'r'}]}`), 200, `"external"`, "Groups/11?attributes=displayName,roles,members.value", `"displayName":"external","id":"11","members":[{"value":"1"}],"roles":[{"value":"r"}]`},
		{"AIM: externalId of an external group", SCIMAssumptions{}, true, patch("Groups/11", `{'op':'replace','path':'externalId','value':'other'}`), 200, "other", "Groups/11", "other"},
		{"AIM: local group", SCIMAssumptions{}, true, patch("Groups/10", rename+","+addMember), 200, "renamed", "Groups/10", `"value":"4"`},
		{"AIM: hidden member stays", SCIMAssumptions{ExternalGroupPatch: "ignored"}, true, patch("Groups/11", `{'op':'remove','path':'members[value eq \'2\']'}`), 200, "external", "Groups/11", "external"},
		{"AIM: fields of a linked user", SCIMAssumptions{}, true, patch("Users/1", rename+`,{'op':'replace','path':'active','value':false},{'op':'replace','path':'name.givenName','value':'renamed'}`), 200, "Ann", "Users/1", "!renamed"},
		{"AIM: fields of a local user", SCIMAssumptions{}, true, patch("Users/2", rename), 200, "renamed", "Users/2", "renamed"},
		{"AIM off: external group", SCIMAssumptions{}, false, patch("Groups/11", rename), 200, "renamed", "Groups/11", "renamed"},
		{"204", SCIMAssumptions{PatchReply: "no_content"}, false, patch("Users/2", rename), 204, "", "Users/2", "renamed"},
		{"remove with a value", SCIMAssumptions{}, false, patch("Groups/10", `{'op':'remove','path':'members','value':[{'value':'1'}]}`), 400, `Unrecognized field \"value\"`, "Groups/10", `"value":"1"`},
		{"remove with null", SCIMAssumptions{}, false, patch("Groups/10", `{'op':'remove','path':'members[value eq \'1\']','value':null}`), 400, "Unrecognized field", "Groups/10", `"value":"1"`},
		{"remove with a value, ignored", SCIMAssumptions{RemoveWithValue: "ignored"}, false, patch("Groups/10", `{'op':'remove','path':'members','value':[{'value':'1'}]}`), 200, "local", "Groups/10", `!"members"`},
		{"member types", SCIMAssumptions{MemberType: "returned"}, false, [3]string{"GET", "Groups/10", ""}, 200, `"type":"ServicePrincipal"`, "Users", ""},
		{"meta of groups", SCIMAssumptions{GroupMeta: "returned"}, false, [3]string{"GET", "Groups/10", ""}, 200, `"resourceType":"Group"`, "Users", ""},
		{"an empty page", SCIMAssumptions{EmptyResources: "returned"}, false, [3]string{"GET", "Users?startIndex=9", ""}, 200, `"Resources":[]`, "Users", ""},
		{"a new user", SCIMAssumptions{}, false, [3]string{"POST", "Users", `{'userName':'New.Ü@Example.com'}`}, 201, `"userName":"new.ü@example.com"`, "Users", "new.ü@example.com"},
		{"a new user, kept", SCIMAssumptions{UserNameCase: "kept"}, false, [3]string{"POST", "Users", `{'userName':'New@Example.com'}`}, 201, `"userName":"New@Example.com"`, "Users", "New@Example.com"},
		{"a reserved name", SCIMAssumptions{}, false, [3]string{"POST", "Groups", `{'displayName':'Admins'}`}, 409, "Group with name Admins already exists.", "Groups", `!Admins`},
		{"renamed to a reserved name", SCIMAssumptions{}, false, patch("Groups/10", `{'op':'replace','path':'displayName','value':'users'}`), 409, "Group with name users already exists.", "Groups/10", "local"},
		{"a reserved name, accepted", SCIMAssumptions{ReservedGroupNames: "accepted"}, false, [3]string{"POST", "Groups", `{'displayName':'users'}`}, 201, "users", "Groups", `users`},
		{"an unknown role", SCIMAssumptions{}, false, patch("Users/2", `{'op':'add','path':'roles','value':[{'value':'account_admn'}]}`), 400, "Role account_admn does not exist", "Users/2", "!account_admn"},
		{"an unknown role on create", SCIMAssumptions{}, false, [3]string{"POST", "Users", `{'userName':'new@example.com','roles':[{'value':'root'}]}`}, 400, "Role root does not exist", "Users", "!new@example.com"},
		{"an unknown role, accepted", SCIMAssumptions{UnknownRoles: "accepted"}, false, patch("Users/2", `{'op':'add','path':'roles','value':[{'value':'billing'}]}`), 200, "billing", "Users/2", "billing"},
		{"without schemas", SCIMAssumptions{PatchSchemas: "optional"}, false, [3]string{"PATCH", "Users/2", `{'Operations':[` + rename + `]}`}, 200, "renamed", "Users/2", "renamed"},
		{"unknown member", SCIMAssumptions{UnknownMember: "bad_request"}, false, patch("Groups/10", `{'op':'add','path':'members','value':[{'value':'999'}]}`), 400, "Member with id 999 not found", "Groups/10", "local"},
		{"remove listed members", SCIMAssumptions{RemoveWithValue: "listed"}, false, patch("Groups/10", `{'op':'Remove','path':'members','value':[{'value':'1'},{'value':'4'}]}`), 200, "local", "Groups/10?attributes=members.value", `"members":[{"value":"20"},{"value":"11"}]`},
		{"remove listed roles", SCIMAssumptions{RemoveWithValue: "listed"}, false, patch("Users/1", `{'op':'Remove','path':'roles','value':[{'value':'billing'}]}`), 200, "account_admin", "Users/1", `!billing`},
		{"filter evaluated", SCIMAssumptions{ExternalIDFilter: "evaluated"}, false, [3]string{"GET", "Users?filter=externalId+eq+%22ext-1%22", ""}, 200, `"totalResults":1`, "Users", ""},
		{"filter refused", SCIMAssumptions{ExternalIDFilter: "refused"}, false, [3]string{"GET", "Groups?filter=externalId+eq+%22ext-1%22", ""}, 400, "invalidFilter", "Users", ""},
		{"exact displayName", SCIMAssumptions{DisplayNameCase: "exact"}, false, [3]string{"GET", "Groups?filter=displayName+eq+%22LOCAL%22", ""}, 200, `"totalResults":0`, "Users", ""},
		{"rfc filters", SCIMAssumptions{FilterOperators: "rfc"}, false, [3]string{"GET", "Users?filter=displayName+pr", ""}, 200, `"totalResults":2`, "Users", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			sim := startTest(t, scimAccount(), Options{AIM: tc.aim, Assumed: Assumed{SCIM: tc.a}})
			got := scimCall(t, sim, tc.request[0], tc.request[1], strings.ReplaceAll(tc.request[2], `\'`, `\"`))
			if got.status != tc.status || !strings.Contains(got.body, tc.in) {
				t.Errorf("%d %s, want %d with %q", got.status, got.body, tc.status, tc.in)
			}
			look := scimCall(t, sim, "GET", tc.look, "").body
			if absent, ok := strings.CutPrefix(tc.see, "!"); ok == strings.Contains(look, absent) && tc.see != "" {
				t.Errorf("afterwards %s, want %s", look, tc.see)
			}
		})
	}
	if _, err := New(State{}, Options{Assumed: Assumed{SCIM: SCIMAssumptions{PatchReply: "maybe"}}}); err == nil ||
		!strings.Contains(err.Error(), "scim.patch_reply") || !strings.Contains(err.Error(), "no_content") {
		t.Errorf("an unknown word: %v", err)
	}
}
