// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package audit_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// One key, exactly where two names differ in case only.
func TestFoldName(t *testing.T) {
	t.Parallel()
	letters := []rune("aAkK\u212asS\u017fßẞiIİıσςΣåÅ\u212bdžDžDŽ 1\u0301\ufffd")
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringOfN(rapid.SampledFrom(letters), 1, 2, -1)
		a, b := name.Draw(t, "a"), name.Draw(t, "b")
		if got, want := audit.FoldName(a) == audit.FoldName(b), strings.EqualFold(a, b); got != want {
			t.Fatalf("%q and %q: one key is %t, one name in any case is %t", a, b, got, want)
		}
	})
	for _, pair := range [][2]string{{"\u03c2", "\u03a3"}, {"\u212a", "k"}} {
		if audit.FoldName(pair[0]) != audit.FoldName(pair[1]) {
			t.Errorf("%q and %q are one name in any case", pair[0], pair[1])
		}
	}
	if got := audit.FoldName("User01@Example.COM"); got != "user01@example.com" {
		t.Error(got)
	}
}

func TestValidateGroupName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"a": "", "a b": "", strings.Repeat("é", 255): "", "~": "", "é\u0080": "",
		"": "not blank", " a": "no spaces around", "a\n": "no spaces around",
		strings.Repeat("é", 256): "the name has 256 characters; at most 255 are accepted",
		"a\x1fb":                 "a control character", "a\x7fb": "a control character", "a\tb": "a control character",
		"admins": `"admins" is the name of a group that Databricks keeps itself`,
	} {
		got := ""
		if err := audit.ValidateGroupName(name); err != nil {
			got = err.Error()
		}
		if (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
