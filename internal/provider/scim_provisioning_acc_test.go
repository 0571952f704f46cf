// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/provider"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

const databricksTemplate = "9c9818d2-2900-49e8-8ba4-22688be7c675"

// syncSource feeds an attribute from another one.
func syncSource(kind, name string) *world.SyncSource {
	return &world.SyncSource{Type: kind, Name: name, Expression: "[" + name + "]"}
}

// syncSchema maps users and groups, with these sources of external ids.
func syncSchema(user, group *world.SyncSource) world.SyncSchema {
	mapping := func(target string, source *world.SyncSource) world.SyncObjectMapping {
		return world.SyncObjectMapping{Enabled: true, FlowTypes: "Add, Update, Delete", TargetObjectName: target, AttributeMappings: []world.SyncAttributeMapping{
			{TargetAttributeName: "displayName", FlowType: "Always", Source: syncSource("Attribute", "displayName")},
			{TargetAttributeName: "externalId", FlowType: "Always", Source: source},
		}}
	}
	return world.SyncSchema{SynchronizationRules: []world.SyncRule{{Name: "USER_OUTBOUND_USER", ObjectMappings: []world.SyncObjectMapping{
		mapping("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", user), mapping("urn:ietf:params:scim:schemas:core:2.0:Group", group),
	}}}}
}

// healthyJob ran 20 minutes ago.
func healthyJob() world.SyncJob {
	last := world.SyncExecution{State: "Succeeded", TimeEnded: "-PT20M", CountEntitled: 2}
	return world.SyncJob{
		ID: "dataBricks.1", TemplateID: "dataBricks", Schedule: world.SyncSchedule{Interval: "PT40M", State: "Active"},
		Status: world.SyncStatus{
			Code: "Active", LastExecution: &last, LastSuccessfulExecution: &last, SteadyStateFirstAchievedTime: "2025-03-02T10:11:12Z",
			SynchronizedEntryCountByType: []world.SyncEntryCount{{Key: "User to User", Value: 2}},
		},
		Schema: syncSchema(syncSource("Attribute", "objectId"), syncSource("Attribute", "objectId")),
	}
}

func accountAddress(accountID string) string {
	return "https://accounts.azuredatabricks.net/api/2.0/accounts/" + accountID + "/scim/v2"
}

// connectorApp is a healthy connector of the account of smallWorld, changed by edit.
func connectorApp(n int, name string, edit func(sp *simulator.IDPServicePrincipal)) simulator.IDPServicePrincipal {
	sp := simulator.IDPServicePrincipal{
		ID: entraID(9000 + n), AppID: entraID(8000 + n), DisplayName: name, AccountEnabled: true, ApplicationTemplateID: databricksTemplate,
		NotificationEmailAddresses: []string{"admin@example.com"},
		Synchronization: &world.Synchronization{
			Jobs: []world.SyncJob{healthyJob()},
			Secrets: []world.SyncSecret{
				{Key: "BaseAddress", Value: accountAddress(smallWorld().Account.AccountID)}, {Key: "SecretToken", Value: "dose-of-a-token"}, {Key: "SyncAll", Value: "false"},
			},
		},
	}
	if edit != nil {
		edit(&sp)
	}
	return sp
}

// withSettings sees the settings of connectors.
func withSettings() simulator.Options {
	return simulator.Options{Assumed: simulator.Assumed{Graph: simulator.GraphAssumptions{SecretsReadable: true}}}
}

const connectorOutputs = `
locals {
  connectors = { for c in data.dbxidentity_scim_provisioning.this.connectors : c.display_name => c }
}
output "connectors" { value = jsonencode(data.dbxidentity_scim_provisioning.this.connectors) }
output "observed" { value = jsonencode(data.dbxidentity_scim_provisioning.this.observed) }
output "status" { value = { for n, c in local.connectors : n => c.status } }
output "target" { value = { for n, c in local.connectors : n => join(" ", [c.target.level, coalesce(c.target.workspace_id, "-"), c.target.is_this_account == null ? "?" : tostring(c.target.is_this_account)]) } }
output "sources" { value = { for n, c in local.connectors : n => join(", ", [for m in c.mappings : "${m.object} ${m.source_type} ${coalesce(m.source, "-")} ${m.correct}" if m.target == "externalId"]) } }
output "findings" { value = { for n, c in local.connectors : n => [for f in c.findings : f.code] } }
output "complete" { value = data.dbxidentity_scim_provisioning.this.complete }
output "failures" { value = [for f in data.dbxidentity_scim_provisioning.this.failures : "${f.call}: ${f.reason}"] }
`

