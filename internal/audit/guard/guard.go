// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package guard decides whether a write may be made: of a membership, a deactivation, a
// new name of a group, a rule of the denylist. A guard is a pure function from facts to
// refusals. It is asked in the plan and again right before the write, each time with
// facts that were read for it (internal/account/write); what could not be read refuses.
//
// The guards of external ids are beside their write, in
// internal/account/write/external_id.go.
package guard

// Refusal is one reason not to write.
type Refusal struct {
	// Guard is the id of the guard that refuses.
	Guard string
	// Text is a sentence without its full stop: what is refused, and why.
	Text string
	// Remedy is what to do; it names the switch, where there is one.
	Remedy string
	// Attribute is the one that the refusal is about; empty where it is the write as a whole.
	Attribute string
}

// Error is the refusal as one line.
func (r Refusal) Error() string { return r.Text + ". " + r.Remedy }

const readAgain = "Plan again when the account can be read; the failure says what is missing."
