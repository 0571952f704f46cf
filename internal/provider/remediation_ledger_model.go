// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// ledgerID is the id of every ledger: it has no remote counterpart.
const ledgerID = "remediation_ledger"

// defaultMaxNewExternalIDs bounds how many fixes one plan takes in.
const defaultMaxNewExternalIDs = 100

type ledgerModel struct {
	ID                  types.String `tfsdk:"id"`
	PendingExternalIDs  types.Map    `tfsdk:"pending_external_ids"`
	Exclude             types.Set    `tfsdk:"exclude"`
	MaxNewExternalIDs   types.Int64  `tfsdk:"max_new_external_ids"`
	ExternalIDs         types.Map    `tfsdk:"external_ids"`
	ObservedExternalIDs types.Map    `tfsdk:"observed_external_ids"`
}

func emptyLedger() ledgerModel {
	return ledgerModel{
		ExternalIDs:         types.MapNull(externalIDFixType),
		ObservedExternalIDs: types.MapNull(types.StringType),
		Exclude:             types.SetNull(types.StringType),
		PendingExternalIDs:  types.MapNull(externalIDFixType),
	}
}

// ledgerMerge is what a ledger will hold.
type ledgerMerge struct {
	plan     audit.LedgerPlan[externalIDFixModel]
	observed map[string]string
}

func (m ledgerModel) externalIDs(ctx context.Context, from types.Map, diags *diag.Diagnostics) map[string]externalIDFixModel {
	out := map[string]externalIDFixModel{}
	if !from.IsNull() && !from.IsUnknown() {
		diags.Append(from.ElementsAs(ctx, &out, false)...)
	}
	return out
}

func (m ledgerModel) observed(ctx context.Context, diags *diag.Diagnostics) map[string]string {
	out := map[string]string{}
	if !m.ObservedExternalIDs.IsNull() && !m.ObservedExternalIDs.IsUnknown() {
		diags.Append(m.ObservedExternalIDs.ElementsAs(ctx, &out, false)...)
	}
	return out
}

func (m *ledgerModel) setObserved(ctx context.Context, observed map[string]string, diags *diag.Diagnostics) {
	value, d := types.MapValueFrom(ctx, types.StringType, observed)
	diags.Append(d...)
	m.ObservedExternalIDs = value
}

// merge plans the ledger from its configuration and the prior state. It is not
// known while an input is not.
func (m ledgerModel) merge(ctx context.Context, state ledgerModel, diags *diag.Diagnostics) (ledgerMerge, bool) {
	if !fullyKnown(m.PendingExternalIDs) || !fullyKnown(m.Exclude) || m.MaxNewExternalIDs.IsUnknown() {
		return ledgerMerge{}, false
	}
	pending := m.externalIDs(ctx, m.PendingExternalIDs, diags)
	for _, p := range pending {
		if p.ExternalID.IsUnknown() || p.PrincipalID.IsUnknown() || p.PrincipalType.IsUnknown() {
			return ledgerMerge{}, false
		}
	}
	var excluded []string
	if !m.Exclude.IsNull() {
		diags.Append(m.Exclude.ElementsAs(ctx, &excluded, false)...)
	}
	exclude := make(map[string]bool, len(excluded))
	for _, key := range excluded {
		exclude[key] = true
	}
	seen := state.observed(ctx, diags)
	plan := audit.PlanLedger(audit.LedgerInput[externalIDFixModel]{
		Pending: pending, Tracked: state.externalIDs(ctx, state.ExternalIDs, diags), Observed: seen, Exclude: exclude,
		Wanted: func(e externalIDFixModel) string { return e.ExternalID.ValueString() },
	})
	// What was observed belongs to an entry: a new or changed one was not looked
	// at yet, and must not count as settled before it was.
	observed := make(map[string]string, len(plan.Entries))
	for key := range plan.Entries {
		if value, ok := seen[key]; ok {
			observed[key] = value
		}
	}
	for _, key := range append(plan.New, plan.Changed...) {
		delete(observed, key)
	}
	return ledgerMerge{plan: plan, observed: observed}, true
}

// apply writes a merge into the model.
func (m *ledgerModel) apply(ctx context.Context, merged ledgerMerge, diags *diag.Diagnostics) {
	m.ExternalIDs = mapFrom(ctx, externalIDFixType, merged.plan.Entries, diags)
	m.setObserved(ctx, merged.observed, diags)
}

// settle fills what was unknown while planning; everything else is as planned.
func (m *ledgerModel) settle(ctx context.Context, state ledgerModel, diags *diag.Diagnostics) {
	m.ID = types.StringValue(ledgerID)
	if !m.ExternalIDs.IsUnknown() && !m.ObservedExternalIDs.IsUnknown() {
		return
	}
	merged, known := m.merge(ctx, state, diags)
	if !known {
		diags.AddError("Unable to Create Remediation Ledger", "Its inputs are unknown during apply. This is a bug in the provider; please report it.")
		return
	}
	merged.checkLimit(*m, diags)
	m.apply(ctx, merged, diags)
}

