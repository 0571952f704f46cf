// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Models of resources are filled as the framework fills them, without it.
func TestDecode_asTheFramework(t *testing.T) {
	t.Parallel()
	models := map[string]func() any{
		"dbxidentity_account_access_identity_rule": func() any { return new(accessRuleModel) },
		"dbxidentity_external_id":                  func() any { return new(externalIDModel) },
		"dbxidentity_group_member":                 func() any { return new(groupMemberModel) },
		"dbxidentity_group_member_removal":         func() any { return new(groupMemberRemovalModel) },
		"dbxidentity_group_name":                   func() any { return new(groupNameModel) },
		"dbxidentity_principal_status":             func() any { return new(principalStatusModel) },
		"dbxidentity_remediation_ledger":           func() any { return new(ledgerModel) },
		"dbxidentity_resolved_principal":           func() any { return new(resolvedPrincipalModel) },
	}
	s, err := newRequestScopedServer("test")
	if err != nil {
		t.Fatal(err)
	}
	schemas, err := s.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if want, got := slices.Sorted(maps.Keys(schemas.ResourceSchemas)), slices.Sorted(maps.Keys(models)); !slices.Equal(want, got) {
		t.Fatalf("resources: %v, models: %v", want, got)
	}
	base := map[string]tftypes.Value{"principal_id": tftypes.NewValue(tftypes.String, "1"), "group_id": tftypes.NewValue(tftypes.String, "2"), "member_id": tftypes.NewValue(tftypes.String, "3")}
	for name, newModel := range models {
		of := s.types[name]
		for _, values := range varied(schemas.ResourceSchemas[name], nil) {
			all := map[string]tftypes.Value{}
			for attribute, kind := range of.object.TerraformType(t.Context()).(tftypes.Object).AttributeTypes { //nolint:forcetypeassert // It is one.
				all[attribute] = tftypes.NewValue(kind, nil)
				if value, given := values[attribute]; given && value.Type() != nil {
					all[attribute] = value
				} else if value, given := base[attribute]; given {
					all[attribute] = value
				}
			}
			config := tfsdk.Config{Raw: tftypes.NewValue(of.wire, all), Schema: of.schema}
			want, got, direct := newModel(), newModel(), newModel()
			said, saidDirectly := config.Get(t.Context(), want), decode(t.Context(), config, got)
			if fmt.Sprint(said) != fmt.Sprint(saidDirectly) || !reflect.DeepEqual(want, got) {
				t.Errorf("%s with %v:\n%+v\n%+v\n%v\n%v", name, values, want, got, said, saidDirectly)
			}
			value, err := of.object.ValueFromTerraform(t.Context(), config.Raw)
			object, is := value.(types.Object)
			if err != nil || !is || !setFields(direct, object.Attributes()) {
				t.Errorf("%s with %v was left to the framework: %v", name, values, err)
			}
		}
	}
}

// What is no model of an object is left to the framework, with its complaints.
func TestDecode_others(t *testing.T) {
	t.Parallel()
	schema := (&remediationLedgerResource{}).schema(t.Context())
	raw := tftypes.NewValue(schema.Type().TerraformType(t.Context()), nil)
	var diags diag.Diagnostics
	for _, from := range []diag.Diagnostics{
		decode(t.Context(), tfsdk.Config{Raw: raw, Schema: schema}, new(externalIDModel)),
		decode(t.Context(), tfsdk.Plan{Raw: raw, Schema: schema}, new(externalIDModel)),
		decode(t.Context(), tfsdk.State{Raw: raw, Schema: schema}, new(externalIDModel)),
	} {
		if !from.HasError() {
			t.Error("null is a model")
		}
	}
	texts := map[string]attr.Type{"group_id": types.StringType, "member_id": types.StringType}
	given := types.ObjectValueMust(texts, map[string]attr.Value{"group_id": types.StringValue("1"), "member_id": types.StringNull()})
	type plainTexts struct {
		GroupID  string  `tfsdk:"group_id"`
		MemberID *string `tfsdk:"member_id"`
	}
	got, ok := objectFrom[plainTexts](t.Context(), path.Root("rows"), given, &diags)
	if !ok || got.GroupID != "1" || got.MemberID != nil {
		t.Errorf("%+v, %v", got, diags)
	}
	if _, ok := objectFrom[membershipModel](t.Context(), path.Root("rows"), given, &diags); ok || !diags.HasError() {
		t.Errorf("an object without some attributes is a membership: %v", diags)
	}
}

// A plan is filled from a model as the framework fills it, and one attribute of it as well.
func TestPlanning_set(t *testing.T) {
	t.Parallel()
	schema := (&remediationLedgerResource{}).schema(t.Context())
	schema.Attributes[attributeAccountID] = accountIDAttribute()
	kind := schema.Type().TerraformType(t.Context())
	model := emptyLedger()
	model.ID, model.AccountID, model.Exclude = types.StringUnknown(), types.StringValue("a"), types.SetNull(types.StringType)
	for _, m := range []*types.Map{&model.PendingExternalIDs, &model.PendingMemberRemovals, &model.PendingMemberships, &model.PendingDeactivations, &model.PendingGroupNames} {
		*m = types.MapNull(m.ElementType(t.Context()))
	}
	want := tfsdk.Plan{Raw: tftypes.NewValue(kind, nil), Schema: schema}
	if diags := want.Set(t.Context(), model); diags.HasError() {
		t.Fatal(diags)
	}
	resp := resource.ModifyPlanResponse{Plan: tfsdk.Plan{Raw: tftypes.NewValue(kind, nil), Schema: schema}}
	p := planning[*ledgerModel]{resp: &resp}
	p.setAll(t.Context(), model)
	if !resp.Plan.Raw.Equal(want.Raw) || resp.Diagnostics.HasError() {
		t.Errorf("%v\n%v\n%v", want.Raw, resp.Plan.Raw, resp.Diagnostics)
	}
	before := resp.Plan.Raw
	p.set(t.Context(), "id", types.StringValue(ledgerID))
	if diags := want.SetAttribute(t.Context(), path.Root("id"), ledgerID); diags.HasError() {
		t.Fatal(diags)
	}
	if !resp.Plan.Raw.Equal(want.Raw) || before.Equal(resp.Plan.Raw) {
		t.Errorf("%v\n%v", want.Raw, resp.Plan.Raw)
	}
}
