# An analyst who has never signed in: Databricks provisions the user from the
# identity provider, so that you can give access before the first day.
resource "dbxidentity_resolved_principal" "analyst" {
  principal_type = "user"
  external_id    = "3561efdc-b86d-4c51-81f0-972c874f3721" # Entra: object id
}

# What other providers need, for example databricks/databricks:
#
#   resource "databricks_mws_permission_assignment" "analyst" {
#     workspace_id = 1234567890123456
#     principal_id = dbxidentity_resolved_principal.analyst.principal_id
#     permissions  = ["USER"]
#   }
#
#   resource "databricks_grant" "analyst" {
#     catalog    = "sales"
#     principal  = dbxidentity_resolved_principal.analyst.principal_name
#     privileges = ["USE_CATALOG"]
#   }
output "analyst_principal_id" {
  value = dbxidentity_resolved_principal.analyst.principal_id
}
