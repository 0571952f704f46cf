# For Databricks support: every user and service principal whose name has to change.
data "dbxidentity_divergences" "all" {}

output "ticket_for_databricks" {
  value = provider::dbxidentity::ticket_markdown("name_changes", data.dbxidentity_divergences.all)
}

# For the people who run the identity provider: who is to be added to which group there.
data "dbxidentity_clone_plan" "newcomers" {
  for_each = toset(["user32@example.com"])
  source   = { user_name = "user31@example.com" }
  target   = { user_name = each.key }
}

output "ticket_for_identity_team" {
  value = provider::dbxidentity::ticket_markdown("idp_memberships", data.dbxidentity_clone_plan.newcomers)
}

# And which members of linked groups only one side has.
output "ticket_for_members" {
  value = provider::dbxidentity::ticket_markdown("idp_memberships", data.dbxidentity_divergences.all)
}
