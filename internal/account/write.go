// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package account

import (
	"context"
	"fmt"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// The kinds of changes.
const (
	ChangeExternalID   = "external_id"
	ChangeAddMember    = "add_member"
	ChangeRemoveMember = "remove_member"
	ChangeResolve      = "resolve_principal"
)

// Change is one fact of the account that is about to be written.
type Change struct {
	// Kind is one of the constants above.
	Kind string
	// Ref is the principal that is written to: for a membership the group. Of one
	// that is resolved, the id is known only afterwards.
	Ref audit.Ref
	// Member is the member, for a membership.
	Member audit.Ref
	// GroupOrigin is whose the group of a membership was when it was read last.
	GroupOrigin audit.GroupOrigin
	// Before and After are the externalIds, for an externalId; After for a
	// principal that is resolved.
	Before, After string
}

// String names the change in errors, for example "adding user/2 to group/1".
func (ch Change) String() string {
	member := ch.Member.String()
	if ch.Member.Type == "" {
		member = "principal " + ch.Member.ID // As asked for; not looked up yet.
	}
	switch ch.Kind {
	case ChangeAddMember:
		return fmt.Sprintf("adding %s to %s", member, ch.Ref)
	case ChangeRemoveMember:
		return fmt.Sprintf("removing %s from %s", member, ch.Ref)
	case ChangeResolve:
		return fmt.Sprintf("resolving the %s with the externalId %q", ch.Ref.Type, ch.After)
	default:
		return fmt.Sprintf("writing the externalId of %s", ch.Ref)
	}
}

// write is the one way by which anything in the account is changed. The changes
// are made by one or more requests that send makes; it gives one error per
// change, in their order: nil is a change that the account was seen to hold, an
// [*UnconfirmedError] or [*UnconfirmedMemberError] one that may have happened, and
// anything else one that did not happen.
func (c *Client) write(ctx context.Context, changes []Change, send func(context.Context) []error) []error {
	if c.cfg.ReadOnly {
		// The callers refuse earlier and in better words; this is the last gate.
		return sameError(len(changes), ErrReadOnly)
	}
	conclude, err := c.journal(ctx, changes)
	if err != nil {
		return sameError(len(changes), err)
	}
	// Before and after: what is read meanwhile may show either.
	c.writes.Add(1)
	defer c.writes.Add(1)
	if c.cfg.BeforeWrite != nil {
		c.cfg.BeforeWrite()
	}
	errs := send(ctx)
	conclude(errs)
	for i, ch := range changes {
		c.log(ctx, "wrote to the account", map[string]any{
			"kind": ch.Kind, "ref": ch.Ref.String(), "member": ch.Member.ID, "confirmed": errs[i] == nil,
		})
	}
	return errs
}

// Writes grows with every write of this client: what was read while it had another
// value may be from before a write.
func (c *Client) Writes() int64 { return c.writes.Load() }

func sameError(n int, err error) []error {
	out := make([]error, n)
	for i := range out {
		out[i] = err
	}
	return out
}
