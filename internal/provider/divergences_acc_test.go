// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/presets"
)

const divergencesAddress = "data.dbxidentity_divergences.all"

// output is one root output of a plan that only reads.
func output(name string, value knownvalue.Check) statecheck.StateCheck {
	return statecheck.ExpectKnownOutputValue(name, value)
}

// fieldScan is the configuration of the README for the field-scan preset.
const fieldScan = `
data "dbxidentity_workspace_federation" "all" {}

data "dbxidentity_divergences" "all" {
  primary_domains = ["example.com"]
  %s
}

locals {
  users_by_cause = {
    for cause in distinct(data.dbxidentity_divergences.all.users[*].cause) :
    cause => length([for u in data.dbxidentity_divergences.all.users : u if u.cause == cause])
  }
  fixes_by_type = {
    for kind in ["user", "group", "service_principal"] :
    kind => length([for f in data.dbxidentity_divergences.all.external_id_fixes : f if f.principal_type == kind])
  }
}

output "scanned" { value = data.dbxidentity_divergences.all.scanned }
output "counts" { value = data.dbxidentity_divergences.all.counts }
output "users" { value = length(data.dbxidentity_divergences.all.users) }
output "users_by_cause" { value = local.users_by_cause }
output "groups" { value = length(data.dbxidentity_divergences.all.groups) }
output "service_principals" { value = length(data.dbxidentity_divergences.all.service_principals) }
output "fixes_by_type" { value = local.fixes_by_type }
output "complete" { value = data.dbxidentity_divergences.all.complete }
output "clean" { value = data.dbxidentity_divergences.all.clean }
output "workspaces" { value = data.dbxidentity_workspace_federation.all.counts }
`

// The totals of the published scan (docs/reference/prep-script-contract.md 7).
func TestAccDivergences_fieldScan(t *testing.T) {
	t.Parallel()
	a := startPreset(t, "field-scan", simulator.Options{})
	number := knownvalue.Int64Exact
	object := knownvalue.ObjectExact
	fixes := func(groups int64) statecheck.StateCheck {
		return output("fixes_by_type", object(map[string]knownvalue.Check{
			"user": number(69), "group": number(groups), "service_principal": number(3),
		}))
	}
	acceptance(t,
		resource.TestStep{
			Config: a.audited(fmt.Sprintf(fieldScan, "")),
			ConfigStateChecks: []statecheck.StateCheck{
				output("scanned", knownvalue.ObjectPartial(map[string]knownvalue.Check{
					"users": number(2504), "groups": number(341), "service_principals": number(173), "user_ids": knownvalue.Null(),
				})),
				output("users", number(1129)),
				output("users_by_cause", object(fieldScanCauses())),
				output("groups", number(7)),
				output("service_principals", number(8)),
				output("workspaces", knownvalue.MapPartial(map[string]knownvalue.Check{"IDENTITY_FEDERATION_DISABLED": number(16)})),
				output("complete", knownvalue.Bool(true)),
				output("clean", knownvalue.Bool(false)),
				fixes(0),
			},
		},
		resource.TestStep{
			Config:            a.audited(fmt.Sprintf(fieldScan, "link_groups = true")),
			ConfigStateChecks: []statecheck.StateCheck{fixes(6)},
		},
	)
	if err := a.wrote(0); err != nil {
		t.Errorf("a data source wrote: %v", err)
	}
}

// One identity whose match fails after all retries: it is in failures, nothing
// is called complete or clean, and every other identity is still judged.
func TestAccDivergences_oneFailure(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	a.faults(simulator.Fault{Kind: simulator.FaultStatus, Status: http.StatusInternalServerError, Path: "/api/2.0/identity/accounts/*/users/101/matchWithIdp"})
	at := func(name string, check knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(divergencesAddress, tfjsonpath.New(name), check)
	}
	acceptanceWith(t, impatient(), resource.TestStep{
		Config: a.audited(`data "dbxidentity_divergences" "all" {}`),
		ConfigStateChecks: []statecheck.StateCheck{
			at("complete", knownvalue.Bool(false)),
			at("clean", knownvalue.Bool(false)),
			at("failures", knownvalue.ListExact([]knownvalue.Check{knownvalue.ObjectPartial(map[string]knownvalue.Check{
				"principal_type": knownvalue.StringExact("user"), "principal_id": knownvalue.StringExact("101"),
				"call": knownvalue.StringExact("matchWithIdp"), "reason": knownvalue.StringRegexp(regexp.MustCompile("500")),
			})})),
			// 101 is judged neither way; 103 and 301 are found as ever.
			at("users", knownvalue.ListExact([]knownvalue.Check{
				knownvalue.ObjectPartial(map[string]knownvalue.Check{"id": knownvalue.StringExact("103")}),
			})),
			at("external_id_fixes", knownvalue.MapPartial(map[string]knownvalue.Check{
				"service_principal/301": knownvalue.ObjectPartial(map[string]knownvalue.Check{"external_id": knownvalue.StringExact(entraID(301))}),
			})),
		},
	})
}

