// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package okta

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// FuzzOktaFilter: any text is a filter or refused with a reason, never both; a
// filter in parentheses means the same.
func FuzzOktaFilter(f *testing.F) {
	for _, seed := range []string{
		`status eq "ACTIVE"`, `profile.login sw "a" or (id pr and status ne "x")`, `((`, `"`, `id eq "\`, `id eq "\""`,
	} {
		f.Add(seed)
	}
	body := map[string]any{"id": "00u1", "status": "ACTIVE", "profile": map[string]any{"login": "a@example.com", "email": nil}}
	f.Fuzz(func(t *testing.T, expr string) {
		parse := func(expr string) (func(map[string]any) bool, string) {
			p := &oktaParser{attributes: userSearchAttributes, operators: []string{"eq", "sw", "ne", "pr", "co"}}
			return p.parse(expr)
		}
		match, why := parse(expr)
		if (match == nil) == (why == "") {
			t.Fatalf("%q: neither filter nor reason, or both: %q", expr, why)
		}
		if match == nil {
			return
		}
		same, why := parse("(" + expr + ")")
		if why != "" || same(body) != match(body) {
			t.Fatalf("%q in parentheses is another filter: %s", expr, why)
		}
	})
}

// FuzzCursor: a cursor that is taken is a position that we could have given.
func FuzzCursor(f *testing.F) {
	for _, seed := range []string{"", "x", oktaCursor(9), oktaCursor(-1)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		r := httptest.NewRequest(http.MethodGet, "/okta/api/v1/users", nil)
		query := r.URL.Query()
		query.Set("after", token)
		r.URL.RawQuery = query.Encode()
		if n, fail := (&oktaCall{r: r}).after(); fail == nil && n < 0 || fail != nil && fail.status != http.StatusBadRequest {
			t.Fatalf("cursor %q: %d, %+v", token, n, fail)
		}
	})
}
