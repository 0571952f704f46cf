// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// ledgerID is the id of every ledger: it has no remote counterpart.
const ledgerID = "remediation_ledger"

// How much one plan takes in at most, unless the configuration says otherwise.
const (
	defaultMaxNewExternalIDs    = 100
	defaultMaxNewMemberRemovals = 25
	defaultMaxNewMemberships    = 100
	defaultMaxNewDeactivations  = 25
	defaultMaxNewGroupNames     = 25
)

type ledgerModel struct {
	instanceModel
	Exclude types.Set `tfsdk:"exclude"`

	PendingExternalIDs  types.Map    `tfsdk:"pending_external_ids"`
	MaxNewExternalIDs   types.Number `tfsdk:"max_new_external_ids"`
	ExternalIDs         types.Map    `tfsdk:"external_ids"`
	ObservedExternalIDs types.Map    `tfsdk:"observed_external_ids"`

	PendingMemberRemovals  types.Map    `tfsdk:"pending_member_removals"`
	MaxNewMemberRemovals   types.Number `tfsdk:"max_new_member_removals"`
	MemberRemovals         types.Map    `tfsdk:"member_removals"`
	ObservedMemberRemovals types.Map    `tfsdk:"observed_member_removals"`

	PendingMemberships  types.Map    `tfsdk:"pending_memberships"`
	MaxNewMemberships   types.Number `tfsdk:"max_new_memberships"`
	Memberships         types.Map    `tfsdk:"memberships"`
	ObservedMemberships types.Map    `tfsdk:"observed_memberships"`

	PendingDeactivations  types.Map    `tfsdk:"pending_deactivations"`
	MaxNewDeactivations   types.Number `tfsdk:"max_new_deactivations"`
	Deactivations         types.Map    `tfsdk:"deactivations"`
	ObservedDeactivations types.Map    `tfsdk:"observed_deactivations"`

	PendingGroupNames  types.Map    `tfsdk:"pending_group_names"`
	MaxNewGroupNames   types.Number `tfsdk:"max_new_group_names"`
	GroupNames         types.Map    `tfsdk:"group_names"`
	ObservedGroupNames types.Map    `tfsdk:"observed_group_names"`
}

func emptyLedger() *ledgerModel {
	return &ledgerModel{
		Exclude:            types.SetNull(types.StringType),
		PendingExternalIDs: types.MapNull(externalIDFixType), ExternalIDs: types.MapNull(externalIDFixType),
		ObservedExternalIDs:   types.MapNull(types.StringType),
		PendingMemberRemovals: types.MapNull(memberRemovalType), MemberRemovals: types.MapNull(memberRemovalType),
		ObservedMemberRemovals: types.MapNull(types.StringType),
		PendingMemberships:     types.MapNull(membershipType), Memberships: types.MapNull(membershipType),
		ObservedMemberships:  types.MapNull(types.StringType),
		PendingDeactivations: types.MapNull(deactivationType), Deactivations: types.MapNull(deactivationType),
		ObservedDeactivations: types.MapNull(types.StringType),
		PendingGroupNames:     types.MapNull(groupRenameType), GroupNames: types.MapNull(groupRenameType),
		ObservedGroupNames: types.MapNull(types.StringType),
	}
}

// settle fills what was unknown while planning; everything else is as planned.
func (m *ledgerModel) settle(ctx context.Context, state *ledgerModel, diags *diag.Diagnostics) {
	m.ID = types.StringValue(ledgerID)
	known := true
	for _, v := range m.computed() {
		known = known && !v.IsUnknown()
	}
	if known {
		return
	}
	merged := m.merge(ctx, state, diags)
	if merged == nil {
		diags.AddError("Unable to Create Remediation Ledger", "Its inputs are unknown during apply. This is a bug in the provider; please report it.")
		return
	}
	for _, section := range merged {
		section.checkLimit(diags)
		section.apply(ctx, diags)
	}
}

// sameSettings reports whether no setting differs from the state.
func (m *ledgerModel) sameSettings(state *ledgerModel) bool {
	return m.Exclude.Equal(state.Exclude) && m.MaxNewExternalIDs.Equal(state.MaxNewExternalIDs) &&
		m.MaxNewMemberRemovals.Equal(state.MaxNewMemberRemovals) && m.MaxNewMemberships.Equal(state.MaxNewMemberships) &&
		m.MaxNewDeactivations.Equal(state.MaxNewDeactivations) && m.MaxNewGroupNames.Equal(state.MaxNewGroupNames)
}

// computed are the maps that follow from the pending ones and the prior state.
func (m *ledgerModel) computed() []*types.Map {
	return []*types.Map{
		&m.ExternalIDs, &m.ObservedExternalIDs, &m.MemberRemovals, &m.ObservedMemberRemovals, &m.Memberships, &m.ObservedMemberships,
		&m.Deactivations, &m.ObservedDeactivations, &m.GroupNames, &m.ObservedGroupNames,
	}
}

// fullyKnown reports whether a map or set of the configuration is known, and each
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
