# Before automatic identity management is switched on: look, fix, decide, look again.
# `make demo` runs this on the simulated company of the preset migration.

terraform {
  required_providers {
    dbxidentity = {
      source = "dbxidentity/dbxidentity"
    }
  }
}

# The tenant and its credentials come from DBXIDENTITY_ENTRA_TENANT_ID and its neighbours.
provider "dbxidentity" {
  automatic_identity_management = "off"
  idp                           = { entra = {} }
}

variable "fix" {
  type        = bool
  default     = false
  description = "Fix what is safe to fix, and count what was decided."
}

data "dbxidentity_aim_readiness" "this" {
  primary_domains = ["example.com"]

  # Names of service principals in this code.
  search_texts = { for f in fileset(path.module, "*.tf") : f => file("${path.module}/${f}") }

  # Groups that views and functions ask for: a warehouse for each metastore.
  sql_definitions = [{ workspace_id = "8000000000000001", sql_warehouse_id = "d3a0c1f5e7b2946a" }]

  # The SCIM apps of the tenant. Where they write to is a secret of theirs: it is on their page Provisioning.
  connector_ids = ["*"]
  connector_addresses = {
    "442ee838-5041-4a8b-a82e-b764e2b11b94" = "https://accounts.azuredatabricks.net/api/2.0/accounts/5f0c1a52-6d0e-4c0b-9a57-0d6b1f4e2a31/scim/v2"
    "a6403d72-5a0e-42e1-bed4-ceea6af34b52" = "https://adb-8000000000000001.2.azuredatabricks.net/api/2.0/preview/scim"
    "f77b56fc-1852-4fe8-8ae2-ea73db686af3" = "https://adb-8000000000000003.2.azuredatabricks.net/api/2.0/preview/scim"
  }

  # What people decided, and what no API reports.
  waivers = var.fix ? [
    { check = "one_tenant", subject = "user/1737096428331", reason = "rosa@example.net is of the company that was bought, and keeps her user.", expires = "2030-06-30" },
    { check = "guests", subject = "user/328431927241", reason = "sven@example.org gets a second user, and his grants move to it.", expires = "2030-06-30" },
    { check = "service_principal_names", subject = "service_principal/3748285110602", reason = "Nothing uses the name of this job.", expires = "2030-12-31" },
    { check = "names_in_code", reason = "The owners of scripts and dashboards have looked: all of them use ids.", expires = "2030-12-31" },
  ] : []
}

data "dbxidentity_divergences" "this" {
  primary_domains = ["example.com"]
  link_groups     = true
  plan_warning    = false # the demo says what it finds
}

resource "dbxidentity_remediation_ledger" "this" {
  count = var.fix ? 1 : 0

  pending_external_ids    = data.dbxidentity_divergences.this.external_id_fixes
  pending_member_removals = data.dbxidentity_divergences.this.member_removals
}

resource "dbxidentity_external_id" "fix" {
  for_each = var.fix ? dbxidentity_remediation_ledger.this[0].external_ids : {}

  principal_type               = each.value.principal_type
  principal_id                 = each.value.principal_id
  principal_name               = each.value.principal_name
  external_id                  = each.value.external_id
  expected_current_external_id = each.value.current_external_id
}

resource "dbxidentity_group_member_removal" "fix" {
  for_each = var.fix ? dbxidentity_remediation_ledger.this[0].member_removals : {}

  group_id    = each.value.group_id
  group_name  = each.value.group_name
  member_id   = each.value.member_id
  member_name = each.value.member_name
}

output "ready_to_enable_aim" {
  value = data.dbxidentity_aim_readiness.this.ready_to_enable_aim
}

output "reason" {
  value = data.dbxidentity_aim_readiness.this.ready_to_enable_aim_reason
}

# What keeps the answer from being yes, and what to do about it.
output "to_do" {
  sensitive = true # names
  value = {
    for c in data.dbxidentity_aim_readiness.this.checks : c.id => { summary = c.summary, remedy = c.remedy }
    if c.decision == "enable_aim" && c.severity != "info" && contains(["not_met", "unknown"], c.status)
  }
}

output "report" {
  sensitive = true # names
  value = provider::dbxidentity::report_html({
    readiness   = data.dbxidentity_aim_readiness.this
    divergences = data.dbxidentity_divergences.this
  })
}
