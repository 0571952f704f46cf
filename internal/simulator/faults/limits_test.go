// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package faults

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"
)

// FuzzFaults: a list of faults is refused, or means the same once it is written.
func FuzzFaults(f *testing.F) {
	for _, seed := range []string{
		`[{"kind":"status","status":503,"times":2,"path":"/a/*/**"}]`, `[{"kind":"delay","delay_ms":1}]`, `[{"kind":"none"}]`, `[]`, ` `, `[{"kind":"status","status":99}]`,
		`[{"kind":"status","status":429,"retry_after_seconds":1,"retry_after_form":"date","probability":0.5}]`, `{}`, `[] []`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		if len(spec) > 0 && spec[0] == '@' {
			return // The name of a file.
		}
		faults, err := Parse(spec)
		if err != nil {
			return
		}
		once, err := json.Marshal(faults)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(string(once))
		if err != nil {
			t.Fatalf("%q became %s, which is refused: %v", spec, once, err)
		}
		if twice, err := json.Marshal(again); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%s became %s", once, twice)
		}
	})
}

func TestAccountLimit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ method, path, want string }{
		{"GET", "/api/2.1/accounts/x/scim/v2/Users", limitSCIMList},
		{"GET", "/api/2.0/accounts/x/scim/v2/Users/1", limitSCIMGet},
		{"PATCH", "/api/2.1/accounts/x/scim/v2/Users/1", limitSCIMPatch},
		{"POST", "/api/2.0/accounts/x/scim/v2/Users", limitSCIMWrite},
		{"DELETE", "/api/2.0/accounts/x/scim/v2/Users/1", limitSCIMWrite},
		{"GET", "/api/2.0/identity/accounts/x/users", limitIAMv2},
		{"POST", "/api/2.0/identity/accounts/x/users/1/matchWithIdp", limitMatch},
		{"GET", "/api/2.0/accounts/x/workspaces", ""},
		{"GET", "/graph/v1.0/users", ""},
	} {
		r, err := http.NewRequestWithContext(t.Context(), tt.method, "http://localhost"+tt.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := AccountLimit(r); got != tt.want {
			t.Errorf("%s %s: %q, want %q", tt.method, tt.path, got, tt.want)
		}
	}
}
