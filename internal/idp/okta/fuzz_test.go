// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package okta

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/idptest"
)

// FuzzNextLink: a link comes from between < and >, and of a header that is
// written as Okta writes it the next one is found, alone and among others.
func FuzzNextLink(f *testing.F) {
	for _, seed := range []string{
		`<https://a/x?after=1&limit=2>; rel="next"`, `<https://a/self>; rel="self", <https://a/next>; rel="next"`, `<a>; title="x, <b>; rel=next"; rel=self`,
		`<a>;REL=NEXT`, `<>; rel="next"`, `<a`, `rel="next"`, `<a>; rel="prev next"`, ``,
	} {
		f.Add(seed, "https://example.okta.com/api/v1/users?after=a,b;c&limit=200")
	}
	f.Fuzz(func(t *testing.T, header, target string) {
		if got := nextLink(http.Header{"Link": {header}}); got != "" && !strings.Contains(header, "<"+got+">") {
			t.Fatalf("%q has the link %q", header, got)
		}
		if strings.ContainsAny(target, "<>") {
			return
		}
		self := `<https://example.okta.com/self>; rel="self"`
		next := "<" + target + `>; rel="next"`
		for _, h := range []http.Header{{"Link": {self, next}}, {"Link": {next, self}}, {"Link": {self + ", " + next}}, {"Link": {next + "," + self}}} {
			if got := nextLink(h); got != target {
				t.Fatalf("%v: %q", h, got)
			}
		}
	})
}

// FuzzOktaPage: whatever an org answers, requests go to it alone, and rows come
// only out of a list.
func FuzzOktaPage(f *testing.F) {
	f.Add([]byte(`[{"id":"00u1","status":"ACTIVE","profile":{"login":"a@example.com"}}]`), `<https://example.okta.com/api/v1/users?after=1>; rel="next"`)
	f.Add([]byte(`[]`), `<https://example.net/api/v1/users?after=1>; rel="next"`)
	f.Add([]byte(`[{"id":"00u1"}]`), `<//example.net/x>; rel="next"`)
	f.Add([]byte(`[{}]`), `<https://example.okta.com@example.net/x>; rel="next"`)
	f.Add([]byte(`[{}]`), `<http://example.okta.com/x>; rel="next"`)
	f.Add([]byte(` {"errorCode":"E0000011"}`), ``)
	f.Add([]byte(`null`), `</api/v1/users>; rel="next"`)
	f.Fuzz(func(t *testing.T, body []byte, link string) {
		net := &idptest.Answering{Header: http.Header{"Link": {link}}, Body: body, Hosts: map[string]bool{}}
		made, err := New(Config{OrgURL: "https://example.okta.com", APIToken: "t", Transport: net.Options()})
		if err != nil {
			t.Fatal(err)
		}
		o, ok := made.(*source)
		if !ok {
			t.Fatal("not an okta")
		}
		rows := 0
		_ = listPages(t.Context(), o, o.base+"/api/v1/users?limit=200", "users", func(list []user) {
			rows += len(list)
			for i := range list {
				if e := list[i].toEntry(); e.Identity.Type != audit.TypeUser || e.Identity.ExternalID != list[i].ID {
					t.Fatalf("%+v", e)
				}
			}
		})
		net.OnlyTo(t, "https://example.okta.com")
		if rows > 0 && !bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")) {
			t.Fatalf("%d rows out of %s", rows, body)
		}
	})
}
