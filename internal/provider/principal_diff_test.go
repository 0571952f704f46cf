// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Equal principals and inactive ones are said, on the attribute, and no error.
func TestWarnAboutPair(t *testing.T) {
	t.Parallel()
	no := false
	active := audit.Principal{Ref: audit.Ref{Type: audit.TypeUser, ID: "1"}, Name: "a@example.com"}
	left := audit.Principal{Ref: audit.Ref{Type: audit.TypeUser, ID: "2"}, Name: "b@example.com", Active: &no}
	tests := map[string]struct {
		a, b audit.Principal
		want string
	}{
		"two people":     {active, audit.Principal{Ref: audit.Ref{Type: audit.TypeGroup, ID: "2"}}, ""},
		"the same":       {active, active, "Same Principal on Both Sides: principal_a and principal_b both mean user/1 (a@example.com)"},
		"one is gone":    {active, left, "Inactive Principal: user/2 (b@example.com) is inactive"},
		"the same, gone": {left, left, "Same Principal on Both Sides: principal_a and principal_b both mean user/2 (b@example.com)"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var diags diag.Diagnostics
			warnAboutPair(&diags, tt.a, tt.b)
			got := ""
			if len(diags) > 0 {
				got = diags[0].Summary() + ": " + diags[0].Detail()
			}
			if diags.HasError() || tt.want == "" && got != "" || !strings.HasPrefix(got, tt.want) {
				t.Errorf("got %v", diags)
			}
		})
	}
}
