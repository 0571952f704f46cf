terraform {
  required_providers {
    dbxidentity = {
      source  = "dbxidentity/dbxidentity"
      version = "~> 0.1"
    }
  }
}

# Takes the settings of the official databricks provider at account level, under the
# same names. Here they come from DATABRICKS_HOST, DATABRICKS_ACCOUNT_ID,
# DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET; see Authentication below.
provider "dbxidentity" {
  read_only = true # refuses every write, until you trust the plans

  # What the account is compared with. There is no default: with automatic identity
  # management, asking the account (databricks = {}) also syncs the identity.
  idp = {
    databricks = {}
  }
}

# What diverges, why, and what to do. The plan warns with the answer.
data "dbxidentity_divergences" "this" {
  primary_domains = ["example.com"] # your own mail domains
}
