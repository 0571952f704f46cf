// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
)

// thingStatus is what summaries of diagnostics call this resource.
const thingStatus = "Principal Status"

// statusAttributes are the attributes that errors of a write are about.
var statusAttributes = fieldAttributes{id: "principal_id", reviewed: "principal_name"}

// principalStatusResource is one remote fact: that a principal is deactivated.
type principalStatusResource struct {
	kindBase[*principalStatusModel]
}

func newPrincipalStatusResource() resource.Resource {
	return newImportable[principalStatusModel](&principalStatusResource{})
}

func (r *principalStatusResource) names() resourceNames {
	return resourceNames{typeName: "principal_status", thing: thingStatus, labels: []string{"principal_name"}}
}

func (r *principalStatusResource) fact(plan *principalStatusModel) string {
	if plan.PrincipalType.IsUnknown() || plan.PrincipalID.IsUnknown() {
		return ""
	}
	return plan.ref().String()
}

func (r *principalStatusResource) identity(m *principalStatusModel) any {
	return r.session.principalIdentity(m.ref())
}

func (r *principalStatusResource) create(ctx context.Context, plan *principalStatusModel, _ privateWriter, diags *diag.Diagnostics) {
	ask := plan.request()
	ask.Name, ask.Adopts = plan.PrincipalName.ValueString(), true
	result, err := r.session.account.SetActive(ctx, ask)
	warnUnchecked(diags, thingStatus, plan.ID.ValueString(), result.Unchecked)
	warnDoubted(diags, result.Principal.Type, result.Doubted)
	if err != nil {
		addFieldError(diags, "Create", thingStatus, statusAttributes, principalOf(plan.ref(), result.Principal), err)
		return
	}
	plan.PrincipalName = types.StringValue(result.Principal.Name)
	plan.PreviousActive = types.BoolValue(result.Wrote)
	if !result.Wrote {
		r.session.warnFound(diags, thingStatus+" Found", plan.ID.ValueString(), "previous_active is false: a destroy leaves it inactive")
	}
}

// read keeps the instance of a principal that is deleted: nothing can fulfil what would
// be planned anew.
func (r *principalStatusResource) read(ctx context.Context, state *principalStatusModel, _ privateStore, diags *diag.Diagnostics) readOutcome {
	p, err := r.session.account.KnownAs(ctx, state.ref(), isInactive)
	switch {
	case errors.Is(err, api.ErrNotFound):
		warnStays(diags, thingStatus, state.ID.ValueString(), fmt.Sprintf("%s does not exist in the account any more", principalTitle(state.principal())))
		return unchanged
	case err != nil:
		addReadError(diags, thingStatus, "reading "+state.ref().String(), err)
		return unchanged
	case p.Active == nil:
		diags.AddWarning(thingStatus+" Not Read", fmt.Sprintf("The account does not say whether %s is active. It is taken to be as it was.", principalTitle(p)))
		return unchanged
	case *p.Active:
		if why := r.refusedAgain(ctx, state); why != "" {
			warnStays(diags, thingStatus, state.ID.ValueString(), "it is active again, and deactivating it would be refused: "+why)
			return unchanged
		}
	}
	state.Active, state.PrincipalName = types.BoolValue(*p.Active), types.StringValue(p.Name)
	return refreshed
}

// refusedAgain is why the guards would refuse to deactivate someone who was made active
// again; empty where they would not, or the plan has to look.
func (r *principalStatusResource) refusedAgain(ctx context.Context, state *principalStatusModel) string {
	found, err := r.session.account.CheckDeactivate(ctx, state.request())
	if err != nil || len(found.Refusals) == 0 {
		return ""
	}
	return found.Refusals[0].Error()
}

// update writes where the principal was made active again; other changes are settings.
func (r *principalStatusResource) update(ctx context.Context, u updating[*principalStatusModel], diags *diag.Diagnostics) bool {
	u.plan.PrincipalName, u.plan.PreviousActive = u.state.PrincipalName, u.state.PreviousActive
	if !u.state.Active.ValueBool() {
		return true
	}
	result, err := r.session.account.SetActive(ctx, u.plan.request())
	warnUnchecked(diags, thingStatus, u.plan.ID.ValueString(), result.Unchecked)
	warnDoubted(diags, result.Principal.Type, result.Doubted)
	if err != nil {
		addFieldError(diags, "Update", thingStatus, statusAttributes, principalOf(u.plan.ref(), result.Principal), err)
		return false
	}
	if result.Wrote {
		u.plan.PreviousActive = types.BoolValue(true)
	}
	return true
}

