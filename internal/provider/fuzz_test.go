// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

// FuzzImportIDs: an import id is taken only in the spelling that the resource
// itself gives, with internal ids where they belong.
func FuzzImportIDs(f *testing.F) {
	for _, seed := range []string{
		"group/1/member/2", "removal/1/member/2", "group/1/member/", "group/1/member/2/", " group/1/member/2", "group/1/member/2\n",
		"user/external/x", "user/external/a/b", "group/external/", "robot/external/x", "user/internal/x", "", "//", "group/12345678901234567890/member/1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		for _, prefix := range []string{"group", "removal"} {
			group, member, ok := parseMembershipID(prefix, id)
			if !ok {
				continue
			}
			if got := membershipID(prefix, group, member); got != id {
				t.Fatalf("%q became %s", id, got)
			}
			for _, internal := range []string{group, member} {
				if internal == "" || len(internal) > 19 || strings.Trim(internal, "0123456789") != "" {
					t.Fatalf("%q has the internal id %q", id, internal)
				}
			}
		}
		if kind, externalID, ok := parseExternalImport(id); ok &&
			(kind+"/external/"+externalID != id || externalID == "" || !slices.Contains(principalTypeNames(), kind)) {
			t.Fatalf("%q became %q, %q", id, kind, externalID)
		}
	})
}

// FuzzWaiverExpiry: a waiver ends at a time that can be told, or is refused.
func FuzzWaiverExpiry(f *testing.F) {
	for _, seed := range []string{"2027-01-31", "2027-02-30", "2027-01-31T18:00:00Z", "2027-01-31T18:00:00+14:00", "", "soon", "9999-12-31"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		at, err := parseExpiry(types.StringValue(text))
		switch {
		case err != nil && !strings.Contains(err.Error(), "2027-01-31"):
			t.Fatalf("%q is refused without an example: %v", text, err)
		case err == nil && at.IsZero() && !strings.HasPrefix(text, "0001-01-01T") && !strings.HasPrefix(text, "0000-12-31"):
			t.Fatalf("%q never ends", text)
		}
	})
}
