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

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/guard"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
)

// thingAccessRule is what summaries of diagnostics call this resource.
const thingAccessRule = "Access Rule"

const rulePrefix = "rule/"

// accessRuleResource is one remote fact: a rule of the account access denylist.
type accessRuleResource struct{ kindBase[*accessRuleModel] }

func newAccessRuleResource() resource.Resource {
	return newImportable[accessRuleModel](&accessRuleResource{})
}

func (r *accessRuleResource) names() resourceNames {
	return resourceNames{typeName: "account_access_identity_rule", thing: thingAccessRule}
}

func (r *accessRuleResource) fact(plan *accessRuleModel) string {
	if plan.ExternalPrincipalID.IsUnknown() {
		return ""
	}
	return rulePrefix + plan.ExternalPrincipalID.ValueString()
}

func (r *accessRuleResource) identity(m *accessRuleModel) any {
	return accessRuleIdentity{AccountID: r.session.accountID(), ExternalPrincipalID: m.ExternalPrincipalID}
}

func (r *accessRuleResource) request(m *accessRuleModel) write.RuleRequest {
	return write.RuleRequest{ExternalID: m.ExternalPrincipalID.ValueString(), Identity: r.session.deniedIdentity}
}

// title names a rule by what is known of it.
func (m *accessRuleModel) title() string {
	id := m.ExternalPrincipalID.ValueString()
	if name := m.DisplayName.ValueString(); name != "" {
		return fmt.Sprintf("the %s %q (%s)", inWords(audit.PrincipalType(m.PrincipalType.ValueString())), name, id)
	}
	return "the identity " + id
}

// take brings what the account says of a rule into the model.
func (m *accessRuleModel) take(rule *audit.DenyRule) {
	text := func(s string) types.String {
		if s == "" {
			return types.StringNull()
		}
		return types.StringValue(s)
	}
	m.DisplayName, m.PrincipalType, m.Action = text(rule.Name), text(string(rule.Type)), types.StringValue("DENY")
}

func (r *accessRuleResource) create(ctx context.Context, plan *accessRuleModel, _ privateWriter, diags *diag.Diagnostics) {
	ask := r.request(plan)
	ask.Adopts = true
	result, err := r.session.account.SetRule(ctx, ask)
	warnDoubted(diags, "rule", result.Doubted)
	warnUnchecked(diags, thingAccessRule, plan.ID.ValueString(), result.Unchecked)
	if err != nil {
		addRuleError(diags, "Create", plan, err)
		return
	}
	plan.take(result.Rule)
	plan.Added = types.BoolValue(result.Wrote)
	if !result.Wrote {
		r.session.warnFound(diags, thingAccessRule+" Found", plan.ID.ValueString(), "added is false: a destroy leaves it as it is")
	}
}

// addRuleError reports a rule that could not be read, added or removed.
func addRuleError(diags *diag.Diagnostics, verb string, m *accessRuleModel, err error) {
	switch {
	case addCommonWriteError(diags, verb, thingAccessRule, "the rule of "+m.title(), err):
	case errors.Is(err, write.ErrNoDenylist):
		diags.AddError("Denylist Not Available", fmt.Sprintf("The account access denylist is not available on this account, so nothing is known of the rule for %s. Look in the account "+
			"console whether the account has a denylist (it comes with automatic identity management); else remove the instance from the configuration, and from the state with "+
			"terraform state rm if it is there.\n\n%s.", m.title(), withoutStop(err)))
	default:
		diags.AddError(fmt.Sprintf("Unable to %s %s", verb, thingAccessRule), fmt.Sprintf("Failed for %s: %s.%s", m.title(), withoutStop(err), nextStep(err)))
	}
}

