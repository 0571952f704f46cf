terraform {
  required_providers {
    dbxidentity = {
      source = "dbxidentity/dbxidentity"
    }
  }
}

provider "dbxidentity" {
  idp = {
    okta = {
      org_url = "https://example.okta.com"
      # API token; DBXIDENTITY_OKTA_API_TOKEN does as well. A service app gives
      # client_id and private_key in its place.
      api_token = var.okta_api_token
    }
  }
}

variable "okta_api_token" {
  type      = string
  sensitive = true
  default   = "token-of-a-read-only-admin"
}

data "dbxidentity_workspace_federation" "this" {}
