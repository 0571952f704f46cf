// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/render/csv"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/render/ticket"
)

func callCloneMarkdown(t *testing.T, plan attr.Value) (attr.Value, string) {
	t.Helper()
	return callText(t, newCloneMarkdownFunction(), plan)
}

func callText(t *testing.T, f function.Function, plan attr.Value) (attr.Value, string) {
	t.Helper()
	dynamic, ok := plan.(types.Dynamic)
	if !ok {
		dynamic = types.DynamicValue(plan)
	}
	resp := function.RunResponse{Result: function.NewResultData(types.StringUnknown())}
	f.Run(t.Context(), function.RunRequest{Arguments: function.NewArgumentsData([]attr.Value{dynamic})}, &resp)
	if resp.Error != nil {
		return nil, resp.Error.Error()
	}
	return resp.Result.Value(), ""
}

// clonePlan is a plan with a row in each list, a long list of grants, and a hole.
func clonePlan() access.ClonePlan {
	yes, no := true, false
	row := func(n int, direct bool) access.PlanRow {
		name := fmt.Sprintf("group <%d>", n)
		out := access.PlanRow{
			GroupID: fmt.Sprint(n), GroupName: name, Source: access.SourceInternal, Origin: access.OriginDatabricks, Direct: direct,
			Path: []string{"a", name}, Privileged: &no, AlreadyTransitive: &yes, Reason: "because",
			Workspaces: []access.WorkspaceEffect{{WorkspaceID: "7", WorkspaceName: "prod", Level: "USER", GroupID: fmt.Sprint(n), GroupName: name}},
			Holdings:   []access.HoldingEffect{{Kind: access.KindRole, Value: "billing.admin", GroupID: "99", GroupName: "above"}},
		}
		for i := range n {
			out.Catalog = append(out.Catalog, access.CatalogEffect{
				MetastoreID: "m", SecurableType: "table", FullName: fmt.Sprintf("a.b.t%03d", i), Privileges: []string{"MODIFY", "SELECT"}, GroupID: fmt.Sprint(n), GroupName: name,
			})
		}
		return out
	}
	privileged := row(2, true)
	privileged.Privileged, privileged.Powers = &yes, []string{"account role billing.admin"}
	follows := row(7, false)
	follows.Path, follows.Via, follows.PendingVia = []string{"a", "group <1>", "group <7>"}, []string{"1", "2"}, []string{"1"}
	unread := access.PlanRow{GroupID: "4", Origin: access.OriginUnknown, Direct: true, Reason: "it could not be read"}
	principal := func(id, name string) audit.Principal {
		return audit.Principal{Ref: audit.Ref{Type: audit.TypeUser, ID: id}, Name: name, DisplayName: "Display " + name, Active: &yes}
	}
	return access.ClonePlan{
		Source: principal("11", "a"), Target: principal("12", "b"), IDPActions: []access.PlanRow{row(1, true)},
		DatabricksActions: []access.PlanRow{privileged, row(140, true)}, Skipped: []access.PlanRow{row(3, true)}, Unverified: []access.PlanRow{unread},
		AlreadyMember: []access.PlanRow{row(5, true)}, System: []access.PlanRow{row(6, true)}, Follows: []access.PlanRow{follows},
		NotCloned: []access.NotCloned{{Kind: access.KindGrant, Place: "table a.b.c", Value: "SELECT"}},
		Problems:  []access.Problem{{Incomplete: true, Text: "something could not be read"}},
		Failures:  []audit.Failure{{Type: audit.TypeGroup, ID: "4", Call: "read the group", Reason: "500"}, {Call: "list workspaces", Reason: "403"}},
		Route:     access.RouteSCIM, Cycles: [][]string{{"1", "2"}}, Complete: false,
	}
}

// valueOf is the data source's value of a plan, as a function gets it.
func valueOf(t *testing.T, p access.ClonePlan) map[string]attr.Value {
	t.Helper()
	var m clonePlanModel
	var diags diag.Diagnostics
	m.fromAudit(t.Context(), p, &diags)
	if diags.HasError() {
		t.Fatal(diags)
	}
	return map[string]attr.Value{
		"resolved_source": m.ResolvedSource, "resolved_target": m.ResolvedTarget, "idp_actions": m.IDPActions, "databricks_actions": m.DatabricksActions,
		"skipped": m.Skipped, "unverified": m.Unverified, "already_member": m.AlreadyMember, "follows": m.Follows, "system_groups": m.SystemGroups,
		"not_cloned": m.NotCloned, "memberships": m.Memberships, "counts": m.Counts, "route": m.Route, "cycles": m.Cycles, "dead_members": m.DeadMembers,
		"problems": m.Problems, "complete": m.Complete, "failures": m.Failures, "max_additions": types.Int64Unknown(),
	}
}

