// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"math/big"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/render/csv"
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
	fix := func(id, name string) attr.Value {
		return object(map[string]attr.Value{
			"principal_type": str("user"), "principal_id": str(id), "principal_name": str(name), "current_external_id": str(""), "external_id": str("x"),
			"category": str("C"), "reversible": types.BoolValue(false),
		})
	}
	const (
		fixes = "principal_type,principal_id,principal_name,current_external_id,external_id,category,reversible\r\n"
		patch = "id,username,currentExternalId,targetExternalId\r\n"
	)
	mismatch := func(id string) attr.Value {
		return object(map[string]attr.Value{
			"id": str(id), "username": str("a@example.com"), "external_id": str(""), "external_id_with_username_match": str("x"),
			"error_categories": texts("NAME_MATCH_EXTERNAL_ID_MISMATCH"), "waived": types.BoolValue(false),
		})
	}
	audit := func(more map[string]attr.Value) attr.Value {
		out := map[string]attr.Value{
			"users": tuple(mismatch("1"), mismatch("2")), "groups": tuple(), "service_principals": tuple(), "primary_domains": types.SetNull(types.StringType),
			"external_id_fixes": object(map[string]attr.Value{"user/1": fix("1", "a")}), "counts": types.StringUnknown(),
		}
		for name, v := range more {
			out[name] = v
		}
		return object(out)
	}
	action := func(members attr.Value) attr.Value {
		return object(map[string]attr.Value{
			"principal_type": str("group"), "principal_id": str("7"), "principal_name": str("=g"), "category": str("C"), "reason": str("r"), "switch": types.StringNull(),
			"detail": str("d"), "remedy": str("m"), "candidate_external_ids": texts(), "members": members,
		})
	}
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
		"a map of fixes, by id": {
			kind: "fixes", rows: object(map[string]attr.Value{"user/10": fix("10", "=b"), "user/9": fix("9", "a")}),
			want: fixes + "user,9,a,,x,C,false\r\nuser,10,'=b,,x,C,false\r\n",
		},
		"a list of fixes": {kind: "fixes", rows: tuple(fix("1", "a")), want: fixes + "user,1,a,,x,C,false\r\n"},
		"one fix":         {kind: "fixes", rows: fix("1", "a"), err: "row 0 is not an object"},
		"no map of users": {kind: "users", rows: object(map[string]attr.Value{"a": user("a")}), err: "must be a list of objects"},
		"manual actions": {
			kind: "manual_actions", rows: tuple(action(tuple(object(map[string]attr.Value{"member_id": str("1"), "member_name": types.StringNull()})))),
			want: "principal_type,principal_id,principal_name,category,reason,switch,detail,remedy,candidate_external_ids,member_ids\r\ngroup,7,'=g,C,r,,d,m,,1\r\n",
		},
		"manual actions without members": {kind: "manual_actions", rows: tuple(action(types.StringNull())), err: "attribute members is null"},
		"a worklist":                     {kind: "remediation_1_users_PATCH_externalid", rows: audit(nil), want: patch + "1,a@example.com,,x\r\n2,a@example.com,,\r\n"},
		"an empty worklist":              {kind: "remediation_6_sps_PATCH_externalid", rows: audit(nil), want: "id,applicationId,currentExternalId,targetExternalId\r\n"},
		"a worklist without domains":     {kind: "remediation_5_users_STALE_deactivate", rows: audit(nil), err: "primary_domains of the data source is empty"},
		"a worklist of a list":           {kind: "remediation_2_users_SUPPORT_ticket", rows: tuple(), err: "must be the whole data source"},
		"a worklist without fixes": {
			kind: "remediation_1_users_PATCH_externalid", rows: audit(map[string]attr.Value{"external_id_fixes": types.StringNull()}), err: "external_id_fixes is null",
		},
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
		"unknown kind":           {kind: "robots", rows: tuple(), err: strings.Join(csv.Kinds(), ", ")},
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
		"all": types.DynamicUnknown(), "the list": audit(map[string]attr.Value{"users": types.ListUnknown(types.StringType)}),
		"the domains": audit(map[string]attr.Value{"primary_domains": types.SetUnknown(types.StringType)}),
		"a fix":       audit(map[string]attr.Value{"external_id_fixes": object(map[string]attr.Value{"user/1": object(map[string]attr.Value{"external_id": types.StringUnknown()})})}),
		"a cell":      audit(map[string]attr.Value{"users": tuple(object(map[string]attr.Value{"id": types.StringUnknown()}))}),
	} {
		t.Run("unknown worklist: "+name, func(t *testing.T) {
			t.Parallel()
			if got, err := callCSV(t, "remediation_1_users_PATCH_externalid", rows); err != "" || !got.IsUnknown() {
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

// 10,000 rows of a data source take less than 1 s and 200 MiB; a busy machine is given
// more time.
func TestCSVFunction_large(t *testing.T) { //nolint:paralleltest // It measures what is allocated.
	str := func(s string) attr.Value { return types.StringValue(s) }
	users, fixes := make([]attr.Value, 10_000), map[string]attr.Value{}
	for i := range users {
		id := strconv.Itoa(i)
		users[i] = object(map[string]attr.Value{
			"id": str(id), "username": str("user" + id + "@example.com"), "external_id": str("gone"), "external_id_with_username_match": str("x"),
			"error_categories": texts("EXTERNAL_ID_NOT_IN_IDP", "NAME_MATCH_EXTERNAL_ID_MISMATCH"), "waived": types.BoolValue(false),
		})
		fixes["user/"+id] = object(map[string]attr.Value{"external_id": str("x")})
	}
	list := types.ListValueMust(users[0].Type(t.Context()), users)
	all := object(map[string]attr.Value{
		"users": list, "groups": tuple(), "service_principals": tuple(), "primary_domains": texts("example.com"),
		"external_id_fixes": types.MapValueMust(fixes["user/1"].Type(t.Context()), fixes),
	})
	for kind, rows := range map[string]attr.Value{csv.Users: list, csv.WorklistUsersPatch: all} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		got, failed := callCSV(t, kind, rows)
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		if used := (after.TotalAlloc - before.TotalAlloc) >> 20; failed != "" || got.IsUnknown() || took > 10*time.Second || used > 200 {
			t.Errorf("%s: %v and %d MiB, %s", kind, took, used, failed)
		} else {
			t.Logf("%s: %v and %d MiB", kind, took, used)
		}
	}
}
