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

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/guard"
)

// addMemberError reports the write of a membership that failed or was refused.
// Verb is "Create", "Plan" and so on.
func addMemberError(diags *diag.Diagnostics, verb, thing string, m *memberModel, err error) {
	var (
		ofIDP    *write.IDPGroupError
		conflict *write.ConflictError
	)
	what := fmt.Sprintf("member %s of group/%s", m.MemberID.ValueString(), m.GroupID.ValueString())
	switch {
	case addCommonWriteError(diags, verb, thing, "the "+what, err):
	case errors.As(err, &conflict): // It has another name than was reviewed.
		diags.AddAttributeError(path.Root("group_name"), fmt.Sprintf("Refusing to %s %s", verb, thing), conflict.Error()+".")
	case errors.As(err, &ofIDP): // It says what to do: neither later nor another role helps.
		diags.AddAttributeError(path.Root("group_id"), fmt.Sprintf("Unable to %s %s", verb, thing), ofIDP.Error()+".")
	case errors.Is(err, api.ErrNotFound):
		addMissingError(diags, m, err)
	default:
		diags.AddError(fmt.Sprintf("Unable to %s %s", verb, thing), fmt.Sprintf("Failed for %s: %s.%s", what, strings.TrimSuffix(err.Error(), "."), nextStep(err)))
	}
}

// warnUnchecked says that what a guard protects could not be looked at once more after a
// write, which may be one before it that left that to it.
func warnUnchecked(diags *diag.Diagnostics, thing, fact, why string) {
	if why != "" {
		diags.AddWarning(thing+" Not Checked After the Write", fmt.Sprintf("Whether another writer broke something at the moment when %s was written, or what this run "+
			"wrote before (the same external id or name for two principals, a cycle of groups, no account admin left or one denied), could not be checked: %s. Plan again, and "+
			"check the audit.", fact, strings.TrimSuffix(why, ".")))
	}
}

// warnDoubted says that a write took effect, although its answer said something else: the
// one who reads the log of the account sees a failure there. kind is what was changed.
func warnDoubted(diags *diag.Diagnostics, kind audit.PrincipalType, doubted string) {
	if doubted != "" {
		diags.AddWarning("Change Made Although the API Reported a Failure", fmt.Sprintf("%s. It was read back, so it counts as made by this "+
			"instance. The account still shows the %s as it was in some of its answers, for up to a minute.", doubted, inWords(kind)))
	}
}

// warnNotOurs says that a create found what it wanted. did is "added" or "removed".
func (s *session) warnNotOurs(diags *diag.Diagnostics, fact, did string) {
	s.warnFound(diags, "Membership Found", fact, did+" is false: a destroy leaves it as it is, unless on_destroy says otherwise")
}

// warnFound says that a create found what it wanted, and what follows.
func (s *session) warnFound(diags *diag.Diagnostics, summary, fact, follows string) {
	if s.settings.journalPath != "" {
		return // An interrupted apply has left its intent there, and this is not its work.
	}
	diags.AddWarning(summary, fmt.Sprintf("%s is as it was wanted already, so nothing was written, and %s. "+
		"If an apply of this configuration was interrupted, that apply may have made it: without journal_path there is no record.", fact, follows))
}

// addMissingError says which of both does not exist, on its attribute, where that
// is known.
func addMissingError(diags *diag.Diagnostics, m *memberModel, err error) {
	const summary = "Principal Not Found"
	group, member := m.GroupID.ValueString(), m.MemberID.ValueString()
	var missing *write.MissingError
	switch {
	case !errors.As(err, &missing):
		diags.AddError(summary, fmt.Sprintf("Either group/%s or its member %s does not exist in the account. "+
			"Check group_id and member_id: they are internal Databricks ids, decimal numbers.\n\n%s", group, member, err))
	case missing.Group:
		diags.AddAttributeError(path.Root("group_id"), summary, fmt.Sprintf("group/%s does not exist in the account, so the principal %s is no member of it "+
			"and cannot be. Check group_id: it is the internal Databricks id, a decimal number.\n\n%s", group, member, err))
	default:
		diags.AddAttributeError(path.Root("member_id"), summary, fmt.Sprintf("The principal %s, member of group/%s, does not exist in the account. "+
			"Check member_id: it is the internal Databricks id of a user, group or service principal, a decimal number.\n\n%s", member, group, err))
	}
}

// addRefusals reports guards: one diagnostic per cause, on the attribute that it
// is about.
func addRefusals(diags *diag.Diagnostics, verb, thing string, refusals []guard.Refusal) {
	for _, r := range refusals {
		summary, detail := fmt.Sprintf("Refusing to %s %s", verb, thing), r.Error()
		if r.Attribute != "" {
			diags.AddAttributeError(path.Root(r.Attribute), summary, detail)
			continue
		}
		diags.AddError(summary, detail)
	}
}

// isOnlyIDPs reports whether nothing but the identity provider's ownership speaks
// against a removal.
func isOnlyIDPs(refusals []guard.Refusal) bool {
	return len(refusals) == 1 && refusals[0].Guard == guard.IDPMembership
}

// checkMembership reports in the plan what speaks against a write. What cannot be
// looked up is a warning: the write looks again.
func (s *session) checkMembership(
	ctx context.Context, thing string, m *memberModel, req write.MemberRequest,
	check func(context.Context, write.MemberRequest) (write.MemberCheck, error), diags *diag.Diagnostics,
) write.MemberCheck {
	ctx, cancel := context.WithTimeout(ctx, defaultWriteTimeout)
	defer cancel()
	found, err := check(ctx, req)
	switch {
	case errors.Is(err, api.ErrNotFound):
		addMemberError(diags, "Plan", thing, m, err)
	case err != nil:
		diags.AddWarning(thing+" Not Checked", fmt.Sprintf("The guards for member %s of group/%s could not be evaluated while planning: %s. "+
			"They are evaluated again before the write.", m.MemberID.ValueString(), m.GroupID.ValueString(), err))
	}
	if found.CallerUnknown {
		s.warnCallerUnknown("Members are going to be removed", "it does not remove itself", diags)
	}
	return found
}

// warnCallerUnknown says once in a run that one guard has nothing to go by.
func (s *session) warnCallerUnknown(what, guard string, diags *diag.Diagnostics) {
	if s.callerWarned.CompareAndSwap(false, true) {
		diags.AddWarning("Own Identity Unknown", fmt.Sprintf("%s, and which principal the provider logs in as is not known "+
			"(it is known under oauth-m2m, and from tokens that are JWTs). So there is no check that %s: look at the plan.", what, guard))
	}
}
