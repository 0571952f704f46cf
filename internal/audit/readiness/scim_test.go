// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package readiness_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Linked users count as those who may leave, unless they are known to be inactive.
func TestLeavers_counts(t *testing.T) {
	t.Parallel()
	for want, status := range map[string][]*bool{
		"1 active users are linked to the identity provider": {nil, ptr(false)},
		"2 active users are linked to the identity provider": {nil, ptr(true), ptr(false)},
		"": {ptr(false)},
	} {
		f := settle(spared())
		f.Inventory.Principals = []audit.Principal{user("9", "not linked", "")}
		for i, active := range status {
			p := user(string(rune('1'+i)), "linked", "u")
			p.Active = active
			f.Inventory.Principals = append(f.Inventory.Principals, p)
		}
		if got := affectedBy(f, "leavers")["account"]; got != want {
			t.Errorf("%v: %q, want %q", status, got, want)
		}
	}
}

// A group of which nothing is written here is none with copies.
func TestCopies_none(t *testing.T) {
	t.Parallel()
	f := settle(spared())
	f.Members["10"] = []audit.Member{{Ref: audit.Ref{Type: audit.TypeUser, ID: "2"}, ExternalID: "u", Source: audit.SourceIdentityProvider}}
	if diff := cmp.Diff(map[string]string{}, affectedBy(f, "copied_memberships")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	f.Members["10"][0].Source = audit.SourceInternal
	want := map[string]string{"group/10": "members that the identity provider confirms and that are written here, too: 1"}
	if diff := cmp.Diff(want, affectedBy(f, "copied_memberships")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
