# What diverges, as a comment for a pull request, a page, a table and a ticket.

terraform {
  required_providers {
    dbxidentity = { source = "dbxidentity/dbxidentity" }
  }
}

provider "dbxidentity" {
  read_only                     = true
  automatic_identity_management = "off"
  idp                           = { databricks = {} }
}

data "dbxidentity_divergences" "this" {
  primary_domains = ["example.com"]
}

data "dbxidentity_workspace_federation" "this" {}

locals {
  findings = {
    divergences          = data.dbxidentity_divergences.this
    workspace_federation = data.dbxidentity_workspace_federation.this
  }
  # The findings of an earlier run, if there are any.
  before = fileexists("${path.module}/before.json") ? jsondecode(file("${path.module}/before.json")) : null
}

# Sensitive, so that neither a plan nor an apply prints names or hundreds of lines.
output "comment" {
  sensitive = true
  value     = provider::dbxidentity::report_markdown(merge(local.findings, { before = local.before }), "redact")
}

output "report" {
  sensitive = true
  value     = provider::dbxidentity::report_html(merge(local.findings, { before = local.before }))
}

output "left_to_people" {
  sensitive = true
  value     = provider::dbxidentity::csv("manual_actions", data.dbxidentity_divergences.this.manual_actions)
}

output "ticket" {
  sensitive = true
  value     = provider::dbxidentity::ticket_markdown("name_changes", data.dbxidentity_divergences.this)
}

output "findings" {
  sensitive = true
  value     = jsonencode(local.findings)
}
