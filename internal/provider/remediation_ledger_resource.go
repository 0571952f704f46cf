// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account"
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
	var plan ledgerModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	state := emptyLedger()
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	merged, known := plan.merge(ctx, state, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !known {
		return // Unknown input leaves unknown maps: they are computed in the apply.
	}
	merged.checkLimit(plan, &resp.Diagnostics)
	if !req.State.Raw.IsNull() && merged.plan.Same() && plan.sameSettings(state) {
		// Only putting the whole prior object back suppresses the diff
		// (terraform-semantics.md, section 1, item 7).
		resp.Plan.Raw = req.State.Raw
		return
	}
	plan.apply(ctx, merged, &resp.Diagnostics)
	plan.ID = types.StringValue(ledgerID)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
}

func (r *remediationLedgerResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan ledgerModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	plan.settle(ctx, emptyLedger(), &resp.Diagnostics)
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
	plan.settle(ctx, state, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(r.session.rememberAccount(ctx, resp.Private)...)
}

// Read notes what the account holds now beside each entry, and forgets entries
// whose principal is provably gone. An entry that cannot be looked up keeps
// what was seen before.
//
// Of an entry that an audit of this run found pending, nothing is noted: its
// present value is about to be replaced, and a later plan without refresh would
// take the remembered one for somebody's other settlement. Nor of one that the
// audit could not judge: a hole is no settlement.
func (r *remediationLedgerResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state ledgerModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(r.session.checkAccount(ctx, req.Private, "remediation ledger")...)
	resp.Diagnostics.Append(r.session.rememberAccount(ctx, resp.Private)...)
	entries := state.externalIDs(ctx, state.ExternalIDs, &resp.Diagnostics)
	observed := state.observed(ctx, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || len(entries) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, defaultReadTimeout)
	defer cancel()
	for key, entry := range entries {
		ref, wanted := entry.ref(), entry.ExternalID.ValueString()
		open := r.session.isOpen(ref)
		known := r.session.account.Known
		if !open {
			known = func(ctx context.Context, ref audit.Ref) (audit.Principal, error) {
				return r.session.account.KnownHolding(ctx, ref, wanted)
			}
		}
		p, err := known(ctx, ref)
		switch {
		case errors.Is(err, account.ErrNotFound):
			delete(entries, key)
			delete(observed, key)
		case err == nil && open && p.ExternalID != wanted:
			delete(observed, key)
		case err == nil:
			observed[key] = p.ExternalID
		case ctx.Err() != nil:
			addReadError(&resp.Diagnostics, "Remediation Ledger", "looking at its principals", err)
			return
		}
	}
	state.ExternalIDs = mapFrom(ctx, externalIDFixType, entries, &resp.Diagnostics)
	state.setObserved(ctx, observed, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

// ValidateConfig refuses entries whose key names another principal, because
// everything goes by keys, and values that no apply could write.
func (r *remediationLedgerResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config ledgerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() || !fullyKnown(config.PendingExternalIDs) {
		return
	}
	for key, entry := range config.externalIDs(ctx, config.PendingExternalIDs, &resp.Diagnostics) {
		at := path.Root("pending_external_ids").AtMapKey(key)
		if entry.PrincipalType.IsUnknown() || entry.PrincipalID.IsUnknown() {
			continue
		}
		ref := entry.ref()
		if key != ref.String() {
			resp.Diagnostics.AddAttributeError(at, "Invalid Ledger Key",
				fmt.Sprintf("The key %q names another principal than its entry, which is for %s. Write %q as the key: "+
					"exclude, for_each and the audit go by it.", key, ref, ref))
		}
		if entry.ExternalID.IsUnknown() {
			continue
		}
		if err := account.CheckExternalID(ref.Type, entry.ExternalID.ValueString()); err != nil {
			resp.Diagnostics.AddAttributeError(at.AtName("external_id"), "Invalid External ID", fmt.Sprintf("%s cannot be given that value: %s.", ref, err))
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
	if n := len(state.ExternalIDs.Elements()); n > 0 {
		diags.AddWarning("Remediation Ledger Will Be Forgotten", fmt.Sprintf("Destroying the ledger forgets %d externalId fixes. "+
			"It changes nothing in the account, but resources that use its maps in for_each will be planned for destruction with it; "+
			"each then does what its own on_destroy says.", n))
	}
}

// checkLimit refuses a plan that takes in more at once than the reviewer allows.
func (m ledgerMerge) checkLimit(plan ledgerModel, diags *diag.Diagnostics) {
	limit := plan.MaxNewExternalIDs.ValueInt64()
	if n := int64(len(m.plan.New) + len(m.plan.Changed)); limit >= 0 && n > limit {
		diags.AddAttributeError(path.Root("max_new_external_ids"), "Too Many New External IDs",
			fmt.Sprintf("The plan takes in %d externalId fixes at once, and max_new_external_ids allows %d. "+
				"Look at why there are so many; then raise the limit, narrow the data source (targets, principal_types), "+
				"or leave some out with exclude.", n, limit))
	}
}
