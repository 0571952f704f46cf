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
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/matchwithidp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// destroyInstead ends every refusal of a plan: Terraform plans normally before it
// plans a destroy, and does not where nothing is to be refreshed.
const destroyInstead = "\n\nTo destroy instead: terraform destroy -refresh=false"

// withoutStop is an error before a full stop: the API's own words may end in one.
func withoutStop(err error) string { return strings.TrimSuffix(err.Error(), ".") }

// addReadError reports a read that failed as a whole: thing in the summary,
// what was tried and what came back in the detail, and what to do next.
func addReadError(diags *diag.Diagnostics, thing, tried string, err error) {
	diags.AddError("Unable to Read "+thing, fmt.Sprintf("Failed while %s: %s%s", tried, err, nextStep(err)))
}

// sayHowToDestroy adds [destroyInstead] to the errors of a plan.
func sayHowToDestroy(diags *diag.Diagnostics) {
	for i, d := range *diags {
		if d.Severity() != diag.SeverityError || strings.HasSuffix(d.Detail(), destroyInstead) {
			continue
		}
		detail := strings.TrimRight(d.Detail(), "\n") + destroyInstead
		if at, ok := d.(diag.DiagnosticWithPath); ok {
			(*diags)[i] = diag.NewAttributeErrorDiagnostic(at.Path(), d.Summary(), detail)
		} else {
			(*diags)[i] = diag.NewErrorDiagnostic(d.Summary(), detail)
		}
	}
}

// warnStays says that an instance stays as it is, although the account has changed: what
// someone else did must not stop the plan of everything else, nor a destroy.
func warnStays(diags *diag.Diagnostics, thing, id, why string) {
	diags.AddWarning(thing+" Changed by Someone Else", fmt.Sprintf("%s of %s: %s. So nothing is planned for this instance. Remove it from the configuration, "+
		"or from the state (terraform state rm), if it is not needed any more.", thing, id, strings.TrimSuffix(why, ".")))
}

// warnUndone names the other writer of what was true here, and is going to be made true
// again: two writers that each put things right never end, and each run looks fine.
func warnUndone(diags *diag.Diagnostics, thing, what string) {
	diags.AddWarning(thing+" Undone by Someone Else", fmt.Sprintf("%s. Something else writes this: a resource of the official databricks provider, a SCIM connector, "+
		"automatic identity management, another pipeline, or a person. The apply makes it so again. If the plan after that says the same, each undoes what the "+
		"other does: find the other writer first, or take the instance out of the configuration (for an entry of dbxidentity_remediation_ledger, put its key into "+
		"exclude). The guide \"Beside the official provider\" shows how to find it.", what))
}

// nextStep says what differs between two runs (how often it was tried, the id of the
// request), and what to do about an error, in sentences of its own; empty when the
// error says it already. It is for diagnostics: nothing of it may end in state.
func nextStep(err error) string {
	text := remedy(err)
	var varying interface{ Circumstances() string }
	if errors.As(err, &varying) && varying.Circumstances() != "" {
		text = " (" + varying.Circumstances() + ")" + text
	}
	return text
}

