# Recipe "report": shows the verdict and never fails the pipeline for it. The plan
# is the report; nothing is applied.
#
#   terraform plan -out=plan.bin
#   terraform show -json plan.bin > plan.json    # .checks has pass, fail or unknown

terraform {
  required_providers {
    dbxidentity = {
      source = "dbxidentity/dbxidentity"
    }
  }
}

provider "dbxidentity" {
  read_only = true
  idp       = { databricks = {} }
}

data "dbxidentity_workspace_federation" "this" {}

data "dbxidentity_divergences" "this" {}

# Data sources stay outside of the checks: inside, a broken read would look like
# a finding, and the plan would never be without changes.
check "complete" {
  assert {
    condition = data.dbxidentity_workspace_federation.this.complete && data.dbxidentity_divergences.this.complete
    error_message = join("\n", concat(["Something could not be read:"],
    [for f in data.dbxidentity_divergences.this.failures : "  ${f.call}: ${f.reason}"]))
  }
}

check "federation" {
  assert {
    condition     = data.dbxidentity_workspace_federation.this.clean
    error_message = "Not every workspace has identity federation."
  }
}

check "identities" {
  assert {
    condition     = data.dbxidentity_divergences.this.clean
    error_message = "Identities diverge from the identity provider: ${jsonencode(data.dbxidentity_divergences.this.counts)}"
  }
}

output "counts" {
  value = data.dbxidentity_divergences.this.counts
}
