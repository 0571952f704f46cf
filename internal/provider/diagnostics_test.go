// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// To run again later helps against a host that is down, and not against one that
// was never there.
func TestNextStep_hosts(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err  error
		says string
	}{
		"never answered": {
			&api.SilentHostError{Advice: "Check host", Err: &transport.Error{FirstContact: true, Err: errors.New("no such host")}}, "",
		},
		"a directory":     {&transport.Error{FirstContact: true, Err: errors.New("connection reset")}, "Run again later"},
		"answered before": {&transport.Error{Gone: true, Err: errors.New("connection refused")}, "Run again later"},
	} {
		if got := nextStep(fmt.Errorf("reading: %w", tt.err)); !strings.Contains(got, tt.says) || (got == "") != (tt.says == "") {
			t.Errorf("%s: %q, want %q", name, got, tt.says)
		}
	}
}

// A remedy fits what came back: who failed, and why.
func TestNextStep_remedies(t *testing.T) {
	t.Parallel()
	const role = "account admin role"
	late := &transport.EndedError{Side: "Microsoft Graph", Attempts: 3, RetryAfter: 600 * time.Second, Err: context.DeadlineExceeded, Last: errors.New("status 503")}
	for name, tt := range map[string]struct {
		err         error
		says, never string
	}{
		"a time limit":      {late, "(3 attempts; the server asked to come back in 600 s)\n\nThe time limit was reached while Microsoft Graph gave nothing", "the account"},
		"a page of a proxy": {&api.AuthError{Type: "oauth-m2m", Err: &api.Error{Status: 403, HTML: true, Path: "/oidc/v1/token"}}, "", role},
		"no role":           {&api.Error{Status: 403, Path: "/api/2.1/accounts/1/scim/v2/Users"}, role, "IP access"},
		"an address":        {&api.Error{Status: 403, Message: "Source IP address: 10.0.0.1 is blocked by Databricks IP ACL"}, "IP access list", role},
		"a CA":              {&transport.Error{FirstContact: true, Attempts: 1, Err: x509.UnknownAuthorityError{}}, "SSL_CERT_FILE", "Run again"},
		"a name":            {&transport.Error{FirstContact: true, Attempts: 1, Err: &net.DNSError{Name: "nowhere", IsNotFound: true}}, "nowhere does not resolve", "Run again"},
		"a proxy":           {&transport.Error{FirstContact: true, Attempts: 1, Err: errors.New("Proxy Authentication Required")}, "HTTPS_PROXY", "Run again"},
	} {
		got := nextStep(fmt.Errorf("reading: %w", tt.err))
		if !strings.Contains(got, tt.says) || tt.never != "" && strings.Contains(tt.err.Error()+got, tt.never) {
			t.Errorf("%s: %q %q, want %q and not %q", name, tt.err, got, tt.says, tt.never)
		}
	}
}

// What ends in state is the same each time.
func TestErrors_holdNoVolatileNumbers(t *testing.T) {
	t.Parallel()
	for n := range 2 {
		first := &transport.Error{Method: "GET", Place: "https://x/y", Attempts: 3 + n, Elapsed: time.Duration(n) * time.Second, Err: errors.New("reset")}
		answer := &api.Error{Method: "GET", Path: "/y", Status: 500, Attempts: 4 + n, RequestID: fmt.Sprint("r", n), RetryAfter: fmt.Sprint(n)}
		if first.Error() != "GET https://x/y: no answer: reset" || answer.Error() != "GET /y: status 500" {
			t.Errorf("%v, %v", first, answer)
		}
	}
}

// What failed about a membership is reported on the attribute to look at, and with
// what helps: neither another role nor another time does where the group is the
// identity provider's.
func TestAddMemberError_attributes(t *testing.T) {
	t.Parallel()
	m := &memberModel{GroupID: types.StringValue("3"), MemberID: types.StringValue("1")}
	gone := fmt.Errorf("%w: no such principal", api.ErrNotFound)
	change := write.Change{Kind: write.ChangeRemoveMember, Ref: audit.Ref{Type: audit.TypeGroup, ID: "3"}, Member: audit.Ref{Type: audit.TypeUser, ID: "1"}}
	group := audit.Principal{Ref: change.Ref, ExternalID: "abc"}
	for name, tt := range map[string]struct {
		err  error
		at   string
		says string
	}{
		"group missing":  {&write.MissingError{Group: true, Err: gone}, "group_id", "group/3 does not exist in the account"},
		"member missing": {&write.MissingError{Err: gone}, "member_id", "principal 1, member of group/3, does not exist in the account"},
		"one of both":    {gone, "", "Either group/3 or its member 1"},
		"of the IdP, 500": {
			&write.IDPGroupError{Change: change, Group: group, Err: &api.Error{Method: "PATCH", Status: 500, Message: "Error."}},
			"group_id", `linked to the identity provider (externalId "abc"): the likely cause is that automatic identity management is on`,
		},
	} {
		var diags diag.Diagnostics
		addMemberError(&diags, "Create", thingRemoval, m, tt.err)
		if len(diags) != 1 {
			t.Fatalf("%s: %v", name, diags)
		}
		at := ""
		if on, ok := diags[0].(diag.DiagnosticWithPath); ok {
			at = on.Path().String()
		}
		text := diags[0].Detail()
		if at != tt.at || !strings.Contains(text, tt.says) || strings.Contains(text, "Run again later") || strings.Contains(text, "..") {
			t.Errorf("%s: on %q: %s", name, at, text)
		}
	}
}

// The API's own words may end in a full stop.
func TestAddResolveError_stops(t *testing.T) {
	t.Parallel()
	for _, kind := range []error{write.ErrAIMOff, write.ErrNotInIDP, errors.New("odd")} {
		var diags diag.Diagnostics
		addResolveError(&diags, &resolvedPrincipalModel{PrincipalType: types.StringValue("user"), ExternalID: types.StringValue("x")},
			fmt.Errorf("resolving: %w: %w", kind, &api.Error{Method: "POST", Status: 400, Message: "It is not enabled."}))
		if text := diags[0].Detail(); strings.Contains(text, "..") || !strings.Contains(text, "not enabled.") {
			t.Errorf("%v: %s", kind, text)
		}
	}
}
