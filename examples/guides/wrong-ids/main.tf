terraform {
  required_providers {
    dbxidentity = { source = "dbxidentity/dbxidentity" }
  }
}

data "dbxidentity_divergences" "this" {
  connector_ids = ["*"]
}

data "dbxidentity_scim_provisioning" "this" {}

output "external_ids_are_fed_from" {
  value = {
    for c in data.dbxidentity_scim_provisioning.this.connectors :
    c.display_name => [for m in coalesce(c.mappings, []) : "${m.object}: ${coalesce(m.source, m.source_type)}" if m.target == "externalId"]
  }
}
