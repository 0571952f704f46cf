// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Names of a user by username_attributes, and that both attributes lead to it.
func TestUserEntry_names(t *testing.T) {
	t.Parallel()
	const upn, mail = "ann@corp.example.com", "ann@example.com"
	tests := map[string]struct {
		names      userNames
		attributes []string
		want       []string
	}{
		"member":                         {userNames{upn, mail, false}, nil, []string{upn}},
		"guest":                          {userNames{upn, mail, true}, nil, []string{mail}},
		"guest without mail":             {userNames{upn, "", true}, nil, []string{upn}},
		"member, mail":                   {userNames{upn, mail, false}, []string{"mail"}, []string{mail}},
		"guest, UPN":                     {userNames{upn, mail, true}, []string{"userPrincipalName"}, []string{upn}},
		"both, mail first":               {userNames{upn, mail, false}, []string{"mail", "userPrincipalName"}, []string{mail, upn}},
		"both are one":                   {userNames{upn, upn, false}, []string{"mail", "userPrincipalName"}, []string{upn}},
		"the named one is blank":         {userNames{upn, "", false}, []string{"mail"}, []string{upn}},
		"a mail address with spaces (!)": {userNames{upn, mail + " ", false}, []string{"mail"}, []string{mail + " "}},
		"nothing":                        {userNames{}, []string{"mail"}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := userEntry(tt.names, audit.Identity{ExternalID: "u1"}, tt.attributes)
			if diff := cmp.Diff(tt.want, e.identity.Names); diff != "" {
				t.Error(diff)
			}
			d := newDirectory()
			d.add(e)
			for _, name := range []string{tt.names.upn, tt.names.mail} {
				if name != "" && len(d.match(principal(audit.TypeUser, name, "")).ByName) != 1 {
					t.Errorf("%q does not lead to it", name)
				}
			}
		})
	}
}
