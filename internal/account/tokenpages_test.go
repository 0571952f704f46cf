// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package account

import (
	"encoding/json"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// A string that is taken as it stands is the one that encoding/json reads.
func TestText(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		`""`, `"12345"`, `"8f1c-A_z.~"`, `"a b"`, `"a\"b"`, `"\\"`, `"\u0031"`, `"\ud83d\ude00"`, `"é"`, "\"\xff\"", "\"\x7f\"",
	} {
		var want string
		if err := json.Unmarshal([]byte(raw), &want); err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		var got text
		if err := json.Unmarshal([]byte(raw), &got); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v; want %q", raw, got, err, want)
		}
	}
	for raw, want := range map[string]text{`12345678901234567890`: "12345678901234567890", `-1`: "-1", `null`: "", `true`: "", `{"a":1}`: "", `["a"]`: ""} {
		got := text("before")
		if err := json.Unmarshal([]byte(raw), &got); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", raw, got, err, want)
		}
	}
}

// Each list of principals is under a name of its own, and the token beside it.
func TestPrincipalPage(t *testing.T) {
	t.Parallel()
	body := `{"users":[{"user_id":1}],"groups":[{"group_id":"2"}],"service_principals":[{"service_principal_id":3}],"next_page_token":"next"}`
	var page principalPage
	if err := json.Unmarshal([]byte(body), &page); err != nil {
		t.Fatal(err)
	}
	if page.next() != "next" {
		t.Errorf("the next token is %q", page.next())
	}
	for kind, want := range map[audit.PrincipalType]iamPrincipal{
		audit.TypeUser: {UserID: "1"}, audit.TypeGroup: {GroupID: "2"}, audit.TypeServicePrincipal: {ServicePrincipalID: "3"},
	} {
		if got := page.of(kind); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %+v", kind, got)
		}
	}
}