// The account goes away while the audit reads: an error that names the host,
// not a clean account, and not a wait for each of the identities.
func TestAccDivergences_goneMidRead(t *testing.T) {
	t.Parallel()
	a := startPreset(t, "field-scan", simulator.Options{})
	a.faults(simulator.Fault{Kind: simulator.FaultHang, Path: "**/matchWithIdp", Skip: 300})
	go func() {
		for a.requestsTo("matchWithIdp") <= 300 && t.Context().Err() == nil {
			time.Sleep(20 * time.Millisecond)
		}
		_ = a.Close()
	}()
	acceptanceWith(t, impatient(), resource.TestStep{
		Config:   a.audited(`data "dbxidentity_divergences" "all" {}`),
		PlanOnly: true,
		ExpectError: regexp.MustCompile(`(?s)Unable to Read Divergences.*matchWithIdp.*no answer.*` +
			strings.ReplaceAll(regexp.QuoteMeta(strings.TrimPrefix(a.URL, "http://")), " ", `\s+`)),
	})
}

func TestAccDivergences_targets(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	acceptance(t, resource.TestStep{
		Config: a.audited(`data "dbxidentity_divergences" "all" {
  targets = [{ principal_type = "user", principal_id = "101" }]
  include_scanned_ids = true
}`),
		ConfigStateChecks: []statecheck.StateCheck{
			accountCheck(func() error {
				if n := a.requestsTo("matchWithIdp"); n != 1 {
					return fmt.Errorf("%d match calls for one target", n)
				}
				return nil
			}),
			statecheck.ExpectKnownValue(divergencesAddress, tfjsonpath.New("scanned"), knownvalue.ObjectExact(map[string]knownvalue.Check{
				"users": knownvalue.Int64Exact(1), "groups": knownvalue.Int64Exact(0), "service_principals": knownvalue.Int64Exact(0),
				"user_ids":  knownvalue.ListExact([]knownvalue.Check{knownvalue.StringExact("101")}),
				"group_ids": knownvalue.ListExact(nil), "service_principal_ids": knownvalue.ListExact(nil),
			})),
			statecheck.ExpectKnownValue(divergencesAddress, tfjsonpath.New("fixable"), knownvalue.Int64Exact(1)),
		},
	})
}

// Members from the list of groups give the same findings, and say how many rest on it.
func TestAccDivergences_groupMembersList(t *testing.T) {
	t.Parallel()
	st, err := presets.New("demo")
	if err == nil {
		st, err = presets.Generate(st, presets.GenerateOptions{Users: 60, Groups: 40, Seed: 3})
	}
	if err != nil {
		t.Fatal(err)
	}
	a := startAccount(t, st, simulator.Options{Assumed: simulator.Assumed{SCIM: simulator.SCIMAssumptions{GroupListMembers: "returned"}}})
	acceptanceWith(t, a.trusting(), resource.TestStep{
		Config: a.config(a.entra(), `
data "dbxidentity_divergences" "single" {}

data "dbxidentity_divergences" "list" {
  group_members = "list"
}

locals {
  found = { for how, data in { single = data.dbxidentity_divergences.single, list = data.dbxidentity_divergences.list } :
    how => jsonencode([data.groups, data.member_removals, data.manual_actions, data.counts, data.complete]) }
}

output "same" { value = local.found.single == local.found.list }
output "single" { value = data.dbxidentity_divergences.single.members_listed }
output "list" { value = data.dbxidentity_divergences.list.members_listed > 0 }`),
		ConfigStateChecks: []statecheck.StateCheck{
			statecheck.ExpectKnownOutputValue("same", knownvalue.Bool(true)),
			statecheck.ExpectKnownOutputValue("single", knownvalue.Int64Exact(0)),
			statecheck.ExpectKnownOutputValue("list", knownvalue.Bool(true)),
		},
	})
}

