# What an audit finds is the input of adopt.tfquery.hcl beside this file, which
# Terraform 1.14 and newer runs with
#
#   terraform query -generate-config-out=adopted.tf
#
# Older versions and OpenTofu pass over it.

terraform {
  required_providers {
    dbxidentity = {
      source = "dbxidentity/dbxidentity"
    }
  }
}

provider "dbxidentity" {
  # matchWithIdp syncs the identities that it is asked about where automatic identity
  # management is on: name entra, okta or file there.
  idp = { databricks = {} }
}

data "dbxidentity_divergences" "all" {}
