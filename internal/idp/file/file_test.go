// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package file

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/idptest"
)

// someID is an id as Entra ID has them.
const someID = "aaaaaaaa-0000-4000-8000-000000000001"

func writeFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "directory.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFileMatch(t *testing.T) {
	t.Parallel()
	path := writeFile(t, "\xef\xbb\xbf"+`{
  "version": 1,
  "users": [
    {"id": "u1", "user_name": "a@example.com", "mail": "first@example.com", "enabled": false, "guest": false},
    {"id": "u2", "user_name": "b_example.org#EXT#@example.com", "mail": "b@example.org", "guest": true, "display_name": null},
    {"id": "u3", "user_name": "c@example.com", "deleted": true}
  ],
  "groups": [
    {"id": "g1", "display_name": "team", "members": ["u1", "u3", "g2"]},
    {"id": "g2", "display_name": "sub", "members": ["u2"]},
    {"id": "g3", "display_name": "dark"}
  ],
  "service_principals": [{"id": "s1", "application_id": "app1", "enabled": true, "home_tenant": "t2"}]
}`)
	group := func(id, externalID string) audit.Principal {
		return audit.Principal{Ref: audit.Ref{Type: audit.TypeGroup, ID: id}, Name: externalID, ExternalID: externalID}
	}
	req := idp.Request{
		Principals: []audit.Principal{
			idptest.Principal(audit.TypeUser, "A@example.com", "u1"), group("11", "g1"), group("13", "g3"), group("14", "g2"),
			idptest.Principal(audit.TypeServicePrincipal, "APP1", "u2"),
		},
		Members: func(_ context.Context, id string) ([]audit.Member, error) {
			if id != "11" && id != "13" {
				return nil, nil
			}
			var out []audit.Member
			for i, external := range []string{"u1", "u2", "u3", "nobody"} {
				out = append(out, audit.Member{Ref: audit.Ref{Type: audit.TypeUser, ID: string(rune('1' + i))}, ExternalID: external})
			}
			return out, nil
		},
	}
	got, err := New(path).Match(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	no, yes := false, true
	u1 := audit.Identity{Type: audit.TypeUser, ExternalID: "u1", Names: []string{"a@example.com"}, Enabled: &no, Guest: &no}
	u2 := audit.Identity{Type: audit.TypeUser, ExternalID: "u2", Names: []string{"b@example.org", "b_example.org#EXT#@example.com"}, Guest: &yes}
	s1 := audit.Identity{Type: audit.TypeServicePrincipal, ExternalID: "s1", Names: []string{"app1"}, Enabled: &yes, HomeTenant: "t2"}
	if diff := cmp.Diff(&u1, got.Matches[0].ByExternalID); diff != "" {
		t.Error(diff)
	}
	var external []string
	for _, m := range got.Matches[1].Members.External {
		external = append(external, m.ExternalID)
	}
	if diff := cmp.Diff([]string{"u3", "nobody"}, external); diff != "" {
		t.Error("a deleted member confirms nothing:", diff)
	}
	if m := got.Matches[2].Members; !strings.Contains(m.Unknown, "no members for group g3") {
		t.Errorf("%+v", m)
	}
	if diff := cmp.Diff(&audit.MemberMatch{}, got.Matches[3].Members); diff != "" {
		t.Error(diff)
	}
	want := audit.Match{Principal: req.Principals[4], ByExternalIDOtherType: &u2, ByName: []audit.Identity{s1}}
	if diff := cmp.Diff(want, got.Matches[4]); diff != "" {
		t.Error(diff)
	}
	if len(got.Failures) != 1 || got.Failures[0].ID != "13" || got.Failures[0].Call != directory.CallIDPMembers {
		t.Errorf("%+v", got.Failures)
	}
}

