// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp_test

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/entra"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/okta"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/presets"
)

// answering answers requests to paths that match with a body.
type answering struct {
	next http.RoundTripper
	path *regexp.Regexp
	body string
	link string // the header Link
}

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	if !a.path.MatchString(r.URL.Path) {
		return a.next.RoundTrip(r)
	}
	header := http.Header{"Content-Type": {"application/json"}}
	if a.link != "" {
		header.Set("Link", a.link)
	}
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: header,
		Body: io.NopCloser(strings.NewReader(a.body)), ContentLength: int64(len(a.body)), Request: r,
	}, nil
}

// TestHostileLists: whatever Graph and Okta answer in place of a list, a match is the
// true one, or unknown.
func TestHostileLists(t *testing.T) {
	t.Parallel()
	graph := map[string]string{
		"no list": `{}`, "another list": `{"items":[]}`, "null": `{"value":null}`, "an object": `{"value":{}}`, "a null entry": `{"value":[null]}`,
		"an entry without id": `{"value":[{"displayName":"a"}]}`, "a link that is null": `{"value":[],"@odata.nextLink":null}`,
		"a link that is a number": `{"value":[],"@odata.nextLink":5}`, "an error": `{"error":{"code":"x"}}`,
		"a list with an error": `{"value":[],"error":{"code":"x"}}`, "bytes that are no text": "{\"value\":[],\"note\":\"\xff\"}",
		"half a character": `{"value":[],"note":"\ud83d"}`, "a list alone": `[]`,
	}
	oktaForms := map[string]string{
		"an object": `{}`, "a list in an object": `{"users":[]}`, "null": `null`, "a null entry": `[null]`, "an entry without id": `[{"status":"ACTIVE"}]`,
		"an entry without name": `[{"id":"1","status":"ACTIVE"}]`, "a number": `[1]`, "an error": `{"errorCode":"E1"}`, "bytes that are no text": "[{\"id\":\"\xff\"}]",
	}
	// Whether the IdP has a member through another group is unknown where it is nil.
	told := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".NestedInIDP" },
		cmp.Comparer(func(a, b *bool) bool { return a == nil || b == nil || *a == *b }))
	reads := map[string]struct {
		kind, path string
		forms      map[string]string
		link       string
	}{
		"users of Graph":                {"entra", `/v1\.0/users$`, graph, ""},
		"groups of Graph":               {"entra", `/v1\.0/groups$`, graph, ""},
		"service principals of Graph":   {"entra", `/v1\.0/servicePrincipals$`, graph, ""},
		"ids of Graph":                  {"entra", `/getByIds$`, graph, ""},
		"users of Okta":                 {"okta", `/api/v1/users$`, oktaForms, ""},
		"groups of Okta":                {"okta", `/api/v1/groups$`, oktaForms, ""},
		"members of Okta":               {"okta", `/api/v1/groups/[^/]+/users$`, map[string]string{"null": `null`, "an object": `{}`, "a null entry": `[null]`}, ""},
		"users of Okta, an odd link":    {"okta", `/api/v1/users$`, map[string]string{"no address": `[]`}, `rel="next"`},
		"users of Okta, a broken link":  {"okta", `/api/v1/users$`, map[string]string{"no end": `[]`}, `<https://example.com; rel=next`},
		"groups of Okta, another place": {"okta", `/api/v1/groups$`, map[string]string{"another host": `[]`}, `<https://example.com/x>; rel="next"`},
	}
	for name, read := range reads {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, err := presets.New("demo")
			if err != nil {
				t.Fatal(err)
			}
			w := newWorld(t, st, simulator.Options{})
			match := func(path *regexp.Regexp, body string) []audit.Match {
				options := w.transport()
				if path != nil {
					options.Base = answering{options.Base, path, body, read.link}
				}
				var source idp.Source
				if read.kind == "okta" {
					source, err = okta.New(okta.Config{OrgURL: w.idp.OktaOrgURL, APIToken: w.idp.OktaAPIToken, Transport: options})
				} else {
					cfg := w.entraConfig()
					cfg.Transport = options
					source, err = entra.New(cfg)
				}
				if err != nil {
					t.Fatal(err)
				}
				client := w.account(t)
				inv, err := client.Inventory(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				out, err := source.Match(t.Context(), idp.Request{Principals: inv.Principals, Membership: idp.MembershipTransitive, Members: client.Members})
				if err != nil {
					return nil // Nothing is judged.
				}
				return out.Matches
			}
			truth := match(nil, "")
			for form, body := range read.forms {
				for i, got := range match(regexp.MustCompile(read.path), body) {
					known := got.Unknown == "" && (got.Members == nil || got.Members.Unknown == "")
					if known && !cmp.Equal(truth[i], got, told) {
						t.Errorf("%s (%q) is taken for a fact: %s", form, body, cmp.Diff(truth[i], got, told))
						break
					}
				}
			}
		})
	}
}
