// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// FuzzParseFile: a directory or an error, and every object of a directory is
// found by its id as what it is, and unless it is deleted by its names too.
func FuzzParseFile(f *testing.F) {
	for _, seed := range []string{
		`{"version":1,"users":[{"id":"1","user_name":"a"}],"groups":[{"id":"2","display_name":"g","members":["1"]}]}`,
		`{"version":1,"users":[{"id":"1","x":1}]}`, `{"version":1,"users":[{"id":"A","user_name":"a","mail":"m","guest":true,"deleted":true}]}`,
		`{"version":1,"service_principals":[{"id":"s","application_id":"P","home_tenant":"t"}],"groups":[{"id":"g","display_name":"G","members":["g"]}]}`,
		`{"version":1,"users":[{"id":"1","user_name":"\"}{","ID":"2","i\u0064":"3"}]}`,
		"\xef\xbb\xbf{\"version\":1}", `{"version":1.0}`, `{"version":1,"users":null}`, `{"version":1,"groups":[{"id":" 2","display_name":"\u0041"}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := parseFile(t.Context(), raw)
		if (d == nil) == (err == nil) {
			t.Fatalf("neither directory nor error, or both: %v", err)
		}
		if err != nil {
			return
		}
		for i := range d.entries {
			id := d.entries[i].identity
			m := d.match(audit.Principal{Ref: audit.Ref{Type: id.Type, ID: "1"}, ExternalID: id.ExternalID})
			if id.Deleted != (m.DeletedByExternalID != nil) || id.Deleted == (m.ByExternalID != nil) || m.ByExternalIDOtherType != nil {
				t.Fatalf("%+v is found as %+v", id, m)
			}
			for _, name := range id.Names {
				found := false
				for _, by := range d.match(audit.Principal{Ref: audit.Ref{Type: id.Type, ID: "1"}, Name: name}).ByName {
					found = found || by.ExternalID == id.ExternalID
				}
				if found == id.Deleted {
					t.Fatalf("%+v is found by %q: %t", id, name, found)
				}
			}
			if id.Type == audit.TypeGroup && d.nodes[audit.CanonicalExternalID(id.ExternalID)] == nil {
				t.Fatalf("group %s has no members, known or unknown", id.ExternalID)
			}
		}
	})
}

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

// answering is a network that answers every request alike and keeps the hosts.
type answering struct {
	header http.Header
	body   []byte
	hosts  map[string]bool
	calls  int
}

func (a *answering) RoundTrip(r *http.Request) (*http.Response, error) {
	a.hosts[r.URL.Scheme+"://"+strings.ToLower(r.URL.Host)] = true
	a.calls++
	if a.calls > 50 {
		return nil, io.ErrUnexpectedEOF // A list that goes on for ever is somebody else's test.
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: a.header.Clone(), Body: io.NopCloser(bytes.NewReader(a.body)),
		ContentLength: int64(len(a.body)), Request: r, ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}

func (a *answering) options() transport.Options {
	return transport.Options{Base: a, RetryBudget: time.Millisecond, RetryPause: time.Microsecond, FirstContact: time.Second, RequestTimeout: time.Second}
}

// onlyTo checks that nothing was sent to another host.
func (a *answering) onlyTo(t *testing.T, host string) {
	t.Helper()
	for sent := range a.hosts {
		if sent != host {
			t.Fatalf("a request went to %s: %s %v", sent, a.body, a.header)
		}
	}
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
		net := &answering{header: http.Header{"Link": {link}}, body: body, hosts: map[string]bool{}}
		source, err := NewOkta(OktaConfig{OrgURL: "https://example.okta.com", APIToken: "t", Transport: net.options()})
		if err != nil {
			t.Fatal(err)
		}
		o, ok := source.(*okta)
		if !ok {
			t.Fatal("not an okta")
		}
		rows := 0
		_ = oktaList(t.Context(), o, o.base+"/api/v1/users?limit=200", "users", func(list []oktaUser) {
			rows += len(list)
			for i := range list {
				if e := list[i].toEntry(); e.identity.Type != audit.TypeUser || e.identity.ExternalID != list[i].ID {
					t.Fatalf("%+v", e)
				}
			}
		})
		net.onlyTo(t, "https://example.okta.com")
		if rows > 0 && !bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")) {
			t.Fatalf("%d rows out of %s", rows, body)
		}
	})
}

func graphOver(t *testing.T, net *answering) *graphClient {
	t.Helper()
	base, err := url.Parse("https://graph.microsoft.com")
	if err != nil {
		t.Fatal(err)
	}
	return &graphClient{
		http: transport.New(net.options()), base: base.String(), origin: originOf(base), batches: 1,
		authorize: func(context.Context, *http.Request) error { return nil },
		limits:    batchLimits{budget: time.Microsecond, pause: time.Microsecond},
	}
}

// FuzzGraphPage: a page is refused or has a list, and a next link that could be
// followed leads to Graph, whoever reads it.
func FuzzGraphPage(f *testing.F) {
	for _, seed := range []string{
		`{"value":[{"id":"1","displayName":null,"@odata.type":"#microsoft.graph.user"}],"@odata.nextLink":"https://graph.microsoft.com/v1.0/users?$skiptoken=x"}`,
		`{"value":[],"@odata.nextLink":"https://graph.example.net/v1.0/users"}`, `{"value":[],"@odata.nextLink":"//graph.example.net/"}`,
		`{"value":[],"@odata.nextLink":"https://graph.microsoft.com@example.net/"}`, `{"value":[],"@odata.nextLink":"https://GRAPH.microsoft.com:443/x"}`,
		`{"value":null}`, `{}`, `[]`, `{"value":[{"id":1}]}`, `{"value":[],"@odata.nextLink":"http://graph.microsoft.com/"}`, `{"value":[],"@odata.nextLink":"/v1.0/users"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		net := &answering{header: http.Header{}, body: body, hosts: map[string]bool{}}
		g := graphOver(t, net)
		p, err := parsePage(g, body)
		if err == nil && p.Value == nil {
			t.Fatalf("%s is a page without a list", body)
		}
		_ = listPages(t.Context(), g, g.base+"/v1.0/users", func([]graphObject, bool) bool { return true })
		net.onlyTo(t, "https://graph.microsoft.com")
	})
}