func (r *principalStatusResource) modifyPlan(ctx context.Context, p *planning[*principalStatusModel]) {
	plan := p.plan
	if r.fact(plan) == "" {
		return
	}
	r.session.wantStatus(plan.ref(), p.exists, p.diags())
	drifted := p.exists && p.state.ref() == plan.ref()
	if p.unchanged || p.diags().HasError() || drifted && !p.state.Active.ValueBool() {
		return
	}
	if drifted {
		warnUndone(p.diags(), thingStatus, fmt.Sprintf("%s is active again", plan.ref()))
	}
	if drifted && !p.state.PreviousActive.ValueBool() {
		p.set(ctx, "previous_active", types.BoolUnknown()) // The first write is to come.
	}
	if r.session.applying.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, defaultWriteTimeout)
	defer cancel()
	found, err := r.session.account.CheckDeactivate(ctx, plan.request())
	switch {
	case errors.Is(err, api.ErrNotFound):
		addFieldError(p.diags(), "Plan", thingStatus, statusAttributes, plan.principal(), err)
		return
	case err != nil:
		p.diags().AddWarning(thingStatus+" Not Checked", fmt.Sprintf("The guards for %s could not be evaluated while planning: %s. "+
			"They are evaluated again before the write.", plan.ref(), withoutStop(err)))
		return
	case isInactive(found.Principal):
		return
	case !drifted:
		warnRenamed("principal_name", plan.PrincipalName, found.Principal, p.diags())
		addRefusals(p.diags(), "Plan", thingStatus, found.Refusals)
	case len(found.Refusals) > 0:
		// Someone else made it so after the refresh, or there was none.
		p.diags().AddAttributeWarning(path.Root("active"), thingStatus+" Will Be Refused", fmt.Sprintf("%s is active again, and as it is now, deactivating it is refused. %s",
			principalTitle(found.Principal), found.Refusals[0].Error()))
	}
	if found.CallerUnknown {
		r.session.warnCallerUnknown("Principals are going to be deactivated", "it does not deactivate itself", p.diags())
	}
	if len(found.Refusals) == 0 {
		p.diags().AddAttributeWarning(path.Root("active"), "Principal Will Be Deactivated", whatDeactivatingDoes(found.Principal))
	}
}

// whatDeactivatingDoes is what is documented (docs/reference/databricks-account-api.md 11).
// Whose jobs and tokens there are only each workspace knows, by calls that take its admin.
func whatDeactivatingDoes(p audit.Principal) string {
	use := "log in or use the API"
	if p.Type == audit.TypeServicePrincipal {
		use = "use the API"
	}
	return fmt.Sprintf("%s will not be able to %s. Its tokens stay and are refused meanwhile, and scheduled jobs that run as it fail until they run as someone else. What it owns stays, with its "+
		"permissions. Which jobs and tokens these are was not looked up: only its workspaces know. How to find them first is in the guide \"People who join and leave\": %s.",
		principalTitle(p), use, guidePeople)
}

const guidePeople = "https://github.com/dbxidentity/terraform-provider-dbxidentity/blob/main/docs/guides/people.md"

func (r *principalStatusResource) planDestroy(ctx context.Context, state *principalStatusModel, private privateReader, diags *diag.Diagnostics) {
	if r.session.isGone(ctx, state.ref()) {
		return
	}
	if !r.undoes(ctx, state, private, diags) {
		why := fmt.Sprintf("on_destroy = %q", onDestroyKeep)
		if state.OnDestroy.ValueString() == onDestroyRestore {
			why = "this instance did not deactivate it"
		}
		r.session.warnOfDestroy(staysInAccount, fmt.Sprintf("%s stays as it is when this instance is destroyed (%s).", principalTitle(state.principal()), why), diags)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, defaultWriteTimeout)
	defer cancel()
	p, err := r.session.account.Known(ctx, state.ref())
	if err != nil {
		return // The destroy looks again.
	}
	found := idp.Found{}
	if p.ExternalID != "" {
		found = r.session.lookUpIdentity(ctx, p.Type, p.ExternalID)
	}
	if why := notLetIn(p, found); why != "" {
		r.stays(state, "Principal Status Will Be Kept", why, diags)
		return
	}
	r.session.warnOfDestroy("Principals Will Be Active Again", fmt.Sprintf("%s will be active again, with what it has in the account. To leave it inactive, set on_destroy = %q and apply first.",
		principalTitle(p), onDestroyKeep), diags)
}