func remedy(err error) string {
	var (
		ended   *transport.EndedError
		answer  *api.Error
		hole    *api.IncompleteError
		refused *matchwithidp.RefusedError
	)
	advice := transport.Advice(err)
	switch {
	case advice != "":
		return "\n\n" + advice + "."
	case errors.Is(err, context.DeadlineExceeded) && !errors.As(err, &ended) && transport.Failing() != nil:
		ended = transport.Failing()
		return "\n\nThe time limit was reached while " + ended.Side + " gave nothing but failures. " + ended.Method + " " + ended.Place + ": " + ended.Last.Error() +
			" (" + ended.Circumstances() + "). Run again when it is well; if it needs longer than that, raise the limit in the timeouts attribute."
	case errors.Is(err, context.DeadlineExceeded) && errors.As(err, &ended) && ended.Last != nil:
		return "\n\nThe time limit was reached while " + ended.Side + " gave nothing but failures. Run again when it is well; " +
			"if it needs longer than that, raise the limit in the timeouts attribute."
	case errors.Is(err, context.DeadlineExceeded) && errors.As(err, &ended):
		return "\n\nThe time limit was reached. Raise it in the timeouts attribute, or look at why " + ended.Side + " answers slowly."
	case errors.Is(err, context.DeadlineExceeded):
		return "\n\nThe time limit was reached. Raise it in the timeouts attribute."
	case errors.Is(err, context.Canceled):
		return "\n\nThe operation was cancelled."
	case errors.As(err, &hole):
		return "\n\nRun again when the account can be listed whole."
	case !errors.As(err, &answer):
		return unansweredRemedy(err)
	}
	if errors.As(err, &refused) {
		return answerRemedy(answer) + "\n\nmatchWithIdp needs an account admin. The other kinds of idp (" + otherKinds("{ %s = { .. } }") + ") do not use it: " +
			"configure one of them in the provider block to compare with the identity provider itself."
	}
	return answerRemedy(answer)
}

func unansweredRemedy(err error) string {
	var (
		never  *api.SilentHostError
		silent *transport.Error
	)
	switch {
	case errors.As(err, &never), !errors.As(err, &silent):
		return "" // The host is wrong rather than down, and the error says to check it.
	case silent.FirstContact:
		return "\n\nThe host of " + silent.Side + " has not answered anything. Check its name, and that it can be reached from here. Run again later if both are right."
	}
	return "\n\nThe way to " + silent.Side + " broke for as long as it was asked again. Run again later; if that does not help, " +
		"look at the network and the proxies between here and " + silent.Side + "."
}

// answerRemedy fits what was answered: a page that no Databricks sent says nothing of
// roles.
func answerRemedy(answer *api.Error) string {
	switch {
	case answer.HTML:
		return ""
	case answer.Status == 404:
		return "\n\nCheck host and account_id: this account host does not know what was asked for."
	case answer.Status == 429:
		return "\n\nThe rate limit of " + answer.Asked() + " held until the retry budget was used up. " +
			"Set reads_per_second or writes_per_second lower, or run when less else is running."
	case answer.Status == 403 && answer.IsAddressRefused():
		return "\n\nAdd the address of this machine to the IP access list, or run from one that is on it."
	case answer.Status == 403 && answer.WantsAdmin():
		return "\n\nGrant the caller the account admin role, or log in as a principal that has it."
	case answer.Status >= 500:
		return "\n\nRequests to " + answer.Asked() + " failed for as long as they were repeated. Run again later; if that does not help, look at the status page of Databricks."
	}
	return ""
}

// inWords is a type as people say it.
func inWords(t audit.PrincipalType) string { return strings.ReplaceAll(string(t), "_", " ") }

// enumerated is a list of things as people say it.
func enumerated(things []string) string {
	last := len(things) - 1
	if last < 1 {
		return strings.Join(things, "")
	}
	return strings.Join(things[:last], ", ") + " and " + things[last]
}

// addIncompleteWarning says once that a verdict depends on a hole.
func addIncompleteWarning(diags *diag.Diagnostics, failures []audit.Failure) {
	addHolesWarning(diags, "Incomplete Identity Inventory", "complete is false and clean is not true. "+
		"What could not be judged is unknown, everything else is valid.", failures)
}

// addHolesWarning lists what could not be read; meaning is what follows from it.
func addHolesWarning(diags *diag.Diagnostics, summary, meaning string, failures []audit.Failure) {
	const shown = 10
	text := fmt.Sprintf("%s failed, so the result is incomplete: %s", audit.CountOf(len(failures), "read"), meaning)
	groups := audit.GroupFailures(failures)
	for i, f := range groups {
		if i == shown {
			text += fmt.Sprintf("\n  ... and %d more in the failures attribute", len(groups)-shown)
			break
		}
		text += "\n  - " + f.Call
		if f.ID != "" {
			text += " of " + audit.Ref{Type: f.Type, ID: f.ID}.String()
		}
		if f.Count > 1 {
			text += fmt.Sprintf(" and %d more", f.Count-1)
		}
		text += ": " + f.Reason
	}
	diags.AddWarning(summary, text)
}

