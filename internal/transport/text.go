// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package transport

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// IsText reports whether JSON is valid UTF-8, in its bytes and in its escapes. What is
// not is decoded into a replacement character without an error: a name that no one
// has.
func IsText(body []byte) bool {
	if !utf8.Valid(body) {
		return false
	}
	for {
		at := bytes.IndexByte(body, '\\')
		if at < 0 || at+1 >= len(body) {
			return true
		}
		if body[at+1] != 'u' {
			body = body[at+2:]
			continue
		}
		first := escaped(body[at:])
		body = body[min(at+6, len(body)):]
		if !utf16.IsSurrogate(first) {
			continue
		}
		if utf16.DecodeRune(first, escaped(body)) == utf8.RuneError {
			return false
		}
		body = body[6:]
	}
}

// escaped is the unit of an escape such as \u00e9 at the begin, or 0.
func escaped(body []byte) rune {
	if len(body) < 6 || body[0] != '\\' || body[1] != 'u' {
		return 0
	}
	n, err := strconv.ParseUint(string(body[2:6]), 16, 16)
	if err != nil {
		return 0
	}
	return rune(n)
}
