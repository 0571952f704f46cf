// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// What a person writes into exclude is a key, or it is refused with the key that was
// probably meant: it decides whether something is written.
func TestLedgerExclude(t *testing.T) {
	t.Parallel()
	labels := map[string][]string{
		"user/101":            {"jane@example.com", "0f0e0d0c-0b0a-4908-8706-050403020100", ""},
		"service_principal/7": {"jane@example.com"},
		"201/102":             {"201", "data", "102", "joe@example.com"},
		"202":                 {"202", "finance", "103", "202/103"},
	}
	const refused, warned = "Invalid Ledger Key", "Exclude Matches Nothing"
	for name, tt := range map[string]struct {
		key                    string
		unknown, noMemberships bool
		incomplete             bool
		want, meant            string
	}{
		"a key":                       {key: "user/101"},
		"a membership":                {key: "201/102"},
		"a group alone":               {key: "202"},
		"a name":                      {key: " Joe@Example.com", want: refused, meant: `Did you mean "201/102"?`},
		"a name of two":               {key: "jane@example.com", want: refused, meant: `Did you mean "service_principal/7" or "user/101"?`},
		"a name with a number":        {key: "user101@example.com", want: refused, meant: "Keys are"},
		"an id of the IdP":            {key: "0F0E0D0C-0B0A-4908-8706-050403020100", want: refused, meant: `"user/101"`},
		"an id":                       {key: "101", noMemberships: true, want: refused, meant: `Did you mean "user/101"?`},
		"an id where groups are keys": {key: "101", want: warned, meant: `Did you mean "user/101"?`},
		"a plural":                    {key: "users/101", want: refused, meant: `"user/101"`},
		"an import id":                {key: "group/201/member/102", want: refused, meant: `"201/102"`},
		"an address":                  {key: `dbxidentity_external_id.fix["user/101"]`, want: refused, meant: `"user/101"`},
		"another type":                {key: "group/101", want: warned, meant: `"user/101"`},
		"nothing":                     {key: "user/999", want: warned, meant: `"user/999".`},
		"nothing, with a hole":        {key: "user/999", incomplete: true},
		"nothing, entries unknown":    {key: "user/999", unknown: true},
		"a name, entries unknown":     {key: "joe@example.com", unknown: true, want: refused, meant: "Keys are"},
		"empty":                       {key: "", want: refused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := ledgerExclude{keys: map[string]bool{tt.key: true}, labels: labels, memberships: !tt.noMemberships, incomplete: tt.incomplete}
			if tt.unknown {
				e.labels = nil
			}
			var diags diag.Diagnostics
			e.check(&diags)
			got := ""
			for _, d := range diags {
				got += d.Summary() + ": " + d.Detail()
			}
			if !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" || !strings.Contains(got, tt.meant) {
				t.Errorf("got %q, want %q with %q", got, tt.want, tt.meant)
			}
		})
	}
}
