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
  primary_domains = ["example.com"]
}

# Remembers what was found: without it the next plan would undo every fix.
resource "dbxidentity_remediation_ledger" "this" {
  pending_external_ids    = data.dbxidentity_divergences.this.external_id_fixes
  pending_member_removals = data.dbxidentity_divergences.this.member_removals

  # More new fixes than this in one plan are an error.
  max_new_external_ids    = 100
  max_new_member_removals = 25

  # Keys to leave out, such as "user/123" or "<group id>/<member id>".
  exclude = []
}

resource "dbxidentity_external_id" "fix" {
  for_each = dbxidentity_remediation_ledger.this.external_ids

  principal_type               = each.value.principal_type
  principal_id                 = each.value.principal_id
  principal_name               = each.value.principal_name
  external_id                  = each.value.external_id
  expected_current_external_id = each.value.current_external_id
}

resource "dbxidentity_group_member_removal" "fix" {
  for_each = dbxidentity_remediation_ledger.this.member_removals

  group_id    = each.value.group_id
  group_name  = each.value.group_name
  member_id   = each.value.member_id
  member_name = each.value.member_name
}

# What people have to decide, and what to check before you set a switch.
output "manual_actions" {
  value = [
    for a in data.dbxidentity_divergences.this.manual_actions :
    "${a.principal_type} ${a.principal_name}: ${a.detail}. ${a.remedy}"
  ]
}
