terraform {
  required_providers {
    dbxidentity = {
      source = "dbxidentity/dbxidentity"
    }
  }
}

provider "dbxidentity" {
  read_only = true # refuses every write
  idp = {
    file = {
      path = "directory.json"
    }
  }
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
