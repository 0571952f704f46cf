// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package audit

import (
	"strings"
	"testing"
)

func TestSameExternalID(t *testing.T) {
	t.Parallel()
	const guid = "0a1b2c3d-0000-4000-8000-00000000abcd"
	upper := strings.ToUpper(guid)
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{guid, guid, true},
		{guid, upper, true},
		{" " + guid, upper + "\t", true},
		{guid, guid[:35] + "e", false},
		{guid, strings.ReplaceAll(guid, "-", ""), false},
		{" f99fffff-9999-4999-8999-99999999ffff", "f99fffff-9999-4999-8999-99999999ffff", true},
		{"f99fffff-9999-4999-8999-99999999ffff", "F99FFFFF-9999-4999-8999-99999999FFFF", true},
		{"{" + guid + "}", guid, false},
		{"g" + guid[1:], "G" + guid[1:], false},
		{"00uAbc", "00uAbc", true},
		{"00uAbc", "00uabc", false},
		{" 00uAbc", "00uAbc", false},
		{"", "", true},
		{"", " ", false},
	} {
		if got := SameExternalID(c.a, c.b); got != c.want {
			t.Errorf("SameExternalID(%q, %q) = %t", c.a, c.b, got)
		}
		if got := SameExternalID(c.b, c.a); got != c.want {
			t.Errorf("SameExternalID(%q, %q) = %t", c.b, c.a, got)
		}
	}
	same(t, "canonical", CanonicalExternalID(" "+upper), guid)
}

func TestValidateExternalID(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind PrincipalType
		id   string
		want string
	}{
		{TypeUser, "00uAbc", ""},
		{TypeUser, strings.Repeat("x", 255), ""},
		{TypeUser, strings.Repeat("x", 256), "the externalId has 256 bytes; at most 255 are accepted"},
		{TypeGroup, strings.Repeat("ü", 64), ""},
		{TypeGroup, strings.Repeat("x", 65), "the externalId has 65 characters; a group's has at most 64"},
		{TypeUser, "", "the externalId is blank"},
		{TypeUser, " ", "the externalId has a space or control character (U+0020)"},
		{TypeUser, "a\u00a0b", "the externalId has a space or control character (U+00A0)"},
		{TypeUser, "a\x7f", "the externalId has a space or control character (U+007F)"},
		{TypeUser, "a\xff", "the externalId is not valid UTF-8"},
	} {
		got := ""
		if err := ValidateExternalID(c.kind, c.id); err != nil {
			got = err.Error()
		}
		same(t, c.id, got, c.want)
	}
}

func TestParseRef(t *testing.T) {
	t.Parallel()
	for _, want := range []Ref{{TypeUser, "1"}, {TypeGroup, "2"}, {TypeServicePrincipal, "3"}} {
		if got, err := ParseRef(want.String()); err != nil || got != want {
			t.Errorf("%s: %v, %v", want, got, err)
		}
	}
	for _, text := range []string{"", "user", "user/", "/1", "robot/1", "user/1/2", "user/1 "} {
		if got, err := ParseRef(text); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}

func TestIrreversible(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]struct {
		current    string
		reversible bool
	}{
		"":                                     {"", true},
		"a blank value cannot be written back": {"", false},
		"the present value is one that the API does not accept": {"with space ", false},
		"another principal holds the present value as well":     {"an-id", false},
	} {
		if got := Irreversible(TypeUser, c.current, c.reversible); got != want {
			t.Errorf("%+v: %q, want %q", c, got, want)
		}
	}
}
