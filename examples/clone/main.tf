# The same access as a colleague: what a new one lacks, who must add it, and the
# memberships that can be added in Databricks.

terraform {
  required_providers {
    dbxidentity = {
      source = "dbxidentity/dbxidentity"
    }
  }
}

# Host, account id and credentials come from DATABRICKS_HOST, DATABRICKS_ACCOUNT_ID,
# DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET, as for the official provider.
provider "dbxidentity" {}

variable "source_user" {
  description = "User name of the colleague who has the access."
  type        = string
  default     = "user31@example.com"
}

variable "target_user" {
  description = "User name of the one who should get it."
  type        = string
  default     = "user32@example.com"
}

data "dbxidentity_clone_plan" "this" {
  source = { user_name = var.source_user }
  target = { user_name = var.target_user }

  # Only a complete scan can show that a group gives no access. It takes a request
  # per object; with sql_warehouse_id it is one query.
  scan_unity_catalog  = true
  unity_catalog_depth = "all"

  max_additions = 20
}

# A copy: added memberships stay, even if the source changes jobs later.
resource "dbxidentity_remediation_ledger" "this" {
  pending_memberships = data.dbxidentity_clone_plan.this.memberships
}

resource "dbxidentity_group_member" "given" {
  for_each = dbxidentity_remediation_ledger.this.memberships

  group_id         = each.value.group_id
  group_name       = each.value.group_name
  member_id        = each.value.member_id
  member_name      = each.value.member_name
  allow_privileged = each.value.privileged
}

# Every plan shows what people still have to do.
check "identity_provider" {
  assert {
    condition = length(data.dbxidentity_clone_plan.this.idp_actions) == 0
    error_message = join("\n", concat(
      ["The identity provider must add ${var.target_user} to:"],
      [for g in data.dbxidentity_clone_plan.this.idp_actions :
      "  ${g.group_name}: ${join(", ", distinct([for w in g.workspace_accesses : w.workspace_name]))}"],
      [for g in data.dbxidentity_clone_plan.this.follows :
      "  (${g.group_name} follows)" if length(g.pending_via) > 0],
    ))
  }
}

check "held_back" {
  assert {
    condition = alltrue([for g in data.dbxidentity_clone_plan.this.databricks_actions : g.reason == null])
    error_message = join("\n", concat(
      ["Held back until you decide:"],
      [for g in data.dbxidentity_clone_plan.this.databricks_actions :
      "  ${g.group_name} (${g.group_id}): ${join("; ", g.powers)}" if g.reason != null],
    ))
  }
}