// FuzzGraphBatch: each request of a batch has a body or an error, whatever the
// answer holds, and nothing is sent elsewhere.
func FuzzGraphBatch(f *testing.F) {
	for _, seed := range []string{
		`{"responses":[{"id":"1","status":200,"body":{"value":[]}},{"id":"0","status":404,"body":{"error":{"code":"Request_ResourceNotFound"}}}]}`,
		`{"responses":[{"id":"0","status":429,"headers":{"Retry-After":"1"}},{"id":"0","status":200}]}`, `{"responses":null}`, `{}`, `[]`,
		`{"responses":[{"id":"7","status":200,"body":"bm8="},{"id":"-1","status":-1},{"id":"0","status":200,"body":{"value":[],"@odata.nextLink":"https://example.net"}}]}`,
		`{"responses":[{"id":"0","status":401,"body":{}}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		net := &answering{header: http.Header{}, body: body, hosts: map[string]bool{}}
		g := graphOver(t, net)
		urls, parts := []string{"/groups/1/members", "/groups/2/members"}, map[string]part{}
		err := g.batch(t.Context(), "beta", urls, func(u string, _ time.Time, p part) error {
			parts[u] = p // One batch, so one goroutine.
			return nil
		})
		if err == nil && len(parts) != 2 {
			t.Fatalf("%d parts", len(parts))
		}
		for i, u := range urls {
			p := parts[u]
			said := strings.Contains(string(body), fmt.Sprintf(`"%d"`, i))
			if err == nil && p.err == nil && !said && !bytes.Contains(body, []byte(`\u`)) {
				t.Fatalf("part %d has the answer %q out of %s", i, p.body, body)
			}
			_ = rowsOf(t.Context(), g, p, func([]graphObject) {})
		}
		net.onlyTo(t, "https://graph.microsoft.com")
	})
}

// FuzzGraphClaims: only a token of three parts has claims, and none has a
// permission that it does not spell.
func FuzzGraphClaims(f *testing.F) {
	for _, claims := range []string{`{"tid":"t","roles":["Member.Read.Hidden"]}`, `{"scp":"User.Read.All Member.Read.Hidden"}`, `{"roles":"Member.Read.Hidden"}`, `null`, `[]`} {
		f.Add("h." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".s")
	}
	f.Add("opaque")
	f.Fuzz(func(t *testing.T, token string) {
		c := entraCredentials{claims: readClaims(token)}
		if !c.may(readHidden) {
			return
		}
		parts := strings.Split(token, ".")
		if len(parts) != 3 {
			t.Fatalf("%q carries a permission", token)
		}
		raw, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err != nil || !bytes.Contains(raw, []byte(readHidden)) && !bytes.Contains(raw, []byte(`\u`)) {
			t.Fatalf("%q carries a permission that it does not spell: %s", token, raw)
		}
	})
}
