// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// FuzzAPIError: every refusal becomes words of bounded length, and only an
// answer 404 can say that something does not exist.
func FuzzAPIError(f *testing.F) {
	f.Add(404, "application/json", []byte(`{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"gone"}`))
	f.Add(404, "application/scim+json", []byte(`{"schemas":[],"detail":"gone","status":"404"}`))
	f.Add(400, "application/json", []byte(`{"detail":"null","scimType":7}`))
	f.Add(401, "text/plain", []byte("PERMISSION_DENIED: no"))
	f.Add(502, "text/html", []byte("<html><pre>bad &amp; worse</pre></html>"))
	f.Add(302, "", []byte("\xff\xfe"))
	f.Fuzz(func(t *testing.T, status int, contentType string, body []byte) {
		e := newError(&transport.Request{Method: http.MethodGet, URL: "https://accounts.example.com/api/2.1/x?secret=1"},
			&transport.Response{Status: status, Header: http.Header{"Content-Type": {contentType}}, Body: body})
		if len(e.Message) > 1003 || strings.Contains(e.Error(), "secret=1") {
			t.Fatalf("%q", e.Error())
		}
		if e.explicit404 && status != http.StatusNotFound {
			t.Fatalf("status %d says that it does not exist: %s", status, body)
		}
	})
}

// FuzzCallerClaims: a token names someone only by claims that it has, and a
// principal without name and externalId is no one's.
func FuzzCallerClaims(f *testing.F) {
	for _, claims := range []string{`{"sub":"a@example.com"}`, `{"appid":"p","oid":"x"}`, `{"sub":1}`, `{}`, `null`, `{"upn":"","oid":""}`} {
		f.Add("h."+base64.RawURLEncoding.EncodeToString([]byte(claims))+".s", "a@example.com", "x")
	}
	f.Add("dapi0123", "", "")
	f.Fuzz(func(t *testing.T, token, name, externalID string) {
		claims, ok := claimsOf(token)
		if !ok && claims != (Claims{}) || ok && (claims == Claims{} || strings.Count(token, ".") != 2) {
			t.Fatalf("%q: %+v, %t", token, claims, ok)
		}
		for _, kind := range audit.PrincipalTypes() {
			p := audit.Principal{Ref: audit.Ref{Type: kind, ID: "1"}, Name: name, ExternalID: externalID}
			if claims.Match(&p) && (kind == audit.TypeGroup || !ok || name == "" && externalID == "") {
				t.Fatalf("%+v is taken for %+v", p, claims)
			}
		}
	})
}
