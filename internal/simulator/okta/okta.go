// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package okta is an Okta organization: its token endpoint, users, groups and apps.
package okta

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// The Okta face serves the ids of the state as they are, so that they equal the
// externalIds of the Databricks side, whatever their form; Okta's own begin
// with 00u and 00g. Groups have users only: nested groups and service
// principals of the state are left out of members. Service principals are
// shown as apps.

// oktaPrefix is where the org is served, beside the root.
const oktaPrefix = "/okta"

type oktaRootKey struct{}

// AtRoot puts the prefix in front of the paths that an org has at its root:
// Okta's Go SDK keeps the host of an org URL and drops its path. Databricks has
// no such paths.
func AtRoot(r *http.Request) *http.Request {
	atRoot := strings.HasPrefix(r.URL.Path, "/api/v1/") || strings.HasPrefix(r.URL.Path, "/oauth2/v1/")
	if !atRoot || wire.HostWorkspace(r) != 0 {
		return r
	}
	c := r.Clone(context.WithValue(r.Context(), oktaRootKey{}, true))
	c.URL.Path = oktaPrefix + r.URL.Path
	if r.URL.RawPath != "" {
		c.URL.RawPath = oktaPrefix + r.URL.RawPath
	}
	return c
}

// oktaOrg is the org URL as the client sees it.
func oktaOrg(r *http.Request) string {
	if r.Context().Value(oktaRootKey{}) != nil {
		return wire.BaseURL(r)
	}
	return wire.BaseURL(r) + oktaPrefix
}

// oktaCall is one authenticated call.
type oktaCall struct {
	s  *Face
	rw http.ResponseWriter
	r  *http.Request
	d  *world.Directory
}

// oktaError is an answer that refuses.
type oktaError struct {
	status  int
	code    string
	summary string
	causes  []string
}

// oktaRoute is one operation: its rate limit per minute (docs/reference/idp-apis.md 5.4,
// [unofficial]) and the scope that it needs.
type oktaRoute struct {
	pattern   string
	bucket    string
	perMinute int
	scope     string
	handler   func(c *oktaCall) *oktaError
}

func oktaOperations() []oktaRoute {
	const users, groups, apps = "okta.users.read", "okta.groups.read", "okta.apps.read"
	return []oktaRoute{
		{"GET /users", "users", 600, users, (*oktaCall).listUsers},
		{"GET /users/{id}", "user", 1000, users, (*oktaCall).getUser},
		{"GET /users/{id}/groups", "user", 1000, users, (*oktaCall).userGroups},
		{"GET /users/{id}/roles", "user", 1000, "okta.roles.read", (*oktaCall).userRoles},
		{"GET /groups", "groups", 500, groups, (*oktaCall).listGroups},
		{"GET /groups/{id}", "groups", 500, groups, (*oktaCall).getGroup},
		{"GET /groups/{id}/users", "groups", 500, groups, (*oktaCall).groupUsers},
		{"GET /apps", "apps", 100, apps, (*oktaCall).listApps},
		{"GET /apps/{id}", "apps", 100, apps, (*oktaCall).getApp},
		{"GET /apps/{id}/users", "apps", 100, apps, (*oktaCall).appUsers},
		{"GET /apps/{id}/groups", "apps", 100, apps, (*oktaCall).appGroups},
		{"GET /apps/{id}/group-push/mappings", "apps", 100, apps, (*oktaCall).groupPushes},
		{"GET /apps/{id}/connections/default", "apps", 100, apps, (*oktaCall).appConnection},
	}
}

func (s *Face) oktaRoutes() {
	s.Mux.HandleFunc("POST /okta/oauth2/v1/token", s.oktaToken)
	for _, op := range oktaOperations() {
		method, path, _ := strings.Cut(op.pattern, " ")
		s.Mux.HandleFunc(method+" /okta/api/v1"+path, func(rw http.ResponseWriter, r *http.Request) {
			c := &oktaCall{s: s, rw: rw, r: r, d: s.Directory()}
			if fail := c.serve(op); fail != nil {
				c.fail(fail)
			}
		})
	}
}

func (s *Face) oktaHeaders(rw http.ResponseWriter) {
	rw.Header().Set("X-Okta-Request-Id", s.IDs.Next())
	// Clients compute their pause as Reset minus Date.
	rw.Header().Set("Date", s.Now().UTC().Format(http.TimeFormat))
}