// Waivers: an accepted category does not count, an expired one does.
func TestAccDivergences_waivers(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	waivers := func(expires string) resource.TestStep {
		return resource.TestStep{Config: a.audited(`data "dbxidentity_divergences" "all" {
  targets = [{ principal_type = "user", principal_id = "103" }]
  waivers = [{ principal_type = "user", principal_id = "103", reason = "left on purpose", expires = "` + expires + `" }]
}`)}
	}
	byCause := func(cause string) resource.TestStep {
		return resource.TestStep{Config: a.audited(`data "dbxidentity_divergences" "all" {
  targets = [{ principal_type = "user", principal_id = "103" }]
  waivers = [{ cause = "` + cause + `", reason = "left on purpose" }]
}`)}
	}
	check := func(step resource.TestStep, clean bool, state string) resource.TestStep {
		step.ConfigStateChecks = []statecheck.StateCheck{
			statecheck.ExpectKnownValue(divergencesAddress, tfjsonpath.New("clean"), knownvalue.Bool(clean)),
			statecheck.ExpectKnownValue(divergencesAddress, tfjsonpath.New("waiver_status").AtSliceIndex(0).AtMapKey("state"), knownvalue.StringExact(state)),
		}
		return step
	}
	acceptance(t,
		check(waivers("2999-12-31"), true, "active"),
		check(waivers("2020-01-31"), false, "expired"),
		check(byCause("stale"), true, "active"),
		check(byCause("linkable_by_name"), false, "unused"),
	)
}

func TestAccDivergences_badInput(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	all := `data "dbxidentity_divergences" "all" {}`
	tests := map[string]struct{ config, want string }{
		"no IdP": {a.config("", all), `(?s)No Identity Provider Configured.*idp.*databricks = \{\}.*entra.*okta.*file`},
		"unknown principal type": {
			a.audited(`data "dbxidentity_divergences" "all" { targets = [{ principal_type = "robot", principal_id = "1" }] }`),
			`(?s)principal_type.*must be one of.*"robot"`,
		},
		"id that does not exist": {
			a.audited(`data "dbxidentity_divergences" "all" { targets = [{ principal_type = "user", principal_id = "4711" }] }`),
			`(?s)Principal Not Found.*user/4711`,
		},
		"waiver of everything": {
			a.audited(`data "dbxidentity_divergences" "all" { waivers = [{ reason = "all of it" }] }`),
			`(?s)Waiver Without Scope.*waivers = .*waivers\[0\] needs`,
		},
		"waiver of no cause": {
			a.audited(`data "dbxidentity_divergences" "all" { waivers = [{ cause = "stael", reason = "x" }] }`),
			`(?s)cause.*must be one of.*"linkable_by_name"`,
		},
		"waiver that ends on no day": {
			a.audited(`data "dbxidentity_divergences" "all" { waivers = [{ category = "EXTERNAL_ID_NOT_IN_IDP", reason = "x", expires = "soon" }] }`),
			`(?s)Invalid Waiver Expiry.*waivers = .*waivers\[0\]\.expires.*"soon".*2027-01-31`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acceptance(t, resource.TestStep{Config: tt.config, PlanOnly: true, ExpectError: regexp.MustCompile(tt.want)})
		})
	}
}

