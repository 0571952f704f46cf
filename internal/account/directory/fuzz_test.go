// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/databricks/databricks-sdk-go/config"
	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/judge"
)

// FuzzMatchReply: whatever matchWithIdp answers is judged as the prep script
// judges it, or refused. scripted is the script by its contract alone.
func FuzzMatchReply(f *testing.F) {
	for _, seed := range []string{
		`{"databricks_user":{"internal_id":1,"external_id":"x","username":"a"},"idp_match_by_external_id":{"username":"a"},"idp_match_by_username":{"external_id":"x"}}`,
		`{"databricks_user":{"internal_id":"1","external_id":null,"username":"a"},"idp_match_by_external_id":{},"idp_match_by_username":{"external_id":"y"}}`,
		`{"databricks_user":{"internal_id":1,"external_id":"x","username":"a"},"idp_match_by_external_id":{"username":null}}`,
		`{"databricks_group":{"internal_id":1,"external_id":"x","group_name":"g"},"idp_matches_by_group_name":[{"external_id":"y"},{"external_id":""}],` +
			`"local_members_not_in_idp":[{"principal_id":5}],"external_members_not_in_idp":[{"principal_id":"6"},{}]}`,
		`{"databricks_service_principal":{"internal_id":1,"external_id":"","application_id":"p"},"idp_match_by_app_id":{"external_id":"z"}}`,
		`{}`, `null`, `[]`, `{"databricks_user":null}`, `{"databricks_user":{"internal_id":2,"username":"b"}}`,
	} {
		for _, t := range audit.PrincipalTypes() {
			f.Add([]byte(seed), string(t))
		}
	}
	f.Fuzz(func(t *testing.T, body []byte, kind string) {
		p := audit.Principal{Ref: audit.Ref{Type: audit.PrincipalType(kind), ID: "1"}, Name: "a", ExternalID: "listed"}
		var reply matchReply
		if p.Type.Order() > 2 || json.Unmarshal(body, &reply) != nil {
			return
		}
		m, err := reply.toAudit(p)
		if err != nil {
			return
		}
		if m.Principal.Ref != p.Ref || m.Principal.Name == "" || (m.Members != nil) != (p.Type == audit.TypeGroup) {
			t.Fatalf("%s became %+v", body, m)
		}
		want, plain := scripted(body, p.Type)
		if !plain {
			return
		}
		report := judge.Divergences(judge.Input{Matches: []audit.Match{m}}, judge.Options{IDP: audit.Capabilities{NestingSettled: true}})
		var got []string
		for _, u := range report.Users {
			got = u.ErrorCategories
		}
		for _, g := range report.Groups {
			got = g.ErrorCategories
		}
		for _, s := range report.ServicePrincipals {
			got = s.ErrorCategories
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s (-script +got): %s", body, diff)
		}
	})
}

// scripted are the categories of docs/reference/prep-script-contract.md 3 and 4, over
// an answer without a schema; false where it is not of the shape that the script
// takes (it would abort), or where it names no principal.
func scripted(body []byte, kind audit.PrincipalType) (categories []string, plain bool) {
	type object = map[string]any
	var root object
	if json.Unmarshal(body, &root) != nil || hasOddKeys(root) {
		return nil, false
	}
	self, name, byName := "databricks_user", "username", "idp_match_by_username"
	switch kind {
	case audit.TypeGroup:
		self, name, byName = "databricks_group", "group_name", "idp_matches_by_group_name"
	case audit.TypeServicePrincipal:
		self, name, byName = "databricks_service_principal", "application_id", "idp_match_by_app_id"
	default: // Users, as above.
	}
	plain = true
	get := func(o object, key string) string { // null and missing compare as blank
		switch v := o[key].(type) {
		case nil:
		case string:
			return v
		default:
			plain = false
		}
		return ""
	}
	one := func(key string) object {
		o, ok := root[key].(object)
		plain = plain && (ok || root[key] == nil)
		return o
	}
	many := func(key string) (out []object) {
		list, ok := root[key].([]any)
		plain = plain && (ok || root[key] == nil)
		for _, item := range list {
			o, ok := item.(object)
			plain = plain && ok
			out = append(out, o)
		}
		return out
	}
	me := one(self)
	externalID, ownName := get(me, "external_id"), get(me, name)
	plain = plain && ownName != ""
	switch linked := one("idp_match_by_external_id"); {
	case len(linked) > 0 && get(linked, name) != ownName:
		categories = append(categories, "EXTERNAL_ID_MATCH_NAME_MISMATCH")
	case len(linked) == 0 && externalID != "":
		categories = append(categories, "EXTERNAL_ID_NOT_IN_IDP")
	}
	var named []object
	if kind == audit.TypeGroup {
		named = many(byName)
	} else {
		named = []object{one(byName)}
	}
	points, same := false, false
	for _, o := range named {
		id := get(o, "external_id")
		points = points || id != ""
		same = same || id != "" && id == externalID
	}
	if points && !same {
		categories = append(categories, "NAME_MATCH_EXTERNAL_ID_MISMATCH")
	}
	if kind == audit.TypeGroup {
		if len(many("local_members_not_in_idp")) > 0 {
			categories = append(categories, "GROUP_HAS_LOCAL_MEMBERS_WITHOUT_EXTERNAL_ID")
		}
		if len(many("external_members_not_in_idp")) > 0 {
			categories = append(categories, "GROUP_HAS_LOCAL_MEMBERS_WITH_EXTERNAL_ID")
		}
	}
	return categories, plain
}

