// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

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
	"strconv"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/redact"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// APIError is an answer of an IdP other than success.
type APIError struct {
	Method, Place string
	Status        int
	// Code and Message are the API's own words.
	Code, Message, RequestID string
}

// Error is the same each time, since it may end in state; what differs from one run to
// the next is in [APIError.Circumstances].
func (e *APIError) Error() string {
	text := fmt.Sprintf("%s %s: status %d", e.Method, e.Place, e.Status)
	if e.Code != "" {
		text += " " + e.Code
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	return text
}

// Circumstances are what differs from one run to the next.
func (e *APIError) Circumstances() string {
	if e.RequestID == "" {
		return ""
	}
	return "request id " + e.RequestID
}

// Clean takes secrets and control characters out of what came from the other side.
func (e *APIError) Clean() {
	e.Code, e.Message, e.RequestID = redact.Text(e.Code), redact.Text(e.Message), redact.Text(e.RequestID)
}

// BodyText is what can be shown of a body that is not the API's own.
func BodyText(header http.Header, body []byte) string {
	body = bytes.TrimSpace(body)
	if strings.Contains(header.Get("Content-Type"), "html") || bytes.HasPrefix(body, []byte("<")) {
		return htmlText
	}
	return Clip(redact.Text(string(body))) // Half a secret would not be found.
}

// htmlText stands for an HTML page, which is never the API's answer.
const htmlText = "the answer is HTML instead of JSON, as proxies, gateways and login pages send it; check the host and the proxies on the way to it"

// IsForbidden reports whether an error is an answer 403.
func IsForbidden(err error) bool {
	var e *APIError
	return errors.As(err, &e) && e.Status == http.StatusForbidden
}

// IsBadRequest reports whether an error is an answer 400.
func IsBadRequest(err error) bool {
	var e *APIError
	return errors.As(err, &e) && e.Status == http.StatusBadRequest
}

// AuthError is credentials that an IdP does not accept.
type AuthError struct {
	Err  error
	Hint string
}

func (e *AuthError) Error() string { return e.Err.Error() + ". " + e.Hint }

func (e *AuthError) Unwrap() error { return e.Err }

// AuthenticationFailure marks the error as one after which nothing can be read.
func (e *AuthError) AuthenticationFailure() bool { return true }

// Origin is scheme and host of the only place that credentials are sent to.
type Origin struct{ scheme, host string }

// OriginOf is the origin of a URL.
func OriginOf(u *url.URL) Origin {
	return Origin{strings.ToLower(u.Scheme), strings.ToLower(u.Host)}
}

// Check refuses a next link that leads anywhere else, and names its host.
func (o Origin) Check(link string) error {
	u, err := url.Parse(link)
	if err != nil {
		return errors.New("the link to the next page is not a URL")
	}
	if OriginOf(u) != o {
		return fmt.Errorf("the link to the next page leads to %s://%s, not to the configured %s://%s; it was not followed, "+
			"because the credentials would have gone there", u.Scheme, u.Host, o.scheme, o.host)
	}
	return nil
}

// TextOnly is an error for an answer with bytes that are no text: names with them are
// decoded into names that no one has.
func TextOnly(method, link string, resp *transport.Response) error {
	if transport.IsText(resp.Body) {
		return nil
	}
	return fmt.Errorf("%s %s: the answer holds bytes that are no text, so that its names are not certain", method, PlaceOf(link))
}

// CheckJSON finds answers that broke off although their length fits.
func CheckJSON(r *transport.Response) error {
	if !json.Valid(bytes.TrimPrefix(r.Body, []byte("\xef\xbb\xbf"))) {
		return errors.New("the answer is not whole JSON")
	}
	return nil
}

// PlaceOf is a URL without its query, which may hold names.
func PlaceOf(link string) string {
	place, _, _ := strings.Cut(link, "?")
	return place
}

// IsOfOneObject reports whether a URL of Graph or Okta is about one object of many:
// behind the version and the kind there is an id (/v1.0/groups/<id>/members), which is
// neither a function ($count) nor a query.
func IsOfOneObject(link string) bool {
	for _, version := range []string{"/api/v1/", "/v1.0/", "/beta/"} {
		if _, rest, found := strings.Cut(PlaceOf(link), version); found {
			kind, id, found := strings.Cut(rest, "/")
			return found && id != "" && id[0] != '$' && kind != "directory" && kind != "directoryObjects"
		}
	}
	return false
}

// MostPages is far beyond every directory.
const MostPages = 100_000

// KeysOf names the keys of an answer that is not understood.
func KeysOf(body []byte) string {
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

// Clip keeps error texts short.
func Clip(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + ".."
}

// ShownEndpoint is a URL of a setting for an error that refuses it. What may hold a
// password is not shown: where it ends cannot be told in a URL that is none.
func ShownEndpoint(endpoint string) string {
	if strings.Contains(endpoint, "@") {
		return "the URL, which holds a user or password,"
	}
	return strconv.Quote(endpoint)
}

// CheckEndpoint takes https, and http for loopback.
func CheckEndpoint(attribute, endpoint string) (*url.URL, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, &idp.ConfigError{Attribute: attribute, Detail: ShownEndpoint(endpoint) + " is not a URL of the form https://host"}
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return nil, &idp.ConfigError{Attribute: attribute, Detail: fmt.Sprintf("%q must begin with https:// (http:// is accepted for loopback addresses only), "+
			"because credentials are sent to it", endpoint)}
	}
	return u, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
