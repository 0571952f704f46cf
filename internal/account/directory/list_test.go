// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/databricks/databricks-sdk-go/config"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
)

// TestInventory_oddSCIMServers has servers that the simulator does not play.
// Each lists users; groups and service principals are empty.
func TestInventory_oddSCIMServers(t *testing.T) {
	t.Parallel()
	entries := func(from, to int) string {
		var out []string
		for i := from; i <= to; i++ {
			out = append(out, fmt.Sprintf(`{"id":"%d","userName":"u%d@example.com"}`, i, i))
		}
		return `"Resources":[` + strings.Join(out, ",") + `]`
	}
	tests := map[string]struct {
		page  func(start int) string
		users int
		hole  string
	}{
		"fewer than announced": {
			page: func(start int) string {
				if start > 2 {
					return `{"totalResults":3}`
				}
				return `{"totalResults":3,` + entries(start, 2) + `}`
			}, users: 2, hole: "2 different entries came, 3 were announced",
		},
		"no total": {
			page: func(start int) string {
				if start > 250 {
					return `{"Resources":[]}`
				}
				return `{` + entries(start, min(start+99, 250)) + `}`
			}, users: 250,
		},
		"smaller pages than asked for": {
			page: func(start int) string { return `{"totalResults":95,` + entries(start, min(start+9, 95)) + `}` }, users: 95,
		},
		"startIndex ignored": {
			page: func(int) string { return `{"totalResults":250,` + entries(1, 100) + `}` }, users: 100, hole: "come before",
		},
		"startIndex ignored, no total": {
			page: func(int) string { return `{` + entries(1, 100) + `}` }, users: 100, hole: "come before",
		},
		"a total beyond reason": {
			page: func(int) string { return `{"totalResults":1000000000000,` + entries(1, 100) + `}` }, hole: "which no account has",
		},
		"nothing, but announced": {page: func(int) string { return `{"totalResults":4}` }, hole: "0 different entries came"},
		"empty":                  {page: func(int) string { return `{"totalResults":0}` }},
		"without id":             {page: func(int) string { return `{"totalResults":1,"Resources":[{"userName":"a@example.com"}]}` }, hole: "without id"},
		"without name, others with": {
			page: func(int) string {
				return `{"totalResults":3,"Resources":[{"id":"1","userName":"a@example.com"},{"id":"7"},{"id":"8","userName":"b@example.com"}]}`
			}, users: 2, hole: "without a name, which cannot be judged: user/7.",
		},
		"nothing at all": {page: func(int) string { return `` }, hole: "the answer is empty"},
		"null":           {page: func(int) string { return `null` }, hole: "the answer is empty"},
		"another shape":  {page: func(int) string { return `{"users":[{"id":"1"}]}` }, hole: "neither totalResults nor Resources"},
		"HTML":           {page: func(int) string { return `<html>log in</html>` }, hole: "HTML instead of JSON"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				body := `{"totalResults":0}`
				if strings.HasSuffix(r.URL.Path, "/Users") {
					start, _ := strconv.Atoi(r.URL.Query().Get("startIndex"))
					body = tc.page(start)
				}
				_, _ = rw.Write([]byte(body))
			}))
			t.Cleanup(server.Close)
			c := accounttest.Connect(t, api.Config{IdentityAPI: "scim", SDK: &config.Config{
				Host: server.URL, AccountID: accounttest.SomeAccount, Token: "t", Loaders: accounttest.Loaders(),
			}})
			inv, err := c.Inventory(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if inv.Coverage.Users != (tc.hole == "") || len(inv.Principals) != tc.users {
				t.Errorf("%d users, coverage %+v, failures %v", len(inv.Principals), inv.Coverage, inv.Failures)
			}
			if tc.hole != "" && (len(inv.Failures) != 1 || !strings.Contains(inv.Failures[0].Reason, tc.hole)) {
				t.Errorf("got %v, want %q", inv.Failures, tc.hole)
			}
		})
	}
}

// TestInventory_emptyIAMv2 has servers whose IAM v2 answers every list of users
// with success and no user, while account SCIM has two.
func TestInventory_emptyIAMv2(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"no keys":      `{}`,
		"nothing":      `{"users":[]}`,
		"no names":     `{"users":[{"user_id":"1"},{"user_id":"2"}]}`,
		"another key":  `{"account_users":[{"user_id":"1","username":"u1@example.com"}]}`,
		"empty answer": ``,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				reply := `{"totalResults":0}`
				switch {
				case strings.HasSuffix(r.URL.Path, "/identity/accounts/"+accounttest.SomeAccount+"/users"):
					reply = body
				case strings.Contains(r.URL.Path, "/identity/"):
					reply = `{}`
				case strings.HasSuffix(r.URL.Path, "/Users"):
					reply = `{"totalResults":2,"Resources":[{"id":"1","userName":"u1@example.com"},{"id":"2","userName":"u2@example.com"}]}`
				}
				_, _ = rw.Write([]byte(reply))
			}))
			t.Cleanup(server.Close)
			c := accounttest.Connect(t, api.Config{SDK: &config.Config{
				Host: server.URL, AccountID: accounttest.SomeAccount, Token: "t", Loaders: accounttest.Loaders(),
			}})
			inv, err := c.Inventory(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if inv.Coverage.Users && len(inv.Principals) != 2 {
				t.Errorf("%d users, said to be all", len(inv.Principals))
			}
			if !inv.Coverage.Groups || !inv.Coverage.ServicePrincipals {
				t.Errorf("coverage %+v, failures %v", inv.Coverage, inv.Failures)
			}
		})
	}
}
