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

# Files for people, which never run a cell, and a worklist of the AIM remediation executor, which takes the
# data source as a whole.
output "manual_actions" {
  value = provider::dbxidentity::csv("manual_actions", data.dbxidentity_divergences.all.manual_actions)
}

output "fixes" {
  value = provider::dbxidentity::csv("fixes", data.dbxidentity_divergences.all.external_id_fixes)
}

output "remediation_2_users_SUPPORT_ticket" {
  value = provider::dbxidentity::csv("remediation_2_users_SUPPORT_ticket", data.dbxidentity_divergences.all)
}

# The files of databricks-access-audit: here the kind takes the data source as a whole.
data "dbxidentity_principal_diff" "this" {
  principal_a = { user_name = "user31@example.com" }
  principal_b = { user_name = "user32@example.com" }
}

output "compare" {
  value = provider::dbxidentity::csv("compare", data.dbxidentity_principal_diff.this)
}

data "dbxidentity_clone_plan" "this" {
  source = { user_name = "user31@example.com" }
  target = { user_name = "user32@example.com" }
}

output "clone_plan" {
  value = provider::dbxidentity::csv("clone", data.dbxidentity_clone_plan.this)
}

# The same file after an apply, with the provider's journal_path: what was applied, and what failed.
output "clone_result" {
  value = provider::dbxidentity::csv("clone_result", {
    plan    = data.dbxidentity_clone_plan.this
    journal = fileexists("journal.jsonl") ? file("journal.jsonl") : ""
  })
}
