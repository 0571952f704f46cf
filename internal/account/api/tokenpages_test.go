// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"encoding/json"
	"testing"
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
		var got Text
		if err := json.Unmarshal([]byte(raw), &got); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v; want %q", raw, got, err, want)
		}
	}
	for raw, want := range map[string]Text{`12345678901234567890`: "12345678901234567890", `-1`: "-1", `null`: "", `true`: "", `{"a":1}`: "", `["a"]`: ""} {
		got := Text("before")
		if err := json.Unmarshal([]byte(raw), &got); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", raw, got, err, want)
		}
	}
}
