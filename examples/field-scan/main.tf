# The totals of an audit, a report to open in a browser, and a comment for a pull
# request. README.md, "An account with the shape of a real one", runs it.

terraform {
  required_providers {
    dbxidentity = {
      source = "dbxidentity/dbxidentity"
    }
  }
}

provider "dbxidentity" {
  read_only                     = true
  automatic_identity_management = "off"
  idp                           = { databricks = {} }
}

variable "link_groups" {
  type        = bool
  default     = false
  description = "Offer to link local groups to the one IdP group of their name."
}

data "dbxidentity_workspace_federation" "this" {}

data "dbxidentity_divergences" "this" {
  primary_domains = ["example.com"]
  link_groups     = var.link_groups
}

locals {
  divergences = data.dbxidentity_divergences.this
  findings = {
    workspace_federation = data.dbxidentity_workspace_federation.this
    divergences          = data.dbxidentity_divergences.this
  }
}

output "scanned" {
  value = {
    users              = local.divergences.scanned.users
    groups             = local.divergences.scanned.groups
    service_principals = local.divergences.scanned.service_principals
  }
}

# The whole result in a few rows, also in the plan.
output "summary" {
  value = join("\n", concat(
    [format("%5s  %7s  %-17s  %-25s  %-22s  %s", "count", "fixable", "type", "cause", "who", "for example")],
    [for row in local.divergences.summary : format("%5d  %7d  %-17s  %-25s  %-22s  %s", row.count, row.fixable, row.principal_type, row.cause, row.owner, row.examples[0])],
  ))
}

output "fixes_ready" {
  value = { for type, ids in {
    for f in local.divergences.external_id_fixes : f.principal_type => f.principal_id...
  } : type => length(ids) }
}

output "workspaces_without_federation" {
  value = data.dbxidentity_workspace_federation.this.counts["IDENTITY_FEDERATION_DISABLED"]
}

# Names and mail addresses stay out of what a plan prints.
output "report" {
  sensitive = true
  value     = provider::dbxidentity::report_html(local.findings)
}

# For everyone to read: ids in place of names.
output "comment" {
  sensitive = true # long
  value     = provider::dbxidentity::report_markdown(local.findings, "redact")
}
