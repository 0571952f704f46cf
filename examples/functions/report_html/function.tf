data "dbxidentity_workspace_federation" "this" {}

data "dbxidentity_divergences" "this" {
  primary_domains = ["example.com"]
}

# terraform apply, then: terraform output -raw report > report.html
# The report holds names and mail addresses, so it stays out of the plan's output.
output "report" {
  sensitive = true
  value = provider::dbxidentity::report_html({
    workspace_federation = data.dbxidentity_workspace_federation.this
    divergences          = data.dbxidentity_divergences.this
  })
}
