// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/redact"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// Families of calls that the account counts together (docs/reference/databricks-account-api.md 4.5).
const (
	LimitSCIMGet  = "scim get"
	LimitSCIMList = "scim list"
	LimitIAM      = "iam v2"
	LimitMatch    = "matchWithIdp"
	LimitAccount  = "account"
)

// Call is one request to the account.
type Call struct {
	Method string
	Path   string // with leading slash, escaped
	Query  url.Values
	body   any // sent as JSON; nil for none
	Limit  string
	// Prepare is transport.Request.Prepare, and gives the body to be sent as JSON.
	Prepare func(ctx context.Context, attempts int, unsure bool) (any, error)
	// Read marks a POST that is limited and repeated like a read.
	Read bool
	// At is the workspace that is called; nil is the account.
	At *Site
}

// SCIMPath is a path of account SCIM 2.1. kind is Users, Groups or ServicePrincipals.
func (a *Conn) SCIMPath(kind string, id ...string) string {
	return a.accountPath("/api/2.1/accounts/", "/scim/v2/"+kind, id)
}

// IAMPath is a path of IAM v2 at account level.
func (a *Conn) IAMPath(rest string, id ...string) string {
	return a.accountPath("/api/2.0/identity/accounts/", "/"+rest, id)
}

func (a *Conn) accountPath(prefix, rest string, id []string) string {
	var b strings.Builder
	b.WriteString(prefix + a.AccountID + rest)
	for _, part := range id {
		b.WriteString("/" + url.PathEscape(part))
	}
	return b.String()
}

// isSingle tells reads of one object from lists, for which nothing else speaks.
func (cl *Call) isSingle() bool {
	if cl.At != nil || cl.Method != http.MethodGet && !cl.Read {
		return false
	}
	switch cl.Limit {
	case LimitMatch, LimitSCIMGet:
		return true
	case LimitIAM, LimitAccount: // .../accounts/<id>/users is a list, .../groups/<id>/direct-members is not.
		_, rest, _ := strings.Cut(cl.Path, "/accounts/")
		return strings.Count(rest, "/") > 1
	}
	return false
}

// Do sends the call and decodes a successful answer into out (nil for none; the
// empty body of a write leaves it as it is). Errors are [*Error] (within an [*AuthError]
// for 401), [*AuthError], *transport.Error or the context's.
func (a *Conn) Do(ctx context.Context, cl Call, out any) error {
	_, err := a.Answer(ctx, cl, out)
	return err
}

// Answer is [Conn.Do] that gives the body, too.
func (a *Conn) Answer(ctx context.Context, cl Call, out any) ([]byte, error) {
	var sent http.Header
	host, auth := a.Host, a.auth
	if cl.At != nil {
		host, auth = cl.At.host, cl.At.auth
	}
	req := &transport.Request{
		Method: cl.Method, URL: host + cl.Path, Limit: cl.Limit,
		Header: http.Header{"Accept": {"application/json"}}, Check: wholeJSON,
		Authorize: func(ctx context.Context, r *http.Request) error {
			err := auth.authorize(ctx, r)
			sent = r.Header
			return err
		},
	}
	if len(cl.Query) > 0 {
		req.URL += "?" + cl.Query.Encode()
	}
	req.Single = cl.isSingle()
	cl.At.choose(req.Header)
	if cl.At != nil {
		req.Side = "workspace " + cl.At.Workspace
	}
	if cl.Read {
		req.Class, req.Repeatable = transport.ClassRead, true
		req.Header.Set("Content-Type", "application/json")
	}
	if cl.body != nil {
		raw, err := json.Marshal(cl.body)
		if err != nil {
			return nil, fmt.Errorf("encoding a request: %w", err)
		}
		req.Body = raw
		req.Header.Set("Content-Type", "application/json")
	}
	if cl.Prepare != nil {
		req.Header.Set("Content-Type", "application/json")
		req.Prepare = func(ctx context.Context, attempts int, unsure bool) ([]byte, error) {
			body, err := cl.Prepare(ctx, attempts, unsure)
			if err != nil || body == nil {
				return nil, err
			}
			return json.Marshal(body)
		}
	}
	resp, err := a.transport.Do(ctx, req)
	if err == nil && resp.Status == http.StatusUnauthorized && auth.refused(sent) {
		// A token may have been withdrawn before its time; once is enough.
		resp, err = a.transport.Do(ctx, req)
	}
	if err != nil {
		return nil, a.explain(cl.At, err)
	}
	if resp.Status < 200 || resp.Status > 299 {
		apiErr := newError(req, resp)
		apiErr.workspace = cl.At.id()
		apiErr.scimTokenOnly = auth.kind() == authPAT && !strings.Contains(cl.Path, "/scim/v2/")
		if resp.Status == http.StatusUnauthorized && cl.At == nil {
			return nil, &AuthError{Type: auth.kind(), Err: apiErr}
		}
		return nil, apiErr // One workspace that refuses the login says nothing of the account.
	}
	if err := decode(req, resp, cl.Read || cl.Method == http.MethodGet, out); err != nil {
		return nil, err
	}
	if cl.At == nil {
		a.proven.Store(true)
	}
	return resp.Body, nil
}

