// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// nicknamed is an account whose users have the nickname as external id, because the
// connector writes it.
func nicknamed(people int) simulator.State {
	st := smallWorld()
	st.Users, st.IDP.Users = nil, nil
	for n := range people {
		nick := fmt.Sprintf("person%d", n)
		st.Users = append(st.Users, simulator.User{ID: fmt.Sprint(1000 + n), UserName: nick + "@example.com", Active: true, ExternalID: nick})
		st.IDP.Users = append(st.IDP.Users, simulator.IDPUser{ID: entraID(1000 + n), UserPrincipalName: nick + "@example.com", AccountEnabled: true, UserType: "Member"})
	}
	st.Groups[0].Members, st.IDP.Groups[0].Members = nil, nil
	st.IDP.ServicePrincipals = append(st.IDP.ServicePrincipals, connectorApp(1, "SCIM", func(sp *simulator.IDPServicePrincipal) {
		sp.Synchronization.Jobs[0].Schema = syncSchema(syncSource("Attribute", "mailNickname"), syncSource("Attribute", "objectId"))
	}))
	return st
}

const feedOutputs = `
output "summary" { value = [for r in data.dbxidentity_divergences.all.summary : "${r.principal_type} ${r.cause} ${r.action} ${r.count} ${r.fixable}"] }
output "remedy" { value = [for r in data.dbxidentity_divergences.all.summary : r.remedy] }
output "detail" { value = distinct([for a in data.dbxidentity_divergences.all.manual_actions : "${a.reason} ${coalesce(a.switch, "-")} ${a.detail}" if a.principal_type == "user"]) }
output "fixes" { value = length(data.dbxidentity_divergences.all.external_id_fixes) }
output "complete" { value = data.dbxidentity_divergences.all.complete }
output "failures" { value = [for f in data.dbxidentity_divergences.all.failures : "${f.call}: ${f.reason}"] }
`

// 300 users with wrong ids are one cause with one remedy, and nothing is offered for them
// before the mapping is right, or is said to be no matter.
func TestAccDivergences_connectorMapping(t *testing.T) {
	t.Parallel()
	a := startAccount(t, nicknamed(300), withSettings())
	config := func(inputs string) string {
		return a.config(a.entra(), "data \"dbxidentity_divergences\" \"all\" {\n  principal_types = [\"user\"]\n"+inputs+"\n}\n"+feedOutputs)
	}
	const asked = `connector_ids = ["*"]`
	broken, named, ignored, without, dark, elsewhere, repaired := capture{}, capture{}, capture{}, capture{}, capture{}, capture{}, capture{}
	step := func(got capture, inputs string, before func()) resource.TestStep {
		return resource.TestStep{PreConfig: before, Config: config(inputs), ConfigStateChecks: []statecheck.StateCheck{got}}
	}
	remap := func(address, attribute string) func() {
		return func() {
			a.change(func(st *simulator.State) {
				sync := st.IDP.ServicePrincipals[len(st.IDP.ServicePrincipals)-1].Synchronization
				sync.Jobs[0].Schema, sync.Secrets[0].Value = syncSchema(syncSource("Attribute", attribute), syncSource("Attribute", "objectId")), address
			})
		}
	}
	ours := accountAddress(smallWorld().Account.AccountID)
	acceptanceWith(t, append(a.trusting(), hasty()...),
		step(broken, asked, nil),
		step(named, fmt.Sprintf("connector_ids = [%q]", entraID(9001)), nil),
		step(ignored, asked+"\n  ignore_connector = true", nil),
		step(without, "", nil),
		step(dark, asked, func() { a.faults(simulator.Fault{Kind: "status", Status: 403, Path: "**/schema"}) }),
		step(elsewhere, asked, func() { a.faults(); remap(accountAddress("22222222-2222-4333-8444-555555555555"), "mailNickname")() }),
		resource.TestStep{Config: config(fmt.Sprintf("connector_ids = [%q]", entraID(4711))), ExpectError: regexp.MustCompile(`(?s)Connector Not Found.*` + entraID(4711))},
		resource.TestStep{Config: config(`connector_ids = ["*", "x"]`), ExpectError: regexp.MustCompile("Connectors Named Twice")},
		resource.TestStep{Config: config("ignore_connector = true"), ExpectError: regexp.MustCompile(`(?s)ignore_connector.*connector_ids`)},
		resource.TestStep{Config: a.audited("data \"dbxidentity_divergences\" \"all\" {\n connector_ids = [\"*\"]\n}"), ExpectError: regexp.MustCompile("No Connectors in This Identity Provider")},
		step(repaired, asked, remap(ours, "objectId")),
	)
	for name, tt := range map[string]struct {
		got      capture
		summary  string
		fixes    string
		complete bool
	}{
		"broken":    {broken, "user connector_mapping repair_connector_mapping 300 0", "0", true},
		"named":     {named, "user connector_mapping repair_connector_mapping 300 0", "0", true},
		"ignored":   {ignored, "user connector_mapping set_external_id 300 300", "300", true},
		"without":   {without, "user linkable_by_name set_external_id 300 300", "300", true},
		"dark":      {dark, "user linkable_by_name audit_again 300 0", "0", false},
		"elsewhere": {elsewhere, "user linkable_by_name set_external_id 300 300", "300", true},
		"repaired":  {repaired, "user linkable_by_name set_external_id 300 300", "300", true},
	} {
		if diff := cmp.Diff([]any{[]any{tt.summary}, tt.fixes, tt.complete}, []any{tt.got["summary"], fmt.Sprint(tt.got["fixes"]), tt.got["complete"]}); diff != "" {
			t.Errorf("%s: %s %v", name, diff, tt.got["failures"])
		}
	}
	want := `[connector_mapping ignore_connector the SCIM connector "SCIM" (` + entraID(9001) + `) writes the attribute mailNickname into the external ids of users]`
	if got := fmt.Sprint(broken["detail"]); got != want {
		t.Errorf("detail: %s", got)
	}
	if got := fmt.Sprint(broken["remedy"]); !strings.HasPrefix(got, "[In the app of the connector, under Provisioning, Mappings, feed externalId from objectId") {
		t.Errorf("remedy: %s", got)
	}
	if got := fmt.Sprint(dark["failures"]); strings.Count(got, "read the attribute mapping of the SCIM connector") != 2 {
		t.Errorf("failures: %s", got)
	}
}
