// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package journal keeps every write to an account in a file: one line of JSON
// before the write (intent), one after it (outcome). It imports the standard
// library only, and knows nothing of accounts.
//
// A line holds ids, values of externalId and the API's own words about a
// failure; no credentials, and no names but those of groups that are renamed and those
// in the API's words.
package journal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Version of the lines that this package writes. It grows when a reader of an
// older one would misunderstand a line; keys may be added without.
const Version = 1

// Events of [Record].
const (
	EventIntent  = "intent"
	EventOutcome = "outcome"
)

// Operations of [Record].
const (
	OpSetExternalID    = "set_external_id"
	OpAddMember        = "add_member"
	OpRemoveMember     = "remove_member"
	OpResolvePrincipal = "resolve_principal"
	OpSetActive        = "set_active"
	OpSetGroupName     = "set_group_name"
	OpAddAccessRule    = "add_access_rule"
	OpRemoveAccessRule = "remove_access_rule"
)

// Results of [Record], in an outcome.
const (
	// ResultConfirmed: the account was seen to hold the value after it.
	ResultConfirmed = "confirmed"
	// ResultUnconfirmed: the write was sent, and its effect was not seen.
	ResultUnconfirmed = "unconfirmed"
	// ResultRefused: the account no longer held the value before it, so the write
	// was not sent (again).
	ResultRefused = "refused"
	// ResultBroken: the account was seen to hold the value after it, and what a guard
	// protects does not hold any more, for example two principals hold one id.
	ResultBroken = "broken"
	// ResultFailed: the account, or the way to it, said no.
	ResultFailed = "failed"
)

// Values of [Record.Wrote]. An intent without an outcome is unknown, too.
const (
	WroteYes     = "yes"
	WroteNo      = "no"
	WroteUnknown = "unknown"
)

// Record is one line.
type Record struct {
	Version int `json:"version"`
	// Time is that of the machine, RFC 3339 in UTC.
	Time  string `json:"time"`
	Event string `json:"event"`
	// Write is the same in the intent and the outcome of one write, and in no
	// other line.
	Write     string `json:"write"`
	AccountID string `json:"account_id"`
	Operation string `json:"operation"`
	// Principal is "user/101", "group/201" or "service_principal/301"; empty in
	// the intent of resolve_principal that does not know it yet; and
	// "rule/<externalId>" of a rule of the denylist.
	Principal string `json:"principal"`
	// Group is "group/201" where a membership is written.
	Group string `json:"group,omitempty"`
	// GroupOrigin is whose the group was when its membership was about to be
	// written: "idp" (linked, or with members from there), "databricks" or "system".
	// Members cannot be put back into those of the identity provider through this
	// account. Empty is not known: lines of versions that did not say it.
	GroupOrigin string `json:"group_origin,omitempty"`
	// Before and After are the values of the externalId or the names of the group;
	// "absent" and "member" of a membership, "absent" and "denied" of a rule, "true" and "false" of active. nil is not known, or not said (outcomes).
	Before *string `json:"before,omitempty"`
	After  *string `json:"after,omitempty"`
	// Result, Wrote and Error are those of an outcome. Error is for people.
	Result string `json:"result,omitempty"`
	Wrote  string `json:"wrote,omitempty"`
	Error  string `json:"error,omitempty"`
}

// Memberships and rules in [Record.Before] and [Record.After].
const (
	Absent = "absent"
	Member = "member"
	Denied = "denied"
)

// maxLine bounds what [Read] takes for a line.
const maxLine = 1 << 20

// Read reads a journal. Lines that are no records, such as one that was torn
// when its machine died, are left out and counted by number, from 1; blank lines
// are passed over. The error is that of the reader.
func Read(r io.Reader) (records []Record, damaged []int, err error) {
	lines := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		ended := errors.Is(err, io.EOF)
		if err != nil && !ended {
			return records, damaged, fmt.Errorf("reading the journal: %w", err)
		}
		if len(bytes.TrimSpace(line)) > 0 {
			var record Record
			if len(line) > maxLine || json.Unmarshal(line, &record) != nil || !record.valid() {
				damaged = append(damaged, n)
			} else {
				records = append(records, record)
			}
		}
		if ended {
			return records, damaged, nil
		}
	}
}

func (r Record) valid() bool {
	switch r.Event {
	case EventIntent:
		return r.Version == Version && r.Write != ""
	case EventOutcome:
		return r.Version == Version && r.Write != "" && r.Result != "" && r.Wrote != ""
	}
	return false
}
