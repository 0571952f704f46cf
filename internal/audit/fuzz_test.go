// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package audit

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzParseRef: a principal is taken only in the spelling that it is written in.
func FuzzParseRef(f *testing.F) {
	for _, seed := range []string{"user/1", "group/2", "service_principal/3", "users/1", "user/", "/1", "user/1/2", "user/ 1", "user/1\n", "USER/1", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRef(text)
		if err == nil && (r.String() != text || r.ID == "" || !slices.Contains(PrincipalTypes(), r.Type)) {
			t.Fatalf("%q became %+v", text, r)
		}
		if err != nil && r != (Ref{}) {
			t.Fatalf("%q is refused and %+v", text, r)
		}
	})
}

// FuzzExternalID: being the same id is an equivalence that canonical forms
// decide, and what may be written is written as it is compared.
func FuzzExternalID(f *testing.F) {
	const guid = "aaaaaaaa-0000-4000-8000-00000000000b"
	for _, a := range []string{"", guid, strings.ToUpper(guid), " " + guid + "\t", guid + "x", "00uAbC", "\u00a0" + guid, strings.Repeat("x", 65)} {
		f.Add(a, guid)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		canonical := CanonicalExternalID(a)
		if CanonicalExternalID(canonical) != canonical || !SameExternalID(a, canonical) || SameExternalID(a, b) != SameExternalID(b, a) ||
			SameExternalID(a, b) != (canonical == CanonicalExternalID(b)) {
			t.Fatalf("%q and %q: %q", a, b, canonical)
		}
		if canonical != a && !strings.EqualFold(strings.TrimSpace(a), canonical) {
			t.Fatalf("%q became %q", a, canonical)
		}
		for _, kind := range PrincipalTypes() {
			if ValidateExternalID(kind, a) == nil && (a == "" || strings.TrimSpace(a) != a || !utf8.ValidString(a)) {
				t.Fatalf("%q may be written", a)
			}
		}
	})
}