// hasOddKeys tells keys that encoding/json takes for others, in another case,
// which Python does not.
func hasOddKeys(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			if key != strings.ToLower(key) || hasOddKeys(inner) || strings.ContainsFunc(key, func(r rune) bool { return r > 0x7f }) {
				return true
			}
		}
	case []any:
		for _, inner := range v {
			if hasOddKeys(inner) {
				return true
			}
		}
	}
	return false
}

// FuzzPrincipalRows: a row of account SCIM or IAM v2 is a principal of the type
// that was asked for, with id and name, or refused.
func FuzzPrincipalRows(f *testing.F) {
	for _, seed := range []string{
		`{"totalResults":2,"Resources":[{"id":"1","userName":"a","externalId":"x","active":true},{"id":2,"displayName":"g","members":[{"value":"1","$ref":"Users/1"}]}]}`,
		`{"totalResults":-1,"Resources":null}`, `{"Resources":[{}]}`, `{"Resources":[{"id":"7","applicationId":"p","displayName":"job","active":null}]}`,
		`{"users":[{"user_id":1,"username":"a","external_id":"x","account_user_status":"ACTIVE","full_name":{"given_name":"A"}}],"next_page_token":"t"}`,
		`{"users":[{"group_id":"1","group_name":"g"},{"service_principal_id":"1","application_id":"p","account_sp_status":"INACTIVE"}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var scim SCIMListReply
		var iam principalPage
		_, _ = json.Unmarshal(body, &scim), json.Unmarshal(body, &iam)
		for _, kind := range audit.PrincipalTypes() {
			check := func(p audit.Principal, err error) {
				switch {
				case err == nil && (p.ID == "" || p.Name == "" || p.Type != kind || kind == audit.TypeGroup && p.Active != nil):
					t.Fatalf("%s: taken as %+v", body, p)
				case err != nil && p.ID != "" && p.Name != "":
					t.Fatalf("%s: refused: %v", body, err)
				}
			}
			for i := range scim.Resources {
				check(scim.Resources[i].toAudit(kind))
				for _, m := range scim.Resources[i].Members {
					if got := m.PrincipalType(); got != "" && got.Order() > 2 {
						t.Fatalf("a member of the type %q", got)
					}
				}
			}
			for i := range iam.Users {
				check(iam.Users[i].ToAudit(kind))
			}
		}
	})
}

// FuzzListPage: of whatever is answered in place of a page, either every entry is a
// principal with id and name and the list is named, or it is refused. Nothing that is
// not a list is an empty one.
func FuzzListPage(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"users":[]}`, `{"users":null}`, `{"users":[null]}`, `{"users":[{"user_id":"1","username":"a"}],"next_page_token":null}`,
		`{"users":[{"user_id":1,"username":"a"}],"next_page_token":""}`, `{"items":[]}`, `{"error":"no"}`, `{"users":[],"error":{"code":1}}`,
		`{"totalResults":0}`, `{"Resources":[]}`, `{"Resources":[{"id":"1","userName":"a"}],"totalResults":1}`, `{"totalResults":"0"}`,
		`[]`, `null`, `<html>`, "{\"users\":[],\"x\":\"\xff\"}", `{"users":[],"x":"\ud800"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := api.New(t.Context(), api.Config{
			IdentityAPI: api.IdentityIAMv2, RetryBudget: time.Nanosecond, FirstContact: time.Nanosecond,
			SDK: &config.Config{
				Host: "https://accounts.cloud.databricks.com", AccountID: "00000000-0000-4000-8000-000000000001", Token: "t",
				HTTPTransport: constant(body), Loaders: []config.Loader{nothing{}},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		d := New(a)
		var keys map[string]json.RawMessage
		isObject := json.Unmarshal(body, &keys) == nil && keys != nil
		named := func(want string) bool {
			for key := range keys {
				if strings.EqualFold(key, want) {
					return true
				}
			}
			return false
		}
		for _, kind := range audit.PrincipalTypes() {
			key := strings.ReplaceAll(Plural(kind), " ", "_")
			all, shown, err := d.listIAMv2(t.Context(), kind, nil)
			if err == nil && (!isObject || shown && !named(key) || !shown && len(keys) > 0 && !named(key) && !named("next_page_token")) {
				t.Fatalf("%q is taken for a list of %s: %v", body, key, all)
			}
			list, err := d.listSCIM(t.Context(), kind)
			if err == nil && (!isObject || !named("totalResults") && !named("Resources") || len(list) == 0 && !named("totalResults")) {
				t.Fatalf("%q is taken for a list of SCIM: %v", body, list)
			}
			for _, p := range append(all, list...) {
				if p.ID == "" || p.Name == "" {
					t.Fatalf("%q has the principal %+v", body, p)
				}
			}
		}
	})
}

// nothing keeps environment and profiles of the machine out.
type nothing struct{}

func (nothing) Name() string                   { return "nothing" }
func (nothing) Configure(*config.Config) error { return nil }

// constant answers everything alike.
type constant []byte

func (c constant) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(c)), ContentLength: int64(len(c)), Request: r}, nil
}
