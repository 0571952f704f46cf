// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package account_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// Terraform brings every text into the composed form; the account holds what it was
// given. Both forms are found by every selector, and beside each other they are two.
func TestFind_decomposed(t *testing.T) {
	t.Parallel()
	const name = "josé@example.com"
	selectors := map[string]audit.Selector{
		"user name":    {UserName: name},
		"display name": {Type: audit.TypeGroup, DisplayName: "équipe"},
		"external id":  {ExternalID: "josé"},
	}
	want := map[string][]audit.Ref{
		"user name": {accounttest.User("1"), accounttest.User("2")}, "display name": {accounttest.Group("11"), accounttest.Group("12")}, "external id": {accounttest.User("1"), accounttest.User("2")},
	}
	for what, s := range selectors {
		for _, listed := range []bool{false, true} {
			c := accounttest.Connect(t, accounttest.Config(accounttest.Start(t, simulator.State{
				Users: []simulator.User{
					{ID: "1", UserName: norm.NFD.String(name), ExternalID: norm.NFD.String("josé"), Active: true},
					{ID: "2", UserName: "x@example.com", ExternalID: "josé", Active: true, Emails: []world.Email{{Value: norm.NFD.String("JOSÉ@example.com")}}},
				},
				Groups: []simulator.Group{{ID: "11", DisplayName: norm.NFD.String("équipe")}, {ID: "12", DisplayName: "équipe"}},
			}, simulator.Options{})))
			if listed {
				if _, err := c.Inventory(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			got, err := c.Find(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want[what], accounttest.Refs(got)); diff != "" {
				t.Errorf("%s, listed %v (-want +got):\n%s", what, listed, diff)
			}
		}
	}
}

func TestMayOverwrite_decomposed(t *testing.T) {
	t.Parallel()
	expected := "josé"
	if !write.MayOverwrite(norm.NFD.String(expected), &expected) {
		t.Error("the expected value in another form is a conflict")
	}
	if write.MayOverwrite(norm.NFD.String("josè"), &expected) {
		t.Error("another value is overwritten")
	}
}
