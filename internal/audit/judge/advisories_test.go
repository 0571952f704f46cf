// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"slices"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

func TestDivergences_advisories(t *testing.T) {
	t.Parallel()
	const (
		guid   = "aaaaaaaa-0000-4000-8000-000000000001"
		tenant = "00000000-0000-4000-8000-00000000000b"
	)
	linked := func(change func(*audit.Identity)) audit.Match {
		id := audit.Identity{ExternalID: "x", Names: []string{"a"}, Enabled: ptr(true), Guest: ptr(false)}
		change(&id)
		return audit.Match{Principal: user("1", "a", "x"), ByExternalID: &id, ByName: []audit.Identity{id}}
	}
	sp := func(name, idpName string) audit.Match {
		p := servicePrincipal("1", "app", "x")
		p.DisplayName = name
		return audit.Match{Principal: p, ByExternalID: &audit.Identity{ExternalID: "x", Names: []string{"app"}, DisplayName: idpName}}
	}
	cases := map[string]struct {
		match  audit.Match
		others []audit.Principal
		change func(*Options)
		want   []string
		// listed is the display name in the listing.
		listed string
	}{
		"clean":                  {match: linked(func(*audit.Identity) {})},
		"duplicate":              {match: linked(func(*audit.Identity) {}), others: []audit.Principal{user("2", "b", "x")}, want: []string{"DUPLICATE_EXTERNAL_ID"}},
		"duplicate of group":     {match: linked(func(*audit.Identity) {}), others: []audit.Principal{group("2", "b", "x")}, want: []string{"DUPLICATE_EXTERNAL_ID"}},
		"other id":               {match: linked(func(*audit.Identity) {}), others: []audit.Principal{user("2", "b", "X")}},
		"two blank ids":          {match: audit.Match{Principal: user("1", "a", "")}, others: []audit.Principal{user("2", "b", "")}},
		"of other type":          {match: audit.Match{Principal: user("1", "a", "x"), ByExternalIDOtherType: ptr(identity("x", "g"))}, want: []string{"EXTERNAL_ID_OF_OTHER_TYPE"}},
		"deleted":                {match: audit.Match{Principal: user("1", "a", "x"), DeletedByExternalID: ptr(identity("x", "g"))}, want: []string{"DELETED_IN_IDP"}},
		"GUID in upper case":     {match: audit.Match{Principal: user("1", "a", strings.ToUpper(guid)), ByExternalID: ptr(identity(guid, "a"))}, want: []string{"EXTERNAL_ID_NOT_CANONICAL"}},
		"GUID with space":        {match: audit.Match{Principal: user("1", "a", guid+" ")}, want: []string{"EXTERNAL_ID_NOT_CANONICAL"}},
		"GUID as in the IdP":     {match: audit.Match{Principal: user("1", "a", strings.ToUpper(guid)), ByExternalID: ptr(identity(strings.ToUpper(guid), "a"))}},
		"GUID, match without id": {match: audit.Match{Principal: user("1", "a", guid), ByExternalID: ptr(identity("", "a"))}},
		"Okta id":                {match: audit.Match{Principal: user("1", "a", "00uABC"), ByExternalID: ptr(identity("00uABC", "a"))}},
		"ambiguous, linked": {match: audit.Match{
			Principal: group("1", "g", "x"), ByExternalID: ptr(identity("x", "g")), ByName: []audit.Identity{identity("x", "g"), identity("y", "g")},
		}, want: []string{"AMBIGUOUS_NAME_MATCH"}},
		"ambiguous, divergent": {match: audit.Match{Principal: group("1", "g", ""), ByName: []audit.Identity{identity("x", "g"), identity("y", "g")}}, want: []string{"AMBIGUOUS_NAME_MATCH"}},
		"one identity twice":   {match: audit.Match{Principal: group("1", "g", ""), ByName: []audit.Identity{identity("x", "g"), identity("x", "g")}}},
		"disabled":             {match: linked(func(id *audit.Identity) { id.Enabled = ptr(false) }), want: []string{"IDP_IDENTITY_DISABLED"}},
		"disabled on both sides": {match: func() audit.Match {
			m := linked(func(id *audit.Identity) { id.Enabled = ptr(false) })
			m.Principal.Active = ptr(false)
			return m
		}()},
		"state not told":            {match: linked(func(id *audit.Identity) { id.Enabled, id.Guest = nil, nil })},
		"candidate disabled":        {match: audit.Match{Principal: user("1", "a", ""), ByName: []audit.Identity{{ExternalID: "x", Names: []string{"a"}, Enabled: ptr(false)}}}, want: []string{"IDP_IDENTITY_DISABLED"}},
		"guest, clean":              {match: linked(func(id *audit.Identity) { id.Guest = ptr(true) })},
		"guest, divergent":          {match: linked(func(id *audit.Identity) { id.Guest, id.Names = ptr(true), []string{"b"} }), want: []string{"GUEST_IDENTITY"}},
		"other tenant":              {match: linked(func(id *audit.Identity) { id.HomeTenant = tenant }), want: []string{"CROSS_TENANT"}},
		"own tenant":                {match: linked(func(id *audit.Identity) { id.HomeTenant = strings.ToUpper(tenant) }), change: func(o *Options) { o.TenantID = tenant }},
		"sp renamed":                {match: sp("old", "new"), want: []string{"SERVICE_PRINCIPAL_NAME_WILL_CHANGE"}},
		"sp same name":              {match: sp("new", "new")},
		"sp name not known":         {match: sp("", "new")},
		"sp, name in the list":      {match: sp("", "new"), listed: "old", want: []string{"SERVICE_PRINCIPAL_NAME_WILL_CHANGE"}},
		"sp, same name in the list": {match: sp("", "new"), listed: "new"},
		"sp, databricks":            {match: sp("old", "new"), change: func(o *Options) { o.IDP = matchIDP }},
		"drift in case":             {match: linked(func(id *audit.Identity) { id.Names = []string{"b", "A"} }), want: []string{"NAME_DIFFERS_ONLY_IN_CASE"}},
		"drift":                     {match: linked(func(id *audit.Identity) { id.Names = []string{"b"} })},
		"candidate in another case": {match: audit.Match{Principal: user("1", "a", ""), ByName: []audit.Identity{identity("x", "A")}}, want: []string{"NAME_DIFFERS_ONLY_IN_CASE"}},
		"near name":                 {match: audit.Match{Principal: user("1", "a", ""), NearName: []audit.Identity{identity("x", "a ")}}, want: []string{"NAME_NEARLY_MATCHES"}},
		"inactive, divergent": {match: audit.Match{Principal: audit.Principal{
			Ref: audit.Ref{Type: audit.TypeUser, ID: "1"}, Name: "a", ExternalID: "gone", Active: ptr(false),
		}}, want: []string{"PRINCIPAL_INACTIVE"}},
		"inactive, clean":         {match: audit.Match{Principal: audit.Principal{Ref: audit.Ref{Type: audit.TypeUser, ID: "1"}, Name: "a", Active: ptr(false)}}},
		"system group, divergent": {match: audit.Match{Principal: group("1", "Admins", "gone")}, want: []string{"SYSTEM_GROUP"}},
		"system group, clean":     {match: audit.Match{Principal: group("1", "account users", "")}},
		"a user called admins":    {match: audit.Match{Principal: user("1", "admins", "gone")}},
		"unknown":                 {match: audit.Match{Principal: user("1", "a", guid+" "), Unknown: "500"}},
	}
	for label, c := range cases {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			o := directory()
			o.StrictCase, o.StrictInactive = true, true
			if c.change != nil {
				c.change(&o)
			}
			in := scope([]audit.Match{c.match}, c.others...)
			if c.listed != "" {
				in.Inventory.Principals[0].DisplayName = c.listed
			}
			r := Divergences(in, o)
			got := divergences(r)[c.match.Principal.Ref.String()].Advisories
			for _, row := range r.AdvisoryOnly {
				if len(row.ErrorCategories) > 0 || row.Cause != "" || row.Action != "" {
					t.Errorf("a row of advisories has categories %v, cause %q, action %q", row.ErrorCategories, row.Cause, row.Action)
				}
				got = append(got, row.Advisories...)
			}
			same(t, "advisories", got, c.want)
			if c.match.Unknown == "" && r.Clean != (len(r.Users)+len(r.Groups)+len(r.ServicePrincipals) == 0) {
				t.Error("advisories count against clean")
			}
		})
	}
}

func TestDivergences_advisoriesSorted(t *testing.T) {
	t.Parallel()
	m := audit.Match{
		Principal: group("1", "admins", "AAAAAAAA-0000-4000-8000-000000000001"),
		ByName:    []audit.Identity{identity("y", "admins"), identity("x", "admins")},
	}
	r := Divergences(scope([]audit.Match{m}, user("2", "b", "aaaaaaaa-0000-4000-8000-000000000001")), directory())
	got := r.Groups[0].Advisories
	if len(got) != 4 || !slices.IsSorted(got) {
		t.Errorf("advisories = %v, want four, sorted", got)
	}
}
