# Recipe "gate": fails the pipeline while the account is not clean. Run it with
# `terraform test`; see gate.tftest.hcl.

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

data "dbxidentity_workspace_federation" "this" {
  lifecycle {
    postcondition {
      condition     = self.complete
      error_message = "Workspaces could not be read; this is no verdict on the account."
    }
  }
}

data "dbxidentity_divergences" "this" {
  # A broken read is an error of the gate, not a finding about the account.
  lifecycle {
    postcondition {
      condition     = self.complete
      error_message = join("\n", concat(["Identities could not be read; this is no verdict on the account:"], [for f in self.failures : "  ${f.call}: ${f.reason}"]))
    }
  }
}
