// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

var (
	_ resource.ResourceWithConfigure      = (*remediationLedgerResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*remediationLedgerResource)(nil)
	_ resource.ResourceWithValidateConfig = (*remediationLedgerResource)(nil)
)

// remediationLedgerResource remembers what was found, so that a fix does not
// vanish from configuration when its divergence is gone. It writes nothing
// remote.
type remediationLedgerResource struct{ sessionResource }

func newRemediationLedgerResource() resource.Resource { return &remediationLedgerResource{} }

func (r *remediationLedgerResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_remediation_ledger"
}

// ModifyPlan computes the maps from configuration and prior state alone, so
// that they are known while planning and the same when Terraform plans again
// during apply (docs/design/fixed-point.md).
func (r *remediationLedgerResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		warnForgetting(ctx, req, &resp.Diagnostics)
		return
	}
	r.session.newLedger.Store(r.session.newLedger.Load() || req.State.Raw.IsNull())
	if !req.State.Raw.IsNull() {
		// Not only in Read: a saved plan is applied without one, and the keys of one
		// account must not become another's.
		resp.Diagnostics.Append(r.session.checkAccount(ctx, req.Private, "remediation ledger")...)
		if resp.Diagnostics.HasError() {
			return
		}
	}
	r.session.bindToAccount(ctx, req, resp)
	var plan ledgerModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	state := emptyLedger()
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	merged := plan.merge(ctx, state, &resp.Diagnostics)
	r.checkExclude(&plan, merged, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || merged == nil {
		return // Unknown input leaves unknown maps: they are computed in the apply.
	}
	r.session.checkTargets(membershipTargets{
		entries: membershipEntries(merged), tracked: state.memberships().decode(ctx, &state.Memberships, &resp.Diagnostics),
		pending: plan.memberships().decode(ctx, &plan.PendingMemberships, &resp.Diagnostics),
		exclude: plan.excluded(&resp.Diagnostics),
	}, &resp.Diagnostics)
	same := !req.State.Raw.IsNull() && plan.sameSettings(state)
	for _, section := range merged {
		section.checkLimit(&resp.Diagnostics)
		same = same && section.same()
	}
	if same {
		// Only putting the whole prior object back suppresses the diff
		// (docs/reference/terraform-semantics.md 1, item 7).
		resp.Plan.Raw = req.State.Raw
		return
	}
	for _, section := range merged {
		section.apply(ctx, &resp.Diagnostics)
	}
	plan.ID, plan.AccountID = types.StringValue(ledgerID), r.session.accountID()
	resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
}

// checkExclude checks exclude against what may be excluded; merged is nil while that
// is not known.
func (r *remediationLedgerResource) checkExclude(plan *ledgerModel, merged []mergedSection, diags *diag.Diagnostics) {
	if !fullyKnown(plan.Exclude) {
		return
	}
	e := ledgerExclude{keys: plan.excluded(diags), incomplete: r.session.isIncomplete(), memberships: !plan.PendingMemberships.IsNull()}
	for _, section := range merged {
		if e.labels == nil {
			e.labels = map[string][]string{}
		}
		maps.Copy(e.labels, section.labels())
		memberships, ok := section.(ledgerMerge[membershipModel])
		e.memberships = e.memberships || ok && len(memberships.named) > 0
	}
	e.check(diags)
}

func (r *remediationLedgerResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan ledgerModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	r.session.applying.Store(true)
	plan.settle(ctx, emptyLedger(), &resp.Diagnostics)
	plan.AccountID = r.session.accountID()
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(r.session.rememberAccount(ctx, resp.Private)...)
}

func (r *remediationLedgerResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state ledgerModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	r.session.applying.Store(true)
	plan.settle(ctx, &state, &resp.Diagnostics)
	plan.AccountID = r.session.accountID()
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(r.session.rememberAccount(ctx, resp.Private)...)
}

// ValidateConfig refuses entries whose key names another principal, because
// everything goes by keys, and values that no apply could write.
func (r *remediationLedgerResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config ledgerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	validateExternalIDEntries(ctx, &config, &resp.Diagnostics)
	validateMemberEntries(ctx, config.memberRemovals(), false, &resp.Diagnostics)
	validateMemberEntries(ctx, config.memberships(), true, &resp.Diagnostics)
}

