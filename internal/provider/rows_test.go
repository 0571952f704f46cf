// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Rows that are mapped here are what the framework makes of them, null and
// unknown included, and every model of a large result is mapped here.
func TestRows_agreeWithTheFramework(t *testing.T) {
	t.Parallel()
	text := "x"
	verdict := verdictModel{ErrorCategories: []string{"A", "B"}, Cause: &text, Advisories: []string{}, Waived: true, Active: new(bool), DisplayName: &text}
	agree(t, userRowType, []userDivergenceModel{{ID: "1", Username: "größe", verdictModel: verdict}, {}})
	agree(t, groupRowType, []groupDivergenceModel{{ID: "1", LocalMembersNotInIDPInternalIDs: []string{"7"}, idpMembersModel: idpMembersFromAudit(nil), verdictModel: verdict}, {
		idpMembersModel: idpMembersFromAudit(&audit.IDPMembers{Count: 1, Missing: []audit.Identity{{ExternalID: "x"}}}),
	}})
	agree(t, servicePrincipalRowType, []servicePrincipalDivergenceModel{{ID: "1", verdictModel: verdict}, {}})
	agree(t, advisoryRowType, []advisoryRowModel{{PrincipalID: "1", Advisories: []string{"Z"}, idpMembersModel: idpMembersFromAudit(nil)}})
	agree(t, manualActionType, []manualActionModel{{Switch: &text, Members: types.ListValueMust(actionMemberType, nil)}})
	agree(t, waiverStatusType, []waiverStatusModel{{PrincipalType: &text, Matches: 1 << 40}, {}})
	agree(t, failureType, []failureModel{{}})
	agree(t, externalIDFixType, []externalIDFixModel{{
		PrincipalType: types.StringValue("user"), ExternalID: types.StringUnknown(), Reversible: types.BoolValue(true),
	}, {}})
	agree(t, memberRemovalType, []memberRemovalModel{{GroupID: types.StringValue("1")}, {}})
}

func agree[M any](t *testing.T, object types.ObjectType, rows []M) {
	t.Helper()
	if _, ok := layoutOf[M](object); !ok {
		t.Errorf("%T is left to the framework", rows)
	}
	var diags diag.Diagnostics
	got := listFrom(t.Context(), object, rows, same[M], &diags)
	want, d := types.ListValueFrom(t.Context(), object, rows)
	if diags.HasError() || d.HasError() || !got.Equal(want) {
		t.Errorf("%T: got %s, want %s; %v, %v", rows, got, want, diags, d)
	}
	entries := map[string]M{}
	for i, row := range rows {
		entries[string(rune('a'+i))] = row
	}
	gotMap := mapFrom(t.Context(), object, entries, &diags)
	wantMap, d := types.MapValueFrom(t.Context(), object, entries)
	if diags.HasError() || d.HasError() || !gotMap.Equal(wantMap) {
		t.Errorf("%T: got %s, want %s; %v, %v", rows, gotMap, wantMap, diags, d)
	}
}

// What is not a plain row goes the framework's way, complaints included.
func TestRows_leftToTheFramework(t *testing.T) {
	t.Parallel()
	type untagged struct{ ID string }
	type other struct {
		ID float64 `tfsdk:"id"`
	}
	type more struct {
		ID   string `tfsdk:"id"`
		Name string `tfsdk:"name"`
	}
	object := types.ObjectType{AttrTypes: map[string]attr.Type{"id": types.StringType}}
	for name, ok := range map[string]bool{
		"no tag": second(layoutOf[untagged](object)), "another type": second(layoutOf[other](object)),
		"more fields": second(layoutOf[more](object)), "no struct": second(layoutOf[string](object)),
		"no object": second(layoutOf[more](types.StringType)),
	} {
		if ok {
			t.Errorf("%s: not left to the framework", name)
		}
	}
	var diags diag.Diagnostics
	if listFrom(t.Context(), object, []more{{}}, same[more], &diags); !diags.HasError() {
		t.Error("no complaint about a field that is no attribute")
	}
}

func second(_ layout, ok bool) bool { return ok }
