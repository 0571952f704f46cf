// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/redact"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// ErrNotFound is wrapped when the account says, in its own words and with
// status 404, that an object does not exist. A 404 of a proxy, of an unknown
// endpoint or of an unknown account is not it.
var ErrNotFound = errors.New("not found")

// ConfigError is a setting that cannot be used.
type ConfigError struct {
	// Attribute is the attribute of the provider block; empty when none is
	// concerned alone.
	Attribute string
	// Summary and Detail are for a diagnostic; Detail says what to do.
	Summary, Detail string
}

func (e *ConfigError) Error() string { return e.Summary + ": " + e.Detail }

// AuthenticationFailure says that a request that returns this error found no credentials.
func (e *ConfigError) AuthenticationFailure() bool { return true }

// AuthError is a failure to log in: no token could be had, or the account
// refused the credentials with 401. Nothing else can be read either.
type AuthError struct {
	// Type is the kind of authentication, for example "oauth-m2m".
	Type string
	Err  error
}

func (e *AuthError) Error() string {
	text := fmt.Sprintf("authentication (%s) failed: %s", e.Type, strings.TrimSuffix(e.Err.Error(), "."))
	var answer *Error
	if e.isUnanswered() || errors.As(e.Err, &answer) && (answer.HTML || answer.need() != "") {
		return text // No one has looked at the credentials, or the answer says what is missing.
	}
	hint := "Check the credentials of the provider block or of the environment (DATABRICKS_* variables)"
	switch e.Type {
	case authM2M:
		hint = "Check client_id and client_secret (DATABRICKS_CLIENT_ID, DATABRICKS_CLIENT_SECRET) and account_id"
	case authPAT:
		hint = "Check token (DATABRICKS_TOKEN): it may be wrong, expired or not of this account"
	}
	return text + ". " + hint
}

// isUnanswered reports whether the login got no answer, or a failure of the server.
func (e *AuthError) isUnanswered() bool {
	var silent *transport.Error
	status := StatusOf(e.Err)
	return errors.As(e.Err, &silent) || status == http.StatusTooManyRequests || status >= http.StatusInternalServerError
}

func (e *AuthError) Unwrap() error { return e.Err }

// AuthenticationFailure marks the error for packages that do not import this one.
func (e *AuthError) AuthenticationFailure() bool { return true }

// Error is an answer of the account, or of a workspace, other than success.
type Error struct {
	Method string
	// Path is the path of the request, without host and query.
	Path   string
	Status int
	// Code and Message are the API's own words; Code may be empty.
	Code, Message string
	RequestID     string
	// HTML is true when the answer was a page for people, which no API sent.
	HTML bool
	// Attempts is how often the request was sent.
	Attempts int
	// RetryAfter is the header as it came.
	RetryAfter string
	// scimTokenOnly is true when a token was sent as it is, and not to account SCIM:
	// an account SCIM token is accepted there only.
	scimTokenOnly bool
	// explicit404 is true when the body itself says that the object is missing.
	explicit404 bool
	// workspace is the id of the workspace that answered; empty for the account.
	workspace string
}

// IsMissing reports whether an answer itself says that the object does not exist.
func IsMissing(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.explicit404
}

// Error is the same each time, since it may end in state; what differs from one run
// to the next is in [Error.Circumstances].
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: status %d", e.Method, e.Path, e.Status)
	if e.Code != "" {
		b.WriteString(" " + e.Code)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if need := e.need(); need != "" {
		b.WriteString(". " + need)
	}
	return b.String()
}

// need is what a refusal asks of the caller, where the answer does not say
// something else itself.
func (e *Error) need() string {
	refused := e.Status == http.StatusForbidden && !e.HTML
	switch {
	case e.Status == http.StatusProxyAuthRequired:
		return "A proxy on the way wants credentials: set them in HTTPS_PROXY (https://user:password@proxy)"
	case refused && e.IsAddressRefused():
		return "The address of this machine is not on the IP access list there"
	case e.scimTokenOnly && e.workspace == "" && !e.HTML && (refused || e.Status == http.StatusUnauthorized):
		return "If token (DATABRICKS_TOKEN) is an account SCIM token: it is accepted by account SCIM only. " +
			"Set client_id and client_secret of a service principal that is an account admin instead"
	case !refused || strings.Contains(e.Path, "/oidc/"):
		return "" // No role is asked for where tokens are given out.
	case e.workspace != "":
		return "The caller must be in workspace " + e.workspace + ", and metastore admin to see everything in Unity Catalog"
	}
	return "The caller must be an account admin of this account"
}

// IsAddressRefused reports whether the answer says that the caller's address is the
// reason, and not the caller.
func (e *Error) IsAddressRefused() bool {
	text := strings.ToLower(e.Message)
	return strings.Contains(text, "ip acl") || strings.Contains(text, "ip access list") || strings.Contains(text, "ip address")
}

// Refused says that the API does not do this at all for the caller: the same request
// about another object is answered alike.
func (e *Error) Refused() bool {
	return e.Status == http.StatusForbidden || e.Status == http.StatusNotFound || e.Status == http.StatusNotImplemented
}

// Asked is who answered: "the account" or "workspace 7".
func (e *Error) Asked() string {
	if e.workspace != "" {
		return "workspace " + e.workspace
	}
	return "the account"
}

// WantsAdmin reports whether the account admin role is what the refusal is about.
func (e *Error) WantsAdmin() bool {
	return strings.HasPrefix(e.need(), "The caller must be an account admin")
}

// Circumstances are what differs from one run to the next.
func (e *Error) Circumstances() string {
	var parts []string
	if e.Attempts > 1 {
		parts = append(parts, fmt.Sprintf("%d attempts", e.Attempts))
	}
	if e.RetryAfter != "" {
		parts = append(parts, "the server asked to come back after "+redact.Text(e.RetryAfter)+" (Retry-After)")
	}
	if e.RequestID != "" {
		parts = append(parts, "request id "+e.RequestID)
	}
	return strings.Join(parts, "; ")
}

// IncompleteError is a decision that was not taken, because it depends on a list
// that could not be read in full.
type IncompleteError struct {
	// Need is what the list was for.
	Need     string
	Failures []audit.Failure
}

func (e *IncompleteError) Error() string {
	const most = 10
	reasons := make([]string, 0, len(e.Failures))
	for _, f := range e.Failures {
		reasons = append(reasons, f.Call+": "+f.Reason)
	}
	if len(reasons) > most {
		reasons = append(reasons[:most], fmt.Sprintf("and %d more", len(reasons)-most))
	}
	return fmt.Sprintf("%s needs every user, group and service principal of the account, and not all could be read: %s",
		e.Need, strings.Join(reasons, "; "))
}

// Summary joins reasons, the first ones only.
func Summary(holes []string) string {
	const most = 5
	if len(holes) > most {
		holes = append(slices.Clone(holes[:most]), fmt.Sprintf("and %d more", len(holes)-most))
	}
	return strings.Join(holes, "; ")
}