// addNotSent reports a write that was not even sent, because of read_only or of the
// journal; so ends the sentence about what was not done. It is false for other errors.
func addNotSent(diags *diag.Diagnostics, refusing, so string, err error) bool {
	var untold *write.JournalError
	switch {
	case errors.Is(err, write.ErrReadOnly):
		diags.AddError(refusing, fmt.Sprintf("The provider is configured with read_only = true, so %s. "+
			"Remove read_only (or DBXIDENTITY_READ_ONLY) to apply the plan.", so))
	case errors.As(err, &untold):
		diags.AddError(refusing, untold.Error()+".")
	default:
		return false
	}
	return true
}

// addBroken reports what does not hold any more after a write of a thing, or after those of
// others that it was looked at for. What else the error says is left.
func addBroken(diags *diag.Diagnostics, thing string, err error) error {
	broken, rest := write.SplitBroken(err)
	for _, one := range broken {
		switch text := one.Error() + "."; {
		case len(one.Twins) > 0:
			diags.AddAttributeError(path.Root("external_id"), "Two Principals with the Same Name", text)
		case one.ExternalID != "":
			diags.AddAttributeError(path.Root("external_id"), thingExternalID+" Held Twice", text)
		default:
			diags.AddError(thing+" Broke Something", text)
		}
	}
	return rest
}

// addWriteError reports the write of an externalId that failed or was refused, on the
// attribute that it is about. Verb is "Create", "Update" and so on.
func addWriteError(diags *diag.Diagnostics, verb string, p audit.Principal, err error) {
	var (
		conflict    *write.ConflictError
		unconfirmed *write.UnconfirmedError
	)
	const thing = thingExternalID
	refusing := fmt.Sprintf("Refusing to %s %s", verb, thing)
	err = addBroken(diags, thing, err)
	switch {
	case err == nil: // That was all.
	case addNotSent(diags, refusing, principalTitle(p)+" was not changed", err):
	case errors.Is(err, api.ErrNotFound):
		diags.AddAttributeError(path.Root("principal_id"), "Principal Not Found", fmt.Sprintf("The account has no %s. "+
			"Check principal_type and principal_id: it is the internal Databricks id, a decimal number.\n\n%s", p.Ref, err))
	case errors.As(err, &conflict) && conflict.Reviewed != "":
		diags.AddAttributeError(path.Root("principal_name"), refusing, conflict.Error()+".")
	case errors.As(err, &conflict) && len(conflict.Holders) > 0:
		diags.AddAttributeError(path.Root("external_id"), refusing, conflict.Error()+".")
	case errors.As(err, &conflict) && conflict.Expected == nil:
		diags.AddAttributeError(path.Root("expected_current_external_id"), refusing, conflict.Error()+". "+
			"In for_each over fixes, take it from each.value.current_external_id.")
	case errors.As(err, &conflict):
		diags.AddAttributeError(path.Root("expected_current_external_id"), refusing, conflict.Error()+". "+
			"Where the expected value comes from dbxidentity_remediation_ledger, put the key into its exclude for one apply: "+
			"the ledger forgets the fix, and takes it in again with the value of now.")
	case errors.As(err, &unconfirmed):
		diags.AddAttributeError(path.Root("external_id"), "Unable to Confirm "+thing, unconfirmed.Error()+"."+nextStep(err))
	default:
		diags.AddError(fmt.Sprintf("Unable to %s %s", verb, thing), fmt.Sprintf("Failed for %s: %s.%s", principalTitle(p), strings.TrimSuffix(err.Error(), "."), nextStep(err)))
	}
}
