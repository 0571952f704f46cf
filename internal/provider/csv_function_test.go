// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"math/big"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func callCSV(t *testing.T, kind string, rows attr.Value, options ...string) (attr.Value, string) {
	t.Helper()
	dynamic, ok := rows.(types.Dynamic)
	if !ok {
		dynamic = types.DynamicValue(rows)
	}
	variadic := make([]attr.Value, 0, len(options))
	kinds := make([]attr.Type, 0, len(options))
	for _, o := range options {
		variadic, kinds = append(variadic, types.StringValue(o)), append(kinds, types.StringType)
	}
	resp := function.RunResponse{Result: function.NewResultData(types.StringUnknown())}
	csvFunction{}.Run(t.Context(), function.RunRequest{Arguments: function.NewArgumentsData([]attr.Value{
		types.StringValue(kind), dynamic, types.TupleValueMust(kinds, variadic),
	})}, &resp)
	if resp.Error != nil {
		return nil, resp.Error.Error()
	}
	return resp.Result.Value(), ""
}

func object(attributes map[string]attr.Value) types.Object {
	kinds := map[string]attr.Type{}
	for name, v := range attributes {
		kinds[name] = v.Type(context.Background())
	}
	return types.ObjectValueMust(kinds, attributes)
}

func tuple(elements ...attr.Value) types.Tuple {
	var kinds []attr.Type
	for _, e := range elements {
		kinds = append(kinds, e.Type(context.Background()))
	}
	return types.TupleValueMust(kinds, elements)
}

func texts(values ...string) types.List {
	elements := []attr.Value{}
	for _, v := range values {
		elements = append(elements, types.StringValue(v))
	}
	return types.ListValueMust(types.StringType, elements)
}

