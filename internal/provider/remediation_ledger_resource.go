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

// remediationLedgerResource remembers what was found, so that a fix does not
// vanish from configuration when its divergence is gone. It writes nothing
// remote, and a destroy forgets.
type remediationLedgerResource struct{ kindBase[*ledgerModel] }

func newRemediationLedgerResource() resource.Resource {
	return newManaged[ledgerModel](&remediationLedgerResource{})
}

func (r *remediationLedgerResource) names() resourceNames {
	return resourceNames{typeName: "remediation_ledger", thing: "Remediation Ledger", writeOnly: []string{
		"pending_external_ids", "pending_member_removals", "pending_memberships", "pending_deactivations", "pending_group_names",
	}}
}

// fact is none: it has no remote counterpart.
func (r *remediationLedgerResource) fact(*ledgerModel) string { return "" }

// modifyPlan computes the maps from configuration and prior state alone, so
// that they are known while planning and the same when Terraform plans again
// during apply (docs/design/fixed-point.md).
func (r *remediationLedgerResource) modifyPlan(ctx context.Context, p *planning[*ledgerModel]) {
	r.session.newLedger.Store(r.session.newLedger.Load() || !p.exists)
	plan, state, diags := p.plan, p.state, p.diags()
	if !p.exists {
		state = emptyLedger()
	}
	merged := plan.merge(ctx, state, diags)
	r.checkExclude(plan, merged, diags)
	if diags.HasError() {
		return
	}
	if merged == nil {
		// Unknown input leaves unknown maps: they are computed in the apply. The framework
		// does not see it, because the state holds nothing of the input
		// (docs/reference/terraform-semantics.md 19).
		for _, m := range plan.computed() {
			*m = types.MapUnknown(m.ElementType(ctx))
		}
		plan.AccountID = r.session.accountID()
		p.setAll(ctx, plan)
		return
	}
	r.session.findings.checkTargets(membershipTargets{
		entries: membershipEntries(merged), tracked: state.memberships().decode(ctx, &state.Memberships, diags),
		pending: plan.memberships().decode(ctx, &plan.PendingMemberships, diags),
		exclude: plan.excluded(diags),
	}, diags)
	same := p.exists && plan.sameSettings(state)
	for _, section := range merged {
		section.checkLimit(diags)
		same = same && section.same()
	}
	if same {
		p.keepAll()
		return
	}
	for _, section := range merged {
		section.apply(ctx, diags)
	}
	plan.ID, plan.AccountID = types.StringValue(ledgerID), r.session.accountID()
	p.setAll(ctx, plan)
}

// checkExclude checks exclude against what may be excluded; merged is nil while that
// is not known.
func (r *remediationLedgerResource) checkExclude(plan *ledgerModel, merged []mergedSection, diags *diag.Diagnostics) {
	if !fullyKnown(plan.Exclude) {
		return
	}
	e := ledgerExclude{keys: plan.excluded(diags), incomplete: r.session.findings.isIncomplete(), memberships: !plan.PendingMemberships.IsNull()}
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

func (r *remediationLedgerResource) create(ctx context.Context, plan *ledgerModel, _ privateWriter, diags *diag.Diagnostics) {
	plan.settle(ctx, emptyLedger(), diags)
}

func (r *remediationLedgerResource) update(ctx context.Context, u updating[*ledgerModel], diags *diag.Diagnostics) bool {
	u.plan.settle(ctx, u.state, diags)
	return !diags.HasError()
}

// validate refuses entries whose key names another principal, because
// everything goes by keys, and values that no apply could write.
func (r *remediationLedgerResource) validate(ctx context.Context, config *ledgerModel, diags *diag.Diagnostics) {
	validateExternalIDEntries(ctx, config, diags)
	validateMemberEntries(ctx, config.memberRemovals(), false, diags)
	validateMemberEntries(ctx, config.memberships(), true, diags)
	validateFieldEntries(ctx, config.deactivations(), "deactivate/", diags)
	validateFieldEntries(ctx, config.groupNames(), "rename/", diags)
}

// validateFieldEntries refuses entries whose key names another principal.
func validateFieldEntries[E fieldEntry](ctx context.Context, section ledgerSection[E], prefix string, diags *diag.Diagnostics) {
	if !fullyKnown(*section.pending) {
		return
	}
	for key, entry := range section.decode(ctx, section.pending, diags) {
		if want := prefix + entry.ref().String(); entry.known() && key != want {
			addOtherKey(diags, "pending_"+section.name, key, "principal", entry.ref().String(), want)
		}
	}
}

// addOtherKey reports an entry whose key names something else.
func addOtherKey(diags *diag.Diagnostics, attribute, key, thing, is, want string) {
	diags.AddAttributeError(path.Root(attribute), "Invalid Ledger Key", fmt.Sprintf("The key %q names another %s than its entry, which is %s. Write %q as the key: "+
		"exclude, for_each and the audit go by it.", key, thing, is, want))
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
			addOtherKey(diags, "pending_external_ids", key, "principal", "for "+ref.String(), ref.String())
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
	// memberType is empty where the entry does not say.
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
			addOtherKey(diags, "pending_"+section.name, key, "membership", fmt.Sprintf("%s in group/%s", entry.memberID(), entry.groupID()), want)
		}
	}
}

func (r *remediationLedgerResource) planDestroy(_ context.Context, state *ledgerModel, _ privateReader, diags *diag.Diagnostics) {
	var forgotten []string
	for _, of := range []struct {
		tracked types.Map
		thing   string
	}{
		{state.ExternalIDs, "external id"}, {state.MemberRemovals, "member removal"}, {state.Memberships, "membership"},
		{state.Deactivations, "deactivation"}, {state.GroupNames, "group name"},
	} {
		if n := len(of.tracked.Elements()); n > 0 {
			forgotten = append(forgotten, audit.CountOf(n, of.thing))
		}
	}
	if len(forgotten) > 0 {
		diags.AddWarning("Remediation Ledger Will Be Forgotten", fmt.Sprintf("Destroying the ledger forgets %s. The account stays as it is, but resources that use its maps "+
			"in for_each will be planned for destruction with it; each says in this plan what it leaves in the account and what it takes away.", enumerated(forgotten)))
	}
}