func (c *oktaCall) serve(op oktaRoute) *oktaError {
	c.s.oktaHeaders(c.rw)
	scopes, ok := c.s.oktaScopes(c.r)
	if !ok {
		return &oktaError{status: http.StatusUnauthorized, code: "E0000011", summary: "Invalid token provided"}
	}
	if !c.s.oktaQuota(c.rw, op.bucket, op.perMinute) {
		return &oktaError{status: http.StatusTooManyRequests, code: "E0000047", summary: "API call exceeded rate limit due to too many requests."}
	}
	if scopes != nil && !slices.Contains(scopes, op.scope) {
		c.rw.Header().Set("WWW-Authenticate", `Bearer authorization_uri="`+oktaOrg(c.r)+`/oauth2/v1/authorize", realm="`+oktaOrg(c.r)+
			`", scope="`+op.scope+`", error="insufficient_scope", error_description="The access token provided does not contain the required scopes."`)
		return &oktaError{
			status: http.StatusForbidden, code: "E0000006", summary: "You do not have permission to perform the requested action",
			causes: []string{"The access token provided does not contain the required scopes."},
		}
	}
	return op.handler(c)
}

func (c *oktaCall) fail(e *oktaError) {
	causes := []any{}
	for _, cause := range e.causes {
		causes = append(causes, map[string]any{"errorSummary": cause})
	}
	wire.WriteJSON(c.rw, e.status, map[string]any{
		"errorCode": e.code, "errorSummary": e.summary, "errorLink": e.code,
		"errorId": "oae" + c.rw.Header().Get("X-Okta-Request-Id"), "errorCauses": causes,
	})
}

func oktaNotFound(id, kind string) *oktaError {
	return &oktaError{
		status: http.StatusNotFound, code: "E0000007",
		summary: "Not found: Resource not found: " + id + " (" + kind + ")",
	}
}

func oktaInvalid(what, why string) *oktaError {
	return &oktaError{
		status: http.StatusBadRequest, code: "E0000001", summary: "Api validation failed: " + what, causes: []string{what + ": " + why},
	}
}

// limit reads the limit parameter. Beyond the maximum is refused (assumed).
func (c *oktaCall) limit(standard, most int) (int, *oktaError) {
	return c.limitFrom(standard, 1, most)
}

func (c *oktaCall) limitFrom(standard, least, most int) (int, *oktaError) {
	value := c.r.URL.Query().Get("limit")
	if value == "" {
		return standard, nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < least || n > most {
		return 0, oktaInvalid("limit", fmt.Sprintf("The limit parameter must be a number between %d and %d.", least, most))
	}
	return n, nil
}

// A cursor is the position of the next row. It is opaque to clients.
func oktaCursor(position int) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "after:%d", position))
}

func (c *oktaCall) after() (int, *oktaError) {
	value := c.r.URL.Query().Get("after")
	if value == "" {
		return 0, nil
	}
	raw, decodeErr := base64.RawURLEncoding.DecodeString(value)
	text, ok := strings.CutPrefix(string(raw), "after:")
	n, err := strconv.Atoi(text)
	if decodeErr != nil || !ok || err != nil || n < 0 {
		return 0, oktaInvalid("after", "Invalid paging request.")
	}
	return n, nil
}

// list answers with one page of n rows as a bare array and the Link headers;
// row is nil for what is left out.
func (c *oktaCall) list(limit, n int, row func(i int) map[string]any) *oktaError {
	at, fail := c.after()
	if fail != nil {
		return fail
	}
	fault := wire.ListFaultOf(c.r)
	if at > 0 {
		at = max(0, at-fault.Shift)
		if fault.Duplicate {
			at = max(0, at-1)
		}
	}
	rows, next := []any{}, -1
	if fault.EmptyPage && at < n {
		next, n = at, 0
	}
	for ; at < n && next < 0; at++ {
		body := row(at)
		switch {
		case body == nil:
		case len(rows) == c.s.Paging.Size(limit):
			next = at
		default:
			rows = append(rows, body)
		}
	}
	c.links(next, limit)
	wire.WriteJSON(c.rw, http.StatusOK, rows)
	return nil
}

// links sets the relations self and, unless next is -1, next.
func (c *oktaCall) links(next, limit int) {
	org := oktaOrg(c.r)
	host := wire.BaseURL(c.r)
	path := strings.TrimPrefix(org, host) + strings.TrimPrefix(c.r.URL.EscapedPath(), oktaPrefix)
	link := func(host, rel string, values url.Values) string {
		target := host + path
		if len(values) > 0 {
			target += "?" + values.Encode()
		}
		return "<" + target + `>; rel="` + rel + `"`
	}
	all := []string{link(host, "self", c.r.URL.Query())}
	if next >= 0 {
		values := c.r.URL.Query()
		values.Set("after", oktaCursor(next))
		values.Set("limit", strconv.Itoa(limit))
		if other := c.s.Assumed.NextLinkHost; other != "" {
			host = strings.TrimSuffix(other, "/")
		}
		all = append(all, link(host, "next", values))
	}
	if c.s.Assumed.LinksInOneHeader {
		all = []string{strings.Join(all, ", ")}
	}
	for _, value := range all {
		c.rw.Header().Add("Link", value)
	}
}
