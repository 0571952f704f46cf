terraform {
  required_providers {
    dbxidentity = {
      source = "dbxidentity/dbxidentity"
    }
  }
}

# Tenant, client and credential come from DBXIDENTITY_ENTRA_TENANT_ID and so on, or
# stand here: entra = { tenant_id = "..", client_id = "..", client_secret = var.secret }
provider "dbxidentity" {
  read_only = true # refuses every write
  idp       = { entra = {} }
}

data "dbxidentity_divergences" "this" {
  primary_domains = ["example.com"]
}

output "complete" {
  value = data.dbxidentity_divergences.this.complete
}

output "failures" {
  value = data.dbxidentity_divergences.this.failures
}
