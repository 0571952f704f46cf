terraform {
  required_providers {
    dbxidentity = {
      source = "dbxidentity/dbxidentity"
    }
  }
}

provider "dbxidentity" {
  idp = {
    file = {
      path = "directory.json"
    }
  }
}

data "dbxidentity_workspace_federation" "this" {}
