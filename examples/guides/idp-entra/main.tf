terraform {
  required_providers {
    dbxidentity = {
      source = "dbxidentity/dbxidentity"
    }
  }
}

variable "entra_client_secret" {
  type      = string
  sensitive = true
  default   = null # then DBXIDENTITY_ENTRA_CLIENT_SECRET, or another credential
}

provider "dbxidentity" {
  idp = {
    entra = {
      tenant_id     = "11111111-1111-1111-1111-111111111111"
      client_id     = "22222222-2222-2222-2222-222222222222"
      client_secret = var.entra_client_secret
    }
  }
}

data "dbxidentity_workspace_federation" "this" {}
