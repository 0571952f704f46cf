terraform {
  required_providers {
    dbxidentity = {
      source = "dbxidentity/dbxidentity"
    }
  }
}

provider "dbxidentity" {
  read_only = true # refuses every write
  idp       = { databricks = {} }
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
