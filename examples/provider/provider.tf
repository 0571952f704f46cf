terraform {
  required_providers {
    dbxidentity = {
      source  = "dbxidentity/dbxidentity"
      version = "~> 0.1"
    }
  }
}

# The settings of the official databricks provider at account level, with the same
# names and DATABRICKS_* environment variables.
provider "dbxidentity" {
  host       = "https://accounts.azuredatabricks.net"
  account_id = "00000000-0000-0000-0000-000000000000"

  # What the account is compared with. There is no default: with automatic identity
  # management, asking the account (databricks = {}) also syncs the identity.
  idp = {
    databricks = {}
  }
}
