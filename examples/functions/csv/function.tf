data "dbxidentity_divergences" "all" {
  include_scanned_ids = true
}

data "dbxidentity_workspace_federation" "all" {}

# The files of the prep script, byte for byte; write them with the tool of your choice,
# for example terraform output -raw idp_divergence_users > idp_divergence_users.csv
output "idp_divergence_users" {
  value = provider::dbxidentity::csv("users", data.dbxidentity_divergences.all.users)
}

output "divergence_workspaces" {
  value = provider::dbxidentity::csv("workspaces", data.dbxidentity_workspace_federation.all.workspaces)
}

output "identities_to_process_users" {
  value = provider::dbxidentity::csv("identities_to_process", data.dbxidentity_divergences.all.scanned.user_ids)
}

# For people who open it in a spreadsheet: no cell is run as a formula.
output "groups_for_a_spreadsheet" {
  value = provider::dbxidentity::csv("groups", data.dbxidentity_divergences.all.groups, "defuse_formulas")
}
