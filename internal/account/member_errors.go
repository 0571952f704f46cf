// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package account

import (
	"errors"
	"fmt"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// RefusedError is a membership that was not written, because guards speak
// against it.
type RefusedError struct {
	Group, Member audit.Ref
	// Refusals are the reasons, at least one.
	Refusals []audit.Refusal
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
	// Group tells that it is the group; else it is the member.
	Group bool
	// Err wraps [ErrNotFound].
	Err error
}

func (e *MissingError) Error() string { return e.Err.Error() }

func (e *MissingError) Unwrap() error { return e.Err }

// missing marks an error that says that one of both does not exist; any other
// is given back as it is.
func missing(group bool, err error) error {
	if !errors.Is(err, ErrNotFound) {
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
