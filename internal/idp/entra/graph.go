// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package entra

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// graphClient speaks Microsoft Graph.
type graphClient struct {
	http      *transport.Client
	base      string // graph_endpoint without trailing slash
	origin    directory.Origin
	authorize func(ctx context.Context, r *http.Request) error
	batches   int // batches in flight
	limits    batchLimits
	answered  atomic.Int64 // parts of batches that were answered
}

// send makes one request with an absolute URL. An answer of 400 and above is an
// [*directory.APIError], or an [*directory.AuthError] for 401.
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
		Authorize: g.authorize, Check: directory.CheckJSON,
		Single: strings.HasSuffix(link, "/$batch") || directory.IsOfOneObject(link),
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
		return resp, directory.TextOnly(method, link, resp)
	}
	return nil, graphFailure(method, directory.PlaceOf(link), resp.Status, resp.Header, resp.Body)
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
	e := &directory.APIError{Method: method, Place: place, Status: status, RequestID: header.Get("request-id")}
	switch {
	case json.Unmarshal(body, &shape) == nil && shape.Error.Code != "":
		e.Code, e.Message = shape.Error.Code, shape.Error.Message
		if e.RequestID == "" {
			e.RequestID = shape.Error.InnerError.RequestID
		}
	case status >= 300 && status < 400:
		e.Message = "a redirect, which is not followed; check graph_endpoint"
	default:
		e.Message = directory.BodyText(header, body)
	}
	e.Clean()
	if status == http.StatusUnauthorized {
		return &directory.AuthError{Err: e, Hint: "Microsoft Graph did not accept the token: check that graph_endpoint and authority_host are of the same cloud"}
	}
	return e
}

// row is an entry of a list.
type row interface {
	// known is false for an entry that cannot be attributed.
	known() bool
}

// page is one page of a list.
type page[R row] struct {
	Value    []R       `json:"value"`
	NextLink graphLink `json:"@odata.nextLink"`
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
func listPages[R row](ctx context.Context, g *graphClient, link string, each func(rows []R, more bool) bool) error {
	seen := map[string]bool{}
	for link != "" {
		if seen[link] || len(seen) >= directory.MostPages {
			return errors.New("the list does not end: the next page is one that was read before, or there are too many pages")
		}
		seen[link] = true
		resp, err := g.send(ctx, http.MethodGet, link, nil, nil)
		if err != nil {
			return err
		}
		p, err := parsePage[R](g, resp.Body)
		if err != nil {
			return fmt.Errorf("GET %s: %w", directory.PlaceOf(link), err)
		}
		if !each(p.Value, p.NextLink != "") {
			return nil
		}
		link = string(p.NextLink)
	}
	return nil
}

// parsePage checks the next link before anybody can follow it.
func parsePage[R row](g *graphClient, body []byte) (page[R], error) {
	var p page[R]
	if err := json.Unmarshal(body, &p); err != nil {
		return p, fmt.Errorf("the answer is not a page of a list: %w", err)
	}
	if p.Value == nil {
		return p, fmt.Errorf("the answer has no list \"value\", but %s", directory.KeysOf(body))
	}
	if len(p.Error) > 0 && string(p.Error) != "null" {
		return p, errors.New("the answer has a list and an error")
	}
	for _, o := range p.Value {
		if !o.known() {
			return p, errors.New("the list has an entry without id")
		}
	}
	if p.NextLink != "" {
		if err := g.origin.Check(string(p.NextLink)); err != nil {
			return p, err
		}
	}
	return p, nil
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

func (o graphObject) known() bool { return o.ID != "" }

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
