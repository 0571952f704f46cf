// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"strings"
	"testing"
)

// An account SCIM token is refused by everything but account SCIM, and no role
// mends that.
func TestAPIError_scimToken(t *testing.T) {
	t.Parallel()
	for _, status := range []int{401, 403} {
		err := &AuthError{Type: authPAT, Err: &Error{Method: "GET", Path: "/api/2.0/accounts/1/workspaces", Status: status, scimTokenOnly: true}}
		if text := err.Error(); !strings.Contains(text, "accepted by account SCIM only") || strings.Contains(text, "must be an account admin of") {
			t.Errorf("%d: %s", status, text)
		}
	}
}