func TestCSVFunction(t *testing.T) {
	t.Parallel()
	str := func(s string) attr.Value { return types.StringValue(s) }
	user := func(name string) attr.Value {
		return object(map[string]attr.Value{
			"id": str("1"), "username": str(name), "external_id": types.StringNull(), "external_id_with_username_match": str("x"),
			"error_categories": texts("A", "B"), "waived": types.BoolValue(false), "more": object(map[string]attr.Value{"a": str("b")}),
		})
	}
	const users = "id,username,externalId,externalIdWithUsernameMatch,errorCategories\r\n"
	const (
		compare = "group_id,group_name,source,in_a,in_b,is_direct_in_a,is_direct_in_b,path_in_a,path_in_b\r\n"
		clone   = "action_type,group_name,group_id,source,path,workspace_accesses,uc_grants_summary,applied,error\r\n"
	)
	diffRow := func(id string, more map[string]attr.Value) attr.Value {
		row := map[string]attr.Value{
			"group_id": str(id), "group_name": str("g" + id), "source": str("internal"), "origin": str("databricks"),
			"direct_in_a": types.BoolValue(true), "direct_in_b": types.BoolValue(false), "path_in_a": texts("a", "g"+id), "path_in_b": texts(),
		}
		for name, v := range more {
			row[name] = v
		}
		return object(row)
	}
	diff := func(onlyA ...attr.Value) attr.Value {
		return object(map[string]attr.Value{
			"only_in_a": tuple(onlyA...), "only_in_b": tuple(), "in_both": tuple(), "equal": types.BoolUnknown(), "complete": types.BoolValue(true),
		})
	}
	planRow := object(map[string]attr.Value{
		"group_id": str("1"), "group_name": str("=g"), "source": str("internal"), "path": texts("a", "=g"),
		"workspace_accesses":        tuple(object(map[string]attr.Value{"workspace_name": str("w2")}), object(map[string]attr.Value{"workspace_name": str("w1")})),
		"unity_catalog_grants":      tuple(object(map[string]attr.Value{"full_name": str("main"), "privileges": texts("SELECT")})),
		"unity_catalog_grant_count": types.Int64Value(3), "privileged": types.BoolNull(),
	})
	plan := object(map[string]attr.Value{
		"idp_actions": tuple(), "databricks_actions": tuple(planRow), "unverified": tuple(), "skipped": tuple(), "already_member": types.StringUnknown(),
	})
	tests := map[string]struct {
		kind    string
		rows    attr.Value
		options []string
		want    string
		err     string
	}{
		"a tuple of objects":   {kind: "users", rows: tuple(user("a@example.com")), want: users + "1,a@example.com,,x,A;B\r\n"},
		"no rows":              {kind: "users", rows: tuple(), want: users},
		"quotes and commas":    {kind: "users", rows: tuple(user("a,\"b\"\nü")), want: users + "1,\"a,\"\"b\"\"\nü\",,x,A;B\r\n"},
		"formulas as they are": {kind: "users", rows: tuple(user("=1+1")), want: users + "1,=1+1,,x,A;B\r\n"},
		"formulas defused":     {kind: "users", rows: tuple(user("=1+1")), options: []string{"defuse_formulas"}, want: users + "1,'=1+1,,x,A;B\r\n"},
		"ids":                  {kind: "identities_to_process", rows: texts("2", "1"), want: "id\r\n2\r\n1\r\n"},
		"numbers as ids":       {kind: "identities_to_process", rows: tuple(types.NumberValue(big.NewFloat(100000000000007))), want: "id\r\n100000000000007\r\n"},
		"federated workspaces are left out": {kind: "workspaces", rows: tuple(
			object(map[string]attr.Value{"id": str("7"), "error_categories": texts("IDENTITY_FEDERATION_DISABLED")}),
			object(map[string]attr.Value{"id": str("8"), "error_categories": texts()}),
		), want: "workspaceId,errorCategories\r\n7,IDENTITY_FEDERATION_DISABLED\r\n"},
		"failures": {kind: "failures", rows: tuple(object(map[string]attr.Value{
			"principal_id": str("5"), "principal_type": str("service_principal"), "call": str("matchWithIdp"), "reason": str("404"),
		})), want: "id,type,error\r\n5,SERVICE_PRINCIPAL,404\r\n"},
		"a comparison": {kind: "compare", rows: diff(diffRow("1", nil)), want: compare + "1,g1,internal,True,False,True,False,a → g1,\r\n"},
		"a comparison with a hole": {
			kind: "compare", rows: diff(diffRow("1", map[string]attr.Value{"in_b": types.BoolNull(), "direct_in_b": types.BoolNull(), "source": types.StringNull()})),
			want: compare + "1,g1,,True,,True,,a → g1,\r\n",
		},
		"a clone plan":           {kind: "clone", rows: plan, want: clone + "Databricks,=g,1,internal,a → =g,\"w1, w2\",SELECT on main; and 2 more,False,\r\n"},
		"a clone plan, defused":  {kind: "clone", rows: plan, options: []string{"defuse_formulas"}, want: clone + "Databricks,'=g,1,internal,a → =g,\"w1, w2\",SELECT on main; and 2 more,False,\r\n"},
		"an empty comparison":    {kind: "compare", rows: diff(), want: compare},
		"a list as a comparison": {kind: "compare", rows: tuple(), err: "must be the whole data source"},
		"half a clone plan":      {kind: "clone", rows: diff(), err: "attribute idp_actions is missing"},
		"a null list":            {kind: "compare", rows: object(map[string]attr.Value{"only_in_a": types.ListNull(types.StringType)}), err: "only_in_a is null"},
		"a list of texts":        {kind: "compare", rows: object(map[string]attr.Value{"only_in_a": texts("x")}), err: "only_in_a[0] is no object"},
		"a null plan":            {kind: "clone", rows: types.DynamicNull(), err: "the clone plan is null"},
		"null":                   {kind: "users", rows: types.DynamicNull(), err: "rows are null"},
		"null inside":            {kind: "users", rows: types.ListNull(types.StringType), err: "rows are null"},
		"no list":                {kind: "users", rows: str("x"), err: "must be a list of objects"},
		"no objects":             {kind: "users", rows: texts("x"), err: "row 0 is not an object"},
		"missing attribute":      {kind: "users", rows: tuple(object(map[string]attr.Value{"id": str("1")})), err: "attribute username is missing"},
		"unknown kind":           {kind: "robots", rows: tuple(), err: "clone, clone_result, compare, failures, groups, identities_to_process, readiness, service_principals, users, workspaces"},
		"unknown option":         {kind: "users", rows: tuple(), options: []string{"zip"}, err: "defuse_formulas"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := callCSV(t, tt.kind, tt.rows, tt.options...)
			if tt.err != "" || err != "" {
				if tt.err == "" || !strings.Contains(err, tt.err) {
					t.Fatalf("got the error %q, want one with %q", err, tt.err)
				}
				return
			}
			if text, ok := got.(types.String); !ok || text.ValueString() != tt.want {
				t.Errorf("got %s, want %q", got, tt.want)
			}
		})
	}
	for name, rows := range map[string]attr.Value{
		"all": types.DynamicUnknown(), "a list": object(map[string]attr.Value{
			"only_in_a": types.ListUnknown(types.StringType), "only_in_b": tuple(), "in_both": tuple(),
		}),
		"a row": diff(types.ObjectUnknown(map[string]attr.Type{"group_id": types.StringType})), "a cell": diff(diffRow("1", map[string]attr.Value{"group_name": types.StringUnknown()})),
		"in a path": diff(diffRow("1", map[string]attr.Value{"path_in_a": tuple(types.StringUnknown())})),
	} {
		t.Run("unknown comparison: "+name, func(t *testing.T) {
			t.Parallel()
			if got, err := callCSV(t, "compare", rows); err != "" || !got.IsUnknown() {
				t.Errorf("got %v, %q, want an unknown string", got, err)
			}
		})
	}
	for name, rows := range map[string]attr.Value{
		"all": types.DynamicUnknown(), "the list": types.ListUnknown(types.StringType),
		"a row":     tuple(types.ObjectUnknown(map[string]attr.Type{"id": types.StringType})),
		"a cell":    tuple(object(map[string]attr.Value{"id": types.StringUnknown()})),
		"in a list": tuple(object(map[string]attr.Value{"error_categories": types.ListValueMust(types.StringType, []attr.Value{types.StringUnknown()})})),
	} {
		t.Run("unknown: "+name, func(t *testing.T) {
			t.Parallel()
			if got, err := callCSV(t, "users", rows); err != "" || !got.IsUnknown() {
				t.Errorf("got %v, %q, want an unknown string", got, err)
			}
		})
	}
}
