// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"net/http"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

const principalAddress = "data.dbxidentity_principal.this"

func principalBlock(selector string) string {
	return fmt.Sprintf("data \"dbxidentity_principal\" \"this\" {\n  principal = { %s }\n}\n", selector)
}

func TestAccPrincipal(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	found := func(selector, kind, id string, more ...statecheck.StateCheck) resource.TestStep {
		return resource.TestStep{
			Config: a.audited(principalBlock(selector)),
			ConfigStateChecks: append([]statecheck.StateCheck{
				text(principalAddress, "principal_type", kind), text(principalAddress, "principal_id", id),
			}, more...),
		}
	}
	acceptance(t,
		found(`user_name = "USER101@example.com"`, "user", "101",
			text(principalAddress, "external_id", ""),
			text(principalAddress, "cause", "linkable_by_name"),
			attribute(principalAddress, "active", knownvalue.Bool(true)),
			attribute(principalAddress, "clean", knownvalue.Bool(false)),
			attribute(principalAddress, "complete", knownvalue.Bool(true)),
			attribute(principalAddress, "external_id_fix", knownvalue.ObjectPartial(map[string]knownvalue.Check{
				"external_id": knownvalue.StringExact(entraID(101)),
			})),
			attribute(principalAddress, "idp", knownvalue.ObjectPartial(map[string]knownvalue.Check{
				"kind": knownvalue.StringExact("databricks"), "match_by_external_id": knownvalue.Null(),
				"matches_by_name": knownvalue.ListExact([]knownvalue.Check{
					knownvalue.ObjectPartial(map[string]knownvalue.Check{"external_id": knownvalue.StringExact(entraID(101))}),
				}),
			}))),
		found(`id = "102"`, "user", "102", attribute(principalAddress, "clean", knownvalue.Bool(true)),
			attribute(principalAddress, "external_id_fix", knownvalue.Null()), attribute(principalAddress, "cause", knownvalue.Null())),
		found(`application_id = "AAAAAAAA-0000-4000-8000-000000000301"`, "service_principal", "301"),
		found(`external_id = "`+entraID(201)+`"`, "group", "201"),
		found(`display_name = "local-group"`, "group", "202", attribute(principalAddress, "manual_actions", knownvalue.ListSizeExact(1))),
	)
	if err := a.wrote(0); err != nil {
		t.Error(err)
	}
}

func TestAccPrincipal_refusals(t *testing.T) {
	t.Parallel()
	twins := smallWorld()
	twins.Groups = append(twins.Groups, simulator.Group{ID: "203", DisplayName: "job-runner"})
	tests := map[string]struct {
		selector string
		fault    *simulator.Fault
		want     string
	}{
		"none":               {selector: `principal_type = "user"`, want: `(?s)Invalid Principal Selector.*exactly one`},
		"misspelt":           {selector: `username = "user101@example.com"`, want: `(?s)Invalid Principal Selector.*none is given.*misspelt\s+name`},
		"two":                {selector: `id = "101", user_name = "user101@example.com"`, want: `(?s)Invalid Principal Selector.*2 are given`},
		"an id that is none": {selector: `id = "user101@example.com"`, want: `(?s)internal Databricks id`},
		"nobody":             {selector: `user_name = "nobody@example.com"`, want: `(?s)Principal Not Found.*nobody@example.com`},
		"no such id":         {selector: `id = "4711"`, want: `(?s)Principal Not Found.*4711`},
		"other type":         {selector: `id = "101", principal_type = "group"`, want: `(?s)Principal Not Found`},
		"ambiguous":          {selector: `display_name = "job-runner"`, want: `(?s)Ambiguous Principal.*group/203.*service_principal/301.*Select one of them by id`},
		// An error while looking is never "not found".
		"a list that fails": {
			selector: `user_name = "nobody@example.com"`,
			fault:    &simulator.Fault{Kind: simulator.FaultStatus, Status: http.StatusInternalServerError, Path: "/api/2.0/identity/accounts/*/users"},
			want:     `(?s)Unable to Read Principal.*500`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := startAccount(t, twins, simulator.Options{})
			if tt.fault != nil {
				a.faults(*tt.fault)
			}
			acceptanceWith(t, impatient(), resource.TestStep{Config: a.audited(principalBlock(tt.selector)), PlanOnly: true, ExpectError: regexp.MustCompile(tt.want)})
		})
	}
}

// The IdP cannot be asked: the principal is shown, and nothing is claimed.
func TestAccPrincipal_unknown(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	a.faults(simulator.Fault{Kind: simulator.FaultStatus, Status: http.StatusInternalServerError, Path: "/api/2.0/identity/accounts/*/users/101/matchWithIdp"})
	acceptanceWith(t, impatient(), resource.TestStep{
		Config: a.audited(principalBlock(`id = "101"`)),
		ConfigStateChecks: []statecheck.StateCheck{
			text(principalAddress, "principal_name", "user101@example.com"),
			attribute(principalAddress, "idp", knownvalue.Null()),
			// An empty list would say that there is none.
			attribute(principalAddress, "error_categories", knownvalue.Null()),
			attribute(principalAddress, "advisories", knownvalue.Null()),
			attribute(principalAddress, "manual_actions", knownvalue.Null()),
			attribute(principalAddress, "clean", knownvalue.Bool(false)),
			attribute(principalAddress, "complete", knownvalue.Bool(false)),
			attribute(principalAddress, "failures", knownvalue.ListSizeExact(1)),
		},
	})
}
