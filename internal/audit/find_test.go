// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package audit

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFind(t *testing.T) {
	t.Parallel()
	principal := func(kind PrincipalType, id, name, display, external string) Principal {
		return Principal{Ref: Ref{Type: kind, ID: id}, Name: name, DisplayName: display, ExternalID: external}
	}
	inv := Inventory{Principals: []Principal{
		principal(TypeUser, "1", "Ann@example.com", "Ann", "8F1C0000-0000-4000-8000-000000000001"),
		principal(TypeUser, "2", "ben@example.com", "reporting", ""),
		principal(TypeGroup, "3", "reporting", "reporting", "okta-Id"),
		principal(TypeGroup, "4", "Reporting", "Reporting", ""),
		principal(TypeGroup, "6", "named", "", ""),
		principal(TypeUser, "7", "named", "", ""),
		principal(TypeServicePrincipal, "5", "aaaa0000-0000-4000-8000-000000000005", "Ann", "8f1c0000-0000-4000-8000-000000000001"),
	}}
	tests := map[string]struct {
		selector Selector
		want     []string
	}{
		"id":                          {Selector{ID: "3"}, []string{"group/3"}},
		"id of another type":          {Selector{ID: "3", Type: TypeUser}, nil},
		"no such id":                  {Selector{ID: "9"}, nil},
		"user name in any case":       {Selector{UserName: "aNN@EXAMPLE.com"}, []string{"user/1"}},
		"a user name is no group's":   {Selector{UserName: "reporting"}, nil},
		"application id in any case":  {Selector{ApplicationID: "AAAA0000-0000-4000-8000-000000000005"}, []string{"service_principal/5"}},
		"external id across types":    {Selector{ExternalID: "8f1c0000-0000-4000-8000-000000000001"}, []string{"user/1", "service_principal/5"}},
		"external id of one type":     {Selector{ExternalID: "8f1c0000-0000-4000-8000-000000000001", Type: TypeUser}, []string{"user/1"}},
		"other ids keep their case":   {Selector{ExternalID: "OKTA-id"}, nil},
		"a display name across types": {Selector{DisplayName: "Ann"}, []string{"user/1", "service_principal/5"}},
		"differs in case only":        {Selector{DisplayName: "reporting", Type: TypeGroup}, []string{"group/3", "group/4"}},
		"only another case":           {Selector{DisplayName: "REPORTING"}, nil},
		"a group without one":         {Selector{DisplayName: "named"}, []string{"group/6"}},
		"a group's, in another case":  {Selector{DisplayName: "NAMED"}, nil},
		"nothing is selected":         {Selector{}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, p := range Find(inv, tt.selector) {
				got = append(got, p.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSelector_Covers(t *testing.T) {
	t.Parallel()
	users := Coverage{Users: true}
	for name, tt := range map[string]struct {
		selector Selector
		want     bool
	}{
		"a user name needs users":       {Selector{UserName: "a"}, true},
		"an id may be anybody's":        {Selector{ID: "1"}, false},
		"an id of a user needs users":   {Selector{ID: "1", Type: TypeUser}, true},
		"an application id needs those": {Selector{ApplicationID: "a"}, false},
	} {
		if got := tt.selector.Covers(users); got != tt.want {
			t.Errorf("%s: got %t", name, got)
		}
	}
}

// An id, a user name and an application id belong to one principal; other selectors
// may mean several.
func TestSelector_Unique(t *testing.T) {
	t.Parallel()
	for want, selectors := range map[bool][]Selector{
		true:  {{ID: "1"}, {UserName: "a"}, {ApplicationID: "a"}},
		false: {{}, {ExternalID: "a"}, {DisplayName: "a"}, {Type: TypeUser}},
	} {
		for _, s := range selectors {
			if s.Unique() != want {
				t.Errorf("%+v is unique: %t", s, !want)
			}
		}
	}
}