func validateExternalIDEntries(ctx context.Context, config *ledgerModel, diags *diag.Diagnostics) {
	if !fullyKnown(config.PendingExternalIDs) {
		return
	}
	section := config.externalIDs()
	for key, entry := range section.decode(ctx, section.pending, diags) {
		at := path.Root("pending_external_ids") // Of a path into it the command line shows no line.
		if entry.PrincipalType.IsUnknown() || entry.PrincipalID.IsUnknown() {
			continue
		}
		ref, value := entry.ref(), entry.ExternalID.ValueString()
		if !slices.Contains(audit.PrincipalTypes(), ref.Type) || value != "" && audit.ValidateExternalID(audit.TypeUser, value) != nil {
			continue // The validators of the attributes have refused it.
		}
		if key != ref.String() {
			diags.AddAttributeError(at, "Invalid Ledger Key",
				fmt.Sprintf("The key %q names another principal than its entry, which is for %s. Write %q as the key: "+
					"exclude, for_each and the audit go by it.", key, ref, ref))
		}
		if entry.ExternalID.IsUnknown() {
			continue
		}
		if err := audit.CheckExternalID(ref.Type, value); err != nil {
			diags.AddAttributeError(at, "Invalid External ID", fmt.Sprintf("%s: %s cannot be given that value: %s.", at.AtMapKey(key).AtName("external_id"), ref, err))
		}
	}
}

// memberEntry is a ledger entry about one membership.
type memberEntry interface {
	ledgerEntry
	groupID() string
	memberID() string
	// memberType is empty where the entry does not tell.
	memberType() audit.PrincipalType
}

func (m memberRemovalModel) groupID() string  { return m.GroupID.ValueString() }
func (m memberRemovalModel) memberID() string { return m.MemberID.ValueString() }
func (m memberRemovalModel) memberType() audit.PrincipalType {
	return audit.PrincipalType(m.MemberType.ValueString())
}

func (m membershipModel) groupID() string                 { return m.GroupID.ValueString() }
func (m membershipModel) memberID() string                { return m.MemberID.ValueString() }
func (m membershipModel) memberType() audit.PrincipalType { return "" }

// validateMemberEntries refuses entries whose key names another membership; the
// group alone is enough where short keys are allowed.
func validateMemberEntries[E memberEntry](ctx context.Context, section ledgerSection[E], short bool, diags *diag.Diagnostics) {
	if !fullyKnown(*section.pending) {
		return
	}
	for key, entry := range section.decode(ctx, section.pending, diags) {
		if !entry.known() {
			continue
		}
		want := membershipKey(entry.groupID(), entry.memberID())
		if key != want && (!short || key != entry.groupID()) {
			diags.AddAttributeError(path.Root("pending_"+section.name), "Invalid Ledger Key",
				fmt.Sprintf("The key %q names another membership than its entry, which is %s in group/%s. Write %q as the key: "+
					"exclude, for_each and the audit go by it.", key, entry.memberID(), entry.groupID(), want))
		}
	}
}

// Delete forgets; the account stays as it is.
func (r *remediationLedgerResource) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {
}

func warnForgetting(ctx context.Context, req resource.ModifyPlanRequest, diags *diag.Diagnostics) {
	if req.State.Raw.IsNull() {
		return
	}
	var state ledgerModel
	diags.Append(req.State.Get(ctx, &state)...)
	ids, removals, memberships := len(state.ExternalIDs.Elements()), len(state.MemberRemovals.Elements()), len(state.Memberships.Elements())
	if ids+removals+memberships > 0 {
		diags.AddWarning("Remediation Ledger Will Be Forgotten", fmt.Sprintf("Destroying the ledger forgets %d externalId fixes, %d member removals "+
			"and %d memberships. The account stays as it is, but resources that use its maps in for_each will be planned for destruction with it; "+
			"each says in this plan what it leaves in the account and what it takes away.", ids, removals, memberships))
	}
}
