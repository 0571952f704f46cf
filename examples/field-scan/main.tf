# Totals of an audit, to be compared with the published scan of a real account:
# README.md, "An account with the shape of a real one".

terraform {
  required_providers {
    dbxidentity = {
      source = "dbxidentity/dbxidentity"
    }
  }
}

provider "dbxidentity" {
  idp = { databricks = {} }
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

output "complete" {
  value = data.dbxidentity_divergences.this.complete
}

output "scanned" {
  value = {
    users              = data.dbxidentity_divergences.this.scanned.users
    groups             = data.dbxidentity_divergences.this.scanned.groups
    service_principals = data.dbxidentity_divergences.this.scanned.service_principals
  }
}

output "divergent" {
  value = {
    users              = length(data.dbxidentity_divergences.this.users)
    groups             = length(data.dbxidentity_divergences.this.groups)
    service_principals = length(data.dbxidentity_divergences.this.service_principals)
  }
}

output "users_by_cause" {
  value = { for cause, ids in {
    for u in data.dbxidentity_divergences.this.users : u.cause => u.id...
  } : cause => length(ids) }
}

output "fixes_ready" {
  value = { for type, ids in {
    for f in data.dbxidentity_divergences.this.external_id_fixes : f.principal_type => f.principal_id...
  } : type => length(ids) }
}

output "workspaces_without_federation" {
  value = data.dbxidentity_workspace_federation.this.counts["IDENTITY_FEDERATION_DISABLED"]
}