// notLetIn is why a principal is not made active again, by what the identity provider
// says of the identity that it is linked to; empty when it is.
func notLetIn(p audit.Principal, found idp.Found) string {
	switch id := found.Identity; {
	case p.ExternalID == "":
		return "it has no externalId, by which the identity provider could be asked for it"
	case found.Unknown != "":
		return "whether the identity provider has it, enabled, is not known: " + strings.TrimSuffix(found.Unknown, ".")
	case id == nil:
		return fmt.Sprintf("the identity provider has no identity with its externalId %q", p.ExternalID)
	case id.Type != p.Type:
		return fmt.Sprintf("its externalId %q is that of a %s in the identity provider", p.ExternalID, id.Type)
	case id.Enabled == nil:
		return "the identity provider does not say whether it is enabled"
	case !*id.Enabled:
		return "it is disabled in the identity provider"
	default:
		return ""
	}
}

func (r *principalStatusResource) undoes(_ context.Context, state *principalStatusModel, _ privateReader, _ *diag.Diagnostics) bool {
	return state.OnDestroy.ValueString() == onDestroyRestore && state.PreviousActive.ValueBool()
}

// undo makes the principal active again. It never blocks a destroy: what could not be
// undone is said in a warning.
func (r *principalStatusResource) undo(ctx context.Context, state *principalStatusModel, _ privateReader, diags *diag.Diagnostics) {
	ask := write.ActiveRequest{Ref: state.ref(), Active: true, MayActivate: r.mayActivate}
	_, err := r.session.account.SetActive(ctx, ask)
	switch {
	case err == nil, errors.Is(err, api.ErrNotFound):
	case errors.Is(err, write.ErrReadOnly):
		addFieldError(diags, "Delete", thingStatus, statusAttributes, state.principal(), err)
	default:
		r.kept(state, withoutStop(err), diags)
	}
}

// mayActivate asks the identity provider anew: what a plan was answered may have changed.
func (r *principalStatusResource) mayActivate(ctx context.Context, now audit.Principal) error {
	var found idp.Found
	switch source, can := r.session.idp.(idp.Lookup); {
	case now.ExternalID == "": // There is nothing to ask for.
	case can:
		found = source.Lookup(ctx, now.Type, []string{now.ExternalID})[now.ExternalID]
	default:
		found = r.session.lookUpIdentity(ctx, now.Type, now.ExternalID)
	}
	if why := notLetIn(now, found); why != "" {
		return errors.New(why)
	}
	return nil
}

func (r *principalStatusResource) kept(state *principalStatusModel, why string, diags *diag.Diagnostics) {
	r.stays(state, thingStatus+" Kept", why, diags)
}

func (r *principalStatusResource) stays(state *principalStatusModel, summary, why string, diags *diag.Diagnostics) {
	diags.AddWarning(summary, fmt.Sprintf("on_destroy is %q, but %s is not made active again: %s.", onDestroyRestore, principalTitle(state.principal()), why))
}

// imported takes "user/123" or the identity. An imported instance did not deactivate the
// principal, so a destroy leaves it.
func (r *principalStatusResource) imported(ctx context.Context, req resource.ImportStateRequest, m *principalStatusModel, _ privateWriter, diags *diag.Diagnostics) {
	p, ok := r.session.importPrincipal(ctx, req, thingStatus, []audit.PrincipalType{audit.TypeUser, audit.TypeServicePrincipal}, diags)
	switch {
	case !ok:
		return
	case !isInactive(p):
		diags.AddError(thingStatus+" Not Found", fmt.Sprintf("Cannot import: %s is not inactive. Create the instance instead, to have it deactivated.", principalTitle(p)))
		return
	}
	m.ID, m.PrincipalType, m.PrincipalID = types.StringValue(p.String()), types.StringValue(string(p.Type)), types.StringValue(p.ID)
	m.PrincipalName, m.Active, m.OnDestroy = types.StringValue(p.Name), types.BoolValue(false), types.StringValue(onDestroyKeep)
}