// A list that is left out was not exported; its members are still compared.
func TestFileMatch_missingList(t *testing.T) {
	t.Parallel()
	path := writeFile(t, `{"version":1,"users":[],"groups":[{"id":"g1","display_name":"g","members":["s1"]}]}`)
	got, err := New(path).Match(t.Context(), idp.Request{
		Principals: []audit.Principal{
			{Ref: audit.Ref{Type: audit.TypeGroup, ID: "1"}, Name: "g", ExternalID: "g1"},
			idptest.Principal(audit.TypeServicePrincipal, "app", "s1"),
		},
		Members: func(context.Context, string) ([]audit.Member, error) {
			return []audit.Member{{Ref: audit.Ref{Type: audit.TypeServicePrincipal, ID: "2"}, ExternalID: "s1"}}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&audit.MemberMatch{}, got.Matches[0].Members); diff != "" {
		t.Error(diff)
	}
	if got.Matches[1].Unknown == "" || len(got.Failures) != 1 || got.Failures[0].Type != audit.TypeServicePrincipal {
		t.Errorf("%+v", got)
	}
}

func TestParseFile_errors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ text, want string }{
		"empty":            {``, `line 1, column 1: it ends too early`},
		"no JSON":          {"{\n  \"version\": 1,,", `line 2, column 16: it is not JSON`},
		"cut off":          {`{"version": 1, "users": [`, `it ends too early`},
		"list":             {`[]`, `the document is an object with the keys version, users, groups, service_principals`},
		"no version":       {`{"users": []}`, `the key "version" is missing`},
		"other version":    {`{"version": 2}`, `version is 2; this provider reads version 1`},
		"unknown key":      {"{\"version\": 1,\n \"user\": []}", `line 2, column 3: the key "user" is not known`},
		"key twice":        {`{"version":1,"users":[],"users":[]}`, `the key "users" is there twice`},
		"null list":        {`{"version":1,"users":null}`, `users is a list`},
		"unknown user key": {"{\"version\":1,\"users\":[{\"id\":\"1\",\"user_name\":\"é\"},\n {\"id\":\"2\",\n  \"upn\":\"b\"}]}", `line 3, column 3: users[1]: the key "upn" is not known`},
		"wrong type":       {`{"version":1,"users":[{"id":1}]}`, `users[0]: id is a number, but must be a string`},
		"wrong bool":       {`{"version":1,"users":[{"id":"1","enabled":"yes"}]}`, `enabled is a string, but must be true or false`},
		"members text":     {`{"version":1,"groups":[{"id":"1","members":"u1"}]}`, `members is a string, but must be a list of ids`},
		"no object":        {`{"version":1,"users":["u1"]}`, `users[0] is not an object`},
		"blank id":         {`{"version":1,"users":[{"id":" ","user_name":"a"}]}`, `users[0]: id is missing or blank`},
		"no user name":     {`{"version":1,"users":[{"id":"1"}]}`, `users[0]: user_name is missing or blank`},
		"no group name":    {`{"version":1,"groups":[{"id":"1"}]}`, `groups[0]: display_name is missing or blank`},
		"no app id":        {`{"version":1,"service_principals":[{"id":"1"}]}`, `application_id is missing or blank`},
		"id twice":         {"{\"version\":1,\"users\":[{\"id\":\"" + someID + "\",\"user_name\":\"a\"}],\n\"groups\":[{\"id\":\"" + strings.ToUpper(someID) + "\",\"display_name\":\"g\"}]}", `that of the object at line 1, column 23 too`},
		"key in capitals":  {`{"version":1,"users":[{"ID":"1","user_name":"a"}]}`, `line 1, column 24: users[0]: the key "ID" is not known`},
		"key twice inside": {`{"version":1,"users":[{"id":"1","user_name":"\\\"}{,a","enabled":true,"enabled":null}]}`, `column 71: users[0]: the key "enabled" is there twice`},
		"key in disguise":  {`{"version":1,"users":[{"id":"1","user_name":"a","i\u0064":"2"}]}`, `users[0]: the key "id" is there twice`},
		"null member":      {`{"version":1,"groups":[{"id":"1","display_name":"g","members":["u1",null]}]}`, `groups[0]: members[1] is blank`},
		"blank member":     {`{"version":1,"groups":[{"id":"1","display_name":"g","members":[" "]}]}`, `groups[0]: members[0] is blank`},
		"trailing":         {`{"version":1} {}`, `there is something after the end`},
		"not UTF-8":        {"{\"version\":1,\"\xff\":1}", `it is not UTF-8`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := New(writeFile(t, tt.text)).Match(t.Context(), idp.Request{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want ..%s..", err, tt.want)
			}
		})
	}
	if _, err := New(filepath.Join(t.TempDir(), "none.json")).Match(t.Context(), idp.Request{}); err == nil || !strings.Contains(err.Error(), "idp.file") {
		t.Errorf("a missing file: %v", err)
	}
}