// read looks at the list: what one rule answers does not tell a missing rule from a
// missing API.
func (r *accessRuleResource) read(ctx context.Context, state *accessRuleModel, _ privateStore, diags *diag.Diagnostics) readOutcome {
	rule, err := r.session.rule(ctx, state.ExternalPrincipalID.ValueString())
	switch {
	case err != nil:
		addRuleError(diags, "Read", state, err)
		return unchanged
	case rule == nil:
		if found, err := r.session.account.CheckRule(ctx, r.request(state)); err == nil && len(found.Refusals) > 0 {
			warnStays(diags, thingAccessRule, state.ID.ValueString(), "the rule is gone, and adding it again would be refused: "+found.Refusals[0].Error())
			return unchanged
		}
		warnUndone(diags, thingAccessRule, fmt.Sprintf("The denylist has no rule for %s any more", state.title()))
		return vanished
	}
	state.take(rule)
	return refreshed
}

// rule is the rule of an identity; nil for none. What a list does not show is read anew:
// it may have been read before the rule was added.
func (s *session) rule(ctx context.Context, externalID string) (*audit.DenyRule, error) {
	rules, err := s.account.Denylist(ctx)
	rule := audit.RuleFor(rules, externalID)
	if err == nil && rule == nil {
		rule, err = s.account.RuleNow(ctx, externalID)
	}
	return rule, write.NoDenylist(err)
}

// update is for settings of Terraform alone.
func (r *accessRuleResource) update(_ context.Context, u updating[*accessRuleModel], _ *diag.Diagnostics) bool {
	timeouts, onDestroy := u.plan.Timeouts, u.plan.OnDestroy
	*u.plan = *u.state
	u.plan.Timeouts, u.plan.OnDestroy = timeouts, onDestroy
	return true
}

func (r *accessRuleResource) modifyPlan(ctx context.Context, p *planning[*accessRuleModel]) {
	plan := p.plan
	if r.fact(plan) == "" {
		return
	}
	exists := p.exists && p.state.ExternalPrincipalID.Equal(plan.ExternalPrincipalID)
	more := r.session.wantRule(plan.ExternalPrincipalID.ValueString(), exists, p.diags())
	if exists || p.diags().HasError() || r.session.applying.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, defaultWriteTimeout)
	defer cancel()
	ask := r.request(plan)
	ask.More = more
	found, err := r.session.account.CheckRule(ctx, ask)
	switch {
	case errors.Is(err, write.ErrNoDenylist):
		addRuleError(p.diags(), "Plan", plan, err)
		return
	case err != nil:
		p.diags().AddWarning(thingAccessRule+" Not Checked", fmt.Sprintf("The guards for %s could not be evaluated while planning: %s. "+
			"They are evaluated again before the write.", plan.title(), withoutStop(err)))
		return
	case found.Rule != nil:
		return
	}
	addRefusals(p.diags(), "Plan", thingAccessRule, found.Refusals)
	if len(found.Refusals) > 0 {
		return
	}
	if found.CallerUnknown {
		r.session.warnCallerUnknown("Identities are going to be denied", "it is not among them", p.diags())
	}
	p.diags().AddAttributeWarning(path.Root("external_principal_id"), "Identity Will Be Denied", fmt.Sprintf("%s will be denied access to the account within 10 minutes%s. Jobs that run as "+
		"those who are denied fail, and what they own stays.", identityTitle(found.Identity, plan.ExternalPrincipalID.ValueString()), withEveryone(found.Identity)))
}

func identityTitle(id *audit.Identity, externalID string) string {
	if id == nil || id.DisplayName == "" {
		return "The identity " + externalID
	}
	return fmt.Sprintf("The %s %q (%s)", inWords(id.Type), id.DisplayName, externalID)
}

func withEveryone(id *audit.Identity) string {
	if id == nil || id.Type != audit.TypeGroup {
		return ""
	}
	return ", with everyone in it, directly or through other groups"
}

// deniedIdentity asks the configured IdP what an identity is, and who of some is within it.
func (s *session) deniedIdentity(ctx context.Context, externalID string, watched []audit.Principal) guard.DeniedIdentity {
	var (
		out guard.DeniedIdentity
		why []string
	)
	for _, t := range audit.PrincipalTypes() {
		found := s.lookUpIdentity(ctx, t, externalID)
		if found.Identity != nil {
			out.Identity = found.Identity
			break
		}
		if found.Unknown != "" && (t != audit.TypeServicePrincipal || !s.idpHasUsersOnly()) {
			why = append(why, strings.TrimSuffix(found.Unknown, "."))
		}
	}
	if out.Identity == nil {
		if len(why) > 0 {
			out.Unknown = why[0]
		}
		return out
	}
	out.Within, out.WithinUnknown = idp.Within(ctx, s.idp, *out.Identity, watched)
	return out
}

