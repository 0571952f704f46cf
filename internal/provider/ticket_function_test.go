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

func callTicket(t *testing.T, kind string, rows attr.Value) (attr.Value, string) {
	t.Helper()
	dynamic, ok := rows.(types.Dynamic)
	if !ok {
		dynamic = types.DynamicValue(rows)
	}
	resp := function.RunResponse{Result: function.NewResultData(types.StringUnknown())}
	ticketFunction{}.Run(t.Context(), function.RunRequest{Arguments: function.NewArgumentsData([]attr.Value{types.StringValue(kind), dynamic})}, &resp)
	if resp.Error != nil {
		return nil, resp.Error.Error()
	}
	return resp.Result.Value(), ""
}

func TestTicketFunction(t *testing.T) {
	t.Parallel()
	str := func(s string) attr.Value { return types.StringValue(s) }
	row := func(name string, more map[string]attr.Value) attr.Value {
		out := map[string]attr.Value{
			"id": str("1"), name: str("old"), "external_id": str("i1"), "idp_name": str("new"), "conflicting_principal": types.StringNull(),
			"cause": str("name_drift"), "waived": types.BoolValue(false),
		}
		for key, v := range more {
			out[key] = v
		}
		return object(out)
	}
	person, app := row("username", nil), row("application_id", nil)
	stale, waived := row("username", map[string]attr.Value{"cause": str("stale")}), row("username", map[string]attr.Value{"waived": types.BoolValue(true)})
	taken := row("username", map[string]attr.Value{"conflicting_principal": str("user/7")})
	audit := func(users attr.Value) attr.Value {
		return object(map[string]attr.Value{"users": users, "service_principals": tuple(app), "groups": types.StringUnknown()})
	}
	action := object(map[string]attr.Value{
		"group_id": str("1"), "group_name": str("g"), "source": str("external"), "external_id": str("o1"), "in_idp": types.BoolValue(false), "path": texts("a", "g"),
		"workspace_accesses": tuple(), "unity_catalog_grants": tuple(), "unity_catalog_grant_count": types.Int64Value(0), "privileged": types.BoolValue(false),
	})
	plan := func(name string, rows ...attr.Value) attr.Value {
		return object(map[string]attr.Value{
			"idp_actions": tuple(rows...), "complete": types.BoolValue(true), "problems": texts(), "already_member": types.StringUnknown(),
			"resolved_target": object(map[string]attr.Value{
				"principal_type": str("user"), "principal_id": str("9"), "principal_name": str(name), "display_name": types.StringNull(), "external_id": str("t9"),
				"active": types.BoolValue(true),
			}),
		})
	}
	missing := tuple(object(map[string]attr.Value{"member_type": str("user"), "external_id": str("o5"), "member_name": str("eve")}))
	group := func(id string, waived bool, missing attr.Value) attr.Value {
		return object(map[string]attr.Value{"id": str(id), "group_name": str("g"), "external_id": str("o" + id), "waived": types.BoolValue(waived), "idp_members_missing": missing})
	}
	audited := object(map[string]attr.Value{
		"complete": types.BoolValue(true), "groups": tuple(group("1", false, missing), group("2", true, missing), group("3", false, types.StringNull())),
		"member_removals": object(map[string]attr.Value{"1/7": object(map[string]attr.Value{
			"group_id": str("1"), "group_name": str("g"), "member_id": str("7"), "member_type": str("user"), "member_name": str("ann"),
		})}),
	})
	const here, there = "| `ann` | `7` | `g` | `o1` |", "| `eve` | `o5` | `g` | `o1` |"
	const person1, app1 = "| user | `1` | `old` | `new` | `i1` |", "| service principal | `1` | `old` | `new` | `i1` |"
	const absent = "| `ada` | `t9` | `g` | `o1` |"
	for label, c := range map[string]struct {
		kind string
		rows attr.Value
		want []string
		err  string
	}{
		"divergences":           {kind: "name_changes", rows: audit(tuple(person, stale, waived)), want: []string{"account (2)", person1, app1}},
		"rows":                  {kind: "name_changes", rows: tuple(app, person, stale), want: []string{"account (2)", person1, app1}},
		"a name that is taken":  {kind: "name_changes", rows: tuple(taken), want: []string{"account (0)", "`user/7`"}},
		"no rows":               {kind: "name_changes", rows: tuple(), want: []string{"No name has to be changed."}},
		"a clone plan":          {kind: "idp_memberships", rows: plan("ada", action), want: []string{"### Not in the identity provider (1)", absent}},
		"a map of plans":        {kind: "idp_memberships", rows: object(map[string]attr.Value{"b": plan("bob", action), "a": plan("ada", action)}), want: []string{absent + "\n| `bob`"}},
		"a list of plans":       {kind: "idp_memberships", rows: tuple(plan("ada"), plan("bob", action)), want: []string{"| `bob` | `t9` | `g` | `o1` |"}},
		"no plans":              {kind: "idp_memberships", rows: object(map[string]attr.Value{}), want: []string{"No membership has to be added."}},
		"an audit":              {kind: "idp_memberships", rows: audited, want: []string{"(2)", here, there}},
		"a plan and an audit":   {kind: "idp_memberships", rows: tuple(plan("ada", action), audited), want: []string{absent, here, there}},
		"an audit without rows": {kind: "idp_memberships", rows: object(map[string]attr.Value{"member_removals": tuple()}), err: "attribute groups is missing"},
		"a list with a null":    {kind: "idp_memberships", rows: tuple(types.DynamicNull()), err: "the clone plan is null"},
		"a text":                {kind: "idp_memberships", rows: str("x"), err: "must be the whole data source"},
		"half a plan":           {kind: "idp_memberships", rows: object(map[string]attr.Value{"idp_actions": tuple()}), err: "attribute resolved_target is missing"},
		"null":                  {kind: "name_changes", rows: types.DynamicNull(), err: "rows are null"},
		"a null plan":           {kind: "idp_memberships", rows: types.DynamicNull(), err: "the clone plan is null"},
		"rows of something":     {kind: "name_changes", rows: tuple(object(map[string]attr.Value{"id": str("1")})), err: "attribute username is missing"},
		"rows of texts":         {kind: "name_changes", rows: texts("x"), err: "row 0 is not an object"},
		"something else":        {kind: "name_changes", rows: object(map[string]attr.Value{"groups": tuple()}), err: "attribute users is missing"},
		"a kind that is no one": {kind: "renames", rows: tuple(), err: "Use name_changes or idp_memberships"},
	} {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			got, err := callTicket(t, c.kind, c.rows)
			if c.err != "" || err != "" {
				if c.err == "" || !strings.Contains(err, c.err) {
					t.Fatalf("got the error %q, want one with %q", err, c.err)
				}
				return
			}
			text, ok := got.(types.String)
			if !ok || text.IsUnknown() {
				t.Fatalf("got %v", got)
			}
			for _, want := range c.want {
				if !strings.Contains(text.ValueString(), want) {
					t.Errorf("%q is missing in\n%s", want, text.ValueString())
				}
			}
		})
	}
	for label, c := range map[string]struct {
		kind string
		rows attr.Value
	}{
		"all":           {"name_changes", types.DynamicUnknown()},
		"the users":     {"name_changes", audit(types.ListUnknown(types.StringType))},
		"a row":         {"name_changes", tuple(types.ObjectUnknown(map[string]attr.Type{"id": types.StringType}))},
		"a new name":    {"name_changes", tuple(row("username", map[string]attr.Value{"idp_name": types.StringUnknown()}))},
		"the plans":     {"idp_memberships", types.MapUnknown(types.StringType)},
		"one of them":   {"idp_memberships", tuple(plan("ada"), types.ObjectUnknown(map[string]attr.Type{"idp_actions": types.StringType}))},
		"their actions": {"idp_memberships", object(map[string]attr.Value{"idp_actions": types.ListUnknown(types.StringType), "resolved_target": types.StringUnknown()})},
	} {
		t.Run("unknown: "+label, func(t *testing.T) {
			t.Parallel()
			if got, err := callTicket(t, c.kind, c.rows); err != "" || !got.IsUnknown() {
				t.Errorf("got %v, %q, want an unknown string", got, err)
			}
		})
	}
}