// SilentHostError is a request to a host that has not answered anything yet, so
// that its name is in question. The text says what to check.
type SilentHostError struct {
	Advice string
	Err    error
}

func (e *SilentHostError) Error() string { return e.Err.Error() + ". " + e.Advice }

func (e *SilentHostError) Unwrap() error { return e.Err }

// explain adds what to do when the host itself does not answer.
func (a *Conn) explain(at *Site, err error) error {
	var (
		failed *transport.Error
		ended  *transport.EndedError
	)
	silent := errors.As(err, &failed) && failed.FirstContact || errors.As(err, &ended) && ended.FirstContact && ended.Last != nil
	switch {
	case !silent || transport.Advice(err) != "":
	case at != nil:
		return &SilentHostError{Err: err, Advice: fmt.Sprintf("The host %s of workspace %s has not answered anything: "+
			"check that it can be reached from here, and workspace_hosts", at.host, at.Workspace)}
	default:
		return &SilentHostError{Err: err, Advice: fmt.Sprintf("The host %s has not answered anything: "+
			"check host (DATABRICKS_HOST), and that it can be reached from here", a.Host)}
	}
	return err
}

// decode reads a successful answer. A read must say something: an empty answer
// would otherwise pass for an empty list.
func decode(req *transport.Request, resp *transport.Response, read bool, out any) error {
	if out == nil {
		return nil
	}
	body := bytes.TrimSpace(resp.Body)
	odd := func(text string) error {
		e := newError(req, resp)
		e.Code, e.Message, e.HTML = "", text, text == htmlText
		return e
	}
	switch {
	case len(body) == 0 || bytes.Equal(body, []byte("null")):
		if !read {
			return nil
		}
		return odd("the answer is empty, and nothing is known by it")
	case read && !transport.IsText(body):
		return odd("the answer holds bytes that are no text, so that its names are not certain")
	case read && hasError(body):
		return newError(req, resp)
	}
	err := json.Unmarshal(body, out)
	var shape *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case looksLikeHTML(resp):
		return odd(htmlText)
	case errors.As(err, &shape):
		kind, _, _ := strings.Cut(shape.Value, " ") // What follows is the value.
		return odd(fmt.Sprintf("the answer is not the JSON that was expected: %s is of the type %s. It has %s",
			cmp.Or(shape.Field, "the whole"), kind, Quoted(KeysOf(body))))
	default:
		return odd("the answer is not the JSON that was expected: " + err.Error())
	}
}

