// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"encoding/json"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Each list of principals is under a name of its own, and the token beside it.
func TestPrincipalPage(t *testing.T) {
	t.Parallel()
	body := `{"users":[{"user_id":1}],"groups":[{"group_id":"2"}],"service_principals":[{"service_principal_id":3}],"next_page_token":"next"}`
	var page principalPage
	if err := json.Unmarshal([]byte(body), &page); err != nil {
		t.Fatal(err)
	}
	if page.Next != "next" {
		t.Errorf("the next token is %q", page.Next)
	}
	for kind, want := range map[audit.PrincipalType]IAMPrincipal{
		audit.TypeUser: {UserID: "1"}, audit.TypeGroup: {GroupID: "2"}, audit.TypeServicePrincipal: {ServicePrincipalID: "3"},
	} {
		if got := page.of(kind); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %+v", kind, got)
		}
	}
}
