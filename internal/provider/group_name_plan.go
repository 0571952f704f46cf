// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

func (r *groupNameResource) modifyPlan(ctx context.Context, p *planning[*groupNameModel]) {
	plan, known := p.plan, r.fact(p.plan) != ""
	if known && !plan.Name.IsUnknown() {
		r.session.wantGroupName(plan.ref(), plan.Name.ValueString(), p.exists, p.diags())
	}
	if p.unchanged || !known || p.diags().HasError() {
		return
	}
	// A replacement is planned as a create for the new group.
	expected, drifted := plan.ExpectedCurrentName, false
	if p.exists && p.state.ref() == plan.ref() {
		var writes bool
		if expected, writes, drifted = r.planUpdate(ctx, p); !writes {
			return
		}
	}
	if plan.Name.IsUnknown() || expected.IsUnknown() || r.session.applying.Load() {
		return
	}
	var found diag.Diagnostics
	r.guardWrite(ctx, plan, expected, &found)
	if drifted && found.HasError() {
		// Someone else made it so: that must not stop the plan of everything else. The
		// apply looks again.
		p.diags().AddAttributeWarning(path.Root("name"), thingGroupName+" Will Be Refused", fmt.Sprintf("%s is called %q, and as it is now, renaming it to %q again is refused. %s",
			plan.ref(), p.state.Name.ValueString(), plan.Name.ValueString(), found.Errors()[0].Detail()))
		return
	}
	p.diags().Append(found...)
}

// planUpdate is the plan of an instance for the same group as before: see planUpdate of
// an externalId.
func (r *groupNameResource) planUpdate(ctx context.Context, p *planning[*groupNameModel]) (expected types.String, writes, drifted bool) {
	plan, state := p.plan, p.state
	if plan.Name.Equal(state.Name) {
		return expected, false, false
	}
	history, found := readHistory(ctx, p.private)
	p.diags().Append(found...)
	expected, may := history.replaceable(state.Name, plan.ExpectedCurrentName)
	changed := history.isChanged(plan.Name, plan.ExpectedCurrentName, state.ExpectedCurrentName)
	if !may && !expected.IsUnknown() && !plan.Name.IsUnknown() {
		addForeignName(p.diags(), plan, state, history, changed)
		if !changed {
			// Terraform takes the prior value of an attribute in place of the configured one.
			p.set(ctx, "name", state.Name)
		}
		return expected, false, !changed
	}
	if history.undone(state.Name, plan.Name) {
		warnUndone(p.diags(), thingGroupName, fmt.Sprintf("%s is called %q, and was renamed to %q here", state.ref(), state.Name.ValueString(), plan.Name.ValueString()))
	}
	if state.PreviousName.IsNull() {
		p.set(ctx, "previous_name", types.StringUnknown()) // Only the write knows what it replaces.
	}
	return expected, true, !changed
}

// addForeignName reports a name that someone else has given the group: in a new
// configuration it is an error, and otherwise the plan keeps it.
func addForeignName(diags *diag.Diagnostics, plan, state *groupNameModel, h valueHistory, changed bool) {
	applied := "not recorded"
	if h.applied != nil {
		applied = fmt.Sprintf("%q", *h.applied)
	}
	present := state.Name.ValueString()
	text := fmt.Sprintf("%s is called %q. Applied here last was %s, expected is %s, wanted is %q. So someone else has renamed the group. ",
		plan.ref(), present, applied, quotedOrNone(plan.ExpectedCurrentName), plan.Name.ValueString())
	ways := fmt.Sprintf("To keep the name, set name = %[1]q (for an entry of dbxidentity_remediation_ledger, put its key into exclude). "+
		"To replace it, set expected_current_name = %[1]q.", present)
	if changed {
		diags.AddAttributeError(path.Root("name"), "Refusing to Plan "+thingGroupName, text+ways)
		return
	}
	diags.AddAttributeWarning(path.Root("name"), "Group Name Given by Someone Else", text+"It is not replaced. "+ways)
}

func quotedOrNone(v types.String) string {
	if v.IsNull() {
		return "none"
	}
	return quotedOrUnknown(v)
}

