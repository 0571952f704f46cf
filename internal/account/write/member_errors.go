// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package write

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/guard"
)

// RefusedError is a membership that was not written, because guards speak
// against it.
type RefusedError struct {
	Group, Member audit.Ref
	// Refusals are the reasons, at least one.
	Refusals []guard.Refusal
}

func (e *RefusedError) Error() string {
	lines := make([]string, 0, len(e.Refusals))
	for _, r := range e.Refusals {
		lines = append(lines, strings.TrimSuffix(r.Error(), "."))
	}
	return strings.Join(lines, ". ")
}

// MissingError is a membership of which one of both does not exist.
type MissingError struct {
	// Group says that it is the group; else it is the member.
	Group bool
	// Err wraps [api.ErrNotFound].
	Err error
}

func (e *MissingError) Error() string { return e.Err.Error() }

func (e *MissingError) Unwrap() error { return e.Err }

// missing marks an error that says that one of both does not exist; any other
// is given back as it is.
func missing(group bool, err error) error {
	if !errors.Is(err, api.ErrNotFound) {
		return err
	}
	return &MissingError{Group: group, Err: err}
}

// IDPGroupError is a membership that the account refused to write, in a group of
// the identity provider. With automatic identity management on, Databricks
// refuses every change of such a group, and does not always say so: 400, 403 and
// 500 were seen (docs/reference/databricks-account-api.md 4.4).
type IDPGroupError struct {
	Change Change
	Group  audit.Principal
	// Err is the answer of the account.
	Err error
	// Unconfirmed is what reading back saw, where the answer leaves open what happened.
	Unconfirmed *UnconfirmedError
}

func (e *IDPGroupError) Error() string {
	whose := "has members from the identity provider"
	if e.Group.ExternalID != "" {
		whose = fmt.Sprintf("is linked to the identity provider (externalId %q)", e.Group.ExternalID)
	}
	where := "take the member out of"
	if e.Change.Kind == ChangeAddMember {
		where = "add the member to"
	}
	shown := ""
	if e.Unconfirmed != nil {
		shown = ". The account " + e.Unconfirmed.seen()
	}
	return fmt.Sprintf("%s: %s%s. %s %s: the likely cause is that automatic identity management is on, under which such groups cannot be "+
		"changed in Databricks. Then %s the group in the identity provider, and remove the instance from the configuration. "+
		"If it is off, run again later",
		e.Change, strings.TrimSuffix(e.Err.Error(), "."), shown, e.Change.Ref, whose, where)
}

func (e *IDPGroupError) Unwrap() []error {
	if e.Unconfirmed == nil {
		return []error{e.Err}
	}
	return []error{e.Err, e.Unconfirmed}
}

// UnconfirmedError is a write that may have happened, and whose effect was not seen.
type UnconfirmedError struct {
	Change Change
	// Last is what the account showed last, for example `the externalId "x"`; nil when
	// it could not be read.
	Last *string
	// Other is a value that is neither the one that was written nor the one before,
	// shown again and again; "" for none.
	Other string
	// Shown says that the account showed what was written for a moment.
	Shown bool
	// Answer is what became of the request, for example "was answered with success".
	Answer string
	Waited time.Duration
	// Failure is the answer, or why there was none; nil for success.
	Failure error
	// Err is why reading back ended early, or nil.
	Err error
}

func (e *UnconfirmedError) Error() string {
	text := fmt.Sprintf("%s: the request %s. %s later the account %s", e.Change, e.Answer, e.Waited.Round(time.Second), e.seen())
	switch {
	case e.Other != "":
		text += ". Something else writes this: find out what it is (a SCIM connector, another pipeline, a person) before you try again"
	case e.Shown:
		text += ", after it had shown the new one for a moment. Something else may write this (a SCIM connector, another pipeline, a person), " +
			"or what was read was still the old state"
	case e.Change.Kind == ChangeResolve:
		text += ". It may exist in the account anyway. Apply again: what exists is found, and is not created twice"
	case e.Change.Ref.Type == typeRule:
		text += ". It may take effect later, or not at all"
	default:
		text += ". It may take effect later, or not at all (Databricks ignores changes of what the identity provider manages)"
	}
	if e.Err != nil {
		text += ". Reading back ended with: " + strings.TrimSuffix(e.Err.Error(), ".")
	}
	return text + ". Plan again to see what the account holds"
}

func (e *UnconfirmedError) Unwrap() []error {
	var out []error
	for _, err := range []error{e.Failure, e.Err} {
		if err != nil {
			out = append(out, err)
		}
	}
	return out
}

// ConflictError is a write that was not made, because the account does not hold
// what the writer took for granted.
type ConflictError struct {
	Ref audit.Ref
	// Current is what the account holds. Expected is nil when only a blank value
	// was to be overwritten.
	Current  string
	Expected *string
	Wanted   string
	// Holders are other principals that hold the wanted id, or are being given
	// it by this process; empty when the current value is the conflict.
	Holders []audit.Ref
	// Name is what the principal is called now, and Reviewed what it was called when
	// the change was reviewed; empty when that is not the conflict.
	Name, Reviewed string
}

func (e *ConflictError) Error() string {
	if e.Reviewed != "" {
		return renamed(e.Ref, e.Name, e.Reviewed)
	}
	if len(e.Holders) > 0 {
		return fmt.Sprintf("%s was not changed: its new externalId %q belongs to %s. One identity of the IdP can be linked "+
			"to one principal only; unlink or remove the other one first", e.Ref, e.Wanted, listRefs(e.Holders))
	}
	if e.Expected == nil {
		return fmt.Sprintf("%s was not changed: the account holds the externalId %q, wanted is %q, and the configuration does not say which "+
			"value may be overwritten, so only a blank one may. Review it; to overwrite it, set expected_current_external_id = %q",
			e.Ref, e.Current, e.Wanted, e.Current)
	}
	expected := "a blank externalId"
	if *e.Expected != "" {
		expected = fmt.Sprintf("the externalId %q or a blank one", *e.Expected)
	}
	return fmt.Sprintf("%s was not changed: the account holds the externalId %q, expected was %s, wanted is %q. Someone has changed it "+
		"since it was looked at: review it, and set expected_current_external_id to the current value to overwrite it",
		e.Ref, e.Current, expected, e.Wanted)
}

// seen is what the account did, for a sentence that begins with it.
func (e *UnconfirmedError) seen() string {
	if e.Last == nil {
		return "could not be read"
	}
	return "still showed " + *e.Last
}

// renamed says that a change was reviewed for another name.
func renamed(ref audit.Ref, now, reviewed string) string {
	return fmt.Sprintf("%s was not changed: its name is %q now, and %q when the change was reviewed. Make sure that it is the one that is meant, "+
		"and plan again with the name of now", ref, now, reviewed)
}

func listRefs(refs []audit.Ref) string {
	const most = 10
	names := make([]string, 0, len(refs))
	for _, r := range refs {
		names = append(names, r.String())
	}
	if len(names) > most {
		names = append(names[:most], fmt.Sprintf("and %d more", len(names)-most))
	}
	return strings.Join(names, ", ")
}

// ErrReadOnly is wrapped when read_only refuses a write.
var ErrReadOnly = errors.New("read_only is set")
