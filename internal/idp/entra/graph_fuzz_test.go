// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package entra

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/idptest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

func graphOver(t *testing.T, net *idptest.Answering) *graphClient {
	t.Helper()
	base, err := url.Parse("https://graph.microsoft.com")
	if err != nil {
		t.Fatal(err)
	}
	return &graphClient{
		http: transport.New(net.Options()), base: base.String(), origin: directory.OriginOf(base), batches: 1,
		authorize: func(context.Context, *http.Request) error { return nil },
		limits:    batchLimits{budget: time.Microsecond, pause: time.Microsecond},
	}
}

// FuzzGraphPage: a page is refused or has a list, and a next link that could be
// followed leads to Graph, no matter who reads it.
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
		net := &idptest.Answering{Header: http.Header{}, Body: body, Hosts: map[string]bool{}}
		g := graphOver(t, net)
		p, err := parsePage[graphObject](g, body)
		if err == nil && p.Value == nil {
			t.Fatalf("%s is a page without a list", body)
		}
		_ = listPages(t.Context(), g, g.base+"/v1.0/users", func([]graphObject, bool) bool { return true })
		net.OnlyTo(t, "https://graph.microsoft.com")
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
		net := &idptest.Answering{Header: http.Header{}, Body: body, Hosts: map[string]bool{}}
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
		net.OnlyTo(t, "https://graph.microsoft.com")
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
		c := credentials{claims: readClaims(token)}
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
