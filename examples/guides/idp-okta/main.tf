terraform {
  required_providers {
    dbxidentity = {
      source = "dbxidentity/dbxidentity"
    }
  }
}

# The URL of the org and the credential come from DBXIDENTITY_OKTA_ORG_URL and
# DBXIDENTITY_OKTA_API_TOKEN, or stand here: okta = { org_url = "https://example.okta.com",
# api_token = var.token }, or client_id and private_key of a service app.
provider "dbxidentity" {
  read_only = true # refuses every write
  idp       = { okta = {} }
}

data "dbxidentity_divergences" "this" {
  primary_domains = ["example.com"]
  principal_types = ["user", "group"] # Okta has no service principals
}

output "complete" {
  value = data.dbxidentity_divergences.this.complete
}

output "failures" {
  value = data.dbxidentity_divergences.this.failures
}
