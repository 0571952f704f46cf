// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/idptest"
)

// Names of a user by username_attributes, and that both attributes lead to it.
func TestUserEntry_names(t *testing.T) {
	t.Parallel()
	const upn, mail = "ann@corp.example.com", "ann@example.com"
	tests := map[string]struct {
		names      UserNames
		attributes []string
		want       []string
	}{
		"member":                         {UserNames{upn, mail, false}, nil, []string{upn}},
		"guest":                          {UserNames{upn, mail, true}, nil, []string{mail}},
		"guest without mail":             {UserNames{upn, "", true}, nil, []string{upn}},
		"member, mail":                   {UserNames{upn, mail, false}, []string{"mail"}, []string{mail}},
		"guest, UPN":                     {UserNames{upn, mail, true}, []string{"userPrincipalName"}, []string{upn}},
		"both, mail first":               {UserNames{upn, mail, false}, []string{"mail", "userPrincipalName"}, []string{mail, upn}},
		"both are one":                   {UserNames{upn, upn, false}, []string{"mail", "userPrincipalName"}, []string{upn}},
		"the named one is blank":         {UserNames{upn, "", false}, []string{"mail"}, []string{upn}},
		"a mail address with spaces (!)": {UserNames{upn, mail + " ", false}, []string{"mail"}, []string{mail + " "}},
		"nothing":                        {UserNames{}, []string{"mail"}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := UserEntry(tt.names, audit.Identity{ExternalID: "u1"}, tt.attributes)
			if diff := cmp.Diff(tt.want, e.Identity.Names); diff != "" {
				t.Error(diff)
			}
			d := New()
			d.Add(e)
			for _, name := range []string{tt.names.UPN, tt.names.Mail} {
				if name != "" && len(d.Match(idptest.Principal(audit.TypeUser, name, "")).ByName) != 1 {
					t.Errorf("%q does not lead to it", name)
				}
			}
		})
	}
}
