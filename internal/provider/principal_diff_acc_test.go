// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

const diffAddress = "data.dbxidentity_principal_diff.this"

func diffBlock(name, a, b string) string {
	return fmt.Sprintf("data \"dbxidentity_principal_diff\" %q {\n  principal_a = { %s }\n  principal_b = { %s }\n}\n", name, a, b)
}

// diffRows checks the rows of a list in short: name, source, origin, direct
// flags, paths, hint.
func diffRows(address, list string, want ...string) statecheck.StateCheck {
	checks := make([]knownvalue.Check, 0, len(want))
	texts := func(path string) knownvalue.Check {
		list := []knownvalue.Check{}
		for _, name := range strings.FieldsFunc(path, func(r rune) bool { return r == '>' }) {
			list = append(list, knownvalue.StringExact(name))
		}
		return knownvalue.ListExact(list)
	}
	for _, row := range want {
		f := strings.Split(row, "|")
		hint := knownvalue.Check(knownvalue.Null())
		if f[6] != "" {
			hint = knownvalue.StringExact(f[6])
		}
		checks = append(checks, knownvalue.ObjectPartial(map[string]knownvalue.Check{
			"group_name": knownvalue.StringExact(f[0]), "source": knownvalue.StringExact(f[1]), "origin": knownvalue.StringExact(f[2]),
			"direct_in_a": knownvalue.Bool(f[3][0] == '+'), "direct_in_b": knownvalue.Bool(f[3][1] == '+'),
			"path_in_a": texts(f[4]), "path_in_b": texts(f[5]), "hint": hint,
		}))
	}
	return attribute(address, list, knownvalue.ListExact(checks))
}

// The story of part 0 of the contract: what the old colleague has and the new
// one lacks, returned by both routes in the same rows; the same for service
// principals and for groups.
func TestAccPrincipalDiff_story(t *testing.T) {
	t.Parallel()
	a := startPreset(t, "demo", simulator.Options{})
	const (
		pair   = `data.dbxidentity_principal_diff.pair`
		jobs   = `data.dbxidentity_principal_diff.jobs`
		groups = `data.dbxidentity_principal_diff.groups`
	)
	blocks := diffBlock("pair", `user_name = "user31@example.com"`, `user_name = "USER32@example.com"`) +
		diffBlock("jobs", `display_name = "nightly-export", principal_type = "service_principal"`, `display_name = "nightly-export-v2", principal_type = "service_principal"`) +
		"output \"file\" {\n  value = provider::dbxidentity::csv(\"compare\", data.dbxidentity_principal_diff.pair)\n}\n" +
		diffBlock("groups", `display_name = "data-engineers", principal_type = "group"`, `display_name = "bi-consumers", principal_type = "group"`)
	// IAM v2 reports that SCIM provisioning wrote the members of the linked groups; over
	// SCIM a membership is the IdP's because the group is.
	told := func(settings, route, origin string) resource.TestStep {
		return resource.TestStep{Config: a.config(settings, blocks), ConfigStateChecks: []statecheck.StateCheck{
			diffRows(pair, "only_in_a",
				"bi-consumers|external|"+origin+"|--|user31>data-engineers>bi-consumers||follows",
				"data-engineers|external|"+origin+"|+-|user31>data-engineers||add_in_idp",
				"ml-catalog-readers|internal|databricks|+-|user31>ml-catalog-readers||unchecked",
				"npb-platform-admins|internal|databricks|+-|user31>npb-platform-admins||unchecked",
				"npb-platform-users|internal|databricks|+-|user31>npb-platform-users||unchecked",
				"scratch-workspace-admins|internal|databricks|+-|user31>scratch-workspace-admins||unchecked"),
			diffRows(pair, "only_in_b", "legacy-etl-users|internal|databricks|-+||user32>legacy-etl-users|unchecked"),
			diffRows(pair, "in_both",
				"account users|internal|system|++|user31>account users|user32>account users|",
				"npb-developers|internal|databricks|++|user31>npb-developers|user32>npb-developers|"),
			attribute(pair, "counts", knownvalue.MapExact(map[string]knownvalue.Check{
				"only_in_a": knownvalue.Int64Exact(6), "only_in_b": knownvalue.Int64Exact(1), "in_both": knownvalue.Int64Exact(2),
			})),
			attribute(pair, "equal", knownvalue.Bool(false)), attribute(pair, "complete", knownvalue.Bool(true)), attribute(pair, "dead_members", knownvalue.Int64Exact(0)),
			attribute(pair, "failures", knownvalue.ListExact(nil)), attribute(pair, "cycles", knownvalue.ListExact(nil)), text(pair, "route", route),
			attribute(pair, "resolved_a", knownvalue.ObjectPartial(map[string]knownvalue.Check{
				"principal_type": knownvalue.StringExact("user"), "principal_name": knownvalue.StringExact("user31@example.com"), "active": knownvalue.Bool(true),
			})),
			statecheck.ExpectKnownOutputValue("file", knownvalue.StringRegexp(regexp.MustCompile(`^group_id,group_name,source,in_a,in_b,is_direct_in_a,is_direct_in_b,path_in_a,path_in_b\r\n`+
				`30\d+,bi-consumers,external,True,False,False,False,user31 → data-engineers → bi-consumers,\r\n`))),
			diffRows(jobs, "only_in_a",
				"bi-consumers|external|"+origin+"|--|nightly-export>data-engineers>bi-consumers||follows",
				"data-engineers|external|"+origin+"|+-|nightly-export>data-engineers||add_in_idp",
				"npb-platform-users|internal|databricks|+-|nightly-export>npb-platform-users||unchecked"),
			diffRows(groups, "only_in_a", "bi-consumers|external|"+origin+"|+-|data-engineers>bi-consumers||add_in_idp"),
			attribute(groups, "resolved_a", knownvalue.ObjectPartial(map[string]knownvalue.Check{"active": knownvalue.Null()})),
		}}
	}
	acceptance(t, told("", "iam_v2", "databricks"), told("identity_api = \"scim\"\n  automatic_identity_management = \"off\"", "scim", "idp"))
	if err := a.wrote(0); err != nil {
		t.Error(err)
	}
}

