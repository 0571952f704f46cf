# Recipe "enforce": a scheduled pipeline that repairs what is safe to repair.
#
#   terraform plan -detailed-exitcode -out=plan.bin   # 0 nothing to do, 2 fixes, 1 error
#   terraform apply plan.bin                          # exactly that plan

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

data "dbxidentity_divergences" "this" {
  # No fixes from half a picture. Leave this out where something is never
  # readable, such as groups with hidden membership.
  lifecycle {
    postcondition {
      condition     = self.complete
      error_message = join("\n", concat(["Something could not be read:"], [for f in self.failures : "  ${f.call}: ${f.reason}"]))
    }
  }
}

resource "dbxidentity_remediation_ledger" "this" {
  pending_external_ids = data.dbxidentity_divergences.this.external_id_fixes

  # More than this at once waits for a human.
  max_new_external_ids = 20
}

resource "dbxidentity_external_id" "fix" {
  for_each = dbxidentity_remediation_ledger.this.external_ids

  principal_type               = each.value.principal_type
  principal_id                 = each.value.principal_id
  principal_name               = each.value.principal_name
  external_id                  = each.value.external_id
  expected_current_external_id = each.value.current_external_id
}

# What is left for people shows as a warning; it does not stop the repairs.
check "nothing_left_for_people" {
  assert {
    condition     = length(data.dbxidentity_divergences.this.manual_actions) == 0
    error_message = "${length(data.dbxidentity_divergences.this.manual_actions)} divergences are left to people: see manual_actions."
  }
}
