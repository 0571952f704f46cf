# The main job from start to end: audit, review, fix, confirm that nothing is left.
# `make demo` runs this on a simulated account; the same files work on a real one.

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
  idp = { databricks = {} }
}

data "dbxidentity_workspace_federation" "this" {}

data "dbxidentity_divergences" "this" {
  primary_domains = ["example.com"]
}

# A divergence disappears once it is fixed. The ledger remembers what was found,
# so that the fixes below stay in the configuration afterwards.
resource "dbxidentity_remediation_ledger" "this" {
  pending_external_ids = data.dbxidentity_divergences.this.external_id_fixes
}

# One resource per fix: reviewed, written and rolled back one by one.
resource "dbxidentity_external_id" "fix" {
  for_each = dbxidentity_remediation_ledger.this.external_ids

  principal_type               = each.value.principal_type
  principal_id                 = each.value.principal_id
  principal_name               = each.value.principal_name
  external_id                  = each.value.external_id
  expected_current_external_id = each.value.current_external_id
}

# Checks show the verdict in every plan and never block it. To make a pipeline
# fail, use a postcondition in a separate root module instead.
check "workspaces" {
  assert {
    condition = data.dbxidentity_workspace_federation.this.clean
    error_message = join("\n", concat(
      ["Not every workspace has identity federation:"],
      [for w in data.dbxidentity_workspace_federation.this.workspaces :
      "  ${w.name} (${w.id}): ${w.federation}" if w.federation != "enabled"],
    ))
  }
}

check "identities" {
  assert {
    condition = data.dbxidentity_divergences.this.clean
    error_message = join("\n", concat(
      ["Identities diverge from the identity provider:"],
      [for u in data.dbxidentity_divergences.this.users :
      "  user ${u.username}: ${join(", ", u.error_categories)}"],
      [for g in data.dbxidentity_divergences.this.groups :
      "  group ${g.group_name}: ${join(", ", g.error_categories)}"],
      [for s in data.dbxidentity_divergences.this.service_principals :
      "  service principal ${s.application_id}: ${join(", ", s.error_categories)}"],
    ))
  }
}