// connectorResult is a part of what the data source shows of one.
type connectorResult struct {
	ID, Reason  string
	DisplayName string `json:"display_name"`
	Findings    []struct{ Code, Remedy string }
}

func scimProvisioning(inputs string) string {
	return "data \"dbxidentity_scim_provisioning\" \"this\" {\n" + inputs + "\n}\n" + connectorOutputs
}

// Every status, every form of a target and every source of an external id, as one
// tenant has them.
func TestAccSCIMProvisioning(t *testing.T) {
	t.Parallel()
	st := smallWorld()
	st.Workspaces = []simulator.Workspace{{WorkspaceID: 7007, WorkspaceName: "main", Status: "RUNNING", Cloud: "azure", DeploymentName: "adb-7007.7"}}
	status, target, sources := map[string]any{}, map[string]any{}, map[string]any{}
	add := func(name, wantStatus, wantTarget, wantSources string, edit func(sp *simulator.IDPServicePrincipal)) {
		st.IDP.ServicePrincipals = append(st.IDP.ServicePrincipals, connectorApp(len(status), name, edit))
		status[name], target[name], sources[name] = wantStatus, wantTarget, wantSources
	}
	const here, right = "account - true", "user attribute objectId true, group attribute objectId true"
	job := func(edit func(j *world.SyncJob)) func(*simulator.IDPServicePrincipal) {
		return func(sp *simulator.IDPServicePrincipal) { edit(&sp.Synchronization.Jobs[0]) }
	}
	address := func(value string) func(*simulator.IDPServicePrincipal) {
		return func(sp *simulator.IDPServicePrincipal) { sp.Synchronization.Secrets[0].Value = value }
	}
	fed := func(user *world.SyncSource) func(*simulator.IDPServicePrincipal) {
		return job(func(j *world.SyncJob) { j.Schema = syncSchema(user, syncSource("Attribute", "objectId")) })
	}
	add("healthy", "healthy", here, right, nil)
	add("errors", "healthy_with_errors", here, right, job(func(j *world.SyncJob) { j.Status.LastExecution.CountEscrowed = 3 }))
	add("quarantined", "quarantined", here, right, job(func(j *world.SyncJob) {
		j.Status.Code = "Quarantine"
		j.Status.Quarantine = &world.SyncQuarantine{Reason: "EncounteredQuarantineException", SeriesBegan: "-P3D", NextAttempt: "2099-01-01T00:00:00Z", Error: &world.SyncError{Message: "The credentials are not valid."}}
	}))
	add("stale", "stale", here, right, job(func(j *world.SyncJob) {
		j.Status.LastSuccessfulExecution = &world.SyncExecution{TimeEnded: "-PT3H"}
	}))
	add("first run", "first_run", here, right, job(func(j *world.SyncJob) { j.Status.Code = "NotRun" }))
	add("paused", "paused", here, right, job(func(j *world.SyncJob) { j.Status.Code, j.Schedule.State = "Paused", "Paused" }))
	add("off", "off", here, right, job(func(j *world.SyncJob) { j.Schedule.State = "Disabled" }))
	add("without job", "off", here, "", func(sp *simulator.IDPServicePrincipal) { sp.Synchronization.Jobs = nil })
	add("strange", "unknown", here, right, job(func(j *world.SyncJob) { j.Status.Code = "Dreaming" }))
	add("fresh", "unknown", "unknown - ?", "", func(sp *simulator.IDPServicePrincipal) { sp.Synchronization.Fresh = true })
	add("other account", "healthy", "account - false", right, address(accountAddress("22222222-2222-4333-8444-555555555555")))
	add("workspace", "healthy", "workspace 7007 true", right, address("https://adb-7007.7.azuredatabricks.net/api/2.0/preview/scim"))
	add("foreign workspace", "healthy", "workspace - false", right, address("https://adb-8008.8.azuredatabricks.net/api/2.0/preview/scim"))
	add("vanity", "healthy", "workspace - ?", right, address("https://dbc-1.cloud.databricks.com/api/2.0/preview/scim/v2"))
	add("flagged", "healthy", here, right, address(accountAddress(st.Account.AccountID)+"?aadOptscim062020"))
	add("bare host", "healthy", "other - ?", right, address("https://adb-7007.7.azuredatabricks.net"))
	add("hidden", "healthy", "unknown - ?", right, address("*"))
	add("no address", "healthy", "unknown - ?", right, func(sp *simulator.IDPServicePrincipal) { sp.Synchronization.Secrets = nil })
	add("no gallery", "healthy", here, right, func(sp *simulator.IDPServicePrincipal) {
		sp.ApplicationTemplateID = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"
	})
	add("by tag", "healthy", here, right, func(sp *simulator.IDPServicePrincipal) {
		sp.ApplicationTemplateID, sp.Tags = "", []string{"WindowsAzureActiveDirectoryCustomSingleSignOnApplication"}
	})
	add("nickname", "healthy", here, "user attribute mailNickname false, group attribute objectId true", fed(syncSource("Attribute", "mailNickname")))
	add("user name", "healthy", here, "user attribute userPrincipalName false, group attribute objectId true", fed(syncSource("Attribute", "userPrincipalName")))
	add("employee", "healthy", here, "user attribute employeeId false, group attribute objectId true", fed(syncSource("Attribute", "employeeId")))
	add("function", "healthy", here, "user function Mid([objectId], 1, 8) false, group attribute objectId true",
		fed(&world.SyncSource{Type: "Function", Name: "Mid", Expression: "Mid([objectId], 1, 8)"}))
	add("fed by nothing", "healthy", here, "user none - false, group attribute objectId true", fed(nil))
	add("constant", "healthy", here, "user constant the-same false, group attribute objectId true", job(func(j *world.SyncJob) {
		value := "the-same"
		j.Schema = syncSchema(nil, syncSource("Attribute", "objectId"))
		j.Schema.SynchronizationRules[0].ObjectMappings[0].AttributeMappings[1].DefaultValue = &value
	}))
	add("not mapped", "healthy", here, "user none - false, group attribute objectId true", job(func(j *world.SyncJob) {
		first := &j.Schema.SynchronizationRules[0].ObjectMappings[0]
		first.AttributeMappings = first.AttributeMappings[:1]
	}))
	// None of Databricks: of another template, and of no gallery with another address.
	foreign := connectorApp(500, "salesforce", func(sp *simulator.IDPServicePrincipal) { sp.ApplicationTemplateID = entraID(77) })
	custom := connectorApp(501, "own app", func(sp *simulator.IDPServicePrincipal) {
		sp.ApplicationTemplateID, sp.Synchronization.Secrets[0].Value = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621", "https://scim.example.com"
	})
	st.IDP.ServicePrincipals = append(st.IDP.ServicePrincipals, foreign, custom)

	a := startAccount(t, st, withSettings())
	got, named := capture{}, capture{}
	acceptanceWith(t, a.trusting(),
		resource.TestStep{Config: a.config(a.entra(), scimProvisioning(fmt.Sprintf("connector_ids = [%q]", custom.ID))), ConfigStateChecks: []statecheck.StateCheck{named}},
		resource.TestStep{Config: a.config(a.entra(), scimProvisioning(fmt.Sprintf("connector_ids = [%q]", entraID(4711)))), ExpectError: regexp.MustCompile(`(?s)Connector Not Found.*` + entraID(4711))},
		resource.TestStep{Config: a.audited(scimProvisioning("")), ExpectError: regexp.MustCompile(`(?s)No Connectors in This Identity Provider.*idp is\s+databricks`)},
		resource.TestStep{Config: a.config(a.entra(), scimProvisioning(`log_since = "last week"`)), ExpectError: regexp.MustCompile(`(?s)Invalid Date.*"last week"`)},
		resource.TestStep{Config: a.config(a.entra(), scimProvisioning("")), ConfigStateChecks: []statecheck.StateCheck{got}},
	)
	for name, want := range map[string]map[string]any{"status": status, "target": target, "sources": sources} {
		if diff := cmp.Diff(want, got[name]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if diff := cmp.Diff(map[string]any{"own app": "other - ?"}, named["target"]); diff != "" || named["complete"] != true {
		t.Errorf("by name: %s, complete %v", diff, named["complete"])
	}
	all := fmt.Sprint(got["connectors"], got["observed"], got["failures"])
	if strings.Contains(all, "dose-of-a-token") {
		t.Error("a token is in the result")
	}
	failures := fmt.Sprint(got["failures"])
	if n := strings.Count(failures, "The app seems to be new"); n != 3 || strings.Count(failures, "read the ") != 3 || got["complete"] != false {
		t.Errorf("%d reasons of a new app, complete %v: %s", n, got["complete"], failures)
	}
	for name, codes := range map[string][]any{
		"healthy": {}, "workspace": {"ASSIGNMENT_REQUIRED", "WORKSPACE_LEVEL"}, "quarantined": {"STATUS"}, "nickname": {"WRONG_EXTERNAL_ID"}, "hidden": {"TARGET_UNKNOWN"},
		"other account": {"OTHER_ACCOUNT"}, "bare host": {"UNUSUAL_ADDRESS"},
	} {
		if diff := cmp.Diff(codes, asMap(t, got["findings"])[name]); diff != "" {
			t.Errorf("findings of %s: %s", name, diff)
		}
	}
	connectors := decode[[]connectorResult](t, []byte(fmt.Sprint(got["connectors"])))
	at := slices.IndexFunc(connectors, func(c connectorResult) bool { return c.DisplayName == "quarantined" })
	if c := connectors[at]; !strings.Contains(c.Reason, "(EncounteredQuarantineException): The credentials are not valid.") || !strings.Contains(c.Findings[0].Remedy, "SCIM token was replaced") {
		t.Errorf("%+v", c)
	}
	observed := decode[map[string]map[string]any](t, []byte(fmt.Sprint(got["observed"])))
	if o := observed[connectors[at].ID]; o["since"] == nil || o["disabled_on"] == nil || o["next_attempt"] != "2099-01-01T00:00:00Z" || o["last_success"] == nil {
		t.Errorf("observed: %v", o)
	}
}

// A part that is forbidden, empty, malformed or does not answer is unknown, and no other
// part is, nor any other connector: each of one tenant has another failure.
func TestAccSCIMProvisioning_failedReads(t *testing.T) {
	t.Parallel()
	healthy := map[string]any{"status": "healthy", "target": "account", "mapping": "displayName externalId displayName externalId", "syncs": "true", "assigned": entraID(101), "members": entraID(102)}
	const jobs, schema, secrets, assigned, members = "/synchronization/jobs", "/synchronization/jobs/*/schema", "/synchronization/secrets", "/appRoleAssignedTo**", "/members**"
	unknown := map[string]map[string]string{
		jobs:     {"status": "unknown", "mapping": "", "syncs": "unknown"},
		schema:   {"mapping": "", "syncs": "unknown"},
		secrets:  {"target": "unknown", "members": "unknown"}, // Whether everyone is in scope is not known then.
		assigned: {"assigned": "unknown", "members": "unknown"},
		members:  {"members": "unknown"},
	}
	st, want := smallWorld(), map[string]any{}
	var faults []simulator.Fault
	add := func(name string, parts map[string]string, path string, fault *simulator.Fault) {
		n := len(want)
		groupID := entraID(7000 + n)
		st.IDP.Groups = append(st.IDP.Groups, simulator.IDPGroup{ID: groupID, DisplayName: name, SecurityEnabled: true, Members: []string{entraID(102)}})
		sp := connectorApp(n, name, func(sp *simulator.IDPServicePrincipal) {
			sp.AppRoleAssignedTo = []simulator.AppRoleAssignment{{PrincipalID: groupID}, {PrincipalID: entraID(101)}}
		})
		st.IDP.ServicePrincipals = append(st.IDP.ServicePrincipals, sp)
		expected := maps.Clone(healthy)
		for k, v := range parts {
			expected[k] = v
		}
		want[name] = expected
		if fault != nil {
			fault.Path = "**/servicePrincipals/" + sp.ID + path
			if path == members {
				fault.Path = "**/groups/" + groupID + path
			}
			faults = append(faults, *fault)
		}
	}
	add("nothing wrong", nil, "", nil)
	for _, path := range []string{jobs, schema, secrets, assigned, members} {
		for _, fault := range []simulator.Fault{
			{Kind: "status", Status: 403}, {Kind: "status", Status: 200, Body: "{}"}, {Kind: "status", Status: 200, Body: `{"value":[{"x":1}]}`}, {Kind: "status", Status: 503}, {Kind: "hang"},
		} {
			if path == members && fault.Kind == "hang" {
				continue // Parts of a batch are answered together.
			}
			add(fmt.Sprint(path, " ", fault.Kind, " ", fault.Status, " ", fault.Body), unknown[path], path, &fault)
		}
	}
	opts := withSettings()
	opts.Faults = faults
	a := startAccount(t, st, opts)
	got := capture{}
	acceptanceWith(t, append(a.trusting(), hasty()...), resource.TestStep{ConfigStateChecks: []statecheck.StateCheck{got}, Config: a.config(a.entra(), scimProvisioning("")+`
output "parts" { value = { for n, c in local.connectors : n => {
  status   = c.status
  target   = c.target.level
  mapping  = join(" ", [for m in c.mappings : m.target])
  syncs    = c.syncs_users == null ? "unknown" : tostring(c.syncs_users)
  assigned = c.assigned.users == null ? "unknown" : join(" ", [for u in c.assigned.users : u.external_id])
  members  = c.assigned.groups == null ? "unknown" : join(" ", [for g in c.assigned.groups : g.only_here == null ? "unknown" : join(" ", g.only_here)])
} } }
`)})
	if diff := cmp.Diff(want, got["parts"]); diff != "" {
		t.Error(diff)
	}
	text := fmt.Sprint(got["failures"])
	for id := range st.IDP.ServicePrincipals[2:] {
		sp := st.IDP.ServicePrincipals[2+id]
		if group := sp.AppRoleAssignedTo[0].PrincipalID; !strings.Contains(text, sp.ID) && !strings.Contains(text, group) {
			t.Errorf("no failure names the connector %s", sp.DisplayName)
		}
	}
	if got["complete"] != false || strings.Contains(text, st.IDP.ServicePrincipals[1].ID) || !strings.Contains(text, "Synchronization.Read.All") {
		t.Errorf("complete is %v: %s", got["complete"], text)
	}
}

// A connector with 200 assigned groups takes one request for each part of it, and one
// for every 20 groups; compared with the account, one for every 20 groups below them, the
// lists of the account, and one for the identities of each type that it has rows of.
func TestSCIMProvisioning_requests(t *testing.T) {
	t.Parallel()
	const groups, batch = 200, 20
	st := smallWorld()
	st.IDP.ServicePrincipals = append(st.IDP.ServicePrincipals, connectorApp(1, "this", func(sp *simulator.IDPServicePrincipal) {
		for n := range groups {
			id, nested := entraID(5000+n), entraID(6000+n)
			person := simulator.IDPUser{ID: entraID(7000 + n), UserPrincipalName: fmt.Sprint("person", n, "@example.com"), AccountEnabled: true, UserType: "Member"}
			st.IDP.Users = append(st.IDP.Users, person)
			st.IDP.Groups = append(st.IDP.Groups,
				simulator.IDPGroup{ID: id, DisplayName: fmt.Sprint("group ", n), SecurityEnabled: true, Members: []string{entraID(101), entraID(102), nested}},
				simulator.IDPGroup{ID: nested, DisplayName: fmt.Sprint("nested ", n), SecurityEnabled: true, Members: []string{person.ID}})
			sp.AppRoleAssignedTo = append(sp.AppRoleAssignedTo, simulator.AppRoleAssignment{PrincipalID: id})
		}
	}))
	const connector, account, types = 5, 4, 2 // parts; users, groups, service principals and workspaces; users and groups
	for name, tt := range map[string]struct {
		config document
		least  int
		nested int
	}{
		"alone":    {document{}, connector + groups/batch + 1, 0},
		"compared": {document{"compare_account": true}, connector + 2*groups/batch + account + types, 2 * groups},
	} {
		a := startAccount(t, st, withSettings())
		w := a.dialEntra()
		got := w.data("dbxidentity_scim_provisioning", tt.config)
		if w.failed() {
			t.Fatal(w.diags)
		}
		if rows, _ := got["nested_only"].([]any); len(rows) != tt.nested || got["complete"] != true {
			t.Errorf("%s: %d of %d are in scope by nesting only, complete is %v", name, len(rows), tt.nested, got["complete"])
		}
		sent := 0
		for _, r := range a.Server.Requests().Log {
			if !strings.Contains(r.Path, "token") && !strings.Contains(r.Path, "well-known") { // The login.
				sent++
			}
		}
		t.Logf("%s: %d requests, the least possible is %d", name, sent, tt.least)
		if sent < tt.least || sent > tt.least+10 {
			t.Errorf("%s: %d requests, the least possible is %d", name, sent, tt.least)
			for route, n := range a.Server.Requests().ByRoute {
				t.Log(n, route)
			}
		}
	}
}

// hasty gives up a request after seconds.
func hasty() []provider.Option {
	return []provider.Option{provider.WithLimits(provider.Limits{
		FirstContact: time.Minute, RequestTimeout: 2 * time.Second, RetryBudget: time.Second, RetryPause: 20 * time.Millisecond, ConfirmTimeout: 5 * time.Second,
	})}
}
