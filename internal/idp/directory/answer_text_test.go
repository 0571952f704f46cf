// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory_test

import (
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/directory"
)

// The text of a refusal ends in state: it is the same in every run, and the request's id
// is reported beside it.
func TestAPIError_sameEachTime(t *testing.T) {
	t.Parallel()
	of := func(id string) *directory.APIError {
		return &directory.APIError{Method: "GET", Place: "/groups/1", Status: 500, Code: "Busy", Message: "later", RequestID: id}
	}
	a, b, none := of("1"), of("2"), of("")
	if a.Error() != b.Error() || a.Error() != none.Error() || strings.Contains(a.Error(), "request") {
		t.Errorf("%q, %q, %q", a, b, none)
	}
	if a.Circumstances() != "request id 1" || none.Circumstances() != "" {
		t.Errorf("%q, %q", a.Circumstances(), none.Circumstances())
	}
}
