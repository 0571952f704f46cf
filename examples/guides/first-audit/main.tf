terraform {
  required_providers {
    dbxidentity = {
      source = "dbxidentity/dbxidentity"
    }
  }
}

provider "dbxidentity" {
  read_only = true           # this provider writes nothing
  idp       = { entra = {} } # or okta, file, databricks
}

data "dbxidentity_workspace_federation" "this" {}

data "dbxidentity_divergences" "this" {
  primary_domains = ["example.com"]
}

locals {
  divergences = data.dbxidentity_divergences.this
}

output "complete" {
  value = data.dbxidentity_workspace_federation.this.complete && local.divergences.complete
}

output "failures" {
  value = concat(data.dbxidentity_workspace_federation.this.failures, local.divergences.failures)
}

# What matters first: how many, why, what to do, and who does it.
output "summary" {
  value = [for row in local.divergences.summary : {
    what  = "${row.count} x ${row.principal_type}: ${row.cause}"
    to_do = row.remedy
    by    = row.owner
  }]
}

# What someone has to decide, by principal: terraform output manual_actions
output "manual_actions" {
  value     = { for a in local.divergences.manual_actions : "${a.principal_type}/${a.principal_id}" => a.detail... }
  sensitive = true # names
}

output "counts" {
  value = local.divergences.counts
}

output "clean" {
  value = data.dbxidentity_workspace_federation.this.clean && local.divergences.clean
}

# The files of the AIM enablement prep script, byte for byte:
# terraform output -raw users_csv > users.csv
output "users_csv" {
  value     = provider::dbxidentity::csv("users", local.divergences.users)
  sensitive = true # names
}

output "groups_csv" {
  value     = provider::dbxidentity::csv("groups", local.divergences.groups)
  sensitive = true
}

output "service_principals_csv" {
  value     = provider::dbxidentity::csv("service_principals", local.divergences.service_principals)
  sensitive = true
}