// What a member is that the file does not describe, and whom it holds, is not known:
// then no one is known to be missing, at any depth.
func TestFileMatch_undescribedMember(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		file    string
		members []string
		mode    idp.Membership
		want    audit.MemberMatch
	}{
		"of the group": {
			`"users":[{"id":"u1","user_name":"a"},{"id":"u2","user_name":"b"}],"groups":[{"id":"g1","display_name":"g","members":["u1","lost"]}]`,
			[]string{"u1", "u2"}, idp.MembershipTransitive,
			audit.MemberMatch{Unknown: "group g1 of the file has the member lost, which the file does not describe, so that it is not known what it is and whom it holds; export it too"},
		},
		"of a nested group": {
			`"users":[{"id":"u2","user_name":"b"}],"groups":[{"id":"g1","display_name":"g","members":["g2"]},{"id":"g2","display_name":"h","members":["lost"]}]`,
			[]string{"u2"}, idp.MembershipTransitive,
			audit.MemberMatch{Unknown: "group g2 of the file has the member lost, which the file does not describe, so that it is not known what it is and whom it holds; export it too"},
		},
		"users were not exported": {
			`"groups":[{"id":"g1","display_name":"g","members":["u1"]}]`, []string{"u2"}, idp.MembershipTransitive,
			audit.MemberMatch{Unknown: "group g1 of the file has the member u1, which the file does not describe, so that it is not known what it is and whom it holds; export it too"},
		},
		"a member without externalId": {
			`"users":[],"groups":[{"id":"g1","display_name":"g","members":["lost"]}]`, []string{""}, idp.MembershipTransitive,
			audit.MemberMatch{Unknown: "group g1 of the file has the member lost, which the file does not describe, so that it is not known what it is and whom it holds; export it too"},
		},
		"every member is there": {
			`"users":[{"id":"u1","user_name":"a"}],"groups":[{"id":"g1","display_name":"g","members":["u1","lost"]}]`,
			[]string{"u1", "lost"}, idp.MembershipTransitive, audit.MemberMatch{},
		},
		"direct ones are known": {
			`"users":[{"id":"u2","user_name":"b"}],"groups":[{"id":"g1","display_name":"g","members":["lost"]}]`, []string{"u2"}, idp.MembershipDirect,
			audit.MemberMatch{External: []audit.MemberRef{{Ref: audit.Ref{Type: audit.TypeUser, ID: "20"}, ExternalID: "u2"}}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := writeFile(t, `{"version":1,"service_principals":[],`+tt.file+`}`)
			got, err := New(path).Match(t.Context(), idp.Request{
				Principals: []audit.Principal{idptest.Principal(audit.TypeGroup, "g", "g1")}, Membership: tt.mode,
				Members: func(context.Context, string) (out []audit.Member, err error) {
					for i, id := range tt.members {
						out = append(out, idptest.Member(audit.TypeUser, string(rune('2'+i))+"0", id))
					}
					return out, nil
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&tt.want, got.Matches[0].Members); diff != "" {
				t.Error(diff)
			}
			if unknown := tt.want.Unknown != ""; unknown != (len(got.Failures) == 1 && strings.Contains(got.Failures[0].Reason, "the member")) {
				t.Errorf("failures %+v", got.Failures)
			}
		})
	}
}

// A directory of 100,000 users of one name, a group of 100,000 members and a chain of
// 50,000 groups are read and matched at once; the end of the context ends it.
func TestFileMatch_large(t *testing.T) {
	t.Parallel()
	const many, deep = 100_000, 50_000
	var doc strings.Builder
	doc.WriteString(`{"version":1,"service_principals":[],"users":[`)
	for i := range many {
		fmt.Fprintf(&doc, `{"id":"u%d","user_name":"a"},`, i)
	}
	doc.WriteString(`{"id":"u","user_name":"b"}],"groups":[{"id":"g","display_name":"g","members":["c0"`)
	for i := range many {
		fmt.Fprintf(&doc, `,"u%d"`, i)
	}
	doc.WriteString(`]}`)
	for i := range deep {
		fmt.Fprintf(&doc, `,{"id":"c%d","display_name":"c","members":["c%d"]}`, i, i+1)
	}
	fmt.Fprintf(&doc, `,{"id":"c%d","display_name":"c","members":["u"]}]}`, deep)
	path := writeFile(t, doc.String())
	req := idp.Request{
		Principals: []audit.Principal{idptest.Principal(audit.TypeUser, "a", ""), idptest.Principal(audit.TypeGroup, "g", "g")},
		Members: func(context.Context, string) ([]audit.Member, error) {
			return []audit.Member{idptest.Member(audit.TypeUser, "2", "u"), idptest.Member(audit.TypeUser, "3", "gone")}, nil
		},
	}
	began := time.Now()
	got, err := New(path).Match(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("took %s", took)
	}
	if n, left := len(got.Matches[0].ByName), got.Matches[1].Members.External; n != many || len(left) != 1 || left[0].ExternalID != "gone" {
		t.Errorf("%d of the name, left %+v", n, left)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := New(path).Match(ctx, req); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