// hasError finds the body of an error under a status of success, as gateways send
// it. No answer of the account has one of these keys, and without a look at them it
// would pass for an empty list.
func hasError(body []byte) bool {
	if body[0] != '{' || !bytes.Contains(body, []byte(`"error`)) {
		return false
	}
	var keys struct {
		Code   json.RawMessage `json:"error_code"`
		Error  json.RawMessage `json:"error"`
		Errors json.RawMessage `json:"errors"`
	}
	if json.Unmarshal(body, &keys) != nil {
		return false
	}
	for _, raw := range []json.RawMessage{keys.Code, keys.Error, keys.Errors} {
		switch string(raw) {
		case "", "null", `""`, "[]", "{}", "false", "0":
		default:
			return true
		}
	}
	return false
}

// KeysOf are the keys of an answer that is an object, sorted: what may be shown of an
// answer that is not understood.
func KeysOf(body []byte) []string {
	var keys map[string]json.RawMessage
	if json.Unmarshal(body, &keys) != nil {
		return nil
	}
	return slices.Sorted(maps.Keys(keys))
}

// Quoted are some keys for a text.
func Quoted(keys []string) string {
	const most, longest = 8, 60
	if len(keys) == 0 {
		return "no key"
	}
	var out []string
	for _, k := range keys[:min(len(keys), most)] {
		if len(k) > longest {
			k = strings.ToValidUTF8(k[:longest], "") + "..."
		}
		out = append(out, strconv.Quote(k))
	}
	if len(keys) > most {
		out = append(out, fmt.Sprintf("and %d more", len(keys)-most))
	}
	return "the keys " + strings.Join(out, ", ")
}

// wholeJSON finds JSON that was cut off without a trace in HTTP. What never was
// JSON is not its business: asking again would not mend that.
func wholeJSON(resp *transport.Response) error {
	body := bytes.TrimSpace(resp.Body)
	if len(body) == 0 || body[0] != '{' && body[0] != '[' || json.Valid(body) {
		return nil
	}
	return fmt.Errorf("the answer (status %d) holds half a JSON document of %d bytes", resp.Status, len(body))
}

func looksLikeHTML(resp *transport.Response) bool {
	return strings.Contains(resp.Header.Get("Content-Type"), "html") || bytes.HasPrefix(bytes.TrimSpace(resp.Body), []byte("<"))
}

// htmlText stands for an HTML page: no API of Databricks answers with one, but for
// the old error pages whose text is in <pre>.
const htmlText = "the answer is HTML instead of JSON, as proxies, gateways and login pages send it; " +
	"check host (DATABRICKS_HOST) and the proxies on the way to it"

var (
	codeText = regexp.MustCompile(`^([A-Z][A-Z0-9_]+): (.*)$`)
	preText  = regexp.MustCompile(`(?is)<pre>(.*?)</pre>`)
)

