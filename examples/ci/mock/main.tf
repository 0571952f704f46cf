# A module of yours that uses the audit, with a test that needs no account: see
# mock.tftest.hcl.

terraform {
  required_providers {
    dbxidentity = {
      source = "dbxidentity/dbxidentity"
    }
  }
}

data "dbxidentity_divergences" "this" {}

output "message" {
  value = data.dbxidentity_divergences.this.clean ? "clean" : "${data.dbxidentity_divergences.this.fixable} fixes are ready"
}
