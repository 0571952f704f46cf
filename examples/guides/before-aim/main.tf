terraform {
  required_providers {
    dbxidentity = {
      source = "dbxidentity/dbxidentity"
    }
  }
}

provider "dbxidentity" {
  read_only                     = true           # this provider writes nothing
  automatic_identity_management = "off"          # no API reports it
  idp                           = { entra = {} } # or okta, or file
}

data "dbxidentity_aim_readiness" "this" {
  primary_domains = ["example.com"]

  # Names of service principals in this code.
  search_texts = { for f in fileset(path.module, "*.tf") : f => file("${path.module}/${f}") }

  # A SQL warehouse for each metastore, to find group names in views and functions:
  # sql_definitions = [{ workspace_id = "..", sql_warehouse_id = ".." }]
}

data "dbxidentity_divergences" "this" {
  primary_domains = ["example.com"]
}

data "dbxidentity_workspace_federation" "this" {}

data "dbxidentity_workspace_local_groups" "this" {}

output "ready_to_enable_aim" {
  value = data.dbxidentity_aim_readiness.this.ready_to_enable_aim_reason
}

output "ready_to_disable_scim" {
  value = data.dbxidentity_aim_readiness.this.ready_to_disable_scim_reason
}

output "what_blocks_or_breaks" {
  value = {
    for c in data.dbxidentity_aim_readiness.this.checks : c.id => {
      summary = c.summary
      remedy  = c.remedy
    } if c.status == "not_met" && c.severity != "info"
  }
  sensitive = true # names
}

# terraform output -raw report > report.html
output "report" {
  value = provider::dbxidentity::report_html({
    readiness            = data.dbxidentity_aim_readiness.this
    divergences          = data.dbxidentity_divergences.this
    workspace_federation = data.dbxidentity_workspace_federation.this
    local_groups         = data.dbxidentity_workspace_local_groups.this
  })
  sensitive = true
}

# terraform output -raw checks_csv > checks.csv
output "checks_csv" {
  value     = provider::dbxidentity::csv("readiness", data.dbxidentity_aim_readiness.this.checks)
  sensitive = true
}