func TestAccWorkspaceFederation(t *testing.T) {
	t.Parallel()
	off, on := simulator.FederationInfo{}, simulator.FederationInfo{EnableIdentityFederation: true}
	workspaces := func(info ...*simulator.FederationInfo) simulator.State {
		st := smallWorld()
		for i, f := range info {
			st.Workspaces = append(st.Workspaces, simulator.Workspace{
				WorkspaceID: int64(10 + i), WorkspaceName: fmt.Sprintf("workspace-%d", 10+i), Status: "RUNNING", FederationInfo: f,
			})
		}
		return st
	}
	row := func(id, federation string, categories ...knownvalue.Check) knownvalue.Check {
		return knownvalue.ObjectPartial(map[string]knownvalue.Check{
			"id": knownvalue.StringExact(id), "federation": knownvalue.StringExact(federation), "error_categories": knownvalue.ListExact(categories),
		})
	}
	disabled := knownvalue.StringExact("IDENTITY_FEDERATION_DISABLED")
	tests := map[string]struct {
		state simulator.State
		rows  []knownvalue.Check
		clean bool
	}{
		"clean": {workspaces(&on, &on), []knownvalue.Check{row("10", "enabled"), row("11", "enabled")}, true},
		"off and missing": {workspaces(&on, &off, nil),
			[]knownvalue.Check{row("10", "enabled"), row("11", "disabled", disabled), row("12", "disabled", disabled)}, false},
		"missing everywhere": {workspaces(nil, nil), []knownvalue.Check{row("10", "unknown", disabled), row("11", "unknown", disabled)}, false},
		"none":               {workspaces(), nil, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := startAccount(t, tt.state, simulator.Options{})
			const address = "data.dbxidentity_workspace_federation.all"
			acceptance(t, resource.TestStep{
				Config: a.config("", `data "dbxidentity_workspace_federation" "all" {}`),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(address, tfjsonpath.New("workspaces"), knownvalue.ListExact(tt.rows)),
					statecheck.ExpectKnownValue(address, tfjsonpath.New("clean"), knownvalue.Bool(tt.clean)),
				},
			})
		})
	}
}

// fieldScanCauses are the buckets of the published scan.
func fieldScanCauses() map[string]knownvalue.Check {
	return map[string]knownvalue.Check{
		"linkable_by_name":     knownvalue.Int64Exact(69),
		"name_drift":           knownvalue.Int64Exact(23),
		"name_case_only":       knownvalue.Int64Exact(8), // These two are one bucket.
		"stale_foreign_domain": knownvalue.Int64Exact(17),
		"stale_own_domain":     knownvalue.Int64Exact(899),
		"stale_inactive":       knownvalue.Int64Exact(113), // These two as well.
	}
}

// What could never match anything is refused: a domain with an "@" would make
// every own user a foreign one, a name would allow no one.
func TestDivergences_inputsThatMatchNothing(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	s := a.serve(map[string]any{"idp": map[string]any{"databricks": map[string]any{}}, "automatic_identity_management": "off"})
	for _, c := range []struct {
		attribute, want string
		value           any
	}{
		{"primary_domains", "a mail domain such as example.com", []string{"@example.com"}},
		{"primary_domains", "a mail domain such as example.com", []string{"example.com "}},
		{"primary_domains", "a mail domain such as example.com", []string{""}},
		{"primary_domains", `Did you mean "example.com"?`, []string{"*.example.com"}},
		{"primary_domains", `Did you mean "example.com"?`, []string{"example.com."}},
		{"primary_domains", `Did you mean "example.com"?`, []string{"https://example.com/"}},
		{"primary_domains", `Did you mean "example.com"?`, []string{"jane@example.com"}},
		{"primary_domains", "a mail domain such as example.com", []string{"example..com"}},
		{"allow_privileged_principals", `Did you mean "101"?`, []string{"user/101"}},
		{"targets", `Did you mean "101"?`, []map[string]any{{"principal_type": "user", "principal_id": " 101"}}},
		{"allow_privileged_principals", "internal Databricks id", []string{"user101@example.com"}},
	} {
		_, said := s.read("dbxidentity_divergences", map[string]any{c.attribute: c.value})
		if !strings.Contains(said, "ERROR") || !strings.Contains(said, c.attribute) || !strings.Contains(said, c.want) {
			t.Errorf("%s = %q: %q", c.attribute, c.value, said)
		}
	}
	_, said := s.read("dbxidentity_divergences", map[string]any{"primary_domains": []string{"Example.com"}, "plan_warning": false, "allow_privileged_principals": []string{"101"}})
	if said != "" {
		t.Error(said)
	}
	// What is well-formed and has no effect is named, where everything was read.
	idle := map[string]any{
		"primary_domains": []string{"Example.com", "münchen.example"}, "allow_privileged_principals": []string{"101", "99"},
		"waivers": []map[string]any{{"principal_id": "99", "reason": "nobody"}, {"principal_id": "101", "reason": "over", "expires": "2020-01-01"}},
	}
	wanted := []string{"no user of münchen.example", "with the id 99", `(\"nobody\") covers nothing`, `(\"over\") has expired`}
	_, said = s.read("dbxidentity_divergences", idle)
	for _, want := range wanted {
		if said = strings.ReplaceAll(said, `\"`, `"`); !strings.Contains(said, strings.ReplaceAll(want, `\"`, `"`)) {
			t.Errorf("%q is not in %q", want, said)
		}
	}
	_, said = s.read("dbxidentity_aim_readiness", map[string]any{"primary_domains": []string{"Example.com", "münchen.example"}})
	if !strings.Contains(said, "no user of münchen.example") || strings.Contains(said, "no user of Example.com") {
		t.Errorf("readiness: %s", said)
	}
	a.faults(simulator.Fault{Kind: simulator.FaultStatus, Status: 400, Path: "/api/**/users/102/matchWithIdp"})
	s = a.serve(map[string]any{"idp": map[string]any{"databricks": map[string]any{}}, "automatic_identity_management": "off"})
	if _, said = s.read("dbxidentity_divergences", idle); !strings.Contains(said, "Incomplete") || strings.Contains(said, "covers nothing") || strings.Contains(said, "no user of") {
		t.Errorf("the match could be in what was not read: %s", said)
	}
}

