data "dbxidentity_divergences" "this" {
  primary_domains = ["example.com"]
}

# For a comment on a pull request that everyone may read: ids in place of names.
output "comment" {
  value = provider::dbxidentity::report_markdown({
    divergences = data.dbxidentity_divergences.this
  }, "redact")
}

# The same access as a colleague, to be read before it is given.
data "dbxidentity_clone_plan" "this" {
  source = { user_name = "user31@example.com" }
  target = { user_name = "user32@example.com" }
}

output "clone" {
  sensitive = true
  value     = provider::dbxidentity::report_markdown({ clone = data.dbxidentity_clone_plan.this })
}