// sameSettings tells whether nothing but the entries of the pending map differs
// from the state. A map that comes or goes as a whole is a difference: Terraform
// accepts the prior value in place of a configured one, but not in place of
// null, nor null in place of a value.
func (m ledgerModel) sameSettings(state ledgerModel) bool {
	return m.Exclude.Equal(state.Exclude) && m.MaxNewExternalIDs.Equal(state.MaxNewExternalIDs) &&
		m.PendingExternalIDs.IsNull() == state.PendingExternalIDs.IsNull()
}

// fullyKnown tells whether a map or set of the configuration is known, and each
// of its elements is; attributes of elements may still be unknown.
func fullyKnown(collection attr.Value) bool {
	if collection.IsUnknown() {
		return false
	}
	var elements []attr.Value
	switch c := collection.(type) {
	case types.Map:
		elements = slices.Collect(maps.Values(c.Elements()))
	case types.Set:
		elements = c.Elements()
	}
	return !slices.ContainsFunc(elements, attr.Value.IsUnknown)
}

func (r *remediationLedgerResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The memory of what was found. A divergence disappears once it is fixed, so a `for_each` straight over findings would " +
			"plan to destroy every fix on the next run. The ledger takes what is pending from the data sources and keeps it while it is tracked: " +
			"its maps are known while planning and drive `for_each`. It writes nothing remote; destroying it forgets." +
			"\n\n-> **Note:** How it is used, from plan to roll-back: [fixing what diverges](../guides/remediation).",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed: true, MarkdownDescription: "Always `" + ledgerID + "`.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"pending_external_ids": schema.MapNestedAttribute{
				Optional: true,
				MarkdownDescription: "`external_id_fixes` of `dbxidentity_divergences`. A pending fix that is tracked already makes no diff; " +
					"a new wanted value for a tracked key wins.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"principal_type": schema.StringAttribute{
						Required: true, MarkdownDescription: attributeTexts["principal_type"],
						Validators: []validator.String{stringvalidator.OneOf(principalTypeNames()...)},
					},
					"principal_id": schema.StringAttribute{
						Required: true, MarkdownDescription: attributeTexts["principal_id"], Validators: []validator.String{principalIDValidator()},
					},
					"external_id": schema.StringAttribute{
						Required: true, MarkdownDescription: "The value to write; empty clears (groups only).", Validators: []validator.String{externalIDValidator{}},
					},
					"principal_name":      schema.StringAttribute{Optional: true, MarkdownDescription: attributeTexts["principal_name"]},
					"current_external_id": schema.StringAttribute{Optional: true, MarkdownDescription: attributeTexts["current_external_id"]},
					"category":            schema.StringAttribute{Optional: true, MarkdownDescription: attributeTexts["category"]},
					"reversible":          schema.BoolAttribute{Optional: true, MarkdownDescription: attributeTexts["reversible"]},
				}},
			},
			"exclude": schema.SetAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Keys to leave out and to forget, for example `user/123`.",
				Validators:          []validator.Set{setvalidator.ValueStringsAre(stringvalidator.LengthAtLeast(1))},
			},
			"max_new_external_ids": schema.Int64Attribute{
				Optional: true, Computed: true, Default: int64default.StaticInt64(defaultMaxNewExternalIDs),
				MarkdownDescription: "Refuse a plan that takes in more new or changed fixes at once. Default 100, also for null; `-1` is no limit.",
				Validators:          []validator.Int64{int64validator.AtLeast(-1)},
			},
			"external_ids": schema.MapNestedAttribute{
				Computed: true,
				MarkdownDescription: "What is pending and what was tracked before, less `exclude`. Names, category and `current_external_id` are as first seen. " +
					"An entry is dropped when it is not pending any more although the account holds something else than its `external_id` " +
					"(somebody settled it in another way), and when its principal is deleted.",
				NestedObject: schema.NestedAttributeObject{Attributes: ledgerEntryAttributes()},
			},
			"observed_external_ids": schema.MapAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "What the account held at the last refresh, for the entries that were looked at since they were tracked.",
			},
		},
	}
}

func ledgerEntryAttributes() map[string]schema.Attribute {
	out := map[string]schema.Attribute{}
	for name := range externalIDFixType.AttrTypes {
		if name == "reversible" {
			out[name] = schema.BoolAttribute{Computed: true, MarkdownDescription: attributeTexts[name]}
			continue
		}
		out[name] = schema.StringAttribute{Computed: true, MarkdownDescription: attributeTexts[name]}
	}
	return out
}
