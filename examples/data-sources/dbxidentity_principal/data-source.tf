# By user name; upper and lower case do not matter.
data "dbxidentity_principal" "by_name" {
  principal = { user_name = "user11@example.com" }
}

# By a name that several types of principals can have.
data "dbxidentity_principal" "group" {
  principal = { display_name = "npb-developers", principal_type = "group" }
}

output "why_it_diverges" {
  value = {
    stored     = data.dbxidentity_principal.by_name.external_id
    idp        = data.dbxidentity_principal.by_name.idp.matches_by_name[*].external_id
    categories = data.dbxidentity_principal.by_name.error_categories
    cause      = data.dbxidentity_principal.by_name.cause
    fix        = data.dbxidentity_principal.by_name.external_id_fix
  }
}