// The one read that writes: matchWithIdp syncs on accounts with automatic identity
// management.
func TestDivergences_mayWrite(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	for _, c := range []struct {
		aim      string
		readOnly bool
		want     string
	}{
		{"on", true, "ERROR"}, {"on", false, ""}, {"off", true, ""}, {"unknown", true, "Audit May Sync Identities"}, {"unknown", false, "Audit May Sync Identities"},
	} {
		s := a.serve(map[string]any{
			"idp": map[string]any{"databricks": map[string]any{}}, "automatic_identity_management": c.aim, "read_only": c.readOnly,
		})
		for name, config := range map[string]map[string]any{"dbxidentity_divergences": {"plan_warning": false}, "dbxidentity_principal": {"principal": map[string]any{"id": "101"}}} {
			if c.want == "Audit May Sync Identities" && name == "dbxidentity_principal" {
				continue // It is said once a run.
			}
			before := a.matches()
			_, said := s.read(name, config)
			if !strings.Contains(said, c.want) || c.want == "" && said != "" {
				t.Errorf("%s, %+v: %q", name, c, said)
			}
			if c.want == "ERROR" && (a.matches() != before || !strings.Contains(said, "entra, okta and file")) {
				t.Errorf("%s asked, or does not say what to use instead: %q", name, said)
			}
		}
	}
}

// matches is how often the account was asked for a match.
func (a account) matches() int {
	n := 0
	for route, times := range a.Server.Requests().ByRoute {
		if strings.Contains(route, "matchWithIdp") {
			n += times
		}
	}
	return n
}

// A name in another case and a deactivated stale user are listed, and an account that
// has nothing else is clean, unless the configuration is strict.
func TestAccDivergences_strict(t *testing.T) {
	t.Parallel()
	st := simulator.State{
		Users: []simulator.User{
			{ID: "100", UserName: "ann@example.com", ExternalID: "aaaaaaaa-0000-4000-8000-000000000001", Active: true},
			{ID: "101", UserName: "bob@example.com", ExternalID: "aaaaaaaa-0000-4000-8000-000000000002"},
		},
		IDP: simulator.IDP{Users: []simulator.IDPUser{
			{ID: "aaaaaaaa-0000-4000-8000-000000000001", UserPrincipalName: "Ann@Example.com", UserType: "Member", AccountEnabled: true},
		}},
	}
	a := startAccount(t, st, simulator.Options{})
	step := func(input string, clean bool, actions ...string) resource.TestStep {
		var want []knownvalue.Check
		for _, action := range actions {
			want = append(want, knownvalue.StringExact(action))
		}
		return resource.TestStep{
			Config: a.audited(`data "dbxidentity_divergences" "all" {
  principal_types = ["user"]
  ` + input + `
}
output "clean" { value = data.dbxidentity_divergences.all.clean }
output "rows" { value = [for u in data.dbxidentity_divergences.all.users : "${u.cause} ${u.action}"] }`),
			ConfigStateChecks: []statecheck.StateCheck{output("clean", knownvalue.Bool(clean)), output("rows", knownvalue.ListExact(want))},
		}
	}
	acceptance(t,
		step("", true, "name_case_only none", "stale_inactive none"),
		step("strict_case = true", false, "name_case_only request_name_change", "stale_inactive none"),
		step("strict_inactive = true", false, "name_case_only none", "stale_inactive review_stale"),
	)
}

