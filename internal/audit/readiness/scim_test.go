// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package readiness_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/provisioning"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/readiness"
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

// A group of which nothing is written here is none with copies, and who would write them
// again is said where there are some.
func TestCopies_none(t *testing.T) {
	t.Parallel()
	f := settle(spared())
	f.Connectors = []readiness.Connector{connector("c1", provisioning.LevelAccount, ptr(true), provisioning.Healthy)}
	f.Members["10"] = []audit.Member{{Ref: audit.Ref{Type: audit.TypeUser, ID: "2"}, ExternalID: "u", Source: audit.SourceIdentityProvider}}
	if diff := cmp.Diff(map[string]string{}, affectedBy(f, "copied_memberships")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := evidenceOf(f, "copied_memberships"); len(got) > 0 {
		t.Errorf("evidence without copies: %q", got)
	}
	f.Members["10"][0].Source = audit.SourceInternal
	if got := evidenceOf(f, "copied_memberships"); len(got) != 1 || !strings.Contains(got[0], "still writes groups") {
		t.Errorf("evidence of copies: %q", got)
	}
	want := map[string]string{"group/10": "members that the identity provider confirms and that are written here, too: 1"}
	if diff := cmp.Diff(want, affectedBy(f, "copied_memberships")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
