// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// directoryCall is a call on a directory without a listener.
func directoryCall(tb testing.TB, idp IDP, path string) *graphCall {
	tb.Helper()
	s, err := New(State{IDP: idp}, Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return &graphCall{s: s.entra, r: httptest.NewRequest("GET", path, nil), d: s.store.directory(), root: "/v1.0", version: "v1.0"}
}

// FuzzGraphFilter: any text is a filter or refused with a message; a filter in
// parentheses means the same, and "not" of it the contrary where it is taken.
func FuzzGraphFilter(f *testing.F) {
	for _, seed := range []string{
		"displayName eq 'a'", "mail in ('a','b''c')", "not(startsWith(displayName,'x')) and (id eq '')", "mail eq null or mail ne 'x'",
		"x/any(c:c eq 'y')", "((((", "'", "eq eq eq", "startsWith(", "accountEnabled eq true",
	} {
		f.Add(seed)
	}
	o := graphObject{user: &IDPUser{ID: "1", UserPrincipalName: "a@example.com"}}
	f.Fuzz(func(t *testing.T, expr string) {
		for _, advanced := range []bool{false, true} {
			filter, fail := parseGraphFilter(&graphQuery{kind: graphUser, advanced: advanced}, expr)
			switch {
			case fail != nil && (fail.status != 400 || fail.code == "" || fail.message == ""):
				t.Errorf("%q is refused with %+v", expr, fail)
			case fail == nil:
				same, fail := parseGraphFilter(&graphQuery{kind: graphUser, advanced: advanced}, "("+expr+")")
				if fail != nil || same.match(o) != filter.match(o) {
					t.Errorf("%q in parentheses is another filter: %+v", expr, fail)
				}
				if not, fail := parseGraphFilter(&graphQuery{kind: graphUser, advanced: advanced}, "not("+expr+")"); fail == nil && not.match(o) == filter.match(o) {
					t.Errorf("not of %q is the same", expr)
				}
			}
		}
	})
}

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

// A filter answered through the indexes finds what reading everything finds,
// and literals survive quoting.
func TestGraphFilter_indexEqualsScan(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		names := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "A", "b", "it's", "''", "ü", "c d"}), 1, 8).Draw(rt, "names")
		var idp IDP
		for i, name := range names {
			idp.Users = append(idp.Users, IDPUser{
				ID: fmt.Sprintf("%08d-0000-4000-8000-000000000000", i), UserPrincipalName: name, Mail: strings.ToUpper(name),
				Deleted: rapid.Bool().Draw(rt, "deleted"),
			})
		}
		c := directoryCall(t, idp, "/v1.0/users")
		quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
		one := rapid.SampledFrom(names).Draw(rt, "one")
		two := rapid.SampledFrom(names).Draw(rt, "two")
		expr := rapid.SampledFrom([]string{
			"userPrincipalName eq " + quote(one),
			"mail in (" + quote(one) + "," + quote(two) + ")",
			"userPrincipalName eq " + quote(one) + " or mail eq " + quote(two),
			"userPrincipalName eq " + quote(one) + " and mail eq " + quote(two),
			"(mail eq " + quote(one) + ") and startsWith(userPrincipalName," + quote(two) + ")",
		}).Draw(rt, "expr")
		filter, fail := parseGraphFilter(&graphQuery{kind: graphUser}, expr)
		if fail != nil {
			rt.Fatalf("%s: %+v", expr, fail)
		}
		q := graphQuery{kind: graphUser, filter: filter, top: graphMaxTop}
		if _, ok := c.candidates(graphUser, filter); !ok {
			rt.Fatalf("%s uses no index", expr)
		}
		indexed, _ := c.page(q, c.ordered(q, graphUser.all(c.d), true))
		scanned, _ := c.page(q, graphUser.all(c.d))
		if !slices.Equal(indexed, scanned) {
			rt.Errorf("%s: the index finds %d, a scan %d", expr, len(indexed), len(scanned))
		}
	})
}

// Pages of any size visit every object once, in one order.
func TestGraph_pagesVisitEverythingOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, 30).Draw(rt, "users")
		top := rapid.IntRange(1, 12).Draw(rt, "top")
		var idp IDP
		var want []string
		for i := range n {
			u := IDPUser{ID: fmt.Sprintf("%08d-0000-4000-8000-000000000000", i), UserPrincipalName: fmt.Sprint(i), Deleted: rapid.Bool().Draw(rt, "deleted")}
			idp.Users = append(idp.Users, u)
			if !u.Deleted {
				want = append(want, u.ID)
			}
		}
		c := directoryCall(t, idp, fmt.Sprintf("/v1.0/users?$top=%d", top))
		var got []string
		for pages := 0; ; pages++ {
			q, fail := c.query(graphUser)
			if fail != nil || pages > n {
				rt.Fatalf("page %d: %+v", pages, fail)
			}
			items, next := c.page(q, graphUser.all(c.d))
			for _, o := range items {
				got = append(got, o.id())
			}
			if next < 0 {
				break
			}
			link, err := url.Parse(c.nextLink(next))
			if err != nil || link.Query().Get("$top") != fmt.Sprint(top) {
				rt.Fatalf("next link %v %v", link, err)
			}
			c.r.URL = link
		}
		if !slices.Equal(want, got) {
			rt.Errorf("got %v, want %v", got, want)
		}
	})
}

// The pages of a group of 100,000 cost about the page each.
func BenchmarkGraphMembers_100000(b *testing.B) {
	var idp IDP
	all := make([]string, 100_000)
	for i := range all {
		all[i] = fmt.Sprintf("%08d-0000-4000-8000-000000000000", i)
		idp.Users = append(idp.Users, IDPUser{ID: all[i], UserPrincipalName: fmt.Sprint(i)})
	}
	idp.Groups = []IDPGroup{{ID: "20000000-0000-4000-8000-000000000000", DisplayName: "all", Members: all}}
	c := directoryCall(b, idp, "/v1.0/groups/20000000-0000-4000-8000-000000000000/transitiveMembers?$top=999&$select=id")
	c.granted = allGraphPermissions
	c.r.SetPathValue("id", idp.Groups[0].ID)
	for b.Loop() {
		rec := httptest.NewRecorder()
		c.rw = rec
		if fail := c.transitiveMembers(); fail != nil {
			b.Fatal(fail)
		}
	}
}
