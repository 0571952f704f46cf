# Root module 1: finds what diverges and writes it as a variables file. It can
# write nothing to the account.
#
#   terraform apply
#   terraform output -raw fixes > ../apply/fixes.auto.tfvars.json
#
# What was reviewed before stays in the file: a fix that is gone from it is gone
# from the configuration.

terraform {
  required_providers {
    dbxidentity = {
      source = "dbxidentity/dbxidentity"
    }
  }
}

provider "dbxidentity" {
  read_only = true
  idp       = { databricks = {} } # or entra, okta, file
}

data "dbxidentity_divergences" "this" {
  primary_domains = ["example.com"]
}

locals {
  file     = "${path.module}/../apply/fixes.auto.tfvars.json"
  reviewed = jsondecode(fileexists(local.file) ? file(local.file) : "{}")
}

# terraform output -raw comment > ../comment.md: what the pull request says, what is
# left to people included, without names.
output "comment" {
  value     = provider::dbxidentity::report_markdown({ divergences = data.dbxidentity_divergences.this }, "redact")
  sensitive = true # long
}

output "fixes" {
  sensitive = true # names
  value = provider::dbxidentity::fixes_tfvars({
    external_id_fixes = merge(try(local.reviewed.external_id_fixes, {}), data.dbxidentity_divergences.this.external_id_fixes)
    member_removals   = merge(try(local.reviewed.member_removals, {}), data.dbxidentity_divergences.this.member_removals)
  })
}

output "complete" {
  value = data.dbxidentity_divergences.this.complete
}
