// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
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

// mostPages is far beyond every directory.
const mostPages = 100_000

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

// clip keeps error texts short.
func clip(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + ".."
}

// checkEndpoint takes https, and http for loopback.
func checkEndpoint(attribute, endpoint string) (*url.URL, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, &ConfigError{attribute, fmt.Sprintf("%q is not a URL of the form https://host", endpoint)}
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return nil, &ConfigError{attribute, fmt.Sprintf("%q must begin with https:// (http:// is accepted for loopback addresses only), "+
			"because credentials are sent to it", endpoint)}
	}
	return u, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