// What the functions make of the data source is what the engine makes of the
// plan, but for the grants that state leaves out and counts.
func TestCloneFunctions(t *testing.T) {
	t.Parallel()
	plan := clonePlan()
	value := object(valueOf(t, plan))
	row := &plan.DatabricksActions[1]
	row.Catalog, row.CatalogMore = row.Catalog[:100], 40

	got, err := callCloneMarkdown(t, value)
	text, ok := got.(types.String)
	if err != "" || !ok {
		t.Fatalf("%v, %s", got, err)
	}
	if diff := cmp.Diff(ticket.Markdown(plan), text.ValueString()); diff != "" {
		t.Error(diff)
	}
	got, err = callText(t, newCloneTextFunction(), value)
	if text, ok = got.(types.String); err != "" || !ok {
		t.Fatalf("%v, %s", got, err)
	}
	if diff := cmp.Diff(ticket.Text(plan), text.ValueString()); diff != "" {
		t.Error(diff)
	}
	want, renderErr := csv.Render(csv.Clone, access.CloneRows(plan), csv.Options{})
	got, err = callCSV(t, csv.Clone, value)
	text, ok = got.(types.String)
	if err != "" || renderErr != nil || !ok {
		t.Fatalf("%v, %s, %v", got, err, renderErr)
	}
	if diff := cmp.Diff(want, text.ValueString()); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(want, "MODIFY, SELECT on a.b.t099; and 40 more") {
		t.Errorf("the file does not say that there are more grants: %s", want)
	}
}

func TestCloneMarkdownFunction_input(t *testing.T) {
	t.Parallel()
	whole := func(change func(map[string]attr.Value)) attr.Value {
		value := maps.Clone(valueOf(t, clonePlan()))
		change(value)
		return object(value)
	}
	for name, tt := range map[string]struct {
		plan attr.Value
		fail string // empty is unknown
	}{
		"unknown":          {types.DynamicUnknown(), ""},
		"an unknown list":  {whole(func(v map[string]attr.Value) { v["follows"] = types.ListUnknown(planRowType) }), ""},
		"an unknown flag":  {whole(func(v map[string]attr.Value) { v["complete"] = types.BoolUnknown() }), ""},
		"unknown problems": {whole(func(v map[string]attr.Value) { v["problems"] = types.ListUnknown(types.StringType) }), ""},
		"null":             {types.DynamicNull(), "the clone plan is null"},
		"a text":           {types.StringValue("x"), "must be the whole data source"},
		"a null list":      {whole(func(v map[string]attr.Value) { v["skipped"] = types.ListNull(planRowType) }), "skipped is null"},
		"half a plan":      {whole(func(v map[string]attr.Value) { delete(v, "resolved_target") }), "attribute resolved_target is missing"},
		"no object":        {whole(func(v map[string]attr.Value) { v["resolved_source"] = types.StringValue("x") }), "resolved_source is no object"},
		"no list":          {whole(func(v map[string]attr.Value) { v["failures"] = types.StringValue("x") }), "failures is no list"},
		"no count": {whole(func(v map[string]attr.Value) {
			v["idp_actions"] = tuple(object(map[string]attr.Value{
				"group_id": types.StringValue("1"), "unity_catalog_grant_count": types.StringValue("many"), "workspace_accesses": tuple(), "unity_catalog_grants": tuple(),
			}))
		}), `unity_catalog_grant_count is "many"`},
	} {
		got, err := callCloneMarkdown(t, tt.plan)
		switch {
		case tt.fail == "" && (err != "" || !got.IsUnknown()):
			t.Errorf("%s: %v, %s, want an unknown string", name, got, err)
		case tt.fail != "" && !strings.Contains(err, tt.fail):
			t.Errorf("%s: %v, %q, want %q", name, got, err, tt.fail)
		}
	}
}

// The comparison as text is that of the engine's result; a part that is unknown makes
// the text unknown, and what is no comparison is refused.
func TestCompareTextFunction(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	principal := func(id, name string) audit.Principal {
		return audit.Principal{Ref: audit.Ref{Type: audit.TypeUser, ID: id}, Name: name, DisplayName: "Display " + name, Active: &yes}
	}
	d := access.Diff{
		A: principal("1", "a"), B: principal("2", "b"), Equal: &no, Complete: false,
		OnlyInA:  []access.DiffRow{{GroupID: "9", GroupName: "nine", Source: access.SourceInternal, InA: &yes, InB: &no, DirectInA: &yes, PathInA: []string{"a", "nine"}, Hint: access.HintAddInDatabricks}},
		Failures: []audit.Failure{{Type: audit.TypeGroup, ID: "4", Call: "read the group", Reason: "500"}},
	}
	var m principalDiffModel
	var diags diag.Diagnostics
	m.fromAccess(t.Context(), d, &diags)
	if diags.HasError() {
		t.Fatal(diags)
	}
	value := map[string]attr.Value{
		"resolved_a": m.ResolvedA, "resolved_b": m.ResolvedB, "only_in_a": m.OnlyInA, "only_in_b": m.OnlyInB, "in_both": m.InBoth,
		"equal": m.Equal, "complete": m.Complete, "failures": m.Failures,
	}
	got, err := callText(t, newCompareTextFunction(), object(value))
	text, ok := got.(types.String)
	if err != "" || !ok {
		t.Fatalf("%v, %s", got, err)
	}
	if diff := cmp.Diff(ticket.CompareText(d), text.ValueString()); diff != "" {
		t.Error(diff)
	}
	value["in_both"] = types.ListUnknown(types.StringType)
	if got, err = callText(t, newCompareTextFunction(), object(value)); err != "" || !got.IsUnknown() {
		t.Errorf("of an unknown list: %v, %s", got, err)
	}
	for name, bad := range map[string]attr.Value{"null": types.DynamicNull(), "a text": types.StringValue("x"), "no principals": object(map[string]attr.Value{"equal": m.Equal})} {
		if _, err := callText(t, newCompareTextFunction(), bad); err == "" {
			t.Errorf("%s is taken", name)
		}
	}
}