// A hole is never an answer: what it hides is null, and a difference that is
// certain all the same is false (R11, R15).
func TestAccPrincipalDiff_holes(t *testing.T) {
	t.Parallel()
	forbidden := simulator.Fault{Kind: simulator.FaultStatus, Status: http.StatusForbidden, ErrorCode: "PERMISSION_DENIED", Message: "not you"}
	at := func(path string) simulator.Fault {
		f := forbidden
		f.Path = path
		return f
	}
	const scim = "identity_api = \"scim\"\n  automatic_identity_management = \"off\""
	tests := map[string]struct {
		settings, a, b string
		fault          simulator.Fault
		equal          knownvalue.Check
		call, id       string
	}{
		"SCIM, one group":            {scim, `id = "102"`, `id = "101"`, at("**/Groups/202"), knownvalue.Bool(false), "read the group", "202"},
		"SCIM, equal but for a hole": {scim, `id = "101"`, `id = "103"`, at("**/Groups/202"), knownvalue.Null(), "read the group", "202"},
		"AIM hides":                  {"automatic_identity_management = \"on\"\n  identity_api = \"scim\"", `id = "102"`, `id = "102"`, at("/none"), knownvalue.Null(), "read the members of groups", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := smallWorld()
			st.Groups = append(st.Groups, simulator.Group{ID: "203", DisplayName: "another-linked-group", ExternalID: entraID(203)})
			a := startAccount(t, st, simulator.Options{})
			a.faults(tt.fault)
			id := knownvalue.Check(knownvalue.Null())
			if tt.id != "" {
				id = knownvalue.StringExact(tt.id)
			}
			acceptance(t, resource.TestStep{
				Config: a.config(tt.settings, diffBlock("this", tt.a, tt.b)),
				ConfigStateChecks: []statecheck.StateCheck{
					attribute(diffAddress, "equal", tt.equal), attribute(diffAddress, "complete", knownvalue.Bool(false)),
					attribute(diffAddress, "failures", knownvalue.ListExact([]knownvalue.Check{knownvalue.ObjectPartial(map[string]knownvalue.Check{
						"principal_type": knownvalue.StringExact("group"), "principal_id": id, "call": knownvalue.StringExact(tt.call),
						"reason": knownvalue.StringRegexp(regexp.MustCompile(`403 PERMISSION_DENIED: not you|automatic identity management`)),
					})})),
				},
			})
		})
	}
}

func TestAccPrincipalDiff_refusals(t *testing.T) {
	t.Parallel()
	twins := smallWorld()
	twins.Groups = append(twins.Groups, simulator.Group{ID: "203", DisplayName: "job-runner"})
	twins.Users[2].Active, twins.Users[2].Emails = false, []world.Email{{Value: "user101@example.com"}}
	failing := func(path string) simulator.Fault {
		return simulator.Fault{Kind: simulator.FaultStatus, Status: http.StatusBadRequest, Path: path, ErrorCode: "BAD", Message: "not today"}
	}
	const id = `id = "102"`
	tests := map[string]struct {
		a, b   string
		faults []simulator.Fault
		want   string
	}{
		"two selectors":          {a: id, b: `id = "101", user_name = "x"`, want: `(?s)Invalid Principal Selector.*principal_b.*2 are given`},
		"nobody":                 {a: `user_name = "nobody@example.com"`, b: id, want: `(?s)Principal Not Found.*principal_a.*nobody@example.com`},
		"both sides at once":     {a: `id = "4711"`, b: `id = "4712"`, want: `(?s)4711.*4712|4712.*4711`},
		"an e-mail of two":       {a: id, b: `user_name = "user101@example.com"`, want: `(?s)Ambiguous Principal.*principal_b.*user/101.*user/103 \(user103@example.com\),\s+inactive.*by id`},
		"a name of two kinds":    {a: `display_name = "job-runner"`, b: id, want: `(?s)Ambiguous Principal.*group/203.*service_principal/301`},
		"an error while looking": {a: `user_name = "nobody@example.com"`, b: id, faults: []simulator.Fault{failing("**/scim/v2/Users")}, want: `(?s)Unable to Read Principal.*principal_a.*BAD:\s+not\s+today`},
		"no groups":              {a: id, b: id, faults: []simulator.Fault{failing("**/Groups/*"), failing("**/direct-members")}, want: `(?s)Unable to Read Groups.*user/102.*none\s+of\s+1\s+groups.*BAD`},
		"unknown to IAM v2": {a: id, b: `id = "101"`, want: `(?s)Unable to Read Groups.*Account SCIM knows them, and IAM v2\s+does\s+not`, faults: []simulator.Fault{
			{Kind: simulator.FaultStatus, Status: http.StatusNotFound, Path: "**/principals/101/*", ErrorCode: "RESOURCE_DOES_NOT_EXIST", Message: "gone"},
		}},
		"no groups above": {a: id, b: `id = "101"`, faults: []simulator.Fault{failing("**/principals/101/*")}, want: `(?s)Unable to Read Groups.*the groups above\s+user/101`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := startAccount(t, twins, simulator.Options{})
			a.faults(tt.faults...)
			acceptance(t, resource.TestStep{Config: a.config("", diffBlock("this", tt.a, tt.b)), PlanOnly: true, ExpectError: regexp.MustCompile(tt.want)})
		})
	}
}