// idpHasUsersOnly reports whether the kind of IdP has no service principals.
func (s *session) idpHasUsersOnly() bool {
	return s.idp != nil && s.idp.Capabilities().GroupsHoldUsersOnly
}

func (r *accessRuleResource) planDestroy(ctx context.Context, state *accessRuleModel, private privateReader, diags *diag.Diagnostics) {
	if !r.undoes(ctx, state, private, diags) {
		why := fmt.Sprintf("on_destroy = %q", onDestroyKeep)
		if state.OnDestroy.ValueString() == onDestroyDelete {
			why = "this instance did not add it"
		}
		r.session.warnOfDestroy(staysInAccount, fmt.Sprintf("The rule that denies %s stays when this instance is destroyed (%s).", state.title(), why), diags)
		return
	}
	r.session.warnOfDestroy("Access May Return", fmt.Sprintf("The rule that denies %s is removed: anyone denied by this rule alone may enter the account again, with the access that they have there. "+
		"To leave the rule, set on_destroy = %q and apply first.", state.title(), onDestroyKeep), diags)
}

func (r *accessRuleResource) undoes(_ context.Context, state *accessRuleModel, _ privateReader, _ *diag.Diagnostics) bool {
	return state.OnDestroy.ValueString() == onDestroyDelete && state.Added.ValueBool()
}

// undo removes the rule. It never blocks a destroy: what could not be removed is said in
// a warning.
func (r *accessRuleResource) undo(ctx context.Context, state *accessRuleModel, _ privateReader, diags *diag.Diagnostics) {
	ask := r.request(state)
	ask.Remove = true
	_, err := r.session.account.SetRule(ctx, ask)
	switch {
	case err == nil:
	case errors.Is(err, write.ErrReadOnly):
		addRuleError(diags, "Delete", state, err)
	default:
		r.kept(state, withoutStop(err), diags)
	}
}

func (r *accessRuleResource) kept(state *accessRuleModel, why string, diags *diag.Diagnostics) {
	diags.AddWarning(thingAccessRule+" Kept", fmt.Sprintf("on_destroy is %q, but the rule that denies %s is not removed: %s.", onDestroyDelete, state.title(), why))
}

// imported takes "rule/<external id>" or the identity. An imported instance did not add
// the rule, so a destroy leaves it.
func (r *accessRuleResource) imported(ctx context.Context, req resource.ImportStateRequest, m *accessRuleModel, _ privateWriter, diags *diag.Diagnostics) {
	externalID, ok := strings.CutPrefix(req.ID, rulePrefix)
	if req.ID == "" && req.Identity != nil && !req.Identity.Raw.IsNull() {
		var identity accessRuleIdentity
		diags.Append(req.Identity.Get(ctx, &identity)...)
		checkImportAccount(identity.AccountID, r.session.account.AccountID(), diags)
		externalID, ok = identity.ExternalPrincipalID.ValueString(), true
	}
	if diags.HasError() {
		return
	}
	if !ok || externalID == "" || audit.ValidateExternalID(audit.TypeUser, externalID) != nil {
		diags.AddError("Invalid Import ID", fmt.Sprintf("%q names no rule: write rule/<object id in the identity provider>.", req.ID))
		return
	}
	m.ExternalPrincipalID = types.StringValue(externalID)
	rule, err := r.session.rule(ctx, externalID)
	switch {
	case err != nil:
		addRuleError(diags, "Import", m, err)
		return
	case rule == nil:
		diags.AddError(thingAccessRule+" Not Found", fmt.Sprintf("Cannot import: the denylist has no rule for the identity %s.", externalID))
		return
	}
	m.take(rule)
	m.ID, m.Added, m.OnDestroy = types.StringValue(rulePrefix+externalID), types.BoolValue(false), types.StringValue(onDestroyKeep)
}