// newError reads every body shape of docs/reference/databricks-account-api.md 2.2, and the
// one of OAuth.
func newError(req *transport.Request, resp *transport.Response) *Error {
	e := &Error{
		Method: req.Method, Status: resp.Status, Attempts: resp.Attempts,
		RetryAfter: resp.Header.Get("Retry-After"),
		RequestID:  cmp.Or(resp.Header.Get("X-Request-Id"), resp.Header.Get("X-Databricks-Request-Id")),
	}
	if u, err := url.Parse(req.URL); err == nil {
		e.Path = u.EscapedPath()
	}
	if resp.Status >= 300 && resp.Status < 400 {
		e.Message = redirectText(req, resp)
		return e
	}
	var body struct {
		ErrorCode        Text `json:"error_code"`
		Message          Text `json:"message"`
		Detail           Text `json:"detail"`
		ScimType         Text `json:"scimType"`
		Status           Text `json:"status"`
		Error            Text `json:"error"`
		ErrorDescription Text `json:"error_description"`
	}
	raw := bytes.TrimSpace(resp.Body)
	switch {
	case json.Unmarshal(raw, &body) == nil:
		e.Code = cmp.Or(string(body.ErrorCode), string(body.ScimType), string(body.Error))
		e.Message = cmp.Or(string(body.Message), detailText(string(body.Detail)), string(body.ErrorDescription))
		e.explicit404 = resp.Status == http.StatusNotFound && saysMissing(e, string(body.Status))
	case codeText.Match(raw):
		m := codeText.FindSubmatch(raw)
		e.Code, e.Message = string(m[1]), string(m[2])
		e.explicit404 = resp.Status == http.StatusNotFound && saysMissing(e, "")
	case looksLikeHTML(resp):
		e.HTML, e.Message = true, htmlText
		if m := preText.FindSubmatch(raw); m != nil {
			e.Message += ": " + html.UnescapeString(string(m[1]))
		}
	default:
		e.Message = string(raw)
	}
	if e.Message == "" && e.Code == "" {
		e.Message = http.StatusText(resp.Status)
		if resp.Status < 300 {
			e.Message = "the answer reports an error"
		}
	}
	// Whatever the server, or something on the way, has put into its words. Before
	// they are cut: half a secret is not found.
	e.Code, e.Message, e.RequestID = redact.Text(e.Code), redact.Text(e.Message), redact.Text(e.RequestID)
	const most = 1000
	if len(e.Message) > most {
		e.Message = strings.ToValidUTF8(e.Message[:most], "") + "..."
	}
	return e
}

// saysMissing reports whether a 404 is about the object: a SCIM error with its
// own status, or a code that means it. ENDPOINT_NOT_FOUND is not.
func saysMissing(e *Error, scimStatus string) bool {
	switch e.Code {
	case "RESOURCE_DOES_NOT_EXIST", "NOT_FOUND", "RESOURCE_NOT_FOUND", "USER_NOT_FOUND", "GROUP_NOT_FOUND":
		return true
	}
	return scimStatus == "404"
}

// detailText: SCIM sends the text null for failures of its own.
func detailText(s string) string {
	if s == "null" {
		return "SCIM API Internal Error"
	}
	return s
}

func redirectText(req *transport.Request, resp *transport.Response) string {
	to, err := url.Parse(resp.Header.Get("Location"))
	if err != nil || to.Host == "" {
		return "the answer is a redirect, and redirects are not followed"
	}
	from, err := url.Parse(req.URL)
	if err == nil && from.Host == to.Host {
		return "the answer is a redirect within the host, and redirects are not followed"
	}
	return "the answer is a redirect to " + to.Host + ", which is not followed, because credentials go to the configured host only: check host (DATABRICKS_HOST)"
}

// Text is a JSON string, number or null; anything else reads as "".
type Text string

// UnmarshalJSON implements [json.Unmarshaler].
func (t *Text) UnmarshalJSON(raw []byte) error {
	*t = ""
	if len(raw) == 0 {
		return nil
	}
	switch c := raw[0]; {
	case c == '"' && len(raw) > 1 && isPlain(raw[1:len(raw)-1]):
		*t = Text(raw[1 : len(raw)-1])
	case c == '"':
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		*t = Text(s)
	case c == '-' || c >= '0' && c <= '9':
		*t = Text(raw)
	}
	return nil
}

// isPlain reports whether what is between the quotes of a JSON string is the string:
// ids and tokens are, and there are many of them.
func isPlain(raw []byte) bool {
	for _, c := range raw {
		if c == '\\' || c < ' ' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// StatusOf is the HTTP status of an API error, 0 for other errors.
func StatusOf(err error) int {
	var e *Error
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}

// IsLost reports whether nothing else can be expected to work: the login failed
// or the caller has given up.
func IsLost(ctx context.Context, err error) bool {
	var (
		auth *AuthError
		conf *ConfigError
	)
	return ctx.Err() != nil || errors.As(err, &auth) || errors.As(err, &conf)
}
