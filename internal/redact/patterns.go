// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package redact

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What is a secret by its form, no matter whose it is.
var (
	urlPassword = regexp.MustCompile(`://[^/\s?#"'<>]+@`)
	headerValue = regexp.MustCompile(`(?i)\b((?:proxy-)?authorization\\?["']?\s*[:=]\s*\[?\\?["']?)(?:(?:bearer|basic|digest|negotiate|ssws|dpop|token)\s+)?[^\s"'\\,;<>\]]+`)
	schemeValue = regexp.MustCompile(`(?i)\b(bearer|basic|ssws)\s+([A-Za-z0-9._~+/-]{8,}=*)`)
	tokenForm   = regexp.MustCompile(`\b(?:eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)*|dapi[0-9a-f]{32}(?:-\d+)?|dose[0-9a-f]{32})`)
	namedValue  = regexp.MustCompile(`(?i)\b((?:access_token|refresh_token|id_token|client_secret|client_assertion)\\?["']?\s*[=:]\s*\\?["']?)[^\s"'\\&,;<>}]{8,}`)
)

// patterns takes out what looks like a credential.
func patterns(s string) string {
	if strings.Contains(s, "://") {
		s = urlPassword.ReplaceAllString(s, "://"+mark+"@")
	}
	s = headerValue.ReplaceAllString(s, "${1}"+mark)
	s = schemeValue.ReplaceAllStringFunc(s, func(found string) string {
		m := schemeValue.FindStringSubmatch(found)
		if !isCredential(m[1], m[2]) {
			return found
		}
		return m[1] + " " + mark
	})
	s = tokenForm.ReplaceAllString(s, mark)
	return namedValue.ReplaceAllString(s, "${1}"+mark)
}

// isCredential tells the credential of a header from a word that follows the name
// of a scheme in a sentence.
func isCredential(scheme, value string) bool {
	if strings.EqualFold(scheme, "basic") {
		raw, err := base64.StdEncoding.DecodeString(value)
		return err == nil && strings.Contains(string(raw), ":")
	}
	return len(value) >= minUnique && strings.ContainsAny(value, "0123456789")
}

// escape writes what a terminal would obey, or would show in another order than it
// is, as Go and JSON write it: \u001b.
func escape(s string) string {
	if strings.IndexFunc(s, isUnsafe) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case !isUnsafe(r):
			b.WriteRune(r) // Bytes that are no character become U+FFFD.
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

func isUnsafe(r rune) bool {
	switch r {
	case '\n', '\t', '\u200c', '\u200d': // Names of people and emoji have joiners.
		return false
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029'
}
