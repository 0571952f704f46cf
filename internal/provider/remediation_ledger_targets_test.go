// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Two clone plans into one ledger: a key that is the group alone has room for one
// of the two targets, and none gets lost without a word.
func TestSession_checkTargets(t *testing.T) {
	t.Parallel()
	entries := func(pairs ...string) map[string]membershipModel {
		out := map[string]membershipModel{}
		for _, pair := range pairs {
			key, membership, _ := strings.Cut(pair, "=")
			group, member, _ := strings.Cut(membership, "/")
			out[key] = membershipModel{GroupID: types.StringValue(group), MemberID: types.StringValue(member)}
		}
		return out
	}
	const fails, warns, replaces = "Two Members Under One Ledger Key", "Several Targets, and Ledger Keys for One", "Ledger Keys Go to Another Member"
	for name, tt := range map[string]struct {
		entries, tracked map[string]membershipModel
		exclude          map[string]bool
		want             string
	}{
		"one of each":                   {entries: entries("1=1/8", "2=2/8", "3=3/9"), want: fails},
		"merged, all groups in common":  {entries: entries("1=1/8", "2=2/8"), want: warns},
		"merged, tracked for the other": {entries: entries("1=1/8", "2=2/8"), tracked: entries("1=1/9", "2=2/9"), want: fails},
		"keys with the member":          {entries: entries("1/8=1/8", "2/8=2/8", "1/9=1/9", "2/9=2/9", "3/9=3/9")},
		"keys of both forms":            {entries: entries("1=1/8", "2=2/8", "1/9=1/9", "2/9=2/9", "3=3/9")},
		"left out":                      {entries: entries("3=3/9"), exclude: map[string]bool{"1": true, "2": true}},
		"one left out":                  {entries: entries("1=1/8", "3=3/9", "2/9=2/9"), exclude: map[string]bool{"1/9": true}},
		"a target of before":            {entries: entries("5=5/8"), tracked: entries("5=5/7"), want: replaces},
		"a target of before, and still": {entries: entries("5=5/8", "5/7=5/7"), tracked: entries("5=5/7")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &findings{}
			f.addClone("8", []string{"1", "2"}, true)
			f.addClone("9", []string{"1", "2", "3"}, true)
			said := func() string {
				var diags diag.Diagnostics
				f.checkTargets(membershipTargets{entries: tt.entries, tracked: tt.tracked, pending: tt.entries, exclude: tt.exclude}, &diags)
				var out []string
				for _, d := range diags {
					out = append(out, d.Summary())
				}
				if diags.HasError() != (tt.want == fails) {
					t.Errorf("%v", diags)
				}
				return strings.Join(out, ", ")
			}
			if got := said(); got != tt.want {
				t.Errorf("said %q, want %q", got, tt.want)
			}
			if got := said(); got != strings.ReplaceAll(tt.want, warns, "") {
				t.Errorf("said %q again", got)
			}
		})
	}
}
