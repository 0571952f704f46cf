// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"encoding/base64"
	"strconv"
	"testing"
)

// FuzzPageTokens: a token that is taken is a position that we could have given,
// for that path; every position reads back.
func FuzzPageTokens(f *testing.F) {
	for _, seed := range []string{"", "x", PageToken("/users", 7), base64.RawURLEncoding.EncodeToString([]byte("-1:/users"))} {
		f.Add(seed, 5)
	}
	f.Fuzz(func(t *testing.T, token string, position int) {
		const path = "/users"
		if n, ok := parsePageToken(path, token); ok && n < 0 {
			t.Fatalf("page token %q is the position %d", token, n)
		}
		if position < 0 {
			return
		}
		page, ok := parsePageToken(path, PageToken(path, position))
		if !ok || page != position {
			t.Fatal("a position does not read back: " + strconv.Itoa(position))
		}
		if _, ok := parsePageToken("/groups", PageToken(path, position)); ok {
			t.Fatal("a token of another list is taken")
		}
	})
}
