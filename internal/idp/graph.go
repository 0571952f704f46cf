// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/redact"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// apiError is an answer of an IdP other than success.
type apiError struct {
	Method, Place string
	Status        int
	// Code and Message are the API's own words.
	Code, Message, RequestID string
}

func (e *apiError) Error() string {
	text := fmt.Sprintf("%s %s: status %d", e.Method, e.Place, e.Status)
	if e.Code != "" {
		text += " " + e.Code
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.RequestID != "" {
		text += " (request id " + e.RequestID + ")"
	}
	return text
}

// clean takes secrets and control characters out of what came from the other side.
func (e *apiError) clean() {
	e.Code, e.Message, e.RequestID = redact.Text(e.Code), redact.Text(e.Message), redact.Text(e.RequestID)
}

// bodyText is what can be shown of a body that is not the API's own.
func bodyText(header http.Header, body []byte) string {
	body = bytes.TrimSpace(body)
	if strings.Contains(header.Get("Content-Type"), "html") || bytes.HasPrefix(body, []byte("<")) {
		return htmlText
	}
	return clip(redact.Text(string(body))) // Half a secret would not be found.
}

// htmlText stands for an HTML page, which is never the API's answer.
const htmlText = "the answer is HTML instead of JSON, as proxies, gateways and login pages send it; check the host and the proxies on the way to it"

// isForbidden tells whether an error is an answer 403.
func isForbidden(err error) bool {
	var e *apiError
	return errors.As(err, &e) && e.Status == http.StatusForbidden
}

// isBadRequest tells whether an error is an answer 400.
func isBadRequest(err error) bool {
	var e *apiError
	return errors.As(err, &e) && e.Status == http.StatusBadRequest
}

// authError is credentials that an IdP does not accept.
type authError struct {
	err  error
	hint string
}

func (e *authError) Error() string { return e.err.Error() + ". " + e.hint }

func (e *authError) Unwrap() error { return e.err }

// AuthenticationFailure marks the error as one after which nothing can be read.
func (e *authError) AuthenticationFailure() bool { return true }

// graphClient speaks Microsoft Graph.
type graphClient struct {
	http      *transport.Client
	base      string // graph_endpoint without trailing slash
	origin    origin
	authorize func(ctx context.Context, r *http.Request) error
	batches   int // batches in flight
	limits    batchLimits
}

// origin is scheme and host of the only place that credentials are sent to.
type origin struct{ scheme, host string }

func originOf(u *url.URL) origin {
	return origin{strings.ToLower(u.Scheme), strings.ToLower(u.Host)}
}

// check refuses a next link that leads anywhere else, and names its host.
func (o origin) check(link string) error {
	u, err := url.Parse(link)
	if err != nil {
		return errors.New("the link to the next page is not a URL")
	}
	if originOf(u) != o {
		return fmt.Errorf("the link to the next page leads to %s://%s, not to the configured %s://%s; it was not followed, "+
			"because the credentials would have gone there", u.Scheme, u.Host, o.scheme, o.host)
	}
	return nil
}

// send makes one request with an absolute URL. An answer of 400 and above is an
// [*apiError], or an [*authError] for 401.
func (g *graphClient) send(ctx context.Context, method, link string, header http.Header, body []byte) (*transport.Response, error) {
	if header == nil {
		header = http.Header{}
	}
	header.Set("Accept", "application/json")
	if body != nil {
		header.Set("Content-Type", "application/json")
	}
	req := &transport.Request{
		Method: method, URL: link, Header: header, Body: body,
		// Look-ups by POST change nothing.
		Class: transport.ClassRead, Repeatable: true, Limit: "graph",
		Authorize: g.authorize, Check: checkJSON,
	}
	resp, err := g.http.Do(ctx, req)
	if err == nil && resp.Status == http.StatusUnauthorized {
		// The token may have expired on the way; a new one is at hand then.
		resp, err = g.http.Do(ctx, req)
	}
	if err != nil {
		return nil, err
	}
	if resp.Status < 300 {
		return resp, textOnly(method, link, resp)
	}
	return nil, graphFailure(method, placeOf(link), resp.Status, resp.Header, resp.Body)
}

// textOnly is an error for an answer with bytes that are no text: names with them are
// decoded into names that nobody has.
func textOnly(method, link string, resp *transport.Response) error {
	if transport.IsText(resp.Body) {
		return nil
	}
	return fmt.Errorf("%s %s: the answer holds bytes that are no text, so that its names cannot be told for certain", method, placeOf(link))
}

// checkJSON finds answers that broke off although their length fits.
func checkJSON(r *transport.Response) error {
	if !json.Valid(bytes.TrimPrefix(r.Body, []byte("\xef\xbb\xbf"))) {
		return errors.New("the answer is not whole JSON")
	}
	return nil
}

// placeOf is a URL without its query, which may hold names.
func placeOf(link string) string {
	place, _, _ := strings.Cut(link, "?")
	return place
}

// graphFailure reads the error body of Graph.
func graphFailure(method, place string, status int, header http.Header, body []byte) error {
	var shape struct {
		Error struct {
			Code       string `json:"code"`
			Message    string `json:"message"`
			InnerError struct {
				RequestID string `json:"request-id"`
			} `json:"innerError"`
		} `json:"error"`
	}
	e := &apiError{Method: method, Place: place, Status: status, RequestID: header.Get("request-id")}
	switch {
	case json.Unmarshal(body, &shape) == nil && shape.Error.Code != "":
		e.Code, e.Message = shape.Error.Code, shape.Error.Message
		if e.RequestID == "" {
			e.RequestID = shape.Error.InnerError.RequestID
		}
	case status >= 300 && status < 400:
		e.Message = "a redirect, which is not followed; check graph_endpoint"
	default:
		e.Message = bodyText(header, body)
	}
	e.clean()
	if status == http.StatusUnauthorized {
		return &authError{err: e, hint: "Microsoft Graph did not accept the token: check that graph_endpoint and authority_host are of the same cloud"}
	}
	return e
}

// page is one page of a list.
type page struct {
	Value    []graphObject `json:"value"`
	NextLink graphLink     `json:"@odata.nextLink"`
	// Error is that of a gateway, under a status of success.
	Error json.RawMessage `json:"error"`
}

// graphLink is a text, and missing on the last page. Anything else, null too, is not
// understood: taken for the end it would cut the list short.
type graphLink string

func (l *graphLink) UnmarshalJSON(raw []byte) error {
	if len(raw) == 0 || raw[0] != '"' {
		return errors.New("@odata.nextLink is not a text")
	}
	return json.Unmarshal(raw, (*string)(l))
}

// listPages reads a list page by page. each gets the rows and whether more
// pages follow, and may end the reading by answering false.
func listPages(ctx context.Context, g *graphClient, link string, each func(rows []graphObject, more bool) bool) error {
	seen := map[string]bool{}
	for link != "" {
		if seen[link] || len(seen) >= mostPages {
			return errors.New("the list does not end: a page that came before is named as the next one, or there are too many")
		}
		seen[link] = true
		resp, err := g.send(ctx, http.MethodGet, link, nil, nil)
		if err != nil {
			return err
		}
		p, err := parsePage(g, resp.Body)
		if err != nil {
			return fmt.Errorf("GET %s: %w", placeOf(link), err)
		}
		if !each(p.Value, p.NextLink != "") {
			return nil
		}
		link = string(p.NextLink)
	}
	return nil
}

// mostPages is far beyond every directory.
const mostPages = 100_000

// parsePage checks the next link before anybody can follow it.
func parsePage(g *graphClient, body []byte) (page, error) {
	var p page
	if err := json.Unmarshal(body, &p); err != nil {
		return p, fmt.Errorf("the answer is not a page of a list: %w", err)
	}
	if p.Value == nil {
		return p, fmt.Errorf("the answer has no list \"value\", but %s", keysOf(body))
	}
	if len(p.Error) > 0 && string(p.Error) != "null" {
		return p, errors.New("the answer has a list and an error")
	}
	for _, o := range p.Value {
		if o.ID == "" {
			return p, errors.New("the list has an entry without id")
		}
	}
	if p.NextLink != "" {
		if err := g.origin.check(string(p.NextLink)); err != nil {
			return p, err
		}
	}
	return p, nil
}

// keysOf names the keys of an answer that is not understood.
func keysOf(body []byte) string {
	const most, longest = 8, 60
	var keys map[string]json.RawMessage
	if json.Unmarshal(body, &keys) != nil || len(keys) == 0 {
		return "no key"
	}
	names := slices.Sorted(maps.Keys(keys))
	for i, k := range names {
		if len(k) > longest {
			names[i] = strings.ToValidUTF8(k[:longest], "") + "..."
		}
	}
	return fmt.Sprintf("the keys %q", names[:min(len(names), most)])
}

// graphObject is a user, group or service principal; fields that were not
// selected, or may not be read, are empty.
type graphObject struct {
	ODataType              string  `json:"@odata.type,omitempty"`
	ID                     string  `json:"id,omitempty"`
	DisplayName            *string `json:"displayName,omitempty"`
	UserPrincipalName      string  `json:"userPrincipalName,omitempty"`
	Mail                   string  `json:"mail,omitempty"`
	UserType               string  `json:"userType,omitempty"`
	AccountEnabled         *bool   `json:"accountEnabled,omitempty"`
	Visibility             string  `json:"visibility,omitempty"`
	AppID                  string  `json:"appId,omitempty"`
	AppOwnerOrganizationID string  `json:"appOwnerOrganizationId,omitempty"`
}

// inList is the most expressions of an "in" filter (Graph known issues, see
// idp-apis, section 3.1).
const inList = 15

// maxLiteral is the longest value of a filter, in characters (same source).
const maxLiteral = 120

// inFilters are filters over a property, at most 15 values each.
func inFilters(property string, values []string) []string {
	var out []string
	for len(values) > 0 {
		n := min(len(values), inList)
		quoted := make([]string, n)
		for i, v := range values[:n] {
			quoted[i] = "'" + strings.ReplaceAll(v, "'", "''") + "'"
		}
		out = append(out, property+" in ("+strings.Join(quoted, ",")+")")
		values = values[n:]
	}
	return out
}

// query encodes pairs of name and value; spaces become %20, as in paths.
func query(pairs ...string) string {
	var parts []string
	for i := 0; i+1 < len(pairs); i += 2 {
		parts = append(parts, pairs[i]+"="+strings.ReplaceAll(url.QueryEscape(pairs[i+1]), "+", "%20"))
	}
	return "?" + strings.Join(parts, "&")
}
