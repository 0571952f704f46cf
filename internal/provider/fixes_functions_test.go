// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func callFixes(t *testing.T, fixes attr.Value) (attr.Value, string) {
	t.Helper()
	dynamic, ok := fixes.(types.Dynamic)
	if !ok {
		dynamic = types.DynamicValue(fixes)
	}
	resp := function.RunResponse{Result: function.NewResultData(types.StringUnknown())}
	newFixesTFVarsFunction().Run(t.Context(), function.RunRequest{Arguments: function.NewArgumentsData([]attr.Value{dynamic})}, &resp)
	if resp.Error != nil {
		return nil, resp.Error.Error()
	}
	return resp.Result.Value(), ""
}

func TestFixesFunctions_input(t *testing.T) {
	t.Parallel()
	str := func(s string) attr.Value { return types.StringValue(s) }
	under := func(key, part string, entry map[string]attr.Value) attr.Value {
		return object(map[string]attr.Value{part: object(map[string]attr.Value{key: object(entry)})})
	}
	with := func(part string, entry map[string]attr.Value) attr.Value {
		key := "user/1"
		if part != "external_id_fixes" {
			key = "1/2"
		}
		return under(key, part, entry)
	}
	membership := map[string]attr.Value{"group_id": str("1"), "member_id": str("2")}
	fix := func(change map[string]attr.Value) attr.Value {
		entry := map[string]attr.Value{"principal_type": str("user"), "principal_id": str("1"), "external_id": str("x"), "principal_name": types.StringNull()}
		for name, v := range change {
			entry[name] = v
		}
		return with("external_id_fixes", entry)
	}
	for name, tt := range map[string]struct {
		fixes      attr.Value
		want, fail string
	}{
		"a fix":        {fixes: fix(nil), want: `"user/1": {"principal_type":"user","principal_id":"1","principal_name":"","current_external_id":"","external_id":"x","category":"","reversible":true}`},
		"a removal":    {fixes: with("member_removals", map[string]attr.Value{"group_id": str("1"), "member_id": str("2")}), want: `"group_id":"1"`},
		"a membership": {fixes: with("memberships", map[string]attr.Value{"group_id": str("1"), "member_id": str("2"), "privileged": types.BoolValue(true)}), want: `"privileged":true`},
		"a map type": {
			fixes: object(map[string]attr.Value{"memberships": types.MapValueMust(membershipType, map[string]attr.Value{})}), want: `"memberships": {}`,
		},
		"nothing asked for": {fixes: object(map[string]attr.Value{}), want: "{}"},
		"null":              {fixes: types.DynamicNull(), fail: "fixes are null"},
		"a null part":       {fixes: object(map[string]attr.Value{"memberships": types.MapNull(membershipType)}), fail: "memberships is null"},
		"a list":            {fixes: texts("x"), fail: "must be an object"},
		"another part":      {fixes: object(map[string]attr.Value{"users": object(map[string]attr.Value{})}), fail: `"users" is no part`},
		"a part of text":    {fixes: object(map[string]attr.Value{"memberships": str("x")}), fail: "must be a map of objects"},
		"an entry of text":  {fixes: object(map[string]attr.Value{"memberships": object(map[string]attr.Value{"k": str("x")})}), fail: `memberships["k"] is not an object`},
		"a group as key":    {fixes: under("1", "memberships", membership), want: `"1": {"group_id":"1"`},
		"another fix's key": {fixes: under("user/2", "external_id_fixes", map[string]attr.Value{"principal_type": str("user"), "principal_id": str("1"), "external_id": str("x")}), fail: `must be "user/1"`},
		"another member":    {fixes: under("1/3", "memberships", membership), fail: `must be "1/2"`},
		"another removal":   {fixes: under("1", "member_removals", membership), fail: `must be "1/2"`},
		"one membership twice": {
			fixes: object(map[string]attr.Value{"memberships": object(map[string]attr.Value{"1": object(membership), "1/2": object(membership)})}), fail: `under the keys "1" and "1/2"`,
		},
		"no id":             {fixes: with("memberships", map[string]attr.Value{"group_id": str("1")}), fail: "member_id"},
		"an id that is one": {fixes: fix(map[string]attr.Value{"principal_id": str(`1" {`)}), fail: "decimal number"},
		"another type":      {fixes: fix(map[string]attr.Value{"principal_type": str("robot")}), fail: "principal_type"},
		"clearing a user":   {fixes: fix(map[string]attr.Value{"external_id": str("")}), fail: "external_id cannot be written"},
		"a list as text":    {fixes: fix(map[string]attr.Value{"category": texts("a")}), fail: "category is no text"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, fail := callFixes(t, tt.fixes)
			if tt.fail != "" || fail != "" {
				if tt.fail == "" || !strings.Contains(fail, tt.fail) {
					t.Fatalf("error %q, want %q", fail, tt.fail)
				}
				return
			}
			if text, ok := got.(types.String); !ok || !strings.Contains(text.ValueString(), tt.want) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	for name, fixes := range map[string]attr.Value{
		"all": types.DynamicUnknown(), "a part": object(map[string]attr.Value{"memberships": types.MapUnknown(membershipType)}),
		"an entry": object(map[string]attr.Value{"memberships": types.MapValueMust(membershipType, map[string]attr.Value{"k": types.ObjectUnknown(membershipType.AttrTypes)})}),
		"a text":   fix(map[string]attr.Value{"external_id": types.StringUnknown()}), "an id": fix(map[string]attr.Value{"principal_id": types.StringUnknown()}),
	} {
		t.Run("unknown: "+name, func(t *testing.T) {
			t.Parallel()
			if got, fail := callFixes(t, fixes); fail != "" || !got.IsUnknown() {
				t.Errorf("got %v, %q, want an unknown string", got, fail)
			}
		})
	}
}
