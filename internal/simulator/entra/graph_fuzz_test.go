// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package entra

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/faults"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// faceOn is a face without a server around it, which answers the parts of batches itself.
func faceOn(tb testing.TB, st world.State) *Face {
	tb.Helper()
	w, err := world.NewStore(st, 0, time.Now)
	if err != nil {
		tb.Fatal(err)
	}
	limits, err := faults.NewLimiter("", time.Now)
	if err != nil {
		tb.Fatal(err)
	}
	mux := http.NewServeMux()
	face, err := New(w, Options{}, Parts{Limiter: limits, IDs: &wire.RequestIDs{}, Mux: mux, Dispatch: mux.ServeHTTP})
	if err != nil {
		tb.Fatal(err)
	}
	return face
}

// directoryCall is a call on a directory without a listener.
func directoryCall(tb testing.TB, idp world.IDP, path string) *graphCall {
	tb.Helper()
	s := faceOn(tb, world.State{IDP: idp})
	return &graphCall{s: s, r: httptest.NewRequest("GET", path, nil), d: s.Directory(), root: "/v1.0", version: "v1.0"}
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
	o := graphObject{user: &world.IDPUser{ID: "1", UserPrincipalName: "a@example.com"}}
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

// A filter answered through the indexes finds what reading everything finds,
// and literals survive quoting.
func TestGraphFilter_indexEqualsScan(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		names := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "A", "b", "it's", "''", "ü", "c d"}), 1, 8).Draw(rt, "names")
		var idp world.IDP
		for i, name := range names {
			idp.Users = append(idp.Users, world.IDPUser{
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
		if _, ok := candidates(c.d, graphUser, filter); !ok {
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
		var idp world.IDP
		var want []string
		for i := range n {
			u := world.IDPUser{ID: fmt.Sprintf("%08d-0000-4000-8000-000000000000", i), UserPrincipalName: fmt.Sprint(i), Deleted: rapid.Bool().Draw(rt, "deleted")}
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
	var idp world.IDP
	all := make([]string, 100_000)
	for i := range all {
		all[i] = fmt.Sprintf("%08d-0000-4000-8000-000000000000", i)
		idp.Users = append(idp.Users, world.IDPUser{ID: all[i], UserPrincipalName: fmt.Sprint(i)})
	}
	idp.Groups = []world.IDPGroup{{ID: "20000000-0000-4000-8000-000000000000", DisplayName: "all", Members: all}}
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

// FuzzGraphBatchBody: a batch is refused as a whole, or every part has one
// answer under its own id.
func FuzzGraphBatchBody(f *testing.F) {
	for _, seed := range []string{
		`{"requests":[{"id":"1","method":"GET","url":"/users"},{"id":"2","method":"GET","url":"/groups/x/members","dependsOn":["1"]}]}`,
		`{"requests":[{"id":"1","method":"GET","url":"https://example.net/"}]}`, `{"requests":[{"id":"1","method":"POST","url":"/$batch","body":{}}]}`,
		`{"requests":[{"id":"a","method":"GET","url":"/users?$filter=displayName eq 'x'&$top=1"},{"id":"A","method":"GET","url":"/users"}]}`,
		`{"requests":[{"id":"1","method":"get","url":"//"},{"id":"2","method":"\u0000","url":"/\u0000"}]}`, `{"requests":[]}`, `[]`, `{`,
	} {
		f.Add([]byte(seed))
	}
	s := faceOn(f, world.State{IDP: world.IDP{Users: []world.IDPUser{{ID: "10000000-0000-4000-8000-000000000000", UserPrincipalName: "a@example.com"}}}})
	f.Fuzz(func(t *testing.T, body []byte) {
		rec := httptest.NewRecorder()
		c := &graphCall{
			s: s, rw: rec, r: httptest.NewRequest(http.MethodPost, "/v1.0/$batch", bytes.NewReader(body)), d: s.Directory(),
			root: "/v1.0", version: "v1.0", granted: allGraphPermissions,
		}
		if fail := c.batch(); fail != nil {
			if fail.status != http.StatusBadRequest || fail.message == "" {
				t.Fatalf("%s is refused with %+v", body, fail)
			}
			return
		}
		var sent struct {
			Requests []batchPart `json:"requests"`
		}
		var got struct {
			Responses []batchAnswer `json:"responses"`
		}
		if err := json.NewDecoder(bytes.NewReader(body)).Decode(&sent); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil || len(got.Responses) != len(sent.Requests) {
			t.Fatalf("%s has the answer %s: %v", body, rec.Body, err)
		}
		answered := map[string]bool{}
		for _, a := range got.Responses {
			if a.Status < 200 || a.Status > 599 || answered[a.ID] {
				t.Fatalf("%s has the answer %s", body, rec.Body)
			}
			answered[a.ID] = true
		}
	})
}

// FuzzSkipToken: a token that is taken is a position that we could have given;
// every position reads back.
func FuzzSkipToken(f *testing.F) {
	for _, seed := range []string{"", "x", skipToken(3)} {
		f.Add(seed, 5)
	}
	f.Fuzz(func(t *testing.T, token string, position int) {
		if n, err := readSkipToken(token); err == nil && n < 0 {
			t.Fatalf("skip token %q is the position %d", token, n)
		}
		if position < 0 {
			return
		}
		if skip, err := readSkipToken(skipToken(position)); err != nil || skip != position {
			t.Fatal("a position does not read back: " + strconv.Itoa(position))
		}
	})
}
