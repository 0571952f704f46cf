// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// The last write of a membership counts, and nothing else in the journal does.
func TestOutcomesOf(t *testing.T) {
	t.Parallel()
	n := 0
	line := func(event, write, operation, principal, group, rest string) string {
		n++
		return fmt.Sprintf(`{"version":1,"time":"2026-11-29T00:00:%02dZ","event":%q,"write":%q,"account_id":"a","operation":%q,"principal":%q,"group":"group/%s"%s}`+"\n",
			n, event, write, operation, principal, group, rest)
	}
	intend := func(write, operation, group string) string {
		return line("intent", write, operation, "user/7", group, "")
	}
	end := func(write, operation, group, result, wrote, why string) string {
		return line("outcome", write, operation, "user/7", group, fmt.Sprintf(`,"result":%q,"wrote":%q,"error":%q`, result, wrote, why))
	}
	text := intend("1", "add_member", "10") + end("1", "add_member", "10", "confirmed", "yes", "") +
		intend("2", "add_member", "11") + end("2", "add_member", "11", "failed", "no", "status 403") +
		intend("3", "add_member", "12") + end("3", "add_member", "12", "unconfirmed", "unknown", "no effect seen") +
		intend("4", "add_member", "13") + "torn {\n" +
		intend("5", "add_member", "14") + end("5", "add_member", "14", "confirmed", "yes", "") + intend("6", "remove_member", "14") + end("6", "remove_member", "14", "confirmed", "yes", "") +
		intend("7", "add_member", "15") + end("7", "add_member", "15", "failed", "no", "status 500") + intend("8", "add_member", "15") + end("8", "add_member", "15", "confirmed", "no", "") +
		intend("9", "add_member", "16") + end("9", "add_member", "16", "broken", "yes", "a cycle") +
		intend("10", "add_member", "17") + end("10", "add_member", "17", "confirmed", "yes", "") + intend("11", "remove_member", "17") + end("11", "remove_member", "17", "failed", "no", "") +
		line("intent", "12", "add_member", "user/8", "18", "") + line("intent", "13", "set_external_id", "user/7", "19", "")
	got, ok := outcomesOf(text, audit.Ref{Type: audit.TypeUser, ID: "7"})
	want := map[string]string{
		"10": "true ", "11": "false status 403", "12": "unknown no effect seen", "13": "unknown the journal has no outcome: the write may have happened", "14": "false removed again",
		"15": "true ", "16": "true a cycle", "17": "unknown a removal was tried after it: failed",
	}
	if !ok || len(got) != len(want) {
		t.Errorf("ok %t, %d outcomes: %v", ok, len(got), got)
	}
	for group, o := range got {
		applied := "unknown"
		if o.Applied != nil {
			applied = fmt.Sprint(*o.Applied)
		}
		if told := applied + " " + o.Error; told != want[group] {
			t.Errorf("group %s: %q, want %q", group, told, want[group])
		}
	}
	if _, ok := outcomesOf("", audit.Ref{}); !ok {
		t.Error("an empty journal is a journal")
	}
	if _, ok := outcomesOf(strings.Repeat("{}\n", 3), audit.Ref{}); ok {
		t.Error("lines that are no records are no journal")
	}
}