// guardWrite refuses in the plan what create or update would refuse. What cannot be
// looked up is left to the apply, which looks again.
func (r *groupNameResource) guardWrite(ctx context.Context, plan *groupNameModel, expected types.String, diags *diag.Diagnostics) {
	ctx, cancel := context.WithTimeout(ctx, defaultWriteTimeout)
	defer cancel()
	wanted := plan.Name.ValueString()
	found, err := r.session.account.CheckGroupName(ctx, write.GroupNameRequest{GroupID: plan.GroupID.ValueString(), Want: wanted, AllowPrivileged: plan.AllowPrivileged.ValueBool()})
	fits := func(p audit.Principal) bool {
		return directory.SameShown(p.Name, wanted) || !expected.IsNull() && directory.SameShown(p.Name, expected.ValueString())
	}
	now := found.Group
	if err == nil && !fits(now) {
		now, err = r.session.account.KnownAs(ctx, plan.ref(), fits)
	}
	switch {
	case errors.Is(err, api.ErrNotFound):
		addFieldError(diags, "Plan", thingGroupName, groupNameAttributes, audit.Principal{Ref: plan.ref()}, err)
	case err != nil:
		diags.AddWarning(thingGroupName+" Not Checked", fmt.Sprintf("The guards for %s could not be evaluated while planning: %s. "+
			"They are evaluated again before the write.", plan.ref(), withoutStop(err)))
	case directory.SameShown(now.Name, wanted):
	case !fits(now):
		diags.AddAttributeError(path.Root("expected_current_name"), "Refusing to Plan "+thingGroupName, fmt.Sprintf("%s is called %q, expected is %s, wanted is %q. "+
			"Make sure that it is the group that is meant, and set expected_current_name = %[2]q to replace that name. If it comes from dbxidentity_remediation_ledger, put the key into its "+
			"exclude for one apply.", plan.ref(), now.Name, quotedOrNone(expected), wanted))
	case len(found.Refusals) > 0:
		addRefusals(diags, "Plan", thingGroupName, found.Refusals)
	default:
		diags.AddAttributeWarning(path.Root("name"), "Group Will Be Renamed", fmt.Sprintf("%s will be called %q. What refers to it as %q does not find it any more: grants in SQL and "+
			"code, is_account_group_member() in views, row filters and column masks. A later group of the old name, also one of the identity provider, will match it instead.",
			plan.ref(), wanted, now.Name))
		// Terraform shows one of several warnings of one summary: this one has its own.
		if places := r.session.findings.asksInSQL(now.Name, wanted); len(places) > 0 {
			diags.AddAttributeWarning(path.Root("name"), "SQL Asks for This Group Name", fmt.Sprintf("%s is called %q, and these ask for the group of that name: %s. "+
				"Once it is called %q, what they answer changes, without an error. Let them ask for both names first.", plan.ref(), now.Name, someOf(places), wanted))
		}
	}
}

func (r *groupNameResource) planDestroy(ctx context.Context, state *groupNameModel, private privateReader, diags *diag.Diagnostics) {
	if r.session.isGone(ctx, state.ref()) {
		return
	}
	if !r.undoes(ctx, state, private, diags) {
		why := fmt.Sprintf("on_destroy = %q", onDestroyKeep)
		if state.OnDestroy.ValueString() == onDestroyRestore {
			why = "this instance wrote nothing"
		}
		r.session.warnOfDestroy(staysInAccount, fmt.Sprintf("%s keeps the name %q when this instance is destroyed (%s).", state.ref(), state.Name.ValueString(), why), diags)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, defaultWriteTimeout)
	defer cancel()
	const summary = "Group Name Will Be Kept"
	if applied, known, _ := remembered(ctx, private, keyApplied); known && !directory.SameShown(applied, state.Name.ValueString()) {
		r.stays(state, summary, "someone else has renamed it", diags)
		return
	}
	found, err := r.session.account.CheckGroupName(ctx, r.restoration(state))
	switch {
	case err != nil: // The write looks again.
	case len(found.Refusals) > 0:
		r.stays(state, summary, withoutStop(found.Refusals[0]), diags)
	default:
		r.session.warnOfDestroy("Names Will Be Written Back", fmt.Sprintf("%s will be called %q again. To keep the name %q, set on_destroy = %q and apply first.",
			state.ref(), state.PreviousName.ValueString(), state.Name.ValueString(), onDestroyKeep), diags)
	}
}