// The plan says what the result is: "No changes" never stands alone.
func TestDivergences_planWarning(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	s := a.serve(map[string]any{"idp": map[string]any{"databricks": map[string]any{}}, "automatic_identity_management": "off"})
	const summary = "Identities Diverge"
	_, said := s.read("dbxidentity_divergences", map[string]any{})
	if strings.Count(said, summary) != 1 || !strings.Contains(said, "Changes that are ready: ") || !strings.Contains(said, "Linkable by name") {
		t.Errorf("said %q", said)
	}
	// It names what is there only.
	if !strings.Contains(said, "Next: apply the changes in external_id_fixes through") || strings.Contains(said, "member_removals") {
		t.Errorf("said %q", said)
	}
	everything := []map[string]any{}
	for _, kind := range []string{"user", "group", "service_principal"} {
		everything = append(everything, map[string]any{"principal_type": kind, "reason": "known"})
	}
	for name, config := range map[string]map[string]any{
		"off": {"plan_warning": false}, "targets": {"targets": []map[string]any{{"principal_type": "user", "principal_id": "101"}}}, "waived": {"waivers": everything},
	} {
		if _, said := s.read("dbxidentity_divergences", config); strings.Contains(said, summary) {
			t.Errorf("%s: %q", name, said)
		}
	}
	a.faults(simulator.Fault{Kind: simulator.FaultStatus, Status: 400, Path: "/api/**/users/102/matchWithIdp"})
	s = a.serve(map[string]any{"idp": map[string]any{"databricks": map[string]any{}}, "automatic_identity_management": "off"})
	if _, said := s.read("dbxidentity_divergences", map[string]any{"plan_warning": false}); strings.Contains(said, summary) || !strings.Contains(said, "Incomplete Identity Inventory") {
		t.Errorf("not complete: %q", said)
	}
}

// The table that a lead reads, in the real command line: rows, fixes and reasons.
func TestAccDivergences_summary(t *testing.T) {
	t.Parallel()
	a := startPreset(t, "field-scan", simulator.Options{})
	text := knownvalue.StringExact
	acceptance(t, resource.TestStep{
		Config: a.audited(`
data "dbxidentity_divergences" "all" {
  primary_domains = ["example.com"]
}

output "rows" { value = [for r in data.dbxidentity_divergences.all.summary : "${r.count} ${r.principal_type} ${r.cause} ${r.action} ${r.blocks_aim} ${r.fixable} ${r.owner}"] }
output "explained" { value = alltrue([for r in data.dbxidentity_divergences.all.summary : length(r.remedy) > 10 && length(r.consequence) > 0 && length(r.examples) > 0]) }
output "sum" { value = sum(data.dbxidentity_divergences.all.summary[*].fixable) == data.dbxidentity_divergences.all.fixable }
output "unjudged" { value = data.dbxidentity_divergences.all.unjudged }
output "renamed" { value = alltrue([for u in data.dbxidentity_divergences.all.users : u.idp_name != null && u.active != null if u.cause == "name_drift"]) }
`),
		ConfigStateChecks: []statecheck.StateCheck{
			output("rows", knownvalue.ListPartial(map[int]knownvalue.Check{0: text("899 user stale_own_domain review_stale true 0 identity provider team")})),
			output("explained", knownvalue.Bool(true)),
			output("sum", knownvalue.Bool(true)),
			output("unjudged", knownvalue.Int64Exact(0)),
			output("renamed", knownvalue.Bool(true)),
		},
	})
}

// One refusal answers every question: the audit stops after a few, with the way out.
func TestAccDivergences_allRefused(t *testing.T) {
	t.Parallel()
	a := startPreset(t, "field-scan", simulator.Options{})
	a.faults(simulator.Fault{Kind: simulator.FaultStatus, Status: http.StatusForbidden, Path: "/api/2.0/identity/accounts/*/*/*/matchWithIdp"})
	acceptance(t, resource.TestStep{
		Config:      a.audited(`data "dbxidentity_divergences" "all" {}`),
		ExpectError: regexp.MustCompile(`(?s)Unable to Read Divergences.*matchWithIdp was refused.*entra = .*okta = .*file = `),
	})
	if n := a.matches(); n > 30 {
		t.Errorf("asked %d times", n)
	}
}
