// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Who is taken out of a clone keeps what was given, and the plan says so.
func TestWarnLeavers(t *testing.T) {
	t.Parallel()
	entry := func(group, member string) membershipModel {
		return membershipModel{GroupID: types.StringValue(group), MemberID: types.StringValue(member), GroupName: types.StringValue("finance")}
	}
	tracked := map[string]membershipModel{"202/101": entry("202", "101"), "203/101": entry("203", "101"), "202/102": entry("202", "102")}
	for name, tt := range map[string]struct {
		pending map[string]membershipModel
		cloned  map[string]map[string]bool
		want    []string
	}{
		"both are cloned":              {pending: tracked},
		"nothing is left to give":      {cloned: map[string]map[string]bool{"101": {}, "102": {}}},
		"one is taken out":             {pending: map[string]membershipModel{"202/102": entry("202", "102")}, want: []string{"member 101", "group/203 (finance)", `exclude = ["202/101", "203/101"]`}},
		"the source of one lost group": {pending: map[string]membershipModel{"202/101": entry("202", "101"), "202/102": entry("202", "102")}},
		"all are taken out":            {want: []string{"member 101", "member 102", `exclude = ["202/101", "203/101", "202/102"]`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var diags diag.Diagnostics
			warnLeavers(tracked, tt.pending, tt.cloned, &diags)
			text := ""
			for _, d := range diags {
				text += d.Detail()
			}
			if (text != "") != (len(tt.want) > 0) || diags.HasError() {
				t.Fatalf("got %q", text)
			}
			for _, want := range tt.want {
				if !strings.Contains(text, want) {
					t.Errorf("%q is not in %q", want, text)
				}
			}
			if len(tt.want) == 3 && strings.Contains(tt.want[2], "203") && len(tt.pending) > 0 && strings.Contains(text, "102") {
				t.Errorf("one who is cloned is named: %q", text)
			}
		})
	}
}
