// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package account

import (
	"fmt"
	"strings"
	"time"

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

// UnconfirmedMemberError is the write of a membership whose effect could not be
// seen.
type UnconfirmedMemberError struct {
	Change Change
	// Present is what the account showed last; nil when it could not be read.
	Present *bool
	// Answer is what became of the PATCH, for example "was answered with success".
	Answer string
	Waited time.Duration
	// Err is why reading back ended early, or nil.
	Err error
}

func (e *UnconfirmedMemberError) Error() string {
	verb := "adds it"
	if e.Change.Kind == ChangeRemoveMember {
		verb = "removes it"
	}
	shown := "the membership could not be read"
	switch {
	case e.Present != nil && *e.Present:
		shown = "the account showed it as a member"
	case e.Present != nil:
		shown = "the account did not show it as a member"
	}
	text := fmt.Sprintf("%s as a member of %s: the PATCH that %s %s, but %s later %s. It may take effect later, or not at all "+
		"(Databricks ignores changes of groups that the IdP manages)",
		e.Change.Member, e.Change.Ref, verb, e.Answer, e.Waited.Round(time.Second), shown)
	if e.Err != nil {
		text += ". Reading back ended with: " + e.Err.Error()
	}
	return text + ". Plan again to see what the account holds"
}

func (e *UnconfirmedMemberError) Unwrap() error { return e.Err }
