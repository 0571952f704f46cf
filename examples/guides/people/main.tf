terraform {
  required_providers {
    dbxidentity = {
      source = "dbxidentity/dbxidentity"
    }
  }
}

# Host, account id and credentials come from DATABRICKS_HOST, DATABRICKS_ACCOUNT_ID,
# DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET, as for the official provider.
provider "dbxidentity" {
  idp          = { databricks = {} }
  journal_path = "journal.jsonl" # records every write; keep it
}

data "dbxidentity_divergences" "this" {
  primary_domains       = ["example.com"] # your own mail domains; no one else is offered
  suggest_deactivations = true
  suggest_group_renames = true
}

locals {
  left = data.dbxidentity_divergences.this.deactivations

  # The first 25; after their apply the next 25.
  batch = { for key in slice(sort(keys(local.left)), 0, min(25, length(local.left))) : key => local.left[key] }
}

# Remembers what was found: without it the next plan would undo everything.
resource "dbxidentity_remediation_ledger" "this" {
  pending_deactivations = local.batch
  pending_group_names   = data.dbxidentity_divergences.this.group_renames

  # More new ones than this in one plan are an error.
  max_new_deactivations = 25
  max_new_group_names   = 25

  # Keys to leave out, such as "deactivate/user/123" or "rename/group/123".
  exclude = []
}

resource "dbxidentity_principal_status" "leaver" {
  for_each = dbxidentity_remediation_ledger.this.deactivations

  principal_type = each.value.principal_type
  principal_id   = each.value.principal_id
  principal_name = each.value.principal_name
  active         = false
}

resource "dbxidentity_group_name" "local" {
  for_each = dbxidentity_remediation_ledger.this.group_names

  group_id              = each.value.group_id
  name                  = each.value.name
  expected_current_name = each.value.current_name
}

# How many are still to come, after those of this plan.
output "still_to_deactivate" {
  value = length(local.left) - length(local.batch)
}
