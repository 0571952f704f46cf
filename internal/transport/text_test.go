// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package transport

import "testing"

func TestIsText(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]bool{
		"": true, `{"a":"b"}`: true, `"é"`: true, `"\u00e9"`: true, `"\ud83d\ude00"`: true, `"\\ud83d"`: true, `"\n\\\u0041"`: true,
		"\xef\xbf\xbd": true, // The replacement character itself is a character.
		"\xff":         false, `"\ud83d"`: false, `"\ude00\ud83d"`: false, `"\ud83d\u0041"`: false, `"\ud83dx"`: false, `"\ud83`: true, `\`: true,
	} {
		if got := IsText([]byte(body)); got != want {
			t.Errorf("%q: %t", body, got)
		}
	}
}
