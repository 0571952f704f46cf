// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

// The blocks of the data sources in the company; WORKSPACE and WAREHOUSE are filled in.
const (
	eventsBlock = `
data "dbxidentity_audit_events" "this" {
  workspace_id     = "WORKSPACE"
  sql_warehouse_id = "WAREHOUSE"
  since            = "2026-11-01"
}
`
	provisioningBlock = `
data "dbxidentity_scim_provisioning" "this" {
  compare_account = true
}
`
	localGroupsBlock = `
data "dbxidentity_workspace_local_groups" "this" {}
`
	readinessBlock = `
data "dbxidentity_aim_readiness" "this" {
  primary_domains = ["example.com"]
  connector_ids   = ["*"]
  events          = { workspace_id = "WORKSPACE", sql_warehouse_id = "WAREHOUSE", since = "2026-11-01" }
}
`
	divergencesBlock = `
data "dbxidentity_divergences" "this" {
  primary_domains       = ["example.com"]
  connector_ids         = ["*"]
  events                = { workspace_id = "WORKSPACE", sql_warehouse_id = "WAREHOUSE", since = "2026-11-01" }
  suggest_deactivations = true
  suggest_group_renames = true
  plan_warning          = false
}
`
	federationBlock = `
data "dbxidentity_workspace_federation" "this" {}
`
	principalBlock = `
data "dbxidentity_principal" "this" {
  principal = { user_name = "person01@example.com" }
}
`
	peopleBlock = principalBlock + `
data "dbxidentity_principal_access" "this" {
  principal          = { user_name = "person01@example.com" }
  scan_unity_catalog = true
}

data "dbxidentity_principal_diff" "this" {
  principal_a = { user_name = "person01@example.com" }
  principal_b = { user_name = "person05@example.com" }
}

data "dbxidentity_clone_plan" "this" {
  source             = { user_name = "person01@example.com" }
  target             = { user_name = "person05@example.com" }
  scan_unity_catalog = true
}
`
)

var sources = []source{
	{
		name: "events", config: eventsBlock, kinds: []string{"audit_events"},
		parts: func(c census) []part { return []part{c.pages1000(), c.workspaceList(), c.log(), c.oneToken()} },
	},
	{
		name: "provisioning", config: provisioningBlock, kinds: []string{"scim_provisioning"},
		parts: func(c census) []part { return []part{c.pages1000(), c.workspaceList(), c.feeds(), c.scope()} },
	},
	{
		name: "local_groups", config: localGroupsBlock, kinds: []string{"workspace_local_groups"},
		parts: func(c census) []part { return []part{c.pages1000(), c.workspaceList(), c.tokens(), c.localGroups()} },
	},
	{
		name: "federation", config: federationBlock, kinds: []string{"workspace_federation"},
		parts: func(c census) []part { return []part{c.workspaceList()} },
	},
	{
		name: "principal", config: principalBlock, kinds: []string{"principal"},
		parts: func(c census) []part {
			return []part{c.pages1000(), {2, "to find the principal, here and in the identity provider"}}
		},
	},
	{
		name:   "everything",
		config: eventsBlock + provisioningBlock + localGroupsBlock + divergencesBlock + readinessBlock + federationBlock + peopleBlock,
		kinds: []string{
			"audit_events", "scim_provisioning", "workspace_local_groups", "divergences", "aim_readiness", "workspace_federation",
			"principal", "principal_access", "principal_diff", "clone_plan",
		},
		parts: func(c census) []part {
			return []part{
				c.pages1000(), c.members(), c.workspaceList(), c.tokens(), c.log(), c.feeds(), c.scope(), c.graph(), c.deleted(), c.settings(), c.localGroups(), c.details(),
				c.rolesOfUsers(), c.roles(), c.power(), c.assignments(), c.people(), c.catalog(),
			}
		},
	},
}
